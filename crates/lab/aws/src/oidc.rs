//! IAM: OIDC providers, their limits and their words (IAM API reference and quotas; what the
//! documentation leaves open is as reported from live accounts).

use std::collections::BTreeMap;

use crate::account::Account;
use crate::outcome::{AwsFault, Outcome, escape, members, tag};
use crate::providers::fetch;
use crate::query::Parameters;
use crate::state::{Provider, State};
use crate::tags::{self, Case, tagged, untag};
use crate::validate;

/// Providers per account, audiences and thumbprints per provider (IAM quotas).
const PROVIDERS: usize = 100;
const CLIENT_IDS: usize = 100;
const THUMBPRINTS: usize = 5;

fn url_of(text: &str) -> Result<String, AwsFault> {
    validate::length("Url", text, 1, 255)?;
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
    if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        return Err(AwsFault::invalid("Invalid Open ID Connect Provider URL"));
    }
    Ok(path.map_or_else(|| host.to_owned(), |p| format!("{host}/{p}")))
}

fn thumbprints_of(list: &[String]) -> Result<Vec<String>, AwsFault> {
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
        validate::length("ClientID", &id, 1, 255)?;
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

fn room_for(state: &State, url: &str) -> Result<(), AwsFault> {
    if state.providers.contains_key(url) {
        return Err(AwsFault::new(
            409,
            "EntityAlreadyExists",
            format!("Provider with url https://{url} already exists."),
        ));
    }
    if state.providers.len() >= PROVIDERS {
        return Err(AwsFault::new(
            409,
            "LimitExceeded",
            "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100",
        ));
    }
    Ok(())
}

/// `CreateOpenIDConnectProvider`.
pub(crate) async fn create(account: &Account, form: &Parameters) -> Outcome {
    let url = url_of(validate::required(form, "Url")?)?;
    let client_ids = client_ids_of(form.list("ClientIDList").unwrap_or_default())?;
    let tags = tagged(&BTreeMap::new(), &form.tags(), Case::Counts)?;
    let given =
        form.list("ThumbprintList").filter(|list| !list.is_empty()).map(|list| thumbprints_of(&list)).transpose()?;
    room_for(&account.state(), &url)?;
    let thumbprints = match given {
        Some(list) => list,
        None => vec![top_thumbprint(account, &url).await?],
    };
    let arn = account.provider_arn(&url);
    let provider = Provider { url: url.clone(), client_ids, thumbprints, created: account.now(), tags };
    let shown = tags::list(&provider.tags);
    let mut state = account.state();
    // Somebody may have been faster while the issuer was asked.
    room_for(&state, &url)?;
    state.providers.insert(url, provider);
    Ok(format!("{}{shown}", tag("OpenIDConnectProviderArn", &arn)))
}

/// `ListOpenIDConnectProviders`, which has no pages.
pub(crate) fn list(account: &Account) -> String {
    let urls: Vec<String> = account.state().providers.keys().cloned().collect();
    members("OpenIDConnectProviderList", urls.iter().map(|u| tag("Arn", &account.provider_arn(u))))
}

/// An omitted list: IAM fetches the top intermediate CA's thumbprint itself (IAM API reference).
async fn top_thumbprint(account: &Account, url: &str) -> Result<String, AwsFault> {
    let unreachable =
        || AwsFault::new(400, "OpenIdIdpCommunicationError", format!("Could not connect to https://{url}"));
    let seen = fetch(account, &format!("https://{}/.well-known/openid-configuration", url.trim_end_matches('/')))
        .await
        .map_err(|_| unreachable())?;
    let last = seen.chain.last().ok_or_else(unreachable)?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, last);
    Ok(crate::sigv4::hex(digest.as_ref()))
}

/// Operations on one provider, each done under the account's lock as a whole.
pub(crate) fn on_provider(account: &Account, action: &str, form: &Parameters) -> Outcome {
    let arn = validate::text(form, "OpenIDConnectProviderArn", 20, 2048)?;
    let url = arn.split_once(":oidc-provider/").map(|(_, u)| u.to_owned()).unwrap_or_default();
    let mut state = account.state();
    let found = state.providers.get_mut(&url).filter(|_| account.provider_arn(&url) == arn);
    let provider = found.ok_or_else(|| {
        AwsFault::missing(if action == "DeleteOpenIDConnectProvider" {
            format!("OpenId connect Provider {arn} cannot be found.")
        } else {
            format!("OpenIDConnect Provider not found for arn {arn}")
        })
    })?;
    match action {
        "GetOpenIDConnectProvider" => return Ok(provider_xml(provider)),
        "ListOpenIDConnectProviderTags" => return tags::paged(form, &provider.tags),
        "DeleteOpenIDConnectProvider" => {
            state.providers.remove(&url);
        }
        "UpdateOpenIDConnectProviderThumbprint" => {
            let list = form.list("ThumbprintList").unwrap_or_default();
            if list.is_empty() {
                return Err(AwsFault::invalid("Thumbprint list must contain at least one entry."));
            }
            provider.thumbprints = thumbprints_of(&list)?;
        }
        "AddClientIDToOpenIDConnectProvider" => {
            let id = validate::text(form, "ClientID", 1, 255)?;
            let all = provider.client_ids.iter().cloned().chain([id.to_owned()]);
            provider.client_ids = client_ids_of(all.collect())?;
        }
        "RemoveClientIDFromOpenIDConnectProvider" => {
            let id = validate::text(form, "ClientID", 1, 255)?;
            provider.client_ids.retain(|c| c != id);
        }
        "TagOpenIDConnectProvider" => provider.tags = tagged(&provider.tags, &form.tags(), Case::Counts)?,
        // Untag is what is left of the operations that `iam` sends here.
        _ => untag(&mut provider.tags, form, Case::Counts),
    }
    Ok(String::new())
}

fn provider_xml(p: &Provider) -> String {
    [
        tag("Url", &p.url),
        members("ClientIDList", p.client_ids.iter().map(|c| escape(c))),
        members("ThumbprintList", p.thumbprints.iter().map(|t| escape(t))),
        // Of IAM's dates this one has milliseconds (reported).
        tag("CreateDate", &p.created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        tags::list(&p.tags),
    ]
    .concat()
}
