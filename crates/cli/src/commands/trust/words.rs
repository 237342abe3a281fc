//! The report in words: the verdict first and last, and what it rests on between.

use std::fmt::Display;

use serde_json::Value;
use trustwalk_render::{Ink, Next, Page, Pen, Shown, Typed, ending};
use trustwalk_trust_policy::{
    Answer, Breadth, ConditionReport, ConditionVerdict, Decision, EditKind, ElementReport, Place, Standing,
    StatementReport, Warning,
};

use super::report::{Named, Refusal, Report, Verdict};
use crate::style;

/// The whole report.
pub(super) fn words(report: &Report<'_>, policy: &str, typed: &Typed) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    let (ink, mark, said) = verdict(report);
    out.line(format_args!("{} {}", pen.ink(ink, mark), pen.ink(Ink::Strong, &said)));
    if let Some(asker) = report.asker {
        out.line(format_args!("  provider  {}", asker.identity.provider_arn));
        for (name, value) in asker.identity.claims.iter().filter(|(_, v)| !v.is_null()) {
            out.line(format_args!("  {name:<9} {}", Value::to_string(value)));
        }
        for one in &asker.assumed {
            out.line(format_args!("  {}", pen.ink(Ink::Faint, format_args!("assumed: {one}"))));
        }
    }
    statements(&mut out, report, pen);
    out.gap();
    findings(&mut out, report, pen);
    change(&mut out, report, pen);
    out.gap();
    out.append(ending(ink, label(report.verdict), &said, &next(report, policy, typed), pen));
    out.shown()
}

/// The verdict's word, as JSON has it.
fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Admitted => "Admitted",
        Verdict::AdmittedWithStrangers => "Admitted with strangers",
        Verdict::Refused => "Refused",
        Verdict::RefusedAtSave => "Refused at save",
        Verdict::Ambiguous => "Ambiguous",
        Verdict::Undetermined => "Undetermined",
    }
}

/// The page of the cause that was named; else the same question again, with what was missing.
fn next(report: &Report<'_>, policy: &str, typed: &Typed) -> Next {
    if report.verdict == Verdict::Admitted {
        // What is left to ask is whether the role has it, and what STS says.
        let words =
            if typed.value("subject").is_some() { "diagnose --role ARN" } else { "diagnose --role ARN --subject SUB" };
        return Next::command(typed.command(words, &[], &["subject"]));
    }
    if let Some(cause) = report.causes().first() {
        return Next::command(typed.command("explain {}", &[cause.code()], &[]));
    }
    if let Some(reason) = report.refusals.iter().find_map(|refusal| refusal.reason.as_ref()) {
        return Next::command(typed.command("explain {}", &[reason.refusal().name()], &[]));
    }
    if let Some(key) = report.undecided().first() {
        let issuer = report.asker.map(|a| a.identity.issuer_path.as_str()).unwrap_or_default();
        let claim = key.strip_prefix(issuer).and_then(|rest| rest.strip_prefix(':'));
        let further = claim.map_or(("--key", *key), |claim| ("--claim", claim));
        return Next::command(typed.trust_again(policy, Some((further.0, [further.1, "=VALUE"].concat()))));
    }
    Next::after("change what is marked above", typed.trust_again(policy, None))
}

fn verdict(report: &Report<'_>) -> (Ink, &'static str, String) {
    let (good, bad, odd) = ("\u{221a}", "\u{d7}", "?");
    match report.verdict {
        Verdict::Admitted => (Ink::Good, good, "the policy admits this identity".to_owned()),
        Verdict::AdmittedWithStrangers => (Ink::Bad, bad, wide(report)),
        Verdict::Refused if !report.malformed_tags.is_empty() => {
            (Ink::Bad, bad, "STS refuses this token: its session tags are malformed".to_owned())
        }
        Verdict::Refused => (Ink::Bad, bad, decision(report).to_owned()),
        Verdict::RefusedAtSave => {
            let beside =
                if report.decision.is_some() { format!("; as it stands, {}", decision(report)) } else { String::new() };
            (Ink::Bad, bad, format!("IAM would refuse to save this policy{beside}"))
        }
        Verdict::Ambiguous => {
            let said = "names stand twice in this policy, and which of the two IAM keeps is not known; \
                as JSON is usually read,";
            (Ink::Bad, bad, format!("{said} {}", decision(report)))
        }
        Verdict::Undetermined => (Ink::Odd, odd, undetermined(report)),
    }
}

fn decision(report: &Report<'_>) -> &'static str {
    match report.decision {
        Some(Decision::Allow) => "the policy admits this identity",
        Some(Decision::ExplicitDeny) => "the policy denies this identity explicitly",
        Some(Decision::ImplicitDeny) => "no statement of the policy admits this identity",
        Some(Decision::Undetermined) | None => "whether the policy admits this identity is not known",
    }
}

fn wide(report: &Report<'_>) -> String {
    let widest = report.breadth.first().map_or("strangers", |w| breadth(w.breadth));
    let ours = match report.decision {
        Some(Decision::Allow) => "the policy admits this identity",
        _ => "whether the policy admits this identity is not known",
    };
    format!("{ours}, and it admits {widest}")
}

fn undetermined(report: &Report<'_>) -> String {
    let keys = report.undecided();
    if report.asker.is_none() {
        "the policy names no OIDC provider: give --issuer URL or --token FILE".to_owned()
    } else if keys.is_empty() {
        format!("{}, if IAM saves it, which is not known", decision(report))
    } else {
        format!("whether the policy admits this identity hangs on {}", keys.join(", "))
    }
}

/// Whom a breadth lets in.
fn breadth(breadth: Breadth) -> &'static str {
    match breadth {
        Breadth::AnyProvider => "tokens of every provider in the account",
        Breadth::AnySubject => "every subject of the issuer",
        Breadth::AnyOwner => "repositories of other owners",
        Breadth::NextOwner => "whoever takes the names of owner and repository next",
        Breadth::AnyNamespace => "service accounts of other namespaces",
        Breadth::AnyRepository => "other repositories of the same owner",
        Breadth::AnyServiceAccount => "other service accounts of the namespace",
        Breadth::AnyContext => "every branch, tag and environment of the repository",
        Breadth::PullRequests => "jobs of pull requests",
        Breadth::AnyAudience => "every audience that the provider has registered",
    }
}

fn findings(out: &mut Page, report: &Report<'_>, pen: Pen) {
    let (bad, odd) = (pen.ink(Ink::Bad, "\u{d7}"), pen.ink(Ink::Odd, "\u{203c}"));
    for refusal in &report.refusals {
        let mark = if refusal.standing == Standing::Unknown { &odd } else { &bad };
        out.line(format_args!("  {mark} {}", refused(refusal)));
    }
    for warning in report.dropped {
        out.line(format_args!("  {bad} {}", dropped(warning)));
    }
    for key in &report.malformed_tags {
        out.line(format_args!("  {bad} the session tag `{key}` is not a list of one text"));
    }
    for named in &report.reasons {
        out.line(format_args!("  {bad} {}", reason(named)));
    }
    for wide in &report.breadth {
        let mark = if wide.breadth.admits_strangers() { &bad } else { &odd };
        let audience = wide.audience.as_deref().map(|a| format!(" for {a}")).unwrap_or_default();
        out.line(format_args!("  {mark} also admitted: {}, e.g. {}{audience}", breadth(wide.breadth), wide.subject));
    }
    for key in report.undecided() {
        out.line(format_args!("  ? {key} is not known; --key {key}=VALUE or --claim NAME=VALUE tells it"));
    }
}

/// With its cause first, where it has one, as every other line of a cause.
fn refused(refusal: &Refusal) -> String {
    let code = refusal.cause.map(|cause| format!("{} {}: ", cause.code(), cause.name())).unwrap_or_default();
    match refusal.standing {
        Standing::Unknown => format!("{code}whether IAM saves this policy is not known: {}", refusal.message),
        Standing::Documented | Standing::Reported => {
            let detail = refusal.reason.as_ref().map(|r| format!(" [{}]", style::tagged(r))).unwrap_or_default();
            format!("{code}IAM would refuse to save this policy: {}{detail}", refusal.message)
        }
    }
}

fn dropped(warning: &Warning) -> String {
    let fate = "stands twice, and JSON readers drop one of the two without a word; the language forbids it";
    match warning {
        Warning::OperatorDropped { statement, operator, keys } => {
            format!("Statement[{statement}] {operator} {fate}; left out here: {}", keys.join(", "))
        }
        Warning::KeyDropped { statement, operator, key } => {
            format!("Statement[{statement}] {operator} {key} {fate}; the first was left out here")
        }
        Warning::KeyInTwoSpellings { statement, operator, key, other } => format!(
            "Statement[{statement}] {operator} {key} and {other} are one key for IAM, whose names have no case of \
             letters; both were judged here, and which IAM keeps is not known"
        ),
        Warning::PrincipalsDropped { statement, principal, values } => {
            format!(
                "Statement[{statement}] Principal {} {fate}; left out here: {}",
                principal.name(),
                values.join(", ")
            )
        }
        Warning::ElementDropped { statement: Some(statement), element } => {
            format!("Statement[{statement}] {element} {fate}; the first was left out here")
        }
        Warning::ElementDropped { statement: None, element } => {
            format!("{element} {fate}; the first was left out here")
        }
    }
}

fn reason(named: &Named) -> String {
    let place = match &named.reason.place {
        Place::Policy => String::new(),
        Place::Statement { statement } => format!("Statement[{statement}] "),
        Place::Principal { statement } => format!("Statement[{statement}] Principal "),
        Place::Action { statement } => format!("Statement[{statement}] Action "),
        Place::Condition { statement, operator, key } => format!("Statement[{statement}] {operator} {key} "),
    };
    format!("{} {}: {place}{}", named.cause.code(), named.cause.name(), named.reason.miss.words())
}

fn change(out: &mut Page, report: &Report<'_>, pen: Pen) {
    match &report.edit {
        Some(Ok(edit)) => {
            let how = match edit.kind {
                EditKind::InPlace => "in place",
                EditKind::Beside => "a statement of its own",
            };
            if let Some(wider) = &edit.wider {
                out.line(format_args!(
                    "  {}",
                    pen.ink(Ink::Faint, format_args!("in place it would also admit {wider}"))
                ));
            }
            out.line(format_args!("  a change that admits this identity and nobody else ({how}):"));
            out.block(&edit.document, "    ");
        }
        Some(Err(why)) => {
            out.line(format_args!("  {}", pen.ink(Ink::Faint, format_args!("no change is offered: {why}"))));
        }
        None => {}
    }
}

/// Each statement for the exchange, and what differs for the actions that STS asks for besides.
fn statements(out: &mut Page, report: &Report<'_>, pen: Pen) {
    let Some((first, besides)) = report.explanations.split_first() else { return };
    let mut actions = report.actions.iter();
    let mut head = |out: &mut Page| {
        if let Some(action) = actions.next().filter(|_| !besides.is_empty()) {
            out.gap();
            out.line(format_args!("For {action}:"));
        }
    };
    head(out);
    first.statements.iter().for_each(|s| statement(out, s, pen));
    for explanation in besides {
        head(out);
        for s in &explanation.statements {
            match first.statements.iter().find(|f| f.index == s.index) {
                Some(f) if f.principal == s.principal && f.conditions == s.conditions => {
                    out.line(format_args!("Statement[{}] {}", s.index, s.sid.unwrap_or_default()));
                    element(out, "Action", &s.action, pen);
                    out.line("    principal and conditions as above");
                }
                Some(_) | None => statement(out, s, pen),
            }
        }
    }
}

fn mark(answer: Answer, pen: Pen) -> impl Display {
    match answer {
        Answer::Yes => pen.ink(Ink::Good, "\u{221a}"),
        Answer::No => pen.ink(Ink::Bad, "\u{d7}"),
        Answer::Unknown => pen.ink(Ink::Odd, "?"),
    }
}

fn element(out: &mut Page, name: &str, element: &ElementReport<'_>, pen: Pen) {
    let whether = if element.matched { Answer::Yes } else { Answer::No };
    let not = if element.negated { "Not" } else { "" };
    out.line(format_args!("  {} {not}{name} {}", mark(whether, pen), element.written.join(", ")));
    if !element.matched {
        out.line(format_args!("      the request has {}", element.actual));
    }
}

fn statement(out: &mut Page, s: &StatementReport<'_>, pen: Pen) {
    out.gap();
    out.line(format_args!("Statement[{}] {}", s.index, s.sid.unwrap_or_default()));
    element(out, "Principal", &s.principal, pen);
    element(out, "Action", &s.action, pen);
    for c in &s.conditions {
        condition(out, c, mark(c.verdict.answer(), pen));
    }
}

fn condition(out: &mut Page, c: &ConditionReport<'_>, mark: impl Display) {
    out.line(format_args!("  {mark} {} {} {}", c.operator, c.key, c.policy_values.join(" | ")));
    match c.verdict {
        ConditionVerdict::Met | ConditionVerdict::MetKeyMissing => return,
        ConditionVerdict::Undetermined => {
            out.line("      the value is not known");
            return;
        }
        ConditionVerdict::NotMet | ConditionVerdict::NotMetKeyMissing | ConditionVerdict::UnknownOperator => {}
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
