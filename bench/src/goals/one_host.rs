//! Goal A for one host: from a cold start to the thumbprint, against the documented recipe.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::fleet_chain::from_fingerprint;
use super::go;
use super::lab::Lab;
use crate::harness::{
    CLIENT_CORE, Cost, Held, Section, Settings, Spread, Variant, cpu, free_all_cores, pin, run_ok, take_turns, wall,
};

const ROUNDS: usize = 15;
/// Runs in a round: one alone is shorter than the clock's noise.
const RUNS: usize = 5;
const CHAIN: &str = "trustwalk thumbprint --fleet, one host";
const WALK: &str = "trustwalk thumbprint URL (discovery, keys, roots, both hosts)";
const S_CLIENT: &str = "openssl s_client -showcerts";
const RECIPE: &str = "documented recipe: curl, jq, s_client, x509";
const GO: &str = "Go crypto/tls";
const SSLYZE: &str = "sslyze --certinfo";
const TRUE: &str = "true";

/// Finds the last certificate presented, as the IAM User Guide tells to.
pub(crate) const BY_HAND: &str = r#"
url=$(curl -s --cacert "$AWS_CA_BUNDLE" --connect-to "$HOST:443:$ADDRESS" "$ISSUER/.well-known/openid-configuration" |
  jq -r .jwks_uri)
name=$(echo "$url" | sed 's#https://##; s#/.*##')
openssl s_client -servername "$name" -showcerts -connect "$ADDRESS" </dev/null 2>/dev/null |
  awk '/BEGIN CERT/ {c = ""} {c = c $0 "\n"} /END CERT/ {last = c} END {printf "%s", last}' |
  openssl x509 -fingerprint -sha1 -noout
"#;

/// Runs the goal.
pub(crate) fn run_goal(settings: &Settings) -> Result<Section> {
    let mut section = Section::new("A-one. The chain of one host");
    for program in ["curl", "jq", "openssl"] {
        if Settings::command(program).is_none() {
            section.left_out(format!("everything: {program} is not installed"));
            return Ok(section);
        }
    }
    let lab = Lab::up(settings, "lab-one")?;
    let ours = run_ok(lab.command(&settings.trustwalk).args(["thumbprint", "--bare", &lab.issuer]))?.out;
    let theirs = run_ok(&mut lab.shell(BY_HAND))?.out;
    let theirs = from_fingerprint(&theirs).with_context(|| format!("the recipe gave `{theirs}`"))?;
    ensure!(ours.trim() == theirs, "trustwalk says {ours}, the documented recipe {theirs}");
    section.agreed("the thumbprint that `trustwalk thumbprint` gives and the one the documented recipe gives");
    if !settings.quick {
        measure(settings, &lab, &mut section)?;
    }
    Ok(section)
}

fn measure(settings: &Settings, lab: &Lab, section: &mut Section) -> Result<()> {
    let (list, address) = (settings.file("one-host"), settings.file("one-address"));
    std::fs::write(&list, format!("{}\n", lab.host))?;
    std::fs::write(&address, format!("{}\n", lab.address))?;
    let many = |make: &dyn Fn() -> Command| -> Result<Cost> {
        let mut sum = Cost::default();
        for _ in 0..RUNS {
            let cost = run_ok(&mut make())?.cost;
            sum = Cost { wall: sum.wall + cost.wall, cpu: sum.cpu + cost.cpu };
        }
        Ok(sum.each(RUNS))
    };
    let fleet = || {
        let mut command = lab.command(&settings.trustwalk);
        command.args(["thumbprint", "--fleet"]).arg(&list);
        command
    };
    let walk = || {
        let mut command = lab.command(&settings.trustwalk);
        command.args(["thumbprint", "--bare", &lab.issuer]);
        command
    };
    let s_client =
        || lab.shell("exec openssl s_client -showcerts -servername \"$HOST\" -connect \"$ADDRESS\" </dev/null");
    pin(CLIENT_CORE);
    let mut variants = vec![
        Variant::new(TRUE, || many(&|| Command::new(TRUE))),
        Variant::new(CHAIN, || many(&fleet)),
        Variant::new(WALK, || many(&walk)),
        Variant::new(S_CLIENT, || many(&s_client)),
        Variant::new(RECIPE, || Ok(run_ok(&mut lab.shell(BY_HAND))?.cost)),
    ];
    match go::built(settings, "chain")? {
        Some(go) => {
            let (address, host) = (&address, &lab.host);
            variants.push(Variant::new(GO, move || {
                many(&|| {
                    let mut command = Command::new(&go);
                    command.args(["stop", "1"]).arg(address).arg(host);
                    command
                })
            }));
        }
        None => section.left_out("Go is not installed"),
    }
    match settings.python("sslyze") {
        Some(sslyze) => {
            let (ip, port) = lab.address.rsplit_once(':').context("no port")?;
            let server = format!("{}{{{ip}}}:{port}", lab.host);
            variants.push(Variant::new(SSLYZE, move || {
                Ok(run_ok(lab.command(&sslyze).args(["--certinfo", &server]))?.cost)
            }));
        }
        None => section.left_out("sslyze is not installed"),
    }
    let measured = take_turns(ROUNDS, variants)?;
    free_all_cores();
    section.table("One process, from start to end; the lab's issuer, TLS 1.3", ("ms", 1e3), &measured, CHAIN);
    let mut hold = |ours: &str, theirs: &str, least| {
        if measured.names().any(|n| n == theirs) {
            let name = format!("A-one: {ours}, times as fast as {theirs}");
            section.hold(name, Held::AtLeast(least), measured.ratio(theirs, ours, cpu));
        }
    };
    hold(CHAIN, S_CLIENT, 10.0);
    hold(CHAIN, GO, 1.4);
    hold(WALK, RECIPE, 20.0);
    let over: Vec<f64> =
        measured.costs(CHAIN).iter().zip(measured.costs(TRUE)).map(|(a, b)| (wall(a) - wall(b)) * 1e3).collect();
    section.hold("A-one: milliseconds over `true`, one host", Held::AtMost(2.0), Spread::of(over));
    Ok(())
}
