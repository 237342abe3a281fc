//! Trust policies from their short forms.

use serde_json::{Map, Value, json};

use super::{Names, WrongScenario, form::TrustForm};
use crate::world::names::{STS_AUDIENCE, bare, provider_arn};

/// The statement that a short form stands for. The role is in this account.
pub(super) fn statement(form: &TrustForm, line: u64, names: &Names, account: &str) -> Result<Value, WrongScenario> {
    let forms = [
        form.issuer.is_some(),
        form.role.is_some(),
        form.account.is_some(),
        form.service.is_some(),
        form.statement.is_some(),
    ];
    if forms.iter().filter(|there| **there).count() != 1 {
        let all = "`issuer`, `role`, `account`, `service` and `statement`";
        return Err(WrongScenario::new(line, "a statement of trust has one principal")
            .with(format!("write exactly one of {all}")));
    }
    let beside = form.service_account.is_some() || form.subject.is_some() || form.audience.is_some();
    if beside && form.issuer.is_none() {
        return Err(WrongScenario::new(line, "`service-account`, `subject` and `audience` are of a token")
            .with("name its `issuer` beside them"));
    }
    if let Some(issuer) = &form.issuer {
        return web_identity(form, line, &names.issuer(issuer)?, account);
    }
    if let Some(statement) = &form.statement {
        return Ok(statement.clone());
    }
    let principal = if let Some(role) = &form.role {
        json!({"AWS": names.role_arn(role, account)?})
    } else if let Some(other) = &form.account {
        json!({"AWS": format!("arn:aws:iam::{}:root", names.account(other)?)})
    } else {
        json!({"Service": form.service})
    };
    Ok(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}))
}

fn web_identity(form: &TrustForm, line: u64, issuer: &str, account: &str) -> Result<Value, WrongScenario> {
    let subject = match (&form.service_account, &form.subject) {
        (Some(place), None) => {
            let (namespace, name) = place.split_once('/').ok_or_else(|| {
                WrongScenario::new(line, format!("`{place}` names no service account")).with("write `NAMESPACE/NAME`")
            })?;
            Some(format!("system:serviceaccount:{namespace}:{name}"))
        }
        (None, subject) => subject.clone(),
        (Some(_), Some(_)) => {
            return Err(WrongScenario::new(line, "`service-account` is a `subject`").with("write one of them"));
        }
    };
    let key = |claim: &str| format!("{}:{claim}", bare(issuer));
    let audience = form.audience.as_deref().unwrap_or(STS_AUDIENCE);
    let mut equals = Map::from_iter([(key("aud"), json!(audience))]);
    let mut patterns = Map::new();
    if let Some(subject) = subject {
        let place = if subject.contains(['*', '?']) { &mut patterns } else { &mut equals };
        place.insert(key("sub"), json!(subject));
    }
    let mut conditions = Map::from_iter([("StringEquals".to_owned(), Value::Object(equals))]);
    if !patterns.is_empty() {
        conditions.insert("StringLike".to_owned(), Value::Object(patterns));
    }
    Ok(json!({
        "Effect": "Allow", "Principal": {"Federated": provider_arn(account, issuer)},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": conditions,
    }))
}
