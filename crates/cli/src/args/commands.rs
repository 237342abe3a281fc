//! Each command's own arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::access::{AccessArgs, ManArgs};
use super::again::AgainArgs;
use super::audit::AuditArgs;
use super::common::{ELSEWHERE, Format, PlaceArgs, ReportFormat, TargetArgs, account_number, bundle_file};
use super::forecast::ForecastArgs;
use super::outside::OutsideArgs;
use super::preflight::PreflightArgs;
use super::rotation::RotationArgs;
use super::screen::ScreenArgs;

/// Finds and mends the broken link between a workload and its AWS role.
#[derive(Debug, Parser)]
#[command(name = "trustwalk", bin_name = "trustwalk", version, about, max_term_width = 80)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) screen: ScreenArgs,
    /// No progress on standard error
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The founding story, start to finish, in the embedded lab
    Demo(DemoArgs),
    /// Walk the chain and name the broken link
    Diagnose(DiagnoseArgs),
    /// Plan a repair; with --approve carry it out, verify it and wait until the pods run
    Fix(Box<FixArgs>),
    /// Show what undoing a fix would write; with --approve undo it
    Rollback(RollbackArgs),
    /// What the receipts of a folder say was done, by whom, and how it stands
    Receipts(ReceiptsArgs),
    /// Gather the evidence into a file, to be diagnosed elsewhere
    Collect(CollectArgs),
    /// What your rights suffice for, what is missing, and how to get it
    Access(AccessArgs),
    /// Every certificate an issuer presents, and which one AWS and each tool would take
    Thumbprint(ThumbprintArgs),
    /// What a token says, and what STS would make of it
    Token(TokenArgs),
    /// Whether a trust policy admits an identity, and what is nearest if not
    Trust(TrustArgs),
    /// Who can assume which role, whom nobody meant to let in, which trust admits nobody
    Audit(Box<AuditArgs>),
    /// Refuse the change that would break: what the files of a checkout say of identities and roles
    Preflight(PreflightArgs),
    /// On which day it breaks if nobody changes anything, and which announced change concerns it
    Forecast(Box<ForecastArgs>),
    /// Find and classify web identity failures in logs
    Logs(LogsArgs),
    /// What an error's text means and which causes print it; or a cause: what, why, proof, cure, sources
    Explain(ExplainArgs),
    /// The embedded account and cluster, for real clients
    Lab(LabArgs),
    /// Completion script for a shell, which asks for live names
    Completions(CompletionsArgs),
    /// Manual pages
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Tell the story of another fault
    #[arg(long, value_name = "NAME", default_value = "thumbprint-mismatch")]
    pub(crate) fault: String,
    /// List the faults
    #[arg(long)]
    pub(crate) list: bool,
    /// Leave the lab up and print how to use it
    #[arg(long)]
    pub(crate) keep: bool,
    /// Trust model of the lab's account
    #[arg(long, value_enum, default_value = "thumbprint-only")]
    pub(crate) model: super::common::Model,
}

/// What asks about something: a receipt says itself what it is about, and of a CI job not where its files are.
const ASKED: [&str; 10] =
    ["target", "namespace", "all_namespaces", "selector", "since", "role", "subject", "issuer", "log", "token"];
#[derive(Debug, Args)]
pub(crate) struct DiagnoseArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Diagnose a saved bundle (- for standard input; gzip and zstd too) instead of the live world
    #[arg(long, value_name = "FILE", conflicts_with_all = ELSEWHERE)]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) again: AgainArgs,
    /// Show every link, all evidence and other tools' fixes; twice, every call with its status and time as well
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: ReportFormat,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of a command line")]
pub(crate) struct FixArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Apply the plan
    #[arg(long)]
    pub(crate) approve: bool,
    /// Write the plan to a file of your own, to be looked at, kept, and carried out with --plan
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "plan"])]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file of --out if it is there already
    #[arg(long, requires = "out")]
    pub(crate) overwrite: bool,
    /// Take a plan from a file: shown, and with --approve carried out, if the plan that is built now is the same
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(crate) plan: Option<PathBuf>,
    /// Also change what another tool keeps (Terraform, Helm, Argo CD and others), which finds it changed at its next
    /// run
    #[arg(long, conflicts_with = "resume")]
    pub(crate) force_drift: bool,
    #[command(flatten)]
    pub(crate) rotation: RotationArgs,
    /// Go on with an interrupted run: shows what is left to do, and does it with --approve; of a CI job, --job beside
    /// it names its files
    #[arg(long, value_name = "RECEIPT", conflicts_with_all = ASKED)]
    pub(crate) resume: Option<PathBuf>,
    /// Take over a receipt that you did not sign on this machine, for --resume
    #[arg(long, requires = "resume")]
    pub(crate) foreign_receipt: bool,
    /// How long to wait for each roll-out, e.g. 90s or 5m; without it, as long as the workload's own progress deadline
    /// lets it go on
    #[arg(long, value_name = "DURATION", value_parser = super::common::duration)]
    pub(crate) timeout: Option<std::time::Duration>,
    /// Where to write the receipt
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// Receipt of the fix
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    /// Undo what is shown
    #[arg(long)]
    pub(crate) approve: bool,
    /// Take over a receipt that you did not sign on this machine
    #[arg(long)]
    pub(crate) foreign_receipt: bool,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptsArgs {
    /// Folder with receipts
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Bundle file to write, - for standard output; packed where its name ends in .gz
    #[arg(
        short,
        long,
        alias = "to",
        short_alias = 'f',
        value_name = "FILE",
        default_value = "trustwalk-bundle.json",
        value_parser = bundle_file()
    )]
    pub(crate) output: PathBuf,
    /// Replace the file if it is there already
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// How `thumbprint` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThumbprintFormat {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// The same as YAML
    Yaml,
    /// The certificates presented
    Pem,
    /// Only the thumbprints AWS wants, one a line
    Bare,
}

#[derive(Debug, Args)]
pub(crate) struct ThumbprintArgs {
    /// Issuer URL or host
    #[arg(value_name = "URL", required_unless_present_any = ["fleet", "from"])]
    pub(crate) url: Option<String>,
    /// The same as -o bare
    #[arg(long, conflicts_with = "output")]
    pub(crate) bare: bool,
    /// The same as -o pem
    #[arg(long, conflicts_with_all = ["bare", "output"])]
    pub(crate) pem: bool,
    /// Do not read what the account has registered
    #[arg(long)]
    pub(crate) no_account: bool,
    /// Many hosts or URLs, one per line (- for standard input); one JSON line each
    #[arg(long, value_name = "FILE")]
    pub(crate) fleet: Option<String>,
    /// Connections at the same time, for --fleet
    #[arg(long, default_value_t = 256)]
    pub(crate) jobs: usize,
    /// Skip what this earlier output already holds, for --fleet
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Read certificates from a file instead (PEM, DER, PKCS#7, openssl `s_client` output)
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: ThumbprintFormat,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Token file, - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// Verify many tokens, one per line, against this key set; one verdict per line
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: Option<PathBuf>,
    /// Issuer the token must name
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Registered audience (repeatable)
    #[arg(long = "client-id", value_name = "AUD")]
    pub(crate) client_ids: Vec<String>,
    /// The time to judge by, ISO 8601 or Unix seconds
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust policy file, - for standard input
    #[arg(value_name = "POLICY")]
    pub(crate) policy: PathBuf,
    /// Subject
    #[arg(long, value_name = "SUB")]
    pub(crate) subject: Option<String>,
    /// Audience (repeatable); else sts.amazonaws.com
    #[arg(long, value_name = "AUD")]
    pub(crate) audience: Vec<String>,
    /// Issuer URL; else the first that the policy names
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Account of the role and its provider; else the one the policy names
    #[arg(long, value_name = "NUMBER", value_parser = account_number)]
    pub(crate) account: Option<String>,
    /// Token file to take issuer, subject and audience from
    #[arg(long, value_name = "FILE")]
    pub(crate) token: Option<PathBuf>,
    /// Further claim NAME=VALUE (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) claim: Vec<String>,
    /// Condition key that the call brings, KEY=VALUE, e.g. aws:SourceIp=203.0.113.7 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) key: Vec<String>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Log files, - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) files: Vec<PathBuf>,
    /// Go on reading as the file grows
    #[arg(long)]
    pub(crate) follow: bool,
    /// Threads
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// An error's text, one line or many (- for standard input), or a code or name of a cause; none lists them
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Format,
}

/// A shell that can complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// source <(trustwalk completions bash)
    Bash,
    /// trustwalk completions zsh > a folder of fpath, as `_trustwalk`
    Zsh,
    /// trustwalk completions fish | source
    Fish,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct LabArgs {
    /// Folder for the lab's files
    #[arg(long, value_name = "DIR", global = true, env = "TRUSTWALK_LAB_DIR", hide_env_values = true)]
    pub(crate) dir: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "human", global = true)]
    pub(crate) output: Format,
    #[command(subcommand)]
    pub(crate) command: LabCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Start the lab and keep it until Ctrl-C or `lab down`
    Up {
        /// Let the story break at once
        #[arg(long, conflicts_with = "account_only")]
        broken: bool,
        /// An account with nothing in it, and no cluster
        #[arg(long)]
        account_only: bool,
        /// Accounts, issuers, clusters and faults of your own, from a file (`lab scenario` prints one to start from)
        #[arg(long, value_name = "FILE", conflicts_with_all = ["broken", "account_only"])]
        scenario: Option<PathBuf>,
        /// Trust model of the account; `thumbprint-only` unless the lab was kept with another
        #[arg(long, value_enum)]
        model: Option<super::common::Model>,
        /// STS refuses a wrong audience in its words of before July 2026
        #[arg(long)]
        older_words: bool,
        #[command(flatten)]
        outside: OutsideArgs,
        #[command(flatten)]
        terms: super::terms::TermsArgs,
    },
    /// What the running lab holds
    Status,
    /// Inject a fault into the running lab; without a name, list them
    Break {
        /// Fault
        fault: Option<String>,
        /// Workload of the scenario's that it hits: CLUSTER/NAMESPACE/NAME
        #[arg(long, value_name = "WORKLOAD", requires = "fault")]
        on: Option<String>,
    },
    /// Print the story's scenario, to start from
    Scenario,
    /// Print a token of an issuer or a cluster of the running scenario
    Token {
        /// Its name in the scenario
        issuer: String,
        /// Claim in place of one of its kind's, or besides: JSON, or text; null leaves it out (repeatable)
        #[arg(long = "claim", value_name = "NAME=VALUE")]
        claims: Vec<String>,
    },
    /// Take one fault, or all, out of the running lab
    Mend {
        /// Fault
        fault: Option<String>,
    },
    /// Have the EKS issuer present the other authorities' chain from now on, the one of `incoming.pem`; what is
    /// registered stays as it is
    Switch,
    /// Set or move the running lab's time, which tokens, certificates and keys follow; alone, tell it
    Clock {
        /// +30d or -2h moves it, 2027-01-01T00:00Z sets it, `now` sets it to this machine's
        #[arg(value_name = "TIME", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// Let services of the running lab be asked so often and no more
    Throttle {
        /// iam=2:10 is twice a second and ten times at once, 0.5:5 is for every service; `off` ends it
        #[arg(value_name = "SERVICE=RATE:BURST", required = true)]
        rates: Vec<String>,
    },
    /// Let changes of IAM's be seen late in the running lab
    Propagation {
        /// 10s, or iam=2s by IAM itself and sts=10s by STS and authorisation; `off` ends it
        #[arg(value_name = "TIME", required = true)]
        delays: Vec<String>,
    },
    /// Stop the running lab
    Down,
}

impl DiagnoseArgs {
    /// How much is told.
    pub(crate) fn detail(&self) -> trustwalk_render::Detail {
        if self.verbose == 0 { trustwalk_render::Detail::Brief } else { trustwalk_render::Detail::Full }
    }
}

impl ThumbprintArgs {
    /// The format asked for, by whichever of its names.
    pub(crate) fn format(&self) -> ThumbprintFormat {
        if self.bare {
            ThumbprintFormat::Bare
        } else if self.pem {
            ThumbprintFormat::Pem
        } else {
            self.output
        }
    }
}
