//! Throttling, as AWS does it: a bucket of tokens for each account and service, which fills up at a steady rate and
//! from which each request takes one (Amazon EC2 Developer Guide, "Request throttling"; of the other services the
//! answer alone is documented).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::outcome::AwsFault;

/// How often a service may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come in a thousand seconds.
    pub per_thousand_seconds: u64,
    /// Tokens that the bucket holds, and begins with.
    pub burst: u64,
}

/// Services that can be throttled, by their signing names.
pub const THROTTLED: [&str; 7] = ["iam", "sts", "eks", "eks-auth", "ec2", "s3", "cloudtrail"];

/// Millionths of a token.
const TOKEN: u64 = 1_000_000;

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    left: u64,
    at: Timestamp,
}

impl Bucket {
    /// Whether a request goes through now.
    fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.at).as_millis();
        // A clock that was set back begins anew.
        let passed = u64::try_from(passed).unwrap_or(0);
        let full = self.rate.burst.saturating_mul(TOKEN);
        self.left = self.left.saturating_add(passed.saturating_mul(self.rate.per_thousand_seconds)).min(full);
        self.at = now;
        let enough = self.left >= TOKEN;
        if enough {
            self.left -= TOKEN;
        }
        enough
    }
}

/// The buckets of an account, by service.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Mutex<BTreeMap<String, Bucket>>);

impl Buckets {
    /// Sets how often a service may be asked from now on; without a rate, as often as one likes.
    pub(crate) fn set(&self, service: &str, rate: Option<Rate>, now: Timestamp) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rate) = rate {
            let bucket = Bucket { rate, left: rate.burst.saturating_mul(TOKEN), at: now };
            buckets.insert(service.to_owned(), bucket);
        } else {
            buckets.remove(service);
        }
    }

    /// Takes a token of a service; its refusal, if there is none.
    pub(crate) fn take(&self, service: &str, now: Timestamp) -> Result<(), AwsFault> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = buckets.get_mut(service).is_none_or(|bucket| bucket.take(now));
        if granted { Ok(()) } else { Err(refused(service)) }
    }
}

/// What a service says when it is asked too often. EC2's and S3's code, status and words are documented (EC2 and S3 API
/// references, "Error codes"), of EKS, EKS Auth and CloudTrail code and status (their API references); `Throttling` and
/// the words "Rate exceeded" are reported of IAM and STS, and the words of EKS and CloudTrail are taken from them.
fn refused(service: &str) -> AwsFault {
    match service {
        "ec2" => AwsFault::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        "s3" => AwsFault::new(503, "SlowDown", "Please reduce your request rate."),
        "eks" | "eks-auth" => AwsFault::new(429, "ThrottlingException", "Rate exceeded"),
        "cloudtrail" => AwsFault::new(400, "ThrottlingException", "Rate exceeded"),
        _ => AwsFault::new(400, "Throttling", "Rate exceeded"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let at = |millis| start + SignedDuration::from_millis(millis);
        let buckets = Buckets::default();
        buckets.set("iam", Some(Rate { per_thousand_seconds: 500, burst: 3 }), start);
        let through = |millis, times: usize| (0..times).filter(|_| buckets.take("iam", at(millis)).is_ok()).count();
        assert_eq!(through(0, 10), 3);
        assert_eq!(through(1_999, 10), 0);
        assert_eq!(through(2_000, 10), 1);
        assert_eq!(through(7_000, 10), 2, "two and a half, of which two are whole");
        assert_eq!(through(8_000, 10), 1, "the other half was not lost");
        assert_eq!(through(1_000_000, 10), 3, "no more than the bucket holds");
        assert_eq!(through(0, 10), 0, "a clock that goes back gives nothing");
        assert_eq!(through(2_000, 10), 1);
        assert!(buckets.take("sts", start).is_ok());
        buckets.set("iam", None, start);
        assert_eq!(through(0, 10), 10);
    }

    #[test]
    fn each_service_has_its_own_words() {
        let said = THROTTLED.map(|service| {
            let fault = refused(service);
            (service, fault.status, fault.code)
        });
        assert_eq!(
            said,
            [
                ("iam", 400, "Throttling"),
                ("sts", 400, "Throttling"),
                ("eks", 429, "ThrottlingException"),
                ("eks-auth", 429, "ThrottlingException"),
                ("ec2", 503, "RequestLimitExceeded"),
                ("s3", 503, "SlowDown"),
                ("cloudtrail", 400, "ThrottlingException"),
            ]
        );
    }
}
