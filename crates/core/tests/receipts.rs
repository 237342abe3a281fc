//! Receipts that somebody hostile could hand in: each is refused before anything is read or written because of it.

use serde_json::{Value, json};
use trustwalk_core::plan::{Action, Undoing, reach, reach_of_undoing, read_receipt};

const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/i.example/id/A";

fn receipt(action: &Value, expected: &str, inverse: &Value) -> Value {
    json!({
        "version": 2, "cures": "thumbprint-mismatch", "began": 1, "ended": null,
        "steps": [{
            "step": {
                "action": action,
                "precondition": {"words": "w", "expected": expected},
                "effect": {"words": "restart deployment a/b", "changes": [], "blast_radius": "nobody"},
                "inverse": inverse,
                "applicability": "needs-approval",
            },
            "state": "done", "at": 1,
        }],
        "verified": null,
        "target": {"kind": "workload", "resource": "DaemonSet", "namespace": "a", "name": "b"},
        "place": {"account": "111122223333", "endpoint": "https://iam.amazonaws.com", "cluster": "https://k"},
        "mac": "0".repeat(64),
    })
}

fn restart() -> Value {
    json!({"action": "restart", "resource": "Deployment", "namespace": "a", "name": "b"})
}

fn trust(role: &str, document: &str) -> Value {
    json!({"action": "set-trust-policy", "role": role, "document": document})
}

fn thumbprints(arn: &str, letter: &str) -> Value {
    json!({"action": "set-thumbprints", "provider_arn": arn, "thumbprints": [letter.repeat(40)]})
}

fn annotate(key: &str, value: &Value) -> Value {
    json!({"action": "annotate", "namespace": "a", "service_account": "b", "key": key, "value": value})
}

fn list(letter: &str) -> String {
    json!([letter.repeat(40)]).to_string()
}

fn refusal(value: &Value) -> Option<String> {
    read_receipt(value.to_string().as_bytes()).err().map(|e| e.to_string())
}

#[test]
fn what_trustwalk_writes_is_read() {
    let role_arn = json!("arn:aws:iam::111122223333:role/app");
    let key = "eks.amazonaws.com/role-arn";
    let create =
        json!({"action": "create-provider", "url": "https://i.example", "client_ids": ["x"], "thumbprints": []});
    let policy = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
    for good in [
        receipt(&restart(), "", &Value::Null),
        receipt(&trust("app", "{}"), "{\"a\":1}", &trust("app", "{\"a\":1}")),
        receipt(&thumbprints(ARN, "a"), &list("b"), &thumbprints(ARN, "b")),
        receipt(&thumbprints(ARN, "a"), "[]", &Value::Null),
        receipt(&annotate(key, &role_arn), "", &annotate(key, &Value::Null)),
        receipt(&annotate(key, &role_arn), "", &annotate(key, &json!(""))),
        // What was wrong with a value may be what cannot be seen in it.
        receipt(&annotate(key, &role_arn), "arn\n\u{200b}", &annotate(key, &json!("arn\n\u{200b}"))),
        receipt(&create, "absent", &Value::Null),
        receipt(&json!({"action": "add-client-id", "provider_arn": ARN, "client_id": "x"}), "[]", &Value::Null),
        receipt(&json!({"action": "attach-policy", "role": "r", "policy_arn": policy}), "not attached", &Value::Null),
    ] {
        assert_eq!(refusal(&good), None, "{good:#}");
    }
}

#[test]
fn a_receipt_may_cure_as_many_causes_as_a_plan() {
    let cures = |text: &str| {
        let mut one = receipt(&restart(), "", &Value::Null);
        one["cures"] = json!(text);
        refusal(&one)
    };
    for good in ["thumbprint-mismatch", "thumbprint-mismatch, sub-wrong-namespace, audience-not-in-provider-client-ids"]
    {
        assert_eq!(cures(good), None, "{good}");
    }
    let (long, many) = ("a".repeat(121), vec!["a"; 65].join(", "));
    for bad in ["", "a,b", "a, ", ", a", "a, all is well; nothing to undo", "a\nb", long.as_str(), many.as_str()] {
        assert!(cures(bad).is_some_and(|r| r.contains("cures")), "{bad}");
    }
}

#[test]
fn an_inverse_is_of_the_same_kind_on_the_same_object_with_what_was_there() {
    let open = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let admin =
        json!({"action": "attach-policy", "role": "app", "policy_arn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"});
    let other = ARN.replace("i.example", "o.example");
    for (action, expected, inverse) in [
        (restart(), "", trust("app", open)),
        (restart(), "", admin.clone()),
        (restart(), "", restart()),
        (trust("app", "{}"), "{\"a\":1}", trust("other", "{\"a\":1}")),
        (trust("app", "{}"), "{\"a\":1}", trust("app", open)),
        (trust("app", "{}"), "{\"a\":1}", Value::Null),
        (trust("app", "{}"), "{\"a\":1}", admin),
        (thumbprints(ARN, "a"), &list("b"), thumbprints(&other, "b")),
        (thumbprints(ARN, "a"), &list("b"), thumbprints(ARN, "c")),
        (annotate("eks.amazonaws.com/audience", &json!("x")), "", annotate("eks.amazonaws.com/role-arn", &Value::Null)),
        (annotate("eks.amazonaws.com/audience", &json!("x")), "", annotate("eks.amazonaws.com/audience", &json!("y"))),
    ] {
        let forged = receipt(&action, expected, &inverse);
        assert!(refusal(&forged).is_some_and(|r| r.contains("inverse")), "{forged:#}");
    }
}

#[test]
fn no_name_leaves_its_grammar() {
    let attach = |role: &str, policy: &str| json!({"action": "attach-policy", "role": role, "policy_arn": policy});
    let cni = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
    let restart = |resource: &str, namespace: &str, name: &str| {
        let action = "restart";
        json!({"action": action, "resource": resource, "namespace": namespace, "name": name})
    };
    let long = "a".repeat(254);
    for (action, expected) in [
        (restart("Deployment", "doomed?x=", "b"), ""),
        (restart("Deployment", "a", "doomed?x="), ""),
        (restart("Deployment", "a", "../../../namespaces/doomed"), ""),
        (restart("Deployment", "a", ".."), ""),
        (restart("Deployment", "a", ""), ""),
        (restart("Deployment", "a", "b%2f"), ""),
        (restart("Deployment", "a", &long), ""),
        (restart("Pod", "a", "b"), ""),
        (restart("Namespace", "a", "b"), ""),
        // The target is in `a`: nothing else of the cluster is touched.
        (restart("Deployment", "kube-system", "coredns"), ""),
        (attach("app", "arn:aws:iam::aws:policy/AdministratorAccess"), "not attached"),
        (attach("app", "arn:aws:iam::444455556666:policy/AmazonEKS_CNI_Policy"), "not attached"),
        (attach("app&Action=DeleteRole", cni), "not attached"),
        (attach("", cni), "not attached"),
        (attach("app", cni), "attached"),
        (thumbprints("arn:aws:iam::111122223333:saml-provider/x", "a"), "[]"),
        (thumbprints("arn:aws:iam::444455556666:oidc-provider/i.example/id/A", "a"), "[]"),
        (json!({"action": "set-thumbprints", "provider_arn": ARN, "thumbprints": []}), "[]"),
        (json!({"action": "set-thumbprints", "provider_arn": ARN, "thumbprints": ["zz"]}), "[]"),
        (annotate("kubectl.kubernetes.io/last-applied-configuration", &json!("x")), ""),
        (annotate("eks.amazonaws.com/audience", &json!("x\u{202e}y")), ""),
        (
            json!({"action": "create-provider", "url": "http://i.example", "client_ids": [], "thumbprints": []}),
            "absent",
        ),
        (
            json!({"action": "create-provider", "url": "https://i.example?x", "client_ids": [], "thumbprints": []}),
            "absent",
        ),
        (json!({"action": "add-client-id", "provider_arn": ARN, "client_id": ""}), "[]"),
    ] {
        let forged = receipt(&action, expected, &Value::Null);
        assert!(refusal(&forged).is_some(), "{forged:#}");
    }
}

#[test]
fn the_rest_of_a_receipt_is_held_to_what_is_written_too() {
    let good = receipt(&restart(), "", &Value::Null);
    let with = |pointer: &str, value: Value| {
        let mut forged = good.clone();
        *forged.pointer_mut(pointer).unwrap() = value;
        forged
    };
    let mut surplus = good.clone();
    surplus["more"] = json!(1);
    let mut inside = good.clone();
    inside["steps"][0]["step"]["action"]["force"] = json!(true);
    let many: Vec<Value> = vec![good["steps"][0].clone(); 100];
    for forged in [
        surplus,
        inside,
        with("/cures", json!("\u{1b}[2J")),
        with("/target", json!({"kind": "workload", "resource": "DaemonSet", "namespace": "a/b", "name": "b"})),
        with("/target", json!({"kind": "workload", "resource": "x/../y", "namespace": "a", "name": "b"})),
        with("/target", json!({"kind": "role", "arn": "role/app", "subject": null})),
        with("/target", json!({"kind": "issuer", "url": "http://169.254.169.254/"})),
        with("/place/account", json!("1")),
        with("/steps", json!(many)),
        with("/steps/0/state", json!("approved")),
        with("/began", json!("1")),
        with("/version", json!(4)),
    ] {
        assert!(refusal(&forged).is_some(), "{forged:#}");
    }
    let told = refusal(&with("/cures", json!("\u{1b}[2J"))).unwrap_or_default();
    assert!(told.contains("\\u{1b}") && !told.contains('\u{1b}'), "{told}");
}

#[test]
fn words_come_from_the_action_and_not_from_the_file() {
    let lying = receipt(&trust("app", "{}"), "{\"a\":1}", &trust("app", "{\"a\":1}"));
    let read = read_receipt(lying.to_string().as_bytes()).unwrap();
    let step = &read.receipt.steps[0].step;
    assert_eq!(step.effect.words, "change the trust policy of role app");
    assert_eq!(step.effect.blast_radius, "whoever assumes the role app");
    assert_eq!(step.effect.changes, ["- a: 1", "+ : {}"]);
}

#[test]
fn no_part_of_a_policy_is_written_that_is_not_shown() {
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
    // Of two members of one name, the one that is shown need not be the one that IAM takes.
    for twice in [
        format!(r#"{{"Statement":[{open}],"Statement":[]}}"#),
        r#"{"Statement":[{"Condition":{"StringEquals":{"a":"b","a":"c"}}}]}"#.to_owned(),
        r#"{"Statement":[{"Effect":"Deny","Effec\u0074":"Allow"}]}"#.to_owned(),
    ] {
        let set = receipt(&trust("app", &twice), "{}", &trust("app", "{}"));
        let back = receipt(&trust("app", "{}"), &twice, &trust("app", &twice));
        assert!(refusal(&set).is_some() && refusal(&back).is_some(), "{twice}");
    }
    // Nor is the one line that matters put behind many that do not.
    let padding: Vec<String> = (0..60).map(|n| format!(r#""a{n}":1"#)).collect();
    let long = format!(r#"{{{},"Statement":[{open}]}}"#, padding.join(","));
    let bytes = receipt(&trust("app", &long), "{}", &trust("app", "{}")).to_string();
    let changes = read_receipt(bytes.as_bytes()).unwrap().receipt.steps[0].step.effect.changes.clone();
    assert!(changes.iter().any(|line| line.contains("Principal: \"*\"")), "{changes:#?}");
}

#[test]
fn a_provider_that_is_deleted_is_missed_by_all_who_come_through_it() {
    let create =
        Action::CreateProvider { url: "https://i.example".into(), client_ids: Vec::new(), thumbprints: Vec::new() };
    assert!(reach(&create).starts_with("nobody") && reach_of_undoing(&create).starts_with("every identity"));
}

#[test]
fn a_way_back_that_iam_would_refuse_is_not_promised() {
    let sound = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
        r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}"#
    );
    let legacy = sound.replace("\"Effect\"", "\"Resource\":\"*\",\"Effect\"");
    let undoing = |old: &str| {
        let bytes = receipt(&trust("app", sound), old, &trust("app", old)).to_string();
        read_receipt(bytes.as_bytes()).unwrap().receipt.steps[0].step.undoing()
    };
    assert!(matches!(undoing(sound), Undoing::Restore(_)));
    assert!(matches!(undoing(&legacy), Undoing::Impossible(why) if why.contains("Resource")));
    let empty = receipt(&thumbprints(ARN, "a"), "[]", &Value::Null).to_string();
    let step = &read_receipt(empty.as_bytes()).unwrap().receipt.steps[0].step;
    assert!(matches!(step.undoing(), Undoing::Impossible(_)));
}
