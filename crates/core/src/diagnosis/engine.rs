//! Runs every rule and tells the root cause from what follows from it.

use std::collections::BTreeSet;

use super::model::{Diagnosis, Folded, LinkReport, LinkState, Outcome};
use super::saw::count;
use super::{possible, saw, timeline};
use crate::evidence::{Evidence, Observed, Target, pods_down};
use crate::finding::{Confidence, Finding, Severity, Verdict};
use crate::judge::{self, Refusal};
use crate::link::Link;
use crate::rule::View;
use crate::rules;

/// Version of the diagnosis document.
const SCHEMA: u32 = 1;

/// What takes a diagnosis from a log alone further.
const NEXT: &str = "whether cluster and account agree with the log: `trustwalk diagnose KIND/NAME -n NAMESPACE --log FILE` or `trustwalk diagnose --role ARN --subject SUB --log FILE` would tell";

/// Names shown of those that exist instead.
const SHOWN: usize = 5;

/// What the rules said, gathered.
#[derive(Default)]
struct Gathered {
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
    missing: Vec<(Link, String)>,
    judged: BTreeSet<Link>,
}

/// Walks the chain for one target, by the servers' clock where this machine's is off.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    match evidence.by_servers_clock() {
        Some(corrected) => walk(&corrected, evidence.clock_off()),
        None => walk(evidence, None),
    }
}

fn walk(evidence: &Evidence, clock_off: Option<String>) -> Diagnosis {
    let view = View::new(evidence);
    let mut gathered = gather(&view);
    if let Some(line) = nothing_there(evidence) {
        // Everything else is unknown for this one reason.
        gathered.missing = vec![(Link::Workload, line)];
    }
    let alone = matches!(evidence.target, Target::Issuer { .. });
    let unasked =
        |text: &str| text.ends_with("not collected: not asked for") && (alone || text.starts_with("the logs:"));
    if matches!(evidence.target, Target::Issuer { .. } | Target::Role { .. }) {
        // What has no bearing on the target is no gap in its diagnosis.
        gathered.missing.retain(|(l, text)| saw::applies(evidence, *l) && !unasked(text));
    }
    if let Target::Log { .. } = evidence.target {
        // Nobody asked for the rest; what to ask for is all there is to say of it.
        let unread = evidence.logs.gap().map(|gap| (Link::Workload, format!("the logs: {gap}")));
        gathered.missing = unread.into_iter().chain([(Link::Workload, NEXT.to_owned())]).collect();
    }
    let refusal = judge::refusal(&view);
    if judge::kept_from_sts(&view) {
        order_as_lived(&mut gathered.errors);
    } else {
        order(&mut gathered.errors, refusal);
    }
    let folded = fold(&mut gathered.errors);
    let mut errors = gathered.errors.into_iter();
    let root_cause = errors.next();
    let also: Vec<Finding> = errors.collect();
    let failures = failures(&view);
    let consequences = match &root_cause {
        Some(root) => folded.into_iter().chain(failures.iter().filter(|f| f.link != root.link).cloned()).collect(),
        None => Vec::new(),
    };
    let mut undetermined: Vec<String> = Vec::new();
    if root_cause.is_none() {
        undetermined.extend(unexplained(evidence, &failures, !gathered.missing.is_empty()));
        undetermined.extend(possible::meanings(&view));
    }
    for (_, text) in &gathered.missing {
        if !undetermined.contains(text) {
            undetermined.push(text.clone());
        }
    }
    let state = States {
        root: root_cause.as_ref(),
        also: &also,
        warnings: &gathered.warnings,
        missing: &gathered.missing,
        judged: &gathered.judged,
        failures: &failures,
        clock_off,
    };
    let links: Vec<LinkReport> = Link::ALL.iter().map(|l| state.report(evidence, *l)).collect();
    Diagnosis {
        schema: SCHEMA,
        target: evidence.target.clone(),
        at: evidence.now,
        outcome: Outcome::of(root_cause.as_ref(), &also, &links, &undetermined),
        links,
        root_cause,
        also,
        warnings: gathered.warnings,
        consequences,
        undetermined,
        timeline: timeline::timeline(evidence),
    }
}

/// The target itself does not exist.
fn nothing_there(e: &Evidence) -> Option<String> {
    if matches!(e.target, Target::ServiceAccount { .. }) && e.service_account.is_absent() {
        let others: Vec<&str> = e.siblings.known().into_iter().flatten().map(|s| s.name.as_str()).take(SHOWN).collect();
        let gap = e.service_account.gap()?;
        return Some(if others.is_empty() { gap } else { format!("{gap}; there are {}", others.join(", ")) });
    }
    let absent = matches!(e.target, Target::Workload { .. }) && e.workload.is_absent();
    let gap = if absent { e.workload.gap()? } else { return None };
    Some(match &e.service_account {
        Observed::NotCollected { reason } if reason.starts_with(&gap) => reason.clone(),
        Observed::NotCollected { .. }
        | Observed::Known { .. }
        | Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. } => gap,
    })
}

fn gather(view: &View<'_>) -> Gathered {
    let mut out = Gathered::default();
    for rule in rules::all() {
        let link = rule.meta().link;
        match rule.judge(view) {
            Verdict::Pass => {
                out.judged.insert(link);
            }
            Verdict::NotApplicable { .. } => {}
            Verdict::Undetermined { missing } => {
                for text in missing {
                    if !out.missing.contains(&(link, text.clone())) {
                        out.missing.push((link, text));
                    }
                }
            }
            Verdict::Violated { findings } => {
                out.judged.insert(link);
                for f in findings {
                    if f.severity == Severity::Error { out.errors.push(f) } else { out.warnings.push(f) }
                }
            }
        }
    }
    out
}

/// The link in which a refusal of STS has its cause.
fn explains(refusal: Option<Refusal>, f: &Finding) -> bool {
    let link = f.link;
    refusal.is_some_and(|r| match r {
        Refusal::Parameters => matches!(link, Link::ServiceAccount | Link::Exchange | Link::Token),
        Refusal::Token => link == Link::Token,
        // One provider may have both the wrong thumbprints and the wrong audiences.
        _ if link == Link::Provider && f.name.contains("thumbprint") => r == Refusal::Thumbprint,
        Refusal::NoProvider => matches!(link, Link::Provider | Link::Exchange),
        Refusal::Thumbprint => link == Link::Tls || (link == Link::Provider && !f.name.contains("audience")),
        Refusal::Keys => matches!(link, Link::Keys | Link::Issuer | Link::Tls),
        Refusal::Audience => matches!(link, Link::Provider | Link::Token | Link::Keys | Link::Issuer | Link::Workload),
        Refusal::Denied => matches!(link, Link::Trust | Link::ServiceAccount | Link::Exchange),
    })
}

/// What explains the failure seen comes first, then what is surer, then what stands earlier in the chain.
fn order(errors: &mut [Finding], refusal: Option<Refusal>) {
    errors.sort_by(|a, b| {
        let key = |f: &Finding| (!explains(refusal, f), f.confidence == Confidence::Possible, f.link, f.code.clone());
        key(a).cmp(&key(b))
    });
}

/// The workload fails before it comes to STS, and only trustwalk's own exchange was refused there: what the
/// workload's log shows comes first, then what stands earlier in the chain.
fn order_as_lived(errors: &mut [Finding]) {
    errors.sort_by(|a, b| {
        let logged = |f: &Finding| f.proof.iter().any(|p| p.label == "failure");
        let key = |f: &Finding| (f.confidence == Confidence::Possible, !logged(f), f.link, f.code.clone());
        key(a).cmp(&key(b))
    });
}

/// Takes out findings that another rule's violation explains away.
fn fold(errors: &mut Vec<Finding>) -> Vec<Folded> {
    let names: Vec<String> = errors.iter().map(|f| f.name.clone()).collect();
    let mut folded = Vec::new();
    errors.retain(|f| {
        let masks = rules::by_code_or_name(&f.code).map_or(&[][..], |r| r.meta().masked_by);
        let masked = masks.iter().any(|m| names.iter().any(|n| n == m));
        if masked {
            folded.push(Folded { sentence: f.sentence.clone(), link: f.link, code: Some(f.code.clone()) });
        }
        !masked
    });
    folded
}

/// What fails visibly: the exchange, the pods, the logs.
fn failures(view: &View<'_>) -> Vec<Folded> {
    let e = view.frame();
    let mut out = Vec::new();
    let mut say = |link, sentence: String| out.push(Folded { sentence, link, code: None });
    if let Some(x) = e.exchange.known().filter(|x| x.assumed.is_none()) {
        let code = x.code.clone().unwrap_or_else(|| format!("HTTP {}", x.status));
        say(Link::Exchange, format!("STS refuses: {code}: {}", x.message.clone().unwrap_or_default()));
    }
    let pods = e.pods.known().map(Vec::as_slice).unwrap_or_default();
    let down = pods_down(pods);
    if down == 1 && pods.len() == 1 {
        say(Link::Workload, "its only pod is not ready".to_owned());
    } else if down > 0 {
        say(Link::Workload, format!("{down} of {} pods are not ready", pods.len()));
    }
    if let Some(w) = e.workload.known().filter(|w| w.desired > 0 && e.pods.known().is_some_and(Vec::is_empty)) {
        say(
            Link::Workload,
            format!("it wants {} and has none", count(usize::try_from(w.desired).unwrap_or(usize::MAX), "pod")),
        );
    }
    for line in judge::recent(view).into_iter().take(3) {
        say(Link::Workload, format!("{} ×{}: {}", line.origin, line.count, line.failure.message));
    }
    out
}

fn unexplained(e: &Evidence, failures: &[Folded], gaps: bool) -> Option<String> {
    // A pod that is not ready may have many reasons; only failures of the identity ask for an answer here.
    let seen: Vec<&str> = failures.iter().map(|f| f.sentence.as_str()).collect();
    if seen.is_empty() {
        return None;
    }
    if gaps {
        // A cause that could not be looked at may well be a known one.
        return Some(format!(
            "something fails ({}), and what could not be read, named below, may hold the cause",
            seen.join("; ")
        ));
    }
    let decide = match &e.exchange {
        Observed::Known { .. } => {
            "the pod's own log at debug level, and CloudTrail's AssumeRoleWithWebIdentity events, would tell more"
        }
        Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. } => {
            "a real exchange would decide: run without --no-exchange, with the permission to create tokens for the service account"
        }
    };
    Some(format!("something fails and no known cause fits the evidence ({}); {decide}", seen.join("; ")))
}

struct States<'a> {
    root: Option<&'a Finding>,
    also: &'a [Finding],
    warnings: &'a [Finding],
    missing: &'a [(Link, String)],
    judged: &'a BTreeSet<Link>,
    failures: &'a [Folded],
    clock_off: Option<String>,
}

impl States<'_> {
    fn report(&self, e: &Evidence, link: Link) -> LinkReport {
        let mut missing: Vec<String> =
            self.missing.iter().filter(|(l, _)| *l == link).map(|(_, t)| t.clone()).collect();
        let found = self.root.into_iter().chain(self.also).find(|f| f.link == link);
        let failed = self.failures.iter().find(|f| f.link == link);
        let (seen, gap) = saw::saw(e, link);
        if missing.is_empty() {
            missing.extend(gap.clone());
        }
        let state = if found.is_some() {
            LinkState::Violated
        } else if failed.is_some() && self.root.is_some() {
            LinkState::Consequence
        } else if failed.is_some_and(|f| link == Link::Exchange || f.sentence.contains('×')) {
            LinkState::Violated
        } else if self.warnings.iter().any(|f| f.link == link) || failed.is_some() {
            LinkState::Warning
        } else if !saw::applies(e, link) {
            LinkState::NotApplicable
        } else if gap.is_some() || (!missing.is_empty() && !self.judged.contains(&link)) {
            LinkState::Undetermined
        } else {
            LinkState::Pass
        };
        let mut saw = match (found, failed) {
            (Some(f), _) => f.sentence.clone(),
            (None, Some(f)) => f.sentence.clone(),
            (None, None) => seen,
        };
        // Told where times are judged, once.
        let judges = if matches!(e.target, Target::Issuer { .. }) { Link::Tls } else { Link::Token };
        if let Some(off) = self.clock_off.as_deref().filter(|off| link == judges && !saw.contains(off)) {
            saw = format!("{saw}; {off}");
        }
        if state != LinkState::Undetermined || missing == [saw.as_str()] {
            missing.clear();
        }
        LinkReport { link, state, saw, missing }
    }
}
