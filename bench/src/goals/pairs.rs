//! Pairs of a trust policy and an identity, in trustwalk's form, in Cedar's, and as lines for scripts.

use std::str::FromStr as _;

use anyhow::{Context as _, Result, anyhow};
use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, RestrictedExpression};
use serde_json::{Value, json};
use trustwalk_trust_policy::sample::Inventory;
use trustwalk_trust_policy::{Decision, Policy, Request};

/// A name whose keys `iam-simulate` knows; it drops those of an EKS issuer.
const KNOWN_ISSUER: &str = "accounts.google.com";

/// One question.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The policy as stored.
    pub(crate) text: String,
    /// The policy compiled.
    pub(crate) policy: Policy,
    /// Who asks.
    pub(crate) request: Request,
}

/// Pairs of an inventory's first roles and subjects, each subject asking each role; where `near`,
/// the pairs are instead policies for one subject each, asked by that subject and by the next.
pub(crate) fn pairs(inventory: &Inventory, near: bool) -> Result<Vec<Pair>> {
    let (texts, requests): (Vec<String>, Vec<Request>) = if near {
        (0..u64::try_from(inventory.roles)?).map(|n| inventory.admitted(n)).unzip()
    } else {
        (inventory.policies(), inventory.requests())
    };
    let mut out = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let own = requests.iter().cycle().skip(i).take(2);
        for request in if near { own.collect::<Vec<_>>() } else { requests.iter().collect() } {
            out.push(Pair { text: text.clone(), policy: Policy::parse(text)?, request: request.clone() });
        }
    }
    Ok(out)
}

impl Pair {
    /// Whether trustwalk allows it.
    pub(crate) fn allowed(&self) -> bool {
        self.policy.evaluate(&self.request) == Decision::Allow
    }

    /// The provider's ARN and the values of `aud` and `sub`.
    fn identity(&self) -> Result<(&str, &str, &str)> {
        let arn = self.request.principal.name();
        let (_, issuer) = arn.split_once("oidc-provider/").context("no provider")?;
        let claim = |name: &str| {
            let values = self.request.context.get(&format!("{issuer}:{name}"));
            values.and_then(<[String]>::first).map(String::as_str).context("no claim")
        };
        Ok((arn, claim("aud")?, claim("sub")?))
    }

    /// As a line for a script, with the issuer replaced by one that the script's library knows.
    pub(crate) fn line(&self) -> Result<String> {
        let (arn, aud, sub) = self.identity()?;
        let (_, issuer) = arn.split_once("oidc-provider/").context("no provider")?;
        let policy: Value = serde_json::from_str(&self.text.replace(issuer, KNOWN_ISSUER))?;
        Ok(json!({"policy": policy, "aud": aud, "sub": sub}).to_string())
    }
}

/// A pair in Cedar's terms, everything built that can be reused.
pub(crate) struct Cedar {
    policies: PolicySet,
    request: cedar_policy::Request,
}

impl Cedar {
    /// Translates a pair.
    pub(crate) fn of(pair: &Pair) -> Result<Self> {
        let (arn, aud, sub) = pair.identity()?;
        let uid = |kind: &str, name: &str| {
            EntityUid::from_str(&format!("{kind}::\"{name}\"")).map_err(|e| anyhow!("no Cedar name: {e}"))
        };
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let context = Context::from_pairs([("aud".to_owned(), text(aud)), ("sub".to_owned(), text(sub))])?;
        let (action, role) = (uid("Action", "AssumeRoleWithWebIdentity")?, uid("Role", "bench")?);
        let request = cedar_policy::Request::new(uid("Provider", arn)?, action, role, context, None)?;
        Ok(Self { policies: PolicySet::from_str(&translate(&pair.text)?)?, request })
    }

    /// Whether Cedar allows it.
    pub(crate) fn allowed(&self, authorizer: &Authorizer, none: &Entities) -> bool {
        authorizer.is_authorized(&self.request, &self.policies, none).decision() == cedar_policy::Decision::Allow
    }
}

/// The inventory's policies have one statement, two keys and two operators; nothing else is translated.
fn translate(policy: &str) -> Result<String> {
    let policy: Value = serde_json::from_str(policy)?;
    let statement = policy.pointer("/Statement/0").context("no statement")?;
    let arn = statement.pointer("/Principal/Federated").and_then(Value::as_str).context("no provider")?;
    let mut tests = Vec::new();
    let operators = statement.get("Condition").and_then(Value::as_object).context("no condition")?;
    for (operator, keys) in operators {
        let word = match operator.as_str() {
            "StringEquals" => "==",
            "StringLike" => "like",
            other => anyhow::bail!("`{other}` is not translated"),
        };
        for (key, value) in keys.as_object().context("no keys")? {
            let (_, claim) = key.rsplit_once(':').context("no claim")?;
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let each: Vec<String> = values.iter().map(|v| format!("context.{claim} {word} {v}")).collect();
            tests.push(format!("({})", each.join(" || ")));
        }
    }
    Ok(format!(
        "permit(principal == Provider::\"{arn}\", action == Action::\"AssumeRoleWithWebIdentity\", resource) when \
         {{ {} }};",
        tests.join(" && ")
    ))
}
