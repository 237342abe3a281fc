//! IAM's simulator: what a principal's policies say of actions that nobody takes (IAM API reference,
//! `SimulatePrincipalPolicy`).

use crate::account::Account;
use crate::language::Keys;
use crate::outcome::{AwsFault, Outcome, members, tag};
use crate::policy::{self, Ruling};
use crate::query::Parameters;
use crate::sigv4::Caller;
use crate::state::Principal;
use crate::validate;

/// The operation.
pub(crate) const OPERATION: &str = "SimulatePrincipalPolicy";

/// Decides for every action and resource that is named, and for all resources where none is.
pub(crate) fn call(account: &Account, caller: &Caller, form: &Parameters) -> Outcome {
    let arn = validate::text(form, "PolicySourceArn", 20, 2048)?;
    let principal =
        principal(account, arn).ok_or_else(|| AwsFault::missing(format!("The principal {arn} cannot be found.")))?;
    let asked =
        Caller { principal, service: caller.service.clone(), key: caller.key.clone(), origin: caller.origin.clone() };
    let context = context(form);
    let actions = form.list("ActionNames").unwrap_or_default();
    let resources = form.list("ResourceArns").unwrap_or_else(|| vec!["*".to_owned()]);
    let results = actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    let results = results.map(|(action, resource)| {
        let decision = match policy::decide(account, &asked, action, resource, &context) {
            Ruling::Allowed => "allowed",
            Ruling::NotAllowed(_) => "implicitDeny",
            Ruling::Denied(_) => "explicitDeny",
        };
        let parts = [tag("EvalActionName", action), tag("EvalResourceName", resource), tag("EvalDecision", decision)];
        parts.concat() + "<MissingContextValues/>"
    });
    Ok(tag("IsTruncated", "false") + &members("EvaluationResults", results))
}

/// Condition keys that the request gives values to (IAM API reference, `ContextEntry`).
fn context(form: &Parameters) -> Keys {
    let names = form.fields("ContextEntries", "ContextKeyName").into_iter().enumerate();
    let values = |at: usize| form.list(&format!("ContextEntries.member.{}.ContextKeyValues", at + 1));
    names.map(|(at, name)| (name.to_ascii_lowercase(), values(at).unwrap_or_default())).collect()
}

/// The user or role of an ARN.
fn principal(account: &Account, arn: &str) -> Option<Principal> {
    let role = arn.split_once(":role/").and_then(|(_, path)| path.rsplit('/').next());
    if let Some(role) = role {
        account.role(role)?;
        return Some(Principal::Session(Box::new(account.session_of(role, "simulated"))));
    }
    let state = account.state();
    let principals: Vec<Principal> = state.keys.values().map(|(_, principal)| principal.clone()).collect();
    drop(state);
    principals.into_iter().find(|p| matches!(p, Principal::User { .. }) && crate::arns::arn(account, p) == arn)
}
