//! The Java SDK's sts module is not on the class path.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW020",
        name: "java-sts-module-missing",
        summary: "The Java SDK's sts module is not on the class path",
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
        citation: "AWS SDK for Java 2 Developer Guide",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

The Java SDK's sts module is not on the class path.

## Why it breaks

Web identity needs the module `sts`.

## Evidence

The logs, and environment, volumes and network policies of the pods. What cannot be read leaves the rule undetermined.

## Repair

Add the dependency. A person has to do this.

## References

- AWS SDK for Java 2 Developer Guide",
    },
    groups: &[judge::reach],
};
