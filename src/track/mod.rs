//! `concord.track` and `concord.untrack`: checks, then ordinary triggers.

mod arguments;
mod check;
mod functions;
mod install;
mod secrets;
mod stored;

pub use check::{key as check_key, relation as check_owned};
pub use install::{equip_partitions, fire_always, remove, rename_columns, suspend};
pub use secrets::warn_of_new as warn_of_secrets;
