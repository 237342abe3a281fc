//! Arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How an audit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// For people
    Human,
    /// One JSON document on standard output
    Json,
    /// The same as YAML
    Yaml,
    /// Who can assume what, a line for each, for a spreadsheet
    Csv,
    /// The same as a graph for Graphviz
    Dot,
    /// Findings for code scanning, SARIF 2.1.0
    Sarif,
    /// One page that can be sent to somebody
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Trust policies and answers of IAM: files, folders of them, - for standard input; without any, the account is
    /// asked
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Answers of `aws iam get-account-authorization-details`, pages and folders of them (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) authorization_details: Vec<PathBuf>,
    /// Answers of `aws iam list-open-id-connect-providers` and `get-open-id-connect-provider` (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) providers: Vec<PathBuf>,
    /// What is ours: organizations, clusters, issuers, as TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) zone: Option<PathBuf>,
    /// Events of `CloudTrail`: trust is narrowed to the identities in them (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) seen: Vec<PathBuf>,
    /// Who can assume this role? Its ARN or name
    #[arg(long, value_name = "ROLE", conflicts_with = "subject")]
    pub(crate) role: Option<String>,
    /// What can this subject assume?
    #[arg(long, value_name = "SUB", requires = "issuer")]
    pub(crate) subject: Option<String>,
    /// The issuer of its tokens
    #[arg(long, value_name = "URL", requires = "subject")]
    pub(crate) issuer: Option<String>,
    /// The audience of its tokens; else any
    #[arg(long, value_name = "AUD", requires = "subject")]
    pub(crate) audience: Option<String>,
    /// Further claim of its tokens, NAME=VALUE (repeatable; a name given again has several values)
    #[arg(long, value_name = "NAME=VALUE", requires = "subject")]
    pub(crate) claim: Vec<String>,
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: AuditFormat,
}

/// Many accounts at once.
#[derive(Debug, Args)]
pub(crate) struct ManyArgs {
    /// Accounts to ask: their numbers, one a line, or the answer of `aws organizations list-accounts`; - for standard
    /// input
    #[arg(
        long,
        value_name = "FILE",
        requires = "assume",
        conflicts_with_all = ["files", "authorization_details", "providers"]
    )]
    pub(crate) accounts: Option<PathBuf>,
    /// The role to take in each account, by its name, with its path where it has one
    #[arg(long, value_name = "ROLE", requires = "accounts")]
    pub(crate) assume: Option<String>,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "accounts")]
    pub(crate) external_id: Option<String>,
    /// A folder that keeps what each account answered: accounts that are in it are not asked again
    #[arg(long, value_name = "FOLDER", requires = "accounts")]
    pub(crate) state: Option<PathBuf>,
}
