//! The identity provider does not issue the audience asked for.

use crate::finding::Severity;
use crate::judge;
use crate::link::Link;
use crate::rule::{Kind, Repair, RuleMeta};
use crate::rules::definition::Definition;

pub(crate) static RULE: Definition = Definition {
    meta: &RuleMeta {
        code: "TW111",
        name: "idp-does-not-issue-requested-audience",
        summary: "The identity provider does not issue the audience asked for",
        link: Link::Token,
        severity: Severity::Error,
        needs: &[Kind::Pods, Kind::Logs, Kind::Token, Kind::Exchange, Kind::Trail, Kind::Job],
        masked_by: &[],
        citation: "OpenID Connect Core 1.0, section 2; Microsoft Entra authentication error codes",
        since: "0.1.0",
        repair: Repair::Manual,
        doc: r"## What it checks

Whether the audience a job asks for (`audience:` of its step) is in the token it got, and whether the identity provider said that it knows no such audience.

## Why it breaks

What a client asks for binds nobody: some platforms always send their own audience, and others refuse one that is not registered with them. STS compares the audience in the token, not the one that was asked for.

## Evidence

The job's input beside the `aud` of its token, or the identity provider's refusal in a log (`AADSTS500011`, `AADSTS50001`). By hand: decode the token's second part, `cut -d. -f2 | base64 -d`, and read `aud`.

## Repair

Register the audience with the identity provider, or take the one it issues into the provider's client ids and the `:aud` condition. A person has to do this.

## References

- OpenID Connect Core 1.0, section 2 (`aud`)
- Microsoft Entra, authentication error codes",
    },
    groups: &[judge::token],
};
