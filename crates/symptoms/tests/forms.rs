//! Forms in which runners, boxes and SDKs put a failure: each is read as one, with what it means.

use trustwalk_symptoms::{Sdk, Symptom as S, classify, classify_all};

/// Meaning, words, source.
const TABLE: &[(S, &str, &str)] = &[
    (
        S::SessionNameInvalid,
        "Error [CredentialsError]: Missing credentials in config, if using AWS_CONFIG_FILE, set \
         AWS_SDK_LOAD_CONFIG=1\n    at Request.extractError \
         (/var/runtime/node_modules/aws-sdk/lib/protocol/query.js:50:29)\n  \
         code: 'CredentialsError',\n  originalError: {\n    message: 'Could not load credentials from \
         ChainableTemporaryCredentials',\n    originalError: {\n      message: \"1 validation error detected: Value \
         'a/b' at 'roleSessionName' failed to satisfy constraint\",\n      code: 'ValidationError'\n    }\n  }\n}",
        "SDK for JavaScript 2; aws-cdk 16680",
    ),
    (
        S::TokenFileUnreadable,
        "CredentialsError: Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1\n    at \
         Object.openSync (fs.js:462:3)\n  errno: -13,\n  code: 'CredentialsError',\n  path: \
         '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',\n  originalError: {\n    code: 'EACCES'\n  }",
        "SDK for JavaScript 2",
    ),
    (
        S::WebIdentityOther,
        "Error: Could not load credentials from TokenFileWebIdentityCredentials",
        "SDK for JavaScript 2, token_file_web_identity_credentials.js",
    ),
    (
        S::StsModuleMissing,
        "CredentialsProviderError: Role Arn 'arn:aws:iam::111122223333:role/app' needs to be assumed with web \
         identity, but no role assumption callback was provided.",
        "SDK for JavaScript 3, fromWebToken",
    ),
    (
        S::WebIdentityNotGiven,
        "botocore.exceptions.InvalidConfigError: The provided profile or the current environment is configured to \
         assume role with web identity but has no role ARN configured. Ensure that the profile has the \
         role_arnconfiguration set or the AWS_ROLE_ARN env var is set.",
        "botocore, AssumeRoleWithWebIdentityProvider",
    ),
    (S::WebIdentityNotGiven, "panic: WebIdentityErr: role ARN is not set", "SDK for Go 1, WebIdentityEmptyRoleARNErr"),
    (
        S::WebIdentityNotGiven,
        "WebIdentityErr: token file path is not set",
        "SDK for Go 1, WebIdentityEmptyTokenFilePathErr",
    ),
    (S::WebIdentityNotGiven, "unable to load AWS config: token file path is not set", "SDK for Go 2, config"),
    (
        S::NotAuthorizedWebIdentity,
        "2026-11-23 10:00:03.100 │ Error: operation error STS: AssumeRoleWithWebIdentity, api error AccessDenied: \
         Not\n\
         2026-11-23 10:00:03.100 │ authorized to perform sts:AssumeRoleWithWebIdentity",
        "Terraform's box, each line behind a time",
    ),
    (
        S::NotAuthorizedWebIdentity,
        "10:00:03.100 STDERR terraform: │ Error: operation error STS: AssumeRoleWithWebIdentity, api error \
         AccessDenied: Not\n10:00:03.100 STDERR terraform: │ authorized to perform sts:AssumeRoleWithWebIdentity",
        "Terraform below Terragrunt",
    ),
    (
        S::NotAuthorizedWebIdentity,
        "[31m│[0m [0mError: operation error STS: AssumeRoleWithWebIdentity, api error AccessDenied: Not\n[31m│[0m \
         [0mauthorized to perform sts:AssumeRoleWithWebIdentity",
        "Terraform's box, copied from a page",
    ),
    (
        S::NotAuthorizedWebIdentity,
        "\u{fffd}\u{fffd}\u{fffd} Error: operation error STS: AssumeRoleWithWebIdentity, api error AccessDenied: \
         Not\n\u{fffd}\u{fffd}\u{fffd} authorized to perform sts:AssumeRoleWithWebIdentity",
        "Terraform's box without its encoding; terrakube 1955",
    ),
    (
        S::KeysUnavailable,
        "Error: error configuring Terraform AWS Provider: no valid credential sources for Terraform AWS Provider \
         found.\n\nPlease see https://registry.terraform.io/providers/hashicorp/aws\nfor more information about \
         providing credentials.\n\nError: WebIdentityErr: failed to retrieve credentials\ncaused by: \
         InvalidIdentityToken: \
         Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
         documentation for requirements\n\tstatus code: 400, request id: a85273fb-007a-49e0-91ae-0fe658afa680",
        "Terraform without a box; terraform-provider-aws 27071",
    ),
    (S::StsRegionMissing, "##[error]Region is not valid: EU-WEST-1", "configure-aws-credentials, index.ts"),
    (S::SessionNameInvalid, "##[error]Role session name is not valid: a b", "configure-aws-credentials 1765"),
    (
        S::GhaIdTokenUnavailable,
        "It looks like you might be trying to authenticate with OIDC. Did you mean to set the `id-token` permission? \
         If you are not trying to authenticate with OIDC and the action is working successfully, you can ignore \
         this message.",
        "configure-aws-credentials, index.ts",
    ),
    (
        S::StsServerError,
        "software.amazon.awssdk.services.sts.model.StsException: Service Unavailable (Service: Sts, Status Code: 503, \
         Request ID: null)",
        "SDK for Java 2",
    ),
    (
        S::StsServerError,
        "com.amazonaws.services.securitytoken.model.AWSSecurityTokenServiceException: Service Unavailable (Service: \
         AWSSecurityTokenService; Status Code: 503; Error Code: 503 Service Unavailable; Request ID: null)",
        "SDK for Java 1",
    ),
    (
        S::AccessDeniedAction,
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to \
         perform: sts:TagSession",
        "botocore",
    ),
    (
        S::PodIdentityAccessDenied,
        "operation error EKS Auth: AssumeRoleForPodIdentity, https response error StatusCode: 403, RequestID: \
         4a8524d5-0000-4000-8000-fd823d1b8661, AccessDeniedException: User: \
         arn:aws:sts::111122223333:assumed-role/workers/i-0123456789abcdef0 is not authorized to perform: \
         eks-auth:AssumeRoleForPodIdentity on resource: arn:aws:eks:us-west-2:111122223333:cluster/main",
        "the Pod Identity agent, in IAM's words",
    ),
    (S::AccessDeniedAction, "Could not assume role with OIDC: Not authorized to perform sts:TagSession", "the action"),
    (
        S::AccessDeniedAction,
        "S3Exception: Access Denied (Service: S3, Status Code: 403, Request ID: X, Extended Request ID: y)",
        "SDK for Java 2",
    ),
    (
        S::AccessDeniedAction,
        "com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403; Error \
         Code: 403 Forbidden; Request ID: X)",
        "SDK for Java 1",
    ),
    (S::AccessDeniedAction, "Amazon.S3.AmazonS3Exception: Access Denied", "SDK for .NET"),
    (
        S::AccessDeniedAction,
        "Error: reading S3 Bucket (b): operation error S3: HeadBucket, https response error StatusCode: 403, \
         RequestID: X, HostID: y, api error Forbidden: Forbidden",
        "SDK for Go 2, below Terraform",
    ),
    (S::AccessDeniedAction, "Forbidden: Forbidden\n\tstatus code: 403, request id: X, host id: y=", "SDK for Go 1"),
    (
        S::AccessDeniedAction,
        "HTTP Error: HTTP GET error on 'https://data.s3.amazonaws.com/a.csv' (HTTP 403)",
        "DuckDB, httpfs, which asks without credentials; duckdb-aws 31 and 72",
    ),
    (
        S::SecurityTokenInvalid,
        "operation error EC2: DescribeInstanceTypes, https response error StatusCode: 401, RequestID: x, api error \
         AuthFailure: AWS was not able to validate the provided access credentials",
        "EC2 API reference, error codes, AuthFailure; SDK for Go 2",
    ),
    (
        S::RoleArnInvalid,
        "Parameter validation failed: Invalid type for parameter RoleArn, value: None, type: <class 'NoneType'>, valid \
         types: <class 'str'>",
        "botocore/validate.py",
    ),
    (
        S::AccessDeniedAction,
        "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden",
        "AWS CLI",
    ),
];

#[test]
fn every_form_is_one_failure_with_its_meaning() {
    for (want, text, source) in TABLE {
        let got: Vec<S> = classify_all(text).into_iter().map(|f| f.symptom).collect();
        assert_eq!(got, [*want], "[{source}] {text}");
        let found = trustwalk_logs::scan_reader(format!("first line\n{text}\nlast line\n").as_bytes()).unwrap();
        let scanned: Vec<S> = found.causes.iter().map(|c| c.failure.symptom).collect();
        assert_eq!(scanned, [*want], "[{source}] {text}\n{:?}", found.unclear);
    }
}

#[test]
fn what_is_refused_is_named() {
    for (text, action) in [
        ("An error occurred (403) when calling the HeadObject operation: Forbidden", "s3:GetObject"),
        ("An error occurred (AccessDenied) when calling the PutObject operation: Access Denied", "s3:PutObject"),
        ("Could not assume role with OIDC: Not authorized to perform sts:TagSession", "sts:TagSession"),
    ] {
        assert_eq!(classify(text).and_then(|f| f.denied_action).as_deref(), Some(action), "{text}");
    }
    let region = classify("Error: Region is not valid: EU-WEST-1").and_then(|f| f.detail);
    assert_eq!(region.as_deref(), Some("EU-WEST-1"));
    let old = classify("CredentialsError: Missing credentials in config").and_then(|f| f.sdk);
    assert_eq!(old, Some(Sdk::JavaScript));
}

#[test]
fn the_same_words_of_others_mean_nothing() {
    for text in [
        "403 Forbidden: access denied to /admin",
        "Forbidden: Forbidden by the proxy",
        "HTTP GET error on 'https://example.com/a.csv' (HTTP 403)",
        "An error occurred (404) when calling the HeadObject operation: Not Found",
        "role session name is set to app",
        "region is not valid for shipping: EU",
        "com.example.PaymentException: Service Unavailable (Service: Payments, Status Code: 503)",
        "Please see https://example.com/docs for more information",
    ] {
        assert_eq!(classify_all(text), vec![], "{text}");
    }
}
