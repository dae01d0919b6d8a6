//! How much CPU time another process has used.

use std::fs;
use std::time::{Duration, Instant};

/// The CPU time of all threads of a process since it began, exact to the scheduler's clock; `None` where the operating
/// system does not say (it is asked in Linux' way). Threads that ended are not counted, and proxies end none.
pub fn used(pid: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        // A thread may end while it is looked at.
        let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) else { continue };
        nanoseconds += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

/// How often to look whether a process has gone quiet.
const LOOK: Duration = Duration::from_millis(50);

/// A process that used less CPU time than this between two looks has nothing left to do.
const QUIET: Duration = Duration::from_micros(1000);

/// No backlog takes longer than this to work off.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a process has worked off what it still had to do, and says how much CPU time it has used then.
pub async fn used_when_quiet(pid: u32) -> Option<Duration> {
    let began = Instant::now();
    let mut before = used(pid)?;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = used(pid)?;
        if now - before < QUIET || began.elapsed() > PATIENCE {
            return Some(now);
        }
        before = now;
    }
}
