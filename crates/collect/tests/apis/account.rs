//! AWS: throttles, listings and bodies without end.

use aws_credential_types::Credentials;
use trustwalk_collect::aws::{AwsClient, AwsOptions};
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::roots::RootOptions;
use trustwalk_core::evidence::Observed;

use crate::server::{CHUNKED, Sent, Server, chunk, ok};

pub(crate) async fn client(server: &Server) -> AwsClient {
    let options = AwsOptions {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(format!("http://hidden:hidden@{}", server.address)),
        // Nothing of the kind that a scanner looks for.
        keys: Some(Credentials::for_tests()),
        ..AwsOptions::default()
    };
    AwsClient::new(&options, Dialer::default(), RootOptions::default(), 0).await
}

fn error(status: u16, code: &str) -> Sent {
    Sent::Whole(
        status,
        "x-amz-retry-after: 0\r\n",
        format!("<E><Error><Code>{code}</Code><Message>m</Message></Error></E>"),
    )
}

#[tokio::test]
async fn throttles_and_what_passes_are_asked_again() {
    let server = Server::new(|_, before| match before {
        0 => error(400, "Throttling"),
        1 => error(503, "ServiceUnavailable"),
        _ => ok("<R><Account>111122223333</Account></R>"),
    })
    .await;
    assert_eq!(client(&server).await.caller().await.known().unwrap().account, "111122223333");
    let broken =
        Server::new(|_, before| if before == 0 { Sent::Nothing } else { ok("<R><Account>1</Account></R>") }).await;
    assert!(client(&broken).await.caller().await.known().is_some());
    let unreached = Server::new(|_, _| error(400, "IDPCommunicationError")).await;
    let said = client(&unreached).await.exchange("arn:aws:iam::111122223333:role/r", "e30.e30.e30").await;
    assert_eq!(said.known().unwrap().code.as_deref(), Some("IDPCommunicationError"));
    assert_eq!(unreached.count(), 3);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    let twice =
        Server::new(|_, before| if before == 0 { error(409, "ConcurrentModification") } else { ok("<R><A/></R>") })
            .await;
    client(&twice).await.set_trust_policy("r", "{}", async || true).await.unwrap();
    assert_eq!(twice.count(), 2);
    let failing = Server::new(|_, _| error(500, "ServiceFailure")).await;
    client(&failing).await.create_provider("https://i.example", &[], &[]).await.unwrap_err();
    client(&failing).await.delete_provider("arn").await.unwrap_err();
    assert_eq!(failing.count(), 2);
    let throttled = Server::new(|_, before| match before {
        0 => error(400, "Throttling"),
        _ => ok("<R><OpenIDConnectProviderArn>arn</OpenIDConnectProviderArn></R>"),
    })
    .await;
    assert_eq!(client(&throttled).await.create_provider("https://i.example", &[], &[]).await.unwrap(), "arn");
}

#[tokio::test]
async fn a_whole_value_is_written_again_only_while_it_is_as_it_was() {
    for (status, code) in [(409, "ConcurrentModification"), (503, "ServiceUnavailable")] {
        let server = Server::new(move |_, _| error(status, code)).await;
        let prints = ["a".repeat(40)];
        client(&server).await.set_thumbprints("arn", &prints, async || false).await.unwrap_err();
        client(&server).await.set_trust_policy("r", "{}", async || false).await.unwrap_err();
        assert_eq!(server.count(), 2, "{code}: somebody else has written meanwhile");
    }
}

fn gap<T>(observed: &Observed<T>) -> String {
    assert!(matches!(observed, Observed::Unreachable { .. }), "not a gap of its own kind: {:?}", observed.gap());
    observed.gap().unwrap()
}

#[tokio::test]
async fn listings_and_bodies_without_end_are_said_to_be() {
    let page = |marker: &str| ok(format!("<R><Roles/><IsTruncated>true</IsTruncated><Marker>{marker}</Marker></R>"));
    let same = Server::new(move |_, _| page("m")).await;
    assert!(gap(&client(&same).await.roles_trusting("i").await).contains("repeats itself"));
    let endless = Server::new(move |_, before| page(&before.to_string())).await;
    assert!(gap(&client(&endless).await.roles_trusting("i").await).contains("too large"));
    let body = Server::new(|_, _| Sent::Endless(CHUNKED, chunk(&[b' '; 1 << 13]))).await;
    let said = gap(&client(&body).await.providers().await);
    assert!(said.contains("too large") && !said.contains("hidden"), "{said}");
    let error = "HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n";
    let error = Server::new(move |_, _| Sent::Endless(error, chunk(&[b' '; 1 << 13]))).await;
    assert!(gap(&client(&error).await.providers().await).contains("too large"));
    let head =
        Server::new(|_, _| Sent::Endless("HTTP/1.1 200 OK\r\n", b"x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".to_vec()))
            .await;
    assert!(gap(&client(&head).await.providers().await).contains("head is too large"));
}

#[tokio::test]
async fn clusters_are_listed_to_the_last_page() {
    let server = Server::new(|first, _| {
        if first.contains("nextToken=t") {
            ok(r#"{"clusters":["b"]}"#)
        } else if first.contains("/clusters?") {
            ok(r#"{"clusters":["a"],"nextToken":"t"}"#)
        } else if first.contains("/clusters/b ") {
            ok(r#"{"cluster":{"name":"b","endpoint":"https://k.example"}}"#)
        } else {
            ok("{}")
        }
    })
    .await;
    let found = client(&server).await.cluster(None, "https://k.example/").await;
    assert_eq!(found.known().unwrap().name, "b");
}

#[tokio::test]
async fn keys_that_cannot_be_sent_are_said_so() {
    let server = Server::new(|_, _| ok("<R><A/></R>")).await;
    for (key, secret, token) in [("a\nb", "s", None), ("k", "", None), ("k", "s", Some("t\u{0}".to_owned()))] {
        let options = AwsOptions {
            region: Some("us-east-1".to_owned()),
            endpoint: Some(format!("http://{}", server.address)),
            keys: Some(Credentials::new(key, secret, token, None, "test")),
            ..AwsOptions::default()
        };
        let client = AwsClient::new(&options, Dialer::default(), RootOptions::default(), 0).await;
        assert!(client.caller().await.known().is_none());
    }
    for (endpoint, region) in [("nowhere", "us-east-1"), ("http://", "us-east-1"), ("http://h/", "a b\n"), ("/", "é")]
    {
        let keys = Some(Credentials::for_tests());
        let (endpoint, region) = (Some(endpoint.to_owned()), Some(region.to_owned()));
        let options = AwsOptions { region, endpoint, keys, ..AwsOptions::default() };
        let client = AwsClient::new(&options, Dialer::default(), RootOptions::default(), 0).await;
        assert!(client.caller().await.known().is_none());
    }
    assert_eq!(server.count(), 0);
}
