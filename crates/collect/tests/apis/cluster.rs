//! The API server: lists, logs, and errors without end or with a pause.

use trustwalk_collect::kube_api::{KubeApi, pod, read_logs};
use trustwalk_core::evidence::{Observed, ServiceAccount};

use crate::server::{CHUNKED, Sent, Server, chunk, ok};

async fn accounts(server: &Server) -> Observed<Vec<ServiceAccount>> {
    server.cluster().await.service_accounts(Some("n")).await
}

fn gap<T>(observed: &Observed<T>) -> String {
    assert!(matches!(observed, Observed::Unreachable { .. }), "not a gap of its own kind: {:?}", observed.gap());
    observed.gap().unwrap()
}

async fn one(kube: &KubeApi) -> Observed<serde_json::Value> {
    kube.get("/api/v1/x", "x", "get x", "").await
}

fn page(names: &[&str], next: &str) -> String {
    let items: Vec<String> = names.iter().map(|n| format!(r#"{{"metadata":{{"name":"{n}"}}}}"#)).collect();
    format!(r#"{{"kind":"List","metadata":{{"continue":"{next}"}},"items":[{}]}}"#, items.join(","))
}

fn names(found: &Observed<Vec<ServiceAccount>>) -> Vec<&str> {
    found.known().unwrap().iter().map(|s| s.name.as_str()).collect()
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let server = Server::new(|first, _| {
        assert!(first.contains("limit=500"), "{first}");
        ok(if first.contains("continue=t%2F1") { page(&["c"], "") } else { page(&["a", "b"], "t/1") })
    })
    .await;
    assert_eq!(names(&accounts(&server).await), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_token_that_has_expired_starts_the_list_anew_once() {
    let gone = || Sent::Whole(410, "", r#"{"kind":"Status","message":"the token is too old"}"#.to_owned());
    let once = Server::new(move |_, before| match before {
        0 => ok(page(&["old"], "t")),
        1 => gone(),
        2 => ok(page(&["a"], "u")),
        _ => ok(page(&["b"], "")),
    })
    .await;
    assert_eq!(names(&accounts(&once).await), ["a", "b"]);
    let always =
        Server::new(move |first, _| if first.contains("continue") { gone() } else { ok(page(&["a"], "t")) }).await;
    assert!(gap(&accounts(&always).await).contains("the token is too old"));
    assert_eq!(always.count(), 4);
}

#[tokio::test]
async fn lists_without_end_are_said_to_be() {
    let same = Server::new(|_, _| ok(page(&["a"], "t"))).await;
    assert!(gap(&accounts(&same).await).contains("repeats itself"));
    let endless = Server::new(|_, before| ok(page(&[], &before.to_string()))).await;
    assert!(gap(&accounts(&endless).await).contains("too large"));
}

#[tokio::test]
async fn objects_that_are_large_are_asked_for_in_smaller_pages() {
    let server = Server::new(|first, _| {
        if first.contains("limit=500") {
            return Sent::Endless(CHUNKED, chunk(&[b' '; 1 << 13]));
        }
        assert!(first.contains("limit=50"), "{first}");
        ok(page(&["a"], ""))
    })
    .await;
    assert_eq!(names(&accounts(&server).await), ["a"]);
}

#[tokio::test]
async fn answers_and_heads_and_errors_without_end_are_not_read_to_it() {
    let body = Server::new(|_, _| Sent::Endless(CHUNKED, chunk(&[b' '; 1 << 13]))).await;
    assert!(gap(&one(&body.cluster().await).await).contains("too large"));
    let head = Server::new(|_, _| {
        Sent::Endless("HTTP/1.1 200 OK\r\n", b"x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".to_vec())
    });
    assert!(gap(&one(&head.await.cluster().await).await).contains("head is too large"));
    let error = "HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n";
    let error = Server::new(move |_, _| Sent::Endless(error, chunk(&[b'x'; 1 << 13]))).await;
    let said = gap(&one(&error.cluster().await).await);
    assert!(said.contains("500: xxx") && said.len() < 400, "{said}");
    // The client's own reader of a refused upgrade has no limit of its own.
    let exec = "HTTP/1.1 403 X\r\ntransfer-encoding: chunked\r\n\r\n";
    let exec = Server::new(move |_, _| Sent::Endless(exec, chunk(&[b'x'; 1 << 13]))).await;
    let said = gap(&exec.cluster().await.tail_file("n", "p", "c", "/f").await);
    assert!(said.contains("limit") && said.len() < 400, "{said}");
}

const FAILURE: &str =
    "An error occurred (ExpiredToken) when calling the AssumeRoleWithWebIdentity operation: Token expired\n";

#[tokio::test]
async fn a_log_without_end_is_cut_and_said_to_be() {
    let pod = pod(&serde_json::from_str(r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}}"#).unwrap());
    let read = async |piece: &str| {
        let piece = chunk(piece.repeat(1 << 9).as_bytes());
        let server = Server::new(move |_, _| Sent::Endless(CHUNKED, piece.clone())).await;
        read_logs(&server.cluster().await, "n", std::slice::from_ref(&pod), None).await
    };
    let found = read(FAILURE).await;
    assert_eq!(found.known().map(|read| read.failures.len()), Some(1));
    assert!(found.source().unwrap().what.contains("cut: p container c: only"), "{:?}", found.source());
    // Nothing in a part is no proof that there is nothing.
    assert!(gap(&read("all is well\n").await).contains("a log was cut"));
}

#[tokio::test]
async fn lines_have_the_kubelet_s_times_and_are_shown_as_they_were_written() {
    let pod = pod(&serde_json::json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}));
    let log = "2026-11-30T10:00:00.000000001Z Traceback (most recent call last):\n\
        2026-11-30T10:00:00.000000002Z   File \"a.py\", line 3, in f\n\
        2026-11-30T10:00:01.500000000Z botocore.errorfactory.InvalidIdentityTokenException: An error occurred \
        (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token audience\n\
        2026-11-30T10:00:02.000000000Z 2026-11-30T09:59:00Z Not authorized to perform sts:AssumeRoleWithWebIdentity\n";
    let server = Server::new(move |first, _| {
        assert!(first.contains("timestamps=true"), "{first}");
        ok(log)
    })
    .await;
    let read = read_logs(&server.cluster().await, "n", std::slice::from_ref(&pod), None).await;
    let failures = &read.known().unwrap().failures;
    let times: Vec<Option<&str>> = failures.iter().map(|f| f.last.as_deref()).collect();
    // The second has a time of its own. Of the first the line with the failure counts, whose stack stands before it.
    assert_eq!(times, [Some("2026-11-30T10:00:01.500Z"), Some("2026-11-30T09:59:00.000Z")]);
    assert!(failures.iter().all(|f| !f.sample.contains("T10:00:0")), "{failures:?}");
}

#[tokio::test]
async fn what_passes_is_asked_again_and_only_where_that_is_safe() {
    let busy = Server::new(|_, before| match before {
        0 => Sent::Whole(503, "retry-after: 0\r\n", "busy".to_owned()),
        1 => Sent::Whole(429, "retry-after: 0\r\n", String::new()),
        _ => ok("{}"),
    })
    .await;
    assert!(one(&busy.cluster().await).await.known().is_some());
    assert_eq!(busy.count(), 3);
    let broken = Server::new(|_, before| if before == 0 { Sent::Nothing } else { ok("{}") }).await;
    assert!(one(&broken.cluster().await).await.known().is_some());
    let always = Server::new(|_, _| Sent::Whole(503, "retry-after: 0\r\n", String::new())).await;
    assert!(gap(&one(&always.cluster().await).await).contains("503"));
    assert_eq!(always.count(), 3);
    let refused = Server::new(|_, _| Sent::Whole(403, "", String::new())).await;
    let _ = one(&refused.cluster().await).await;
    assert_eq!(refused.count(), 1);
    let minting = Server::new(|_, _| Sent::Whole(503, "", String::new())).await;
    let _ = minting.cluster().await.mint("n", "s", "a").await;
    assert_eq!(minting.count(), 1, "a token may have been made");
}

#[tokio::test(start_paused = true)]
async fn a_drip_has_a_limit_in_all() {
    let server = Server::new(|_, _| Sent::Drip("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")).await;
    let start = tokio::time::Instant::now();
    let said = gap(&one(&server.cluster().await).await);
    assert!(said.contains("no whole answer") && start.elapsed().as_secs() < 30, "{said}");
}
