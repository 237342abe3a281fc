//! On what terms the lab runs: what outlives it, where it listens, how slow and how strict its account is.

use std::path::PathBuf;

use clap::Args;

/// Terms of the lab.
#[derive(Debug, Args)]
pub(crate) struct TermsArgs {
    /// Folder in which everything outlives the lab, however it ends: the next `lab up` with it goes on
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Port of `aws`, `kubernetes`, `issuers` or `control` (repeatable); free ones are taken otherwise
    #[arg(long = "port", value_name = "NAME=PORT", value_delimiter = ',')]
    pub(crate) ports: Vec<String>,
    /// Let a service be asked so often and no more: `iam=2:10` is twice a second and ten times at once (repeatable)
    #[arg(long, value_name = "SERVICE=RATE:BURST", value_delimiter = ',')]
    pub(crate) throttle: Vec<String>,
    /// Let changes of IAM's be seen late: `10s`, or `iam=2s` by IAM itself and `sts=10s` by STS and authorisation
    #[arg(long, value_name = "TIME", value_delimiter = ',')]
    pub(crate) propagation: Vec<String>,
}
