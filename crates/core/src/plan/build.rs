//! From a diagnosis to steps with preconditions, effects and inverses.

use trustwalk_foreign::shell;

use super::cures::expected;
use super::describe::{describe, reach};
use super::lint::widens;
use super::model::{Action, Applicability, Effect, Plan, Precondition, Step};
use crate::cause::Cause;
use crate::diagnosis::Diagnosis;
use crate::evidence::{Evidence, Target, kept};
use crate::finding::{Confidence, Finding};

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

/// The same for a workload that was named, or was not.
pub fn build_for(e: &Evidence, d: &Diagnosis, entry: Entry) -> Plan {
    let mut plan = Plan { version: VERSION, made: e.now, cures: String::new(), steps: Vec::new(), notes: Vec::new() };
    let Some(root) = &d.root_cause else { return plan };
    let mut cured = Vec::new();
    for finding in std::iter::once(root).chain(&d.also) {
        let before = plan.steps.len();
        // What would fail next is cured too, so that one approval is enough; but a guess about the first is no ground
        // to change anything for the second.
        add(e, finding, (root.confidence == Confidence::Proven, entry), &mut plan);
        if plan.steps.len() > before || already(finding, &plan) {
            cured.push(finding.name());
        }
    }
    plan.cures = if cured.is_empty() { root.name().to_owned() } else { cured.join(CAUSES_BETWEEN) };
    match restart(e, root, !plan.steps.is_empty()) {
        Some(Renewal::Step(step)) => plan.steps.push(*step),
        Some(Renewal::ByHand(note)) => plan.notes.push(note),
        None => {}
    }
    plan.notes.extend(owners(e, &plan));
    for cure in root.cures.iter().filter(|c| c.actions.is_empty()) {
        let ways: Vec<String> = cure.by_hand.iter().map(|(tool, text)| format!("{tool}: {text}")).collect();
        plan.notes.push(format!("{}: {}", cure.title, ways.join(" | ")));
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

fn add(e: &Evidence, finding: &Finding, (proven, entry): (bool, Entry), plan: &mut Plan) {
    let acts = finding.cures.iter().any(|c| !c.actions.is_empty());
    if acts && !(proven && finding.confidence == Confidence::Proven) {
        plan.notes.push(match &finding.decide {
            Some(decide) => {
                format!("{} is not proven, so nothing is changed for it; to decide: {decide}", finding.name())
            }
            None => {
                format!("{} waits: what fails before it is not proven, so nothing is changed for it", finding.name())
            }
        });
        let by_hand = finding.cures.iter().filter(|c| !c.actions.is_empty()).flat_map(|c| &c.by_hand);
        plan.notes.extend(by_hand.map(|(tool, text)| format!("{tool}: {text}")));
        return;
    }
    for action in finding.cures.iter().flat_map(|c| &c.actions) {
        if let (Action::SetTrustPolicy { role, .. }, Entry::Unasked) = (action, entry) {
            plan.notes.push(format!(
                "{}: nobody is let into the role {role} unasked; if this workload is to have it, name it or its \
                 namespace: {}",
                finding.name(),
                named(e)
            ));
            continue;
        }
        if let Action::SetTrustPolicy { document, .. } = action
            && let Some(who) = widens(e, document)
        {
            plan.notes.push(format!(
                "{}: a change of the trust policy was refused, as it would also admit {who}",
                finding.name()
            ));
            continue;
        }
        if plan.steps.iter().any(|s| s.action == *action) {
            continue;
        }
        if plan.steps.iter().any(|s| std::mem::discriminant(&s.action) == std::mem::discriminant(action)) {
            plan.notes.push(format!("{} needs a further run of fix after this one", finding.name()));
            continue;
        }
        plan.steps.extend(step(e, action));
    }
}

/// The command that names the workload.
fn named(e: &Evidence) -> String {
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

/// One step, in words and as data. `expected` is what must still be there right before it.
fn step(e: &Evidence, action: &Action) -> Option<Step> {
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
        Action::Restart { .. } => format!("{} pods", e.pods.known().map_or(0, Vec::len)),
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::SetTrustPolicy { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. } => reach(action),
    }
}

/// Causes that new pods alone cure.
const NEW_PODS: [Cause; 5] = [
    Cause::PodCreatedBeforeAnnotationOrWebhook,
    Cause::RoleChangedPodsNotRestarted,
    Cause::WebhookSaCacheRace,
    Cause::PodIdentityAssociationCacheRace,
    Cause::TokenFileReadOnce,
];

/// How the pods come to what was changed.
enum Renewal {
    Step(Box<Step>),
    /// Nothing rolls these pods out: whoever made them has to make them anew.
    ByHand(String),
}

fn restart(e: &Evidence, root: &Finding, changed: bool) -> Option<Renewal> {
    let failing = e.pods_down() > 0;
    let needed =
        NEW_PODS.contains(&root.cause) || (changed && (failing || root.link() == crate::link::Link::ServiceAccount));
    if !needed {
        return None;
    }
    let Some(w) = e.workload.known() else {
        let pods = e.pods.known().filter(|p| !p.is_empty())?.len();
        return Some(Renewal::ByHand(format!(
            "{pods} pods use this service account: `kubectl rollout restart` what they belong to, or run \
             `trustwalk fix` for it"
        )));
    };
    let (kind, namespace, name) = (w.kind.clone(), &w.namespace, &w.name);
    let how = match kind.as_str() {
        "DaemonSet" | "Deployment" | "StatefulSet" => {
            let action = Action::Restart { resource: kind, namespace: namespace.clone(), name: name.clone() };
            return step(e, &action).map(Box::new).map(Renewal::Step);
        }
        "CronJob" => format!(
            "its next run takes the change up; `{}` runs it now",
            shell::line("kubectl create job --from=cronjob/{} NAME -n {}", &[name, namespace])
        ),
        "Job" => "its next try takes the change up; once it has given up, it has to be made anew".to_owned(),
        "Pod" => "nothing replaces a pod that has no controller: delete it, and make it anew as it was made".to_owned(),
        _ => format!(
            "delete its pods, and it makes new ones: `{}` shows them",
            shell::line("kubectl get pods -n {}", &[namespace])
        ),
    };
    Some(Renewal::ByHand(format!("{kind} {namespace}/{name}: {how}")))
}

/// Tools that would undo the change at their next run.
fn owners(e: &Evidence, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    for s in &plan.steps {
        let tags = match &s.action {
            Action::SetThumbprints { .. } | Action::AddClientId { .. } => e.provider.known().map(|p| &p.tags),
            Action::SetTrustPolicy { .. } | Action::AttachPolicy { .. } => e.role.known().map(|r| &r.tags),
            Action::CreateProvider { .. } | Action::Annotate { .. } | Action::Restart { .. } => None,
        };
        for (key, value) in tags.into_iter().flatten() {
            if let Some(tool) = kept::owner(key, value) {
                notes.push(format!(
                    "{} is managed by {tool} (tag {key}={value}), which would revert the change: make it there too",
                    s.precondition.words
                ));
            }
        }
    }
    notes.dedup();
    notes
}
