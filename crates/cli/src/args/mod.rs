//! The command line, as types.

mod commands;
mod common;
#[cfg(test)]
mod reference;

use std::ffi::OsStr;
use std::path::Path;

use clap::{CommandFactory as _, FromArgMatches as _};

pub(crate) use commands::Shell;
pub(crate) use commands::{
    Cli, CollectArgs, Command, CompletionsArgs, DemoArgs, DiagnoseArgs, ExplainArgs, FixArgs, LabArgs, LabCommand,
    LogsArgs, RollbackArgs, ThumbprintArgs, ThumbprintFormat, TokenArgs, TrustArgs,
};
pub(crate) use common::{Format, Model, PlaceArgs, ReportFormat, TargetArgs, account_number};

/// The file name under which kubectl finds a plugin (Kubernetes documentation, "Extend kubectl with plugins").
const PLUGIN: &str = "kubectl-trustwalk";

/// The command line's grammar.
pub(crate) fn grammar() -> clap::Command {
    Cli::command()
}

/// Reads the command line. Usage names the program as it was called: `kubectl trustwalk` for kubectl's plugin.
pub(crate) fn read() -> Result<Cli, clap::Error> {
    let program = std::env::args_os().next().unwrap_or_default();
    let plugin = Path::new(&program).file_stem() == Some(OsStr::new(PLUGIN));
    let mut command = grammar();
    if plugin {
        command = command.bin_name("kubectl trustwalk");
    }
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|e| e.format(&mut command))
}
