//! Every rule of the linter has a plan that it refuses, and one that is nearly the same and that it admits; and no plan
//! that is built is refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::slice::from_ref;

use serde_json::json;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, Observed, RolePolicy, Source};
use trustwalk_core::plan::{
    Action, Applicability, Drift, Effect, Entry, Leave, Plan, Precondition, Rule, Step, applied, build, build_for, fit,
    lint,
};
use trustwalk_testkit::scenarios;

const FORCED: Leave = Leave { entry: Entry::Asked, drift: Drift::Forced };
const UNASKED: Leave = Leave { entry: Entry::Unasked, drift: Drift::Avoided };

fn evidence(name: &str) -> Evidence {
    let found =
        scenarios().unwrap().into_iter().find(|(cause, file, _)| format!("{cause}/{file}") == format!("{name}.toml"));
    found.unwrap_or_else(|| panic!("no scenario {name}")).2.evidence().unwrap()
}

fn plan(actions: &[Action]) -> Plan {
    let step = |action: &Action| Step {
        action: action.clone(),
        precondition: Precondition { words: String::new(), expected: String::new() },
        effect: Effect { words: String::new(), changes: Vec::new(), blast_radius: String::new(), past: None },
        inverse: None,
        applicability: Applicability::NeedsApproval,
    };
    let steps = actions.iter().map(step).collect();
    Plan { version: 1, made: 0, cures: String::new(), steps, notes: Vec::new(), withheld: Vec::new() }
}

/// The rules that refuse a plan, in order.
fn refused(e: &Evidence, actions: &[Action], leave: Leave) -> Vec<Rule> {
    match lint(e, plan(actions), leave) {
        Ok(_) => Vec::new(),
        Err(all) => all.iter().map(|r| r.rule).collect(),
    }
}

#[track_caller]
fn refuses(rule: Rule, e: &Evidence, actions: &[Action]) {
    assert_eq!(refused(e, actions, Leave::default()), [rule], "{actions:?}");
}

#[track_caller]
fn admits(e: &Evidence, actions: &[Action]) {
    let told = lint(e, plan(actions), Leave::default()).map(|_| ());
    assert_eq!(told, Ok(()), "{actions:?}");
}

fn actions(plan: &Plan) -> Vec<Action> {
    plan.steps.iter().map(|s| s.action.clone()).collect()
}

fn built(e: &Evidence) -> Vec<Action> {
    actions(&build(e, &diagnose(e)))
}

/// The story of the wrong thumbprint, and the action that cures it.
fn story() -> (Evidence, String, Vec<String>, String) {
    let e = evidence("thumbprint-mismatch/violated-library");
    let old = e.provider.known().unwrap().thumbprints.clone();
    let all = built(&e);
    let (arn, list) = all
        .iter()
        .find_map(|a| {
            let Action::SetThumbprints { provider_arn, thumbprints } = a else { return None };
            Some((provider_arn.clone(), thumbprints.clone()))
        })
        .unwrap();
    let new = list.iter().find(|t| !old.contains(t)).unwrap().clone();
    (e, arn, old, new)
}

fn set(arn: &str, list: &[String]) -> Action {
    Action::SetThumbprints { provider_arn: arn.to_owned(), thumbprints: list.to_vec() }
}

#[test]
fn no_plan_that_is_built_is_refused() {
    let (mut wrong, mut steps, mut kept) = (Vec::new(), 0, 0);
    for (cause, file, scenario) in scenarios().unwrap() {
        let bare = scenario.evidence().unwrap();
        for e in [owned(&bare), bare] {
            let d = diagnose(&e);
            for leave in [Leave::default(), FORCED, UNASKED] {
                let plan = build_for(&e, &d, leave);
                steps += plan.steps.len();
                kept += plan.withheld.len();
                if let Err(refused) = lint(&e, plan.clone(), leave) {
                    wrong.push(format!("{cause}/{file}: {refused:?}"));
                }
                assert_eq!(*fit(&e, &d, leave), plan, "{cause}/{file}");
            }
        }
    }
    assert!(steps > 150 && kept > 50, "{steps} steps, {kept} left to others");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same, with tools that keep every object.
fn owned(e: &Evidence) -> Evidence {
    let mut e = e.clone();
    let tag = || [("terraform".to_owned(), "true".to_owned())];
    for role in [&mut e.role, &mut e.association_role, &mut e.association_target] {
        role.known_mut().into_iter().for_each(|r| r.tags.extend(tag()));
    }
    e.provider.known_mut().into_iter().for_each(|p| p.tags.extend(tag()));
    let label = ("argocd.argoproj.io/instance".to_owned(), "shop".to_owned());
    e.service_account.known_mut().into_iter().for_each(|s| s.labels.extend([label.clone()]));
    e
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_part_of_the_page() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/plan-rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    for rule in Rule::ALL {
        assert!(page.contains(&format!("\n## {}\n", rule.name())), "{}", rule.name());
        assert_eq!(serde_json::to_value(rule).unwrap(), json!(rule.name()));
    }
    assert_eq!(page.matches("\n## ").count(), Rule::ALL.len());
}

#[test]
fn trust_is_not_widened() {
    let e = evidence("sub-wrong-namespace/violated");
    let all = built(&e);
    let (role, document) = all
        .iter()
        .find_map(|a| {
            let Action::SetTrustPolicy { role, document } = a else { return None };
            Some((role.clone(), document.clone()))
        })
        .unwrap();
    let set = |document: &str| [Action::SetTrustPolicy { role: role.clone(), document: document.to_owned() }];
    admits(&e, &set(&document));
    let wider =
        document.replace("StringEquals", "StringLike").replace("system:serviceaccount:kube-system:aws-node", "*");
    assert_ne!(wider, document);
    refuses(Rule::WidensTrust, &e, &set(&wider));
    refuses(Rule::WidensTrust, &e, &set("what nobody can read"));
    assert_eq!(refused(&e, &set(&document), UNASKED), [Rule::EntryUnasked]);
    // Without the identity that it is for, nobody knows whom it lets in besides.
    let mut unread = e.clone();
    unread.role = Observed::default().into();
    refuses(Rule::WidensTrust, &unread, &set(&document));
}

#[test]
fn a_thumbprint_that_is_presented_stays() {
    let (e, arn, old, new) = story();
    let stale = old.first().unwrap().clone();
    admits(&e, &[set(&arn, from_ref(&new))]);
    let mut there = e.clone();
    there.provider.known_mut().unwrap().thumbprints = vec![new.to_ascii_uppercase(), stale.clone()];
    refuses(Rule::DropsUsedThumbprint, &there, &[set(&arn, from_ref(&stale))]);
    admits(&there, &[set(&arn, from_ref(&new))]);
    // What is not read may present it.
    let mut unread = e.clone();
    unread.chains = vec![].into();
    refuses(Rule::DropsUsedThumbprint, &unread, &[set(&arn, &[])]);
    let mut half = e.clone();
    half.chains.push(Observed::NotCollected { reason: "no".into() });
    refuses(Rule::DropsUsedThumbprint, &half, &[set(&arn, from_ref(&new))]);
    let mut differing = e.clone();
    differing.chains.iter_mut().for_each(|c| c.known_mut().unwrap().differing_addresses = vec!["192.0.2.1".into()]);
    refuses(Rule::DropsUsedThumbprint, &differing, &[set(&arn, from_ref(&new))]);
    admits(&differing, &[set(&arn, &[stale, new.clone()])]);
    // Nor is it known what another provider would lose.
    refuses(Rule::DropsUsedThumbprint, &e, &[set(&arn.replace("oidc-provider/", "oidc-provider/x"), &[new])]);
}

#[test]
fn an_audience_that_somebody_may_use_stays() {
    let (e, ..) = story();
    let provider = e.provider.known().unwrap().clone();
    let url = format!("https://{}", provider.url);
    let create = |client_ids: &[&str]| {
        let client_ids = client_ids.iter().map(|c| (*c).to_owned()).collect();
        [Action::CreateProvider { url: url.clone(), client_ids, thumbprints: Vec::new() }]
    };
    let mut there = e.clone();
    let held = there.provider.known_mut().unwrap();
    held.client_ids = vec!["sts.amazonaws.com".to_owned(), "vault".to_owned()];
    held.thumbprints.clear();
    refuses(Rule::DropsUsedAudience, &there, &create(&["vault"]));
    refuses(Rule::DropsUsedAudience, &there, &create(&["sts.amazonaws.com"]));
    admits(&there, &create(&["sts.amazonaws.com", "vault", "more"]));
}

#[test]
fn of_a_chain_that_does_not_verify_nothing_is_registered() {
    let (e, arn, old, new) = story();
    let with = |t: &str| [set(&arn, &[old.clone(), vec![t.to_owned()]].concat())];
    admits(&e, &with(&new));
    refuses(Rule::PinsUnverifiedChain, &e, &with("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    let mut unknown = e.clone();
    unknown.roots.library.clear();
    unknown.roots.user.clear();
    refuses(Rule::PinsUnverifiedChain, &unknown, &with(&new));
}

#[test]
fn nothing_over_a_quota_is_written() {
    let (e, arn, old, new) = story();
    let several = |n: usize| (0..n).map(|i| format!("{i:040x}")).collect::<Vec<String>>();
    let mut full = e.clone();
    full.provider.known_mut().unwrap().thumbprints = several(4);
    admits(&full, &[set(&arn, &[several(4), vec![new.clone()]].concat())]);
    full.provider.known_mut().unwrap().thumbprints = several(5);
    refuses(Rule::ExceedsQuota, &full, &[set(&arn, &[several(5), vec![new]].concat())]);
    let add = [Action::AddClientId { provider_arn: arn, client_id: "one-more".to_owned() }];
    for (count, fits) in [(99, true), (100, false)] {
        let mut many = e.clone();
        many.provider.known_mut().unwrap().client_ids = several(count);
        if fits { admits(&many, &add) } else { refuses(Rule::ExceedsQuota, &many, &add) }
    }
    assert!(!old.is_empty());
}

#[test]
fn a_quota_that_was_raised_is_known_by_what_is_there() {
    let e = evidence("oidc-provider-missing-in-account/violated");
    let create = built(&e);
    assert!(matches!(create.first(), Some(Action::CreateProvider { .. })), "{create:?}");
    for (count, fits) in [(99, true), (100, false), (101, true), (700, false)] {
        let mut many = e.clone();
        let arns = (0..count).map(|n| format!("arn:aws:iam::111122223333:oidc-provider/host{n}")).collect();
        many.providers = Observed::Known { value: arns, source: Source::default() };
        let told = refused(&many, &create, Leave::default());
        assert_eq!(told, if fits { vec![] } else { vec![Rule::ExceedsQuota] }, "{count}");
    }
    let role = e.role.known().unwrap().name.clone();
    let attach = [Action::AttachPolicy { role, policy_arn: "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy".into() }];
    for (count, fits) in [(9, true), (10, false), (11, true), (25, false)] {
        let mut many = e.clone();
        let policy = |n| RolePolicy { name: format!("p{n}"), arn: Some(format!("arn{n}")), ..RolePolicy::default() };
        many.policies = Observed::Known { value: (0..count).map(policy).collect(), source: Source::default() }.into();
        let told = refused(&many, &attach, Leave::default());
        assert_eq!(told, if fits { vec![] } else { vec![Rule::ExceedsQuota] }, "{count}");
    }
}

#[test]
fn pods_are_made_anew_once_and_last_and_where_it_cures() {
    let e = evidence("pod-created-before-annotation-or-webhook/violated");
    let all = built(&e);
    let [restart @ Action::Restart { .. }] = all.as_slice() else { panic!("{all:?}") };
    admits(&e, &all);
    let twice = [restart.clone(), restart.clone()];
    assert!(refused(&e, &twice, Leave::default()).contains(&Rule::RestartsNeedlessly));
    let Action::Restart { resource, namespace, .. } = restart.clone() else { return };
    refuses(Rule::RestartsNeedlessly, &e, &[Action::Restart { resource, namespace, name: "another".into() }]);
    refuses(Rule::RestartsNeedlessly, &applied(&e, restart), &all);
    // Before what the pods need is changed they would fail again.
    let audience = Action::Annotate {
        namespace: "kube-system".into(),
        service_account: "aws-node".into(),
        key: "eks.amazonaws.com/audience".into(),
        value: None,
    };
    refuses(Rule::RestartsNeedlessly, &e, &[restart.clone(), audience.clone()]);
    admits(&e, &[audience, restart.clone()]);
}

#[test]
fn what_another_tool_keeps_is_changed_there_unless_it_is_asked_for() {
    let tags = [
        ("terraform", "true", Some("terraform")),
        ("aws:cloudformation:stack-name", "shop", Some("cloudformation")),
        ("aws-cdk:subnet-type", "Private", Some("cdk")),
        ("crossplane-name", "cni", None),
    ];
    for name in ["sub-wrong-namespace/violated", "thumbprint-mismatch/violated-library"] {
        for (key, value, through) in tags {
            let mut e = evidence(name);
            let tag = [(key.to_owned(), value.to_owned())];
            e.role.known_mut().unwrap().tags.extend(tag.clone());
            e.provider.known_mut().unwrap().tags.extend(tag);
            let d = diagnose(&e);
            let left = build(&e, &d);
            let kept: Vec<Action> = left.withheld.iter().map(|w| w.action.clone()).collect();
            let forced = build_for(&e, &d, FORCED);
            let all = actions(&forced);
            let Some(first) = kept.first() else { panic!("{name} {key}: {:?} {:?}", left.steps, left.notes) };
            assert!(all.contains(first), "{name} {key}: {all:?}");
            assert!(left.steps.iter().all(|s| !kept.contains(&s.action)), "{name} {key}");
            assert_eq!(refused(&e, &kept, Leave::default()), vec![Rule::OwnedElsewhere; kept.len()], "{name} {key}");
            assert_eq!(refused(&e, &kept, FORCED), [], "{name} {key}");
            if let Some(tool) = through {
                let one = left.withheld.first().unwrap();
                assert_eq!(one.through.as_deref(), Some(tool), "{name} {key}");
                assert!(one.by_hand.contains_key(tool), "{:?}", one.by_hand);
            }
            assert!(left.notes.iter().any(|n| n.contains("--force-drift")), "{:?}", left.notes);
            assert!(forced.notes.iter().any(|n| n.contains("would revert the change")), "{:?}", forced.notes);
        }
    }
}
