//! IAM refuses a trust policy that leaves a shared issuer open to all its tenants.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW110",
        name: "iam-rejects-trust-policy-without-required-claim",
        summary: "IAM refuses a trust policy that leaves a shared issuer open to all its tenants",
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
        citation: "IAM User Guide, \"Identity-provider controls for shared OIDC providers\"",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r#"## What it checks

Whether a `MalformedPolicyDocument` refusal concerns an issuer that many tenants share, and whether the policy evaluates the claim that tells the tenants apart: `sub` for GitHub, GitLab, Buildkite and HCP Terraform, `aud` for Vercel, Pulumi and Cognito.

## Why it breaks

Every customer of such an issuer gets tokens from the same URL. A policy without a condition on the tenant would admit all of them, so since June 2025 IAM refuses to create or change such a policy. Roles saved before that keep working until somebody edits them, which is why an unrelated edit can bring the refusal.

## Evidence

The refusal in a log (of Terraform, CloudFormation, the CLI) and, where the role can be read, its present policy. AWS does not publish the words of the refusal, so the finding is likely and not certain. By hand: `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument` and look for `ISSUER:sub`.

## Repair

Add the condition on the claim with your own tenant in it; a value of wildcards alone does not count. A person has to do this: only you know which tenants are meant.

## References

- IAM User Guide, "Identity-provider controls for shared OIDC providers""#,
    },
    groups: &[judge::trust],
};
