//! Words of a failure that are quoted, and near to each the same words where they happened.

use trustwalk_symptoms::Dress::{self, Code, Command, Comment, Expectation, Pattern, Prose};
use trustwalk_symptoms::Symptom::{self, IncorrectAudience, NoProvider, NotAuthorizedWebIdentity};
use trustwalk_symptoms::{classify, read};

const QUOTED: &[(Dress, Symptom, &str)] = &[
    // Comments and headings.
    (
        Comment,
        NoProvider,
        "# runbook: when you see \"InvalidIdentityToken: No OpenIDConnect provider found in your account\" register it",
    ),
    (Comment, NoProvider, "  // STS says InvalidIdentityToken: No OpenIDConnect provider found in your account here"),
    (Comment, IncorrectAudience, "-- InvalidIdentityToken: Incorrect token audience"),
    (Comment, IncorrectAudience, "/* InvalidIdentityToken: Incorrect token audience */"),
    (Comment, IncorrectAudience, "<!-- InvalidIdentityToken: Incorrect token audience -->"),
    (Comment, IncorrectAudience, "2026-11-23T10:00:00Z # InvalidIdentityToken: Incorrect token audience"),
    (Comment, IncorrectAudience, "2026-11-23T10:00:00.1Z stdout F # InvalidIdentityToken: Incorrect token audience"),
    (Comment, IncorrectAudience, "## InvalidIdentityToken: Incorrect token audience"),
    (
        Comment,
        IncorrectAudience,
        "  audience: sts.amazonaws.com  # else InvalidIdentityToken: Incorrect token audience",
    ),
    (
        Comment,
        IncorrectAudience,
        "login(role); // InvalidIdentityToken: Incorrect token audience if the id is not there",
    ),
    (
        Comment,
        NotAuthorizedWebIdentity,
        "# {\"error\": \"AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\"}",
    ),
    // Commands that were printed before they ran.
    (Command, NoProvider, "+ grep -q 'InvalidIdentityToken: No OpenIDConnect provider found in your account' out.log"),
    (Command, NoProvider, "++ echo \"InvalidIdentityToken: No OpenIDConnect provider found in your account\""),
    (Command, NoProvider, "$ kubectl logs app | grep 'No OpenIDConnect provider found in your account'"),
    (Command, NoProvider, "kubectl logs deploy/app | grep -c 'No OpenIDConnect provider found in your account'"),
    (Command, NoProvider, "grep: No OpenIDConnect provider found in your account: No such file or directory"),
    (Command, NoProvider, " 1042  rg 'No OpenIDConnect provider found in your account' ."),
    (Command, IncorrectAudience, "##[group]Run test \"$x\" != 'InvalidIdentityToken: Incorrect token audience'"),
    (Command, IncorrectAudience, "[command]/usr/bin/grep InvalidIdentityToken: Incorrect token audience"),
    (
        Command,
        NoProvider,
        "$ grep -c An error occurred (InvalidIdentityToken) No OpenIDConnect provider found in your account",
    ),
    (
        Command,
        NotAuthorizedWebIdentity,
        "$ echo An error occurred (AccessDenied): Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        Command,
        NotAuthorizedWebIdentity,
        "$ ./wait-for 'An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
         authorized to perform sts:AssumeRoleWithWebIdentity'",
    ),
    // Source code.
    (Code, NoProvider, "    if \"No OpenIDConnect provider found in your account\" in str(e):"),
    (Code, NoProvider, "  throw new Error('InvalidIdentityToken: No OpenIDConnect provider found in your account');"),
    (Code, NoProvider, "    raise RuntimeError(\"No OpenIDConnect provider found in your account\")"),
    (Code, NoProvider, "\tErrNoProvider = errors.New(\"No OpenIDConnect provider found in your account\")"),
    (Code, NoProvider, "NO_PROVIDER = \"InvalidIdentityToken: No OpenIDConnect provider found in your account\""),
    (Code, NoProvider, "case \"No OpenIDConnect provider found in your account\":"),
    (Code, NoProvider, "  \"InvalidIdentityToken: No OpenIDConnect provider found in your account\": \"register it\","),
    (Code, IncorrectAudience, "if strings.Contains(err.Error(), \"Incorrect token audience\") {"),
    (Code, IncorrectAudience, "{app=\"x\"} |= \"InvalidIdentityToken: Incorrect token audience\""),
    (
        Code,
        IncorrectAudience,
        "select * from log where message like '%InvalidIdentityToken: Incorrect token audience%'",
    ),
    // What tests expect.
    (
        Expectation,
        NotAuthorizedWebIdentity,
        "AssertionError: assert 'Not authorized to perform sts:AssumeRoleWithWebIdentity' in 'ok'",
    ),
    (
        Expectation,
        NotAuthorizedWebIdentity,
        "E       AssertionError: assert 'Not authorized to perform sts:AssumeRoleWithWebIdentity' in ''",
    ),
    (
        Expectation,
        NotAuthorizedWebIdentity,
        "sts_test.go:31: expected error \"AccessDenied: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\", got nil",
    ),
    (
        Expectation,
        NotAuthorizedWebIdentity,
        "    Expected substring: \"Not authorized to perform sts:AssumeRoleWithWebIdentity\"",
    ),
    (
        Expectation,
        NotAuthorizedWebIdentity,
        "2026-11-23 10:00:00 denied as expected: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (Expectation, IncorrectAudience, "\u{2713} says InvalidIdentityToken: Incorrect token audience (12 ms)"),
    (Expectation, IncorrectAudience, "ok 12 - InvalidIdentityToken: Incorrect token audience"),
    (Expectation, IncorrectAudience, "test_sts.py::test[InvalidIdentityToken: Incorrect token audience] PASSED"),
    (
        Pattern,
        IncorrectAudience,
        "with pytest.raises(ClientError, match=\"InvalidIdentityToken: Incorrect token audience\"):",
    ),
    (Code, IncorrectAudience, ">       assert \"InvalidIdentityToken: Incorrect token audience\" in str(e.value)"),
    // Rules, queries, descriptions.
    (Pattern, IncorrectAudience, "      expr: count_over_time({a=\"x\"} |= \"Incorrect token audience\" [5m]) > 0"),
    (Pattern, IncorrectAudience, "- alert: InvalidIdentityToken: Incorrect token audience"),
    (
        Pattern,
        IncorrectAudience,
        "  description: 'InvalidIdentityToken: Incorrect token audience in {{ $labels.pod }}'",
    ),
    (Pattern, IncorrectAudience, "filter_pattern = \"InvalidIdentityToken: Incorrect token audience\""),
    (
        Pattern,
        IncorrectAudience,
        "level=info msg=\"executing query\" query=\"{a=\\\"x\\\"} |= \\\"Incorrect token audience\\\"\" length=1h",
    ),
    (
        Pattern,
        IncorrectAudience,
        "{\"level\":\"info\",\"msg\":\"search\",\"query\":\"InvalidIdentityToken: Incorrect token audience\"}",
    ),
    (
        Pattern,
        IncorrectAudience,
        "{\"status\":\"firing\",\"annotations\":{\"summary\":\"InvalidIdentityToken: Incorrect token audience\"}}",
    ),
    (
        Pattern,
        NotAuthorizedWebIdentity,
        "  description: 'An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
         authorized to perform sts:AssumeRoleWithWebIdentity, in {{ $labels.pod }}'",
    ),
    (Pattern, IncorrectAudience, "  description: InvalidIdentityToken: Incorrect token audience"),
    (Pattern, IncorrectAudience, "  summary: \"InvalidIdentityToken: Incorrect token audience\""),
    // Words to a reader.
    (Prose, IncorrectAudience, "Note: InvalidIdentityToken: Incorrect token audience means that the id is missing"),
    (Prose, IncorrectAudience, "Symptom: An error occurred (InvalidIdentityToken): Incorrect token audience"),
    (
        Prose,
        NoProvider,
        "If you see InvalidIdentityToken: No OpenIDConnect provider found in your account, register it.",
    ),
    (Prose, NoProvider, "- When the log says \"No OpenIDConnect provider found in your account\", register the issuer"),
    (Prose, NoProvider, "You get `InvalidIdentityToken: No OpenIDConnect provider found in your account` without it."),
    (Prose, NoProvider, "| InvalidIdentityToken: No OpenIDConnect provider found in your account | register | TW021 |"),
    (Prose, NoProvider, "* **InvalidIdentityToken: No OpenIDConnect provider found in your account**: register it"),
    (Prose, NoProvider, "<li>InvalidIdentityToken: No OpenIDConnect provider found in your account</li>"),
];

#[test]
fn what_is_only_quoted_did_not_happen() {
    for (dress, symptom, text) in QUOTED {
        let told = read(text);
        let found: Vec<_> = told.failures.iter().map(|f| f.symptom).collect();
        assert!(found.is_empty(), "{text}\n{found:?}");
        let mentions: Vec<_> = told.mentions.iter().map(|m| (m.dress, m.symptom)).collect();
        assert!(mentions.contains(&(*dress, *symptom)), "{text}\n{mentions:?}");
        assert!(told.unclear.is_none(), "{text}\n{told:?}");
        // Whoever asks what the words mean is told so.
        assert_eq!(classify(text).map(|f| f.symptom), told.mentions.first().map(|m| m.symptom), "{text}");
    }
}

const HAPPENED: &[(Symptom, &str)] = &[
    // Go's %q and records of loggers.
    (
        NotAuthorizedWebIdentity,
        "level=error msg=\"sync failed\" err=\"AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\"",
    ),
    (
        NotAuthorizedWebIdentity,
        "level=info msg=\"retry\" err=\"AccessDenied: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\" query=\"a\"",
    ),
    (
        NotAuthorizedWebIdentity,
        "time=\"2026-11-23T10:00:00Z\" level=info msg=\"got \\\"Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\\\"\"",
    ),
    (
        NotAuthorizedWebIdentity,
        "E1123 10:00:00.000000       1 controller.go:12] \"Reconciler error\" err=\"AccessDenied: Not authorized to \
         perform sts:AssumeRoleWithWebIdentity\" controller=\"x\"",
    ),
    (
        NotAuthorizedWebIdentity,
        "2026/11/23 10:00:00 get a session: \"AccessDenied: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\" (attempt 3)",
    ),
    (
        NoProvider,
        "{\"level\":\"error\",\"msg\":\"x\",\"error\":\"InvalidIdentityToken: No OpenIDConnect provider found\"}",
    ),
    (
        NoProvider,
        "{\"level\":\"info\",\"msg\":\"assume: InvalidIdentityToken: No OpenIDConnect provider found in your \
         account\"}",
    ),
    (
        NoProvider,
        "{\"level\":\"error\",\"description\":\"InvalidIdentityToken: No OpenIDConnect provider found in your \
         account\"}",
    ),
    (
        NoProvider,
        "{\"log\":\"InvalidIdentityToken: No OpenIDConnect provider found in your account\\n\",\"stream\":\"stderr\",\
         \"time\":\"2026-11-23T10:00:00Z\"}",
    ),
    // Exceptions' own words.
    (
        NoProvider,
        "botocore.errorfactory.InvalidIdentityTokenException: An error occurred (InvalidIdentityToken) when \
         calling the \
         AssumeRoleWithWebIdentity operation: No OpenIDConnect provider found in your account for https://a.example",
    ),
    (
        NoProvider,
        "E   botocore.exceptions.ClientError: An error occurred (InvalidIdentityToken) when calling the \
         AssumeRoleWithWebIdentity operation: No OpenIDConnect provider found in your account",
    ),
    (
        NoProvider,
        "ClientError('An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity \
         operation: No \
         OpenIDConnect provider found in your account')",
    ),
    (
        NoProvider,
        "Unhandled(Unhandled { source: ErrorMetadata { code: Some(\"InvalidIdentityToken\"), message: Some(\"No \
         OpenIDConnect provider found in your account\") } })",
    ),
    (
        NoProvider,
        "Caused by: software.amazon.awssdk.services.sts.model.InvalidIdentityTokenException: No OpenIDConnect provider \
         found in your account for x (Service: Sts, Status Code: 400)",
    ),
    (
        NoProvider,
        "/gems/raise_response_errors.rb:17:in `call': No OpenIDConnect provider found in your account for x \
         (Aws::STS::Errors::InvalidIdentityToken)",
    ),
    (
        NoProvider,
        "thread 'main' panicked at 'called `Result::unwrap()` on an `Err` value: InvalidIdentityToken: No \
         OpenIDConnect \
         provider found in your account', src/main.rs:5:10",
    ),
    (NoProvider, "panic: InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    (
        NoProvider,
        "Uncaught Aws\\Sts\\Exception\\StsException: InvalidIdentityToken (client): No OpenIDConnect provider found in \
         your account - <Message>No OpenIDConnect provider found</Message>",
    ),
    (
        NoProvider,
        "Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in main\n    raise \
         RuntimeError(\"No OpenIDConnect provider found in your account\")\nRuntimeError: No OpenIDConnect \
          provider found \
         in your account",
    ),
    (NoProvider, "# see the runbook\nInvalidIdentityToken: No OpenIDConnect provider found in your account"),
    // What somebody says that he met.
    (NoProvider, "<alice> anyone else with InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    (NoProvider, "hey, deployment/ledger says InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    (NoProvider, "When I run it, I get \"InvalidIdentityToken: No OpenIDConnect provider found in your account\""),
    (NoProvider, "Why do our pods say InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    (NoProvider, "the pods log `InvalidIdentityToken: No OpenIDConnect provider found in your account`"),
    (NoProvider, "**Error**: InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    (
        NoProvider,
        "{\"user\":\"U1\",\"message\":\"why does it say InvalidIdentityToken: No OpenIDConnect provider found in \
         your account\"}",
    ),
    (
        NoProvider,
        "{\"text\":\"it says InvalidIdentityToken: No OpenIDConnect provider found in your account\",\"record\":{}}",
    ),
    (
        NotAuthorizedWebIdentity,
        "for cluster \"a\": AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity (attempt 3)",
    ),
    (NoProvider, "test of the login: InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    (NoProvider, "when calling the operation: InvalidIdentityToken: No OpenIDConnect provider found in your account"),
    // An event's message is its note (Kubernetes API reference, `events.k8s.io/v1`).
    (
        NoProvider,
        "{\"type\":\"Warning\",\"note\":\"InvalidIdentityToken: No OpenIDConnect provider found in your account\"}",
    ),
    // A command with its output behind it.
    (
        NotAuthorizedWebIdentity,
        "$ aws sts get-caller-identity An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity \
         operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        NoProvider,
        "+ terraform plan -out 'a b' Error: configuring the provider: InvalidIdentityToken: No OpenIDConnect provider \
         found in your account",
    ),
    // Descriptions and notes that carry what only a happening has.
    (
        NotAuthorizedWebIdentity,
        "description: An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
         authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        NotAuthorizedWebIdentity,
        "Note: An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized \
         to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        NotAuthorizedWebIdentity,
        "    description: \"sync: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity, status code: \
         403, request id: 3714365f-c50b-4cae-b958-917eb6a34b50\"",
    ),
    (
        NotAuthorizedWebIdentity,
        "2026-11-23T10:00:00Z note: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        NotAuthorizedWebIdentity,
        "{\"description\":\"AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity, request id: \
         3714365f-c50b-4cae-b958-917eb6a34b50\",\"state\":\"stopped\"}",
    ),
    // Events, conditions, runners, boxes, what is pasted in an issue.
    (
        IncorrectAudience,
        "  Warning  SyncFailed  3m (x5 over 10m)  controller  could not sync \"a\": InvalidIdentityToken: \
         Incorrect token audience",
    ),
    (IncorrectAudience, "    message: 'InvalidIdentityToken: Incorrect token audience'"),
    (IncorrectAudience, "    reason: \"InvalidIdentityToken: Incorrect token audience\""),
    (IncorrectAudience, "  lastError: InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "##[error]Could not assume role with OIDC: Incorrect token audience"),
    (IncorrectAudience, "2026-11-23T10:00:00.0Z ##[error]InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "::error::Could not assume role with OIDC: Incorrect token audience"),
    (IncorrectAudience, "Error: Could not assume role with OIDC: Incorrect token audience"),
    (
        IncorrectAudience,
        "\u{2502} Error: Cannot assume IAM Role\n\u{2502} \n\u{2502} InvalidIdentityToken: Incorrect token audience",
    ),
    (IncorrectAudience, "> InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "    InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "\"InvalidIdentityToken: Incorrect token audience\""),
    (IncorrectAudience, "#12 3.456 botocore.exceptions.ClientError: InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "#0 InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "<Error><Code>InvalidIdentityToken</Code><Message>Incorrect token audience</Message></Error>"),
    (IncorrectAudience, "  * provider.aws: InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "--- InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "expected nil, got InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "ERROR when the role was assumed: InvalidIdentityToken: Incorrect token audience"),
    (IncorrectAudience, "Failed to test credentials (\"InvalidIdentityToken: Incorrect token audience\")"),
    (
        NotAuthorizedWebIdentity,
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not \
         authorized to perform \
         sts:AssumeRoleWithWebIdentity",
    ),
];

#[test]
fn what_happened_stays_a_failure_however_it_is_quoted() {
    for (symptom, text) in HAPPENED {
        let told = read(text);
        let found: Vec<_> = told.failures.iter().map(|f| f.symptom).collect();
        assert!(found.contains(symptom), "{text}\n{found:?} {:?}", told.mentions);
        assert!(!told.mentions.iter().any(|m| m.symptom == *symptom), "{text}\n{:?}", told.mentions);
    }
}

#[test]
fn of_what_was_expected_and_what_came_the_latter_happened() {
    let told = read(
        "x_test.go:9: expected \"InvalidIdentityToken: Incorrect token audience\" but got \
         \"InvalidIdentityToken: No OpenIDConnect provider found in your account\"",
    );
    assert_eq!(told.failures.iter().map(|f| f.symptom).collect::<Vec<_>>(), [NoProvider]);
    assert_eq!(told.mentions.iter().map(|m| m.symptom).collect::<Vec<_>>(), [IncorrectAudience]);
}

#[test]
fn what_a_comment_names_is_no_part_of_the_failure_below_it() {
    let told = read(
        "# arn:aws:iam::111122223333:role/other: InvalidIdentityToken: Incorrect token audience\n  caused by: \
         InvalidIdentityToken: Incorrect token audience",
    );
    assert_eq!(told.failures.len(), 1);
    assert_eq!(told.failures[0].role_arn, None);
}
