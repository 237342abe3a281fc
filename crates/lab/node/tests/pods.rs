//! Pods on the lab's nodes: what they send, log, show and become.

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Lab, THUMBPRINT, TOKEN_DIR, aws_node, crashed, is_ready, pod, set_env};
use trustwalk_lab_cluster::{ExecResult, Gvr, Key, json as j};
use trustwalk_lab_node::{Credentials, Imds, NodeRole, Reach};

const ASSUME: &str = "AssumeRoleWithWebIdentity";
const DESCRIBE: &str = "DescribeNetworkInterfaces";

fn node_role() -> NodeRole {
    NodeRole {
        name: "node".into(),
        credentials: Credentials {
            access_key_id: "ASIANODE".into(),
            secret_access_key: "n".into(),
            session_token: Some("t".into()),
            expires: None,
        },
    }
}

#[tokio::test]
async fn a_healthy_aws_node_exchanges_unsigned_and_calls_ec2_signed() {
    let lab = Lab::start().await;
    lab.create(aws_node("v1.11.2"));
    let pod = lab.until("aws-node-2mxxx", is_ready).await;
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0);
    let exchange = lab.aws.of(ASSUME).remove(0);
    assert_eq!(exchange.host, "sts.us-west-2.amazonaws.com");
    assert_eq!(exchange.authorization, None);
    assert_eq!(exchange.form["RoleArn"], "arn:aws:iam::111122223333:role/r");
    assert!(exchange.form["WebIdentityToken"].starts_with("kube-system/aws-node/sts.amazonaws.com/"));
    assert_eq!(exchange.form["Version"], "2011-06-15");
    let describe = lab.aws.of(DESCRIBE).remove(0);
    assert_eq!(describe.host, "ec2.us-west-2.amazonaws.com");
    let signature = describe.authorization.unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=ASIAr/20220719/us-west-2/ec2/aws4_request"));
    assert!(describe.session_token);
    assert!(
        lab.log("aws-node-2mxxx", false)
            .starts_with("time=\"2022-07-19T13:45:18Z\" level=info msg=\"Starting IPAM daemon... \"\n")
    );
    for reason in ["Pulled", "Created", "Started"] {
        assert!(lab.reasons().contains(&reason.to_owned()), "{reason}");
    }
}

#[tokio::test]
async fn the_story_shows_in_log_status_and_events_and_mends() {
    let lab = Lab::start().await;
    lab.aws.refuse(
        ASSUME,
        Some((
            400,
            "InvalidIdentityToken",
            "OpenIDConnect provider&apos;s HTTPS certificate doesn&apos;t match configured thumbprint",
        )),
    );
    lab.create(aws_node("v1.11.2"));
    let pod = lab
        .until("aws-node-2mxxx", |pod| {
            crashed(pod) && j::int(pod, "/status/containerStatuses/0/restartCount") >= Some(2)
        })
        .await;
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
    assert!(j::text(status, "/state/waiting/message").starts_with("back-off "));
    assert!(!is_ready(&pod));
    let path = "/host/var/log/aws-routed-eni/ipamd.log";
    let text = lab.said("aws-node-2mxxx", &["cat", path]);
    let errors: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["level"] == "error")
        .collect();
    let message = j::text(&errors[0], "/msg");
    assert!(message.starts_with("Failed to call ec2:DescribeNetworkInterfaces for [eni-0"), "{message}");
    assert!(
        message.ends_with(&format!(
            "]: WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: \
         {THUMBPRINT}\n\tstatus code: 400, request id: req-7"
        )),
        "{message}"
    );
    assert_eq!(errors[0]["ts"], "2022-07-19T13:45:18.759Z");
    assert_eq!(errors[0]["caller"], "ipamd/ipamd.go:463");
    assert!(j::text(&errors[1], "/msg").starts_with("Initialization failure: "));
    // The interactive way of the story: a shell that reads commands.
    let command = ["/bin/bash".to_owned()];
    let shell = lab.runtime.exec(
        &pod,
        "aws-node",
        &command,
        Some(format!("cat {path} | grep -c Initialization\nexit\n").into_bytes()),
    );
    assert!(String::from_utf8(shell.stdout).unwrap().trim().parse::<u32>().unwrap() >= 2);
    assert!(
        lab.log("aws-node-2mxxx", true)
            .contains("level=error msg=\"Failed to wait for IPAM daemon to complete\" error=\"exit status 1\"")
    );
    for reason in ["BackOff", "Unhealthy"] {
        assert!(lab.reasons().contains(&reason.to_owned()), "{reason}");
    }
    lab.aws.refuse(ASSUME, None);
    let pod = lab.until("aws-node-2mxxx", is_ready).await;
    assert_eq!(pod["status"]["phase"], "Running");
}

#[tokio::test]
async fn newer_cni_speaks_go_v2_and_tries_three_times() {
    let lab = Lab::start().await;
    lab.aws.refuse(ASSUME, Some((400, "InvalidIdentityToken", "m")));
    lab.create(aws_node("v1.19.1"));
    lab.until("aws-node-2mxxx", crashed).await;
    let log = lab.said("aws-node-2mxxx", &["cat", "/host/var/log/aws-routed-eni/ipamd.log"]);
    assert!(
        log.contains(
            "get identity: get credentials: failed to refresh cached credentials, failed to retrieve \
        credentials, operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of attempts, 3, https \
        response error StatusCode: 400, RequestID: req-7, InvalidIdentityToken: m"
        ),
        "{log}"
    );
    assert!(lab.aws.of(ASSUME).len() >= 3);
}

#[tokio::test]
async fn missing_ec2_permission_is_an_event_of_its_own() {
    let lab = Lab::start().await;
    lab.aws.refuse(DESCRIBE, Some((403, "UnauthorizedOperation", "no")));
    lab.create(aws_node("v1.11.2"));
    lab.until("aws-node-2mxxx", crashed).await;
    assert!(lab.reasons().contains(&"MissingIAMPermissions".to_owned()));
}

#[tokio::test]
async fn a_running_aws_node_stays_ready_when_credentials_fail_later() {
    let lab = Lab::start().await;
    lab.create(aws_node("v1.11.2"));
    lab.until("aws-node-2mxxx", is_ready).await;
    lab.aws.refuse(ASSUME, Some((403, "AccessDenied", "m")));
    lab.settings.update(|config| config.exchange_every_call = true);
    lab.eventually(|| {
        lab.said("aws-node-2mxxx", &["grep", "AccessDenied", "/host/var/log/aws-routed-eni/ipamd.log"])
            .contains("AccessDenied")
    })
    .await;
    assert!(is_ready(&lab.pod("aws-node-2mxxx").unwrap()));
}

#[tokio::test]
async fn without_web_identity_the_node_role_serves_until_the_hop_limit_stops_it() {
    let lab = Lab::start().await;
    lab.settings.update(|config| config.node_role = Some(node_role()));
    let mut app = pod("app", "lab/app-python:1.44", "app");
    set_env(&mut app, "AWS_ROLE_ARN", "");
    lab.create(app.clone());
    lab.until("app", is_ready).await;
    assert!(lab.aws.of(ASSUME).is_empty());
    let who = lab.aws.of("GetCallerIdentity").remove(0);
    assert!(who.authorization.unwrap().contains("Credential=ASIANODE/"));
    lab.settings.update(|config| config.network.imds = Imds::HopLimited);
    j::put(&mut app, "/metadata/name", "late".into());
    lab.create(app);
    lab.until("late", crashed).await;
    assert!(lab.log("late", false).contains("NoCredentialsError: Unable to locate credentials"));
}

#[tokio::test]
async fn java_falls_through_to_the_node_role_and_others_do_not() {
    let lab = Lab::start().await;
    lab.settings.update(|config| config.node_role = Some(node_role()));
    lab.aws.refuse(ASSUME, Some((403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")));
    lab.create(pod("java", "lab/app-java", "app"));
    lab.create(pod("js", "lab/app-js", "app"));
    let mut plain = pod("plain", "lab/app-java", "app");
    set_env(&mut plain, "LAB_PROVIDER", "web-identity");
    lab.create(plain);
    lab.until("java", is_ready).await;
    lab.until("js", crashed).await;
    lab.until("plain", crashed).await;
    assert!(lab.log("js", false).contains("AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"));
    assert!(lab.log("plain", false).contains(
        "services.sts.model.StsException: Not authorized to perform \
        sts:AssumeRoleWithWebIdentity (Service: Sts, Status Code: 403, Request ID: req-7, Extended Request ID: \
        null)"
    ));
}

#[tokio::test]
async fn java_without_sts_and_old_go_ignore_their_token() {
    let lab = Lab::start().await;
    lab.create(pod("nosts", "lab/app-java-no-sts", "app"));
    lab.create(pod("old", "lab/app-go-old", "app"));
    lab.until("nosts", crashed).await;
    lab.until("old", crashed).await;
    assert!(
        lab.log("nosts", false)
            .contains("To use web identity tokens, the 'sts' service module must be on the class path.")
    );
    assert!(lab.log("old", false).contains("NoCredentialProviders: no valid providers in chain"));
    assert!(lab.aws.of(ASSUME).is_empty());
}

#[tokio::test]
async fn static_keys_win_and_a_missing_profile_fails() {
    let lab = Lab::start().await;
    let mut keyed = pod("keyed", "lab/app-rust", "app");
    set_env(&mut keyed, "AWS_ACCESS_KEY_ID", "AKIASTATIC");
    set_env(&mut keyed, "AWS_SECRET_ACCESS_KEY", "x");
    lab.create(keyed);
    lab.until("keyed", is_ready).await;
    assert!(lab.aws.of(ASSUME).is_empty());
    let mut profiled = pod("profiled", "lab/app-python", "app");
    set_env(&mut profiled, "AWS_PROFILE", "prod");
    lab.create(profiled);
    lab.until("profiled", crashed).await;
    assert!(lab.log("profiled", false).contains("The config profile (prod) could not be found"));
}

#[tokio::test]
async fn network_faults_speak_each_sdks_words_and_mend() {
    let lab = Lab::start().await;
    let host = "sts.us-west-2.amazonaws.com";
    let reach = |reach| {
        lab.settings.update(|config| config.network.hosts.extend([(host.to_owned(), reach)]));
    };
    reach(Reach::Blackholed);
    lab.create(aws_node("v1.11.2"));
    lab.until("aws-node-2mxxx", crashed).await;
    let log = || lab.said("aws-node-2mxxx", &["cat", "/host/var/log/aws-routed-eni/ipamd.log"]);
    assert!(log().contains("i/o timeout"));
    reach(Reach::NoSuchHost);
    lab.create(pod("python", "lab/app-python", "app"));
    lab.until("python", crashed).await;
    assert!(lab.log("python", false).contains(
        "EndpointConnectionError: Could not connect to the endpoint URL: \"https://sts.us-west-2.amazonaws.com/\""
    ));
    lab.eventually(|| log().contains("no such host")).await;
    reach(Reach::Open);
    lab.until("python", is_ready).await;
    lab.until("aws-node-2mxxx", is_ready).await;
}

#[tokio::test]
async fn token_files_belong_to_root_before_1_19() {
    let lab = Lab::start().await;
    lab.settings.update(|config| config.kubernetes_minor = 18);
    let mut app = pod("app", "lab/app-python", "app");
    j::put(&mut app, "/spec/securityContext", json!({"runAsUser": 1000}));
    lab.create(app.clone());
    lab.until("app", crashed).await;
    let path = format!("{TOKEN_DIR}/token");
    assert!(lab.log("app", false).contains(&format!("PermissionError: [Errno 13] Permission denied: '{path}'")));
    let cat = lab.exec("app", &["cat", &path]);
    assert_eq!((cat.code, cat.stderr), (1, format!("cat: {path}: Permission denied\n").into_bytes()));
    assert_eq!(lab.said("app", &["stat", "-c", "%a %u %g", &path]), "600 0 0\n");
    j::put(&mut app, "/metadata/name", "grouped".into());
    j::put(&mut app, "/spec/securityContext/fsGroup", 65_534.into());
    lab.create(app);
    lab.until("grouped", is_ready).await;
    assert_eq!(lab.said("grouped", &["stat", "-c", "%a %u %g", &path]), "640 0 65534\n");
}

#[tokio::test]
async fn tokens_rotate_and_an_app_that_reads_once_keeps_the_first() {
    let lab = Lab::start().await;
    lab.create(pod("good", "lab/app-go", "app"));
    let mut once = pod("once", "lab/app-go", "app");
    set_env(&mut once, "LAB_TOKEN_READ", "once");
    lab.create(once);
    lab.until("good", is_ready).await;
    lab.until("once", is_ready).await;
    let path = format!("{TOKEN_DIR}/token");
    let token = |name| lab.said(name, &["cat", &path]);
    let first = [token("good"), token("once")];
    // 80 % of a day: both files are replaced, and both sessions are over.
    lab.advance(86_400 * 8 / 10 + 1);
    lab.eventually(|| token("good") != first[0] && token("once") != first[1]).await;
    lab.advance(7200);
    let used = || -> Vec<String> {
        lab.aws.of(ASSUME).into_iter().map(|seen| seen.form["WebIdentityToken"].clone()).collect()
    };
    lab.eventually(|| used().contains(&token("good"))).await;
    let before = used().iter().filter(|token| **token == first[1]).count();
    lab.advance(7200);
    lab.eventually(|| used().iter().filter(|token| **token == first[1]).count() > before).await;
    assert!(!used().contains(&token("once")));
}

#[tokio::test]
async fn a_job_completes_and_a_deleted_pod_stops() {
    let lab = Lab::start().await;
    let mut job = pod("job", "lab/app-dotnet", "app");
    j::put(&mut job, "/spec/restartPolicy", "Never".into());
    set_env(&mut job, "LAB_ONCE", "true");
    lab.create(job);
    let done = lab.until("job", |pod| j::text(pod, "/status/phase") == "Succeeded").await;
    assert_eq!(done["status"]["containerStatuses"][0]["state"]["terminated"]["reason"], "Completed");
    assert!(
        lab.log("job", false).contains("sts:GetCallerIdentity succeeded as arn:aws:sts::111122223333:assumed-role/")
    );
    lab.create(pod("app", "lab/app-go", "app"));
    lab.until("app", is_ready).await;
    let key = Key::new(Gvr::core("pods"), Some("kube-system"), "app");
    lab.store.update(&key, |pod| j::put(pod, "/metadata/deletionTimestamp", "2022-07-19T13:45:18Z".into())).unwrap();
    lab.eventually(|| lab.pod("app").is_none()).await;
    lab.eventually(|| lab.reasons().contains(&"Killing".to_owned())).await;
}

#[tokio::test]
async fn a_missing_service_account_keeps_the_pod_from_starting() {
    let lab = Lab::start().await;
    lab.create(pod("app", "lab/app-go", "later"));
    lab.eventually(|| lab.reasons().contains(&"FailedMount".to_owned())).await;
    assert_eq!(lab.pod("app").unwrap()["status"]["phase"], "Pending");
    let account = json!({"metadata": {"name": "later", "namespace": "kube-system"}});
    lab.store.create(&Gvr::core("serviceaccounts"), account).unwrap();
    lab.until("app", is_ready).await;
}

#[tokio::test]
async fn exec_knows_what_people_type() {
    let lab = Lab::start().await;
    lab.create(pod("app", "lab/app-go", "app"));
    lab.until("app", is_ready).await;
    let role = "arn:aws:iam::111122223333:role/r";
    assert_eq!(lab.said("app", &["printenv", "AWS_ROLE_ARN"]), format!("{role}\n"));
    assert_eq!(
        lab.said("app", &["sh", "-c", "env | grep ROLE && echo \"got $AWS_ROLE_ARN\""]),
        format!("AWS_ROLE_ARN={role}\ngot {role}\n")
    );
    assert_eq!(lab.said("app", &["sh", "-c", "cat /none 2>/dev/null || echo none"]), "none\n");
    assert_eq!(lab.said("app", &["ls", TOKEN_DIR]), "token\n");
    assert!(lab.said("app", &["ls", "-l", TOKEN_DIR]).starts_with("-rw-r--r-- 1 root root "));
    assert_eq!(lab.said("app", &["id"]), "uid=0 gid=0 groups=0\n");
    let token = lab.said("app", &["cat", &format!("{TOKEN_DIR}/token")]);
    assert_eq!(lab.said("app", &["tail", "-c", "3", &format!("{TOKEN_DIR}/token")]), token.split_at(token.len() - 3).1);
    assert!(lab.said("app", &["aws", "sts", "get-caller-identity"]).contains("assumed-role/"));
    assert_eq!(lab.exec("app", &["rm", "-rf", "/"]).code, 1);
    assert_eq!(lab.exec("app", &["systemctl"]).code, 127);
    assert_eq!(lab.exec("app", &["sh", "-c", "exit 3"]).code, 3);
    assert_eq!(lab.said("app", &["sh", "-c", "echo a > /tmp/b && echo c >> /tmp/b && cat /tmp/b"]), "a\nc\n");
    assert_eq!(lab.exec("app", &["sh", "-c", "set -e; false; echo no"]), lab.exec("app", &["false"]));
}

#[expect(clippy::unwrap_used, reason = "a step that fails fails the test")]
/// What a command says in a pod, run as the API server runs it: away from the reactor.
async fn run(lab: &Lab, name: &str, command: &[&str]) -> ExecResult {
    let (runtime, pod) = (Arc::clone(&lab.runtime), lab.pod(name).unwrap());
    let container = j::text(&pod, "/spec/containers/0/name").to_owned();
    let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
    tokio::task::spawn_blocking(move || runtime.exec(&pod, &container, &command, None)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_any_image_answers_who_it_is_as_the_exchange_does() {
    let lab = Lab::start().await;
    lab.create(pod("own", "busybox:1.36", "app"));
    lab.until("own", is_ready).await;
    assert!(lab.aws.of("AssumeRoleWithWebIdentity").is_empty(), "a program of one's own calls nobody by itself");
    let who = ["aws", "sts", "get-caller-identity"];
    let told = run(&lab, "own", &who).await;
    let told = (told.code, String::from_utf8(told.stdout).unwrap());
    assert!(told.0 == 0 && told.1.contains("\"Arn\": \"arn:aws:sts::111122223333:assumed-role/"), "{told:?}");
    lab.aws.refuse("AssumeRoleWithWebIdentity", Some((400, "InvalidIdentityToken", THUMBPRINT)));
    let refused = run(&lab, "own", &who).await;
    assert_eq!(refused.code, 254);
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        format!(
            "\nAn error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: \
             {THUMBPRINT}\n"
        )
    );
    let mut bare = pod("bare", "busybox:1.36", "app");
    bare["spec"]["containers"][0]["env"] = json!([]);
    lab.create(bare);
    lab.until("bare", is_ready).await;
    let lost = run(&lab, "bare", &who).await;
    assert!(lost.code == 253 && String::from_utf8_lossy(&lost.stderr).contains("Unable to locate credentials"));
}

#[expect(clippy::indexing_slicing, reason = "a step that fails fails the test")]
fn command(pod: &mut Value, words: &[&str], policy: &str) {
    pod["spec"]["containers"][0]["command"] = json!(words);
    pod["spec"]["restartPolicy"] = json!(policy);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_ones_own_runs_ends_and_is_probed() {
    let lab = Lab::start().await;
    let mut task = pod("task", "busybox", "app");
    command(&mut task, &["sh", "-c", "echo begun; aws sts get-caller-identity; exit 4"], "Never");
    lab.create(task);
    let ended = lab.until("task", |pod| j::text(pod, "/status/phase") == "Failed").await;
    assert_eq!(ended["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 4);
    let log = lab.log("task", false);
    assert!(log.starts_with("begun\n") && log.contains("assumed-role/"), "{log}");
    let mut server = pod("server", "busybox", "app");
    command(&mut server, &["sh", "-c", "echo up; sleep infinity"], "Always");
    server["spec"]["containers"][0]["readinessProbe"] = json!({"exec": {"command": ["cat", "/tmp/ready"]}});
    lab.create(server);
    lab.eventually(|| lab.reasons().contains(&"Unhealthy".to_owned())).await;
    assert!(!is_ready(&lab.pod("server").unwrap()) && lab.log("server", false) == "up\n");
    assert_eq!(run(&lab, "server", &["touch", "/tmp/ready"]).await.code, 0);
    lab.until("server", is_ready).await;
    assert_eq!(run(&lab, "server", &["rm", "/tmp/ready"]).await.code, 0);
    lab.until("server", |pod| !is_ready(pod)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_startup_probe_goes_before_the_others_and_restarts_what_does_not_start() {
    let lab = Lab::start().await;
    let mut slow = pod("slow", "busybox", "app");
    command(&mut slow, &["sh", "-c", "echo up; sleep infinity"], "Always");
    let started = json!({"exec": {"command": ["cat", "/tmp/started"]}, "failureThreshold": 100_000});
    slow["spec"]["containers"][0]["startupProbe"] = started;
    // It would be killed at once if it were asked already.
    slow["spec"]["containers"][0]["livenessProbe"] =
        json!({"exec": {"command": ["cat", "/tmp/started"]}, "failureThreshold": 1});
    lab.create(slow);
    lab.eventually(|| lab.reasons().contains(&"Unhealthy".to_owned())).await;
    let waits = lab.pod("slow").unwrap();
    assert!(!is_ready(&waits) && waits["status"]["containerStatuses"][0]["started"] == false, "{waits}");
    assert_eq!(run(&lab, "slow", &["touch", "/tmp/started"]).await.code, 0);
    let up = lab.until("slow", is_ready).await;
    let status = &up["status"]["containerStatuses"][0];
    assert!(status["started"] == true && status["restartCount"] == 0, "{up}");
    let mut never = pod("never", "busybox", "app");
    command(&mut never, &["sh", "-c", "sleep infinity"], "Always");
    never["spec"]["containers"][0]["startupProbe"] = json!({"exec": {"command": ["false"]}, "failureThreshold": 2});
    lab.create(never);
    let ended =
        lab.until("never", |pod| j::int(pod, "/status/containerStatuses/0/restartCount").unwrap_or(0) > 0).await;
    let last = &ended["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!(last["exitCode"], 137, "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_in_and_out_as_archives() {
    let lab = Lab::start().await;
    lab.create(pod("own", "busybox", "app"));
    lab.until("own", is_ready).await;
    let token = format!("{TOKEN_DIR}/token");
    let packed = run(&lab, "own", &["tar", "cf", "-", &token]).await;
    assert_eq!(packed.code, 0);
    let (runtime, own) = (Arc::clone(&lab.runtime), lab.pod("own").unwrap());
    let words = ["tar", "-xmf", "-", "-C", "/tmp"].map(str::to_owned);
    let unpack = move || runtime.exec(&own, "app", &words, Some(packed.stdout));
    assert_eq!(tokio::task::spawn_blocking(unpack).await.unwrap().code, 0);
    let copy = run(&lab, "own", &["cat", &format!("/tmp{token}")]).await.stdout;
    assert_eq!(copy, run(&lab, "own", &["cat", &token]).await.stdout);
    let refused = run(&lab, "own", &["touch", &format!("{TOKEN_DIR}/x")]).await;
    assert!(refused.code == 1 && String::from_utf8_lossy(&refused.stderr).contains("Read-only file system"));
}
