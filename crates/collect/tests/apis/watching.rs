//! Lists that are followed: what is missed is asked for again, from where it was missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use trustwalk_collect::kube_api::{Change, Watched, live_pod};

use crate::server::{CHUNKED, Sent, Server, chunk, ok};

fn object(name: &str, version: u32) -> Value {
    json!({"metadata": {"name": name, "uid": name, "resourceVersion": version.to_string()}})
}

fn list(names: &[&str], version: u32) -> Sent {
    let items: Vec<Value> = names.iter().map(|n| object(n, version)).collect();
    ok(json!({"kind": "PodList", "metadata": {"resourceVersion": version.to_string()}, "items": items}).to_string())
}

fn line(kind: &str, name: &str, version: u32) -> String {
    json!({"type": kind, "object": object(name, version)}).to_string() + "\n"
}

/// What is told, as words, until nothing more than `count` is asked for.
async fn told(server: &Server, count: usize) -> Vec<String> {
    let (give, mut take) = mpsc::channel(1);
    let kube = server.cluster().await;
    let following = tokio::spawn(async move { kube.follow(&Watched::pods("n", "app=a"), &live_pod, &give).await });
    let mut all = Vec::new();
    while all.len() < count {
        let Some(change) = take.recv().await else { break };
        all.push(match change {
            Change::All(pods) => {
                format!("all {}", pods.iter().map(|p| p.pod.name.as_str()).collect::<Vec<_>>().join(","))
            }
            Change::One(pod) => format!("one {}", pod.pod.name),
            Change::Gone(pod) => format!("gone {}", pod.pod.name),
            Change::Unwatched(why) => format!("unwatched {why}"),
        });
    }
    drop(take);
    following.abort();
    all
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew_from_the_last_version_that_was_told() {
    let server = Server::new(|first, before| match before {
        0 => list(&["a"], 5),
        1 => {
            assert!(first.contains("resourceVersion=5") && first.contains("allowWatchBookmarks=true"), "{first}");
            // A bookmark tells no object, and the last line is cut off.
            ok(line("ADDED", "b", 6) + &line("BOOKMARK", "", 9) + "{\"type\":\"ADD")
        }
        2 => Sent::Nothing,
        _ => {
            assert!(first.contains("resourceVersion=9"), "{first}");
            ok(line("DELETED", "a", 10))
        }
    })
    .await;
    assert_eq!(told(&server, 3).await, ["all a", "one b", "gone a"]);
}

#[tokio::test]
async fn a_server_that_no_longer_knows_the_changes_is_asked_for_the_whole_list() {
    let gone = concat!(
        r#"{"kind":"Status","status":"Failure","message":"too old resource version: 5 (70)","#,
        r#""reason":"Expired","code":410}"#
    );
    let server = Server::new(move |first, before| match before {
        0 => list(&["a"], 5),
        // In the stream, as a server that has begun to answer says it.
        1 => ok(format!("{{\"type\":\"ERROR\",\"object\":{gone}}}\n")),
        2 => list(&["b"], 70),
        // And before it.
        3 => Sent::Whole(410, "", gone.to_owned()),
        4 => list(&["c"], 90),
        _ => {
            assert!(first.contains("resourceVersion=90"), "{first}");
            ok(line("MODIFIED", "c", 91))
        }
    })
    .await;
    assert_eq!(told(&server, 4).await, ["all a", "all b", "all c", "one c"]);
}

const REFUSAL: &str =
    r#"{"kind":"Status","message":"pods is forbidden: User \"u\" cannot watch resource \"pods\"","code":403}"#;

#[tokio::test]
async fn whoever_may_list_and_not_watch_is_told_so_once_and_has_the_list_read_again_and_again() {
    let server = Server::new(|first, _| {
        // What is listed is told by its page's limit, which a watch has not.
        if first.contains("watch=true") { Sent::Whole(403, "", REFUSAL.to_owned()) } else { list(&["a"], 5) }
    })
    .await;
    let all = told(&server, 3).await;
    assert_eq!((all[0].as_str(), all[2].as_str()), ("all a", "all a"));
    assert!(all[1].starts_with("unwatched") && all[1].contains("lacks watch pods"), "{all:?}");
    // One watch was asked for, and no other one.
    assert_eq!(server.seen.lock().unwrap().iter().filter(|first| first.contains("watch=true")).count(), 1);
}

#[tokio::test]
async fn where_no_watch_comes_through_the_list_is_read_again_and_again() {
    for cut in
        [|| ok(""), || Sent::Nothing, || Sent::Whole(504, "", String::new()), || Sent::Whole(410, "", String::new())]
    {
        let server =
            Server::new(move |first, _| if first.contains("watch=true") { cut() } else { list(&["a"], 5) }).await;
        let (give, mut take) = mpsc::channel(1);
        let kube = server.cluster().await;
        let following = tokio::spawn(async move { kube.follow(&Watched::pods("n", "app=a"), &live_pod, &give).await });
        let mut lists = 0;
        let why = loop {
            match take.recv().await.unwrap() {
                Change::Unwatched(why) => break why,
                Change::All(_) => lists += 1,
                other @ (Change::One(_) | Change::Gone(_)) => panic!("{other:?}"),
            }
        };
        assert!(lists >= 1 && !why.is_empty(), "{why}");
        assert!(matches!(take.recv().await, Some(Change::All(pods)) if pods.len() == 1));
        following.abort();
    }
}

#[tokio::test]
async fn whoever_may_not_list_either_is_told_so_at_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::new(move |_, before| {
        count.fetch_add(1, Ordering::SeqCst);
        let words = REFUSAL.replace("watch", "list");
        if before == 0 { list(&[], 5) } else { Sent::Whole(403, "", words) }
    })
    .await;
    let (give, mut take) = mpsc::channel(8);
    let why = server.cluster().await.follow(&Watched::pods("n", "app=a"), &live_pod, &give).await;
    assert!(why.contains("lacks list and watch pods"), "{why}");
    assert!(matches!(take.recv().await, Some(Change::All(pods)) if pods.is_empty()));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_line_without_end_is_no_line() {
    let server = Server::new(
        |_, before| {
            if before == 0 { list(&[], 5) } else { Sent::Endless(CHUNKED, chunk(&[b'x'; 1 << 13])) }
        },
    )
    .await;
    let (give, _take) = mpsc::channel(8);
    let why = server.cluster().await.follow(&Watched::pods("n", "app=a"), &live_pod, &give).await;
    assert!(why.contains("too large"), "{why}");
}
