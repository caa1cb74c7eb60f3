//! The options of a tracked table, for SQL.

use crate::ddl::options::{describe, stored_options};
use crate::error::OrRaise;
use pgrx::{JsonB, pg_extern};

/// `concord._trigger_options(bytea) → jsonb`: the arguments of a trigger (`pg_trigger.tgargs`) as
/// options, defaults filled in. 22023 for arguments that the trigger would refuse.
#[pg_extern(sql = false)]
pub fn concord_trigger_options(arguments: &[u8]) -> JsonB {
    let options = stored_options(arguments).or_raise();
    JsonB(describe(&options))
}
