//! What is outside the lab and still reached by it.

use clap::Args;

/// Issuers of the user's own, whose tokens the lab's STS exchanges.
#[derive(Debug, Args)]
pub(crate) struct OutsideArgs {
    /// Issuer of your own that the lab's STS reaches, by --connect-to and --ca-bundle or as this machine does: a
    /// cluster's, GitLab's, Vault's (repeatable)
    #[arg(long = "issuer", value_name = "URL")]
    pub(crate) issuers: Vec<String>,
}
