//! One file per command.

mod access;
mod again;
mod audit;
mod case;
mod choose;
mod collect;
mod completions;
mod consent;
mod demo;
mod diagnose;
mod explain;
mod fix;
mod fleet;
mod forecast;
mod lab;
mod lab_clock;
mod lab_scenario;
mod lab_terms;
mod logs;
mod look;
mod man;
mod named;
mod plan_file;
mod preflight;
mod receipt_list;
mod receipts;
mod repair;
mod rotate;
mod rotate_view;
mod thumbprint;
mod thumbprint_view;
mod token;
mod told;
mod trust;

use tokio::runtime::{Builder, Runtime};

use crate::args::{Cli, Command, LabCommand, Said};
use crate::exit::Exit;
use crate::interrupt::end_on_signal;
use crate::progress::{self, Until};
use crate::style;

/// Runs what was asked.
pub(crate) fn run(cli: Cli, said: &Said) -> anyhow::Result<Exit> {
    let Cli { place, screen, quiet, command } = cli;
    style::set(screen);
    trustwalk_collect::env::check_clock(std::time::SystemTime::now())?;
    trustwalk_collect::roots::check_environment()?;
    if changes_nothing(&command) {
        end_on_signal(said);
    }
    if let Some(until) = progress_of(&command).filter(|_| !quiet) {
        progress::begin(until);
    }
    match command {
        Command::Explain(args) => explain::run(&args, &place.typed),
        Command::Trust(args) => trust::run(&args, &place.typed),
        Command::Preflight(args) => one_thread()?.block_on(preflight::run(&place, &args)),
        Command::Audit(args) => one_thread()?.block_on(audit::run(&place, &args)),
        Command::Forecast(args) => one_thread()?.block_on(forecast::run(&place, &args)),
        Command::Token(args) => token::run(&args, &place.typed),
        Command::Logs(args) => logs::run(&args, &place.typed),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Access(args) => one_thread()?.block_on(access::run(&place, &args)),
        Command::Diagnose(args) => one_thread()?.block_on(diagnose::run(&place, &args)),
        Command::Fix(args) => one_thread()?.block_on(fix::run(&place, &args)),
        Command::Rollback(args) => one_thread()?.block_on(receipts::rollback(&place, &args)),
        Command::Receipts(args) => receipt_list::run(&args),
        Command::Collect(args) => one_thread()?.block_on(collect::run(&place, &args)),
        Command::Thumbprint(args) => one_thread()?.block_on(thumbprint::run(&place, &args)),
        Command::Demo(args) => two_threads()?.block_on(demo::run(&args)),
        Command::Lab(args) => two_threads()?.block_on(lab::run(&args, &place)),
    }
}

/// Whether a signal may end it wherever it is: what changes something, or holds a lab, hears signals itself.
fn changes_nothing(command: &Command) -> bool {
    match command {
        Command::Fix(args) => !args.approve,
        Command::Rollback(args) => !args.approve,
        Command::Demo(args) => args.list,
        Command::Lab(args) => !matches!(args.command, LabCommand::Up { .. }),
        Command::Diagnose(_)
        | Command::Receipts(_)
        | Command::Collect(_)
        | Command::Access(_)
        | Command::Thumbprint(_)
        | Command::Token(_)
        | Command::Trust(_)
        | Command::Preflight(_)
        | Command::Audit(_)
        | Command::Forecast(_)
        | Command::Logs(_)
        | Command::Explain(_)
        | Command::Completions(_)
        | Command::Man(_) => true,
    }
}

/// How long it is told what is waited for, where that is others.
fn progress_of(command: &Command) -> Option<Until> {
    match command {
        Command::Diagnose(_)
        | Command::Collect(_)
        | Command::Access(_)
        | Command::Audit(_)
        | Command::Forecast(_)
        | Command::Thumbprint(_) => Some(Until::TheEnd),
        Command::Fix(_) | Command::Rollback(_) => Some(Until::FirstWord),
        Command::Demo(_)
        | Command::Lab(_)
        | Command::Receipts(_)
        | Command::Token(_)
        | Command::Trust(_)
        | Command::Preflight(_)
        | Command::Logs(_)
        | Command::Explain(_)
        | Command::Completions(_)
        | Command::Man(_) => None,
    }
}

/// For clients: many sockets and little work for each, which one thread does with less than two that
/// wake each other.
fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// For the lab, whose parts answer each other while a client waits for one of them.
fn two_threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
