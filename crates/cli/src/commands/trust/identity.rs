//! Who asks: from a token, or from the words of the command line; and what had to be assumed.

use anyhow::Context as _;
use serde_json::{Value, json};
use trustwalk_token::{Token, TokenFacts};
use trustwalk_trust_policy::{
    BUILT_IN_PROVIDERS, Call, Document, DocumentStatement, Effect, Identity, PrincipalKind, Principals, ProviderArn,
};

use crate::args::TrustArgs;
use crate::exit::UsageError;

/// The audience of tokens that AWS's own integrations ask for (EKS, GitHub Actions).
const USUAL_AUDIENCE: &str = "sts.amazonaws.com";
/// The account of AWS's own examples, for a policy that names no provider: what it says of any is the same.
const EXAMPLE_ACCOUNT: &str = "111122223333";
/// Stands for any issuer, where the policy lets none in (RFC 2606 keeps the name free).
const ANY_ISSUER: &str = "https://issuer.example";

/// Who asks, and how.
pub(super) struct Asker {
    pub(super) identity: Identity,
    pub(super) call: Call,
    /// What nobody said and was taken for granted.
    pub(super) assumed: Vec<String>,
    /// Whether the issuer stands for any: nobody named one, and no change can be drafted for it.
    pub(super) any_issuer: bool,
}

/// Reads who asks; nothing when neither the command line nor the policy names an issuer.
pub(super) fn read(args: &TrustArgs, document: &Document) -> anyhow::Result<Option<Asker>> {
    let mut assumed = Vec::new();
    let facts = match &args.token {
        Some(path) => {
            let raw = String::from_utf8_lossy(&trustwalk_collect::read_bounded(path)?).into_owned();
            let token = Token::parse(raw.trim()).with_context(|| format!("`{}` is not a token", path.display()))?;
            let mut claims = token.all_claims();
            claims.remove("kubernetes.io");
            Some((TokenFacts::of(&token), claims))
        }
        None => None,
    };
    let of_token = facts.as_ref().and_then(|(f, _)| f.iss.clone());
    if let Some((said, _)) = &facts {
        assumed.extend(instead(args, said));
    }
    let named = args.issuer.clone().or(of_token).or_else(|| named_issuer(document, &mut assumed));
    let any_issuer = named.is_none();
    let Some(issuer) = named.or_else(|| any_issuer_of(document, &mut assumed)) else {
        return Ok(None);
    };
    let mut identity = Identity::new(provider(args, document, &issuer, &mut assumed));
    identity = match facts {
        Some((_, claims)) if !args.audience.is_empty() => {
            identity.with_claims(claims).with_claim("aud", audiences(args))
        }
        Some((_, claims)) => identity.with_claims(claims),
        None => typed(args, identity, &mut assumed),
    };
    if let Some(subject) = &args.subject {
        identity = identity.with_claim("sub", subject.as_str());
    }
    for claim in &args.claim {
        let (name, value) = halves(claim, "NAME=VALUE")?;
        identity = identity.with_claim(name, value);
    }
    let mut call = Call::new().at(jiff::Timestamp::now().as_second());
    for key in &args.key {
        let (name, value) = halves(key, "KEY=VALUE")?;
        call = call.with(name, [value]);
    }
    Ok(Some(Asker { identity, call, assumed, any_issuer }))
}

fn halves<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), UsageError> {
    text.split_once('=').ok_or_else(|| UsageError(format!("`{}` is not {form}", trustwalk_foreign::redact(text))))
}

/// The audience that was typed, or several.
fn audiences(args: &TrustArgs) -> Value {
    match args.audience.as_slice() {
        [one] => json!(one),
        several => json!(several),
    }
}

/// What of the token makes way for what was typed, in words.
fn instead(args: &TrustArgs, token: &TokenFacts) -> Vec<String> {
    let told = |what: &str, typed: &str, said: &str| {
        (typed != said).then(|| format!("the {what} is {typed}, as --{what} says; that of the token is {said}"))
    };
    let of = |what, typed: Option<&String>, said: Option<&String>| told(what, typed?, said.map_or("none", |s| s));
    let typed = args.audience.join(", ");
    let audience = (!args.audience.is_empty()).then(|| told("audience", &typed, &token.aud.join(", "))).flatten();
    [of("issuer", args.issuer.as_ref(), token.iss.as_ref()), of("subject", args.subject.as_ref(), token.sub.as_ref())]
        .into_iter()
        .flatten()
        .chain(audience)
        .collect()
}

/// An identity of which only what was typed is known.
fn typed(args: &TrustArgs, identity: Identity, assumed: &mut Vec<String>) -> Identity {
    let audience = match args.audience.as_slice() {
        [] => {
            assumed.push(format!("the audience is {USUAL_AUDIENCE}, as no --audience was given"));
            json!(USUAL_AUDIENCE)
        }
        _ => audiences(args),
    };
    let identity = identity.with_claim("aud", audience).partly_known();
    if args.subject.is_some() {
        return identity;
    }
    assumed.push("the identity has no subject, as neither --subject nor --token was given".to_owned());
    identity.with_claim("sub", Value::Null)
}

/// Any issuer, where no statement may let in the tokens of one: the answer is the same for all of them.
fn any_issuer_of(document: &Document, assumed: &mut Vec<String>) -> Option<String> {
    let may = |s: &DocumentStatement| {
        s.effect != Some(Effect::Deny)
            && s.principal.as_ref().is_some_and(|p| match &p.principals {
                Principals::Everyone => true,
                Principals::Listed(listed) => p.negated || listed.iter().any(|(k, _)| *k == PrincipalKind::Federated),
                Principals::Unusable(_) => p.negated,
            })
    };
    if document.statements.iter().any(may) {
        return None;
    }
    assumed.push("the issuer stands for any: the policy names none, and lets in the tokens of none".to_owned());
    Some(ANY_ISSUER.to_owned())
}

/// The federated principals that the policy names, in order.
fn federated(document: &Document) -> impl Iterator<Item = &str> {
    let principals = document.statements.iter().filter_map(|s| s.principal.as_ref());
    let listed = principals.flat_map(|p| match &p.principals {
        Principals::Listed(listed) => listed.as_slice(),
        Principals::Everyone | Principals::Unusable(_) => &[],
    });
    listed.filter(|(kind, _)| *kind == PrincipalKind::Federated).map(|(_, value)| value.as_str())
}

/// The first issuer the policy itself names; a malformed name is none.
fn named_issuer(document: &Document, assumed: &mut Vec<String>) -> Option<String> {
    let path = federated(document).find_map(|value| match ProviderArn::parse(value) {
        Some(arn) => Some(arn.issuer),
        None => BUILT_IN_PROVIDERS.contains(&value).then_some(value),
    })?;
    assumed.push(format!("the issuer is https://{path}, the first that the policy names"));
    Some(format!("https://{path}"))
}

/// The provider of the issuer, in the account asked for, else in the one whose provider the policy names. A built-in
/// provider needs no account.
fn provider(args: &TrustArgs, document: &Document, issuer: &str, assumed: &mut Vec<String>) -> String {
    let path = issuer.strip_prefix("https://").unwrap_or(issuer);
    let providers = || federated(document).filter_map(ProviderArn::parse);
    let ours = providers().find(|arn| arn.issuer == path);
    if ours.is_none() && BUILT_IN_PROVIDERS.contains(&path) {
        return path.to_owned();
    }
    let partition = ours.or_else(|| providers().next()).map_or("aws", |arn| arn.partition);
    if let Some(account) = &args.account {
        return format!("arn:{partition}:iam::{account}:oidc-provider/{path}");
    }
    let (account, told) = match ours.or_else(|| providers().next()) {
        Some(arn) => (arn.account, format!("{}, which the policy names", arn.account)),
        None => (
            EXAMPLE_ACCOUNT,
            format!("{EXAMPLE_ACCOUNT}, as the policy names no provider's account and no --account was given"),
        ),
    };
    assumed.push(format!("the provider is in account {told}"));
    format!("arn:{partition}:iam::{account}:oidc-provider/{path}")
}
