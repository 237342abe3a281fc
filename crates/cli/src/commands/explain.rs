//! `trustwalk explain`: what an error's text means, a cause's page, or the list of causes.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::json;
use trustwalk_audit::Own;
use trustwalk_collect::near;
use trustwalk_core::cause::{Cause, Found, Ground, Home, MAX_TEXT, Printed, look_up, look_up_code, page, printed_with};
use trustwalk_foreign::shell;
use trustwalk_logs::{CHUNK_BYTES, Scanner};
use trustwalk_render::{Ink, Page, Shown, Typed};
use trustwalk_symptoms::{Failure, Named, Sdk, Symptom, classify_all, named, of_code};
use trustwalk_trust_policy::{Refusal, Standing};

use crate::args::{ExplainArgs, Format};
use crate::exit::{Exit, Unknown, UsageError};
use crate::{progress, style};

/// Of standard input no more is read: whoever has a larger log asks `logs` or `diagnose --log`.
const MOST_BYTES: u64 = 16 << 20;
/// Causes that are told in a line each; the document has all of them.
const MOST_CAUSES: usize = 12;
/// Meanings that are told of a text that tells many.
const MOST_MEANINGS: usize = 4;
/// Codes that are named beside a reading.
const MOST_CODES: usize = 8;

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs, typed_options: &Typed) -> anyhow::Result<Exit> {
    let typed = args.text.join(" ");
    if args.text.is_empty() {
        return list(args.output);
    }
    if let Some(cause) = Cause::find(&typed) {
        return one(cause, args.output);
    }
    if let Some(rule) = Own::find(&typed) {
        return of_audit(rule, args.output);
    }
    if let Some(refusal) = Refusal::find(&typed) {
        return of_policy(refusal, args.output);
    }
    let text = if typed == "-" { Text::piped()? } else { Text::of(typed.as_bytes()) };
    if text.head.trim().is_empty() {
        return Err(UsageError("there is no text to look up".to_owned()).into());
    }
    let found = if text.code.is_some() || !text.printed.is_empty() {
        look_up_code(&text.printed, text.code)
    } else {
        look_up(&text.head, &text.failures)
    };
    if found.hits.is_empty() && text.means().is_empty() && text.named.is_empty() {
        return Err(unknown(&typed, typed_options).into());
    }
    match args.output {
        Format::Json | Format::Yaml => style::say(&style::document(&document(&text, &found, typed_options))?)?,
        Format::Human => style::page(&words(&text, &found, typed_options))?,
    }
    Ok(Exit::Sound)
}

/// That nothing is known of a text, and what to do then.
fn unknown(typed: &str, options: &Typed) -> Unknown {
    if !is_word(typed) {
        return Unknown {
            what: "nothing is known of this text: no page has it, and no cause is about its words".to_owned(),
            next: Some(options.command("diagnose KIND/NAME -n NAMESPACE --log FILE", &[], &[])),
        };
    }
    let names = Cause::ALL.iter().map(|c| c.name()).chain(Refusal::ALL.into_iter().map(Refusal::name));
    let near = near::like(names, typed);
    let next = match near.first() {
        Some(name) => options.command("explain {}", &[name], &[]),
        None => options.command("explain", &[], &[]),
    };
    let there = if near.is_empty() { String::new() } else { format!("; there is {}", near.join(", or ")) };
    let what = format!("no cause is called {}, and no page is about the word{there}", trustwalk_foreign::redact(typed));
    Unknown { what, next: Some(next) }
}

/// Whether it has the form of a code or a name.
fn is_word(typed: &str) -> bool {
    typed != "-" && typed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A text, and what is read in it.
struct Text {
    /// Its beginning.
    head: String,
    /// The failures that all of it tells.
    failures: Vec<Failure>,
    /// The failure that it names by its code, where it is nothing but a code.
    code: Option<Symptom>,
    /// The sentences that are printed with it, where it is nothing but a code.
    printed: Vec<Printed>,
    /// What it names.
    named: Named,
    /// Whether there was more than is read.
    cut: bool,
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        let mut scanner = Scanner::new();
        scanner.feed(bytes);
        Self::read(bytes, scanner, false)
    }

    /// Standard input, of which the beginning alone is kept.
    fn piped() -> anyhow::Result<Self> {
        progress::reading_terminal();
        let (mut scanner, mut head, mut all) = (Scanner::new(), Vec::new(), 0);
        let mut input = std::io::stdin().lock().take(MOST_BYTES.saturating_add(1));
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = input.read(&mut chunk).context("cannot read standard input")?;
            let bytes = chunk.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            scanner.feed(bytes);
            let room = MAX_TEXT.saturating_sub(head.len()).min(read);
            head.extend_from_slice(bytes.get(..room).unwrap_or_default());
            all += read as u64;
        }
        Ok(Self::read(&head, scanner, all > MOST_BYTES))
    }

    /// The failures that it tells or names.
    fn means(&self) -> Vec<Symptom> {
        self.failures.iter().map(|f| f.symptom).chain(self.code).collect()
    }

    fn read(head: &[u8], scanner: Scanner, cut: bool) -> Self {
        let head = String::from_utf8_lossy(head).into_owned();
        let mut failures: Vec<Failure> = scanner.finish().causes.into_iter().map(|c| c.failure).collect();
        // A sentence by itself may lack the words by which one is found in a log.
        if failures.is_empty() {
            failures = classify_all(&head);
        }
        let mut seen = Vec::new();
        failures.retain(|f| {
            !seen.contains(&f.symptom) && {
                seen.push(f.symptom);
                true
            }
        });
        let code = of_code(&head).filter(|_| failures.is_empty());
        let printed = if failures.is_empty() { printed_with(&head) } else { Vec::new() };
        let named = named(&head);
        Self { head, failures, code, printed, named, cut }
    }
}

fn words(text: &Text, found: &Found, typed: &Typed) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    let means = text.means();
    for symptom in means.iter().take(MOST_MEANINGS) {
        out.line(pen.ink(Ink::Strong, symptom.name()));
        out.prose(symptom.gist(), "  ", "  ");
    }
    if means.len() > MOST_MEANINGS {
        let more = means.len() - MOST_MEANINGS;
        out.line(format_args!("and {more} more kinds of failure: `trustwalk logs` counts them"));
    }
    sentences(&mut out, &text.printed);
    if text.cut {
        out.line(pen.ink(Ink::Odd, "Only the first 16 MiB were read."));
    }
    if found.hits.is_empty() && !means.is_empty() && means.iter().all(|s| s.says_nothing()) {
        let below = "These words stand around a cause and do not name it: give the lines below them as well, in which \
                     it stands (caused by, or a code such as AccessDenied or InvalidIdentityToken).";
        out.prose(below, "", "");
        out.gap();
    } else if found.hits.is_empty() {
        out.line("No page knows this text, and no cause of the catalogue is about its words.");
        out.gap();
    } else {
        causes(&mut out, found);
    }
    out.append(super::named::page(&text.named, typed));
    for (n, command) in next(text, found, typed).iter().enumerate() {
        out.command(pen.ink(Ink::Strong, if n == 0 { "Next:" } else { "  or:" }), command, pen);
    }
    out.shown()
}

/// What is printed with a code, each sentence with its causes: it tells more than the code.
fn sentences(out: &mut Page, printed: &[Printed]) {
    let pen = style::pen();
    if printed.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.gap();
    }
    out.line(pen.ink(Ink::Strong, "Sentences with this code: look for yours, it tells more"));
    for one in printed {
        let codes: Vec<&str> = one.causes.iter().map(|c| c.code()).collect();
        out.prose(&format!("{} ({})", one.sentence, few(&codes)), "  - ", "    ");
    }
}

/// The first codes, and that there are more.
fn few(codes: &[&str]) -> String {
    let more = if codes.len() > MOST_CODES { ", …" } else { "" };
    let first: Vec<&str> = codes.iter().take(MOST_CODES).copied().collect();
    [&first.join(", "), more].concat()
}

/// The causes, and what tells them apart.
fn causes(out: &mut Page, found: &Found) {
    let pen = style::pen();
    let guess = found.hits.iter().all(|h| matches!(h.ground, Ground::Name | Ground::Words(_)));
    if !out.is_empty() {
        out.gap();
    }
    out.line(pen.ink(Ink::Strong, if guess { "Pages with these words" } else { "Causes that can print it" }));
    for hit in found.hits.iter().take(MOST_CAUSES) {
        let cause = hit.cause;
        out.line(format_args!("  {}  {}", cause.code(), cause.name()));
        out.prose(cause.meta().summary, "         ", "         ");
    }
    if found.hits.len() > MOST_CAUSES {
        let more = found.hits.len() - MOST_CAUSES;
        out.line(format_args!("  and {more} more, met less often: -o json has all of them"));
    }
    if found.readings.is_empty() {
        out.gap();
        return;
    }
    out.gap();
    out.line(pen.ink(Ink::Strong, "What tells them apart"));
    for reading in &found.readings {
        let codes: Vec<&str> = reading.decides.iter().map(|c| c.code()).collect();
        out.prose(&format!("{} ({})", reading.tells, few(&codes)), "  - ", "    ");
    }
    out.gap();
}

/// The commands that lead on.
fn next(text: &Text, found: &Found, typed: &Typed) -> Vec<String> {
    let mut out: Vec<String> =
        found.hits.first().map(|h| typed.command("explain {}", &[h.cause.code()], &[])).into_iter().collect();
    // What the text names is looked at before anything that has to be filled in.
    let offers = super::named::offers(&text.named, typed);
    let is_offered = !offers.is_empty();
    out.extend(offers.into_iter().take(1));
    if found.hits.first().is_some_and(|h| h.cause == Cause::ThumbprintMismatch) {
        out.push(match text.named.issuers.first() {
            Some(issuer) => typed.command("thumbprint {}", &[issuer], &[]),
            None => typed.command("thumbprint ISSUER", &[], &[]),
        });
    }
    if is_offered {
        return out;
    }
    let role = text.failures.iter().find_map(|f| f.role_arn.as_deref());
    let home = |home: Home| !found.hits.is_empty() && found.hits.iter().all(|h| h.cause.home() == home);
    let of_ci = text.failures.iter().any(|f| matches!(f.sdk, Some(Sdk::GithubAction | Sdk::BuildkiteAgent)));
    let walk = if of_ci || home(Home::Github) || home(Home::Ci) {
        "trustwalk diagnose --job FOLDER --log FILE"
    } else if home(Home::Cluster) {
        "trustwalk diagnose KIND/NAME -n NAMESPACE"
    } else {
        "trustwalk diagnose KIND/NAME -n NAMESPACE --log FILE"
    };
    out.push(match role {
        Some(role) => shell::line("trustwalk diagnose --log FILE --role {}", &[role]),
        None => walk.to_owned(),
    });
    out
}

fn document(text: &Text, found: &Found, typed: &Typed) -> serde_json::Value {
    let means = |f: &Failure| json!({"symptom": f.symptom, "meaning": f.symptom.meaning(), "message": f.message});
    let by_code = |s: Symptom| json!({"symptom": s, "meaning": s.meaning(), "message": text.head.trim()});
    let cause = |hit: &trustwalk_core::cause::Hit| {
        let meta = hit.cause.meta();
        let mut out = json!({
            "code": meta.code, "name": hit.cause.name(), "link": meta.link.name(), "summary": meta.summary,
        });
        let (by, what) = match &hit.ground {
            Ground::Says(sentence) => ("says", json!(sentence)),
            Ground::Shows(symptom) => ("shows", json!(symptom)),
            Ground::Name => ("named", json!(hit.cause.name())),
            Ground::Words(words) => ("words", json!(words)),
        };
        if let Some(members) = out.as_object_mut() {
            members.insert(by.to_owned(), what);
        }
        out
    };
    let reading = |r: &trustwalk_core::cause::Reading| {
        let decides: Vec<_> = r.decides.iter().map(|c| c.code()).collect();
        json!({"read": r.tells, "decides": decides})
    };
    let sentence = |p: &Printed| {
        let causes: Vec<_> = p.causes.iter().map(|c| c.code()).collect();
        json!({"says": p.sentence, "causes": causes})
    };
    json!({
        "schema": 1,
        "sentences": text.printed.iter().map(sentence).collect::<Vec<_>>(),
        "means": text.failures.iter().map(means).chain(text.code.map(by_code)).collect::<Vec<_>>(),
        "causes": found.hits.iter().map(cause).collect::<Vec<_>>(),
        "separates": found.readings.iter().map(reading).collect::<Vec<_>>(),
        "named": text.named,
        "next": next(text, found, typed),
        "cut": text.cut,
    })
}

/// A cause's page.
fn one(cause: Cause, format: Format) -> anyhow::Result<Exit> {
    let meta = cause.meta();
    if format == Format::Human {
        let mut out = style::pen().page();
        out.article(&page(cause));
        style::page(&out.shown())?;
    } else {
        let page = json!({
            "schema": 1, "code": meta.code, "name": cause.name(), "summary": meta.summary, "link": meta.link.name(),
            "severity": meta.severity, "citation": meta.sources.first(),
            "sources": meta.sources, "says": meta.says, "since": meta.since, "doc": meta.doc,
        });
        style::say(&style::document(&page)?)?;
    }
    Ok(Exit::Sound)
}

/// A rule of an audit.
fn of_audit(rule: Own, format: Format) -> anyhow::Result<Exit> {
    if format == Format::Human {
        let pen = style::pen();
        let mut out = pen.page();
        out.line(pen.ink(Ink::Strong, &[rule.code(), " ", rule.name()].concat()));
        out.gap();
        out.prose(&[rule.summary(), "."].concat(), "", "");
        out.gap();
        out.prose(rule.advice(), "", "");
        style::page(&out.shown())?;
    } else {
        let page = json!({
            "schema": 1, "code": rule.code(), "name": rule.name(), "level": rule.level(), "summary": rule.summary(),
            "advice": rule.advice(),
        });
        style::say(&style::document(&page)?)?;
    }
    Ok(Exit::Sound)
}

/// What IAM refuses a policy for.
fn of_policy(refusal: Refusal, format: Format) -> anyhow::Result<Exit> {
    let known = match refusal.standing() {
        Standing::Documented => "AWS's documentation says that IAM refuses it",
        Standing::Reported => "users, or emulators made from AWS's answers, report that IAM refuses it",
        Standing::Unknown => "whether IAM refuses it is not known",
    };
    if format == Format::Human {
        let pen = style::pen();
        let mut out = pen.page();
        out.line(pen.ink(Ink::Strong, refusal.name()));
        out.gap();
        out.prose(&format!("{}; {known}.", refusal.summary()), "", "");
        out.gap();
        out.prose(refusal.advice(), "", "");
        style::page(&out.shown())?;
    } else {
        let page = json!({
            "schema": 1, "name": refusal.name(), "summary": refusal.summary(), "advice": refusal.advice(),
            "standing": refusal.standing(),
        });
        style::say(&style::document(&page)?)?;
    }
    Ok(Exit::Sound)
}

fn list(format: Format) -> anyhow::Result<Exit> {
    if format != Format::Human {
        let listed = |c: &Cause| {
            let (link, summary) = (c.link().name(), c.meta().summary);
            json!({"schema": 1, "code": c.code(), "name": c.name(), "link": link, "summary": summary})
        };
        let all: Vec<_> = Cause::ALL.iter().map(listed).collect();
        style::say(&style::document(&all)?)?;
        return Ok(Exit::Sound);
    }
    let mut out = style::pen().page();
    for cause in Cause::ALL {
        out.line(format_args!("{}  {:<48} {}", cause.code(), cause.name(), cause.meta().summary));
    }
    style::page(&out.shown())?;
    Ok(Exit::Sound)
}
