//! The values a failure's text names: ARNs, hosts, ids. Everything here reads redacted text.

use crate::failure::Sdk;

/// Ends a value in prose, JSON or a URL list.
fn ends_value(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | ',' | ')' | '(' | ';' | '\\' | ']' | '[' | '<' | '>' | '{' | '}' | '|')
}

fn value(rest: &str) -> &str {
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

/// The first role's ARN.
pub(crate) fn role_arn(text: &str) -> Option<String> {
    arns(text).find(|a| a.contains(":role/")).and_then(non_empty)
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
    ["audience: ", "audience=", "audience \"", "\"aud\":", "aud="].iter().find_map(|m| {
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
        let at = text.find("169.254.")?;
        non_empty(host_chars(text.get(at..)?))
    })
}

/// The action refused.
pub(crate) fn denied_action(text: &str) -> Option<String> {
    let explicit =
        ["not authorized to perform: ", "Not authorized to perform ", "not authorized to perform ", "Failed to call "]
            .iter()
            .find_map(|m| action(after(text, m)?));
    explicit.or_else(|| {
        let (service, rest) = after(text, "operation error ")?.split_once(": ")?;
        if service.eq_ignore_ascii_case("STS") || service.contains(' ') && service.len() > 30 {
            return None;
        }
        let name = value(rest);
        action(&format!("{}:{name}", service.to_ascii_lowercase().replace(' ', "-")))
    })
}

fn action(rest: &str) -> Option<String> {
    let word = value(rest.trim_start_matches(['"', '\'', '`', ' ']));
    let (service, name) = word.split_once(':')?;
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain(service) && plain(name)).then(|| word.to_owned())
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
    CODES.iter().find(|c| text.contains(**c)).map(|c| (*c).to_owned())
}

/// Marks of each client's wording; the first that fits counts.
const MARKS: &[(&str, Sdk)] = &[
    ("software.amazon.awssdk", Sdk::JavaV2),
    ("(Service: Sts,", Sdk::JavaV2),
    ("Service: AWSSecurityTokenService", Sdk::JavaV1),
    ("com.amazonaws.", Sdk::JavaV1),
    ("An error occurred (", Sdk::Python),
    ("botocore", Sdk::Python),
    ("Unable to locate credentials", Sdk::Python),
    ("Amazon.SecurityToken", Sdk::DotNet),
    ("Amazon.Runtime", Sdk::DotNet),
    ("Aws::", Sdk::Ruby),
    ("Aws\\", Sdk::Php),
    ("operation error ", Sdk::GoV2),
    ("failed to refresh cached credentials", Sdk::GoV2),
    ("WebIdentityErr", Sdk::GoV1),
    ("caused by: ", Sdk::GoV1),
    ("service error: ", Sdk::Rust),
    ("aws_config", Sdk::Rust),
    ("Could not assume role with OIDC", Sdk::GithubAction),
    ("Credentials could not be loaded", Sdk::GithubAction),
    ("##[error]", Sdk::GithubAction),
    ("Could not load credentials from any providers", Sdk::JavaScript),
    ("TokenExceptionRes", Sdk::JavaScript),
    ("@aws-sdk", Sdk::JavaScript),
    ("InvalidIdentityTokenException:", Sdk::JavaScript),
    ("CredentialsProviderError", Sdk::JavaScript),
];

/// The client that worded the text.
pub(crate) fn sdk(text: &str) -> Option<Sdk> {
    MARKS.iter().find(|(m, _)| text.contains(m)).map(|(_, s)| *s)
}
