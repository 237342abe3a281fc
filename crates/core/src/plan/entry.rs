//! Whether a workload may be let into a role, and how it is named for that.

use serde::{Deserialize, Serialize};
use trustwalk_foreign::shell;

use crate::evidence::{Evidence, Target};

/// Whether a plan may let its workload into a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The user named the workload, its namespace or the role.
    #[default]
    Asked,
    /// It was found while looking at a whole cluster. Whoever may annotate a service account of one namespace says
    /// there which role is to be assumed, and that is a wish and no leave.
    Unasked,
}

/// The command that names the workload.
pub(super) fn named_by(e: &Evidence) -> String {
    match &e.target {
        Target::Workload { resource, namespace, name } => {
            let target = format!("{}/{name}", resource.to_ascii_lowercase());
            shell::line("trustwalk fix {} -n {}", &[&target, namespace])
        }
        Target::ServiceAccount { namespace, name } => {
            shell::line("trustwalk fix {} -n {}", &[&format!("serviceaccount/{name}"), namespace])
        }
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => {
            "trustwalk fix".to_owned()
        }
    }
}
