//! Logs: the summary does not depend on how bytes arrive, and no secret gets out.

use trustwalk_foreign::redact;
use trustwalk_logs::{MAX_SUCCESSES, MAX_TRAIL, MAX_UNCLEAR, Scanner, Summary};
use trustwalk_symptoms::{Failure, classify_all};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "logs",
    check,
    seeds,
    words: &[
        "\n",
        "\r\n",
        "\ncaused by: ",
        "\n\tat ",
        "\u{1}",
        "\u{2}",
        "\u{3}",
        "\u{4}",
        "\u{5}",
        "\u{6}",
        "\u{7}",
        "\u{8}",
        "InvalidIdentityToken",
        "Incorrect token audience",
        "\u{1b}[31m",
        " stderr P ",
        "status code: 400",
        "\\n",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "\n{\"log\":\"",
        "\\n\",\"time\":\"2026-11-23T10:00:00Z\"}\n",
        "\n[pod/a/b] ",
        "\n│ ",
        "\n\nDuring handling of the above exception",
        "\nTraceback (most recent call last):\n",
        "{\"Records\":[",
        "\"eventName\":\"AssumeRoleWithWebIdentity\",\"eventSource\":\"sts.amazonaws.com\"",
        "\"CloudTrailEvent\":\"{",
        "}]}",
        "\nsuccessfully refreshed web identity credentials\n",
        "\nStarting Controller\n",
        "\nERROR could not obtain credentials from AWS: no\n",
        "${{ x }}",
        "169.254.170.23:80",
    ],
    iterations: 1_000,
};

/// Long lines are asked for by one byte.
const LONG: u8 = 1;
/// The first of the bytes that each stand for a secret, which is put in its place.
const SECRET: u8 = 2;
/// Bytes that a [`LONG`] stands for: a few of them reach the scanner's bounds.
const LONG_BYTES: usize = 50_000;
/// [`LONG`]s taken literally: more would only cost time.
const MAX_LONG: usize = 7;

/// The first two bytes say how the log is cut; the rest is the log.
fn check(input: &[u8]) {
    let [first, second, rest @ ..] = input else { return };
    let secrets = secrets();
    let mut log = Vec::with_capacity(rest.len());
    let mut stretches = 0;
    for byte in rest {
        match *byte {
            LONG if stretches < MAX_LONG => {
                stretches += 1;
                log.extend(std::iter::repeat_n(b'x', LONG_BYTES));
            }
            other => match secrets.get(usize::from(other.wrapping_sub(SECRET))) {
                Some(secret) => log.extend_from_slice(secret.as_bytes()),
                None => log.push(other),
            },
        }
    }
    let whole = scan(&log, log.len().max(1), 0);
    assert_eq!(whole.bytes, log.len() as u64);
    let step = if stretches > 0 { usize::from(*first) * 331 + 1 } else { usize::from(*first) + 1 };
    let pieces = scan(&log, step, usize::from(*second));
    assert_eq!(pieces, whole, "cut into pieces of {step} it says otherwise");
    // Nothing on either side belongs to an event that empty lines part from it; JSON may end there.
    let mut twice = log.clone();
    twice.extend_from_slice(b"\n\nall is well\n\n");
    let parted = scan(&twice, twice.len(), 0);
    assert!(parted.failures() >= whole.failures() || !whole.trail.is_empty());
    bounded(&whole);
    let printed = serde_json::to_string(&whole).unwrap_or_default();
    sealed(&printed);
    for cause in &whole.causes {
        assert!(cause.count > 0 && cause.first <= cause.last);
        assert_eq!(cause.first.is_some(), cause.last.is_some());
    }
    if stretches == 0 {
        let text = String::from_utf8_lossy(&log);
        sealed(&redact(&text));
        for failure in classify_all(&text) {
            tidy(&failure);
        }
    }
}

/// What stands around the failures keeps to its bounds and to its order.
fn bounded(summary: &Summary) {
    assert!(summary.successes.len() <= MAX_SUCCESSES && summary.unclear.len() <= MAX_UNCLEAR);
    assert!(summary.trail.len() <= MAX_TRAIL);
    assert!(summary.successes.iter().map(|s| s.count).sum::<u64>() <= summary.success_count);
    for cause in &summary.causes {
        assert!(cause.neighbours.after_start_seconds.is_none_or(|s| s >= 0));
    }
}

/// No secret is in what was printed.
fn sealed(printed: &str) {
    let found = printed.find(&canary());
    let around = found.and_then(|at| printed.get(printed.floor_char_boundary(at.saturating_sub(80))..));
    assert!(found.is_none(), "a secret got out: {around:?}");
}

fn tidy(failure: &Failure) {
    assert!(!failure.message.contains('\n'), "{:?}", failure.message);
    let printed = serde_json::to_string(failure).unwrap_or_default();
    sealed(&printed);
    assert_eq!(serde_json::from_str::<Failure>(&printed).ok().as_ref(), Some(failure));
}

/// Feeds pieces of `step` bytes, the first of them `shift` longer.
fn scan(log: &[u8], step: usize, shift: usize) -> Summary {
    let mut scanner = Scanner::new();
    let (head, rest) = log.split_at(log.len().min(shift));
    scanner.feed(head);
    for piece in rest.chunks(step) {
        scanner.feed(piece);
    }
    scanner.finish()
}

/// What is in every secret, and in nothing else.
fn canary() -> String {
    ["kV3x", "W9bN", "4mT8Zq7"].concat()
}

/// Secrets of several kinds, each in a dress of its own that nothing around it can take away: shaped as a token is,
/// with the beginning that their issuer gives them, as user information, and named within quotes.
fn secrets() -> [String; 7] {
    let own = canary();
    let long = own.repeat(6);
    let arm = ["-----BEGIN PRIVATE", " KEY-----"].concat();
    [
        format!("eyJ{}.eyJ{}.{long}", "hbG9".repeat(6), "pc3M1".repeat(20)),
        format!(" {}{own}{long} ", ["gh", "p_"].concat()),
        format!(" {}{own} ", ["hv", "s."].concat()),
        format!(" {}{own}{own} ", ["gl", "pat-"].concat()),
        format!(" https://bob:{own}@h.example/x "),
        format!(" {{\"password\":\"{own}\",\"x\":1}} "),
        format!("\n{arm}\nMIIEpQIBAAKCAQ{own}x7Gq2Lr9Zt4Vb8Nc1Hs5Kp\n{}\n", arm.replace("BEGIN", "END")),
    ]
}

fn seeds() -> Vec<Vec<u8>> {
    let stack = "2026-11-23T10:00:00Z E WebIdentityErr: failed to retrieve credentials\ncaused by: \
        InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured \
        thumbprint\n\tstatus code: 400, request id: 3714365f-c50b-4cae-b958-917eb6a34b50\nnext\n";
    let python = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: \
        Incorrect token audience\n";
    let json = "{\"level\":\"error\",\"ts\":\"2026-11-23T11:00:00.000Z\",\"msg\":\"Not authorized to perform \
        sts:AssumeRoleWithWebIdentity\"}\r\n";
    let cri = "2026-11-23T10:00:00.000000000Z stderr P InvalidIdentityToken: Incorrect token \
        \n2026-11-23T10:00:00.000000000Z stderr F audience\n";
    let denied = "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: \
        ec2:DescribeSubnets status code: 403\n";
    let token = "InvalidIdentityToken: Incorrect token audience Authorization: Bearer \u{2} token=\u{2}\n";
    let dressed = "Incorrect token audience X-Vault-Token: \u{4} and \u{3} at\u{6}with\u{7}then \
        \u{5}\u{8}InvalidIdentityToken: Incorrect token audience\n";
    let docker = "{\"log\":\"InvalidIdentityToken: Incorrect token \
        \",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\"}\n{\"log\":\"audience\\n\",\"stream\":\"stderr\",\
        \"time\":\"2026-11-23T10:00:00Z\"}\n";
    let boxed = "[pod/a/b] 2026-11-23T10:00:00Z │ Not authorized to\n[pod/a/b] 2026-11-23T10:00:00Z │ perform \
        sts:AssumeRoleWithWebIdentity\n";
    let chain = format!(
        "{python}\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent \
         call last):\n  File \"a\"\n{python}"
    );
    let endless = format!("x\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\n{python}\t\u{1}\n\t\u{1}\n{stack}");
    let event = "{\"eventVersion\":\"1.08\",\"eventName\":\"AssumeRoleWithWebIdentity\",\
                 \"eventSource\":\"sts.amazonaws.com\",\"errorCode\":\"AccessDenied\",\"errorMessage\":\"no\",\
                 \"requestParameters\":{\"roleArn\":\"arn:aws:iam::111122223333:role/r\"},\
                 \"userIdentity\":{\"userName\":\"\u{2}\"}}";
    let delivery = format!("{{\"Records\":[{event},{event}]}}");
    let around = format!(
        "Starting Controller\n{python}successfully refreshed web identity credentials\n{python}ERROR AWS \
         credentials failed: \u{3}\n"
    );
    let texts = [
        stack,
        python,
        json,
        cri,
        denied,
        token,
        dressed,
        docker,
        boxed,
        &chain,
        &endless,
        event,
        &delivery,
        &around,
        &[stack, python, cri, json, stack].concat(),
    ];
    texts
        .iter()
        .enumerate()
        .map(|(at, text)| format!("{}0{text}", char::from(b'!' + u8::try_from(at).unwrap_or(0))).into_bytes())
        .collect()
}
