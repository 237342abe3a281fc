//! Key exchange on secp521r1, which rustls does not bring.
//!
//! A TLS 1.2 server with a certificate on that curve may only present it to clients that name the
//! curve among their groups (RFC 8422, 2.2 and 5.1): without it, such an issuer's chain cannot be seen.

use aws_lc_rs::agreement::{ECDH_P521, PrivateKey, PublicKey, UnparsedPublicKey, agree};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// First byte of an uncompressed point, the only form that TLS has (RFC 8422, 5.4.1).
const UNCOMPRESSED: u8 = 4;

#[derive(Debug)]
pub(super) struct Secp521r1;

impl SupportedKxGroup for Secp521r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let private = PrivateKey::generate(&ECDH_P521).map_err(|_| GetRandomFailed)?;
        let public = private.compute_public_key().map_err(|_| GetRandomFailed)?;
        Ok(Box::new(Exchange { private, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

struct Exchange {
    private: PrivateKey,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let bad = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);
        if peer.first() != Some(&UNCOMPRESSED) {
            return Err(bad);
        }
        let peer = UnparsedPublicKey::new(&ECDH_P521, peer);
        agree(&self.private, peer, bad, |secret| Ok(SharedSecret::from(secret)))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_ref()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}
