//! Many hosts: each line answered once, endpoints shared, runs resumed, connections bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::version::{TLS12, TLS13};
use serde_json::Value;
use tokio::io::AsyncBufRead;
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::tls::DialOptions;
use trustwalk_collect::tls::fleet::{FleetOptions, Progress, Trust, run};
use trustwalk_core::evidence::Roots;
use trustwalk_x509::Certificate;

use crate::servers::{Server, hostile, impatient, server, to};

async fn fleet(
    input: &str,
    earlier: Option<&str>,
    options: &FleetOptions,
) -> (BTreeMap<String, Value>, Progress, String) {
    let mut output = Vec::new();
    let mut bytes = earlier.unwrap_or_default().as_bytes();
    let earlier = earlier.map(|_| &mut bytes as &mut (dyn AsyncBufRead + Unpin + Send));
    let mut last = Progress::default();
    let told = run(input.as_bytes(), &mut output, earlier, options, |p| last = p).await.unwrap();
    assert_eq!(told, last);
    let text = String::from_utf8(output).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let input = value["input"].as_str().unwrap().to_owned();
        assert!(found.insert(input.clone(), value).is_none(), "`{input}` was answered twice");
    }
    (found, told, text)
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Trusts these as public roots.
fn trusting<'a>(roots: impl IntoIterator<Item = &'a Vec<u8>>) -> Trust {
    let library = roots.into_iter().map(|der| STANDARD.encode(der)).collect();
    Trust::new(&Roots { library, ..Roots::default() }, now())
}

fn options(server: &Server) -> FleetOptions {
    FleetOptions {
        dial: to(server.address),
        trust: trusting([&server.root]),
        jobs: 8,
        host_gap: Duration::ZERO,
        ..FleetOptions::default()
    }
}

#[tokio::test]
async fn a_line_says_what_its_chain_is_worth() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let input = "a.example.com\nhttps://b.example.com/id/1\nelsewhere.example\nno host\n";
    let (found, told, _) = fleet(input, None, &options(&server)).await;
    for (line, verdict) in [
        ("a.example.com", "verified"),
        ("https://b.example.com/id/1", "verified"),
        ("elsewhere.example", "not-verified"),
        ("no host", "undetermined"),
    ] {
        assert_eq!(found[line]["verdict"], verdict, "{line}: {}", found[line]);
        assert_eq!(found[line]["thumbprint"].is_string(), verdict == "verified", "{line}");
    }
    assert_eq!(found["elsewhere.example"]["reasons"], serde_json::json!(["wrong-host"]));
    assert_eq!((told.unverified, told.undetermined), (1, 1));
    // Nobody's root, another's root, another time.
    let other = self::server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let late = Roots { library: vec![STANDARD.encode(&server.root)], ..Roots::default() };
    for (trust, verdict, reason) in [
        (Trust::new(&Roots::default(), now()), "undetermined", "no-roots"),
        // The names are the same and the keys are not.
        (trusting([&other.root]), "not-verified", "bad-signature"),
        (Trust::new(&late, now() * 100), "not-verified", "expired"),
        (Trust::new(&late, -1_000_000_000), "not-verified", "not-yet-valid"),
    ] {
        let (found, _, _) = fleet("a.example.com", None, &FleetOptions { trust, ..options(&server) }).await;
        let line = &found["a.example.com"];
        assert_eq!((&line["verdict"], &line["reasons"][0]), (&verdict.into(), &reason.into()), "{line}");
        assert!(line["thumbprint"].is_null() && line["message"].is_string(), "{line}");
    }
    // Only the user's bundle knows it: private issuers are told apart, everybody's are a question.
    let own = Roots { user: vec![STANDARD.encode(&server.root)], ..Roots::default() };
    let options = FleetOptions { trust: Trust::new(&own, now()), ..options(&server) };
    let (found, _, _) = fleet("a.example.com", None, &options).await;
    assert_eq!(found["a.example.com"]["verdict"], "verified-by-bundle");
}

#[tokio::test]
async fn an_earlier_output_counts_and_one_without_verdicts_is_asked_anew() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let earlier = "{\"input\":\"a.example.com\",\"thumbprint\":\"00\"}\n\
                   {\"input\":\"b.example.com\",\"verdict\":\"not-verified\"}\n";
    let (found, told, _) = fleet("a.example.com\nb.example.com\n", Some(earlier), &options(&server)).await;
    assert_eq!((told.skipped, told.answered, told.unverified), (1, 1, 1));
    assert_eq!(found["a.example.com"]["verdict"], "verified");
}

#[tokio::test]
async fn foreign_lines_are_answered_in_words_and_do_no_harm() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let password = ["hunter", "2", "hunter"].concat();
    let with_password = format!("https://user:{password}@a.example.com");
    let lines = [
        with_password.as_str(),
        "a.example.com:65536",
        "a.example.com:0",
        "a\u{1b}[31m.example.com",
        "a\u{202e}.example.com",
        "http://a.example.com",
        "[::1",
    ];
    let options = options(&server);
    let (found, told, text) = fleet(&lines.join("\n"), None, &options).await;
    assert_eq!((told.failed, told.dialled, told.undetermined), (7, 0, 7));
    assert!(!text.contains(&password), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(found["a.example.com:65536"]["message"].as_str().unwrap().contains("port"));
    assert!(text.contains("user name or password"));
    // Addresses where credentials live are never asked, in any spelling.
    let plain = FleetOptions { dial: DialOptions::default(), ..options };
    let input = "169.254.169.254\n[::ffff:169.254.169.254]:80\n[fd00:ec2::254]\n[fe80::1]\n0.0.0.0\n";
    let (found, told, _) = fleet(input, None, &plain).await;
    assert_eq!(told.failed, 5);
    assert!(found.values().all(|v| v["error"] == "forbidden-address"), "{found:?}");
}

#[tokio::test]
async fn every_line_is_answered_once_within_the_bounds() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS13, &TLS12]).await;
    let mut input = String::from("# issuers\n\n");
    for n in 0..300 {
        let _ = writeln!(input, "https://h{}.example.com/id/{n}", n % 100);
    }
    input.push_str("not a host\nlast.example.com");
    let (found, told, _) = fleet(&input, None, &options(&server)).await;
    assert_eq!(found.len(), 302);
    assert_eq!((told.read, told.answered, told.failed, told.dialled), (302, 302, 1, 101));
    // Three issuers on one host are one connection.
    assert_eq!(server.dialled.load(Ordering::SeqCst), 101);
    assert!(server.most_at_once.load(Ordering::SeqCst) <= 8 + 1);
    let one = &found["https://h7.example.com/id/107"];
    assert_eq!((one["host"].as_str(), one["port"].as_u64()), (Some("h7.example.com"), Some(443)));
    assert_eq!((one["tls"].as_str(), one["proven"].as_bool()), (Some("TLSv1.2"), Some(false)));
    let certificates = one["chain"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    assert_eq!(one["thumbprint"], certificates[1]["sha1"]);
    assert_eq!(certificates[0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(found["not a host"]["error"], "input");
}

#[tokio::test]
async fn a_run_cut_short_goes_on_where_it_stopped() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let all: Vec<String> = (0..20).map(|n| format!("h{n}.example.com")).collect();
    let (_, _, text) = fleet(&all[..10].join("\n"), None, &options(&server)).await;
    // The last line was cut in the middle.
    let cut = text.get(..text.len() - 20).unwrap();
    let (found, told, _) = fleet(&all.join("\n"), Some(cut), &options(&server)).await;
    assert_eq!((told.read, told.skipped, told.answered), (20, 9, 11));
    assert_eq!(found.len(), 11);
}

#[tokio::test]
async fn lines_too_long_are_errors_and_do_no_harm() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    for length in [4096, 4097, 20_000, 1 << 20] {
        let input = format!("{}\na.example.com\n", "x".repeat(length));
        let (found, told, _) = fleet(&input, None, &options(&server)).await;
        assert_eq!((told.answered, told.failed), (2, 1), "{length}");
        assert!(found["a.example.com"]["error"].is_null());
    }
}

#[tokio::test]
async fn hosts_that_hang_are_tried_again_and_reported() {
    let address = hostile(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let options = FleetOptions {
        dial: impatient(address),
        back_off: Duration::from_millis(1),
        host_gap: Duration::ZERO,
        ..FleetOptions::default()
    };
    let (found, told, _) = fleet("a.example.com\nhttps://a.example.com/x\n", None, &options).await;
    assert_eq!((told.failed, told.dialled), (2, 1));
    assert_eq!(found["a.example.com"]["error"], "timeout");
    assert_eq!(found["https://a.example.com/x"]["error"], "timeout");
}

#[tokio::test]
async fn one_host_is_dialled_with_gaps() {
    let server = server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await;
    let gap = Duration::from_millis(20);
    let options = FleetOptions { host_gap: gap, ..options(&server) };
    let started = std::time::Instant::now();
    let (found, _, _) =
        fleet("a.example.com:1\na.example.com:2\na.example.com:3\na.example.com:4\n", None, &options).await;
    assert_eq!(found.len(), 4);
    assert!(started.elapsed() >= gap * 3);
}

#[tokio::test]
async fn authorities_read_before_are_told_as_if_read_anew() {
    // Two chains with authorities of the same names and different keys, in turn.
    let servers = [
        server(&rcgen::PKCS_ECDSA_P256_SHA256, &[&TLS12]).await,
        server(&rcgen::PKCS_ECDSA_P384_SHA384, &[&TLS12]).await,
    ];
    let rules = servers
        .iter()
        .enumerate()
        .map(|(n, s)| format!(":{}:{}:{}", 1000 + n, s.address.ip(), s.address.port()).parse().unwrap());
    let dial = DialOptions { dialer: Dialer::new(rules.collect()), ..DialOptions::default() };
    let trust = trusting(servers.iter().map(|s| &s.root));
    let options = FleetOptions { dial, trust, jobs: 4, host_gap: Duration::ZERO, ..FleetOptions::default() };
    let lines: Vec<String> = (0..40).map(|n| format!("h{n}.example.com:{}", 1000 + n % 2)).collect();
    let input = lines.join("\n");
    let (found, _, _) = fleet(&input, None, &options).await;
    for (line, value) in &found {
        let of = &servers[usize::from(line.ends_with(":1001"))].chain;
        let shown: Vec<&str> =
            value["chain"].as_array().unwrap().iter().map(|c| c["sha256"].as_str().unwrap()).collect();
        let expected: Vec<String> =
            of.iter().map(|der| Certificate::from_der(der).unwrap().sha256().to_string()).collect();
        assert_eq!(shown, expected, "{line}");
        let middle = Certificate::from_der(&of[1]).unwrap();
        assert_eq!(value["thumbprint"].as_str(), Some(middle.sha1().as_str()), "{line}");
        assert_eq!(value["chain"][1]["subject"], middle.subject().to_string());
    }
}
