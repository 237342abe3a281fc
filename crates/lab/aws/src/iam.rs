//! IAM's door: which operations there are, who may do them, and what `CloudTrail` keeps of them.

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome};
use crate::query::Parameters;
use crate::sigv4::Caller;
use crate::{details, managed, oidc, roles, simulate, trail};

/// The OIDC provider operations that name an existing provider.
const ON_PROVIDERS: [&str; 8] = [
    "GetOpenIDConnectProvider",
    "DeleteOpenIDConnectProvider",
    "UpdateOpenIDConnectProviderThumbprint",
    "AddClientIDToOpenIDConnectProvider",
    "RemoveClientIDFromOpenIDConnectProvider",
    "TagOpenIDConnectProvider",
    "UntagOpenIDConnectProvider",
    "ListOpenIDConnectProviderTags",
];
/// Operations on managed policies.
const ON_POLICIES: [&str; 6] =
    ["CreatePolicy", "GetPolicy", "GetPolicyVersion", "ListPolicies", "ListPolicyVersions", "DeletePolicy"];

/// An operation the service has not got, in the query protocol's words.
pub(crate) fn unknown(action: &str, form: &Parameters) -> AwsFault {
    let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    AwsFault::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}

/// Authorises, carries out and records an operation.
pub(crate) async fn call(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> Outcome {
    let top = ["CreateOpenIDConnectProvider", "ListOpenIDConnectProviders", details::OPERATION].contains(&action);
    let (on_provider, on_policy) = (ON_PROVIDERS.contains(&action), ON_POLICIES.contains(&action));
    let simulates = action == simulate::OPERATION;
    if !top && !on_provider && !on_policy && !simulates && !roles::OPERATIONS.contains(&action) {
        return Err(unknown(action, form));
    }
    let resource = resource(account, action, form);
    let outcome = match account.authorise(caller, &format!("iam:{action}"), &resource) {
        Err(refused) => Err(refused),
        Ok(()) if simulates => simulate::call(account, caller, form),
        Ok(()) => carry_out(account, action, form).await,
    };
    // Reading leaves no trace here, as the lab's trail holds changes and exchanges alone.
    if !simulates && !action.starts_with("Get") && !action.starts_with("List") {
        let (about, asked) = (trail::touched(form, &resource), trail::parameters(form));
        trail::called(account, caller, ("iam.amazonaws.com", action), about, asked, outcome.as_ref().err());
    }
    outcome
}

async fn carry_out(account: &Account, action: &str, form: &Parameters) -> Outcome {
    match action {
        "CreateOpenIDConnectProvider" => oidc::create(account, form).await,
        "ListOpenIDConnectProviders" => Ok(oidc::list(account)),
        details::OPERATION => details::call(account, form),
        _ if ON_PROVIDERS.contains(&action) => oidc::on_provider(account, action, form),
        _ if ON_POLICIES.contains(&action) => managed::call(account, action, form),
        _ => roles::call(account, action, form),
    }
}

/// The ARN an operation is about; of a role or provider yet to be made, the one it will have.
fn resource(account: &Account, action: &str, form: &Parameters) -> String {
    let c = &account.config;
    let role = |name: &str| {
        account.role(name).map_or_else(
            || {
                let path = form.get("Path").unwrap_or("/");
                format!("arn:{}:iam::{}:role{path}{name}", c.partition, c.account_id)
            },
            |r| account.role_arn(&r),
        )
    };
    let named = form.get("OpenIDConnectProviderArn").map(str::to_owned);
    let made = || form.get("Url").filter(|_| action == "CreateOpenIDConnectProvider").map(|u| account.provider_arn(u));
    let policy = || form.get("PolicyArn").map(str::to_owned);
    let source = form.get("PolicySourceArn").map(str::to_owned);
    named
        .or(source)
        .or_else(made)
        .or_else(|| form.get("RoleName").map(role))
        .or_else(policy)
        .unwrap_or_else(|| "*".to_owned())
}
