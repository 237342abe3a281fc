//! Where STS refused our own exchange, and the one reading that tells why.

use trustwalk_foreign::shell;

use crate::evidence::{Evidence, View};
use crate::link::Link;
use crate::question::{Refusal, refusal_of_exchange};

/// The links that the check which refused belongs to; empty where our own exchange was not refused.
pub(super) fn links(e: &Evidence) -> Vec<Link> {
    match refusal_of_exchange(&View::new(e)) {
        Some(Refusal::Denied) => vec![Link::Trust],
        Some(Refusal::Audience | Refusal::NoProvider) => vec![Link::Provider],
        Some(Refusal::Thumbprint) => vec![Link::Tls, Link::Provider],
        Some(Refusal::Keys) => vec![Link::Issuer, Link::Keys, Link::Tls],
        Some(Refusal::Token) => vec![Link::Token],
        Some(Refusal::Parameters) | None => Vec::new(),
    }
}

/// What the role's account would tell of a refusal of our own exchange, where it was not read: the reading, the values
/// that it is compared with, the command, and whose account it is.
pub fn told_by_account(e: &Evidence) -> Option<String> {
    let view = View::new(e);
    let refusal = refusal_of_exchange(&view)?;
    let token = e.token.known()?;
    let arn = e.role_arn.known()?.trim();
    let account = arn.split(':').nth(4).filter(|account| !account.is_empty())?;
    let (sub, aud) = (token.sub.as_deref().unwrap_or("none"), token.aud.join(", "));
    match refusal {
        Refusal::Denied if e.role.known().is_none() => {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            let query = "aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument";
            let command = shell::line(query, &[name]);
            Some(format!("the trust policy, for sub {sub}, aud {aud}: `{command}` in account {account}"))
        }
        Refusal::Audience | Refusal::NoProvider | Refusal::Thumbprint if e.provider.known().is_none() => {
            let iss = token.iss.as_deref()?.trim_start_matches("https://");
            let partition = arn.split(':').nth(1).unwrap_or("aws");
            let provider = format!("arn:{partition}:iam::{account}:oidc-provider/{iss}");
            let template = "aws iam get-open-id-connect-provider --open-id-connect-provider-arn {}";
            let command = shell::line(template, &[&provider]);
            Some(format!("what the account has registered for the issuer: `{command}` in account {account}"))
        }
        Refusal::Denied
        | Refusal::Audience
        | Refusal::NoProvider
        | Refusal::Thumbprint
        | Refusal::Keys
        | Refusal::Token
        | Refusal::Parameters => None,
    }
}
