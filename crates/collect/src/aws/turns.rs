//! How many look-ups in `CloudTrail` are made at the same time, and how soon after each other.

use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Look-ups at the same time, and between two of them once `CloudTrail` has refused one: it takes two a second for each
/// account and region (`CloudTrail` API reference, `LookupEvents`).
const AT_ONCE: usize = 2;
const BETWEEN: Duration = Duration::from_millis(500);

/// The turns in which look-ups are made.
#[derive(Debug)]
pub(super) struct Turns {
    at_once: Semaphore,
    /// When the next is made, once one was refused for coming too soon.
    next: Mutex<Option<Instant>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { at_once: Semaphore::new(AT_ONCE), next: Mutex::new(None) }
    }
}

impl Turns {
    /// Waits for a turn.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.at_once.acquire().await.ok();
        let mut next = self.next.lock().await;
        if let Some(at) = *next {
            tokio::time::sleep_until(at).await;
            *next = Some(Instant::now() + BETWEEN);
        }
        permit
    }

    /// One was refused for coming too soon: from now on they keep their distance.
    pub(super) async fn slow_down(&self) {
        self.next.lock().await.get_or_insert_with(|| Instant::now() + BETWEEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn look_ups_keep_their_distance_once_one_was_refused() {
        let (turns, start) = (Turns::default(), Instant::now());
        for _ in 0..10 {
            drop(turns.turn().await);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        turns.slow_down().await;
        for _ in 0..4 {
            drop(turns.turn().await);
        }
        assert!(start.elapsed() >= BETWEEN * 4, "{:?}", start.elapsed());
    }
}
