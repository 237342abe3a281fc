//! Why a connection failed, in words: what libraries call by their own names, said as a person would.

use std::error::Error;
use std::io::ErrorKind;

use rustls::CertificateError;

/// The innermost reason that says something: outer layers say only that something failed.
pub(crate) fn transport(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    loop {
        if let Some(tls) = deepest.downcast_ref::<rustls::Error>() {
            return handshake(tls);
        }
        // What an I/O error was made of stands beside its sources, not among them.
        let wrapped = deepest.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| deepest.source());
        match next {
            Some(inner) => deepest = inner,
            None => break,
        }
    }
    if let Some(io) = deepest.downcast_ref::<std::io::Error>() {
        return input_output(io);
    }
    if let Some(http) = deepest.downcast_ref::<hyper::Error>() {
        return hypertext(http);
    }
    if deepest.is::<http_body_util::LengthLimitError>() {
        return "the answer is too large".to_owned();
    }
    trustwalk_foreign::redact(&deepest.to_string()).into_owned()
}

/// What a stranger's answer begins with. Secrets are taken out before it is cut: half of one would not be known.
pub(crate) fn beginning(body: &[u8], chars: usize) -> String {
    let text = String::from_utf8_lossy(body);
    trustwalk_foreign::redact(text.trim()).chars().take(chars).collect()
}

/// Whether a connection that was there broke: what is refused or not found does not come back within seconds.
pub(crate) fn connection_broke(error: &(dyn Error + 'static)) -> bool {
    use ErrorKind as E;
    let mut next = Some(error);
    while let Some(layer) = next {
        if let Some(http) = layer.downcast_ref::<hyper::Error>()
            && (http.is_incomplete_message() || http.is_closed())
        {
            return true;
        }
        if let Some(io) = layer.downcast_ref::<std::io::Error>()
            && matches!(io.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::UnexpectedEof)
        {
            return true;
        }
        next = layer.source();
    }
    false
}

fn input_output(error: &std::io::Error) -> String {
    use ErrorKind as E;
    let kind = error.kind();
    let words = if kind == E::ConnectionRefused {
        "nothing listens there: the connection was refused"
    } else if matches!(kind, E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe) {
        "the other side broke the connection"
    } else if kind == E::UnexpectedEof {
        "the other side closed the connection too early"
    } else if kind == E::TimedOut {
        "no answer came in time"
    } else if matches!(kind, E::HostUnreachable | E::NetworkUnreachable) {
        "no network leads there"
    } else {
        return error.to_string();
    };
    words.to_owned()
}

fn hypertext(error: &hyper::Error) -> String {
    let words = if error.is_parse_too_large() {
        "the answer's head is too large"
    } else if error.is_parse() {
        "the answer is not HTTP"
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        "the other side closed the connection instead of answering"
    } else if error.is_timeout() {
        "no answer came in time"
    } else {
        return error.to_string();
    };
    words.to_owned()
}

/// A handshake's end, in words.
pub(crate) fn handshake(error: &rustls::Error) -> String {
    if let rustls::Error::InvalidCertificate(problem) = error {
        return certificate(problem).to_owned();
    }
    if let rustls::Error::AlertReceived(alert) = error {
        return format!("the other side refused the handshake with TLS alert {} ({alert:?})", u8::from(*alert));
    }
    if let rustls::Error::PeerIncompatible(_) = error {
        return "the other side speaks no version or cipher suite of TLS that is spoken here".to_owned();
    }
    if let rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } = error {
        return "the other side does not speak TLS, or breaks its rules".to_owned();
    }
    if let rustls::Error::NoCertificatesPresented = error {
        return "the other side presented no certificate".to_owned();
    }
    error.to_string()
}

/// What is wrong with a certificate.
fn certificate(problem: &CertificateError) -> &'static str {
    use CertificateError as E;
    if matches!(problem, E::UnknownIssuer) {
        UNKNOWN_AUTHORITY
    } else if matches!(problem, E::Expired | E::ExpiredContext { .. }) {
        "its certificate has expired, or the clock here is wrong"
    } else if matches!(problem, E::NotValidYet | E::NotValidYetContext { .. }) {
        "its certificate is not valid yet, or the clock here is wrong"
    } else if matches!(problem, E::NotValidForName | E::NotValidForNameContext { .. }) {
        OTHER_NAME
    } else if matches!(problem, E::Revoked) {
        "its certificate was revoked"
    } else if matches!(problem, E::InvalidPurpose | E::InvalidPurposeContext { .. }) {
        "its certificate is not for servers"
    } else if matches!(problem, E::BadSignature | E::ApplicationVerificationFailure) {
        "its certificate is not signed by the authority that it names"
    } else if matches!(problem, E::BadEncoding) {
        "its certificate cannot be read"
    } else {
        "its certificate was not accepted"
    }
}

/// The authority is unknown.
pub(crate) const UNKNOWN_AUTHORITY: &str = "its certificate is of an authority that is not trusted here";
/// The name is another.
pub(crate) const OTHER_NAME: &str = "its certificate is for other host names";

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn libraries_names_do_not_reach_the_reader() {
        let certificate = |problem| {
            transport(&Outer(std::io::Error::new(ErrorKind::InvalidData, rustls::Error::InvalidCertificate(problem))))
        };
        assert_eq!(certificate(CertificateError::UnknownIssuer), UNKNOWN_AUTHORITY);
        assert_eq!(certificate(CertificateError::NotValidForName), OTHER_NAME);
        assert!(certificate(CertificateError::Expired).contains("expired"));
        assert!(certificate(CertificateError::UnhandledCriticalExtension).contains("not accepted"));
        let said = transport(&rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure));
        assert!(said.contains("TLS alert 40"), "{said}");
    }

    #[test]
    fn the_systems_errors_are_said_in_words() {
        assert!(transport(&Outer(ErrorKind::ConnectionRefused.into())).contains("nothing listens"));
        assert!(transport(&Outer(ErrorKind::ConnectionReset.into())).contains("broke the connection"));
        assert_eq!(transport(&Outer(std::io::Error::other("`a` does not resolve"))), "`a` does not resolve");
    }
}
