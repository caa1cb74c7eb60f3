//! The launcher: knows which databases there are, and when each is due.

use crate::error::{OrRaise, Result};
use crate::node::tick::in_background;
use crate::pg::function::guard;
use crate::pg::relation::Open;
use crate::pg::scan::each_row;
use crate::pg::shmem::{Guarded, preloaded, shared};
use crate::settings;
use pgrx::bgworkers::{
    BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, DynamicBackgroundWorker,
    SignalWakeFlags,
};
use pgrx::{FromDatum, IntoDatum, pg_sys};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const LIBRARY: &str = "concord";
/// A worker that was called for again waits this long: it may have failed, and will again.
const PAUSE: Duration = Duration::from_secs(1);
/// Time between two looks for new databases, and the longest sleep.
const NAP: Duration = Duration::from_secs(10);

/// Asks the postmaster for the launcher. Called from `_PG_init` while the library is preloaded.
pub fn register() {
    if !preloaded() {
        return;
    }
    BackgroundWorkerBuilder::new("concord launcher")
        .set_type("concord launcher")
        .set_library(LIBRARY)
        .set_function("concord_launcher")
        .enable_spi_access()
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(Some(Duration::from_secs(5)))
        .load();
}

/// A database as the launcher knows it.
#[derive(Default)]
struct Known {
    last: Option<Instant>,
    worker: Option<DynamicBackgroundWorker>,
}

impl Known {
    fn is_running(&self) -> bool {
        use pgrx::bgworkers::BackgroundWorkerStatus::{NotYetStarted, Started};
        match self.worker.as_ref().map(DynamicBackgroundWorker::pid) {
            None => false,
            Some(Ok(_)) => true,
            Some(Err(status)) => matches!(status, Started | NotYetStarted),
        }
    }
}

/// Entry point of the launcher.
///
/// # Safety
/// To be called by PostgreSQL only.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C-unwind" fn concord_launcher(_argument: pg_sys::Datum) {
    // SAFETY: the outermost Rust frame of this process.
    unsafe { guard(|| launch().or_raise()) }
}

#[allow(unsafe_code)]
fn launch() -> Result<()> {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    BackgroundWorker::connect_worker_to_spi(None, None);
    // SAFETY: the process's own latch, in shared memory.
    shared()?.launcher.store(unsafe { pg_sys::MyLatch }, Ordering::SeqCst);
    let mut known: HashMap<pg_sys::Oid, Known> = HashMap::new();
    let mut listed: Option<Instant> = None;
    loop {
        if BackgroundWorker::sighup_received() {
            // SAFETY: re-reads the configuration, as every process does on SIGHUP.
            unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
        }
        if listed.is_none_or(|at| at.elapsed() >= NAP) || has_new_slot(&known)? {
            list_databases(&mut known)?;
            listed = Some(Instant::now());
        }
        let due = due_databases(&mut known)?;
        for (database, known) in &mut known {
            let first = known.last.is_none();
            if (first || due.contains(database)) && !known.is_running() {
                start_worker(*database, known)?;
            }
        }
        if !BackgroundWorker::wait_latch(Some(next_wait(&known)?)) {
            shared()?.launcher.store(std::ptr::null_mut(), Ordering::SeqCst);
            // With 0 the postmaster would not start it again.
            // SAFETY: ends the process in PostgreSQL's own way.
            unsafe { pg_sys::proc_exit(1) };
        }
    }
}

/// Whether a database that is not known yet has got a slot.
fn has_new_slot(known: &HashMap<pg_sys::Oid, Known>) -> Result<bool> {
    Ok(Guarded::lock()?
        .slots()
        .iter()
        .any(|slot| slot.database != pg_sys::Oid::INVALID && !known.contains_key(&slot.database)))
}

/// Sleeps short while a worker runs, or has been called for and must not start yet.
fn next_wait(known: &HashMap<pg_sys::Oid, Known>) -> Result<Duration> {
    let called_for = Guarded::lock()?.slots().iter().any(|slot| slot.wake);
    let interval = Duration::from_secs(settings::heartbeat_interval_s().unsigned_abs().into());
    Ok(match called_for || known.values().any(Known::is_running) {
        true => Duration::from_millis(100),
        false => NAP.min(interval),
    })
}

/// Databases with a slot that asked to be looked at, or whose heartbeat is due.
fn due_databases(known: &mut HashMap<pg_sys::Oid, Known>) -> Result<Vec<pg_sys::Oid>> {
    let interval = Duration::from_secs(settings::heartbeat_interval_s().unsigned_abs().into());
    // A copy: nothing else may be asked of PostgreSQL while the lock is held.
    let slots = *Guarded::lock()?.slots();
    let mut due = Vec::new();
    for slot in slots.iter() {
        let Some(known) = known.get_mut(&slot.database) else { continue };
        let since = known.last.map_or(Duration::MAX, |at| at.elapsed());
        if (since >= interval || slot.wake && since >= PAUSE) && !known.is_running() {
            due.push(slot.database);
        }
    }
    for slot in Guarded::lock()?.slots().iter_mut().filter(|slot| due.contains(&slot.database)) {
        slot.wake = false;
    }
    Ok(due)
}

/// Brings `known` up to date with `pg_database`, and frees the slots of databases that are gone.
fn list_databases(known: &mut HashMap<pg_sys::Oid, Known>) -> Result<()> {
    // Slots are read first: one that is there now and whose database is not listed has lost it.
    let slots = *Guarded::lock()?.slots();
    let databases = read_databases()?;
    known.retain(|database, _| databases.contains_key(database));
    for (database, _) in databases.iter().filter(|(_, connectable)| **connectable) {
        known.entry(*database).or_default();
    }
    Guarded::lock()?.forget_ticks(|database| !databases.contains_key(&database));
    for gone in slots.iter().filter(|slot| !databases.contains_key(&slot.database)) {
        if let Some(slot) = Guarded::lock()?.slot(gone.database) {
            slot.database = pg_sys::Oid::INVALID;
        }
    }
    Ok(())
}

/// All databases, and whether a worker should be sent there.
#[allow(unsafe_code)]
fn read_databases() -> Result<HashMap<pg_sys::Oid, bool>> {
    let mut databases = HashMap::new();
    // SAFETY: a scan of a shared catalog in a transaction of its own, as the autovacuum launcher does
    // (get_database_list, src/backend/postmaster/autovacuum.c).
    unsafe {
        pg_sys::StartTransactionCommand();
        let open = Open::briefly(pg_sys::DatabaseRelationId);
        each_row(open.as_ptr(), |tuple| {
            let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_database>();
            databases.insert(form.oid, form.datallowconn && !form.datistemplate);
            Ok(())
        })?;
        drop(open);
        pg_sys::CommitTransactionCommand();
    }
    Ok(databases)
}

#[allow(unsafe_code)]
fn start_worker(database: pg_sys::Oid, known: &mut Known) -> Result<()> {
    let started = BackgroundWorkerBuilder::new("concord worker")
        .set_type("concord worker")
        .set_library(LIBRARY)
        .set_function("concord_worker")
        .set_argument(database.into_datum())
        .enable_spi_access()
        // SAFETY: set once when the process starts.
        .set_notify_pid(unsafe { pg_sys::MyProcPid })
        .load_dynamic();
    match started {
        Ok(worker) => {
            known.worker = Some(worker);
            known.last = Some(Instant::now());
        }
        // All places for workers are taken: try again after the next nap.
        Err(_) => {
            if let Some(slot) = Guarded::lock()?.slot(database) {
                slot.wake = true;
            }
        }
    }
    Ok(())
}

/// Entry point of a worker: one tick in the database that its argument names.
///
/// # Safety
/// To be called by PostgreSQL only.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C-unwind" fn concord_worker(argument: pg_sys::Datum) {
    // SAFETY: the outermost Rust frame of this process; the argument is the one set above.
    unsafe {
        guard(|| {
            BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGTERM);
            let database = pg_sys::Oid::from_datum(argument, false);
            BackgroundWorker::connect_worker_to_spi_by_oid(database, None);
            // Whatever the database's defaults are: a tick reads what is committed, and writes.
            pg_sys::DefaultXactIsoLevel = pg_sys::XACT_READ_COMMITTED as i32;
            pg_sys::DefaultXactReadOnly = false;
            in_background().or_raise();
        });
    }
}
