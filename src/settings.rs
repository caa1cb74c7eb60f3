//! The settings, their checks, and the flag that says that a write's context may have changed.

use concord_core::context::{is_inet, is_json_object};
use concord_core::ulid::Ulid;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::{pg_guard, pg_sys};
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::OnceLock;

type Text = GucSetting<Option<CString>>;

static NODE_ID: Text = Text::new(None);
static NODE_NAME: Text = Text::new(None);
static USER_ID: Text = Text::new(None);
static REQUEST_ID: Text = Text::new(None);
static IP: Text = Text::new(None);
static ACTION: Text = Text::new(None);
static METADATA: Text = Text::new(None);
static DEPENDS_ON: Text = Text::new(None);
static MAX_CLOCK_DRIFT: GucSetting<i32> = GucSetting::<i32>::new(60_000);
static NODE_STALE_AFTER: GucSetting<i32> = GucSetting::<i32>::new(300);
static HEARTBEAT_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(30);
static CAPTURE: GucSetting<bool> = GucSetting::<bool>::new(true);

thread_local! {
    static CONTEXT_CHANGED: Cell<bool> = const { Cell::new(true) };
}

static ON_CONTEXT: OnceLock<fn()> = OnceLock::new();

/// Registers the settings, and what is told of each assignment to one of the context. Called once, from `_PG_init`.
#[allow(unsafe_code)]
pub fn register(on_context: fn()) {
    ON_CONTEXT.get_or_init(|| on_context);
    register_node();
    register_context();
    GucRegistry::define_bool_guc(
        c"concord.capture",
        c"Captures changes of tracked tables as events.",
        c"While it is off, changes are not recorded, but the gap is.",
        &CAPTURE,
        GucContext::Suset,
        GucFlags::default(),
    );
    // SAFETY: reserves the prefix for this library; the string is copied.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"concord".as_ptr()) };
}

#[allow(unsafe_code)]
fn register_node() {
    // SAFETY: the hooks are guarded functions that live as long as the library.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"concord.node_id",
            c"Sets a fixed identity for this node.",
            c"A ULID, set for one database with ALTER DATABASE. If empty, the identity that concord created is used.",
            &NODE_ID,
            GucContext::Suset,
            GucFlags::default(),
            Some(check_node_id),
            None,
            None,
        );
    }
    GucRegistry::define_string_guc(
        c"concord.node_name",
        c"Sets a name of this node for people.",
        c"If empty, the name of the database is used.",
        &NODE_NAME,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"concord.max_clock_drift",
        c"Sets how far the hybrid logical clock may be ahead of the wall clock.",
        c"Remote clock values beyond this limit, and local ticks that would exceed it, are rejected.",
        &MAX_CLOCK_DRIFT,
        1,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"concord.node_stale_after",
        c"Sets the time without events after which a node is marked stale.",
        c"",
        &NODE_STALE_AFTER,
        1,
        i32::MAX,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"concord.heartbeat_interval",
        c"Sets the time between two heartbeats of this node.",
        c"",
        &HEARTBEAT_INTERVAL,
        1,
        86_400,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
}

#[allow(unsafe_code)]
fn register_context() {
    type Setting = (&'static CStr, &'static CStr, &'static Text, pg_sys::GucStringCheckHook);
    let settings: [Setting; 6] = [
        (c"concord.user_id", c"Sets the user of the application.", &USER_ID, None),
        (c"concord.request_id", c"Sets the request of the application.", &REQUEST_ID, None),
        (c"concord.ip", c"Sets the address of the client.", &IP, Some(check_ip)),
        (c"concord.action", c"Sets the action of the application.", &ACTION, None),
        (
            c"concord.metadata",
            c"Sets a JSON object that is stored with each event.",
            &METADATA,
            Some(check_metadata),
        ),
        (
            c"concord.depends_on",
            c"Sets the events, as ULIDs separated by commas, on which this transaction's events depend.",
            &DEPENDS_ON,
            Some(check_depends_on),
        ),
    ];
    for (name, description, setting, check) in settings {
        // SAFETY: the hooks are guarded functions that live as long as the library.
        unsafe {
            GucRegistry::define_string_guc_with_hooks(
                name,
                description,
                c"",
                setting,
                GucContext::Userset,
                GucFlags::default(),
                check,
                Some(note_context_change),
                None,
            );
        }
    }
}

/// `concord.node_id`, where it is set.
pub fn pinned_node_id() -> Option<Ulid> {
    non_empty(&NODE_ID).and_then(|text| Ulid::parse(&text).ok())
}

/// `concord.node_name`, where it is set.
pub fn node_name() -> Option<String> {
    non_empty(&NODE_NAME)
}

/// `concord.max_clock_drift` in milliseconds.
pub fn max_clock_drift_ms() -> i64 {
    i64::from(MAX_CLOCK_DRIFT.get())
}

/// `concord.node_stale_after` in seconds.
pub fn node_stale_after_s() -> i32 {
    NODE_STALE_AFTER.get()
}

/// `concord.heartbeat_interval` in seconds.
pub fn heartbeat_interval_s() -> i32 {
    HEARTBEAT_INTERVAL.get()
}

/// `concord.capture`.
pub fn capture() -> bool {
    CAPTURE.get()
}

/// The context that the application set; empty settings are `None`.
pub struct ContextSettings {
    /// `concord.user_id`
    pub user_id: Option<String>,
    /// `concord.request_id`
    pub request_id: Option<String>,
    /// `concord.ip`
    pub ip: Option<String>,
    /// `concord.action`
    pub action: Option<String>,
    /// `concord.metadata`
    pub metadata: Option<String>,
    /// `concord.depends_on`
    pub depends_on: Vec<Ulid>,
}

/// Reads the context settings and clears the flag that [`context_changed`] returns.
pub fn read_context() -> ContextSettings {
    CONTEXT_CHANGED.set(false);
    ContextSettings {
        user_id: non_empty(&USER_ID),
        request_id: non_empty(&REQUEST_ID),
        ip: non_empty(&IP),
        action: non_empty(&ACTION),
        metadata: non_empty(&METADATA),
        depends_on: non_empty(&DEPENDS_ON).map(|text| ulids(&text)).unwrap_or_default(),
    }
}

/// Whether a context setting may have changed since it was last read.
pub fn context_changed() -> bool {
    CONTEXT_CHANGED.get()
}

fn non_empty(setting: &Text) -> Option<String> {
    let text = setting.get()?.to_string_lossy().into_owned();
    (!text.is_empty()).then_some(text)
}

fn ulids(text: &str) -> Vec<Ulid> {
    text.split(',').filter_map(|item| Ulid::parse(item.trim()).ok()).collect()
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn note_context_change(_value: *const c_char, _extra: *mut c_void) {
    CONTEXT_CHANGED.set(true);
    if let Some(listener) = ON_CONTEXT.get() {
        listener();
    }
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn check_node_id(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes the proposed value.
    unsafe {
        accept(
            value,
            |text| Ulid::parse(text).is_ok(),
            "A node id is a ULID, that is, 26 characters of Crockford's base 32; concord.gen_ulid() makes one.",
        )
    }
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn check_ip(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes the proposed value.
    unsafe { accept(value, is_inet, "Specify an IPv4 or IPv6 address in the format of type inet.") }
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn check_metadata(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes the proposed value.
    unsafe { accept(value, is_json_object, "Specify a JSON object, as in {\"ticket\": 42}.") }
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn check_depends_on(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    let each_is_ulid = |text: &str| text.split(',').all(|item| Ulid::parse(item.trim()).is_ok());
    // SAFETY: PostgreSQL passes the proposed value.
    unsafe {
        accept(value, each_is_ulid, "Specify the event_id of each event, separated by commas.")
    }
}

/// Takes an empty value or one that `good` accepts; otherwise leaves the hint for the error, whose
/// primary message (`invalid value for parameter ...`, 22023) is PostgreSQL's.
#[allow(unsafe_code)]
unsafe fn accept(value: *mut *mut c_char, good: impl Fn(&str) -> bool, hint: &str) -> bool {
    // SAFETY: a check hook's value is null or a NUL-terminated string.
    unsafe {
        if (*value).is_null() {
            return true;
        }
        let text = CStr::from_ptr(*value).to_str();
        if text.is_ok_and(|text| text.is_empty() || good(text)) {
            return true;
        }
        let hint = CString::new(hint).unwrap_or_default();
        // PostgreSQL's GUC_check_errhint macro: the string is freed with the error's context.
        let previous = pg_sys::MemoryContextSwitchTo(pg_sys::ErrorContext);
        pg_sys::GUC_check_errhint_string = pg_sys::pstrdup(hint.as_ptr());
        pg_sys::MemoryContextSwitchTo(previous);
        false
    }
}
