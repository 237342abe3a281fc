//! The role's account has no OIDC provider for the issuer.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW021",
        name: "oidc-provider-missing-in-account",
        summary: "The role's account has no OIDC provider for the issuer",
        link: Link::Provider,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::Providers,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Namesake,
            Kind::ServiceAccount,
            Kind::Job,
            Kind::Trusting,
        ],
        masked_by: &["issuer-is-cluster-local-url"],
        citation: "IAM User Guide, \"Create an OIDC provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The token's `iss` without scheme against the URLs of the OIDC providers in the role's account.

## Why it breaks

STS looks for a provider whose URL equals the issuer in the role's account, letter by letter, before it reads the token's signature or the trust policy: `No OpenIDConnect provider found in your account for ...`. A cluster's issuer is not registered by creating the cluster.

## Evidence

The issuer, and the account's list of providers. From a log alone the finding is likely, since one that is nearly right has another cause. By hand: `aws eks describe-cluster --name NAME --query cluster.identity.oidc.issuer` and `aws iam list-open-id-connect-providers`.

## Repair

Register the provider. `trustwalk fix` can do this after approval, where the account (a provider, the role's trust policy) or the cluster knows the issuer. An issuer that only a token names is a question: whoever runs it can name anybody as its subject.

## References

- IAM User Guide, "Create an OIDC provider""#,
    },
    groups: &[judge::provider],
};
