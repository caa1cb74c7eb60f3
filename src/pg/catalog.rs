//! Object ids of concord's own tables, from the system caches.

#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::pg::query::{self, parameter};
use concord_core::names::{TableName, quote_identifier};
use pgrx::pg_sys;
use std::ffi::CStr;

/// `concord.change_events`.
pub fn log() -> Result<pg_sys::Oid> {
    table(c"change_events")
}

/// `concord.identity`.
pub fn identity() -> Result<pg_sys::Oid> {
    table(c"identity")
}

/// `concord.nodes`.
pub fn nodes() -> Result<pg_sys::Oid> {
    table(c"nodes")
}

/// `concord.received_events`.
pub fn received() -> Result<pg_sys::Oid> {
    table(c"received_events")
}

/// `concord.pending_rows`.
pub fn pending() -> Result<pg_sys::Oid> {
    table(c"pending_rows")
}

/// `concord.trees`.
pub fn trees() -> Result<pg_sys::Oid> {
    table(c"trees")
}

/// A function of concord's without arguments.
pub fn function(name: &CStr) -> Result<pg_sys::Oid> {
    // SAFETY: the list and its strings are palloc'ed; looked up without search_path.
    let function = unsafe {
        let schema = pg_sys::makeString(c"concord".as_ptr().cast_mut());
        let name = pg_sys::makeString(name.as_ptr().cast_mut());
        let path =
            pg_sys::lappend(pg_sys::lappend(std::ptr::null_mut(), schema.cast()), name.cast());
        pg_sys::LookupFuncName(path, 0, std::ptr::null(), true)
    };
    if function == pg_sys::Oid::INVALID {
        return Err(not_installed());
    }
    Ok(function)
}

fn not_installed() -> Error {
    Error::wrong_state("extension concord is not installed in this database")
        .hint("Use CREATE EXTENSION concord.")
}

fn table(name: &CStr) -> Result<pg_sys::Oid> {
    // SAFETY: syscache look-ups by NUL-terminated names.
    let relation = unsafe {
        let schema = pg_sys::get_namespace_oid(c"concord".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    if relation == pg_sys::Oid::INVALID {
        return Err(not_installed());
    }
    Ok(relation)
}

/// The type's own name, qualified and quoted: as SQL spells it, `character` and `bit` would mean a length of one.
pub fn type_name(type_oid: pg_sys::Oid) -> String {
    // SAFETY: the tuple is pinned by the cache until it is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::TYPEOID as i32,
            pg_sys::Datum::from(type_oid),
        );
        if tuple.is_null() {
            return "pg_catalog.text".to_owned();
        }
        let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_type>(tuple);
        let schema = CStr::from_ptr(pg_sys::get_namespace_name((*form).typnamespace));
        let name = CStr::from_ptr((*form).typname.data.as_ptr());
        let qualified = format!(
            "{}.{}",
            quote_identifier(&schema.to_string_lossy()),
            quote_identifier(&name.to_string_lossy())
        );
        pg_sys::ReleaseSysCache(tuple);
        qualified
    }
}

/// What makes text a value of a type, as SQL to stand behind it: the type's input function, also where the
/// type has a cast from text of its own. That of `regclass` does not read what the type prints of a
/// relation that is none, or has gone. From `bpchar` there hardly is such a cast.
pub fn cast(type_oid: pg_sys::Oid) -> String {
    let name = type_name(type_oid);
    let has_own = |source: pg_sys::Oid| {
        let mut function = pg_sys::Oid::INVALID;
        // SAFETY: catalog look-ups by object id.
        let path = unsafe {
            pg_sys::find_coercion_pathway(
                pg_sys::getBaseType(type_oid),
                source,
                pg_sys::CoercionContext::COERCION_EXPLICIT,
                &mut function,
            )
        };
        path == pg_sys::CoercionPathType::COERCION_PATH_FUNC
    };
    match has_own(pg_sys::TEXTOID) && !has_own(pg_sys::BPCHAROID) {
        true => format!("::pg_catalog.bpchar::{name}"),
        false => format!("::{name}"),
    }
}

/// Whether PostgreSQL can hash values of a type, those in it included.
pub fn is_hashable(type_oid: pg_sys::Oid) -> bool {
    // SAFETY: a look-up in PostgreSQL's type cache, whose entries stay.
    unsafe {
        let wanted = pg_sys::TYPECACHE_HASH_EXTENDED_PROC as i32;
        (*pg_sys::lookup_type_cache(type_oid, wanted)).hash_extended_proc != pg_sys::Oid::INVALID
    }
}

/// Schema and name of a relation, or `None` where it is gone.
pub fn name_of(relation: pg_sys::Oid) -> Option<TableName> {
    query::one(
        "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1",
        &[parameter(relation)],
        |row| row.table(1),
    )
}

/// Schema-qualified, quoted name of a relation.
pub fn qualified_name(relation: pg_sys::Oid) -> String {
    name_of(relation).map_or(String::new(), |name| name.quoted())
}

/// Whether this database has the extension. It stays until the transaction ends: DROP EXTENSION locks the extension first
/// (`performDeletion`, src/backend/catalog/dependency.c) and then its objects, one after the other, so who uses
/// several of them without this lock can end in a deadlock with it. False as well while it is being dropped.
pub fn hold_extension() -> bool {
    // SAFETY: reads the catalog, and takes an ordinary lock on an object, which an abort releases.
    unsafe {
        let extension = pg_sys::get_extension_oid(c"concord".as_ptr(), true);
        extension != pg_sys::Oid::INVALID
            && pg_sys::ConditionalLockDatabaseObject(
                pg_sys::ExtensionRelationId,
                extension,
                0,
                pg_sys::AccessShareLock as i32,
            )
            && pg_sys::get_extension_oid(c"concord".as_ptr(), true) == extension
    }
}
