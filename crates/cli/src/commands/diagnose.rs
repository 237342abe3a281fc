//! `trustwalk diagnose`: evidence, live or from a bundle, to a report.

use trustwalk_collect::{Ask, Bundle, Call, Collected, World, collect_each, contradiction};
use trustwalk_core::diagnosis::{Diagnosis, Outcome, besides_identity, diagnose};
use trustwalk_core::evidence::Evidence;

use crate::args::{DiagnoseArgs, PlaceArgs, ReportFormat, TargetArgs};
use crate::exit::{Exit, UsageError};
use crate::style;
use trustwalk_render::{self as render, Detail, Ink, JsonList, Next, Page, Shown, Typed};

/// What kept a walk over everything from being one.
pub(super) const NOT_ALL: &str = "not everything was looked at";

/// Workloads without an identity that fail and are named; of more, their number.
const NAMED: usize = 5;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &DiagnoseArgs) -> anyhow::Result<Exit> {
    let mut told = Told::new(args, &place.typed);
    let (mut missed, calls) = if let Some(path) = &args.bundle {
        if place.exchange {
            let words = "a bundle holds what was seen when it was made: --exchange cannot be used with --bundle";
            return Err(UsageError(words.to_owned()).into());
        }
        let bundle = Bundle::read(path)?;
        told.whole = bundle.holds.identities > 1;
        bundle.each(&mut |one| told.take(&one));
        (Vec::new(), Vec::new())
    } else {
        let (world, ask) = world(place, &args.target).await?;
        told.whole = matches!(ask, Ask::Everything { .. });
        let missed = Box::pin(collect_each(&world, &ask, &mut |one| told.take(&one))).await?;
        (missed, world.options.calls.all())
    };
    missed.extend(std::mem::take(&mut told.besides).told());
    tell_missed(&missed);
    let known = told.end(&missed, &calls)?;
    Ok(if missed.is_empty() { known } else { known.max(Exit::Undetermined) })
}

/// What is told of identities that are diagnosed as they come: their evidence is not held.
struct Told<'a> {
    args: &'a DiagnoseArgs,
    typed: &'a Typed,
    /// Whether everything is walked, and not what somebody named.
    whole: bool,
    besides: Besides,
    /// For a machine each is written at once.
    list: JsonList,
    written: std::io::Result<()>,
    exit: Exit,
    /// For people all are looked at together.
    diagnoses: Vec<Diagnosis>,
    next: Vec<Next>,
}

impl<'a> Told<'a> {
    fn new(args: &'a DiagnoseArgs, typed: &'a Typed) -> Self {
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
        }
    }

    fn take(&mut self, one: &Evidence) {
        let diagnosis = diagnose(one);
        if self.whole && self.besides.take(one, &diagnosis, self.typed) {
            return;
        }
        self.exit = self.exit.max(diagnosis.outcome.into());
        match self.args.output {
            ReportFormat::Json => {
                if self.written.is_ok() {
                    let item = self.list.item(&diagnosis).map_err(std::io::Error::from);
                    self.written = item.and_then(|item| style::say(&item));
                }
            }
            ReportFormat::Short => self.diagnoses.push(diagnosis),
            ReportFormat::Human => {
                self.next.push(render::next(one, &diagnosis, self.typed));
                self.diagnoses.push(diagnosis);
            }
        }
    }

    /// Writes what is left to be written. The exit code of several diagnoses is that of the worst.
    fn end(self, missed: &[String], calls: &[Call]) -> anyhow::Result<Exit> {
        self.written?;
        match self.args.output {
            ReportFormat::Json => style::say(&self.list.end())?,
            ReportFormat::Short => style::say(&in_short(&self.diagnoses, missed, self.args))?,
            ReportFormat::Human => {
                let mut out = style::pen().page();
                if self.args.verbose > 1 {
                    out.append(in_calls(calls));
                    out.gap();
                }
                out.append(in_words((&self.diagnoses, &self.next), missed, self.args));
                style::page(&out.shown())?;
            }
        }
        Ok(self.exit)
    }
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

/// Reads configuration, and what was asked in its light.
pub(crate) async fn world(place: &PlaceArgs, target: &TargetArgs) -> anyhow::Result<(World, Ask)> {
    if let Some(url) = &target.issuer {
        a_url(url)?;
    }
    target.checked()?;
    let world = World::new(place.walk_options(Some(target))).await?;
    let namespace = world.kube.as_ref().map_or("default", |k| k.namespace.as_str());
    let ask = target.ask(namespace)?;
    contradiction(&world.options, &ask)?;
    Ok((world, ask))
}

/// Refuses what no issuer could be, before anything is asked of anybody.
pub(super) fn a_url(text: &str) -> Result<(), UsageError> {
    let rest = text.split_once("://").map_or(text, |(scheme, rest)| if scheme == "https" { rest } else { "" });
    let host = rest.split('/').next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let port = if host.ends_with(']') { None } else { host.rsplit_once(':').map(|(_, port)| port) };
    if host.is_empty()
        || port.is_some_and(|p| p.parse::<u16>().is_err())
        || !host.chars().all(fits)
        || text.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        let typed = trustwalk_foreign::redact(text);
        return Err(UsageError(format!("`{typed}` is not an issuer's URL: write --issuer https://HOST/PATH")));
    }
    Ok(())
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
    let text = format!("{who} of {place} uses web identity");
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
