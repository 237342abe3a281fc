//! What the end of a client's chain of sources contradicts: an SDK that goes to no further source once STS fails was
//! never kept from STS where its chain came to its end.

use trustwalk_symptoms::{Sdk, Symptom};

use super::Judged;
use super::symptoms::recent;
use crate::cause::Cause;
use crate::evidence::View;

/// What the last source of a chain leads a client to say.
const ENDED: [Symptom; 3] = [Symptom::NoCredentials, Symptom::NoInstanceRole, Symptom::ImdsUnreachable];

/// SDKs whose chain ends with the failure of a web identity that was given, and asks no other source: botocore
/// (`CredentialResolver.load_credentials`, which passes on what a provider raises), Go 1 (`session`,
/// `resolveCredentials`) and Go 2 (`config`, `resolveCredentialChain`), which take the web identity alone where its
/// variable is set, and Rust (`CredentialsProviderChain`, which goes on after `CredentialsNotLoaded` alone).
const STOPPING: &[Sdk] = &[Sdk::Python, Sdk::GoV1, Sdk::GoV2, Sdk::Rust];
const STOPPED: &str = "its client's chain ended without a source: where a web identity is given, the chain of that SDK \
    ends with what STS, or the way to it, said";

/// SDKs of one piece, without a module for STS that could be lacking.
const WHOLE: &[Sdk] =
    &[Sdk::Python, Sdk::GoV1, Sdk::GoV2, Sdk::Rust, Sdk::Cpp, Sdk::Php, Sdk::Swift, Sdk::FluentBit, Sdk::MinioGo];

/// Causes that a chain's end contradicts, of which SDKs, and why.
const TABLE: [(Cause, &[Sdk], &str); 4] = [
    (Cause::DnsOrNetworkToStsBroken, STOPPING, STOPPED),
    (Cause::TransientStsFailureFallsBackToNodeRole, STOPPING, STOPPED),
    (Cause::JavaStsModuleMissing, WHOLE, "the client is of an SDK that has no module of its own for STS"),
    // botocore's `ContainerProvider` raises another error where the agent does not answer.
    (
        Cause::PodIdentityAgentMissing,
        &[Sdk::Python],
        "botocore ends with an error of its own where the Pod Identity agent does not answer",
    ),
];

/// Excludes what every line that could show it contradicts.
pub(super) fn contradict(view: &View<'_>, causes: &[Cause], judged: &mut Judged) {
    let lines = recent(view);
    for (cause, sdks, by) in TABLE.iter().filter(|(cause, ..)| causes.contains(cause)) {
        let mut shown = lines.iter().filter(|l| cause.shows().contains(&l.failure.symptom)).peekable();
        let ended = shown.peek().is_some()
            && shown
                .all(|l| ENDED.contains(&l.failure.symptom) && l.failure.sdk.is_some_and(|sdk| sdks.contains(&sdk)));
        if ended && judged.found.iter().all(|f| f.cause != *cause) {
            judged.exclude(*cause, *by);
        }
    }
}
