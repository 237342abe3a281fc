//! `AssumeRoleWithWebIdentity`: every link that can fail, with its code and its words.

use serde_json::{Value, json};
use trustwalk_lab_aws::TrustModel;
use trustwalk_lab_issuer::pki::Presentation;
use trustwalk_lab_issuer::{DocumentFault, SigningKey};

use super::client::{Client, unsigned};
use super::world::{BARE, HOST, ISSUER, KEYS_HOST, ROLE, SUBJECT, World, condition, role, trust};

const THUMBPRINT: &str = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
const KEYS: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
    AssumeRoleWithWebIdentity documentation for requirements";
const DENIED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
const NOT_VALIDATED: &str = "The web identity token provided could not be validated. See the \
    AssumeRoleWithWebIdentity documentation for requirements.";
const NOT_A_JWT: &str =
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
const CODE: &str = "InvalidIdentityToken";

#[tokio::test]
async fn a_sound_token_becomes_a_session_that_works() {
    let world = World::new().await;
    let answer = world.assume(&world.token(&[])).await.ok();
    assert_eq!(answer.text("SubjectFromWebIdentityToken"), SUBJECT);
    assert_eq!(answer.text("Audience"), "sts.amazonaws.com");
    assert_eq!(answer.text("Provider"), world.account.provider_arn(BARE));
    assert_eq!(answer.text("Arn"), "arn:aws:sts::111122223333:assumed-role/Cni/test");
    assert!(answer.text("AssumedRoleId").ends_with(":test"));
    let keys = trustwalk_lab_aws::Credentials {
        access_key_id: answer.text("AccessKeyId"),
        secret_access_key: answer.text("SecretAccessKey"),
        session_token: Some(answer.text("SessionToken")),
        expires: None,
    };
    assert!(keys.access_key_id.starts_with("ASIA"));
    let session = Client::new(world.address, keys);
    let who = session.query("sts", "GetCallerIdentity", &[]).await.ok();
    assert_eq!(who.text("Arn"), "arn:aws:sts::111122223333:assumed-role/Cni/test");
    world.now.fetch_add(3601, std::sync::atomic::Ordering::SeqCst);
    let late = session.query("sts", "GetCallerIdentity", &[]).await;
    late.refuses(403, "ExpiredToken", "The security token included in the request is expired");
}

#[tokio::test]
async fn under_todays_rules_a_thumbprint_counts_only_without_a_trusted_root() {
    let dummy = || vec!["0".repeat(40)];
    let trusted = World::new().await;
    trusted.put_provider(dummy(), &["sts.amazonaws.com"]);
    trusted.assume(&trusted.token(&[])).await.ok();
    for presentation in
        [Presentation::Expired, Presentation::WrongHost, Presentation::SelfSigned, Presentation::Intercepted]
    {
        trusted.present(HOST, presentation);
        trusted.assume(&trusted.token(&[])).await.refuses(400, CODE, THUMBPRINT);
    }
    let private = World::under(TrustModel::LibraryFirst, false).await;
    private.assume(&private.token(&[])).await.ok();
    private.put_provider(dummy(), &["sts.amazonaws.com"]);
    private.assume(&private.token(&[])).await.refuses(400, CODE, THUMBPRINT);
}

#[tokio::test]
async fn under_the_older_rules_the_thumbprint_alone_decides() {
    let world = World::under(TrustModel::ThumbprintOnly, true).await;
    world.assume(&world.token(&[])).await.ok();
    world.put_provider(vec!["0".repeat(40)], &["sts.amazonaws.com"]);
    world.assume(&world.token(&[])).await.refuses(400, CODE, THUMBPRINT);
    // The right certificate for another host is no good either.
    world.present(HOST, Presentation::WrongHost);
    world.put_provider(vec![world.top()], &["sts.amazonaws.com"]);
    world.assume(&world.token(&[])).await.refuses(400, CODE, THUMBPRINT);
}

#[tokio::test]
async fn both_hosts_count_when_keys_live_elsewhere() {
    let world = World::new().await;
    world.issuer.set_faults(|f| f.jwks_uri = Some(format!("https://{KEYS_HOST}/keys")));
    world.present(KEYS_HOST, Presentation::SelfSigned);
    world.assume(&world.token(&[])).await.refuses(400, CODE, THUMBPRINT);
}

#[tokio::test]
async fn documents_that_do_not_come_are_keys_that_cannot_be_had() {
    let world = World::new().await;
    for break_it in [
        (|f| f.discovery = DocumentFault::Status(403)) as fn(&mut trustwalk_lab_issuer::Faults),
        |f| f.keys = DocumentFault::Status(403),
        |f| f.issuer_member = Some("https://other.example".to_owned()),
        |f| f.jwks_uri = Some("https://nowhere.example/keys".to_owned()),
        |f| f.key_set = trustwalk_lab_issuer::KeySetFault::Empty,
    ] {
        world.issuer.set_faults(break_it);
        world.assume(&world.token(&[])).await.refuses(400, CODE, KEYS);
        world.issuer.set_faults(|f| *f = trustwalk_lab_issuer::Faults::default());
    }
    world.assume(&world.token(&[])).await.ok();
}

#[tokio::test]
async fn signatures_are_checked_against_the_published_key() {
    let world = World::new().await;
    let token = world.token(&[]);
    let (kept, _) = token.rsplit_once('.').unwrap();
    world.assume(&format!("{kept}.{}", "A".repeat(342))).await.refuses(400, CODE, NOT_VALIDATED);
    world.issuer.set_foreign_key(SigningKey::generate().unwrap());
    world.issuer.set_faults(|f| f.key_set = trustwalk_lab_issuer::KeySetFault::Foreign);
    let answer = world.assume(&token).await;
    assert_eq!((answer.status, answer.text("Code").as_str()), (400, CODE));
    for bad in ["not a token at all", "aa.bb", "e30.e30", "e30.W10.AA"] {
        world.assume(bad).await.refuses(400, CODE, NOT_A_JWT);
    }
    let crit = world.issuer.mint_with_header(&json!({"alg": "RS256", "crit": ["x"]}), &world.claims()).unwrap();
    world.assume(crit.expose()).await.refuses(400, CODE, NOT_A_JWT);
}

#[tokio::test]
async fn claims_are_required_and_read_in_time() {
    let world = World::new().await;
    let now = world.time().as_second();
    for claim in ["iss", "sub", "aud", "iat", "exp"] {
        let text = format!("Missing a required claim: {claim}");
        world.assume(&world.token(&[(claim, json!(null))])).await.refuses(400, CODE, &text);
    }
    world.assume(&world.token(&[("nbf", json!(null))])).await.ok();
    world.assume(&world.token(&[("exp", json!(now - 200))])).await.ok();
    let past = now - 400;
    let text = format!("Token expired: current date/time {} must be before the expiration date/time {past}", now - 300);
    world.assume(&world.token(&[("exp", json!(past))])).await.refuses(400, "ExpiredTokenException", &text);
    world.assume(&world.token(&[("iat", json!(now + 200))])).await.ok();
    let ahead = now + 3600;
    let text = format!("Token issued in the future: {ahead}");
    world.assume(&world.token(&[("iat", json!(ahead))])).await.refuses(400, CODE, &text);
    let answer = world.assume(&world.token(&[("nbf", json!(ahead))])).await;
    assert!(answer.text("Message").starts_with("Token not yet valid: "), "{}", answer.body);
    world.assume(&world.token(&[("exp", json!(1.5))])).await.refuses(400, CODE, "Invalid timestamp in token claims.");
    world.assume(&world.token(&[("exp", json!((now + 9).to_string()))])).await.ok();
}

#[tokio::test]
async fn audiences_are_registered_client_ids() {
    let world = World::new().await;
    let other = world.token(&[("aud", json!(["https://kubernetes.default.svc"]))]);
    world.assume(&other).await.refuses(400, CODE, NOT_VALIDATED);
    world.account.refuse_audiences_as_before_2026(true);
    world.assume(&other).await.refuses(400, CODE, "Incorrect token audience");
    world.account.refuse_audiences_as_before_2026(false);
    let two = world.token(&[("aud", json!(["sts.amazonaws.com", "b"]))]);
    let text = "Token audience contains more than one audience while authorized party is not present";
    world.assume(&two).await.refuses(400, CODE, text);
    let azp = world.token(&[("aud", json!("whatever")), ("azp", json!("sts.amazonaws.com"))]);
    assert_eq!(world.assume(&azp).await.ok().text("Audience"), "sts.amazonaws.com");
    let empty = world.token(&[("aud", json!(""))]);
    world.assume(&empty).await.refuses(400, CODE, "Claim is not allowed to be empty: aud");
}

#[tokio::test]
async fn unknown_providers_and_roles_are_told_apart() {
    let world = World::new().await;
    let text = |iss: &str| format!("No OpenIDConnect provider found in your account for {iss}");
    let other = world.token(&[("iss", json!("https://other.example"))]);
    world.assume(&other).await.refuses(400, CODE, &text("https://other.example"));
    let elsewhere = [("RoleArn", "arn:aws:iam::444455556666:role/Cni")];
    world.assume_with(&world.token(&[]), &elsewhere).await.refuses(400, CODE, &text(ISSUER));
    for arn in ["arn:aws:iam::111122223333:role/Gone", "arn:aws:iam::111122223333:role/path/Cni"] {
        world.assume_with(&world.token(&[]), &[("RoleArn", arn)]).await.refuses(403, "AccessDenied", DENIED);
    }
    let subject = world.token(&[("sub", json!("system:serviceaccount:default:other"))]);
    world.assume(&subject).await.refuses(403, "AccessDenied", DENIED);
    let provider = world.account.provider_arn(BARE);
    for policy in [
        trust(&world.account.provider_arn("other.example"), &json!({})),
        trust(&provider, &json!({"StringEquals": {format!("{BARE}:iss"): ISSUER}})),
        trust(&provider, &condition()).replace("sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"),
        trust(&provider, &condition()).replace("\"Allow\"", "\"Deny\""),
    ] {
        world.account.put_role(role("Cni", policy));
        world.assume(&world.token(&[])).await.refuses(403, "AccessDenied", DENIED);
    }
}

/// Reported, word for word.
#[tokio::test]
async fn a_token_may_be_for_some_roles_alone() {
    let world = World::new().await;
    let provider = world.account.provider_arn(BARE);
    let other = "arn:aws:iam::111122223333:role/Other";
    let with = |roles: Value| world.token(&[("https://aws.amazon.com/roles", roles)]);
    for (roles, text) in [
        (json!([other]), "The target role ARN is not present in the roles claim of the identity token"),
        (json!(other), "The target role ARN is not present in the roles claim of the identity token"),
        (json!([]), "The roles claim contains no valid role ARNs"),
        (json!("arn:aws:iam::111122223333:role/*"), "The roles claim contains no valid role ARNs"),
        (json!({"a": 1}), "The roles claim is not in a supported format"),
        (json!(7), "The roles claim is not in a supported format"),
    ] {
        world.assume(&with(roles)).await.refuses(400, CODE, text);
    }
    let by_idp = json!({"Bool": {"sts:RoleAuthorizedByIdp": "true"}});
    world.account.put_role(role("Cni", trust(&provider, &by_idp)));
    for roles in [json!([other, ROLE]), json!(format!("{other}; {ROLE} ")), json!([7, ROLE])] {
        world.assume(&with(roles)).await.ok();
    }
    let mut claims = world.claims();
    claims["https://aws.amazon.com/roles"] = Value::Null;
    let token = world.issuer.mint(&claims).unwrap().expose().to_owned();
    world.assume(&token).await.refuses(403, "AccessDenied", DENIED);
}

/// Reported: a subject that is null, and tokens that the request says are somebody else's.
#[tokio::test]
async fn odd_requests_have_answers_of_their_own() {
    let world = World::new().await;
    let mut claims = world.claims();
    claims["sub"] = Value::Null;
    let token = world.issuer.mint(&claims).unwrap().expose().to_owned();
    let words = "Unknown error validating third-party token";
    world.assume(&token).await.refuses(500, "InternalFailure", words);
    let token = world.token(&[]);
    let of = async |provider: &str| world.assume_with(&token, &[("ProviderId", provider)]).await;
    of("www.amazon.com").await.refuses(400, CODE, "Provided Token is not a Login With Amazon token");
    assert_eq!(of("graph.facebook.com").await.text("Code"), "IDPRejectedClaim");
    let tags = json!({"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["other"]});
    let odd = world.assume(&world.token(&[("https://aws.amazon.com/tags", tags)])).await;
    let words = "The specified transitive tag key must be included in the requested tags.";
    odd.refuses(400, "InvalidParameterValue", words);
}

#[tokio::test]
async fn parameters_are_checked_first() {
    let world = World::new().await;
    let token = world.token(&[]);
    let says = |at: &str, rule: &str| {
        format!("1 validation error detected: Value {at} failed to satisfy constraint: Member must {rule}")
    };
    for (name, value, text) in [
        (
            "RoleSessionName",
            "a b",
            says("'a b' at 'roleSessionName'", "satisfy regular expression pattern: [\\w+=,.@-]*"),
        ),
        ("RoleSessionName", "a", says("'a' at 'roleSessionName'", "have length greater than or equal to 2")),
        ("RoleArn", "arn:aws:iam", says("'arn:aws:iam' at 'roleArn'", "have length greater than or equal to 20")),
        ("RoleArn", "arn:aws:iam::111122223333:user/x", "Request ARN is invalid".to_owned()),
        ("WebIdentityToken", "abc", says("at 'webIdentityToken'", "have length greater than or equal to 4")),
        ("DurationSeconds", "899", says("'899' at 'durationSeconds'", "have value greater than or equal to 900")),
        ("DurationSeconds", "43201", says("'43201' at 'durationSeconds'", "have value less than or equal to 43200")),
        (
            "DurationSeconds",
            "3601",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
        ),
    ] {
        world.assume_with(&token, &[(name, value)]).await.refuses(400, "ValidationError", &text);
    }
    let long = "x".repeat(20_001);
    let text = says("at 'webIdentityToken'", "have length less than or equal to 20000");
    world.assume(&long).await.refuses(400, "ValidationError", &text);
    world.assume_with(&token, &[("DurationSeconds", "900")]).await.ok();
    let bare =
        unsigned(world.address, "AssumeRoleWithWebIdentity", &[("RoleArn", ROLE), ("RoleSessionName", "ab")]).await;
    bare.refuses(400, "ValidationError", &says("null at 'webIdentityToken'", "not be null"));
    let provider = world.assume_with(&token, &[("ProviderId", "x")]).await;
    assert_eq!((provider.status, provider.text("Code").as_str()), (403, "AccessDenied"));
}
