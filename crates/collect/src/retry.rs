//! Asking again: the AWS SDKs' standard mode, for AWS and Kubernetes alike.
//!
//! Three attempts, a random part of 1 s, 2 s, … between them, 20 s at most, and a bucket of tokens that all calls
//! share, so that a service in trouble is not asked three times as often (AWS SDKs and Tools Reference Guide, "Retry
//! behavior"; smithy-rs, `StandardRetryStrategy`). Besides, all attempts of a call have [`RETRY_TIMEOUT`] together.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::limits::RETRY_TIMEOUT;

/// Tokens at the start (smithy-rs, `TokenBucket`).
const TOKENS: usize = 500;
/// Tokens that an attempt costs, given back when it succeeds.
const COST: usize = 5;

/// Attempts at a call that a service turns down for coming too often, while something is being changed: a repair that
/// stops half-way is worse than one that takes longer. All of them have [`RETRY_TIMEOUT`] together.
const PATIENT_ATTEMPTS: u32 = 10;

/// Who is told that a call waits, and for how long.
pub(crate) type Teller = Arc<dyn Fn(Duration) + Send + Sync>;

/// How often and how soon, for all calls of a client.
#[derive(Clone)]
pub(crate) struct Pace {
    attempts: u32,
    base: Duration,
    most: Duration,
    tokens: Arc<AtomicUsize>,
    /// Attempts at a call that comes too often.
    throttled: Arc<AtomicU32>,
    teller: Arc<OnceLock<Teller>>,
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

impl Pace {
    /// The SDKs' defaults, with so many attempts.
    pub(crate) fn new(attempts: u32) -> Self {
        let (base, most) = (Duration::from_secs(1), Duration::from_secs(20));
        let attempts = attempts.max(1);
        let (tokens, throttled) = (Arc::new(AtomicUsize::new(TOKENS)), Arc::new(AtomicU32::new(attempts)));
        Self { attempts, base, most, tokens, throttled, teller: Arc::default() }
    }

    /// The same for another client, with tokens of its own.
    pub(crate) fn anew(&self) -> Self {
        Self { base: self.base, most: self.most, ..Self::new(self.attempts) }
    }

    /// From now on a call that comes too often waits longer, and says so.
    pub(crate) fn be_patient(&self, teller: Teller) {
        self.throttled.store(PATIENT_ATTEMPTS.max(self.attempts), Ordering::Relaxed);
        let _told_already = self.teller.set(teller);
    }

    /// The first attempt of a call.
    pub(crate) fn begin(&self) -> Attempts<'_> {
        Attempts { pace: self, made: 1, until: Instant::now() + RETRY_TIMEOUT, paid: 0 }
    }

    fn pay(&self) -> bool {
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }
}

/// Why a call is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It may work the next time.
    Passing,
    /// It came too often or too soon.
    Throttled,
}

/// The time until the next attempt, where the service names it, and why there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause(pub(crate) Option<Duration>, pub(crate) Reason);

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
    pub(crate) async fn again(&mut self, Pause(told, reason): Pause) -> bool {
        let wait = told.map_or_else(|| self.backoff(), |told| told.min(self.pace.most));
        let attempts = match reason {
            Reason::Passing => self.pace.attempts,
            Reason::Throttled => self.pace.throttled.load(Ordering::Relaxed),
        };
        if self.made >= attempts || Instant::now() + wait >= self.until || !self.pace.pay() {
            return false;
        }
        self.paid += COST;
        self.made += 1;
        if let (Reason::Throttled, Some(tell)) = (reason, self.pace.teller.get()) {
            tell(wait);
        }
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
        assert!(
            call.again(Pause(None, Reason::Passing)).await
                && start.elapsed() <= Duration::from_secs(1) + Duration::from_millis(2)
        );
        assert!(
            call.again(Pause(None, Reason::Passing)).await
                && start.elapsed() <= Duration::from_secs(3) + Duration::from_millis(2)
        );
        assert!(!call.again(Pause(None, Reason::Passing)).await);
        assert!(!Pace::new(0).begin().again(Pause(None, Reason::Passing)).await, "one attempt is no second one");
    }

    #[tokio::test(start_paused = true)]
    async fn the_services_word_goes_before_and_the_whole_has_its_limit() {
        let pace = Pace::new(9);
        let (mut call, start) = (pace.begin(), Instant::now());
        assert!(call.again(Pause(Some(Duration::from_secs(7)), Reason::Passing)).await);
        assert!(start.elapsed() >= Duration::from_secs(7));
        assert!(
            !call.again(Pause(Some(Duration::from_hours(1)), Reason::Passing)).await,
            "20 s more would be too late"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_in_trouble_is_left_alone() {
        let pace = Pace::new(2);
        let mut again = 0;
        for _ in 0..TOKENS {
            again += usize::from(pace.begin().again(Pause(Some(Duration::ZERO), Reason::Passing)).await);
        }
        assert_eq!(again, TOKENS / COST);
        for _ in 0..COST {
            pace.begin().succeeded();
        }
        assert!(pace.begin().again(Pause(Some(Duration::ZERO), Reason::Passing)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_comes_too_often_waits_longer_while_something_is_changed_and_says_so() {
        let pace = Pace::new(2);
        let throttled = Pause(Some(Duration::from_secs(1)), Reason::Throttled);
        let mut call = pace.begin();
        assert!(call.again(throttled).await && !call.again(throttled).await);
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        pace.be_patient(Arc::new(move |wait| {
            assert_eq!(wait, Duration::from_secs(1));
            count.fetch_add(1, Ordering::Relaxed);
        }));
        let mut call = pace.begin();
        let mut made = 0;
        while call.again(throttled).await {
            made += 1;
        }
        assert_eq!((made, told.load(Ordering::Relaxed)), (9, 9));
        let mut call = pace.begin();
        assert!(call.again(Pause(None, Reason::Passing)).await && !call.again(Pause(None, Reason::Passing)).await);
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
