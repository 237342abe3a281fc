//! The extensions that decide what a certificate may be used for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::der::{
    BIT_STRING, BOOLEAN, DerError, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, bit_string, boolean, hex, oid_text,
    small_integer,
};
use crate::name::Name;
use crate::oddity::Oddity;

/// Extensions read per certificate. Real ones have about ten; the bound keeps a hostile one cheap.
pub(crate) const MAX_EXTENSIONS: usize = 64;
/// Alternative names and subtrees read per certificate. CDN certificates have hundreds.
pub(crate) const MAX_NAMES: usize = 4096;

/// An alternative name, or the base of a name constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GeneralName {
    /// A host name, possibly with a wildcard.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// An address range of a constraint: address and mask bytes.
    Range(Vec<u8>, Vec<u8>),
    /// A mail address.
    Email(String),
    /// A URI.
    Uri(String),
    /// A distinguished name.
    Directory(Name),
    /// Anything else: its context tag.
    Other(u8),
}

/// `basicConstraints`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it is a CA.
    pub ca: bool,
    /// How many CAs, not self-issued, may stand below it.
    pub path_length: Option<u64>,
}

/// `keyUsage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    fn has(self, bit: usize) -> bool {
        self.0 & (0x8000 >> bit) != 0
    }

    /// May sign certificates.
    pub fn key_cert_sign(self) -> bool {
        self.has(5)
    }

    /// May sign handshakes.
    pub fn digital_signature(self) -> bool {
        self.has(0)
    }

    /// RFC 5280's names of the uses that are set.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().enumerate().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect()
    }
}

/// `nameConstraints`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameConstraints {
    /// Subtrees names must lie in, by kind.
    pub permitted: Vec<GeneralName>,
    /// Subtrees names must not lie in.
    pub excluded: Vec<GeneralName>,
}

/// Server authentication, RFC 5280 section 4.2.1.12.
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Any extended use.
pub const ANY_EXTENDED_USE: &str = "2.5.29.37.0";

/// Every extension that is understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {
    /// Alternative names.
    pub alternative_names: Vec<GeneralName>,
    /// Whether the extension for alternative names is there.
    pub has_alternative_names: bool,
    /// Basic constraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage, dotted.
    pub extended_key_usage: Option<Vec<String>>,
    /// Name constraints.
    pub name_constraints: Option<NameConstraints>,
    /// Subject key identifier, hexadecimal.
    pub subject_key_id: Option<String>,
    /// Key identifier within the authority key identifier, hexadecimal.
    pub authority_key_id: Option<String>,
    /// Critical extensions that are not processed, dotted.
    pub unknown_critical: Vec<String>,
}

/// Reads the content of `Extensions`; what cannot be read is noted, and counts as unknown when critical.
pub(crate) fn parse(content: &[u8], oddities: &mut Vec<Oddity>) -> Result<Extensions, DerError> {
    let mut found = Extensions::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut list = Reader::new(content).sequence()?;
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        let oid = extension.expect(OID)?.value;
        let critical = extension.optional(BOOLEAN)?.map_or(Ok(false), |b| boolean(b.value))?;
        let value = extension.expect(OCTET_STRING)?.value;
        if !extension.is_empty() {
            oddities.push(Oddity::BytesLeftOver);
        }
        if seen.len() >= MAX_EXTENSIONS {
            return Err(DerError::Value("a certificate with more than 64 extensions"));
        }
        if seen.contains(&oid) {
            oddities.push(Oddity::DuplicateExtension);
            // Whichever a verifier reads, another may read the other: neither is believed.
            found.unknown_critical.push(oid_text(oid));
            continue;
        }
        seen.push(oid);
        match one(oid, value, critical, &mut found, oddities) {
            Ok(false) if critical => found.unknown_critical.push(oid_text(oid)),
            Ok(_) => {}
            Err(_) => {
                oddities.push(Oddity::UnreadableExtension);
                // Unreadable limits must not read as none.
                found.unknown_critical.push(oid_text(oid));
            }
        }
    }
    Ok(found)
}

/// `Ok(false)` for an extension that is not processed.
fn one(
    oid: &[u8],
    value: &[u8],
    critical: bool,
    found: &mut Extensions,
    oddities: &mut Vec<Oddity>,
) -> Result<bool, DerError> {
    let mut r = Reader::new(value);
    let [0x55, 0x1d, id] = oid else { return Ok(false) };
    if critical && matches!(id, 14 | 35) {
        oddities.push(Oddity::CriticalKeyIdentifier);
    }
    match id {
        14 => found.subject_key_id = Some(hex(r.expect(OCTET_STRING)?.value)),
        15 => {
            let (bits, _) = bit_string(r.expect(BIT_STRING)?.value)?;
            let byte = |at: usize| u16::from(bits.get(at).copied().unwrap_or(0));
            found.key_usage = Some(KeyUsage((byte(0) << 8) | byte(1)));
        }
        17 => {
            found.has_alternative_names = true;
            found.alternative_names = general_names(r.sequence()?, false)?;
        }
        19 => {
            let mut inner = r.sequence()?;
            let ca = inner.optional(BOOLEAN)?.map_or(Ok(false), |b| boolean(b.value))?;
            let path_length = inner.optional(INTEGER)?.map(|i| small_integer(i.value)).transpose()?;
            if !inner.is_empty() {
                return Err(DerError::Value("the end of the basic constraints"));
            }
            if ca && !critical {
                oddities.push(Oddity::CaNotCritical);
            }
            if !ca && path_length.is_some() {
                oddities.push(Oddity::PathLengthWithoutCa);
            }
            found.basic_constraints = Some(BasicConstraints { ca, path_length });
        }
        30 => found.name_constraints = Some(name_constraints(r.sequence()?)?),
        35 => {
            let mut inner = r.sequence()?;
            found.authority_key_id = inner.optional(0x80)?.map(|id| hex(id.value));
        }
        37 => {
            let mut inner = r.sequence()?;
            let mut uses = Vec::new();
            while !inner.is_empty() && uses.len() < MAX_NAMES {
                uses.push(oid_text(inner.expect(OID)?.value));
            }
            found.extended_key_usage = Some(uses);
        }
        // Certificate policies: no policy is asked for, so any is right. Issuer alternative names,
        // freshest CRL and CRL distribution points do not bear on a path; revocation is not checked.
        18 | 31 | 32 | 46 => return Ok(true),
        _ => return Ok(false),
    }
    // What follows might be read by another verifier.
    if r.is_empty() { Ok(true) } else { Err(DerError::Value("the end of an extension")) }
}

/// A constraint of a kind or form that is not processed refuses every name of its kind.
pub(crate) fn name_constraints(mut content: Reader<'_>) -> Result<NameConstraints, DerError> {
    let mut subtrees = |tag: u8| -> Result<Vec<GeneralName>, DerError> {
        let Some(list) = content.optional(tag)? else { return Ok(Vec::new()) };
        let mut list = Reader::new(list.value);
        let mut bases = Vec::new();
        while !list.is_empty() {
            if bases.len() >= MAX_NAMES {
                return Err(DerError::Value("a list of more than 4096 names"));
            }
            let mut subtree = list.sequence()?;
            bases.push(general_name(&mut subtree, true)?);
            // RFC 5280, 4.2.1.10: minimum is 0 and maximum absent. DER leaves a minimum of 0 out; some write it.
            let minimum = subtree.optional(0x80)?.map_or(Ok(0), |m| small_integer(m.value))?;
            if minimum != 0 || !subtree.is_empty() {
                return Err(DerError::Value("a subtree with bounds"));
            }
        }
        Ok(bases)
    };
    let permitted = subtrees(0xa0)?;
    let excluded = subtrees(0xa1)?;
    // RFC 5280, 4.2.1.10: one of both must say something; whoever wrote neither meant another thing.
    if (permitted.is_empty() && excluded.is_empty()) || !content.is_empty() {
        return Err(DerError::Value("a name constraint"));
    }
    Ok(NameConstraints { permitted, excluded })
}

fn general_names(mut list: Reader<'_>, constraint: bool) -> Result<Vec<GeneralName>, DerError> {
    let mut names = Vec::new();
    while !list.is_empty() {
        if names.len() >= MAX_NAMES {
            return Err(DerError::Value("a list of more than 4096 names"));
        }
        names.push(general_name(&mut list, constraint)?);
    }
    Ok(names)
}

fn general_name(reader: &mut Reader<'_>, constraint: bool) -> Result<GeneralName, DerError> {
    let tlv = reader.next()?;
    let ascii = || {
        let text = std::str::from_utf8(tlv.value).ok().filter(|t| t.is_ascii() && !t.contains('\0'));
        text.map(str::to_owned).ok_or(DerError::Value("an alternative name"))
    };
    Ok(match tlv.tag {
        0x81 => GeneralName::Email(ascii()?),
        0x82 if constraint => {
            let base = ascii()?;
            let labels = base.strip_prefix('.').unwrap_or(&base);
            // An empty base is every name; nothing else has empty labels, and a wildcard is no base.
            if !base.is_empty() && (labels.split('.').any(str::is_empty) || base.contains('*')) {
                return Err(DerError::Value("a name constraint"));
            }
            GeneralName::Dns(base)
        }
        0x82 => GeneralName::Dns(ascii()?),
        0x86 => GeneralName::Uri(ascii()?),
        0xa4 => {
            let inner = Reader::new(tlv.value).expect(SEQUENCE)?;
            GeneralName::Directory(Name::parse(inner.value, inner.raw)?)
        }
        0x87 if constraint => {
            let half = tlv.value.len() / 2;
            let (address, mask) = tlv.value.split_at_checked(half).ok_or(DerError::Truncated)?;
            // A mask is ones, then zeros, as in CIDR notation (RFC 5280, 4.2.1.10, after RFC 4632).
            let ones = mask.iter().map(|b| b.count_ones()).sum::<u32>();
            let leading = mask
                .iter()
                .position(|b| *b != 0xff)
                .map_or(ones, |at| u32::try_from(at).unwrap_or(0) * 8 + mask.get(at).map_or(0, |b| b.leading_ones()));
            if !matches!(tlv.value.len(), 8 | 32) || ones != leading {
                return Err(DerError::Value("an address range"));
            }
            GeneralName::Range(address.to_vec(), mask.to_vec())
        }
        0x87 => {
            let v4 = <[u8; 4]>::try_from(tlv.value).map(|b| IpAddr::V4(Ipv4Addr::from(b)));
            let v6 = || <[u8; 16]>::try_from(tlv.value).map(|b| IpAddr::V6(Ipv6Addr::from(b)));
            GeneralName::Ip(v4.or_else(|_| v6()).map_err(|_| DerError::Value("an address"))?)
        }
        other => GeneralName::Other(other & 0x1f),
    })
}
