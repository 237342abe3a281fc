//! Measures trustwalk beside its peers: `trustwalk-bench [--quick] --trustwalk FILE --peers DIR
//! --scripts DIR [--report FILE] [GOAL ...]`. Started by `cargo xtask bench`.

mod goals;
mod harness;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use harness::{Section, Settings};

type Goal = fn(&Settings) -> Result<Section>;

const GOALS: [(&str, Goal); 10] = [
    ("A", goals::one_host::run_goal),
    ("A", goals::fleet::run_goal),
    ("B", goals::tokens::run),
    ("C", goals::policies::run),
    ("D", goals::logs::run_goal),
    ("E", goals::start::run_goal),
    ("F", goals::cluster::run_goal),
    ("G", goals::checkers::run_goal),
    ("I", goals::distant::run_goal),
    ("L", goals::scale::run_goal),
];

fn main() -> Result<()> {
    let mut settings = Settings {
        quick: false,
        trustwalk: PathBuf::new(),
        peers: PathBuf::new(),
        scripts: PathBuf::new(),
        scratch: tempfile::tempdir()?,
    };
    let (mut report, mut chosen) = (None::<PathBuf>, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut path = || words.next().map(PathBuf::from).with_context(|| format!("{word} needs a path"));
        match word.as_str() {
            "--quick" => settings.quick = true,
            "--trustwalk" => settings.trustwalk = path()?,
            "--peers" => settings.peers = path()?,
            "--scripts" => settings.scripts = path()?,
            "--report" => report = Some(path()?),
            harness::APART => {
                writeln!(std::io::stdout(), "{}", harness::tell_cost(words)?)?;
                return Ok(());
            }
            goals::inventories::MEMORY => {
                writeln!(std::io::stdout(), "{}", goals::inventories::peak()?)?;
                return Ok(());
            }
            _ => chosen.push(word),
        }
    }
    if let Some(unknown) = chosen.iter().find(|c| !GOALS.iter().any(|(name, _)| name == c)) {
        bail!("there is no goal `{unknown}`; there are A, B, C, D, E, F, G, I and L");
    }
    // Programs that are run from elsewhere need whole paths.
    for path in [&mut settings.trustwalk, &mut settings.peers, &mut settings.scripts] {
        *path = std::path::absolute(&path)?;
    }
    let mut machine = harness::describe(&settings);
    let mut sections = Vec::new();
    for (name, goal) in GOALS {
        if chosen.is_empty() || chosen.iter().any(|c| c == name) {
            let began = std::time::Instant::now();
            let mut section = goal(&settings).with_context(|| format!("goal {name}"))?;
            if !chosen.is_empty() && !settings.quick {
                section.note(format!("measured apart from the other parts, at a load average of {}", harness::load()));
            }
            writeln!(std::io::stdout(), "{}  took {:.0} s", section.say(), began.elapsed().as_secs_f64())?;
            sections.push(section);
        }
    }
    machine.push(format!("load average at the end: {}", harness::load()));
    if let Some(path) = report {
        let page = match std::fs::read_to_string(&path) {
            Ok(old) if !chosen.is_empty() => harness::renew(&old, &sections),
            Ok(_) | Err(_) => harness::write_page(&machine, &sections),
        };
        std::fs::write(&path, page)?;
    }
    Ok(())
}
