//! STS' signed operations: who is calling, and one role taken through another identity.

use crate::account::Account;
use crate::iam::unknown;
use crate::language::Keys;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::passed::{Passed, Tagging};
use crate::policy::{Ruling, voices};
use crate::query::Parameters;
use crate::requests::keys_of;
use crate::sigv4::Caller;
use crate::state::{Principal, Role, Session, Touched};
use crate::sts::{assumed_xml, credentials_xml, role_of};
use crate::trust::{Admission, Known, admits_caller};
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
    let id = crate::arns::id(&caller.principal);
    [tag("Arn", &arn), tag("UserId", &id), tag("Account", &account.config.account_id)].concat()
}

fn assume(account: &Account, caller: &Caller, form: &Parameters) -> Outcome {
    validate::together(form, &["RoleArn", "RoleSessionName"])?;
    validate::session_name(form)?;
    let arn = validate::text(form, "RoleArn", 20, 2048)?.to_owned();
    if !validate::is_role_arn(&arn) {
        // With the ARN first, other than for web identities (reported).
        return Err(AwsFault::validation(format!("{arn} is invalid")));
    }
    let asked = validate::number(form, "DurationSeconds", 900, 43_200)?;
    let passed = Passed::of(form)?;
    let tagging = Tagging::of(form, session_of(caller))?;
    let packed = passed.packed(&tagging.tags)?;
    let (owner, role) = admitted(account, caller, form, &arn, &tagging).map_err(|action| {
        let who = crate::arns::arn(account, &caller.principal);
        let text = format!("User: {who} is not authorized to perform: {action} on resource: {arn}");
        let fault = AwsFault::new(403, "AccessDenied", text);
        record(account, caller, form, &arn, Some(&fault));
        fault
    })?;
    passed.known(&owner)?;
    let seconds = life(caller, &role, asked)?;
    let session = Session {
        tags: tagging.tags,
        transitive: tagging.transitive,
        source_identity: tagging.source_identity.clone(),
        policy: passed.policy,
        policy_arns: passed.arns,
        ..owner.session_of(&role.name, &form.text("RoleSessionName"))
    };
    let shown = assumed_xml(&owner, &session);
    let credentials = owner.open_session(session, seconds);
    record(account, caller, form, &arn, None);
    let identity = tagging.source_identity.iter().map(|identity| tag("SourceIdentity", identity)).collect();
    Ok([credentials_xml(&credentials), shown, identity, tag("PackedPolicySize", &packed.to_string())].concat())
}

/// The role and its account, or the action that the caller is not allowed. Within one account a trust policy that names
/// the caller is enough; one that names the account, or any across accounts, needs the caller's own policies too. Where
/// it names the caller's role, boundary and session policies narrow (IAM User Guide, "Policy evaluation logic",
/// "Cross-account policy evaluation logic", "Permissions boundaries for IAM entities").
fn admitted(
    account: &Account,
    caller: &Caller,
    form: &Parameters,
    arn: &str,
    tagging: &Tagging,
) -> Result<(Account, Role), &'static str> {
    const FIRST: &str = "sts:AssumeRole";
    let owner = account.owner_of(arn).ok_or(FIRST)?;
    let role = role_of(&owner, arn).ok_or(FIRST)?;
    let session = session_of(caller);
    // A source identity stays what it is (IAM User Guide, "Monitor and control actions taken with assumed roles").
    let kept = session.and_then(|session| session.source_identity.as_ref());
    if kept.is_some() && kept != tagging.source_identity.as_ref() {
        return Err("sts:SetSourceIdentity");
    }
    let mut more = Keys::new();
    more.insert("sts:rolesessionname".to_owned(), vec![form.text("RoleSessionName")]);
    more.extend(form.get("ExternalId").map(|id| ("sts:externalid".to_owned(), vec![id.to_owned()])));
    tagging.keys(&mut more);
    let mut keys = keys_of(account, caller);
    keys.extend(more.clone());
    let trusted = owner.state().kept.get(&role.name).map(|kept| kept.trusted.clone()).unwrap_or_default();
    let known = Known {
        principal: crate::arns::arn(account, &caller.principal),
        role: session.and_then(|s| Some((account.role_arn(&account.role(&s.role)?), s.role_id.clone()))),
        account_id: account.config.account_id.clone(),
    };
    let same = owner.config.account_id == account.config.account_id;
    let may = |action: &str| {
        let own = voices(account, caller, action, arn, &more);
        match admits_caller(&role.trust_policy, action, &known, &trusted, &keys) {
            Admission::No => false,
            Admission::ByName if same => !own.denied(),
            Admission::ByRole if same => !own.denied() && own.within_bounds(),
            Admission::ByName | Admission::ByRole | Admission::ByAccount => own.ruling() == Ruling::Allowed,
        }
    };
    let refused = std::iter::once(FIRST).chain(tagging.needs()).find(|action| !may(action));
    refused.map_or(Ok((owner, role)), Err)
}

fn session_of(caller: &Caller) -> Option<&Session> {
    match &caller.principal {
        Principal::User { .. } => None,
        Principal::Session(session) => Some(session),
    }
}

/// How long the session may last, seconds.
fn life(caller: &Caller, role: &Role, asked: Option<i64>) -> Result<i64, AwsFault> {
    let seconds = asked.unwrap_or(CHAINED);
    if session_of(caller).is_some() && seconds > CHAINED {
        return Err(AwsFault::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > role.max_session {
        return Err(AwsFault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}

/// The trail of the caller's account; that of the role's account, where it is another, holds nothing of it here.
fn record(account: &Account, caller: &Caller, form: &Parameters, arn: &str, fault: Option<&AwsFault>) {
    let about = vec![Touched { kind: "AWS::IAM::Role".into(), name: arn.to_owned() }];
    trail::called(account, caller, ("sts.amazonaws.com", "AssumeRole"), about, trail::parameters(form), fault);
}
