//! An authority with an intermediate, and leaves signed by it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// A root, and the chain of one host signed below it, base64 of DER.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The self-signed root.
    pub root: String,
    /// Leaf, then intermediate.
    pub chain: Vec<String>,
}

/// Makes an authority and a chain for a host.
pub fn authority(name: &str, host: &str) -> Result<Authority, rcgen::Error> {
    signed(name, host, |_| {})
}

/// The same with a leaf that is valid until the first second of 2022-07-20, and in it.
pub(crate) fn ending(name: &str, host: &str) -> Result<Authority, rcgen::Error> {
    signed(name, host, |leaf| leaf.not_after = date_time_ymd(2022, 7, 20))
}

fn signed(name: &str, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Result<Authority, rcgen::Error> {
    let ca = |cn: String| -> Result<(CertificateParams, KeyPair), rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, cn);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok((params, KeyPair::generate()?))
    };
    let (root_params, root_key) = ca(format!("{name} Root"))?;
    let root = root_params.self_signed(&root_key)?;
    let (middle_params, middle_key) = ca(format!("{name} Intermediate"))?;
    let middle = middle_params.signed_by(&middle_key, &Issuer::from_params(&root_params, &root_key))?;
    let mut leaf_params = CertificateParams::new(vec![host.to_owned()])?;
    leaf_params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut leaf_params);
    let leaf_key = KeyPair::generate()?;
    let leaf = leaf_params.signed_by(&leaf_key, &Issuer::from_params(&middle_params, &middle_key))?;
    let text = |der: &[u8]| STANDARD.encode(der);
    Ok(Authority { root: text(root.der()), chain: vec![text(leaf.der()), text(middle.der())] })
}
