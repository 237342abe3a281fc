//! `trustwalk trust`: whether a trust policy admits an identity, and what is nearest if not.

use std::fmt::Write as _;
use std::io::Read as _;

use anyhow::Context as _;
use serde_json::json;
use trustwalk_token::{Token, TokenFacts};
use trustwalk_trust_policy::{
    ConditionReport, Decision, Document, Explanation, Identity, Policy, Request, SaveContext, StatementReport,
};

use crate::args::{Format, TrustArgs};
use crate::exit::{Exit, UsageError};
use crate::style::{self, Ink, Pen, harmless};

/// Runs the command.
pub(crate) fn run(args: &TrustArgs) -> anyhow::Result<Exit> {
    let format = args.output;
    let text = read(&args.policy)?;
    let document = Document::parse(&text).with_context(|| format!("`{}` is not a trust policy", args.policy))?;
    let saves: Vec<String> = document.lint(&SaveContext::default()).iter().map(ToString::to_string).collect();
    let identity = identity(args, &document)?;
    let policy = Policy::compile(&document);
    let request = Request::web_identity(&identity);
    let explanation = policy.explain(&request);
    if format == Format::Json {
        let out = json!({"identity": {"provider": identity.provider_arn, "claims": identity.claims}, "explanation": explanation, "iam_would_refuse": saves});
        style::say(&serde_json::to_string_pretty(&out)?)?;
    } else {
        style::say(&words(&explanation, &identity, &saves))?;
    }
    Ok(if explanation.decision == Decision::Allow { Exit::Sound } else { Exit::Findings })
}

fn read(file: &str) -> anyhow::Result<String> {
    if file == "-" {
        let mut text = String::new();
        std::io::stdin().lock().take(1 << 20).read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    let bytes = trustwalk_collect::read_bounded(std::path::Path::new(file))?;
    String::from_utf8(bytes).with_context(|| format!("`{file}` is not UTF-8"))
}

/// Who asks: from a token, or from the words of the command line.
fn identity(args: &TrustArgs, document: &Document) -> anyhow::Result<Identity> {
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
    let issuer =
        args.issuer.clone().or(of_token).or_else(|| named_issuer(document)).ok_or_else(|| {
            UsageError("the policy names no OIDC provider: give --issuer URL or --token FILE".to_owned())
        })?;
    let bare = issuer.strip_prefix("https://").unwrap_or(&issuer);
    let mut identity = Identity::new(format!("arn:aws:iam::{}:oidc-provider/{bare}", args.account));
    if let Some((_, claims)) = facts {
        identity = identity.with_claims(claims);
    } else {
        let audience = if let [one] = args.audience.as_slice() { json!(one) } else { json!(args.audience) };
        identity = identity.with_claim("aud", audience);
    }
    if let Some(subject) = &args.subject {
        identity = identity.with_claim("sub", subject.as_str());
    }
    for claim in &args.claim {
        let (name, value) = claim.split_once('=').ok_or_else(|| UsageError(format!("`{claim}` is not NAME=VALUE")))?;
        identity = identity.with_claim(name, value);
    }
    Ok(identity)
}

/// The first provider the policy itself names.
fn named_issuer(document: &Document) -> Option<String> {
    let printed = document.to_json();
    let at = printed.find(":oidc-provider/")?;
    let rest = printed.get(at + ":oidc-provider/".len()..)?;
    let end = rest.find('"')?;
    rest.get(..end).map(|path| format!("https://{path}"))
}

fn words(e: &Explanation<'_>, identity: &Identity, saves: &[String]) -> String {
    let pen = Pen::stdout();
    let mut out = String::new();
    let (mark, verdict) = match e.decision {
        Decision::Allow => (pen.ink(Ink::Good, "\u{221a}"), "the policy admits this identity"),
        Decision::ExplicitDeny => (pen.ink(Ink::Bad, "\u{d7}"), "the policy denies this identity explicitly"),
        Decision::ImplicitDeny => (pen.ink(Ink::Bad, "\u{d7}"), "no statement of the policy admits this identity"),
    };
    let _ = writeln!(out, "{mark} {}", pen.ink(Ink::Strong, verdict));
    let _ = writeln!(out, "  provider  {}", harmless(&identity.provider_arn));
    for (name, value) in &identity.claims {
        let _ = writeln!(out, "  {name:<10}{}", harmless(&value.to_string()));
    }
    for s in &e.statements {
        statement(&mut out, s, pen);
    }
    for hint in e.all_hints() {
        let _ = writeln!(out, "  {} {}", pen.ink(Ink::Odd, "\u{203c}"), harmless(&style::tagged(hint)));
    }
    for save in saves {
        let _ =
            writeln!(out, "  {} IAM would refuse to save this policy: {}", pen.ink(Ink::Bad, "\u{d7}"), harmless(save));
    }
    out
}

fn statement(out: &mut String, s: &StatementReport<'_>, pen: Pen) {
    let mark = |ok: bool| if ok { pen.ink(Ink::Good, "\u{221a}") } else { pen.ink(Ink::Bad, "\u{d7}") };
    let _ = writeln!(out, "\nStatement[{}] {}", s.index, s.sid.unwrap_or_default());
    for (name, element) in [("Principal", &s.principal), ("Action", &s.action)] {
        let not = if element.negated { "Not" } else { "" };
        let _ = writeln!(out, "  {} {not}{name} {}", mark(element.matched), harmless(&element.written.join(", ")));
        if !element.matched {
            let _ = writeln!(out, "      the request has {}", harmless(element.actual));
        }
    }
    for c in &s.conditions {
        condition(out, c, &mark(c.verdict.is_met()));
    }
}

fn condition(out: &mut String, c: &ConditionReport<'_>, mark: &str) {
    let _ = writeln!(
        out,
        "  {mark} {} {} {}",
        harmless(c.operator),
        harmless(c.key),
        harmless(&c.policy_values.join(" | "))
    );
    if c.verdict.is_met() {
        return;
    }
    match c.actual_values {
        Some(values) => {
            let _ = writeln!(out, "      the identity has {}", harmless(&values.join(", ")));
        }
        None => {
            let _ = writeln!(out, "      the identity has no such key");
        }
    }
    if let Some(near) = &c.nearest {
        let _ = writeln!(
            out,
            "      nearest: `{}` differs from `{}` in `{}` against `{}`",
            harmless(near.policy_value),
            harmless(near.actual_value),
            harmless(near.policy_value.get(near.policy_range.clone()).unwrap_or_default()),
            harmless(near.actual_value.get(near.actual_range.clone()).unwrap_or_default()),
        );
    }
}
