//! A plan's file against the plan that is built now: what differs, member by member.

use std::fmt;

use serde::Serialize;
use trustwalk_foreign::visible;

use super::{PlanDocument, PlannedStep};
use crate::evidence::Evidence;
use crate::plan::action::Action;
use crate::plan::cures::expected;

/// One thing in which a plan's file is not the plan of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Difference {
    /// It was made by another version of trustwalk.
    Tool {
        /// The file's.
        file: String,
        /// This one's.
        now: String,
    },
    /// It is for something else.
    Target,
    /// It is for another account, region, cluster or server.
    Place {
        /// Which of them.
        what: &'static str,
        /// The file's.
        file: Option<String>,
        /// What is there now.
        now: Option<String>,
    },
    /// It cures something else.
    Cures {
        /// What the file says.
        file: String,
        /// What the plan of now cures.
        now: String,
    },
    /// An object is not as the file expects it.
    Object {
        /// Step of the file, from one.
        step: usize,
        /// The object.
        object: String,
        /// What the file expects.
        expects: String,
        /// What is there now; `None` when it could not be read.
        found: Option<String>,
    },
    /// The same object would be written otherwise.
    Wanted {
        /// Step of the file, from one.
        step: usize,
        /// The object.
        object: String,
        /// What the file would write, line by line.
        file: Vec<String>,
        /// What the plan of now would write.
        now: Vec<String>,
    },
    /// A step is no longer planned.
    Gone {
        /// Step of the file, from one.
        step: usize,
        /// What it does.
        words: String,
    },
    /// A step is planned that the file does not have.
    New {
        /// Step of the plan of now, from one.
        step: usize,
        /// What it does.
        words: String,
    },
    /// The steps stand in another order.
    Order,
    /// A step's risk is another.
    Risk {
        /// Step of the file, from one.
        step: usize,
        /// What the file says.
        file: &'static str,
        /// What it is now.
        now: String,
    },
}

fn or_unknown(value: Option<&String>) -> &str {
    value.map_or("not known", String::as_str)
}

fn lines(all: &[String]) -> String {
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Tool { file, now } => format!("the file is of trustwalk {file}, and this is {now}"),
            Self::Target => "the file is for another target".to_owned(),
            Self::Place { what, file, now } => {
                format!("{what}: the file is for {}, here is {}", or_unknown(file.as_ref()), or_unknown(now.as_ref()))
            }
            Self::Cures { file, now } => {
                let of = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
                format!("the file cures {}, and now the plan cures {}", of(file), of(now))
            }
            Self::Object { step, object, expects, found } => {
                let found = or_unknown(found.as_ref());
                format!("step {step}: {object}: the file expects `{expects}`, there is now `{found}`")
            }
            Self::Wanted { step, object, file, now } => {
                format!("step {step}: {object}: the file's change is {}, and now it is {}", lines(file), lines(now))
            }
            Self::Gone { step, words } => format!("step {step} is no longer planned: {words}"),
            Self::New { step, words } => {
                format!("the plan of now has a step that the file has not, its {step}: {words}")
            }
            Self::Order => "the steps stand in another order".to_owned(),
            Self::Risk { step, file, now } => {
                format!("step {step}: the file's risk is `{file}`, and now it is `{now}`")
            }
        };
        f.write_str(&visible::line(&text))
    }
}

/// In what a file differs from the plan of now. None of the file's prose is compared beyond what was checked as it
/// was read: what is shown and carried out is the plan of now.
pub fn differences(file: &PlanDocument, now: &PlanDocument, e: &Evidence) -> Vec<Difference> {
    let mut out = of_place(file, now);
    if file.cures != now.cures {
        out.push(Difference::Cures { file: file.cures.clone(), now: now.cures.clone() });
    }
    let mut order = Vec::new();
    for (index, step) in file.steps.iter().enumerate() {
        let at = now.steps.iter().position(|other| same_object(&step.action, &other.action));
        match at.and_then(|at| now.steps.get(at)) {
            Some(other) => out.extend(of_step(index + 1, step, other)),
            None => out.push(gone(index + 1, step, e)),
        }
        order.extend(at);
    }
    for (index, step) in now.steps.iter().enumerate() {
        if !order.contains(&index) {
            out.push(Difference::New { step: index + 1, words: step.effect.words.clone() });
        }
    }
    if !order.is_sorted_by(|a, b| a < b) {
        out.push(Difference::Order);
    }
    out
}

fn of_place(file: &PlanDocument, now: &PlanDocument) -> Vec<Difference> {
    let mut out = Vec::new();
    if file.tool != now.tool {
        out.push(Difference::Tool { file: file.tool.clone(), now: now.tool.clone() });
    }
    if file.target != now.target {
        out.push(Difference::Target);
    }
    let places = [
        ("AWS account", &file.place.account, &now.place.account),
        ("region", &file.place.region, &now.place.region),
        ("cluster", &file.place.cluster, &now.place.cluster),
        ("API server", &file.place.server, &now.place.server),
    ];
    for (what, file, now) in places {
        if file != now {
            out.push(Difference::Place { what, file: file.clone(), now: now.clone() });
        }
    }
    out
}

/// Two steps on the same object.
fn of_step(number: usize, file: &PlannedStep, now: &PlannedStep) -> Vec<Difference> {
    let object = now.precondition.words.clone();
    if file.precondition.digest != now.precondition.digest {
        let found = Some(now.precondition.expected.clone());
        let expects = file.precondition.expected.clone();
        return vec![Difference::Object { step: number, object, expects, found }];
    }
    if file.action != now.action || file.applicability != now.applicability {
        let (file, now) = (file.effect.changes.clone(), now.effect.changes.clone());
        return vec![Difference::Wanted { step: number, object, file, now }];
    }
    if file.risk.level != now.risk.level {
        let risk = &now.risk;
        let now = format!("{}: {}", risk.level.words(), risk.reason);
        return vec![Difference::Risk { step: number, file: file.risk.level.words(), now }];
    }
    Vec::new()
}

/// A step that is no longer planned: because its object changed, where that can be told.
fn gone(number: usize, step: &PlannedStep, e: &Evidence) -> Difference {
    let found = expected(e, &step.action);
    let digest = |value: &String| super::digest::of(&step.action, value);
    if found.as_ref().map(digest).as_ref() == Some(&step.precondition.digest) {
        return Difference::Gone { step: number, words: step.effect.words.clone() };
    }
    Difference::Object {
        step: number,
        object: step.precondition.words.clone(),
        expects: step.precondition.expected.clone(),
        found,
    }
}

/// Whether two actions are of the same kind and on the same object.
fn same_object(one: &Action, other: &Action) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other) && object(one) == object(other)
}

/// What names the object of an action among those of its kind.
fn object(action: &Action) -> [&str; 3] {
    match action {
        Action::SetThumbprints { provider_arn, .. } => [provider_arn, "", ""],
        Action::AddClientId { provider_arn, client_id } => [provider_arn, client_id, ""],
        Action::CreateProvider { url, .. } => [url, "", ""],
        Action::SetTrustPolicy { role, .. } => [role, "", ""],
        Action::Annotate { namespace, service_account, key, .. } => [namespace, service_account, key],
        Action::AttachPolicy { role, policy_arn } => [role, policy_arn, ""],
        Action::SetWebhook { configuration, webhook, set } => [configuration, webhook, set.name()],
        Action::Associate { cluster, namespace, service_account, .. } => [cluster, namespace, service_account],
        Action::Restart { resource, namespace, name } | Action::Renew { resource, namespace, name, .. } => {
            [resource, namespace, name]
        }
    }
}
