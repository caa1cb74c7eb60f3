//! `concord.report()`: the node as one HTML page, for people. What it shows is read here, how it looks
//! is in `concord_core::report` and in `style.css`.

mod activity;
mod conflicts;
mod nodes;
mod page;
mod parts;
mod waiting;

use crate::error::OrRaise;
use crate::pg::catalog;
use crate::pg::owner::AsOwner;
use pgrx::pg_extern;

/// `concord.report() → text`; see `sql/92_report.sql`. It reads with the rights of the extension's
/// owner, so that the right to call it is all that a reader needs.
#[pg_extern(sql = false)]
fn concord_report() -> String {
    let log = catalog::log().or_raise();
    let _owner = AsOwner::of(log);
    page::page()
}
