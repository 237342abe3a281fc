//! Findings as SARIF.

use serde_json::{Map, Value, json};

use crate::audit::Audit;
use crate::finding::{About, Finding};
use crate::rule::Rule;
use crate::sarif::{SarifPlace, SarifResult, SarifRule, SarifTool, sarif};

/// The SARIF document of an audit. A finding that stands in no file, as those of a live account do, is placed in
/// `fallback`: code scanning drops what has no file.
pub fn sarif_of(audit: &Audit, version: &str, fallback: &str) -> Value {
    let tool = SarifTool {
        name: "trustwalk".to_owned(),
        version: version.to_owned(),
        address: None,
        category: "trustwalk-audit".to_owned(),
    };
    let mut rules: Vec<SarifRule> = Vec::new();
    for finding in &audit.findings {
        if !rules.iter().any(|r| r.id == finding.rule.code()) {
            rules.push(rule(finding.rule));
        }
    }
    let results: Vec<SarifResult> = audit.findings.iter().map(|f| result(f, fallback)).collect();
    sarif(&tool, &rules, &results)
}

fn rule(rule: Rule) -> SarifRule {
    SarifRule {
        id: rule.code().to_owned(),
        name: rule.name().to_owned(),
        summary: rule.summary().to_owned(),
        help: None,
        level: rule.level(),
    }
}

fn result(finding: &Finding, fallback: &str) -> SarifResult {
    let place = finding.place.as_ref().map_or_else(
        || SarifPlace { file: fallback.to_owned(), line: Some(1), ..SarifPlace::default() },
        |p| SarifPlace { file: p.file.clone(), line: Some(p.line), ..SarifPlace::default() },
    );
    let (kind, name) = match &finding.about {
        About::Role(arn) => ("role", arn),
        About::Provider(arn) => ("provider", arn),
        About::Account(number) => ("account", number),
    };
    let mut properties = Map::new();
    if let Some(witness) = &finding.witness {
        properties.insert("witness".to_owned(), json!(witness));
    }
    if let Some(document) = &finding.document {
        properties.insert("document".to_owned(), json!(document));
    }
    if let Rule::Own(own) = finding.rule {
        properties.insert("advice".to_owned(), json!(own.advice()));
    }
    SarifResult {
        rule: finding.rule.code().to_owned(),
        level: finding.level,
        message: format!("{kind} {name}: {}", finding.message),
        place: Some(place),
        about: Some(name.clone()),
        related: Vec::new(),
        fingerprint: finding.fingerprint.clone(),
        properties,
    }
}
