//! What kind of workload a diagnosis is about, as far as the target or what was seen tells it: a cause of jobs on
//! GitHub has no place in a pod, and a cure for a workflow none in a Deployment.

use trustwalk_symptoms::{Sdk, Symptom};

use crate::cause::{Cause, Home};
use crate::evidence::{Evidence, Kind, LogFailure, LogSuccess, Platform, Target};

/// Where the workload lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habitat {
    /// In a Kubernetes cluster.
    Cluster,
    /// In a job of GitHub.
    Github,
    /// In a job of another vendor.
    OtherCi,
    /// Nobody said.
    Unknown,
}

/// Issuers of CI platforms, as far as they are the same for everybody (`GitLab` Docs, "`OpenID` Connect in AWS";
/// `CircleCI` Docs, "`OpenID` Connect tokens"; Buildkite Docs, "OIDC"; HCP Terraform documentation, "Workload
/// identity"; Bitbucket documentation, "Integrate Pipelines with resource servers using OIDC").
const OTHER_CI: [&str; 5] =
    ["gitlab.com", "oidc.circleci.com", "agent.buildkite.com", "app.terraform.io", "api.bitbucket.org"];
/// GitHub's issuer (GitHub Docs, "`OpenID` Connect reference").
const GITHUB: &str = "token.actions.githubusercontent.com";

impl Habitat {
    /// What kind of workload the evidence is of.
    pub fn of(e: &Evidence) -> Self {
        match &e.target {
            Target::Workload { .. } | Target::ServiceAccount { .. } => return Self::Cluster,
            Target::Job { .. } => {
                return match e.job.known() {
                    Some(job) if job.platform != Platform::GithubActions => Self::OtherCi,
                    _ => Self::Github,
                };
            }
            Target::Role { .. } | Target::Issuer { .. } | Target::Log { .. } => {}
        }
        let typed = match &e.target {
            Target::Role { subject, .. } => subject.as_deref(),
            Target::Workload { .. }
            | Target::ServiceAccount { .. }
            | Target::Job { .. }
            | Target::Issuer { .. }
            | Target::Log { .. } => None,
        };
        let subject = e.token.known().and_then(|t| t.sub.as_deref()).or(typed);
        if let Some(home) = subject.and_then(Self::of_subject) {
            return home;
        }
        // Where all that a log or a trail names lives at one place, that is it.
        let lines = || e.logs.known().into_iter().flatten();
        let job = |s: &&LogSuccess| s.success.sdk == Some(Sdk::GithubAction);
        let worked = e.besides.successes.iter().find(job).map(|_| Self::Github);
        let mut homes = lines().filter_map(Self::of_line).chain(worked);
        match homes.next() {
            Some(home) if homes.all(|other| other == home) => home,
            Some(_) | None => Self::Unknown,
        }
    }

    /// Where the workload lives that one line is of, as far as it tells.
    fn of_line(line: &LogFailure) -> Option<Self> {
        let f = &line.failure;
        let subject = f.subject.as_ref().and_then(|s| Self::of_subject(s.as_str()));
        let spoke = || (f.sdk == Some(Sdk::GithubAction)).then_some(Self::Github);
        // A symptom that nothing but a job of GitHub can show.
        let shown = || {
            let mut causes = Cause::of(f.symptom).peekable();
            (causes.peek().is_some() && causes.all(|c| c.home() == Home::Github)).then_some(Self::Github)
        };
        // GitHub keeps its tokens in no variable.
        let other = || (f.symptom == Symptom::CiTokenMissing).then_some(Self::OtherCi);
        subject.or_else(|| f.issuer.as_deref().and_then(Self::of_issuer)).or_else(spoke).or_else(shown).or_else(other)
    }

    /// Where an identity of this subject lives (Kubernetes documentation, service accounts; GitHub Docs, subject
    /// claims).
    fn of_subject(sub: &str) -> Option<Self> {
        if sub.starts_with("system:serviceaccount:") {
            return Some(Self::Cluster);
        }
        (sub.starts_with("repo:") || sub.starts_with("repository")).then_some(Self::Github)
    }

    /// Whose tokens an issuer makes: EKS has one for each cluster (EKS User Guide, "IAM roles for service accounts").
    fn of_issuer(url: &str) -> Option<Self> {
        let bare = url.strip_prefix("https://").unwrap_or(url);
        let host = bare.split(['/', ':']).next().unwrap_or_default();
        if host == GITHUB {
            return Some(Self::Github);
        }
        let eks = (host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.")) && bare.contains("/id/");
        let other = OTHER_CI.contains(&host);
        if eks { Some(Self::Cluster) } else { other.then_some(Self::OtherCi) }
    }

    /// Whether it may be a job of any CI platform.
    pub fn may_be_ci(self) -> bool {
        match self {
            Self::Github | Self::OtherCi | Self::Unknown => true,
            Self::Cluster => false,
        }
    }

    /// Whether it may stand in a cluster.
    pub fn may_be_cluster(self) -> bool {
        match self {
            Self::Cluster | Self::Unknown => true,
            Self::Github | Self::OtherCi => false,
        }
    }

    /// Whether a fact can be there for such a workload: a workload of a cluster has no job, and a job no pods.
    pub(crate) fn has(self, kind: Kind) -> bool {
        if kind == Kind::Job {
            return self.may_be_ci();
        }
        !matches!(kind, Kind::Pods | Kind::Workload) || self.may_be_cluster()
    }

    /// Why a cause has no place here.
    pub(crate) fn excludes(self, cause: Cause) -> Option<String> {
        let here = match self {
            Self::Cluster => "a workload of a cluster",
            Self::Github => "a job on GitHub",
            Self::OtherCi => "a job of another vendor than GitHub",
            Self::Unknown => return None,
        };
        let fits = match cause.home() {
            Home::Anywhere => true,
            Home::Cluster => self == Self::Cluster,
            Home::Ci => self != Self::Cluster,
            Home::Github => self == Self::Github,
        };
        (!fits).then(|| format!("this is {here}"))
    }
}
