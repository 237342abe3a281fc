//! Scanning gives the same answer however the bytes arrive, and lets no secret out.

use std::fmt::Write as _;
use std::io::Write;

use proptest::prelude::*;
use trustwalk_foreign::redact;
use trustwalk_logs::{Cause, MAX_LINE_BYTES, Scanner, Summary, scan_files, scan_reader};
use trustwalk_symptoms::{Frame, Symptom, classify};

const STACK: &str = "2026-11-23T10:00:00Z E WebIdentityErr: failed to retrieve credentials\ncaused by: \
    InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint\n\tstatus \
    code: 400, request id: 3714365f-c50b-4cae-b958-917eb6a34b50\nnext\n";
const CHAIN: &str = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nClientError: An error \
    occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token \
    audience\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call \
    last):\n  File \"a.py\", line 9, in g\nAppError: Incorrect token audience\n";
const LOGGED: &str = "2026-11-23 10:00:00,123 WARNING botocore.credentials Refreshing temporary credentials failed \
    during mandatory refresh period.\nTraceback (most recent call last):\n  File \"/x/botocore/credentials.py\", line \
    516, in _protected_refresh\n    metadata = self._refresh_using()\nbotocore.errorfactory.ExpiredTokenException: An \
    error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: Token expired: \
    current date/time 1731098245 must be before the expiration date/time 1731095240\n";
const LINES: &[&str] = &[
    STACK,
    CHAIN,
    LOGGED,
    "{\"log\":\"InvalidIdentityToken: Incorrect token \",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\"}\n",
    "{\"log\":\"audience\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\"}\n",
    "During handling of the above exception, another exception occurred:\n",
    "Traceback (most recent call last):\n",
    "│ Not authorized to\n│ perform sts:AssumeRoleWithWebIdentity\n",
    "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect \
     token audience\n",
    "all is well\n",
    "\tat indented.Frame\n",
    "{\"level\":\"error\",\"ts\":\"2026-11-23T11:00:00.000Z\",\"msg\":\"Not authorized to perform \
     sts:AssumeRoleWithWebIdentity\"}\r\n",
    "2026-11-23T10:00:00.000000000Z stderr P InvalidIdentityToken: Incorrect token \
     \n2026-11-23T10:00:00.000000000Z stderr F audience\n",
    "\n",
];

fn whole(bytes: &[u8]) -> Summary {
    let mut s = Scanner::new();
    s.feed(bytes);
    s.finish()
}

proptest! {
    #[test]
    fn chunks_do_not_matter(picks in prop::collection::vec(0..LINES.len(), 0..30),
        cuts in prop::collection::vec(1usize..90, 1..40)) {
        let log: String = picks.iter().map(|i| LINES[*i]).collect();
        let mut s = Scanner::new();
        let mut rest = log.as_bytes();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at(rest.len().min(*cut));
            s.feed(head);
            rest = tail;
        }
        prop_assert_eq!(s.finish(), whole(log.as_bytes()));
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = whole(&bytes);
        let _ = scan_reader(bytes.as_slice());
        let _ = classify(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_around_a_failure_is_taken(before in "\\PC{0,40}", after in "\\PC{0,40}") {
        let _ = classify(&format!("{before}https://sts.amazonaws.com: arn:aws:{after} status code: {before} \
            credentials token={after} timed out"));
    }

    #[test]
    fn no_token_gets_out(seed in prop::collection::vec(any::<u8>(), 60..200), at in 0usize..4) {
        let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
        let body: String = seed.iter().map(|b| alphabet[usize::from(*b) % 64]).collect();
        let token = format!("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOi{body}.{body}");
        let line = match at {
            0 => format!("WebIdentityErr: failed: token file content: {token} EOF\n"),
            1 => format!("{{\"msg\":\"Incorrect token audience WebIdentityToken={token}&Version=2011\"}}\n"),
            2 => format!("Incorrect token audience Authorization: Bearer {body}\n"),
            _ => format!("Incorrect token audience aws_session_token='{body}'\n"),
        };
        let out = serde_json::to_string(&whole(line.as_bytes())).unwrap();
        prop_assert!(!out.contains(&body), "{}", out);
        prop_assert!(whole(line.as_bytes()).failures() == 1);
    }
}

#[test]
fn a_stack_is_one_failure_with_its_span() {
    let log = format!("{STACK}{}", STACK.replace("10:00:00Z", "12:30:00Z").replace("3714365f", "4714365f"));
    let s = whole(log.as_bytes());
    assert_eq!(s.causes.len(), 1);
    let c = &s.causes[0];
    assert_eq!((c.failure.symptom, c.count), (Symptom::ThumbprintMismatch, 2));
    assert_eq!(c.first.as_deref(), Some("2026-11-23T10:00:00.000Z"));
    assert_eq!(c.last.as_deref(), Some("2026-11-23T12:30:00.000Z"));
    assert_eq!(c.request_ids.len(), 2);
}

#[test]
fn a_stack_that_python_logs_belongs_to_what_was_logged_and_to_its_exception() {
    for (log, dated) in [
        (LOGGED.to_owned(), true),
        // Nothing above the frames tells of credentials.
        (
            LOGGED.replace(LOGGED.get(24..LOGGED.find('\n').unwrap()).unwrap(), "ERROR app the upload came to nothing"),
            false,
        ),
    ] {
        let s = whole(format!("{log}2026-11-23T11:00:00Z next\n").as_bytes());
        assert_eq!(s.causes.len(), 1, "{log}");
        let cause = &s.causes[0];
        assert_eq!(cause.failure.symptom, Symptom::ExpiredToken);
        assert!(cause.failure.frames.contains(&Frame::Refresh), "{:?}", cause.failure.frames);
        assert_eq!(cause.first.is_some(), dated);
        assert!(s.unclear.is_empty(), "{:?}", s.unclear);
    }
}

#[test]
fn counting_is_exact_when_texts_repeat() {
    let mut log = Vec::new();
    for i in 0..500 {
        writeln!(
            log,
            "2026-11-23T10:{:02}:{:02}Z InvalidIdentityToken: Incorrect token audience, request id: \
            {:08x}-c50b-4cae-b958-917eb6a34b50",
            i / 60,
            i % 60,
            i
        )
        .unwrap();
    }
    let s = whole(&log);
    assert_eq!((s.causes.len(), s.failures()), (1, 500));
    assert_eq!(s.causes[0].last.as_deref(), Some("2026-11-23T10:08:19.000Z"));
}

#[test]
fn a_line_without_end_is_bounded() {
    let mut s = Scanner::new();
    s.feed(b"Incorrect token audience ");
    for _ in 0..64 {
        s.feed(&vec![b'x'; MAX_LINE_BYTES / 8]);
    }
    s.feed(b"No OpenIDConnect provider found in your account for https://x\nIncorrect token audience\n");
    let summary = s.finish();
    assert_eq!(summary.failures(), 2);
    assert_eq!(summary.causes.len(), 1);
}

#[test]
fn files_give_the_same_in_parts_and_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("ipamd.log");
    let mut log = Vec::new();
    for i in 0..200_000 {
        writeln!(log, "{{\"level\":\"debug\",\"ts\":\"2026-11-23T10:00:00.000Z\",\"msg\":\"Reconciling pool {i}\"}}")
            .unwrap();
        if i % 2000 == 0 {
            log.extend_from_slice(STACK.as_bytes());
        } else if i % 2000 == 1000 {
            log.extend_from_slice(CHAIN.as_bytes());
        }
    }
    std::fs::write(&plain, &log).unwrap();
    let one = scan_files(&[&plain], 1).unwrap();
    assert_eq!(one.failures(), 200);
    assert_eq!(scan_files(&[&plain], 3).unwrap(), one);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&log).unwrap();
    assert_eq!(scan_reader(gz.finish().unwrap().as_slice()).unwrap(), one);
    let zst = ruzstd::encoding::compress_to_vec(log.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    assert_eq!(scan_reader(zst.as_slice()).unwrap(), one);
    assert!(scan_files(&[dir.path().join("absent")], 1).unwrap_err().to_string().contains("absent"));
}

#[test]
fn names_and_ids_a_person_needs_stay() {
    for text in [
        "arn:aws:iam::111122223333:role/eksctl-Production-Cluster-NodeInstanceRole-1A2B3C4D5E6F7",
        "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        "9e99a48a9960b14926bb7f3b02e22da2b0ab7280",
        "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "SignatureDoesNotMatch: the request signature we calculated",
    ] {
        assert_eq!(redact(text), text);
    }
    let key = format!("AKIA{}", "Q7".repeat(8));
    assert!(!redact(&format!("key {key} used")).contains(&key));
    // A name is spared because it stands in an ARN; a token or key that stands there is not.
    let token = format!("eyJ{}.eyJ{}.{}", "hbG9".repeat(6), "pc3M1".repeat(20), "Zx7".repeat(12));
    for secret in [key, token] {
        assert!(!redact(&format!("arn:aws:sts::1111222233{secret}:assumed-role/r")).contains(&secret));
    }
}

/// The log as a kubelet gives it with times: one second for each line.
fn stamped(log: &str) -> String {
    let mut out = String::new();
    for (line, n) in log.split_inclusive('\n').zip(0..) {
        let (hours, minutes, seconds) = (n / 3600, n / 60 % 60, n % 60);
        // Writing to a text cannot fail.
        let _ = write!(out, "2026-11-24T{hours:02}:{minutes:02}:{seconds:02}.123456789Z {line}");
    }
    out
}

fn whole_stamped(log: &str, step: usize) -> Summary {
    let mut s = Scanner::new();
    for chunk in log.as_bytes().chunks(step) {
        s.feed_stamped(chunk);
    }
    s.finish()
}

proptest! {
    #[test]
    fn a_kubelets_times_change_nothing_but_times(picks in prop::collection::vec(0..LINES.len(), 0..30),
        step in 1usize..200) {
        let log: String = picks.iter().map(|i| LINES[*i]).collect();
        let with = whole_stamped(&stamped(&log), step);
        let without = whole(log.as_bytes());
        let told = |s: &Summary| {
            let cause = |c: &Cause| (c.count, c.sample.clone(), c.failure.clone(), c.request_ids.clone());
            let causes: Vec<_> = s.causes.iter().map(cause).collect();
            let unclear: Vec<_> = s.unclear.iter().map(|u| (u.count, u.sample.clone())).collect();
            (s.bytes, causes, unclear)
        };
        prop_assert_eq!(told(&with), told(&without));
        prop_assert!(with.causes.iter().all(|c| c.first.is_some() && c.last.is_some()));
    }
}

#[test]
fn what_has_no_time_has_the_kubelets_and_what_has_one_keeps_it() {
    let java = "software.amazon.awssdk.services.sts.model.InvalidIdentityTokenException: Incorrect token audience\n\
        \tat com.example.Main.run(Main.java:5)\nCaused by: java.lang.IllegalStateException: Incorrect token audience\n\
        \t... 3 more\n";
    for (log, first) in [
        (format!("started\nready\n{java}all is well\n"), "2026-11-24T00:00:02.123Z"),
        (format!("started\n{CHAIN}next\n"), "2026-11-24T00:00:03.123Z"),
        (format!("started\n{STACK}"), "2026-11-23T10:00:00.000Z"),
        (format!("started\n{LOGGED}"), "2026-11-23T10:00:00.123Z"),
    ] {
        let s = whole_stamped(&stamped(&log), 50);
        assert_eq!((s.causes.len(), s.failures()), (1, 1), "{log}");
        assert!(!s.causes[0].sample.contains("2026-11-24"), "{}", s.causes[0].sample);
        assert_eq!(s.causes[0].first.as_deref(), Some(first), "{log}");
        assert!(s.first_line_at.is_some());
    }
    // The same words at two times are one failure over a span, whether judged or remembered.
    let s =
        whole_stamped(&stamped("Incorrect token audience\nIncorrect token audience\nIncorrect token audience\n"), 9);
    assert_eq!((s.causes[0].count, s.causes[0].first.as_deref()), (3, Some("2026-11-24T00:00:00.123Z")));
    assert_eq!(s.causes[0].last.as_deref(), Some("2026-11-24T00:00:02.123Z"));
}

#[test]
fn bounds_count_a_programs_own_bytes() {
    let line = format!("Incorrect token audience {}\n", "x".repeat(MAX_LINE_BYTES * 2));
    let s = whole_stamped(
        &stamped(&format!("{line}started\nNot authorized to perform sts:AssumeRoleWithWebIdentity\n")),
        4096,
    );
    assert_eq!((s.causes.len(), s.failures()), (2, 2));
    assert_eq!(s.causes[1].first.as_deref(), Some("2026-11-24T00:00:02.123Z"));
    assert_eq!(
        s.bytes,
        (line.len() + "started\n".len() + "Not authorized to perform sts:AssumeRoleWithWebIdentity\n".len()) as u64
    );
}
