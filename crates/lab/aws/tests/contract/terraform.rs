//! Terraform itself with the AWS provider, where both are at hand: apply, plan again, change, plan again, destroy.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::client::Client;
use super::world::{ACCOUNT, World};

/// The version that this is written against.
const VERSION: &str = "Terraform v1.11";
/// Exit code of `plan -detailed-exitcode` where nothing is to be changed.
const NOTHING: i32 = 0;
/// What the second apply does: a role of another name takes its entry and its policy with it.
const CHANGES: &str = "Apply complete! Resources: 3 added, 7 changed, 3 destroyed.";
/// A whole run, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(5);

fn terraform(folder: &Path, world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new("terraform");
    let keys = &world.admin.keys;
    command
        .args(arguments)
        .current_dir(folder)
        .env("TF_VAR_endpoint", format!("http://{}", world.address))
        .env("TF_VAR_access_key", &keys.access_key_id)
        .env("TF_VAR_secret_key", &keys.secret_access_key)
        .env("CHECKPOINT_DISABLE", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

/// Runs a command off the runtime, which the account needs meanwhile.
async fn run(mut command: Command) -> Output {
    let waited = tokio::task::spawn_blocking(move || command.output());
    tokio::time::timeout(PATIENCE, waited).await.unwrap().unwrap().unwrap()
}

#[track_caller]
fn done(step: &str, output: &Output, code: i32) {
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(output.status.code(), Some(code), "{step}: {}", texts.concat());
}

/// Whether Terraform and the provider are at hand; says in words where not.
async fn at_hand(folder: &Path, world: &World) -> bool {
    let told = Command::new("terraform").arg("version").output();
    if !told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(VERSION)) {
        eprintln!("skipped: {VERSION} is not at hand");
        return false;
    }
    let init = run(terraform(folder, world, &["init", "-backend=false", "-input=false", "-no-color"])).await;
    if !init.status.success() {
        eprintln!("skipped: the AWS provider 5.100 is not at hand: set TF_CLI_CONFIG_FILE to a mirror that has it");
    }
    init.status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn terraform_makes_plans_again_changes_and_destroys() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terraform/main.tf");
    std::fs::copy(fixture, folder.path().join("main.tf")).unwrap();
    if !at_hand(folder.path(), &world).await {
        return;
    }
    let call = async |arguments: &[&str]| {
        let all = [arguments, &["-input=false", "-no-color"]].concat();
        run(terraform(folder.path(), &world, &all)).await
    };
    done("apply", &call(&["apply", "-auto-approve"]).await, 0);
    let change = "-var=changed=true";
    let second = call(&["apply", "-auto-approve", change]).await;
    done("change", &second, 0);
    // What the configuration changes and nothing else: no argument of what was made first was lost.
    let told = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(told.contains(CHANGES), "{told}");
    done("plan again", &call(&["plan", "-detailed-exitcode", change]).await, NOTHING);
    let state = std::fs::read_to_string(folder.path().join("terraform.tfstate")).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    let token = state["resources"].as_array().unwrap().iter().find(|r| r["type"] == "aws_eks_cluster_auth");
    let token = token.unwrap()["instances"][0]["attributes"]["token"].as_str().unwrap();
    let login = world.account.login("prod", token).expect("the token of aws_eks_cluster_auth is a login");
    assert_eq!(login.username, format!("arn:aws:iam::{ACCOUNT}:user/admin"));
    let roles = async |admin: &Client| admin.iam("ListRoles", &[]).await.ok().all("RoleName");
    assert!(roles(&world.admin).await.contains(&"operators".to_owned()));
    done("destroy", &call(&["destroy", "-auto-approve", "-refresh=false", change]).await, 0);
    assert_eq!(roles(&world.admin).await, ["Cni"], "what Terraform made is gone");
}
