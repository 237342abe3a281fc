//! The enterprise's path of the issuer is missing.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW070",
        name: "enterprise-issuer-path-missing-in-condition-key",
        summary: "The enterprise's path of the issuer is missing",
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
        citation: "GitHub documentation, OpenID Connect reference",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r"## What it checks

The enterprise's path of the issuer is missing.

## Why it breaks

An enterprise's issuer has its own path.

## Evidence

The role's trust policy, statement by statement, against the token's claims. What cannot be read leaves the rule undetermined.

## Repair

Add the path. `trustwalk fix` can do this after approval.

## References

- GitHub documentation, OpenID Connect reference",
    },
    groups: &[judge::trust],
};
