//! Whose code runs with whose rights: the rule, and what keeps it.
//!
//! An application ties code to its tables: the checks and casts of types, operators and operator classes, defaults,
//! generated columns, constraints, index expressions, policies, rules, triggers. All of that is its
//! owner's, and anybody's session may meet it. So:
//!
//! 1. A statement that reads or writes an application's table, or makes or compares values of its types, runs as
//!    that table's owner in a security-restricted operation ([`AsTableOwner`]), and on no other of concord's ways. Where
//!    two tables have to do with each other, as by a foreign key, each is asked in a statement of its own, and what
//!    goes from one to the other are values of the operators' own types.
//! 2. A statement over concord's own tables runs as the owner of the extension ([`AsOwner`]), and names no table and no
//!    type of an application's. Nothing of an application's is called there.
//! 3. What a caller reads of a table (`digest`, `row_at`) is read as its owner, once the caller is known to be allowed to
//!    read all of it. Row security policies ask who reads: a caller to whom they apply reads as themselves, as in
//!    any query of theirs. The views and the log name nothing of an application's.
//! 4. Every switch of user opens a level of settings of its own and closes it when it ends, so that nothing that an
//!    owner's code has set outlives it. The settings that values print by are set again with each.
//! 5. No statement of concord's depends on `search_path`: [`pin_path`] has each run with PostgreSQL's own schema first,
//!    whatever anybody has set meanwhile, and all else is named with its schema. Functions in SQL say
//!    the same by `SET search_path`.
//! 6. Whoever acts for others fires nothing that a caller has left to the end of the transaction.
//!
//! `pg_test/cluster/tests/many_nodes/rights.rs` walks through all kinds of such code and all ways in.

#![allow(unsafe_code)]

use super::printing::ExactPrinting;
use pgrx::pg_sys;
use std::ffi::CStr;

/// While it lives, the current user is the owner of the extension and `search_path` is fixed.
/// Restored on drop; after an error PostgreSQL's own abort restores both.
pub struct AsOwner {
    _switched: Switched,
}

/// While it lives, the current user is the owner of an application's table, whose code must not run
/// with anybody else's rights, and values print exactly.
pub struct AsTableOwner {
    _switched: Switched,
    _printing: ExactPrinting,
}

/// Where concord's own schema is needed, too.
const OWN_PATH: &CStr = c"pg_catalog, concord, pg_temp";
const BARE_PATH: &CStr = c"pg_catalog, pg_temp";

impl AsTableOwner {
    /// Switches to the owner of `relation`. Row security does not hide the owner's rows, FORCE or not.
    pub fn of(relation: pg_sys::Oid) -> AsTableOwner {
        let restriction = pg_sys::SECURITY_RESTRICTED_OPERATION | pg_sys::SECURITY_NOFORCE_RLS;
        AsTableOwner {
            _switched: Switched::to_owner_of(relation, restriction, BARE_PATH),
            _printing: ExactPrinting::enter(),
        }
    }
}

impl AsTableOwner {
    /// The same for a caller who reads `relation`, and must be allowed to read all of it (42501). To whom row security
    /// applies, their own policies do, which ask who they are: they read as themselves, and nothing is returned.
    pub fn reading_for_caller(relation: pg_sys::Oid) -> Option<AsTableOwner> {
        // SAFETY: look-ups by object id; the name is palloc'ed.
        unsafe {
            let user = pg_sys::GetUserId();
            let select = pg_sys::ACL_SELECT as pg_sys::AclMode;
            let (table, all) = (
                pg_sys::pg_class_aclcheck(relation, user, select),
                pg_sys::AclMaskHow::ACLMASK_ALL,
            );
            let allowed = pg_sys::AclResult::ACLCHECK_OK;
            if table != allowed
                && pg_sys::pg_attribute_aclcheck_all(relation, user, select, all) != allowed
            {
                let name = pg_sys::get_rel_name(relation);
                pg_sys::aclcheck_error(table, pg_sys::ObjectType::OBJECT_TABLE, name);
            }
            let secured = pg_sys::check_enable_rls(relation, user, false);
            (secured != pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32)
                .then(|| AsTableOwner::of(relation))
        }
    }

    /// The same where the current user is another.
    pub fn unless_current(relation: pg_sys::Oid) -> Option<AsTableOwner> {
        // SAFETY: reads the session state.
        let user = unsafe { pg_sys::GetUserId() };
        (relation_owner(relation) != Some(user)).then(|| AsTableOwner::of(relation))
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
        AsOwner { _switched: Switched::to_owner_of(relation, restriction, OWN_PATH) }
    }
}

/// Another user, with a level of settings of their own.
struct Switched {
    user: pg_sys::Oid,
    security_context: i32,
    guc_level: i32,
}

impl Switched {
    fn to_owner_of(relation: pg_sys::Oid, restriction: u32, path: &CStr) -> Switched {
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
            set_local(c"search_path", path);
            Switched { user, security_context, guc_level }
        }
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        // On the way out of an error, the transaction's abort restores user and settings; touching
        // them now could raise a second error while unwinding.
        if !std::thread::panicking() {
            // SAFETY: undoes what `to_owner_of` did, in reverse order.
            unsafe {
                pg_sys::AtEOXact_GUC(false, self.guc_level);
                pg_sys::SetUserIdAndSecContext(self.user, self.security_context);
            }
        }
    }
}

/// The path that a statement of concord's is understood by, set for its duration where it is another.
#[must_use]
pub struct PinnedPath {
    _settings: Option<Nested>,
}

/// Has names mean PostgreSQL's own while what is returned lives, whoever has set `search_path` meanwhile.
pub fn pin_path() -> PinnedPath {
    // SAFETY: the variable behind the setting, never null once a backend has started.
    let path = unsafe { CStr::from_ptr(pg_sys::namespace_search_path) };
    let is_pinned = [OWN_PATH, BARE_PATH].contains(&path);
    PinnedPath { _settings: (!is_pinned).then(|| Nested::set(&[(c"search_path", BARE_PATH)])) }
}

/// Settings that are put back on drop; after an error PostgreSQL's own abort does.
struct Nested {
    guc_level: i32,
}

impl Nested {
    fn set(settings: &[(&CStr, &CStr)]) -> Nested {
        // SAFETY: as in `Switched::to_owner_of`.
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
        let settings = [(c"search_path", BARE_PATH), (c"lc_monetary", c"C")];
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

/// Who statements run as now.
pub fn current_user() -> pg_sys::Oid {
    // SAFETY: reads the backend's own state.
    unsafe { pg_sys::GetUserId() }
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
