//! The lab: an AWS account, OIDC issuers and a Kubernetes cluster on loopback, wired
//! together into the story the project was built from, with every root cause of the
//! public record as a fault that can be injected and mended.
//!
//! It shares no code with the doctor: each decides by AWS's and Kubernetes' documents
//! on its own, and they are tested against each other.

mod account;
mod again;
mod ci;
mod clock;
mod config;
pub mod control;
mod env;
mod error;
pub mod faults;
mod files;
mod hold;
mod keeping;
mod kept;
mod lab;
mod login;
mod lookout;
mod minter;
mod outside;
mod parts;
mod pods;
mod push;
pub mod rehearsal;
mod running;
pub mod scenario;
mod settle;
mod site;
mod start;
pub mod story;
mod time;
mod webhook;
pub mod world;

pub use clock::LabClock;
pub use config::{Addresses, LabConfig, Ports, Story, Terms, TrustModel};
pub use control::Client;
pub use error::LabError;
pub use outside::{Find, Found, Outside, Standing};
pub use running::Lab;
pub use scenario::{Scenario, WrongScenario};
pub use trustwalk_lab_aws::{LONGEST_PROPAGATION, Propagation, Rate, THROTTLED};
