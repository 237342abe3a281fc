//! What a diagnosis of one or of many identities is told as: for people, for programs, for grep.

use std::sync::LazyLock;

use trustwalk_collect::{Ask, Call, Collected, World};
use trustwalk_core::diagnosis::{self, Diagnosis, Outcome, besides_identity};
use trustwalk_core::evidence::{Evidence, LogIdentity, Target};
use trustwalk_forecast::Register;
use trustwalk_render::{self as render, Detail, Ink, JsonList, Next, Page, Shown, Typed};

use crate::args::{DiagnoseArgs, PlaceArgs, ReportFormat};
use crate::exit::Exit;
use crate::style;

/// A diagnosis, with what breaks soon.
fn diagnose(one: &Evidence) -> Diagnosis {
    static REGISTER: LazyLock<Register> = LazyLock::new(Register::built_in);
    trustwalk_forecast::told(diagnosis::diagnose(one), one, &REGISTER)
}

/// What kept a walk over everything from being one.
pub(super) const NOT_ALL: &str = "not everything was looked at";

/// Workloads without an identity that fail and are named; of more, their number.
const NAMED: usize = 5;

/// What one of several looks brought.
pub(super) struct Seen {
    found: Collected,
    pub(super) diagnoses: Vec<Diagnosis>,
    log_in: Option<String>,
    calls: Vec<Call>,
}

impl Seen {
    pub(super) fn of(mut found: Collected, (world, ask): (&World, &Ask), typed: &Typed) -> Self {
        let whole = matches!(ask, Ask::Everything { .. });
        let diagnoses = if whole { judged(&mut found, typed) } else { found.evidence.iter().map(diagnose).collect() };
        Self { found, diagnoses, log_in: world.aws.log_in(), calls: world.options.calls.all() }
    }

    /// The exit code it comes to.
    pub(super) fn exit(&self) -> Exit {
        let known = self.diagnoses.iter().map(|d| d.outcome.into()).max().unwrap_or(Exit::Sound);
        if self.found.missed.is_empty() { known } else { known.max(Exit::Undetermined) }
    }
}

/// Writes what was seen.
pub(super) fn finish(seen: &Seen, place: &PlaceArgs, args: &DiagnoseArgs) -> anyhow::Result<Exit> {
    let mut told = Told { log_in: seen.log_in.clone(), ..Told::new(args, &place.typed) };
    seen.found.evidence.iter().for_each(|one| told.take(one));
    told.ended(seen.found.missed.clone(), &seen.calls)
}

/// What is told of identities that are diagnosed as they come: their evidence is not held.
pub(super) struct Told<'a> {
    args: &'a DiagnoseArgs,
    typed: &'a Typed,
    /// Whether everything is walked, and not what somebody named.
    pub(super) whole: bool,
    besides: Besides,
    /// For a machine each is written at once.
    list: JsonList,
    written: std::io::Result<()>,
    exit: Exit,
    /// For people all are looked at together.
    diagnoses: Vec<Diagnosis>,
    next: Vec<Next>,
    /// The command that logs in to the account, where one would.
    pub(super) log_in: Option<String>,
    /// The command about what a message names.
    pub(super) offered: Option<String>,
}

impl<'a> Told<'a> {
    pub(super) fn new(args: &'a DiagnoseArgs, typed: &'a Typed) -> Self {
        Self {
            args,
            typed,
            whole: false,
            besides: Besides::default(),
            list: JsonList::default(),
            written: Ok(()),
            exit: Exit::Sound,
            diagnoses: Vec::new(),
            next: Vec::new(),
            log_in: None,
            offered: None,
        }
    }

    pub(super) fn take(&mut self, one: &Evidence) {
        let diagnosis = diagnose(one);
        if self.whole && self.besides.take(one, &diagnosis, self.typed) {
            return;
        }
        self.exit = self.exit.max(diagnosis.outcome.into());
        match self.args.output {
            // YAML is laid out as a whole, and what is watched is one document after the other.
            ReportFormat::Json | ReportFormat::Yaml if style::is_yaml() || self.args.again.watch => {
                self.diagnoses.push(diagnosis);
            }
            ReportFormat::Json | ReportFormat::Yaml => {
                if self.written.is_ok() {
                    let item = self.list.item(&diagnosis).map_err(std::io::Error::from);
                    self.written = item.and_then(|item| style::say(&item));
                }
            }
            ReportFormat::Short | ReportFormat::Name => self.diagnoses.push(diagnosis),
            ReportFormat::Human => {
                self.next.push(self.next_of(one, &diagnosis));
                self.diagnoses.push(diagnosis);
            }
        }
    }

    /// What is next: to log in comes before everything that the account would tell.
    fn next_of(&self, one: &Evidence, diagnosis: &Diagnosis) -> Next {
        let next = render::next(one, diagnosis, self.typed);
        if let Some(first) = logged_in(self.log_in.as_deref(), (one, diagnosis), ("diagnose", self.typed)) {
            return first;
        }
        match &self.offered {
            Some(offered) => Next { command: Some(offered.clone()), how: None, ..next },
            None => next,
        }
    }

    /// Says what was missed, and writes all; the exit code of both.
    pub(super) fn ended(mut self, mut missed: Vec<String>, calls: &[Call]) -> anyhow::Result<Exit> {
        missed.extend(std::mem::take(&mut self.besides).told());
        tell_missed(&missed);
        let known = self.end(&missed, calls)?;
        Ok(if missed.is_empty() { known } else { known.max(Exit::Undetermined) })
    }

    /// Writes what is left to be written. The exit code of several diagnoses is that of the worst.
    fn end(self, missed: &[String], calls: &[Call]) -> anyhow::Result<Exit> {
        self.written?;
        match self.args.output {
            ReportFormat::Json | ReportFormat::Yaml if self.args.again.watch => {
                style::say(&style::one_document(&self.diagnoses)?)?;
            }
            ReportFormat::Json | ReportFormat::Yaml if style::is_yaml() => {
                style::say(&style::document(&self.diagnoses)?)?;
            }
            ReportFormat::Json | ReportFormat::Yaml => style::say(&self.list.end())?,
            ReportFormat::Short => style::say(&in_short(&self.diagnoses, missed, self.args))?,
            ReportFormat::Name => style::say(&in_names(&self.diagnoses))?,
            ReportFormat::Human => {
                let mut out = style::pen().page();
                if self.args.verbose > 1 {
                    out.append(in_calls(calls));
                    out.gap();
                }
                out.append(in_words((&self.diagnoses, &self.next), missed, self.args));
                let text = out.shown();
                // A short report ends with the verdict, which a pager would hide; what goes on being written is not
                // read at leisure.
                let long = self.args.verbose > 0 && !self.args.again.watch;
                if long { style::page(&text)? } else { style::say(&text)? }
            }
        }
        Ok(self.exit)
    }
}

/// To log in, and the same again: where the account was not seen, and a profile is meant that somebody logs in to.
pub(super) fn logged_in(
    log_in: Option<&str>,
    (one, diagnosis): (&Evidence, &Diagnosis),
    (verb, typed): (&str, &Typed),
) -> Option<Next> {
    let unseen = one.without_credentials() && diagnosis.outcome != Outcome::Ok;
    let again = || typed.again(verb, &diagnosis.target);
    log_in.filter(|_| unseen).map(|log_in| Next::command([log_in, " && ", &again()].concat()))
}

/// What was looked at because it fails, and shows no sign that an identity is what it lacks.
#[derive(Default)]
struct Besides {
    named: Vec<String>,
    more: usize,
}

impl Besides {
    /// Whether it is such a one.
    fn take(&mut self, one: &Evidence, diagnosis: &Diagnosis, typed: &Typed) -> bool {
        let Some(why) = besides_identity(one, diagnosis) else { return false };
        if self.named.len() >= NAMED {
            self.more += 1;
            return true;
        }
        let who = render::target_words(&one.target);
        let again = typed.again("diagnose", &one.target);
        self.named.push(format!("{who} fails, and was not judged: {why}; `{again}` looks at it alone"));
        true
    }

    fn told(mut self) -> Vec<String> {
        if self.more > 0 {
            self.named.push(format!("{} more workloads without a role fail, and were not judged", self.more));
        }
        self.named
    }
}

/// The diagnoses of a walk over everything. What was looked at because it fails, and shows no sign that an identity is
/// what it lacks, is taken out and told as not judged.
pub(crate) fn judged(found: &mut Collected, typed: &Typed) -> Vec<Diagnosis> {
    let (mut kept, mut diagnoses, mut besides) = (Vec::new(), Vec::new(), Besides::default());
    for evidence in std::mem::take(&mut found.evidence) {
        let said = diagnose(&evidence);
        if !besides.take(&evidence, &said, typed) {
            kept.push(evidence);
            diagnoses.push(said);
        }
    }
    found.missed.extend(besides.told());
    found.evidence = kept;
    diagnoses
}

/// Says first what could not be listed.
pub(crate) fn tell_missing(found: &Collected) {
    tell_missed(&found.missed);
}

/// The same of a list alone.
pub(crate) fn tell_missed(all: &[String]) {
    for missed in all {
        style::complain(missed);
    }
}

/// The report for people.
fn in_words((diagnoses, next): (&[Diagnosis], &[Next]), missed: &[String], args: &DiagnoseArgs) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    if diagnoses.is_empty() {
        return nobody(missed, args);
    }
    let detail = args.detail();
    if diagnoses.len() > 1 && detail == Detail::Brief {
        out.append(render::many(diagnoses, pen));
    } else {
        for (position, (d, next)) in diagnoses.iter().zip(next).enumerate() {
            if position > 0 {
                out.gap();
            }
            out.append(render::human(d, next, pen, detail));
        }
    }
    if diagnoses.len() > 1 || !missed.is_empty() {
        out.gap();
        let incomplete = (!missed.is_empty()).then_some(NOT_ALL);
        out.append(render::closing_of_all(diagnoses, next, incomplete, pen));
    }
    out.shown()
}

/// Every call, with its status and time.
fn in_calls(calls: &[Call]) -> Shown {
    let pen = style::pen();
    let mut out = pen.page();
    out.line(pen.ink(Ink::Strong, format_args!("Calls made: {} (after, status, time, what)", calls.len())));
    for call in calls {
        let status = call.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let (after, took) = (call.after.as_millis(), call.took.as_millis());
        // Whole, and in one line for whoever sorts them.
        out.block(&format!("{after:>6} ms  {status:<4}  {took:>6} ms  {}", call.what), "  ");
    }
    if calls.is_empty() {
        out.line("  none: a bundle is read, and nobody is asked");
    }
    out.shown()
}

/// Nothing was found to look at.
fn nobody(missed: &[String], args: &DiagnoseArgs) -> Shown {
    let place = match &args.target.namespace {
        Some(namespace) => format!("namespace {namespace}"),
        None => "this cluster".to_owned(),
    };
    let (ink, outcome, who) = if missed.is_empty() {
        (Ink::Good, "Ok", "no workload")
    } else {
        (Ink::Odd, "Undetermined", "no workload that could be looked at")
    };
    let text = match args.target.target.as_slice() {
        [] => format!("{who} of {place} uses web identity"),
        kinds => format!(
            "{who} of {place} among {} uses web identity; what another workload controls is judged with that one",
            kinds.join(" ")
        ),
    };
    render::ending(ink, outcome, &text, &Next::default(), style::pen())
}

/// The report for grep.
fn in_short(diagnoses: &[Diagnosis], missed: &[String], args: &DiagnoseArgs) -> Shown {
    let mut out = Page::new();
    for d in diagnoses {
        out.append(render::short(d));
    }
    let place = args.target.namespace.as_ref().map_or("this cluster".to_owned(), |n| format!("namespace {n}"));
    if !missed.is_empty() {
        out.line(format_args!("{} ({place}) {NOT_ALL}", Outcome::Undetermined.word()));
    } else if diagnoses.is_empty() {
        out.line(format_args!("{} ({place}) no workload uses web identity", Outcome::Ok.word()));
    }
    for what in missed {
        out.line(format_args!("- undetermined ({place}) {what}"));
    }
    out.shown()
}

/// What is not sound, each as a target that the next command takes.
fn in_names(diagnoses: &[Diagnosis]) -> Shown {
    let mut out = Page::new();
    for d in diagnoses.iter().filter(|d| d.outcome != Outcome::Ok) {
        match &d.target {
            Target::Workload { resource, namespace, name } => {
                out.line(format_args!("{}/{namespace}/{name}", resource.to_lowercase()));
            }
            Target::ServiceAccount { namespace, name } => out.line(format_args!("serviceaccount/{namespace}/{name}")),
            Target::Role { arn, .. } => out.line(arn),
            Target::Issuer { url } => out.line(url),
            Target::Log { identity: Some(LogIdentity { role: Some(role), .. }), .. } => out.line(role),
            Target::Job { name } | Target::Log { name, .. } => out.line(name),
        }
    }
    out.shown()
}
