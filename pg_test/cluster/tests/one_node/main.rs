//! One node on a real cluster: what stays true under load, and when things break.

mod clocks;
mod context;
mod copies;
mod crashes;
mod density;
mod extension;
mod full_disk;
mod functions;
mod memory;
mod promotion;
mod restarts;
mod restores;
mod serializable;
mod worker;

/// One tracked table, as small as can be.
const NOTE: &str = "CREATE TABLE note (id integer PRIMARY KEY, body text);
                    SELECT concord.track('note')";
