//! A role's trust policy and the identity that asks, as the explainer of policies takes them.

use serde_json::{Value, json};
use trustwalk_foreign::shell;
use trustwalk_trust_policy::{Asked, Call, Decision, Document, Exchange, Identity, Policy, SaveContext};

use super::Draft;
use super::facts::{GOOGLE, arn_parts, built_in, effective_audience, partition, role_account};
use crate::evidence::{Role, TokenClaims, View};
use crate::plan::{Action, describe, ways};

/// Claims of AWS's own, which may hold objects and lists (IAM User Guide, "Pass session tags in AWS STS").
const OF_AWS: &str = "https://aws.amazon.com/";

/// Everything a reason is made from.
pub(super) struct Case<'a> {
    pub(super) e: &'a View<'a>,
    pub(super) role: &'a Role,
    pub(super) token: &'a TokenClaims,
    /// Issuer without scheme.
    pub(super) path: &'a str,
    pub(super) identity: Identity,
    pub(super) call: Call,
    pub(super) document: Document,
    pub(super) policy: Policy,
}

impl<'a> Case<'a> {
    /// The case of a token of this issuer.
    pub(super) fn new(
        e: &'a View<'a>,
        role: &'a Role,
        token: &'a TokenClaims,
        path: &'a str,
        document: &Document,
    ) -> Self {
        let identity = of_token(&provider_arn(e, role, path), token);
        let policy = Policy::compile(document);
        Self { e, role, token, path, identity, call: Call::new().at(e.now()), document: document.clone(), policy }
    }

    /// What the policy says of the identity.
    pub(super) fn decision(&self) -> Decision {
        self.policy.decide(&self.exchange())
    }

    pub(super) fn exchange(&self) -> Exchange {
        Exchange::new(&self.identity, &self.call)
    }

    /// The keys whose unknown value decides, as they are written, each once.
    pub(super) fn undecided(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for request in self.exchange().requests() {
            for key in self.policy.explain(request).undecided {
                if !all.iter().any(|k| k.eq_ignore_ascii_case(key)) {
                    all.push(key.to_owned());
                }
            }
        }
        all
    }

    /// Where in the role something stands.
    pub(super) fn origin(&self, statement: usize, rest: &str) -> String {
        format!("{} AssumeRolePolicyDocument.Statement[{statement}].{rest}", self.role.arn)
    }

    /// A finding's cure that replaces the policy, or tells what to edit.
    pub(super) fn repaired(&self, draft: Draft, title: &str, document: Option<String>) -> Draft {
        let name = &self.role.name;
        let Some(document) = document else {
            let template =
                "aws iam update-assume-role-policy --role-name {} --policy-document file://trust-policy.json";
            let by_hand = [
                ("aws", shell::line(template, &[name])),
                (
                    "note",
                    shell::line(
                        "trust-policy.json is what `aws iam get-role --role-name {} --query \
                         Role.AssumeRolePolicyDocument` prints: edit the statement shown above, keep the others",
                        &[name],
                    ),
                ),
            ];
            return draft.cure(title, &by_hand);
        };
        let action = Action::SetTrustPolicy { role: name.clone(), document };
        let by_hand = ways(self.e, &action);
        draft.act(title, vec![action], &by_hand)
    }

    /// The policy with one statement more, for exactly this identity, where its subject and audience are known and it
    /// is admitted then.
    pub(super) fn beside(&self) -> Option<String> {
        let (sub, aud) = (self.token.sub.as_deref()?, effective_audience(self.token)?);
        let key = |claim: &str| [self.path, ":", claim].concat();
        let statement = json!({
            "Effect": "Allow", "Principal": {"Federated": provider_arn(self.e, self.role, self.path)},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {key("aud"): aud, key("sub"): sub}},
        });
        let mut document: Value = serde_json::from_str(&self.role.trust_policy).ok()?;
        let all = document.get_mut("Statement")?;
        if all.is_object() {
            *all = json!([all.take()]);
        }
        all.as_array_mut()?.push(statement);
        let text = document.to_string();
        let decision = Policy::parse(&text).ok()?.decide(&self.exchange());
        let saved = Document::parse(&text).ok()?.lint(&SaveContext::default()).is_empty();
        (saved && matches!(decision, Decision::Allow | Decision::Undetermined)).then_some(text)
    }

    /// A finding's cure that adds that statement, for people to decide on.
    pub(super) fn let_in(&self, draft: Draft, title: &str, document: String) -> Draft {
        let action = Action::SetTrustPolicy { role: self.role.name.clone(), document };
        let mut by_hand = ways(self.e, &action);
        let note = "whether this identity is to be let in only people know: the command adds a statement for it alone, \
                    and the others stay as they are";
        by_hand.push(("note", note.to_owned()));
        draft.by_hand(title, describe(&action, &self.role.trust_policy).changes, &by_hand)
    }

    /// Who is to be admitted, and the audiences that come through for the provider.
    pub(super) fn asked(&self) -> Asked {
        let audiences = self.e.provider().known().map(|p| p.client_ids.clone()).unwrap_or_default();
        Asked { identity: self.identity.clone(), audiences }
    }
}

/// The provider that the token comes through, registered or not.
pub(super) fn provider_arn(e: &View<'_>, role: &Role, path: &str) -> String {
    let account = arn_parts(&role.arn).map(|(_, a, _)| a.to_owned()).or_else(|| role_account(e)).unwrap_or_default();
    match e.provider().known() {
        Some(provider) => provider.arn.clone(),
        None if built_in(e) => GOOGLE.to_owned(),
        None => format!("arn:{}:iam::{account}:oidc-provider/{path}", partition(e)),
    }
}

/// The identity of a token under a provider. Every token that was read has a time of expiry; of one that was typed
/// or foretold only subject and audience are known.
pub(super) fn of_token(provider_arn: &str, token: &TokenClaims) -> Identity {
    let mut identity = Identity::new(provider_arn);
    for (name, value) in &token.claims {
        let structured = name.starts_with(OF_AWS).then(|| serde_json::from_str(value).ok()).flatten();
        identity = identity.with_claim(name, structured.unwrap_or_else(|| serde_json::Value::from(value.as_str())));
    }
    if let Some(sub) = &token.sub {
        identity = identity.with_claim("sub", sub.as_str());
    }
    identity = match token.aud.as_slice() {
        [] => identity,
        [one] => identity.with_claim("aud", one.as_str()),
        several => identity.with_claim("aud", several.to_vec()),
    };
    if let Some(azp) = &token.azp {
        identity = identity.with_claim("azp", azp.as_str());
    }
    if token.exp.is_none() && token.claims.is_empty() { identity.partly_known() } else { identity }
}
