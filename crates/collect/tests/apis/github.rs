//! GitHub: what its answers tell of a repository, and what is said where it gives none.

use std::time::Duration;

use trustwalk_collect::dial::Dialer;
use trustwalk_collect::github::{Asked, Github, Heard};
use trustwalk_collect::roots::RootOptions;
use trustwalk_core::evidence::SettingOf;

use crate::server::{CHUNKED, Sent, Server, chunk, ok};

const TOKEN: &str = "canary-feather";
const REPOSITORY: &str =
    r#"{"full_name": "acme/shop", "created_at": "2026-08-01T00:00:00Z", "owner": {"type": "Organization"}}"#;

async fn about(server: &Server) -> Heard {
    let url = format!("http://{}", server.address);
    let lookup = |name: &str| match name {
        "GITHUB_TOKEN" => Some(TOKEN.to_owned()),
        "GITHUB_API_URL" => Some(url.clone()),
        _ => None,
    };
    Github::new(Dialer::default(), RootOptions::default(), lookup).unwrap().about("acme/shop").await
}

fn whole(setting: &'static str) -> impl Fn(&str, usize) -> Sent + Send + Sync + 'static {
    move |request, _| {
        let path = request.split(' ').nth(1).unwrap();
        ok(match path {
            "/repos/acme/shop" => REPOSITORY,
            "/repos/acme/shop/actions/oidc/customization/sub" => setting,
            "/orgs/acme/actions/oidc/customization/sub" => r#"{"include_claim_keys": ["repo", "ref"]}"#,
            _ => return Sent::Whole(404, "", "{}".to_owned()),
        })
    }
}

#[tokio::test]
async fn a_repository_and_its_setting_are_read_and_the_organization_where_it_decides() {
    let server = Server::new(whole(r#"{"use_default": true}"#)).await;
    let heard = about(&server).await;
    assert_eq!((heard.answers.len(), heard.unread.len(), server.count()), (2, 0, 2));
    assert_eq!(heard.answers[0]["created_at"], "2026-08-01T00:00:00Z");
    // Nothing is written.
    assert!(server.seen.lock().unwrap().iter().all(|r| r.starts_with("GET ")));
    let server = Server::new(whole(r#"{"use_default": false}"#)).await;
    let heard = about(&server).await;
    assert_eq!((heard.answers.len(), server.count()), (3, 3));
    assert_eq!(heard.answers[2]["include_claim_keys"][1], "ref");
    let server = Server::new(whole(r#"{"use_default": false, "include_claim_keys": ["repo"]}"#)).await;
    assert_eq!((about(&server).await.answers.len(), server.count()), (2, 2));
}

#[tokio::test]
async fn each_refusal_has_its_words_and_the_token_is_in_none() {
    for (status, headers, words) in [
        (401, "", "does not accept the token"),
        (403, "", "not allowed to read it"),
        (403, "x-ratelimit-remaining: 0\r\n", "rate limit"),
        (429, "", "rate limit"),
        (404, "", "no such thing"),
        (301, "location: http://127.0.0.1:9/elsewhere\r\n", "renamed or moved"),
        (500, "", "answers 500"),
    ] {
        let server = Server::new(move |_, _| Sent::Whole(status, headers, TOKEN.to_owned())).await;
        let heard = about(&server).await;
        assert!(heard.answers.is_empty());
        let asked: Vec<Asked> = heard.unread.iter().map(|(what, _)| *what).collect();
        assert_eq!(asked, [Asked::Repository, Asked::Setting(SettingOf::Repository)]);
        for (_, why) in &heard.unread {
            assert!(why.contains(words) && !why.contains(TOKEN), "{status}: {why}");
        }
        // Each is asked once, and nobody elsewhere.
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn answers_that_are_none_end_in_words() {
    let said = async |answer: fn() -> Sent| {
        let server = Server::new(move |_, _| answer()).await;
        let heard = about(&server).await;
        heard.unread.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("\n")
    };
    assert!(said(|| ok("<html>")).await.contains("not JSON"));
    assert!(said(|| Sent::Endless(CHUNKED, chunk(&[b' '; 4096]))).await.contains("more than"));
    assert!(!said(|| Sent::Nothing).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_drips_is_given_up() {
    let server = Server::new(|_, _| Sent::Drip("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")).await;
    let heard = tokio::time::timeout(Duration::from_mins(1), about(&server)).await.unwrap();
    assert!(heard.unread.iter().all(|(_, why)| why.contains("within 10 s")), "{:?}", heard.unread);
}
