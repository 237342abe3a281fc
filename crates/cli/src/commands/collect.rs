//! `trustwalk collect`: evidence into a bundle.

use anyhow::Context as _;
use trustwalk_collect::{CollectError, Gathering, collect_each};
use trustwalk_core::evidence::{Evidence, Target};

use super::diagnose::world;
use super::told::tell_missed;
use crate::args::{CollectArgs, PlaceArgs};
use crate::exit::Exit;
use crate::style::{self, Voice};
use trustwalk_render::{Ink, Next, Shown, ending};

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &CollectArgs) -> anyhow::Result<Exit> {
    // Said before anything is asked of anybody: the evidence would be gathered for nothing.
    if !args.overwrite && args.output.as_os_str() != "-" && args.output.symlink_metadata().is_ok() {
        return Err(CollectError::Exists { path: args.output.clone() }.into());
    }
    let (world, ask) = world(place, &args.target).await?;
    let (mut gathering, mut unread, mut failed) = (Gathering::default(), None, None);
    let mut take = |one| {
        unread = unread.take().or_else(|| why_unread(&one));
        failed = failed.take().or(gathering.add(one).err());
    };
    let missed = Box::pin(collect_each(&world, &ask, &mut take)).await?;
    if let Some(error) = failed {
        return Err(error).context("the evidence could not be put into a bundle");
    }
    tell_missed(&missed);
    let bundle = gathering.bundle().context("the evidence could not be put into a bundle")?;
    let held = match bundle.holds.identities {
        1 => "evidence of one identity is in".to_owned(),
        many => format!("evidence of {many} identities is in"),
    };
    let holds = bundle.holds;
    let secrets = format!(
        "It names {} variables and {} annotations and holds the values of {} and {}, {} and {} as they are, and \
         {}; no token, key or credential is kept, and what others wrote was redacted.",
        holds.variables,
        holds.annotations,
        holds.variable_values,
        holds.annotation_values,
        counted(holds.policies, "policy", "policies"),
        counted(holds.claims, "claim", "claims"),
        counted(holds.log_lines, "line of logs", "lines of logs"),
    );
    let path = args.output.as_path();
    if path.as_os_str() == "-" {
        style::say(&Shown::json_text(bundle.text()?))?;
        let next = Next::command(place.typed.command("diagnose --bundle FILE", &[], &[]));
        style::complain(secrets);
        let text = format!("{held} this bundle");
        Voice::Aside.say(&ending(Ink::Good, "Ok", &text, &next, Voice::Aside.pen()))?;
    } else {
        bundle.write(path, args.overwrite)?;
        let path = path.display().to_string();
        let next = Next::command(place.typed.command("diagnose --bundle {}", &[&path], &[]));
        style::line(secrets)?;
        style::say(&ending(Ink::Good, "Ok", &format!("{held} {path}"), &next, style::pen()))?;
    }
    match unread {
        Some(why) => {
            style::complain(format_args!("what was asked about could not be read, and the bundle says so: {why}"));
            Ok(Exit::Undetermined)
        }
        None if missed.is_empty() => Ok(Exit::Sound),
        None => Ok(Exit::Undetermined),
    }
}

/// Why a workload that was asked about is not in its own evidence.
fn why_unread(e: &Evidence) -> Option<String> {
    match e.target {
        Target::Workload { .. } | Target::ServiceAccount { .. } => {
            let read = e.workload.known().is_some() || e.service_account.known().is_some();
            (!read).then(|| e.workload.gap().unwrap_or_default())
        }
        Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => None,
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
