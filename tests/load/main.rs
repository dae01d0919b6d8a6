//! Under load, through the real binary: all bytes arrive, in order, memory stays bounded, and the transcript has them all.
//!
//! The sizes are small unless `WIREWALK_LOAD=full` is set.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checked;
mod connections;
mod echo;
mod frame;
mod killed;
mod memory;
mod process;
mod slow_reader;
mod vanishing;
mod volume;
mod websocket;
mod wirewalk;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// The full size or the small one.
fn size(full: usize, small: usize) -> usize {
    if std::env::var("WIREWALK_LOAD").is_ok_and(|load| load == "full") { full } else { small }
}

/// Fails a test that takes too long, instead of letting it hang.
async fn within<T>(seconds: u64, what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(seconds), what).await.expect("it hangs")
}

/// Looks again and again until something holds; fails when it does not within a minute.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
