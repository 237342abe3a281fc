//! Errors that stop the gathering of evidence altogether. A fetch that fails is evidence, not an error.

use std::path::PathBuf;

/// Why evidence could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A file could not be read.
    #[error("cannot read `{path}`", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is larger than anything it could rightly hold.
    #[error("`{path}` is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A device or a pipe, which may never end.
    #[error(
        "`{path}` is a device or a named pipe, which may never end; give a file, or `-` for standard input",
        path = path.display()
    )]
    NotAFile {
        /// What it is called.
        path: PathBuf,
    },
    /// A pipe in which too little came.
    #[error(
        "`{path}` did not come to its end within {seconds} s",
        path = path.display(), seconds = crate::limits::PIPE_TIMEOUT.as_secs()
    )]
    Slow {
        /// What it is called.
        path: PathBuf,
    },
    /// A file that would be replaced.
    #[error(
        "`{path}` is there already and is not replaced unasked; give another name, or --overwrite",
        path = path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A PEM file holds something else.
    #[error("`{path}` is not a PEM bundle: {reason}", path = path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("`{path}` is not {what}: {reason}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// What uses web identity could not be found out.
    #[error("the service accounts cannot be listed, and they tell what uses web identity: {0}")]
    Unlisted(String),
    /// What was asked about does not exist.
    #[error(
        "{what} does not exist{}; {there}, and --context and -n choose where to look",
        if in_namespace.is_empty() { String::new() } else { format!(" in namespace {in_namespace}") }
    )]
    Gone {
        /// Kind and name.
        what: String,
        /// Its namespace; empty for what has none.
        in_namespace: String,
        /// Those that are called alike, or how to list those that exist.
        there: String,
    },
    /// The kubeconfig could not be used.
    #[error("no usable Kubernetes configuration: {0}")]
    Kubeconfig(String),
    /// The environment's proxy is of a kind that is not spoken.
    #[error(
        "`HTTPS_PROXY` or `ALL_PROXY` names a proxy of the kind `{0}`; only those of the kind `http` are supported"
    )]
    Proxy(String),
    /// A region that is none.
    #[error(
        "`{}` is no AWS region: those have small letters, digits and dashes, as us-west-2",
        trustwalk_foreign::redact(.0)
    )]
    Region(String),
    /// The clock cannot be right.
    #[error("the clock here says a time before 1970, by which nothing can be judged; set it")]
    Clock,
    /// Two things were given that cannot both be so.
    #[error("{}", trustwalk_foreign::redact(.0))]
    Contradiction(String),
    /// A target was not understood.
    #[error("`{}` is not a target: write kind/name, such as daemonset/aws-node", trustwalk_foreign::redact(.0))]
    Target(String),
}

impl CollectError {
    /// With the reason of a file that could not be read, for those who keep no chain of errors.
    pub(crate) fn in_full(&self) -> String {
        std::error::Error::source(self).map_or_else(|| self.to_string(), |why| format!("{self}: {why}"))
    }
}
