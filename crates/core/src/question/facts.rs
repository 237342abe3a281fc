//! Small readings of the evidence that several groups share.

pub(crate) use crate::moment::stamp as told;
use trustwalk_foreign::shell;

pub(super) use crate::evidence::alike;
use crate::evidence::{
    Container, EnvVar, Evidence, Kind, LogFailure, Observed, Pod, Target, TokenClaims, Variable, View, at_work,
};
use crate::observation::Place;

/// STS takes a token up to five minutes after its expiry (IAM User Guide, OIDC providers).
pub(crate) const GRACE: i64 = 300;

/// A log's time as Unix seconds.
pub(crate) fn moment(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// When a line was last seen, Unix seconds.
pub(super) fn last(line: &LogFailure) -> Option<i64> {
    line.last.as_deref().or(line.failure.ts.as_deref()).and_then(moment)
}

/// Partition, account and resource of an ARN.
pub(crate) fn arn_parts(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, _service) = (parts.next()?, parts.next()?, parts.next()?);
    let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (scheme == "arn").then_some((partition, account, resource))
}

/// The account of the role asked for.
pub(crate) fn role_account(e: &View<'_>) -> Option<String> {
    let (_, account, _) = arn_parts(e.role_arn().known()?.trim())?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_owned())
}

/// The partition of the role asked for, `aws` when it does not say.
pub(crate) fn partition(e: &View<'_>) -> String {
    e.role_arn().known().and_then(|a| arn_parts(a)).map_or_else(|| "aws".to_owned(), |(p, _, _)| p.to_owned())
}

/// The issuer's URL: the token's own, else that of the place the identity comes from, else the discovery document's.
pub(crate) fn issuer<'a>(e: &View<'a>) -> Option<&'a str> {
    // Asked about one issuer, what its document calls itself is another question.
    if let Target::Issuer { url } = e.target() {
        return Some(url);
    }
    let of_place = || match e.target() {
        // Who is of no cluster has no token of this one's.
        Target::Job { .. } => None,
        Target::Role { subject: Some(subject), .. } if !subject.starts_with("system:serviceaccount:") => None,
        Target::Role { .. }
        | Target::Workload { .. }
        | Target::ServiceAccount { .. }
        | Target::Issuer { .. }
        | Target::Log { .. } => e.cluster().known().and_then(|c| c.issuer.as_deref()),
    };
    // The document comes last, and is taken at its address before its word: what it calls itself is to be judged.
    let of_document = || {
        let document = e.discovery().known()?;
        document.fetched.url.strip_suffix("/.well-known/openid-configuration").or(document.issuer.as_deref())
    };
    e.token().known().and_then(|t| t.iss.as_deref()).or_else(of_place).or_else(of_document)
}

/// Google's issuer, which a role may trust without a provider of the account (IAM User Guide, principal elements).
pub(crate) const GOOGLE: &str = "accounts.google.com";

/// Whether the role trusts Google's tokens by IAM's own provider.
pub(crate) fn built_in(e: &View<'_>) -> bool {
    let google = issuer(e).is_some_and(|iss| bare(iss) == GOOGLE);
    google && e.role().known().is_some_and(|r| r.trust_policy.contains(&format!("\"{GOOGLE}\"")))
}

/// A URL without its scheme, as IAM writes providers.
pub(crate) fn bare(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}

/// The audience IAM compares: `azp` when the token has one, else `aud` (IAM User Guide, condition keys;
/// for issuers other than Google reported by users).
pub(crate) fn effective_audience(token: &TokenClaims) -> Option<&str> {
    token.azp.as_deref().or_else(|| token.aud.first().map(String::as_str))
}

/// Region and id of an EKS issuer path.
pub(crate) fn eks_issuer(path: &str) -> Option<(&str, &str)> {
    let (host, id) = path.split_once("/id/")?;
    let region = host.strip_prefix("oidc.eks.")?.split_once(".amazonaws.com")?.0;
    Some((region, id))
}

/// `namespace/name` of the service account, and both apart.
pub(crate) fn service_account(e: &View<'_>) -> Option<(String, String)> {
    if let Some(sa) = e.service_account().known() {
        return Some((sa.namespace.clone(), sa.name.clone()));
    }
    if let Some(w) = e.workload().known() {
        return Some((w.namespace.clone(), w.template.service_account.clone()));
    }
    match e.target() {
        Target::ServiceAccount { namespace, name } => Some((namespace.clone(), name.clone())),
        Target::Workload { .. }
        | Target::Role { .. }
        | Target::Issuer { .. }
        | Target::Job { .. }
        | Target::Log { .. } => None,
    }
}

/// Whether the target lives in a cluster.
pub(crate) fn in_cluster(e: &View<'_>) -> bool {
    matches!(e.target(), Target::Workload { .. } | Target::ServiceAccount { .. })
}

/// What is missing, with the command that reads it.
pub(crate) fn lacking<T>(what: &str, observed: &Observed<T>) -> String {
    let gap = observed.gap().unwrap_or_default();
    match observed.source().and_then(|s| s.by_hand.as_deref()).filter(|c| *c != shell::WITHHELD) {
        Some(command) => format!("{what}: {gap}; `{command}` would tell"),
        None => format!("{what}: {gap}"),
    }
}

/// Why a fact that was asked for in vain is not known, and what would tell it.
pub(crate) fn gap_of(e: &Evidence, kind: Kind) -> Option<String> {
    let gap = e.unread(kind)?;
    let source = e.read_from(kind)?;
    Some(match source.by_hand.as_deref().filter(|c| *c != shell::WITHHELD) {
        Some(command) => format!("{gap}; `{command}` would tell"),
        None => format!("{gap}; {}", kind.tells()),
    })
}

/// The environment variables the webhook injects (amazon-eks-pod-identity-webhook).
pub(crate) const ROLE_VARIABLE: Variable = Variable::AwsRoleArn;
/// The token file's variable.
pub(crate) const FILE_VARIABLE: Variable = Variable::AwsWebIdentityTokenFile;
/// The Pod Identity variable.
pub(crate) const CONTAINER_VARIABLE: Variable = Variable::AwsContainerCredentialsFullUri;

/// A pod and what it depends on made within this many seconds of one another: the webhook's cache may not have known
/// it yet.
pub(super) const RACE: i64 = 60;

/// Why the token is not known.
pub(crate) fn token_gap(e: &View<'_>) -> String {
    lacking("the token's claims", e.token())
}

/// A container, and the pod that it stands in: none for one of the template.
pub(super) type Placed<'a> = (Option<&'a Pod>, &'a Container);

/// The containers of the pods that have not ended, and those of the template.
pub(super) fn placed<'a>(e: &View<'a>) -> impl Iterator<Item = Placed<'a>> + use<'a> {
    let pods = e.pods().known().into_iter().flat_map(|all| at_work(all));
    let own = pods.flat_map(|p| p.spec.containers.iter().map(move |c| (Some(p), c)));
    own.chain(e.workload().known().into_iter().flat_map(|w| w.template.containers.iter().map(|c| (None, c))))
}

/// The same, without where they stand.
pub(super) fn containers<'a>(e: &View<'a>) -> impl Iterator<Item = &'a Container> + use<'a> {
    placed(e).map(|(_, container)| container)
}

/// Whether a container wrote a line, as far as is known.
pub(super) fn wrote((pod, container): Placed<'_>, line: &LogFailure) -> bool {
    let own = |of: &Place| of.container == container.name && pod.is_none_or(|p| p.name == of.pod);
    line.places.is_empty() || line.places.iter().any(own)
}

/// The containers that may have written a line: those whose log it stands in, whatever became of their pods; of a log
/// that was given, each that goes on running, and where no pod was read each of the template.
pub(super) fn writers<'a>(e: &View<'a>, line: &LogFailure) -> Vec<Placed<'a>> {
    let mut all: Vec<Placed<'a>> = if line.places.is_empty() {
        placed(e).filter(|(_, c)| !c.init || c.sidecar).collect()
    } else {
        let pods = e.pods().known().into_iter().flatten();
        let own = pods.flat_map(|p| p.spec.containers.iter().map(move |c| (Some(p), c)));
        own.chain(placed(e).filter(|(pod, _)| pod.is_none())).filter(|at| wrote(*at, line)).collect()
    };
    if all.iter().any(|(pod, _)| pod.is_some()) {
        all.retain(|(pod, _)| pod.is_some());
    }
    all
}

/// What the containers that may have written a line have of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Has {
    /// The one that wrote it has it.
    Yes,
    /// Some of those that may have written it have it, and some have not.
    Some,
    /// None has it.
    No,
}

/// Whether the containers that may have written a line have something.
pub(super) fn writers_have(e: &View<'_>, line: &LogFailure, has: impl Fn(&Container) -> bool) -> Has {
    let all = writers(e, line);
    match all.iter().filter(|(_, c)| has(c)).count() {
        0 => Has::No,
        // One line of several pods stands in the log of each.
        some if some == all.len() || !line.places.is_empty() => Has::Yes,
        _ => Has::Some,
    }
}

/// The first of these variables that a container sets, with its value or where that comes from. An empty value is
/// taken for none (AWS SDKs and Tools Reference Guide, "Environment variables support").
pub(super) fn set_in(container: &Container, asked: &[Variable]) -> Option<(String, String)> {
    let named = |v: &&EnvVar| asked.iter().any(|a| a.name() == v.name()) && v.value() != Some("");
    container.env.iter().find(named).map(|v| {
        let value = v.value().or_else(|| v.origin()).unwrap_or("set");
        (v.name().to_owned(), value.to_owned())
    })
}

/// The same of the containers that may have written a line.
pub(super) fn variable(e: &View<'_>, line: &LogFailure, asked: &[Variable]) -> Option<(String, String)> {
    writers(e, line).into_iter().find_map(|(_, c)| set_in(c, asked))
}

/// Whether role and token are in a container.
pub(super) fn has_web_identity(container: &Container) -> bool {
    container.has_env(ROLE_VARIABLE) && container.has_env(FILE_VARIABLE)
}

/// Whether role and token are in any container.
pub(super) fn identity_given(e: &View<'_>) -> bool {
    containers(e).any(has_web_identity)
}
