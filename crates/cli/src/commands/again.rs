//! The diagnosis after a repair: whether what is there now is sound.

use std::time::Duration;

use trustwalk_apply::Journal;
use trustwalk_collect::{Ask, CollectError, World, collect};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, Repair, Target};
use trustwalk_render::{Ink, Pen, Shown};

/// What AWS and the cluster answer lags behind what was written: a cause that was just cured is looked at again for
/// as long as this ("Changes that I make are not always immediately visible", IAM User Guide, names no bound; users
/// report seconds).
const SETTLES: Duration = Duration::from_secs(20);
/// The pause before the second look; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What a receipt does not hold.
pub(super) const UNNAMED: &str = "a receipt does not say where the files of a CI job are; --job beside --resume does";

/// What a repair came to, for those who look again.
pub(super) fn done(journal: &Journal) -> Repair {
    let receipt = journal.receipt();
    Repair { at: receipt.changed().unwrap_or(receipt.began), causes: receipt.causes() }
}

/// The same places, looked at for what came of the repair.
pub(super) fn world(world: &World, journal: &Journal) -> World {
    world.after(done(journal), jiff::Timestamp::now().as_second())
}

/// What is diagnosed now; `None` when the target is gone. What is known to fail still is not waited for.
pub(super) async fn diagnosed(
    places: &World,
    ask: Option<&Ask>,
    journal: &Journal,
    fails: bool,
) -> anyhow::Result<Option<Diagnosis>> {
    let Some(ask) = ask else { return Ok(None) };
    let cured = journal.receipt().causes();
    let began = tokio::time::Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let found = match collect(&world(places, journal), ask).await {
            Err(CollectError::Gone { .. }) => return Ok(None),
            found => found?.evidence,
        };
        let Some(evidence) = of_target(&found, &journal.receipt().target) else { return Ok(None) };
        let diagnosis = diagnose(evidence);
        if fails || !may_settle(&diagnosis, &cured) || began.elapsed() + pause > SETTLES {
            return Ok(Some(diagnosis));
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// Whether what fails may be what was there before the repair. A new cause is no lag.
fn may_settle(d: &Diagnosis, cured: &[Cause]) -> bool {
    match d.outcome {
        Outcome::Ok | Outcome::Undetermined => false,
        Outcome::Broken | Outcome::RootCause => d.root_cause.as_ref().is_none_or(|f| cured.contains(&f.cause)),
    }
}

/// The one that a receipt is about, among all that a question found: one checkout has the files of many jobs.
pub(super) fn of_target<'e>(found: &'e [Evidence], target: &Target) -> Option<&'e Evidence> {
    let is_job = matches!(target, Target::Job { .. });
    found.iter().find(|e| e.target == *target).or_else(|| found.first().filter(|_| !is_job))
}

/// What it says, in a phrase.
pub(super) fn words(now: Option<&Diagnosis>, ask: Option<&Ask>) -> String {
    let found = match now {
        None if ask.is_none() => return format!("not diagnosed again: {UNNAMED}"),
        None => "the target is gone".to_owned(),
        Some(Diagnosis { outcome: Outcome::RootCause, root_cause: Some(root), .. }) => {
            format!("{} {} ({})", root.code(), root.name(), root.confidence.name())
        }
        Some(d) => d.meaning().to_owned(),
    };
    format!("diagnosed again: {found}")
}

/// The same as a line of the report.
pub(super) fn told(now: Option<&Diagnosis>, words: &str, pen: Pen) -> Shown {
    let mark = match now.map(|d| d.outcome) {
        Some(Outcome::Ok) => pen.ink(Ink::Good, "\u{221a}"),
        Some(Outcome::Undetermined) | None => pen.ink(Ink::Odd, "?"),
        Some(Outcome::Broken | Outcome::RootCause) => pen.ink(Ink::Bad, "\u{d7}"),
    };
    Shown::line(format_args!("  {mark} {words}"))
}
