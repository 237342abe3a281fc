//! Logs as clients write them and as runtimes, shippers and terminals dress them: each failure is counted once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use trustwalk_logs::{Summary, scan_reader};
use trustwalk_symptoms::Symptom;

mod lines;

fn scan(log: &str) -> Summary {
    scan_reader(log.as_bytes()).unwrap()
}

fn counts(summary: &Summary) -> Vec<(Symptom, u64)> {
    summary.causes.iter().map(|c| (c.failure.symptom, c.count)).collect()
}

#[track_caller]
fn tells(log: &str, wanted: &[(Symptom, u64)]) {
    assert_eq!(counts(&scan(log)), wanted, "{log}");
}

const DENIED: Symptom = Symptom::NotAuthorizedWebIdentity;

/// Several lines, one failure: by client.
const STACKS: &[(Symptom, &str)] = &[
    (
        Symptom::ThumbprintMismatch,
        "WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: OpenIDConnect provider's \
         HTTPS certificate doesn't match configured thumbprint\n\tstatus code: 400, request id: \
         3714365f-c50b-4cae-b958-917eb6a34b50",
    ),
    (
        DENIED,
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    credentials = \
         provider.load()\nbotocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the \
         AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity\n\nDuring \
         handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  \
         File \"/app/a.py\", line 9, in g\n    raise AppError(str(e)) from None\napp.AppError: no access: An error \
         occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity",
    ),
    (
        DENIED,
        "Exception in thread \"main\" software.amazon.awssdk.services.sts.model.StsException: Not authorized to \
         perform sts:AssumeRoleWithWebIdentity (Service: Sts, Status Code: 403, Request ID: \
         d8ee3773-aaaa-bbbb-cccc-0123456789ab)\n\tat \
         software.amazon.awssdk.services.sts.DefaultStsClient.assumeRoleWithWebIdentity(DefaultStsClient.java:1)\n\
         \t... 23 more\nCaused by: software.amazon.awssdk.services.sts.model.StsException: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity (Service: Sts, Status Code: 403, Request ID: \
         d8ee3773-aaaa-bbbb-cccc-0123456789ab)\n\tat a.b.C(D.java:2)",
    ),
    (
        Symptom::NoProvider,
        "/app/node_modules/@smithy/smithy-client/dist-cjs/index.js:835\n  const response = new \
         exceptionCtor({\n                   ^\n\nInvalidIdentityTokenException: No OpenIDConnect provider found \
         in your account for https://oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF0123456789ABCDEF\n    \
         at de_InvalidIdentityTokenExceptionRes (/app/node_modules/@aws-sdk/client-sts/dist-cjs/index.js:1)\n    \
         at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {\n  '$fault': 'client',\n  \
         '$metadata': {\n    httpStatusCode: 400,\n    requestId: '3714365f-c50b-4cae-b958-917eb6a34b50',\n    \
         attempts: 1\n  },\n  Error: { Type: 'Sender', Code: 'InvalidIdentityToken' }\n}",
    ),
    (
        DENIED,
        "Unhandled exception. Amazon.Runtime.AmazonClientException: Error calling AssumeRole for role \
         arn:aws:iam::111122223333:role/app\n ---> Amazon.SecurityToken.AmazonSecurityTokenServiceException: Not \
         authorized to perform sts:AssumeRoleWithWebIdentity\n ---> \
         Amazon.Runtime.Internal.HttpErrorResponseException: Exception of type \
         'Amazon.Runtime.Internal.HttpErrorResponseException' was thrown.\n   at \
         Amazon.Runtime.HttpWebRequestMessage.ProcessHttpResponseMessage()\n   --- End of inner exception stack \
         trace ---",
    ),
    (
        DENIED,
        "PHP Fatal error:  Uncaught Aws\\Sts\\Exception\\StsException: Error executing \
         \"AssumeRoleWithWebIdentity\" on \"https://sts.eu-west-1.amazonaws.com\"; AWS HTTP error: Client error: \
         `POST https://sts.eu-west-1.amazonaws.com` resulted in a `403 Forbidden` response:\n<ErrorResponse \
         xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    \
         <Code>AccessDenied (truncated...)\n AccessDenied (client): Not authorized to perform \
         sts:AssumeRoleWithWebIdentity - <ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
         <Error>\n    <Code>AccessDenied</Code>\n  </Error>\n  \
         <RequestId>d8ee3773-aaaa-bbbb-cccc-0123456789ab</RequestId>\n</ErrorResponse>",
    ),
    (
        Symptom::MissingClaim,
        "/gems/aws-sdk-core/lib/seahorse/client/plugins/raise_response_errors.rb:17:in `call': Missing a required \
         claim: aud (Aws::STS::Errors::InvalidIdentityToken)\n\tfrom \
         /gems/aws-sdk-core/lib/aws-sdk-core/assume_role_web_identity_credentials.rb:1:in `refresh'\n\tfrom \
         app.rb:3:in `<main>'",
    ),
    (
        DENIED,
        "[ERROR] 2026-11-23 10:00:00.000 AWSXmlClient [140] HTTP response code: 403\nResolved remote host IP \
         address: \nRequest ID: d8ee3773-aaaa-bbbb-cccc-0123456789ab\nException name: AccessDenied\nError message: \
         Not authorized to perform sts:AssumeRoleWithWebIdentity\n6 response headers:\nconnection : close",
    ),
    (
        DENIED,
        "Error: loading credentials: Not authorized to perform sts:AssumeRoleWithWebIdentity\n\nCaused by:\n    0: \
         service error\n    1: unhandled error (AccessDenied): Not authorized to perform \
         sts:AssumeRoleWithWebIdentity",
    ),
    (
        DENIED,
        "java.lang.RuntimeException: Not authorized to perform sts:AssumeRoleWithWebIdentity\n\tat \
         a.B.c(D.java:1)\nWrapped by: a.b.StartException: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\n\tat a.B.d(D.java:2)",
    ),
    (
        DENIED,
        "╷\n│ Error: configuring Terraform AWS Provider: validating provider credentials: retrieving caller\n│ \
         identity from STS: operation error STS: GetCallerIdentity, get identity: get credentials: failed to\n│ \
         refresh cached credentials, failed to retrieve credentials, operation error STS:\n│ \
         AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID:\n│ \
         d8ee3773-aaaa-bbbb-cccc-0123456789ab, api error AccessDenied: Not authorized to\n│ perform \
         sts:AssumeRoleWithWebIdentity\n│ \n│   with provider[\"registry.terraform.io/hashicorp/aws\"],\n│   on \
         main.tf line 1, in provider \"aws\":\n╵",
    ),
];

#[test]
fn a_stack_of_any_client_is_one_failure() {
    for (symptom, stack) in STACKS {
        tells(stack, &[(*symptom, 1)]);
        let log = format!("starting\n{stack}\nretrying\n{stack}\n");
        tells(&log, &[(*symptom, 2)]);
        assert!(scan(&log).causes[0].request_ids.len() <= 1);
    }
}

#[test]
fn a_stack_survives_every_dress() {
    let dress = |stack: &str, f: &dyn Fn(&str) -> String| stack.lines().map(f).collect::<String>();
    let json = |line: &str| serde_json::to_string(line).unwrap();
    for (symptom, stack) in STACKS {
        let dresses: [(&str, String); 13] = [
            ("CRI", dress(stack, &|l| format!("2026-11-23T10:00:00.000000000Z stderr F {l}\n"))),
            (
                "json-file",
                dress(stack, &|l| {
                    format!(
                        "{{\"log\":{},\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00.000000000Z\"}}\n",
                        json(&format!("{l}\n"))
                    )
                }),
            ),
            ("--timestamps", dress(stack, &|l| format!("2026-11-23T10:00:00.000000000Z {l}\n"))),
            ("--prefix", dress(stack, &|l| format!("[pod/app-6d9f-abcde/app] {l}\n"))),
            (
                "--prefix --timestamps",
                dress(stack, &|l| format!("[pod/app-6d9f-abcde/app] 2026-11-23T10:00:00.000000000Z {l}\n")),
            ),
            ("compose", dress(stack, &|l| format!("app-1  | {l}\n"))),
            ("journalctl", dress(stack, &|l| format!("Nov 23 10:00:00 ip-10-0-0-1 kubelet[123]: {l}\n"))),
            ("GitHub", dress(stack, &|l| format!("2026-11-23T10:00:00.1234567Z {l}\n"))),
            ("Windows", stack.replace('\n', "\r\n")),
            ("one JSON line", format!("{{\"level\":\"error\",\"ts\":1763892000.5,\"msg\":{}}}\n", json(stack))),
            (
                "twice JSON",
                format!(
                    "{{\"log\":{},\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\"}}\n",
                    json(&format!("{{\"level\":\"error\",\"msg\":{}}}\n", json(stack)))
                ),
            ),
            (
                "Fluent Bit",
                format!(
                    "{{\"date\":1763892000.1,\"log\":{},\"kubernetes\":{{\"pod_name\":\"p\"}}}}\n",
                    json(&format!("2026-11-23T10:00:00.000000000Z stderr F {{\"msg\":{}}}", json(stack)))
                ),
            ),
            (
                "thrice JSON",
                format!(
                    "{{\"kubernetes\":{{\"pod\":\"p\"}},\"log\":{}}}\n",
                    json(&format!("{{\"level\":\"error\",\"error\":{{\"inner\":{}}}}}", json(stack)))
                ),
            ),
        ];
        for (name, log) in dresses {
            let found = counts(&scan(&format!("{log}next\n{log}")));
            assert_eq!(found, [(*symptom, 2)], "{name}:\n{log}");
        }
    }
}

#[test]
fn times_come_from_the_dress_too() {
    let line = "InvalidIdentityToken: Incorrect token audience";
    for log in [
        format!("[pod/a-very-long-name-of-a-pod-6d9f7c-abcde/and-of-its-container] 2026-11-23T10:00:00.5Z {line}\n"),
        format!("{{\"log\":\"{line}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00.500000001Z\"}}\n"),
        format!(
            "{{\"MESSAGE\":\"{line}\",\"_HOSTNAME\":\"ip-10-0-0-1\",\"__REALTIME_TIMESTAMP\":\"1795428000500000\"}}\n"
        ),
        format!("{{\"level\":\"error\",\"ts\":1795428000.5,\"msg\":\"{line}\"}}\n"),
        format!("2026-11-23 11:00:00.500 +0100 ERROR {line}\n"),
        format!("2026-11-23T15:30:00.500+05:30 ERROR {line}\n"),
        format!("[2026/11/23 10:00:00.5] [error] {line}\n"),
    ] {
        let summary = scan(&log);
        assert_eq!(summary.causes[0].first.as_deref(), Some("2026-11-23T10:00:00.500Z"), "{log}");
    }
}

#[test]
fn partial_records_are_joined() {
    tells(
        "2026-11-23T10:00:00Z stderr P InvalidIdentityToken: Incorrect token \n2026-11-23T10:00:00Z stderr P \
         aud\n2026-11-23T10:00:00Z stderr F ience\n",
        &[(Symptom::IncorrectAudience, 1)],
    );
    // Docker cuts at 16 KiB.
    let record = |log: &str| format!("{{\"log\":\"{log}\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\"}}\n");
    let head = format!("{} InvalidIdentityToken: Incorrect token ", "x".repeat(16_384 - 44));
    tells(&[record(&head), record("audience\\n")].concat(), &[(Symptom::IncorrectAudience, 1)]);
    // A shipper that takes the line's end off writes one record for each line all the same.
    let line = record("InvalidIdentityToken: Incorrect token audience");
    tells(&line.repeat(3), &[(Symptom::IncorrectAudience, 3)]);
}

#[test]
fn utf_16_is_read() {
    let log = format!("all is well\r\n{}\r\nnext 🦀\r\n", STACKS[0].1.replace('\n', "\r\n"));
    for marked in [true, false] {
        let text = if marked { format!("\u{feff}{log}") } else { log.clone() };
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            let summary = scan_reader(bytes.as_slice()).unwrap();
            assert_eq!(counts(&summary), [(Symptom::ThumbprintMismatch, 1)]);
            scan_reader(bytes.get(..bytes.len() - 1).unwrap()).unwrap();
        }
    }
}
