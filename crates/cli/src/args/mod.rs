//! The command line, as types.

mod commands;
mod common;

pub(crate) use commands::{
    Cli, CollectArgs, Command, DemoArgs, DiagnoseArgs, ExplainArgs, FixArgs, LabArgs, LabCommand, LogsArgs,
    RollbackArgs, ThumbprintArgs, TokenArgs, TrustArgs,
};
pub(crate) use common::{Format, Model, PlaceArgs, TargetArgs};
