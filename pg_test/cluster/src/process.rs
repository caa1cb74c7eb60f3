//! Single processes, always by their id.

use crate::place::run;
use crate::wait::eventually;
use std::fs;
use std::process::Command;

/// Kills one process with signal 9 and waits until it is gone.
pub fn kill(pid: i32) {
    run(Command::new("kill").args(["-9", &pid.to_string()]));
    eventually("a killed process goes", || is_gone(pid).then_some(()));
}

/// Whether a process has ended; nobody may have waited for it yet.
fn is_gone(pid: i32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(_) => true,
        // The state follows the name, which stands in parentheses and may contain any.
        Ok(stat) => stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])),
    }
}

/// The most memory that a process ever had resident, shared memory included, in kilobytes.
pub fn peak_memory_kb(pid: i32) -> i64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("has VmHWM");
    line.trim().trim_end_matches(" kB").parse().expect("is a number")
}

/// Lets no file that the process writes grow beyond `bytes`: writing there fails like a full disk.
/// `None` lifts the limit.
pub fn limit_file_size(pid: i32, bytes: Option<i64>) {
    let limit = bytes.map_or("unlimited".into(), |bytes| bytes.to_string());
    // The soft limit alone, or it could not be lifted again.
    run(Command::new("prlimit").args([format!("--pid={pid}"), format!("--fsize={limit}:")]));
}
