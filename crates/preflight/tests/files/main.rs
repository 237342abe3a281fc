//! Fixtures as text: a checkout that is broken, and its twin that is as near to it as a sound one gets.

mod beside;
mod broken;
mod controllers;
mod hostile;
mod near;
mod platforms;
mod sound;
mod terraform;

use trustwalk_checkout::{Source, may_declare, read_file};
use trustwalk_ci::Nothing;
use trustwalk_preflight::{Report, World, is_ci, judge};

/// The report of files as `path` and text.
pub(crate) fn report(files: &[(&str, &str)]) -> Report {
    report_in(files, None)
}

/// The same of a checkout of a known repository.
pub(crate) fn report_in(files: &[(&str, &str)], repository: Option<&str>) -> Report {
    let all = files.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).to_owned() });
    let (ci, others): (Vec<Source>, Vec<Source>) = all.partition(|s| is_ci(&s.path));
    let (terraform, others): (Vec<Source>, Vec<Source>) = others.into_iter().partition(|s| s.path.ends_with(".tf"));
    let terraform: Vec<trustwalk_terraform::File> =
        terraform.into_iter().map(|s| trustwalk_terraform::File { path: s.path, text: s.text }).collect();
    let declared = trustwalk_terraform::read(&terraform);
    let read = others.iter().filter(|s| may_declare(&s.path, &s.text)).map(read_file).collect();
    let world =
        World { files: files.len(), now: 1_760_000_000, ..World::of(read, &ci, declared, &Nothing, repository) };
    judge(&world)
}

/// Names of the causes found, each once.
pub(crate) fn causes(report: &Report) -> Vec<&'static str> {
    let mut all: Vec<&str> = report.findings.iter().map(|f| f.finding.name()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Where they stand: `sa.yaml:7:33`.
pub(crate) fn places(report: &Report) -> Vec<String> {
    report.findings.iter().map(|f| f.at.to_string()).collect()
}
