//! Issuers that shake hands and then hang, drip, lie and flood: the chain is known, and why the
//! document is not is told.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use trustwalk_collect::issuer::read_issuer;
use trustwalk_collect::tls::DialOptions;

use crate::documents::ISSUER;
use crate::servers::{Secure, answer, hostile, request, secure, stay, to_host};

/// Longer than any of these should take by far, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);
/// For those who never end. A handshake fits in.
const LIMIT: Duration = Duration::from_millis(500);

/// Why the discovery document was not read, the chain being known.
async fn gap(address: SocketAddr, limit: Duration) -> String {
    let started = Instant::now();
    let options = DialOptions { timeout: limit, ..to_host(address) };
    let facts = read_issuer(&options, ISSUER, 0).await;
    // The document, then the question about the version.
    assert!(started.elapsed() < limit * 2 + SOON, "{:?}", started.elapsed());
    assert!(facts.chains[0].known().is_some(), "{:?}", facts.chains);
    assert!(facts.keys.known().is_none());
    facts.discovery.gap().unwrap_or_default()
}

/// Answers a request with these bytes, then closes or stays.
async fn answering(bytes: Vec<u8>, stays: bool) -> SocketAddr {
    secure(move |mut stream: Secure| {
        let bytes = bytes.clone();
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            if stays {
                stay(stream).await;
            } else {
                let _ = stream.shutdown().await;
            }
        }
    })
    .await
}

/// Answers with a beginning, and then with one thing without end.
async fn endless(first: &'static [u8], then: &'static [u8], pace: Option<Duration>) -> SocketAddr {
    secure(move |mut stream: Secure| async move {
        request(&mut stream).await;
        let _ = stream.write_all(first).await;
        let mut pace = pace.map(tokio::time::interval);
        while stream.write_all(then).await.is_ok() {
            let _ = stream.flush().await;
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn one_that_hangs_after_the_handshake() {
    let error = gap(answering(Vec::new(), true).await, LIMIT).await;
    assert!(error.ends_with("no whole answer within 500 ms"), "{error}");
}

#[tokio::test]
async fn one_that_drips() {
    let slowly = Some(Duration::from_millis(5));
    for first in [&b"HTTP/1.1 200 OK\r\nX: "[..], b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{"] {
        let error = gap(endless(first, b" ", slowly).await, LIMIT).await;
        assert!(error.ends_with("no whole answer within 500 ms"), "{error}");
    }
}

#[tokio::test]
async fn one_whose_headers_never_end() {
    for (first, then) in
        [(&b"HTTP/1.1 200 OK\r\n"[..], &b"X-Filler: filler\r\n"[..]), (b"HTTP/1.1 200 OK\r\nX-Filler: ", b"filler")]
    {
        let error = gap(endless(first, then, None).await, SOON).await;
        assert!(error.contains("the answer's head cannot be read"), "{error}");
    }
}

#[tokio::test]
async fn one_that_does_not_speak_http_inside() {
    let error = gap(answering(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), true).await, SOON).await;
    assert!(error.contains("the answer's head cannot be read"), "{error}");
}

#[tokio::test]
async fn one_that_closes_instead_of_answering() {
    let error = gap(answering(Vec::new(), false).await, SOON).await;
    assert!(error.contains("the answer's head cannot be read: the other side closed the connection"), "{error}");
}

#[tokio::test]
async fn ten_megabytes_of_json() {
    let filler: &[u8] = &[b' '; 4096];
    for head in [
        // By its length; without any; and in chunks of 4096 bytes (0x1000).
        &b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n",
    ] {
        let error = gap(endless(head, filler, None).await, SOON).await;
        assert!(error.contains("is larger than 1048576 bytes"), "{error}");
    }
    let mut chunk = b"1000\r\n".to_vec();
    chunk.extend(filler);
    chunk.extend(b"\r\n");
    let chunks = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunk.repeat(2560)].concat();
    let error = gap(answering(chunks, true).await, SOON).await;
    assert!(error.contains("is larger than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn lengths_that_lie() {
    for (said, reason) in [
        // More than comes.
        ("Content-Length: 100\r\n\r\n{}", "body cannot be read"),
        ("Transfer-Encoding: chunked\r\n\r\n64\r\n{}", "body cannot be read"),
        // No numbers, too large a number, and two that disagree.
        ("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", "body cannot be read"),
        ("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}", "body cannot be read"),
        ("Content-Length: -1\r\n\r\n{}", "head cannot be read"),
        ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "head cannot be read"),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{said}").into_bytes();
        let error = gap(answering(bytes, false).await, SOON).await;
        assert!(error.contains(reason), "{said:?}: {error}");
    }
}

#[tokio::test]
async fn a_length_shorter_than_the_document_cuts_it() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"issuer\":\"x\"}".to_vec();
    let facts = read_issuer(&to_host(answering(bytes, true).await), ISSUER, 0).await;
    let malformed = facts.discovery.known().unwrap().malformed.clone().unwrap();
    assert!(malformed.starts_with("it is not JSON: EOF"), "{malformed}");
}

#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    for encoding in ["gzip", "br", "zstd", "gzip, gzip"] {
        let error =
            gap(answering(answer(&[("Content-Encoding", encoding)], &[0x1f, 0x8b, 8, 0]), true).await, SOON).await;
        assert!(error.contains(&format!("came compressed (`{encoding}`)")), "{error}");
    }
}

#[tokio::test]
async fn one_that_never_shakes_hands_gives_neither_chain_nor_document() {
    for (bytes, reason) in [
        (&b""[..], "no certificate within 500 ms"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
        (&[21, 3, 3, 0, 2, 2, 112], "TLS alert 112 (unrecognized_name)"),
    ] {
        let address = hostile(move |mut stream| async move {
            let _ = stream.write_all(bytes).await;
            stay(stream).await;
        })
        .await;
        let options = DialOptions { timeout: LIMIT, ..to_host(address) };
        let facts = read_issuer(&options, ISSUER, 0).await;
        for gap in [facts.discovery.gap(), facts.chains[0].gap()] {
            let gap = gap.unwrap();
            assert!(gap.contains(reason) && gap.contains("issuer.example.com:443: "), "{gap}");
        }
    }
}
