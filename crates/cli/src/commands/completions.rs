//! `trustwalk completions`: the script with which a shell asks this program what a word could be.

use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};

use crate::args::{CompletionsArgs, Shell};
use crate::exit::Exit;
use crate::{live, style};
use trustwalk_render::Shown;

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let script = live::registration(shell)?;
    style::say(&Shown::block(&String::from_utf8_lossy(&script)))?;
    Ok(Exit::Sound)
}
