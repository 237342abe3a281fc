//! The token's audience is not registered with the provider.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW006",
        name: "audience-not-in-provider-client-ids",
        summary: "The token's audience is not registered with the provider",
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
        masked_by: &["idp-does-not-issue-requested-audience"],
        citation: "IAM API reference, AddClientIDToOpenIDConnectProvider",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The token's `aud` (or `azp`, where it has one) against the client ids registered with the account's provider.

## Why it breaks

STS takes a token only if its audience is one of the provider's client ids, and checks that before it reads any trust policy: `Incorrect token audience`, since mid-2026 `The web identity token provided could not be validated`.

## Evidence

The decoded token and the provider's ClientIDList, letter by letter. Without either the rule is undetermined. By hand: `kubectl create token NAME -n NAMESPACE --audience sts.amazonaws.com | cut -d. -f2 | base64 -d` and `aws iam get-open-id-connect-provider --open-id-connect-provider-arn ARN --query ClientIDList`.

## Repair

Register the audience, or ask for tokens with a registered one. `trustwalk fix` can do this after approval.

## References

- IAM API reference, AddClientIDToOpenIDConnectProvider",
    },
    groups: &[judge::provider],
};
