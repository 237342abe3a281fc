//! The kubelet of all the lab's nodes: pods get volumes, agents, a status, Events,
//! logs and a file system to look around in.

mod archive;
mod aws;
mod egress;
mod env;
mod events;
mod exec;
mod files;
mod filework;
mod inside;
mod logs;
mod pod;
mod program;
mod runtime;
mod shell;
mod status;
mod volumes;

pub(crate) use files::{Files, User};
pub(crate) use logs::{ContainerLog, NodeLogs};
pub use pod::write_well;
pub use runtime::NodeAgent;
