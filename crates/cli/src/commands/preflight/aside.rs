//! What somebody set aside: by a comment beside the line, in `trustwalk.toml`, or by a baseline. A reason is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use trustwalk_core::evidence::{Fit, Template};
use trustwalk_preflight::{Found, Note, Report, Standing, Suppressed};

use super::files::Checkout;

/// The file at the root of a checkout.
const FILE: &str = "trustwalk.toml";

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Findings to set aside.
    #[serde(default)]
    ignore: Vec<Ignore>,
    /// Roles that another checkout declares.
    #[serde(default)]
    elsewhere: Vec<Elsewhere>,
    /// What secrets and variables of CI hold.
    #[serde(default)]
    value: Vec<Given>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    /// As a file of CI has it: `secrets.ROLE_ARN`, `vars.ROLE_ARN`, `DEPLOY_ROLE`.
    name: String,
    /// The ARN of a role, or a part of it.
    is: String,
}

/// What secrets and variables of CI hold, as `trustwalk.toml` tells it.
pub(super) fn values(checkout: &Checkout) -> anyhow::Result<BTreeMap<String, String>> {
    Ok(settings(checkout)?.value.into_iter().map(|given| (given.name, given.is)).collect())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignore {
    code: String,
    /// Which files, `*` for any letters; all where it is not given.
    path: Option<String>,
    reason: String,
}

impl Ignore {
    /// Whether it is about a finding.
    fn takes(&self, found: &Found) -> bool {
        is(found, &self.code) && self.path.as_deref().is_none_or(|path| fits(path, &found.at.file))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    role: String,
    reason: String,
}

/// Sets aside what is to be. Where the whole checkout was read, what is set aside and not there any more is told.
pub(super) fn apply(
    checkout: &Checkout,
    baseline: Option<&Path>,
    whole: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let settings = settings(checkout)?;
    let known = baseline.map(fingerprints).transpose()?.unwrap_or_default();
    if whole {
        stale(&settings, &known, report);
    }
    let mut kept = Vec::new();
    for found in std::mem::take(&mut report.findings) {
        let by = by_comment(checkout, &found, &mut report.notes)
            .map(|reason| (reason, "a comment".to_owned()))
            .or_else(|| by_settings(&settings, &found).map(|reason| (reason, FILE.to_owned())))
            .or_else(|| {
                let was = "it was found before".to_owned();
                known.contains(&found.fingerprint).then(|| (was, "the baseline".to_owned()))
            });
        match by {
            Some((reason, by)) => {
                let code = found.finding.code().to_owned();
                report.suppressed.push(Suppressed { code, at: found.at.clone(), reason, by });
            }
            None => kept.push(found),
        }
    }
    report.findings = kept;
    told_elsewhere(&settings, report);
    report.finish();
    Ok(())
}

/// What is set aside and was not found.
fn stale(settings: &Settings, known: &BTreeSet<String>, report: &mut Report) {
    let unused = settings.ignore.iter().filter(|ignore| !report.findings.iter().any(|found| ignore.takes(found)));
    let mut told: Vec<String> = unused
        .map(|Ignore { code, path, reason }| {
            let path = path.as_ref().map(|path| format!(" in `{path}`")).unwrap_or_default();
            format!("`{FILE}` sets {code}{path} aside ({reason}), and there is none: take the entry out")
        })
        .collect();
    let found: BTreeSet<&String> = report.findings.iter().map(|found| &found.fingerprint).collect();
    let gone = known.iter().filter(|fingerprint| !found.contains(fingerprint)).count();
    if gone > 0 {
        let are = if gone == 1 { "1 finding is" } else { &format!("{gone} findings are") };
        told.push(format!("{are} in the baseline and not there any more: write it anew with -o json"));
    }
    report.notes.extend(told.into_iter().map(|text| Note { text, identity: None, at: None, when: None }));
}

fn settings(checkout: &Checkout) -> anyhow::Result<Settings> {
    let Some(text) = checkout.text(FILE) else { return Ok(Settings::default()) };
    let settings: Settings = toml::from_str(&text).map_err(|error| {
        // The reader's own text has the line with an arrow under it: what is wrong is one line of it.
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let at = line.map_or_else(String::new, |line| format!(", line {line}"));
        let what = error.message().lines().next().unwrap_or("it is no TOML");
        anyhow::anyhow!("`{FILE}`{at}: {what}")
    })?;
    let reasons = settings.ignore.iter().map(|i| &i.reason).chain(settings.elsewhere.iter().map(|e| &e.reason));
    if reasons.into_iter().any(|reason| reason.trim().is_empty()) {
        anyhow::bail!("`{FILE}` sets something aside without a reason");
    }
    Ok(settings)
}

/// The fingerprints of an earlier report.
fn fingerprints(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    let bytes = trustwalk_collect::read_bounded(path)?;
    let report: Value =
        serde_json::from_slice(&bytes).with_context(|| format!("`{}` is no report of -o json", path.display()))?;
    let findings = report.get("findings").and_then(Value::as_array);
    let findings = findings.with_context(|| format!("`{}` is no report of -o json", path.display()))?;
    Ok(findings.iter().filter_map(|f| f.get("fingerprint")?.as_str()).map(str::to_owned).collect())
}

fn fits(pattern: &str, text: &str) -> bool {
    Template::from(text).like(pattern) == Fit::Admits
}

fn is(found: &Found, code: &str) -> bool {
    found.finding.code().eq_ignore_ascii_case(code.trim()) || found.finding.name() == code.trim()
}

fn by_settings(settings: &Settings, found: &Found) -> Option<String> {
    settings.ignore.iter().find(|ignore| ignore.takes(found)).map(|ignore| ignore.reason.clone())
}

/// `# trustwalk: ignore[TW005] reason`, in the line or the one above it.
fn by_comment(checkout: &Checkout, found: &Found, notes: &mut Vec<Note>) -> Option<String> {
    let text = checkout.text(&found.at.file)?;
    let number = found.at.line as usize;
    let near = [number.checked_sub(1), number.checked_sub(2)];
    let comments = near.into_iter().flatten().filter_map(|n| comment(text.lines().nth(n)?));
    for (codes, reason) in comments {
        if !codes.split(',').any(|code| is(found, code)) {
            continue;
        }
        if !reason.is_empty() {
            return Some(reason.to_owned());
        }
        let text = format!("`trustwalk: ignore[{codes}]` has no reason, and counts for nothing without one");
        notes.push(Note { text, identity: None, at: Some(found.at.clone()), when: None });
    }
    None
}

/// Codes and reason of a comment.
fn comment(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("trustwalk:")?;
    let (codes, reason) = rest.trim_start().strip_prefix("ignore[")?.split_once(']')?;
    Some((codes, reason.trim().trim_end_matches("-->").trim_end_matches("*/").trim()))
}

/// Roles of which somebody says that they are declared elsewhere are no gap.
fn told_elsewhere(settings: &Settings, report: &mut Report) {
    for identity in report.identities.iter().filter(|i| i.standing == Standing::Elsewhere) {
        let Some(role) = &identity.role else { continue };
        let Some(own) = settings.elsewhere.iter().find(|e| fits(&e.role, role)) else { continue };
        report.undetermined.retain(|note| note.identity.as_ref() != Some(&identity.who));
        let text = format!("{}: the role {role} is declared elsewhere: {}", identity.who, own.reason);
        report.notes.push(Note { text, identity: None, at: Some(identity.at.clone()), when: None });
    }
}

#[cfg(test)]
mod tests {
    use super::comment;

    #[test]
    fn a_comment_names_codes_and_a_reason() {
        assert_eq!(comment("a: b # trustwalk: ignore[TW005] old role"), Some(("TW005", "old role")));
        assert_eq!(comment("// trustwalk: ignore[TW005,TW017]   x */"), Some(("TW005,TW017", "x")));
        assert_eq!(comment("# trustwalk: ignore[TW005]"), Some(("TW005", "")));
        assert_eq!(comment("# trustwalk ignore TW005"), None);
    }
}
