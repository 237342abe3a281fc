//! Errors that stop the gathering of evidence altogether. A fetch that fails is evidence, not an error.

use std::path::PathBuf;

use trustwalk_foreign::shell;

/// Something that exists and may have been meant by a name that does not: how it is named on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likely {
    /// Arguments, with values in the places of `{}`.
    pub template: &'static str,
    /// The values.
    pub values: Vec<String>,
}

impl Likely {
    /// Arguments that name it.
    pub fn new(template: &'static str, values: &[&str]) -> Self {
        Self { template, values: values.iter().map(|v| (*v).to_owned()).collect() }
    }
}

impl std::fmt::Display for Likely {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        f.write_str(&shell::line(self.template, &values))
    }
}

/// `; there is a, b`, or nothing.
fn there_is(near: &[Likely]) -> String {
    if near.is_empty() {
        return String::new();
    }
    let near: Vec<String> = near.iter().map(ToString::to_string).collect();
    format!("; there is {}", near.join(", or "))
}

/// Why there is no cluster to ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCluster {
    /// Nothing says where one is.
    #[error(
        "nothing tells which cluster: no KUBECONFIG, no ~/.kube/config, and this is not inside a cluster; for EKS \
         `aws eks update-kubeconfig --name CLUSTER` writes a file that does"
    )]
    Unnamed,
    /// What says it cannot be read or used.
    #[error("no usable Kubernetes configuration: {0}")]
    Unusable(String),
    /// Nobody gives a credential for it.
    #[error("no credential for the cluster: {why}")]
    Login {
        /// Why not.
        why: String,
        /// The command that logs in, or shows what is wrong.
        next: String,
    },
}

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
    #[error("{what} does not exist{within}{}", there_is(near))]
    Gone {
        /// Kind and name.
        what: String,
        /// Where, with a blank before it, such as ` in namespace payments`; empty where there is but one place.
        within: String,
        /// Those that are called alike.
        near: Vec<Likely>,
        /// The command that lists those that exist.
        list: Option<String>,
    },
    /// There is no cluster to ask.
    #[error(transparent)]
    NoCluster(#[from] NoCluster),
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
    #[error("`{}` is not a target: {reason}{}", trustwalk_foreign::redact(words), there_is(near))]
    Target {
        /// As typed.
        words: String,
        /// What it lacks.
        reason: &'static str,
        /// Targets that are written nearly so.
        near: Vec<Likely>,
    },
}

impl CollectError {
    /// With the reason of a file that could not be read, for those who keep no chain of errors.
    pub(crate) fn in_full(&self) -> String {
        std::error::Error::source(self).map_or_else(|| self.to_string(), |why| format!("{self}: {why}"))
    }
}
