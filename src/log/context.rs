//! What the application said about its writes, made ready once and shared by the events that follow.

use crate::error::{Error, OrRaise, Result};
use crate::pg::owner::AsOwner;
use crate::pg::varlena::{Varlena, copy_varlena, to_jsonb};
use crate::pg::{catalog, function, query};
use crate::settings;
use crate::types::parameter::ulid;
use concord_core::ulid::Ulid;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::rc::Rc;

struct Cached {
    context: Rc<Context>,
    session_user: pg_sys::Oid,
}

thread_local! {
    static CURRENT: RefCell<Option<Cached>> = const { RefCell::new(None) };
}

/// The context of a write made now.
#[allow(unsafe_code)]
pub fn current() -> Rc<Context> {
    // SAFETY: reads the session state.
    let session_user = unsafe { pg_sys::GetSessionUserId() };
    let cached = CURRENT.with_borrow(|cached| {
        cached
            .as_ref()
            .filter(|cached| cached.session_user == session_user && !settings::context_changed())
            .map(|cached| Rc::clone(&cached.context))
    });
    cached.unwrap_or_else(|| {
        // Should what is set now be refused, it is not to pass for what was set before.
        CURRENT.set(None);
        let context = Rc::new(build(session_user));
        CURRENT.set(Some(Cached { context: Rc::clone(&context), session_user }));
        context
    })
}

/// Forgets a context that names events: what was in the log, or was still to be, can have been taken back with the
/// transaction or the savepoint that ends.
pub fn forget_dependencies() {
    CURRENT.with_borrow_mut(|cached| {
        cached.take_if(|cached| cached.context.depends_on.is_some());
    });
}

/// The context of what concord does by itself: nobody's request.
#[allow(unsafe_code)]
pub fn bare() -> Rc<Context> {
    // SAFETY: reads the session state.
    let user = role_name(unsafe { pg_sys::GetSessionUserId() });
    Rc::new(Context { session_user: Some(Varlena::text(&user)), ..Context::default() })
}

fn build(session_user: pg_sys::Oid) -> Context {
    let settings = settings::read_context();
    refuse_unknown(&settings.depends_on).or_raise();
    let text = |value: &Option<String>| value.as_deref().map(Varlena::text);
    Context {
        action: text(&settings.action),
        session_user: Some(Varlena::text(&role_name(session_user))),
        user_id: text(&settings.user_id),
        request_id: text(&settings.request_id),
        ip: settings.ip.as_deref().map(inet),
        metadata: settings.metadata.as_deref().map(|text| to_jsonb(text).or_raise()),
        metadata_text: settings.metadata,
        depends_on: (!settings.depends_on.is_empty()).then(|| ulid_array(&settings.depends_on)),
    }
}

/// An event that names one which does not exist could never be applied by any other node, nor could what follows it. One
/// that is not in the log here may yet come to nothing: 22023.
fn refuse_unknown(depends_on: &[Ulid]) -> Result<()> {
    if depends_on.is_empty() {
        return Ok(());
    }
    let _owner = AsOwner::of(catalog::log()?);
    let known = |event: &Ulid| {
        query::exists("SELECT FROM concord.change_events WHERE event_id = $1", &[ulid(*event)])
    };
    match depends_on.iter().find(|event| !known(event)) {
        None => Ok(()),
        Some(event) => Err(Error::invalid_argument(format!("event \"{event}\" is not in the log"))
            .detail("A change that depends on it, as concord.depends_on says, could not be applied by any other node.")
            .hint("Set concord.depends_on to events that this node's concord.change_events contains.")),
    }
}

#[allow(unsafe_code)]
fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: with noerr the name is null for a role that was dropped meanwhile.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        match name.is_null() {
            true => role.to_u32().to_string(),
            false => CStr::from_ptr(name).to_string_lossy().into_owned(),
        }
    }
}

#[allow(unsafe_code)]
fn inet(text: &str) -> Varlena {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: inet_in takes a C string and returns a varlena with a four-byte header or a short one.
    unsafe {
        let datum = function::call(pg_sys::inet_in, &[pg_sys::Datum::from(text.as_ptr())]);
        copy_varlena(datum)
    }
}

/// `ulid[]`: the header of PostgreSQL's `src/include/utils/array.h`, then the elements.
fn ulid_array(ulids: &[Ulid]) -> Varlena {
    let element = crate::types::ulid::Ulid::oid();
    let header: [i32; 5] = [1, 0, element.to_u32() as i32, ulids.len() as i32, 1];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_ne_bytes()).collect();
    for ulid in ulids {
        bytes.extend_from_slice(&ulid.to_bytes());
    }
    Varlena::with_payload(&bytes)
}

/// What the application said about its write; the same for many events.
#[derive(Debug, Default)]
pub struct Context {
    /// `action`
    pub action: Option<Varlena>,
    /// `session_user`
    pub session_user: Option<Varlena>,
    /// `user_id`
    pub user_id: Option<Varlena>,
    /// `request_id`
    pub request_id: Option<Varlena>,
    /// `ip`
    pub ip: Option<Varlena>,
    /// `metadata`, as `jsonb`
    pub metadata: Option<Varlena>,
    /// `metadata`, as text, for events that add to it
    pub metadata_text: Option<String>,
    /// `depends_on_event_ids`
    pub depends_on: Option<Varlena>,
}

impl Context {
    /// Who acts: `user_id`, or else the session's user.
    pub fn person(&self) -> String {
        let name = self.user_id.as_ref().or(self.session_user.as_ref());
        name.map_or_else(String::new, |name| name.as_text().into_owned())
    }
}
