//! From a diagnosis to steps with preconditions, effects and inverses.

use trustwalk_foreign::{shell, visible};

use super::cures::expected;
use super::describe::{describe, reach};
use super::lint::widens;
use super::model::{Action, Applicability, Effect, Plan, Precondition, Step};
use super::owner::Owner;
use super::restart::{may_restart, restart_of};
use crate::diagnosis::{Diagnosis, course, named};
use crate::evidence::{Evidence, Target};
use crate::finding::{Confidence, Finding};
use crate::link::Link;

/// Version of the plan document.
const VERSION: u32 = 1;

/// What stands between the causes that one plan cures.
pub(super) const CAUSES_BETWEEN: &str = ", ";

/// Whether a plan may let its workload into a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The user named the workload, its namespace or the role.
    Asked,
    /// It was found while looking at a whole cluster. Whoever may annotate a service account of one namespace says
    /// there which role is to be assumed, and that is a wish and no leave.
    Unasked,
}

/// The plan that cures the root cause of what the user named. Empty of steps when a person has to act.
pub fn build(e: &Evidence, d: &Diagnosis) -> Plan {
    build_for(e, d, Entry::Asked)
}

/// The same for a workload that was named, or was not: steps until the evidence, with the steps applied, is sound, or
/// what is left is open or for a person.
pub fn build_for(e: &Evidence, d: &Diagnosis, entry: Entry) -> Plan {
    let mut plan = Plan { version: VERSION, made: e.now, cures: String::new(), steps: Vec::new(), notes: Vec::new() };
    let Some(root) = &d.root_cause else { return plan };
    let course = course(e, d, &|finding, action| may(e, finding, action, entry));
    plan.steps.extend(course.taken.iter().filter_map(|t| step_of(&t.before, &t.action)));
    let cured: Vec<&str> = named(d)
        .filter(|f| course.taken.iter().any(|t| t.cause == f.cause) || already(f, &plan))
        .map(Finding::name)
        .collect();
    plan.cures = if cured.is_empty() { root.name().to_owned() } else { cured.join(CAUSES_BETWEEN) };
    plan.notes.extend(course.refused);
    for finding in named(d) {
        waits(finding, root, &mut plan);
    }
    plan.notes.extend(by_hand(e, root, !plan.steps.is_empty()));
    plan.notes.extend(owners(e, &plan));
    for cure in root.cures.iter().filter(|c| c.actions.is_empty()) {
        // The finding has every tool's way; here stands the one to take.
        let owner = cure.through.as_ref().and_then(|tool| cure.by_hand.get_key_value(tool));
        plan.notes.push(match owner.or_else(|| cure.by_hand.first_key_value()) {
            Some((tool, text)) => format!("{}: {tool}: {text}", cure.title),
            None => cure.title.clone(),
        });
    }
    plan
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
    plan.notes.extend(acting().flat_map(|c| &c.by_hand).map(|(tool, text)| format!("{tool}: {text}")));
}

/// Whether a step is taken, or why not.
fn may(e: &Evidence, finding: &Finding, action: &Action, entry: Entry) -> Result<(), String> {
    let (role, document) = match action {
        Action::SetTrustPolicy { role, document } => (role, Some(document)),
        Action::Associate { role_arn, .. } => (role_arn, None),
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::SetWebhook { .. }
        | Action::Restart { .. } => return Ok(()),
    };
    if entry == Entry::Unasked {
        return Err(format!(
            "{}: nobody is let into the role {role} unasked; if this workload is to have it, name it or its \
             namespace: {}",
            finding.name(),
            named_by(e)
        ));
    }
    match document.and_then(|document| widens(e, role, document)) {
        Some(who) => {
            Err(format!("{}: a change of the trust policy was refused, as it would also admit {who}", finding.name()))
        }
        None => Ok(()),
    }
}

/// The command that names the workload.
fn named_by(e: &Evidence) -> String {
    match &e.target {
        Target::Workload { resource, namespace, name } => {
            let target = format!("{}/{name}", resource.to_ascii_lowercase());
            shell::line("trustwalk fix {} -n {}", &[&target, namespace])
        }
        Target::ServiceAccount { namespace, name } => {
            shell::line("trustwalk fix {} -n {}", &[&format!("serviceaccount/{name}"), namespace])
        }
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => {
            "trustwalk fix".to_owned()
        }
    }
}

/// One step, in words and as data; `None` where what it replaces was not read.
pub fn step_of(e: &Evidence, action: &Action) -> Option<Step> {
    let expected = expected(e, action)?;
    let told = describe(action, &expected);
    Some(Step {
        inverse: action.inverse(&expected),
        action: action.clone(),
        precondition: Precondition { words: told.place, expected },
        effect: Effect { words: told.words, changes: told.changes, blast_radius: blast(e, action) },
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
    if !needed || e.workload.known().and_then(restart_of).is_some() {
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
            notes.push(format!(
                "{} is managed by {}, which would revert the change: make it there too",
                s.precondition.words,
                visible::line(&owner.words())
            ));
        }
    }
    notes.dedup();
    notes
}
