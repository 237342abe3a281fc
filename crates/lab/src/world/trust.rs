//! Trust policies in the few shapes the lab needs, editable piece by piece.

use serde_json::{Map, Value, json};

use super::names::{bare, provider_arn};

/// One condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Operator, such as `StringEquals`.
    pub operator: String,
    /// Full key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Who a role trusts: one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// `Federated` or `Service`.
    pub principal_kind: &'static str,
    /// The principal.
    pub principal: String,
    /// The action allowed.
    pub action: String,
    /// Actions allowed besides.
    pub more_actions: Vec<String>,
    /// Conditions, in order.
    pub conditions: Vec<Condition>,
}

impl Trust {
    /// Trust in tokens of `issuer`, by the provider of `account`, for exactly this audience and subject.
    pub fn web_identity(account: &str, issuer: &str, audience: &str, subject: &str) -> Self {
        let condition = |claim: &str, value: &str| Condition {
            operator: "StringEquals".to_owned(),
            key: format!("{}:{claim}", bare(issuer)),
            value: value.to_owned(),
        };
        Self {
            principal_kind: "Federated",
            principal: provider_arn(account, issuer),
            action: "sts:AssumeRoleWithWebIdentity".to_owned(),
            more_actions: Vec::new(),
            conditions: vec![condition("aud", audience), condition("sub", subject)],
        }
    }

    /// Trust in an AWS service.
    pub fn service(name: &str) -> Self {
        Self {
            principal_kind: "Service",
            principal: name.to_owned(),
            action: "sts:AssumeRole".to_owned(),
            more_actions: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Trust in EKS Pod Identity, which tags its sessions (EKS User Guide, "EKS Pod Identity role").
    pub fn pod_identity() -> Self {
        Self { more_actions: vec!["sts:TagSession".to_owned()], ..Self::service("pods.eks.amazonaws.com") }
    }

    fn change(&mut self, claim: &str, edit: impl Fn(&mut Condition)) {
        let ending = format!(":{claim}");
        for condition in self.conditions.iter_mut().filter(|condition| condition.key.ends_with(&ending)) {
            edit(condition);
        }
    }

    /// Another value for the condition on `claim`.
    pub fn value(&mut self, claim: &str, value: &str) {
        self.change(claim, |condition| value.clone_into(&mut condition.value));
    }

    /// Another key in place of the one that ends in `claim`.
    pub fn key(&mut self, claim: &str, key: &str) {
        self.change(claim, |condition| key.clone_into(&mut condition.key));
    }

    /// One more condition.
    pub fn also(&mut self, operator: &str, key: &str, value: &str) {
        self.conditions.push(Condition { operator: operator.to_owned(), key: key.to_owned(), value: value.to_owned() });
    }

    /// The policy document.
    pub fn document(&self) -> Value {
        let mut conditions = Map::new();
        for condition in &self.conditions {
            let group = conditions.entry(condition.operator.clone()).or_insert_with(|| json!({}));
            if let Some(group) = group.as_object_mut() {
                group.insert(condition.key.clone(), json!(condition.value));
            }
        }
        let mut principal = Map::new();
        principal.insert(self.principal_kind.to_owned(), json!(self.principal));
        let action = match self.more_actions.as_slice() {
            [] => json!(self.action),
            more => std::iter::once(&self.action).chain(more).map(|action| json!(action)).collect(),
        };
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": action});
        if !conditions.is_empty()
            && let Some(statement) = statement.as_object_mut()
        {
            statement.insert("Condition".to_owned(), Value::Object(conditions));
        }
        json!({"Version": "2012-10-17", "Statement": [statement]})
    }
}
