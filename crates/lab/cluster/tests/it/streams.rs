//! Logs and exec, as kubectl speaks them.

use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::frame::coding::CloseCode},
};
use trustwalk_lab_cluster::json as j;

use crate::support::Lab;

const PODS: &str = "/api/v1/namespaces/default/pods";

async fn with_pod() -> Lab {
    let lab = Lab::start().await;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    assert_eq!(lab.call("POST", PODS, pod).await.0, 201);
    lab
}

#[tokio::test]
async fn logs_are_cut_to_the_lines_asked_for() {
    let lab = with_pod().await;
    let path = format!("{PODS}/p/log?tailLines=1");
    let response = lab.send(Some(&lab.admin), "GET", &path, "", "").await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(bytes, "two\n");
    let (code, status) = lab.call("GET", &format!("{PODS}/p/log?previous=true"), Value::Null).await;
    assert_eq!(code, 400);
    assert_eq!(status["message"], "previous terminated container \"c\" in pod \"p\" not found");
}

async fn log(lab: &Lab, query: &str) -> (u16, String) {
    let response = lab.send(Some(&lab.admin), "GET", &format!("{PODS}/p/log?{query}"), "", "").await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn of_a_log_is_given_what_a_kubelet_gives() {
    let lab = with_pod().await;
    let (one, two) = ("2026-03-01T11:58:30.000000000Z p/c one\n", "2026-03-01T12:00:00.000000000Z two\n");
    for (query, wanted) in [
        ("", "p/c one\ntwo\n".to_owned()),
        ("timestamps=true", format!("{one}{two}")),
        ("timestamps=true&tailLines=1", two.to_owned()),
        ("tailLines=0", String::new()),
        ("sinceSeconds=60", "two\n".to_owned()),
        ("sinceSeconds=90", "p/c one\ntwo\n".to_owned()),
        ("sinceTime=2026-03-01T11:58:31Z&timestamps=true", two.to_owned()),
        // The lines from the end are counted before the time is looked at.
        ("tailLines=2&sinceSeconds=1", "two\n".to_owned()),
        // The times count.
        ("limitBytes=10", "p/c one\ntw".to_owned()),
        ("limitBytes=35&timestamps=true", one.get(..35).unwrap().to_owned()),
        ("limitBytes=45&timestamps=true", format!("{one}{}", two.get(..45 - one.len()).unwrap())),
    ] {
        assert_eq!(log(&lab, query).await, (200, wanted), "{query}");
    }
    for (query, code, message) in [
        ("tailLines=-1", 422, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", 422, "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", 422, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        (
            "sinceSeconds=3&sinceTime=2026-01-01T00:00:00Z",
            422,
            "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        ("stream=All", 422, "stream: Forbidden: may not be specified"),
        ("tailLines=abc", 400, "strconv.ParseInt: parsing \"abc\": invalid syntax"),
        (
            "sinceTime=abc",
            400,
            "parsing time \"abc\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"abc\" as \"2006\"",
        ),
    ] {
        let (found, body) = log(&lab, query).await;
        let status: Value = serde_json::from_str(&body).unwrap();
        let wanted = match code {
            422 => format!("PodLogOptions \"p\" is invalid: {message}"),
            _ => message.to_owned(),
        };
        assert_eq!((found, j::text(&status, "/message")), (code, wanted.as_str()), "{query}");
    }
}

/// Runs a command over the version 5 protocol; all frames and the close code.
async fn exec(lab: &Lab, query: &str, stdin: Option<&[u8]>) -> (Vec<Vec<u8>>, CloseCode) {
    let url = format!("wss://{}{PODS}/p/exec?{query}", lab.address);
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    let bearer = format!("Bearer {}", lab.admin);
    headers.insert("authorization", HeaderValue::from_str(&bearer).unwrap());
    headers.insert("sec-websocket-protocol", HeaderValue::from_static("v5.channel.k8s.io"));
    let (mut socket, response) = client_async(request, lab.connect().await).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "v5.channel.k8s.io");
    if let Some(input) = stdin {
        let mut frame = vec![0];
        frame.extend_from_slice(input);
        socket.send(Message::Binary(frame.into())).await.unwrap();
        socket.send(Message::Binary(vec![255, 0].into())).await.unwrap();
    }
    let mut frames = Vec::new();
    let mut code = CloseCode::Status;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = &message {
            frames.push(bytes.to_vec());
        }
        if let Message::Close(Some(close)) = message {
            code = close.code;
        }
    }
    (frames, code)
}

#[tokio::test]
async fn a_command_gives_output_and_success() {
    let lab = with_pod().await;
    let (frames, close) = exec(&lab, "command=echo&command=hi&stdout=true", None).await;
    assert_eq!(frames[0], b"\x01echo hi");
    let status: Value = serde_json::from_slice(&frames[1][1..]).unwrap();
    assert_eq!((frames[1][0], j::text(&status, "/status")), (3, "Success"));
    assert_eq!(close, CloseCode::Normal);
}

#[tokio::test]
async fn a_failing_command_gives_its_exit_code() {
    let lab = with_pod().await;
    let (frames, _) = exec(&lab, "command=fail&stderr=true", None).await;
    assert_eq!(frames[0], b"\x02broken\n");
    let status: Value = serde_json::from_slice(&frames[1][1..]).unwrap();
    assert_eq!(j::text(&status, "/reason"), "NonZeroExitCode");
    assert_eq!(j::text(&status, "/details/causes/0/message"), "3");
}

#[tokio::test]
async fn input_reaches_the_command() {
    let lab = with_pod().await;
    let (frames, _) = exec(&lab, "command=cat&stdin=true&stdout=true", Some(b"abc")).await;
    assert_eq!(frames[0], b"\x01abc");
}
