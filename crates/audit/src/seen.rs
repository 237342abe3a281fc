//! Identities that were seen to use roles: events of `CloudTrail` in files, as it delivers them, as `lookup-events`
//! answers, or one a line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use trustwalk_symptoms::{Outcome, TrailEvent, TrailRecord};

use crate::limits;

/// Who was seen: provider, audience and subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identified {
    /// The provider: an ARN, or the name of a built-in one.
    pub provider: String,
    /// The audience, where the record tells.
    pub audience: Option<String>,
    /// The subject.
    pub subject: String,
}

/// Everybody who was seen, by role's ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    by_role: BTreeMap<String, BTreeSet<Identified>>,
    /// Roles of which more identities were seen than are kept.
    crowded: BTreeSet<String>,
    /// Exchanges that succeeded.
    exchanges: u64,
    /// Records of exchanges that say too little.
    unclear: u64,
}

#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow, rename = "Records")]
    records: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "Events")]
    events: Option<Vec<&'a RawValue>>,
}

impl Seen {
    /// Reads one file's text.
    ///
    /// # Errors
    /// What is wrong with the text, when it is no JSON from some place on.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value.map_err(|e| format!("it is no JSON: {e}"))?;
            self.value(value, 0);
        }
        Ok(())
    }

    fn value(&mut self, value: &RawValue, depth: usize) {
        if value.get().starts_with('[') {
            if let (0, Ok(all)) = (depth, serde_json::from_str::<Vec<&RawValue>>(value.get())) {
                for one in all {
                    self.value(one, 1);
                }
            }
            return;
        }
        if let Ok(Delivery { records, events }) = serde_json::from_str::<Delivery<'_>>(value.get())
            && (records.is_some() || events.is_some())
        {
            records.into_iter().chain(events).flatten().for_each(|one| self.record(one.get()));
            return;
        }
        self.record(value.get());
    }

    fn record(&mut self, text: &str) {
        let Some(record) = TrailRecord::read(text.as_bytes()) else { return };
        if record.event != TrailEvent::AssumeRoleWithWebIdentity || record.outcome != Outcome::Succeeded {
            return;
        }
        self.exchanges += 1;
        let provider = record.issuer.or(record.provider);
        let (Some(role), Some(provider), Some(subject)) = (record.role_arn, provider, record.subject) else {
            self.unclear += 1;
            return;
        };
        let subject = subject.as_str().to_owned();
        let all = self.by_role.entry(role.clone()).or_default();
        if all.len() < limits::SEEN_OF_A_ROLE {
            all.insert(Identified { provider, audience: record.audience, subject });
        } else {
            self.crowded.insert(role);
        }
    }

    /// Who was seen to use a role.
    pub fn of(&self, role: &str) -> impl Iterator<Item = &Identified> {
        self.by_role.get(role).into_iter().flatten()
    }

    /// Whether a role has more identities than are kept.
    pub fn is_crowded(&self, role: &str) -> bool {
        self.crowded.contains(role)
    }

    /// Exchanges that succeeded, and how many of them say too little to be used.
    pub fn counts(&self) -> (u64, u64) {
        (self.exchanges, self.unclear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"eventSource":"sts.amazonaws.com","eventName":"AssumeRoleWithWebIdentity",
        "userIdentity":{"type":"WebIdentityUser",
        "principalId":"arn:aws:iam::111122223333:oidc-provider/i.example:aud:sub-1",
        "userName":"sub-1","identityProvider":"arn:aws:iam::111122223333:oidc-provider/i.example"},
        "requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/r"}}"#;

    #[test]
    fn events_are_read_in_every_form_and_refusals_are_not() {
        let inner = serde_json::json!({"CloudTrailEvent": EVENT}).to_string();
        let refused = EVENT.replacen('{', r#"{"errorCode":"AccessDenied","#, 1).replace("sub-1", "sub-2");
        for text in [
            EVENT.to_owned(),
            format!("{{\"Records\":[{EVENT},{refused}]}}"),
            format!("{{\"Events\":[{inner}]}}"),
            format!("[{EVENT}]"),
            format!("{}\n{refused}", EVENT.replace('\n', " ")),
        ] {
            let mut seen = Seen::default();
            seen.read(&text).unwrap();
            let all: Vec<_> = seen.of("arn:aws:iam::111122223333:role/r").collect();
            assert_eq!(all.len(), 1, "{text}");
            assert_eq!((all[0].subject.as_str(), all[0].audience.as_deref()), ("sub-1", Some("aud")));
        }
        assert!(Seen::default().read("{").is_err());
    }
}
