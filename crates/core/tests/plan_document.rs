//! A plan as a document: read back as it was written, refused when altered, and compared object by object.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use serde_json::{Value, json};
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Evidence, Observed, Source};
use trustwalk_core::plan::{
    Action, Applicability, Difference, Drift, Effect, Entry, Leave, Maker, OnePod, Plan, PlanDocument, PlanFault,
    Precondition, RiskLevel, Step, WebhookField, applied, build, differences, document, fit, read_plan,
};
use trustwalk_testkit::{HOSTILE, leaves, scenarios, tainted};

fn evidence(name: &str) -> Evidence {
    let found =
        scenarios().unwrap().into_iter().find(|(cause, file, _)| format!("{cause}/{file}") == format!("{name}.toml"));
    found.unwrap_or_else(|| panic!("no scenario {name}")).2.evidence().unwrap()
}

fn planned_with(e: &Evidence, leave: Leave) -> PlanDocument {
    let maker = Maker { tool: "1.0.0", server: Some("https://api.example"), entry: leave.entry };
    document(e, &fit(e, &diagnose(e), leave), maker)
}

fn planned(e: &Evidence) -> PlanDocument {
    planned_with(e, Leave::default())
}

fn story() -> Evidence {
    evidence("thumbprint-mismatch/violated-library")
}

fn read(value: &Value) -> Result<PlanDocument, PlanFault> {
    read_plan(&serde_json::to_vec(value).unwrap())
}

fn json_of(plan: &PlanDocument) -> Value {
    serde_json::to_value(plan).unwrap()
}

#[test]
fn every_plan_reads_back_and_is_the_plan_of_now() {
    let mut steps = 0;
    for (cause, file, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        for drift in [Drift::Avoided, Drift::Forced] {
            let plan = planned_with(&e, Leave { drift, ..Leave::default() });
            steps += plan.steps.len();
            assert_eq!(read(&json_of(&plan)), Ok(plan.clone()), "{cause}/{file}");
            assert_eq!(differences(&plan, &planned_with(&e, Leave { drift, ..Leave::default() }), &e), []);
        }
    }
    assert!(steps > 80, "{steps}");
}

#[test]
fn of_a_workload_that_is_recreated_whole_the_risk_says_that_nothing_runs_meanwhile() {
    let mut e = evidence("sub-wrong-namespace/violated");
    let risk = |e: &Evidence| {
        let steps = planned(e).steps;
        let restart = steps.iter().find(|s| matches!(s.action, Action::Restart { .. }));
        restart.map(|s| s.risk.reason.clone()).unwrap()
    };
    let Observed::Known { value: pods, .. } = &mut e.pods else { panic!("no pods") };
    for pod in pods {
        pod.ready = false;
    }
    assert!(risk(&e).contains("a few at a time"), "{}", risk(&e));
    let Observed::Known { value: workload, .. } = &mut e.workload else { panic!("no workload") };
    workload.recreates = true;
    assert!(risk(&e).contains("until then nothing of it runs"), "{}", risk(&e));
}

/// Whatever is changed in what a step does, replaces or says of itself: it is no plan, or not the plan of now.
#[test]
fn no_step_is_altered_unseen() {
    let mut tried = 0;
    let same = ["/users", "/risk/reason", "/by_hand", "/no_way", "/effect/blast_radius"];
    for name in ["thumbprint-mismatch/violated-library", "sub-wrong-namespace/violated"] {
        let e = evidence(name);
        let now = planned(&e);
        let whole = json_of(&now);
        let bare = |mut document: Value| {
            for step in document["steps"].as_array_mut().unwrap() {
                for place in same {
                    *step.pointer_mut(place).unwrap() = Value::Null;
                }
            }
            document["notes"] = Value::Null;
            document["withheld"] = Value::Null;
            document["after"] = Value::Null;
            document["made"] = Value::Null;
            document["entry"] = Value::Null;
            document
        };
        for leaf in 0..leaves(&whole) {
            let changed = tainted(&whole, leaf, "sts.amazonaws.com.example");
            if bare(changed.clone()) == bare(whole.clone()) {
                continue;
            }
            tried += 1;
            if let Ok(file) = read(&changed) {
                assert_ne!(differences(&file, &now, &e), [], "{name}, leaf {leaf}");
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn what_no_plan_has_is_refused() {
    let whole = json_of(&planned(&story()));
    let with = |pointer: &str, value: Value| {
        let mut changed = whole.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value;
        read(&changed).unwrap_err()
    };
    assert_eq!(with("/version", json!(2)), PlanFault::Version(2));
    assert_eq!(with("/more", json!(1)), PlanFault::Surplus);
    assert_eq!(with("/steps/0/more", json!(1)), PlanFault::Surplus);
    assert!(matches!(with("/steps/0/precondition/digest", json!("00")), PlanFault::Mislabelled { step: 1, .. }));
    assert!(matches!(with("/steps/0/effect/words", json!("nothing")), PlanFault::Mislabelled { step: 1, .. }));
    assert!(matches!(with("/place/account", json!("1")), PlanFault::Unfit(_)));
    for hostile in HOSTILE.iter().filter(|h| h.chars().any(trustwalk_foreign::visible::is_hidden)) {
        for place in ["/tool", "/place/region", "/place/cluster", "/place/server", "/cures"] {
            let told = with(place, json!(hostile)).to_string();
            assert!(!told.chars().any(trustwalk_foreign::visible::is_hidden), "{place}: {told:?}");
        }
    }
    let text = serde_json::to_string(&whole).unwrap();
    let twice = text.replacen("\"tool\":\"1.0.0\"", "\"tool\":\"0\",\"tool\":\"1.0.0\"", 1);
    assert!(read_plan(twice.as_bytes()).is_err(), "a member stood twice");
    for broken in ["", "{}", "[]", "null", text.split_at(text.len() / 2).0] {
        assert!(read_plan(broken.as_bytes()).is_err(), "{broken}");
    }
}

#[test]
fn what_changed_since_is_said_object_by_object() {
    let e = story();
    let file = planned(&e);
    // Somebody registered another thumbprint in between.
    let mut other = e.clone();
    let held = &mut other.provider.known_mut().unwrap().thumbprints;
    held.push("0123456789abcdef0123456789abcdef01234567".to_owned());
    let told = differences(&file, &planned(&other), &other);
    let [Difference::Object { step: 1, object, found: Some(found), .. }] = told.as_slice() else { panic!("{told:?}") };
    assert!(object.starts_with("thumbprints of arn:") && found.contains("0123456789abcdef"), "{told:?}");
    // It was mended in between.
    let done = e_after(&e, &file);
    let told = differences(&file, &planned(&done), &done);
    assert!(told.iter().any(|d| matches!(d, Difference::Object { step: 1, .. })), "{told:?}");
    // It is another place, another build.
    let mut now = planned(&e);
    now.place.account = Some("999999999999".to_owned());
    now.place.cluster = None;
    now.tool = "2.0.0".to_owned();
    let told: Vec<String> = differences(&file, &now, &e).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the file is of trustwalk 1.0.0, and this is 2.0.0",
            "AWS account: the file is for 111122223333, here is 999999999999",
            "cluster: the file is for arn:aws:eks:us-west-2:111122223333:cluster/prod, here is not known"
        ]
    );
    // The order of a list is no change.
    let mut turned = e.clone();
    turned.provider.known_mut().unwrap().thumbprints.reverse();
    assert_eq!(differences(&file, &planned(&turned), &turned), []);
}

/// The evidence after all steps of a plan.
fn e_after(e: &Evidence, plan: &PlanDocument) -> Evidence {
    plan.steps.iter().fold(e.clone(), |e, s| applied(&e, &s.action))
}

/// Every kind of step that a scenario has is known again, and told when it would do something else.
#[test]
fn steps_of_every_kind_are_compared_with_their_own() {
    let mut kinds = std::collections::BTreeSet::new();
    for (cause, file, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        let plan = planned_with(&e, Leave { drift: Drift::Forced, ..Leave::default() });
        for (index, step) in plan.steps.iter().enumerate() {
            kinds.insert(json!(step.action)["action"].as_str().unwrap().to_owned());
            let mut other = plan.clone();
            other.steps[index].precondition.digest = "0".repeat(64);
            let told = differences(&other, &plan, &e);
            assert!(matches!(told.as_slice(), [Difference::Object { .. }]), "{cause}/{file}: {told:?}");
        }
    }
    assert!(kinds.len() > 6, "{kinds:?}");
}

#[test]
fn steps_that_come_and_go_are_told() {
    let e = evidence("pod-created-before-annotation-or-webhook/violated");
    let file = planned(&e);
    let none = PlanDocument { steps: Vec::new(), ..file.clone() };
    let gone = differences(&file, &none, &e);
    assert!(matches!(gone.as_slice(), [Difference::Gone { step: 1, .. }]), "{gone:?}");
    let new = differences(&none, &file, &e);
    assert!(matches!(new.as_slice(), [Difference::New { step: 1, .. }]), "{new:?}");
}

#[test]
fn who_else_uses_an_object_is_told_and_what_is_not_known_is_no_nobody() {
    let mut e = story();
    let plan = planned(&e);
    let step = plan.steps.first().unwrap();
    assert!(step.users.roles.not_known.is_some() && !step.users.whole());
    assert!(step.by_hand.contains_key("aws") && step.by_hand.contains_key("terraform"), "{:?}", step.by_hand);
    assert_eq!(step.risk.level, RiskLevel::AffectsOthers);
    assert!(plan.after.is_some());
    let trusting = e.role.known().unwrap().clone();
    let other = trustwalk_core::evidence::Role { arn: "arn:aws:iam::111122223333:role/other".into(), ..trusting };
    let source = trustwalk_core::evidence::Source::default();
    e.trusting = trustwalk_core::evidence::Observed::Known { value: vec![other], source }.into();
    let told = planned(&e);
    assert_eq!(told.steps.first().unwrap().users.roles.names, ["arn:aws:iam::111122223333:role/other"]);
}

#[test]
fn what_takes_from_others_is_an_outage_for_others() {
    let level = |e: &Evidence, action: Action| {
        let step = trustwalk_core::plan::Step {
            inverse: None,
            precondition: trustwalk_core::plan::Precondition { words: String::new(), expected: String::new() },
            effect: trustwalk_core::plan::Effect {
                words: String::new(),
                changes: Vec::new(),
                blast_radius: String::new(),
                past: None,
            },
            applicability: trustwalk_core::plan::Applicability::NeedsApproval,
            action,
        };
        let plan = trustwalk_core::plan::Plan {
            version: 1,
            made: 0,
            cures: String::new(),
            steps: vec![step],
            notes: Vec::new(),
            withheld: Vec::new(),
        };
        let maker = Maker { tool: "1.0.0", server: None, entry: Entry::Asked };
        document(e, &plan, maker).steps.first().unwrap().risk.level
    };
    let e = story();
    let provider = e.provider.known().unwrap().clone();
    let set = |thumbprints| Action::SetThumbprints { provider_arn: provider.arn.clone(), thumbprints };
    let more = [provider.thumbprints.clone(), vec!["0".repeat(40)]].concat();
    assert_eq!(level(&e, set(more)), RiskLevel::AffectsOthers);
    assert_eq!(level(&e, set(vec!["0".repeat(40)])), RiskLevel::OutageForOthers);
    let exact = e.role.known().unwrap().trust_policy.clone();
    let whole = exact.replace("StringEquals", "StringLike").replace(":aws-node", ":*");
    assert_ne!(whole, exact);
    let mut wide = e.clone();
    wide.role.known_mut().unwrap().trust_policy = whole;
    let document = || exact.clone();
    let to_exact = |e: &Evidence| level(e, Action::SetTrustPolicy { role: "cni".into(), document: document() });
    assert_eq!(to_exact(&wide), RiskLevel::OutageForOthers);
    assert_eq!(to_exact(&e), RiskLevel::ThisIdentity);
}

/// One action of each kind.
fn each_kind() -> Vec<Action> {
    let arn = || "arn:aws:iam::111122223333:oidc-provider/issuer.example".to_owned();
    let (namespace, name) = (|| "kube-system".to_owned(), || "aws-node".to_owned());
    let pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==".to_owned();
    let hook = |set| Action::SetWebhook { configuration: "c".to_owned(), webhook: "w".to_owned(), set };
    let annotate = |key: &str, value: Option<&str>| Action::Annotate {
        namespace: namespace(),
        service_account: name(),
        key: key.to_owned(),
        value: value.map(str::to_owned),
    };
    let associate = |association: Option<&str>| Action::Associate {
        cluster: "prod".to_owned(),
        namespace: namespace(),
        service_account: name(),
        role_arn: "arn:aws:iam::111122223333:role/cni".to_owned(),
        association: association.map(str::to_owned),
    };
    let pods = vec![OnePod { name: "aws-node-1".to_owned(), uid: "1".to_owned() }];
    vec![
        Action::SetThumbprints { provider_arn: arn(), thumbprints: vec!["ab".repeat(20)] },
        Action::AddClientId { provider_arn: arn(), client_id: "vault".to_owned() },
        Action::CreateProvider {
            url: "https://issuer.example".to_owned(),
            client_ids: vec!["vault".to_owned()],
            thumbprints: Vec::new(),
        },
        Action::SetTrustPolicy { role: "cni".to_owned(), document: "{}".to_owned() },
        annotate("eks.amazonaws.com/role-arn", Some("arn:aws:iam::111122223333:role/cni")),
        annotate("eks.amazonaws.com/audience", None),
        Action::AttachPolicy { role: "cni".to_owned(), policy_arn: "arn:aws:iam::aws:policy/X".to_owned() },
        hook(WebhookField::CaBundle(pem)),
        hook(WebhookField::ReviewVersions(vec!["v1".to_owned()])),
        associate(None),
        associate(Some("a-1")),
        Action::Restart { resource: "DaemonSet".to_owned(), namespace: namespace(), name: name() },
        Action::Renew { resource: "DaemonSet".to_owned(), namespace: namespace(), name: name(), pods },
    ]
}

#[test]
fn every_kind_of_step_is_shown_for_every_tool_or_it_is_said_why_not() {
    let bare = evidence("role-lacks-permission/violated");
    let mut by_addon = bare.clone();
    let addon = json!([{"name": "vpc-cni", "status": "ACTIVE"}]);
    by_addon.addons = Observed::Known { value: serde_json::from_value(addon).unwrap(), source: Source::default() };
    let mut by_eksctl = bare.clone();
    let tags = [("alpha.eksctl.io/cluster-name".to_owned(), "prod".to_owned())];
    by_eksctl.role.known_mut().unwrap().tags.extend(tags);
    for (whose, e) in [("nobody", bare), ("an add-on", by_addon), ("eksctl", by_eksctl)] {
        for action in each_kind() {
            let step = Step {
                action: action.clone(),
                precondition: Precondition { words: String::new(), expected: String::new() },
                effect: Effect { words: String::new(), changes: Vec::new(), blast_radius: String::new(), past: None },
                inverse: None,
                applicability: Applicability::NeedsApproval,
            };
            let plan =
                Plan { version: 1, made: 0, cures: String::new(), steps: vec![step], ..build(&e, &diagnose(&e)) };
            let maker = Maker { tool: "1.0.0", server: None, entry: Entry::Asked };
            let shown = document(&e, &plan, maker).steps.remove(0);
            for tool in ["aws", "kubectl", "terraform", "cloudformation", "eksctl", "helm"] {
                let (way, why) = (shown.by_hand.get(tool), shown.no_way.get(tool));
                let one = way.is_some() != why.is_some() && why.is_none_or(|w| !w.contains("not known"));
                assert!(one, "{whose}: {action:?}: {tool}: {way:?} {why:?}");
            }
        }
    }
}
