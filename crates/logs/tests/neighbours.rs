//! What stands around a failure in a log: successes, starts, lines that nobody understood, records of `CloudTrail`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;

use trustwalk_logs::{Cause, Scanner, Summary, scan_files, scan_reader};
use trustwalk_symptoms::{Outcome, SuccessKind, Symptom, TrailEvent};

fn scan(log: &str) -> Summary {
    scan_reader(log.as_bytes()).unwrap()
}

fn at(moment: Option<&trustwalk_logs::Moment>) -> Option<&str> {
    moment?.at.as_deref()
}

fn failed(time: &str) -> String {
    format!(
        "2026-11-23T{time}Z ERROR operation error STS: AssumeRoleWithWebIdentity, api error AccessDenied: Not \
         authorized to perform sts:AssumeRoleWithWebIdentity\n"
    )
}

fn succeeded(time: &str) -> String {
    format!("2026-11-23T{time}Z INFO successfully refreshed web identity credentials\n")
}

fn started(time: &str) -> String {
    format!("2026-11-23T{time}Z INFO Starting Controller\n")
}

fn denied(summary: &Summary) -> &Cause {
    summary.causes.iter().find(|c| c.failure.symptom == Symptom::NotAuthorizedWebIdentity).unwrap()
}

#[test]
fn what_the_next_run_of_a_program_does_follows_on_what_the_one_before_did() {
    let scanned = |text: &str| {
        let mut scanner = Scanner::new();
        scanner.feed(text.as_bytes());
        scanner.finish()
    };
    let failed = "2024-01-01T00:00:01.100Z ERROR operation error STS: AssumeRoleWithWebIdentity, https response error \
                  StatusCode: 0, RequestID: , request send failed, Post \"https://sts.us-west-2.amazonaws.com/\": dial \
                  tcp \
                  10.0.0.7:443: i/o timeout\n";
    let worked = "2024-01-01T00:00:01.900Z INFO ec2:DescribeRegions succeeded as \
                  arn:aws:sts::111122223333:assumed-role/dns/1795976078471080000\n";
    let mut runs = scanned(failed);
    runs.follow(scanned(worked));
    let near = &runs.causes[0].neighbours;
    assert_eq!(near.recovered.as_ref().and_then(|m| m.at.as_deref()), Some("2024-01-01T00:00:01.900Z"));
    assert!(near.restarted.is_some(), "{near:?}");
    // The other way round it worked before the program was started anew, and fails since.
    let mut runs = scanned(worked);
    runs.follow(scanned(failed));
    let near = &runs.causes[0].neighbours;
    assert!(near.recovered.is_none() && near.succeeded_before.is_some() && near.started.is_some(), "{near:?}");
    assert_eq!(near.after_start_seconds, Some(0), "{near:?}");
}

#[test]
fn a_failure_that_passed_is_told_from_one_that_came_back() {
    let log = [succeeded("09:00:00"), failed("10:00:00"), succeeded("10:05:00"), succeeded("10:10:00")].concat();
    let summary = scan(&log);
    let near = &denied(&summary).neighbours;
    assert_eq!(at(near.succeeded_before.as_ref()), Some("2026-11-23T09:00:00.000Z"));
    assert_eq!(at(near.recovered.as_ref()), Some("2026-11-23T10:05:00.000Z"));
    assert_eq!(near.again_after, None);
    assert_eq!(summary.success_count, 3);
    assert_eq!(summary.successes[0].success.kind, SuccessKind::Exchange);

    let summary = scan(&[log, failed("11:00:00")].concat());
    let near = &denied(&summary).neighbours;
    assert_eq!(near.recovered, None);
    assert_eq!(at(near.again_after.as_ref()), Some("2026-11-23T10:05:00.000Z"));
}

#[test]
fn a_failure_an_hour_after_the_start_is_told_from_one_at_it() {
    let summary = scan(&[started("08:00:00"), started("10:00:00"), failed("11:00:30"), started("11:30:00")].concat());
    let near = &denied(&summary).neighbours;
    assert_eq!(near.after_start_seconds, Some(3630));
    assert_eq!(at(near.started.as_ref()), Some("2026-11-23T10:00:00.000Z"));
    assert_eq!(at(near.restarted.as_ref()), Some("2026-11-23T11:30:00.000Z"));
    assert_eq!(summary.starts.count, 3);
    // Without a start the log's first line stands for it.
    let summary = scan(&["2026-11-23T10:00:00Z INFO hello\n".to_owned(), failed("10:00:07")].concat());
    assert_eq!(summary.first_line_at.as_deref(), Some("2026-11-23T10:00:00.000Z"));
    assert_eq!(denied(&summary).neighbours.after_start_seconds, Some(7));
}

#[test]
fn another_role_or_another_way_cures_nothing() {
    let failure = "2026-11-23T10:00:00Z ERROR AssumeRoleWithWebIdentity for arn:aws:iam::111122223333:role/a: Not \
                   authorized to perform sts:AssumeRoleWithWebIdentity\n";
    let success = |role: &str| {
        format!("2026-11-23T10:05:00Z INFO successfully assumed role arn:aws:iam::111122223333:role/{role}\n")
    };
    assert_eq!(denied(&scan(&[failure, &success("b")].concat())).neighbours.recovered, None);
    assert!(denied(&scan(&[failure, &success("a")].concat())).neighbours.recovered.is_some());
    let missing = "Error fetching credentials: Service account token cannot be empty\n";
    let summary = scan(&[missing, &success("a")].concat());
    assert_eq!(summary.causes[0].neighbours.recovered, None);
}

#[test]
fn parts_of_a_log_give_what_the_whole_gives() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    let mut log = Vec::new();
    for i in 0..330_000_u32 {
        let (hour, minute, second) = (i / 14_400, i / 240 % 60, i / 4 % 60);
        writeln!(log, "2026-11-23T{hour:02}:{minute:02}:{second:02}Z INFO all is well here, number {i} of the pool")
            .unwrap();
        let time = format!("{hour:02}:{minute:02}:{second:02}");
        match i {
            7_000 | 150_000 | 299_000 => log.extend_from_slice(started(&time).as_bytes()),
            50_000 | 60_000 | 250_000 => log.extend_from_slice(failed(&time).as_bytes()),
            55_000 | 200_000 | 310_000 => log.extend_from_slice(succeeded(&time).as_bytes()),
            _ => {}
        }
        if i % 40_000 == 39_999 {
            writeln!(log, "2026-11-23T{time}Z ERROR sts says no to the web identity token {i}, failed").unwrap();
        }
    }
    std::fs::write(&path, &log).unwrap();
    let one = scan_files(&[&path], 1).unwrap();
    let near = &denied(&one).neighbours;
    assert!(near.recovered.is_some() && near.again_after.is_some() && near.restarted.is_some());
    assert_eq!((one.starts.count, one.success_count, one.unclear.len()), (3, 3, 1));
    assert!(log.len() as u64 > 2 * 8 * 1024 * 1024);
    for threads in [2, 3] {
        assert_eq!(scan_files(&[&path], threads).unwrap(), one, "{threads} threads");
    }
}

#[test]
fn trouble_that_nobody_understands_is_shown() {
    for line in [
        "ERROR could not obtain credentials from AWS: the moon is full",
        "level=error msg=\"STS call for web identity failed\" err=\"frobnication\"",
        "ERROR: AssumeRole failed: quux from AWS STS",
        // Without a word of AWS.
        "ValueError: STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY must be set",
        "error: accessing storage: access key and secret key are required",
        "Error: the OIDC token could not be fetched from the runner",
    ] {
        let summary = scan(&format!("fine\n{line} 1\n{line} 2\nfine\n"));
        assert_eq!(summary.failures(), 0, "{line}");
        assert_eq!(summary.unclear.len(), 1, "{line}");
        assert_eq!(summary.unclear[0].count, 2, "{line}");
        assert!(summary.unclear[0].sample.contains(line.split(' ').next_back().unwrap()), "{line}");
    }
    for line in [
        "INFO credentials from AWS loaded",
        "ERROR password token expired for user bob, invalid login",
        "ERROR jwt token invalid: signature failed",
        "2026-11-23 10:00:00,123 botocore.hooks [DEBUG] Event needs-retry.sts.AssumeRole: failed handler",
        "sts_errors_total{service=\"aws\"} credentials failed",
        "WARN Azure credential failed: the token is invalid",
    ] {
        let summary = scan(&format!("{line}\n"));
        assert_eq!((summary.failures(), summary.unclear.len()), (0, 0), "{line} {:?}", summary.unclear);
    }
}

/// Three refused exchanges of three roles, a success, a change of a provider, and records of others.
fn delivery() -> Vec<String> {
    let exchange = |role: &str, code: &str, words: &str| {
        format!(
            "{{\"eventVersion\":\"1.08\",\"userIdentity\":{{\"type\":\"WebIdentityUser\",\"principalId\":\"arn:aws:ia\
             m::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF:sts.a\
             mazonaws.com:system:serviceaccount:shop:cart\",\"userName\":\"system:serviceaccount:shop:cart\",\"identi\
             tyProvider\":\"arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123456789ABC\
             DEF0123456789ABCDEF\"}},\"eventTime\":\"2026-11-23T10:00:00Z\",\"eventSource\":\"sts.amazonaws.com\",\"e\
             ventName\":\"AssumeRoleWithWebIdentity\",\"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"203.0.113.9\"\
             ,\"userAgent\":\"aws-sdk-go-v2/1.30\",\"errorCode\":\"{code}\",\"errorMessage\":\"{words}\",\"requestPar\
             ameters\":{{\"roleArn\":\"arn:aws:iam::111122223333:role/{role}\",\"roleSessionName\":\"s\"}},\"response\
             Elements\":null,\"requestID\":\"d8ee3773-aaaa-bbbb-cccc-0123456789ab\",\"eventID\":\"e8ee3773-aaaa-bbbb-\
             cccc-0123456789a{}\",\"tlsDetails\":{{\"clientProvidedHostHeader\":\"sts.us-east-1.amazonaws.com\"}}}}",
            role.len()
        )
    };
    let denied = "An unknown error occurred";
    vec![
        exchange("a", "AccessDenied", denied),
        "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::111122223333:as\
         sumed-role/r/web identity\"},\"eventTime\":\"2026-11-23T10:00:00Z\",\"eventSource\":\"rds.amazonaws.com\",\"\
         eventName\":\"DescribeDBInstances\",\"errorCode\":\"DBInstanceNotFound\",\"errorMessage\":\"no such host: Ro\
         le WebIdentity\"}"
            .to_owned(),
        exchange("bb", "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://x.example"),
        exchange("ccc", "AccessDenied", denied),
        "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::111122223333:user/e\
         ve\"},\"eventTime\":\"2026-11-23T09:00:00Z\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"DeleteOpe\
         nIDConnectProvider\",\"requestParameters\":{\"openIDConnectProviderArn\":\"arn:aws:iam::111122223333:oidc-pr\
         ovider/x.example\"}}"
            .to_owned(),
        "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"WebIdentityUser\",\"userName\":\"system:serviceaccou\
         nt:shop:cart\",\"identityProvider\":\"p\"},\"eventTime\":\"2026-11-23T11:00:00Z\",\"eventSource\":\"sts.amaz\
         onaws.com\",\"eventName\":\"AssumeRoleWithWebIdentity\",\"requestParameters\":{\"roleArn\":\"arn:aws:iam::11\
         1122223333:role/a\"},\"responseElements\":{\"audience\":\"sts.amazonaws.com\"}}"
            .to_owned(),
    ]
}

fn forms() -> Vec<String> {
    let records = delivery();
    let pretty = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let whole = format!("{{\"Records\":[{}]}}", records.join(","));
    let looked_up: Vec<String> = records
        .iter()
        .map(|r| {
            format!(
                "{{\"EventId\":\"e\",\"EventName\":\"x\",\"CloudTrailEvent\":{}}}",
                serde_json::to_string(r).unwrap()
            )
        })
        .collect();
    vec![
        pretty(&whole),
        records.join("\n"),
        records.iter().map(|r| pretty(r) + "\n").collect(),
        pretty(&format!("{{\"Events\":[{}]}}", looked_up.join(","))),
        format!("[{}]", records.join(",")),
        whole,
    ]
}

#[test]
fn every_form_of_a_delivery_is_read_record_by_record() {
    for form in forms() {
        for step in [1, 50, 4096, 100_000] {
            let mut scanner = Scanner::new();
            form.as_bytes().chunks(step).for_each(|chunk| scanner.feed(chunk));
            check_delivery(&scanner.finish());
        }
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(form.as_bytes()).unwrap();
        check_delivery(&scan_reader(gz.finish().unwrap().as_slice()).unwrap());
    }
}

fn check_delivery(summary: &Summary) {
    let roles: Vec<_> = summary
        .causes
        .iter()
        .map(|c| {
            (c.failure.symptom, c.failure.role_arn.as_deref().and_then(|a| a.rsplit('/').next()).unwrap(), c.count)
        })
        .collect();
    assert!(!summary.causes.iter().any(|c| c.failure.symptom == Symptom::StsDns));
    assert_eq!(roles.iter().map(|r| (r.1, r.2)).collect::<Vec<_>>(), [("a", 1), ("bb", 1), ("ccc", 1)]);
    assert_eq!(roles[1].0, Symptom::NoProvider);
    assert_eq!((summary.trail.len(), summary.unclear.len()), (5, 0));
    let first = &summary.trail[0];
    assert_eq!((first.event, first.outcome), (TrailEvent::AssumeRoleWithWebIdentity, Outcome::Refused));
    assert_eq!(first.audience.as_deref(), Some("sts.amazonaws.com"));
    assert_eq!(
        first.subject.as_ref().map(trustwalk_symptoms::Subject::as_str),
        Some("system:serviceaccount:shop:cart")
    );
    assert_eq!(first.user_agent.as_deref(), Some("aws-sdk-go-v2/1.30"));
    assert_eq!(first.source_ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(first.host.as_deref(), Some("sts.us-east-1.amazonaws.com"));
    let deleted = &summary.trail[3];
    assert_eq!((deleted.event, deleted.outcome), (TrailEvent::DeleteProvider, Outcome::Succeeded));
    assert_eq!(deleted.actor_arn.as_deref(), Some("arn:aws:iam::111122223333:user/eve"));
    // The success that follows is of the first role's.
    let recovered = |role: usize| summary.causes[role].neighbours.recovered.is_some();
    assert!(recovered(0) && !recovered(1) && !recovered(2));
}

#[test]
fn lines_behind_a_delivery_are_lines_again() {
    let log = format!("{}\n{}", delivery()[0], failed("12:00:00").repeat(3));
    let summary = scan(&log);
    assert_eq!(summary.trail.len(), 1);
    let refused = |c: &Cause| c.failure.symptom == Symptom::NotAuthorizedWebIdentity && c.count == 3;
    assert!(summary.causes.iter().any(refused), "{:?}", summary.causes);
}

/// A delivery of exchanges: time, error, subject, region.
fn exchanges(records: &[(&str, Option<&str>, &str, &str)]) -> String {
    let provider = "arn:aws:iam::111122223333:oidc-provider/issuer.example";
    let record = |(time, error, subject, region): &(&str, Option<&str>, &str, &str)| {
        let error = error.map(|e| format!("\"errorCode\":\"{e}\",\"errorMessage\":\"x\",")).unwrap_or_default();
        format!(
            "{{\"eventVersion\":\"1.08\",\"eventName\":\"AssumeRoleWithWebIdentity\",\
             \"eventSource\":\"sts.amazonaws.com\",\"eventTime\":\"2026-11-23T{time}Z\",{error}\
             \"awsRegion\":\"{region}\",\"userIdentity\":{{\"userName\":\"{subject}\",\
             \"identityProvider\":\"{provider}\",\"principalId\":\"{provider}:sts.amazonaws.com:{subject}\"}},\
             \"requestParameters\":{{\"roleArn\":\"arn:aws:iam::111122223333:role/r\"}}}}"
        )
    };
    let all: Vec<String> = records.iter().map(record).collect();
    format!("{{\"Records\":[{}]}}", all.join(","))
}

#[test]
fn only_a_later_success_of_the_same_subject_and_region_says_that_it_works_again() {
    let (cart, till, west, east) = ("system:serviceaccount:shop:cart", "system:serviceaccount:shop:till", "w", "e");
    let refused = ("10:00:00", Some("AccessDenied"), cart, west);
    for (success, again) in [
        (("10:05:00", None, cart, west), true),
        (("10:05:00", None, till, west), false),
        (("10:05:00", None, cart, east), false),
        (("09:55:00", None, cart, west), false),
    ] {
        // Records stand in any order.
        for records in [[refused, success], [success, refused]] {
            let summary = scan(&exchanges(&records));
            assert_eq!(summary.causes.len(), 1);
            assert_eq!(summary.causes[0].neighbours.recovered.is_some(), again, "{records:?}");
        }
    }
    // Refusals of two subjects are two failures.
    assert_eq!(scan(&exchanges(&[refused, ("10:00:01", Some("AccessDenied"), till, west)])).causes.len(), 2);
}

#[test]
fn a_refusal_to_assume_a_role_is_a_failure_and_a_file_that_is_cut_says_so() {
    let whole = exchanges(&[("10:00:00", Some("AccessDenied"), "s", "w")]);
    assert!(!scan(&whole).cut);
    for end in [whole.len() - 1, whole.len() / 2] {
        assert!(scan(whole.get(..end).unwrap()).cut, "{end}");
    }
    let role = "arn:aws:iam::111122223333:role/other";
    let words = format!(
        "User: arn:aws:sts::111122223333:assumed-role/node/i-0 is not authorized to perform: sts:AssumeRole on \
         resource: {role}"
    );
    let plain = whole.replace("AssumeRoleWithWebIdentity", "AssumeRole").replace("\"x\"", &format!("\"{words}\""));
    let summary = scan(&plain);
    assert_eq!(summary.causes.iter().map(|c| c.failure.symptom).collect::<Vec<_>>(), [Symptom::AssumeRoleDenied]);
}
