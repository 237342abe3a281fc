//! Whether a token can be of what was asked about: one that was handed in may be anybody's, and nothing is decided
//! from somebody else's.

use super::{CiJob, Evidence, Fit, Platform, Target, TokenClaims};

/// What the subject of a service account's token begins with (Kubernetes documentation, "Managing Service Accounts").
const ACCOUNT: &str = "system:serviceaccount:";

/// What a repository's token begins with on GitHub, unless its subject is customised (GitHub Docs, "`OpenID` Connect
/// reference").
const REPOSITORY: &str = "repo:";

impl Evidence {
    /// Why a token cannot be of what was asked about; `None` where nothing that was read says so. A token that cannot
    /// be read says nothing of whose it is.
    pub fn stranger(&self, token: &TokenClaims) -> Option<String> {
        let sub = token.sub.as_deref();
        match &self.target {
            Target::Workload { namespace, .. } | Target::ServiceAccount { namespace, .. } => {
                self.of_another_account(namespace, sub?).or_else(|| self.of_another_cluster(token.iss.as_deref()?))
            }
            Target::Role { subject: Some(subject), .. } => {
                let sub = sub.filter(|s| s != subject)?;
                Some(format!("its subject is `{sub}`, and `{subject}` is asked about"))
            }
            Target::Job { .. } => Self::of_no_such_job(self.job.known()?, token),
            Target::Role { subject: None, .. } | Target::Issuer { .. } | Target::Log { .. } => None,
        }
    }

    fn of_another_account(&self, namespace: &str, sub: &str) -> Option<String> {
        let of_namespace = format!("{ACCOUNT}{namespace}:");
        let Some(name) = self.own_account() else {
            let other = !sub.starts_with(&of_namespace);
            return other.then(|| format!("its subject is `{sub}`, which is of no account of namespace {namespace}"));
        };
        let own = [of_namespace.as_str(), name].concat();
        (sub != own).then(|| format!("its subject is `{sub}`, and that of the service account is `{own}`"))
    }

    /// Two issuers of one cluster, as after a change of host, end alike.
    fn of_another_cluster(&self, iss: &str) -> Option<String> {
        let own = self.cluster.known()?.issuer.as_deref()?;
        let end = |url: &str| url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        (end(iss) != end(own)).then(|| format!("its issuer is `{iss}`, and that of the cluster is `{own}`"))
    }

    fn of_no_such_job(job: &CiJob, token: &TokenClaims) -> Option<String> {
        let (sub, iss) = (token.sub.as_deref()?, token.iss.as_deref()?);
        if sub.starts_with(ACCOUNT) {
            return Some(format!("its subject is `{sub}`: a service account's, and not a job's"));
        }
        let issuer = job.issuer();
        // An enterprise may have an issuer of its own under the platform's, or elsewhere.
        let other = issuer.as_deref().filter(|own| !iss.starts_with(*own) && *job.platform.name() != *"github-actions");
        if let Some(own) = other {
            return Some(format!("its issuer is `{iss}`, and that of the job's platform is `{own}`"));
        }
        if job.platform != Platform::GithubActions {
            return None;
        }
        if job.lacks_id_token() {
            return Some("the job is not allowed to get a token, so that it has none".to_owned());
        }
        // Whatever is asked for as an audience is given.
        let audiences = job.audiences();
        let asked = audiences.iter().find(|a| !a.contains("${{"));
        if let Some(asked) = asked.filter(|a| !token.aud.is_empty() && !token.aud.contains(a)) {
            return Some(format!("its audience is `{}`, and the job asks for `{asked}`", token.aud.join(", ")));
        }
        let named = token.claims.get("repository").filter(|r| job.repository.contains('/') && **r != job.repository);
        if let Some(named) = named.filter(|r| !job.former_names.contains(r)) {
            return Some(format!("its repository is `{named}`, and that of the job is `{}`", job.repository));
        }
        let all = job.foretold();
        let default = sub.starts_with(REPOSITORY) && job.customised_subject.is_none();
        let none = default && !all.is_empty() && all.iter().all(|f| f.fit(|s| s.equals(sub)) == Fit::Refuses);
        none.then(|| format!("its subject is `{sub}`, which no run of the job has"))
    }
}

impl CiJob {
    /// Whether the files say that the job gets no token: on GitHub it needs `id-token: write`, and a called workflow
    /// has at most what its caller has (GitHub Docs, "`OpenID` Connect reference" and "Reusing workflows").
    pub fn lacks_id_token(&self) -> bool {
        let write = |p: &std::collections::BTreeMap<String, String>| p.get("id-token").is_some_and(|v| v == "write");
        let called = self.event == "workflow_call" && self.permissions.is_none();
        let own = self.permissions.as_ref().is_some_and(write) || called;
        !own || !self.caller_silent && self.caller_permissions.as_ref().is_some_and(|p| !write(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{EksCluster, Observed, Source};
    use std::collections::BTreeMap;

    fn known<T>(value: T) -> Observed<T> {
        Observed::Known { value, source: Source { what: "a test".to_owned(), at: 0, by_hand: None } }
    }

    fn token(iss: &str, sub: &str) -> TokenClaims {
        let aud = vec!["sts.amazonaws.com".to_owned()];
        TokenClaims { iss: Some(iss.to_owned()), sub: Some(sub.to_owned()), aud, ..TokenClaims::default() }
    }

    const OWN: &str = "https://oidc.eks.us-west-2.amazonaws.com/id/AB12";

    #[test]
    fn a_token_of_another_account_or_cluster_is_a_strangers() {
        let target = Target::ServiceAccount { namespace: "shop".to_owned(), name: "cart".to_owned() };
        let mut e = Evidence::new(target, 0);
        e.cluster = known(EksCluster { issuer: Some(OWN.to_owned()), ..EksCluster::default() });
        let cart = "system:serviceaccount:shop:cart";
        assert_eq!(e.stranger(&token(OWN, cart)), None);
        assert_eq!(e.stranger(&token("https://oidc-eks.us-west-2.api.aws/id/AB12", cart)), None);
        assert!(e.stranger(&token("https://oidc.eks.us-west-2.amazonaws.com/id/CD34", cart)).is_some());
        for sub in ["system:serviceaccount:shop:till", "system:serviceaccount:bank:cart", "repo:a/b:ref:refs/heads/x"] {
            assert!(e.stranger(&token(OWN, sub)).is_some_and(|why| why.contains(sub)), "{sub}");
        }
        // What cannot be read says nothing of whose it is.
        assert_eq!(e.stranger(&TokenClaims::default()), None);
    }

    #[test]
    fn a_token_that_no_run_of_a_job_has_is_a_strangers() {
        let github = "https://token.actions.githubusercontent.com";
        let mut e = Evidence::new(Target::Job { name: "deploy".to_owned() }, 0);
        let job = CiJob {
            platform: Platform::GithubActions,
            repository: "acme/shop".to_owned(),
            git_ref: "refs/heads/main".to_owned(),
            permissions: Some(BTreeMap::from([("id-token".to_owned(), "write".to_owned())])),
            assumes_role: true,
            repository_created: Some(0),
            ..CiJob::default()
        };
        e.job = known(job.clone());
        let main = "repo:acme/shop:ref:refs/heads/main";
        assert_eq!(e.stranger(&token(github, main)), None);
        // A customised subject is what only the token shows.
        assert_eq!(e.stranger(&token(github, "repository_owner:acme")), None);
        for sub in
            ["repo:acme/blog:ref:refs/heads/main", "repo:acme/shop:environment:prod", "system:serviceaccount:a:b"]
        {
            assert!(e.stranger(&token(github, sub)).is_some(), "{sub}");
        }
        e.job = known(CiJob { environment: Some("prod".to_owned()), ..job.clone() });
        assert!(e.stranger(&token(github, main)).is_some());
        e.job = known(CiJob { permissions: Some(BTreeMap::new()), ..job.clone() });
        assert!(e.stranger(&token(github, main)).is_some());
        let inputs = BTreeMap::from([("audience".to_owned(), "other".to_owned())]);
        e.job = known(CiJob { inputs, ..job });
        assert!(e.stranger(&token(github, main)).is_some());
    }
}
