//! Each client's wording of each failure gives the meaning a person would give it.

use trustwalk_symptoms::{Sdk, Symptom, classify, classify_all};

const TABLE: &[(Symptom, &str)] = &[
    (
        Symptom::ThumbprintMismatch,
        "WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: OpenIDConnect provider's \
         HTTPS certificate doesn't match configured thumbprint\n\tstatus code: 400, request id: \
         3714365f-c50b-4cae-b958-917eb6a34b50",
    ),
    (
        Symptom::ThumbprintMismatch,
        "{\"level\":\"error\",\"ts\":\"2020-06-24T11:33:51.190Z\",\"caller\":\"x.go:1\",\"msg\":\"Failed to call \
         ec2:DescribeNetworkInterfaces for [eni-1]: WebIdentityErr: failed to retrieve credentials\\ncaused by: \
         InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured \
         thumbprint\\n\\tstatus code: 400, request id: 3714365f-c50b-4cae-b958-917eb6a34b50\"}",
    ),
    (
        Symptom::NoProvider,
        "operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of attempts, 3, https response \
         error StatusCode: 400, RequestID: 15810d8a-aaaa-bbbb-cccc-0123456789ab, InvalidIdentityToken: No \
         OpenIDConnect provider found in your account for \
         https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    ),
    (
        Symptom::IncorrectAudience,
        "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect \
         token audience",
    ),
    (
        Symptom::TokenNotValidated,
        "aws: [ERROR]: An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity \
         operation: The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity \
         documentation for requirements.",
    ),
    (
        Symptom::KeysUnavailable,
        "service error: InvalidIdentityTokenException: Couldn't retrieve verification key from your identity \
         provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    ),
    (
        Symptom::ExpiredToken,
        "An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: Token \
         expired: current date/time 1700000000 must be before the expiration date/time 1699999000",
    ),
    (
        Symptom::NotAJwt,
        "Error: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    ),
    (Symptom::MissingClaim, "Aws::STS::Errors::InvalidIdentityToken (Missing a required claim: aud)"),
    (
        Symptom::MultiAudienceWithoutAzp,
        "Token audience contains more than one audience while authorized party is not present",
    ),
    (Symptom::IssuedInFuture, "InvalidIdentityToken: Token issued in the future: 1800000000"),
    (
        Symptom::NotYetValid,
        "InvalidIdentityToken: Token not yet valid: current date/time 1 must be after or equal to the not-before \
         date/time 2",
    ),
    (
        Symptom::NotAuthorizedWebIdentity,
        "software.amazon.awssdk.services.sts.model.StsException: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity (Service: Sts, Status Code: 403, Request ID: \
         d8ee3773-aaaa-bbbb-cccc-0123456789ab, Extended Request ID: null)",
    ),
    (
        Symptom::NotAuthorizedWebIdentity,
        "operation error EC2: DescribeSubnets, get identity: get credentials: failed to refresh cached \
         credentials, failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https \
         response error StatusCode: 403, RequestID: d8ee3773-aaaa-bbbb-cccc-0123456789ab, api error AccessDenied: \
         Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        Symptom::NotAuthorizedWebIdentity,
        "Amazon.Runtime.AmazonClientException: Error calling AssumeRole for role \
         arn:aws:iam::111122223333:role/app ---> Amazon.SecurityToken.AmazonSecurityTokenServiceException: Not \
         authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    (
        Symptom::NotAuthorizedWebIdentity,
        "2026-11-23T10:00:00.1234567Z ##[error]Could not assume role with OIDC: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity",
    ),
    (Symptom::RoleArnInvalid, "ValidationError: Request ARN is invalid"),
    (
        Symptom::SessionNameInvalid,
        "1 validation error detected: Value 'a/b' at 'roleSessionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [\\w+=,.@-]*",
    ),
    (
        Symptom::DurationExceeds,
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    (
        Symptom::PackedPolicyTooLarge,
        "PackedPolicyTooLarge: Packed size of session tags consumes 498% of allotted space.",
    ),
    (
        Symptom::IdpRejected,
        "An error occurred (IDPRejectedClaim) when calling the AssumeRoleWithWebIdentity operation: claim expired",
    ),
    (
        Symptom::IdpCommunication,
        "An error occurred (IDPCommunicationError) when calling the AssumeRoleWithWebIdentity operation: x",
    ),
    (Symptom::RegionDisabled, "RegionDisabledException: STS is not activated in this region for account:111122223333"),
    (
        Symptom::TokenFileUnreadable,
        "WebIdentityErr: unable to read file at /var/run/secrets/eks.amazonaws.com/serviceaccount/token\ncaused \
         by: open /var/run/secrets/eks.amazonaws.com/serviceaccount/token: permission denied",
    ),
    (
        Symptom::TokenFileUnreadable,
        "cat: can't open '/var/run/secrets/eks.amazonaws.com/serviceaccount/token': Permission denied",
    ),
    (
        Symptom::TokenFileUnreadable,
        "failed to create new S3 client: WebIdentityErr: failed fetching WebIdentity token: open x: permission denied",
    ),
    (
        Symptom::TokenFileMissing,
        "open /var/run/secrets/eks.amazonaws.com/serviceaccount/token: no such file or directory",
    ),
    (
        Symptom::StsDns,
        "WebIdentityErr: failed to retrieve credentials caused by: RequestError: send request failed caused by: Post \
         \"https://sts.eu-west-1.amazonaws.com/\": dial tcp: i/o timeout",
    ),
    (
        Symptom::StsTimeout,
        "WebIdentityErr: failed to retrieve credentials caused by: RequestError: send request failed caused by: Post \
         \"https://sts.eu-west-1.amazonaws.com/\": dial tcp 10.1.2.3:443: i/o timeout",
    ),
    (
        Symptom::StsServerError,
        "operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of attempts, 3, https response \
         error StatusCode: 503, RequestID: , api error ServiceUnavailable: Service Unavailable",
    ),
    (
        Symptom::StsServerError,
        "An error occurred (InternalFailure) when calling the AssumeRoleWithWebIdentity operation (reached max \
         retries: 4): Internal Failure",
    ),
    (
        Symptom::StsGlobalEndpoint,
        "WebIdentityErr: failed to retrieve credentials: Post \"https://sts.amazonaws.com/\": dial tcp 1.2.3.4:443: \
         i/o timeout",
    ),
    (Symptom::StsGlobalEndpoint, r#"Could not connect to the endpoint URL: "https://sts.amazonaws.com/""#),
    (Symptom::StsDns, "dial tcp: lookup sts.us-east-1.amazonaws.com on 10.100.0.10:53: no such host"),
    (Symptom::StsDns, "getaddrinfo ENOTFOUND sts.us-east-1.amazonaws.com"),
    (Symptom::StsRefused, "connect ECONNREFUSED while calling https://sts.eu-west-1.amazonaws.com/"),
    (
        Symptom::StsProxyRefused,
        "STS failed to assume role from web identity: Unexpected response code for CONNECT: 403",
    ),
    (
        Symptom::StsProxyRefused,
        "Error: Could not assume role with OIDC: Proxy response (407) !== 200 when HTTP Tunneling",
    ),
    (Symptom::GhaTokenRefused, "##[error]Error message: Failed to get ID Token. "),
    (
        Symptom::StsTlsUntrusted,
        r#"Post "https://sts.us-east-1.amazonaws.com/": x509: certificate signed by unknown authority"#,
    ),
    (Symptom::StsTimeout, "Could not assume role with OIDC: connect ETIMEDOUT 1.2.3.4:443"),
    (Symptom::NoInstanceRole, "get credentials: failed to refresh cached credentials, no EC2 IMDS role found"),
    (Symptom::ImdsUnreachable, "operation error ec2imds: GetMetadata, canceled, context deadline exceeded"),
    (Symptom::NoCredentials, "botocore.exceptions.NoCredentialsError: Unable to locate credentials"),
    (
        Symptom::NoCredentials,
        "Error: Credentials could not be loaded, please check your action inputs: Could not load credentials from \
         any providers",
    ),
    (
        Symptom::StsModuleMissing,
        "WARN WebIdentityCredentialsUtils | To use web identity tokens, the 'sts' service module must be on the \
         class path.",
    ),
    (
        Symptom::PodIdentityHostRefused,
        "Ignoring, HTTP credential provider invalid endpoint host, \"169.254.170.23\", only loopback hosts are allowed",
    ),
    (
        Symptom::PodIdentityHostRefused,
        "Credentials could not be loaded: 169.254.170.23 is not a valid container metadata service hostname",
    ),
    (
        Symptom::PodIdentityTokenExpired,
        "Received non 200 response 400 from container metadata: (ExpiredTokenException): The token included in the \
         request is expired",
    ),
    (
        Symptom::PodIdentityTokenExpired,
        "Received non 200 response 400 from container metadata: Service account token failed basic claim \
         validations: token is expired",
    ),
    (
        Symptom::PodIdentityAgentUnreachable,
        "Get http://169.254.170.23/v1/credentials: dial tcp 169.254.170.23:80: connect: connection refused",
    ),
    (
        Symptom::NodeRoleUsed,
        "AccessDenied: User: \
         arn:aws:sts::111122223333:assumed-role/eksctl-c-NodeInstanceRole-ABC/i-0123456789abcdef0 is not \
         authorized to perform: secretsmanager:GetSecretValue on resource: x",
    ),
    (Symptom::AccessDeniedAction, "UnauthorizedOperation: You are not authorized to perform this operation."),
    (
        Symptom::AccessDeniedAction,
        "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/app/1700000000 is not authorized to perform: \
         s3:GetObject on resource: x",
    ),
    (
        Symptom::AssumeRoleSelf,
        "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/app/x is not authorized to perform: \
         sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app",
    ),
    (
        Symptom::AssumeRoleDenied,
        "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/app/x is not authorized to perform: \
         sts:AssumeRole on resource: arn:aws:iam::111122223333:role/other",
    ),
    (
        Symptom::NodeRoleUsed,
        "User: ...assumed-role/eksctl-c-NodeInstanceRole-X/i-... is not authorized to perform: \
         secretsmanager:GetSecretValue",
    ),
    (Symptom::AssumeRoleDenied, "Route53 challenge: Unable to assume role: AccessDenied"),
    (Symptom::GhaIdTokenUnavailable, "Error message: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable"),
    (Symptom::GhaTokenPending, "Can't issue ID_TOKEN for job in 'Pending' state"),
    (
        Symptom::FederatedInvalid,
        "MalformedPolicyDocument: Federated principals must be valid domain names or SAML metadata ARNs",
    ),
    (
        Symptom::MalformedPolicy,
        "An error occurred (MalformedPolicyDocument) when calling the UpdateAssumeRolePolicy operation: This \
         policy contains invalid Json",
    ),
    (Symptom::MalformedPolicy, "Invalid Condition type : ForAnyValueStringLike (Service: Iam, Status Code: 400)"),
    (
        Symptom::ProviderExists,
        "creating IAM OIDC Provider: operation error IAM: CreateOpenIDConnectProvider, https response error \
         StatusCode: 409, RequestID: 6d2849fc-aaaa-bbbb-cccc-0123456789ab, EntityAlreadyExists: Provider with url \
         https://idp.example/tenant already exists.",
    ),
    (Symptom::ProviderExists, "Provider with url https://idp.example/ already exists."),
    (Symptom::QuotaExceeded, "LimitExceeded: Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100"),
    (
        Symptom::DocumentsDenied,
        "upload failed: ./keys.json to s3://acme-oidc/openid/v1/jwks An error occurred (AccessDenied) when calling \
         the PutObject operation: Access Denied",
    ),
    (
        Symptom::AudienceNotIssued,
        "AADSTS500011: The resource principal named api://aws-sts was not found in the tenant named acme.",
    ),
    (
        Symptom::ApiTokenRefused,
        "E0101 10:00:00.000000 1 authentication.go:63] \"Unable to authenticate the request\" err=\"[invalid bearer \
         token, square/go-jose: error in cryptographic primitive]\"",
    ),
    (
        Symptom::CredentialSourceEmpty,
        "botocore.exceptions.CredentialRetrievalError: Error when retrieving credentials from Environment: No \
         credentials found in credential_source referenced in profile deploy",
    ),
    (Symptom::WrongTokenFile, "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/kubernetes.io/serviceaccount/token"),
    (Symptom::QuotaExceeded, "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"),
    (Symptom::SecurityTokenInvalid, "The security token included in the request is invalid"),
    (
        Symptom::ExpiredSession,
        "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
    ),
    (
        Symptom::WebhookUntrusted,
        r#"failed calling webhook "pod-identity-webhook.amazonaws.com": x509: certificate signed by unknown authority"#,
    ),
    (
        Symptom::WebhookReviewVersion,
        "Error creating: Internal error occurred: failed calling webhook \"iam-for-pods.amazonaws.com\": received \
         invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, \
         Kind=",
    ),
    (
        Symptom::WebhookReviewVersion,
        "Failed calling webhook, failing open iam-for-pods.amazonaws.com: failed calling webhook \
         \"iam-for-pods.amazonaws.com\": received invalid webhook response: expected webhook response of \
         admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=",
    ),
    (
        Symptom::WebhookCallFailed,
        "failed calling webhook \"pod-identity-webhook.amazonaws.com\": failed to call webhook: Post \
         \"https://pod-identity-webhook.kube-system.svc:443/mutate?timeout=10s\": context deadline exceeded",
    ),
    (
        Symptom::WebhookMissing,
        r#"mutatingwebhookconfigurations.admissionregistration.k8s.io "pod-identity-webhook" not found"#,
    ),
    (
        Symptom::ProfileMissing,
        "SharedCredsLoad: failed to load shared credentials file caused by: FailedRead: unable to open file caused \
         by: open /home/app/.aws/credentials: no such file or directory",
    ),
    (Symptom::WindowsPath, "System.ArgumentException: The webIdentityTokenFile must be an absolute path."),
    (Symptom::WebIdentityNotGiven, "System.ArgumentNullException: The webIdentityTokenFile must be an absolute path."),
    (Symptom::SignatureScope, "SignatureDoesNotMatch: Credential should be scoped to a valid region."),
    (
        Symptom::IpamdWaiting,
        r#"{"level":"info","ts":"2026-01-01T00:00:00.000Z","msg":"Checking for IPAM connectivity... "}"#,
    ),
    (
        Symptom::AccessDeniedAction,
        "[2020/10/16 09:52:24] [error] [output:es:es.3] HTTP status=403 URI=/_bulk, \
         response:\n{\"error\":{\"root_cause\":\
         [{\"type\":\"security_exception\",\"reason\":\"no permissions for [indices:data/write/bulk] and User \
         [name=arn:aws:iam::111122223333:role/eksctl-nodegroup-NodeInstanceRole-1, \
         backend_roles=[arn:aws:iam::111122223333:role/eksctl-nodegroup-NodeInstanceRole-1], requestedTenant=null]\"}]",
    ),
    (
        Symptom::WebIdentityOther,
        "ERROR: [029]: unable to find child 'AssumeRoleWithWebIdentityResult':0 in node 'ErrorResponse'",
    ),
    (
        Symptom::WebIdentityOther,
        "Error: Cannot assume IAM Role with web identity\n\nIAM Role (arn:aws:iam::111122223333:role/ci) cannot be \
         assumed with web identity token.",
    ),
    (
        Symptom::RoleArnInvalid,
        "Error: Source Account ID is needed if the Role Name is provided and the Role Arn is not provided.",
    ),
    (
        Symptom::GhaIdTokenUnavailable,
        "It looks like you might be trying to authenticate with OIDC. Did you mean to set the id-token permission?",
    ),
    (
        Symptom::PodIdentityAgentTimeout,
        "Get \"http://169.254.170.23/v1/credentials\": dial tcp 169.254.170.23:80: i/o timeout",
    ),
    // Terraform and OpenTofu around the words of the SDK for Go 2.
    (
        Symptom::NotAuthorizedWebIdentity,
        "│ Error: error configuring Terraform AWS Provider: IAM Role (arn:aws:iam::111122223333:role/tf) cannot be \
         assumed.\n│ \n│ There are a number of possible causes of this - the most common are:\n│   * The \
         credentials used in order to assume the role are invalid\n│   * The role ARN is not valid\n│ \n│ Error: \
         operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: 8d7c6c4e, \
         api error AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    // Pulumi.
    (
        Symptom::IncorrectAudience,
        "error: pulumi:providers:aws resource 'default_6_13_3' has a problem: unable to validate AWS \
         credentials.\n    Details: validating provider credentials: retrieving caller identity from STS: operation \
         error \
         STS: GetCallerIdentity, get identity: get credentials: failed to refresh cached credentials, failed to \
         retrieve \
         credentials, operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 400, RequestID: \
         ab12, InvalidIdentityToken: Incorrect token audience",
    ),
    // Crossplane's provider.
    (
        Symptom::NotAuthorizedWebIdentity,
        "Warning  CannotConnectToProvider  2m7s (x31 over 32m)  managed/s3.aws.upbound.io/v1beta1, kind=bucket  cannot \
         initialize the Terraform plugin SDK async external client: cannot get terraform setup: cannot configure \
         no-fork \
         AWS client: failed to get AWS config: cannot retrieve credentials: failed to refresh cached credentials, \
         failed \
         to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: \
         403, \
         RequestID: 1fe1, api error AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ),
    // ACK.
    (
        Symptom::ImdsUnreachable,
        "{\"level\":\"error\",\"logger\":\"setup\",\"msg\":\"Unable to create controller \
         manager\",\"aws.service\":\"s3\",\"error\":\"unable to determine account ID: unable to get caller identity: \
         operation error STS: GetCallerIdentity, get identity: get credentials: failed to refresh cached \
         credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, exceeded maximum number of \
         attempts, 3, request send failed, Get \
         \\\"http://169.254.169.254/latest/meta-data/iam/security-credentials/\\\": dial tcp 169.254.169.254:80: \
         connect: connection refused\"}",
    ),
];

#[test]
fn every_wording_has_its_meaning() {
    for (want, text) in TABLE {
        assert_eq!(classify(text).map(|f| f.symptom), Some(*want), "{text}");
    }
}

#[test]
fn the_meaning_survives_every_dress() {
    for (want, text) in TABLE {
        let escaped = serde_json::to_string(text).unwrap();
        let dressed = [
            format!("{{\"level\":\"error\",\"time\":\"2026-11-23T10:00:00Z\",\"msg\":{escaped}}}"),
            format!("time=\"2026-11-23T10:00:00Z\" level=error msg={escaped}"),
            text.lines().map(|l| format!("2026-11-23T10:00:00.000000000Z stderr F {l}")).collect::<Vec<_>>().join("\n"),
            format!("\u{1b}[31m{text}\u{1b}[0m"),
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
        ];
        for d in dressed {
            assert_eq!(classify(&d).map(|f| f.symptom), Some(*want), "{d}");
        }
    }
}

#[test]
fn a_scan_finds_what_a_judge_finds() {
    for (want, text) in TABLE {
        let found = trustwalk_logs::scan_reader(text.as_bytes()).unwrap();
        assert!(found.causes.iter().any(|c| c.failure.symptom == *want), "{text}");
    }
}

#[test]
fn sound_lines_mean_nothing() {
    for text in [
        "",
        "{}",
        "Assumed role with web identity, session valid until 11:00",
        r#"{"level":"debug","ts":"2026-01-01T00:00:00.000Z","msg":"Reconciling ENI/IP pool info"}"#,
        "GET https://sts.us-east-1.amazonaws.com/ 200",
        "Using credentials from WebIdentity provider",
        "connection refused to postgres:5432",
    ] {
        assert_eq!(classify_all(text), vec![], "{text}");
    }
}

#[test]
fn the_values_named_are_read() {
    let f = classify(TABLE[2].1).unwrap();
    assert_eq!(
        f.issuer.as_deref(),
        Some("https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF")
    );
    assert_eq!(f.request_id.as_deref(), Some("15810d8a-aaaa-bbbb-cccc-0123456789ab"));
    assert_eq!(
        (f.http_status, f.sdk, f.sts_code.as_deref()),
        (Some(400), Some(Sdk::GoV2), Some("InvalidIdentityToken"))
    );

    let f = classify(
        "User: arn:aws:sts::111122223333:assumed-role/ng-NodeInstanceRole-1/i-0abc is not authorized \
        to perform: ec2:DescribeSubnets because no identity-based policy allows it",
    )
    .unwrap();
    assert_eq!(f.denied_action.as_deref(), Some("ec2:DescribeSubnets"));
    assert_eq!(f.caller_arn.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/ng-NodeInstanceRole-1/i-0abc"));

    let f = classify("Missing a required claim: aud").unwrap();
    assert_eq!(f.detail.as_deref(), Some("aud"));
    let f = classify(TABLE[1].1).unwrap();
    assert_eq!(f.ts.as_deref(), Some("2020-06-24T11:33:51.190Z"));
    let f = classify(r#"Post "https://sts.eu-west-1.amazonaws.com/": dial tcp: i/o timeout"#).unwrap();
    assert_eq!(f.host.as_deref(), Some("sts.eu-west-1.amazonaws.com"));
}

#[test]
fn names_are_stable_and_distinct() {
    let mut names: Vec<_> = Symptom::ALL.iter().map(|s| s.name()).collect();
    for s in Symptom::ALL {
        assert_eq!(serde_json::to_string(s).unwrap(), format!("\"{}\"", s.name()));
        assert!(!s.meaning().is_empty());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Symptom::ALL.len());
}
