//! Memory for one row's values on their way into images.

use crate::pg::memory::{InContext, new_context};
use once_cell::unsync::OnceCell;
use pgrx::pg_sys;

thread_local! {
    static CONTEXT: OnceCell<pg_sys::MemoryContext> = const { OnceCell::new() };
}

/// While it lives, what PostgreSQL allocates goes into a context that is emptied on drop.
pub struct RowMemory {
    context: pg_sys::MemoryContext,
    _current: InContext,
}

impl RowMemory {
    /// Enters the backend's row context.
    #[allow(unsafe_code)]
    pub fn enter() -> RowMemory {
        // SAFETY: the context is made once and never deleted.
        unsafe {
            let make = || new_context(pg_sys::TopMemoryContext, c"concord row");
            let context = CONTEXT.with(|context| *context.get_or_init(make));
            RowMemory { context, _current: InContext::enter(context) }
        }
    }

    /// A copy of these bytes.
    #[allow(unsafe_code)]
    pub fn copy(&self, bytes: &[u8]) -> &[u8] {
        // SAFETY: the copy is as long as the source and lives as long as the context's content.
        unsafe {
            let copy = pg_sys::MemoryContextAlloc(self.context, bytes.len().max(1)).cast::<u8>();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
            std::slice::from_raw_parts(copy, bytes.len())
        }
    }
}

impl Drop for RowMemory {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: nothing that lives in the context is reachable any more.
        unsafe { pg_sys::MemoryContextReset(self.context) };
    }
}
