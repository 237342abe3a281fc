//! Ports of a pod, as kubelets forward them over a WebSocket, and as kube-rs uses them.

use futures_util::{SinkExt, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};
use trustwalk_lab_cluster::json as j;

use crate::kube_rs::client;
use crate::support::{Lab, daemon_set};

const PODS: &str = "/api/v1/namespaces/default/pods";

/// A pod on a node behind a service: 443 leads to the container's port 8443. Its program says
/// everything back in capitals, and ends when its client does.
pub(crate) async fn with_program() -> (Lab, String) {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    *lab.webhook.lock().unwrap() = Some(listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 64];
                while let Ok(count @ 1..) = tcp.read(&mut buffer).await {
                    tcp.write_all(&buffer.get(..count).unwrap().to_ascii_uppercase()).await.unwrap();
                }
            });
        }
    });
    let service = json!({
        "metadata": {"name": "hook"},
        "spec": {"selector": {"app": "hook"}, "ports": [{"port": 443, "targetPort": 8443}]},
    });
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/services", service).await.0, 201);
    let set = daemon_set("hook");
    assert_eq!(lab.call("POST", "/apis/apps/v1/namespaces/default/daemonsets", set).await.0, 201);
    let running = |pod: &Value| j::text(pod, "/status/phase") == "Running";
    lab.until("a pod runs", |_| lab.pods().iter().any(|pod| running(pod))).await;
    let name = lab.pods().iter().find(|pod| running(pod)).map(|pod| j::name(pod).to_owned()).unwrap();
    (lab, name)
}

fn request(lab: &Lab, token: &str, path: &str) -> http::Request<()> {
    let mut request = format!("wss://{}{path}", lab.address).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    headers.insert("sec-websocket-protocol", HeaderValue::from_static("v4.channel.k8s.io"));
    request
}

#[tokio::test]
async fn kube_rs_talks_to_the_program_behind_the_pod() {
    let (lab, name) = with_program().await;
    let pods: Api<Pod> = Api::namespaced(client(&lab).await, "default");
    let mut forward = pods.portforward(&name, &[8443]).await.unwrap();
    let mut stream = forward.take_stream(8443).unwrap();
    let mut said = [0; 5];
    for words in [b"hello", b"again"] {
        stream.write_all(words).await.unwrap();
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(said, words.to_ascii_uppercase()[..]);
    }
}

#[tokio::test]
async fn each_port_has_a_pair_of_channels_opened_with_its_number() {
    let (lab, name) = with_program().await;
    let asked = request(&lab, &lab.admin, &format!("{PODS}/{name}/portforward?ports=9000&ports=8443"));
    let (mut socket, response) = client_async(asked, lab.connect().await).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "v4.channel.k8s.io");
    let mut frames = Vec::new();
    while frames.len() < 5 {
        if let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() {
            frames.push(bytes.to_vec());
        }
    }
    let opening = |channel: u8, port: u16| [&[channel][..], &port.to_le_bytes()].concat();
    let refused = frames.remove(2);
    assert_eq!(frames, [opening(0, 9000), opening(1, 9000), opening(2, 8443), opening(3, 8443)]);
    assert_eq!(refused[0], 1, "nothing listens at 9000, which its error channel says");
    let text = String::from_utf8(refused[1..].to_vec()).unwrap();
    assert!(text.contains("error forwarding port 9000") && text.contains("connection refused"), "{text}");
    // The other port works all the same.
    socket.send(Message::Binary(b"\x02yes".to_vec().into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Binary(b"\x02YES".to_vec().into()));
}

#[tokio::test]
async fn what_cannot_be_forwarded_is_refused_before_the_upgrade() {
    let (lab, name) = with_program().await;
    for (path, token, code) in [
        (format!("{PODS}/{name}/portforward"), &lab.admin, 400),
        (format!("{PODS}/{name}/portforward?ports=0"), &lab.admin, 400),
        (format!("{PODS}/{name}/portforward?ports=https"), &lab.admin, 400),
        (format!("{PODS}/nobody/portforward?ports=8443"), &lab.admin, 404),
        (format!("{PODS}/{name}/portforward?ports=8443"), &lab.reader, 403),
    ] {
        let error = client_async(request(&lab, token, &path), lab.connect().await).await.unwrap_err();
        let Error::Http(response) = error else { panic!("{path}: {error}") };
        assert_eq!(response.status(), code, "{path}");
    }
    let (code, status) = lab.call("GET", &format!("{PODS}/{name}/portforward?ports=8443"), Value::Null).await;
    assert_eq!((code, j::text(&status, "/message")), (400, "Upgrade request required"));
}
