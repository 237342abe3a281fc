//! How text goes to a screen.

use clap::{Args, ValueEnum};

/// When text is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal that wants it: `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and TERM are asked
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How text goes to a screen.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct ScreenArgs {
    /// When to colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Colour,
    /// Show long text without a pager (else `TRUSTWALK_PAGER`, PAGER or less, on a terminal that it does not fit)
    #[arg(long, global = true)]
    pub(crate) no_pager: bool,
}
