//! What needs more than a row of words: chains of sources, variables left as they are, audit events of the webhook,
//! and trouble that no wording matches.

use serde_json::Value;

use crate::facts::{ServiceAccount, WEBHOOKS, Webhook};
use crate::failure::Failure;
use crate::marks;
use crate::symptom::Symptom;
use crate::text::extract;

/// Whether a chain of sources tells of each of its links, so that one link's words are not the cause.
pub(crate) fn is_chain(lower: &str) -> bool {
    const LINKS: &[&str] =
        &["envaccesskeynotfound", "sharedcredsload", "ec2rolerequesterror", "ecs container credentials"];
    let java = lower.contains("unable to load credentials from any of the providers")
        || lower.contains("unable to load aws credentials from any provider")
        || lower.contains("failed to resolve aws credentials")
        || lower.contains("no credentials found in chain")
        || lower.contains("could not load credentials from any providers");
    java || lower.contains("nocredentialproviders") || LINKS.iter().filter(|l| lower.contains(**l)).count() > 1
}

/// A chain that ended because a link did not answer in time.
pub(crate) fn interrupted(lower: &str) -> Option<(Symptom, usize)> {
    const WORDS: &[&str] = &[
        "context deadline exceeded",
        "client.timeout exceeded",
        "i/o timeout",
        "request canceled",
        "read timeout",
        "connect timeout",
        "timed out",
        "timeoutexception",
    ];
    let at = WORDS.iter().find_map(|w| lower.find(w))?;
    Some((Symptom::ChainInterrupted, at))
}

/// A provider of web identity to which nobody named a role or a token's file, in words that a chain which goes on to
/// other sources writes, too: they count where the chain ended or the provider itself threw.
pub(crate) fn not_given(lower: &str, chain: bool) -> Option<(Symptom, usize)> {
    const WORDS: &[&str] = &[
        // Java 2: role and file alike.
        "or the javaproperty aws.webidentitytokenfile must be set",
        "or the javaproperty aws.rolearn must be set",
        // Java 1.
        "webidentitytokencredentialsprovider: you must specify a value for rolearn and rolesessionname",
        // Rust.
        "$aws_web_identity_token_file was not set",
    ];
    // Java 1's own provider, asked without a chain: it is in the stack, where a program that makes a session itself has
    // its own builder alone.
    let thrown = || {
        let at = lower.find("nullpointerexception: you must specify a value for rolearn and rolesessionname")?;
        marks::any(lower, &["webidentitytokencredentialsprovider", "stsprofilecredentialsservice"]).then_some(at)
    };
    let listed = || WORDS.iter().find_map(|w| lower.find(w));
    let at = listed().filter(|_| chain || lower.contains("illegalstateexception")).or_else(thrown)?;
    Some((Symptom::WebIdentityNotGiven, at))
}

/// Sources of a chain of Java's or Hadoop's that are no web identity, by the names of their classes. In lower case.
const OTHER_SOURCES: &[&str] = &[
    "environmentvariablecredentialsprovider",
    "systempropertycredentialsprovider",
    "systempropertiescredentialsprovider",
    "profilecredentialsprovider",
    "containercredentialsprovider",
    "instanceprofilecredentialsprovider",
    "ec2containercredentialsproviderwrapper",
    "simpleawscredentialsprovider",
    "temporaryawscredentialsprovider",
    "dynamictemporaryawscredentialsprovider",
    "iaminstancecredentialsprovider",
];

/// A chain of sources that ended and names each that it asked, none of them one of web identity. Of a source whose name
/// is not known nobody can say what it asks, as of one that holds a chain of its own.
pub(crate) fn not_asked(lower: &str) -> Option<(Symptom, usize)> {
    const ENDS: &[&str] = &[
        "unable to load credentials from any of the providers in the chain",
        "unable to load aws credentials from any provider in the chain: [",
        "no aws credentials provided by ",
    ];
    // S3A tells of the last in its list, which by default is neither of these (Hadoop, "Authenticating with S3").
    const LAST: &[&str] = &[
        "credentialinitializationexception: provider temporaryawscredentialsprovider has no credentials",
        "credentialinitializationexception: provider simpleawscredentialsprovider has no credentials",
    ];
    if lower.contains("webidentity") || lower.contains("web_identity") {
        return None;
    }
    if let Some(at) = LAST.iter().find_map(|w| lower.find(w)) {
        return Some((Symptom::WebIdentityNotAsked, at));
    }
    let at = ENDS.iter().find_map(|w| lower.find(w))?;
    let named = lower.get(at..)?.split(|c: char| !c.is_ascii_alphanumeric());
    let mut sources = named.filter(|w| w.ends_with("credentialsprovider") || w.ends_with("credentialsproviderwrapper"));
    let first = sources.next()?;
    let known = |w: &str| OTHER_SOURCES.contains(&w);
    let mut others = sources.peekable();
    (known(first) && others.peek().is_some() && others.all(known)).then_some((Symptom::WebIdentityNotAsked, at))
}

/// The ARN of a session, given where a role's belongs: what a refused call for a role names as its resource (IAM User
/// Guide, "IAM identifiers", ARNs of `assumed-role`).
pub(crate) fn session_for_role(lower: &str) -> Option<(Symptom, usize)> {
    let at = lower.find("sts:assumerole")?;
    let rest = lower.get(at..)?.split_once(" on resource: ")?.1;
    let named = extract::value(rest.trim_start_matches(['"', '\'', '`']));
    let session = named.starts_with("arn:aws") && named.contains(":sts::") && named.contains(":assumed-role/");
    (session || is_no_role(named)).then_some((Symptom::RoleArnInvalid, at))
}

/// Whether an ARN of IAM names another kind of thing than a role, or a role with another character than the slash:
/// `arn:aws:iam::ACCOUNT:role:NAME`, `…:instance-profile/NAME` (IAM User Guide, "IAM identifiers").
fn is_no_role(arn: &str) -> bool {
    let Some((_, rest)) = arn.split_once(":iam::").filter(|(partition, _)| partition.starts_with("arn:aws")) else {
        return false;
    };
    let Some((_, kind)) = rest.split_once(':') else { return false };
    ["role:", "instance-profile/", "policy/", "user/", "group/", "oidc-provider/"].iter().any(|k| kind.starts_with(k))
}

/// The name of the annotation, as it is and as people write it.
const KEYS: &[&str] = &["/role-arn", "/role_arn", "/rolearn"];

/// Issuers whose tokens name them without a slash at the end.
const UNSLASHED: &[&str] = &[
    "token.actions.githubusercontent.com",
    "oidc.eks.",
    "gitlab.com",
    "oidc.circleci.com",
    "agent.buildkite.com",
    "app.terraform.io",
];

/// Where a key begins that is like the one of EKS's webhook, is not it, and has a role for its value.
fn key_at(lower: &str, at: usize, name: &str) -> Option<usize> {
    let before = lower.get(..at)?;
    let from = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).map_or(0, |n| n + 1);
    let domain = before.get(from..)?;
    let value = lower.get(at + name.len()..)?.trim_start_matches(['"', '\'', ':', '=', ' ', '\\']);
    let like = domain.starts_with("eks") && domain.contains("amazon") || domain == "amazonaws.com";
    let read = domain == "eks.amazonaws.com" && name == "/role-arn";
    (like && !read && value.starts_with("arn:aws")).then_some(from)
}

/// What a manifest or a list that is shown tells by itself: a role under a key that nothing reads, a provider whose URL
/// ends with a slash.
pub(crate) fn shown(lower: &str) -> Option<(Symptom, usize)> {
    let key = || {
        let named = KEYS.iter().flat_map(|name| lower.match_indices(name));
        named.filter_map(|(at, name)| Some((key_at(lower, at, name)?, at))).min_by_key(|(_, at)| *at)
    };
    let key = || key().map(|(from, _)| (Symptom::AnnotationKeyUnknown, from));
    let provider = || {
        lower.match_indices(":oidc-provider/").find_map(|(at, _)| {
            // A policy names providers, too, and is judged as one.
            let listed = !marks::any(lower, &["federated", "assumerole"]);
            let url = extract::value(lower.get(at + ":oidc-provider/".len()..)?);
            let without = UNSLASHED.iter().any(|host| url.starts_with(host));
            (listed && without && url.ends_with('/')).then_some((Symptom::ProviderWithSlash, at))
        })
    };
    key().or_else(provider)
}

/// The key, as it stands.
pub(crate) fn key_shown(text: &str) -> Option<String> {
    let (_, at) = shown(&text.to_ascii_lowercase())?;
    text.get(at..)?.split(['"', '\'', ':', '=', ' ']).next().map(str::to_owned)
}

/// What opens a variable that a shell, GitHub, GitLab, Kubernetes, Helm or `CloudFormation` should have replaced.
const OPENERS: &[&str] = &["${{", "${", "$(", "{{"];
/// Names before a role, an audience or a token's file. In lower case.
const NAMES: &[&str] = &[
    "role_arn",
    "rolearn",
    "role-arn",
    "role arn",
    "role-to-assume",
    "aws_role_arn",
    "audience",
    "token_file",
    "tokenfile",
    "token-file",
];

/// A variable that stands in a role's ARN, an audience or a token's path, in a record that tells of trouble.
pub(crate) fn unexpanded(lower: &str) -> Option<(Symptom, usize)> {
    // Hardly any record holds one.
    if !OPENERS.iter().any(|o| lower.contains(o)) {
        return None;
    }
    let at = variable_at(lower)?;
    let trouble = marks::is_trouble(lower) || lower.contains("invalid") || lower.contains("validationerror");
    (trouble && marks::is_aws(lower)).then_some((Symptom::VariableUnexpanded, at))
}

/// It, as it stands.
pub(crate) fn variable(text: &str) -> Option<String> {
    let at = variable_at(&text.to_ascii_lowercase())?;
    let rest = text.get(at..)?;
    let end = closed(rest)?;
    rest.get(..end).map(str::to_owned)
}

fn variable_at(lower: &str) -> Option<usize> {
    let in_arn = lower.match_indices("arn:").find_map(|(at, _)| {
        let rest = lower.get(at..)?;
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',')).unwrap_or(rest.len());
        let within = rest.get(..end)?;
        let opener = OPENERS.iter().filter_map(|o| within.find(o)).min()?;
        let role = within.contains("role/") || within.contains(":iam::");
        (role && closed(rest.get(opener..)?).is_some()).then_some(at + opener)
    });
    in_arn.or_else(|| {
        NAMES.iter().find_map(|name| lower.match_indices(name).find_map(|(at, _)| named(lower, at + name.len())))
    })
}

/// A variable right behind a name.
fn named(lower: &str, after: usize) -> Option<usize> {
    let rest = lower.get(after..)?;
    let skipped = rest.len() - rest.trim_start_matches(['=', ':', ' ', '"', '\'', '`', '\\']).len();
    let value = rest.get(skipped..)?;
    let opens = OPENERS.iter().any(|o| value.starts_with(o));
    (skipped > 0 && skipped <= 5 && opens && closed(value).is_some()).then_some(after + skipped)
}

/// Length of the variable that begins here.
fn closed(rest: &str) -> Option<usize> {
    const LONGEST: usize = 120;
    let close = if rest.starts_with("${{") || rest.starts_with("{{") {
        "}}"
    } else if rest.starts_with("$(") {
        ")"
    } else {
        "}"
    };
    let end = rest.find(close)? + close.len();
    (end <= LONGEST && !rest.get(..end)?.contains('\n')).then_some(end)
}

/// An audit event of the API server in which the webhook was called and changed nothing, or could not be called
/// (Kubernetes documentation, "Dynamic Admission Control", mutating webhook auditing annotations).
pub(crate) fn audit(raw: &str) -> Option<Failure> {
    const ANNOTATION: &str = "mutation.webhook.admission.k8s.io/";
    if !raw.contains(ANNOTATION) {
        return None;
    }
    let event: Value = serde_json::from_str(raw.get(raw.find('{')?..)?.trim()).ok()?;
    let ours = |webhook: &str| WEBHOOKS.iter().any(|w| webhook.contains(w));
    let (symptom, told) = event.get("annotations")?.as_object()?.iter().find_map(|(name, value)| {
        if name.starts_with("failed-open.") {
            return value.as_str().filter(|w| ours(w)).map(|w| (Symptom::WebhookFailedOpen, w.to_owned()));
        }
        let told: Value = match value {
            Value::String(text) => serde_json::from_str(text).ok()?,
            Value::Object(_) => value.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        };
        let webhook = told.get("webhook")?.as_str()?.to_owned();
        let idle = name.starts_with(ANNOTATION) && told.get("mutated") == Some(&Value::Bool(false));
        (idle && ours(&webhook)).then_some((Symptom::WebhookDidNotMutate, webhook))
    })?;
    let object = |name: &str| event.pointer("/objectRef")?.get(name)?.as_str();
    let spec = event.pointer("/requestObject/spec/serviceAccountName").and_then(Value::as_str);
    let namespace = object("namespace");
    let pod = object("name").map(|name| format!("{}/{name}", namespace.unwrap_or_default()));
    // A pod that a controller makes may have no name yet, and has a namespace.
    let (of, pod) = match (&pod, namespace) {
        (Some(pod), _) => (pod.clone(), Some(pod.clone())),
        (None, Some(namespace)) => (format!("a pod of {namespace}"), Some(format!("{namespace}/"))),
        (None, None) => ("a pod".to_owned(), None),
    };
    let words = if symptom == Symptom::WebhookFailedOpen {
        format!("the webhook {told} could not be called for {of}")
    } else {
        format!("the webhook {told} was called for {of} and changed nothing")
    };
    let mut failure = Failure::new(symptom, words);
    failure.detail = pod;
    failure.webhook = Some(Webhook::new(told));
    failure.service_account =
        spec.zip(namespace).map(|(name, namespace)| ServiceAccount::new(format!("{namespace}/{name}")));
    Some(failure)
}

/// Subjects that a failed line must be about before it is shown as not understood. In lower case.
const SUBJECTS: &[&str] = &[
    "credential",
    "assumerole",
    "assume role",
    "assume iam role",
    "cannot be assumed",
    "web identity",
    "webidentity",
    "sts",
    "identity token",
    "id token",
    "security token",
    "session token",
    // A registry of ECR to which nobody logged in, a service that got a request without a signature.
    "authorization token",
    "authentication token",
    "401 unauthorized: not authorized",
    "pod identity",
    "irsa",
    "openidconnect",
    "oidc",
];

/// Whether trouble with AWS's credentials, tokens or STS is told in words that nothing here matches; be it without a
/// word of AWS, where nobody else is named whose they would be.
pub(crate) fn is_unclear(lower: &str) -> bool {
    let ours = marks::is_aws(lower) && !marks::is_another_cloud(lower) || marks::is_exchange(lower);
    let trouble = marks::is_trouble(lower);
    if ours && (trouble && subject_at(lower).is_some() || demands_keys(lower)) {
        return true;
    }
    !marks::is_of_another(lower) && (trouble && marks::any(lower, ANYBODYS) || demands_keys(lower))
}

/// What jobs and programs say of a token or of credentials without naming AWS. In lower case.
const ANYBODYS: &[&str] = &[
    "oidc token",
    "id token",
    "id_token",
    "identity token",
    "temporary credentials",
    "session credentials",
    "assume the role",
];

/// Whether a program asks for a pair of keys that nobody gave it: a web identity has none to give.
fn demands_keys(lower: &str) -> bool {
    const NAMES: [[&str; 2]; 3] = [["access_key", "secret"], ["access key", "secret"], ["accesskey", "secretkey"]];
    const WANTED: &[&str] = &[
        "must be set",
        "must be provided",
        "must be specified",
        "must be configured",
        "must be defined",
        "must provide",
        "is required",
        "are required",
        "is not set",
        "are not set",
        "not configured",
        "is missing",
        "are missing",
        "missing required",
    ];
    NAMES.iter().any(|pair| pair.iter().all(|name| lower.contains(name))) && marks::any(lower, WANTED)
}

/// Where the subject stands.
pub(crate) fn subject(lower: &str) -> usize {
    subject_at(lower).unwrap_or(0)
}

fn subject_at(lower: &str) -> Option<usize> {
    let keys = ["access_key", "access key", "accesskey"];
    SUBJECTS.iter().chain(ANYBODYS).chain(&keys).find_map(|word| {
        lower
            .match_indices(word)
            .map(|(at, _)| at)
            .find(|at| *word != "sts" || extract::stands_alone(lower, *at, word.len()))
    })
}
