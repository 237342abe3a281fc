//! How long and how often `diagnose` looks.

use std::time::Duration;

use clap::Args;

use super::common::duration;

/// Once, until all is sound, or again and again.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How long")]
pub(crate) struct AgainArgs {
    /// Look again until all is sound, or --timeout has passed; 5m if it is not given
    #[arg(long, conflicts_with_all = ["watch", "bundle"])]
    pub(crate) wait: bool,
    /// Look again and again, and tell what changes, until Ctrl-C or --timeout
    #[arg(short, long, conflicts_with = "bundle")]
    pub(crate) watch: bool,
    /// Longest time for the command, e.g. 90s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}
