//! Words that stand in public failures: those that clients put in the place of AWS's own, and their like that mean
//! something else.

use trustwalk_symptoms::{Symptom as S, classify, classify_all, read};

/// Meaning, words, source.
const TABLE: &[(S, &str, &str)] = &[
    (
        S::TokenFileNotOpened,
        "Presenting the record failed: WebIdentityErr: unable to read file at \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "cert-manager 2147",
    ),
    (
        S::TokenFileNotOpened,
        "zone of the till is not known: WebIdentityErr: failed fetching WebIdentity token: ",
        "SDK for Go 1, WebIdentityRoleProvider",
    ),
    (
        S::NoCredentials,
        "Error: invalid configuration: extension \"sigv4auth\" has invalid configuration: bad AWS credentials",
        "opentelemetry-operator 1007",
    ),
    (
        S::ProfileMissing,
        "CredentialsLoadingError(InvalidConfiguration { cause: \"ProfileFile provider could not be built: profile \
         `till` was not defined: could not find source profile till referenced from the root profile\" })",
        "SDK for Rust, aws-sdk-rust 547",
    ),
    (
        S::TokenParameterInvalid,
        "Aws\\Exception\\CredentialsException: InvalidIdentityToken from file: /run/token",
        "aws-sdk-php, AssumeRoleWithWebIdentityCredentialProvider",
    ),
    (
        S::TokenFileNotOpened,
        "[ERROR] 2031-02-03 10:11:12.123 STSAssumeRoleWithWebIdentityCredentialsProvider [140] Can't open token file: \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "aws-sdk-cpp, STSCredentialsProvider.cpp",
    ),
    (
        S::TokenFileNotOpened,
        "[2031/01/01 00:00:00] [error] [aws_credentials] Could not read web identity token file",
        "fluent-bit, flb_aws_credentials_sts.c",
    ),
    (
        S::TokenFileNotOpened,
        "PHP Fatal error: Uncaught Aws\\Exception\\CredentialsException: Unreadable tokenfile at location \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "aws-sdk-php, AssumeRoleWithWebIdentityCredentialProvider",
    ),
    (
        S::NoCredentials,
        "aws.smithy.kotlin.runtime.auth.awscredentials.CredentialsProviderException: No credentials could be loaded \
         from the chain: CredentialsProviderChain -> EnvironmentCredentialsProvider -> ImdsCredentialsProvider",
        "smithy-kotlin, CredentialsProviderChain",
    ),
    (
        S::ClockSkew,
        "InvalidSignatureException: Signature expired: 20310111T204052Z is now earlier than 20310111T225449Z \
         (20310111T230949Z - 15 min.)\n\tstatus code: 400, request id: 7",
        "registry-creds 24",
    ),
    (
        S::ClockSkew,
        "upload of shard 3 failed: Signature expired: 20310920T174101Z is now earlier than 20310920T174504Z \
         (20310920T175004Z - 5 min.)",
        "amazon-kinesis-producer 222",
    ),
    (
        S::ClockSkew,
        "InvalidSignatureException: Signature not yet current: 20310920T184101Z is still later than 20310920T175004Z \
         (20310920T174504Z + 5 min.)",
        "IAM User Guide, signing",
    ),
    (
        S::ClockSkew,
        "api error RequestTimeTooSkewed: The difference between the request time and the current time is too large.",
        "S3 API reference",
    ),
    (
        S::ClockSkew,
        "An error occurred (RequestExpired) when calling the DescribeSubnets operation: Request has expired.",
        "EC2",
    ),
    (
        S::SessionWithSession,
        "operation error STS: GetFederationToken, https response error StatusCode: 403, RequestID: 7, api error \
         AccessDenied: Cannot call GetFederationToken with session credentials",
        "granted 151",
    ),
    (
        S::WebIdentityNotGiven,
        "Amazon.Runtime.AmazonClientException: Failed to resolve AWS credentials. The credential providers used to \
         search for credentials returned the following errors:\n\nException 1 of 4: The environment variables \
         AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY/AWS_SESSION_TOKEN were not set with AWS credentials.\nException 2 of \
         4: The webIdentityTokenFile must be an absolute path. (Parameter 'webIdentityTokenFile')\nException 3 of 4: \
         Unable to find the \"default\" profile.\nException 4 of 4: Unable to get IAM security credentials from EC2 \
         Instance Metadata Service.",
        "SDK for .NET 4, AssumeRoleWithWebIdentityCredentials",
    ),
    (
        S::WebIdentityNotGiven,
        "the credential provider was not enabled: no credentials found in chain. Attempted:\n  Environment: not set\n  \
         WebIdentityToken: the credential provider was not enabled: $AWS_WEB_IDENTITY_TOKEN_FILE was not set\n  \
         Ec2InstanceMetadata: could not communicate with IMDS",
        "SDK for Rust, ProviderChainError",
    ),
    (
        S::WebIdentityNotAsked,
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the \
         providers in the chain AwsCredentialsProviderChain(credentialsProviders=[\
         EnvironmentVariableCredentialsProvider(), ProfileCredentialsProvider(profileName=till, \
         profileFile=ProfileFile(sections=[])), \
         InstanceProfileCredentialsProvider()]) : [EnvironmentVariableCredentialsProvider(): Unable to load \
         credentials from system settings., InstanceProfileCredentialsProvider(): Failed to load credentials from \
         IMDS.]",
        "SDK for Java 2, AwsCredentialsProviderChain",
    ),
    (
        S::WebIdentityNotAsked,
        "org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by \
         TemporaryAWSCredentialsProvider SimpleAWSCredentialsProvider: no credentials in configuration",
        "Hadoop, AWSCredentialProviderList",
    ),
    (
        S::WebIdentityNotAsked,
        "Caused by: org.apache.hadoop.fs.s3a.CredentialInitializationException: Provider \
         TemporaryAWSCredentialsProvider has no credentials: ",
        "trino 20804",
    ),
    (
        S::StsTimeout,
        "Failed to assume role with OIDC: AggregateError [ETIMEDOUT]: \n    at connect (node:net:1116:18)",
        "aws-toolkit-azure-devops 591",
    ),
    (
        S::StsDns,
        "Error: Inaccessible host: `sts.eu-north-1.amazonaws.com' at port `undefined'. This service may not be \
         available in the `eu-north-1' region.",
        "configure-aws-credentials 415; SDK for JavaScript 2, event_listeners.js",
    ),
    (
        S::GhaTokenRefused,
        "Error: Error message: Cannot read properties of undefined (reading 'message')\n\
         /opt/runner/_actions/aws-actions/configure-aws-credentials/v2/dist/index.js:585",
        "actions/toolkit 1441",
    ),
    (
        S::AccessDeniedAction,
        "stderr=Fatal: unable to open config file: Stat: Access Denied.\nIs there a repository at the following \
         location?\ns3:s3-eu-north-1.amazonaws.com/ledger-copies/restic/till",
        "velero 2457",
    ),
    (
        S::ExpiredSession,
        "error getting cached content from blob \"p1\": failed to get blob with ID p1: The provided token has expired",
        "velero 8173",
    ),
    (
        S::PodIdentityAgentUnreachable,
        "Error loading credentials: connect ENETUNREACH fd00:ec2::23:80 - Local (:::0)",
        "containers-roadmap 2639",
    ),
    (
        S::RoleArnInvalid,
        "<Message>User: arn:aws:sts::111122223333:assumed-role/till/b is not authorized to perform: sts:AssumeRole \
         on resource: arn:aws:iam::111122223333:role:till-logs</Message>",
        "fluent-bit 8278",
    ),
    (
        S::RoleArnInvalid,
        "AccessDenied (client): User: arn:aws:iam::111122223333:user/till is not authorized to perform: \
         sts:AssumeRole on resource: arn:aws:iam::111122223333:user/till",
        "selling-partner-api-models 2523",
    ),
    (S::NoCredentials, "error_class=RuntimeError error=\"No valid AWS credentials found.\"", "bitnami charts 14246"),
    (
        S::WebIdentityNotGiven,
        "java.lang.NullPointerException: You must specify a value for roleArn and roleSessionName\n\tat \
         com.amazonaws.auth.STSAssumeRoleSessionCredentialsProvider$Builder.<init>(STSAssumeRole.java:359)\n\tat \
         com.amazonaws.auth.WebIdentityTokenCredentialsProvider.getCredentials(WebIdentityToken.java:76)",
        "amazon-eks-apache-spark-etl-sample 2",
    ),
    (S::ProfileMissing, "Cannot read credentials from /.aws/credentials", "aws-sdk-php 2178"),
    (
        S::TokenFileNotOpened,
        "CredentialsError: Missing credentials in config\n    at Object.openSync (fs.js:439:3)\n    at \
         TokenFileWebIdentityCredentials.load (/srv/node_modules/aws-sdk/lib/credentials/x.js:163:28)",
        "aws-sdk-js 2848",
    ),
    (
        S::ChainInterrupted,
        "Failed to load credentials from the credentials provider: Credentials provider timed out after 5 seconds",
        "vector 12421",
    ),
    (S::ChainInterrupted, "dispatch failure: identity resolver timed out after 5s", "aws-smithy-runtime"),
    (
        S::NoCredentials,
        "ConstructionFailure(ConstructionFailure { source: SigningStageError { kind: MissingCredentials } })",
        "aws-sdk-rust 760",
    ),
    (
        S::WebIdentityOther,
        "serde_xml: custom: missing field `AssumeRoleWithWebIdentityResult`",
        "core-dump-handler 143",
    ),
    (S::WebIdentityOther, "[error][aws] Could not load AWS credentials document from STS", "aws-app-mesh-roadmap 464"),
    (
        S::StaticKeysEmpty,
        "upload of statement 3: status code: 400 Bad Request: \"<Error><Code>AuthorizationHeaderMalformed</Code>\
         <Message>The authorization header is malformed; a non-empty Access Key (AKID) must be provided in the \
         credential.</Message>\"",
        "listmonk 1743",
    ),
    (
        S::StaticKeysEmpty,
        "cannot list the till's bucket: EmptyStaticCreds: static credentials are empty",
        "kuberay 4653",
    ),
    (
        S::StaticKeysEmpty,
        "operation error EC2: DescribeRegions, get identity: get credentials: failed to refresh cached credentials, \
         static credentials are empty",
        "kubefirst-api 372",
    ),
    (S::StaticKeysEmpty, "java.lang.NullPointerException: Access key ID cannot be blank.", "AwsBasicCredentials"),
    (S::StaticKeysEmpty, "java.lang.IllegalArgumentException: Access key cannot be null.", "BasicAWSCredentials"),
    (
        S::StaticKeysEmpty,
        "botocore.exceptions.PartialCredentialsError: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        "botocore, EnvProvider",
    ),
    (
        S::ProfileMissing,
        "botocore.exceptions.InvalidConfigError: The source profile \"till\" must have credentials.",
        "botocore, AssumeRoleProvider",
    ),
    (
        S::StsModuleMissing,
        "CredentialsProviderError: Profile till requires a role to be assumed, but no role assumption callback was \
         provided.",
        "@aws-sdk/credential-provider-ini",
    ),
    (
        S::StsModuleMissing,
        "Caused by: java.lang.ClassNotFoundException: \
         software.amazon.awssdk.services.sts.internal.StsWebIdentityCredentialsProviderFactory",
        "WebIdentityCredentialsUtils",
    ),
    (
        S::ImdsUnreachable,
        "** (RuntimeError) Instance Meta Error: {:error, %{reason: :timeout}}\n\nYou tried to access the AWS EC2 \
         instance meta, but it could not be reached.",
        "ex_aws 1057",
    ),
    (
        S::TokenFileNotOpened,
        "get credentials: failed to refresh cached credentials, failed to retrieve jwt from provide source, unable to \
         read file at /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "SDK for Go 2, a line that was cut",
    ),
    (
        S::NoCredentials,
        "ValueError: Could not load credentials to authenticate with AWS client. Please check that credentials in the \
         specified profile name are valid.",
        "langchain-aws",
    ),
    (S::NoCredentials, "javax.security.sasl.SaslException: Failed to find AWS IAM Credentials", "aws-msk-iam-auth 81"),
    (
        S::AccessDeniedAction,
        "Connection to node -1 failed: org.apache.kafka.common.errors.SaslAuthenticationException: \
         [9f2c0c1e-6c1b-4c35-8a51-0b6a5e2f7d11]: Access denied",
        "aws-msk-iam-auth 55",
    ),
    (
        S::StsWrongEndpoint,
        "WebIdentityErr: failed to retrieve credentials\ncaused by: SerializationError: failed to unmarshal error \
         message\n\tstatus code: 404, request id: 7\ncaused by: UnmarshalError: failed to unmarshal error \
         message\n\t00000000  3c 55 6e 6b 6e 6f 77 6e  4f 70 65 72 61 74 69 6f  |<UnknownOperatio|",
        "loki 1402",
    ),
    (
        S::NotAuthorizedWebIdentity,
        "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: 7, api error \
         AccessDenied: Not authorized to perf",
        "a line that was cut",
    ),
    (
        S::NotAuthorizedWebIdentity,
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: ",
        "a line that was cut",
    ),
    (
        S::IncorrectAudience,
        "{\"msg\":\"operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 400, \
         InvalidIdentityToken: Incorrect token audi\"}",
        "a record that was cut",
    ),
    (S::RoleArnInvalid, "WebIdentityErr: ValidationError: Request ARN is inval\u{2026}", "a line that was cut"),
    (
        S::SecurityTokenInvalid,
        "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.",
        "S3 API reference, error responses",
    ),
];

/// Words like those above that mean another thing, and what none of them may be taken for.
const NEAR: &[(S, &str)] = &[
    (
        S::TokenFileNotOpened,
        "WebIdentityErr: failed fetching WebIdentity token: \ncaused by: WebIdentityErr: unable to read file at \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token\ncaused by: open \
         /var/run/secrets/eks.amazonaws.com/serviceaccount/token: permission denied",
    ),
    (S::TokenFileNotOpened, "WebIdentityErr: failed to retrieve credentials"),
    (S::NoCredentials, "the till refused: bad AWS credentials"),
    (S::NoCredentials, "extension \"sigv4auth\" is ready"),
    (S::ProfileMissing, "the profile `till` was not defined by the author"),
    // A certificate's or a cookie's signature.
    (S::ClockSkew, "cookie rejected: signature expired 3 min. ago"),
    (S::ClockSkew, "license: Signature expired: 2031-01-11"),
    // Nobody says who failed to read a property.
    (S::GhaTokenRefused, "Error: Error message: Cannot read properties of undefined (reading 'message')"),
    (
        S::GhaTokenRefused,
        "/opt/_actions/aws-actions/configure-aws-credentials/v2: Cannot read properties of undefined (reading 'roles')",
    ),
    // Another service, and another store.
    (S::StsDns, "Error: Inaccessible host: `s3.eu-north-1.amazonaws.com' at port `undefined'."),
    (
        S::AccessDeniedAction,
        "Fatal: unable to open config file: Stat: Access Denied.\ns3:http://minio.till:9000/restic",
    ),
    (S::ExpiredSession, "failed to get blob with ID p1-s2: BLOB not found"),
    (S::PodIdentityAgentUnreachable, "connect ENETUNREACH fd00:ec2::2311:80 - Local (:::0)"),
    (S::PodIdentityAgentUnreachable, "connect ENETUNREACH fd00:ec2::23:8011 - Local (:::0)"),
    // A role that is one.
    (
        S::RoleArnInvalid,
        "User: arn:aws:sts::111122223333:assumed-role/till/b is not authorized to perform: sts:AssumeRole on resource: \
         arn:aws:iam::444455556666:role/team/ledger",
    ),
    // A builder of the program's own.
    (
        S::WebIdentityNotGiven,
        "java.lang.NullPointerException: You must specify a value for roleArn and roleSessionName\n\tat \
         com.amazonaws.auth.STSAssumeRoleSessionCredentialsProvider$Builder.<init>(STSAssumeRole.java:359)\n\tat \
         com.example.Ledger.main(Ledger.java:7)",
    ),
    // A source that nobody knows may be one of web identity, a list that has one was asked for it, and a path in a
    // Windows container is given.
    (
        S::WebIdentityNotAsked,
        "Unable to load credentials from any of the providers in the chain AwsCredentialsProviderChain(\
         credentialsProviders=[EnvironmentVariableCredentialsProvider(), com.example.LedgerCredentialsProvider(), \
         InstanceProfileCredentialsProvider()])",
    ),
    (
        S::WebIdentityNotAsked,
        "Unable to load AWS credentials from any provider in the chain: [EnvironmentVariableCredentialsProvider: none, \
         WebIdentityTokenCredentialsProvider: no, com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper@1: no]",
    ),
    (S::WebIdentityNotGiven, "System.ArgumentException: The webIdentityTokenFile must be an absolute path."),
    // A presigned address has ended, which nobody's clock need have done.
    (S::ClockSkew, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"),
    (S::TokenFileNotOpened, "CredentialsError: Missing credentials in config\n    at Object.openSync (fs.js:439:3)"),
    (S::ChainInterrupted, "job timed out after 5 seconds"),
    (S::WebIdentityOther, "serde_xml: custom: missing field `ListBucketResult`"),
    (S::ProfileMissing, "Cannot read credentials from vault at secret/till"),
    // Another vendor's client, another store, a form that somebody fills in.
    (S::StaticKeysEmpty, "spotinst: static credentials are empty"),
    (S::StaticKeysEmpty, "ValueError: Access key ID cannot be blank."),
    (S::StaticKeysEmpty, "400 AuthorizationHeaderMalformed: the region 'us-east-1' is wrong; expecting 'eu-north-1'"),
    (S::SecurityTokenInvalid, "The Access Key Id you provided does not exist in our records."),
    (S::AccessDeniedAction, "SaslAuthenticationException: Authentication failed: Invalid username or password"),
    (S::ProfileMissing, "the database profile must have credentials."),
    (S::StsWrongEndpoint, "s3: failed to unmarshal error message <UnknownOperationException/>"),
    (S::TokenFileNotOpened, "unable to read file at /etc/till/config.yaml"),
    // What is cut elsewhere may have been anything, and what is cut early, too.
    (S::NotAuthorizedWebIdentity, "User: arn:aws:sts::111122223333:assumed-role/till/b is not authorized to perform"),
    (S::IncorrectAudience, "InvalidIdentityToken: Incorrect tok"),
    (S::KeysUnavailable, "operation error STS: AssumeRoleWithWebIdentity, InvalidIdentityToken: Couldn"),
];

#[test]
fn what_clients_pass_on_is_read() {
    for (symptom, text, source) in TABLE {
        let found = classify(text);
        assert_eq!(found.map(|f| f.symptom), Some(*symptom), "{source}: {text}");
    }
}

#[test]
fn what_is_only_like_them_is_not_taken_for_them() {
    for (symptom, text) in NEAR {
        let found: Vec<S> = classify_all(text).iter().map(|f| f.symptom).collect();
        assert!(!found.contains(symptom), "{symptom}: {text}");
    }
}

#[test]
fn a_registry_that_nobody_logged_in_to_is_shown_as_not_understood() {
    for text in [
        "GET https://111122223333.dkr.ecr.eu-north-1.amazonaws.com/v2/till/manifests/1: unexpected status code 401 \
         Unauthorized: Not Authorized",
        "GET https://111122223333.dkr.ecr.eu-north-1.amazonaws.com/v2/till/tags/list: DENIED: Your Authorization Token \
         is invalid.",
        "url=https://aps-workspaces.eu-north-1.amazonaws.com/workspaces/ws-1 err=\"server returned HTTP status 403 \
         Forbidden: {\\\"message\\\":\\\"Missing Authentication Token\\\"}\"",
    ] {
        let told = read(text);
        assert!(told.failures.is_empty() && told.unclear.is_some(), "{text}: {told:?}");
    }
    let other = read("GET https://registry.example/v2/till: unexpected status code 401 Unauthorized: Not Authorized");
    assert!(other.unclear.is_none(), "{other:?}");
}
