//! GitHub's workflows: which jobs assume a role, with which inputs, permissions and triggers (GitHub Docs, "Workflow
//! syntax for GitHub Actions").

mod action;
mod condition;
mod expression;
mod follow;
mod matrix;
mod trigger;

use serde_json::Value;

use crate::{Files, Job};

/// A workflow file.
#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    path: String,
    value: Value,
}

impl Workflow {
    pub(crate) fn new(path: &str, value: Value) -> Self {
        Self { path: path.to_owned(), value }
    }

    /// Its name, without its folder.
    fn file(&self) -> &str {
        crate::value::file_name(&self.path)
    }

    fn jobs(&self) -> impl Iterator<Item = (&String, &Value)> {
        crate::value::members(self.value.get("jobs"))
    }

    /// What starts it: an event's name, with its filters.
    fn events(&self) -> Vec<(&str, &Value)> {
        // YAML 1.1 reads a bare `on` as true.
        let on = self.value.get("on").or_else(|| self.value.get("true")).unwrap_or(&Value::Null);
        match on {
            Value::String(name) => vec![(name, &Value::Null)],
            Value::Array(names) => names.iter().filter_map(|n| Some((n.as_str()?, &Value::Null))).collect(),
            Value::Object(events) => events.iter().map(|(name, filters)| (name.as_str(), filters)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }
}

/// The jobs of the workflows, those of called workflows once for each way they are called.
pub(crate) fn jobs(workflows: &[Workflow], more: &dyn Files, repository: Option<&str>) -> (Vec<Job>, Option<String>) {
    follow::Walk::new(workflows, more, repository).jobs()
}

#[cfg(test)]
mod tests;
