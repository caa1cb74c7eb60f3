//! Running concord's own queries with the rights of the extension's owner and a fixed `search_path`,
//! so that the caller needs no rights on concord's tables and nothing of the caller's is called.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::CStr;

/// While it lives, the current user is the owner of the extension and `search_path` is fixed.
/// Restored on drop; after an error PostgreSQL's own abort restores both.
pub struct AsOwner {
    user: pg_sys::Oid,
    security_context: i32,
    guc_level: i32,
}

/// While it lives, the current user is the owner of an application's table, whose constraints may call
/// the owner's own functions: they must not run with anybody else's rights.
///
/// Those functions can set any setting that their owner may (`search_path` above all): a level of settings
/// of its own forgets that, so that concord's statements after it run under what they were promised.
pub struct AsTableOwner {
    user: pg_sys::Oid,
    security_context: i32,
    guc_level: i32,
}

impl AsTableOwner {
    /// Switches to the owner of `relation`.
    pub fn of(relation: pg_sys::Oid) -> AsTableOwner {
        let mut user = pg_sys::Oid::INVALID;
        let mut security_context = 0;
        // SAFETY: plain calls on the backend's own state.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut security_context);
            let owner = relation_owner(relation).unwrap_or(user);
            let guc_level = pg_sys::NewGUCNestLevel();
            let restricted =
                pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
            pg_sys::SetUserIdAndSecContext(owner, security_context | restricted as i32);
            AsTableOwner { user, security_context, guc_level }
        }
    }
}

impl Drop for AsTableOwner {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: undoes what `of` did, in reverse order; after an error the subtransaction's abort
            // does.
            unsafe {
                pg_sys::AtEOXact_GUC(false, self.guc_level);
                pg_sys::SetUserIdAndSecContext(self.user, self.security_context);
            }
        }
    }
}

impl AsOwner {
    /// Switches to the owner of `relation`, a table of concord's.
    pub fn of(relation: pg_sys::Oid) -> AsOwner {
        AsOwner::with(relation, pg_sys::SECURITY_RESTRICTED_OPERATION)
    }

    /// The same for statements of concord's own that leave work to a deferred trigger, which a
    /// restricted operation must not.
    pub fn deferring(relation: pg_sys::Oid) -> AsOwner {
        AsOwner::with(relation, 0)
    }

    fn with(relation: pg_sys::Oid, restriction: u32) -> AsOwner {
        let mut user = pg_sys::Oid::INVALID;
        let mut security_context = 0;
        // SAFETY: plain calls on the backend's own state; set_config_option copies its strings.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut security_context);
            let owner = relation_owner(relation).unwrap_or(user);
            let guc_level = pg_sys::NewGUCNestLevel();
            pg_sys::SetUserIdAndSecContext(
                owner,
                security_context | (pg_sys::SECURITY_LOCAL_USERID_CHANGE | restriction) as i32,
            );
            set_local(c"search_path", c"pg_catalog, concord, pg_temp");
            AsOwner { user, security_context, guc_level }
        }
    }
}

impl Drop for AsOwner {
    fn drop(&mut self) {
        // On the way out of an error, the transaction's abort restores user and settings; touching
        // them now could raise a second error while unwinding.
        if !std::thread::panicking() {
            // SAFETY: undoes what `of` did, in reverse order.
            unsafe {
                pg_sys::AtEOXact_GUC(false, self.guc_level);
                pg_sys::SetUserIdAndSecContext(self.user, self.security_context);
            }
        }
    }
}

/// Settings that are put back on drop; after an error PostgreSQL's own abort does.
struct Nested {
    guc_level: i32,
}

impl Nested {
    fn set(settings: &[(&CStr, &CStr)]) -> Nested {
        // SAFETY: as in `AsOwner::of`.
        unsafe {
            let guc_level = pg_sys::NewGUCNestLevel();
            settings.iter().for_each(|(name, value)| set_local(name, value));
            Nested { guc_level }
        }
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: closes the level that `set` opened.
            unsafe { pg_sys::AtEOXact_GUC(false, self.guc_level) };
        }
    }
}

/// While it lives, names print with their schema and money in the C locale; the user stays who they
/// are.
pub struct NeutralNames {
    _settings: Nested,
}

impl NeutralNames {
    /// Sets `search_path` to PostgreSQL's own schema alone, and `lc_monetary`.
    pub fn enter() -> NeutralNames {
        let settings = [(c"search_path", c"pg_catalog, pg_temp"), (c"lc_monetary", c"C")];
        NeutralNames { _settings: Nested::set(&settings) }
    }
}

/// While it lives, ordinary triggers fire, although the surrounding [`AsOwner`] has silenced them.
pub struct FiringTriggers {
    _settings: Nested,
}

impl FiringTriggers {
    /// Lets them fire.
    pub fn begin() -> FiringTriggers {
        FiringTriggers { _settings: Nested::set(&[(c"session_replication_role", c"origin")]) }
    }
}

/// Silences ordinary triggers, foreign keys' included, until the surrounding [`AsOwner`] ends.
pub fn silence_triggers() {
    // SAFETY: within the level that AsOwner opened.
    unsafe { set_local(c"session_replication_role", c"replica") };
}

/// Ends waits for locks after this long (55P03) until the surrounding [`AsOwner`] ends.
pub fn limit_lock_waits(patience: &CStr) {
    // SAFETY: as above.
    unsafe { set_local(c"lock_timeout", patience) };
}

/// Runs statements as they are until the surrounding [`AsOwner`] ends: compiling one that looks dear and
/// is not takes longer than running it.
pub fn without_jit() {
    // SAFETY: as in `silence_triggers`.
    unsafe { set_local(c"jit", c"off") };
}

/// Plans statements for tables of any size until the surrounding [`AsOwner`] ends: their plans are kept
/// while tables grow, and each row or batch is looked up by an index.
pub fn prefer_indexes() {
    without_jit();
    for method in [c"enable_seqscan", c"enable_hashjoin", c"enable_mergejoin"] {
        // SAFETY: as in `silence_triggers`.
        unsafe { set_local(method, c"off") };
    }
}

unsafe fn set_local(name: &CStr, value: &CStr) {
    // SAFETY: both strings outlive the call.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// Owner of a relation, from the system cache.
pub fn relation_owner(relation: pg_sys::Oid) -> Option<pg_sys::Oid> {
    // SAFETY: the tuple is pinned by the cache until it is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::RELOID as i32,
            pg_sys::Datum::from(relation),
        );
        if tuple.is_null() {
            return None;
        }
        let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_class>(tuple);
        let owner = (*form).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}
