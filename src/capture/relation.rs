//! Tracked relations as the triggers know them: read once, and kept until PostgreSQL says that one
//! has changed.

use super::shape::Tracked;
use crate::error::{Error, Result};
use crate::pg::catalog;
use crate::pg::relation::Open;
use pgrx::{pg_guard, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CStr;
use std::rc::Rc;

thread_local! {
    static CACHE: RefCell<HashMap<pg_sys::Oid, Rc<Tracked>>> = RefCell::new(HashMap::new());
    static GENERATION: Cell<u64> = const { Cell::new(0) };
}

/// Counts PostgreSQL's messages that some relation or type has changed.
pub fn generation() -> u64 {
    GENERATION.get()
}

/// Registers for PostgreSQL's invalidation messages. Called once, from `_PG_init`.
#[allow(unsafe_code)]
pub fn register() {
    // SAFETY: the callbacks are guarded and live as long as the library.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation_change), pg_sys::Datum::from(0));
        for cache in [pg_sys::SysCacheIdentifier::NAMESPACEOID, pg_sys::SysCacheIdentifier::TYPEOID]
        {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as i32,
                Some(on_catalog_change),
                pg_sys::Datum::from(0),
            );
        }
    }
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn on_relation_change(_argument: pg_sys::Datum, relation: pg_sys::Oid) {
    GENERATION.set(GENERATION.get() + 1);
    CACHE.with_borrow_mut(|cache| match relation {
        pg_sys::Oid::INVALID => cache.clear(),
        _ => cache.retain(|_, tracked| tracked.relation != relation && tracked.root != relation),
    });
}

#[pg_guard]
#[allow(unsafe_code)]
unsafe extern "C-unwind" fn on_catalog_change(_argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    GENERATION.set(GENERATION.get() + 1);
    CACHE.with_borrow_mut(HashMap::clear);
}

/// The relation as this trigger tracks it. What images show is said by the capture trigger alone, so
/// that a secret which it leaves out is left out by all; the arguments of the version and truncate
/// triggers add to that.
///
/// # Safety
/// Both belong to the trigger call under way.
#[allow(unsafe_code)]
pub unsafe fn of_trigger(
    relation: pg_sys::Relation,
    trigger: *mut pg_sys::Trigger,
) -> Result<Rc<Tracked>> {
    // SAFETY: by the caller's promise.
    let key = unsafe { (*trigger).tgoid };
    if let Some(tracked) = CACHE.with_borrow(|cache| cache.get(&key).cloned()) {
        return Ok(tracked);
    }
    let generation = GENERATION.get();
    // SAFETY: by the caller's promise.
    let tracked = unsafe {
        let mut all = match capture_trigger(relation) {
            Some(capture) if (*capture).tgoid != key => arguments(capture),
            _ => Vec::new(),
        };
        all.extend(arguments(trigger));
        Rc::new(Tracked::load(relation, &all)?)
    };
    // What changed while it was being read is read again next time.
    if generation == GENERATION.get() {
        CACHE.with_borrow_mut(|cache| cache.insert(key, Rc::clone(&tracked)));
    }
    Ok(tracked)
}

/// A relation as its capture trigger tracks it: 55000 where it has none.
///
/// # Safety
/// The relation is open.
#[allow(unsafe_code)]
pub unsafe fn of_relation(relation: pg_sys::Relation) -> Result<Rc<Tracked>> {
    // SAFETY: by the caller's promise.
    unsafe {
        match capture_trigger(relation) {
            Some(trigger) => of_trigger(relation, trigger),
            None => Err(Error::wrong_state("the table is not tracked")
                .hint("Use SELECT concord.track('...').")),
        }
    }
}

/// Refuses a relation whose triggers of concord's cannot work as their arguments say.
#[allow(unsafe_code)]
pub fn validate(relation: pg_sys::Oid) -> Result<()> {
    const FUNCTIONS: [&CStr; 3] = [c"capture_trigger", c"version_trigger", c"truncate_trigger"];
    // SAFETY: the relation is open while its triggers are read.
    unsafe {
        let held = Open::existing(relation, pg_sys::AccessShareLock)?;
        let open = held.as_ptr();
        let mut result = Ok(());
        if let Some(triggers) = (*open).trigdesc.as_ref() {
            for i in 0..triggers.numtriggers as usize {
                let trigger = triggers.triggers.add(i);
                let ours = FUNCTIONS
                    .iter()
                    .any(|name| catalog::function(name).is_ok_and(|f| f == (*trigger).tgfoid));
                if ours && result.is_ok() {
                    result = of_trigger(open, trigger).map(|_| ());
                }
            }
        }
        result
    }
}

/// The capture trigger of a relation.
#[allow(unsafe_code)]
unsafe fn capture_trigger(relation: pg_sys::Relation) -> Option<*mut pg_sys::Trigger> {
    // SAFETY: the relation is open; its triggers stay in the relation cache meanwhile.
    unsafe {
        let triggers = (*relation).trigdesc.as_ref()?;
        let function = catalog::function(c"capture_trigger").ok()?;
        (0..triggers.numtriggers as usize)
            .map(|i| triggers.triggers.add(i))
            .find(|trigger| (**trigger).tgfoid == function)
    }
}

#[allow(unsafe_code)]
unsafe fn arguments(trigger: *mut pg_sys::Trigger) -> Vec<String> {
    // SAFETY: the relation cache keeps tgnargs NUL-terminated strings.
    unsafe {
        (0..(*trigger).tgnargs as usize)
            .map(|i| CStr::from_ptr(*(*trigger).tgargs.add(i)).to_string_lossy().into_owned())
            .collect()
    }
}
