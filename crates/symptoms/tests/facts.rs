//! Each value that a record names is read as what it is.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use trustwalk_symptoms::{Failure, Frame, Partition, Scheme, Symptom, classify};

fn read(text: &str) -> Failure {
    classify(text).unwrap()
}

#[test]
fn where_a_call_went() {
    let f = read(
        "WebIdentityErr: failed to retrieve credentials\ncaused by: RequestError: send request failed\ncaused by: Post \
         \"http://sts.us-east-1.amazonaws.com/\": read tcp 10.0.3.4:41234->203.0.113.7:80: read: connection reset \
             by peer",
    );
    assert_eq!((f.scheme, f.port), (Some(Scheme::Http), Some(80)));
    assert_eq!(f.address.unwrap().to_string(), "203.0.113.7");
    assert_eq!(f.region.unwrap().as_str(), "us-east-1");
    assert_eq!(f.partition, Some(Partition::Aws));
    let f = read("Post \"https://sts.cn-north-1.amazonaws.com.cn/\": dial tcp 13.43.48.12:443: i/o timeout");
    assert_eq!((f.symptom, f.partition, f.port), (Symptom::StsTimeout, Some(Partition::AwsCn), Some(443)));
    assert_eq!(f.address.unwrap().to_string(), "13.43.48.12");
}

#[test]
fn who_wanted_what() {
    let f = read(
        "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: sts:AssumeRole \
         on resource: arn:aws:iam::444455556666:role/other",
    );
    assert_eq!(f.caller_arn.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/app/s"));
    assert_eq!(f.role_arn.as_deref(), Some("arn:aws:iam::444455556666:role/other"));
    assert_eq!(f.resource.unwrap().as_str(), "arn:aws:iam::444455556666:role/other");
    // Whom a call is made about is not who is to make it.
    for action in ["iam:PassRole", "iam:CreateRole", "iam:CreateServiceLinkedRole"] {
        let f = read(&format!(
            "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ci/run is not authorized to perform: {action} \
             on resource: arn:aws:iam::111122223333:role/other because no identity-based policy allows it"
        ));
        assert_eq!((f.role_arn, f.denied_action.as_deref()), (None, Some(action)));
        assert_eq!(f.resource.unwrap().as_str(), "arn:aws:iam::111122223333:role/other");
    }
    let f = read("An IAM role must be associated with service account cart (namespace: shop)");
    assert_eq!(f.service_account.unwrap().as_str(), "shop/cart");
    let f = read(
        "Error fetching credentials: JWT signature validation failed: cryptographic validation failed: no matching key \
         found for kid: 0123456789abcdef0123456789abcdef01234567",
    );
    assert_eq!(f.key_id.unwrap().as_str(), "0123456789abcdef0123456789abcdef01234567");
    let f = read("Requested lifetime too high (requested: 14400 max: 7200)");
    assert_eq!(f.detail.as_deref(), Some("requested: 14400 max: 7200"));
    let f = read("ValidationError: arn:aws:iam::${ACCOUNT}:role/app is invalid (sts)");
    assert_eq!(f.detail.as_deref(), Some("${ACCOUNT}"));
}

#[test]
fn which_part_spoke_and_when() {
    let f = read(
        "Traceback (most recent call last):\n  File \"/usr/lib/python3/botocore/credentials.py\", line 625, in \
         _protected_refresh\nbotocore.exceptions.ClientError: An error occurred (ExpiredTokenException) when calling \
         the AssumeRoleWithWebIdentity operation: Token expired: current date/time 1731098245 must be before the \
         expiration date/time 1731095240",
    );
    assert_eq!(f.symptom, Symptom::ExpiredToken);
    assert!(f.frames.contains(&Frame::Refresh));
    let times = f.times.unwrap();
    assert_eq!((times.current.as_str(), times.past_seconds), ("2024-11-08T20:37:25.000Z", 3005));
    // Go 2 says so of the first exchange, too.
    let f =
        read("failed to refresh cached credentials, operation error STS: AssumeRoleWithWebIdentity, api error X: y");
    assert!(!f.frames.contains(&Frame::Refresh));
    let f = read("open /var/run/secrets/eks.amazonaws.com/serviceaccount/token: permission denied");
    assert_eq!(f.token_path.unwrap().as_str(), "/var/run/secrets/eks.amazonaws.com/serviceaccount/token");
}

#[test]
fn samples_end_with_a_whole_word() {
    let text = format!("{}Incorrect token audience {}", "before ".repeat(100), "behind ".repeat(200));
    let message = read(&text).message;
    for word in message.split(' ') {
        assert!(["before", "Incorrect", "token", "audience", "behind", "…"].contains(&word), "{word:?} in {message}");
    }
    assert!(message.starts_with('…') && message.ends_with('…'));
    assert_eq!(read("Incorrect token audience").message, "Incorrect token audience");
}

#[test]
fn what_was_written_before_is_still_read() {
    let old = r#"{"symptom":"java-sts-module-missing","message":"m","host":"sts.amazonaws.com"}"#;
    let failure: Failure = serde_json::from_str(old).unwrap();
    assert_eq!(failure.symptom, Symptom::StsModuleMissing);
    assert!(failure.frames.is_empty());
}
