//! TLS inspection: a chain made by a product between us and the host, not by the host.
//!
//! A thumbprint computed through such a product is wrong for AWS, which does not pass through it
//! (terraform-aws-eks issue 2768).

use crate::certificate::Certificate;
use crate::store::TrustStore;

/// A sign that somebody in between made the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interception {
    /// The product, when a name gives it away.
    pub product: Option<&'static str>,
    /// The name that gave it away.
    pub name: String,
    /// Position of that certificate in the chain.
    pub position: usize,
}

/// Words of certificate names (lower-case) and the product whose CA carries them by default.
const PRODUCTS: &[(&str, &str)] = &[
    ("zscaler", "Zscaler"),
    ("netskope", "Netskope"),
    ("goskope", "Netskope"),
    ("palo alto networks", "Palo Alto Networks"),
    ("fortigate", "Fortinet FortiGate"),
    ("fortinet", "Fortinet FortiGate"),
    ("blue coat", "Symantec ProxySG (Blue Coat)"),
    ("bluecoat", "Symantec ProxySG (Blue Coat)"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint (Websense)"),
    ("sophos", "Sophos"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("mcafee web gateway", "Skyhigh (McAfee) Web Gateway"),
    ("skyhigh", "Skyhigh Web Gateway"),
    ("check point", "Check Point"),
    ("watchguard", "WatchGuard Firebox"),
    ("fireware web ca", "WatchGuard Firebox"),
    ("barracuda", "Barracuda"),
    ("sonicwall", "SonicWall"),
    ("untangle", "Untangle"),
    ("cato networks", "Cato Networks"),
    ("iboss", "iboss"),
    ("menlo security", "Menlo Security"),
    ("gateway ca - cloudflare", "Cloudflare Gateway"),
    ("cloudflare for teams", "Cloudflare Gateway"),
    ("lightspeed", "Lightspeed Filter"),
    ("contentkeeper", "ContentKeeper"),
    ("smoothwall", "Smoothwall"),
    ("kaspersky", "Kaspersky"),
    ("avast! web/mail shield", "Avast"),
    ("avg web/mail shield", "AVG"),
    ("eset ssl filter", "ESET"),
    ("bitdefender", "Bitdefender"),
    ("mitmproxy", "mitmproxy"),
    ("do_not_trust_fiddler", "Fiddler"),
    ("portswigger", "Burp Suite"),
    ("charles proxy", "Charles"),
    ("owasp zap", "OWASP ZAP"),
    ("zed attack proxy", "OWASP ZAP"),
    ("squid", "Squid"),
];

/// Looks for an inspecting product: by the names of the chain's issuers first; then a chain that
/// verifies only to a root that is not among the public ones, for a host that is known to be public.
///
/// `verified_root` is the root the chain was verified to, `public` the store of public roots, and
/// `public_host` whether the caller knows that the host's own certificate comes from a public CA
/// (an EKS issuer's does).
pub fn interception(
    chain: &[Certificate],
    verified_root: Option<&Certificate>,
    public: Option<&TrustStore>,
    public_host: bool,
) -> Option<Interception> {
    for (position, certificate) in chain.iter().enumerate() {
        let name = certificate.issuer().to_string();
        let lower = name.to_lowercase();
        if let Some((_, product)) = PRODUCTS.iter().find(|(word, _)| lower.contains(word)) {
            return Some(Interception { product: Some(product), name, position });
        }
    }
    let (root, public) = (verified_root?, public?);
    (public_host && !public.contains(root)).then(|| Interception {
        product: None,
        name: root.subject().to_string(),
        position: chain.len().saturating_sub(1),
    })
}
