//! Goal E: how long a process takes from start to end when it has little to do.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::lab::{Lab, TARGET};
use super::one_host::BY_HAND;
use crate::harness::{CLIENT_CORE, Held, Section, Settings, Variant, cpu, free_all_cores, pin, run_ok, take_turns};

const ROUNDS: usize = 20;
/// Slow clients are not run as often: nothing hangs on their third figure.
const SLOW_ROUNDS: usize = 7;
const TRUE: &str = "true";
const HELLO: &str = "Rust hello";
const VERSION: &str = "trustwalk --version";
const DIAGNOSE: &str = "trustwalk diagnose, healthy lab, all checks";
/// The handshakes and signatures alone: two connections to the API server, one to the issuer, one token.
const BARE: &str = "bare client: the same handshakes and signatures";
const OPENSSL: &str = "openssl version";
const KUBECTL: &str = "kubectl version --client";
const AWS: &str = "aws --version";
const AWS_CALL: &str = "aws iam list-open-id-connect-providers";
const HAND: &str = "by hand: kubectl, aws and the documented recipe";

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("E. Cold start");
    let lab = Lab::up(settings, "lab-start")?;
    let ran = run_ok(lab.command(&settings.trustwalk).arg("diagnose").args(TARGET))?;
    ensure!(ran.out.contains("no fault found"), "a healthy lab is found at fault: {}", ran.out);
    section.agreed("`trustwalk diagnose` finds nothing wrong in a healthy lab");
    if let Some(aws) = Settings::command("aws") {
        let ran = run_ok(lab.command(aws).args(["iam", "list-open-id-connect-providers"]))?;
        let path = lab.issuer.trim_start_matches("https://");
        ensure!(ran.out.contains(path), "aws does not list the issuer: {}", ran.out);
        section.agreed("the real `aws` lists the issuer that `trustwalk diagnose` walks");
    }
    run_ok(&mut bare(&lab))?;
    section.agreed("a bare client finds the workload's token signed by the issuer's key");
    if !settings.quick {
        let hello = std::env::current_exe()?.with_file_name("hello");
        fast(settings, &lab, &hello, &mut section)?;
        slow(settings, &lab, &mut section)?;
        free_all_cores();
    }
    Ok(section)
}

fn timed<'a>(name: &str, command: impl Fn() -> Command + 'a) -> Variant<'a> {
    Variant::new(name, move || Ok(run_ok(&mut command())?.cost))
}

fn words(program: impl AsRef<Path>, words: &'static [&'static str]) -> impl Fn() -> Command {
    let program: PathBuf = program.as_ref().to_owned();
    move || {
        let mut command = Command::new(&program);
        command.args(words);
        command
    }
}

fn diagnose<'a>(settings: &'a Settings, lab: &'a Lab) -> impl Fn() -> Command + 'a {
    move || {
        let mut command = lab.command(&settings.trustwalk);
        command.arg("diagnose").args(TARGET);
        command
    }
}

fn bare(lab: &Lab) -> Command {
    // Beside this program, wherever it was built.
    let program = std::env::current_exe().unwrap_or_default().with_file_name("bare");
    let mut command = lab.command(program);
    command.env("ISSUER", &lab.issuer).env("ADDRESS", &lab.address);
    command
}

fn fast(settings: &Settings, lab: &Lab, hello: &Path, section: &mut Section) -> Result<()> {
    pin(CLIENT_CORE);
    let variants = vec![
        timed(TRUE, words(TRUE, &[])),
        timed(HELLO, words(hello, &[])),
        timed(VERSION, words(&settings.trustwalk, &["--version"])),
        timed(DIAGNOSE, diagnose(settings, lab)),
        timed(BARE, || bare(lab)),
        timed(OPENSSL, words("openssl", &["version"])),
    ];
    let measured = take_turns(ROUNDS, variants)?;
    section.table("One process", ("ms", 1e3), &measured, HELLO);
    section.hold("E: --version over a Rust hello", Held::AtMost(1.5), measured.ratio(VERSION, HELLO, cpu));
    section.hold("E: --version over openssl version", Held::AtMost(1.0), measured.ratio(VERSION, OPENSSL, cpu));
    section.hold("E: diagnose over a bare client", Held::AtMost(1.3), measured.ratio(DIAGNOSE, BARE, cpu));
    let size = std::fs::metadata(&settings.trustwalk)?.len() / 1_000_000;
    section.note(format!("the trustwalk binary has {size} MB"));
    Ok(())
}

fn slow(settings: &Settings, lab: &Lab, section: &mut Section) -> Result<()> {
    let (aws, kubectl) = (Settings::command("aws"), Settings::command("kubectl"));
    let mut variants =
        vec![timed(VERSION, words(&settings.trustwalk, &["--version"])), timed(DIAGNOSE, diagnose(settings, lab))];
    if let Some(kubectl) = &kubectl {
        variants.push(timed(KUBECTL, words(kubectl, &["version", "--client"])));
    } else {
        section.left_out("kubectl is not installed");
    }
    if let Some(aws) = &aws {
        variants.push(timed(AWS, words(aws, &["--version"])));
        variants.push(timed(AWS_CALL, move || {
            let mut command = lab.command(aws);
            command.args(["iam", "list-open-id-connect-providers"]);
            command
        }));
    } else {
        section.left_out("aws is not installed");
    }
    if kubectl.is_some() && aws.is_some() {
        variants.push(timed(HAND, || {
            lab.shell(&format!(
                "kubectl get serviceaccount aws-node -n kube-system -o yaml
                 aws iam get-role --role-name HarbourVpcCniRole
                 aws iam list-open-id-connect-providers
                 {BY_HAND}"
            ))
        }));
    }
    let measured = take_turns(SLOW_ROUNDS, variants)?;
    section.table("The same beside the clients it spares", ("ms", 1e3), &measured, DIAGNOSE);
    let mut hold = |ours: &str, theirs: &str, least| {
        if measured.names().any(|n| n == theirs) {
            let name = format!("E: {ours}, times as fast as {theirs}");
            section.hold(name, Held::AtLeast(least), measured.ratio(theirs, ours, cpu));
        }
    };
    hold(VERSION, KUBECTL, 20.0);
    hold(VERSION, AWS, 150.0);
    hold(DIAGNOSE, AWS, 40.0);
    hold(DIAGNOSE, HAND, 30.0);
    Ok(())
}
