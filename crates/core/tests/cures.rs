//! Every cure that is offered cures: tried on the evidence of every scenario that is broken.
#![expect(clippy::unwrap_used, reason = "evidence that cannot be read must fail every test")]

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, Observed, Role, Webhook};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::plan::{Action, Cure, Undoing, applied, build, step_of, undone, widens};
use trustwalk_foreign::is_reading;
use trustwalk_testkit::{Expect, scenarios};

/// Every scenario in which something is wrong.
fn broken() -> Vec<(String, Evidence, Diagnosis)> {
    let broken = [Expect::Violated, Expect::Possible, Expect::Warning];
    let all = scenarios().unwrap().into_iter().filter(|(_, _, s)| broken.contains(&s.expect));
    all.map(|(cause, file, scenario)| {
        let e = scenario.evidence().unwrap();
        let d = diagnose(&e);
        (format!("{cause}/{file}"), e, d)
    })
    .collect()
}

fn named(d: &Diagnosis) -> impl Iterator<Item = &Finding> {
    d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings)
}

fn acting(d: &Diagnosis) -> impl Iterator<Item = (&Finding, &Cure)> {
    named(d).flat_map(|f| f.cures.iter().filter(|c| !c.actions.is_empty()).map(move |c| (f, c)))
}

/// The evidence after a cure, with the restart that the change may need.
fn after(e: &Evidence, cure: &Cure) -> Evidence {
    let changed = cure.actions.iter().fold(e.clone(), |e, a| applied(&e, a));
    let d = diagnose(&changed);
    let mut restart = d.root_cause.iter().chain(&d.also).flat_map(|f| &f.cures).flat_map(|c| &c.actions);
    let restart = restart.find(|a| matches!(a, Action::Restart { .. })).cloned();
    restart.map_or(changed.clone(), |a| applied(&changed, &a))
}

#[test]
fn an_offered_cure_removes_its_finding_and_adds_none() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (name, e, d) in broken() {
        let before: Vec<Cause> = named(&d).map(|f| f.cause).collect();
        for (finding, cure) in acting(&d) {
            tried += 1;
            let told = diagnose(&after(&e, cure));
            let left: Vec<Cause> = named(&told).map(|f| f.cause).collect();
            let added: Vec<&Cause> = left.iter().filter(|c| !before.contains(c)).collect();
            if left.contains(&finding.cause) || !added.is_empty() {
                wrong.push(format!("{name}: {}: {} leaves {left:?}", finding.name(), cure.title));
            }
        }
    }
    assert!(tried > 50, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nobody_but_the_one_asked_for_is_admitted() {
    let mut wrong = Vec::new();
    for (name, e, d) in broken() {
        for action in acting(&d).flat_map(|(_, cure)| &cure.actions) {
            if let Action::SetTrustPolicy { role, document } = action
                && let Some(who) = widens(&e, role, document)
            {
                wrong.push(format!("{name}: {who}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words of a command that a person has to fill in, as an eye tells them: nothing but capitals, or a file that nobody
/// has. What stands before `=`, as a variable does, is a name.
fn blanks(command: &str) -> Vec<String> {
    let capitals = |w: &str| w.len() > 2 && w.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    let words = command.split([' ', '\'', '"', '`', ':', '/', ',', '=']);
    let known = ["PUT", "POST", "PATCH", "CREATE", "TCP", "UDP", "AWS"];
    let mut all: Vec<String> = words.filter(|w| capitals(w) && !known.contains(w)).map(str::to_owned).collect();
    all.extend(command.split(' ').filter(|w| w.starts_with("file://")).map(str::to_owned));
    all
}

#[test]
fn no_cure_is_drafted_that_has_to_be_withheld_or_filled_in() {
    let (mut withheld, mut commands) = (Vec::new(), 0);
    for (name, _, d) in broken() {
        let none = named(&d).flat_map(|f| &f.cures).filter(|c| c.title.starts_with("no change is offered"));
        withheld.extend(none.map(|c| format!("{name}: {}: {:?}", c.title, c.by_hand)));
        let ways = named(&d).flat_map(|f| &f.cures).flat_map(|c| &c.by_hand);
        for (_, text) in ways.filter(|(tool, _)| matches!(tool.as_str(), "aws" | "kubectl" | "eksctl" | "gh")) {
            commands += 1;
            if !is_reading(text) && !blanks(text).is_empty() {
                withheld.push(format!("{name}: {:?} to fill in: {text}", blanks(text)));
            }
        }
    }
    assert!(commands > 100, "{commands}");
    assert!(withheld.is_empty(), "{}", withheld.join("\n"));
}

#[test]
fn a_plan_goes_on_until_it_is_sound_or_for_a_person() {
    let (mut wrong, mut sound) = (Vec::new(), 0);
    for (name, e, d) in broken() {
        let plan = build(&e, &d);
        if plan.steps.is_empty() {
            continue;
        }
        let end = plan.steps.iter().fold(e.clone(), |e, s| applied(&e, &s.action));
        let told = diagnose(&end);
        let more = told.root_cause.iter().chain(&told.also).filter(|f| f.confidence == Confidence::Proven);
        let more: Vec<&str> =
            more.filter(|f| f.cures.iter().any(|c| !c.actions.is_empty())).map(Finding::name).collect();
        sound += usize::from(told.outcome == Outcome::Ok);
        if !more.is_empty() {
            wrong.push(format!("{name}: {more:?} could still be cured"));
        }
        if d.after.as_ref().map(|a| a.outcome) != Some(told.outcome) {
            wrong.push(format!("{name}: foretold {:?}, is {:?}", d.after.as_ref().map(|a| a.outcome), told.outcome));
        }
    }
    assert!(sound > 40, "{sound}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What actions change, as it stands. Who wrote it last and what was seen to fail are not among it.
fn objects(e: &Evidence) -> serde_json::Value {
    let hook = |h: &Webhook| Webhook { written_by: None, ..h.clone() };
    let hooks: Option<Vec<Webhook>> = e.webhooks.known().map(|all| all.iter().map(hook).collect());
    let trust = |role: &Observed<Role>| role.known().map(|r| r.trust_policy.clone());
    serde_json::json!({
        "provider": e.provider.known(),
        "providers": e.providers.known(),
        "trust": [trust(&e.role), trust(&e.association_role), trust(&e.association_target)],
        "annotations": e.service_account.known().map(|sa| &sa.annotations),
        "policies": [e.policies.known(), e.association_policies.known()],
        "associations": e.associations.known(),
        "webhooks": hooks,
    })
}

/// The same without what an annotation or an association led to before, which is read anew once it leads there again.
fn without_led(mut value: serde_json::Value) -> serde_json::Value {
    for led in ["trust", "policies", "provider", "providers"] {
        value.as_object_mut().unwrap().remove(led);
    }
    value
}

#[test]
fn every_step_that_is_undone_leaves_what_was_there() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (name, e, d) in broken() {
        for action in acting(&d).flat_map(|(_, cure)| &cure.actions) {
            let Some(step) = step_of(&e, action) else {
                wrong.push(format!("{name}: what {action:?} replaces is not known"));
                continue;
            };
            let undoing = step.undoing();
            if matches!(undoing, Undoing::Nothing | Undoing::Impossible(_)) {
                continue;
            }
            tried += 1;
            let changed = applied(&e, action);
            let back = undone(&changed, &step);
            let leads = matches!(action, Action::Annotate { .. } | Action::Associate { .. });
            let view = |e: &Evidence| if leads { without_led(objects(e)) } else { objects(e) };
            if view(&back) != view(&e) {
                wrong.push(format!("{name}: {}: {} became {}", step.effect.words, view(&e), view(&back)));
            }
            if view(&changed) == view(&e) {
                wrong.push(format!("{name}: {} changes nothing", step.effect.words));
            }
        }
    }
    assert!(tried > 50, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}
