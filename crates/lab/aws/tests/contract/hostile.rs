//! Whatever is sent, the account answers or closes, and goes on serving.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;

use super::client::{form, send_all};
use super::world::World;

/// Shapes near enough to real requests to reach past the first check.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let names = prop::sample::select(vec!["iam", "sts", "eks", "eks-auth", "ec2", "cloudtrail", "s3", ""]);
    let actions = prop::sample::select(vec!["AssumeRoleWithWebIdentity", "GetRole", "LookupEvents", "Nonsense"]);
    let fields = prop::sample::select(vec![
        "RoleArn",
        "WebIdentityToken",
        "RoleSessionName",
        "Url",
        "Marker",
        "Tags.member.1.Key",
    ]);
    let near =
        (names, actions, vec((fields, ".{0,60}"), 0..5), "[ -~]{0,60}").prop_map(|(service, action, fields, junk)| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let body = form(action, &fields);
            let auth = format!(
                "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-west-2/{service}/aws4_request, \
            SignedHeaders=host, Signature={junk}"
            );
            format!(
                "POST /clusters/%ff/{action} HTTP/1.1\r\nhost: x\r\nauthorization: {auth}\r\ncontent-length: \
            {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        });
    let headed = vec(any::<u8>(), 0..300).prop_map(|body| {
        [format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(), body].concat()
    });
    prop_oneof![vec(any::<u8>(), 0..400), near, headed]
}

/// Counts panics outside the tests themselves: one in the account only closes a connection.
fn panics() -> &'static AtomicUsize {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_none_or(|at| !at.file().contains("tests")) {
            SEEN.fetch_add(1, Ordering::SeqCst);
        }
        usual(panic);
    }));
    &SEEN
}

#[test]
fn arbitrary_bytes_neither_stop_nor_hang_the_account() {
    let seen = panics();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(bytes in request())| {
        let answer = runtime.block_on(send_all(world.address, bytes));
        let head = String::from_utf8_lossy(&answer).into_owned();
        prop_assert!(answer.is_empty() || head.starts_with("HTTP/1.1 "), "{head}");
        prop_assert!(!head.starts_with("HTTP/1.1 5"), "{head}");
        prop_assert_eq!(seen.load(Ordering::SeqCst), 0, "the account panicked");
    });
    runtime.block_on(async { world.admin.query("sts", "GetCallerIdentity", &[]).await.ok() });
}

#[tokio::test]
async fn requests_too_large_are_refused_and_the_next_one_served() {
    let world = World::new().await;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 2 << 20);
    let answer = send_all(world.address, [head.into_bytes(), vec![b'a'; 2 << 20]].concat()).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 413"), "{text}");
    world.admin.query("sts", "GetCallerIdentity", &[]).await.ok();
}
