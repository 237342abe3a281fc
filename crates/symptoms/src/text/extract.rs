//! The values a failure's text names: ARNs, hosts, ids. Everything here reads redacted text.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::facts::{KeyId, Resource, ServiceAccount, Subject, TokenPath, WEBHOOKS, Webhook};
use crate::failure::Sdk;

/// Ends a value in prose, JSON or a URL list.
fn ends_value(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | ',' | ')' | '(' | ';' | '\\' | ']' | '[' | '<' | '>' | '{' | '}' | '|')
}

pub(crate) fn value(rest: &str) -> &str {
    rest.split(ends_value).next().unwrap_or_default().trim_end_matches(['.', ':'])
}

fn non_empty(s: &str) -> Option<String> {
    (!s.is_empty()).then(|| s.to_owned())
}

/// The text after the first `marker`.
pub(crate) fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    text.split_once(marker).map(|(_, rest)| rest)
}

fn arns(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("arn:aws").filter_map(|(at, _)| text.get(at..)).map(value)
}

/// The first role's ARN, but for what a refused action was on.
pub(crate) fn role_arn(text: &str, on: Option<&Resource>) -> Option<String> {
    arns(text).find(|a| a.contains(":role/") && on.is_none_or(|on| on.as_str() != *a)).and_then(non_empty)
}

/// The identity that made the call.
pub(crate) fn caller_arn(text: &str) -> Option<String> {
    arns(text).find(|a| a.contains(":assumed-role/") || a.contains(":user/")).and_then(non_empty)
}

/// `ROLE/SESSION` of the caller, from its ARN or from one that people shortened.
pub(crate) fn assumed_role(text: &str) -> Option<&str> {
    after(text, "assumed-role/").map(|rest| rest.split(ends_value).next().unwrap_or_default())
}

/// The OIDC provider's ARN.
pub(crate) fn provider(text: &str) -> Option<String> {
    arns(text).find(|a| a.contains(":oidc-provider/")).and_then(non_empty)
}

/// The issuer's URL: the one STS names, else one of a host known to issue.
pub(crate) fn issuer(text: &str) -> Option<String> {
    if let Some(rest) = after(text, "in your account for ") {
        let named = value(rest);
        return named.starts_with("http").then(|| named.to_owned());
    }
    text.match_indices("https://").filter_map(|(at, _)| text.get(at..)).map(value).find_map(|url| {
        let host = url.trim_start_matches("https://");
        (host.starts_with("oidc.eks") || host.starts_with("token.actions.githubusercontent.com"))
            .then(|| url.to_owned())
    })
}

/// The audience, where a line gives one.
pub(crate) fn audience(text: &str) -> Option<String> {
    ["audience: ", "audience=", "audience \"", "audience '", "\"aud\":", "aud="].iter().find_map(|m| {
        let found = value(after(text, m)?.trim_start_matches([' ', '"', '\'', '[', '`']));
        (found.contains('.') && found.len() > 3).then(|| found.to_owned())
    })
}

/// AWS's request id. `lower` is the text in lower case.
pub(crate) fn request_id(text: &str, lower: &str) -> Option<String> {
    ["request id", "requestid", "request_id"].iter().find_map(|m| {
        lower.match_indices(m).find_map(|(at, _)| {
            // `: `, `=`, `': '`, `":"` or `>`, by client.
            let rest = text.get(at + m.len()..)?;
            let rest = rest.trim_start_matches([':', '=', ' ', '"', '\'', '>', '\\']);
            let id = value(rest);
            (id.len() >= 8 && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
                .then(|| id.to_owned())
        })
    })
}

/// The HTTP status.
pub(crate) fn http_status(lower: &str) -> Option<u16> {
    [
        "statuscode: ",
        "status code: ",
        "statuscode=",
        "non 200 response ",
        "code for connect: ",
        "httpstatuscode: ",
        "http status: ",
        "status: ",
    ]
    .iter()
    .find_map(|m| {
        let digits: String = after(lower, m)?.chars().take(4).take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|n| (100..600).contains(n))
    })
}

/// Whether a host is one of STS's.
pub(crate) fn is_sts_host(host: &str) -> bool {
    (host.starts_with("sts.") || host.starts_with("sts-fips.") || (host.starts_with("vpce-") && host.contains(".sts.")))
        && [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".api.amazonwebservices.com.cn"]
            .iter()
            .any(|s| host.ends_with(s))
}

fn host_chars(rest: &str) -> &str {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default().trim_end_matches('.')
}

/// The host asked: STS's if one is named, else the agent's or metadata service's address.
pub(crate) fn host(text: &str) -> Option<String> {
    let sts = ["sts.", "sts-fips.", "vpce-"].iter().find_map(|m| {
        text.match_indices(m).find_map(|(at, _)| {
            let joined = text.get(..at)?.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
            let host = host_chars(text.get(at..)?);
            (!joined && is_sts_host(host)).then(|| host.to_owned())
        })
    });
    sts.or_else(|| {
        if let Some(at) = text.find("169.254.") {
            return non_empty(host_chars(text.get(at..)?));
        }
        // The same two in IPv6 (EC2 and EKS User Guides).
        let named = |ip: &&str| {
            text.match_indices(*ip).any(|(at, _)| {
                // In brackets in a URL; Node puts the port behind it without any.
                let rest = text.get(at + ip.len()..).unwrap_or_default();
                rest.starts_with(']') || rest.strip_prefix(":80").is_some_and(|r| !starts_with_hex(r))
            })
        };
        ["fd00:ec2::23", "fd00:ec2::254"].into_iter().find(named).map(str::to_owned)
    })
}

/// Whether an address in IPv6 goes on here.
fn starts_with_hex(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':')
}

/// What a refused action was for.
pub(crate) fn resource(text: &str) -> Option<Resource> {
    let rest = after(text, " on resource: ")?.trim_start_matches(['"', '\'', '`']);
    let named = value(rest);
    (!named.is_empty()).then(|| Resource::new(named))
}

/// A signing key's id, where a verifier names one.
pub(crate) fn key_id(text: &str) -> Option<KeyId> {
    ["kid: ", "kid=", "kid \"", "\"kid\":\"", "matches: \"", "header: kid "].iter().find_map(|m| {
        let id = value(after(text, m)?.trim_start_matches(['"', '\'']));
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'.' | b'+'));
        (id.len() >= 4 && id.len() <= 128 && plain).then(|| KeyId::new(id))
    })
}

/// The token's subject: a service account's, a job's, or what follows a name for it.
pub(crate) fn subject(text: &str) -> Option<Subject> {
    const FORMS: &[&str] =
        &["system:serviceaccount:", "repo:", "project_path:", "organization:", "pipeline:", "workspace:"];
    const NAMES: &[&str] = &["\"sub\":\"", "sub: ", "sub=", "subject: ", "subject=", "subject \""];
    let formed = text.find("system:serviceaccount:").and_then(|at| text.get(at..)).map(value);
    let named = || {
        NAMES.iter().find_map(|m| {
            let named = value(after(text, m)?.trim_start_matches(['"', '\'']));
            FORMS.iter().any(|form| named.starts_with(form)).then_some(named)
        })
    };
    formed.or_else(named).filter(|s| s.len() <= 512).map(Subject::new)
}

/// The token's file, as the client opened it.
pub(crate) fn token_path(text: &str, lower: &str) -> Option<TokenPath> {
    if !(lower.contains("token") || lower.contains("web identity") || lower.contains("webidentity")) {
        return None;
    }
    let opened = || {
        ["unable to read file at ", "open ", "Could not find file '", "token file: ", "WebIdentityTokenFile from "]
            .iter()
            .find_map(|m| {
                let at = text.find(m)? + m.len();
                text.get(at..).is_some_and(|r| r.starts_with('/')).then_some(at)
            })
    };
    let quoted = || text.find("'/").or_else(|| text.find("\"/")).map(|at| at + 1);
    let at = text.find("/var/run/secrets/").or_else(|| text.find("/run/secrets/")).or_else(opened).or_else(quoted)?;
    let rest = text.get(at..)?;
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ':' | ')' | ';')).unwrap_or(rest.len());
    rest.get(..end).filter(|path| path.len() > 1).map(TokenPath::new)
}

/// `NAMESPACE/NAME` of a service account that a consumer names, or that stands in a subject.
pub(crate) fn service_account(text: &str) -> Option<ServiceAccount> {
    let told = after(text, "service account ").and_then(|rest| {
        let (name, rest) = rest.split_once(" (namespace: ")?;
        let namespace = rest.split(')').next()?;
        let plain = |s: &str| {
            !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        };
        (plain(name) && plain(namespace)).then(|| format!("{namespace}/{name}"))
    });
    let subject = || {
        let rest = value(after(text, "system:serviceaccount:")?);
        rest.split_once(':').map(|(namespace, name)| format!("{namespace}/{name}"))
    };
    told.or_else(subject).map(ServiceAccount::new)
}

/// The webhook that injects web identity, where the record names it.
pub(crate) fn webhook(lower: &str) -> Option<Webhook> {
    if !lower.contains("webhook") {
        return None;
    }
    WEBHOOKS.iter().find_map(|name| {
        let at = lower.find(name)?;
        Some(Webhook::new(host_chars(lower.get(at..)?)))
    })
}

/// Whether a word stands by itself at a place.
pub(crate) fn stands_alone(text: &str, at: usize, len: usize) -> bool {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_alphanumeric);
    let after = bytes.get(at + len).is_some_and(u8::is_ascii_alphanumeric);
    !before && !after
}

/// Codes AWS uses, most telling first.
const CODES: &[&str] = &[
    "InvalidIdentityToken",
    "ExpiredTokenException",
    "IDPRejectedClaim",
    "IDPCommunicationError",
    "PackedPolicyTooLarge",
    "RegionDisabledException",
    "MalformedPolicyDocument",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
    "LimitExceeded",
    "ValidationError",
    "ExpiredToken",
    "ResourceNotFoundException",
    "AccessDeniedException",
    "AccessDenied",
    "ThrottlingException",
    "Throttling",
    "AuthFailure",
    "InvalidParameterValue",
    "EntityAlreadyExists",
    "NoSuchEntity",
];

/// AWS's error code, if the text has one.
pub(crate) fn sts_code(text: &str) -> Option<String> {
    CODES.get(foremost(FIND_CODE.as_ref(), text)?).map(|c| (*c).to_owned())
}

static FIND_CODE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(CODES).ok());

/// Of the words that a text holds, the number of the one that stands foremost in their list.
fn foremost(words: Option<&AhoCorasick>, text: &str) -> Option<usize> {
    words?.find_overlapping_iter(text).map(|hit| hit.pattern().as_usize()).min()
}

/// Marks of each client's wording; the first that fits counts.
const MARKS: &[(&str, Sdk)] = &[
    ("org.apache.hadoop.fs.s3a", Sdk::HadoopS3a),
    // The scheme of its addresses, which nothing else has.
    ("s3a://", Sdk::HadoopS3a),
    ("No AWS Credentials provided by", Sdk::HadoopS3a),
    ("[aws_credentials]", Sdk::FluentBit),
    ("buildkite-agent", Sdk::BuildkiteAgent),
    ("aws.sdk.kotlin", Sdk::Kotlin),
    ("STS failed to assume role from web identity", Sdk::Kotlin),
    ("AwsCommonRuntimeKit", Sdk::Swift),
    ("AWS_AUTH_CREDENTIALS_PROVIDER_", Sdk::Swift),
    ("minio.ErrorResponse", Sdk::MinioGo),
    ("minio-go", Sdk::MinioGo),
    ("unexpected error from ListObjects on ", Sdk::MinioGo),
    ("AWSXmlClient", Sdk::Cpp),
    ("STSAssumeRoleWithWebIdentityCredentialsProvider [", Sdk::Cpp),
    ("software.amazon.awssdk", Sdk::JavaV2),
    ("(Service: Sts,", Sdk::JavaV2),
    ("Service: AWSSecurityTokenService", Sdk::JavaV1),
    ("com.amazonaws.", Sdk::JavaV1),
    ("An error occurred (", Sdk::Python),
    ("botocore", Sdk::Python),
    ("Unable to locate credentials", Sdk::Python),
    ("Amazon.SecurityToken", Sdk::DotNet),
    ("AWSSDK.", Sdk::DotNet),
    ("aws-java-sdk-sts module", Sdk::JavaV1),
    ("'sts' service module", Sdk::JavaV2),
    ("No RegionEndpoint or ServiceURL", Sdk::DotNet),
    ("Amazon.Runtime", Sdk::DotNet),
    ("Aws::", Sdk::Ruby),
    ("Aws\\", Sdk::Php),
    ("operation error ", Sdk::GoV2),
    ("failed to refresh cached credentials", Sdk::GoV2),
    ("WebIdentityErr", Sdk::GoV1),
    ("caused by: ", Sdk::GoV1),
    ("service error: ", Sdk::Rust),
    ("aws_config", Sdk::Rust),
    ("CredentialsNotLoaded", Sdk::Rust),
    ("providers in chain provided credentials", Sdk::Rust),
    ("no credentials found in chain. Attempted", Sdk::Rust),
    ("Could not assume role with OIDC", Sdk::GithubAction),
    ("Credentials could not be loaded", Sdk::GithubAction),
    ("##[error]", Sdk::GithubAction),
    ("Could not load credentials from any providers", Sdk::JavaScript),
    ("TokenExceptionRes", Sdk::JavaScript),
    ("@aws-sdk", Sdk::JavaScript),
    ("InvalidIdentityTokenException:", Sdk::JavaScript),
    ("CredentialsProviderError", Sdk::JavaScript),
    ("Missing region in config", Sdk::JavaScript),
    ("node_modules/aws-sdk/", Sdk::JavaScript),
    ("CredentialsError: ", Sdk::JavaScript),
    ("AWS_SDK_LOAD_CONFIG", Sdk::JavaScript),
    ("MissingRegion: could not find region", Sdk::GoV1),
    ("NoCredentialProviders", Sdk::GoV1),
];

/// The client that worded the text.
pub(crate) fn sdk(text: &str) -> Option<Sdk> {
    MARKS.get(foremost(FIND_MARK.as_ref(), text)?).map(|(_, s)| *s)
}

static FIND_MARK: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(MARKS.iter().map(|(mark, _)| mark)).ok());
