//! Session policies and session tags, as requests to STS pass them (STS API reference, `AssumeRole`,
//! `AssumeRoleWithWebIdentity`; IAM User Guide, "Session policies", "Pass session tags in AWS STS").

use std::collections::BTreeMap;

use crate::account::Account;
use crate::language::Keys;
use crate::outcome::AwsFault;
use crate::query::Parameters;
use crate::state::Session;
use crate::tags::{Case, tagged};
use crate::{save, validate};

/// Characters of a session policy (STS API reference).
const LONGEST_POLICY: usize = 2048;
/// Managed session policies (STS API reference).
const MOST_ARNS: usize = 10;
/// What a session without tags and policies fills of the space for both, percent (reported: 24 to 34).
const EMPTY: usize = 25;
/// What a thousand characters of policies fill, percent: fitted to reported sizes, as how STS packs is not documented.
const POLICY: usize = 78;
/// What a thousand characters of tags fill, percent: likewise.
const TAGS: usize = 190;

/// Session policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The document.
    pub(crate) policy: Option<String>,
    /// ARNs of managed ones.
    pub(crate) arns: Vec<String>,
}

impl Passed {
    /// What a request passes, well-formed.
    pub(crate) fn of(form: &Parameters) -> Result<Self, AwsFault> {
        let policy = form.get("Policy").filter(|_| form.get("Policy").is_some());
        if let Some(document) = policy {
            validate::length("Policy", document, 1, LONGEST_POLICY)?;
            save::identity(document)?;
        }
        let arns = form.fields("PolicyArns", "arn");
        if arns.len() > MOST_ARNS {
            let rule = format!("have length less than or equal to {MOST_ARNS}");
            return Err(validate::constraint("policyArns", None, &rule));
        }
        for (at, arn) in arns.iter().enumerate() {
            let member = format!("policyArns.{}.member.arn", at + 1);
            if arn.chars().count() < 20 {
                return Err(validate::constraint(&member, Some(arn), "have length greater than or equal to 20"));
            }
            if !(arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":policy/")) {
                return Err(AwsFault::validation(format!("{arn} is invalid")));
            }
        }
        Ok(Self { policy: policy.map(str::to_owned), arns })
    }

    /// Managed ones must be there, in the account of the role. How STS says that one is not is not documented:
    /// these are own words.
    pub(crate) fn known(&self, owner: &Account) -> Result<(), AwsFault> {
        let state = owner.state();
        let missing = self.arns.iter().find(|arn| !state.policies.contains_key(*arn));
        missing.map_or(Ok(()), |arn| {
            Err(AwsFault::new(
                400,
                "MalformedPolicyDocument",
                format!("Policy {arn} does not exist or is not attachable."),
            ))
        })
    }

    /// How much of the space for policies and tags is filled, percent: `PackedPolicySize`. More than all is refused, in
    /// words that are reported.
    pub(crate) fn packed(&self, tags: &BTreeMap<String, String>) -> Result<usize, AwsFault> {
        let letters = |text: &str| text.chars().count();
        let tags: usize = tags.iter().map(|(key, value)| letters(key) + letters(value)).sum();
        let policies: usize = self.policy.iter().chain(&self.arns).map(|text| letters(text)).sum();
        let (tags, policies) = (EMPTY + tags * TAGS / 1000, policies * POLICY / 1000);
        let large = |text: String| Err(AwsFault::new(400, "PackedPolicyTooLarge", text));
        if tags > 100 {
            return large(format!("Packed size of session tags consumes {tags}% of allotted space."));
        }
        if tags + policies > 100 {
            return large(format!("Packed policy consumes {}% of allotted space", tags + policies));
        }
        Ok(tags + policies)
    }
}

/// Session tags and source identity of an `AssumeRole`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tagging {
    /// Tags of the session to be: those asked for and those that come down from the caller's session.
    pub(crate) tags: BTreeMap<String, String>,
    /// Keys of those that go on.
    pub(crate) transitive: Vec<String>,
    /// Source identity, asked for or come down.
    pub(crate) source_identity: Option<String>,
    asked: BTreeMap<String, String>,
}

fn invalid(text: &str) -> AwsFault {
    AwsFault::new(400, "InvalidParameterValue", text)
}

impl Tagging {
    /// What a request asks for, on top of what the caller's session hands down. The words are reported.
    pub(crate) fn of(form: &Parameters, caller: Option<&Session>) -> Result<Self, AwsFault> {
        let pairs = form.tags();
        let lower: Vec<String> = pairs.iter().map(|(key, _)| key.to_lowercase()).collect();
        if lower.iter().enumerate().any(|(at, key)| lower.iter().take(at).any(|earlier| earlier == key)) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        let asked = tagged(&BTreeMap::new(), &pairs, Case::Ignored)?;
        let down: Vec<String> = caller.map(|session| session.transitive.clone()).unwrap_or_default();
        if down.iter().any(|key| lower.contains(&key.to_lowercase())) {
            return Err(invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.",
            ));
        }
        let mut transitive = form.list("TransitiveTagKeys").unwrap_or_default();
        if transitive.iter().any(|key| !lower.contains(&key.to_lowercase())) {
            return Err(invalid("The specified transitive tag key must be included in the requested tags."));
        }
        let mut tags = asked.clone();
        let inherited = caller.into_iter().flat_map(|session| &session.tags);
        tags.extend(inherited.filter(|(key, _)| down.contains(key)).map(|(key, value)| (key.clone(), value.clone())));
        transitive.extend(down);
        let source_identity = form.get("SourceIdentity").map(str::to_owned);
        if let Some(identity) = &source_identity {
            validate::length("SourceIdentity", identity, 2, 256)?;
            if !validate::is_name(identity) {
                let rule = "satisfy regular expression pattern: [\\w+=,.@-]*";
                return Err(validate::constraint("sourceIdentity", Some(identity), rule));
            }
        }
        let kept = caller.and_then(|session| session.source_identity.clone());
        Ok(Self { tags, transitive, source_identity: source_identity.or(kept), asked })
    }

    /// The condition keys of it.
    pub(crate) fn keys(&self, keys: &mut Keys) {
        for (key, value) in &self.asked {
            keys.insert(format!("aws:requesttag/{}", key.to_ascii_lowercase()), vec![value.clone()]);
        }
        keys.insert("aws:tagkeys".to_owned(), self.asked.keys().cloned().collect());
        keys.insert("sts:transitivetagkeys".to_owned(), self.transitive.clone());
        keys.insert("sts:sourceidentity".to_owned(), self.source_identity.iter().cloned().collect());
    }

    /// Actions that it needs besides `sts:AssumeRole`: what comes down from the caller's session needs them as well
    /// (IAM User Guide, "Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles").
    pub(crate) fn needs(&self) -> Vec<&'static str> {
        let tags = (!self.tags.is_empty()).then_some("sts:TagSession");
        let identity = self.source_identity.is_some().then_some("sts:SetSourceIdentity");
        tags.into_iter().chain(identity).collect()
    }
}
