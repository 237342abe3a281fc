//! What of a command line matters when its command fails: what was to be done, how results are written, and what the
//! next command keeps.

use trustwalk_render::Typed;

use super::{AuditFormat, Cli, Command, ForecastFormat, Format, PreflightFormat, ReportFormat, ThumbprintFormat};

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Notation {
    fn of(format: Format) -> Option<Self> {
        match format {
            Format::Human => None,
            Format::Json => Some(Self::Json),
            Format::Yaml => Some(Self::Yaml),
        }
    }
}

/// What was typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// The command's name.
    pub(crate) verb: &'static str,
    /// What it does, after "while".
    pub(crate) doing: &'static str,
    /// How a failure is told to a program; `None` for people alone.
    pub(crate) notation: Option<Notation>,
    /// Options for the command that comes next.
    pub(crate) typed: Typed,
}

impl Cli {
    /// What matters of it when the command fails. From here on documents are JSON or YAML, and formats say `Json` for
    /// both.
    pub(crate) fn said(&mut self) -> Said {
        let (verb, doing) = self.command.words();
        let notation = self.command.notation();
        Said { verb, doing, notation, typed: self.place.typed.clone() }
    }
}

impl Command {
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Demo(_) => ("demo", "telling the story"),
            Self::Diagnose(_) => ("diagnose", "diagnosing"),
            Self::Fix(_) => ("fix", "planning a fix"),
            Self::Rollback(_) => ("rollback", "planning a rollback"),
            Self::Receipts(_) => ("receipts", "reading receipts"),
            Self::Collect(_) => ("collect", "gathering evidence"),
            Self::Access(_) => ("access", "asking for your rights"),
            Self::Thumbprint(_) => ("thumbprint", "reading certificates"),
            Self::Token(_) => ("token", "reading tokens"),
            Self::Trust(_) => ("trust", "reading a policy"),
            Self::Audit(_) => ("audit", "auditing trust"),
            Self::Preflight(_) => ("preflight", "reading a checkout"),
            Self::Forecast(_) => ("forecast", "looking ahead"),
            Self::Logs(_) => ("logs", "reading logs"),
            Self::Explain(_) => ("explain", "reading a text"),
            Self::Lab(_) => ("lab", "speaking to the lab"),
            Self::Completions(_) => ("completions", "writing completions"),
            Self::Man(_) => ("man", "writing pages"),
        }
    }

    /// Takes the notation out of the command's format.
    fn notation(&mut self) -> Option<Notation> {
        let take = |format: &mut Format| {
            let notation = Notation::of(*format);
            if notation.is_some() {
                *format = Format::Json;
            }
            notation
        };
        match self {
            Self::Diagnose(args) => match args.output {
                ReportFormat::Yaml => {
                    args.output = ReportFormat::Json;
                    Some(Notation::Yaml)
                }
                ReportFormat::Json => Some(Notation::Json),
                ReportFormat::Human | ReportFormat::Short | ReportFormat::Name => None,
            },
            Self::Thumbprint(args) => match args.output {
                ThumbprintFormat::Yaml => {
                    args.output = ThumbprintFormat::Json;
                    Some(Notation::Yaml)
                }
                ThumbprintFormat::Json => Some(Notation::Json),
                ThumbprintFormat::Human | ThumbprintFormat::Pem | ThumbprintFormat::Bare => None,
            },
            Self::Audit(args) => match args.output {
                AuditFormat::Yaml => {
                    args.output = AuditFormat::Json;
                    Some(Notation::Yaml)
                }
                AuditFormat::Json => Some(Notation::Json),
                AuditFormat::Human | AuditFormat::Csv | AuditFormat::Dot | AuditFormat::Sarif | AuditFormat::Html => {
                    None
                }
            },
            Self::Forecast(args) => match args.output {
                ForecastFormat::Yaml => {
                    args.output = ForecastFormat::Json;
                    Some(Notation::Yaml)
                }
                ForecastFormat::Json => Some(Notation::Json),
                ForecastFormat::Human | ForecastFormat::Ics => None,
            },
            Self::Preflight(args) => match args.output {
                PreflightFormat::Yaml => {
                    args.output = PreflightFormat::Json;
                    Some(Notation::Yaml)
                }
                PreflightFormat::Json => Some(Notation::Json),
                PreflightFormat::Human
                | PreflightFormat::Sarif
                | PreflightFormat::Junit
                | PreflightFormat::Github
                | PreflightFormat::Gitlab => None,
            },
            Self::Fix(args) => take(&mut args.output),
            Self::Rollback(args) => take(&mut args.output),
            Self::Receipts(args) => take(&mut args.output),
            Self::Access(args) => take(&mut args.output),
            Self::Token(args) => take(&mut args.output),
            Self::Trust(args) => take(&mut args.output),
            Self::Logs(args) => take(&mut args.output),
            Self::Explain(args) => take(&mut args.output),
            Self::Lab(args) => take(&mut args.output),
            Self::Demo(_) | Self::Collect(_) | Self::Completions(_) | Self::Man(_) => None,
        }
    }
}

/// The notation that the words of a command line ask for which the grammar does not take.
pub(crate) fn notation_of_words() -> Option<Notation> {
    let words: Vec<String> = std::env::args_os().skip(1).map(|w| w.to_string_lossy().into_owned()).collect();
    // What `collect -o` names is a file.
    if words.iter().any(|w| w == "collect") {
        return None;
    }
    let of = |value: &str| match value {
        "json" => Some(Notation::Json),
        "yaml" => Some(Notation::Yaml),
        _ => None,
    };
    let mut pairs = words.iter().zip(words.iter().skip(1).map(Some).chain([None]));
    pairs.find_map(|(word, next)| match word.as_str() {
        "-o" | "--output" => next.and_then(|value| of(value)),
        other => ["--output=", "-o=", "-o"].iter().find_map(|option| of(other.strip_prefix(option)?)),
    })
}
