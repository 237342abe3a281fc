//! Each reason for which an identity is not admitted, told apart; and the change that cures it.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use serde_json::{Value, json};
use trustwalk_trust_policy::{
    Asked, AudienceDifference, Breadth, Call, Decision, EditKind, Exchange, GithubContext, Identity, IssuerDifference,
    Miss, NoEdit, Place, Policy, SessionTags, SubjectDifference, TAGS_CLAIM, WEB_IDENTITY_ACTION, smallest_edit,
    widened,
};

const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789";
const GITHUB: &str = "token.actions.githubusercontent.com";
const SUB: &str = "system:serviceaccount:ns:app";
const AUD: &str = "sts.amazonaws.com";

fn arn(issuer: &str) -> String {
    format!("arn:aws:iam::111122223333:oidc-provider/{issuer}")
}

fn identity(issuer: &str, sub: &str) -> Identity {
    Identity::new(arn(issuer)).with_claim("aud", AUD).with_claim("sub", sub)
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn statement(issuer: &str, conditions: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Federated": arn(issuer)}, "Action": WEB_IDENTITY_ACTION,
        "Condition": conditions})
}

fn compiled(text: &str) -> Policy {
    Policy::parse(text).expect("a policy")
}

fn misses(text: &str, identity: &Identity) -> Vec<Miss> {
    compiled(text).reasons(identity, &Call::new()).into_iter().map(|r| r.miss).collect()
}

/// The edit of a policy, held to what it promises.
fn edited(text: &str, identity: &Identity) -> Result<(EditKind, String), NoEdit> {
    let asked = Asked { identity: identity.clone(), audiences: Vec::new() };
    let edit = smallest_edit(text, &asked, &Call::new())?;
    let (before, after) = (compiled(text), compiled(&edit.document));
    assert_eq!(after.decide(&Exchange::new(identity, &Call::new())), Decision::Allow, "{}", edit.document);
    assert_eq!(widened(&before, &after, &asked).map(|w| w.len()), Ok(0), "{}", edit.document);
    Ok((edit.kind, edit.document))
}

fn subject_of(value: &str, actual: &str) -> SubjectDifference {
    let issuer = if actual.starts_with("repo:") || value.starts_with("repo:") { GITHUB } else { ISSUER };
    let conditions = json!({"StringLike": {format!("{issuer}:sub"): [value], format!("{issuer}:aud"): AUD}});
    let text = document(&[statement(issuer, &conditions)]);
    let identity = identity(issuer, actual);
    let found = misses(&text, &identity);
    let (kind, cured) = edited(&text, &identity).expect("a change");
    assert!(kind == EditKind::InPlace && cured.contains(value) && cured.contains(actual), "{cured}");
    let told = found.iter().find_map(|miss| {
        let Miss::SubjectDiffers { value, expected, difference } = miss else { return None };
        Some((value.as_str(), expected.as_str(), *difference))
    });
    let (told, expected, difference) = told.expect("a subject that differs");
    assert_eq!((told, expected, found.len()), (value, actual, 1));
    difference
}

#[test]
fn subjects_differ_in_one_known_way_and_are_added() {
    use SubjectDifference as D;
    let context = |wanted, have| D::Context { wanted, have };
    let main = "repo:acme/app:ref:refs/heads/main";
    for (value, actual, expected) in [
        ("system:serviceaccount:other:app", SUB, D::Namespace),
        ("system:serviceaccount:ns:web", SUB, D::ServiceAccount),
        ("system:serviceaccount:x:y", SUB, D::NamespaceAndServiceAccount),
        ("ns:app", SUB, D::NotServiceAccount),
        ("repo:acme/app", main, D::NoContext),
        ("repo:acme/other:*", main, D::Repository),
        ("repo:other/app:*", main, D::Owner),
        ("repo:x/y:*", main, D::OwnerAndRepository),
        ("repo:acme/app:*", "repo:acme@1/app@2:ref:refs/heads/main", D::ImmutableIds),
        ("repo:acme@1/app@2:*", main, D::ImmutableIds),
        ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:job_workflow_ref:x", D::Customised),
        ("repo:acme/app:environment:prod", main, context(GithubContext::Environment, GithubContext::Branch)),
        (
            "repo:acme/app:environment:prod",
            "repo:acme/app:pull_request",
            context(GithubContext::Environment, GithubContext::PullRequest),
        ),
        (
            "repo:acme/app:ref:refs/heads/*",
            "repo:acme/app:ref:refs/tags/v1",
            context(GithubContext::Branch, GithubContext::Tag),
        ),
        ("robot@acme.iam.example.com", "103547991597142817347", D::EmailAndNumber),
        ("project/p", "org/o/project/p/user/u", D::Form),
        ("alice", "bob", D::Other),
    ] {
        assert_eq!(subject_of(value, actual), expected, "{value} against {actual}");
    }
}

#[test]
fn audiences_differ_in_one_known_way() {
    let told = |identity: &Identity, value: &str| {
        let text = document(&[statement(ISSUER, &json!({"StringEquals": {format!("{ISSUER}:aud"): value}}))]);
        match misses(&text, identity).as_slice() {
            [Miss::AudienceDiffers { difference, .. }] => *difference,
            other => panic!("{value}: {other:?}"),
        }
    };
    let plain = identity(ISSUER, SUB);
    assert_eq!(told(&plain, "sts.amazonaws.com.cn"), AudienceDifference::Partition);
    assert_eq!(told(&plain, "https://sts.eu-west-1.amazonaws.com"), AudienceDifference::Endpoint);
    assert_eq!(told(&plain, "vault"), AudienceDifference::Other);
    let party = plain.with_claim("aud", "vault").with_claim("azp", "client");
    assert_eq!(told(&party, "vault"), AudienceDifference::AuthorizedParty);
}

#[test]
fn slips_are_put_right_where_they_stand() {
    let sound = document(&[statement(
        ISSUER,
        &json!({"StringEquals": {format!("{ISSUER}:sub"): SUB, format!("{ISSUER}:aud"): AUD}}),
    )]);
    let identity = identity(ISSUER, SUB);
    assert_eq!(edited(&sound, &identity), Err(NoEdit::Admitted));
    let key = |claim: &str| format!("\"{ISSUER}:{claim}\"");
    for broken in [
        sound.replace("ns:app", "ns:APP"),
        sound.replace("ns:app", "ns:app "),
        sound
            .replace(&key("sub"), &format!("\"https://{ISSUER}:sub\""))
            .replace(&key("aud"), &format!("\"https://{ISSUER}:aud\"")),
        sound.replace(&key("sub"), &format!("\"{}:sub\"", arn(ISSUER))),
        sound.replace(&key("sub"), &format!("\"{ISSUER}\"")),
        sound.replace(&key("sub"), &format!("\"{ISSUER}:sub:sub\"")),
        sound.replace("eu-central-1", "eu-west-1"),
        sound.replace(
            &format!("{}\"", arn(ISSUER)),
            &format!("arn:aws:iam::111122223333:oidc-provider/https://{ISSUER}\""),
        ),
        sound.replace(&arn(ISSUER), &arn(ISSUER).replace("111122223333", "444455556666")),
        sound.replace(WEB_IDENTITY_ACTION, "sts:AssumeRole"),
    ] {
        let (kind, document) = edited(&broken, &identity).expect(&broken);
        let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!((kind, read(&document)), (EditKind::InPlace, read(&sound)), "{broken}");
    }
}

#[test]
fn what_would_let_others_in_gets_a_statement_of_its_own() {
    let two = document(&[statement(
        GITHUB,
        &json!({"StringEquals": {format!("{GITHUB}:sub"): "repo:a/b:pull_request", format!("{GITHUB}:aud"): "other"}}),
    )]);
    let who = identity(GITHUB, "repo:c/d:ref:refs/heads/main");
    let (kind, document) = edited(&two, &who).expect("a change");
    assert_eq!(kind, EditKind::Beside, "two lists would admit their product: {document}");
    // Another provider keeps its statement, and what is asked of the call is asked here too.
    let mut other = statement("other.example", &json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}));
    let text = json!({"Version": "2012-10-17", "Statement": other.take()}).to_string();
    let (kind, document) = edited(&text, &who).expect("a change");
    assert!(kind == EditKind::Beside && document.contains("other.example"), "{document}");
}

#[test]
fn where_only_people_can_decide_nothing_is_offered() {
    let allow = statement(ISSUER, &json!({}));
    let mut deny = statement(ISSUER, &json!({"StringNotEquals": {format!("{ISSUER}:amr"): "x"}}));
    deny["Effect"] = json!("Deny");
    let text = document(&[allow, deny]);
    let identity = identity(ISSUER, SUB);
    assert_eq!(misses(&text, &identity), [Miss::ExplicitDeny { by_missing_key: true }]);
    assert_eq!(edited(&text, &identity), Err(NoEdit::Denied));
    let allow = statement(ISSUER, &json!({}));
    let mut deny = statement(ISSUER, &json!({"StringEqualsIfExists": {format!("{ISSUER}:amr"): "x"}}));
    deny["Effect"] = json!("Deny");
    assert_eq!(misses(&document(&[allow, deny]), &identity), [Miss::ExplicitDeny { by_missing_key: true }]);
    // A token has one subject: a list of two lets nobody else in.
    let all = json!({"ForAllValues:StringEquals": {format!("{ISSUER}:sub"): "system:serviceaccount:other:x"}});
    edited(&document(&[statement(ISSUER, &all)]), &identity).expect("a change");
    assert_eq!(edited("{", &identity), Err(NoEdit::Unreadable));
    let full = document(&[statement(
        ISSUER,
        &json!({"StringEquals": {format!("{ISSUER}:sub"): vec![format!("system:serviceaccount:ns:{}",
            "x".repeat(180)); 8]}}),
    )]);
    assert!(matches!(edited(&full, &identity), Err(NoEdit::Refused(_))));
}

#[test]
fn principals_and_actions_have_their_reasons_and_places() {
    let told = |text: &str| compiled(text).reasons(&identity(ISSUER, SUB), &Call::new());
    let of = |federated: &str| {
        let mut statement = statement(ISSUER, &json!({}));
        statement["Principal"]["Federated"] = json!(federated);
        told(&document(&[statement])).remove(0)
    };
    assert_eq!(of(&arn("other.example")).place, Place::Principal { statement: 0 });
    assert!(matches!(of("arn:aws:iam::111122223333:role/r").miss, Miss::FederatedMalformed { .. }));
    assert!(matches!(of("accounts.google.com").miss, Miss::FederatedOtherProvider { .. }));
    let short = ISSUER.split('/').next().expect("a host");
    let path = Miss::FederatedOtherProvider {
        value: arn(short),
        expected: arn(ISSUER),
        difference: IssuerDifference::PathMissing,
    };
    assert_eq!(of(&arn(short)).miss, path);
    let saml = json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let none = told(&document(&[saml]));
    assert_eq!((&none[0].place, &none[0].miss), (&Place::Policy, &Miss::NoFederatedStatement));
    let mut second =
        statement(ISSUER, &json!({"StringEquals": {"other.example:sub": "x", format!("{ISSUER}:sub"): SUB}}));
    second["Principal"]["Federated"] = json!([arn(ISSUER), arn("other.example")]);
    assert!(matches!(told(&document(&[second])).remove(0).miss, Miss::SecondIssuer { .. }));
    // One issuer's keys, where two are trusted, are not two issuers' keys.
    let mut one = statement(ISSUER, &json!({"StringEquals": {"other.example:sub": SUB}}));
    one["Principal"]["Federated"] = json!([arn(ISSUER), arn("other.example")]);
    assert!(matches!(told(&document(&[one])).remove(0).miss, Miss::KeyOfOtherIssuer { .. }));
    let unknown = told(&document(&[statement(ISSUER, &json!({"StringIs": {format!("{ISSUER}:sub"): SUB}}))]));
    assert_eq!(unknown[0].miss, Miss::UnknownOperator { operator: "StringIs".to_owned() });
}

#[test]
fn session_tags_are_read_in_both_forms_and_need_their_action() {
    let nested = json!({"principal_tags": {"Team": ["red"], "Env": ["prod"]}, "transitive_tag_keys": ["Team"]});
    let claims = json!({TAGS_CLAIM: nested});
    let read = |claims: &Value| SessionTags::of(claims.as_object().expect("claims"));
    let tags = read(&claims).expect("tags");
    assert_eq!(tags.transitive, ["Team"]);
    assert_eq!(tags.tags.len(), 2);
    let flat = json!({format!("{TAGS_CLAIM}/principal_tags/Team"): "red",
        format!("{TAGS_CLAIM}/principal_tags/Env"): ["prod"], format!("{TAGS_CLAIM}/transitive_tag_keys"): ["Team"]});
    assert_eq!(read(&flat).map(|t| t.transitive), Some(vec!["Team".to_owned()]));
    assert_eq!(read(&json!({"sub": "x"})), None);
    for odd in [json!("red"), json!(["a", "b"]), json!([1]), json!({})] {
        let claims = json!({TAGS_CLAIM: {"principal_tags": {"Team": odd}}});
        assert_eq!(read(&claims).map(|t| t.malformed), Some(vec!["Team".to_owned()]), "{odd}");
    }
    let asks = statement(
        ISSUER,
        &json!({"StringEquals": {"aws:RequestTag/team": "red"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Env"]}}),
    );
    let tagged = identity(ISSUER, SUB).with_claim(TAGS_CLAIM, nested);
    let text = document(&[asks]);
    let action = "sts:TagSession".to_owned();
    assert_eq!(misses(&text, &tagged), [Miss::ActionBeside { action }]);
    assert_eq!(compiled(&text).decide(&Exchange::new(&tagged, &Call::new())), Decision::ImplicitDeny);
    edited(&text, &tagged).expect("a change");
    let key = "aws:RequestTag/team".to_owned();
    assert!(misses(&text, &identity(ISSUER, SUB)).contains(&Miss::TagMissing { key }));
}

#[test]
fn strangers_are_found_by_asking_and_never_where_a_deny_keeps_them_out() {
    let kinds = |text: &str, who: &Identity| -> Vec<Breadth> {
        let found = compiled(text).breadth(who, &Call::new());
        for wide in &found {
            let stranger = Identity::new(&wide.provider).with_claims(who.claims.clone());
            let stranger = stranger.with_claim("sub", wide.subject.as_str());
            let stranger = wide.audience.iter().fold(stranger, |s, a| s.with_claim("aud", a.as_str()));
            assert_eq!(compiled(text).decide(&Exchange::new(&stranger, &Call::new())), Decision::Allow, "{wide:?}");
        }
        found.into_iter().map(|w| w.breadth).collect()
    };
    let who = identity(GITHUB, "repo:acme/app:ref:refs/heads/main");
    let aud = format!("{GITHUB}:aud");
    let sub = |value: &str| json!({"StringEquals": {&aud: AUD}, "StringLike": {format!("{GITHUB}:sub"): value}});
    let of = |value: &str| kinds(&document(&[statement(GITHUB, &sub(value))]), &who);
    assert_eq!(of("repo:acme/app:ref:refs/heads/main"), []);
    assert_eq!(of("repo:acme/app:*"), [Breadth::AnyContext]);
    assert_eq!(of("repo:acme/*"), [Breadth::AnyRepository]);
    assert_eq!(of("repo:*"), [Breadth::AnyOwner]);
    assert_eq!(of("*"), [Breadth::AnySubject]);
    assert_eq!(of("repo:acme/app:pull_request"), [Breadth::PullRequests]);
    assert_eq!(of("repo:acm?/app:ref:refs/heads/main"), [Breadth::AnyOwner]);
    assert_eq!(of("repo:acme/app*:ref:refs/heads/main"), [Breadth::AnyRepository]);
    assert_eq!(of("repo:acme/ap?:ref:refs/heads/main"), [Breadth::AnyRepository]);
    let cart = identity(ISSUER, "system:serviceaccount:payments:ledger");
    let of_account = |value: &str| {
        let key = format!("{ISSUER}:sub");
        let both = json!({"StringEquals": {format!("{ISSUER}:aud"): AUD}, "StringLike": {key: value}});
        kinds(&document(&[statement(ISSUER, &both)]), &cart)
    };
    for (pattern, wide) in [
        ("system:serviceaccount:payments:ledger", None),
        ("system:serviceaccount:pay*:ledger", Some(Breadth::AnyNamespace)),
        ("system:serviceaccount:????????:ledger", Some(Breadth::AnyNamespace)),
        ("system:serviceaccount:payments*ledger", Some(Breadth::AnyNamespace)),
        ("*payments*ledger*", Some(Breadth::AnyNamespace)),
        ("*:ledger", Some(Breadth::AnyNamespace)),
        ("system:serviceaccount:payments:led*", Some(Breadth::AnyServiceAccount)),
        ("system:serviceaccount:payments:ledger*", Some(Breadth::AnyServiceAccount)),
        ("system:serviceaccount:payments:ledge?", Some(Breadth::AnyServiceAccount)),
    ] {
        assert_eq!(of_account(pattern).first().copied(), wide, "{pattern}");
    }
    let mut deny = statement(GITHUB, &json!({"StringNotLike": {format!("{GITHUB}:sub"): "repo:acme/*"}}));
    deny["Effect"] = json!("Deny");
    let guarded = document(&[statement(GITHUB, &sub("*")), deny]);
    assert_eq!(kinds(&guarded, &who), [Breadth::AnyRepository]);
    let everybody = json!({"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": WEB_IDENTITY_ACTION});
    assert!(kinds(&document(&[everybody]), &who).contains(&Breadth::AnyProvider));
    assert!(Breadth::AnyNamespace.admits_strangers() && !Breadth::AnyServiceAccount.admits_strangers());
}
