//! Context that is set outside a transaction block ends with the statement that set it, before any write could
//! have it. PostgreSQL warns of SET LOCAL in this place; the functions that do the same are warned of here.
//!
//! Not when they are called but when their transaction ends: only then is it known that nothing followed, as it does in
//! a pipeline, and that nothing was captured.

use crate::pg::function::Call;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode, pg_sys};
use std::cell::Cell;
use std::ffi::CStr;

/// The function that a client called, and the start of the statement in which it did.
#[derive(Clone, Copy)]
struct Noted {
    function: &'static str,
    statement: pg_sys::TimestampTz,
}

thread_local! {
    static CALL: Cell<Option<Noted>> = const { Cell::new(None) };
}

/// Notes a call of `set_context`.
#[allow(unsafe_code)]
pub fn note_call(call: Call) {
    let context = call.memory();
    // SAFETY: what runs in a portal stays while it runs.
    let by_client = unsafe {
        match pg_sys::ActivePortal.is_null() {
            // The protocol's fast path.
            true => true,
            false => client_query().is_some_and(|query| (*(*query).estate).es_query_cxt == context),
        }
    };
    if by_client {
        note("concord.set_context()");
    }
}

/// Notes that a context setting was assigned, in case `set_config` did it for a client and for its transaction only.
#[allow(unsafe_code)]
pub fn note_assignment() {
    // SAFETY: as above.
    let by_client = unsafe { client_query().is_some_and(|query| sets_locally(query)) };
    if by_client {
        note("set_config() of a concord setting with is_local");
    }
}

#[allow(unsafe_code)]
fn note(function: &'static str) {
    // SAFETY: reads the transaction state.
    let call = unsafe {
        (!pg_sys::IsTransactionBlock() && !pg_sys::IsSubTransaction())
            .then(|| Noted { function, statement: pg_sys::GetCurrentStatementStartTimestamp() })
    };
    CALL.set(call);
}

/// The query that a client is running, unless it is one within a function: neither a function's own executor
/// nor its cursors are the client's portal.
#[allow(unsafe_code)]
unsafe fn client_query() -> Option<*mut pg_sys::QueryDesc> {
    // SAFETY: reads the portal that is running, if there is one.
    unsafe {
        let portal = pg_sys::ActivePortal.as_ref()?;
        let name = CStr::from_ptr(portal.name).to_bytes();
        let of_function = portal.visible && name.starts_with(b"<unnamed portal");
        (!of_function && !portal.queryDesc.is_null()).then_some(portal.queryDesc)
    }
}

/// Whether the query's result is that of `set_config(..., ..., true)`.
#[allow(unsafe_code)]
unsafe fn sets_locally(query: *mut pg_sys::QueryDesc) -> bool {
    // SAFETY: the plan of a query that runs, whose nodes say what they are.
    unsafe {
        let plan = (*(*query).plannedstmt).planTree;
        if plan.is_null() {
            return false;
        }
        let entries = members::<pg_sys::TargetEntry>((*plan).targetlist);
        entries.iter().any(|entry| {
            let call = (**entry).expr.cast::<pg_sys::FuncExpr>();
            if (*call).xpr.type_ != pg_sys::NodeTag::T_FuncExpr
                || (*call).funcid.to_u32() != pg_sys::F_SET_CONFIG
            {
                return false;
            }
            members::<pg_sys::Const>((*call).args).get(2).is_some_and(|local| {
                (**local).xpr.type_ == pg_sys::NodeTag::T_Const
                    && !(**local).constisnull
                    && (**local).constvalue.value() != 0
            })
        })
    }
}

/// The pointers that a list holds.
#[allow(unsafe_code)]
unsafe fn members<T>(list: *mut pg_sys::List) -> Vec<*mut T> {
    // SAFETY: by the caller's promise null, which is PostgreSQL's empty list, or a list of pointers.
    unsafe {
        let length = list.as_ref().map_or(0, |list| list.length);
        (0..length as usize).map(|n| (*(*list).elements.add(n)).ptr_value.cast()).collect()
    }
}

/// Warns where the transaction that ends has set context and did nothing else.
#[allow(unsafe_code)]
pub fn warn(captured: bool) {
    let Some(call) = CALL.take() else { return };
    // SAFETY: reads the transaction state.
    let followed = unsafe { pg_sys::GetCurrentStatementStartTimestamp() } != call.statement;
    if captured || followed {
        return;
    }
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
        format!("{} can only be used in transaction blocks", call.function),
        "concord",
    )
    .set_detail("The setting ended with its own statement, so no event will contain it.")
    .set_hint("Call it after BEGIN, in the transaction that writes, or use SET concord.user_id and the like for the session.")
    .report(PgLogLevel::WARNING);
}

/// Forgets the calls of a transaction that failed.
pub fn forget() {
    CALL.set(None);
}
