//! Options that several commands share.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use trustwalk_collect::aws::AwsOptions;
use trustwalk_collect::dial::ConnectTo;
use trustwalk_collect::kube_api::KubeOptions;
use trustwalk_collect::roots::RootOptions;
use trustwalk_collect::{Calls, WalkOptions};
use trustwalk_core::evidence::TrustModel;
use trustwalk_render::Typed;

/// What a bundle does not tell: of it, targets and namespaces are chosen.
pub(super) const ELSEWHERE: [&str; 10] =
    ["selector", "since", "role", "subject", "issuer", "log", "token", "job", "job_answer", "github"];

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One JSON document on standard output
    Json,
    /// The same as YAML
    Yaml,
}

/// How diagnoses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Human,
    /// One JSON document on standard output
    Json,
    /// The same as YAML
    Yaml,
    /// One line per finding
    Short,
    /// KIND/NAMESPACE/NAME of what is not sound, one a line
    Name,
}

impl ReportFormat {
    /// Whether it is for people.
    pub(crate) fn is_human(self) -> bool {
        self == Self::Human
    }
}

/// The words that other commands take after `-o`, which here would name a file.
const FORMAT_WORDS: [&str; 7] = ["human", "json", "short", "yaml", "name", "pem", "bare"];

/// Parses the file of `collect -o`. A word that means a format elsewhere is refused, so that nobody who
/// asks for JSON gets a file called `json`.
pub(super) fn bundle_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match FORMAT_WORDS.iter().find(|w| path.as_os_str() == **w) {
        Some(word) => Err(format!(
            "a bundle is always JSON and -o names its file: write `-o -` for standard output, or `-o ./{word}` for \
             a file of that name"
        )),
        None => Ok(path),
    })
}

/// A time as kubectl takes one: numbers with the units `h`, `m`, `s`, one after the other.
pub(super) fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || format!("`{}` is no time: write it as 90s, 5m or 1h30m", trustwalk_foreign::visible::line(text));
    let (mut seconds, mut number) = (0_u64, String::new());
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let count: u64 = std::mem::take(&mut number).parse().map_err(|_| wrong())?;
        seconds = count.checked_mul(unit).and_then(|s| s.checked_add(seconds)).ok_or_else(wrong)?;
    }
    // More than a year is meant for something else.
    let fits = number.is_empty() && (1..=31_536_000).contains(&seconds);
    if fits { Ok(std::time::Duration::from_secs(seconds)) } else { Err(wrong()) }
}

/// In which order AWS asks for trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Model {
    /// Trusted roots first, thumbprints after: AWS since 2024-08-15
    LibraryFirst,
    /// Thumbprints alone: AWS before, and compatible systems
    ThumbprintOnly,
}

/// Parses an account's number (AWS Account Management: twelve digits).
pub(crate) fn account_number(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account's number has twelve digits".to_owned())
    }
}

/// Parses a rule of `--connect-to`.
pub(crate) fn connect_to(text: &str) -> Result<ConnectTo, &'static str> {
    text.parse().map_err(|_| "a rule is HOST:PORT:ADDR:PORT")
}

/// Where cluster, account and issuers are, as their own tools are told.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// Kubeconfig file (else KUBECONFIG, ~/.kube/config, in-cluster)
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Kubeconfig context
    #[arg(long, global = true)]
    pub(crate) context: Option<String>,
    /// AWS profile
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// AWS region
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// AWS endpoint for all services
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) endpoint_url: Option<String>,
    /// EKS cluster name, when the kubeconfig does not tell
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) cluster: Option<String>,
    /// Connect to ADDR:PORT whenever HOST:PORT is meant (curl's syntax; repeatable)
    #[arg(
        long,
        value_name = "HOST:PORT:ADDR:PORT",
        env = "TRUSTWALK_CONNECT_TO",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = connect_to,
        global = true
    )]
    pub(crate) connect_to: Vec<ConnectTo>,
    /// Further roots you trust, PEM
    #[arg(long, value_name = "FILE", env = "TRUSTWALK_CA_BUNDLE", hide_env_values = true, global = true)]
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Roots AWS trusts, PEM, instead of this system's public ones
    #[arg(long, value_name = "FILE", env = "TRUSTWALK_CA_LIBRARY", hide_env_values = true, global = true)]
    pub(crate) ca_library: Option<PathBuf>,
    /// In which order the account asks for trust in the issuer's certificate
    #[arg(
        long,
        value_enum,
        env = "TRUSTWALK_TRUST_MODEL",
        hide_env_values = true,
        default_value = "library-first",
        global = true
    )]
    pub(crate) trust_model: Model,
    /// Do not mint a token and do not ask STS
    #[arg(long, global = true)]
    pub(crate) no_exchange: bool,
    /// Ask STS for every identity of a namespace or cluster, not only for those whose pods fail
    #[arg(long, global = true, conflicts_with = "no_exchange")]
    pub(crate) exchange: bool,
    /// What was typed, for the command that comes next.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// What is asked about.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to look at")]
pub(crate) struct TargetArgs {
    /// As kubectl takes them: KIND/NAME, several of them, KIND NAME…, or KIND; or one NAME or NAMESPACE/NAME; none
    /// means every workload that uses web identity; - reads a log or a message from standard input
    #[arg(value_name = "TARGET", num_args = 0..)]
    pub(crate) target: Vec<String>,
    /// Namespace of the target; without a target, the one to look at instead of the whole cluster
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// Workloads with these labels, as kubectl takes them: app=ledger,tier!=cache
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Of logs and of CloudTrail, only what is not older than this, e.g. 10m or 2h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) since: Option<std::time::Duration>,
    /// A role, instead of the one the target names
    #[arg(long, value_name = "ARN")]
    pub(crate) role: Option<String>,
    /// The subject that is to get the role
    #[arg(long, value_name = "SUB")]
    pub(crate) subject: Option<String>,
    /// An issuer
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// A log to read, - for standard input (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Vec<String>,
    /// A token file
    #[arg(long, value_name = "FILE")]
    pub(crate) token: Option<PathBuf>,
    /// A CI job's folder, a checkout with workflows, or one workflow file
    #[arg(long, value_name = "PATH")]
    pub(crate) job: Option<PathBuf>,
    /// GitHub's answer about the job's repository: of GET /repos/OWNER/REPO, or of GET
    /// …/actions/oidc/customization/sub of it or its organization (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) job_answer: Vec<PathBuf>,
    /// Ask GitHub about the job's repository: when it was made, and how the subject of its tokens is written; with
    /// `GH_TOKEN` or `GITHUB_TOKEN`, at `GITHUB_API_URL`
    #[arg(long, requires = "job")]
    pub(crate) github: bool,
}

impl PlaceArgs {
    /// Options for a walk; the target is one of [`TargetArgs::settled`].
    pub(crate) fn walk_options(&self, target: Option<&TargetArgs>) -> WalkOptions {
        WalkOptions {
            kube: KubeOptions { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() },
            aws: AwsOptions {
                profile: self.profile.clone(),
                region: self.region.clone(),
                endpoint: self.endpoint_url.clone(),
                keys: None,
            },
            calls: Calls::default(),
            roots: RootOptions { ca_bundle: self.ca_bundle.clone(), ca_library: self.ca_library.clone() },
            connect_to: self.connect_to.clone(),
            trust_model: self.model(),
            logs: target.map(|t| t.log.clone()).unwrap_or_default(),
            job: target.and_then(|t| t.job.clone()),
            token: target.and_then(|t| t.token.clone()),
            job_answers: target.map(|t| t.job_answer.clone()).unwrap_or_default(),
            github: target.is_some_and(|t| t.github),
            role: target.and_then(|t| t.role.clone()),
            issuer: target.and_then(|t| t.issuer.clone()),
            cluster: self.cluster.clone(),
            no_exchange: self.no_exchange,
            exchange: self.exchange,
            piped: None,
            since: target.and_then(|t| t.since).and_then(|since| i64::try_from(since.as_secs()).ok()),
            repair: None,
            now: jiff::Timestamp::now().as_second(),
        }
    }

    /// The trust model in force.
    pub(crate) fn model(&self) -> TrustModel {
        match self.trust_model {
            Model::LibraryFirst => TrustModel::LibraryFirst,
            Model::ThumbprintOnly => TrustModel::ThumbprintOnly,
        }
    }
}
