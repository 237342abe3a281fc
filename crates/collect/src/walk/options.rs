//! What the user may say about a walk.

use std::path::PathBuf;

use trustwalk_core::evidence::{Repair, TrustModel};

use crate::aws::AwsOptions;
use crate::calls::Calls;
use crate::dial::ConnectTo;
use crate::kube_api::KubeOptions;
use crate::roots::RootOptions;

/// Everything a walk can be told.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// How to find the cluster.
    pub kube: KubeOptions,
    /// How to find the account.
    pub aws: AwsOptions,
    /// Roots.
    pub roots: RootOptions,
    /// `--connect-to`.
    pub connect_to: Vec<ConnectTo>,
    /// `--trust-model`.
    pub trust_model: TrustModel,
    /// `--log`: files, `-` for standard input.
    pub logs: Vec<String>,
    /// `--job PATH`: a CI job's folder or file, to be told.
    pub job: Option<PathBuf>,
    /// `--token FILE`.
    pub token: Option<PathBuf>,
    /// `--job-answer FILE`: GitHub's answers about a job's repository and its subject.
    pub job_answers: Vec<PathBuf>,
    /// `--github`: ask GitHub about a job's repository, with the token of the environment.
    pub github: bool,
    /// `--role ARN`, when the target does not name one.
    pub role: Option<String>,
    /// `--issuer URL`, when nothing else tells it.
    pub issuer: Option<String>,
    /// `--cluster NAME`.
    pub cluster: Option<String>,
    /// `--no-exchange`: make no real `AssumeRoleWithWebIdentity`, mint no token.
    pub no_exchange: bool,
    /// `--exchange`: make one for each identity, where otherwise only those are made that decide something.
    pub exchange: bool,
    /// What stands for standard input among the logs, where it was read already.
    pub piped: Option<Vec<u8>>,
    /// `--since`: of logs and of `CloudTrail` only what is not older than so many seconds.
    pub since: Option<i64>,
    /// What was changed just before, when this is the look at what came of it.
    pub repair: Option<Repair>,
    /// Where each call is noted.
    pub calls: Calls,
    /// Now, Unix seconds.
    pub now: i64,
}
