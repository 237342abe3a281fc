//! `issuer-tls-certificate-invalid-for-host`: issuer tls certificate invalid for host.

use crate::judge;
use crate::rules::rule;

rule! {
    IssuerTlsCertificateInvalidForHost,
    code: "TW081",
    name: "issuer-tls-certificate-invalid-for-host",
    summary: "issuer tls certificate invalid for host",
    link: Tls,
    needs: [Chains, Discovery, Exchange, Logs, Pods, Provider, Trail],
    citation: "IAM User Guide, \"Obtain the thumbprint for an OIDC identity provider\"",
    repair: Manual,
    judge: [judge::thumbprint],
    doc: "## What it checks

Issuer tls certificate invalid for host.

## Why it breaks

AWS trusts its library of roots first and compares the registered thumbprints when that does not decide; older and compatible systems compare thumbprints alone.

## Evidence

Chains, Discovery, Exchange, Logs, Pods, Provider, Trail: what was read of each, side by side in the finding's proof.

## Repair

The finding names the exact command or patch for the objects at hand.

## References

IAM User Guide, \"Obtain the thumbprint for an OIDC identity provider\"",
}
