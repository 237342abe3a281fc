//! `trustwalk explain`: a cause's page, or the list of causes.

use serde_json::json;
use trustwalk_core::cause::{Cause, page};

use crate::args::{ExplainArgs, Format};
use crate::exit::{Exit, UsageError};
use crate::style;
use trustwalk_render::{Page, Shown};

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let Some(code) = &args.code else {
        return list(args.output);
    };
    let cause = Cause::find(code)
        .ok_or_else(|| UsageError(format!("no cause is called `{code}`; `trustwalk explain` lists them")))?;
    let meta = cause.meta();
    if args.output == Format::Json {
        let page = json!({
            "schema": 1, "code": meta.code, "name": cause.name(), "summary": meta.summary, "link": meta.link.name(),
            "severity": meta.severity, "citation": meta.sources.first(),
            "sources": meta.sources, "says": meta.says, "since": meta.since, "doc": meta.doc,
        });
        style::say(&Shown::json(&page)?)?;
    } else {
        style::say(&Shown::block(&page(cause)))?;
    }
    Ok(Exit::Sound)
}

fn list(format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        let listed = |c: &Cause| json!({"schema": 1, "code": c.code(), "name": c.name(), "link": c.link().name(), "summary": c.meta().summary});
        let all: Vec<_> = Cause::ALL.iter().map(listed).collect();
        style::say(&Shown::json(&all)?)?;
        return Ok(Exit::Sound);
    }
    let mut out = Page::new();
    for cause in Cause::ALL {
        out.line(format_args!("{}  {:<48} {}", cause.code(), cause.name(), cause.meta().summary));
    }
    style::say(&out.shown())?;
    Ok(Exit::Sound)
}
