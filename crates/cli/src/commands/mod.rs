//! One file per command.

mod again;
mod case;
mod collect;
mod completions;
mod consent;
mod demo;
mod diagnose;
mod explain;
mod fix;
mod fleet;
mod lab;
mod logs;
mod plan_file;
mod receipt_list;
mod receipts;
mod repair;
mod rotate;
mod rotate_view;
mod thumbprint;
mod thumbprint_view;
mod token;
mod trust;

use tokio::runtime::{Builder, Runtime};

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::style;

/// Runs what was asked.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { place, screen, command } = cli;
    style::set(screen);
    trustwalk_collect::env::check_clock(std::time::SystemTime::now())?;
    trustwalk_collect::roots::check_environment()?;
    match command {
        Command::Explain(args) => explain::run(&args),
        Command::Trust(args) => trust::run(&args, &place.typed),
        Command::Token(args) => token::run(&args, &place.typed),
        Command::Logs(args) => logs::run(&args, &place.typed),
        Command::Completions(args) => completions::run(&args),
        Command::Diagnose(args) => one_thread()?.block_on(diagnose::run(&place, &args)),
        Command::Fix(args) => one_thread()?.block_on(fix::run(&place, &args)),
        Command::Rollback(args) => one_thread()?.block_on(receipts::rollback(&place, &args)),
        Command::Receipts(args) => receipt_list::run(&args),
        Command::Collect(args) => one_thread()?.block_on(collect::run(&place, &args)),
        Command::Thumbprint(args) => one_thread()?.block_on(thumbprint::run(&place, &args)),
        Command::Demo(args) => two_threads()?.block_on(demo::run(&args)),
        Command::Lab(args) => two_threads()?.block_on(lab::run(&args)),
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
