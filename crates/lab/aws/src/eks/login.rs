//! Logins with IAM: the tokens that `aws eks get-token` makes, and whom of Kubernetes they stand for (EKS User Guide,
//! "Grant IAM users access to Kubernetes with EKS access entries"; aws-iam-authenticator, which verifies them).
//!
//! Such a token is a presigned `GetCallerIdentity` in base64. The API server's authenticator sends it to STS, which
//! says who signed it; here the account checks the signature itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::whom::{AccessPolicy, principal_of};
use crate::account::Account;
use crate::sigv4::{Presigned, presigned};
use crate::state::Principal;

/// What each token begins with.
const PREFIX: &str = "k8s-aws-v1.";
/// Header that binds a token to a cluster, and has to be signed.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// Longest that a token counts, seconds: fifteen minutes, whatever it says of itself.
const LIFE: i64 = 900;

/// Whom of Kubernetes a login stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Groups, without those that every login has.
    pub groups: Vec<String>,
    /// Access policies, each with the namespaces that it is limited to; none is the whole cluster.
    pub grants: Vec<(AccessPolicy, Option<Vec<String>>)>,
    /// Extra attributes, as the authenticator gives them.
    pub extra: Vec<(String, String)>,
}

impl Account {
    /// Who of Kubernetes a bearer token stands for in a cluster. Nothing for one that is none of `aws eks get-token`,
    /// that no caller of the account's has signed or too long ago, or whose signer has no entry there.
    pub fn login(&self, cluster: &str, token: &str) -> Option<Login> {
        let url = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?.trim_end_matches('=')).ok()?;
        let url = String::from_utf8(url).ok()?;
        let query = url.split_once('?')?.1;
        let home = self.home_of(&presigned(query)?.key);
        let signed = Presigned { url: &url, headers: &[(CLUSTER_HEADER, cluster)], longest: LIFE };
        let caller = signed.verify(&home)?;
        let who = principal_of(&home, &caller);
        let beside = self.state().beside.get(cluster).cloned().unwrap_or_default();
        let session = match &caller.principal {
            Principal::User { .. } => "",
            Principal::Session(session) => &session.name,
        };
        let canonical = ("canonicalArn", who.clone());
        let extra =
            [("arn", crate::arns::arn(&home, &caller.principal)), canonical, ("sessionName", session.to_owned())];
        let extra = extra.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let Some(entry) = beside.entries.get(&who) else {
            // Whoever made the cluster, where it has no entries (same guide, "bootstrap cluster creator").
            let admin = beside.creator.as_ref() == Some(&who);
            let grants = vec![(AccessPolicy::ClusterAdmin, None)];
            return admin.then(|| Login { username: "kubernetes-admin".to_owned(), groups: Vec::new(), grants, extra });
        };
        // What stands for the session keeps to the characters of a user name (same guide).
        let username = entry.username.replace("{{SessionName}}", &session.replace('@', "-"));
        let grants = entry.grants.iter();
        let grants = grants.filter_map(|g| Some((AccessPolicy::of_arn(&g.policy)?, g.namespaces.clone()))).collect();
        Some(Login { username, groups: entry.groups.clone(), grants, extra })
    }
}
