//! `trustwalk diagnose`: evidence, live or from a bundle, to a report.

use trustwalk_collect::{Ask, Bundle, World, collect};
use trustwalk_core::diagnosis::{Diagnosis, LinkState, diagnose};
use trustwalk_core::evidence::{Evidence, Observed, Target};

use crate::args::{DiagnoseArgs, PlaceArgs, ReportFormat, TargetArgs};
use crate::exit::{Exit, UsageError};
use crate::render;
use crate::style::{self, Pen};

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &DiagnoseArgs) -> anyhow::Result<Exit> {
    let evidence = if let Some(path) = &args.bundle {
        Bundle::read(path)?.evidence
    } else {
        let (world, ask) = world(place, &args.target).await?;
        let evidence = collect(&world, &ask).await?;
        tell_missing(&evidence);
        evidence
    };
    let diagnoses: Vec<Diagnosis> = evidence.iter().map(diagnose).collect();
    show(&diagnoses, args.output, args.verbose)?;
    Ok(exit_of(&diagnoses))
}

/// Reads configuration, and what was asked in its light.
pub(crate) async fn world(place: &PlaceArgs, target: &TargetArgs) -> anyhow::Result<(World, Ask)> {
    if let Some(url) = &target.issuer {
        a_url(url)?;
    }
    let world = World::new(place.walk_options(Some(target))).await?;
    let namespace = world.kube.as_ref().map_or("default", |k| k.namespace.as_str());
    let ask = target.ask(namespace)?;
    Ok((world, ask))
}

/// Refuses what no issuer could be, before anything is asked of anybody.
fn a_url(text: &str) -> Result<(), UsageError> {
    let rest = text.split_once("://").map_or(text, |(scheme, rest)| if scheme == "https" { rest } else { "" });
    let host = rest.split('/').next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if host.is_empty() || !host.chars().all(fits) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let text = style::harmless(text);
        return Err(UsageError(format!("`{text}` is not an issuer's URL: write --issuer https://HOST/PATH")));
    }
    Ok(())
}

/// Says first that what was asked about does not exist: a mistyped name explains every gap that follows.
pub(crate) fn tell_missing(evidence: &[Evidence]) {
    for one in evidence {
        let (gone, what) = match &one.target {
            Target::Workload { resource, namespace, name } => {
                (matches!(one.workload, Observed::Absent { .. }), (resource.to_ascii_lowercase(), namespace, name))
            }
            Target::ServiceAccount { namespace, name } => {
                (matches!(one.service_account, Observed::Absent { .. }), ("serviceaccount".to_owned(), namespace, name))
            }
            Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. } | Target::Log { .. } => continue,
        };
        if gone {
            let (kind, namespace, name) = what;
            style::complain(&format!(
                "{kind}/{name} does not exist in namespace {namespace}; `kubectl get {kind} -A` lists those that do, and --context and -n choose where to look"
            ));
        }
    }
}

/// Writes diagnoses in the format asked for.
fn show(diagnoses: &[Diagnosis], format: ReportFormat, verbose: bool) -> anyhow::Result<()> {
    match format {
        ReportFormat::Json => style::say(&serde_json::to_string_pretty(diagnoses)?)?,
        ReportFormat::Short => style::say(&diagnoses.iter().map(render::short).collect::<String>())?,
        ReportFormat::Human => {
            let pen = Pen::stdout();
            if diagnoses.is_empty() {
                style::say("No workload of this cluster uses web identity.")?;
            }
            let text: Vec<String> = diagnoses.iter().map(|d| render::human(d, pen, verbose)).collect();
            style::say(&text.join("\n"))?;
        }
    }
    Ok(())
}

/// The exit code of several diagnoses is that of the worst.
pub(crate) fn exit_of(diagnoses: &[Diagnosis]) -> Exit {
    diagnoses.iter().map(exit_of_one).max().unwrap_or(Exit::Sound)
}

fn exit_of_one(d: &Diagnosis) -> Exit {
    let broken = d.root_cause.is_some()
        || !d.also.is_empty()
        || d.links.iter().any(|l| matches!(l.state, LinkState::Violated | LinkState::Consequence));
    let open = !d.undetermined.is_empty() || d.links.iter().any(|l| l.state == LinkState::Undetermined);
    if broken {
        Exit::Findings
    } else if open {
        Exit::Undetermined
    } else {
        Exit::Sound
    }
}
