//! The arguments of `access` and `man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use trustwalk_collect::rights::Level;

use super::common::Format;

/// How far somebody is to be let.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessLevel {
    /// To diagnose, reading alone
    Read,
    /// To diagnose with a token of the workload's, and look into pods
    Probe,
    /// To fix and to roll back
    Fix,
}

impl AccessLevel {
    pub(crate) fn level(self) -> Level {
        match self {
            Self::Read => Level::Read,
            Self::Probe => Level::Probe,
            Self::Fix => Level::Fix,
        }
    }
}

/// What is printed of the published list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Printed {
    /// Roles for the cluster, for `kubectl apply -f -`
    Rbac,
    /// A policy for the account
    Iam,
}

#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// The level that is wanted; each needs those before it
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) level: Option<AccessLevel>,
    /// Print what is needed, and ask nobody
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "output")]
    pub(crate) print: Option<Printed>,
    /// Rights in this namespace alone
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write every page into this folder, instead of one to standard output
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) dir: Option<PathBuf>,
    /// The command whose page is wanted
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}
