//! The CI job: its files under `ci/deploy`, its ID token, and a log written by really
//! asking STS.

use std::{fmt::Write, net::SocketAddr, path::Path};

use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpStream;
use trustwalk_lab_issuer::{Issuer, SignedToken};

use crate::{
    LabError, files,
    world::{Job, names::STS_REGIONAL},
};

/// Life of an ID token. GitHub's last minutes; here one has to serve whoever looks at
/// the job's files later in the day.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// Session the configure-aws-credentials action asks for by default, seconds.
const DEFAULT_SESSION: i64 = 3600;
/// Most bytes of an STS answer: real ones take a few kilobytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What STS said: nothing to complain about, or why not.
enum Answer {
    Accepted,
    Refused(String),
}

/// Runs the job and writes `workflow.yml`, `event.json`, `job.log` and, when the
/// platform gave one, `token`.
pub(crate) async fn run(
    dir: &Path,
    job: &Job,
    issuer: &Issuer,
    sts: SocketAddr,
    now: Timestamp,
) -> Result<(), LabError> {
    files::private_dir(dir)?;
    let end = now.checked_add(TOKEN_LIFE).unwrap_or(now);
    let token = if job.gets_token() && job.assumes_role {
        Some(issuer.mint_github(&job.github, &job.audience, now, end)?)
    } else {
        None
    };
    let log = log(job, token.as_ref(), sts, now).await?;
    files::write_private(&dir.join("workflow.yml"), job.workflow().as_bytes())?;
    files::write_private(&dir.join("event.json"), format!("{:#}\n", job.event()).as_bytes())?;
    files::write_private(&dir.join("job.log"), log.as_bytes())?;
    let path = dir.join("token");
    match token {
        Some(token) => files::write_private(&path, token.expose().as_bytes())?,
        // A job without a token must not find the one of an earlier run.
        None if path.exists() => std::fs::remove_file(&path).map_err(LabError::io("remove an old token"))?,
        None => {}
    }
    Ok(())
}

/// The job's log, with the words the action and the CLI use.
async fn log(job: &Job, token: Option<&SignedToken>, sts: SocketAddr, now: Timestamp) -> Result<String, LabError> {
    let mut lines = vec![format!("Run of {} for {}", job.github.workflow, job.github.repository)];
    let role = job.inputs.get("role-to-assume").map_or("", String::as_str);
    if !job.assumes_role {
        lines.push("Run ./deploy.sh".into());
        lines.push("Unable to locate credentials. You can configure credentials by running \"aws login\".".into());
    } else if let Some(token) = token {
        lines.push("Run aws-actions/configure-aws-credentials@v5".into());
        if role.is_empty() {
            lines.push(
                "Error: Credentials could not be loaded, please check your action inputs: Could not load \
                credentials from any providers"
                    .into(),
            );
        } else {
            lines.push("Assuming role with OIDC".into());
            match exchange(job, role, token, sts).await? {
                Answer::Accepted => lines.extend(deploy(job, now)),
                Answer::Refused(message) => {
                    lines.push(format!("Error: Could not assume role with OIDC: {message}"));
                }
            }
        }
    } else {
        lines.push("Run aws-actions/configure-aws-credentials@v5".into());
        lines.push(
            "It looks like you might be trying to authenticate with OIDC. Did you mean to set the \
            `id-token` permission? If you are not trying to authenticate with OIDC and the action is working \
            successfully, you can ignore this message."
                .into(),
        );
        lines.push(
            "Error: Credentials could not be loaded, please check your action inputs: Could not load \
            credentials from any providers"
                .into(),
        );
    }
    let mut text = String::new();
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{now:.7} {line}");
    }
    Ok(text)
}

/// What follows a successful exchange. The session ends when it ends, whether or not
/// the job is done.
fn deploy(job: &Job, now: Timestamp) -> Vec<String> {
    let asked = job.inputs.get("role-duration-seconds").and_then(|text| text.parse().ok());
    let session: i64 = asked.unwrap_or(DEFAULT_SESSION);
    let mut lines = vec!["Run ./deploy.sh".to_owned()];
    if job.duration > session {
        let end = now.checked_add(SignedDuration::from_secs(session)).unwrap_or(now);
        lines.push(format!(
            "{end:.0} An error occurred (ExpiredToken) when calling the PutObject operation: The provided token \
             has expired."
        ));
    } else {
        lines.push("Deployed.".to_owned());
    }
    lines
}

/// The exchange, as the action makes it: unsigned, by form.
async fn exchange(job: &Job, role: &str, token: &SignedToken, sts: SocketAddr) -> Result<Answer, LabError> {
    let wrong = |error: &dyn std::fmt::Display| LabError::Control(error.to_string());
    let session = job.inputs.get("role-session-name").map_or("GitHubActions", String::as_str);
    let seconds = job.inputs.get("role-duration-seconds").cloned().unwrap_or_else(|| DEFAULT_SESSION.to_string());
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", role)
        .append_pair("RoleSessionName", session)
        .append_pair("DurationSeconds", &seconds)
        .append_pair("WebIdentityToken", token.expose())
        .finish();
    let stream = TcpStream::connect(sts).await.map_err(LabError::io("reach the lab's STS"))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| wrong(&e))?;
    let driver = tokio::spawn(connection);
    let request = Request::post("/")
        .header(header::HOST, STS_REGIONAL)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(body)))
        .map_err(|e| wrong(&e))?;
    let response = sender.send_request(request).await.map_err(|e| wrong(&e))?;
    let accepted = response.status().is_success();
    let bytes = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(|e| wrong(&e))?.to_bytes();
    driver.abort();
    let text = String::from_utf8_lossy(&bytes);
    Ok(if accepted { Answer::Accepted } else { Answer::Refused(element(&text, "Message")) })
}

/// The text of an XML element that occurs once, with its entities resolved.
fn element(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inner = xml.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map_or("", |(inner, _)| inner);
    inner
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
