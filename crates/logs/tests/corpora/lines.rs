//! Single lines, and those that mean nothing.

use trustwalk_symptoms::Symptom;

use super::{DENIED, scan, tells};

/// One line each.
const LINES: &[(Symptom, &str)] = &[
    (
        DENIED,
        "{\"log\":\"retrying\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\",\"error\":\"Not authorized \
         to perform sts:AssumeRoleWithWebIdentity\"}",
    ),
    (
        Symptom::WebIdentityNotGiven,
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the \
         providers in the chain \
         AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider()]) : \
         [SystemPropertyCredentialsProvider(): Unable to load credentials from system settings. Access key must be \
         specified either via environment variable (AWS_ACCESS_KEY_ID) or system property (aws.accessKeyId)., \
         WebIdentityTokenCredentialsProvider(): Either the environment variable AWS_WEB_IDENTITY_TOKEN_FILE or the \
         javaproperty aws.webIdentityTokenFile must be set., ProfileCredentialsProvider(profileName=default, \
         profileFile=ProfileFile(sections=[])): Profile file contained no credentials for profile 'default': \
         ProfileFile(sections=[]), ContainerCredentialsProvider(): Cannot fetch credentials from container - \
         neither AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI environment \
         variables are set., InstanceProfileCredentialsProvider(): Failed to load credentials from IMDS.]",
    ),
    (
        Symptom::NoCredentials,
        "CredentialsError: Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1",
    ),
    (
        Symptom::NoCredentials,
        "Amazon.Runtime.AmazonClientException: Failed to resolve AWS credentials. The credential providers used to \
         search for credentials returned the following errors:",
    ),
    (Symptom::NoCredentials, "Aws::Errors::MissingCredentialsError: unable to sign request without credentials set"),
    (Symptom::NoCredentials, "Error: No valid credential sources found"),
    (Symptom::NoCredentials, "failed to get credentials: no providers in chain provided credentials"),
    (
        Symptom::InvalidIdentityTokenOther,
        "Aws\\Exception\\CredentialsException: InvalidIdentityToken, retries exhausted",
    ),
    (
        Symptom::InvalidIdentityTokenOther,
        "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: words of \
         tomorrow",
    ),
    (Symptom::IdpCommunication, "api error IDPCommunicationError: words of tomorrow"),
    (
        Symptom::WebIdentityOther,
        "PHP Fatal error:  Uncaught Aws\\Exception\\CredentialsException: Error reading WebIdentityTokenFile from \
         /var/run/token",
    ),
    (Symptom::WebIdentityOther, "[2026/11/23 10:00:00] [error] [aws_credentials] STS assume role request failed"),
    (
        Symptom::StsRegionMissing,
        "operation error STS: AssumeRoleWithWebIdentity, failed to resolve service endpoint, endpoint rule error, \
         Invalid Configuration: Missing Region",
    ),
    (
        Symptom::TokenFileUnreadable,
        "failed to refresh cached credentials, failed to retrieve jwt from provide source, unable to read file at \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token: open \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token: permission denied",
    ),
    (
        Symptom::NoProvider,
        "com.amazonaws.services.securitytoken.model.InvalidIdentityTokenException: No OpenIDConnect provider found \
         in your account for https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF \
         (Service: AWSSecurityTokenService; Status Code: 400; Error Code: InvalidIdentityToken; Request ID: \
         d8ee3773-aaaa-bbbb-cccc-0123456789ab; Proxy: null)",
    ),
    (
        DENIED,
        "E1123 10:00:00.000000       1 controller.go:167] \"re-queuing item due to error processing\" err=\"failed \
         to determine Route 53 hosted zone ID: operation error Route 53: ListHostedZonesByName, get identity: get \
         credentials: failed to refresh cached credentials, failed to retrieve credentials, operation error STS: \
         AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: \
         d8ee3773-aaaa-bbbb-cccc-0123456789ab, api error AccessDenied: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\" logger=\"cert-manager\"",
    ),
    (
        Symptom::NoProvider,
        "time=\"2026-11-23T10:00:00Z\" level=fatal msg=\"records retrieval failed: failed to list hosted zones: \
         WebIdentityErr: failed to retrieve credentials\\ncaused by: InvalidIdentityToken: No OpenIDConnect \
         provider found in your account for \
         https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF\\n\\tstatus code: 400, \
         request id: d8ee3773-aaaa-bbbb-cccc-0123456789ab\"",
    ),
    (
        DENIED,
        "{\"level\":\"ERROR\",\"time\":\"2026-11-23T10:00:00.000Z\",\"logger\":\"controller\",\"message\":\"ec2 \
         api connectivity check failed\",\"commit\":\"abc\",\"error\":\"operation error EC2: \
         DescribeInstanceTypes, get identity: get credentials: failed to refresh cached credentials, failed to \
         retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: \
         403, RequestID: d8ee3773-aaaa-bbbb-cccc-0123456789ab, api error AccessDenied: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity\"}",
    ),
    (
        DENIED,
        "F1123 10:00:00.000000       1 aws_cloud_provider.go:430] Failed to generate AWS EC2 Instance Types: \
         WebIdentityErr: failed to retrieve credentials\\ncaused by: AccessDenied: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity",
    ),
    (
        Symptom::KeysUnavailable,
        "[2026/11/23 10:00:00] [error] [aws_credentials] AssumeRoleWithWebIdentity API responded with \
         error='InvalidIdentityToken', message='Couldn't retrieve verification key from your identity provider,  \
         please reference AssumeRoleWithWebIdentity documentation for requirements'",
    ),
    (
        DENIED,
        "URL: PUT http://vault:8200/v1/auth/aws/login Code: 400. Errors: * error making upstream request: received \
         error code 403 from STS: <ErrorResponse \
         xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
         <Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>",
    ),
    (
        Symptom::ThumbprintMismatch,
        "<Error><Code>InvalidIdentityToken</Code><Message>OpenIDConnect provider&apos;s HTTPS certificate \
         doesn&apos;t match configured thumbprint</Message></Error>",
    ),
    (
        Symptom::ThumbprintMismatch,
        "Error: OpenIDConnect provider\u{2019}s HTTPS certificate doesn\u{2019}t match configured thumbprint",
    ),
    (
        Symptom::KeysUnavailable,
        "ERROR app: err=ProviderError(ProviderError { source: ServiceError(ServiceError { source: \
         InvalidIdentityTokenException(InvalidIdentityTokenException { message: Some(\"Couldn't retrieve \
         verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation \
         for requirements\"), meta: ErrorMetadata { code: Some(\"InvalidIdentityToken\") } }) }) })",
    ),
    (
        DENIED,
        "2026-11-23T10:00:00.1234567Z ##[error]Could not assume role with OIDC: Not authorized to perform \
         sts:AssumeRoleWithWebIdentity",
    ),
    (DENIED, "\u{1b}[31mError:\u{1b}[0m \u{1b}[1mNot authorized to perform sts:AssumeRoleWithWebIdentity\u{1b}[0m"),
    (DENIED, "{\"msg\":\"\\u001b[31mNot authorized\\u001b[0m to perform sts:AssumeRoleWithWebIdentity\"}"),
    (
        Symptom::TokenFileMissing,
        "Aws::Errors::MissingWebIdentityTokenFile: Missing :web_identity_token_file parameter or invalid file path \
         provided for Aws::AssumeRoleWebIdentityCredentials provider",
    ),
    (
        Symptom::TokenFileMissing,
        "Error: ENOENT: no such file or directory, open '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
    ),
    (
        Symptom::TokenFileMissing,
        "FileNotFoundError: [Errno 2] No such file or directory: \
         '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
    ),
    (
        Symptom::TokenFileUnreadable,
        "PermissionError: [Errno 13] Permission denied: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
    ),
    (
        Symptom::TokenFileUnreadable,
        "java.nio.file.AccessDeniedException: /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    ),
    (
        Symptom::TokenFileNotOpened,
        "[ERROR] 2026-11-23 10:00:00.000 STSAssumeRoleWithWebIdentityCredentialsProvider [140] Can't open token \
         file: /var/run/t",
    ),
    (
        Symptom::StsTimeout,
        "botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: \
         \"https://sts.eu-west-1.amazonaws.com/\"",
    ),
    (
        Symptom::StsUnreachable,
        "botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: \
         \"https://sts.eu-west-1.amazonaws.com/\"",
    ),
    (
        Symptom::Throttled,
        "An error occurred (RequestLimitExceeded) when calling the DescribeInstances operation (reached max \
         retries: 4): Request limit exceeded.",
    ),
    (
        Symptom::ExpiredToken,
        "An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: Token \
         expired: current date/time 1700000000 must be before the expiration date/time 1699999000",
    ),
];

#[test]
fn each_line_has_its_one_meaning() {
    for (symptom, line) in LINES {
        tells(&format!("{line}\n"), &[(*symptom, 1)]);
        tells(&format!("{line}\r\nother\r\n{line}\r\n"), &[(*symptom, 2)]);
    }
}

#[test]
fn request_ids_are_read_in_every_clients_form() {
    for form in [
        "request id: ID",
        "RequestID: ID,",
        "Request ID: ID;",
        "requestId: 'ID',",
        "'RequestId': 'ID'",
        "\"RequestId\": \"ID\"",
        "<RequestId>ID</RequestId>",
        "x-amzn-requestid: ID",
    ] {
        let line = format!(
            "Incorrect token audience {}\n",
            form.replace("ID", "d8ee3773-aaaa-bbbb-cccc-0123456789ab")
                .replace("Requestd8ee3773-aaaa-bbbb-cccc-0123456789ab: ", "RequestID: ")
                .replace("Request d8ee3773-aaaa-bbbb-cccc-0123456789ab: ", "Request ID: ")
        );
        assert_eq!(scan(&line).causes[0].request_ids, ["d8ee3773-aaaa-bbbb-cccc-0123456789ab"], "{line}");
    }
}

#[test]
fn lines_that_only_mention_it_mean_nothing() {
    for line in [
        "2026-11-23 10:00:00,123 botocore.hooks [DEBUG] Event needs-retry.sts.AssumeRoleWithWebIdentity: calling \
         handler <botocore.retryhandler.RetryHandler object at 0x7f>",
        "DEBUG:botocore.endpoint:Making request for OperationModel(name=AssumeRoleWithWebIdentity) with params: \
         {'url_path': '/', 'context': {'client_config': <botocore.config.Config>, 'has_streaming_input': False, \
         'auth_type': 'none', 'connect_timeout': 60, 'read_timeout': 60}}",
        "DEBUG:urllib3.connectionpool:https://sts.us-east-1.amazonaws.com:443 \"POST / HTTP/1.1\" 200 1234",
        "\"Action\": \"sts:AssumeRoleWithWebIdentity\",",
        "+ assume_role_policy = jsonencode({ Action = \"sts:AssumeRoleWithWebIdentity\" })",
        "aws_iam_role.app: Creation complete after 1s [id=app] AssumeRoleWithWebIdentity",
        "INFO assuming web identity role arn:aws:iam::111122223333:role/app with session app",
        "Found credentials from assume-role-with-web-identity.",
        "InvalidIdentityToken errors: 0",
        "retry policy covers InvalidIdentityToken, IDPCommunicationError and Throttling",
        "import com.amazonaws.services.securitytoken.model.InvalidIdentityTokenException;",
        "{\"eventName\":\"AssumeRoleWithWebIdentity\",\
         \"responseElements\":{\"provider\":\"arn:aws:iam::111122223333:oidc-provider/o\"},\"errorCode\":null}",
        "pod-identity-webhook I1123 10:00:00.000000 1 handler.go:423] Pod was not mutated. Reason: Service account \
         did not have the right annotations or was not found in the cache. Pod=app, ServiceAccount=default, \
         Namespace=default",
        "{\"log\":\"Pod was not mutated. Reason: Service account was not found in the \
         cache\",\"kubernetes\":{\"container_name\":\"pod-identity-webhook\"}}",
        "import com.amazonaws.services.securitytoken.model.RegionDisabledException;",
        "catch MalformedPolicyDocumentException, PackedPolicyTooLargeException",
        "eks_pod_identity_agent_assumeroleforpodidentity_errors_total 0",
        "{\"level\":\"info\",\"msg\":\"Calling EKS Auth to fetch \
         credentials\",\"operation\":\"AssumeRoleForPodIdentity\",\"error\":null}",
        "I1123 10:00:00.000000 1 cache.go:80] successfully refreshed web identity credentials, expires in 1h",
        "level=debug msg=\"token file changed\" path=/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "Volume aws-iam-token mounted at /var/run/secrets/eks.amazonaws.com/serviceaccount",
        "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/app",
        "GET https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF/keys 200 OK in 12ms",
        "retrieved credentials expire at 2026-11-23T11:00:00Z, identity arn:aws:sts::111122223333:assumed-role/app/s",
        "upstream request timed out for 169.0.0.1, invalid header",
        "user access denied: invalid password",
        "permission denied: /etc/shadow is not authorized",
        "rate limit exceeded, waiting 30s",
        "nginx: AccessDenied for bob, requests are logged",
        "RateLimitExceeded: too many requests from 10.0.0.1",
        "MemoryLimitExceeded: container killed",
        "jwt: token not yet valid",
        "oauth2-proxy: token issued in the future, clocks differ",
        "Get \"https://registry-1.docker.io/v2/\": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection \
         refused",
        "pip: OSError('Tunnel connection failed: 403 Forbidden') for https://pypi.org/simple/x",
        "x509: certificate signed by unknown authority while calling https://github.com",
        "the identity provider accepted invalid input and denied nothing",
        "user identity expired: please log in again",
        "Error: 0, AssumeRoleWithWebIdentity calls: 12, status: 200",
        "metric sts_assume_role_with_web_identity_errors_total 0",
    ] {
        tells(&format!("{line}\n"), &[]);
    }
}
