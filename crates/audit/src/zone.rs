//! The zone: what is ours. Whoever is outside of it has no business in our roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::limits;
use crate::tokens::{MADE_UP, Whose};

/// The issuer of GitHub's tokens.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Why a text is no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// It is no TOML, or has members that a zone does not have.
    #[error("{0}")]
    Form(String),
    /// It has more entries than are read.
    #[error("it has more than {} entries", limits::ZONE_ENTRIES)]
    TooMany,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    issuers: Vec<String>,
    #[serde(default)]
    organization: Vec<WireOrganization>,
    #[serde(default)]
    cluster: Vec<WireCluster>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOrganization {
    issuer: Option<String>,
    name: String,
    id: Option<WireId>,
    projects: Option<Vec<String>>,
}

/// Ids are numbers, and some write them as texts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WireId {
    Number(u64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCluster {
    issuer: String,
    namespaces: Option<Vec<String>>,
}

/// A customer of a shared issuer that is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Organization {
    id: Option<String>,
    /// Its repositories or projects that are ours; none means all.
    projects: Option<BTreeSet<String>>,
}

/// What is ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone {
    given: bool,
    /// Issuers of which every token is ours, without scheme.
    issuers: BTreeSet<String>,
    /// By issuer and name.
    organizations: BTreeMap<(String, String), Vec<Organization>>,
    /// Namespaces by cluster's issuer; none means all that exist.
    clusters: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// Whether somebody is outside of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Ours, or as far as is known.
    Ours,
    /// Somebody whom the policy or the zone could name, and the zone does not.
    Named,
    /// Somebody made up, who stands for everybody else.
    Stranger,
    /// Somebody with a name of ours and ids of their own.
    Next,
}

impl Zone {
    /// The zone of nobody who said what is theirs: whom the policies name is taken for ours.
    pub fn untold() -> Self {
        Self::default()
    }

    /// Reads a zone.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        let wire: Wire = toml::from_str(text).map_err(|e| ZoneError::Form(e.to_string().trim_end().to_owned()))?;
        let lists = wire.organization.iter().filter_map(|o| o.projects.as_ref()).map(Vec::len).sum::<usize>()
            + wire.cluster.iter().filter_map(|c| c.namespaces.as_ref()).map(Vec::len).sum::<usize>();
        if wire.issuers.len() + wire.organization.len() + wire.cluster.len() + lists > limits::ZONE_ENTRIES {
            return Err(ZoneError::TooMany);
        }
        let mut zone = Self { given: true, ..Self::default() };
        zone.issuers = wire.issuers.iter().map(|url| bare(url)).collect();
        for one in wire.organization {
            let issuer = one.issuer.as_deref().map_or_else(|| GITHUB.to_owned(), bare);
            let id = one.id.map(|id| match id {
                WireId::Number(number) => number.to_string(),
                WireId::Text(text) => text,
            });
            let projects = one.projects.map(|all| all.iter().map(|p| p.to_lowercase()).collect());
            let key = (issuer, one.name.to_lowercase());
            zone.organizations.entry(key).or_default().push(Organization { id, projects });
        }
        for one in wire.cluster {
            let namespaces = one.namespaces.map(|all| all.into_iter().collect());
            zone.clusters.insert(bare(&one.issuer), namespaces);
        }
        Ok(zone)
    }

    /// Whether somebody said what is ours.
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// Where somebody stands.
    pub(crate) fn standing(&self, issuer: &str, whose: &Whose) -> Standing {
        let made_up = |text: &str| text.contains(MADE_UP);
        match whose {
            Whose::Tenant { name, id, project } => {
                if made_up(name) {
                    return Standing::Stranger;
                }
                let other_id = id.as_deref().is_some_and(|id| id == crate::tokens::NEXT_ID);
                if !self.given {
                    return if other_id { Standing::Next } else { Standing::Ours };
                }
                self.of_tenant(issuer, name, id.as_deref(), project.as_deref())
            }
            Whose::ServiceAccount { namespace } => {
                if made_up(namespace) {
                    return Standing::Stranger;
                }
                let known = self.clusters.get(issuer);
                let ours = match known {
                    Some(Some(namespaces)) => namespaces.contains(namespace),
                    Some(None) => true,
                    None => !self.given || self.issuers.contains(issuer),
                };
                if ours { Standing::Ours } else { Standing::Named }
            }
            Whose::Subject { subject } => {
                let ours = !self.given || self.issuers.contains(issuer) || self.clusters.contains_key(issuer);
                // A pattern that a made-up name fits may be ours alone: nobody knows who can choose that name.
                match (subject == MADE_UP, ours) {
                    (true, _) => Standing::Stranger,
                    (false, true) => Standing::Ours,
                    (false, false) => Standing::Named,
                }
            }
            Whose::Application | Whose::Guest | Whose::Asked => Standing::Stranger,
        }
    }

    fn of_tenant(&self, issuer: &str, name: &str, id: Option<&str>, project: Option<&str>) -> Standing {
        let named = self.organizations.get(&(issuer.to_owned(), name.to_lowercase()));
        let Some(named) = named else {
            return if self.issuers.contains(issuer) { Standing::Ours } else { Standing::Named };
        };
        let same_id = |o: &&Organization| match (&o.id, id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, Some(theirs)) => theirs != crate::tokens::NEXT_ID,
            (_, None) => true,
        };
        let mut of_id = named.iter().filter(same_id).peekable();
        if of_id.peek().is_none() {
            // Whose id is written is somebody else, and not whoever comes next.
            return if id == Some(crate::tokens::NEXT_ID) { Standing::Next } else { Standing::Named };
        }
        let holds = |o: &Organization| match (&o.projects, project) {
            (Some(ours), Some(theirs)) => ours.contains(&theirs.to_lowercase()),
            (None, _) | (_, None) => true,
        };
        if of_id.any(holds) { Standing::Ours } else { Standing::Named }
    }
}

/// An issuer without scheme, as it stands in ARNs.
fn bare(url: &str) -> String {
    url.strip_prefix("https://").unwrap_or(url).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str, id: Option<&str>, project: &str) -> Whose {
        Whose::Tenant { name: name.to_owned(), id: id.map(str::to_owned), project: Some(project.to_owned()) }
    }

    #[test]
    fn whoever_is_not_named_is_outside() {
        let zone = Zone::parse(
            "issuers = [\"https://idp.example\"]\n[[organization]]\nname = \"Acme\"\nid = 12\n\
             [[organization]]\nname = \"labs\"\nprojects = [\"Api\"]\n\
             [[cluster]]\nissuer = \"https://oidc.example/id/A\"\nnamespaces = [\"payments\"]\n",
        )
        .unwrap();
        let account = |namespace: &str| Whose::ServiceAccount { namespace: namespace.to_owned() };
        for (issuer, whose, standing) in [
            (GITHUB, tenant("acme", Some("12"), "x"), Standing::Ours),
            (GITHUB, tenant("acme", None, "x"), Standing::Ours),
            (GITHUB, tenant("ACME", Some("13"), "x"), Standing::Named),
            (GITHUB, tenant("ACME", Some(crate::tokens::NEXT_ID), "x"), Standing::Next),
            (GITHUB, tenant("other", None, "x"), Standing::Named),
            (GITHUB, tenant("labs", None, "api"), Standing::Ours),
            (GITHUB, tenant("labs", None, "web"), Standing::Named),
            (GITHUB, tenant("trustwalk-stranger", None, "web"), Standing::Stranger),
            ("oidc.example/id/A", account("payments"), Standing::Ours),
            ("oidc.example/id/A", account("web"), Standing::Named),
            ("oidc.example/id/B", account("payments"), Standing::Named),
            ("idp.example", Whose::Subject { subject: "a".to_owned() }, Standing::Ours),
            ("other.example", Whose::Subject { subject: "a".to_owned() }, Standing::Named),
        ] {
            assert_eq!(zone.standing(issuer, &whose), standing, "{issuer} {whose:?}");
        }
    }

    #[test]
    fn without_a_zone_those_whom_policies_name_are_ours() {
        let zone = Zone::untold();
        assert_eq!(zone.standing(GITHUB, &tenant("other", None, "x")), Standing::Ours);
        assert_eq!(zone.standing(GITHUB, &tenant("trustwalk-stranger", None, "x")), Standing::Stranger);
        assert!(Zone::parse("").unwrap().is_given() && !zone.is_given());
    }

    #[test]
    fn a_slip_in_a_zone_is_an_error() {
        for wrong in ["organisation = []", "issuers = 3", "[[organization]]\nid = 1", "issuers = ["] {
            assert!(matches!(Zone::parse(wrong), Err(ZoneError::Form(_))), "{wrong}");
        }
        let many = format!("issuers = [{}]", "\"a\",".repeat(limits::ZONE_ENTRIES + 1));
        assert_eq!(Zone::parse(&many), Err(ZoneError::TooMany));
    }
}
