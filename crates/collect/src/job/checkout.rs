//! What git's own files and the runner say of a checkout as a whole, whatever run it is.

use std::path::Path;

use serde_json::Value;
use trustwalk_core::evidence::CiJob;

use super::context::Context;

/// What is known of a checkout.
pub struct Checkout {
    context: Context,
}

impl std::fmt::Debug for Checkout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkout").field("repository", &self.repository()).finish_non_exhaustive()
    }
}

impl Checkout {
    /// The checkout around a path. A repository that somebody names goes before the one that git names.
    pub fn around(path: &Path, repository: Option<&str>) -> Self {
        let lookup = |name: &str| match name {
            "GITHUB_REPOSITORY" => repository.map(str::to_owned).or_else(|| crate::env::env_var(name)),
            // The rest is of one run, and it is not one run that is asked about.
            _ => None,
        };
        Self { context: Context::new(path, Value::Null, &lookup) }
    }

    /// `owner/name` on GitHub.
    pub fn repository(&self) -> Option<&str> {
        self.context.repository()
    }

    /// A job of its files with what the checkout tells of it.
    pub fn of_job(&self, job: CiJob) -> CiJob {
        self.context.around(job)
    }
}
