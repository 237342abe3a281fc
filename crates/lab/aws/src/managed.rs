//! IAM: managed policies.

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::paging::page;
use crate::query::{Parameters, encode};
use crate::state::Role;
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
            "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or \
             the following: +=,.@_-",
        ));
    }
    let document = validate::text(form, "PolicyDocument", 1, 131_072)?;
    crate::save::identity(document)?;
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
    let holds = |r: &Role| r.attached.iter().chain(&r.boundary).any(|a| a == arn);
    if state.roles.values().any(holds) {
        return Err(AwsFault::new(409, "DeleteConflict", "Cannot delete a policy attached to entities."));
    }
    state.policies.remove(arn);
    Ok(String::new())
}
