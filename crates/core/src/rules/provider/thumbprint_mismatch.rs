//! No registered thumbprint matches the certificates the issuer presents.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW007",
        name: "thumbprint-mismatch",
        summary: "No registered thumbprint matches the certificates the issuer presents",
        link: Link::Provider,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Discovery, Kind::Chains, Kind::Provider, Kind::Exchange, Kind::Trail],
        masked_by: &[],
        citation: "IAM User Guide, \"Obtain the thumbprint for an OpenID Connect identity provider\"",
        since: "0.1.0",
        repair: Repair::NeedsApproval,
        doc: r#"## What it checks

The SHA-1 thumbprints of the certificates the issuer's hosts present now against the provider's ThumbprintList, wherever AWS consults that list.

## Why it breaks

AWS asks its library of public authorities first and the registered thumbprints only when that does not decide: a private authority, TLS 1.3 alone, or a certificate it cannot fetch. Compatible systems, and AWS before August 2024, ask the thumbprints alone. Authorities change; the list does not follow by itself.

## Evidence

The chains presented by the host of the issuer and of `jwks_uri`, the roots that are trusted, and the registered thumbprints. From a log alone STS's own words make it likely. By hand: `openssl s_client -showcerts -connect HOST:443 -servername HOST`, the fingerprint of the last certificate shown, and `aws iam get-open-id-connect-provider --query ThumbprintList`.

## Repair

Add the thumbprint of the authority that signs now and keep those that still match. `trustwalk fix` can do this after approval.

## References

- IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider""#,
    },
    groups: &[judge::thumbprint],
};
