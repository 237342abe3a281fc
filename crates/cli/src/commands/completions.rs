//! `trustwalk completions`: what a shell needs to complete our words.

use clap_complete::{Generator, shells};

use crate::args::{CompletionsArgs, Shell, grammar};
use crate::exit::Exit;
use crate::style;
use trustwalk_render::Shown;

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    // Not `clap_complete::generate`, which is compiled once for each shell.
    let shell: &dyn Generator = match args.shell {
        Shell::Bash => &shells::Bash,
        Shell::Zsh => &shells::Zsh,
        Shell::Fish => &shells::Fish,
    };
    let (mut command, mut script) = (grammar(), Vec::new());
    command.set_bin_name("trustwalk");
    command.build();
    shell.generate(&command, &mut script);
    style::say(&Shown::block(&String::from_utf8_lossy(&script)))?;
    Ok(Exit::Sound)
}
