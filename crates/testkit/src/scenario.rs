//! A scenario: patches on healthy evidence, and the root cause expected.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use trustwalk_core::evidence::Evidence;

use crate::base::{NOW, github_job, story};
use crate::certificates::{authority, ending};
use crate::error::ScenarioError;

/// What a scenario expects of its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// It is the root cause, and nothing else is found.
    #[default]
    Violated,
    /// It comes first among several that survive.
    Possible,
    /// It is warned of, and nothing else is found.
    Warning,
    /// Nothing is found.
    Pass,
    /// Nothing is found, and something is missing.
    Undetermined,
}

/// A scenario's file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `story` or `job`.
    pub base: String,
    /// What is expected.
    #[serde(default)]
    pub expect: Expect,
    /// What STS answers, as `Code: message`.
    pub sts: Option<String>,
    /// Who signs the issuer's chain: `private` (the user trusts it), `untrusted`, `wrong-host`; or, known to the
    /// library, `wildcard` (all hosts of the domain) and `ending` (until the first second of 2022-07-20).
    pub chain: Option<String>,
    /// Log lines.
    #[serde(default)]
    pub log: Vec<String>,
    /// JSON pointers and values to set.
    #[serde(default)]
    pub set: Map<String, Value>,
    /// Replacements in the text of the trust policy.
    #[serde(default)]
    pub trust: Vec<(String, String)>,
    /// Parts of the evidence nobody may read.
    #[serde(default)]
    pub denied: Vec<String>,
    /// Parts of the evidence that do not exist.
    #[serde(default)]
    pub absent: Vec<String>,
}

/// Every scenario of the repository, by cause and file.
pub fn scenarios() -> Result<Vec<(String, String, Scenario)>, ScenarioError> {
    let mut out = Vec::new();
    for rule in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/causes"))? {
        let rule = rule?;
        for file in std::fs::read_dir(rule.path())? {
            let path = file?.path();
            if path.extension().is_none_or(|e| e != "toml") {
                continue;
            }
            let scenario = Scenario::parse(&std::fs::read_to_string(&path)?)?;
            let [name, file] = [Some(rule.file_name().as_os_str()), path.file_name()]
                .map(|n| n.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
            out.push((name, file, scenario));
        }
    }
    out.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    Ok(out)
}

impl Scenario {
    /// Reads a scenario.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Ok(toml::from_str(text)?)
    }

    /// The evidence it describes.
    pub fn evidence(&self) -> Result<Evidence, ScenarioError> {
        let mut e = if self.base == "job" { github_job()? } else { story()? };
        if let Some(answer) = &self.sts {
            let (code, message) = answer.split_once(": ").unwrap_or((answer, ""));
            let value = json!({"endpoint": "https://sts.us-west-2.amazonaws.com", "code": code, "message": message,
                "status": 400});
            put(&mut e, "/exchange", json!({"state": "known", "value": value, "source": {"what": "sts", "at": NOW}}))?;
        }
        if let Some(kind) = &self.chain {
            if kind == "private-issuer" {
                put(&mut e, "/chains/0/value/host", json!("issuer.corp.example"))?;
            }
            let host = text(&e, "/chains/0/value/host");
            let ca = match kind.as_str() {
                "wrong-host" => authority("Private", "elsewhere.example")?,
                "wildcard" => authority("Library", &host.replacen(host.split('.').next().unwrap_or(&host), "*", 1))?,
                "ending" => ending("Library", &host)?,
                _ => authority("Private", &host)?,
            };
            put(&mut e, "/chains/0/value/chain", json!(ca.chain))?;
            if matches!(kind.as_str(), "private" | "private-issuer") {
                put(&mut e, "/roots/user", json!([ca.root]))?;
            }
            if matches!(kind.as_str(), "wildcard" | "ending") {
                put(&mut e, "/roots/library", json!([ca.root]))?;
            }
        }
        let mut lines = Vec::new();
        for line in &self.log {
            let failure = trustwalk_symptoms::classify(line).ok_or_else(|| ScenarioError::Line(line.clone()))?;
            lines.push(json!({"origin": "pod log", "count": 1, "sample": line, "failure": failure}));
        }
        if !lines.is_empty() {
            put(&mut e, "/logs", json!({"state": "known", "value": lines, "source": {"what": "logs", "at": NOW}}))?;
        }
        if !self.trust.is_empty() {
            let mut policy = text(&e, "/role/value/trust_policy");
            for (old, new) in &self.trust {
                if !policy.contains(old.as_str()) {
                    return Err(ScenarioError::Place(old.clone()));
                }
                policy = policy.replace(old.as_str(), new);
            }
            put(&mut e, "/role/value/trust_policy", json!(policy))?;
        }
        for (pointer, value) in &self.set {
            put(&mut e, pointer, value.clone())?;
        }
        for part in &self.denied {
            let denied = json!({"state": "denied", "source": {"what": part, "at": NOW},
                "permission": format!("read {part}"), "message": "no"});
            put(&mut e, &format!("/{part}"), if part == "chains" { json!([denied]) } else { denied })?;
        }
        for part in &self.absent {
            put(&mut e, &format!("/{part}"), json!({"state": "absent", "source": {"what": part, "at": NOW}}))?;
        }
        Ok(serde_json::from_value(e)?)
    }
}

fn text(e: &Value, pointer: &str) -> String {
    e.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Sets a value; the place's parent must exist, `-` appends to a list, and null removes.
fn put(e: &mut Value, pointer: &str, value: Value) -> Result<(), ScenarioError> {
    let place = || ScenarioError::Place(pointer.to_owned());
    let (parent, last) = pointer.rsplit_once('/').ok_or_else(place)?;
    let last = last.replace("~1", "/").replace("~0", "~");
    match e.pointer_mut(parent).ok_or_else(place)? {
        Value::Object(map) => {
            map.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => *last.parse::<usize>().ok().and_then(|i| items.get_mut(i)).ok_or_else(place)? = value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(place()),
    }
    Ok(())
}
