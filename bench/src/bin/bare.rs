//! The handshakes and signatures that a diagnosis of the lab's workload cannot do without, and nothing else: one
//! connection to the API server for requests, one for the stream that reads the node's log, one to the issuer, each
//! verified, and the signature of the workload's token.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

/// The account of the lab's workload, as the API addresses its tokens.
const TOKENS: &str = "/api/v1/namespaces/kube-system/serviceaccounts/aws-node/token";

type Line = BufReader<StreamOwned<ClientConnection, TcpStream>>;

fn main() -> Result<()> {
    let env = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let config: Value = serde_json::from_slice(&std::fs::read(env("KUBECONFIG")?)?)?;
    let text = |at: &str| config.pointer(at).and_then(Value::as_str).with_context(|| format!("no {at}"));
    let server = text("/clusters/0/cluster/server")?.trim_start_matches("https://").to_owned();
    let authority = STANDARD.decode(text("/clusters/0/cluster/certificate-authority-data")?)?;
    let name = server.rsplit_once(':').map_or(server.as_str(), |(host, _)| host).to_owned();
    let mut api = connect(&server, &name, &authority)?;
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"audiences": ["sts.amazonaws.com"]}});
    let told = ask(&mut api, "POST", &name, TOKENS, text("/users/0/user/token")?, &asked.to_string())?;
    let token = told.pointer("/status/token").and_then(Value::as_str).context("no token")?.to_owned();
    // A stream is asked for in HTTP/1.1, which requests are not.
    let mut stream = connect(&server, &name, &authority)?;
    ask(&mut stream, "GET", &name, "/version", text("/users/0/user/token")?, "")?;

    let issuer = env("ISSUER")?;
    let (host, path) = issuer.trim_start_matches("https://").split_once('/').context("the issuer has no path")?;
    let mut published = connect(&env("ADDRESS")?, host, &std::fs::read(env("TRUSTWALK_CA_BUNDLE")?)?)?;
    let found = ask(&mut published, "GET", host, &format!("/{path}/.well-known/openid-configuration"), "", "")?;
    let keys = found.pointer("/jwks_uri").and_then(Value::as_str).context("no keys are named")?;
    let keys = keys.strip_prefix(&format!("https://{host}")).context("the keys are elsewhere")?;
    let keys = ask(&mut published, "GET", host, keys, "", "")?;
    ensure!(is_signed(&token, &keys)?, "no key of the issuer has signed the token");
    Ok(())
}

fn connect(address: &str, name: &str, authorities: &[u8]) -> Result<Line> {
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_slice_iter(authorities) {
        roots.add(one?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned())?)?;
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(StreamOwned::new(client, stream)))
}

fn ask(line: &mut Line, method: &str, host: &str, path: &str, token: &str, body: &str) -> Result<Value> {
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: \
         {length}\r\n{authorization}\r\n{body}"
    );
    line.get_mut().write_all(head.as_bytes())?;
    let (mut length, mut text) = (0, String::new());
    loop {
        text.clear();
        line.read_line(&mut text)?;
        let Some((name, value)) = text.trim_end().split_once(':') else {
            if text.trim_end().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    line.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

fn is_signed(token: &str, keys: &Value) -> Result<bool> {
    let (signed, signature) = token.rsplit_once('.').context("the token has no signature")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    for key in keys.get("keys").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name).and_then(Value::as_str).unwrap_or_default());
        let key = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
        if key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
