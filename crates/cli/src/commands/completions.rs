//! `trustwalk completions`: what a shell needs to complete our words.

use clap_complete::{generate, shells};

use crate::args::{CompletionsArgs, Shell, grammar};
use crate::exit::Exit;
use crate::style;

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let (mut command, mut script) = (grammar(), Vec::new());
    let name = "trustwalk";
    match args.shell {
        Shell::Bash => generate(shells::Bash, &mut command, name, &mut script),
        Shell::Zsh => generate(shells::Zsh, &mut command, name, &mut script),
        Shell::Fish => generate(shells::Fish, &mut command, name, &mut script),
    }
    style::say(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Sound)
}
