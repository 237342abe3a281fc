//! Running the rules, choosing the root cause, folding what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Diagnosis, Folded, LinkReport, LinkState};
use super::{saw, timeline};
use crate::evidence::Evidence;
use crate::finding::{Confidence, Finding, Severity, Verdict};
use crate::judge::{Refusal, refusal, succeeded};
use crate::link::Link;
use crate::rule::{Rule, RuleMeta, View};
use crate::rules;

/// Version of the diagnosis document.
const SCHEMA: u32 = 1;

/// One rule's verdict.
struct Ruled {
    meta: &'static RuleMeta,
    verdict: Verdict,
}

/// Judges the evidence by every rule.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let ruled: Vec<Ruled> = rules::all().iter().map(|rule| judge(*rule, evidence)).collect();
    let view = View::new(evidence);
    let refused = refusal(&view);
    let (mut errors, warnings, mut consequences) = sort_findings(&ruled);
    errors.sort_by_key(|f| rank(f, refused));
    let mut errors = errors.into_iter();
    let root_cause = errors.next();
    let also: Vec<Finding> = errors.collect();
    let broken: BTreeSet<Link> = root_cause.iter().chain(&also).map(|f| f.link).collect();
    let symptoms = symptoms(evidence, refused);
    let mut links: Vec<LinkReport> =
        Link::ALL.into_iter().map(|link| report(link, evidence, &ruled, &broken, &warnings)).collect();
    for (link, sentence) in &symptoms {
        if let Some(report) = links.iter_mut().find(|r| r.link == *link)
            && report.state != LinkState::Violated
        {
            report.state = if root_cause.is_some() { LinkState::Consequence } else { LinkState::Violated };
        }
        if root_cause.is_some() && !broken.contains(link) {
            consequences.push(Folded { sentence: sentence.clone(), link: *link, code: None });
        }
    }
    let undetermined = open_questions(&links, root_cause.is_none() && !symptoms.is_empty(), evidence);
    Diagnosis {
        schema: SCHEMA,
        target: evidence.target.clone(),
        at: evidence.now,
        links,
        root_cause,
        also,
        warnings,
        consequences,
        undetermined,
        timeline: timeline::timeline(evidence),
    }
}

fn judge(rule: &dyn Rule, evidence: &Evidence) -> Ruled {
    let view = View::new(evidence);
    Ruled { meta: rule.meta(), verdict: rule.judge(&view) }
}

/// Errors that stand on their own, warnings, and what a more basic fault explains away.
fn sort_findings(ruled: &[Ruled]) -> (Vec<Finding>, Vec<Finding>, Vec<Folded>) {
    let violated: BTreeSet<&str> =
        ruled.iter().filter(|r| matches!(r.verdict, Verdict::Violated { .. })).map(|r| r.meta.name).collect();
    let (mut errors, mut warnings, mut folded) = (Vec::new(), Vec::new(), Vec::new());
    for r in ruled {
        let Verdict::Violated { findings } = &r.verdict else { continue };
        let masked = r.meta.masked_by.iter().any(|name| violated.contains(name));
        for f in findings {
            if masked {
                folded.push(Folded { sentence: f.sentence.clone(), link: f.link, code: Some(f.code.clone()) });
            } else if f.severity == Severity::Error {
                errors.push(f.clone());
            } else {
                warnings.push(f.clone());
            }
        }
    }
    (errors, warnings, folded)
}

/// The finding that explains STS's answer comes first, then the surest, then the first link.
fn rank(f: &Finding, refused: Option<Refusal>) -> (bool, std::cmp::Reverse<Confidence>, Link, String) {
    let explains = refused.is_some_and(|r| links_of(r).contains(&f.link));
    (!explains, std::cmp::Reverse(f.confidence), f.link, f.code.clone())
}

/// Where the cause of a refusal can lie.
fn links_of(refused: Refusal) -> &'static [Link] {
    match refused {
        Refusal::Parameters => &[Link::ServiceAccount, Link::Exchange, Link::Token],
        Refusal::Token => &[Link::Token],
        Refusal::NoProvider => &[Link::Provider, Link::Issuer, Link::ServiceAccount],
        Refusal::Thumbprint => &[Link::Tls, Link::Provider],
        Refusal::Keys => &[Link::Issuer, Link::Keys, Link::Tls],
        Refusal::Audience => &[Link::Provider, Link::Token, Link::Keys],
        Refusal::Denied => &[Link::Trust, Link::ServiceAccount, Link::Provider],
    }
}

/// What is seen to fail: STS's refusal and pods that are not ready.
fn symptoms(e: &Evidence, refused: Option<Refusal>) -> Vec<(Link, String)> {
    let mut out = Vec::new();
    if refused.is_some() {
        let said = e.exchange.known().and_then(|x| Some(format!("{}: {}", x.code.as_ref()?, x.message.as_ref()?)));
        let logged = || {
            let log = e.logs.known()?.first()?;
            Some(format!("{} ({})", log.failure.message, log.origin))
        };
        let text = said.or_else(logged).unwrap_or_else(|| "STS refuses the exchange".to_owned());
        out.push((Link::Exchange, format!("STS answers {text}")));
    }
    if let Some(pods) = e.pods.known() {
        let unready = pods.iter().filter(|p| !p.ready && p.phase != "Succeeded").count();
        if unready > 0 {
            out.push((Link::Workload, format!("{unready} of {} pods are not ready", pods.len())));
        }
    }
    out
}

fn report(
    link: Link,
    e: &Evidence,
    ruled: &[Ruled],
    broken: &BTreeSet<Link>,
    warnings: &[Finding],
) -> LinkReport {
    let own: Vec<&Ruled> = ruled.iter().filter(|r| r.meta.link == link).collect();
    let missing: BTreeSet<String> = own
        .iter()
        .filter_map(|r| match &r.verdict {
            Verdict::Undetermined { missing } => Some(missing.clone()),
            Verdict::Pass | Verdict::NotApplicable { .. } | Verdict::Violated { .. } => None,
        })
        .flatten()
        .collect();
    let passed = own.iter().any(|r| matches!(r.verdict, Verdict::Pass | Verdict::Violated { .. }));
    let state = if broken.contains(&link) {
        LinkState::Violated
    } else if warnings.iter().any(|w| w.link == link) {
        LinkState::Warning
    } else if !missing.is_empty() && !proven_by_exchange(link, e) {
        LinkState::Undetermined
    } else if passed || proven_by_exchange(link, e) {
        LinkState::Pass
    } else {
        LinkState::NotApplicable
    };
    let missing = if state == LinkState::Undetermined { missing.into_iter().collect() } else { Vec::new() };
    LinkReport { link, state, saw: saw::line(link, e), missing }
}

/// An exchange that succeeded proves every link STS itself checks.
fn proven_by_exchange(link: Link, e: &Evidence) -> bool {
    let proven = [Link::Token, Link::Issuer, Link::Keys, Link::Tls, Link::Provider, Link::Trust, Link::Exchange];
    proven.contains(&link) && succeeded(&View::new(e))
}

fn open_questions(links: &[LinkReport], unexplained: bool, e: &Evidence) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut out: Vec<String> = Vec::new();
    if unexplained {
        out.push("why it fails: what was seen fits no known cause; `trustwalk collect` keeps the evidence".to_owned());
    }
    let own: BTreeMap<Link, &Vec<String>> = links.iter().map(|l| (l.link, &l.missing)).collect();
    for text in own.into_values().flatten() {
        if seen.insert(text.clone()) {
            out.push(text.clone());
        }
    }
    for gap in [e.workload.gap().filter(|_| !e.workload.is_absent()), e.caller.gap()] {
        let text = gap.filter(|g| !g.starts_with("not collected"));
        if let Some(text) = text
            && !out.iter().any(|o| o.contains(&text))
        {
            out.push(text);
        }
    }
    out
}
