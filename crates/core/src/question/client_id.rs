//! Registered audiences that differ from the token's in what nobody sees: STS compares byte for byte.

use std::fmt::Write as _;

use trustwalk_foreign::visible;

use super::facts::{bare, lacking};
use super::{Draft, Judged, vouch};
use crate::cause::Cause;
use crate::evidence::{Provider, TokenClaims, View};
use crate::finding::Confidence;
use crate::plan::{Action, ways};

/// Whether an eye misses the character, or would where it stands at an end.
fn unseen(c: char) -> bool {
    c.is_whitespace() || visible::is_hidden(c)
}

/// A text as an eye reads it.
fn read(text: &str) -> String {
    text.chars().filter(|c| !unseen(*c)).collect()
}

/// A value with what is invisible in it written by its number.
pub(super) fn written(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if unseen(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// All of them, written so.
pub(super) fn listed(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.iter().map(|id| written(id)).collect::<Vec<_>>().join(", ") }
}

/// The registered audience that reads as this one and has characters in it that nobody sees.
pub(super) fn lookalike<'a>(provider: &'a Provider, aud: &str) -> Option<&'a str> {
    let plain = read(aud);
    let alike = |id: &&String| id.as_str() != aud && id.chars().any(unseen) && read(id) == plain;
    provider.client_ids.iter().find(alike).map(String::as_str)
}

/// Where in a value the invisible characters stand, and which they are.
fn described(id: &str) -> String {
    let mut found: Vec<String> = id.chars().filter(|c| unseen(*c)).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    found.dedup();
    let place = match (id.starts_with(unseen), id.ends_with(unseen)) {
        (false, true) => "at its end",
        (true, false) => "at its beginning",
        (true, true) => "at both ends",
        (false, false) => "in its midst",
    };
    format!("{} {place}", found.join(" and "))
}

/// The finding: the provider has one that only looks right.
pub(super) fn mistyped(e: &View<'_>, provider: &Provider, token: &TokenClaims, aud: &str, id: &str) -> Draft {
    let arn = &provider.arn;
    let draft = Draft::new(format!(
        "the token's audience is `{}`, and {arn} has `{}`, with {}: STS compares byte for byte",
        written(aud),
        written(id),
        described(id)
    ))
    .show("token aud", written(aud), token.origin.clone())
    .show("registered audiences", listed(&provider.client_ids), format!("{arn} ClientIDList"));
    let iss = format!("https://{}", provider.url.trim_start_matches("https://"));
    if let Some(doubt) = vouch::doubt(e, &iss) {
        return vouch::question(e, draft, &doubt);
    }
    let action = Action::AddClientId { provider_arn: arn.clone(), client_id: aud.to_owned() };
    let mut by_hand = ways(e, &action);
    by_hand.push((
        "note",
        "type it anew, do not copy it; afterwards take the other away: where it came from (a template, a variable, a \
         pasted page) it comes back"
            .to_owned(),
    ));
    let title = "register the audience as it is written, without what nobody sees";
    if aud.chars().any(unseen) || !vouch::audience_known(e, aud, bare(&iss)) {
        return draft.cure(title, &by_hand);
    }
    draft.act(title, vec![action], &by_hand)
}

/// No token is at hand: a registered audience that cannot be what was meant is said all the same.
pub(super) fn suspected(e: &View<'_>, provider: &Provider) -> Judged {
    let mut judged = Judged::open(lacking("the token's audience", e.token()));
    let odd = provider.client_ids.iter().find(|id| {
        let clean = read(id);
        id.chars().any(unseen) && !provider.client_ids.contains(&clean)
    });
    if let Some(id) = odd {
        let draft = Draft::new(format!(
            "{} has the audience `{}` registered, with {}: STS compares byte for byte, and no token is likely to \
             have it so",
            provider.arn,
            written(id),
            described(id)
        ))
        .show("registered audiences", listed(&provider.client_ids), format!("{} ClientIDList", provider.arn))
        .warns()
        .unsure(Confidence::Likely, "the aud of the token itself: `trustwalk token FILE` reads one")
        .cure("register the audience as it is written, without what nobody sees", &[]);
        judged.push(Cause::ClientIdWithInvisibleCharacters, draft);
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(ids: &[&str]) -> Provider {
        Provider { client_ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Provider::default() }
    }

    #[test]
    fn what_nobody_sees_is_found_wherever_it_stands_and_only_there() {
        for id in
            ["sts.amazonaws.com ", "\nsts.amazonaws.com", "sts.\u{200b}amazonaws.com", "sts.amazonaws.com\u{feff}"]
        {
            assert_eq!(lookalike(&provider(&["x", id]), "sts.amazonaws.com"), Some(id), "{id:?}");
            assert!(written(id).is_ascii() && !written(id).contains(unseen), "{}", written(id));
        }
        // Neither what is right, nor what an eye tells apart, nor a token that has the character itself.
        for (id, aud) in [("sts.amazonaws.com", "sts.amazonaws.com"), ("sts.amazon.com ", "sts.amazonaws.com")] {
            assert_eq!(lookalike(&provider(&[id]), aud), None);
        }
        assert_eq!(lookalike(&provider(&["vault"]), "vault "), None);
    }
}
