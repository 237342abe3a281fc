//! From a diagnosis to steps with preconditions, effects and inverses.

use std::collections::BTreeMap;

use trustwalk_foreign::{redact, shell, visible};

use super::action::{Action, Cure};
use super::cures::expected;
use super::describe::{describe, reach};
use super::lint::{Leave, Linted, Rule, lint, of_step};
use super::model::{Applicability, CAUSES_BETWEEN, Effect, Plan, Precondition, Step, Withheld};
use super::owner::Owner;
use super::restart::{Which, may_restart, renewal_of, stands};
use super::ways::ways;
use crate::diagnosis::{Diagnosis, Refused, course, named};
use crate::evidence::{Evidence, View};
use crate::finding::{Confidence, Finding};
use crate::link::Link;

/// What is told beside the tools' own ways.
const NOTE: &str = "note";

/// Version of the plan document.
const VERSION: u32 = 1;

/// The plan that cures the root cause of what the user named. Empty of steps when a person has to act.
pub fn build(e: &Evidence, d: &Diagnosis) -> Plan {
    build_for(e, d, Leave::default())
}

/// The same for a workload that was named, or was not: steps until the evidence, with the steps applied, is sound, or
/// what is left is open or for a person.
pub fn build_for(e: &Evidence, d: &Diagnosis, leave: Leave) -> Plan {
    let mut plan = Plan {
        version: VERSION,
        made: e.now,
        cures: String::new(),
        steps: Vec::new(),
        notes: Vec::new(),
        withheld: Vec::new(),
    };
    let Some(root) = &d.root_cause else { return plan };
    let course = course(e, d, &|before, action| of_step(before, action, leave));
    plan.steps.extend(course.taken.iter().filter_map(|t| step_of(&t.before, &t.action)));
    let cured: Vec<&str> = named(d)
        .filter(|f| course.taken.iter().any(|t| t.cause == f.cause) || already(f, &plan))
        .map(Finding::name)
        .collect();
    plan.cures = if cured.is_empty() { root.name().to_owned() } else { cured.join(CAUSES_BETWEEN) };
    course.refused.iter().for_each(|r| refused(r, &mut plan));
    // While what fails first is kept by another tool, new pods would fail as those that are there.
    let first = course.taken.iter().any(|t| t.cause == root.cause);
    if !first && !plan.withheld.is_empty() && plan.steps.iter().all(|s| s.action.renews_pods()) {
        plan.steps.clear();
        root.name().clone_into(&mut plan.cures);
    }
    for finding in named(d) {
        waits(finding, root, &mut plan);
    }
    plan.notes.extend(by_hand(e, root, !plan.steps.is_empty()));
    plan.notes.extend(owners(e, &plan));
    plan.notes.extend(drift(&plan));
    for cure in root.cures.iter().filter(|c| c.actions.is_empty()) {
        plan.notes.extend(way_by_hand(cure));
    }
    plan
}

/// The way to take where a person carries a cure out, and what is to be known before: the finding has every tool's.
fn way_by_hand(cure: &Cure) -> Vec<String> {
    let owner = cure.through.as_ref().and_then(|tool| cure.by_hand.get_key_value(tool));
    let way = owner.or_else(|| cure.by_hand.iter().find(|(tool, _)| *tool != NOTE));
    let note = cure.by_hand.get(NOTE).filter(|_| way.is_none_or(|(tool, _)| tool != NOTE));
    match (way, note) {
        (Some((tool, text)), note) => {
            let way = format!("{}: {tool}: {text}", cure.title);
            note.into_iter().cloned().chain([way]).collect()
        }
        (None, Some(note)) => vec![format!("{}: {note}", cure.title)],
        (None, None) => vec![cure.title.clone()],
    }
}

/// Whether the plan's steps cure a finding: all that it asks for is among them.
fn already(finding: &Finding, plan: &Plan) -> bool {
    let mut actions = finding.cures.iter().flat_map(|c| &c.actions).peekable();
    finding.confidence == Confidence::Proven
        && actions.peek().is_some()
        && actions.all(|a| plan.steps.iter().any(|s| s.action == *a))
}

/// Says why nothing is changed for a finding that is not proven, or that comes after one.
fn waits(finding: &Finding, root: &Finding, plan: &mut Plan) {
    let acting = || finding.cures.iter().filter(|c| !c.actions.is_empty());
    let planned = acting().flat_map(|c| &c.actions).any(|a| plan.steps.iter().any(|s| s.action == *a));
    let proven = root.confidence == Confidence::Proven && finding.confidence == Confidence::Proven;
    if acting().next().is_none() || planned || proven {
        return;
    }
    plan.notes.push(match &finding.decide {
        Some(decide) => {
            format!("{} is not proven, so nothing is changed for it; to decide: {decide}", finding.name())
        }
        None => format!("{} waits: what fails before it is not proven, so nothing is changed for it", finding.name()),
    });
    plan.notes.extend(acting().flat_map(way_by_hand));
}

/// Says why a cure is not taken, or leaves it to whoever keeps the object.
fn refused(refused: &Refused, plan: &mut Plan) {
    let Refused { cause, changes, why } = refused;
    if why.rule != Rule::OwnedElsewhere {
        let note = format!("{}: {}", cause.name(), why.words);
        if !plan.notes.contains(&note) {
            plan.notes.push(note);
        }
        return;
    }
    let owner = changes.iter().find_map(|(action, before)| Owner::of(before, action));
    for (action, before) in changes {
        let Some(one) = withheld(before, action, owner.as_ref()) else { continue };
        if !plan.withheld.contains(&one) {
            plan.withheld.push(one);
        }
    }
}

/// A change that is left to whoever keeps the object.
pub(super) fn withheld(before: &Evidence, action: &Action, owner: Option<&Owner>) -> Option<Withheld> {
    let told = describe(action, &expected(before, action)?);
    let by_hand: BTreeMap<String, String> =
        ways(&View::new(before), action).into_iter().map(|(tool, text)| (tool.to_owned(), text)).collect();
    Some(Withheld {
        action: action.clone(),
        words: told.words,
        changes: told.changes,
        owner: owner.map(Owner::words).unwrap_or_default(),
        through: owner.and_then(Owner::key).filter(|k| by_hand.contains_key(*k)).map(str::to_owned),
        by_hand,
    })
}

/// How what is left to others is changed here all the same.
pub(super) fn drift(plan: &Plan) -> Option<String> {
    (!plan.withheld.is_empty()).then(|| {
        "what another tool keeps is changed there; --force-drift changes it here, and that tool finds it changed at \
         its next run"
            .to_owned()
    })
}

/// The plan as it may be carried out: looked at once more by the linter, as a whole. What it refuses then is a fault of
/// ours, and nothing is done of such a plan.
pub fn fit(e: &Evidence, d: &Diagnosis, leave: Leave) -> Linted {
    let plan = build_for(e, d, leave);
    match lint(e, plan.clone(), leave) {
        Ok(linted) => linted,
        Err(refused) => Linted::nothing_of(plan, &refused),
    }
}

/// One step, in words and as data; `None` where what it replaces was not read.
pub fn step_of(e: &Evidence, action: &Action) -> Option<Step> {
    let expected = expected(e, action)?;
    let told = describe(action, &expected);
    // The linter lets no such step pass without the user's word.
    let past = Owner::of(e, action).map(|owner| redact(&visible::line(&owner.words())).into_owned());
    Some(Step {
        inverse: action.inverse(&expected),
        action: action.clone(),
        precondition: Precondition { words: told.place, expected },
        effect: Effect { words: told.words, changes: told.changes, blast_radius: blast(e, action), past },
        applicability: Applicability::NeedsApproval,
    })
}

fn blast(e: &Evidence, action: &Action) -> String {
    let siblings = e.other_accounts().filter(|s| s.role_arn().is_some()).count();
    match action {
        Action::SetThumbprints { .. } | Action::AddClientId { .. } if siblings > 0 => format!(
            "every identity that comes through this provider, {siblings} more service accounts of this namespace \
             among them"
        ),
        Action::Restart { .. } => counted(e.pods.known().map_or(0, Vec::len), "pod"),
        Action::Renew { pods, .. } => {
            let all = e.pods.known().map_or(0, Vec::len);
            format!("{} of {all}: those that need it", counted(pods.len(), "pod"))
        }
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::SetTrustPolicy { .. }
        | Action::Annotate { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { .. }
        | Action::AttachPolicy { .. } => reach(action),
    }
}

/// A number with its noun.
fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// How the pods come to what was changed, where nothing rolls them out: whoever made them has to make them anew.
fn by_hand(e: &Evidence, root: &Finding, changed: bool) -> Option<String> {
    let needed = may_restart(root.cause) || (changed && (e.pods_down() > 0 || root.link() == Link::ServiceAccount));
    if !needed || renewal_of(e, Which::Needy).is_some() {
        return None;
    }
    let Some(w) = e.workload.known() else {
        let pods = e.pods.known().filter(|p| !p.is_empty())?.len();
        return Some(format!(
            "{pods} pods use this service account: `kubectl rollout restart` what they belong to, or run \
             `trustwalk fix` for it"
        ));
    };
    let (namespace, name) = (&w.namespace, &w.name);
    if w.paused {
        return Some(format!(
            "{} {namespace}/{name}: its roll-outs are paused, so its pods are left as they are; whoever paused it goes \
             on with `{}`, and then `{}` makes them anew",
            w.kind,
            shell::line("kubectl rollout resume -n {} deployment/{}", &[namespace, name]),
            shell::line("kubectl rollout restart -n {} deployment/{}", &[namespace, name]),
        ));
    }
    let how = match w.kind.as_str() {
        "CronJob" => format!(
            "its next run takes the change up; `{}` runs it now",
            shell::line("kubectl create job --from=cronjob/{} {}-now -n {}", &[name, name, namespace])
        ),
        "Job" => "its next try takes the change up; once it has given up, it has to be made anew".to_owned(),
        "Pod" => "nothing replaces a pod that has no controller: delete it, and make it anew as it was made".to_owned(),
        _ => format!(
            "delete its pods, and it makes new ones: `{}` shows them",
            shell::line("kubectl get pods -n {}", &[namespace])
        ),
    };
    Some(format!("{} {namespace}/{name}: {how}", w.kind))
}

/// Tools that would undo a change at their next run.
fn owners(e: &Evidence, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    for s in &plan.steps {
        if let Some(owner) = Owner::of(e, &s.action) {
            let when = if owner.reverts(&s.action) { "writes it anew" } else { "would revert the change" };
            notes.push(format!(
                "{} is managed by {}, which {when} at its next run: make it there too",
                s.precondition.words,
                visible::line(&owner.words())
            ));
        }
    }
    notes.extend(plan.steps.iter().find_map(|s| evicted(e, &s.action)));
    notes.dedup();
    notes
}

/// Why all pods are evicted where a roll-out would do.
fn evicted(e: &Evidence, action: &Action) -> Option<String> {
    let w = e.workload.known().filter(|_| matches!(action, Action::Renew { .. }))?;
    let place = format!("{} {}/{}", w.kind, w.namespace, w.name);
    if let Some(owner) = Owner::by_repository(w) {
        let owner = owner.words();
        return Some(format!(
            "{place} is deployed by {}, which may put back a template that is changed past it: its pods are evicted, \
             and the template stays as it is",
            visible::line(&owner)
        ));
    }
    if w.on_delete {
        return Some(format!(
            "{place} makes new pods only in the place of those that go (OnDelete), so they are evicted"
        ));
    }
    if w.partition > 0 {
        return Some(format!(
            "{place} keeps the template of its first {} (partition), so that no roll-out reaches them: its pods are \
             evicted",
            if w.partition == 1 { "pod".to_owned() } else { format!("{} pods", w.partition) }
        ));
    }
    stands(w, e.pods.known()).then(|| {
        format!(
            "{place} goes in order (OrderedReady): a roll-out would replace no pod while one is not ready, so they are \
             evicted"
        )
    })
}
