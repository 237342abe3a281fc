//! Asks every question and tells the root cause from what follows from it.

use super::candidates;
use super::model::{Diagnosis, Folded, LinkReport, LinkState, Outcome};
use super::saw::count;
use super::whom::{self, Named, named_in_logs};
use super::{looked, saw, survivors, timeline, unlikely};
use crate::cause::Cause;
use crate::evidence::{
    Container, Evidence, LogMention, Observed, Pod, Target, TokenSource, Variable, View, at_work, pods_down,
};
use crate::finding::{Confidence, Finding};
use crate::habitat::Habitat;
use crate::link::Link;
use crate::observation::{Observation, TRAIL, Witness};
use crate::question::{self, Answers, acts_by_association};
use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

/// Version of the diagnosis document.
const SCHEMA: u32 = 1;

/// Names shown of those that exist instead.
const SHOWN: usize = 5;

/// The same of evidence by the servers' clock, without a look at what comes of the cures.
pub(crate) fn walk(evidence: &Evidence, clock_off: Option<String>) -> Diagnosis {
    let view = View::new(evidence);
    let mut answers = question::answers(evidence);
    let mut observations = question::observed(evidence);
    let habitat = Habitat::of(evidence);
    survivors::name_few(evidence, &mut answers, &observations, habitat);
    survivors::weigh(evidence, &mut answers, habitat);
    let candidates = candidates::candidates(evidence, &answers, &observations);
    let (mut errors, warnings): (Vec<Finding>, Vec<Finding>) = answers.found.iter().cloned().partition(Finding::fails);
    let lived = question::kept_from_sts(&view);
    survivors::order(&mut errors, &observations, lived, unlikely::bare(evidence));
    let folded = survivors::fold(&mut errors, &observations);
    let several = whom::of_several(evidence, &mut errors);
    let mut errors = errors.into_iter();
    let root_cause = errors.next();
    let missing = gaps(evidence, std::mem::take(&mut answers.missing), root_cause.as_ref());
    let (mut possible, also): (Vec<Finding>, Vec<Finding>) = errors.partition(|f| f.confidence == Confidence::Possible);
    let told: Vec<&Finding> = root_cause.iter().chain(&also).chain(&possible).collect();
    possible.extend(survivors::beside(evidence, &answers, &observations, habitat, &told));
    let named: Vec<&Finding> = root_cause.iter().chain(&also).chain(&possible).collect();
    survivors::explain(&mut observations, &named);
    let failures = failures(&view, &observations);
    let (causes, folded): (Vec<Cause>, Vec<Folded>) = folded.into_iter().unzip();
    let apart = if root_cause.is_some() { survivors::apart(&observations, &causes) } else { Vec::new() };
    // What is only possible has no consequences that were seen.
    let sure = root_cause.as_ref().filter(|f| f.confidence > Confidence::Possible);
    let consequences = consequences(sure, folded, &failures, &apart);
    let mut undetermined: Vec<String> = view.dismissed().iter().cloned().chain(several).collect();
    undetermined.extend(if sure.is_none() {
        candidates::meanings(evidence, &candidates, &observations)
    } else {
        candidates::meanings(evidence, &candidates, apart)
    });
    undetermined.extend(left_open(evidence, &view, &observations));
    // Where the identity's own exchange is accepted, what is only quoted is no reason to doubt it.
    let mut mentioned = candidates::mentioned(evidence, &observations);
    if evidence.exchange.known().is_none_or(|x| x.assumed.is_none()) {
        undetermined.append(&mut mentioned);
    }
    add_once(&mut undetermined, missing.iter().map(|(_, text)| text));
    if root_cause.is_none() {
        undetermined.extend(unexplained(evidence, &failures, !missing.is_empty()));
    }
    let state = States {
        root: root_cause.as_ref(),
        also: &also,
        possible: &possible,
        warnings: &warnings,
        missing: &missing,
        answers: &answers,
        failures: &failures,
        clock_off,
        over: candidates::over(evidence, &observations),
        beside: question::not_looked_at(&view),
        unclear: unclear(evidence, &observations),
        quoted: mentioned.into_iter().next(),
    };
    let links: Vec<LinkReport> = Link::ALL.iter().map(|l| state.report(evidence, *l)).collect();
    if undetermined.is_empty() && root_cause.is_none() {
        // What leaves it undecided is told, be it of a link alone.
        let open = links.iter().filter(|l| l.state == LinkState::Undetermined);
        undetermined.extend(open.map(|l| format!("the {}: {}", l.link.name(), l.saw)));
    }
    Diagnosis {
        schema: SCHEMA,
        target: evidence.target.clone(),
        at: evidence.now,
        looked: looked::looked(evidence),
        outcome: Outcome::of(root_cause.as_ref(), &also, &possible, &links, &undetermined),
        links,
        root_cause,
        also,
        possible,
        warnings,
        consequences,
        candidates,
        observations,
        undetermined,
        timeline: timeline::timeline(evidence),
        after: None,
        idle: idle(evidence),
        forthcoming: Vec::new(),
    }
}

/// Adds texts that are not there yet.
fn add_once<'a>(all: &mut Vec<String>, texts: impl Iterator<Item = &'a String>) {
    for text in texts {
        if !all.contains(text) {
            all.push(text.clone());
        }
    }
}

/// What may be past, what was not judged and what was not read.
fn left_open(evidence: &Evidence, view: &View<'_>, observations: &[Observation]) -> Vec<String> {
    let past = question::recent(view).into_iter().filter_map(|l| question::perhaps_past(view, l));
    let judged = candidates::not_judged(evidence, observations);
    past.chain(judged).chain(trail_not_read(evidence)).collect()
}

/// What a log that is all there is says in words that are not understood, or only quotes.
fn unclear(evidence: &Evidence, observations: &[Observation]) -> Option<String> {
    let told = || candidates::not_understood(evidence, observations).or_else(|| quoted_alone(evidence, observations));
    matches!(evidence.target, Target::Log { .. }).then(told).flatten()
}

/// That a log which is all there is quotes failures, and tells of none that happened.
fn quoted_alone(evidence: &Evidence, observations: &[Observation]) -> Option<String> {
    let quoted = candidates::mentioned(evidence, observations);
    let name = |m: &LogMention| format!("{} ({})", m.mention.symptom.name(), m.mention.dress.words());
    let names: Vec<String> = evidence.besides.mentioned.iter().take(quoted.len()).map(name).collect();
    (!quoted.is_empty()).then(|| format!("failures are quoted, and none is seen to happen: {}", names.join(", ")))
}

/// Whether no pod of the target runs: a workload of none, one between its runs, an account that nothing uses.
fn idle(e: &Evidence) -> bool {
    let of_pods = matches!(e.target, Target::Workload { .. } | Target::ServiceAccount { .. });
    of_pods && e.pods.known().is_some_and(|pods| pods.iter().all(Pod::ended))
}

/// What follows from the root cause: what it explains away, and what fails in other links.
fn consequences(
    root: Option<&Finding>,
    folded: Vec<Folded>,
    failures: &[Failing],
    apart: &[&Observation],
) -> Vec<Folded> {
    let Some(root) = root else { return folded };
    let of_another = |f: &&Failing| f.symptom.is_some_and(|s| apart.iter().any(|o| o.symptom == Some(s)));
    let failing = failures.iter().filter(|f| !of_another(f)).map(|f| &f.what);
    folded.into_iter().chain(failing.filter(|f| f.link != root.link()).cloned()).collect()
}

/// What could not be told, without what has no bearing on the target.
fn gaps(evidence: &Evidence, mut missing: Vec<(Link, String)>, root: Option<&Finding>) -> Vec<(Link, String)> {
    if let Some(line) = nothing_there(evidence) {
        // Everything else is unknown for this one reason.
        missing = vec![(Link::Workload, line)];
    }
    let alone = matches!(evidence.target, Target::Issuer { .. });
    let unasked =
        |text: &str| text.ends_with("not collected: not asked for") && (alone || text.starts_with("the logs:"));
    if matches!(evidence.target, Target::Issuer { .. } | Target::Role { .. }) {
        missing.retain(|(l, text)| saw::applies(evidence, *l) && !unasked(text));
    }
    if let Target::Log { .. } = evidence.target {
        // Nobody asked for the rest; what to ask for is all there is to say of it.
        let unread = evidence.logs.gap().map(|gap| (Link::Workload, format!("the logs: {gap}")));
        missing = unread.into_iter().chain([(Link::Workload, next(evidence, root))]).collect();
    }
    missing
}

/// What takes a diagnosis from a log alone further, with what the log names.
fn next(e: &Evidence, root: Option<&Finding>) -> String {
    let Named { role, subject, account } = named_in_logs(e, root);
    let habitat = Habitat::of(e);
    let mut commands = Vec::new();
    match account {
        Some((namespace, name)) => {
            commands.push(shell::line("trustwalk diagnose serviceaccount/{} -n {} --log FILE", &[name, namespace]));
        }
        None if habitat.may_be_cluster() => {
            commands.push("trustwalk diagnose KIND/NAME -n NAMESPACE --log FILE".to_owned());
        }
        None => commands.push("trustwalk diagnose --job FOLDER --log FILE".to_owned()),
    }
    commands.push(match (role, subject) {
        (Some(role), Some(subject)) => {
            shell::line("trustwalk diagnose --role {} --subject {} --log FILE", &[role, subject])
        }
        (Some(role), None) => shell::line("trustwalk diagnose --role {} --subject SUB --log FILE", &[role]),
        (None, _) => "trustwalk diagnose --role ARN --subject SUB --log FILE".to_owned(),
    });
    format!("whether cluster and account agree with the log: `{}` would tell", commands.join("` or `"))
}

/// The target itself does not exist.
fn nothing_there(e: &Evidence) -> Option<String> {
    if matches!(e.target, Target::ServiceAccount { .. }) && e.service_account.is_absent() {
        let others: Vec<&str> = e.other_accounts().map(|s| s.name.as_str()).take(SHOWN).collect();
        let gap = e.service_account.gap()?;
        return Some(if others.is_empty() { gap } else { format!("{gap}; there are {}", others.join(", ")) });
    }
    let absent = matches!(e.target, Target::Workload { .. }) && e.workload.is_absent();
    let gap = if absent { e.workload.gap()? } else { return None };
    Some(match &e.service_account {
        Observed::NotCollected { reason } if reason.starts_with(&gap) => reason.clone(),
        Observed::NotCollected { .. }
        | Observed::Spared { .. }
        | Observed::Known { .. }
        | Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. } => gap,
    })
}

/// Something that fails visibly.
struct Failing {
    what: Folded,
    /// Whether it is a failure of the identity, and not one that may have other reasons, as a pod's not being ready.
    of_identity: bool,
    /// The meaning of a log's line.
    symptom: Option<Symptom>,
}

/// That the account's trail was refused: changes and refusals may stand there.
fn trail_not_read(e: &Evidence) -> Option<String> {
    let gap = e.trail.gap().filter(|_| e.trail.is_refused() && e.caller.known().is_some())?;
    Some(format!("not read: what CloudTrail remembers of changes and of refused exchanges: {gap}"))
}

/// Whether a pod that is not ready lacks the identity that the workload is to have.
fn lack_identity(e: &View<'_>, pods: &[Pod]) -> bool {
    let given = |c: &Container| c.has_env(Variable::AwsRoleArn) || c.has_env(Variable::AwsContainerCredentialsFullUri);
    let without = |p: &Pod| !p.ready && !p.spec.containers.iter().any(given);
    e.role_arn().known().is_some() && at_work(pods).any(without)
}

/// What fails visibly: the exchange, the pods, the logs, exchanges that the account's trail remembers.
fn failures(e: &View<'_>, observations: &[Observation]) -> Vec<Failing> {
    let mut out = Vec::new();
    let mut say = |link, of_identity, sentence: String| {
        out.push(Failing { what: Folded { sentence, link, code: None }, of_identity, symptom: None });
    };
    let ours_alone = question::refused_us_alone(e).is_some();
    if let Some(x) = e.exchange().known().filter(|x| x.assumed.is_none() && !ours_alone) {
        let code = x.code.clone().unwrap_or_else(|| format!("HTTP {}", x.status));
        say(Link::Exchange, true, format!("STS refuses: {code}: {}", x.message.clone().unwrap_or_default()));
    }
    let pods = e.pods().known().map(Vec::as_slice).unwrap_or_default();
    let down = pods_down(pods);
    let lack = lack_identity(e, pods);
    let and = if lack { ", and was never given the identity" } else { "" };
    if down == 1 && pods.len() == 1 {
        say(Link::Workload, lack, format!("its only pod is not ready{and}"));
    } else if down > 0 {
        let and = if lack { ", and of these some were never given the identity" } else { "" };
        say(Link::Workload, lack, format!("{down} of {} pods are not ready{and}", pods.len()));
    }
    if let Some(w) = e.workload().known().filter(|w| w.desired > 0 && e.pods().known().is_some_and(Vec::is_empty)) {
        say(
            Link::Workload,
            false,
            format!("it wants {} and has none", count(usize::try_from(w.desired).unwrap_or(usize::MAX), "pod")),
        );
    }
    for line in question::recent(e).into_iter().take(3) {
        let sentence = format!("{}: {}", times(&line.origin, line.count), line.failure.message);
        let symptom = line.failure.symptom;
        out.push(Failing {
            what: Folded { sentence, link: Link::Workload, code: None },
            // Of a log alone, whatever it tells is what is asked about.
            of_identity: !symptom.says_nothing() || matches!(e.target(), Target::Log { .. }),
            symptom: Some(symptom),
        });
    }
    let refused = observations.iter().filter(|o| o.witness == Witness::Trail && o.origin == TRAIL && o.speaks());
    let refused: Vec<&Observation> = refused.collect();
    if let Some(last) = refused.iter().max_by_key(|o| o.at) {
        out.push(Failing {
            what: Folded {
                sentence: format!("STS refused {}, the last: {}", count(refused.len(), "exchange"), last.text),
                link: Link::Exchange,
                code: None,
            },
            of_identity: true,
            symptom: last.symptom,
        });
    }
    out
}

/// Where something was seen, and how often where that was more than once.
fn times(origin: &str, count: u64) -> String {
    if count == 1 { origin.to_owned() } else { format!("{origin}, {count} times") }
}

fn unexplained(e: &Evidence, failures: &[Failing], gaps: bool) -> Option<String> {
    // A pod that is not ready may have many reasons; only failures of the identity ask for an answer here.
    let seen: Vec<&str> = failures.iter().map(|f| f.what.sentence.as_str()).collect();
    if seen.is_empty() {
        return None;
    }
    if gaps {
        // A cause that could not be looked at may well be a known one.
        return Some(format!(
            "something fails ({}), and what could not be read, named above, may hold the cause",
            seen.join("; ")
        ));
    }
    let decide = match &e.exchange {
        _ if acts_by_association(&View::new(e)) => {
            "what the pods ask for next would tell: EKS alone assumes the role of a Pod Identity association"
        }
        Observed::Known { .. } => {
            "the pod's own log at debug level, and CloudTrail's AssumeRoleWithWebIdentity events, would tell more"
        }
        Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Unreachable { .. }
        | Observed::NotCollected { .. } => {
            "a real exchange would decide: run without --no-exchange, with the permission to create tokens for the \
             service account"
        }
        Observed::Spared { .. } => "a real exchange would decide: `--exchange` makes one",
    };
    Some(format!("something fails and no known cause fits the evidence ({}); {decide}", seen.join("; ")))
}

/// Whether what was seen of a link is compared with a token, or is the token's, and none is at hand.
fn tokenless(e: &Evidence, link: Link) -> bool {
    let derived = || e.token.known().is_some_and(|t| t.source == TokenSource::Typed);
    matches!(link, Link::Provider | Link::Trust) && e.token.is_open() || link == Link::Token && derived()
}

struct States<'a> {
    root: Option<&'a Finding>,
    also: &'a [Finding],
    possible: &'a [Finding],
    warnings: &'a [Finding],
    missing: &'a [(Link, String)],
    answers: &'a Answers,
    failures: &'a [Failing],
    clock_off: Option<String>,
    /// What is over of a log that was given.
    over: Option<String>,
    /// Where credentials may come from that nobody looked at.
    beside: Option<String>,
    /// What was not understood of a log that is all there is.
    unclear: Option<String>,
    /// A failure that a log quotes, of an identity whose exchange is accepted.
    quoted: Option<String>,
}

impl States<'_> {
    fn report(&self, e: &Evidence, link: Link) -> LinkReport {
        let mut missing: Vec<String> =
            self.missing.iter().filter(|(l, _)| *l == link).map(|(_, t)| t.clone()).collect();
        // A cause that is only possible breaks no link: what was seen there does.
        let root = self.root.filter(|f| f.confidence > Confidence::Possible);
        let found = root.into_iter().chain(self.also).find(|f| f.link() == link);
        let failed = self.failures.iter().find(|f| f.what.link == link);
        let perhaps = self.root.filter(|_| root.is_none());
        let suspected = perhaps.into_iter().chain(self.possible).any(|f| f.link() == link);
        let unclear = self.unclear.as_ref().filter(|_| link == Link::Workload && failed.is_none());
        let beside = self.beside.as_deref().filter(|_| link == Link::Workload);
        let (seen, gap) = saw::saw(e, link);
        if missing.is_empty() {
            missing.extend(gap.clone());
        }
        let state = if found.is_some() {
            LinkState::Violated
        } else if failed.is_some() && root.is_some() {
            LinkState::Consequence
        } else if self.failures.iter().any(|f| f.what.link == link && f.of_identity) {
            LinkState::Violated
        } else if self.warnings.iter().any(|f| f.link() == link) || failed.is_some() {
            LinkState::Warning
        } else if !saw::applies(e, link) {
            LinkState::NotApplicable
        } else if gap.is_none()
            && !suspected
            && (link == Link::Token || !self.answers.judged.contains(&link))
            && tokenless(e, link)
        {
            LinkState::Seen
        } else if gap.is_some()
            || suspected
            || unclear.is_some()
            || (!missing.is_empty() && !self.answers.judged.contains(&link))
        {
            LinkState::Undetermined
        } else if link == Link::Exchange && matches!(e.exchange, Observed::Spared { .. }) {
            // Nobody asked STS: what was foretold of its answer is no answer.
            LinkState::Seen
        } else if self.answers.judged.contains(&link) && beside.is_none() {
            LinkState::Pass
        } else {
            LinkState::Seen
        };
        let mut saw = match (found, failed) {
            (Some(f), _) => f.sentence.clone(),
            (None, Some(f)) => f.what.sentence.clone(),
            (None, None) => unclear.cloned().unwrap_or(seen),
        };
        if let Some(several) = whom::several(e).filter(|_| failed.is_some() && link == Link::Workload) {
            saw = several;
        }
        if let Some(over) = self.over.as_deref().filter(|_| link == Link::Workload) {
            saw = format!("{saw}; {over}");
        }
        if let Some(quoted) = self.quoted.as_deref().filter(|_| link == Link::Workload) {
            saw = format!("{saw}; not known: {quoted}");
        }
        if let Some(beside) = beside.filter(|_| state == LinkState::Seen) {
            saw = format!("{saw}; {beside}");
        }
        // Told where times are judged, once.
        let judges = if matches!(e.target, Target::Issuer { .. }) { Link::Tls } else { Link::Token };
        if let Some(off) = self.clock_off.as_deref().filter(|off| link == judges && !saw.contains(off)) {
            saw = format!("{saw}; {off}");
        }
        if !matches!(state, LinkState::Undetermined | LinkState::Seen) || missing == [saw.as_str()] {
            missing.clear();
        }
        LinkReport { link, state, saw, missing }
    }
}
