//! Whom else a policy admits: strangers of the kinds that people overlook, each with a witness.
//!
//! No texts of patterns are judged: tokens are made up that are like the identity's, or like the values of the
//! policy, but belong to somebody else, and the policy is asked.

mod pattern;

use crate::call::Call;
use crate::claims::Identity;
use crate::document::{Effect, PrincipalKind, Principals};
use crate::exchange::Exchange;
use crate::miss::SubjectForm;
use crate::policy::{Decision, Policy};
use crate::provider::ProviderArn;
use crate::statement::Condition;
use serde::Serialize;
use serde_json::Value;

/// A name that nobody has.
const STRANGER: &str = "trustwalk-stranger";
/// Most subjects of a policy from which strangers are made up: each costs a handful of decisions.
const MAX_SUBJECTS: usize = 32;
/// The issuer of GitHub's tokens, and the beginning of an enterprise's.
const GITHUB: &str = "token.actions.githubusercontent.com";
/// Most patterns of a policy from which they are made up: each costs some dozens.
const MAX_PATTERNS: usize = 16;

/// A kind of identity that a policy admits besides those it was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breadth {
    /// Every provider that is, or will be, registered in the account.
    AnyProvider,
    /// Every token of the issuer, whoever its subject is.
    AnySubject,
    /// Repositories of other owners.
    AnyOwner,
    /// A repository of the same names under other ids: whoever takes the name when it is free.
    NextOwner,
    /// Service accounts of other namespaces.
    AnyNamespace,
    /// Other repositories of the same owner.
    AnyRepository,
    /// Other service accounts of the same namespace.
    AnyServiceAccount,
    /// Every branch, tag and environment of the repository.
    AnyContext,
    /// Jobs of pull requests.
    PullRequests,
    /// Tokens for other audiences, as far as the provider has them registered.
    AnyAudience,
}

impl Breadth {
    /// Whether strangers get in, and not only others of the same owner, namespace or repository.
    pub fn admits_strangers(self) -> bool {
        match self {
            Self::AnyProvider | Self::AnySubject | Self::AnyOwner | Self::NextOwner | Self::AnyNamespace => true,
            Self::AnyRepository
            | Self::AnyServiceAccount
            | Self::AnyContext
            | Self::PullRequests
            | Self::AnyAudience => false,
        }
    }
}

/// A kind of identity that is admitted too, and one of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Wide {
    /// The kind.
    pub breadth: Breadth,
    /// The provider of the witness.
    pub provider: String,
    /// A subject that is admitted.
    pub subject: String,
    /// Its audience, where that is what is open.
    pub audience: Option<String>,
}

impl Policy {
    /// Whom else the policy admits, asked with made-up tokens of the identity's provider; each kind once.
    pub fn breadth(&self, identity: &Identity, call: &Call) -> Vec<Wide> {
        let mut found: Vec<Wide> = Vec::new();
        for (breadth, stranger) in self.strangers(identity) {
            let known = found.iter().any(|w| w.breadth == breadth || (w.breadth.covers(breadth)));
            if !known && self.decide(&Exchange::new(&stranger, call)) == Decision::Allow {
                found.push(Wide {
                    breadth,
                    subject: text(&stranger, "sub").unwrap_or_default(),
                    audience: (breadth == Breadth::AnyAudience).then(|| text(&stranger, "aud")).flatten(),
                    provider: stranger.provider_arn,
                });
            }
        }
        found.sort_by_key(|w| w.breadth);
        found
    }

    fn strangers(&self, identity: &Identity) -> Vec<(Breadth, Identity)> {
        let with = |subject: String| identity.clone().with_claim("sub", subject);
        let mut all = vec![(Breadth::AnySubject, with(STRANGER.to_owned()))];
        if let Some(arn) = ProviderArn::parse(&identity.provider_arn) {
            let other = format!("arn:{}:iam::{}:oidc-provider/{STRANGER}.invalid", arn.partition, arn.account);
            all.insert(0, (Breadth::AnyProvider, Identity::new(other).with_claims(identity.claims.clone())));
        }
        let of_policy = self.subjects(identity);
        for subject in text(identity, "sub").into_iter().chain(of_policy) {
            all.extend(like(&subject).into_iter().map(|(breadth, subject)| (breadth, with(subject))));
            all.push((Breadth::AnyAudience, with(subject).with_claim("aud", STRANGER)));
        }
        for pattern in self.patterns(identity) {
            let github = identity.issuer_path.starts_with(GITHUB);
            all.extend(
                pattern::members(&pattern, github).into_iter().map(|(breadth, subject)| (breadth, with(subject))),
            );
        }
        // The widest first: what it covers is not said again.
        all.sort_by_key(|(breadth, _)| *breadth);
        all
    }

    /// Subjects that the policy speaks of, wildcards filled in.
    fn subjects(&self, identity: &Identity) -> Vec<String> {
        let values = self.subject_values(identity).map(|text| text.replace(['*', '?'], "x"));
        values.take(MAX_SUBJECTS).collect()
    }

    /// Patterns of subjects that the policy speaks of.
    fn patterns(&self, identity: &Identity) -> Vec<String> {
        let values = self.subject_values(identity).filter(|text| text.contains(['*', '?']));
        values.map(str::to_owned).take(MAX_PATTERNS).collect()
    }

    fn subject_values<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a str> {
        let allows = self.statements.iter().filter(|s| s.effect == Some(Effect::Allow));
        let ours = allows.filter(move |s| match s.principal.as_ref().map(|p| &p.principals) {
            Some(Principals::Listed(listed)) => {
                listed.iter().any(|(kind, v)| *kind == PrincipalKind::Federated && *v == identity.provider_arn)
            }
            Some(Principals::Everyone) => true,
            Some(Principals::Unusable(_)) | None => false,
        });
        let conditions = ours.flat_map(|s| &s.conditions).filter(|c| is_positive_subject(c));
        conditions.flat_map(|c| &c.values).map(|v| v.text.as_ref())
    }
}

impl Breadth {
    /// Whether another kind says nothing new once this one is said.
    fn covers(self, other: Self) -> bool {
        match self {
            Self::AnySubject => !matches!(other, Self::AnyProvider | Self::AnyAudience),
            Self::AnyOwner => {
                matches!(other, Self::AnyRepository | Self::AnyContext | Self::PullRequests | Self::NextOwner)
            }
            Self::AnyNamespace => other == Self::AnyServiceAccount,
            Self::AnyRepository => matches!(other, Self::AnyContext | Self::PullRequests),
            Self::AnyContext => other == Self::PullRequests,
            Self::AnyProvider | Self::NextOwner | Self::AnyServiceAccount | Self::PullRequests | Self::AnyAudience => {
                false
            }
        }
    }
}

fn is_positive_subject(condition: &Condition) -> bool {
    condition.is_claim("sub") && condition.operator.is_some_and(|o| !o.negated)
}

/// Strangers that resemble a subject.
fn like(subject: &str) -> Vec<(Breadth, String)> {
    match SubjectForm::of(subject) {
        SubjectForm::ServiceAccount { namespace, name } => vec![
            (Breadth::AnyNamespace, format!("system:serviceaccount:{STRANGER}:{name}")),
            (Breadth::AnyNamespace, format!("system:serviceaccount:{STRANGER}:{STRANGER}")),
            (Breadth::AnyServiceAccount, format!("system:serviceaccount:{namespace}:{STRANGER}")),
        ],
        SubjectForm::Repository { repository, context } => {
            repository_strangers(repository, context.unwrap_or_default())
        }
        SubjectForm::Other => Vec::new(),
    }
}

fn repository_strangers(repository: &str, context: &str) -> Vec<(Breadth, String)> {
    let (owner, name) = repository.split_once('/').unwrap_or((repository, STRANGER));
    let bare = |half: &str| half.split('@').next().unwrap_or(half).to_owned();
    let mut all = Vec::new();
    for context in [context, "ref:refs/heads/main", "environment:production"] {
        let mut add = |breadth, owner: &str, name: &str| all.push((breadth, format!("repo:{owner}/{name}:{context}")));
        for stranger in [STRANGER.to_owned(), format!("{}-{STRANGER}", bare(owner))] {
            add(Breadth::AnyOwner, &stranger, name);
            add(Breadth::AnyOwner, &format!("{stranger}@1"), &format!("{}@2", bare(name)));
        }
        add(Breadth::NextOwner, &format!("{}@1", bare(owner)), &format!("{}@2", bare(name)));
        add(Breadth::AnyRepository, owner, STRANGER);
        add(Breadth::AnyRepository, owner, &format!("{STRANGER}@2"));
    }
    all.push((Breadth::AnyContext, format!("repo:{repository}:ref:refs/heads/{STRANGER}")));
    if context != "pull_request" {
        all.push((Breadth::PullRequests, format!("repo:{repository}:pull_request")));
    }
    all
}

fn text(identity: &Identity, claim: &str) -> Option<String> {
    identity.claims.get(claim).and_then(Value::as_str).map(str::to_owned)
}
