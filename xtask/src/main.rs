//! House tasks: set-up and tests, generated pages, benches.

mod bench;
mod cause;
mod dist;
mod fidelity;
mod fuzz;
mod kubernetes;
mod run;
mod schemas;
mod setup;
mod site;
mod suites;
mod tasks;

use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "this is what the task was asked to tell")]
fn say(text: &str) {
    println!("{text}");
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", rest @ ..] => tasks::test(rest),
        ["bench", rest @ ..] => bench::bench(rest),
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        ["site", rest @ ..] => site::site(rest),
        ["dist", rest @ ..] => dist::dist(rest),
        ["doc"] => tasks::doc(),
        ["setup"] => setup::all().map(drop),
        ["kubernetes"] => kubernetes::schemas(),
        ["gen"] => tasks::gen_pages(),
        ["gen", "lab-fidelity"] => fidelity::renew(&run::root(), false),
        ["new-cause", name] => cause::new(&run::root(), name).map(|told| say(&told)),
        _ => Err(anyhow::anyhow!(
            "usage: cargo xtask test [NEXTEST ARGS] | bench [--quick] [GOAL ...] | fuzz [--seconds N] [TARGET] | setup \
             | \
             gen | kubernetes | new-cause NAME | dist [OPTIONS] | site [--check] | \
             doc"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "this is the task runner's own report")]
            {
                eprintln!("xtask: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
