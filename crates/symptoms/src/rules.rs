//! The wordings, in lower case, and the symptom each stands for.
//!
//! Rows of [`SPECIFIC`] name a cause. Rows of [`GENERIC`] are what wrappers say around a cause;
//! they count only when no specific row fits. Sources stand with the variants of [`Symptom`].

use crate::symptom::Symptom;

/// One row: every part must be in the text.
pub(crate) struct Row {
    pub(crate) symptom: Symptom,
    pub(crate) parts: &'static [&'static str],
    /// Others use these words, too: a mark of AWS must stand beside them.
    pub(crate) shared: bool,
}

const fn row(symptom: Symptom, parts: &'static [&'static str]) -> Row {
    Row { symptom, parts, shared: false }
}

const fn shared(symptom: Symptom, parts: &'static [&'static str]) -> Row {
    Row { symptom, parts, shared: true }
}

/// Rows that name a cause, most telling first.
pub(crate) const SPECIFIC: &[Row] = &[
    row(
        Symptom::ThumbprintMismatch,
        &["openidconnect provider's https certificate doesn't match configured thumbprint"],
    ),
    row(Symptom::ThumbprintMismatch, &["openidconnect", "https certificate doesn", "configured thumbprint"]),
    row(Symptom::NoProvider, &["no openidconnect provider found in"]),
    row(Symptom::IncorrectAudience, &["incorrect token audience"]),
    row(Symptom::TokenNotValidated, &["web identity token provided could not be validated"]),
    row(Symptom::KeysUnavailable, &["retrieve verification key from your identity provider"]),
    row(Symptom::ExpiredToken, &["token expired: current date/time"]),
    row(Symptom::ExpiredToken, &["token too old: "]),
    row(Symptom::ExpiredToken, &["invalididentitytoken", "token is expired"]),
    row(Symptom::ExpiredToken, &["expiredtokenexception", "assumerolewithwebidentity"]),
    row(Symptom::NotAJwt, &["id token provided is not a valid jwt"]),
    row(Symptom::MissingClaim, &["missing a required claim: "]),
    row(Symptom::EmptyClaim, &["claim is not allowed to be empty: "]),
    row(Symptom::MultiAudienceWithoutAzp, &["token audience contains more than one audience"]),
    row(Symptom::IssuedInFuture, &["token issued in the future: "]),
    row(Symptom::NotYetValid, &["token not yet valid: current date/time"]),
    row(Symptom::InvalidTimestamp, &["invalid timestamp in token claims"]),
    row(Symptom::PrincipalTagsInvalid, &["principal_tags passed in claim is"]),
    row(Symptom::RoleNotInRolesClaim, &["not present in the roles claim of the identity token"]),
    row(Symptom::ProviderIdSent, &["unrecognized oauth provider", "openidconnect"]),
    row(Symptom::ProviderIdSent, &["token is not a login with amazon token"]),
    row(Symptom::NotAuthorizedWebIdentity, &["not authorized to perform sts:assumerolewithwebidentity"]),
    row(Symptom::NotAuthorizedWebIdentity, &["not authorized to perform: sts:assumerolewithwebidentity"]),
    row(Symptom::RoleArnInvalid, &["request arn is invalid"]),
    row(Symptom::RoleArnInvalid, &["at 'rolearn' failed to satisfy"]),
    row(Symptom::RoleArnInvalid, &["source account id is needed if the role name is provided"]),
    row(Symptom::RoleArnInvalid, &["validationerror", "arn:aws", "is invalid"]),
    row(Symptom::SessionNameInvalid, &["at 'rolesessionname' failed to satisfy"]),
    row(Symptom::SessionNameInvalid, &["role session name is not valid"]),
    row(Symptom::SessionNameInvalid, &["invalid length for parameter rolesessionname, value: "]),
    row(Symptom::SessionNameInvalid, &["minimum field size of 2, assumerole", "input.rolesessionname"]),
    row(Symptom::RoleArnInvalid, &["assumerole", "role/arn:aws"]),
    row(Symptom::RoleArnInvalid, &["denied", "role/arn:aws"]),
    row(Symptom::RoleArnInvalid, &["invalid length for parameter rolearn, value: "]),
    row(Symptom::RoleArnInvalid, &["invalid type for parameter rolearn, value: "]),
    row(Symptom::RoleArnInvalid, &["minimum field size of 20, assumerole", "input.rolearn"]),
    row(Symptom::RoleArnInvalid, &["assumerole", "[rolearn] expected string length to be >= 20"]),
    row(Symptom::RoleArnInvalid, &["argument --role-arn: expected one argument"]),
    row(Symptom::TokenParameterInvalid, &["at 'webidentitytoken' failed to satisfy"]),
    row(Symptom::TokenParameterInvalid, &["invalid length for parameter webidentitytoken, value: "]),
    row(Symptom::TokenParameterInvalid, &["invalid type for parameter webidentitytoken, value: "]),
    row(Symptom::TokenParameterInvalid, &["missing required parameter in input: \"webidentitytoken\""]),
    row(Symptom::TokenParameterInvalid, &["missing required key 'webidentitytoken'"]),
    // PHP, of a file that stays empty.
    row(Symptom::TokenParameterInvalid, &["invalididentitytoken from file: "]),
    row(Symptom::TokenParameterInvalid, &["minimum field size of 4, assumerolewithwebidentityinput.webidentitytoken"]),
    row(Symptom::TokenParameterInvalid, &["missing required parameter params[:web_identity_token]"]),
    row(Symptom::TokenParameterInvalid, &["[webidentitytoken] must be a string"]),
    row(Symptom::TokenParameterInvalid, &["[webidentitytoken] is missing and is a required parameter"]),
    row(Symptom::TokenParameterInvalid, &["[webidentitytoken] expected string length to be >= 4"]),
    row(Symptom::TokenParameterInvalid, &["argument --web-identity-token: expected one argument"]),
    row(Symptom::DurationExceeds, &["durationseconds exceeds"]),
    row(Symptom::DurationExceeds, &["at 'durationseconds' failed to satisfy"]),
    row(Symptom::PackedPolicyTooLarge, &["packed size of session tags consumes"]),
    row(Symptom::PackedPolicyTooLarge, &["packed policy consumes"]),
    row(Symptom::IdpCommunication, &["openididpcommunicationerror"]),
    row(Symptom::ProfileMissing, &["config profile (", "could not be found"]),
    row(Symptom::ProfileMissing, &["failed to get shared config profile"]),
    row(Symptom::ProfileMissing, &["could not resolve credentials using profile"]),
    // Rust.
    row(Symptom::ProfileMissing, &["credential", "profilefile provider could not be built", "was not defined"]),
    row(Symptom::ProfileMissing, &["contained no credentials for profile"]),
    row(Symptom::ProfileMissing, &["sharedcredsload", "failed to load shared credentials file"]),
    row(Symptom::ProfileMissing, &["partial credentials found for profile "]),
    // botocore (`AssumeRoleProvider`).
    row(Symptom::ProfileMissing, &["invalidconfigerror: the source profile \"", "\" must have credentials."]),
    // Keys of the program's own that are empty: Go, whatever the version; Java 2 and 1; botocore, where one of the pair
    // is in the environment; S3, to which a client signed with no key at all.
    row(Symptom::StaticKeysEmpty, &["static credentials are empty", "credentials: "]),
    row(Symptom::StaticKeysEmpty, &["cached credentials, static credentials are empty"]),
    row(Symptom::StaticKeysEmpty, &["emptystaticcreds: static credentials are empty"]),
    row(Symptom::StaticKeysEmpty, &["nullpointerexception: access key id cannot be blank"]),
    row(Symptom::StaticKeysEmpty, &["nullpointerexception: secret access key cannot be blank"]),
    row(Symptom::StaticKeysEmpty, &["illegalargumentexception: access key cannot be null"]),
    row(Symptom::StaticKeysEmpty, &["partial credentials found in env, missing: "]),
    row(Symptom::StaticKeysEmpty, &["a non-empty access key (akid) must be provided in the credential"]),
    // PHP (`CredentialProvider::ini`).
    row(Symptom::ProfileMissing, &["cannot read credentials from ", "/.aws/credentials"]),
    row(Symptom::ProfileMissing, &["' not found in credentials file"]),
    row(Symptom::WebIdentityNotGiven, &["credentialsprovidererror: web identity configuration not specified"]),
    row(Symptom::WebIdentityNotGiven, &["could not be automatically inferred for stswebidentitycredentialsprovider"]),
    row(Symptom::WebIdentityNotGiven, &["credential", "token file name cannot be empty"]),
    row(Symptom::WebIdentityNotGiven, &["assume role with web identity but has no role arn configured"]),
    row(Symptom::WebIdentityNotGiven, &["webidentityerr", "role arn is not set"]),
    row(Symptom::WebIdentityNotGiven, &["webidentityerr", "token file path is not set"]),
    shared(Symptom::WebIdentityNotGiven, &["token file path is not set"]),
    row(Symptom::WebIdentityNotGiven, &["identity", "rolearn not configured"]),
    row(Symptom::WebIdentityNotGiven, &["credential", "unable to read file at .: read .: is a directory"]),
    row(Symptom::WebIdentityNotGiven, &["credential", "unable to read file at : open : no such file"]),
    row(Symptom::WebIdentityNotGiven, &["unable to read web identity token file in pod: open\n"]),
    row(Symptom::WebIdentityNotGiven, &["unable to read web identity token file in pod: open :"]),
    row(Symptom::WebIdentityNotGiven, &["err_invalid_arg_type", "token_file_web_identity_credentials"]),
    // Go 2, where the caller gave up before a source of credentials answered.
    row(Symptom::ChainInterrupted, &["get credentials: request canceled, context canceled"]),
    row(Symptom::ChainInterrupted, &["get credentials: request canceled, context deadline exceeded"]),
    // Rust, whose chain as a whole has a deadline (REPORTED: vector 12421; `aws-smithy-runtime`, identity cache).
    row(Symptom::ChainInterrupted, &["credentials provider timed out after "]),
    row(Symptom::ChainInterrupted, &["identity resolver timed out after "]),
    // .NET says the same of a path that is empty and of one that is none on its system; the exception's class tells
    // which (`AssumeRoleWithWebIdentityCredentials`), and without it the first is what nearly everybody has.
    row(Symptom::WindowsPath, &["system.argumentexception: the webidentitytokenfile must be an absolute path"]),
    row(Symptom::WebIdentityNotGiven, &["webidentitytokenfile must be an absolute path"]),
    row(Symptom::WebIdentityNotGiven, &["credential", "the role arn must be specified"]),
    row(Symptom::StsModuleMissing, &["'sts' service module must be on the class path"]),
    row(Symptom::StsModuleMissing, &["aws-java-sdk-sts module must be on the class path"]),
    row(Symptom::StsModuleMissing, &["awssdk.securitytoken could not be found or loaded"]),
    row(
        Symptom::StsModuleMissing,
        &["needs to be assumed with web identity", "no role assumption callback was provided"],
    ),
    // JavaScript 3, of a profile.
    row(Symptom::StsModuleMissing, &["requires a role to be assumed, but no role assumption callback was provided"]),
    // Java 2, which makes this class by its name.
    row(Symptom::StsModuleMissing, &["classnotfoundexception", "internal.stswebidentitycredentialsproviderfactory"]),
    row(Symptom::StsRegionMissing, &["could not find region configuration"]),
    row(Symptom::StsRegionMissing, &["invalid configuration: missing region"]),
    row(Symptom::StsRegionMissing, &["an aws region is required, but was not found"]),
    row(Symptom::StsRegionMissing, &["unable to find a region via the region provider chain"]),
    row(Symptom::StsRegionMissing, &["unable to load region from any of the providers in the chain"]),
    row(Symptom::StsRegionMissing, &["missing region in config"]),
    shared(Symptom::StsRegionMissing, &["region is missing"]),
    shared(Symptom::StsRegionMissing, &["you must specify a region"]),
    row(Symptom::StsRegionMissing, &["no regionendpoint or serviceurl configured"]),
    row(Symptom::StsRegionMissing, &["missing region; use :region option"]),
    row(Symptom::StsRegionMissing, &["\"region\" configuration value is required"]),
    row(Symptom::StsRegionMissing, &["missing required client configuration options: region"]),
    row(Symptom::StsRegionMissing, &["input required and not supplied: aws-region"]),
    row(Symptom::StsRegionMissing, &["error: region is not valid: "]),
    row(Symptom::StsRegionMissing, &["##[error]region is not valid: "]),
    row(Symptom::StsRegionMissing, &["missing region in auth scheme parameters"]),
    row(Symptom::StsRegionMissing, &["missing required aws_region env variable"]),
    // The host made of no region, or of a language's word for none: by hand, in templates, in JavaScript, Java, Python.
    row(Symptom::StsRegionMissing, &["sts..amazonaws.com"]),
    row(Symptom::StsRegionMissing, &["sts..api.aws"]),
    row(Symptom::StsRegionMissing, &["sts.undefined.amazonaws.com"]),
    row(Symptom::StsRegionMissing, &["sts.null.amazonaws.com"]),
    row(Symptom::StsRegionMissing, &["sts.none.amazonaws.com"]),
    row(Symptom::StsRegionMissing, &["sts.nil.amazonaws.com"]),
    // Go 1, which shows an answer that it cannot read in hexadecimal beside sixteen letters (REPORTED: loki 1402).
    row(Symptom::StsWrongEndpoint, &["webidentityerr", "failed to unmarshal error message", "<unknownoperatio"]),
    row(Symptom::StsWrongEndpoint, &["could not find operation assumerole"]),
    row(Symptom::StsWrongEndpoint, &["action assumerole", "is not valid for this endpoint"]),
    row(Symptom::StsWrongEndpoint, &["action assumerole", "is not valid for this web service"]),
    row(Symptom::StsWrongEndpoint, &["assumerolewithwebidentity", "methodnotallowed"]),
    row(Symptom::StsWrongEndpoint, &["webidentityerr", "failed to unmarshal error message", "status code: 405"]),
    row(Symptom::StsWrongEndpoint, &["operation error sts: assumerole", "api error methodnotallowed"]),
    row(Symptom::StsWrongEndpoint, &["operation error sts: assumerole", "unknownoperationexception"]),
    row(Symptom::StsWrongEndpoint, &["assumerolewithwebidentity", "unknownoperationexception"]),
    // nginx-s3-gateway, whose own call for credentials is the only one that it makes so.
    row(Symptom::StsTlsUntrusted, &["certificate verify error", "/aws/credentials/retrieve"]),
    row(Symptom::EndpointWithoutScheme, &["sts.", "unsupported protocol scheme \""]),
    row(Symptom::EndpointWithoutScheme, &["valueerror: invalid endpoint: sts."]),
    row(Symptom::PodIdentityHostRefused, &["credential", "only loopback hosts are allowed"]),
    row(Symptom::PodIdentityHostRefused, &["169.254.", "is not a valid container metadata service hostname"]),
    row(Symptom::PodIdentityHostRefused, &["169.254.170.23", "unsupported host"]),
    row(Symptom::PodIdentityHostRefused, &["169.254.170.23", "can only be retrieved from"]),
    row(Symptom::PodIdentityHostRefused, &["169.254.170.23", "has an invalid host"]),
    row(Symptom::PodIdentityHostRefused, &["fd00:ec2::23", "has an invalid host"]),
    row(Symptom::PodIdentityAgentUnreachable, &["unable to start server: listen tcp 169.254.170.23:"]),
    row(Symptom::PodIdentityAgentUnreachable, &["unable to start server: listen tcp [fd00:ec2::23]:"]),
    row(Symptom::PodIdentityAgentUnreachable, &["failed probe: unexpected status code recieved, expected 404, got "]),
    row(Symptom::PodIdentityTrustRefused, &["does not have permissions to assume the associated role"]),
    // EKS looks at the trust when the association is made (REPORTED: terraform-provider-aws 41483).
    row(Symptom::PodIdentityTrustRefused, &["trust policy of the role provided is invalid"]),
    row(Symptom::PodIdentityTokenMalformed, &["service account token cannot be parsed"]),
    row(Symptom::PodIdentityTokenMalformed, &["service account token cannot be empty"]),
    row(Symptom::PodIdentityTokenRefused, &["service account token failed claim validations"]),
    row(
        Symptom::PodIdentityTokenRefused,
        &["error fetching credentials", "jwt signature validation failed", "cryptographic validation failed"],
    ),
    row(Symptom::PodIdentityTokenRefused, &["assumeroleforpodidentity", "invalidtokenexception"]),
    row(Symptom::PodIdentityTokenRefused, &["from container metadata", "(invalidtokenexception)"]),
    // The agent's client gave up before EKS answered, which tells nothing of the network between the two.
    row(Symptom::ChainInterrupted, &["assumeroleforpodidentity", "context canceled"]),
    row(Symptom::EksAuthUnreachable, &["assumeroleforpodidentity", "deadline exceeded"]),
    row(Symptom::EksAuthUnreachable, &["assumeroleforpodidentity", "i/o timeout"]),
    row(Symptom::EksAuthUnreachable, &["assumeroleforpodidentity", "no such host"]),
    row(Symptom::EksAuthUnreachable, &["assumeroleforpodidentity", "connection refused"]),
    row(Symptom::Throttled, &["error fetching credentials", "too many requests."]),
    row(Symptom::PodIdentityTokenExpired, &["from container metadata", "expired"]),
    row(Symptom::PodIdentityTokenExpired, &["service account token failed basic claim validations", "expired"]),
    row(Symptom::PodIdentityTokenExpired, &["assumeroleforpodidentity", "expired"]),
    row(Symptom::PodIdentityWrongAddress, &["access denied", "called agent through invalid address"]),
    row(Symptom::PodIdentityNoAssociation, &["assumeroleforpodidentity", "resourcenotfound"]),
    row(Symptom::PodIdentityNoAssociation, &["from container metadata", "(resourcenotfoundexception)"]),
    row(Symptom::PodIdentityAccessDenied, &["assumeroleforpodidentity", "accessdenied"]),
    row(Symptom::PodIdentityAccessDenied, &["assumeroleforpodidentity", "not authorized"]),
    row(Symptom::PodIdentityAccessDenied, &["from container metadata", "(accessdeniedexception)"]),
    row(Symptom::PodIdentityAgentError, &["service account token failed basic claim validations"]),
    row(Symptom::PodIdentityAgentError, &["service account token", "fault: client"]),
    row(Symptom::PodIdentityAgentError, &["assumeroleforpodidentity", "error "]),
    row(Symptom::PodIdentityAgentError, &["assumeroleforpodidentity", "error: "]),
    row(Symptom::PodIdentityAgentError, &["from container metadata", "non 200 response"]),
    row(Symptom::GhaIdTokenUnavailable, &["unable to get actions_id_token_request"]),
    row(Symptom::GhaIdTokenUnavailable, &["actions_id_token_request_url", "env variable"]),
    row(Symptom::GhaIdTokenUnavailable, &["did you mean to set the `id-token` permission"]),
    row(Symptom::GhaIdTokenUnavailable, &["did you mean to set the id-token permission"]),
    // What asks for the token of its own application says so, too (claude-code-action, `src/github/token.ts`).
    row(Symptom::GhaIdTokenUnavailable, &["did you remember to add `id-token: write`"]),
    row(Symptom::GhaIdTokenUnavailable, &["did you remember to add id-token: write"]),
    // CircleCI's orb of the AWS CLI; a shell that minds unset variables (POSIX, `set -u`): bash, dash, zsh.
    row(Symptom::CiTokenMissing, &["oidc token cannot be found", "circleci context"]),
    row(Symptom::CiTokenMissing, &["circle_oidc_token", ": unbound variable"]),
    row(Symptom::CiTokenMissing, &["circle_oidc_token", ": parameter not set"]),
    row(Symptom::CiTokenMissing, &["bitbucket_step_oidc_token: unbound variable"]),
    row(Symptom::CiTokenMissing, &["bitbucket_step_oidc_token: parameter not set"]),
    row(Symptom::CiTokenMissing, &["ci_job_jwt", ": unbound variable"]),
    row(Symptom::CiTokenMissing, &["ci_job_jwt", ": parameter not set"]),
    row(Symptom::GhaTokenPending, &["issue id_token for job in 'pending' state"]),
    row(
        Symptom::GhaCallerLacksIdToken,
        &["is requesting '", "id-token: write", "but is only allowed '", "id-token: none"],
    ),
    row(Symptom::AudienceNotIssued, &["issue id_token for audience"]),
    row(Symptom::IdpLifetimeRefused, &["requested lifetime too high"]),
    row(Symptom::RoleAnnotationMissing, &["iam role must be associated with service account"]),
    row(Symptom::RoleAnnotationMissing, &["need iam role for service account"]),
    row(Symptom::RoleAnnotationMissing, &["annotation 'eks.amazonaws.com/role-arn' not found"]),
    // Fluent Bit tells the code alone; the lines before it, at debug level, tell which call it was.
    row(Symptom::WebIdentityOther, &["[aws_credentials] sts api responded with "]),
    shared(Symptom::PublishedKeyIncomplete, &["invalid", "jwk", "missing kid"]),
    shared(Symptom::PublishedKeyIncomplete, &["invalid", "jwk", "missing alg"]),
    row(Symptom::GhaTokenRefused, &["failed to get id token"]),
    // GitHub's toolkit, where its own report of the refusal fails (REPORTED: actions/toolkit 1441).
    row(Symptom::GhaTokenRefused, &["/configure-aws-credentials/", "cannot read propert", "(reading 'message')"]),
    row(Symptom::GhaTokenRefused, &["/configure-aws-credentials/", "cannot read property 'message' of undefined"]),
    row(Symptom::FederatedInvalid, &["federated principals must be valid domain names"]),
    row(Symptom::MalformedPolicy, &["invalid condition type", "equals"]),
    row(Symptom::MalformedPolicy, &["invalid condition type", "like"]),
    row(Symptom::AccessDeniedAction, &["unexpected error from listobjects on ", ": access denied"]),
    // Thanos and what shares its client (REPORTED: thanos 2792).
    row(Symptom::AccessDeniedAction, &["iter bucket: access denied"]),
    // restic, whose client of S3 tells no code (REPORTED: velero 2457).
    row(Symptom::AccessDeniedAction, &["unable to open config file: stat: access denied", "s3:", ".amazonaws.com"]),
    // S3's code and message alone are any store's: here it is that of Terraform's backend (REPORTED: terraform 22992).
    row(Symptom::AccessDeniedAction, &["failed to get existing workspaces", "accessdenied: access denied"]),
    // EFS User Guide, "Mount fails with access denied by server": the mount helper's tunnel ends at this address.
    row(Symptom::AccessDeniedAction, &["mount.nfs4: access denied by server while mounting 127.0.0.1:"]),
    // A broker of MSK with IAM, which names its answer by a UUID (REPORTED: aws-msk-iam-auth 55, jikkou 731).
    row(Symptom::AccessDeniedAction, &["saslauthenticationexception: [", "]: access denied"]),
    // OpenSearch's security plug-in, of the identity that signed the request.
    row(Symptom::AccessDeniedAction, &["no permissions for [", "user [name=arn:aws", "backend_roles"]),
    row(Symptom::ProviderExists, &["provider with url ", "already exists"]),
    row(Symptom::ProviderExists, &["entityalreadyexists", "openidconnectprovider"]),
    row(Symptom::DocumentsDenied, &["openid/v1/jwks", "denied"]),
    row(Symptom::DocumentsDenied, &[".well-known/openid-configuration", "denied"]),
    row(Symptom::AudienceNotIssued, &["aadsts500011"]),
    row(Symptom::AudienceNotIssued, &["aadsts50001:"]),
    row(Symptom::ApiTokenRefused, &["invalid bearer token", "error in cryptographic primitive"]),
    row(Symptom::ApiTokenRefused, &["invalid bearer token", "signing key"]),
    row(Symptom::ApiTokenRefused, &["invalid bearer token", "invalid issuer"]),
    row(Symptom::ApiTokenInvalid, &["unable to authenticate the request", "invalid bearer token"]),
    row(Symptom::CredentialSourceEmpty, &["no credentials found in credential_source"]),
    row(Symptom::CredentialSourceEmpty, &["error when retrieving credentials from environment"]),
    row(Symptom::CredentialSourceEmpty, &["credential_source", "environment", "no credentials"]),
    row(Symptom::WrongTokenFile, &["aws_web_identity_token_file=/var/run/secrets/kubernetes.io/"]),
    row(Symptom::WrongTokenFile, &["aws_web_identity_token_file=/run/secrets/kubernetes.io/"]),
    row(Symptom::WrongTokenFile, &["aws_web_identity_token_file: /var/run/secrets/kubernetes.io/"]),
    row(Symptom::WrongTokenFile, &["aws_web_identity_token_file: /run/secrets/kubernetes.io/"]),
    row(Symptom::QuotaExceeded, &["cannot exceed quota for"]),
    shared(Symptom::QuotaExceeded, &[" limitexceeded: "]),
    shared(Symptom::QuotaExceeded, &["(limitexceeded)"]),
    row(Symptom::SignatureScope, &["credential should be scoped to a valid region"]),
    row(Symptom::ClockSkew, &["signaturedoesnotmatch", "signature expired"]),
    row(Symptom::ClockSkew, &["signaturedoesnotmatch", "signature not yet current"]),
    // What services with JSON answer (KMS, Kinesis, ECR); the two times are written so by AWS alone.
    row(Symptom::ClockSkew, &["invalidsignature", "signature expired"]),
    row(Symptom::ClockSkew, &["invalidsignature", "signature not yet current"]),
    row(Symptom::ClockSkew, &["signature expired: ", "z is now earlier than ", " min.)"]),
    // S3 (API reference, error responses).
    row(Symptom::ClockSkew, &["difference between the request time and the current time is too large"]),
    // EC2 (API reference, error codes), with presigned requests as without.
    row(Symptom::ClockSkew, &["requestexpired", "request has expired"]),
    row(Symptom::SessionWithSession, &["cannot call getsessiontoken with session credentials"]),
    row(Symptom::SessionWithSession, &["cannot call getfederationtoken with session credentials"]),
    shared(Symptom::SignatureMismatch, &["signaturedoesnotmatch"]),
    row(Symptom::SecurityTokenInvalid, &["security token included in the request is invalid"]),
    row(Symptom::SecurityTokenInvalid, &["invalidclienttokenid", "is invalid"]),
    row(Symptom::SecurityTokenInvalid, &["aws was not able to validate the provided access credentials"]),
    row(Symptom::SecurityTokenInvalid, &["aws access key id you provided does not exist in our records"]),
    row(Symptom::SecurityTokenInvalid, &["provided token is malformed or otherwise invalid"]),
    row(Symptom::ExpiredSession, &["security token included in the request is expired"]),
    row(Symptom::ExpiredSession, &["expiredtoken", "provided token has expired"]),
    shared(Symptom::ExpiredSession, &["provided token has expired"]),
    // Kopia, which passes S3's words on and names nobody.
    row(Symptom::ExpiredSession, &["failed to get blob with id", "the provided token has expired"]),
    shared(Symptom::ExpiredSession, &["expiredtoken:"]),
    shared(Symptom::ExpiredSession, &["(expiredtoken)"]),
    row(Symptom::ExpiredSession, &["api error expiredtoken"]),
    row(Symptom::ExpiredSession, &["<code>expiredtoken</code>"]),
    shared(Symptom::ExpiredSession, &["error code: expiredtoken"]),
    shared(Symptom::ExpiredSession, &["code=expiredtoken"]),
    row(Symptom::WebhookMissing, &["\"pod-identity-webhook\" not found"]),
    row(Symptom::WebhookMissing, &["pod-identity-webhook not found"]),
    row(Symptom::WebhookMissing, &["pod-identity-webhook is missing"]),
    row(Symptom::NoCredentials, &["missing required variables", "aws_web_identity_token_file"]),
    row(Symptom::ExpiredToken, &["invalididentitytoken", "token is expired"]),
    shared(Symptom::Throttled, &["api error throttling", "exceeded"]),
    shared(Symptom::Throttled, &["(throttling", "exceeded"]),
    shared(Symptom::Throttled, &["throttling: rate exceeded"]),
    shared(Symptom::Throttled, &["requestlimitexceeded", "request limit exceeded"]),
    row(Symptom::TokenFileMissing, &["missing :web_identity_token_file parameter or invalid file path"]),
    row(Symptom::TokenFileNotOpened, &["unable to locate specified web identity token file"]),
    // C++, Fluent Bit and PHP, which do not say why.
    row(Symptom::TokenFileNotOpened, &["stsassumerolewithwebidentitycredentialsprovider", "can't open token file"]),
    row(Symptom::TokenFileNotOpened, &["could not read web identi", " token file"]),
    row(Symptom::TokenFileNotOpened, &["credential", "unreadable tokenfile at location "]),
    // JavaScript 2: its words hide the error of the file, its stack does not.
    row(Symptom::TokenFileNotOpened, &["missing credentials in config", "opensync", "tokenfilewebidentitycredentials"]),
];

/// Codes that name a cause wherever they stand as an answer's code.
pub(crate) const SPECIFIC_CODES: &[(Symptom, &str)] = &[
    (Symptom::IdpRejected, "idprejectedclaim"),
    (Symptom::IdpCommunication, "idpcommunicationerror"),
    (Symptom::PackedPolicyTooLarge, "packedpolicytoolarge"),
    (Symptom::RegionDisabled, "regiondisabled"),
    (Symptom::MalformedPolicy, "malformedpolicydocument"),
];

/// A code whose words would say more, were they known.
pub(crate) const GENERIC_CODE: (Symptom, &str) = (Symptom::InvalidIdentityTokenOther, "invalididentitytoken");

/// Rows of wrappers and of waiting, used when no cause is named.
pub(crate) const GENERIC: &[Row] = &[
    row(Symptom::ImdsUnreachable, &["credential", "no ec2 imds role found", "deadline exceeded"]),
    row(Symptom::NoInstanceRole, &["credential", "no ec2 imds role found"]),
    row(Symptom::ImdsUnreachable, &["ec2imds: getmetadata"]),
    // Go 1: the call for a session got no answer, and without one IMDSv2 refuses.
    row(Symptom::ImdsUnreachable, &["ec2metadataerror: failed to make ec2metadata request", "status code: 401"]),
    // ex_aws, for Elixir, whose chain knows no web identity by itself (REPORTED: ex_aws 1057).
    row(Symptom::ImdsUnreachable, &["you tried to access the aws ec2 instance meta", "could not be reached"]),
    // Go 1 and 2, where the line ends before it says why.
    row(Symptom::TokenFileNotOpened, &["failed fetching webidentity token", "unable to read file at /"]),
    row(Symptom::TokenFileNotOpened, &["webidentityerr: unable to read file at "]),
    row(Symptom::TokenFileNotOpened, &["webidentityerr: failed fetching webidentity token"]),
    row(
        Symptom::TokenFileNotOpened,
        &["credential", "failed to retrieve jwt from provide source", "unable to read file at /"],
    ),
    // LangChain and what is made like it.
    row(Symptom::NoCredentials, &["could not load credentials to authenticate with aws client"]),
    // aws-msk-iam-auth, around what the SDK said.
    row(Symptom::NoCredentials, &["saslexception: failed to find aws iam credentials"]),
    // Soto, for Swift.
    row(Symptom::NoCredentials, &["no credential provider found"]),
    row(Symptom::WebIdentityOther, &["webidentitycredentialsprovider", "failed to retrieve credentials from sts"]),
    row(Symptom::NoCredentials, &["unable to locate credentials"]),
    row(Symptom::NoCredentials, &["could not load credentials from any providers"]),
    row(Symptom::NoCredentials, &["nocredentialproviders"]),
    // The collector of OpenTelemetry, which asks its chain at the start.
    row(Symptom::NoCredentials, &["sigv4auth", "bad aws credentials"]),
    row(Symptom::NoCredentials, &["unable to load credentials from any of the providers"]),
    row(Symptom::NoCredentials, &["unable to load aws credentials from any provider"]),
    row(Symptom::NoCredentials, &["unable to get iam security credentials from ec2 instance metadata"]),
    row(Symptom::NoCredentials, &["no credentials in the property bag"]),
    row(Symptom::NoCredentials, &["missing credentials in config"]),
    row(Symptom::NoCredentials, &["failed to resolve aws credentials"]),
    row(Symptom::NoCredentials, &["error retrieving credentials from the instance profile metadata"]),
    row(Symptom::NoCredentials, &["unable to sign request without credentials set"]),
    // fluent-plugin-aws-elasticsearch-service, once none of its sources gave any.
    row(Symptom::NoCredentials, &["no valid aws credentials found"]),
    // Rust, before its releases of 2023.
    row(Symptom::NoCredentials, &["signingstageerror", "missingcredentials"]),
    row(Symptom::NoCredentials, &["no providers in chain provided credentials"]),
    // Rust, from its releases of 2026 on, with what each source said.
    row(Symptom::NoCredentials, &["no credentials found in chain. attempted:"]),
    row(Symptom::NoCredentials, &["no valid credential sources found"]),
    row(Symptom::NoCredentials, &["no valid credential sources for "]),
    row(Symptom::NoCredentials, &["no aws credentials provided by"]),
    row(Symptom::NoCredentials, &["no identity could be resolved from the chain"]),
    // Kotlin.
    row(Symptom::NoCredentials, &["no credentials could be loaded from the chain"]),
    row(Symptom::NoCredentials, &["awsaccesskeyid not found"]),
    row(Symptom::NoCredentials, &["no signing credentials available"]),
    // Hadoop S3A, whose list of providers was set to keys alone.
    row(Symptom::NoCredentials, &["no aws credentials in the hadoop configuration"]),
    row(Symptom::NoCredentials, &["missingcredentialserror", "missing credentials"]),
    // Ruby: the metadata service answered, and not with a role.
    row(Symptom::NoInstanceRole, &["error retrieving instance profile credentials: "]),
    row(Symptom::NoInstanceRole, &["no iam role attached to this ec2 service"]),
    row(Symptom::WebIdentityOther, &["could not be sourced by the sts web identity provider"]),
    row(Symptom::WebIdentityOther, &["could not load credentials from tokenfilewebidentitycredentials"]),
    shared(Symptom::NoCredentials, &["valid credentials could not be sourced by"]),
    row(Symptom::InvalidIdentityTokenOther, &["invalididentitytoken, retries exhausted"]),
    row(Symptom::WebIdentityOther, &["error assuming role from web identity credentials"]),
    row(Symptom::WebIdentityOther, &["error reading webidentitytokenfile from"]),
    row(Symptom::WebIdentityOther, &["error retrieving web identity credentials: "]),
    row(Symptom::AssumeRoleDenied, &["unable to assume role", "accessdenied"]),
    row(Symptom::WebIdentityOther, &["webidentityerr"]),
    // pgBackRest, which looks for the answer's element in an error.
    row(Symptom::WebIdentityOther, &["unable to find child 'assumerolewithwebidentityresult'"]),
    // rust-s3, which does the same.
    row(Symptom::WebIdentityOther, &["missing field `assumerolewithwebidentityresult`"]),
    // Envoy.
    row(Symptom::WebIdentityOther, &["could not load aws credentials document from sts"]),
    // The code alone, where the words were cut: STS has no other meaning of it for this call.
    row(Symptom::NotAuthorizedWebIdentity, &["(accessdenied) when calling the assumerolewithwebidentity operation"]),
    row(
        Symptom::NotAuthorizedWebIdentity,
        &["operation error sts: assumerolewithwebidentity", "api error accessdenied"],
    ),
    row(Symptom::WebIdentityOther, &["an error occurred", "calling the assumerolewithwebidentity operation"]),
    row(Symptom::WebIdentityOther, &["operation error sts: assumerolewithwebidentity"]),
    row(Symptom::WebIdentityOther, &["could not assume role with oidc"]),
    // nginx-s3-gateway.
    row(Symptom::WebIdentityOther, &["could not assume role using web identity"]),
    // Terraform's AWS provider and S3 backend, OpenTofu, Pulumi, upjet: what they say before the SDK's own words.
    row(Symptom::WebIdentityOther, &["cannot be assumed with web identity"]),
    row(Symptom::WebIdentityOther, &["cannot assume iam role with web identity"]),
    row(Symptom::WebIdentityOther, &["failed to assume role from web identity"]),
    row(Symptom::WebIdentityOther, &["assuming web identity role", "error"]),
    row(Symptom::WebIdentityOther, &["credentials could not be loaded, please check your action inputs"]),
    shared(Symptom::WebIdentityOther, &["credentials could not be loaded"]),
    row(Symptom::WebIdentityOther, &["aws_credentials", "sts assume role request failed"]),
    row(Symptom::WebIdentityOther, &["failed to refresh cached credentials"]),
    // JavaScript 2: AssumeRoleWithWebIdentity takes no external id (STS API reference).
    row(Symptom::WebIdentityOther, &["unexpected key 'externalid' found in params"]),
    row(Symptom::IpamdInitFailure, &["initialization failure: ipamd init"]),
    row(Symptom::IpamdInitFailure, &["failed to wait for ipam daemon to complete"]),
    row(Symptom::IpamdWaiting, &["checking for ipam connectivity"]),
    row(Symptom::IpamdWaiting, &["retrying waiting for ipam-d"]),
];
