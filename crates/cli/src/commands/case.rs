//! One target of a fix: its plan shown, and carried out where that is approved.

use std::path::PathBuf;

use trustwalk_collect::Ask;
use trustwalk_core::diagnosis::Diagnosis;
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::{Applicability, Drift, Entry, Leave, Linted, Plan, PlanDocument};
use trustwalk_render::{self as render, Next};

use super::consent;
use super::repair::{Applied, Repair};
use crate::args::FixArgs;
use crate::exit::Exit;

/// What the user gave leave for.
pub(super) fn leave_of(args: &FixArgs, entry: Entry) -> Leave {
    Leave { entry, drift: if args.force_drift { Drift::Forced } else { Drift::Avoided } }
}

/// Whether a plan has anything that trustwalk can do.
pub(super) fn can_be_done(plan: &Plan) -> bool {
    plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval)
}

/// Whether the fix of the root cause has no step that trustwalk could take.
fn only_by_hand(diagnosis: &Diagnosis) -> bool {
    let cures = diagnosis.root_cause.iter().flat_map(|f| &f.cures);
    cures.take(1).all(|cure| cure.actions.is_empty())
}

/// One target of a fix.
pub(super) struct Case<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) diagnosis: &'a Diagnosis,
    pub(super) plan: &'a Linted,
    /// The plan as it is shown.
    pub(super) shown: &'a PlanDocument,
    pub(super) next: Option<&'a Next>,
    /// The command that approves it.
    pub(super) approve: String,
}

impl Repair<'_> {
    /// Shows the plan of one target, carries it out where that is approved, and ends with what is next.
    pub(super) async fn fix_one(
        &self,
        case: Case<'_>,
        ask: &Ask,
        args: &FixArgs,
    ) -> anyhow::Result<(Option<Applied>, Exit)> {
        let (voice, pen) = (self.voice, self.voice.pen());
        let Case { evidence, diagnosis, plan, shown, next, approve } = case;
        let next = next.cloned().unwrap_or_default();
        if diagnosis.root_cause.is_none() {
            voice.line("Nothing to fix: no root cause was named.")?;
            voice.say(&render::closing(diagnosis, &next, pen))?;
            return Ok((None, diagnosis.outcome.into()));
        }
        voice.say(&render::plan(shown, pen))?;
        voice.line("")?;
        // Before approval is asked for: there would be nothing to approve.
        if !can_be_done(plan) {
            voice.line(if plan.withheld.is_empty() {
                "No changes were made: trustwalk can change nothing here, the fix is for a person."
            } else {
                "No changes were made: what is to be changed is kept by another tool; change it there, or here with \
                 --force-drift."
            })?;
            // What the report calls its fix is the owner's: it stands above, in the plan.
            let next = match &next.command {
                Some(command) if !plan.withheld.is_empty() && next.how.is_some() => {
                    Next::after("change it there, as shown above, then", command.clone())
                }
                // The plan has no row of that name; its notes tell the way of a fix that only a person can make.
                Some(_) if next.by_hand && only_by_hand(diagnosis) => {
                    Next { how: Some("do what the notes above say".to_owned()), ..next }
                }
                // What trustwalk could do elsewhere and not here is told with the others' ways.
                Some(command) if next.by_hand => {
                    voice.say(&render::by_hand_words(diagnosis, pen))?;
                    Next::after("do what \"Fix\" above says", command.clone())
                }
                _ => next,
            };
            voice.say(&render::closing(diagnosis, &next, pen))?;
            return Ok((None, Exit::ByHand));
        }
        let asked = !args.approve && consent::can_ask(voice);
        if !(args.approve || asked && consent::given(voice).await?) {
            voice.line(if asked {
                "No changes were made: the answer was not `yes`."
            } else {
                "No changes were made: the plan waits for approval."
            })?;
            voice.say(&render::closing(diagnosis, &Next::command(approve), pen))?;
            return Ok((None, Exit::Findings));
        }
        let name = diagnosis.root_cause.as_ref().map_or("fix", |f| f.name());
        let path = args.receipt.clone().unwrap_or_else(|| default_receipt(name, self.world.options.now));
        let applied = self.carry_out(evidence, ask, plan, path).await?;
        let exit = applied.exit;
        Ok((Some(applied), exit))
    }
}

/// A name that no receipt has yet: one run may cure several targets of the same cause.
pub(super) fn default_receipt(name: &str, now: i64) -> PathBuf {
    let first = PathBuf::from(format!("trustwalk-receipt-{name}-{now}.json"));
    let more = (2_u32..).map(|n| PathBuf::from(format!("trustwalk-receipt-{name}-{now}-{n}.json")));
    std::iter::once(first.clone()).chain(more).find(|p| p.symlink_metadata().is_err()).unwrap_or(first)
}
