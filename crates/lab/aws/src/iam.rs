//! IAM's door: which operations there are, who may do them, and what `CloudTrail` keeps of them.

use crate::account::Account;
use crate::lag::View;
use crate::language::Keys;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::query::Parameters;
use crate::sigv4::Caller;
use crate::state::Principal;
use crate::{details, managed, oidc, profiles, roles, simulate, trail, validate};

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
/// Operations that belong to no group.
const ALONE: [&str; 6] = [
    "CreateOpenIDConnectProvider",
    "ListOpenIDConnectProviders",
    "GetUser",
    "ListAccountAliases",
    details::OPERATION,
    simulate::OPERATION,
];

/// An operation the service has not got, in the query protocol's words.
pub(crate) fn unknown(action: &str, form: &Parameters) -> AwsFault {
    let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    AwsFault::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}

/// Authorises, carries out and records an operation.
pub(crate) async fn call(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> Outcome {
    let groups: [&[&str]; 5] = [&ALONE, &ON_PROVIDERS, &managed::OPERATIONS, &roles::OPERATIONS, &profiles::OPERATIONS];
    if !groups.iter().any(|group| group.contains(&action)) {
        return Err(unknown(action, form));
    }
    let resource = resource(account, caller, action, form);
    let keys = keys(account, action, form);
    let may = account.authorise_with(caller, &format!("iam:{action}"), &resource, &keys);
    let outcome = match may.and_then(|()| validate::together(form, &[])) {
        Err(refused) => Err(refused),
        Ok(()) => carry_out(account, caller, action, form).await,
    };
    // Reading leaves no trace here, as the lab's trail holds changes and exchanges alone.
    if !reads(action) {
        let (about, asked) = (trail::touched(form, &resource), trail::parameters(form));
        trail::called(account, caller, ("iam.amazonaws.com", action), about, asked, outcome.as_ref().err());
    }
    outcome
}

/// Whether an operation reads alone.
fn reads(action: &str) -> bool {
    ["Get", "List", "Simulate"].iter().any(|verb| action.starts_with(verb))
}

async fn carry_out(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> Outcome {
    let seen = account.seen_by(if reads(action) { View::Reads } else { View::Written });
    let account = &seen;
    match action {
        "CreateOpenIDConnectProvider" => oidc::create(account, form).await,
        "ListOpenIDConnectProviders" => Ok(oidc::list(account)),
        "ListAccountAliases" => Ok("<AccountAliases/><IsTruncated>false</IsTruncated>".to_owned()),
        "GetUser" => user(account, caller, form),
        simulate::OPERATION => simulate::call(account, caller, form),
        details::OPERATION => details::call(account, form),
        _ if ON_PROVIDERS.contains(&action) => oidc::on_provider(account, action, form),
        _ if managed::OPERATIONS.contains(&action) => managed::call(account, action, form),
        _ if profiles::OPERATIONS.contains(&action) => profiles::call(account, action, form),
        _ => roles::call(account, action, form),
    }
}

/// A user, who asks when none is named.
fn user(account: &Account, caller: &Caller, form: &Parameters) -> Outcome {
    let asking = match &caller.principal {
        Principal::User { name, .. } => Some(name.as_str()),
        Principal::Session(_) => None,
    };
    let must = || AwsFault::validation("Must specify userName when calling with non-User credentials");
    let name = form.get("UserName").or(asking).ok_or_else(must)?;
    let missing = || AwsFault::missing(format!("The user with name {name} cannot be found."));
    let found = crate::arns::user(account, name).ok_or_else(missing)?;
    let inside = [
        tag("Path", "/"),
        tag("UserName", name),
        tag("UserId", &crate::callers::lasting_id("AIDA", name)),
        tag("Arn", &found),
        tag("CreateDate", &crate::role_xml::time(account.started())),
    ];
    Ok(format!("<User>{}</User>", inside.concat()))
}

/// The ARN an operation is about; of what is yet to be made, the one it will have; `*` where there is none (Service
/// Authorization Reference, AWS IAM).
fn resource(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> String {
    let c = &account.config;
    let at = |kind: &str, name: &str| {
        format!("arn:{}:iam::{}:{kind}{}{name}", c.partition, c.account_id, form.get("Path").unwrap_or("/"))
    };
    let role = |name: &str| account.role(name).map_or_else(|| at("role", name), |role| account.role_arn(&role));
    let profile = |name: &str| {
        let path = account.state().profiles.get(name).map(|profile| profile.path.clone());
        path.map_or_else(|| at("instance-profile", name), |path| profiles::arn(account, &path, name))
    };
    let of = |field: &str| form.get(field);
    let named = match action {
        "CreatePolicy" => of("PolicyName").map(|name| at("policy", name)),
        "CreateOpenIDConnectProvider" => of("Url").map(|url| account.provider_arn(url)),
        "GetUser" => {
            let asking = match &caller.principal {
                Principal::User { name, .. } => Some(name.as_str()),
                Principal::Session(_) => None,
            };
            of("UserName").or(asking).map(|name| at("user", name))
        }
        "ListInstanceProfiles" => Some(at("instance-profile", "*")),
        _ => of("OpenIDConnectProviderArn")
            .or(of("PolicySourceArn"))
            .map(str::to_owned)
            .or_else(|| of("InstanceProfileName").map(profile))
            .or_else(|| of("RoleName").map(role))
            .or_else(|| of("PolicyArn").map(str::to_owned)),
    };
    named.unwrap_or_else(|| "*".to_owned())
}

/// Condition keys of IAM's own and those of tags (Service Authorization Reference, AWS IAM, "Condition keys").
fn keys(account: &Account, action: &str, form: &Parameters) -> Keys {
    let mut keys = Keys::new();
    let mut put = |key: String, values: Vec<String>| keys.insert(key.to_ascii_lowercase(), values);
    if let "AttachRolePolicy" | "DetachRolePolicy" = action {
        put("iam:PolicyARN".to_owned(), form.get("PolicyArn").into_iter().map(str::to_owned).collect());
    }
    let role = form.get("RoleName").and_then(|name| account.role(name));
    // Of a role that is made or bound now it is the one that is asked for.
    let bound = form.get("PermissionsBoundary").map(str::to_owned);
    let bound = bound.or_else(|| role.as_ref().and_then(|role| role.boundary.clone()));
    put("iam:PermissionsBoundary".to_owned(), bound.into_iter().collect());
    for (key, value) in role.into_iter().flat_map(|role| role.tags) {
        put(format!("iam:ResourceTag/{key}"), vec![value.clone()]);
        put(format!("aws:ResourceTag/{key}"), vec![value]);
    }
    let tags = form.tags();
    let mut all: Vec<String> = tags.iter().map(|(key, _)| key.clone()).collect();
    all.extend(form.list("TagKeys").unwrap_or_default());
    for (key, value) in tags {
        put(format!("aws:RequestTag/{key}"), vec![value]);
    }
    put("aws:TagKeys".to_owned(), all);
    keys
}
