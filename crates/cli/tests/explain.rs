//! `explain`: whoever has only the text of an error finds the causes that print it, and the way on.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::Write as _;
use std::process::Stdio;

use crate::support::trustwalk;
use serde_json::Value;

fn run(words: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut command = trustwalk();
    command.arg("explain").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A run that has heard enough closes its end.
    let _ = child.stdin.take().unwrap().write_all(input);
    let out = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn codes(words: &[&str], input: &[u8]) -> Vec<String> {
    let (code, out, err) = run(&[words, &["-o", "json"]].concat(), input);
    assert_eq!(code, 0, "{out}{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    document["causes"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_errors_text_is_answered_with_its_meaning_its_causes_and_the_way_on() {
    let text = "Error: Could not assume role with OIDC: Incorrect token audience";
    let (code, out, err) = run(&[text], b"");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("incorrect-audience\n"), "{out}");
    let (causes, rest) = out.split_once("What tells them apart\n").unwrap();
    assert!(causes.contains("TW006  audience-not-in-provider-client-ids"), "{out}");
    assert!(rest.contains("get-open-id-connect-provider --open-id"), "{out}");
    assert!(rest.contains("\nNext: trustwalk explain TW006\n  or: trustwalk diagnose "), "{out}");
}

#[test]
fn the_same_text_is_found_wherever_it_comes_from_and_whatever_is_around_it() {
    let plain = codes(&["Incorrect token audience"], b"");
    let go = "ts=1 level=error msg=\"WebIdentityErr: failed to retrieve credentials\\ncaused by: InvalidIdentityToken: \
        Incorrect token audience\\n\\tstatus code: 400, request id: 3714365f\"\n";
    let log = format!("{}{go}{}", "all is well\n".repeat(20_000), "all is well\n".repeat(20_000));
    for answer in
        [codes(&["-"], go.as_bytes()), codes(&["-"], log.as_bytes()), codes(&["Incorrect", "token", "audience"], b"")]
    {
        assert_eq!(answer.first(), plain.first());
    }
}

#[test]
fn codes_and_names_still_give_the_page() {
    for typed in ["TW007", "tw7", "7", "thumbprint-mismatch"] {
        let (code, out, _) = run(&[typed], b"");
        assert!(code == 0 && out.starts_with("# TW007: thumbprint-mismatch\n"), "{typed}: {out}");
    }
}

#[test]
fn a_slip_in_a_name_and_words_of_ones_own_find_pages() {
    assert_eq!(codes(&["thumbprint-missmatch"], b""), ["TW007"]);
    assert_eq!(codes(&["wildcard-with-string-equals"], b""), ["TW005"]);
    assert!(codes(&["thumbprint"], b"").contains(&"TW007".to_owned()));
    assert!(codes(&["audience"], b"").contains(&"TW006".to_owned()));
    assert!(codes(&["pod has no token because automount is off"], b"").contains(&"TW043".to_owned()));
}

#[test]
fn a_code_of_aws_alone_is_known_and_a_text_that_only_shares_words_is_not() {
    for (word, meaning) in [
        ("PackedPolicyTooLarge", "packed-policy-too-large"),
        ("ExpiredTokenException", "expired-token"),
        ("InvalidIdentityToken", "invalid-identity-token"),
    ] {
        let (code, out, _) = run(&[word], b"");
        assert!(code == 0 && out.starts_with(&format!("{meaning}\n")), "{word}: {out}");
    }
    let (_, out, _) = run(&["InvalidIdentityToken"], b"");
    let (_, list) = out.split_once("Sentences with this code").unwrap();
    let (list, _) = list.split_once("Causes that can print it").unwrap();
    for part in ["Incorrect token audience (TW006", "No OpenIDConnect provider found", "verification key", "thumbprint"]
    {
        assert!(list.contains(part), "{part}: {list}");
    }
    assert!(codes(&["InvalidIdentityToken"], b"").contains(&"TW007".to_owned()));
    let hint = "It looks like you might be trying to authenticate with OIDC. Did you mean to set the `id-token` \
        permission?";
    assert_eq!(codes(&[hint], b"").first().map(String::as_str), Some("TW014"));
    assert_eq!(codes(&["Did you mean to set the id-token permission"], b"").first().map(String::as_str), Some("TW014"));
    let account = "Source Account ID is needed if the Role Name is provided and not the Role Arn.";
    assert_eq!(codes(&[account], b"").first().map(String::as_str), Some("TW012"));
    let text =
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined";
    assert_eq!(run(&[text], b"").0, 2, "{text}");
    let (_, out, _) = run(&["OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"], b"");
    assert!(out.contains("or: trustwalk thumbprint ISSUER"), "{out}");
    let wrapped = "Error: Could not assume role\n  with OIDC: Incorrect\n  token audience\n";
    assert_eq!(codes(&["-"], wrapped.as_bytes()).first().map(String::as_str), Some("TW006"));
}

#[test]
fn what_nobody_knows_is_said_to_be_unknown() {
    let (code, out, err) = run(&["the printer is out of magenta again"], b"");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.starts_with("error: nothing is known of this text") && err.contains("Next: trustwalk diagnose"),
        "{err}"
    );
    for word in ["TW9999", "no-such-cause-anywhere", "404"] {
        let (code, out, err) = run(&[word], b"");
        assert!(code == 2 && out.is_empty() && err.contains(word), "{word}: {err}");
    }
    for empty in [run(&["-"], b""), run(&["-"], b" \n\n"), run(&[""], b"")] {
        assert_eq!(empty.0, 2, "{empty:?}");
    }
}

#[test]
fn any_input_is_read_to_a_bound_and_never_a_panic() {
    let mut inputs: Vec<Vec<u8>> = vec![
        vec![0; 1 << 20],
        vec![0xff; 100_000],
        b"{".repeat(200_000),
        "\u{202e}ni\u{0301}h \u{1b}[2J".repeat(10_000).into_bytes(),
        b"Not authorized to perform ".repeat(100_000),
        "ünder ".repeat(50_000).into_bytes(),
    ];
    inputs.push((0..=255).cycle().take(300_000).collect());
    for input in inputs {
        let (code, out, err) = run(&["-"], &input);
        assert!(matches!(code, 0 | 2), "{code}: {err}");
        assert!(!err.contains("panicked") && !out.contains(['\u{1b}', '\u{202e}']), "{err}");
    }
    let long = [b"Incorrect token audience\n".to_vec(), b"all is well\n".repeat(2 << 20)].concat();
    let (code, out, _) = run(&["-", "-o", "json"], &long);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["cut"].as_bool()), (0, Some(true)));
}

#[test]
fn nothing_secret_comes_back() {
    let secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJmYWtlIn0.ZmFrZS1zaWduYXR1cmUtZmFrZS1zaWduYXR1cmU";
    let text = format!(
        "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: \
        Incorrect token audience; token {secret}"
    );
    for words in [&["-"][..], &["-", "-o", "json"]] {
        let (_, out, err) = run(words, text.as_bytes());
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
}

#[test]
fn what_iam_refuses_a_policy_for_has_a_page_by_its_name() {
    let (code, out, _) = run(&["Prohibited-Resource"], b"");
    assert!(code == 0 && out.starts_with("prohibited-resource\n\nA statement has Resource"), "{out}");
    let (code, out, _) = run(&["too-long", "-o", "json"], b"");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, document["standing"].as_str()), (0, Some("documented")), "{out}");
    // A slip in a name leads to it.
    let (code, _, err) = run(&["prohibited-resources"], b"");
    assert!(code != 0 && err.contains("trustwalk explain prohibited-resource"), "{err}");
}
