//! The command line, as types.

mod access;
mod again;
mod audit;
mod commands;
mod common;
mod forecast;
mod given;
mod help;
mod outside;
mod preflight;
#[cfg(test)]
mod reference;
mod rotation;
mod said;
mod screen;
mod target;
mod terms;

use std::ffi::OsStr;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _};
use trustwalk_render::{TARGET, Typed};

pub(crate) use access::{AccessArgs, AccessLevel, ManArgs, Printed};
pub(crate) use audit::{AuditArgs, AuditFormat, ManyArgs};
pub(crate) use commands::Shell;
pub(crate) use commands::{
    Cli, CollectArgs, Command, CompletionsArgs, DemoArgs, DiagnoseArgs, ExplainArgs, FixArgs, LabArgs, LabCommand,
    LogsArgs, ReceiptsArgs, RollbackArgs, ThumbprintArgs, ThumbprintFormat, TokenArgs, TrustArgs,
};
pub(crate) use common::{Format, Model, PlaceArgs, ReportFormat, TargetArgs};
pub(crate) use forecast::{ForecastArgs, ForecastFormat};
pub(crate) use help::FIRST_LOOK;
pub(crate) use outside::OutsideArgs;
pub(crate) use preflight::{PreflightArgs, PreflightFormat};
pub(crate) use rotation::RotationArgs;
pub(crate) use said::{Notation, Said, notation_of_words};
pub(crate) use screen::{Colour, ScreenArgs};
pub(crate) use terms::TermsArgs;

/// The file name under which kubectl finds a plugin (Kubernetes documentation, "Extend kubectl with plugins").
const PLUGIN: &str = "kubectl-trustwalk";

/// Widest help: that of the oldest terminals, which a wider one shows as well.
const HELP_WIDTH: usize = 80;

/// What `--version` prints.
pub(crate) const VERSION: &str = concat!("trustwalk ", env!("CARGO_PKG_VERSION"));

/// Whether nothing but the version is asked for.
pub(crate) fn only_version() -> bool {
    let mut words = std::env::args_os().skip(1);
    matches!((words.next(), words.next()), (Some(word), None) if word == "--version" || word == "-V")
}

/// The command line's grammar.
pub(crate) fn grammar() -> clap::Command {
    help::dress(Cli::command())
}

/// Reads the command line. Usage names the program as it was called: `kubectl trustwalk` for kubectl's plugin.
pub(crate) fn read() -> Result<Cli, clap::Error> {
    let program = std::env::args_os().next().unwrap_or_default();
    let plugin = Path::new(&program).file_stem() == Some(OsStr::new(PLUGIN));
    // Never freed: the process ends before that would pay.
    let width = crate::style::pen().width();
    let command = Box::leak(Box::new(without_empty(grammar()).term_width(width.min(HELP_WIDTH))));
    if plugin {
        *command = std::mem::take(command).bin_name("kubectl trustwalk");
    }
    let mut matches =
        command.try_get_matches_from_mut(std::env::args_os()).map_err(|error| help::plain_usage(command, error))?;
    if let Some(error) = help::misplaced(command, &matches) {
        return Err(error);
    }
    let typed = Typed::new(plugin, typed(command, &matches));
    let mut cli = Cli::from_arg_matches_mut(&mut matches).map_err(|e| e.format(command))?;
    cli.place.typed = typed;
    Ok(cli)
}

/// The options that were typed, by their long names: what came from the environment is there for the next command.
fn typed(command: &clap::Command, matches: &ArgMatches) -> Vec<(String, Option<String>)> {
    let Some((name, given)) = matches.subcommand() else { return Vec::new() };
    let grammar: Vec<&clap::Arg> =
        command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments).collect();
    // What is asked about, in the order in which it was typed.
    let targets = given.try_get_many::<String>("target").ok().flatten().into_iter().flatten();
    let mut all: Vec<(String, Option<String>)> =
        targets.map(|target| (TARGET.to_owned(), Some(target.clone()))).collect();
    for arg in grammar.into_iter().chain(command.get_arguments()) {
        let id = arg.get_id().as_str();
        let Some(long) = arg.get_long().filter(|long| !all.iter().any(|(name, _)| name == long)) else { continue };
        let is_there = given.ids().any(|i| i.as_str() == id);
        if !is_there || given.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
            let values = given.get_raw(id).into_iter().flatten();
            all.extend(values.map(|v| (long.to_owned(), Some(v.to_string_lossy().into_owned()))));
        } else {
            all.push((long.to_owned(), None));
        }
    }
    all
}

/// An empty variable is one that is not set, to which the grammar would hold a value's rules.
fn without_empty(command: clap::Command) -> clap::Command {
    let empty = |arg: &clap::Arg| {
        arg.get_env().and_then(|name| name.to_str()).is_some_and(|name| trustwalk_collect::env_os(name).is_none())
    };
    let command = command.mut_args(|arg| if empty(&arg) { arg.env(clap::builder::Resettable::Reset) } else { arg });
    command.mut_subcommands(without_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_told_in_short_is_the_grammars() {
        assert_eq!(grammar().render_version().trim_end(), VERSION);
    }
}
