//! IAM: OIDC providers here, roles and policies next door.

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, members, tag};
use crate::providers::fetch;
use crate::query::Parameters;
use crate::roles;
use crate::sigv4::Caller;
use crate::state::{Principal, Provider};

/// Providers per account, audiences and thumbprints per provider, tags (IAM quotas).
const PROVIDERS: usize = 100;
const CLIENT_IDS: usize = 100;
const THUMBPRINTS: usize = 5;

/// Authorises, carries out and records an operation.
pub(crate) async fn call(account: &Account, caller: &Caller, action: &str, form: &Parameters) -> Outcome {
    let resource = resource(account, form);
    account.authorise(caller, &format!("iam:{action}"), &resource)?;
    let outcome = match action {
        "CreateOpenIDConnectProvider" => create(account, form).await,
        "ListOpenIDConnectProviders" => {
            let urls: Vec<String> = account.state().providers.keys().cloned().collect();
            Ok(members("OpenIDConnectProviderList", urls.iter().map(|u| tag("Arn", &account.provider_arn(u)))))
        }
        a if a.contains("OpenIDConnectProvider") => on_provider(account, action, form),
        _ => roles::call(account, action, form),
    };
    if !action.starts_with("Get") && !action.starts_with("List") {
        record(account, caller, action, form, &resource, &outcome);
    }
    outcome
}

fn resource(account: &Account, form: &Parameters) -> String {
    let role = || form.get("RoleName").and_then(|n| account.role(n)).map(|r| account.role_arn(&r));
    form.get("OpenIDConnectProviderArn").map(str::to_owned).or_else(role).unwrap_or_else(|| "*".to_owned())
}

fn record(account: &Account, caller: &Caller, action: &str, form: &Parameters, resource: &str, outcome: &Outcome) {
    let who = match &caller.principal {
        Principal::User { name, .. } => name.clone(),
        Principal::Session { session, .. } => session.clone(),
    };
    let mut touched = vec![resource.to_owned()];
    touched.extend(form.get("RoleName").map(str::to_owned));
    let detail = serde_json::json!({
        "eventName": action, "eventSource": "iam.amazonaws.com",
        "userIdentity": {"type": "IAMUser", "userName": who, "arn": crate::policy::arn(account, &caller.principal)},
        "errorCode": outcome.as_ref().err().map(|f| f.code),
    });
    account.push_event(account.now(), "iam.amazonaws.com", action, &who, &touched, detail);
}

fn url_of(text: &str) -> Result<String, AwsFault> {
    if !text.contains("://") {
        return Err(AwsFault::validation("Invalid Open ID Connect Provider URL"));
    }
    let bare = text
        .strip_prefix("https://")
        .ok_or_else(|| AwsFault::invalid("Invalid Open ID Connect Provider URL. The URL must begin with https://."))?;
    if bare.contains(['?', '#']) {
        return Err(AwsFault::invalid("Unknown"));
    }
    let (host, path) = bare.split_once('/').map_or((bare, None), |(h, p)| (h, Some(p)));
    // An explicit :443 is taken off; other ports are refused (reported).
    let host = host.strip_suffix(":443").unwrap_or(host);
    if host.contains(':') || host.is_empty() {
        return Err(AwsFault::invalid("Invalid Open ID Connect Provider URL"));
    }
    Ok(path.map_or_else(|| host.to_owned(), |p| format!("{host}/{p}")))
}

fn thumbprints_of(list: Vec<String>) -> Result<Vec<String>, AwsFault> {
    if list.len() > THUMBPRINTS {
        return Err(AwsFault::invalid("Thumbprint list must contain fewer than 5 entries."));
    }
    if list.iter().any(|t| t.chars().count() != 40) {
        return Err(AwsFault::invalid("Thumbprint must be exactly 40 characters."));
    }
    Ok(list.iter().map(|t| t.to_lowercase()).collect())
}

fn client_ids_of(list: Vec<String>) -> Result<Vec<String>, AwsFault> {
    let mut unique: Vec<String> = Vec::new();
    for id in list {
        if !unique.contains(&id) {
            unique.push(id);
        }
    }
    if unique.len() > CLIENT_IDS {
        return Err(AwsFault::new(
            409,
            "LimitExceeded",
            "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
        ));
    }
    Ok(unique)
}

async fn create(account: &Account, form: &Parameters) -> Outcome {
    let sent = form.text("Url");
    let url = url_of(&sent)?;
    let client_ids = client_ids_of(form.list("ClientIDList").unwrap_or_default())?;
    if account.provider(&url).is_some() {
        return Err(AwsFault::new(
            409,
            "EntityAlreadyExists",
            format!("Provider with url https://{url} already exists."),
        ));
    }
    if account.state().providers.len() >= PROVIDERS {
        return Err(AwsFault::new(
            409,
            "LimitExceeded",
            "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100",
        ));
    }
    let thumbprints = match form.list("ThumbprintList") {
        Some(list) if !list.is_empty() => thumbprints_of(list)?,
        _ => vec![top_thumbprint(account, &url).await?],
    };
    let tags = form.tags();
    let arn = account.provider_arn(&url);
    account.put_provider(Provider { url, client_ids, thumbprints, created: account.now(), tags });
    Ok(tag("OpenIDConnectProviderArn", &arn))
}

/// An omitted list: IAM fetches the top intermediate CA's thumbprint itself (IAM API reference).
async fn top_thumbprint(account: &Account, url: &str) -> Result<String, AwsFault> {
    let unreachable =
        || AwsFault::new(400, "OpenIdIdpCommunicationError", format!("Could not connect to https://{url}"));
    let seen =
        fetch(account, &format!("https://{url}/.well-known/openid-configuration")).await.map_err(|_| unreachable())?;
    let last = seen.chain.last().ok_or_else(unreachable)?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, last);
    Ok(digest.as_ref().iter().map(|b| format!("{b:02x}")).collect())
}

fn on_provider(account: &Account, action: &str, form: &Parameters) -> Outcome {
    let arn = form.text("OpenIDConnectProviderArn");
    let url = arn.split_once(":oidc-provider/").map(|(_, u)| u.to_owned()).unwrap_or_default();
    let missing = || {
        AwsFault::missing(if action == "DeleteOpenIDConnectProvider" {
            format!("OpenId connect Provider {arn} cannot be found.")
        } else {
            format!("OpenIDConnect Provider not found for arn {arn}")
        })
    };
    let mut provider = account.provider(&url).filter(|_| account.provider_arn(&url) == arn).ok_or_else(missing)?;
    match action {
        "GetOpenIDConnectProvider" => return Ok(provider_xml(&provider)),
        "ListOpenIDConnectProviderTags" => {
            return Ok(format!("{}<IsTruncated>false</IsTruncated>", tags_xml(&provider)));
        }
        "DeleteOpenIDConnectProvider" => {
            account.delete_provider(&url);
            return Ok(String::new());
        }
        "UpdateOpenIDConnectProviderThumbprint" => {
            let list = form.list("ThumbprintList").unwrap_or_default();
            if list.is_empty() {
                return Err(AwsFault::invalid("Thumbprint list must contain at least one entry."));
            }
            provider.thumbprints = thumbprints_of(list)?;
        }
        "AddClientIDToOpenIDConnectProvider" => {
            let mut ids = provider.client_ids.clone();
            ids.push(form.text("ClientID"));
            provider.client_ids = client_ids_of(ids)?;
        }
        "RemoveClientIDFromOpenIDConnectProvider" => {
            let id = form.text("ClientID");
            provider.client_ids.retain(|c| *c != id);
        }
        "TagOpenIDConnectProvider" => provider.tags.extend(form.tags()),
        "UntagOpenIDConnectProvider" => {
            let keys = form.list("TagKeys").unwrap_or_default();
            provider.tags.retain(|k, _| !keys.contains(k));
        }
        other => {
            return Err(AwsFault::new(
                400,
                "InvalidAction",
                format!("Could not find operation {other} for version 2010-05-08"),
            ));
        }
    }
    account.put_provider(provider);
    Ok(String::new())
}

fn tags_xml(provider: &Provider) -> String {
    members("Tags", provider.tags.iter().map(|(k, v)| format!("{}{}", tag("Key", k), tag("Value", v))))
}

fn provider_xml(p: &Provider) -> String {
    use crate::outcome::escape;
    [
        tag("Url", &p.url),
        members("ClientIDList", p.client_ids.iter().map(|c| escape(c))),
        members("ThumbprintList", p.thumbprints.iter().map(|t| escape(t))),
        tag("CreateDate", &p.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        tags_xml(p),
    ]
    .concat()
}
