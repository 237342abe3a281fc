//! What a web identity brings to a trust policy: the claims that become condition keys, session tags, and a source
//! identity.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jwt::Jwt;
use crate::language::{Keys, one_or_many};
use crate::outcome::AwsFault;
use crate::trust::Extras;

/// Claim with the session tags (IAM User Guide, "Pass session tags in AWS STS").
const TAGS: &str = "https://aws.amazon.com/tags";
/// Claim with the source identity (IAM User Guide, "Monitor and control actions taken with assumed roles").
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
/// Tags of a session (STS API reference, `AssumeRoleWithWebIdentity`).
const MOST_TAGS: usize = 50;

/// Claims that become keys for one issuer alone, since January 2026 (Service Authorization Reference, AWS STS).
const GITHUB: [&str; 10] = [
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
];

/// The same of gitlab.com; with these, every claim of a user.
const GITLAB: [&str; 5] = ["namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment"];
/// The same of Buildkite: the branch, and every claim of a cluster, an organization or a pipeline.
const BUILDKITE: [&str; 3] = ["cluster_", "organization_", "pipeline_"];
/// The same of CircleCI, whose claim has the host in its name.
const CIRCLECI: &str = "oidc.circleci.com/project-id";

/// Whether a claim that is not every issuer's becomes a key for this one.
fn of_issuer(host: &str, claim: &str) -> bool {
    match host {
        "token.actions.githubusercontent.com" => GITHUB.contains(&claim),
        "gitlab.com" => GITLAB.contains(&claim) || claim.starts_with("user_"),
        "agent.buildkite.com" => claim == "build_branch" || BUILDKITE.iter().any(|begin| claim.starts_with(begin)),
        "oidc.circleci.com" => claim == CIRCLECI,
        _ => host.ends_with(".oraclecloud.com") && claim == "rpst_id",
    }
}

/// What a token asks for besides the role.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// Session tags, by key.
    pub(crate) tags: BTreeMap<String, String>,
    /// Keys of the tags that go on to sessions taken with this one.
    pub(crate) transitive: Vec<String>,
    /// Source identity.
    pub(crate) source_identity: Option<String>,
}

impl Brought {
    /// What the token brings; refused when its tags are in no format that STS knows (reported).
    pub(crate) fn of(jwt: &Jwt) -> Result<Self, AwsFault> {
        let bad = || AwsFault::token("principal_tags passed in claim is not in correct format.");
        let mut brought = Self { source_identity: jwt.text(SOURCE_IDENTITY), ..Self::default() };
        if let Some(nested) = jwt.claims.get(TAGS) {
            let tags = nested.get("principal_tags").and_then(Value::as_object).ok_or_else(bad)?;
            for (key, values) in tags {
                brought.tags.insert(key.clone(), only(values).ok_or_else(bad)?);
            }
            brought.transitive = one_or_many(nested.get("transitive_tag_keys"));
            if brought.transitive.iter().any(|key| !brought.tags.contains_key(key)) {
                let text = "The specified transitive tag key must be included in the requested tags.";
                return Err(AwsFault::new(400, "InvalidParameterValue", text));
            }
        }
        // The flat form is reported to work as well.
        let flat = format!("{TAGS}/principal_tags/");
        for (claim, values) in jwt.claims.as_object().into_iter().flatten() {
            if let Some(key) = claim.strip_prefix(&flat) {
                brought.tags.insert(key.to_owned(), only(values).ok_or_else(bad)?);
            }
        }
        if brought.tags.len() > MOST_TAGS {
            return Err(bad());
        }
        Ok(brought)
    }

    /// The actions it needs beyond the exchange.
    pub(crate) fn extras(&self) -> Extras {
        Extras { tags: !self.tags.is_empty(), source_identity: self.source_identity.is_some() }
    }

    /// Its condition keys: tags in a token are tags of the request (IAM User Guide, "AWS global condition context
    /// keys", `aws:RequestTag`, `aws:TagKeys`).
    pub(crate) fn keys(&self, keys: &mut Keys) {
        for (key, value) in &self.tags {
            keys.insert(format!("aws:requesttag/{}", key.to_ascii_lowercase()), vec![value.clone()]);
        }
        keys.insert("aws:tagkeys".to_owned(), self.tags.keys().cloned().collect());
        keys.insert("sts:transitivetagkeys".to_owned(), self.transitive.clone());
        keys.insert("sts:sourceidentity".to_owned(), self.source_identity.iter().cloned().collect());
    }
}

/// The only value of a tag: several are not supported (IAM User Guide, "Pass session tags in AWS STS").
fn only(values: &Value) -> Option<String> {
    match values.as_array()?.as_slice() {
        [Value::String(one)] => Some(one.clone()),
        _ => None,
    }
}

/// The claims that become condition keys, under the issuer without its scheme. Those of other issuers never do
/// (reported), but for `amr`, which may have several values.
pub(crate) fn claim_keys(jwt: &Jwt, bare: &str, audience: &str, keys: &mut Keys) {
    let mut put = |claim: &str, values: Vec<String>| {
        keys.insert(format!("{bare}:{claim}").to_ascii_lowercase(), values);
    };
    put("aud", vec![audience.to_owned()]);
    put("sub", jwt.text("sub").into_iter().collect());
    put("amr", one_or_many(jwt.claims.get("amr")));
    let host = bare.split('/').next().unwrap_or_default();
    for claim in jwt.claims.as_object().into_iter().flat_map(|all| all.keys()) {
        if of_issuer(host, claim) {
            put(claim, jwt.text(claim).into_iter().collect());
        }
    }
}

/// The keys that stay with the session: of the provider's, audience, subject and `amr`, and whose provider it was (IAM
/// User Guide, "IAM and AWS STS condition context keys", which are present after the exchange).
pub(crate) fn lasting_keys(jwt: &Jwt, bare: &str, audience: &str, provider_arn: &str) -> Keys {
    let key = |claim: &str| format!("{bare}:{claim}").to_ascii_lowercase();
    Keys::from([
        (key("aud"), vec![audience.to_owned()]),
        (key("sub"), jwt.text("sub").into_iter().collect()),
        (key("amr"), one_or_many(jwt.claims.get("amr"))),
        ("aws:federatedprovider".to_owned(), vec![provider_arn.to_owned()]),
    ])
}
