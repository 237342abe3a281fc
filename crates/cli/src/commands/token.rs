//! `trustwalk token`: what a token says, and what STS would make of it.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use trustwalk_core::cause::Cause;
use trustwalk_token::{Expect, Hint, Jwks, Token, TokenFacts, find_token, lint, lint_raw, verify_many};

use crate::args::{Format, TokenArgs};
use crate::exit::{Exit, UsageError};
use crate::style;
use trustwalk_render::{Ink, Next, Shown, Typed, ending, time};

/// Tokens read in one go; a gigabyte is some eight hundred thousand.
const MOST_BYTES: u64 = 1 << 30;
/// One token, and what a person pasted around it.
const ONE_BYTES: u64 = 16 << 20;
/// The audience STS itself expects unless somebody registered another.
const STS: &str = "sts.amazonaws.com";

/// Runs the command.
pub(crate) fn run(args: &TokenArgs, typed: &Typed) -> anyhow::Result<Exit> {
    let format = args.output;
    let now = match &args.at {
        None => jiff::Timestamp::now().as_second(),
        Some(text) => {
            let typed = trustwalk_foreign::redact(text);
            time::parse(text).ok_or_else(|| UsageError(format!("`{typed}` is neither ISO 8601 nor Unix seconds")))?
        }
    };
    let raw = read(&args.file, if args.jwks.is_some() { MOST_BYTES } else { ONE_BYTES })?;
    match &args.jwks {
        Some(path) => bulk(args, &raw, path, now, format),
        None => one(args, &raw, now, typed),
    }
}

fn read(file: &Path, most: u64) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if file == OsStr::new("-") {
        crate::progress::reading_terminal();
        std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        let opened = trustwalk_collect::open_stream(file)?;
        opened.take(most + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read `{}`", file.display()))?;
    }
    // Cut, its last token would be judged as it is not.
    anyhow::ensure!(bytes.len() as u64 <= most, "`{}` is larger than {most} bytes", file.display());
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn client_ids(args: &TokenArgs) -> Vec<String> {
    if args.client_ids.is_empty() { vec![STS.to_owned()] } else { args.client_ids.clone() }
}

/// One verdict a line, in the order of the tokens.
fn bulk(args: &TokenArgs, raw: &str, path: &Path, now: i64, format: Format) -> anyhow::Result<Exit> {
    let bytes = trustwalk_collect::read_bounded(path)?;
    let keys = Jwks::parse(&bytes).with_context(|| format!("`{}` is not a usable key set", path.display()))?;
    let tokens: Vec<&str> = raw.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    // Without --issuer every token is judged as if its own issuer were the registered one.
    let first = tokens.first().and_then(|t| Token::parse(t).ok()).and_then(|t| TokenFacts::of(&t).iss);
    let issuer = args.issuer.clone().or(first).unwrap_or_default();
    let ids = client_ids(args);
    let expect = Expect { issuer: &issuer, client_ids: &ids, now };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let verdicts = verify_many(&tokens, &keys, &expect, threads);
    let mut out = style::pen().page();
    let mut refused = 0_usize;
    for verdict in &verdicts {
        match (verdict, format) {
            (Ok(id), Format::Json) => {
                out.append(style::one_document(&json!({"schema": 1, "verdict": "accepted", "identity": id}))?);
            }
            (Err(no), Format::Json) => {
                out.append(style::one_document(&json!({"schema": 1, "verdict": "refused", "rejection": no}))?);
            }
            (Ok(id), _) => {
                out.line(format_args!("accepted {} {}", id.subject, id.audience));
            }
            (Err(no), _) => {
                let besides = no.besides().map(|b| format!(" ({b})")).unwrap_or_default();
                out.line(format_args!("refused {} {}{besides}", no.code, no.aws_text));
            }
        }
        refused += usize::from(verdict.is_err());
    }
    style::say(&out.shown())?;
    Ok(if refused > 0 { Exit::Findings } else { Exit::Sound })
}

fn one(args: &TokenArgs, raw: &str, now: i64, typed: &Typed) -> anyhow::Result<Exit> {
    let format = args.output;
    let mut hints = lint_raw(raw);
    // STS gets the file unstripped; what a person pastes has a line end, which is said and passed over.
    let parsed = Token::parse(raw).or_else(|e| Token::parse(raw.trim()).map_err(|_| e));
    let token = match parsed.or_else(|e| find_token(raw).ok_or(e.clone()).and_then(|t| Token::parse(t).map_err(|_| e)))
    {
        Ok(token) => token,
        Err(error) => return unreadable(&error.to_string(), &hints, format, typed),
    };
    let facts = TokenFacts::of(&token);
    hints.extend(lint(&facts, now));
    let refusal = claims_verdict(args, &token, &facts, now);
    if format == Format::Json {
        let out = json!({"schema": 1, "facts": facts, "sts": refusal, "hints": hints});
        style::say(&style::document(&out)?)?;
    } else {
        let mut out = style::pen().page();
        out.append(words(&facts, &hints, now));
        out.append(verdict(args, refusal.as_ref(), typed));
        style::page(&out.shown())?;
    }
    Ok(if refusal.is_some() { Exit::Findings } else { Exit::Sound })
}

/// What STS would say before it looks at the signature, for which a key set is needed.
fn claims_verdict(
    args: &TokenArgs,
    token: &Token<'_>,
    facts: &TokenFacts,
    now: i64,
) -> Option<trustwalk_token::StsRejection> {
    let issuer = args.issuer.clone().or_else(|| facts.iss.clone()).unwrap_or_default();
    let ids = client_ids(args);
    trustwalk_token::check_claims(token, &Expect { issuer: &issuer, client_ids: &ids, now }).err()
}

fn unreadable(error: &str, hints: &[Hint], format: Format, typed: &Typed) -> anyhow::Result<Exit> {
    if format == Format::Json {
        let out = json!({"schema": 1, "malformed": error, "hints": hints});
        style::say(&style::document(&out)?)?;
    } else {
        let mut out = style::pen().page();
        for hint in hints {
            out.line(format_args!("  - {}", hint.text));
        }
        let text = format!("this is not a token that STS would read: {error}");
        let next = Next::command(typed.command("explain {}", &[Cause::TokenContentMalformed.code()], &[]));
        out.append(ending(Ink::Bad, "Refused", &text, &next, style::pen()));
        style::say(&out.shown())?;
    }
    Ok(Exit::Findings)
}

fn words(f: &TokenFacts, hints: &[Hint], now: i64) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    let mut row = |label: &str, value: &str| {
        out.line(format_args!("  {label:<9} {value}"));
    };
    row("alg", &f.alg);
    row("kid", f.kid.as_deref().unwrap_or("none"));
    row("iss", f.iss.as_deref().unwrap_or("none"));
    row("sub", f.sub.as_deref().unwrap_or("none"));
    row("aud", &if f.aud.is_empty() { "none".to_owned() } else { f.aud.join(", ") });
    if let Some(azp) = &f.azp {
        row("azp", azp);
    }
    for (label, value) in [("iat", f.iat), ("nbf", f.nbf), ("exp", f.exp)] {
        if let Some(at) = value {
            row(label, &format!("{} ({})", time::stamp(at), distance(at - now)));
        }
    }
    for (name, value) in &f.extra {
        row(name, value);
    }
    out.gap();
    for hint in hints {
        out.line(format_args!("  {} {}", pen.ink(Ink::Odd, "\u{203c}"), hint.text));
    }
    out.shown()
}

/// What STS would make of it, and what is next.
fn verdict(args: &TokenArgs, refusal: Option<&trustwalk_token::StsRejection>, typed: &Typed) -> Shown {
    if let Some(no) = refusal {
        let text = format!("STS would refuse it: {}: {}", no.code, no.aws_text);
        let next = Next::command(typed.command("explain {}", &[&no.aws_text], &[]));
        return ending(Ink::Bad, "Refused", &text, &next, style::pen());
    }
    let text = "STS would read its claims; its signature was not checked (--jwks FILE checks it)";
    let next = Next::command(typed.with_token(&args.file.display().to_string()));
    ending(Ink::Good, "Ok", text, &next, style::pen())
}

fn distance(seconds: i64) -> String {
    let (n, when) = (seconds.unsigned_abs(), if seconds < 0 { "ago" } else { "from now" });
    match n {
        0..120 => format!("{n} s {when}"),
        120..7200 => format!("{} min {when}", n / 60),
        _ => format!("{} h {when}", n / 3600),
    }
}
