//! The wall clock, and whether it jumps: against the monotonic clock, which nobody sets.

use crate::pg::shmem::Shared;
use std::sync::atomic::Ordering;

/// A change of the distance between wall and monotonic clock above this is a jump, not slewing.
const JUMP_MS: i64 = 1000;

/// Milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> i64 {
    read_ms(libc::CLOCK_REALTIME)
}

/// Milliseconds since 1970-01-01 UTC; counts a jump since the last look of any backend.
pub fn look(shared: &Shared) -> i64 {
    let wall = now_ms();
    let offset = wall - read_ms(libc::CLOCK_MONOTONIC);
    let before = shared.wall_offset.load(Ordering::Relaxed);
    if before == i64::MIN || (offset - before).abs() > JUMP_MS {
        note(shared, before, offset);
    }
    wall
}

fn note(shared: &Shared, before: i64, offset: i64) {
    let won = shared
        .wall_offset
        .compare_exchange(before, offset, Ordering::Relaxed, Ordering::Relaxed)
        .is_ok();
    // One backend counts the jump; the first look of all has nothing to compare with.
    if won && before != i64::MIN {
        let counter = if offset < before { &shared.backward_jumps } else { &shared.forward_jumps };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[allow(unsafe_code)]
fn read_ms(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local; both clocks exist on every platform PostgreSQL 15 runs on.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}
