//! IAM: managed policies.

use serde_json::Value;

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::paging::page;
use crate::query::{Parameters, encode};
use crate::validate;

/// Characters of a managed policy, white space not counted (IAM quotas).
const QUOTA: usize = 6144;

/// Operations on managed policies.
pub(crate) fn call(account: &Account, action: &str, form: &Parameters) -> Outcome {
    match action {
        "CreatePolicy" => return create(account, form),
        "ListPolicies" => {
            let own = form.get("Scope") == Some("Local");
            let state = account.state();
            let arns = state.policies.keys().filter(|arn| !own || !arn.contains("::aws:policy/"));
            return page(form, "Policies", arns.map(|arn| (arn.clone(), inside(arn))));
        }
        _ => {}
    }
    let arn = validate::text(form, "PolicyArn", 20, 2048)?.to_owned();
    let missing = || AwsFault::missing(format!("Policy {arn} was not found."));
    let document = account.state().policies.get(&arn).cloned().ok_or_else(missing)?;
    match action {
        "GetPolicy" => Ok(format!("<Policy>{}</Policy>", inside(&arn))),
        "ListPolicyVersions" => page(
            form,
            "Versions",
            [(version(&arn).to_owned(), [tag("VersionId", version(&arn)), tag("IsDefaultVersion", "true")].concat())],
        ),
        "DeletePolicy" => delete(account, &arn),
        _ => {
            let asked = validate::required(form, "VersionId")?;
            if asked != version(&arn) {
                return Err(AwsFault::missing(format!(
                    "Policy {arn} version {asked} does not exist or is not attachable."
                )));
            }
            let all =
                [tag("Document", &encode(&document, false)), tag("VersionId", asked), tag("IsDefaultVersion", "true")];
            Ok(format!("<PolicyVersion>{}</PolicyVersion>", all.concat()))
        }
    }
}

/// The default version: `v5` of the CNI's policy (AWS managed policy reference).
fn version(arn: &str) -> &'static str {
    if arn.ends_with("::aws:policy/AmazonEKS_CNI_Policy") { "v5" } else { "v1" }
}

fn inside(arn: &str) -> String {
    let resource = arn.split_once(":policy").map_or("/", |(_, r)| r);
    let (path, name) = resource.rsplit_once('/').unwrap_or_default();
    [
        tag("PolicyName", name),
        tag("Arn", arn),
        tag("Path", &format!("{path}/")),
        tag("DefaultVersionId", version(arn)),
        tag("IsAttachable", "true"),
    ]
    .concat()
}

fn create(account: &Account, form: &Parameters) -> Outcome {
    let name = validate::text(form, "PolicyName", 1, 128)?;
    if !validate::is_name(name) {
        return Err(AwsFault::validation(
            "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    let document = validate::text(form, "PolicyDocument", 1, 131_072)?;
    check(document)?;
    if document.chars().filter(|c| !c.is_whitespace()).count() > QUOTA {
        return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"));
    }
    let c = &account.config;
    let path = form.get("Path").unwrap_or("/");
    let arn = format!("arn:{}:iam::{}:policy{path}{name}", c.partition, c.account_id);
    let mut state = account.state();
    if state.policies.contains_key(&arn) {
        return Err(AwsFault::new(
            409,
            "EntityAlreadyExists",
            format!("A policy called {name} already exists. Duplicate names are not allowed."),
        ));
    }
    state.policies.insert(arn.clone(), document.to_owned());
    Ok(format!("<Policy>{}</Policy>", inside(&arn)))
}

fn delete(account: &Account, arn: &str) -> Outcome {
    let mut state = account.state();
    if state.roles.values().any(|r| r.attached.iter().any(|a| a == arn)) {
        return Err(AwsFault::new(409, "DeleteConflict", "Cannot delete a policy attached to entities."));
    }
    state.policies.remove(arn);
    Ok(String::new())
}

/// What IAM asks of an identity policy when it is saved.
pub(crate) fn check(document: &str) -> Result<(), AwsFault> {
    let malformed = |text: &str| AwsFault::new(400, "MalformedPolicyDocument", text);
    let value: Value = serde_json::from_str(document).map_err(|_| malformed("Syntax errors in policy."))?;
    let all = crate::policy::statements(&value);
    if all.is_empty() || !all.iter().all(Value::is_object) {
        return Err(malformed("Syntax errors in policy."));
    }
    if all.iter().any(|s| s.get("Principal").is_some() || s.get("NotPrincipal").is_some()) {
        return Err(malformed("Policy document should not specify a principal."));
    }
    if !all.iter().all(|s| s.get("Action").or_else(|| s.get("NotAction")).is_some()) {
        return Err(malformed("Policy statement must contain actions."));
    }
    if !all.iter().all(|s| s.get("Resource").or_else(|| s.get("NotResource")).is_some()) {
        return Err(malformed("Policy statement must contain resources."));
    }
    Ok(())
}
