//! When the next record of a transcript is due, where it is played in time. It has no clock: time is what it is told.

use std::time::Duration;

use super::player::Pace;
use crate::wire::Timestamp;

/// Tells when records are due.
#[derive(Debug)]
pub(super) struct Pacer {
    pub pace: Pace,
    /// How much of the recorded time, in seconds, is left until the next record. What was played too late counts
    /// against the next one.
    left: f64,
    /// When the last record was recorded.
    before: Option<Timestamp>,
    /// So many records are due whatever the time is.
    steps: usize,
}

impl Pacer {
    pub fn new(pace: Pace) -> Pacer {
        Pacer { pace, left: 0.0, before: None, steps: 0 }
    }

    /// The next record was recorded at `at`.
    pub fn next(&mut self, at: Timestamp) {
        let pause = self.before.map_or(Duration::ZERO, |before| at.since(before));
        self.left += pause.min(self.pace.max_pause).as_secs_f64();
        self.before = Some(at);
    }

    /// So much time went by.
    pub fn pass(&mut self, elapsed: Duration) {
        if !self.pace.paused && self.before.is_some() {
            self.left -= elapsed.as_secs_f64() * self.pace.speed();
        }
    }

    /// The next record is due, whatever the time is.
    pub fn step(&mut self) {
        self.steps += 1;
    }

    /// How long it is until the next record is due: zero where it is, `Duration::MAX` while nothing moves. Uses up a step.
    pub fn wait(&mut self) -> Duration {
        if self.steps > 0 {
            self.steps -= 1;
            self.left = 0.0;
            return Duration::ZERO;
        }
        match self.pace.paused {
            true => Duration::MAX,
            false => {
                Duration::try_from_secs_f64(self.left.max(0.0) / self.pace.speed()).unwrap_or(Duration::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn pacer(speed: f64) -> Pacer {
        let mut pacer = Pacer::new(Pace { speed, max_pause: Duration::from_secs(2), paused: false });
        pacer.next(Timestamp(5 * SECOND));
        assert_eq!(pacer.wait(), Duration::ZERO, "the first one is due at once");
        pacer
    }

    #[test]
    fn pauses_are_as_recorded_at_the_speed_and_long_ones_are_squeezed() {
        let mut pacer = pacer(2.0);
        pacer.next(Timestamp(6 * SECOND));
        assert_eq!(pacer.wait(), Duration::from_millis(500));
        pacer.pass(Duration::from_millis(600));
        assert_eq!(pacer.wait(), Duration::ZERO);
        pacer.next(Timestamp(7 * SECOND));
        assert_eq!(pacer.wait(), Duration::from_millis(400), "what came too late does not add up");
        pacer.pass(Duration::from_millis(400));
        pacer.next(Timestamp(1000 * SECOND));
        assert_eq!(pacer.wait(), Duration::from_secs(1));
    }

    #[test]
    fn the_speed_can_change_in_the_middle_of_a_pause() {
        let mut pacer = pacer(1.0);
        pacer.next(Timestamp(7 * SECOND));
        pacer.pass(Duration::from_secs(1));
        pacer.pace.speed = 10.0;
        assert_eq!(pacer.wait(), Duration::from_millis(100));
    }

    #[test]
    fn while_paused_only_steps_move() {
        let mut pacer = pacer(1.0);
        pacer.pace.paused = true;
        pacer.next(Timestamp(6 * SECOND));
        pacer.pass(Duration::from_secs(100));
        assert_eq!(pacer.wait(), Duration::MAX);
        pacer.step();
        assert_eq!(pacer.wait(), Duration::ZERO);
        pacer.next(Timestamp(7 * SECOND));
        assert_eq!(pacer.wait(), Duration::MAX);
        pacer.pace.paused = false;
        assert_eq!(pacer.wait(), Duration::from_secs(1));
    }

    #[test]
    fn no_speed_stops_or_breaks_the_playing() {
        for (speed, used) in [(0.0, 0.1), (-3.0, 0.1), (1e9, 1000.0), (f64::NAN, 1.0), (3.0, 3.0)] {
            assert_eq!(Pace { speed, ..Pace::default() }.speed(), used);
        }
    }
}
