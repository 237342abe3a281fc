//! Programs that declare identities: Pulumi's, those of CDK without their output, Terragrunt's configs. They are not
//! run and not followed, and that is said where they speak of identities: what they declare is no pass.

use std::path::{Path, PathBuf};

/// Terragrunt's config of a module (Terragrunt, "Configuration").
pub(super) const TERRAGRUNT: &str = "terragrunt.hcl";
/// Files of one program that are looked into.
const SOURCES: usize = 2_000;
/// Folders in folders of one program.
const DEPTH: usize = 12;
/// Largest file that is looked into: what people write by hand is smaller.
const BYTES: u64 = 1 << 20;
/// Endings of the languages that Pulumi and CDK take.
const LANGUAGES: [&str; 11] = ["ts", "mts", "js", "mjs", "py", "go", "java", "kt", "cs", "fs", "yaml"];
/// What a program that makes identities holds, in one spelling or another.
const WORDS: [&str; 9] = [
    "AssumeRoleWithWebIdentity",
    "amazonaws.com/role-arn",
    "WebIdentityPrincipal",
    "OpenIdConnect",
    "OidcProvider",
    "addServiceAccount",
    "add_service_account",
    "PodIdentityAssociation",
    "pod_identity_association",
];
/// The same of a config that gives modules their values.
const OF_MODULES: [&str; 5] = ["oidc", "irsa", "service_account", "web_identity", "pod_identity"];

/// The first file of each kind of program that speaks of identities, and why it was not read. Folders of the names in
/// `passed_over` hold what other people wrote.
pub(super) fn unread(found: &[PathBuf], passed_over: &[&str]) -> Vec<(PathBuf, String)> {
    let named = |names: &'static [&'static str]| {
        found.iter().filter(move |path| path.file_name().is_some_and(|n| names.iter().any(|name| n == *name)))
    };
    let mut out = Vec::new();
    let mut pulumi = named(&["Pulumi.yaml", "Pulumi.yml"]).filter_map(|path| path.parent());
    if let Some(source) = pulumi.find_map(|folder| speaking(folder, passed_over)) {
        let why = "a program of Pulumi's declares identities, and is not followed: give its policies as files, or read \
                   them from the account with --live";
        out.push((source, why.to_owned()));
    }
    let synthesized = |folder: &&Path| !found.iter().any(|path| path.starts_with(folder.join("cdk.out")));
    let mut cdk = named(&["cdk.json"]).filter_map(|path| path.parent()).filter(synthesized);
    if let Some(source) = cdk.find_map(|folder| speaking(folder, passed_over)) {
        let why = "a program of CDK's declares identities, and is read by its output alone: `cdk synth && trustwalk \
                   preflight cdk.out`";
        out.push((source, why.to_owned()));
    }
    if let Some(config) = named(&[TERRAGRUNT]).find(|path| holds(path, &OF_MODULES)) {
        let why = "Terragrunt gives a module values that decide who has a role, and is not followed: `terragrunt show \
                   -json PLAN | trustwalk preflight -` reads what comes of it";
        out.push((config.clone(), why.to_owned()));
    }
    out
}

/// The first source of a folder's program that speaks of identities.
fn speaking(folder: &Path, passed_over: &[&str]) -> Option<PathBuf> {
    let mut left = SOURCES;
    look(folder, passed_over, DEPTH, &mut left)
}

fn look(folder: &Path, passed_over: &[&str], depth: usize, left: &mut usize) -> Option<PathBuf> {
    let depth = depth.checked_sub(1)?;
    let mut entries: Vec<_> = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        // A link is not followed: it may lead out of the checkout.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !name.starts_with('.') && !passed_over.contains(&name.as_str()) && name != "cdk.out" {
            if let Some(found) = look(&path, passed_over, depth, left) {
                return Some(found);
            }
        } else if kind.is_file() && is_source(&name) {
            *left = left.checked_sub(1)?;
            if holds(&path, &WORDS) {
                return Some(path);
            }
        }
    }
    None
}

/// Whether a file is written in one of the languages; of YAML only what Pulumi itself reads.
fn is_source(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    LANGUAGES.contains(&ending) && (ending != "yaml" || name == "Pulumi.yaml" || name == "Main.yaml")
}

fn holds(path: &Path, words: &[&str]) -> bool {
    let small = path.metadata().is_ok_and(|m| m.is_file() && m.len() <= BYTES);
    let text = small.then(|| trustwalk_collect::read_up_to(path, BYTES).ok()).flatten();
    text.is_some_and(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        words.iter().any(|word| text.contains(word))
    })
}
