//! The application is told to use another source of credentials.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW018",
        name: "app-configured-for-another-credential-source",
        summary: "The application is told to use another source of credentials",
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
        citation: "AWS SDKs and Tools reference, \"Standardized credential providers\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether the container's variables (`AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`) or the client's complaint show another source than the injected identity.

## Why it breaks

What the application is told explicitly wins over the default chain: a named profile, a credentials file or the metadata service is asked, fails, and the web identity is never looked at. STS is not called.

## Evidence

Names of the variables (values of secrets are not read) and the line of the log. Settings inside the application's own files cannot be seen. By hand: `kubectl exec POD -- env | grep AWS_`, and the application's configuration for words like profile, metadata or IMDS.

## Repair

Remove the setting. A person has to do this.

## References

- AWS SDKs and Tools reference, "Standardized credential providers""#,
    },
    groups: &[judge::reach],
};
