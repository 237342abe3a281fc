//! STS: the exchange of a web identity for a session.

use aws_lc_rs::digest;

use crate::account::{Account, TrustModel};
use crate::identity::{Brought, claim_keys, lasting_keys};
use crate::jwt::{Jwt, keys_unavailable};
use crate::origin::Origin;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::passed::Passed;
use crate::providers::{Fetched, fetch, verifies};
use crate::query::Parameters;
use crate::requests::always;
use crate::state::{Credentials, Provider, Role, Session};
use crate::trail::Exchanged;
use crate::trust::admits;
use crate::validate;

/// The words for the exchange are reported of AWS; those for tags and source identity are formed after them.
fn denied(action: &str) -> AwsFault {
    AwsFault::new(403, "AccessDenied", format!("Not authorized to perform {action}"))
}

/// `AssumeRoleWithWebIdentity`: unsigned, and truly verified.
pub(crate) async fn web_identity(account: &Account, form: &Parameters, origin: &Origin) -> Outcome {
    let outcome = exchange(account, form, origin).await;
    // A key that could not be fetched leaves no trace (AWS Knowledge Center, `iam-sts-invalididentitytoken`).
    if outcome.as_ref().err() != Some(&keys_unavailable()) {
        crate::trail::web_identity(account, form, origin, outcome.as_ref().map(|done| &done.session));
    }
    outcome.map(|done| done.xml)
}

struct Done {
    xml: String,
    session: Exchanged,
}

async fn exchange(account: &Account, form: &Parameters, origin: &Origin) -> Result<Done, AwsFault> {
    let (role_arn, session, token) =
        (form.text("RoleArn"), form.text("RoleSessionName"), form.text("WebIdentityToken"));
    let passed = validate(form)?;
    let jwt = Jwt::parse(&token)?;
    jwt.required()?;
    let iss = jwt.text("iss").unwrap_or_default();
    let bare = iss.strip_prefix("https://").unwrap_or(&iss).to_owned();
    let ours = role_arn.split(':').nth(4) == Some(account.config.account_id.as_str());
    let provider = account.provider(&bare).filter(|_| ours && iss.starts_with("https://"));
    let provider = provider
        .ok_or_else(|| AwsFault::token(format!("No OpenIDConnect provider found in your account for {iss}")))?;
    let (jwks, method) = trusted_keys(account, &iss, &provider).await?;
    jwt.check_signature(&jwks)?;
    jwt.check_times(account.now().as_second())?;
    let audience = jwt.audience()?;
    Jwt::check_audience(&audience, &provider.client_ids, account.refuses_audiences_briefly())?;
    let by_idp = jwt.check_roles(&role_arn)?;
    let brought = Brought::of(&jwt)?;
    let role = role_of(account, &role_arn).ok_or_else(|| denied("sts:AssumeRoleWithWebIdentity"))?;
    let mut keys = always(account, origin);
    claim_keys(&jwt, &bare, &audience, &mut keys);
    brought.keys(&mut keys);
    let provider_arn = account.provider_arn(&bare);
    keys.insert("sts:rolesessionname".to_owned(), vec![session.clone()]);
    keys.insert("sts:roleauthorizedbyidp".to_owned(), vec![by_idp.to_string()]);
    keys.insert("aws:federatedprovider".to_owned(), vec![provider_arn.clone()]);
    admits(&role.trust_policy, &provider_arn, &keys, brought.extras()).map_err(denied)?;
    passed.known(account)?;
    let packed = passed.packed(&brought.tags)?;
    let seconds: i64 = form.get("DurationSeconds").and_then(|d| d.parse().ok()).unwrap_or(3600);
    if seconds > role.max_session {
        return Err(AwsFault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let session = Session {
        tags: brought.tags.clone(),
        transitive: brought.transitive.clone(),
        source_identity: brought.source_identity.clone(),
        policy: passed.policy,
        policy_arns: passed.arns,
        federated: lasting_keys(&jwt, &bare, &audience, &provider_arn),
        ..account.session_of(&role.name, &session)
    };
    let assumed = assumed_xml(account, &session);
    let credentials = account.open_session(session, seconds);
    if let Some(r) = account.as_written().state().roles.get_mut(&role.name) {
        r.last_used = Some(account.now());
    }
    let subject = jwt.text("sub").unwrap_or_default();
    let xml = [
        credentials_xml(&credentials),
        assumed,
        tag("SubjectFromWebIdentityToken", &subject),
        tag("Audience", &audience),
        tag("Provider", &provider_arn),
        brought.source_identity.iter().map(|identity| tag("SourceIdentity", identity)).collect(),
        tag("PackedPolicySize", &packed.to_string()),
    ]
    .concat();
    Ok(Done { xml, session: Exchanged { credentials, role: role.name, audience, tags: brought.tags, method } })
}

fn validate(form: &Parameters) -> Result<Passed, AwsFault> {
    let needed = ["RoleArn", "RoleSessionName", "WebIdentityToken"];
    validate::together(form, &needed)?;
    needed.iter().try_for_each(|field| validate::required(form, field).map(drop))?;
    validate::session_name(form)?;
    if !validate::is_role_arn(validate::text(form, "RoleArn", 20, 2048)?) {
        return Err(AwsFault::validation("Request ARN is invalid"));
    }
    validate::text(form, "WebIdentityToken", 4, 20_000)?;
    validate::number(form, "DurationSeconds", 900, 43_200)?;
    if let Some(provider) = form.get("ProviderId") {
        return Err(foreign_token(provider));
    }
    Passed::of(form)
}

/// A token that is none of the provider that the request names: only Amazon's and Facebook's access tokens have one
/// (STS API reference). No JWT is one of those (the answers are reported).
fn foreign_token(provider: &str) -> AwsFault {
    match provider {
        "www.amazon.com" => AwsFault::token("Provided Token is not a Login With Amazon token"),
        "graph.facebook.com" => AwsFault::new(
            403,
            "IDPRejectedClaim",
            "graph.facebook.com: graph.facebook.com responded with HTTP/1.1 400 Bad Request",
        ),
        _ => AwsFault::new(
            403,
            "AccessDenied",
            "Unrecognized OAuth provider. Do not include a provider parameter when submitting OpenIDConnect ID tokens",
        ),
    }
}

/// Discovery and keys over TLS, each host's chain judged by the trust model.
async fn trusted_keys(
    account: &Account,
    iss: &str,
    provider: &Provider,
) -> Result<(serde_json::Value, &'static str), AwsFault> {
    let url = format!("{}/.well-known/openid-configuration", iss.trim_end_matches('/'));
    let discovery = fetch(account, &url).await.map_err(|_| keys_unavailable())?;
    let mut method = judge(account, provider, &discovery)?;
    let document = discovery.json().filter(|_| discovery.status == 200).ok_or_else(keys_unavailable)?;
    if document.get("issuer").and_then(serde_json::Value::as_str) != Some(iss) {
        return Err(keys_unavailable());
    }
    let uri = document.get("jwks_uri").and_then(serde_json::Value::as_str).ok_or_else(keys_unavailable)?;
    let keys = fetch(account, uri).await.map_err(|_| keys_unavailable())?;
    if keys.host != discovery.host {
        let second = judge(account, provider, &keys)?;
        if second == "Thumbprint" {
            method = second;
        }
    }
    let set = keys.json().filter(|_| keys.status == 200).ok_or_else(keys_unavailable)?;
    Ok((set, method))
}

fn judge(account: &Account, provider: &Provider, seen: &Fetched) -> Result<&'static str, AwsFault> {
    let by_library =
        account.config.trust_model == TrustModel::LibraryFirst && !seen.tls13_only && verifies(account, seen);
    if by_library {
        return Ok("IAMTrustStore");
    }
    let known = seen.chain.iter().any(|der| {
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
        provider.thumbprints.contains(&crate::sigv4::hex(sha1.as_ref()))
    });
    // Trusting a CA's thumbprint trusts any of its certificates for the registered name: the name still counts.
    if known && crate::providers::names_host(seen) {
        return Ok("Thumbprint");
    }
    Err(AwsFault::token("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"))
}

pub(crate) fn role_of(account: &Account, arn: &str) -> Option<Role> {
    let name = arn.rsplit('/').next()?;
    account.role(name).filter(|r| account.role_arn(r) == arn)
}

pub(crate) fn credentials_xml(c: &Credentials) -> String {
    let inside = [
        tag("AccessKeyId", &c.access_key_id),
        tag("SecretAccessKey", &c.secret_access_key),
        tag("SessionToken", c.session_token.as_deref().unwrap_or_default()),
        tag("Expiration", &c.expires.map(|e| e.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()),
    ]
    .concat();
    format!("<Credentials>{inside}</Credentials>")
}

pub(crate) fn assumed_xml(account: &Account, session: &Session) -> String {
    let id = format!("{}:{}", session.role_id, session.name);
    let arn = crate::arns::session_arn(account, &session.role, &session.name);
    format!("<AssumedRoleUser>{}{}</AssumedRoleUser>", tag("AssumedRoleId", &id), tag("Arn", &arn))
}
