//! Whether this machine's clock agrees with those of the servers that judge tokens and certificates.

use serde::{Deserialize, Serialize};

use super::{Evidence, TokenSource};

/// Seconds by which a server's clock may differ from ours before it counts: a walk takes a while, and STS itself
/// forgives 300 (IAM User Guide, OIDC providers).
pub const CLOCK_TOLERANCE: i64 = 120;

/// A number of seconds in the year 5138, and of milliseconds in 1973: what is larger is no number of seconds.
pub const LAST_SECOND: i64 = 100_000_000_000;

/// What a server said the time is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Clock {
    /// The server asked.
    pub server: String,
    /// Its time minus ours, in seconds.
    pub ahead: i64,
}

impl Clock {
    /// How far off this machine's clock is, in words; `None` within the tolerance.
    pub fn words(&self) -> Option<String> {
        let off = self.ahead.unsigned_abs();
        let way = if self.ahead > 0 { "behind" } else { "ahead of" };
        (off > CLOCK_TOLERANCE.unsigned_abs())
            .then(|| format!("this machine's clock is {} minutes {way} that of {}", off.div_ceil(60), self.server))
    }
}

impl Evidence {
    /// The best witness of the time besides this machine: AWS, which judges; else the cluster, by a token it has just
    /// minted; else the issuer.
    pub fn time_told(&self) -> Option<Clock> {
        let minted = || {
            let token = self.token.known().filter(|t| t.source == TokenSource::Cluster)?;
            let iat = token.iat.filter(|iat| *iat <= LAST_SECOND)?;
            Some(Clock { server: "the cluster".to_owned(), ahead: iat.checked_sub(self.now)? })
        };
        let issuer = || {
            let fetched = &self.discovery.known()?.fetched;
            Some(Clock { server: fetched.url.clone(), ahead: fetched.ahead? })
        };
        self.clock.known().cloned().or_else(minted).or_else(issuer)
    }

    /// How far off this machine's clock is, in words.
    pub fn clock_off(&self) -> Option<String> {
        self.time_told()?.words()
    }

    /// The same evidence by the servers' clock, where this machine's is off.
    pub fn by_servers_clock(&self) -> Option<Self> {
        let told = self.time_told().filter(|c| c.words().is_some())?;
        let mut corrected = self.clone();
        corrected.now = self.now.saturating_add(told.ahead);
        // What was measured against our clock has been allowed for; that it was off is still to be told.
        Some(corrected)
    }
}
