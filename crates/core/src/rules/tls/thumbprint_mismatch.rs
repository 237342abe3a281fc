//! `thumbprint-mismatch`: thumbprintList does not hold the CA the issuer serves now.

use crate::judge;
use crate::rules::rule;

rule! {
    ThumbprintMismatch,
    code: "TW007",
    name: "thumbprint-mismatch",
    summary: "thumbprintList does not hold the CA the issuer serves now",
    link: Tls,
    needs: [Chains, Discovery, Exchange, Logs, Pods, Provider, Trail],
    citation: "IAM User Guide, \"Obtain the thumbprint for an OIDC identity provider\"",
    repair: NeedsApproval,
    judge: [judge::thumbprint],
    doc: "## What it checks

ThumbprintList does not hold the CA the issuer serves now.

## Why it breaks

AWS trusts its library of roots first and compares the registered thumbprints when that does not decide; older and compatible systems compare thumbprints alone.

## Evidence

Chains, Discovery, Exchange, Logs, Pods, Provider, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Obtain the thumbprint for an OIDC identity provider\"",
}
