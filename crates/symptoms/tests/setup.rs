//! What clients print when they were not given what web identity needs, or could not read or send it, with where the
//! words come from.

use trustwalk_symptoms::{Symptom as S, classify, classify_all};

/// Meaning, words, source.
const TABLE: &[(S, &str, &str)] = &[
    (
        S::WebIdentityNotGiven,
        "java.lang.IllegalStateException: Either the environment variable AWS_WEB_IDENTITY_TOKEN_FILE or the \
         javaproperty aws.webIdentityTokenFile must be set.\n\tat \
         software.amazon.awssdk.utils.SystemSetting.lambda$getStringValueOrThrow$0(SystemSetting.java:95)",
        "SDK for Java 2, SystemSetting",
    ),
    (
        S::WebIdentityNotGiven,
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the \
         providers in the chain AwsCredentialsProviderChain(credentialsProviders=[]) : \
         [EnvironmentVariableCredentialsProvider(): Unable to load credentials from system settings., \
         WebIdentityTokenCredentialsProvider(): Either the environment variable AWS_WEB_IDENTITY_TOKEN_FILE or the \
         javaproperty aws.webIdentityTokenFile must be set., ProfileCredentialsProvider(): Profile file contained no \
         credentials for profile 'default', InstanceProfileCredentialsProvider(): Failed to load credentials from \
         IMDS.]",
        "SDK for Java 2, AwsCredentialsProviderChain",
    ),
    (
        S::WebIdentityNotGiven,
        "com.amazonaws.SdkClientException: Unable to load AWS credentials from any provider in the chain: \
         [EnvironmentVariableCredentialsProvider: Unable to load AWS credentials from environment variables, \
         WebIdentityTokenCredentialsProvider: You must specify a value for roleArn and roleSessionName, \
         com.amazonaws.auth.profile.ProfileCredentialsProvider@1: profile file cannot be null]",
        "SDK for Java 1, STSAssumeRoleSessionCredentialsProvider",
    ),
    (
        S::WebIdentityNotGiven,
        "CredentialsProviderError: Web identity configuration not specified\n    at \
         /app/node_modules/@aws-sdk/x.js:1:1",
        "SDK for JavaScript 3, fromTokenFile",
    ),
    (
        S::WebIdentityNotGiven,
        "{\"level\":50,\"time\":1570628658062,\"stack\":\"TypeError [ERR_INVALID_ARG_TYPE]: The \\\"path\\\" argument \
         must be of type string. Received undefined\\n    at TokenFileWebIdentityCredentials.load \
         (/app/node_modules/aws-sdk/lib/credentials/token_file_web_identity_credentials.js:163:28)\"}",
        "SDK for JavaScript 2, token_file_web_identity_credentials.js; aws-sdk-js 3800",
    ),
    (
        S::WebIdentityNotGiven,
        "aws.sdk.kotlin.runtime.auth.credentials.ProviderConfigurationException: Required field `roleArn` could not be \
         automatically inferred for StsWebIdentityCredentialsProvider. Either explicitly pass a value, set the \
         environment variable `AWS_ROLE_ARN`, or set the JVM system property `aws.roleArn`",
        "SDK for Kotlin, StsWebIdentityCredentialsProvider",
    ),
    (
        S::WebIdentityNotGiven,
        "failed to refresh cached credentials, failed to retrieve jwt from provide source, unable to read file at .: \
         read .: is a directory",
        "SDK for Go 2, stscreds.IdentityTokenFile with an empty path",
    ),
    (
        S::WebIdentityNotGiven,
        "cannot get terraform setup: cache manager failure: cannot calculate the hash for the credentials file: token \
         file name cannot be empty",
        "provider-upjet-aws, credentials cache",
    ),
    (
        S::TokenFileUnreadable,
        "failed to refresh cached credentials, failed to retrieve jwt from provide source, unable to read file at \
         /tokens/aws: open /tokens/aws: permission denied",
        "SDK for Go 2, stscreds.WebIdentityRoleProvider",
    ),
    (
        S::TokenParameterInvalid,
        "Parameter validation failed:\nInvalid length for parameter WebIdentityToken, value: 0, valid min length: 4",
        "botocore/validate.py; CircleCI aws-cli orb 227",
    ),
    (
        S::TokenParameterInvalid,
        "InvalidParameter: 1 validation error(s) found.\n- minimum field size of 4, \
         AssumeRoleWithWebIdentityInput.WebIdentityToken.\n",
        "SDK for Go 1, request/validation.go",
    ),
    (
        S::TokenParameterInvalid,
        "Found 1 error while validating the input provided for the AssumeRoleWithWebIdentity operation:\n\
         [WebIdentityToken] must be a string or an object that implements __toString(). Found bool(false)",
        "SDK for PHP, Api/Validator; aws-sdk-php 2164",
    ),
    (
        S::RoleArnInvalid,
        "Parameter validation failed:\nInvalid length for parameter RoleArn, value: 0, valid min length: 20",
        "botocore/validate.py",
    ),
    (S::RoleArnInvalid, "aws: error: argument --role-arn: expected one argument", "AWS CLI, argparse"),
    (
        S::ProfileMissing,
        "rpc error: code = Unknown desc = error fetching config from profile, default, Error using profile: \n 2, \
         partial credentials found for profile default",
        "SDK for Go 2, config/shared_config.go",
    ),
    (
        S::PodIdentityHostRefused,
        "com.amazonaws.SdkClientException: The full URI (http://169.254.170.23/v1/credentials) contained withing \
         environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host. Host can only be one of \
         [localhost]",
        "SDK for Java 1 and 2, ContainerCredentialsProvider",
    ),
    (
        S::PodIdentityAgentUnreachable,
        "{\"bind-addr\":\"[fd00:ec2::23]:80\",\"level\":\"fatal\",\"msg\":\"Unable to start server: listen tcp \
         [fd00:ec2::23]:80: bind: cannot assign requested address\",\"time\":\"2024-10-07T12:13:53Z\"}",
        "eks-pod-identity-agent, pkg/server/server.go",
    ),
    (
        S::PodIdentityAgentUnreachable,
        "{\"client-addr\":\"127.0.0.1:35778\",\"level\":\"warning\",\"msg\":\"Failed probe: unexpected status code \
         recieved, expected 404, got 503\",\"time\":\"2024-10-07T12:13:53Z\"}",
        "eks-pod-identity-agent, pkg/handlers/probe_handler.go",
    ),
    (
        S::PodIdentityAgentUnreachable,
        "get credentials: failed to refresh cached credentials, failed to load credentials, request send failed, Get \
         \"http://[fd00:ec2::23]/v1/credentials\": dial tcp [fd00:ec2::23]:80: connect: connection refused",
        "SDK for Go 2, in a cluster of IPv6",
    ),
    (
        S::RoleAnnotationMissing,
        "error getting service account: 'worker', error: annotation 'eks.amazonaws.com/role-arn' not found",
        "KEDA, resolver; keda 6418",
    ),
    (S::NoCredentials, "error parsing SQS queue metadata: awsAccessKeyID not found", "KEDA, aws_common.go; keda 6418"),
    (
        S::WebIdentityOther,
        "[2024/04/18 02:30:32] [error] [aws_credentials] STS API responded with AccessDenied",
        "Fluent Bit, flb_aws_credentials_sts.c",
    ),
    (
        S::StsUnreachable,
        "[2024/04/18 02:30:32] [error] [http_client] broken connection to sts.eu-west-1.amazonaws.com:443 ?",
        "Fluent Bit, flb_http_client.c",
    ),
    (
        S::StsDns,
        "[2024/04/18 02:30:32] [ warn] [net] getaddrinfo(host='sts.eu-west-1.amazonaws.com', err=12): Timeout while \
         contacting DNS servers",
        "Fluent Bit, flb_network.c, with c-ares",
    ),
    (
        S::StsDns,
        "AWS HTTP error: cURL error 6: Could not resolve host: sts.eu-west-1.amazonaws.com (see \
         https://curl.haxx.se/libcurl/c/libcurl-errors.html)",
        "SDK for PHP, with curl",
    ),
    (
        S::StsTlsUntrusted,
        "AWS HTTP error: cURL error 60: SSL certificate problem: self-signed certificate in certificate chain for \
         https://sts.eu-west-1.amazonaws.com/",
        "SDK for PHP, with curl",
    ),
    (
        S::StsTimeout,
        "provider failed to provide credentials provider=WebIdentityToken error=an error occurred while loading \
         credentials: dispatch failure: timeout: error trying to connect: HTTP connect timeout occurred after 3.1s",
        "SDK for Rust, aws-config",
    ),
    (
        S::NodeRoleUsed,
        "EC2RoleRequestError: failed to get app EC2 instance role credentials\ncaused by: EC2MetadataError: failed to \
         make EC2Metadata request\nAccessDenied: User: arn:aws:sts::111122223333:assumed-role/app/i-0123456789abcdef0 \
         is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app",
        "SDK for Go 1 behind a metadata proxy; aws-ebs-csi-driver 1625",
    ),
    (
        S::NotAuthorizedWebIdentity,
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: An unknown error \
         occurred",
        "CloudTrail's words for it",
    ),
    (
        S::StsRegionMissing,
        "js: Could not assume role using web identity: \"Missing required AWS_REGION env variable\"",
        "nginx-s3-gateway; pull request 116",
    ),
    (
        S::NoCredentials,
        "Error: Failed to create S3 client Caused by: 1: Client error 2: No signing credentials available, see CRT \
         debug logs",
        "mountpoint-s3, with the common runtime; mountpoint-s3-csi-driver 276",
    ),
    (
        S::ChainInterrupted,
        "could not create volume in EC2: operation error EC2: CreateVolume, get identity: get credentials: request \
         canceled, context canceled",
        "SDK for Go 2, aws.RequestCanceledError; aws-ebs-csi-driver 2421",
    ),
    (
        S::AccessDeniedAction,
        "failed to create store: unexpected error from ListObjects on traces: Access Denied",
        "Tempo, tempodb/backend/s3, with minio-go; tempo 3899",
    ),
    (
        S::AccessDeniedAction,
        "PermissionDenied (permanent) at stat, context: { uri: https://data.s3.eu-west-1.amazonaws.com/a, response: \
         Parts { status: 403 }, service: s3, path: a }",
        "OpenDAL, types/error.rs; risingwave 20305",
    ),
    (
        S::StsRegionMissing,
        "Post \"https://sts..amazonaws.com/\": dial tcp: lookup sts..amazonaws.com: no such host",
        "Go 2",
    ),
    (
        S::StsRegionMissing,
        "FetchError: request to https://sts.undefined.amazonaws.com/ failed, reason: getaddrinfo \
      ENOTFOUND sts.undefined.amazonaws.com",
        "a template in JavaScript",
    ),
    (
        S::StsRegionMissing,
        "botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: \
      \"https://sts.None.amazonaws.com/\"",
        "a format string in Python",
    ),
    (S::StsRegionMissing, "java.net.UnknownHostException: sts.null.amazonaws.com", "Java"),
    (
        S::StsWrongEndpoint,
        "put failed: WebIdentityErr: failed to retrieve credentials\ncaused by: SerializationError: failed to \
         unmarshal error message\n\tstatus code: 403, request id: X\ncaused by: UnmarshalError: failed to \
         unmarshal error message\n\t00000000  3c 41 63 63 65 73 73 44  |<AccessD|\n\ncaused by: unknown error response \
         tag, {{ AccessDeniedException} []}",
        "SDK for Go 1, unmarshal_error.go; aws-sdk-go 2988",
    ),
    (
        S::RoleArnInvalid,
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: \
         arn:aws:sts::111122223333:assumed-role/admin/jo is not authorized to perform: sts:AssumeRole on resource: \
         arn:aws:sts::111122223333:assumed-role/admin/jo",
        "IAM identifiers",
    ),
    (
        S::RoleArnInvalid,
        "api error AccessDenied: User: arn:aws-cn:sts::111122223333:assumed-role/a/b is not authorized to perform: \
         sts:AssumeRole on resource: arn:aws-cn:sts::111122223333:assumed-role/c/d",
        "IAM identifiers",
    ),
    (
        S::TokenFileMissing,
        "IsADirectoryError: [Errno 21] Is a directory: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
        "Python",
    ),
    (
        S::TokenFileMissing,
        "WebIdentityErr: unable to read file at /var/run/secrets/eks.amazonaws.com/serviceaccount/token\ncaused by: \
         read /var/run/secrets/eks.amazonaws.com/serviceaccount/token: is a directory",
        "Go 1",
    ),
    (
        S::TokenFileMissing,
        "failed to refresh cached credentials, failed to retrieve jwt from provide source, unable to read file at \
         /tokens/aws: open /tokens/aws: not a directory",
        "Go 2",
    ),
    (
        S::TokenFileMissing,
        "java.io.FileNotFoundException: /var/run/secrets/eks.amazonaws.com/serviceaccount/token (Is a directory)",
        "Java",
    ),
    (
        S::TokenFileMissing,
        "Error: EISDIR: illegal operation on a directory, read \
         '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
        "Node.js",
    ),
    (
        S::TokenFileMissing,
        "Errno::EISDIR: Is a directory @ io_fread - /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "Ruby",
    ),
    (
        S::TokenFileMissing,
        "web identity token file /var/run/secrets/eks.amazonaws.com/serviceaccount/token: Is a directory (os error 21)",
        "Rust",
    ),
    (
        S::StsTlsUntrusted,
        "2023/05/24 02:38:30 [error] 79#79: *1 js http fetch SSL certificate verify error: (20:unable to get local \
         issuer certificate) while SSL handshaking to fetch target, server: , subrequest: \
         \"/aws/credentials/retrieve\"",
        "nginx-s3-gateway 132",
    ),
    (
        S::GhaIdTokenUnavailable,
        "Failed to setup GitHub token: Error: Could not fetch an OIDC token. Did you remember to add `id-token: write` \
         to your workflow permissions?",
        "claude-code-action, token.ts",
    ),
    (
        S::CiTokenMissing,
        "OIDC Token cannot be found. A CircleCI context must be specified.",
        "aws-cli-orb, assume-role-with-web-identity.sh",
    ),
    (S::CiTokenMissing, "bash: line 12: CIRCLE_OIDC_TOKEN_V2: unbound variable", "bash, set -u"),
    (S::CiTokenMissing, "/bin/sh: 3: BITBUCKET_STEP_OIDC_TOKEN: parameter not set", "dash, set -u"),
    (S::CiTokenMissing, "bash: line 7: CI_JOB_JWT_V2: unbound variable", "bash, set -u"),
    (
        S::NoProvider,
        "   - | Error decrypting key: WebIdentityErr: failed to retrieve\n     | credentials\n     | caused by: \
         InvalidIdentityToken: No OpenIDConnect provider\n     | found in your account for\n     | \
         https://oidc.eks.us-east-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF\n     |     status code: 400",
        "SOPS; terraform-aws-eks 965",
    ),
    (
        S::AnnotationKeyUnknown,
        "    eks.amazon.com/role-arn: arn:aws:iam::111122223333:role/lbc",
        "amazon-eks-pod-identity-webhook 200",
    ),
    (
        S::AnnotationKeyUnknown,
        "        \"eks.amazonaws.io/role-arn\": \"arn:aws:iam::111122223333:role/lbc\",",
        "the same as JSON",
    ),
    (
        S::ProviderWithSlash,
        "{\"OpenIDConnectProviderList\":[{\"Arn\":\"arn:aws:iam::123456789012:oidc-provider/token.actions.githubuserco\
         ntent.com/\"}]}",
        "configure-aws-credentials 1043",
    ),
];

#[test]
fn every_wording_has_its_meaning() {
    for (want, text, source) in TABLE {
        let got = classify(text).map(|f| f.symptom);
        assert_eq!(got, Some(*want), "[{source}] {text}");
    }
}

#[test]
fn a_scan_finds_what_a_judge_finds() {
    for (want, text, source) in TABLE {
        let found = trustwalk_logs::scan_reader(format!("first line\n{text}\n").as_bytes()).unwrap();
        assert!(found.causes.iter().any(|c| c.failure.symptom == *want), "[{source}] {text}\n{:?}", found.unclear);
    }
}

#[test]
fn sources_that_are_passed_over_and_words_of_others_mean_nothing() {
    for text in [
        "DEBUG Unable to load credentials from WebIdentityTokenCredentialsProvider: You must specify a value for \
         roleArn and roleSessionName (com.amazonaws.auth.AWSCredentialsProviderChain)",
        "@aws-sdk/credential-provider-node - defaultProvider::fromTokenFile: Web identity configuration not specified",
        "file_get_contents(/var/run/secrets/gcp/token): Failed to open stream: No such file or directory at \
         /app/vendor/google/auth/src/CredentialSource/FileSource.php:64",
        "google.auth.exceptions.DefaultCredentialsError: [Errno 2] No such file or directory: \
         '/var/run/secrets/tokens/gcp-ksa/token'",
        "open /var/run/secrets/vault.hashicorp.com/token: no such file or directory",
        "AADSTS error: open /var/run/secrets/azure/tokens/azure-identity-token: no such file or directory",
        "    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/lbc",
        "    iam.amazonaws.com/role: arn:aws:iam::111122223333:role/lbc",
        "  | name | is a directory |",
        "Failed probe: Get \"http://10.0.0.1:8080/healthz\": dial tcp 10.0.0.1:8080: connect: connection refused",
        "annotation 'example.com/role-arn' not found in the template",
        "Invalid length for parameter Name, value: 0, valid min length: 1",
        "PermissionDenied (permanent) at stat, context: { service: fs, path: /data }",
        "cURL error 28: Operation timed out after 30001 milliseconds for https://api.example.com/v1",
    ] {
        assert_eq!(classify_all(text), vec![], "{text}");
    }
}

#[test]
fn a_name_without_a_region_of_aws_tells_none() {
    let odd = classify(
        "Post \"https://sts.minio.amazonaws.com/\": dial tcp: lookup sts.minio.amazonaws.com on \
                        10.100.0.10:53: no such host",
    );
    assert!(odd.is_some_and(|f| f.symptom == S::StsDns && f.region.is_none()));
    let typed = classify("getaddrinfo ENOTFOUND sts.us-esat-1.amazonaws.com");
    assert!(typed.is_some_and(|f| f.region.is_none()));
    let real = classify("getaddrinfo ENOTFOUND sts.ap-southeast-7.amazonaws.com").and_then(|f| f.region);
    assert_eq!(real.map(|r| r.to_string()).as_deref(), Some("ap-southeast-7"));
}
