//! The page `docs/reference/cli.md`, made from the grammar itself, and the test that it is up to date.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, ArgAction, Command};
use trustwalk_collect::rights::{self, Level};

use super::grammar;

/// What no grammar knows: exit codes, environment, permissions.
const REST: &str = include_str!("reference.md");
/// Set to rewrite the page.
const WRITE: &str = "TRUSTWALK_WRITE";

/// The whole page.
fn page() -> String {
    let mut root = grammar();
    root.build();
    let mut out = String::from(
        "# Command line\n\n<!-- Made from the program: TRUSTWALK_WRITE=1 cargo test -p trustwalk cli_reference -->\n\n\
         Also reachable as `kubectl trustwalk`, once the program is on PATH as `kubectl-trustwalk`.\n\n",
    );
    for command in root.get_subcommands().filter(|c| c.get_name() != "help") {
        describe(&mut out, command, "##");
    }
    out += "## Everywhere\n\nWhere cluster, account and issuers are, as their own tools are told; these options \
        may stand before or after the command.\n\n";
    options(&mut out, &root, true);
    let mut environment = String::new();
    variables(&mut environment, &root);
    let rest = REST.replace("{environment}\n", &(environment + "\n"));
    out += &rest.replace("{iam}", &permissions()).replace("{rbac}", &verbs());
    out
}

/// The permissions of IAM, from the list itself.
fn permissions() -> String {
    let row = |a: &rights::Actions| {
        let names: Vec<String> = a.actions.iter().map(|name| format!("`{name}`")).collect();
        format!("| {} | {} | {} |\n", names.join(", "), a.level.name(), a.what)
    };
    rights::ACTIONS.iter().map(row).collect()
}

/// The verbs of Kubernetes, likewise.
fn verbs() -> String {
    let quoted = |all: &[&str]| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let row = |r: &rights::Rule| {
        let group = if r.group.is_empty() { String::new() } else { format!(" (`{}`)", r.group) };
        format!("| {} | {}{group} | {} | {} |\n", quoted(r.verbs), quoted(r.resources), r.level.name(), r.what)
    };
    rights::RULES.iter().map(row).collect()
}

/// A guide's blocks of rights, each as the list gives it.
fn blocks() -> Vec<(&'static str, String)> {
    let json = |level| rights::policy_text(&[level]);
    vec![
        ("json policy=read", json(Level::Read)),
        ("json policy=fix", json(Level::Fix)),
        ("yaml role=read", rights::rbac(&[Level::Read, Level::Probe], None, None)),
        ("yaml role=fix", rights::rbac(&[Level::Fix], None, None)),
    ]
}

#[test]
fn the_guide_of_rights_has_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/read-only-access.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let mut made = written.clone();
    for (info, text) in blocks() {
        let open = format!("```{info}\n");
        let from = made.find(&open).unwrap_or_else(|| panic!("the guide has no {info}")) + open.len();
        let to = from + made.get(from..).unwrap().find("```").unwrap();
        made.replace_range(from..to, &text);
    }
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let now = std::fs::read_to_string(&path).unwrap();
    assert!(made == now, "rewrite it: {WRITE}=1 cargo test -p trustwalk the_guide_of_rights");
}

fn describe(out: &mut String, command: &Command, heading: &str) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let _ = writeln!(out, "{heading} `{name}`\n");
    if let Some(about) = command.get_about() {
        let _ = writeln!(out, "{about}.\n");
    }
    if command.has_subcommands() {
        options(out, command, true);
        for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
            describe(out, inner, "###");
        }
        return;
    }
    options(out, command, false);
}

/// One list item for each argument; those of the whole program are described once.
fn options(out: &mut String, command: &Command, global: bool) {
    let shown = |a: &&Arg| {
        let universal = matches!(a.get_id().as_str(), "help" | "version");
        !a.is_hide_set() && !universal && a.is_global_set() == global
    };
    let inherited = |a: &&Arg| global && heading_level(command) > 0 && is_root_option(a);
    let all: Vec<&Arg> = command.get_arguments().filter(shown).filter(|a| !inherited(a)).collect();
    for arg in &all {
        option(out, arg);
    }
    if !all.is_empty() {
        out.push('\n');
    }
}

/// How deep below the program itself a command is.
fn heading_level(command: &Command) -> usize {
    command.get_bin_name().unwrap_or_default().split(' ').count().saturating_sub(1)
}

fn is_root_option(arg: &Arg) -> bool {
    grammar().get_arguments().any(|a| a.get_id() == arg.get_id())
}

fn option(out: &mut String, arg: &Arg) {
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let names: Vec<&str> = arg.get_value_names().into_iter().flatten().map(clap::builder::Str::as_str).collect();
    let value = if takes { names.join(" ") } else { String::new() };
    let written = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long} {value}"),
        (None, Some(long)) => format!("--{long} {value}"),
        (Some(short), None) => format!("-{short} {value}"),
        (None, None) => value,
    };
    let _ = write!(out, "- `{}`", written.trim());
    if let Some(help) = arg.get_help() {
        let _ = write!(out, ": {}", help.to_string().trim_end_matches('.'));
    }
    let possible = if takes { arg.get_possible_values() } else { Vec::new() };
    if !possible.is_empty() {
        let each: Vec<String> = possible
            .iter()
            .filter(|v| !v.is_hide_set())
            .map(|v| match v.get_help() {
                Some(help) => format!("`{}` ({help})", v.get_name()),
                None => format!("`{}`", v.get_name()),
            })
            .collect();
        let _ = write!(out, ". One of {}", each.join(", "));
    }
    let defaults: Vec<String> = arg.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
    if takes && !defaults.is_empty() {
        let _ = write!(out, ". Default `{}`", defaults.join(" "));
    }
    if let Some(env) = arg.get_env() {
        let _ = write!(out, ". Also `{}`", env.to_string_lossy());
    }
    out.push('\n');
}

/// Our own variables: those of options, whichever command has them.
fn variables(out: &mut String, command: &Command) {
    for arg in command.get_arguments() {
        if let (Some(env), Some(long)) = (arg.get_env(), arg.get_long()) {
            let row = format!("| `{}` | the same as `--{long}` |\n", env.to_string_lossy());
            if !out.contains(&row) {
                out.push_str(&row);
            }
        }
    }
    for inner in command.get_subcommands() {
        variables(out, inner);
    }
}

#[test]
fn cli_reference_is_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let made = page();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let stale = made.lines().zip(written.lines()).find(|(m, w)| m != w);
    assert!(
        made == written,
        "docs/reference/cli.md is stale, first at {stale:?}; rewrite it: {WRITE}=1 cargo test -p trustwalk \
         cli_reference"
    );
}

#[test]
fn the_grammar_is_sound() {
    grammar().debug_assert();
}
