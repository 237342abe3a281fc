//! What runs in containers: programs that find credentials as AWS SDKs do, call AWS
//! over real HTTP, and log what their SDK would log.

mod app;
mod aws_node;
mod chain;
mod cli;
mod context;
mod endpoint;
mod exchange;
mod failure;
mod http;
mod profile;
mod program;
mod sdk;
mod wire;
mod wording;

pub(crate) use cli::{USER_AGENT as CLI_USER_AGENT, caller_identity, identity};
pub(crate) use context::{Context, Reports};
pub(crate) use failure::FileError;
pub(crate) use program::{AWS_NODE_CONTAINER, acts, run};
pub(crate) use sdk::user_agent;
pub(crate) use wire::refused;
