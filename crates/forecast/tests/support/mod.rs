//! Evidence with certificates that end, and the same evidence on another day.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{Clock, Evidence, Observed, Source};
use trustwalk_testkit::NOW;

pub(crate) const DAY: i64 = 86_400;

/// So many days after now.
pub(crate) fn day(days: i64) -> i64 {
    NOW + days * DAY
}

/// A leaf and its intermediate, each with an end, under a root.
pub(crate) struct Chain {
    host: String,
    pub(crate) der: Vec<Vec<u8>>,
    pub(crate) root: String,
}

impl Chain {
    /// Ends in days after now.
    pub(crate) fn new(host: &str, leaf_ends: i64, authority_ends: i64) -> Self {
        let until = |params: &mut CertificateParams, days: i64| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            let seconds = u64::try_from(day(days)).unwrap();
            params.not_after = rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds);
        };
        let ca = |name: &str, days: i64| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            until(&mut params, days);
            (params, KeyPair::generate().unwrap())
        };
        let (root, root_key) = ca("Root", 20_000);
        let (middle, middle_key) = ca("Intermediate", authority_ends);
        let middle_der = middle.signed_by(&middle_key, &Issuer::from_params(&root, &root_key)).unwrap();
        let mut leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        until(&mut leaf, leaf_ends);
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&middle, &middle_key)).unwrap();
        let root = STANDARD.encode(root.self_signed(&root_key).unwrap().der());
        Self { host: host.to_owned(), der: vec![leaf.der().to_vec(), middle_der.der().to_vec()], root }
    }

    /// Puts it where the issuer's chain stands.
    pub(crate) fn put(&self, e: &mut Value) {
        let chain: Vec<String> = self.der.iter().map(|der| STANDARD.encode(der)).collect();
        e["chains"][0]["value"]["chain"] = json!(chain);
        e["chains"][0]["value"]["host"] = json!(self.host);
    }
}

pub(crate) fn evidence(value: Value) -> Evidence {
    serde_json::from_value(value).unwrap()
}

/// The same evidence on another day, nobody having asked STS then: written here a second time, so that it is not the
/// forecast's own reading which it is compared with.
pub(crate) fn at(e: &Evidence, moment: i64) -> Evidence {
    let mut e = e.clone();
    let later = moment - e.now;
    e.now = moment;
    let source = Source { what: "test".to_owned(), at: moment, by_hand: None };
    e.clock = Observed::Known { value: Clock { server: "test".to_owned(), ahead: 0 }, source };
    e.exchange = Observed::Spared { reason: "test".to_owned() };
    if let Some(token) = e.token.known_mut() {
        token.exp = token.exp.map(|t| t + later);
        token.iat = token.iat.map(|t| t + later);
    }
    e
}

/// What fails by the diagnosis.
pub(crate) fn failing(e: &Evidence) -> Vec<Cause> {
    let d = diagnose(e);
    d.root_cause.iter().chain(&d.also).map(|f| f.cause).collect()
}
