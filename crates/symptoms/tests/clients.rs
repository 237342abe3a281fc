//! What each client and each service prints, with where its words come from.

use trustwalk_symptoms::{Symptom as S, classify, classify_all};

/// Meaning, words, source.
const TABLE: &[(S, &str, &str)] = &[
    (
        S::StsRegionMissing,
        "failed to refresh cached credentials, failed to retrieve credentials, operation error STS: \
         AssumeRoleWithWebIdentity, failed to resolve service endpoint, endpoint rule error, Invalid Configuration: \
         Missing Region",
        "SDK for Go 2; cert-manager 7102",
    ),
    (
        S::RegionMissing,
        "operation error S3: PutObject, failed to resolve service endpoint, an AWS region is required, but was not \
         found",
        "SDK for Go 2 before 1.16",
    ),
    (S::RegionMissing, "MissingRegion: could not find region configuration", "SDK for Go 1, aws/errors.go"),
    (
        S::RegionMissing,
        "com.amazonaws.SdkClientException: Unable to find a region via the region provider chain. Must provide an \
         explicit region in the builder or setup environment to supply a region.",
        "SDK for Java 1, AwsClientBuilder",
    ),
    (
        S::RegionMissing,
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load region from any of the providers in \
         the chain software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain@7f2cfe3f",
        "SDK for Java 2, AwsRegionProviderChain",
    ),
    (S::RegionMissing, "Error [ConfigError]: Missing region in config", "SDK for JavaScript 2; aws-cdk 16513"),
    (
        S::RegionMissing,
        "Error: Region is missing\n    at default (/app/node_modules/@aws-sdk/config-resolver/dist-cjs/index.js:10:11)",
        "SDK for JavaScript 3, config-resolver",
    ),
    (S::RegionMissing, "botocore.exceptions.NoRegionError: You must specify a region.", "botocore/exceptions.py"),
    (
        S::RegionMissing,
        "You must specify a region. You can also configure your region by running \"aws configure\".",
        "AWS CLI",
    ),
    (
        S::RegionMissing,
        "Amazon.Runtime.AmazonClientException : No RegionEndpoint or ServiceURL configured",
        "SDK for .NET, ClientConfig",
    ),
    (
        S::RegionMissing,
        "Aws::Errors::MissingRegionError (missing region; use :region option or export region name to \
         ENV['AWS_REGION'])",
        "SDK for Ruby, regional_endpoint.rb",
    ),
    (
        S::StsRegionMissing,
        "InvalidArgumentException: Missing required client configuration options: \n\n  region: (string)\n\n  A \
         \"region\" configuration value is required for the \"sts\" service",
        "SDK for PHP, ClientResolver",
    ),
    (
        S::StsRegionMissing,
        "STS returned an error assuming web identity role error=ResolveEndpointError { message: \"Invalid \
         Configuration: Missing Region\" }",
        "SDK for Rust; mezmo/aura 482",
    ),
    (
        S::RegionMissing,
        "Smithy.ClientError.authError authError: \"Missing region in auth scheme parameters for SigV4 auth scheme.\"",
        "SDK for Swift; aws-doc-sdk-examples 6992",
    ),
    (
        S::StsRegionMissing,
        "##[error]Input required and not supplied: aws-region",
        "configure-aws-credentials, src/index.ts",
    ),
    (
        S::StsWrongEndpoint,
        "ERROR Resume Session failed: WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidAction: \
         Could not find operation AssumeRoleWithWebIdentity for version 2011-06-15\n\tstatus code: 400, request \
         id: 1a832f4b-4f0f-4f09-8aa9-699ac2ea7f24",
        "session-manager-plugin 116",
    ),
    (
        S::StsWrongEndpoint,
        "WebIdentityErr: failed to retrieve credentials\ncaused by: SerializationError: failed to unmarshal error \
         message\n\tstatus code: 405, request id: \ncaused by: UnmarshalError: failed to unmarshal error message",
        "cortex 4738",
    ),
    (
        S::StsWrongEndpoint,
        "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 405, RequestID: X, api \
         error MethodNotAllowed: The specified method is not allowed against this resource.",
        "SDK for Go 2 against S3",
    ),
    (
        S::StsWrongEndpoint,
        "operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of attempts, 3, https response \
         error StatusCode: 0, RequestID: , request send failed, Post \"https://s3.eu-west-1.amazonaws.com/\": dial \
         tcp 52.218.0.1:443: i/o timeout",
        "SDK for Go 2",
    ),
    (
        S::StsPlainHttp,
        "WebIdentityErr: failed to retrieve credentials\ncaused by: RequestError: send request failed\ncaused by: \
         Post \"http://sts.us-east-1.amazonaws.com/\": read tcp 10.0.3.4:41234->203.0.113.7:80: read: connection \
         reset by peer",
        "SDK for Go 1 with DisableSSL",
    ),
    (
        S::EndpointWithoutScheme,
        "operation error STS: AssumeRoleWithWebIdentity, request send failed, Post \
         \"sts.eu-west-1.amazonaws.com/\": unsupported protocol scheme \"\"",
        "net/http",
    ),
    (
        S::EndpointWithoutScheme,
        "  File \"/usr/lib/python3/dist-packages/botocore/endpoint.py\", line 408\nValueError: Invalid endpoint: \
         sts.eu-west-1.amazonaws.com",
        "botocore/endpoint.py",
    ),
    (
        S::StsModuleMissing,
        "com.amazonaws.SdkClientException: To use assume role profiles the aws-java-sdk-sts module must be on the \
         class path.",
        "SDK for Java 1, STSProfileCredentialsServiceProvider",
    ),
    (
        S::StsModuleMissing,
        "java.lang.IllegalStateException: To use assume role profiles, the 'sts' service module must be on the \
         class path.",
        "SDK for Java 2, ProfileCredentialsUtils",
    ),
    (
        S::StsModuleMissing,
        "[SystemPropertiesCredentialsProvider: Unable to load AWS credentials from Java system properties \
         (aws.accessKeyId and aws.secretKey), WebIdentityTokenCredentialsProvider: To use assume role profiles the \
         aws-java-sdk-sts module must be on the class path., \
         com.amazonaws.auth.profile.ProfileCredentialsProvider@12eedfee: Unable to load credentials into profile \
         [default]]",
        "SDK for Java 1 in Spark",
    ),
    (
        S::StsModuleMissing,
        "Amazon.Runtime.AmazonClientException: Assembly AWSSDK.SecurityToken could not be found or loaded. This \
         assembly must be available at runtime to use Amazon.Runtime.AssumeRoleWithWebIdentityCredentials",
        "SDK for .NET, ServiceClientHelpers",
    ),
    (
        S::GhaCallerLacksIdToken,
        "The workflow is not valid. .github/workflows/release.yml (Line: 10, Col: 3): Error calling workflow \
         'acme/ci/.github/workflows/deploy.yml@main'. The nested job 'build' is requesting 'id-token: write', but \
         is only allowed 'id-token: none'.",
        "GitHub; REPORTED",
    ),
    (
        S::GhaCallerLacksIdToken,
        "The workflow is requesting 'contents: read, id-token: write', but is only allowed 'contents: read, \
         id-token: none'.",
        "GitHub; REPORTED",
    ),
    (
        S::AudienceNotIssued,
        "Error: Failed to get ID Token. \n \n        Error Code : 403\n \n        Error Message: Can't issue \
         ID_TOKEN for audience 'sts.amazonaws.com'.",
        "GitHub; configure-aws-credentials 272",
    ),
    (
        S::IdpLifetimeRefused,
        "buildkite-agent: fatal: POST \
         https://agent.buildkite.com/v3/jobs/019c7c5a-215d-40b7-8805-4ccfaba5a461/oidc/tokens: 422 Unprocessable \
         Entity: Requested lifetime too high (requested: 14400 max: 7200)",
        "aws-assume-role-with-web-identity-buildkite-plugin 43",
    ),
    (
        S::RoleAnnotationMissing,
        "rpc error: code = Unknown desc = us-east-1: An IAM role must be associated with service account default \
         (namespace: greeter-app)",
        "secrets-store-csi-driver-provider-aws, auth.go",
    ),
    (
        S::RoleAnnotationMissing,
        "{\"level\":\"error\",\"msg\":\"Reconciler error\",\"error\":\"unable to create session: an IAM role must \
         be associated with service account frontend (namespace: demo)\"}",
        "external-secrets 816",
    ),
    (
        S::WebhookCallFailed,
        "W0718 11:24:23.417416       1 dispatcher.go:170] Failed calling webhook, failing open \
         iam-for-pods.amazonaws.com: failed calling webhook \"iam-for-pods.amazonaws.com\": Post \
         \"https://127.0.0.1:23443/mutate?timeout=10s\": dial tcp 127.0.0.1:23443: connect: connection refused",
        "kube-apiserver, dispatcher.go",
    ),
    (
        S::WebhookFailedOpen,
        "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\
         \"annotations\":{\"failed-open.mutation.webhook.admission.k8s.io/round_0_index_1\":\"iam-for-pods.amazonaws.\
         com\"}}",
        "Kubernetes audit",
    ),
    (
        S::WebhookDidNotMutate,
        "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"verb\":\"create\",\
         \"objectRef\":{\"resource\":\"pods\",\"namespace\":\"shop\",\"name\":\"cart-1\"},\
         \"annotations\":{\"mutation.webhook.admission.k8s.\
         io/round_0_index_2\":\"{\\\"configuration\\\":\\\"pod-identity-webhook\\\",\
         \\\"webhook\\\":\\\"iam-for-pods.amazonaws.com\\\",\\\"mutated\\\":false}\"}}",
        "Kubernetes audit",
    ),
    (
        S::ApiTokenInvalid,
        "E0101 10:00:00.000000       1 authentication.go:63] \"Unable to authenticate the request\" err=\"[invalid \
         bearer token, service account token is not valid yet]\"",
        "kube-apiserver",
    ),
    (
        S::ApiTokenInvalid,
        "E0101 10:00:00.000000       1 authentication.go:70] \"Unable to authenticate the request\" err=\"invalid \
         bearer token\"",
        "kube-apiserver",
    ),
    (
        S::PodIdentityTrustRefused,
        "unable to get caller identity: operation error STS: GetCallerIdentity, get identity: get credentials: \
         failed to refresh cached credentials, failed to load credentials, : \
         [43250e5c-8c9c-4fe8-af41-34d48103435b]: (AccessDeniedException): Unauthorized Exception! EKS does not \
         have permissions to assume the associated role., fault: client",
        "ACK community 2678",
    ),
    (
        S::PodIdentityTokenMalformed,
        "{\"client-addr\":\"10.0.0.1:1\",\"cluster-name\":\"c\",\"level\":\"error\",\"msg\":\"Error fetching \
         credentials: Service account token cannot be parsed: token is malformed: could not base64 decode header: \
         illegal base64 data at input byte 6\"}",
        "n8n 23584",
    ),
    (
        S::PodIdentityTokenMalformed,
        "Error fetching credentials: Service account token cannot be empty",
        "eks-pod-identity-agent, validation/request.go",
    ),
    (
        S::PodIdentityTokenRefused,
        "Error fetching credentials: Service account token failed claim validations: invalid audience: expected \
         pods.eks.amazonaws.com",
        "eks-pod-identity-agent, claims_validation.go",
    ),
    (
        S::PodIdentityTokenRefused,
        "Error fetching credentials: JWT signature validation failed: cryptographic validation failed: no matching \
         key found for kid: 0123456789abcdef0123456789abcdef01234567",
        "eks-pod-identity-agent, token_validator.go",
    ),
    (
        S::PodIdentityTokenExpired,
        "Removing credentials from cache, got non recoverable error: error getting credentials to cache: unable to \
         fetch credentials from EKS Auth: operation error EKS Auth: AssumeRoleForPodIdentity, https response error \
         StatusCode: 400, RequestID: 3c5a77b1-e68d-44fe-8b54-4a6c9bbcb057, ExpiredTokenException: The token \
         included in the request is expired: current date/time 2025-07-06T07:02:09.314833331Z must be before the \
         expiration date/time 2025-07-06T04:16:18Z.",
        "eks-pod-identity-agent 89",
    ),
    (
        S::ChainInterrupted,
        "{\"level\":\"error\",\"msg\":\"Error fetching credentials: error getting credentials to cache: unable to \
         fetch credentials from EKS Auth: operation error EKS Auth: AssumeRoleForPodIdentity, https response error \
         StatusCode: 0, RequestID: , canceled, context \
         canceled\",\"operation\":\"AssumeRoleForPodIdentity\",\"request-id\":\"\",\"service\":\"EKS Auth\"}",
        "eks-pod-identity-agent 50",
    ),
    (
        S::PodIdentityAgentTimeout,
        "W0527 16:24:25.831530       1 pod_identity_credential_provider.go:142] IPv4 endpoint attempt failed: HTTP \
         request to pod identity agent failed: Get \"http://169.254.170.23/v1/credentials\": context deadline \
         exceeded (Client.Timeout exceeded while awaiting headers)",
        "secrets-store-csi-driver-provider-aws 465",
    ),
    (
        S::ChainInterrupted,
        "NoCredentialProviders: no valid providers in chain\ncaused by: EnvAccessKeyNotFound: failed to find \
         credentials in the environment.\nSharedCredsLoad: failed to load profile, .\nEC2RoleRequestError: no EC2 \
         instance role found\ncaused by: RequestError: send request failed\ncaused by: Get \
         \"http://169.254.169.254/latest/meta-data/iam/security-credentials/\": context deadline exceeded \
         (Client.Timeout exceeded while awaiting headers)",
        "SDK for Go 1, CredentialsChainVerboseErrors",
    ),
    (
        S::NoCredentials,
        "NoCredentialProviders: no valid providers in chain\ncaused by: EnvAccessKeyNotFound: failed to find \
         credentials in the environment.\nSharedCredsLoad: failed to load profile, .\nEC2RoleRequestError: no EC2 \
         instance role found\ncaused by: EC2MetadataError: failed to make EC2Metadata request",
        "SDK for Go 1",
    ),
    (
        S::WebIdentityNotAsked,
        "java.nio.file.AccessDeniedException: s3a://b: org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No \
         AWS Credentials provided by TemporaryAWSCredentialsProvider SimpleAWSCredentialsProvider \
         EnvironmentVariableCredentialsProvider IAMInstanceCredentialsProvider",
        "Hadoop S3A",
    ),
    (
        S::AccessDeniedAction,
        "java.nio.file.AccessDeniedException: s3a://b/k: getFileStatus on s3a://b/k: \
         software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Service: S3, Status Code: 403, Request \
         ID: X)",
        "Hadoop 3.4 S3A",
    ),
    (
        S::NoCredentials,
        "aws.smithy.kotlin.runtime.identity.IdentityProviderException: No identity could be resolved from the \
         chain: CredentialsProviderChain",
        "SDK for Kotlin",
    ),
    (
        S::WebIdentityOther,
        "crtError(AwsCommonRuntimeKit.CRTError(code: 6160, message: \"Valid credentials could not be sourced by \
         the sts web identity provider\", name: \"AWS_AUTH_CREDENTIALS_PROVIDER_STS_WEB_IDENTITY_SOURCE_FAILURE\"))",
        "aws-sdk-swift 1694",
    ),
    (S::NoInstanceRole, "level=error msg=\"No IAM role attached to this EC2 service\"", "minio-go, iam_aws.go"),
    (
        S::VariableUnexpanded,
        "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: \
         arn:aws:iam::${ACCOUNT_ID}:role/app is invalid",
        "REPORTED",
    ),
    (
        S::VariableUnexpanded,
        "Error: Could not assume role with OIDC: Request ARN is invalid: role-to-assume: ${{ secrets.ROLE }}",
        "REPORTED",
    ),
    (
        S::VariableUnexpanded,
        "WebIdentityErr: unable to read file: AWS_WEB_IDENTITY_TOKEN_FILE=$(TOKEN_DIR)/token failed",
        "REPORTED",
    ),
    (S::PublishedKeyIncomplete, "error: STS_ROLE for aws: invalid JWK: missing kid in key 0", "REPORTED"),
];

#[test]
fn every_wording_has_its_meaning() {
    let wrong: Vec<String> = TABLE
        .iter()
        .map(|(want, text, source)| (want, classify(text).map(|f| f.symptom), text, source))
        .filter(|(want, got, ..)| Some(**want) != *got)
        .map(|(want, got, text, source)| format!("{want:?} {got:?} [{source}]\n  {text}"))
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_scan_finds_what_a_judge_finds() {
    for (want, text, source) in TABLE {
        let found = trustwalk_logs::scan_reader(format!("first line\n{text}\n").as_bytes()).unwrap();
        assert!(found.causes.iter().any(|c| c.failure.symptom == *want), "[{source}] {text}\n{:?}", found.unclear);
    }
}

#[test]
fn words_of_others_mean_nothing() {
    for text in [
        "psutil.AccessDenied: (pid=4242, name='systemd')",
        "psutil._exceptions.AccessDenied: psutil.AccessDenied (pid=1)",
        "ExpiredToken: csrf token mismatch, please reload the page",
        "AuthorizationFailed: The client 'x' with object id 'y' does not have authorization to perform action \
         'Microsoft.Storage/read'; AccessDenied",
        "google.api_core.exceptions.PermissionDenied: 403 PERMISSION_DENIED: caller is not authorized to perform: \
         storage.objects.get",
        "When the backend returns an internal server error, the client tries again.",
        "ThrottlingException: rate exceeded for user bob in the forum",
        "region is missing in the address form",
        "You must specify a region for the map",
        "unsupported protocol scheme \"\"",
        "SignatureDoesNotMatch: the webhook of the payment provider",
        "java.nio.file.AccessDeniedException: /etc/shadow",
        "Error: Unable to locate credentials for docker registry",
        "unable to locate credentials for host ghcr.io",
        "ERROR Docker credentials could not be loaded",
        "error: Google credentials could not be loaded",
        "jwt: InvalidIdentityToken: token has expired for user bob",
        "jwt: InvalidIdentityToken: token is expired",
        "could not connect: connection refused (10.0.0.1:5432)",
    ] {
        assert_eq!(classify_all(text), vec![], "{text}");
    }
}

#[test]
fn names_of_before_are_read_and_what_says_nothing_is_known() {
    // Names that were renamed are still read.
    let old: S = serde_json::from_str("\"java-sts-module-missing\"").unwrap();
    assert_eq!(old, S::StsModuleMissing);
    assert!(S::WebIdentityOther.says_nothing());
    assert!(!S::StsModuleMissing.says_nothing());
}
