//! Gathering evidence: from Kubernetes, AWS, issuers, logs and files, at the same time where
//! nothing forbids it. A fetch that fails is evidence of its own kind.
//!
//! Deliberately absent: judgement. What a fact means is the core's business.

pub mod aws;
pub mod bundle;
pub mod calls;
pub mod dial;
pub mod env;
pub mod error;
pub mod folders;
pub mod github;
pub mod issuer;
pub mod kube_api;
pub mod limits;
pub mod near;
pub mod rights;
pub mod roots;
pub mod tls;
pub mod waits;
pub mod walk;

mod claims;
mod clock;
mod connect;
mod either_roots;
pub mod files;
#[doc(hidden)]
pub mod fuzzing;
mod job;
mod json;
mod log_files;
mod mint;
pub mod percent;
mod process;
pub mod proxy;
mod retry;
mod secret;
mod urls;
mod words;

pub use bundle::{Bundle, Gathering};
pub use calls::{Call, Calls};
pub use env::{env_os, env_var};
pub use error::{CollectError, Likely, NoCluster};
pub use files::{open_stream, read_bounded, read_up_to, write_own};
pub use job::{Checkout, workflow_jobs};
pub use log_files::scan as scan_log;
pub use secret::SecretToken;
pub use urls::shown_url;
pub use walk::{
    Ask, Choice, Collected, Taker, WalkOptions, Words, World, collect, collect_each, contradiction, parse_target,
    parse_targets,
};
