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

Whether the Java SDK says that web identity needs its `sts` module.

## Why it breaks

SDK 2 loads the exchange from the artifact `software.amazon.awssdk:sts` when it is on the class path, and skips web identity with a warning when it is not. The next source, often the node's role, is used instead.

## Evidence

The warning in the log; no exchange in CloudTrail. By hand: `mvn dependency:tree | grep awssdk:sts`, or `unzip -l APP.jar | grep sts`.

## Repair

Add the dependency. A person has to do this.

## References

- AWS SDK for Java 2 Developer Guide",
    },
    groups: &[judge::reach],
};
