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

/// Largest answer of an API that is read at all: a page of a list of Kubernetes, with room for 500 objects of 64 KiB.
pub const API_BYTES: usize = 32 << 20;

/// Largest object of Kubernetes read into memory. etcd takes 1.5 MiB at most (Kubernetes, `--max-request-bytes`).
pub const OBJECT_BYTES: usize = 4 << 20;

/// Values in one JSON document. Each takes some 70 bytes in memory, of which two in the document suffice: the
/// largest real object, a pod with all its managed fields, has some thousands.
pub const JSON_VALUES: usize = 1 << 19;

/// Elements in one XML answer, likewise. A page of 1,000 roles has 12,000.
pub const XML_ELEMENTS: usize = 1 << 17;

/// Largest answer of AWS. A page of 1,000 roles, each with the longest trust policy there may be, has some 8 MiB.
pub const AWS_BYTES: usize = 16 << 20;

/// Largest error answer read: a `Status` or an AWS error has some hundred bytes.
pub const ERROR_BYTES: usize = 256 << 10;

/// Objects asked for in one page of a list: kubectl's own number (`--chunk-size`).
pub const LIST_PAGE: usize = 500;

/// Pages of one list. The largest clusters that are supported have 150,000 pods (Kubernetes, "Considerations for
/// large clusters"), which are 300 pages.
pub const LIST_PAGES: usize = 1_000;

/// Bytes of one list, all pages together: 20,000 pods of 12 KiB each.
pub const LIST_BYTES: usize = 256 << 20;

/// Objects of one list, all pages together, whatever of them is kept: the most pods of a cluster that is supported
/// (150,000), and room. An object of two bytes takes a hundred in memory once it is read.
pub const LIST_OBJECTS: usize = 200_000;

/// One list with all its pages.
pub const LIST_TIMEOUT: Duration = Duration::from_mins(1);

/// One watch, after which it is asked for anew from where it ended. Shorter than the minute after which a connection
/// that gives nothing is taken for broken, as a server need not send a bookmark oftener.
pub const WATCH_TIME: Duration = Duration::from_secs(50);

/// After this time without a sign a watch is taken for broken.
pub const WATCH_SILENCE: Duration = Duration::from_secs(55);

/// For so long a watch that fails is tried again: an API server that is replaced is away for some minutes at most.
pub const WATCH_PATIENCE: Duration = Duration::from_mins(5);

/// The pause between two readings of a list whose changes are not told, at first; it doubles up to
/// [`LIST_PACE_AT_MOST`], and a random part of it, a half at most, is left out.
pub const LIST_PACE: Duration = Duration::from_secs(1);

/// The longest such pause: a roll-out takes minutes, and each reading costs the server a whole list.
pub const LIST_PACE_AT_MOST: Duration = Duration::from_secs(10);

/// Bytes of one watch, after which it is asked for anew.
pub const WATCH_BYTES: usize = 32 << 20;

/// One call with all its attempts. More than two of [`API_TIMEOUT`], so that what was slow once is asked again.
pub const RETRY_TIMEOUT: Duration = Duration::from_secs(25);

/// Attempts at a Kubernetes call, as many as the AWS SDKs make.
pub const API_ATTEMPTS: u32 = 3;

/// Pages of a listing of AWS. IAM's quotas keep those of one role far below this; 50,000 roles are ten times the
/// largest quota.
pub const AWS_PAGES: usize = 50;

/// Pages of one look-up in `CloudTrail`, of 50 events each, newest first: what is older explains less.
pub const TRAIL_PAGES: usize = 4;

/// After this time no further page of a look-up is asked for: a person waits, and what is newest is there.
pub const TRAIL_TIME: Duration = Duration::from_secs(3);

/// Look-ups of one run: five for each of [`FULL_WALKS`], and what they share. `CloudTrail` answers two a second
/// (`CloudTrail` API reference, `LookupEvents`).
pub const TRAIL_LOOK_UPS: usize = 120;

/// Documents of one role's policies that are read. A role has 25 attached policies at most (IAM User Guide, "IAM and
/// AWS STS quotas"), and its inline ones share 10,240 characters.
pub const ROLE_POLICIES: usize = 100;

/// `ConfigMap`s read for one workload: those that its containers are told to take their AWS configuration from.
pub const CONFIG_MAPS: usize = 4;

/// Output of a program that gives a credential. Certificates with keys have 10 KiB.
pub const PROGRAM_BYTES: usize = 1 << 20;

/// Kubeconfigs, tokens, certificates and AWS profiles, each file. A kubeconfig of 1,000 clusters has 5 MiB.
pub const CONFIG_BYTES: u64 = 16 << 20;

/// A pipe handed over as a file, until its end.
pub const PIPE_TIMEOUT: Duration = Duration::from_mins(1);

/// Log bytes read per file in a container, from its end: enough for several restarts of a failing agent.
pub const LOG_BYTES: usize = 256 << 10;

/// Lines asked for of one container's log, from its end: some hours of a failing program.
pub const LOG_LINES: usize = 2_000;

/// Bytes read of one container's log, which are scanned as they come and not kept: its last 2,000 lines are below
/// this unless they are longer than 2 KiB each.
pub const LOG_STREAM_BYTES: usize = 4 << 20;

/// The same with the kubelet's time before each line, which the bound is not about.
pub const LOG_STAMPED_BYTES: usize = LOG_STREAM_BYTES + LOG_LINES * trustwalk_logs::LONGEST_STAMP;

/// Pods whose logs are read. The pods of one workload fail alike.
pub const LOG_PODS: usize = 3;

/// Largest token, policy or bundle file read from disk for a single document.
pub const FILE_BYTES: u64 = 64 << 20;

pub use trustwalk_core::bundle::MOST_OBJECTS as BUNDLE_OBJECTS;

/// Workflows of a checkout that are read. Large repositories have some dozens.
pub const WORKFLOWS: usize = 500;

/// Identities of one run that are asked for in full, with a token and an exchange of their own and their own events in
/// `CloudTrail`: those whose pods fail, up to this number. Each exchange is recorded in the account.
pub const FULL_WALKS: usize = 20;

/// Walks done at the same time when a whole cluster is diagnosed.
pub const PARALLEL_TARGETS: usize = 16;
