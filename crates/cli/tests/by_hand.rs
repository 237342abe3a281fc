//! The founding story by hand: every command the operator ran, in the order of the story, with
//! the real clients, ending with six pods Running.
#![expect(clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use crate::support::{LabProcess, succeed, tool, until};

const HOST: &str = "oidc.eks.us-west-2.amazonaws.com";

fn kubectl(lab: &LabProcess, words: &[&str]) -> String {
    succeed(lab.command(tool("kubectl")).args(words))
}

fn aws(lab: &LabProcess, words: &[&str]) -> String {
    succeed(lab.command(tool("aws")).args(words).args(["--output", "text"]))
}

/// Names of the workload's pods whose STATUS column satisfies a predicate.
fn pods(lab: &LabProcess, status: impl Fn(&[&str]) -> bool) -> Vec<String> {
    let table = kubectl(lab, &["get", "pods", "-n", "kube-system", "-l", "k8s-app=aws-node"]);
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(header, ["NAME", "READY", "STATUS", "RESTARTS", "AGE"], "{table}");
    lines.map(|l| l.split_whitespace().collect::<Vec<_>>()).filter(|c| status(c)).map(|c| c[0].to_owned()).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one procedure, in the order of its story")]
fn the_story_by_hand_ends_with_six_pods_running() {
    let lab = LabProcess::up(&["--broken"]);

    // The role's trust relationship and the annotation, as the operator found them.
    let role_arn = kubectl(
        &lab,
        &[
            "get",
            "sa",
            "aws-node",
            "-n",
            "kube-system",
            "-o",
            r"jsonpath={.metadata.annotations.eks\.amazonaws\.com/role-arn}",
        ],
    );
    let role = role_arn.rsplit('/').next().unwrap();
    let trust = aws(
        &lab,
        &[
            "iam",
            "get-role",
            "--role-name",
            role,
            "--query",
            "Role.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals",
        ],
    );
    assert!(trust.contains("system:serviceaccount:kube-system:aws-node"), "{trust}");

    // Six failing pods, and the log line in one of them.
    let failing = until(|| Some(pods(&lab, |c| c[1] == "0/1")).filter(|p| p.len() == 6));
    let log = until(|| {
        let out = lab
            .command(tool("kubectl"))
            .args(["exec", &failing[0], "-n", "kube-system", "--", "cat", "/host/var/log/aws-routed-eni/ipamd.log"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        text.contains("doesn't match configured thumbprint").then_some(text)
    });
    let line = log.lines().find(|l| l.contains("thumbprint")).unwrap();
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(entry["level"], "error");
    let message = entry["msg"].as_str().unwrap();
    assert!(message.starts_with("Failed to call ec2:DescribeNetworkInterfaces for ["), "{message}");
    assert!(
        message.contains(
            "WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: \
        OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint\n\tstatus code: 400, \
        request id: "
        ),
        "{message}"
    );

    // The issuer, its documents, and the host of jwks_uri.
    let clusters = aws(&lab, &["eks", "list-clusters", "--query", "clusters[0]"]);
    let issuer =
        aws(&lab, &["eks", "describe-cluster", "--name", clusters.trim(), "--query", "cluster.identity.oidc.issuer"]);
    let issuer = issuer.trim();
    assert!(issuer.starts_with(&format!("https://{HOST}/id/")), "{issuer}");
    let (address, port) = lab.address_of(HOST);
    let bundle = &lab.env["TRUSTWALK_CA_BUNDLE"];
    let connect_to = format!("{HOST}:443:{address}:{port}");
    let document = succeed(lab.command("curl").args([
        "-sS",
        "--fail",
        "--cacert",
        bundle,
        "--connect-to",
        &connect_to,
        &format!("{issuer}/.well-known/openid-configuration"),
    ]));
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["jwks_uri"], format!("{issuer}/keys"));

    // The chain it presents; the last certificate of it; its thumbprint.
    let shown = lab
        .command("openssl")
        .args(["s_client", "-connect", &format!("{address}:{port}"), "-servername", HOST, "-showcerts"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let certificates: Vec<&str> = shown.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
    assert_eq!(certificates.len(), 4, "the story's chain has four certificates:\n{shown}");
    let last = certificates[3].split("-----END CERTIFICATE-----").next().unwrap();
    let file = lab.dir.path().join("certificate.crt");
    std::fs::write(&file, format!("-----BEGIN CERTIFICATE-----{last}-----END CERTIFICATE-----\n")).unwrap();
    let text = succeed(lab.command("openssl").args(["x509", "-in", "certificate.crt", "-text", "-noout"]));
    assert!(text.contains("Not After"), "{text}");
    let fingerprint =
        succeed(lab.command("openssl").args(["x509", "-in", "certificate.crt", "-fingerprint", "-sha1", "-noout"]));
    let thumbprint = fingerprint.trim().split('=').next_back().unwrap().replace(':', "");
    assert_eq!(thumbprint.len(), 40);

    // Replace the list, restart, watch.
    let provider = aws(
        &lab,
        &[
            "iam",
            "list-open-id-connect-providers",
            "--query",
            &format!("OpenIDConnectProviderList[?contains(Arn, '{HOST}')].Arn"),
        ],
    );
    aws(
        &lab,
        &[
            "iam",
            "update-open-id-connect-provider-thumbprint",
            "--open-id-connect-provider-arn",
            provider.trim(),
            "--thumbprint-list",
            &thumbprint,
        ],
    );
    kubectl(&lab, &["rollout", "restart", "daemonset", "aws-node", "-n", "kube-system"]);
    kubectl(&lab, &["rollout", "status", "daemonset/aws-node", "-n", "kube-system", "--timeout=60s"]);
    let running = until(|| Some(pods(&lab, |c| c[1] == "1/1" && c[2] == "Running")).filter(|p| p.len() == 6));
    assert_eq!(running.len(), 6);
}

#[test]
fn boto3_gets_the_role_with_a_token_the_cluster_made() {
    let lab = LabProcess::up(&[]);
    let role_arn = kubectl(
        &lab,
        &[
            "get",
            "sa",
            "aws-node",
            "-n",
            "kube-system",
            "-o",
            r"jsonpath={.metadata.annotations.eks\.amazonaws\.com/role-arn}",
        ],
    );
    // Healthy, the story's add-on runs on the role of its own only once it was switched to it.
    let role_arn = if role_arn.is_empty() { format!("arn:aws:iam::{}:role/ledger", "111122223333") } else { role_arn };
    let (namespace, account) =
        if role_arn.ends_with("ledger") { ("payments", "ledger") } else { ("kube-system", "aws-node") };
    let token = kubectl(&lab, &["create", "token", account, "-n", namespace, "--audience", "sts.amazonaws.com"]);
    std::fs::write(lab.dir.path().join("token"), token.trim()).unwrap();
    let program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";
    let arn = succeed(
        lab.command(tool("python"))
            .args(["-c", program])
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", lab.dir.path().join("token"))
            .env("AWS_ROLE_ARN", &role_arn),
    );
    assert!(arn.contains(":assumed-role/"), "{arn}");
}
