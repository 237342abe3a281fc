//! At least so long between two dials of one host.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// When each host may be dialled next. Hosts that may be dialled at once are forgotten, so that only
/// those of the last gap are kept.
#[derive(Default)]
pub(super) struct Pace {
    next: HashMap<String, Instant>,
    /// The same hosts with the time to ask whether they may be forgotten, the earliest first.
    order: VecDeque<(Instant, String)>,
}

impl Pace {
    /// The time to wait for; `None` for a host not dialled lately.
    pub(super) fn slot(&mut self, host: &str, gap: Duration, now: Instant) -> Option<Instant> {
        if gap.is_zero() {
            return None;
        }
        self.forget(gap, now);
        if let Some(next) = self.next.get_mut(host) {
            let slot = (*next).max(now);
            *next = slot + gap;
            return (slot > now).then_some(slot);
        }
        self.next.insert(host.to_owned(), now + gap);
        self.order.push_back((now + gap, host.to_owned()));
        None
    }

    fn forget(&mut self, gap: Duration, now: Instant) {
        while self.order.front().is_some_and(|(due, _)| *due <= now)
            && let Some((_, host)) = self.order.pop_front()
        {
            if self.next.get(&host).is_some_and(|next| *next > now) {
                // Dialled again since: asked about again a gap later, so that the order stays one of time.
                self.order.push_back((now + gap, host));
            } else {
                self.next.remove(&host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(10);

    #[test]
    fn dials_of_one_host_are_a_gap_apart_and_others_are_not_held_up() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert_eq!(pace.slot("a", GAP, start), None);
        assert_eq!(pace.slot("a", GAP, start), Some(start + GAP));
        assert_eq!(pace.slot("b", GAP, start), None);
        assert_eq!(pace.slot("a", GAP, start), Some(start + GAP * 2));
        // Half a gap later the host is still booked until three gaps after the start.
        assert_eq!(pace.slot("a", GAP, start + GAP / 2), Some(start + GAP * 3));
        assert_eq!(pace.slot("a", GAP, start + GAP * 4), None);
    }

    #[test]
    fn only_hosts_of_the_last_gap_are_kept() {
        let mut pace = Pace::default();
        let start = Instant::now();
        for n in 0..10_000_u32 {
            let now = start + Duration::from_millis(1) * n;
            assert_eq!(pace.slot(&format!("h{n}"), GAP, now), None);
            pace.slot("often", GAP, now);
            assert!(pace.next.len() <= 12 && pace.order.len() <= 12, "{}", pace.next.len());
        }
        // One dialled more often than it may be is booked ever further, and kept.
        assert!(pace.slot("often", GAP, start + Duration::from_secs(10)).is_some());
    }
}
