//! Cures go through whoever keeps the object, whole lists and exact names, and only where they cure.
#![expect(clippy::unwrap_used, reason = "evidence that cannot be read must fail every test")]

use serde_json::{Value, json};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::Finding;
use trustwalk_core::plan::{Action, Cure, Owner, WebhookField, applied, build};
use trustwalk_testkit::story;

const ROLE: &str = "arn:aws:iam::111122223333:role/cni";
const ISSUER: &str = "oidc.eks.us-west-2.amazonaws.com/id/BFDB0123456789ABCDEF0123456789AB";

/// The story with members changed, each by its JSON pointer.
fn evidence(changes: &[(&str, Value)]) -> Evidence {
    let mut e = story().unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = e.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        parent.insert(name.replace("~1", "/"), value.clone());
    }
    serde_json::from_value(e).unwrap()
}

fn refused(message: &str) -> (&'static str, Value) {
    let value = json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "code": "InvalidIdentityToken",
        "message": message, "status": 400});
    ("/exchange", json!({"state": "known", "value": value, "source": {"what": "sts", "at": 1}}))
}

fn addons(all: &Value) -> Value {
    json!({"state": "known", "value": all, "source": {"what": "eks:DescribeAddon", "at": 1}})
}

fn cure(d: &Diagnosis) -> &Cure {
    d.root_cause.as_ref().unwrap().cures.first().unwrap()
}

fn policy(audience: &str) -> Value {
    let condition = json!({"StringEquals": {format!("{ISSUER}:aud"): audience,
        format!("{ISSUER}:sub"): "system:serviceaccount:kube-system:aws-node"}});
    json!(
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}]})
        .to_string()
    )
}

/// The service account has no annotation, and its pods nothing.
fn bare(more: &[(&str, Value)]) -> Evidence {
    let pods = json!([{"name": "aws-node-1", "uid": "1", "created": 1_658_238_200, "phase": "Running", "ready": false,
        "spec": {"service_account": "aws-node", "containers": [{"name": "aws-node", "image": "cni:v1"}]}}]);
    let mut all = vec![
        ("/service_account/value/annotations", json!({})),
        ("/role_arn", json!({"state": "absent", "source": {"what": "annotation", "at": 1}})),
        ("/exchange", json!({"state": "not-collected", "reason": "no role"})),
        ("/pods/value", pods),
        ("/injection_probe/value", json!({})),
        ("/addons", addons(&json!([]))),
    ];
    let trusting = json!({"state": "known", "value": [{"arn": ROLE, "name": "cni",
        "trust_policy": policy("sts.amazonaws.com")}], "source": {"what": "iam:ListRoles", "at": 1}});
    all.push(("/trusting", trusting));
    all.extend(more.iter().cloned());
    evidence(&all)
}

#[test]
fn every_tool_gets_the_whole_list_that_will_stand() {
    let e =
        evidence(&[refused("Incorrect token audience"), ("/provider/value/client_ids", json!(["first", "second"]))]);
    let d = diagnose(&e);
    let cure = cure(&d);
    for tool in ["terraform", "cloudformation"] {
        let text = &cure.by_hand[tool];
        assert!(["first", "second", "sts.amazonaws.com"].iter().all(|a| text.contains(a)), "{tool}: {text}");
    }
    assert_eq!(cure.changes, ["  first", "  second", "+ sts.amazonaws.com"]);
    assert_eq!(cure.through.as_deref(), Some("aws"));
}

#[test]
fn where_provider_and_policy_agree_the_account_asks_for_their_audience() {
    let volume = |aud: &str| json!([{"name": "aws-iam-token", "audience": aud, "path": "token"}]);
    for (own, agreed) in [(None, "vault"), (Some("vault"), "sts.amazonaws.com"), (Some("other"), "vault")] {
        let sent = own.unwrap_or("sts.amazonaws.com");
        let mut annotations = json!({"eks.amazonaws.com/role-arn": ROLE});
        if let Some(own) = own {
            annotations["eks.amazonaws.com/audience"] = json!(own);
        }
        let mut pods = story().unwrap()["pods"]["value"].clone();
        for pod in pods.as_array_mut().unwrap() {
            pod["spec"]["token_volumes"] = volume(sent);
        }
        let e = evidence(&[
            refused("Incorrect token audience"),
            ("/service_account/value/annotations", annotations),
            ("/token/value/aud", json!([sent])),
            ("/provider/value/client_ids", json!([agreed])),
            ("/role/value/trust_policy", policy(agreed)),
            ("/pods/value", pods),
        ]);
        let d = diagnose(&e);
        let plan = build(&e, &d);
        let wanted = (agreed != "sts.amazonaws.com").then(|| agreed.to_owned());
        let steps: Vec<&Action> = plan.steps.iter().map(|s| &s.action).collect();
        let [Action::Annotate { key, value, .. }, Action::Restart { .. }] = steps.as_slice() else {
            panic!("{own:?}: {steps:?}")
        };
        assert_eq!((key.as_str(), value), ("eks.amazonaws.com/audience", &wanted));
        let end = steps.iter().fold(e.clone(), |e, a| applied(&e, a));
        assert_eq!(diagnose(&end).outcome, Outcome::Ok, "{:?}", diagnose(&end).root_cause);
        assert_eq!(d.after.unwrap().outcome, Outcome::Ok);
    }
}

#[test]
fn a_second_fault_is_foretold_and_the_plan_goes_on_to_the_restart() {
    let e = evidence(&[
        refused("Incorrect token audience"),
        ("/provider/value/client_ids", json!(["other"])),
        ("/pods/value", bare(&[]).pods.known().map(|p| serde_json::to_value(p).unwrap()).unwrap()),
        ("/service_account/value/role_written_by", json!({"manager": "kubectl-annotate", "at": 1_658_239_000})),
    ]);
    let d = diagnose(&e);
    let found: Vec<&str> = d.root_cause.iter().chain(&d.also).map(Finding::code).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    let after = d.after.as_ref().unwrap();
    assert!(after.sentence.starts_with("after this, ") && after.sentence.contains(found[1]), "{}", after.sentence);
    let plan = build(&e, &d);
    let kinds: Vec<bool> = plan.steps.iter().map(|s| matches!(s.action, Action::Restart { .. })).collect();
    assert_eq!(kinds, [false, true], "{:?}", plan.steps);
    assert_eq!(after.outcome, Outcome::Ok);
}

/// The audiences of each provider that is registered.
fn registered(actions: &[Action]) -> Vec<&[String]> {
    let mut all = Vec::new();
    for action in actions {
        if let Action::CreateProvider { client_ids, .. } = action {
            all.push(client_ids.as_slice());
        }
    }
    all
}

#[test]
fn a_provider_is_registered_for_the_audience_that_the_policy_takes_and_the_plan_goes_on() {
    let e = evidence(&[
        refused("No OpenIDConnect provider found in your account for https://issuer"),
        ("/provider", json!({"state": "absent", "source": {"what": "iam", "at": 1}})),
        ("/providers/value", json!([])),
        ("/token/value/aud", json!(["sts.us-west-2.amazonaws.com"])),
        ("/service_account/value/annotations/eks.amazonaws.com~1audience", json!("sts.us-west-2.amazonaws.com")),
        ("/role/value/trust_policy", policy("sts.amazonaws.com")),
    ]);
    let d = diagnose(&e);
    let actions: Vec<Action> = build(&e, &d).steps.into_iter().map(|s| s.action).collect();
    assert_eq!(registered(&actions), [["sts.amazonaws.com"]]);
    let asks =
        |a: &Action| matches!(a, Action::Annotate { key, value: None, .. } if key == "eks.amazonaws.com/audience");
    assert!(actions.iter().any(asks), "the account asks for another audience still: {actions:?}");
    assert!(!actions.iter().any(|a| matches!(a, Action::SetTrustPolicy { .. })), "{actions:?}");
    let end = diagnose(&actions.iter().fold(e, |e, a| applied(&e, a)));
    assert!(end.root_cause.is_none() && end.also.is_empty(), "{:?}", end.root_cause);
}

#[test]
fn a_provider_is_registered_for_the_audience_that_tokens_carry() {
    let absent = json!({"state": "absent", "source": {"what": "iam", "at": 1}});
    let e = evidence(&[
        refused("No OpenIDConnect provider found in your account for https://issuer"),
        ("/provider", absent.clone()),
        ("/providers/value", json!([])),
        ("/token/value/aud", json!(["vault"])),
        ("/role/value/trust_policy", policy("vault")),
    ]);
    let d = diagnose(&e);
    let cure = cure(&d);
    // The other accounts of the cluster ask for AWS's own.
    assert_eq!(registered(&cure.actions), [["vault", "sts.amazonaws.com"]]);
    assert!(!cure.by_hand.contains_key("eksctl"), "eksctl registers another audience: {:?}", cure.by_hand);
    // Without a token the role's policy tells it.
    let e = evidence(&[
        refused("No OpenIDConnect provider found in your account for https://issuer"),
        ("/provider", absent.clone()),
        ("/providers/value", json!([])),
        (
            "/token",
            json!({"state": "denied", "permission": "create token", "message": "no",
            "source": {"what": "TokenRequest", "at": 1}}),
        ),
        ("/role/value/trust_policy", policy("vault")),
    ]);
    assert!(diagnose(&e).root_cause.unwrap().cures.iter().all(|c| c.by_hand.values().all(|t| !t.contains("CLUSTER"))));
    let e = evidence(&[
        refused("No OpenIDConnect provider found in your account for https://issuer"),
        ("/provider", absent),
        ("/providers/value", json!([])),
    ]);
    let told = diagnose(&e);
    assert_eq!(
        told.root_cause.unwrap().cures[0].by_hand["eksctl"],
        "eksctl utils associate-iam-oidc-provider --cluster prod --approve"
    );
}

#[test]
fn an_add_on_is_told_its_role_and_its_account_is_not_annotated_past_it() {
    let addon = |role: Value| addons(&json!([{"name": "vpc-cni", "role_arn": role, "status": "ACTIVE"}]));
    let e = bare(&[("/addons", addon(Value::Null))]);
    let d = diagnose(&e);
    let cure_ = cure(&d);
    assert_eq!(
        cure_.by_hand["aws"],
        format!(
            "aws eks update-addon --cluster-name prod --addon-name vpc-cni --service-account-role-arn {ROLE} \
             --resolve-conflicts PRESERVE"
        )
    );
    assert_eq!((cure_.through.as_deref(), cure_.by_hand.contains_key("kubectl")), (Some("aws"), false));
    assert_eq!(cure_.actions.len(), 1, "nothing of the add-on's stands against it");
    // The add-on names a role, and would write it again.
    let e = bare(&[("/addons", addon(json!(ROLE)))]);
    let d = diagnose(&e);
    let plan = build(&e, &d);
    assert_eq!(plan.steps, [], "its cause is not proven");
    assert!(plan.notes.iter().any(|n| n.ends_with(&["aws: ", &cure(&d).by_hand["aws"]].concat())), "{:?}", plan.notes);
    assert!(cure(&d).by_hand["aws"].starts_with("aws eks update-addon "));
}

#[test]
fn what_keeps_an_account_is_known_by_its_own_signs() {
    let signs: [(&str, Value, &str); 8] = [
        (
            "labels",
            json!({"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux"}),
            "git",
        ),
        ("labels", json!({"helm.toolkit.fluxcd.io/name": "apps", "helm.toolkit.fluxcd.io/namespace": "flux"}), "git"),
        ("labels", json!({"argocd.argoproj.io/instance": "shop"}), "git"),
        ("labels", json!({"app.kubernetes.io/managed-by": "Helm"}), "helm"),
        ("labels", json!({"app.kubernetes.io/managed-by": "eksctl"}), "eksctl"),
        ("managers", json!(["HashiCorp"]), "terraform"),
        ("managers", json!(["argocd-controller"]), "git"),
        ("managers", json!(["kubectl-annotate"]), "kubectl"),
    ];
    for (member, value, through) in signs {
        let pointer = format!("/service_account/value/{member}");
        let d = diagnose(&bare(&[(pointer.as_str(), value.clone())]));
        let cure = cure(&d);
        assert_eq!(cure.through.as_deref(), Some(through), "{value}");
        assert!(cure.by_hand[through].contains(ROLE), "{:?}", cure.by_hand);
    }
}

#[test]
fn what_eks_keeps_is_known_by_its_fields_where_nobody_listed_the_add_ons() {
    let denied = json!({"state": "denied", "permission": "eks:ListAddons", "message": "no",
        "source": {"what": "eks:ListAddons", "at": 1}});
    let kept = |list: Value, name: &str| {
        let e = bare(&[("/addons", list), ("/service_account/value/managers", json!(["eks"]))]);
        let mut sa = e.service_account.known().unwrap().clone();
        name.clone_into(&mut sa.name);
        Owner::of_account(&e, &sa).map(|owner| owner.words())
    };
    assert_eq!(kept(denied.clone(), "aws-node").as_deref(), Some("the EKS add-on vpc-cni"));
    assert_eq!(kept(denied, "driver").as_deref(), Some("an EKS add-on (field manager eks)"));
    let other = addons(&json!([{"name": "some-driver", "status": "ACTIVE"}]));
    assert_eq!(kept(other, "driver").as_deref(), Some("an EKS add-on (field manager eks)"));
    assert_eq!(kept(addons(&json!([])), "driver"), None, "an add-on that was taken away leaves its fields");
}

#[test]
fn what_keeps_a_role_or_a_provider_is_known_by_its_tags() {
    let owner = |tags: Value| Owner::of_tags(&serde_json::from_value(tags).unwrap());
    let stack = || Some("iam".to_owned());
    assert_eq!(owner(json!({})), None);
    assert_eq!(owner(json!({"aws:cloudformation:stack-name": "iam"})), Some(Owner::CloudFormation { stack: stack() }));
    assert_eq!(
        owner(json!({"aws:cloudformation:stack-name": "iam", "aws-cdk:subnet-type": "x"})),
        Some(Owner::Cdk { stack: stack() })
    );
    assert_eq!(
        owner(json!({"aws:cloudformation:stack-name": "iam", "alpha.eksctl.io/cluster-name": "prod"})),
        Some(Owner::Eksctl { cluster: Some("prod".to_owned()) })
    );
    assert_eq!(owner(json!({"ManagedBy": "terraform"})), Some(Owner::Terraform));
    let d = diagnose(&evidence(&[
        refused("Incorrect token audience"),
        ("/provider/value/client_ids", json!(["other"])),
        ("/provider/value/tags", json!({"aws:cloudformation:stack-name": "iam"})),
    ]));
    assert_eq!(cure(&d).through.as_deref(), Some("cloudformation"));
}

#[test]
fn a_token_less_exact_than_the_policy_widens_nothing() {
    let all = trustwalk_testkit::scenarios().unwrap();
    let of_version =
        all.iter().filter(|(cause, file, _)| cause == "ci-token-of-another-version" && file == "violated.toml");
    for (_, _, scenario) in of_version {
        let e = scenario.evidence().unwrap();
        let d = diagnose(&e);
        assert_eq!(build(&e, &d).steps, []);
        assert!(cure(&d).actions.is_empty() && cure(&d).title.contains("as exact as"), "{:?}", cure(&d));
    }
}

#[test]
fn what_a_person_has_to_do_is_a_whole_command() {
    let all = trustwalk_testkit::scenarios().unwrap();
    let tcp = r#"{"protocol":"TCP","port":443}"#;
    let dns = r#"[{"protocol":"UDP","port":53},{"protocol":"TCP","port":53}]"#;
    let pods = r#""rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]"#;
    let wanted: [(&str, &str, &str); 11] = [
        ("network-policy-blocks-sts/violated", "kubectl", "kubectl patch networkpolicy deny -n kube-system"),
        ("network-policy-blocks-sts/violated", "kubectl", tcp),
        ("network-policy-blocks-sts/violated_names", "kubectl", dns),
        ("container-injected-after-webhook/violated", "kubectl", r#""reinvocationPolicy":"IfNeeded""#),
        ("webhook-absent-or-not-running/violated-by-rules", "kubectl", pods),
        ("oidc-provider-count-quota/violated", "aws", "--quota-code L-858F3967"),
        ("trust-policy-size-quota/violated", "aws", "--quota-code L-C07B4B0D"),
        ("role-session-name-invalid/violated-slash", "workflow", "role-session-name: deploy-shop"),
        ("role-does-not-exist/violated", "note", "aws iam create-role --role-name cni --assume-role-policy-document"),
        ("org-policy-rcp-scp-deny/violated", "aws", "--target-id 111122223333 --filter RESOURCE_CONTROL_POLICY"),
        ("workload-exchange-differs/violated", "kubectl", "kubectl rollout restart daemonset/aws-node -n kube-system"),
    ];
    for (name, tool, part) in wanted {
        let of = |(cause, file): (&str, &str)| name == format!("{cause}/{}", file.trim_end_matches(".toml"));
        let scenario = &all.iter().find(|(cause, file, _)| of((cause, file))).unwrap().2;
        let d = diagnose(&scenario.evidence().unwrap());
        let mut cures = d.root_cause.iter().chain(&d.possible).flat_map(|f| &f.cures);
        let has = cures.any(|c| c.by_hand.get(tool).is_some_and(|text| text.contains(part)));
        assert!(has, "{name}: {tool}: {part}: {:?}", d.root_cause.map(|f| f.cures));
    }
}

#[test]
fn a_role_that_the_trail_saw_go_is_made_anew_for_this_identity_alone() {
    let gone = json!({"state": "absent", "source": {"what": "iam", "at": 1}});
    let event = json!([{"at": 1_658_238_000, "name": "DeleteRole", "who": "someone", "resource": "cni"}]);
    let refusal = json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "code": "AccessDenied",
        "message": "Not authorized to perform sts:AssumeRoleWithWebIdentity", "status": 403});
    let known = |value: Value| json!({"state": "known", "value": value, "source": {"what": "x", "at": 1}});
    let e = evidence(&[
        ("/role", gone.clone()),
        ("/policies", gone),
        ("/exchange", known(refusal)),
        ("/trail", known(event)),
    ]);
    let d = diagnose(&e);
    let create = &cure(&d).by_hand["aws"];
    assert!(create.starts_with("aws iam create-role --role-name cni "), "{create}");
    for part in [ISSUER, "system:serviceaccount:kube-system:aws-node", "sts.amazonaws.com"] {
        assert!(create.contains(part), "{part}: {create}");
    }
}

#[test]
fn what_keeps_the_webhook_is_known_by_who_wrote_it_last() {
    let action = |e: &Evidence| {
        let hook = e.webhooks.known().unwrap().first().unwrap();
        let set = WebhookField::ReviewVersions(vec!["v1".to_owned()]);
        Action::SetWebhook { configuration: hook.configuration.clone(), webhook: hook.name.clone(), set }
    };
    for (manager, words) in [
        ("cert-manager-cainjector", Some("cert-manager (field manager cert-manager-cainjector)")),
        ("eks", Some("EKS (field manager eks)")),
        ("helm", Some("Helm")),
        ("kubectl-edit", None),
    ] {
        let e = evidence(&[("/webhooks/value/0/written_by", json!({"manager": manager, "at": 1}))]);
        assert_eq!(Owner::of(&e, &action(&e)).map(|owner| owner.words()).as_deref(), words, "{manager}");
    }
}
