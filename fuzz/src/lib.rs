//! What must hold for any bytes: one function for each reader of untrusted input.
//!
//! `cargo xtask test` runs each over its seeds and a fixed number of mutations of them;
//! `cargo xtask fuzz --seconds N TARGET` runs the same functions guided by coverage. Seeds are made
//! here, keys and all, so that nothing in the repository looks like a secret.

mod audits;
#[cfg(feature = "tls")]
mod aws;
#[cfg(feature = "tls")]
mod bundles;
#[cfg(feature = "tls")]
mod canary;
mod certificates;
mod chains;
mod discovery;
mod jwks;
mod jwt;
#[cfg(feature = "tls")]
mod kubeconfig;
#[cfg(feature = "tls")]
mod kubernetes;
mod logs;
mod mutate;
mod policies;
mod receipts;
mod rendering;
mod signed;
mod terraform;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod workflows;

pub use mutate::{Finding, mutations};

/// One reader and what must hold for it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Panics when what must hold does not.
    pub check: fn(&[u8]),
    /// Inputs to start from: well-formed ones, of each kind the reader knows.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that mutations put in.
    pub words: &'static [&'static str],
    /// Mutations in a bounded run, so many that each target takes a second or two.
    pub iterations: u64,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    audits::TARGET,
    #[cfg(feature = "tls")]
    aws::TARGET,
    #[cfg(feature = "tls")]
    bundles::TARGET,
    certificates::TARGET,
    chains::TARGET,
    discovery::TARGET,
    jwks::TARGET,
    jwt::TARGET,
    #[cfg(feature = "tls")]
    kubeconfig::TARGET,
    #[cfg(feature = "tls")]
    kubernetes::TARGET,
    logs::TARGET,
    policies::TARGET,
    receipts::TARGET,
    rendering::TARGET,
    signed::TARGET,
    terraform::TARGET,
    #[cfg(feature = "tls")]
    tls::TARGET,
    #[cfg(feature = "tls")]
    workflows::TARGET,
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|t| t.name == name)
}
