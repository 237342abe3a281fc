//! `trustwalk trust`: whether a trust policy admits an identity, and what is nearest if not.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use trustwalk_token::{Token, TokenFacts};
use trustwalk_trust_policy::{
    ConditionReport, Decision, Document, Explanation, Identity, Policy, PrincipalKind, Principals, Request,
    SaveContext, StatementReport,
};

use crate::args::{Format, TrustArgs, account_number};
use crate::exit::{Exit, UsageError};
use crate::style;
use trustwalk_render::{Ink, Page, Pen, Shown};

/// The audience of tokens that AWS's own integrations ask for (EKS, GitHub Actions).
const USUAL_AUDIENCE: &str = "sts.amazonaws.com";
/// The account of AWS's own examples, for a policy that names no provider: what it says of any is the same.
const EXAMPLE_ACCOUNT: &str = "111122223333";
/// What stands before the issuer in a provider's ARN.
const PROVIDER: &str = ":oidc-provider/";

/// Runs the command.
pub(crate) fn run(args: &TrustArgs) -> anyhow::Result<Exit> {
    let text = read(&args.policy)?;
    let document =
        Document::parse(&text).with_context(|| format!("`{}` is not a trust policy", args.policy.display()))?;
    let saves = document.lint(&SaveContext::default());
    let (identity, assumed) = identity(args, &document)?;
    let policy = Policy::compile(&document);
    let request = Request::web_identity(&identity);
    let explanation = policy.explain(&request);
    if args.output == Format::Json {
        let refusals: Vec<Value> = saves.iter().map(|s| json!({"reason": s, "message": s.to_string()})).collect();
        let out = json!({
            "schema": 1,
            "identity": {"provider": identity.provider_arn, "claims": identity.claims},
            "assumed": assumed,
            "explanation": explanation,
            "iam_would_refuse": refusals,
        });
        style::say(&Shown::json(&out)?)?;
    } else {
        let saves: Vec<String> = saves.iter().map(ToString::to_string).collect();
        style::say(&words(&explanation, &identity, &assumed, &saves))?;
    }
    Ok(if explanation.decision == Decision::Allow { Exit::Sound } else { Exit::Findings })
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == OsStr::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().take(1 << 20).read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    let bytes = trustwalk_collect::read_bounded(file)?;
    String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", file.display()))
}

/// Who asks: from a token, or from the words of the command line; and what had to be assumed of it.
fn identity(args: &TrustArgs, document: &Document) -> anyhow::Result<(Identity, Vec<String>)> {
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
    let issuer = match args.issuer.clone().or(of_token) {
        Some(issuer) => issuer,
        None => named_issuer(document, &mut assumed)?,
    };
    let mut identity = Identity::new(provider_arn(args, document, &issuer, &mut assumed));
    if let Some((_, claims)) = facts {
        identity = identity.with_claims(claims);
    } else {
        let audience = match args.audience.as_slice() {
            [] => {
                assumed.push(format!("the audience is {USUAL_AUDIENCE}, as no --audience was given"));
                json!(USUAL_AUDIENCE)
            }
            [one] => json!(one),
            several => json!(several),
        };
        identity = identity.with_claim("aud", audience);
        if args.subject.is_none() {
            assumed.push("the identity has no subject, as neither --subject nor --token was given".to_owned());
        }
    }
    if let Some(subject) = &args.subject {
        identity = identity.with_claim("sub", subject.as_str());
    }
    for claim in &args.claim {
        let (name, value) = claim.split_once('=').ok_or_else(|| UsageError(format!("`{claim}` is not NAME=VALUE")))?;
        identity = identity.with_claim(name, value);
    }
    Ok((identity, assumed))
}

/// ARNs of the OIDC providers that the policy names, in order.
fn named_providers(document: &Document) -> impl Iterator<Item = &str> {
    let principals = document.statements.iter().filter_map(|s| s.principal.as_ref());
    let listed = principals.flat_map(|p| match &p.principals {
        Principals::Listed(listed) => listed.as_slice(),
        Principals::Everyone | Principals::Unusable(_) => &[],
    });
    let federated = listed.filter(|(kind, _)| *kind == PrincipalKind::Federated);
    federated.map(|(_, arn)| arn.as_str()).filter(|arn| arn.contains(PROVIDER))
}

/// The first issuer the policy itself names.
fn named_issuer(document: &Document, assumed: &mut Vec<String>) -> Result<String, UsageError> {
    let path = named_providers(document).find_map(|arn| arn.split_once(PROVIDER)).map(|(_, path)| path);
    let path = path
        .ok_or_else(|| UsageError("the policy names no OIDC provider: give --issuer URL or --token FILE".to_owned()))?;
    assumed.push(format!("the issuer is https://{path}, the first that the policy names"));
    Ok(format!("https://{path}"))
}

/// The provider of the issuer, in the account asked for, else in the one whose provider the policy names.
fn provider_arn(args: &TrustArgs, document: &Document, issuer: &str, assumed: &mut Vec<String>) -> String {
    let path = issuer.strip_prefix("https://").unwrap_or(issuer);
    if let Some(account) = &args.account {
        return format!("arn:aws:iam::{account}{PROVIDER}{path}");
    }
    let named = || named_providers(document).filter_map(|arn| arn.split_once(PROVIDER));
    let owner = named().find(|(_, p)| *p == path).or_else(|| named().next()).map(|(owner, _)| owner);
    // A pattern in the account's place is nobody's number.
    let number = owner.and_then(|o| o.rsplit(':').next()).filter(|a| account_number(a).is_ok());
    let (owner, told) = match (owner, number) {
        (Some(owner), Some(number)) => (owner.to_owned(), format!("{number}, which the policy names")),
        _ => (
            format!("arn:aws:iam::{EXAMPLE_ACCOUNT}"),
            format!("{EXAMPLE_ACCOUNT}, as the policy names no provider's account and no --account was given"),
        ),
    };
    assumed.push(format!("the provider is in account {told}"));
    format!("{owner}{PROVIDER}{path}")
}

fn words(e: &Explanation<'_>, identity: &Identity, assumed: &[String], saves: &[String]) -> Shown {
    let pen = style::pen();
    let mut out = Page::new();
    let (mark, verdict) = match e.decision {
        Decision::Allow => (pen.ink(Ink::Good, "\u{221a}"), "the policy admits this identity"),
        Decision::ExplicitDeny => (pen.ink(Ink::Bad, "\u{d7}"), "the policy denies this identity explicitly"),
        Decision::ImplicitDeny => (pen.ink(Ink::Bad, "\u{d7}"), "no statement of the policy admits this identity"),
    };
    out.line(format_args!("{mark} {}", pen.ink(Ink::Strong, verdict)));
    out.line(format_args!("  provider  {}", identity.provider_arn));
    for (name, value) in &identity.claims {
        out.line(format_args!("  {name:<10}{value}"));
    }
    for one in assumed {
        out.line(format_args!("  {}", pen.ink(Ink::Faint, format_args!("assumed: {one}"))));
    }
    for s in &e.statements {
        statement(&mut out, s, pen);
    }
    for hint in e.all_hints() {
        out.line(format_args!("  {} {}", pen.ink(Ink::Odd, "\u{203c}"), style::tagged(hint)));
    }
    for save in saves {
        out.line(format_args!("  {} IAM would refuse to save this policy: {}", pen.ink(Ink::Bad, "\u{d7}"), save));
    }
    out.shown()
}

fn statement(out: &mut Page, s: &StatementReport<'_>, pen: Pen) {
    let mark = |ok: bool| if ok { pen.ink(Ink::Good, "\u{221a}") } else { pen.ink(Ink::Bad, "\u{d7}") };
    out.gap();
    out.line(format_args!("Statement[{}] {}", s.index, s.sid.unwrap_or_default()));
    for (name, element) in [("Principal", &s.principal), ("Action", &s.action)] {
        let not = if element.negated { "Not" } else { "" };
        out.line(format_args!("  {} {not}{name} {}", mark(element.matched), element.written.join(", ")));
        if !element.matched {
            out.line(format_args!("      the request has {}", element.actual));
        }
    }
    for c in &s.conditions {
        condition(out, c, mark(c.verdict.is_met()));
    }
}

fn condition(out: &mut Page, c: &ConditionReport<'_>, mark: impl Display) {
    out.line(format_args!("  {mark} {} {} {}", c.operator, c.key, c.policy_values.join(" | ")));
    if c.verdict.is_met() {
        return;
    }
    match c.actual_values {
        Some(values) => {
            out.line(format_args!("      the identity has {}", values.join(", ")));
        }
        None => {
            out.line("      the identity has no such key");
        }
    }
    if let Some(near) = &c.nearest {
        out.line(format_args!(
            "      nearest: `{}` differs from `{}` in `{}` against `{}`",
            near.policy_value,
            near.actual_value,
            characters(near.policy_value, &near.policy_range),
            characters(near.actual_value, &near.actual_range)
        ));
    }
}

/// The characters of a range that counts characters.
fn characters(text: &str, range: &std::ops::Range<usize>) -> String {
    text.chars().skip(range.start).take(range.len()).collect()
}
