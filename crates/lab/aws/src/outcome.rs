//! An operation's end: an answer, or an error with AWS's code and words.

/// The code of a signature's time that is too far off, until the service is known that words it.
pub(crate) const TIME_OFF: &str = "RequestTimeTooSkewed";

/// An error as a service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsFault {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl AwsFault {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The refusal of a service whose model calls it `AccessDeniedException` (EKS, `CloudTrail`; their API
    /// references).
    pub(crate) fn excepting(self) -> Self {
        if self.code == "AccessDenied" { Self { code: "AccessDeniedException", ..self } } else { self }
    }

    /// A refusal of keys or signature in the words of a service; it has those of IAM and STS.
    pub(crate) fn worded_by(self, service: &str) -> Self {
        let (status, code, message) = match (service, self.code) {
            ("eks" | "eks-auth" | "cloudtrail", "InvalidClientTokenId") => (403, "UnrecognizedClientException", None),
            ("eks" | "eks-auth" | "cloudtrail", "ExpiredToken") => (403, "ExpiredTokenException", None),
            ("eks" | "eks-auth" | "cloudtrail", "SignatureDoesNotMatch" | TIME_OFF) => {
                (403, "InvalidSignatureException", None)
            }
            ("eks" | "eks-auth" | "cloudtrail", "MissingAuthenticationToken") => {
                (403, "MissingAuthenticationTokenException", None)
            }
            // EC2 API Reference, "Error codes"; Amazon S3 API Reference, "Error responses"; the code of the services
            // with JSON is in their API references' common errors.
            ("ec2", TIME_OFF) => (400, "RequestExpired", Some("Request has expired.")),
            ("s3", TIME_OFF) => {
                let text = "The difference between the request time and the current time is too large.";
                (403, "RequestTimeTooSkewed", Some(text))
            }
            (_, TIME_OFF) => (403, "SignatureDoesNotMatch", None),
            ("ec2", "InvalidClientTokenId" | "SignatureDoesNotMatch") => {
                (401, "AuthFailure", Some("AWS was not able to validate the provided access credentials"))
            }
            ("ec2", "ExpiredToken") => (400, "RequestExpired", Some("Request has expired.")),
            ("s3", "InvalidClientTokenId") => {
                let text = "The AWS Access Key Id you provided does not exist in our records.";
                (403, "InvalidAccessKeyId", Some(text))
            }
            ("s3", "ExpiredToken") => (400, "ExpiredToken", Some("The provided token has expired.")),
            _ => return self,
        };
        Self { status, code, message: message.map_or(self.message, str::to_owned) }
    }

    /// `ValidationError`, 400.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// `InvalidInput`, 400.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    /// `NoSuchEntity`, 404.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    /// `InvalidIdentityToken`, 400.
    pub(crate) fn token(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidIdentityToken", message)
    }
}

/// What an operation of the query protocol answers: the inside of its `…Result`.
pub(crate) type Outcome = Result<String, AwsFault>;

/// Escapes text for XML.
pub(crate) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
        out
    })
}

/// `<name>text</name>`.
pub(crate) fn tag(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// `<name><member>…</member>…</name>` of ready XML.
pub(crate) fn members(name: &str, items: impl IntoIterator<Item = String>) -> String {
    let inside: Vec<String> = items.into_iter().map(|i| format!("<member>{i}</member>")).collect();
    format!("<{name}>{}</{name}>", inside.concat())
}
