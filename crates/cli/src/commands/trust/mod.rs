//! `trustwalk trust`: whether a trust policy admits an identity, whom else it admits, whether IAM saves it, and what
//! is nearest if not.

mod identity;
mod report;
mod words;

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use trustwalk_render::Typed;
use trustwalk_trust_policy::{Document, Exchange, ParseError, Policy};

use crate::args::{Format, TrustArgs};
use crate::exit::{Exit, UsageError};
use crate::style;
use report::{Judged, Report, Verdict};

/// Runs the command.
pub(crate) fn run(args: &TrustArgs, typed: &Typed) -> anyhow::Result<Exit> {
    let text = read(&args.policy)?;
    let document = match Document::parse(&text) {
        Ok(document) => document,
        // An object that breaks the policy language is one that IAM does not take.
        Err(error @ ParseError::Shape { .. }) if text.trim_start().starts_with('{') => {
            return say(&Report::of_no_policy(&error), args, typed);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("`{}` is not a trust policy", args.policy.display()));
        }
    };
    let policy = Policy::compile(&document);
    let judged = identity::read(args, &document)?.map(|asker| {
        let exchange = Exchange::new(&asker.identity, &asker.call);
        Judged { asker, exchange }
    });
    let report = Report::of(&text, &document, &policy, judged.as_ref());
    if report.asker.is_none() && report.verdict == Verdict::Undetermined {
        let missing = "the policy names no OIDC provider: give --issuer URL or --token FILE";
        return Err(UsageError(missing.to_owned()).into());
    }
    say(&report, args, typed)
}

fn say(report: &Report<'_>, args: &TrustArgs, typed: &Typed) -> anyhow::Result<Exit> {
    let shown = match args.output {
        Format::Json | Format::Yaml => style::document(&report.json())?,
        Format::Human => words::words(report, &args.policy.display().to_string(), typed),
    };
    style::page(&shown)?;
    Ok(report.verdict.into())
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
