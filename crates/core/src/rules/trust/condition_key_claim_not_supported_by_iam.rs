//! A condition asks for a claim IAM does not turn into a key.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW013",
        name: "condition-key-claim-not-supported-by-iam",
        summary: "A condition asks for a claim IAM does not turn into a key",
        link: Link::Trust,
        severity: Severity::Error,
        needs: &[
            Kind::Pods,
            Kind::Logs,
            Kind::Token,
            Kind::Cluster,
            Kind::Discovery,
            Kind::Provider,
            Kind::RoleArn,
            Kind::Role,
            Kind::Caller,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
            Kind::Providers,
            Kind::Trusting,
        ],
        masked_by: &[],
        citation: "IAM User Guide, \"AWS global condition context keys: OIDC federation\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Condition keys of the policy against the claims that IAM maps for this issuer.

## Why it breaks

For most issuers only `aud`, `sub` and `amr` become keys; for GitHub, Google and a few more some others. A condition on any other claim is never met, since the key is absent from the request, however right the value is.

## Evidence

Each key `ISSUER:CLAIM` of the statement that would otherwise admit the token. By hand: compare the keys in the trust policy with the IAM User Guide's table of web identity keys.

## Repair

Express the restriction through the subject. A person has to do this.

## References

- IAM User Guide, "AWS global condition context keys: OIDC federation""#,
    },
    groups: &[judge::trust],
};
