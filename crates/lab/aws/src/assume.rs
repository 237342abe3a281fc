//! STS' signed operations: who is calling, and one role taken through another identity.

use crate::account::Account;
use crate::iam::unknown;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::policy::{Ruling, decide};
use crate::query::Parameters;
use crate::requests::keys_of;
use crate::sigv4::Caller;
use crate::state::{Principal, Touched};
use crate::sts::{assumed_xml, credentials_xml, role_of, shape};
use crate::trust::{Admission, admits_caller};
use crate::{trail, validate};

/// Longest session of a role taken by a role's session, seconds (STS API reference, `AssumeRole`).
const CHAINED: i64 = 3600;

/// Signed operations.
pub(crate) fn call(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> Outcome {
    match action {
        "GetCallerIdentity" => Ok(identity(account, caller)),
        "AssumeRole" => assume(account, caller, form),
        other => Err(unknown(other, form)),
    }
}

fn identity(account: &Account, caller: &Caller) -> String {
    let arn = crate::arns::arn(account, &caller.principal);
    let id = match &caller.principal {
        Principal::User { name, .. } => crate::callers::role_id(name).replace("AROA", "AIDA"),
        Principal::Session { role, session, .. } => format!("{}:{session}", crate::callers::role_id(role)),
    };
    [tag("Arn", &arn), tag("UserId", &id), tag("Account", &account.config.account_id)].concat()
}

/// Within one account a trust policy that names the caller is enough; one that names the account,
/// or any across accounts, needs the caller's own policies too (IAM User Guide, "Policy evaluation
/// logic" and "Cross-account policy evaluation logic").
fn assume(account: &Account, caller: &Caller, form: &Parameters) -> Outcome {
    shape(form)?;
    let (arn, session) = (form.text("RoleArn"), form.text("RoleSessionName"));
    let asked = validate::number(form, "DurationSeconds", 900, 43_200)?;
    let own = decide(account, caller, "sts:AssumeRole", &arn);
    let owner = account.owner_of(&arn);
    let role = owner.as_ref().and_then(|o| role_of(o, &arn));
    let admission = role.as_ref().map_or(Admission::No, |r| {
        let mut keys = keys_of(account, caller);
        keys.insert("sts:rolesessionname".to_owned(), vec![session.clone()]);
        keys.extend(form.get("ExternalId").map(|id| ("sts:externalid".to_owned(), vec![id.to_owned()])));
        admits_caller(&r.trust_policy, &known_as(account, &caller.principal), &account.config.account_id, &keys)
    });
    let same = owner.as_ref().is_some_and(|o| o.config.account_id == account.config.account_id);
    let may = match admission {
        Admission::No => false,
        Admission::ByName if same => !matches!(own, Ruling::Denied(_)),
        Admission::ByName | Admission::ByAccount => own == Ruling::Allowed,
    };
    let (Some(owner), Some(role), true) = (owner, role, may) else {
        let who = crate::arns::arn(account, &caller.principal);
        let text = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        let fault = AwsFault::new(403, "AccessDenied", text);
        record(account, caller, form, &arn, Some(&fault));
        return Err(fault);
    };
    let chained = matches!(caller.principal, Principal::Session { .. });
    let seconds = asked.unwrap_or(CHAINED);
    if chained && seconds > CHAINED {
        return Err(AwsFault::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > role.max_session {
        return Err(AwsFault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let credentials = owner.session_for(&role.name, &session, seconds);
    record(account, caller, form, &arn, None);
    Ok([credentials_xml(&credentials), assumed_xml(&owner, &role, &session)].concat())
}

/// The trail of the caller's account; that of the role's account, where it is another, holds nothing of it here.
fn record(account: &Account, caller: &Caller, form: &Parameters, arn: &str, fault: Option<&AwsFault>) {
    let about = vec![Touched { kind: "AWS::IAM::Role", name: arn.to_owned() }];
    trail::called(account, caller, ("sts.amazonaws.com", "AssumeRole"), about, trail::parameters(form), fault);
}

/// ARNs by which a trust policy may name a caller: a session by itself or by its role.
fn known_as(account: &Account, principal: &Principal) -> Vec<String> {
    let own = crate::arns::arn(account, principal);
    let role = match principal {
        Principal::Session { role, .. } => account.role(role).map(|r| account.role_arn(&r)),
        Principal::User { .. } => None,
    };
    std::iter::once(own).chain(role).collect()
}
