//! Receipts: whatever bytes are handed in, what is taken has matched inverses and names in their grammar, and is
//! authentic only when it is, byte for byte, what was signed.

use aws_lc_rs::hmac;
use trustwalk_core::evidence::{Provider, Target as About};
use trustwalk_core::plan::{
    Action, Applicability, Effect, Made, Place, Precondition, Reading, Receipt, ReceiptStep, Seal, Step, StepState,
    check_steps, describe, reach, read_receipt, sealed, to_be_sealed,
};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "receipts",
    check,
    seeds,
    words: &[
        "\"action\": \"restart\"",
        "\"action\": \"set-trust-policy\"",
        "\"action\": \"attach-policy\"",
        "\"inverse\": null",
        "\"account\": null",
        "\"state\": \"done\"",
        "\"version\": 1",
        "\"checksum\": \"\"",
        "\"foreign\": true,",
        "doomed?x=",
        "../../",
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "\u{202e}",
        "\\u0000",
        "[[[[",
    ],
    iterations: 10_000,
};

/// A key that signs the seeds; nobody else's. It guards nothing.
fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])
}

fn check(input: &[u8]) {
    let Ok(Reading { receipt, place, seal, as_written }) = read_receipt(input) else { return };
    assert!(check_steps(receipt.steps.iter().map(|s| &s.step), &receipt.target).is_ok());
    for entry in &receipt.steps {
        matched(&entry.step);
    }
    if let Seal::Mac { covers, code } = seal
        && let Some(covered) = input.get(..covers)
        && hmac::verify(&key(), covered, &code).is_ok()
    {
        // Only the signed bytes themselves are authentic, and nothing is left of the file besides.
        assert!(signed().iter().any(|own| own == input), "a receipt that was not signed is authentic");
    }
    let Ok(covered) = to_be_sealed(&as_written, &place) else { return };
    let again = sealed(covered, hmac::sign(&key(), b"any").as_ref());
    assert_eq!(read_receipt(&again).map(|r| r.as_written).ok(), Some(as_written), "what is written reads back");
}

/// What undoing would do is the same thing to the same object, and puts back what was there.
fn matched(step: &Step) {
    let expected = &step.precondition.expected;
    let told = describe(&step.action, expected);
    assert_eq!((&step.effect.words, &step.precondition.words), (&told.words, &told.place), "foreign words");
    assert_eq!(step.effect.blast_radius, reach(&step.action), "foreign words");
    match (&step.action, &step.inverse) {
        (Action::SetThumbprints { provider_arn: a, .. }, Some(Action::SetThumbprints { provider_arn: b, .. })) => {
            assert_eq!(a, b);
        }
        (Action::SetTrustPolicy { role: a, .. }, Some(Action::SetTrustPolicy { role: b, document })) => {
            assert_eq!((a, expected), (b, document));
        }
        (action @ Action::Annotate { .. }, Some(inverse @ Action::Annotate { value, .. })) => {
            assert_eq!(expected, value.as_deref().unwrap_or_default());
            assert_eq!(bare(action), bare(inverse));
        }
        (_, None) => {}
        (action, inverse) => assert_eq!(None, inverse.as_ref(), "no inverse of {action:?}"),
    }
    if let Action::Restart { namespace, name, .. } | Action::Annotate { namespace, service_account: name, .. } =
        &step.action
    {
        let plain =
            |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
        assert!(plain(namespace) && plain(name) && !name.contains(".."), "{namespace}/{name} goes into a path");
    }
    if let Action::Renew { namespace, pods, .. } = &step.action {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        let fit = |name: &str| plain(name) && !name.contains("..");
        assert!(plain(namespace) && pods.iter().all(|p| fit(&p.name)), "{pods:?} go into paths");
    }
}

/// An annotation without its value.
fn bare(action: &Action) -> Action {
    let mut action = action.clone();
    if let Action::Annotate { value, .. } = &mut action {
        *value = None;
    }
    action
}

const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/i.example/id/A";

fn step(action: Action, expected: &str, state: StepState) -> ReceiptStep {
    let told = describe(&action, expected);
    let step = Step {
        inverse: action.inverse(expected),
        precondition: Precondition { words: told.place, expected: expected.to_owned() },
        effect: Effect { words: told.words, changes: told.changes, blast_radius: reach(&action), past: None },
        action,
        applicability: Applicability::NeedsApproval,
    };
    ReceiptStep { step, state, at: 2, began: Some(1), note: None, made: None }
}

fn receipts() -> Vec<(Receipt, Place)> {
    let (old, new) = ("a".repeat(40), "b".repeat(40));
    let (role, namespace, name) = ("app".to_owned(), "kube-system".to_owned(), "aws-node".to_owned());
    let thumbprints = Action::SetThumbprints { provider_arn: ARN.into(), thumbprints: vec![old.clone(), new] };
    let trust = Action::SetTrustPolicy { role: role.clone(), document: r#"{"Version":"2012-10-17"}"#.into() };
    let annotate = Action::Annotate {
        namespace: namespace.clone(),
        service_account: name.clone(),
        key: "eks.amazonaws.com/role-arn".into(),
        value: Some("arn:aws:iam::111122223333:role/app".into()),
    };
    let attach = Action::AttachPolicy { role, policy_arn: "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy".into() };
    let restart = Action::Restart { resource: "DaemonSet".into(), namespace: namespace.clone(), name: name.clone() };
    let create = Action::CreateProvider {
        url: "https://i.example/id/A".into(),
        client_ids: vec!["sts.amazonaws.com".into()],
        thumbprints: Vec::new(),
    };
    let audience = Action::AddClientId { provider_arn: ARN.into(), client_id: "b".into() };
    let mut made = step(create, "absent", StepState::Done);
    let read = Provider {
        arn: ARN.into(),
        url: "i.example/id/A".into(),
        client_ids: vec!["sts.amazonaws.com".into()],
        thumbprints: vec![old.clone()],
        created: 1,
        tags: std::collections::BTreeMap::new(),
    };
    made.made = Some(Made { arn: ARN.into(), as_read: Some(read) });
    let all = [
        vec![step(thumbprints, &format!("[\"{old}\"]"), StepState::Done), step(restart, "", StepState::Started)],
        vec![step(trust, "{}", StepState::UndoRefused), step(annotate, "", StepState::AlreadyDone)],
        vec![made, step(attach, "not attached", StepState::Pending), step(audience, "[\"a\"]", StepState::Undoing)],
    ];
    let place = Place {
        account: Some("111122223333".into()),
        endpoint: "https://iam.amazonaws.com".into(),
        cluster: Some("https://k.example".into()),
    };
    let receipt = |steps| Receipt {
        version: 2,
        cures: "thumbprint-mismatch".into(),
        began: 1,
        ended: None,
        steps,
        entries: Vec::new(),
        verified: None,
        target: About::Workload { resource: "DaemonSet".into(), namespace: namespace.clone(), name: name.clone() },
        foreign: false,
    };
    all.into_iter().map(|steps| (receipt(steps), place.clone())).collect()
}

fn signed() -> Vec<Vec<u8>> {
    let sign = |(receipt, place): (Receipt, Place)| {
        let covered = to_be_sealed(&receipt, &place).ok()?;
        let code = hmac::sign(&key(), &covered);
        Some(sealed(covered, code.as_ref()))
    };
    receipts().into_iter().filter_map(sign).collect()
}

fn seeds() -> Vec<Vec<u8>> {
    let mut all = signed();
    for (mut receipt, place) in receipts() {
        receipt.version = 1;
        let mut value = serde_json::json!(receipt);
        if let Some(members) = value.as_object_mut() {
            members.insert("place".to_owned(), serde_json::json!(place));
            members.insert("checksum".to_owned(), "0".repeat(64).into());
        }
        all.push(value.to_string().into_bytes());
    }
    all
}
