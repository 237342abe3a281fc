//! What is asked over the network: who asks, what for, and the answers.

mod authn;
mod decoding;
mod discovery;
mod eviction;
mod forms;
mod issued;
mod logs;
mod metrics;
mod openapi;
mod options;
mod patched;
mod port_forward;
mod reply;
mod request;
mod reviews;
pub(crate) mod server;
pub(crate) mod shared;
mod spdy;
mod streams;
mod subresources;
mod tables;
mod token;
mod tunnel;
mod upgrade;
mod verbs;
mod watch;
