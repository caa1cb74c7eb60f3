//! `concord.node_id`, `concord.heartbeat` and `concord.hlc_reset`.

use crate::error::{Error, OrRaise};
use crate::node::{heartbeat, reset};
use crate::pg::backend::is_superuser;
use crate::types::hlc::Hlc as SqlHlc;
use crate::types::ulid::Ulid as SqlUlid;
use crate::{identity, pg_function};
use pgrx::{IntoDatum, PgSqlErrorCode, pg_sys};

pg_function!(
    /// `concord.node_id() → ulid`: this node. Errors as `attach`.
    node_id,
    |_| {
        let id = SqlUlid::from(identity::shown_node_id().or_raise());
        id.into_datum().unwrap_or(pg_sys::Datum::from(0))
    }
);

pg_function!(
    /// `concord.heartbeat() → void`: tells the other nodes of this one, by a NODE event.
    heartbeat_now,
    |_| {
        heartbeat::heartbeat().or_raise();
        pg_sys::Datum::from(0)
    }
);

pg_function!(
    /// `concord._identity_written()`: AFTER INSERT ON `concord.identity`: a restore brings identities
    /// behind the back of those who have attached already.
    identity_written,
    |_| {
        identity::note_written();
        pg_sys::Datum::from(0)
    }
);

pg_function!(
    /// `concord.hlc_reset() → hlc`: sets the clock back to the wall clock and goes on as a new node,
    /// this one's successor. For superusers (42501); 55000 while others commit.
    hlc_reset,
    |_| {
        if !is_superuser() {
            Error::new(
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                "must be superuser to reset the hybrid logical clock",
            )
            .raise();
        }
        let now = SqlHlc::from(reset::reset().or_raise());
        now.into_datum().unwrap_or(pg_sys::Datum::from(0))
    }
);
