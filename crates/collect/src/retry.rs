//! Asking again: the AWS SDKs' standard mode, for AWS and Kubernetes alike.
//!
//! Three attempts, a random part of 1 s, 2 s, … between them, 20 s at most, and a bucket of tokens that all calls
//! share, so that a service in trouble is not asked three times as often (AWS SDKs and Tools Reference Guide, "Retry
//! behavior"; smithy-rs, `StandardRetryStrategy`). Besides, all attempts of a call have [`RETRY_TIMEOUT`] together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::limits::RETRY_TIMEOUT;

/// Tokens at the start (smithy-rs, `TokenBucket`).
const TOKENS: usize = 500;
/// Tokens that an attempt costs, given back when it succeeds.
const COST: usize = 5;

/// How often and how soon, for all calls of a client.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    attempts: u32,
    base: Duration,
    most: Duration,
    tokens: Arc<AtomicUsize>,
}

impl Pace {
    /// The SDKs' defaults, with so many attempts.
    pub(crate) fn new(attempts: u32) -> Self {
        let (base, most) = (Duration::from_secs(1), Duration::from_secs(20));
        Self { attempts: attempts.max(1), base, most, tokens: Arc::new(AtomicUsize::new(TOKENS)) }
    }

    /// The first attempt of a call.
    pub(crate) fn begin(&self) -> Attempts<'_> {
        Attempts { pace: self, made: 1, until: Instant::now() + RETRY_TIMEOUT, paid: 0 }
    }

    fn pay(&self) -> bool {
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }
}

/// The time until the next attempt, where the service names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause(pub(crate) Option<Duration>);

/// One call's attempts.
#[derive(Debug)]
pub(crate) struct Attempts<'p> {
    pace: &'p Pace,
    made: u32,
    until: Instant,
    paid: usize,
}

impl Attempts<'_> {
    /// Waits until the next attempt, as long as the service said or else as the mode says; false when there is none.
    pub(crate) async fn again(&mut self, Pause(told): Pause) -> bool {
        let wait = told.map_or_else(|| self.backoff(), |told| told.min(self.pace.most));
        if self.made >= self.pace.attempts || Instant::now() + wait >= self.until || !self.pace.pay() {
            return false;
        }
        self.paid += COST;
        self.made += 1;
        tokio::time::sleep(wait).await;
        true
    }

    /// The call succeeded.
    pub(crate) fn succeeded(&self) {
        let back = self.paid.max(1);
        let add = |left: usize| Some(left.saturating_add(back).min(TOKENS));
        let _ = self.pace.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    fn backoff(&self) -> Duration {
        let doubled = self.pace.base.saturating_mul(1_u32.checked_shl(self.made - 1).unwrap_or(u32::MAX));
        doubled.min(self.pace.most).mul_f64(random())
    }
}

/// From 0 to 1. Without a source of randomness everybody waits the whole time, which is safe.
pub(crate) fn random() -> f64 {
    let mut bytes = [0; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

/// How long a service asks to be left alone: `x-amz-retry-after` in milliseconds, else `retry-after` in seconds
/// (RFC 9110, 10.2.3). A date is taken for no answer.
pub(crate) fn told(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("x-amz-retry-after").map(Duration::from_millis).or_else(|| number("retry-after").map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_are_three_attempts_with_growing_pauses() {
        let pace = Pace::new(3);
        let (mut call, start) = (pace.begin(), Instant::now());
        assert!(call.again(Pause(None)).await && start.elapsed() <= Duration::from_secs(1) + Duration::from_millis(2));
        assert!(call.again(Pause(None)).await && start.elapsed() <= Duration::from_secs(3) + Duration::from_millis(2));
        assert!(!call.again(Pause(None)).await);
        assert!(!Pace::new(0).begin().again(Pause(None)).await, "one attempt is no second one");
    }

    #[tokio::test(start_paused = true)]
    async fn the_services_word_goes_before_and_the_whole_has_its_limit() {
        let pace = Pace::new(9);
        let (mut call, start) = (pace.begin(), Instant::now());
        assert!(call.again(Pause(Some(Duration::from_secs(7)))).await);
        assert!(start.elapsed() >= Duration::from_secs(7));
        assert!(!call.again(Pause(Some(Duration::from_hours(1)))).await, "20 s more would be too late");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_in_trouble_is_left_alone() {
        let pace = Pace::new(2);
        let mut again = 0;
        for _ in 0..TOKENS {
            again += usize::from(pace.begin().again(Pause(Some(Duration::ZERO))).await);
        }
        assert_eq!(again, TOKENS / COST);
        for _ in 0..COST {
            pace.begin().succeeded();
        }
        assert!(pace.begin().again(Pause(Some(Duration::ZERO))).await);
    }

    #[test]
    fn both_headers_are_understood() {
        let headers = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))])
        };
        assert_eq!(told(&headers("retry-after", "2")), Some(Duration::from_secs(2)));
        assert_eq!(told(&headers("x-amz-retry-after", "250")), Some(Duration::from_millis(250)));
        assert_eq!(told(&headers("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(told(&HeaderMap::new()), None);
    }
}
