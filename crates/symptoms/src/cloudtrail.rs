//! Records of `CloudTrail` about web identity: who asked for what, with which token, and what came of it.
//!
//! Members and their meaning: `CloudTrail` User Guide, "`CloudTrail` record contents" and "`userIdentity` element";
//! IAM User Guide, "Logging IAM and AWS STS API calls". Deliberately absent: files and the splitting of deliveries into
//! records.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trustwalk_foreign::redact;

use crate::facts::{Cluster, Partition, Region, Subject};
use crate::text::{Stamp, endpoint};

/// Bytes of one record that are read. An event has at most 256 KiB (`CloudTrail` User Guide, quotas), and twice that
/// where it stands as text in the answer of `LookupEvents`.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// The longest value that is kept of a record.
const MAX_VALUE: usize = 2048;
/// The longest policy that is kept: IAM's quota for a trust policy is 4,096 characters without blanks.
const MAX_POLICY: usize = 16 * 1024;
/// Audiences of a provider that are kept: IAM's quota.
const MAX_AUDIENCES: usize = 100;

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $variant:ident => $name:literal,)+) => {
        /// The calls that web identity rests on, by the name that `CloudTrail` gives them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum TrailEvent {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
            /// Another call that was refused: made with a session that came from a web identity, or to assume a role.
            Other,
        }

        impl TrailEvent {
            /// From `eventName`, which a few services end with the version of their interface.
            pub fn of_name(name: &str) -> Option<Self> {
                let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
                match bare {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

events! {
    /// The exchange itself.
    AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
    /// The Pod Identity agent's exchange.
    AssumeRoleForPodIdentity => "AssumeRoleForPodIdentity",
    /// A provider was registered.
    CreateProvider => "CreateOpenIDConnectProvider",
    /// A provider was deleted.
    DeleteProvider => "DeleteOpenIDConnectProvider",
    /// A provider's thumbprints were replaced.
    UpdateThumbprint => "UpdateOpenIDConnectProviderThumbprint",
    /// An audience was added to a provider.
    AddClientId => "AddClientIDToOpenIDConnectProvider",
    /// An audience was taken from a provider.
    RemoveClientId => "RemoveClientIDFromOpenIDConnectProvider",
    /// A role's trust policy was replaced.
    UpdateTrust => "UpdateAssumeRolePolicy",
    /// A role was made.
    CreateRole => "CreateRole",
    /// A role was deleted.
    DeleteRole => "DeleteRole",
    /// A Pod Identity association was made.
    CreateAssociation => "CreatePodIdentityAssociation",
    /// A Pod Identity association was changed.
    UpdateAssociation => "UpdatePodIdentityAssociation",
    /// A Pod Identity association was deleted.
    DeleteAssociation => "DeletePodIdentityAssociation",
}

impl TrailEvent {
    /// Whether it is an exchange of a token for a session.
    pub fn is_exchange(self) -> bool {
        matches!(self, Self::AssumeRoleWithWebIdentity | Self::AssumeRoleForPodIdentity)
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// It was refused: the record has an error's code.
    Refused,
}

/// One record of `CloudTrail` about web identity. All strings are redacted and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrailRecord {
    /// The call.
    pub event: TrailEvent,
    /// Its name as the record has it.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
    /// When, as UTC in ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// AWS's id of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// AWS's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The error's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The error's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The provider that issued the token: its ARN, or its host (`userIdentity.identityProvider`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The token's subject (`userIdentity.userName`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The token's audience, from the answer or from the principal's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The role asked for or changed: an ARN, or a name where the record has no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The provider made, changed or deleted: an ARN or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Audiences that a provider was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The trust policy that was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The cluster, for Pod Identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Cluster>,
    /// Who made the call: an ARN, of whoever changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_arn: Option<String>,
    /// The client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Where it called from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// The region that recorded it: that of the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The endpoint's host, as the client named it (`tlsDetails.clientProvidedHostHeader`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How STS trusted the issuer's certificate (`identityProviderConnectionVerificationMethod`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
}

/// What an event of `CloudTrail` is about.
pub(crate) enum Event {
    /// Web identity.
    Ours(Box<TrailRecord>),
    /// Something else.
    Foreign,
}

impl TrailRecord {
    /// What an event is about, if the text is one.
    pub(crate) fn find(text: &str) -> Option<Event> {
        // A runtime's prefix may stand before it.
        let body = text.get(text.find('{').filter(|at| *at < 64)?..)?.trim();
        if !body.contains("\"eventName\"") || !body.contains("\"eventSource\"") {
            return None;
        }
        let event: Value = serde_json::from_str(body).ok()?;
        event.get("eventName")?.as_str()?;
        event.get("eventSource")?.as_str()?;
        Some(Self::of(&event).map_or(Event::Foreign, |record| Event::Ours(Box::new(record))))
    }

    /// The record in the bytes of one event, as a delivery, a stream or `LookupEvents` (`CloudTrailEvent`) has it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        const MARKS: [&[u8]; 5] = [b"WebIdentity", b"PodIdentity", b"OpenIDConnect", b"webIdFederationData", b"Role"];
        let bytes = bytes.get(..MAX_RECORD_BYTES.min(bytes.len()))?;
        // Most records of an account are about something else: they are not parsed.
        if !MARKS.iter().any(|m| memchr::memmem::find(bytes, m).is_some()) {
            return None;
        }
        let event: Value = serde_json::from_slice(bytes).ok()?;
        match event.get("CloudTrailEvent") {
            Some(Value::String(inner)) => Self::of(&serde_json::from_str(inner).ok()?),
            _ => Self::of(&event),
        }
    }

    fn of(event: &Value) -> Option<Self> {
        let name = text(event, "/eventName")?;
        let error_code = text(event, "/errorCode");
        let federated = text(event, "/userIdentity/sessionContext/webIdFederationData/federatedProvider");
        let kind = match TrailEvent::of_name(&name) {
            Some(kind) => kind,
            None if error_code.is_some() && (federated.is_some() || name == "AssumeRole") => TrailEvent::Other,
            None => return None,
        };
        let principal = text(event, "/userIdentity/principalId").filter(|_| kind.is_exchange());
        let issuer = text(event, "/userIdentity/identityProvider").or(federated);
        let subject = text(event, "/responseElements/subjectFromWebIdentityToken")
            .or_else(|| text(event, "/userIdentity/userName").filter(|_| kind.is_exchange()));
        let audience = text(event, "/responseElements/audience")
            .or_else(|| of_principal(principal.as_deref()?, issuer.as_deref()?, subject.as_deref()?));
        let role = ["/requestParameters/roleArn", "/responseElements/role/arn", "/requestParameters/roleName"];
        let provider = [
            "/requestParameters/openIDConnectProviderArn",
            "/responseElements/openIDConnectProviderArn",
            "/responseElements/provider",
            "/requestParameters/url",
        ];
        let first = |paths: &[&str]| paths.iter().find_map(|path| text(event, path));
        Some(Self {
            event: kind,
            name,
            outcome: if error_code.is_some() { Outcome::Refused } else { Outcome::Succeeded },
            at: text(event, "/eventTime").and_then(|t| Stamp::find(&t)).map(|t| t.to_string()),
            event_id: text(event, "/eventID"),
            request_id: text(event, "/requestID"),
            error_code,
            error_message: text(event, "/errorMessage"),
            issuer,
            subject: subject.map(Subject::new),
            audience,
            role_arn: first(&role),
            provider: first(&provider),
            audiences: audiences(event),
            policy: policy(event),
            cluster: text(event, "/requestParameters/clusterName").map(Cluster::new),
            actor_arn: text(event, "/userIdentity/arn"),
            user_agent: text(event, "/userAgent"),
            source_ip: text(event, "/sourceIPAddress"),
            region: text(event, "/awsRegion").map(Region::new),
            host: text(event, "/tlsDetails/clientProvidedHostHeader"),
            verified_by: text(event, "/additionalEventData/identityProviderConnectionVerificationMethod"),
        })
    }

    /// The partition of the role or of the actor.
    pub fn partition(&self) -> Option<Partition> {
        endpoint::partition(self.role_arn.as_deref().or(self.actor_arn.as_deref()), self.host.as_deref())
    }
}

/// A string of the event, redacted and bounded.
fn text(event: &Value, path: &str) -> Option<String> {
    let found = event.pointer(path)?.as_str().filter(|s| !s.is_empty())?;
    let bounded = found.get(..found.floor_char_boundary(MAX_VALUE)).unwrap_or_default();
    Some(redact(bounded).into_owned())
}

/// The audience in `PROVIDER:AUDIENCE:SUBJECT`, as a principal of a web identity is named (`CloudTrail` User Guide).
fn of_principal(principal: &str, issuer: &str, subject: &str) -> Option<String> {
    let rest = principal.strip_prefix(issuer)?.strip_prefix(':')?;
    rest.strip_suffix(subject)?.strip_suffix(':').filter(|aud| !aud.is_empty()).map(str::to_owned)
}

fn audiences(event: &Value) -> Vec<String> {
    let list = event.pointer("/requestParameters/clientIDList").and_then(Value::as_array);
    let one = text(event, "/requestParameters/clientID");
    let bounded = |s: &str| redact(s.get(..s.floor_char_boundary(MAX_VALUE)).unwrap_or_default()).into_owned();
    let many = list.into_iter().flatten().filter_map(Value::as_str).take(MAX_AUDIENCES).map(bounded);
    many.chain(one).collect()
}

fn policy(event: &Value) -> Option<String> {
    let paths = ["/requestParameters/policyDocument", "/requestParameters/assumeRolePolicyDocument"];
    let found = paths.iter().find_map(|path| event.pointer(path)?.as_str())?;
    (found.len() <= MAX_POLICY).then(|| redact(found).into_owned())
}
