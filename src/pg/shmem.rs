//! The state that all backends of a cluster share: the clock, one slot per database with concord,
//! and which numbers are in flight.
//!
//! Counters that stand alone are atomics; slots and in-flight numbers are guarded by one lightweight
//! lock, held for a few instructions and never across SPI, I/O or a wait.

#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::pg::compat;
use pgrx::{pg_guard, pg_sys};
use std::cell::Cell;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU64, Ordering};

/// Databases with concord in one cluster.
pub const MAX_DATABASES: usize = 256;

/// Bytes of an error that are kept.
const ERROR_SIZE: usize = 240;

const NAME: &CStr = c"concord";

/// What the cluster knows of one database: filled when a backend first needs its identity.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slot {
    /// The database; `InvalidOid` in a free slot.
    pub database: pg_sys::Oid,
    /// `concord.change_events` there: another one means that the extension was made anew.
    pub log: pg_sys::Oid,
    /// The node's ULID.
    pub node_id: [u8; 16],
    /// Highest number given out.
    pub issued: i64,
    /// The highest HLC that this database's log has: its next one is greater, even when another
    /// database of the server had the common clock set back.
    pub last_hlc: u64,
    /// Every number up to here is known to be in the log.
    pub contiguous: i64,
    /// A number may have died after it was given out.
    pub holes: bool,
    /// A worker should look at this database now.
    pub wake: bool,
    /// `concord.identity` was written by somebody else, as a restore does: look at it again.
    pub recheck: bool,
}

/// How many ticks of a database have failed in a row, and with what. Kept apart from its slot, which a database
/// that cannot be attached to does not get.
#[repr(C)]
#[derive(Clone, Copy)]
struct Ticks {
    database: pg_sys::Oid,
    failures: i32,
    length: usize,
    error: [u8; ERROR_SIZE],
}

/// Numbers that a backend has taken and not yet committed or lost.
#[repr(C)]
#[derive(Clone, Copy)]
struct InFlight {
    database: pg_sys::Oid,
    first: i64,
}

/// The fixed part of the shared state.
#[repr(C)]
pub struct Shared {
    /// The last HLC given out or taken in.
    pub clock: AtomicU64,
    /// Wall clock minus monotonic clock in ms, as last seen; `i64::MIN` before the first look.
    pub wall_offset: AtomicI64,
    /// Times that the wall clock was seen to jump backward.
    pub backward_jumps: AtomicU64,
    /// Times that the wall clock was seen to jump forward.
    pub forward_jumps: AtomicU64,
    /// The launcher's latch; null without one.
    pub launcher: AtomicPtr<pg_sys::Latch>,
    lock: *mut pg_sys::LWLock,
    backends: usize,
    slots: [Slot; MAX_DATABASES],
    ticks: [Ticks; MAX_DATABASES],
}

static PRELOADED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static STATE: Cell<*mut Shared> = const { Cell::new(std::ptr::null_mut()) };
}

static mut PREVIOUS_REQUEST: Option<unsafe extern "C-unwind" fn()> = None;
static mut PREVIOUS_STARTUP: Option<unsafe extern "C-unwind" fn()> = None;

/// Asks for shared memory. Called from `_PG_init`; does nothing unless the library is being
/// preloaded.
pub fn install_hooks() {
    // SAFETY: _PG_init runs once, single-threaded.
    unsafe {
        if !pg_sys::process_shared_preload_libraries_in_progress {
            return;
        }
        PREVIOUS_REQUEST = pg_sys::shmem_request_hook;
        pg_sys::shmem_request_hook = Some(on_request);
        PREVIOUS_STARTUP = pg_sys::shmem_startup_hook;
        pg_sys::shmem_startup_hook = Some(on_startup);
    }
    PRELOADED.store(true, Ordering::Relaxed);
}

/// Whether the library was preloaded, so that the shared state exists.
pub fn preloaded() -> bool {
    PRELOADED.load(Ordering::Relaxed)
}

fn backends() -> usize {
    // SAFETY: set by the postmaster before the request hook runs.
    unsafe { pg_sys::MaxBackends as usize }
}

fn size() -> usize {
    size_of::<Shared>() + backends() * size_of::<InFlight>()
}

#[pg_guard]
unsafe extern "C-unwind" fn on_request() {
    // SAFETY: the chain of hooks as PostgreSQL prescribes it.
    unsafe {
        if let Some(previous) = PREVIOUS_REQUEST {
            previous();
        }
        pg_sys::RequestAddinShmemSpace(size());
        pg_sys::RequestNamedLWLockTranche(NAME.as_ptr(), 1);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_startup() {
    // SAFETY: runs in the postmaster alone, before any backend exists.
    unsafe {
        if let Some(previous) = PREVIOUS_STARTUP {
            previous();
        }
        let mut found = false;
        let state = pg_sys::ShmemInitStruct(NAME.as_ptr(), size(), &mut found).cast::<Shared>();
        if !found {
            std::ptr::write_bytes(state.cast::<u8>(), 0, size());
            (*state).wall_offset = AtomicI64::new(i64::MIN);
            (*state).lock = &raw mut (*pg_sys::GetNamedLWLockTranche(NAME.as_ptr())).lock;
            (*state).backends = backends();
        }
        STATE.set(state);
    }
}

/// The shared state; 55000 when the library was not preloaded.
pub fn shared() -> Result<&'static Shared> {
    let state = STATE.get();
    if state.is_null() {
        return Err(Error::wrong_state("concord must be loaded via shared_preload_libraries")
            .detail(
                "Its clock and numbering use shared memory, which is allocated at server start.",
            )
            .hint(
                "Add this line to postgresql.conf and restart the server: \
                 shared_preload_libraries = 'concord'",
            ));
    }
    // SAFETY: set once by the startup hook to memory that lives as long as the process.
    Ok(unsafe { &*state })
}

/// The guarded part, while the lock is held exclusively. PostgreSQL releases the lock on error.
pub struct Guarded {
    state: *mut Shared,
}

impl Guarded {
    /// Takes the lock.
    pub fn lock() -> Result<Guarded> {
        let lock = shared()?.lock;
        // SAFETY: the lock was initialised with the shared state.
        unsafe { pg_sys::LWLockAcquire(lock, pg_sys::LWLockMode::LW_EXCLUSIVE) };
        Ok(Guarded { state: STATE.get() })
    }

    /// All slots, free ones too.
    pub fn slots(&mut self) -> &mut [Slot; MAX_DATABASES] {
        // SAFETY: the exclusive lock is held.
        unsafe { &mut (*self.state).slots }
    }

    /// The slot of `database`.
    pub fn slot(&mut self, database: pg_sys::Oid) -> Option<&mut Slot> {
        self.slots().iter_mut().find(|slot| slot.database == database)
    }

    /// The slot of `database`, or a free one for it; 53400 when all are taken.
    pub fn slot_or_free(&mut self, database: pg_sys::Oid) -> Result<&mut Slot> {
        let slots = self.slots();
        let place = slots
            .iter()
            .position(|slot| slot.database == database)
            .or_else(|| slots.iter().position(|slot| slot.database == pg_sys::Oid::INVALID));
        match place {
            Some(place) => Ok(&mut slots[place]),
            None => Err(Error::new(
                pgrx::PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                format!("more than {MAX_DATABASES} databases of this server use concord"),
            )
            .hint("Slots of dropped databases become free after a few seconds.")),
        }
    }

    fn ticks(&mut self) -> &mut [Ticks; MAX_DATABASES] {
        // SAFETY: the exclusive lock is held.
        unsafe { &mut (*self.state).ticks }
    }

    /// Notes that a tick of `database` has gone well, or failed with `error`. Where all places are taken it is in the
    /// server log alone.
    pub fn note_tick(&mut self, database: pg_sys::Oid, error: Option<&str>) {
        let ticks = self.ticks();
        let place = ticks.iter().position(|ticks| ticks.database == database).or_else(|| {
            error.and(ticks.iter().position(|ticks| ticks.database == pg_sys::Oid::INVALID))
        });
        let Some(ticks) = place.map(|place| &mut ticks[place]) else { return };
        match error {
            None => ticks.database = pg_sys::Oid::INVALID,
            Some(error) => {
                let is_new = ticks.database != database;
                ticks.failures = if is_new { 1 } else { ticks.failures.saturating_add(1) };
                ticks.database = database;
                ticks.length = error.floor_char_boundary(ERROR_SIZE);
                ticks.error[..ticks.length].copy_from_slice(&error.as_bytes()[..ticks.length]);
            }
        }
    }

    /// How many ticks of `database` have failed in a row, and with what the last one did.
    pub fn failed_ticks(&mut self, database: pg_sys::Oid) -> Option<(i32, String)> {
        let ticks = self.ticks().iter().find(|ticks| ticks.database == database)?;
        let error = String::from_utf8_lossy(&ticks.error[..ticks.length]).into_owned();
        Some((ticks.failures, error))
    }

    /// Forgets the ticks of databases that are gone.
    pub fn forget_ticks(&mut self, is_gone: impl Fn(pg_sys::Oid) -> bool) {
        for ticks in self.ticks().iter_mut().filter(|ticks| is_gone(ticks.database)) {
            ticks.database = pg_sys::Oid::INVALID;
        }
    }

    fn in_flight(&mut self) -> &mut [InFlight] {
        // SAFETY: the array follows the fixed part; the exclusive lock is held.
        unsafe {
            let first = self.state.add(1).cast::<InFlight>();
            std::slice::from_raw_parts_mut(first, (*self.state).backends)
        }
    }

    /// Notes that this backend holds numbers of `database` from `first` on.
    pub fn set_in_flight(&mut self, database: pg_sys::Oid, first: i64) {
        let me = compat::my_proc_number();
        if let Some(entry) = self.in_flight().get_mut(me) {
            // The lowest counts, where one transaction takes numbers twice (after `flush`).
            if entry.first == 0 {
                *entry = InFlight { database, first };
            }
        }
    }

    /// Notes that this backend's numbers are committed or lost.
    pub fn clear_in_flight(&mut self) {
        let me = compat::my_proc_number();
        if let Some(entry) = self.in_flight().get_mut(me) {
            *entry = InFlight { database: pg_sys::Oid::INVALID, first: 0 };
        }
    }

    /// The lowest number of `database` that some backend may still commit.
    pub fn lowest_in_flight(&mut self, database: pg_sys::Oid) -> Option<i64> {
        self.in_flight()
            .iter()
            .filter(|entry| entry.first > 0 && entry.database == database)
            .map(|entry| entry.first)
            .min()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the lock is held; while an error unwinds, the abort's LWLockReleaseAll would
        // release it too, but other frames may run before that. An error has set the count of those who hold
        // interrupts off to 0, and whoever releases takes one from it.
        unsafe {
            if pg_sys::LWLockHeldByMe((*self.state).lock) {
                if pg_sys::InterruptHoldoffCount == 0 {
                    pg_sys::InterruptHoldoffCount = 1;
                }
                pg_sys::LWLockRelease((*self.state).lock);
            }
        }
    }
}

/// Makes the launcher look at the slots now.
pub fn wake_launcher() {
    let Ok(shared) = shared() else { return };
    let latch = shared.launcher.load(Ordering::SeqCst);
    if !latch.is_null() {
        // SAFETY: latches of processes live in shared memory and are never freed.
        unsafe { pg_sys::SetLatch(latch) };
    }
}
