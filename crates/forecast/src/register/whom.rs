//! Whom an announced change concerns, asked of the evidence. Every member that is given has to fit; of a list, one.

use serde::Deserialize;
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::finding::Exhibit;
use trustwalk_core::forthcoming::Presented;
use trustwalk_trust_policy::{Document, like};

use crate::pinned;

/// A form of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectForm {
    /// GitHub's with the names of owner and repository alone, where the policy does not admit the form with numbers.
    GithubByName,
}

/// Whom a change concerns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Whom {
    /// Everybody.
    pub everybody: bool,
    /// Issuers without their scheme, `*` for any text.
    pub issuer: Vec<String>,
    /// ARNs of roles, `*` for any text.
    pub role: Vec<String>,
    /// Namespaces, `*` for any text.
    pub namespace: Vec<String>,
    /// Names of EKS clusters, `*` for any text.
    pub cluster: Vec<String>,
    /// Regions, `*` for any text.
    pub region: Vec<String>,
    /// Versions of EKS clusters, as EKS writes them.
    pub eks_version: Vec<String>,
    /// Thumbprints: who has no other that matches, where thumbprints are compared.
    pub pinned: Vec<String>,
    /// Who has pinned the issuer's own certificate alone, and not an authority's.
    pub leaf_pinned: bool,
    /// SHA-256 of certificates in the issuer's chain, its root included.
    pub chain: Vec<String>,
    /// How the client names itself in `CloudTrail`, from the beginning, `*` for any text.
    pub client: Vec<String>,
    /// Hosts of STS that exchanges went to, as `CloudTrail` has them.
    pub sts_host: Vec<String>,
    /// The form of the subjects that the role's policy takes.
    pub subject: Option<SubjectForm>,
}

impl Whom {
    /// What of the evidence it concerns; `None` where it does not, or what would tell was not read.
    pub(crate) fn concerned(&self, e: &Evidence, chains: &[Presented]) -> Option<Vec<Exhibit>> {
        let mut proof = Vec::new();
        let mut ask = |given: bool, found: &mut dyn FnMut() -> Option<Exhibit>| {
            if !given {
                return Some(());
            }
            proof.push(found()?);
            Some(())
        };
        let issuer = issuer(e);
        ask(!self.issuer.is_empty(), &mut || fits(&self.issuer, issuer.as_deref()?, "issuer", "token"))?;
        ask(!self.role.is_empty(), &mut || fits(&self.role, e.role_arn.known()?, "role", "workload"))?;
        ask(!self.namespace.is_empty(), &mut || fits(&self.namespace, namespace(e)?, "namespace", "target"))?;
        let cluster = e.cluster.known();
        ask(!self.cluster.is_empty(), &mut || fits(&self.cluster, &cluster?.name, "cluster", "eks:DescribeCluster"))?;
        ask(!self.region.is_empty(), &mut || fits(&self.region, e.region.as_deref()?, "region", "configuration"))?;
        ask(!self.eks_version.is_empty(), &mut || {
            fits(&self.eks_version, &cluster?.version, "version", "eks:DescribeCluster")
        })?;
        ask(!self.pinned.is_empty(), &mut || self.pinned(e, chains))?;
        ask(self.leaf_pinned, &mut || {
            let provider = e.provider.known()?;
            let chain = chains.iter().find(|c| pinned::leaf_alone(provider, c))?;
            let leaf = chain.certificates.first()?;
            Some(Exhibit::new("pinned", leaf.sha1().as_str(), format!("{}, its own certificate", chain.host)))
        })?;
        ask(!self.chain.is_empty(), &mut || self.chain(chains))?;
        ask(!self.client.is_empty(), &mut || self.client(e))?;
        ask(!self.sts_host.is_empty(), &mut || self.sts_host(e))?;
        ask(self.subject == Some(SubjectForm::GithubByName), &mut || by_name(e, issuer.as_deref()?))?;
        Some(proof)
    }

    /// A chain whose registered thumbprints are all among those that end.
    fn pinned(&self, e: &Evidence, chains: &[Presented]) -> Option<Exhibit> {
        let provider = e.provider.known()?;
        let listed = |thumbprint: &str| self.pinned.iter().any(|p| p.eq_ignore_ascii_case(thumbprint));
        chains.iter().filter(|c| c.consulted).find_map(|chain| {
            let matching = pinned::matching(provider, chain);
            let last = matching.last().filter(|_| matching.iter().all(|c| listed(c.sha1().as_str())))?;
            Some(Exhibit::new("pinned", last.sha1().as_str(), format!("{}, {}", chain.host, last.subject())))
        })
    }

    fn chain(&self, chains: &[Presented]) -> Option<Exhibit> {
        let listed = |sha256: &str| self.chain.iter().any(|c| c.eq_ignore_ascii_case(sha256));
        chains.iter().find_map(|chain| {
            let found = chain.certificates.iter().chain(&chain.root).find(|c| listed(c.sha256().as_str()))?;
            Some(Exhibit::new("certificate", found.subject().to_string(), chain.host.clone()))
        })
    }

    fn client(&self, e: &Evidence) -> Option<Exhibit> {
        let named = |agent: &str| self.client.iter().any(|c| like(&format!("{c}*"), agent));
        let mut seen = own_exchanges(e).filter(|event| event.user_agent.as_deref().is_some_and(named));
        let last = seen.next_back()?;
        Some(Exhibit::new(
            "client",
            last.user_agent.clone().unwrap_or_default(),
            format!("CloudTrail event {}", last.id),
        ))
    }

    fn sts_host(&self, e: &Evidence) -> Option<Exhibit> {
        let named = |host: &str| self.sts_host.iter().any(|h| h.eq_ignore_ascii_case(host));
        let last = own_exchanges(e).rfind(|event| event.host.as_deref().is_some_and(named))?;
        Some(Exhibit::new("STS", last.host.clone().unwrap_or_default(), format!("CloudTrail event {}", last.id)))
    }
}

/// Exchanges that the workload made, and not trustwalk.
fn own_exchanges(e: &Evidence) -> impl DoubleEndedIterator<Item = &trustwalk_core::evidence::TrailEvent> {
    let all = e.trail.known().into_iter().flatten();
    all.filter(|event| event.name == "AssumeRoleWithWebIdentity" && !event.is_our_own())
}

fn fits(patterns: &[String], value: &str, label: &str, origin: &str) -> Option<Exhibit> {
    patterns.iter().any(|p| like(p, value)).then(|| Exhibit::new(label, value, origin))
}

fn namespace(e: &Evidence) -> Option<&str> {
    match &e.target {
        Target::Workload { namespace, .. } | Target::ServiceAccount { namespace, .. } => Some(namespace),
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => None,
    }
}

/// The issuer without its scheme: the token's, else the provider's.
fn issuer(e: &Evidence) -> Option<String> {
    let token = e.token.known().and_then(|t| t.iss.clone());
    let told = token.or_else(|| e.job.known().and_then(trustwalk_core::evidence::CiJob::issuer));
    let bare = |url: String| url.strip_prefix("https://").map_or_else(|| url.clone(), str::to_owned);
    told.map(bare).or_else(|| e.provider.known().map(|p| p.url.clone()))
}

/// A subject by names that the policy takes, where it takes none with numbers for the same repository.
fn by_name(e: &Evidence, issuer: &str) -> Option<Exhibit> {
    let role = e.role.known()?;
    let document = Document::parse(&role.trust_policy).ok()?;
    let conditions = document.statements.iter().flat_map(|s| &s.conditions);
    let of_subject = conditions.filter(|c| {
        let key = c.key.rsplit_once(':');
        key.is_some_and(|(path, claim)| path.eq_ignore_ascii_case(issuer) && claim.eq_ignore_ascii_case("sub"))
    });
    let values: Vec<&str> = of_subject.flat_map(|c| c.values.iter().map(String::as_str)).collect();
    let sub = e.token.known().and_then(|t| t.sub.as_deref());
    // A token that has numbers already is of the new form, and nothing is to come.
    if sub.is_some_and(numbered) {
        return None;
    }
    let mut by_name = values.iter().filter(|v| v.starts_with("repo:") && !numbered(v));
    let value = by_name.find(|v| {
        let later = with_numbers(sub.unwrap_or(v));
        !values.iter().any(|other| like(other, &later) || covers(other, v))
    })?;
    Some(Exhibit::new("subject", *value, format!("{} AssumeRolePolicyDocument", role.arn)))
}

fn numbered(subject: &str) -> bool {
    subject.split(':').nth(1).is_some_and(|repository| repository.contains('@'))
}

/// The same subject in the form with numbers, whichever they are.
fn with_numbers(subject: &str) -> String {
    let mut parts = subject.splitn(3, ':');
    let (kind, repository, rest) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
    let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
    let numbered = format!("{}:{owner}@1/{name}@1", kind.unwrap_or_default());
    rest.map_or_else(|| numbered.clone(), |rest| format!("{numbered}:{rest}"))
}

/// Whether a value with numbers is of the same repository as one with names: then somebody has thought of it.
fn covers(numbers: &str, names: &str) -> bool {
    let bare = |subject: &str| {
        let repository = subject.split(':').nth(1).unwrap_or_default();
        let parts = repository.split('/').map(|part| part.split('@').next().unwrap_or_default().to_ascii_lowercase());
        parts.collect::<Vec<_>>()
    };
    numbered(numbers) && bare(numbers) == bare(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_by_name_are_told_from_those_with_numbers() {
        assert!(numbered("repo:acme@1/api@2:ref:refs/heads/main") && !numbered("repo:acme/api:environment:a@b"));
        assert_eq!(with_numbers("repo:acme/api:ref:x:y"), "repo:acme@1/api@1:ref:x:y");
        assert!(covers("repo:Acme@7/api@9:*", "repo:acme/api:ref:refs/heads/main"));
        assert!(!covers("repo:acme@7/other@9:*", "repo:acme/api:*") && !covers("repo:acme/api:*", "repo:acme/api:*"));
    }
}
