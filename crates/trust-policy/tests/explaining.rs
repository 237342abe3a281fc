//! The classic mistakes are named, and the nearest miss points at the characters that differ.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use serde_json::json;
use trustwalk_trust_policy::{
    Decision, Document, Identity, IssuerDifference, Miss, Policy, Request, SubjectDifference,
};

const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789";
const SUB: &str = "system:serviceaccount:kube-system:aws-node";

fn arn() -> String {
    format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")
}

fn request() -> Request {
    Request::web_identity(&Identity::new(arn()).with_claim("aud", ["sts.amazonaws.com"]).with_claim("sub", SUB))
}

fn policy(federated: &str, action: &str, conditions: &serde_json::Value) -> Policy {
    let text = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Federated": federated },
        "Action": action, "Condition": conditions }] });
    Policy::compile(&Document::parse(&text.to_string()).expect("a policy"))
}

fn condition_hints(operator: &str, key: &str, value: &str) -> Vec<Miss> {
    let policy = policy(&arn(), "sts:AssumeRoleWithWebIdentity", &json!({ operator: { key: value } }));
    let request = request();
    let explanation = policy.explain(&request);
    assert_eq!(explanation.decision, Decision::ImplicitDeny, "{operator} {key} {value}");
    explanation.all_hints().cloned().collect()
}

#[test]
fn mistakes_in_keys_are_named() {
    let key = |claim: &str| format!("{ISSUER}:{claim}");
    let other = |issuer: &str, difference| Miss::KeyOfOtherIssuer {
        issuer: issuer.to_owned(),
        expected: ISSUER.to_owned(),
        difference,
    };
    let region = ISSUER.replace("eu-central-1", "us-east-1");
    let cluster = ISSUER.replace("ABCDEF", "000000");
    let dual = ISSUER.replace("oidc.eks.eu-central-1.amazonaws.com", "oidc-eks.eu-central-1.api.aws");
    let rows = [
        (format!("https://{ISSUER}:sub"), Miss::SchemeInKey { expected: key("sub") }),
        (format!("{}:sub", arn()), Miss::ArnInKey { expected: key("sub") }),
        (format!("{ISSUER}:sub:aud"), Miss::DoubledSuffix { expected: key("aud") }),
        (
            ISSUER.to_owned(),
            Miss::MissingSuffix { expected: vec![key("aud").to_lowercase(), key("sub").to_lowercase()] },
        ),
        (key("iss"), Miss::ClaimNotMapped { claim: "iss".to_owned() }),
        (format!("{region}:sub"), other(&region, IssuerDifference::Region)),
        (format!("{cluster}:sub"), other(&cluster, IssuerDifference::ClusterId)),
        (format!("{dual}:sub"), other(&dual, IssuerDifference::DualStackHost)),
        (format!("{ISSUER}/:sub"), other(&format!("{ISSUER}/"), IssuerDifference::TrailingSlash)),
        (format!(" {ISSUER}:sub"), Miss::KeyAlmost { expected: key("sub") }),
    ];
    for (key, expected) in rows {
        assert_eq!(condition_hints("StringEquals", &key, SUB), [expected], "{key}");
    }
}

#[test]
fn mistakes_in_values_are_named() {
    let (sub, aud) = (format!("{ISSUER}:sub"), format!("{ISSUER}:aud"));
    let text = |value: &str| (value.to_owned(), SUB.to_owned());
    let (value, expected) = text(&SUB.replace("aws-node", "AWS-node"));
    assert_eq!(condition_hints("StringEquals", &sub, &value), [Miss::CaseDiffers { value, expected }]);
    let (value, expected) = text(&format!("{SUB} "));
    assert_eq!(condition_hints("StringLike", &sub, &value), [Miss::ExtraWhitespace { value, expected }]);
    let (value, expected) = text(&format!("{SUB}/"));
    assert_eq!(condition_hints("StringEquals", &sub, &value), [Miss::TrailingSlash { value, expected }]);
    let value = "system:serviceaccount:kube-system:*".to_owned();
    assert_eq!(condition_hints("StringEquals", &sub, &value), [Miss::WildcardUnderEquals { value }]);
    let value = SUB.to_owned();
    assert_eq!(condition_hints("StringEquals", &aud, &value), [Miss::SubValueUnderAud { value }]);
    let value = "sts.amazonaws.com".to_owned();
    assert_eq!(condition_hints("StringEquals", &sub, &value), [Miss::AudValueUnderSub { value }]);
    let (value, expected) = text("system:serviceaccount:default:app");
    let difference = SubjectDifference::NamespaceAndServiceAccount;
    let differs = Miss::SubjectDiffers { value: value.clone(), expected, difference };
    assert_eq!(condition_hints("StringEquals", &sub, &value), [differs]);
}

#[test]
fn mistakes_in_principal_and_action_are_named() {
    let request = request();
    let hints = |federated: &str, action: &str| -> Vec<Miss> {
        let policy = policy(federated, action, &json!({}));
        policy.explain(&request).all_hints().cloned().collect()
    };
    let action = "sts:AssumeRoleWithWebIdentity";
    assert_eq!(hints(ISSUER, action), [Miss::FederatedIsBareIssuer { expected: arn() }]);
    let scheme = [Miss::FederatedHasScheme { expected: arn() }];
    assert_eq!(hints(&format!("https://{ISSUER}"), action), scheme);
    assert_eq!(hints(&arn().replace("oidc-provider/", "oidc-provider/https://"), action), scheme);
    let account =
        Miss::FederatedOtherAccount { account: "444455556666".to_owned(), expected: "111122223333".to_owned() };
    assert_eq!(hints(&arn().replace("111122223333", "444455556666"), action), [account]);
    let value = arn().replace("eu-central-1", "eu-west-1");
    let difference = IssuerDifference::Region;
    let provider = Miss::FederatedOtherProvider { value: value.clone(), expected: arn(), difference };
    assert_eq!(hints(&value, action), [provider]);
    let wrong = Miss::WrongAction { actions: vec!["sts:AssumeRole".to_owned()], expected: action.to_owned() };
    assert_eq!(hints(&arn(), "sts:AssumeRole"), [wrong]);
    let ec2 =
        r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    let ec2 = Policy::compile(&Document::parse(ec2).expect("a policy"));
    assert_eq!(ec2.explain(&request).hints, [Miss::NoFederatedStatement]);
}

#[test]
fn the_nearest_miss_points_at_the_differing_characters() {
    let values = json!(["other", "system:serviceaccount:kube-sÿstem:aws-node"]);
    let policy = policy(
        &arn(),
        "sts:AssumeRoleWithWebIdentity",
        &json!({ "StringEquals": { format!("{ISSUER}:sub"): values } }),
    );
    let request = request();
    let explanation = policy.explain(&request);
    let nearest = explanation.statements[0].conditions[0].nearest.clone().expect("a miss");
    assert_eq!(nearest.policy_value, "system:serviceaccount:kube-sÿstem:aws-node");
    assert_eq!((nearest.policy_range, nearest.actual_range), (28..29, 28..29));
    assert_eq!(explanation.nearest().map(trustwalk_trust_policy::StatementReport::failures), Some(1));
}

#[test]
fn azp_takes_the_place_of_aud_and_foreign_claims_make_no_key() {
    let google = Identity::new("accounts.google.com").with_claim("aud", "a").with_claim("azp", "z");
    let context = google.with_claim("email", "x@y").context();
    assert_eq!(context.get("accounts.google.com:AUD"), Some(&["z".to_owned()][..]));
    assert_eq!(context.get("accounts.google.com:oaud"), Some(&["a".to_owned()][..]));
    assert_eq!(context.get("accounts.google.com:email"), None);
    let github = Identity::new("arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com");
    let context = github.with_claim("repository", "o/r").with_claim("sha", "1").context();
    assert_eq!(context.get("token.actions.githubusercontent.com:repository"), Some(&["o/r".to_owned()][..]));
    assert_eq!(context.get("token.actions.githubusercontent.com:sha"), None);
}
