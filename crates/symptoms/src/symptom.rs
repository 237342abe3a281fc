//! Every meaning a log line about web identity can have.
//!
//! Marks: `DOC` is AWS, Kubernetes or SDK documentation or source; `REPORTED` is wording that
//! users captured and AWS does not promise.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! symptoms {
    ($($(#[doc = $doc:literal])+ $variant:ident => $name:literal $(was $old:literal)?,)+) => {
        /// What a failure means. The names are stable and used in JSON.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Symptom {
            $($(#[doc = $doc])+ #[serde(rename = $name $(, alias = $old)?)] $variant,)+
        }

        impl Symptom {
            /// Every symptom, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means and where the wording comes from.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What it means alone, for whoever meets it: where the wording comes from is for whoever doubts it.
            pub fn gist(self) -> &'static str {
                let whole = self.meaning();
                let marks = [" DOC:", " DOC code", " REPORTED"].into_iter().filter_map(|mark| whole.split_once(mark));
                marks.map(|(gist, _)| gist).min_by_key(|gist| gist.len()).unwrap_or(whole)
            }
        }
    };
}

symptoms! {
    /// The provider's certificate matches no registered thumbprint. REPORTED: STS `InvalidIdentityToken`
    /// (configure-aws-credentials 357).
    ThumbprintMismatch => "thumbprint-mismatch",
    /// The account has no OIDC provider for the token's issuer. REPORTED: STS `InvalidIdentityToken`.
    NoProvider => "no-provider",
    /// The token's audience is not among the provider's client ids. REPORTED: STS wording up to mid-2026.
    IncorrectAudience => "incorrect-audience",
    /// Audience, authorized party or signature refused; the text does not say which. REPORTED: STS wording seen
    /// since mid-2026.
    TokenNotValidated => "token-not-validated",
    /// STS could not fetch the issuer's keys, or holds no key for the token. REPORTED text; causes DOC (Knowledge
    /// Center, iam-sts-invalididentitytoken).
    KeysUnavailable => "keys-unavailable",
    /// The web identity token is past its expiry plus five minutes. DOC code `ExpiredTokenException`; REPORTED
    /// text.
    ExpiredToken => "expired-token",
    /// What was sent is no JWT, an access token perhaps. REPORTED: STS text.
    NotAJwt => "not-a-jwt",
    /// A required claim is missing; the detail names it. REPORTED: STS text.
    MissingClaim => "missing-claim",
    /// A claim is present and empty; the detail names it. REPORTED: STS text.
    EmptyClaim => "empty-claim",
    /// Several audiences and no `azp`. REPORTED: STS text.
    MultiAudienceWithoutAzp => "multi-audience-without-azp",
    /// `iat` lies in the future: clocks differ. REPORTED: STS text.
    IssuedInFuture => "issued-in-future",
    /// `nbf` lies in the future: clocks differ. REPORTED: STS text.
    NotYetValid => "not-yet-valid",
    /// A time claim is not an integer. REPORTED: STS text.
    InvalidTimestamp => "invalid-timestamp",
    /// The session tags in the token are malformed. REPORTED: STS text.
    PrincipalTagsInvalid => "principal-tags-invalid",
    /// The role is not in the token's `roles` claim. REPORTED: STS text.
    RoleNotInRolesClaim => "role-not-in-roles-claim",
    /// A provider parameter was sent with an OIDC token. REPORTED: STS text.
    ProviderIdSent => "provider-id-sent",
    /// The trust policy does not admit the token, or the role does not exist. REPORTED: `AccessDenied` (not
    /// modelled by AWS).
    NotAuthorizedWebIdentity => "not-authorized-web-identity",
    /// What was given for a role's ARN is malformed, or the ARN of a session. REPORTED: `ValidationError`, `Request ARN
    /// is invalid`; `AccessDenied` on resource `arn:aws:sts::…:assumed-role/…`.
    RoleArnInvalid => "role-arn-invalid",
    /// The session name is malformed. REPORTED: `ValidationError` on `roleSessionName`; configure-aws-credentials,
    /// which looks at the name itself since 2026 (pull request 1765).
    SessionNameInvalid => "session-name-invalid",
    /// The token parameter is missing, too short or too long. REPORTED: `ValidationError` on `webIdentityToken`.
    TokenParameterInvalid => "token-parameter-invalid",
    /// The duration asked for exceeds the role's maximum, or one hour when roles are chained. REPORTED:
    /// `ValidationError`.
    DurationExceeds => "duration-exceeds",
    /// Session tags or session policy are too large. DOC code `PackedPolicyTooLarge`.
    PackedPolicyTooLarge => "packed-policy-too-large",
    /// The identity provider rejected the claim. DOC code `IDPRejectedClaim`.
    IdpRejected => "idp-rejected",
    /// The identity provider could not be reached. DOC code `IDPCommunicationError`.
    IdpCommunication => "idp-communication",
    /// STS is not active in the region. DOC code `RegionDisabledException`.
    RegionDisabled => "region-disabled",
    /// The token file exists and may not be read: mode 0600 and no `fsGroup`. DOC: pod identity webhook issue 8.
    TokenFileUnreadable => "token-file-unreadable",
    /// There is no token file at its path: nothing is there, or a directory is. DOC: SDK sources; REPORTED: Docker
    /// makes a directory of what it mounts and does not find (botocore 2351).
    TokenFileMissing => "token-file-missing",
    /// The token file's path is not absolute for the SDK, as on Windows. REPORTED: SDK for .NET.
    WindowsPath => "windows-path",
    /// The global STS endpoint did not answer: a private network has regional endpoints only. REPORTED.
    StsGlobalEndpoint => "sts-global-endpoint",
    /// The name of STS does not resolve. DOC: resolver errors of each language.
    StsDns => "sts-dns",
    /// STS's address refused the connection.
    StsRefused => "sts-refused",
    /// STS did not answer in time.
    StsTimeout => "sts-timeout",
    /// A proxy refused the tunnel to STS. REPORTED: `Unexpected response code for CONNECT: 403`; DOC: botocore,
    /// Java and .NET sources.
    StsProxyRefused => "sts-proxy-refused",
    /// The certificate presented for STS is not trusted: CA bundle missing or TLS intercepted.
    StsTlsUntrusted => "sts-tls-untrusted",
    /// STS could not be reached; the text does not say why.
    StsUnreachable => "sts-unreachable",
    /// STS itself failed: HTTP 5xx. DOC: STS API reference, common errors `InternalFailure` and
    /// `ServiceUnavailable`.
    StsServerError => "sts-server-error",
    /// A chain of sources ended because one of them did not answer in time; others were not asked or said nothing.
    /// DOC: SDK for Go 1, `CredentialsChainVerboseErrors`.
    ChainInterrupted => "credential-chain-interrupted",
    /// No source of credentials gave any. DOC: SDK sources.
    NoCredentials => "no-credentials",
    /// The client asked for web identity, and no variable and no setting names a role, or a token's file, or either:
    /// nothing was injected, or half of it. DOC: SDK sources (Java 2 `SystemSetting`, Java 1
    /// `STSAssumeRoleWithWebIdentitySessionCredentialsProvider`, JavaScript 3 `fromTokenFile`, Kotlin
    /// `StsWebIdentityCredentialsProvider`, Go 2 `IdentityTokenFile` with an empty path, botocore
    /// `AssumeRoleWithWebIdentityProvider`, Go 1 `WebIdentityEmptyRoleARNErr`), provider-upjet-aws.
    WebIdentityNotGiven => "web-identity-not-given",
    /// A chain of sources tells of each that it asked, and a web identity is not among them: the program's own list, or
    /// an SDK from before web identity. DOC: SDK for Java 1 and 2 (`AWSCredentialsProviderChain`), Hadoop S3A
    /// (`AWSCredentialProviderList`).
    WebIdentityNotAsked => "web-identity-not-asked",
    /// The instance has no role, and nothing else gave credentials. DOC: SDK for Go 2.
    NoInstanceRole => "no-instance-role",
    /// The instance metadata service did not answer: hop limit or a block. DOC: SDK sources.
    ImdsUnreachable => "imds-unreachable",
    /// The application asks for a named profile that its container does not have, or has by half. DOC: SDK sources.
    ProfileMissing => "profile-missing",
    /// The client was handed keys of the program's own, and both or one of them is empty: it asks no other source. DOC:
    /// SDKs for Go 1 (`ErrStaticCredentialsEmpty`) and 2 (`StaticCredentialsEmptyError`), Java 1
    /// (`BasicAWSCredentials`) and 2 (`AwsBasicCredentials`), botocore (`PartialCredentialsError` of `env`), S3's
    /// `AuthorizationHeaderMalformed`; REPORTED: kuberay 4653, listmonk 1743.
    StaticKeysEmpty => "static-keys-empty",
    /// A profile's `credential_source` gave no keys: `Environment` means key variables, not web identity. DOC:
    /// botocore and SDK for Go sources.
    CredentialSourceEmpty => "credential-source-empty",
    /// The variable for the web identity token names the API server's own token. REPORTED.
    WrongTokenFile => "wrong-token-file",
    /// The client lacks its STS module: `aws-java-sdk-sts`, `software.amazon.awssdk:sts`, `AWSSDK.SecurityToken`.
    /// DOC: SDK for Java 1 (`STSProfileCredentialsServiceProvider`), Java 2 (`WebIdentityCredentialsUtils`) and
    /// .NET (`ServiceClientHelpers`) sources; JavaScript 3 (`fromWebToken`), whose older releases are handed the role
    /// assumer of `@aws-sdk/client-sts`.
    StsModuleMissing => "sts-module-missing" was "java-sts-module-missing",
    /// The client of STS was given no region, or a word that is none; the detail shows such a word. DOC: SDK sources
    /// (Go 1 `ErrMissingRegion`, Go 2, Rust and Kotlin endpoint rules, botocore `NoRegionError`, Ruby
    /// `MissingRegionError`, configure-aws-credentials).
    StsRegionMissing => "sts-region-missing",
    /// A client of AWS has no region, and the line does not tell that it is STS's: what was not injected lacks the
    /// region, too. Sources as of [`Symptom::StsRegionMissing`].
    RegionMissing => "region-missing",
    /// An operation of STS was sent to another service's endpoint, which does not know it. REPORTED:
    /// `InvalidAction`, `Could not find operation AssumeRoleWithWebIdentity` (session-manager-plugin 116); S3's
    /// `MethodNotAllowed` (cortex 4738).
    StsWrongEndpoint => "sts-wrong-endpoint",
    /// STS was called by plain http: an endpoint or a setting says so. DOC: net/http, `Post "http://..."`.
    StsPlainHttp => "sts-plain-http",
    /// An endpoint was configured without its scheme. DOC: net/http `unsupported protocol scheme`; botocore
    /// `Invalid endpoint`.
    EndpointWithoutScheme => "endpoint-without-scheme",
    /// The SDK is too old for the Pod Identity agent's address. DOC: SDK sources.
    PodIdentityHostRefused => "pod-identity-host-refused",
    /// A token file that could not be opened: the words are the same for one that is missing and for one that may not
    /// be read. DOC: AWS SDK for Java 1, `STSAssumeRoleWithWebIdentitySessionCredentialsProvider`, where
    /// `FileInputStream` throws `FileNotFoundException` for both; REPORTED: spark-operator 1256.
    TokenFileNotOpened => "token-file-not-opened",
    /// The Pod Identity agent says the token has expired. DOC: agent source; REPORTED wording.
    PodIdentityTokenExpired => "pod-identity-token-expired",
    /// The Pod Identity agent was called by a wrong address. DOC: agent source.
    PodIdentityWrongAddress => "pod-identity-wrong-address",
    /// No Pod Identity association for the service account. DOC: `ResourceNotFoundException` of
    /// `AssumeRoleForPodIdentity`.
    PodIdentityNoAssociation => "pod-identity-no-association",
    /// The node may not call `eks-auth:AssumeRoleForPodIdentity`, or the role's trust refuses. DOC: EKS User Guide.
    PodIdentityAccessDenied => "pod-identity-access-denied",
    /// The associated role does not trust `pods.eks.amazonaws.com`. REPORTED: EKS Auth's `AccessDeniedException`
    /// (ACK community 2678).
    PodIdentityTrustRefused => "pod-identity-trust-refused",
    /// What was sent to the Pod Identity agent is no token: empty, prefixed, cut. DOC: agent source
    /// (`validation/request.go`).
    PodIdentityTokenMalformed => "pod-identity-token-malformed",
    /// The Pod Identity agent does not accept the token: its audience, its claims or its signature. DOC: agent
    /// source (`validation/claims_validation.go`, `token_validator.go`).
    PodIdentityTokenRefused => "pod-identity-token-refused",
    /// The Pod Identity agent got no answer from EKS Auth in time. REPORTED: eks-pod-identity-agent 50.
    EksAuthUnreachable => "eks-auth-unreachable",
    /// The Pod Identity agent could not be reached, or says itself that it does not serve. DOC: SDK sources; agent
    /// source (`server.go`, `probe_handler.go`).
    PodIdentityAgentUnreachable => "pod-identity-agent-unreachable",
    /// The Pod Identity agent did not answer within the client's time: there is none, it starts, it waits for EKS Auth,
    /// or the client's patience is short. REPORTED: secrets-store-csi-driver-provider-aws 465, 537.
    PodIdentityAgentTimeout => "pod-identity-agent-timeout",
    /// The Pod Identity agent refused, for another reason. DOC: agent source.
    PodIdentityAgentError => "pod-identity-agent-error",
    /// The call went out as the node's role: no identity was injected or used. REPORTED (amazon-vpc-cni-k8s 1454).
    NodeRoleUsed => "node-role-used",
    /// The identity lacks a permission; see the denied action. DOC: IAM.
    AccessDeniedAction => "access-denied-action",
    /// A role tries to assume itself, which since 2022 its trust policy must allow. DOC: AWS Security Blog.
    AssumeRoleSelf => "assume-role-self",
    /// An `AssumeRole` call was refused: role chaining. DOC: IAM.
    AssumeRoleDenied => "assume-role-denied",
    /// The job may not ask for an ID token: `permissions: id-token: write` is missing. DOC: GitHub toolkit source.
    GhaIdTokenUnavailable => "gha-id-token-unavailable",
    /// An ID token was asked for while the job is pending. REPORTED.
    GhaTokenPending => "gha-token-pending",
    /// GitHub gave no ID token; the lines after tell its code. DOC: GitHub toolkit source.
    GhaTokenRefused => "gha-token-refused",
    /// The CI platform gave the job no ID token: the variable that would hold it is not set. DOC: `CircleCI`'s orb
    /// `aws-cli` (`assume-role-with-web-identity.sh`); POSIX shells, `set -u`.
    CiTokenMissing => "ci-token-missing",
    /// A called workflow asks for an ID token and its caller grants none. REPORTED: GitHub's words when the
    /// workflow is read.
    GhaCallerLacksIdToken => "gha-caller-lacks-id-token",
    /// The identity provider knows or grants no such audience. DOC: Microsoft Entra error codes `AADSTS500011` and
    /// `AADSTS50001`; REPORTED: GitHub's `Can't issue ID_TOKEN for audience` (configure-aws-credentials 272).
    AudienceNotIssued => "audience-not-issued",
    /// The identity provider issues no token of the lifetime asked for. REPORTED: Buildkite
    /// (aws-assume-role-with-web-identity-buildkite-plugin 43).
    IdpLifetimeRefused => "idp-lifetime-refused",
    /// A service account that is shown names its role under a key that EKS's webhook does not read. DOC:
    /// amazon-eks-pod-identity-webhook, README (`eks.amazonaws.com/role-arn`).
    AnnotationKeyUnknown => "annotation-key-unknown",
    /// A list of providers that is shown has one whose URL ends with a slash. REPORTED: configure-aws-credentials 1043.
    ProviderWithSlash => "provider-with-slash",
    /// A consumer of the service account's role found none on it. DOC: secrets-store-csi-driver-provider-aws and
    /// external-secrets sources.
    RoleAnnotationMissing => "role-annotation-missing",
    /// A role's ARN, an audience or a token's path still holds the variable that was to be replaced. The detail
    /// shows it.
    VariableUnexpanded => "variable-unexpanded",
    /// A key of a key set has no `kid` or no `alg` that a verifier could match; the detail says which. DOC: Envoy's
    /// `jwt_authn` and go-jose sources.
    PublishedKeyIncomplete => "published-key-incomplete",
    /// The API server refuses a token; the line does not say why. DOC: Kubernetes, `invalid bearer token`.
    ApiTokenInvalid => "api-token-invalid",
    /// The API server refuses tokens it would have issued: signing key or issuer replaced. REPORTED:
    /// kube-apiserver's words.
    ApiTokenRefused => "api-token-refused",
    /// The issuer's documents may not be written or read where they should be public. REPORTED: S3's refusal.
    DocumentsDenied => "documents-denied",
    /// An OIDC provider of this URL exists already: an account has one per URL. REPORTED text; DOC code
    /// `EntityAlreadyExists`.
    ProviderExists => "provider-exists",
    /// The Federated principal is not a provider's ARN. REPORTED: `MalformedPolicyDocument`.
    FederatedInvalid => "federated-invalid",
    /// The trust policy could not be saved. DOC code `MalformedPolicyDocument`.
    MalformedPolicy => "malformed-policy",
    /// A quota is exhausted; the detail names it. DOC code `LimitExceeded`.
    QuotaExceeded => "quota-exceeded",
    /// The credentials are unknown to AWS: wrong partition, region off, or mangled. DOC code
    /// `InvalidClientTokenId`.
    SecurityTokenInvalid => "security-token-invalid",
    /// A session's credentials have expired: not renewed. DOC code `ExpiredToken`.
    ExpiredSession => "expired-session",
    /// The API server does not trust the certificate that the webhook serves. DOC: Go `crypto/x509`.
    WebhookUntrusted => "webhook-untrusted",
    /// API server and webhook do not agree on a version of the admission review. DOC: `k8s.io/apiserver` source
    /// (`admissionreview.go`).
    WebhookReviewVersion => "webhook-review-version",
    /// The API server's call to the webhook failed, for another reason than certificate or version. DOC: Kubernetes.
    WebhookCallFailed => "webhook-call-failed",
    /// The API server could not call the webhook and went on without it; it is not said what kept it. DOC: Kubernetes,
    /// `failurePolicy: Ignore`; audit annotation `failed-open.mutation.webhook.admission.k8s.io`.
    WebhookFailedOpen => "webhook-failed-open",
    /// The webhook was called and changed nothing. DOC: Kubernetes audit annotation
    /// `mutation.webhook.admission.k8s.io`; amazon-eks-pod-identity-webhook source.
    WebhookDidNotMutate => "webhook-did-not-mutate",
    /// The webhook or its configuration does not exist. DOC: Kubernetes.
    WebhookMissing => "webhook-missing",
    /// The request was signed for another region: global endpoint called with regional settings. DOC: EKS User
    /// Guide, troubleshooting.
    SignatureScope => "signature-scope",
    /// The signature does not match: wrong key, clock or proxy. DOC code `SignatureDoesNotMatch`.
    SignatureMismatch => "signature-mismatch",
    /// The time in a signed request is too far from AWS's: the sender's clock is wrong, or the request was sent long
    /// after it was signed. DOC: IAM User Guide, signing requests; codes `SignatureDoesNotMatch`,
    /// `InvalidSignatureException`, `RequestTimeTooSkewed`; REPORTED: aws-sdk-js-v3 7605.
    ClockSkew => "clock-skew",
    /// A session was asked for with the credentials of a session, which STS refuses whatever the policies say. DOC: STS
    /// API reference, `GetSessionToken` and `GetFederationToken`; REPORTED words (external-secrets 4679).
    SessionWithSession => "session-with-session",
    /// The call was throttled. DOC code `Throttling`.
    Throttled => "throttled",
    /// The container waits for the IPAM daemon, which does not start. REPORTED (amazon-vpc-cni-k8s 3306).
    IpamdWaiting => "ipamd-waiting",
    /// The IPAM daemon gave up at start; the line names no cause of its own. DOC: amazon-vpc-cni-k8s source.
    IpamdInitFailure => "ipamd-init-failure",
    /// STS said `InvalidIdentityToken` in words that are not known.
    InvalidIdentityTokenOther => "invalid-identity-token",
    /// The exchange failed and the line does not say why.
    WebIdentityOther => "web-identity-failed",
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Symptom;

    #[test]
    fn what_a_symptom_means_is_a_sentence_without_where_it_is_from() {
        for symptom in Symptom::ALL {
            let gist = symptom.gist();
            assert!(gist.len() > 10 && gist.ends_with('.'), "{}: {gist}", symptom.name());
            assert!(!gist.contains("REPORTED") && !gist.contains("DOC:"), "{}: {gist}", symptom.name());
            assert!(symptom.meaning().starts_with(gist));
        }
    }
}
