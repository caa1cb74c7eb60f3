//! The SQL types `hlc` and `ulid`: values of the pure core that PostgreSQL can hold.
//!
//! Both are of fixed size and laid out as `int8` and `uuid` are, so that PostgreSQL's own
//! hash, sort and index functions serve them; `sql/types/` declares all of that. Here is what
//! is their own.

mod compare;
mod datum;
pub mod hlc;
pub mod parameter;
#[cfg(any(test, feature = "pg_test"))]
mod tests;
mod text;
mod time;
pub mod ulid;

use pgrx::extension_sql_file;

extension_sql_file!("../../sql/types/hlc.sql", name = "hlc", creates = [Type(hlc::Hlc)]);
extension_sql_file!(
    "../../sql/types/hlc_operators.sql",
    name = "hlc_operators",
    requires = ["hlc"]
);
extension_sql_file!("../../sql/types/ulid.sql", name = "ulid", creates = [Type(ulid::Ulid)]);
extension_sql_file!(
    "../../sql/types/ulid_operators.sql",
    name = "ulid_operators",
    requires = ["ulid"]
);
// What uses the types in tables and indexes requires this one.
extension_sql_file!(
    "../../sql/types/casts.sql",
    name = "types",
    requires = ["hlc_operators", "ulid_operators"]
);
