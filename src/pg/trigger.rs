//! The trigger protocol: who calls, when, for what.

#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::pg::function::Call;
use pgrx::{PgSqlErrorCode, pg_sys};

/// When a trigger function may be fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AFTER INSERT OR UPDATE OR DELETE, FOR EACH ROW
    AfterRow,
    /// BEFORE INSERT OR UPDATE, FOR EACH ROW
    BeforeRowWrite,
    /// BEFORE TRUNCATE, FOR EACH STATEMENT
    BeforeTruncate,
    /// BEFORE INSERT, FOR EACH ROW
    BeforeRowInsert,
    /// AFTER INSERT, FOR EACH ROW
    AfterRowInsert,
}

impl Protocol {
    fn words(self) -> &'static str {
        match self {
            Protocol::AfterRow => "AFTER INSERT OR UPDATE OR DELETE, FOR EACH ROW",
            Protocol::BeforeRowWrite => "BEFORE INSERT OR UPDATE, FOR EACH ROW",
            Protocol::BeforeTruncate => "BEFORE TRUNCATE, FOR EACH STATEMENT",
            Protocol::BeforeRowInsert => "BEFORE INSERT, FOR EACH ROW",
            Protocol::AfterRowInsert => "AFTER INSERT, FOR EACH ROW",
        }
    }

    fn allows(self, event: u32) -> bool {
        use pg_sys::{
            TRIGGER_EVENT_BEFORE, TRIGGER_EVENT_DELETE, TRIGGER_EVENT_INSERT, TRIGGER_EVENT_OPMASK,
            TRIGGER_EVENT_ROW, TRIGGER_EVENT_TIMINGMASK, TRIGGER_EVENT_TRUNCATE,
        };
        const AFTER: u32 = 0;
        let operation = event & TRIGGER_EVENT_OPMASK;
        let timing = event & TRIGGER_EVENT_TIMINGMASK;
        let row = event & TRIGGER_EVENT_ROW != 0;
        match self {
            Protocol::AfterRow => row && timing == AFTER && operation != TRIGGER_EVENT_TRUNCATE,
            Protocol::BeforeRowWrite => {
                row && timing == TRIGGER_EVENT_BEFORE && operation != TRIGGER_EVENT_DELETE
            }
            Protocol::BeforeTruncate => {
                timing == TRIGGER_EVENT_BEFORE && operation == TRIGGER_EVENT_TRUNCATE
            }
            Protocol::BeforeRowInsert => {
                row && timing == TRIGGER_EVENT_BEFORE && operation == TRIGGER_EVENT_INSERT
            }
            Protocol::AfterRowInsert => row && timing == AFTER && operation == TRIGGER_EVENT_INSERT,
        }
    }
}

/// The call's trigger data; 39P01 when the function was not fired as its protocol says.
pub fn check<'a>(
    call: Call,
    function: &str,
    protocol: Protocol,
) -> Result<&'a pg_sys::TriggerData> {
    let Some(data) = call.context::<pg_sys::TriggerData>(pg_sys::NodeTag::T_TriggerData) else {
        return Err(violation(format!("concord.{function}() was not called as a trigger"))
            .hint(format!("It must be fired {}.", protocol.words())));
    };
    // SAFETY: the trigger manager's data are valid during the call.
    let data = unsafe { &*data };
    if !protocol.allows(data.tg_event) {
        return Err(violation(format!("concord.{function}() was fired at the wrong time"))
            .hint(format!("Create its trigger {}.", protocol.words())));
    }
    Ok(data)
}

fn violation(message: String) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, message)
}
