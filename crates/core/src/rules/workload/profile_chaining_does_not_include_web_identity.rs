//! `credential_source = Environment` does not include the web identity.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW113",
        name: "profile-chaining-does-not-include-web-identity",
        summary: "credential_source = Environment does not include the web identity",
        link: Link::Workload,
        severity: Severity::Error,
        needs: &[
            Kind::Workload,
            Kind::Pods,
            Kind::Logs,
            Kind::ServiceAccount,
            Kind::NetworkPolicies,
            Kind::Associations,
            Kind::Cluster,
            Kind::Exchange,
            Kind::Trail,
            Kind::Job,
        ],
        masked_by: &[],
        citation: "AWS SDKs and Tools Reference Guide, \"Assume role credential provider\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether the client says that the `credential_source` of a profile gave it nothing.

## Why it breaks

`Environment` stands for `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. The webhook injects `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE`, which are another source, so a profile that chains from the environment finds no credentials although the identity is there.

## Evidence

The client's own words in the log. The configuration file lies in the container and is not read; by hand: `kubectl exec POD -- sh -c 'cat ${AWS_CONFIG_FILE:-~/.aws/config}'`, and look for `credential_source`.

## Repair

Give the web identity a profile of its own (`web_identity_token_file`, `role_arn`) and name that as `source_profile`. A person has to do this.

## References

- AWS SDKs and Tools Reference Guide, "Assume role credential provider""#,
    },
    groups: &[judge::reach],
};
