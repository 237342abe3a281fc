//! Which failures a text tells of. Rows of wordings come first, then what needs more than a substring: network errors,
//! token files, refused actions.

use crate::cut;
use crate::hook;
use crate::marks;
use crate::network::network;
use crate::parts::Held;
use crate::refusal::{of_web_identity, refused_action};
use crate::rules::{GENERIC_CODE, SPECIFIC_CODES};
use crate::special;
use crate::symptom::Symptom;
use crate::text::extract;

/// The meaning of a sentence that is plain and redacted already.
pub(crate) fn symptom_of(sentence: &str) -> Option<Symptom> {
    symptoms(sentence, &sentence.to_ascii_lowercase()).first().map(|(symptom, _)| *symptom)
}

/// The symptoms and where in the text the words of each begin.
pub(crate) fn symptoms(text: &str, lower: &str) -> Vec<(Symptom, usize)> {
    let mut out: Vec<(Symptom, usize)> = Vec::new();
    let mut add = |found: Option<(Symptom, usize)>| {
        if let Some((s, at)) = found
            && !out.iter().any(|(seen, _)| overshadows(*seen, s))
        {
            out.push((s, at));
        }
    };
    // A chain of providers tells why each of them, the default profile's too, had nothing.
    let chain = special::is_chain(lower);
    let ours = marks::is_aws(lower) && !marks::is_another_cloud(lower);
    add(special::unexpanded(lower));
    add(special::not_given(lower, chain));
    add(special::not_asked(lower));
    let held = Held::of(lower);
    let others = !ours && marks::is_of_another(lower);
    for (r, at) in held.specific() {
        if !(chain && r.symptom == Symptom::ProfileMissing || others && r.symptom == Symptom::ExpiredToken)
            && (ours || !r.shared)
        {
            add(Some((of_which_client(r.symptom, lower), at)));
        }
    }
    add(of_web_identity(lower));
    add(special::session_for_role(lower));
    add(hook::ours(lower));
    add(special::shown(lower));
    // A link that tells of STS tells its own cause.
    if chain && !(lower.contains("sts.") && lower.contains("amazonaws.com")) {
        add(special::interrupted(lower));
    }
    for (symptom, code) in SPECIFIC_CODES {
        add(marks::answered(code, lower).map(|at| (*symptom, at)));
    }
    if !marks::is_another_cloud(lower) {
        add(token_file(lower));
    }
    add(network(lower));
    add(refused_action(text, lower));
    if out.is_empty() {
        if others {
            return out;
        }
        let coded = marks::answered(GENERIC_CODE.1, lower).map(|at| (GENERIC_CODE.0, at));
        let worded = || held.generic().find(|(r, _)| ours || !r.shared).map(|(r, at)| (r.symptom, at));
        return cut::sentence(lower).or(coded).or_else(worded).into_iter().collect();
    }
    out
}

/// A region that is missing is missed by STS's client where the line speaks of the exchange.
fn of_which_client(symptom: Symptom, lower: &str) -> Symptom {
    let sts = || {
        marks::is_exchange(lower)
            || marks::any(lower, &["aws-region", "region is not valid: "])
            || lower.match_indices("sts").any(|(at, word)| extract::stands_alone(lower, at, word.len()))
    };
    if symptom == Symptom::StsRegionMissing && !sts() { Symptom::RegionMissing } else { symptom }
}

/// Whether a symptom already found makes another, less exact one superfluous.
#[expect(clippy::wildcard_enum_match_arm, reason = "few symptoms say less than others")]
fn overshadows(seen: Symptom, new: Symptom) -> bool {
    use Symptom as S;
    let more_exact = match new {
        S::ExpiredSession => matches!(seen, S::ExpiredToken | S::PodIdentityTokenExpired),
        S::SignatureMismatch => matches!(seen, S::SignatureScope | S::ClockSkew),
        S::MalformedPolicy => seen == S::FederatedInvalid,
        S::TokenFileMissing | S::TokenFileUnreadable => matches!(seen, S::WrongTokenFile | S::WebIdentityNotGiven),
        S::ApiTokenInvalid => seen == S::ApiTokenRefused,
        S::GhaTokenRefused => matches!(seen, S::AudienceNotIssued | S::GhaTokenPending),
        S::RoleArnInvalid => seen == S::VariableUnexpanded,
        S::AssumeRoleDenied | S::AssumeRoleSelf => seen == S::RoleArnInvalid,
        // .NET says both in the same words, and the exception's class first.
        S::WebIdentityNotGiven => seen == S::WindowsPath,
        S::ImdsUnreachable | S::NoInstanceRole => {
            matches!(seen, S::StsModuleMissing | S::WebIdentityNotGiven | S::WebIdentityNotAsked)
        }
        S::ProfileMissing | S::ChainInterrupted => {
            matches!(seen, S::WebIdentityNotGiven | S::WebIdentityNotAsked)
        }
        S::StsServerError => matches!(seen, S::StsWrongEndpoint | S::PodIdentityTrustRefused),
        S::StsTimeout | S::StsUnreachable | S::StsDns | S::StsRefused => {
            matches!(seen, S::ChainInterrupted | S::EksAuthUnreachable | S::EndpointWithoutScheme | S::StsRegionMissing)
        }
        S::AccessDeniedAction => {
            is_of_agent(seen)
                || seen == S::WebIdentityOther
                || matches!(seen, S::DocumentsDenied | S::TokenFileUnreadable | S::StsWrongEndpoint | S::RoleArnInvalid)
        }
        // The agent itself acts as the node.
        S::NodeRoleUsed => is_of_agent(seen),
        S::PodIdentityAgentError => is_of_agent(seen) || matches!(seen, S::Throttled | S::ChainInterrupted),
        S::PodIdentityAccessDenied => seen == S::PodIdentityTrustRefused,
        S::PodIdentityTokenExpired => seen == S::PodIdentityTokenRefused,
        _ => false,
    };
    seen == new || more_exact
}

/// An answer of the Pod Identity agent that says more than that there was one.
fn is_of_agent(seen: Symptom) -> bool {
    let none_told =
        [Symptom::PodIdentityAgentUnreachable, Symptom::PodIdentityAgentTimeout, Symptom::PodIdentityAgentError];
    seen.is_of_pod_identity() && !none_told.contains(&seen)
}

/// Where a token is mounted by another path than usual: a file below the folder of secrets, called for a token.
fn mounted_token(lower: &str) -> Option<usize> {
    const SECRETS: &str = "/run/secrets/";
    let ends = |c: char| c.is_whitespace() || "'\"`,;:)".contains(c);
    lower.match_indices(SECRETS).map(|(at, _)| at).find(|at| {
        let path = lower.get(*at..).unwrap_or_default();
        path.split(ends).next().and_then(|path| path.rsplit('/').next()).is_some_and(|file| file.contains("token"))
            // Those of other clouds' federation and of HashiCorp's Vault stand there, too.
            && !marks::any(path.split(ends).next().unwrap_or_default(), &["gcp", "google", "azure", "vault"])
    })
}

/// Trouble with the projected token's file.
fn token_file(lower: &str) -> Option<(Symptom, usize)> {
    let at = [
        "/serviceaccount/token",
        "eks-pod-identity-token",
        "webidentity token",
        "web identity token",
        "web_identity_token_file",
        "webidentitytokenfile",
        // Go 2, whatever the path.
        "failed to retrieve jwt from provide source",
    ]
    .iter()
    .find_map(|m| lower.find(m))
    .or_else(|| mounted_token(lower))?;
    if marks::any(lower, &["permission denied", "eacces", "errno 13", "accessdeniedexception: /", "access to the path"])
    {
        return Some((Symptom::TokenFileUnreadable, at));
    }
    marks::any(
        lower,
        &[
            "no such file or directory",
            "enoent",
            "errno 2]",
            "nosuchfileexception",
            "cannot find the path",
            "could not find file",
            "does not exist",
            // Docker makes a directory of a path that it mounts and does not find.
            "is a directory",
            "isadirectoryerror",
            "eisdir",
            "not a directory",
            "notadirectoryerror",
            "enotdir",
        ],
    )
    .then_some((Symptom::TokenFileMissing, at))
}
