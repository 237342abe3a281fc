//! `trustwalk explain`: a rule's page, or the list of rules.

use serde_json::json;
use trustwalk_core::docs::rule_page;
use trustwalk_core::rules;

use crate::args::{ExplainArgs, Format};
use crate::exit::{Exit, UsageError};
use crate::style;
use trustwalk_render::{Page, Shown};

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let Some(code) = &args.code else {
        return list(args.output);
    };
    let rule = rules::by_code_or_name(code)
        .ok_or_else(|| UsageError(format!("no rule is called `{code}`; `trustwalk explain` lists them")))?;
    let meta = rule.meta();
    if args.output == Format::Json {
        let page = json!({
            "schema": 1, "code": meta.code, "name": meta.name, "summary": meta.summary, "link": meta.link.name(),
            "severity": meta.severity, "citation": meta.citation, "since": meta.since, "doc": meta.doc,
        });
        style::say(&Shown::json(&page)?)?;
    } else {
        style::say(&Shown::block(&rule_page(meta)))?;
    }
    Ok(Exit::Sound)
}

fn list(format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        let all: Vec<_> = rules::all()
            .iter()
            .map(|r| json!({"schema": 1, "code": r.meta().code, "name": r.meta().name, "link": r.meta().link.name(), "summary": r.meta().summary}))
            .collect();
        style::say(&Shown::json(&all)?)?;
        return Ok(Exit::Sound);
    }
    let mut out = Page::new();
    for rule in rules::all() {
        let meta = rule.meta();
        out.line(format_args!("{}  {:<48} {}", meta.code, meta.name, meta.summary));
    }
    style::say(&out.shown())?;
    Ok(Exit::Sound)
}
