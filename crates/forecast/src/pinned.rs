//! Certificates whose thumbprints are registered and compared: with the last of them that is presented, the exchange
//! ends.

use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::{Evidence, Provider};
use trustwalk_core::finding::{Confidence, Exhibit};
use trustwalk_core::forthcoming::{Basis, Forthcoming, Presented, When};
use trustwalk_core::moment::date;
use trustwalk_x509::Certificate;

/// The certificates of a chain whose thumbprints are registered.
pub(crate) fn matching<'a>(provider: &Provider, chain: &'a Presented) -> Vec<&'a Certificate> {
    let known = |c: &&Certificate| provider.thumbprints.iter().any(|t| t.eq_ignore_ascii_case(c.sha1().as_str()));
    chain.certificates.iter().filter(known).collect()
}

/// Whether the leaf alone is pinned, where thumbprints are compared.
pub(crate) fn leaf_alone(provider: &Provider, chain: &Presented) -> bool {
    let matching = matching(provider, chain);
    chain.consulted && !matching.is_empty() && matching.iter().all(|c| chain.certificates.first() == Some(*c))
}

/// When each host's pins end.
pub(crate) fn ends(e: &Evidence, chains: &[Presented]) -> Vec<Forthcoming> {
    let Some(provider) = e.provider.known() else { return Vec::new() };
    chains.iter().filter(|c| c.consulted).filter_map(|c| end(provider, c)).collect()
}

fn end(provider: &Provider, chain: &Presented) -> Option<Forthcoming> {
    let matching = matching(provider, chain);
    let last = matching.iter().max_by_key(|c| c.not_after())?;
    let (day, host, name) = (date(last.not_after()), &chain.host, last.subject());
    let at = last.not_after().saturating_add(1);
    let arn = &provider.arn;
    let (when, confidence, sentence) = if leaf_alone(provider, chain) {
        let sentence = format!(
            "the thumbprint registered with {arn} is that of {host}'s own certificate, valid until {day}: the one that \
             replaces it has another"
        );
        (When::By { at }, Confidence::Proven, sentence)
    } else {
        let sentence = format!(
            "the last certificate of {host} with a thumbprint registered with {arn} is `{name}`, valid until {day}: \
             another authority has to stand in its place then"
        );
        (When::On { at }, Confidence::Likely, sentence)
    };
    let origin = |c: &Certificate| format!("{host}, {}, valid until {}", c.subject(), date(c.not_after()));
    let proof = matching.iter().map(|c| Exhibit::new("presented and registered", c.sha1().as_str(), origin(c)));
    Some(Forthcoming {
        confidence,
        proof: proof.collect(),
        advice: "register the thumbprint of the authority that comes next before the present one goes: \
                 `trustwalk fix --rotate` does it in steps"
            .to_owned(),
        ..Forthcoming::of(Cause::ThumbprintMismatch, Basis::Certificate, when, sentence)
    })
}
