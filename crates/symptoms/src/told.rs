//! What one record tells, a record of `CloudTrail` too.

use crate::cloudtrail::{Outcome, TrailEvent, TrailRecord};
use crate::failure::Failure;
use crate::judge::symptom_of;
use crate::mention::Mention;
use crate::success::{Success, SuccessKind};
use crate::symptom::Symptom;
use crate::text::{endpoint, times};

/// All that one record tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Failures, most telling first.
    pub failures: Vec<Failure>,
    /// Words of failures that are only quoted, and do not tell that any happened.
    pub mentions: Vec<Mention>,
    /// An exchange, or a call with its credentials, that succeeded.
    pub success: Option<Success>,
    /// A record of `CloudTrail` about web identity, which tells more than its failure.
    pub trail: Option<TrailRecord>,
    /// Whether a program began here.
    pub start: bool,
    /// Words about AWS's credentials, tokens or STS that tell of trouble and that no wording matches: redacted, on one
    /// line, cut to a bounded length.
    pub unclear: Option<String>,
    /// When the record was written, UTC in ISO 8601.
    pub ts: Option<String>,
}

impl Told {
    /// Gives the time at which a runtime kept the record (UTC in ISO 8601) to what tells no time of its own.
    pub fn at(&mut self, kept: &str) {
        let failures = self.failures.iter_mut().map(|failure| &mut failure.ts);
        let success = self.success.iter_mut().map(|success| &mut success.ts);
        for ts in failures.chain(success).chain([&mut self.ts]) {
            ts.get_or_insert_with(|| kept.to_owned());
        }
    }
}

impl TrailRecord {
    /// What it tells in the words of a log: the failure, if the call was refused, or the success of an exchange.
    pub fn told(self) -> Told {
        let failures = self.failure().into_iter().collect();
        let success = (self.event.is_exchange() && self.outcome == Outcome::Succeeded).then(|| Success {
            kind: if self.event == TrailEvent::AssumeRoleForPodIdentity {
                SuccessKind::PodIdentity
            } else {
                SuccessKind::Exchange
            },
            message: format!("CloudTrail: {} succeeded", self.name),
            role_arn: self.role_arn.clone(),
            principal_arn: None,
            subject: self.subject.clone(),
            audience: self.audience.clone(),
            region: self.region.clone(),
            ts: self.at.clone(),
            sdk: None,
        });
        let ts = self.at.clone();
        Told { failures, success, trail: Some(self), ts, ..Told::default() }
    }

    /// The failure that a refused exchange or a refused action is.
    fn failure(&self) -> Option<Failure> {
        let code = self.error_code.as_deref()?;
        let words = self.error_message.as_deref().unwrap_or_default();
        let said = format!("An error occurred ({code}) when calling the {} operation: {words}", self.name);
        let symptom = symptom_of(&said).or_else(|| {
            self.event.is_exchange().then_some(if self.event == TrailEvent::AssumeRoleForPodIdentity {
                Symptom::PodIdentityAgentError
            } else {
                Symptom::WebIdentityOther
            })
        })?;
        let mut failure = Failure::new(symptom, format!("CloudTrail: {} was refused: {code}: {words}", self.name));
        failure.sts_code = Some(code.to_owned());
        failure.role_arn = self.role_arn.clone().filter(|arn| arn.starts_with("arn:"));
        failure.caller_arn.clone_from(&self.actor_arn);
        failure.subject.clone_from(&self.subject);
        failure.audience.clone_from(&self.audience);
        failure.region.clone_from(&self.region);
        failure.host.clone_from(&self.host);
        failure.request_id.clone_from(&self.request_id);
        failure.ts.clone_from(&self.at);
        failure.times = times::times(words);
        let arn = failure.role_arn.as_deref().or(self.actor_arn.as_deref());
        failure.partition = endpoint::partition(arn, self.host.as_deref());
        let issuer = self.issuer.as_deref();
        failure.provider = issuer.filter(|i| i.starts_with("arn:")).map(str::to_owned);
        failure.issuer = issuer.and_then(|i| i.split_once(":oidc-provider/")).map(|(_, url)| format!("https://{url}"));
        failure.denied_action = (self.event == TrailEvent::Other).then(|| self.name.clone());
        Some(failure)
    }
}
