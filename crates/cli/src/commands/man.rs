//! `trustwalk man`: manual pages, made of the same grammar as the help.

use std::path::Path;

use anyhow::Context as _;
use clap::Command;
use clap_mangen::Man;

use crate::args::{ManArgs, grammar};
use crate::exit::{Exit, Unknown};
use crate::style;
use trustwalk_collect::{near, write_own};
use trustwalk_render::Shown;

/// Runs the command.
pub(crate) fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let mut root = grammar();
    root.set_bin_name("trustwalk");
    root.build();
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make the folder `{}`", dir.display()))?;
        let count = pages(&root, "trustwalk", dir)?;
        style::line(format_args!("{count} pages are in {}", dir.display()))?;
        return Ok(Exit::Sound);
    }
    let Some(name) = &args.command else { return one(&root, "trustwalk") };
    if let Some(command) = root.find_subcommand(name) {
        return one(command, &["trustwalk-", name].concat());
    }
    let names = root.get_subcommands().map(Command::get_name);
    let near = near::like(names, name);
    let next = near.first().map_or_else(
        || "trustwalk --help".to_owned(),
        |near| trustwalk_foreign::shell::line("trustwalk man {}", &[near]),
    );
    let what = format!("no command is called {}", trustwalk_foreign::redact(name));
    Err(Unknown { what, next: Some(next) }.into())
}

fn text(command: &Command, name: &str) -> std::io::Result<Vec<u8>> {
    // A page is named as `man` finds it; usage keeps the words as they are typed.
    let command = command.clone().display_name(name.to_owned());
    let mut page = Vec::new();
    Man::new(command).title(name).render(&mut page)?;
    Ok(page)
}

fn one(command: &Command, name: &str) -> anyhow::Result<Exit> {
    style::say(&Shown::block(&String::from_utf8_lossy(&text(command, name)?)))?;
    Ok(Exit::Sound)
}

/// Writes the page of a command and of those below it; how many there are.
fn pages(command: &Command, name: &str, dir: &Path) -> anyhow::Result<usize> {
    write_own(&dir.join(format!("{name}.1")), true, &text(command, name)?)?;
    let mut count = 1;
    for inner in command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set()) {
        count += pages(inner, &[name, "-", inner.get_name()].concat(), dir)?;
    }
    Ok(count)
}
