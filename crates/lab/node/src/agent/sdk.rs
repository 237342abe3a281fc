//! Which SDK a container's image stands for, and what that SDK can do.

/// An SDK with its generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sdk {
    GoV1,
    GoV2,
    /// Go before web identity (before 1.23.13).
    GoOld,
    /// `legacy`: boto3 before 1.40.0, whose default was the global STS endpoint.
    Python {
        legacy: bool,
    },
    Java,
    /// Java without the `sts` module.
    JavaNoSts,
    Js,
    Rust,
    Dotnet,
}

/// First VPC CNI release on the Go SDK v2 (amazon-vpc-cni-k8s, pull request 3070).
const CNI_ON_V2: [u32; 3] = [1, 19, 1];
/// First boto3 release whose default is the regional endpoint (boto3 changelog).
const BOTO3_REGIONAL: [u32; 3] = [1, 40, 0];

/// The tag of an image as numbers; `None` when it is not a version.
fn version(image: &str) -> Option<[u32; 3]> {
    let last = image.rsplit('/').next()?;
    let tag = last.split_once(':')?.1.trim_start_matches('v');
    let mut numbers = tag.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    let major = numbers.next()??;
    let minor = numbers.next().flatten().unwrap_or(0);
    let patch = numbers.next().flatten().unwrap_or(0);
    Some([major, minor, patch])
}

/// Image name without registry and tag.
pub(crate) fn image_name(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split([':', '@']).next().unwrap_or(last)
}

/// How the program of an image names itself in requests.
pub(crate) fn user_agent(image: &str) -> &'static str {
    Sdk::of_image(image).user_agent()
}

impl Sdk {
    /// The SDK of an `aws-node` image, by its tag.
    pub(crate) fn of_cni(image: &str) -> Self {
        match version(image) {
            Some(number) if number >= CNI_ON_V2 => Self::GoV2,
            _ => Self::GoV1,
        }
    }

    /// The SDK of an `app-…` image; `None` when it is no app of the lab.
    pub(crate) fn of_app(image: &str) -> Option<Self> {
        Some(match image_name(image) {
            "app-python" => Self::Python { legacy: version(image).is_some_and(|number| number < BOTO3_REGIONAL) },
            "app-java" => Self::Java,
            "app-java-no-sts" => Self::JavaNoSts,
            "app-js" => Self::Js,
            "app-go" if version(image).is_some_and(|[major, ..]| major == 1) => Self::GoV1,
            "app-go" => Self::GoV2,
            "app-go-old" => Self::GoOld,
            "app-rust" => Self::Rust,
            "app-dotnet" => Self::Dotnet,
            _ => return None,
        })
    }

    /// Whether it looks at `AWS_WEB_IDENTITY_TOKEN_FILE` at all.
    pub(crate) fn knows_web_identity(self) -> bool {
        self != Self::GoOld
    }

    /// Whether it accepts the Pod Identity Agent's address.
    pub(crate) fn knows_pod_identity(self) -> bool {
        !matches!(self, Self::GoOld | Self::Python { legacy: true })
    }

    /// Whether it reads `AWS_ENDPOINT_URL` and its kin (AWS SDKs and Tools Reference Guide, "Service-specific
    /// endpoints", table of support).
    pub(crate) fn knows_endpoint_urls(self) -> bool {
        !matches!(self, Self::GoV1 | Self::GoOld)
    }

    /// The SDK of any image of the lab.
    pub(crate) fn of_image(image: &str) -> Self {
        Self::of_app(image).unwrap_or_else(|| Self::of_cni(image))
    }

    /// How it names itself in requests.
    pub(crate) fn user_agent(self) -> &'static str {
        match self {
            Self::GoV1 => "aws-sdk-go/1.44.0 (go1.18; linux; amd64)",
            Self::GoOld => "aws-sdk-go/1.20.0 (go1.12; linux; amd64)",
            Self::GoV2 => "aws-sdk-go-v2/1.31.0 os/linux lang/go#1.23.0 md/GOOS#linux md/GOARCH#amd64 api/sts#1.31.0",
            Self::Python { legacy: true } => "Boto3/1.38.2 md/Botocore#1.38.2 ua/2.1 os/linux lang/python#3.12.4",
            Self::Python { legacy: false } => "Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1 os/linux lang/python#3.12.4",
            Self::Java | Self::JavaNoSts => "aws-sdk-java/2.30.0 ua/2.1 os/Linux lang/java#21.0.4",
            Self::Js => "aws-sdk-js/3.700.0 ua/2.1 os/linux lang/js md/nodejs#22.9.0",
            Self::Rust => "aws-sdk-rust/1.3.1 os/linux lang/rust/1.80.0",
            Self::Dotnet => "aws-sdk-dotnet-coreclr/3.7.400 os/linux lang/.NET_Core#8.0.8",
        }
    }

    /// Whether a profile's keys come before a web identity: in the SDK for JavaScript (its `defaultProvider`).
    pub(crate) fn prefers_profiles(self) -> bool {
        self == Self::Js
    }

    /// Java tries the next provider after one fails; the others stop there.
    pub(crate) fn falls_through(self) -> bool {
        matches!(self, Self::Java | Self::JavaNoSts)
    }

    /// Whether its default is the global STS endpoint for the older regions.
    pub(crate) fn defaults_to_global_sts(self) -> bool {
        matches!(self, Self::GoV1 | Self::GoOld | Self::Python { legacy: true })
    }

    /// How often `AssumeRoleWithWebIdentity` is tried on `code`: the Go SDK v2 marks
    /// `InvalidIdentityToken` as temporary.
    pub(crate) fn attempts(self, code: &str) -> u32 {
        match (self, code) {
            (Self::GoV2, "InvalidIdentityToken" | "IDPCommunicationError") => 3,
            _ => 1,
        }
    }

    /// The session name it makes up.
    pub(crate) fn session_name(self, now: jiff::Timestamp) -> String {
        let millis = now.as_millisecond();
        match self {
            Self::GoV1 | Self::GoV2 | Self::GoOld => now.as_nanosecond().to_string(),
            Self::Python { .. } => format!("botocore-session-{}", now.as_second()),
            Self::Java | Self::JavaNoSts => format!("aws-sdk-java-{millis}"),
            Self::Js => format!("aws-sdk-js-session-{millis}"),
            Self::Rust => format!("web-identity-token-{millis}"),
            Self::Dotnet => format!("aws-dotnet-sdk-session-{millis}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cni_changes_sdk_with_its_release() {
        let sdk = |tag: &str| Sdk::of_cni(&format!("registry:5000/amazon-k8s-cni:{tag}"));
        assert_eq!(sdk("v1.11.2"), Sdk::GoV1);
        assert_eq!(sdk("v1.19.0-eksbuild.1"), Sdk::GoV1);
        assert_eq!(sdk("v1.19.1"), Sdk::GoV2);
        assert_eq!(sdk("v1.20.0-eksbuild.1"), Sdk::GoV2);
        assert_eq!(sdk("latest"), Sdk::GoV1);
    }

    #[test]
    fn boto3_changed_its_default_endpoint() {
        let legacy = |image| matches!(Sdk::of_app(image), Some(Sdk::Python { legacy }) if legacy);
        assert!(legacy("lab/app-python:1.38.2"));
        assert!(!legacy("lab/app-python:1.40.0"));
        assert!(!legacy("lab/app-python"));
    }
}
