//! A client that signs with `aws-sigv4` and speaks HTTP by hand, so that nothing is validated
//! before the account sees it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Keys;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trustwalk_lab_aws::Credentials;

/// Longest an answer may take: the issuer's five seconds, and as much again.
const PATIENCE: Duration = Duration::from_secs(30);

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Text of the first element of this name, unescaped.
    pub(crate) fn text(&self, element: &str) -> String {
        self.all(element).into_iter().next().unwrap_or_else(|| panic!("no <{element}> in {}", self.body))
    }

    /// Texts of all elements of this name.
    pub(crate) fn all(&self, element: &str) -> Vec<String> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let texts = self.body.split(&open).skip(1).filter_map(|rest| rest.split_once(&close));
        texts.map(|(text, _)| unescape(text)).collect()
    }

    /// Members of a list.
    pub(crate) fn members(&self, list: &str) -> Vec<String> {
        let inside = Answer { body: self.text(list), ..self.clone() };
        inside.all("member")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The keys of the session that STS gave.
    pub(crate) fn session(&self) -> Credentials {
        Credentials {
            access_key_id: self.text("AccessKeyId"),
            secret_access_key: self.text("SecretAccessKey"),
            session_token: Some(self.text("SessionToken")),
            expires: None,
        }
    }

    /// The answer, which must be a success.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// The answer must be this error of the query protocol.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, code: &str, message: &str) {
        assert_eq!(
            (self.status, self.text("Code").as_str(), self.text("Message").as_str()),
            (status, code, message),
            "{}",
            self.body
        );
        assert!(self.body.contains("<RequestId>") || self.body.contains("<RequestID>"), "{}", self.body);
        assert!(self.head.to_ascii_lowercase().contains("x-amzn-requestid: "), "{}", self.head);
    }

    /// The answer must be S3's refusal.
    #[track_caller]
    pub(crate) fn refuses_s3(&self, message: &str) {
        assert_eq!(
            (self.status, self.text("Code").as_str(), self.text("Message").as_str()),
            (403, "AccessDenied", message)
        );
    }

    /// The answer must be this error of a JSON service.
    #[track_caller]
    pub(crate) fn refuses_json(&self, status: u16, code: &str, message: &str) {
        let body = self.json();
        assert_eq!(self.status, status, "{body}");
        assert!(self.head.to_ascii_lowercase().contains(&format!("x-amzn-errortype: {}", code.to_ascii_lowercase())));
        assert!(body.pointer("/message").and_then(serde_json::Value::as_str).unwrap().contains(message), "{body}");
    }
}

fn unescape(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// How a request is signed.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) keys: Credentials,
    pub(crate) at: SystemTime,
    pub(crate) region: &'static str,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, keys: Credentials) -> Self {
        Self { address, keys, at: SystemTime::now(), region: "us-west-2" }
    }

    /// The head of a signed request.
    fn signed(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let k = &self.keys;
        let keys = Keys::new(&k.access_key_id, &k.secret_access_key, k.session_token.clone(), None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&keys)
            .region(self.region)
            .name(service)
            .time(self.at)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let host = self.address.to_string();
        let all: Vec<(&str, &str)> = std::iter::once(("host", host.as_str())).chain(headers.iter().copied()).collect();
        let url = format!("http://{host}{path}");
        let request = SignableRequest::new(method, &url, all.iter().copied(), SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let given = all.iter().map(|(n, v)| format!("{n}: {v}\r\n"));
        let made = instructions.headers().map(|(n, v)| format!("{n}: {v}\r\n"));
        let lines: String = given.chain(made).collect();
        format!("{method} {path} HTTP/1.1\r\n{lines}connection: close\r\ncontent-length: {}\r\n\r\n", body.len())
    }

    /// A signed request of any shape.
    pub(crate) async fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let head = self.signed(service, method, path, headers, body.as_bytes());
        parse(&exchange(self.address, [head.as_bytes(), body.as_bytes()].concat()).await)
    }

    /// An operation of the query protocol.
    pub(crate) async fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let body = form(action, parameters);
        self.send(service, "POST", "/", &[("content-type", "application/x-www-form-urlencoded")], &body).await
    }

    /// An IAM operation.
    pub(crate) async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.query("iam", action, parameters).await
    }
}

/// A form-encoded body.
pub(crate) fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("Action", action).append_pair("Version", "2010-05-08");
    body.extend_pairs(parameters).finish()
}

/// An unsigned operation of STS.
pub(crate) async fn unsigned(address: SocketAddr, action: &str, parameters: &[(&str, &str)]) -> Answer {
    let body = form(action, parameters);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-www-form-urlencoded\r\nconnection: \
         close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    parse(&exchange(address, [head, body].concat().into_bytes()).await)
}

/// Sends a whole request, then reads until the account closes.
async fn exchange(address: SocketAddr, bytes: Vec<u8>) -> Vec<u8> {
    talk(address, bytes, false).await
}

/// Sends bytes and that no more will come, then reads until the account closes.
pub(crate) async fn send_all(address: SocketAddr, bytes: Vec<u8>) -> Vec<u8> {
    talk(address, bytes, true).await
}

async fn talk(address: SocketAddr, bytes: Vec<u8>, hang_up: bool) -> Vec<u8> {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // An account that has refused already may close before all is sent.
        let _ = stream.write_all(&bytes).await;
        if hang_up {
            let _ = stream.shutdown().await;
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    tokio::time::timeout(PATIENCE, talk).await.unwrap()
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not HTTP: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
