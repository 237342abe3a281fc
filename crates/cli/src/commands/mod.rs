//! One file per command.

mod collect;
mod demo;
mod diagnose;
mod explain;
mod fix;
mod fleet;
mod lab;
mod logs;
mod thumbprint;
mod thumbprint_view;
mod token;
mod trust;

use crate::args::{Cli, Command};
use crate::exit::Exit;

/// Runs what was asked.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { place, output, command } = cli;
    match command {
        Command::Explain(args) => explain::run(&args, output),
        Command::Trust(args) => trust::run(&args, output),
        Command::Token(args) => token::run(&args, output),
        Command::Logs(args) => logs::run(&args, output),
        Command::Demo(args) => runtime()?.block_on(demo::run(&args)),
        Command::Diagnose(args) => runtime()?.block_on(diagnose::run(&place, &args, output)),
        Command::Fix(args) => runtime()?.block_on(fix::run(&place, &args, output)),
        Command::Rollback(args) => runtime()?.block_on(fix::rollback(&place, &args)),
        Command::Collect(args) => runtime()?.block_on(collect::run(&place, &args, output)),
        // Many sockets and little work for each: one thread does it with less than two that wake each other.
        Command::Thumbprint(args) if args.fleet.is_some() => {
            let one = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            one.block_on(thumbprint::run(&place, &args, output))
        }
        Command::Thumbprint(args) => runtime()?.block_on(thumbprint::run(&place, &args, output)),
        Command::Lab(args) => runtime()?.block_on(lab::run(&args, output)),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
