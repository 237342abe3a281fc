//! `trustwalk forecast`: on which day it breaks, of one identity or of all, live or from a bundle.

mod words;

use anyhow::Context as _;
use serde::Serialize;
use trustwalk_collect::{Ask, Bundle, collect_each};
use trustwalk_core::diagnosis::{Outcome, besides_identity, diagnose};
use trustwalk_core::evidence::{Evidence, Target};
use trustwalk_core::finding::Finding;
use trustwalk_forecast::{DAY, MAX_REGISTER_BYTES, Merged, Of, Register, Scope, calendar, forecast};
use trustwalk_render::{Shown, target_words};

use super::{choose, diagnose as live, told};
use crate::args::{ForecastArgs, ForecastFormat, PlaceArgs};
use crate::exit::{Exit, UsageError};
use crate::style;

/// Version of the document.
const SCHEMA: u32 = 1;
/// How far is looked for what is only told: longer than any authority lives.
const HORIZON_DAYS: i64 = 36_525;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &ForecastArgs) -> anyhow::Result<Exit> {
    let register = register(args)?;
    let mut seen = Seen::new(&register, args.within);
    if let Some(path) = &args.bundle {
        let bundle = Bundle::read(path)?;
        seen.whole = bundle.holds.identities > 1;
        if args.target.target.is_empty() && args.target.namespace.is_none() {
            bundle.each(&mut |one| seen.take(&one));
        } else {
            choose::of_bundle(bundle.evidence(), &args.target)?.iter().for_each(|one| seen.take(one));
        }
    } else {
        let (world, ask) = live::world(place, &args.target).await?;
        seen.whole = matches!(ask, Ask::Everything { .. });
        let missed = Box::pin(collect_each(&world, &ask, &mut |one| seen.take(&one))).await?;
        told::tell_missed(&missed);
        seen.missed = missed;
    }
    let shown = match args.output {
        ForecastFormat::Human => words::words(&seen, &place.typed),
        ForecastFormat::Json | ForecastFormat::Yaml => style::document(&seen.document())?,
        ForecastFormat::Ics => Shown::json_text(calendar(&seen.merged.forthcoming, seen.now, whom)),
    };
    match args.output {
        ForecastFormat::Ics => style::say(&shown)?,
        ForecastFormat::Human | ForecastFormat::Json | ForecastFormat::Yaml => style::page(&shown)?,
    }
    Ok(seen.exit())
}

fn whom(of: &Of) -> String {
    of.whom.iter().map(target_words).collect::<Vec<_>>().join(", ")
}

/// The register that comes with trustwalk, and the user's own entries.
fn register(args: &ForecastArgs) -> anyhow::Result<Register> {
    let mut register = Register::built_in();
    for path in &args.register {
        let bytes = trustwalk_collect::read_up_to(path, MAX_REGISTER_BYTES)?;
        let text = String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", path.display()))?;
        let wrong = |error| UsageError(format!("`{}` is no register: {error}", path.display()));
        register = Register::parse(&text).and_then(|own| register.with(own)).map_err(wrong)?;
    }
    Ok(register)
}

/// An identity, and how it stands now.
#[derive(Serialize)]
struct Identity {
    target: Target,
    outcome: Outcome,
    /// What is broken already.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_cause: Option<Finding>,
}

/// What is foreseen of all that was looked at.
struct Seen<'a> {
    register: &'a Register,
    within: i64,
    /// Whether everything was walked, and not what somebody named.
    whole: bool,
    identities: Vec<Identity>,
    merged: Merged,
    missed: Vec<String>,
    now: i64,
}

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    /// What it comes to.
    verdict: &'static str,
    at: i64,
    until: i64,
    identities: &'a [Identity],
    forthcoming: &'a [Of],
    unknown: Vec<&'a String>,
}

impl<'a> Seen<'a> {
    fn new(register: &'a Register, within: i64) -> Self {
        let (identities, missed) = (Vec::new(), Vec::new());
        Self { register, within, whole: false, identities, merged: Merged::default(), missed, now: 0 }
    }

    fn take(&mut self, one: &Evidence) {
        let diagnosis = diagnose(one);
        if self.whole && besides_identity(one, &diagnosis).is_some() {
            return;
        }
        let until = diagnosis.at.saturating_add(HORIZON_DAYS * DAY);
        let found = forecast(one, Scope { register: self.register, until });
        self.now = self.now.max(found.now);
        self.merged.add(&one.target, found);
        self.identities.push(Identity {
            target: one.target.clone(),
            outcome: diagnosis.outcome,
            root_cause: diagnosis.root_cause.filter(|_| diagnosis.outcome == Outcome::RootCause),
        });
    }

    /// The last moment that counts.
    fn until(&self) -> i64 {
        self.now.saturating_add(self.within.saturating_mul(DAY))
    }

    /// Identities that are broken already.
    fn broken(&self) -> impl Iterator<Item = &Identity> {
        self.identities.iter().filter(|i| i.outcome.is_broken())
    }

    fn is_open(&self) -> bool {
        let open = self.identities.iter().any(|i| i.outcome == Outcome::Undetermined);
        open || !self.merged.unknown.is_empty() || !self.missed.is_empty()
    }

    fn exit(&self) -> Exit {
        if self.broken().next().is_some() || self.merged.failing(self.until()).next().is_some() {
            Exit::Findings
        } else if self.is_open() {
            Exit::Undetermined
        } else {
            Exit::Sound
        }
    }

    /// What it comes to, in one word.
    fn verdict(&self) -> &'static str {
        if self.broken().next().is_some() {
            "broken"
        } else if self.merged.failing(self.until()).next().is_some() {
            "breaks"
        } else if self.is_open() {
            "undetermined"
        } else {
            "holds"
        }
    }

    fn document(&self) -> Document<'_> {
        Document {
            schema: SCHEMA,
            verdict: self.verdict(),
            at: self.now,
            until: self.until(),
            identities: &self.identities,
            forthcoming: &self.merged.forthcoming,
            unknown: self.merged.unknown.iter().chain(&self.missed).collect(),
        }
    }
}
