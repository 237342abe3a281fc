//! Issuers that many share, beside GitHub: where their subjects name the customer.

use trustwalk_trust_policy::{Identity, claim_becomes_key};

use super::{MADE_UP, NEXT_ID, Whose};
use crate::wanted::Wanted;

/// Where the subjects of an issuer name the customer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tenancy {
    /// The issuer without scheme.
    issuer: &'static str,
    /// What stands before the customer's name.
    head: &'static str,
    /// What ends it.
    end: char,
    /// What follows, of a usual token.
    rest: &'static str,
    /// Claims that a customer chooses: what is asked of them narrows nothing.
    free: &'static [&'static str],
}

/// DOC of each: GitLab Docs, "`OpenID` Connect (OIDC) authentication using ID tokens"; HCP Terraform, "Workload
/// identity tokens"; Buildkite Docs, "OIDC in Buildkite Pipelines"; Codefresh Docs, "OIDC for pipelines"; Scalr Docs,
/// "Provider configurations"; Upbound Docs, "OIDC".
const TENANCIES: &[Tenancy] = &[
    Tenancy {
        issuer: "gitlab.com",
        head: "project_path:",
        end: '/',
        rest: "x:ref_type:branch:ref:main",
        free: &["pipeline_source", "ref_protected", "runner_environment"],
    },
    Tenancy {
        issuer: "app.terraform.io",
        head: "organization:",
        end: ':',
        rest: "project:x:workspace:x:run_phase:apply",
        free: &[],
    },
    Tenancy {
        issuer: "agent.buildkite.com",
        head: "organization:",
        end: ':',
        rest: "pipeline:x:ref:refs/heads/main:commit:0000000000000000000000000000000000000000:step:x",
        free: &["build_branch", "pipeline_slug", "cluster_name"],
    },
    Tenancy { issuer: "oidc.codefresh.io", head: "account:", end: ':', rest: "pipeline:x", free: &[] },
    Tenancy { issuer: "scalr.io", head: "account:", end: ':', rest: "environment:x:workspace:x", free: &[] },
    Tenancy { issuer: "proidc.upbound.io", head: "mcp:", end: '/', rest: "x:provider:provider-aws", free: &[] },
];

impl Tenancy {
    /// Of an issuer, if many share it.
    pub(super) fn of(issuer: &str) -> Option<&'static Self> {
        TENANCIES.iter().find(|t| issuer.trim_end_matches('/').eq_ignore_ascii_case(t.issuer))
    }

    /// A stranger's usual subject.
    pub(super) fn usual(&self) -> String {
        [self.head, MADE_UP, self.end.encode_utf8(&mut [0; 4]), self.rest].concat()
    }

    /// The customer that a subject names.
    fn customer<'s>(&self, subject: &'s str) -> Option<&'s str> {
        let rest = subject.strip_prefix(self.head)?;
        let (name, rest) = rest.split_once(self.end)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        // Nothing of these is called nothing: a project, a workspace, a branch.
        let named = !rest.split([':', '/']).any(str::is_empty);
        (!name.is_empty() && name.chars().all(plain) && named).then_some(name)
    }
}

/// Whose a token with this subject is, if anybody can have one.
pub(super) fn whose(tenancy: &Tenancy, subject: &str) -> Option<Whose> {
    let name = tenancy.customer(subject)?;
    Some(Whose::Tenant { name: name.to_owned(), id: None, project: None })
}

/// The token with this subject.
pub(super) fn token(base: Identity, tenancy: &Tenancy, subject: &str, wanted: &Wanted<'_>) -> Identity {
    let stranger = tenancy.customer(subject).is_some_and(|name| name.contains(MADE_UP));
    let mut identity = base;
    for claim in OTHERS.iter().filter(|c| claim_becomes_key(tenancy.issuer, c)) {
        // Of a customer that is named, the claims are taken to be what the policy says.
        let chosen = (!stranger || tenancy.free.contains(claim)).then(|| wanted.one(claim)).flatten();
        let value = chosen.unwrap_or_else(|| if claim.ends_with("_id") { NEXT_ID } else { MADE_UP }.to_owned());
        identity = identity.with_claim(claim, value);
    }
    identity
}

/// Claims that the tokens of these issuers have, where IAM makes keys of them.
const OTHERS: [&str; 16] = [
    "namespace_id",
    "project_id",
    "pipeline_source",
    "ref_protected",
    "runner_environment",
    "user_id",
    "user_login",
    "user_email",
    "organization_id",
    "organization_slug",
    "pipeline_id",
    "pipeline_slug",
    "cluster_id",
    "cluster_name",
    "build_branch",
    "user_access_level",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_with_an_empty_name_is_nobodys() {
        for tenancy in TENANCIES {
            assert_eq!(tenancy.customer(&tenancy.usual()), Some(MADE_UP), "{tenancy:?}");
        }
        let terraform = Tenancy::of("app.terraform.io").unwrap();
        for empty in ["project::workspace:x:run_phase:apply", "project:x:workspace::run_phase:apply", "", "project:"] {
            assert_eq!(terraform.customer(&format!("organization:acme:{empty}")), None, "{empty}");
        }
    }
}
