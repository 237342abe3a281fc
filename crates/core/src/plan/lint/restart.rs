//! New pods are had once, last, and only where they cure something.

use super::{Refusal, Rule};
use crate::diagnosis::{named, walk};
use crate::evidence::Evidence;
use crate::plan::action::Action;
use crate::plan::applied::applied;
use crate::plan::model::Plan;
use crate::plan::restart::{Which, renewal_of};

/// The restarts of a plan that are not needed, or come too early.
pub(super) fn needless(e: &Evidence, plan: &Plan) -> Vec<Refusal> {
    let actions: Vec<&Action> = plan.steps.iter().map(|s| &s.action).collect();
    let restarts = actions.iter().enumerate().filter(|(_, a)| a.renews_pods());
    restarts
        .filter_map(|(index, action)| {
            let words = why(e, &actions, index, action)?;
            Some(Refusal::new(Rule::RestartsNeedlessly, words).at(index))
        })
        .collect()
}

fn why(e: &Evidence, actions: &[&Action], index: usize, action: &Action) -> Option<String> {
    let others = actions.iter().enumerate().filter(|(i, _)| *i != index);
    let without = others.fold(e.clone(), |e, (_, a)| applied(&e, a));
    let own = [Which::Needy, Which::All].map(|which| renewal_of(&without, which));
    if !own.iter().flatten().any(|own| own == action) {
        return Some("the pods that would be made anew are not those of the workload that need it".to_owned());
    }
    if actions.iter().take(index).any(|a| *a == action) {
        return Some("the same pods would be made anew twice".to_owned());
    }
    if actions.iter().skip(index + 1).any(|a| !a.renews_pods()) {
        return Some("the pods would be made anew before what they need is changed".to_owned());
    }
    let left =
        |action: &Action| -> Vec<_> { named(&walk(&applied(&without, action), None)).map(|f| f.cause).collect() };
    let cured = left(action);
    let [needy, _] = own;
    if let Some(fewer) = needy.filter(|few| few != action)
        && left(&fewer) == cured
    {
        return Some("fewer pods would do: only some of them need what is changed".to_owned());
    }
    if without.pods_down() > 0 {
        return None;
    }
    let needed = named(&walk(&without, None)).any(|f| !cured.contains(&f.cause));
    (!needed).then(|| "nothing that was read is cured by new pods, and none of the pods fails".to_owned())
}
