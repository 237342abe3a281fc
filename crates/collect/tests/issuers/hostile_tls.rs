//! Servers that hang, drip, lie and flood: each ends in a clear error within the limits.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use trustwalk_collect::dial::DialError;
use trustwalk_collect::tls::{DialOptions, FetchError, MAX_CHAIN, MAX_HANDSHAKE_BYTES, Mode, Stage, fetch_chain};

use crate::servers::{HOST, hostile, impatient, stay, to};

/// Longer than any of these should take by far, on a busy machine too.
const SOON: Duration = Duration::from_secs(5);

async fn fails(options: &DialOptions, mode: Mode) -> FetchError {
    let started = Instant::now();
    let error = fetch_chain(HOST, 443, options, mode).await.unwrap_err();
    assert!(started.elapsed() < options.timeout + SOON, "{error}: {:?}", started.elapsed());
    error
}

const BOTH: [Mode; 2] = [Mode::Quick, Mode::Proven];

/// Reads the hello, so that closing does not reset the connection.
async fn hello(stream: &mut TcpStream) {
    let mut head = [0; 5];
    if stream.read_exact(&mut head).await.is_ok() {
        let mut rest = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        let _ = stream.read_exact(&mut rest).await;
    }
}

fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3][..], &length, payload].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind][..], &length[1..], body].concat()
}

/// A server's hello of TLS 1.2.
fn greeting() -> Vec<u8> {
    let body = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat();
    record(22, &message(2, &body))
}

/// Answers every hello with these bytes, and stays.
async fn answering(bytes: Vec<u8>) -> std::net::SocketAddr {
    hostile(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            hello(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            stay(stream).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_host_that_says_nothing() {
    let address = answering(Vec::new()).await;
    for mode in BOTH {
        let error = fails(&impatient(address), mode).await;
        assert!(matches!(error, FetchError::Timeout(Stage::Handshake, _)), "{error}");
        assert!(error.is_transient());
        assert_eq!(error.to_string(), "no certificate within 150 ms");
    }
}

#[tokio::test]
async fn a_host_that_never_accepts() {
    // The kernel shakes hands for a listener that nobody asks for its connections.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for mode in BOTH {
        let error = fails(&impatient(listener.local_addr().unwrap()), mode).await;
        assert!(matches!(error, FetchError::Timeout(..)), "{error}");
    }
}

#[tokio::test]
async fn a_host_that_drips() {
    let address = hostile(|mut stream| async move {
        hello(&mut stream).await;
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        for byte in greeting().iter().cycle() {
            pace.tick().await;
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    })
    .await;
    for mode in BOTH {
        let error = fails(&impatient(address), mode).await;
        assert!(matches!(error, FetchError::Timeout(Stage::Handshake, _)), "{error}");
    }
}

#[tokio::test]
async fn a_host_that_closes_before_and_amid_its_answer() {
    for said in [Vec::new(), greeting()[..20].to_vec(), greeting()] {
        let bytes = said.clone();
        let address = hostile(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                hello(&mut stream).await;
                let _ = stream.write_all(&bytes).await;
            }
        })
        .await;
        for mode in BOTH {
            let error = fails(&to(address), mode).await;
            assert!(matches!(error, FetchError::Closed | FetchError::Broken(_)), "{} bytes: {error}", said.len());
            assert_eq!(error.kind(), "closed");
        }
    }
}

#[tokio::test]
async fn a_host_that_is_not_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for mode in BOTH {
        let error = fails(&to(address), mode).await;
        assert!(matches!(error, FetchError::Connect(_)), "{error}");
    }
}

#[tokio::test]
async fn a_host_that_speaks_http() {
    let address = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
    for mode in BOTH {
        let error = fails(&to(address), mode).await;
        assert!(matches!(error, FetchError::NotTls(_)), "{mode:?}: {error}");
    }
}

#[tokio::test]
async fn a_host_that_refuses_says_why() {
    for (number, name) in [(112, "unrecognized_name"), (40, "handshake_failure"), (70, "protocol_version")] {
        let address = answering(record(21, &[2, number])).await;
        for mode in BOTH {
            let error = fails(&to(address), mode).await;
            assert!(
                matches!(error, FetchError::Alert { number: n, name: text } if n == number && text == name),
                "{mode:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn lengths_that_lie() {
    let lists: [&[u8]; 5] = [&[0, 0, 9, 0, 0, 1, 7], &[0, 0, 4, 0, 0, 9, 7], &[0, 0, 0], &[], &[0, 0, 2, 0, 0]];
    for list in lists {
        let address = answering([greeting(), record(22, &message(11, list))].concat()).await;
        let error = fails(&to(address), Mode::Quick).await;
        assert!(matches!(error, FetchError::Malformed(_)), "{list:?}: {error}");
    }
    // A record of 65,535 bytes.
    let address = answering(vec![22, 3, 3, 0xff, 0xff, 0]).await;
    for mode in BOTH {
        let error = fails(&to(address), mode).await;
        assert_eq!(error.kind(), "handshake", "{mode:?}: {error}");
    }
    // A message, and a record, of which less comes than was said.
    for short in [record(22, &[11, 0, 4, 0, 0]), vec![22, 3, 3, 0x10, 0, 1, 2, 3]] {
        let address = answering([greeting(), short].concat()).await;
        for mode in BOTH {
            let error = fails(&impatient(address), mode).await;
            assert!(matches!(error, FetchError::Timeout(Stage::Handshake, _)), "{mode:?}: {error}");
        }
    }
    // Lists that end early, for the library.
    for list in [&lists[0], &lists[1], &lists[4]] {
        let address = answering([greeting(), record(22, &message(11, list))].concat()).await;
        let error = fails(&to(address), Mode::Proven).await;
        assert!(matches!(error, FetchError::Handshake(_)), "{list:?}: {error}");
    }
}

#[tokio::test]
async fn ten_megabytes_of_certificate() {
    // One that says so, and one that says less and goes on.
    let said = record(22, &[&[11, 0xa0, 0, 0][..], &[0; 1000]].concat());
    let mut flood = greeting();
    for _ in 0..640 {
        flood.extend(record(22, &message(4, &[0; 16_000])));
    }
    for bytes in [[greeting(), said].concat(), flood] {
        let address = answering(bytes).await;
        let error = fails(&to(address), Mode::Quick).await;
        assert!(matches!(error, FetchError::TooManyBytes(MAX_HANDSHAKE_BYTES)), "{error}");
    }
    let said = record(22, &[&[11, 0xa0, 0, 0][..], &[0; 1000]].concat());
    let error = fails(&to(answering([greeting(), said].concat()).await), Mode::Proven).await;
    assert!(matches!(error, FetchError::TooManyBytes(_)), "{error}");
}

#[tokio::test]
async fn a_thousand_certificates() {
    let entries = [0, 0, 1, 7].repeat(1000);
    let list = [&u32::try_from(entries.len()).unwrap().to_be_bytes()[1..], &entries].concat();
    let address = answering([greeting(), record(22, &message(11, &list))].concat()).await;
    let error = fails(&to(address), Mode::Quick).await;
    assert!(matches!(error, FetchError::TooManyCertificates(MAX_CHAIN)), "{error}");
}

#[tokio::test]
async fn metadata_addresses_are_not_dialled() {
    for host in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0"] {
        let error = fetch_chain(host, 443, &DialOptions::default(), Mode::Quick).await.unwrap_err();
        assert!(matches!(error, FetchError::Dial(DialError::Forbidden { .. })), "{error}");
        assert_eq!(error.kind(), "forbidden-address");
    }
}
