//! SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), as far as code scanning reads it: rules, results,
//! places, fingerprints.
//!
//! Nothing here knows what was looked at. Limits are GitHub's, which drops a file that is over them (GitHub Docs,
//! "SARIF support for code scanning"). What is suppressed is left out by the caller.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Results of one run: GitHub refuses a file with more, and keeps the worst 5,000 of them (GitHub Docs, "SARIF results
/// exceed one or more limits").
pub const MAX_RESULTS: usize = 25_000;
/// Bytes of all results together, laid out tight. GitHub refuses a file of more than 10 MB when it is compressed
/// (GitHub Docs, "SARIF file too large"), which so many are not by whatever compression, with room for the rest of it.
pub const MAX_RESULTS_BYTES: usize = 9_000_000;
/// Places beside the first of one result: GitHub takes 1,000 locations of a result and shows 100.
pub const MAX_RELATED: usize = 100;
/// Characters of one message: GitHub shows some thousand, and a file has 10 MB at most.
pub const MAX_MESSAGE: usize = 2_000;

/// How bad a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Wrong, and works.
    Warning,
    /// Wrong.
    Error,
}

impl Level {
    /// Its word in SARIF.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The number by which GitHub orders alerts of security (GitHub Docs, `security-severity`).
    const fn score(self) -> &'static str {
        match self {
            Self::Note => "2.0",
            Self::Warning => "5.0",
            Self::Error => "8.0",
        }
    }
}

/// A rule that results are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SarifRule {
    /// Its code, which never changes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says, in one sentence without a full stop.
    pub summary: String,
    /// The address of its page; none where there is no page.
    pub help: Option<String>,
    /// How bad its results are if they do not say.
    pub level: Level,
}

/// A place in a file. Lines and columns are counted from 1, columns in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SarifPlace {
    /// The file, relative to where the run began, with `/` between folders.
    pub file: String,
    /// The line; none where only the file is known.
    pub line: Option<u64>,
    /// The column.
    pub column: Option<u64>,
    /// The last line.
    pub end_line: Option<u64>,
    /// The column after the last character.
    pub end_column: Option<u64>,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SarifResult {
    /// The rule's code.
    pub rule: String,
    /// How bad it is.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// Where; none where it is in no file.
    pub place: Option<SarifPlace>,
    /// What it is about, where that is no file: the ARN of a role.
    pub about: Option<String>,
    /// Other places, each with what is there.
    pub related: Vec<(SarifPlace, String)>,
    /// What stays the same while the result does, whatever else in the file changes.
    pub fingerprint: String,
    /// Further members for programs.
    pub properties: Map<String, Value>,
}

/// Who found the results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SarifTool {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its page.
    pub address: Option<String>,
    /// Which of its runs: results of one kind replace those of the same kind (`automationDetails.id`).
    pub category: String,
}

/// One document: rules are those that results name, in order of their codes, each once. Of more results than GitHub
/// takes, by number or by size, the worst are there, and a notification says how many are not.
pub fn sarif(tool: &SarifTool, rules: &[SarifRule], results: &[SarifResult]) -> Value {
    let chosen = chosen(results);
    let named = |id: &str| chosen.iter().any(|result| result.rule == id);
    let used: BTreeMap<&str, &SarifRule> = rules.iter().filter(|r| named(&r.id)).map(|r| (r.id.as_str(), r)).collect();
    let index = |id: &str| used.keys().position(|k| *k == id);
    let described: Vec<Value> = used.values().map(|r| rule(r)).collect();
    let left = results.len().saturating_sub(chosen.len());
    let results_json: Vec<Value> = chosen.iter().map(|r| result(r, index(&r.rule))).collect();
    let mut driver = json!({
        "name": tool.name,
        "semanticVersion": tool.version,
        "rules": described,
    });
    put(&mut driver, "informationUri", tool.address.as_ref().map(|a| json!(a)));
    let mut invocation = json!({"executionSuccessful": true});
    if left > 0 {
        let text = format!(
            "{left} more results are not here, none of them worse than those that are: code scanning takes no more \
             than {MAX_RESULTS} results and 10 MB"
        );
        let told = json!([{"level": "warning", "message": {"text": text}}]);
        put(&mut invocation, "toolExecutionNotifications", Some(told));
    }
    let category = [tool.category.as_str(), "/"].concat();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "automationDetails": {"id": category},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results_json,
        }],
    })
}

/// The worst results that fit, in the order in which they were given.
fn chosen(results: &[SarifResult]) -> Vec<&SarifResult> {
    let mut worst: Vec<(usize, &SarifResult)> = results.iter().enumerate().collect();
    worst.sort_by_key(|(_, result)| std::cmp::Reverse(result.level));
    worst.truncate(MAX_RESULTS);
    let mut room = MAX_RESULTS_BYTES;
    let fits = worst.iter().take_while(|(_, one)| {
        let left = room.checked_sub(size(&result(one, None)));
        room = left.unwrap_or_default();
        left.is_some()
    });
    let fitting = fits.count();
    worst.truncate(fitting);
    worst.sort_unstable_by_key(|(position, _)| *position);
    worst.into_iter().map(|(_, result)| result).collect()
}

/// Bytes of a value, laid out tight.
fn size(value: &Value) -> usize {
    struct Counted(usize);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    // What cannot be written is larger than what fits.
    serde_json::to_writer(&mut counted, value).map_or(usize::MAX, |()| counted.0)
}

fn rule(rule: &SarifRule) -> Value {
    let mut out = json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": sentence(&rule.summary)},
        "defaultConfiguration": {"level": rule.level.name()},
        "properties": {"tags": ["security"], "security-severity": rule.level.score()},
    });
    put(&mut out, "helpUri", rule.help.as_ref().map(|h| json!(h)));
    out
}

fn result(result: &SarifResult, index: Option<usize>) -> Value {
    let mut out = json!({
        "ruleId": result.rule,
        "level": result.level.name(),
        "message": {"text": bounded(&sentence(&result.message))},
        "partialFingerprints": {"trustwalk/v1": result.fingerprint},
    });
    put(&mut out, "ruleIndex", index.map(|i| json!(i)));
    if result.place.is_some() || result.about.is_some() {
        let mut location = json!({});
        put(&mut location, "physicalLocation", result.place.as_ref().map(physical));
        let logical = result.about.as_ref().map(|about| json!([{"fullyQualifiedName": about, "kind": "resource"}]));
        put(&mut location, "logicalLocations", logical);
        put(&mut out, "locations", Some(json!([location])));
    }
    let related: Vec<Value> = result
        .related
        .iter()
        .take(MAX_RELATED)
        .enumerate()
        .map(|(id, (place, text))| {
            json!({"id": id, "physicalLocation": physical(place), "message": {"text": bounded(text)}})
        })
        .collect();
    put(&mut out, "relatedLocations", (!related.is_empty()).then(|| json!(related)));
    put(&mut out, "properties", (!result.properties.is_empty()).then(|| json!(result.properties)));
    out
}

fn physical(place: &SarifPlace) -> Value {
    let mut out = json!({"artifactLocation": {"uri": uri(&place.file)}});
    if let Some(line) = place.line {
        let mut region = json!({"startLine": line.max(1)});
        put(&mut region, "startColumn", place.column.map(|c| json!(c.max(1))));
        put(&mut region, "endLine", place.end_line.map(|l| json!(l.max(line))));
        put(&mut region, "endColumn", place.end_column.map(|c| json!(c.max(1))));
        put(&mut out, "region", Some(region));
    }
    out
}

fn put(object: &mut Value, member: &str, value: Option<Value>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(member.to_owned(), value);
    }
}

/// A message ends as a sentence does.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { [text, "."].concat() }
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((cut, _)) => [text.get(..cut).unwrap_or_default(), "\u{2026}"].concat(),
        None => text.to_owned(),
    }
}

/// A relative reference (RFC 3986): what no segment of a path takes is encoded, and no first segment looks like a
/// scheme.
fn uri(file: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let mut out = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(place: Option<SarifPlace>) -> SarifResult {
        SarifResult {
            rule: "TA001".to_owned(),
            level: Level::Error,
            message: "admits others".to_owned(),
            place,
            about: Some("arn:aws:iam::111122223333:role/a".to_owned()),
            related: Vec::new(),
            fingerprint: "f".to_owned(),
            properties: Map::new(),
        }
    }

    fn tool() -> SarifTool {
        let (name, version) = ("trustwalk".to_owned(), "0.1.0".to_owned());
        SarifTool { name, version, address: None, category: "trustwalk-audit".to_owned() }
    }

    fn rules() -> Vec<SarifRule> {
        ["TA001", "TA002"]
            .map(|id| SarifRule {
                id: id.to_owned(),
                name: "any".to_owned(),
                summary: "it is wide".to_owned(),
                help: None,
                level: Level::Error,
            })
            .to_vec()
    }

    #[test]
    fn rules_are_those_that_results_name() {
        let document = sarif(&tool(), &rules(), &[one(None)]);
        let run = &document["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
        assert_eq!(run["results"][0]["ruleIndex"], 0);
        assert_eq!(run["results"][0]["message"]["text"], "admits others.");
        assert_eq!(run["results"][0]["partialFingerprints"]["trustwalk/v1"], "f");
    }

    #[test]
    fn a_place_is_a_relative_reference() {
        let place = SarifPlace {
            file: "./a b/c:d\u{e9}.json".to_owned(),
            line: Some(0),
            column: Some(3),
            end_line: None,
            end_column: None,
        };
        let document = sarif(&tool(), &rules(), &[one(Some(place))]);
        let physical = &document["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "a%20b/c%3Ad%C3%A9.json");
        assert_eq!(physical["region"], json!({"startLine": 1, "startColumn": 3}));
    }

    fn told(run: &Value) -> &str {
        run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap_or_default()
    }

    #[test]
    fn what_is_over_the_number_is_left_out_and_told() {
        let mut many = vec![one(None); MAX_RESULTS + 2];
        many[0].message = "x".repeat(MAX_MESSAGE + 5);
        let document = sarif(&tool(), &rules(), &many);
        let run = &document["runs"][0];
        assert_eq!(run["results"].as_array().map(Vec::len), Some(MAX_RESULTS));
        assert!(told(run).starts_with("2 more results"), "{}", told(run));
        assert_eq!(run["results"][0]["message"]["text"].as_str().map(|t| t.chars().count()), Some(MAX_MESSAGE + 1));
    }

    #[test]
    fn of_what_is_over_the_size_the_worst_is_kept() {
        let mut many = vec![one(None); 8_000];
        for (number, result) in many.iter_mut().enumerate() {
            result.message = "y".repeat(MAX_MESSAGE);
            result.level = if number % 4 == 3 { Level::Error } else { Level::Note };
            result.fingerprint = format!("{number:05}");
        }
        let document = sarif(&tool(), &rules(), &many);
        let run = &document["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert!(size(&run["results"]) <= MAX_RESULTS_BYTES + results.len() * 32, "{}", size(&run["results"]));
        assert_eq!(results.iter().filter(|r| r["level"] == "error").count(), 2_000, "each of the worst is there");
        assert!(results.len() > 3_000 && told(run).starts_with(&format!("{} more", 8_000 - results.len())));
        let prints: Vec<&str> =
            results.iter().filter_map(|r| r["partialFingerprints"]["trustwalk/v1"].as_str()).collect();
        assert!(prints.is_sorted(), "the order stays");
    }
}
