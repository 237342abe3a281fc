//! Where it was looked, and as whom: what a reader compares first with where they meant.

use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Observed, Target, Variable, View};

/// A place, or who asked there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Place {
    /// Context of the kubeconfig.
    Context,
    /// URL of the API server, without user information.
    Server,
    /// EKS's name of the cluster.
    Cluster,
    /// AWS account number of the caller.
    Account,
    /// ARN of the caller.
    Caller,
    /// AWS region.
    Region,
    /// Folder or file of a CI job.
    Folder,
    /// A log that was given, `-` for standard input.
    Log,
}

impl Place {
    /// The word that a report says.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Server => "API server",
            Self::Cluster => "cluster",
            Self::Account => "account",
            Self::Caller => "as",
            Self::Region => "region",
            Self::Folder => "folder",
            Self::Log => "log",
        }
    }
}

/// One place that was looked at, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// What it is.
    pub what: Place,
    /// Its name; `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why it is not known, or was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_known: Option<String>,
}

impl Looked {
    fn at(what: Place, name: impl Into<String>) -> Self {
        Self { what, name: Some(name.into()), not_known: None }
    }

    fn nowhere(what: Place, why: impl Into<String>) -> Self {
        Self { what, name: None, not_known: Some(why.into()) }
    }
}

/// What of them this target led to.
pub(super) fn looked(e: &Evidence) -> Vec<Looked> {
    let mut all = Vec::new();
    let reached = View::new(e).reached();
    let (cluster, account) = match e.target {
        Target::Workload { .. } | Target::ServiceAccount { .. } => (true, true),
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } => (false, true),
        Target::Log { .. } => (false, false),
    };
    all.extend(reached.folder.iter().filter(|_| matches!(e.target, Target::Job { .. })).map(folder));
    if cluster {
        all.extend(reached.context.iter().map(|name| Looked::at(Place::Context, name)));
        all.extend(reached.server.iter().map(|url| Looked::at(Place::Server, url)));
        all.extend(reached.no_cluster.iter().map(|why| Looked::nowhere(Place::Server, why)));
        all.extend(e.cluster.known().map(|c| Looked::at(Place::Cluster, &c.name)));
        if e.cluster.is_refused() {
            all.extend(reason(&e.cluster).map(|why| Looked::nowhere(Place::Cluster, why)));
        }
    }
    if account {
        match e.caller.known() {
            Some(caller) => {
                all.extend([Looked::at(Place::Account, &caller.account), Looked::at(Place::Caller, &caller.arn)]);
            }
            None => all.extend(reason(&e.caller).map(|why| Looked::nowhere(Place::Account, brief(&why)))),
        }
        all.extend(region(e).map(|name| Looked::at(Place::Region, name)));
    }
    // What was given and could not be read is said, whatever else was found.
    let unread = e.logs.gap();
    all.extend(reached.logs.iter().map(|name| Looked {
        not_known: unread.clone().filter(|why| why.contains(name.as_str())),
        ..Looked::at(Place::Log, name)
    }));
    all
}

/// Why a place is not known; which call would have told it is no part of where it was looked.
fn reason<T>(observed: &Observed<T>) -> Option<String> {
    match observed {
        Observed::Unreachable { error, .. } => Some(error.clone()),
        other @ (Observed::Known { .. }
        | Observed::Absent { .. }
        | Observed::Denied { .. }
        | Observed::Spared { .. }
        | Observed::NotCollected { .. }) => other.gap(),
    }
}

/// A reason without what stands in parentheses at its end: that is told where the account is judged.
fn brief(why: &str) -> &str {
    why.split_once(" (").filter(|(_, rest)| rest.ends_with(')')).map_or(why, |(first, _)| first)
}

/// The region: of a job the one that its file names; the one of whoever looks is not the job's, and where nobody asked
/// the account, no place.
fn region(e: &Evidence) -> Option<&str> {
    let looked = e.region.as_deref();
    let Target::Job { .. } = e.target else { return looked };
    let job = e.job.known();
    let input = job.and_then(|j| j.inputs.get("aws-region"));
    let variable = |name: Variable| job.and_then(|j| j.env.get(name.name()));
    let told = [input, variable(Variable::AwsRegion), variable(Variable::AwsDefaultRegion)];
    let own = told.into_iter().flatten().map(|r| r.trim()).find(|r| !r.is_empty() && !r.contains("${{"));
    own.or_else(|| looked.filter(|_| e.caller.known().is_some()))
}

fn folder(path: &String) -> Looked {
    Looked::at(Place::Folder, path)
}
