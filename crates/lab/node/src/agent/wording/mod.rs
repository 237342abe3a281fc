//! Each SDK's own words for a failure, as its source builds them and as users have
//! reported them.

mod transport;

use super::{
    failure::{Failure, FileError, Refused},
    sdk::Sdk,
};
use transport::{plain_http, transport};

const OPERATION: &str = "AssumeRoleWithWebIdentity";

/// A call as error texts name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// `sts`, `ec2`, …
    pub(crate) service: &'a str,
    /// `GetCallerIdentity`, …
    pub(crate) operation: &'a str,
}

impl Call<'_> {
    /// Service name as Go SDK v2 writes it.
    fn upper(self) -> String {
        self.service.to_uppercase()
    }

    /// Service name as Java and .NET write it.
    fn title(self) -> String {
        let mut letters = self.service.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

/// Exception class of an error STS models for web identity.
fn modelled(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidIdentityToken" => "InvalidIdentityTokenException",
        "IDPRejectedClaim" => "IDPRejectedClaimException",
        "IDPCommunicationError" => "IDPCommunicationErrorException",
        "ExpiredTokenException" => "ExpiredTokenException",
        "MalformedPolicyDocument" => "MalformedPolicyDocumentException",
        "PackedPolicyTooLarge" => "PackedPolicyTooLargeException",
        "RegionDisabledException" => "RegionDisabledException",
        _ => return None,
    })
}

/// What the program logs when `call` failed.
pub(crate) fn text(sdk: Sdk, call: Call<'_>, failure: &Failure) -> String {
    match failure {
        Failure::Call(refused) => action(sdk, call, refused),
        Failure::Exchange { role, refused } => exchange(sdk, call, role, refused),
        Failure::TokenFile { path, error } => token_file(sdk, call, path, *error),
        Failure::Transport { host, reach, exchanging } => transport(sdk, call, host, *reach, *exchanging),
        Failure::PlainHttp { host } => plain_http(sdk, call, host),
        Failure::PodIdentity { detail } => pod_identity(sdk, call, detail),
        Failure::NoCredentials => no_credentials(sdk, call),
        Failure::StsModuleMissing => {
            "To use web identity tokens, the 'sts' service module must be on the class path.".into()
        }
        Failure::NoRegion => no_region(sdk, call),
        Failure::NoProfile(name) => no_profile(sdk, call, name),
        Failure::Chain(inner) => java_chain(&text(sdk, call, inner)),
    }
}

/// Go SDK v2 wraps whatever kept it from credentials.
fn v2(call: Call<'_>, inner: &str) -> String {
    format!(
        "operation error {}: {}, get identity: get credentials: failed to refresh cached credentials, {inner}",
        call.upper(),
        call.operation
    )
}

fn java_chain(web_identity: &str) -> String {
    format!(
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the \
         providers in the chain \
         AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider(), \
         EnvironmentVariableCredentialsProvider(), WebIdentityTokenCredentialsProvider(), \
         ProfileCredentialsProvider(), ContainerCredentialsProvider(), InstanceProfileCredentialsProvider()]) : \
         [SystemPropertyCredentialsProvider(): Unable to load credentials from system settings., \
         WebIdentityTokenCredentialsProvider(): {web_identity}, InstanceProfileCredentialsProvider(): Failed to \
         load credentials from IMDS.]"
    )
}

fn java(service: &str, class: &str, refused: &Refused) -> String {
    let title = Call { service, operation: "" }.title();
    format!(
        "software.amazon.awssdk.services.{service}.model.{class}: {} (Service: {title}, Status Code: {}, Request \
         ID: {}, Extended Request ID: null)",
        refused.message, refused.status, refused.request_id
    )
}

fn unhandled(refused: &Refused) -> String {
    format!(
        "service error: unhandled error ({code}): Error {{ code: {code:?}, message: {:?}, aws_request_id: {:?} }}",
        refused.message,
        refused.request_id,
        code = refused.code
    )
}

fn go_v1(refused: &Refused) -> String {
    format!(
        "{}: {}\n\tstatus code: {}, request id: {}",
        refused.code, refused.message, refused.status, refused.request_id
    )
}

fn go_v2(refused: &Refused, attempts: u32) -> String {
    let exceeded =
        if attempts > 1 { format!("exceeded maximum number of attempts, {attempts}, ") } else { String::new() };
    let api = if modelled(&refused.code).is_some() { "" } else { "api error " };
    format!(
        "{exceeded}https response error StatusCode: {}, RequestID: {}, {api}{}: {}",
        refused.status, refused.request_id, refused.code, refused.message
    )
}

fn exchange(sdk: Sdk, call: Call<'_>, role: &str, refused: &Refused) -> String {
    let Refused { code, message, .. } = refused;
    let class = modelled(code);
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => {
            format!("WebIdentityErr: failed to retrieve credentials\ncaused by: {}", go_v1(refused))
        }
        Sdk::GoV2 => {
            let inner = go_v2(refused, sdk.attempts(code));
            v2(call, &format!("failed to retrieve credentials, operation error STS: {OPERATION}, {inner}"))
        }
        Sdk::Python { .. } => python(OPERATION, refused, class),
        Sdk::Java | Sdk::JavaNoSts => java("sts", class.unwrap_or("StsException"), refused),
        Sdk::Js => match class {
            Some(class) => format!("{class}: {message}\n    at de_{class}Res"),
            None => format!("{code}: {message}\n    at throwDefaultError"),
        },
        Sdk::Rust => {
            let cause = class.map_or_else(|| unhandled(refused), |class| format!("service error: {class}: {message}"));
            format!("STS returned an error assuming web identity role error={cause}")
        }
        Sdk::Dotnet => {
            let class =
                class.map_or("AmazonSecurityTokenServiceException".to_owned(), |class| format!("Model.{class}"));
            format!(
                "Amazon.Runtime.AmazonClientException: Error calling AssumeRole for role {role} ---> \
                 Amazon.SecurityToken.{class}: {message}"
            )
        }
    }
}

fn python(operation: &str, refused: &Refused, class: Option<&str>) -> String {
    let class =
        class.map_or("botocore.exceptions.ClientError".to_owned(), |class| format!("botocore.errorfactory.{class}"));
    format!("{class}: An error occurred ({}) when calling the {operation} operation: {}", refused.code, refused.message)
}

fn action(sdk: Sdk, call: Call<'_>, refused: &Refused) -> String {
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => go_v1(refused),
        Sdk::GoV2 => format!(
            "operation error {}: {}, https response error StatusCode: {}, RequestID: {}, api error {}: {}",
            call.upper(),
            call.operation,
            refused.status,
            refused.request_id,
            refused.code,
            refused.message
        ),
        Sdk::Python { .. } => python(call.operation, refused, None),
        Sdk::Java | Sdk::JavaNoSts => {
            let class = format!("{}Exception", call.title());
            java(call.service, &class, refused)
        }
        Sdk::Js => format!("{}: {}", refused.code, refused.message),
        Sdk::Rust => unhandled(refused),
        Sdk::Dotnet => format!("Amazon.{0}.Amazon{0}Exception: {1}", call.title(), refused.message),
    }
}

fn token_file(sdk: Sdk, call: Call<'_>, path: &str, error: FileError) -> String {
    let (posix, number, java) = match error {
        FileError::NotFound => ("no such file or directory", 2, "NoSuchFileException"),
        FileError::Denied => ("permission denied", 13, "AccessDeniedException"),
    };
    let (python, title, node) = match error {
        FileError::NotFound => ("FileNotFoundError", "No such file or directory", "ENOENT"),
        FileError::Denied => ("PermissionError", "Permission denied", "EACCES"),
    };
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => format!(
            "WebIdentityErr: failed fetching WebIdentity token: \ncaused by: WebIdentityErr: unable to read file \
             at {path}\ncaused by: open {path}: {posix}"
        ),
        Sdk::GoV2 => v2(
            call,
            &format!("failed to retrieve jwt from provide source, unable to read file at {path}: open {path}: {posix}"),
        ),
        Sdk::Python { .. } => format!("{python}: [Errno {number}] {title}: '{path}'"),
        Sdk::Java | Sdk::JavaNoSts => format!("java.nio.file.{java}: {path}"),
        Sdk::Js => format!("Error: {node}: {posix}, open '{path}'"),
        Sdk::Rust => {
            format!("the credentials provider was not properly configured: {title} (os error {number}): {path}")
        }
        Sdk::Dotnet => match error {
            FileError::NotFound => {
                format!("System.IO.FileNotFoundException: Could not find file '{path}'.")
            }
            FileError::Denied => format!("System.UnauthorizedAccessException: Access to the path '{path}' is denied."),
        },
    }
}

fn pod_identity(sdk: Sdk, call: Call<'_>, detail: &str) -> String {
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => {
            format!("CredentialsEndpointError: failed to load credentials\ncaused by: {detail}")
        }
        Sdk::GoV2 => v2(call, &format!("failed to load credentials, : {detail}")),
        Sdk::Python { .. } => format!(
            "botocore.exceptions.CredentialRetrievalError: Error when retrieving credentials from container-role: \
             {detail}"
        ),
        Sdk::Java | Sdk::JavaNoSts => {
            format!("software.amazon.awssdk.core.exception.SdkClientException: {detail}")
        }
        Sdk::Js => format!("CredentialsProviderError: {detail}"),
        Sdk::Rust => {
            format!("an error occurred while loading credentials: {detail}")
        }
        Sdk::Dotnet => format!("Amazon.Runtime.AmazonServiceException: {detail}"),
    }
}

fn no_credentials(sdk: Sdk, call: Call<'_>) -> String {
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => "NoCredentialProviders: no valid providers in chain. Deprecated.\n\tFor verbose \
            messaging see aws.Config.CredentialsChainVerboseErrors"
            .into(),
        Sdk::GoV2 => v2(
            call,
            "no EC2 IMDS role found, operation error ec2imds: GetMetadata, request canceled, context deadline exceeded",
        ),
        Sdk::Python { .. } => "botocore.exceptions.NoCredentialsError: Unable to locate credentials".into(),
        Sdk::Java | Sdk::JavaNoSts => java_chain(
            "Either the environment variable AWS_WEB_IDENTITY_TOKEN_FILE or the javaproperty \
             aws.webIdentityTokenFile must be set.",
        ),
        Sdk::Js => "CredentialsProviderError: Could not load credentials from any providers".into(),
        Sdk::Rust => "no providers in chain provided credentials".into(),
        Sdk::Dotnet => "Amazon.Runtime.AmazonClientException: Unable to get IAM security credentials from EC2 \
            Instance Metadata Service."
            .into(),
    }
}

fn no_region(sdk: Sdk, call: Call<'_>) -> String {
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => "MissingRegion: could not find region configuration".into(),
        Sdk::GoV2 => v2(
            call,
            &format!(
                "failed to retrieve credentials, operation error STS: {OPERATION}, failed to resolve service \
                 endpoint, endpoint rule error, Invalid Configuration: Missing Region"
            ),
        ),
        Sdk::Python { .. } => "botocore.exceptions.NoRegionError: You must specify a region.".into(),
        Sdk::Java | Sdk::JavaNoSts => "software.amazon.awssdk.core.exception.SdkClientException: Unable to load \
            region from any of the providers in the chain"
            .into(),
        Sdk::Js => "Error: Region is missing".into(),
        Sdk::Rust => "dispatch failure: other: Invalid Configuration: Missing Region".into(),
        Sdk::Dotnet => "Amazon.Runtime.AmazonClientException: No RegionEndpoint or ServiceURL configured".into(),
    }
}

fn no_profile(sdk: Sdk, call: Call<'_>, name: &str) -> String {
    match sdk {
        Sdk::GoV1 | Sdk::GoOld => {
            format!("SharedConfigProfileNotExistsError: failed to get profile, {name}")
        }
        Sdk::GoV2 => format!("failed to get shared config profile, {name}"),
        Sdk::Python { .. } => {
            format!("botocore.exceptions.ProfileNotFound: The config profile ({name}) could not be found")
        }
        Sdk::Java | Sdk::JavaNoSts => format!(
            "software.amazon.awssdk.core.exception.SdkClientException: Profile file contained no credentials for \
             profile '{name}'"
        ),
        Sdk::Js => format!(
            "CredentialsProviderError: Could not resolve credentials using profile: [{name}] in \
             configuration/credentials file(s)."
        ),
        Sdk::Rust => format!("{}: could not find profile named {name}", call.operation),
        Sdk::Dotnet => format!("Amazon.Runtime.AmazonClientException: Unable to find the \"{name}\" profile."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC2: Call<'_> = Call { service: "ec2", operation: "DescribeNetworkInterfaces" };

    fn refused(status: u16, code: &str, message: &str) -> Refused {
        Refused { status, code: code.into(), message: message.into(), request_id: "r-1".into() }
    }

    fn failed(code: &str, message: &str) -> Failure {
        let status = if code == "AccessDenied" { 403 } else { 400 };
        Failure::Exchange { role: "R".into(), refused: refused(status, code, message) }
    }

    #[test]
    fn go_v1_says_what_the_story_quotes() {
        let thumbprint = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
        assert_eq!(
            text(Sdk::GoV1, EC2, &failed("InvalidIdentityToken", thumbprint)),
            format!(
                "WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: \
                 {thumbprint}\n\tstatus code: 400, request id: r-1"
            )
        );
    }

    #[test]
    fn go_v2_names_attempts_only_for_what_it_retries() {
        let retried = text(Sdk::GoV2, EC2, &failed("InvalidIdentityToken", "m"));
        assert_eq!(
            retried,
            "operation error EC2: DescribeNetworkInterfaces, get identity: get credentials: failed to refresh \
             cached credentials, failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, \
             exceeded maximum number of attempts, 3, https response error StatusCode: 400, RequestID: r-1, \
             InvalidIdentityToken: m"
        );
        let denied = text(Sdk::GoV2, EC2, &failed("AccessDenied", "m"));
        assert!(denied.ends_with(
            "AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: r-1, api error AccessDenied: m"
        ));
    }

    #[test]
    fn others_say_it_in_their_way() {
        let say = |sdk| text(sdk, EC2, &failed("InvalidIdentityToken", "m"));
        assert!(say(Sdk::Python { legacy: false }).ends_with(
            "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: m"
        ));
        assert!(say(Sdk::Js).starts_with("InvalidIdentityTokenException: m"));
        assert!(say(Sdk::Rust).contains("service error: InvalidIdentityTokenException: m"));
        let denied = text(Sdk::Java, EC2, &failed("AccessDenied", "m"));
        assert_eq!(
            denied,
            "software.amazon.awssdk.services.sts.model.StsException: m (Service: Sts, Status Code: 403, Request \
             ID: r-1, Extended Request ID: null)"
        );
        assert!(text(Sdk::Dotnet, EC2, &failed("AccessDenied", "m")).contains(
            "Error calling AssumeRole for role R ---> Amazon.SecurityToken.AmazonSecurityTokenServiceException: m"
        ));
    }
}
