//! Memory contexts and tuple slots.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::CStr;

/// A memory context below `parent`, with PostgreSQL's default sizes.
///
/// # Safety
/// `parent` is a live context.
pub unsafe fn new_context(
    parent: pg_sys::MemoryContext,
    name: &'static CStr,
) -> pg_sys::MemoryContext {
    // SAFETY: the name is static, as PostgreSQL asks for.
    unsafe {
        pg_sys::AllocSetContextCreateInternal(
            parent,
            name.as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        )
    }
}

/// While it lives, `context` is the current one. Restored on drop, also while unwinding.
pub struct InContext {
    previous: pg_sys::MemoryContext,
}

impl InContext {
    /// Switches to `context`.
    ///
    /// # Safety
    /// The context outlives the guard.
    pub unsafe fn enter(context: pg_sys::MemoryContext) -> InContext {
        // SAFETY: by the caller's promise.
        InContext { previous: unsafe { pg_sys::MemoryContextSwitchTo(context) } }
    }
}

impl Drop for InContext {
    fn drop(&mut self) {
        // SAFETY: the previous context was current and is the caller's.
        unsafe { pg_sys::MemoryContextSwitchTo(self.previous) };
    }
}

/// Makes a slot independent of what it was stored from (`ExecMaterializeSlot`).
///
/// # Safety
/// The slot holds a row whose values are valid now.
pub unsafe fn materialize(slot: *mut pg_sys::TupleTableSlot) {
    // SAFETY: every slot type has this callback; it is PostgreSQL's and may raise.
    unsafe {
        if let Some(materialize) = (*(*slot).tts_ops).materialize {
            pg_sys::submodules::ffi::pg_guard_ffi_boundary(|| materialize(slot));
        }
    }
}

/// Empties a slot (`ExecClearTuple`).
///
/// # Safety
/// The slot is live.
pub unsafe fn clear(slot: *mut pg_sys::TupleTableSlot) {
    // SAFETY: as in `materialize`.
    unsafe {
        if let Some(clear) = (*(*slot).tts_ops).clear {
            pg_sys::submodules::ffi::pg_guard_ffi_boundary(|| clear(slot));
        }
    }
}
