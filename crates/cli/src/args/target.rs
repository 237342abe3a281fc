//! From the words of a command line to what is asked.

use trustwalk_collect::{Ask, Choice, CollectError, Words, parse_targets};

use super::common::TargetArgs;
use crate::exit::UsageError;

/// Standard input, in a target's place.
const PIPED: &str = "-";

impl TargetArgs {
    /// The same with standard input as a log, where a target says so.
    pub(crate) fn settled(mut self) -> Result<Self, UsageError> {
        if !self.target.iter().any(|word| word == PIPED) {
            return Ok(self);
        }
        if self.target.len() > 1 || self.log.iter().any(|log| log == PIPED) {
            let words = "`-` reads a log or a message from standard input, and stands alone";
            return Err(UsageError(words.to_owned()));
        }
        self.target.clear();
        self.log.insert(0, PIPED.to_owned());
        Ok(self)
    }

    /// What was asked, given the context's namespace.
    pub(crate) fn ask(&self, default_namespace: &str) -> Result<Ask, CollectError> {
        let namespace = self.namespace.as_deref().unwrap_or(default_namespace);
        match parse_targets(&self.target, namespace)? {
            Words::Objects(objects) => return Ok(self.of_objects(objects)),
            Words::Kinds(kinds) => {
                let namespace = (!self.all_namespaces).then(|| namespace.to_owned());
                return Ok(match &self.selector {
                    None => Ask::Everything { namespace, kinds },
                    Some(_) => Ask::Chosen(Choice { kinds, namespace, ..self.choice() }),
                });
            }
            // `-A` looks for it everywhere, but not where its namespace stands before it.
            Words::Named { name, namespace } => {
                let everywhere = self.all_namespaces && self.target.iter().all(|word| !word.contains('/'));
                let namespace = (!everywhere).then_some(namespace);
                return Ok(Ask::Chosen(Choice { names: vec![name], namespace, ..self.choice() }));
            }
            Words::None => {}
        }
        if let Some(dir) = &self.job {
            return Ok(Ask::Job { path: dir.clone(), subject: self.subject.clone() });
        }
        if let Some(arn) = &self.role {
            return Ok(Ask::Role { arn: arn.clone(), subject: self.subject.clone() });
        }
        if let Some(url) = &self.issuer {
            return Ok(Ask::Issuer(url.clone()));
        }
        if !self.log.is_empty() {
            return Ok(Ask::Logs);
        }
        if self.selector.is_some() {
            return Ok(Ask::Chosen(self.choice()));
        }
        Ok(Ask::Everything { namespace: self.namespace.clone(), kinds: Vec::new() })
    }

    /// Objects that are named; with `-A` wherever they are.
    fn of_objects(&self, mut objects: Vec<trustwalk_collect::kube_api::WorkloadRef>) -> Ask {
        if self.all_namespaces {
            let mut choice = Choice { selector: self.selector.clone(), ..Choice::default() };
            for object in objects {
                if !choice.kinds.contains(&object.resource) {
                    choice.kinds.push(object.resource);
                }
                if !choice.names.contains(&object.name) {
                    choice.names.push(object.name);
                }
            }
            return Ask::Chosen(choice);
        }
        match (objects.len(), objects.pop()) {
            (1, Some(one)) => Ask::Workload(one),
            (_, last) => {
                objects.extend(last);
                Ask::Several(objects)
            }
        }
    }

    fn choice(&self) -> Choice {
        Choice { selector: self.selector.clone(), namespace: self.namespace.clone(), ..Choice::default() }
    }
}
