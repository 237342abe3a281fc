//! What hostile answers take of memory: the peak of this process, in which nothing else runs (each test has its own).

use crate::server::{CHUNKED, Sent, Server, chunk, ok};

/// Allowed for a list of 40 MB: the largest page, and what is kept of its objects.
const GROWTH_KIB: u64 = 160 << 10;

/// Peak resident memory in KiB (`VmHWM` of proc(5)).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_large_list_takes_little_more_than_its_pages() {
    // 500 pods of 16 KiB with many small values each, five pages of 8 MB.
    let env = r#"{"name":"A","value":"b","x":[1,2,3,4]},"#.repeat(400);
    let pod = format!(r#"{{"metadata":{{"name":"p","x":[{env}0]}},"spec":{{"containers":[{{"name":"c"}}]}}}},"#);
    let items = pod.repeat(499) + pod.trim_end_matches(',');
    let items = std::sync::Arc::new(items);
    let server = Server::new(move |_, before| {
        let next = if before < 4 { format!("t{before}") } else { String::new() };
        ok(format!(r#"{{"items":[{items}],"metadata":{{"continue":"{next}"}}}}"#))
    })
    .await;
    let kube = server.cluster().await;
    let before = peak();
    let found = kube.service_accounts(Some("n")).await;
    assert_eq!(found.known().map(Vec::len), Some(2_500), "{:?}", found.gap());
    grew(before, "a list of 40 MB");
    let endless = Server::new(|_, _| Sent::Endless(CHUNKED, chunk(&[b'['; 1 << 13]))).await;
    assert!(endless.cluster().await.service_accounts(None).await.gap().is_some());
    grew(before, "an endless list");
}

fn grew(before: Option<u64>, what: &str) {
    if let (Some(before), Some(after)) = (before, peak()) {
        let grown = after.saturating_sub(before);
        eprintln!("{what}: {} MiB", grown >> 10);
        assert!(grown < GROWTH_KIB, "{what} took {grown} KiB");
    }
}
