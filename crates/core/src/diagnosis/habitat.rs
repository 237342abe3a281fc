//! What kind of workload a diagnosis is about, as far as the target or what was seen tells it: a cause of jobs on
//! GitHub has no place in a pod.

use trustwalk_symptoms::Sdk;

use crate::cause::{Cause, Home};
use crate::evidence::{Evidence, Platform, Target};
use crate::observation::Observation;

/// Where the workload lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habitat {
    /// In a Kubernetes cluster.
    Cluster,
    /// In a job of GitHub.
    Github,
    /// In a job of another vendor.
    OtherCi,
    /// Nobody said.
    Unknown,
}

impl Habitat {
    pub(super) fn of(e: &Evidence, observations: &[Observation]) -> Self {
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
        let mut homes = lines().filter_map(|l| l.failure.subject.as_ref()).map(|s| Self::of_subject(s.as_str()));
        if let Some(Some(home)) = homes.next()
            && homes.all(|other| other == Some(home))
        {
            return home;
        }
        let mut github = lines().map(|l| l.failure.sdk == Some(Sdk::GithubAction));
        if observations.iter().any(Observation::speaks) && github.any(|g| g) {
            return Self::Github;
        }
        Self::Unknown
    }

    /// Where an identity of this subject lives (Kubernetes documentation, service accounts; GitHub Docs, subject claims).
    fn of_subject(sub: &str) -> Option<Self> {
        if sub.starts_with("system:serviceaccount:") {
            return Some(Self::Cluster);
        }
        (sub.starts_with("repo:") || sub.starts_with("repository")).then_some(Self::Github)
    }

    /// Why a cause has no place here.
    pub(super) fn excludes(self, cause: Cause) -> Option<String> {
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
