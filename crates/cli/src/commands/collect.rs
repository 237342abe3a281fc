//! `trustwalk collect`: evidence into a bundle.

use serde_json::json;
use trustwalk_collect::{Bundle, collect};

use super::diagnose::{tell_missing, world};
use crate::args::{CollectArgs, Format, PlaceArgs};
use crate::exit::Exit;
use crate::style;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &CollectArgs, format: Format) -> anyhow::Result<Exit> {
    let (world, ask) = world(place, &args.target).await?;
    let evidence = collect(&world, &ask).await?;
    tell_missing(&evidence);
    let bundle = Bundle::new(evidence);
    let count = bundle.evidence.len();
    let path = args.file.clone();
    bundle.write(&path)?;
    if format == Format::Json {
        style::say(&json!({"bundle": path.display().to_string(), "identities": count}).to_string())?;
    } else {
        style::say(&format!(
            "Evidence of {count} identities is in {path}. It holds no token, key or credential.\nRead it anywhere with: trustwalk diagnose --bundle {path}",
            path = path.display()
        ))?;
    }
    Ok(Exit::Sound)
}
