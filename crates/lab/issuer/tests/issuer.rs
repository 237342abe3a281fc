//! What the lab's issuers promise: chains as described, documents and keys that
//! check out, faults that take effect at once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{net::SocketAddr, sync::Arc};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use trustwalk_lab_issuer::{
    DocumentFault, GithubJob, Issuer, IssuerServer, KeySetFault, KubernetesSubject, ServerConfig, SigningKey,
    pki::{Hierarchy, LeafKey, Presentation, Presentation as P, days_after, thumbprint},
};

const HOST: &str = "oidc.eks.us-west-2.amazonaws.com";
const PATH: &str = "/id/BFDB00000000000000000000000D49F0";
const URL: &str = "https://oidc.eks.us-west-2.amazonaws.com/id/BFDB00000000000000000000000D49F0";

async fn get(
    address: SocketAddr,
    roots: &[CertificateDer<'static>],
    versions: &[&'static rustls::SupportedProtocolVersion],
    path: &str,
) -> Result<(u16, Bytes), String> {
    let mut store = rustls::RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
    let tls = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(HOST).unwrap(), tcp)
        .await
        .map_err(|e| e.to_string())?;
    let io = hyper_util::rt::TokioIo::new(tls);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(path).header("host", HOST).body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    Ok((status, response.into_body().collect().await.unwrap().to_bytes()))
}

async fn served() -> (IssuerServer, Issuer, Hierarchy, Timestamp) {
    let now = Timestamp::now();
    let hierarchy = Hierarchy::new("G1", days_after(now, -3000)).unwrap();
    let server = IssuerServer::start(ServerConfig { bind: ([127, 0, 0, 1], 0).into() }).await.unwrap();
    let issuer = Issuer::new(URL, SigningKey::generate().unwrap()).unwrap();
    server.serve_issuer(issuer.clone());
    let chain = hierarchy.present(&[HOST], days_after(now, -10), Presentation::Full, LeafKey::P256).unwrap();
    server.set_chain(HOST, &chain, false).unwrap();
    (server, issuer, hierarchy, now)
}

#[tokio::test]
async fn serves_the_documents_of_the_story_to_clients_that_trust_any_root() {
    let (server, issuer, hierarchy, _) = served().await;
    let path = format!("{PATH}/.well-known/openid-configuration");
    for root in hierarchy.roots() {
        let (status, body) = get(server.address(), &[root], rustls::ALL_VERSIONS, &path).await.unwrap();
        assert_eq!(status, 200);
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(
            text,
            format!(
                "{{\"issuer\":\"{URL}\",\"jwks_uri\":\"{URL}/keys\",\
                 \"authorization_endpoint\":\"urn:kubernetes:programmatic_authorization\",\
                 \"response_types_supported\":[\"id_token\"],\"subject_types_supported\":[\"public\"],\
                 \"claims_supported\":[\"sub\",\"iss\"],\"id_token_signing_alg_values_supported\":[\"RS256\"]}}"
            )
        );
    }
    assert_eq!(issuer.jwks_uri(), format!("{URL}/keys"));
}

#[tokio::test]
async fn a_minted_token_checks_out_against_the_key_set() {
    let (_, issuer, _, now) = served().await;
    let subject = KubernetesSubject {
        namespace: "kube-system".into(),
        service_account: "aws-node".into(),
        uid: "7b0a".into(),
        pod: None,
    };
    let token = issuer.mint_kubernetes(&subject, &["sts.amazonaws.com".into()], now, days_after(now, 1)).unwrap();
    assert_eq!(format!("{token:?}"), "SignedToken(<redacted>)");
    let (signed, signature) = token.expose().rsplit_once('.').unwrap();
    let jwks = issuer.jwks();
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwks["keys"][0][name].as_str().unwrap()).unwrap();
    RsaPublicKeyComponents { n: number("n"), e: number("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!(claims["sub"], "system:serviceaccount:kube-system:aws-node");
    let order: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(order, ["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]);
}

#[tokio::test]
async fn faults_take_effect_with_the_next_request_and_end_with_it() {
    let (server, issuer, hierarchy, _) = served().await;
    let roots = hierarchy.roots();
    let keys = format!("{PATH}/keys");
    issuer.set_faults(|faults| faults.keys = DocumentFault::Status(403));
    assert_eq!(get(server.address(), &roots, rustls::ALL_VERSIONS, &keys).await.unwrap().0, 403);
    issuer.set_faults(|faults| faults.keys = DocumentFault::Flaky(1));
    assert_eq!(get(server.address(), &roots, rustls::ALL_VERSIONS, &keys).await.unwrap().0, 503);
    assert_eq!(get(server.address(), &roots, rustls::ALL_VERSIONS, &keys).await.unwrap().0, 200);
    issuer.set_faults(|faults| faults.key_set = KeySetFault::Empty);
    let (_, body) = get(server.address(), &roots, rustls::ALL_VERSIONS, &keys).await.unwrap();
    assert_eq!(&body[..], br#"{"keys":[]}"#);
}

#[tokio::test]
async fn rotating_the_hierarchy_changes_the_top_thumbprint_and_what_clients_trust() {
    let (server, _, old, now) = served().await;
    let before = server.presented(HOST);
    assert_eq!(before.len(), 4);
    let new = Hierarchy::new("G2", days_after(now, -1000)).unwrap();
    let chain = new.present(&[HOST], days_after(now, -1), Presentation::Full, LeafKey::P256).unwrap();
    server.set_chain(HOST, &chain, false).unwrap();
    let again = old.present(&[HOST], now, Presentation::Full, LeafKey::P256).unwrap();
    assert_eq!(thumbprint(&before[3]), thumbprint(&again.certificates[3]), "same authorities, same thumbprint");
    let after = server.presented(HOST);
    assert_ne!(thumbprint(&before[3]), thumbprint(&after[3]));
    let path = "/";
    assert!(get(server.address(), &old.roots(), rustls::ALL_VERSIONS, path).await.is_err());
    assert_eq!(get(server.address(), &new.roots(), rustls::ALL_VERSIONS, path).await.unwrap().0, 404);
}

#[tokio::test]
async fn a_tls13_only_host_refuses_tls12() {
    let (server, _, hierarchy, now) = served().await;
    let roots = hierarchy.roots();
    let chain = hierarchy.present(&[HOST], now, Presentation::Full, LeafKey::P256).unwrap();
    server.set_chain(HOST, &chain, true).unwrap();
    assert!(get(server.address(), &roots, &[&rustls::version::TLS12], "/").await.is_err());
    assert!(get(server.address(), &roots, &[&rustls::version::TLS13], "/").await.is_ok());
}

#[tokio::test]
async fn broken_presentations_are_refused_by_a_verifying_client() {
    let (server, _, hierarchy, now) = served().await;
    let roots = hierarchy.roots();
    for (presentation, certificates, trusted) in [
        (P::LeafOnly, 1, false),
        (P::NoIntermediate, 3, false),
        (P::NoOldestCrossSign, 3, true),
        (P::Reordered, 4, true),
        (P::Duplicated, 5, true),
        (P::Expired, 4, false),
        (P::WrongHost, 4, false),
        (P::Intercepted, 2, false),
        (P::SelfSigned, 1, false),
    ] {
        let chain = hierarchy.present(&[HOST], days_after(now, -2), presentation, LeafKey::P256).unwrap();
        assert_eq!(chain.certificates.len(), certificates, "{presentation:?}");
        server.set_chain(HOST, &chain, false).unwrap();
        let got = get(server.address(), &roots, rustls::ALL_VERSIONS, "/").await;
        assert_eq!(got.is_ok(), trusted, "{presentation:?}: {got:?}");
    }
}

#[test]
fn github_subjects_follow_environment_then_pull_request_then_ref() {
    let mut job = GithubJob {
        repository: "octo-lab/ledger".into(),
        owner_id: 11,
        repository_id: 22,
        git_ref: "refs/heads/main".into(),
        event: "push".into(),
        environment: None,
        workflow: "deploy.yml".into(),
        actor: "ada".into(),
        immutable_ids: false,
        custom_subject: None,
    };
    assert_eq!(job.subject(), "repo:octo-lab/ledger:ref:refs/heads/main");
    job.event = "pull_request".into();
    assert_eq!(job.subject(), "repo:octo-lab/ledger:pull_request");
    job.environment = Some("prod".into());
    assert_eq!(job.subject(), "repo:octo-lab/ledger:environment:prod");
    job.immutable_ids = true;
    assert_eq!(job.subject(), "repo:octo-lab@11/ledger@22:environment:prod");
}
