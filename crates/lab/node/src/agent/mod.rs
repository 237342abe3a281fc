//! What runs in containers: programs that find credentials as AWS SDKs do, call AWS
//! over real HTTP, and log what their SDK would log.

mod app;
mod aws_node;
mod chain;
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

pub(crate) use context::{Context, Reports};
pub(crate) use failure::FileError;
pub(crate) use program::{AWS_NODE_CONTAINER, run};
