//! Every limit on what strangers may make us spend, in one place, each with its reason.

use std::time::Duration;

/// One TCP connect, TLS handshake or HTTP exchange with an issuer. STS itself gives an issuer
/// 5 s (AWS Knowledge Center, `iam-sts-invalididentitytoken`): slower than that is a finding.
pub const ISSUER_TIMEOUT: Duration = Duration::from_secs(6);

/// One call to an AWS or Kubernetes API. Longer, and a person would rather have the rest.
pub const API_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests at the API server at the same time, for each walk. More would wait for a handshake as long as they
/// wait here for a connection that is there, and cost the server one more.
pub const API_REQUESTS: usize = 4;

/// For a kubeconfig's exec plugin: one that asks a person for a login takes its time, one that hangs never ends.
pub const LOGIN_TIMEOUT: Duration = Duration::from_mins(1);

/// Reaching a webhook through its pod and seeing its certificate. It is one clue of many: nobody
/// waits for it as long as for an answer.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// Largest discovery document or key set read. 200 RSA-4096 keys fit five times over.
pub const DOCUMENT_BYTES: usize = 1 << 20;

/// Largest head of an issuer's answer. Web servers themselves send 8 KiB at most by default.
pub const DOCUMENT_HEAD_BYTES: usize = 64 << 10;

/// Largest answer of an AWS or Kubernetes API read into memory.
pub const API_BYTES: usize = 32 << 20;

/// Log bytes read per container, from the end: enough for several restarts of a failing agent.
pub const LOG_BYTES: usize = 256 << 10;

/// Pods whose logs are read. The pods of one workload fail alike.
pub const LOG_PODS: usize = 3;

/// Largest token, policy or bundle file read from disk for a single document.
pub const FILE_BYTES: u64 = 64 << 20;

/// Workflows of a checkout that are read. Large repositories have some dozens.
pub const WORKFLOWS: usize = 500;

/// Walks done at the same time when a whole cluster is diagnosed.
pub const PARALLEL_TARGETS: usize = 16;
