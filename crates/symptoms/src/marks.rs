//! Whether a record is about AWS at all. A word such as `AccessDenied` or `ExpiredToken` is anybody's.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What only AWS, its clients and their users write. In lower case.
const AWS: &[&str] = &[
    "amazon",
    "arn:aws",
    "aws",
    "boto",
    "assumerole",
    "getcalleridentity",
    "getsessiontoken",
    "assume role with oidc",
    "iam role",
    "request arn is invalid",
    "web identity",
    "webidentity",
    "sts:",
    "sts.",
    " sts ",
    "(service: ",
    "; status code: ",
    "\tstatus code: ",
    " status code: ",
    "operation error ",
    "api error ",
    ") when calling the ",
    "<hostid>",
    "extended request id",
    "x-amz",
    "openidconnect",
    "pod identity",
    "s3 error",
    "s3:",
    "route53",
    "route 53",
    "dynamodb",
    "irsa",
];
/// Words of AWS in which one of the marks may be somebody else's: `laws`, `saws`, `draws`.
const NOT_AWS: &[&str] = &["laws", "draws", "saws", "flaws", "jaws", "claws", "outlaws", "straws", "withdraws"];

/// Another cloud's own words around the same English. In lower case.
const OTHERS: &[&str] = &[
    "azure",
    "microsoft.",
    "management.core.windows.net",
    "googleapis.com",
    "google.api",
    "gcloud",
    "google/auth",
    "google\\auth",
    "google\\\\auth",
    "google.auth",
    "google-auth",
    "google/cloud",
    "google.cloud",
    "google-cloud",
    "/secrets/gcp",
    "/gcp-ksa/",
    "permission_denied",
    "aliyun",
    "alibabacloud",
    "digitalocean",
];

/// Whether the record has a mark of AWS or STS.
pub(crate) fn is_aws(lower: &str) -> bool {
    let Some(all) = FINDER.as_ref() else { return true };
    all.find_overlapping_iter(lower).any(|hit| {
        let aws = AWS.get(hit.pattern().as_usize()) == Some(&"aws");
        !aws || !within_word(lower, hit.start())
    })
}

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(AWS).ok());

fn within_word(lower: &str, at: usize) -> bool {
    let bytes = lower.as_bytes();
    let start = bytes.get(..at).unwrap_or_default().iter().rposition(|b| !b.is_ascii_alphabetic()).map_or(0, |n| n + 1);
    let rest = bytes.get(at..).unwrap_or_default();
    let end = at + rest.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len());
    lower.get(start..end).is_some_and(|word| NOT_AWS.contains(&word))
}

/// Whether another cloud speaks, and AWS is named nowhere.
pub(crate) fn is_another_cloud(lower: &str) -> bool {
    OTHERS.iter().any(|mark| lower.contains(mark)) && !lower.contains("aws") && !lower.contains("amazon")
}

/// Whether a record without a mark of AWS tells of somebody else's credentials or tokens in words that AWS's clients
/// use too: those of a registry, of a JWT library, of a repository.
pub(crate) fn is_of_another(lower: &str) -> bool {
    const WORDS: &[&str] = &[
        "jwt: ",
        "docker registry",
        "docker credentials",
        "credentials for docker",
        "credentials for host",
        "credentials for registry",
        "credentials for the registry",
        "credentials for git",
        "git credentials",
    ];
    is_another_cloud(lower) || WORDS.iter().any(|word| lower.contains(word))
}

/// Whether the record is about the web identity exchange, its token or STS, not about AWS alone.
pub(crate) fn is_exchange(lower: &str) -> bool {
    [
        "assumerolewithwebidentity",
        "webidentityerr",
        "assume role with oidc",
        "web identity",
        "webidentity",
        "web_identity",
        "operation error sts:",
    ]
    .iter()
    .any(|mark| lower.contains(mark))
}

/// Whether STS answered a call, as the SDKs for Java and .NET name the service of an answer.
pub(crate) fn is_answer_of_sts(lower: &str) -> bool {
    ["(service: sts,", "service: awssecuritytokenservice;", "amazonsecuritytokenserviceexception"]
        .iter()
        .any(|mark| lower.contains(mark))
}

/// Whether a record tells of something that went wrong: a level, a code or a verb. Not what a metric, a list of codes
/// or an import says.
pub(crate) fn is_trouble(lower: &str) -> bool {
    const WORDS: &[&str] = &[
        "level=error",
        "level=fatal",
        "level=warn",
        "\"level\":\"error\"",
        "\"level\":\"fatal\"",
        "\"severity\":\"error\"",
        "[error]",
        "##[error]",
        " error ",
        "error: ",
        "err=",
        "exception: ",
        "fatal: ",
        "failed",
        "failure",
        "unable to",
        "could not",
        "couldn't",
        "cannot ",
        "can't ",
        "denied",
        "refused",
        "unauthorized",
        "not authorized",
        "forbidden",
        "rejected",
        "expired",
    ];
    const QUIET: &[&str] = &[
        "level=debug",
        "level=info",
        "\"level\":\"debug\"",
        "\"level\":\"info\"",
        "[debug]",
        "[info]",
        " debug ",
        "debug:",
        "errors_total",
        "errors: 0",
        "errors\":0",
        "import ",
        "catch ",
        "error\":null",
    ];
    WORDS.iter().any(|w| lower.contains(w)) && !QUIET.iter().any(|w| lower.contains(w))
}

/// A code as an answer's, not in a list of codes, an import or a counter's name.
pub(crate) fn answered(code: &str, lower: &str) -> Option<usize> {
    lower.match_indices(code).find_map(|(at, _)| {
        let after = lower.get(at + code.len()..)?;
        let after = after.strip_prefix("exception").unwrap_or(after);
        [": ", ")", "'", "\"", "</", "; ", " ("].iter().any(|end| after.starts_with(end)).then_some(at)
    })
}

/// Whether any of these words stands in a text.
pub(crate) fn any(lower: &str, parts: &[&str]) -> bool {
    parts.iter().any(|p| lower.contains(p))
}
