//! A checkout, from its files to what they declare.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hcl_edit::structure::Body;
use trustwalk_checkout::{Declared, Unread};
use trustwalk_foreign::path::joined;

use super::declare::Declare;
use super::eval::Eval;
use super::folder::{Folder, Folders, folder_of, is_override};
use super::parse::{Unit, parse};
use super::registry;
use super::source::{File, Sources, Spot, to_u32};

/// What the Terraform files of a checkout declare. Other files may be among them: `file` and `templatefile` read them.
pub fn read(files: &[File]) -> Declared {
    read_with_templates(files).0
}

/// The same, and the paths of the files that `templatefile` filled in: what they hold is a part of what it declares.
pub fn read_with_templates(files: &[File]) -> (Declared, BTreeSet<String>) {
    let sources = Sources::new(files);
    let mut unread = Vec::new();
    let mut units = Vec::new();
    let mut set_in_json: Vec<(&str, String)> = Vec::new();
    let tofu: BTreeSet<&str> = files.iter().filter_map(|file| file.path.strip_suffix("tofu")).collect();
    for (number, file) in sources.files() {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
        if name.ends_with(".tfvars.json") {
            // Which variables it sets is enough: what they are is a symbol where something hangs on it.
            let read = trustwalk_checkout::read_yaml(&file.path, &file.text);
            unread.extend(read.unread);
            for document in &read.all {
                let trustwalk_checkout::Value::Map(members) = &document.value else { continue };
                let names = members.iter().filter_map(|(key, _)| key.value.known());
                set_in_json.extend(names.map(|name| (folder_of(&file.path), name.to_owned())));
            }
        } else if is_override(name) || name.ends_with(".tf.json") || name.ends_with(".tofu.json") {
            let at = sources.place(Spot { file: number, start: 0, end: 0 });
            let why = "files that override others, and Terraform's JSON syntax, are not read: run `terraform show \
                       -json` on a plan and give its output";
            unread.push(Unread { at, why: why.to_owned() });
        } else if kind == "tf" && file.path.strip_suffix("tf").is_some_and(|path| tofu.contains(path)) {
            // OpenTofu passes over the file of this name for Terraform (OpenTofu documentation, "Files and
            // Directories"), and what both declare would stand twice.
            units.push(Unit { file: number, base: 0, ours: false, body: Body::new(), renamed: BTreeMap::new() });
        } else if matches!(kind, "tf" | "tofu" | "tfvars") {
            units.extend(parse(&sources, number, file, &mut unread));
        } else {
            // Functions read it; it has no blocks.
            units.push(Unit { file: number, base: 0, ours: false, body: Body::new(), renamed: BTreeMap::new() });
        }
    }
    let mut paths: Vec<&str> = files.iter().map(|file| &*file.path).collect();
    if files.iter().any(|file| file.text.contains(registry::OWNER)) {
        for (name, body) in registry::bodies() {
            units.push(Unit { file: to_u32(paths.len()), base: 0, ours: true, body, renamed: BTreeMap::new() });
            paths.push(name);
        }
    }
    let mut folders = Folders::new(&units, &paths);
    for (path, name) in &set_in_json {
        folders.set_elsewhere(path, name);
    }
    let mut eval = Eval::new(&sources, &units, &folders);
    let roots = roots(&folders);
    for (path, folder) in &roots {
        let name = match (roots.len(), *path) {
            (1, _) | (_, "") => Rc::from(""),
            (_, path) => Rc::from(format!("{path}: ")),
        };
        let first = eval.root(path, folder, name);
        eval.follow(first);
    }
    let mut declared = Declare::new(&mut eval).all();
    unread.append(&mut declared.unread);
    let filled = eval.filled.iter().filter_map(|number| Some(sources.file(*number)?.path.to_string())).collect();
    (Declared { unread, ..declared }, filled)
}

/// Modules that no other calls.
fn roots<'f, 'a>(folders: &'f Folders<'a>) -> Vec<(&'a str, &'f Folder<'a>)> {
    let mut called = BTreeSet::new();
    for (path, folder) in &folders.by_path {
        for call in folder.calls.values() {
            let source = call.hcl.body.get_attribute("source").and_then(|found| found.value.as_str());
            called.extend(source.filter(|source| source.starts_with('.')).and_then(|source| joined(path, source)));
        }
    }
    let is_module = |folder: &Folder<'_>| !folder.resources.is_empty() || !folder.calls.is_empty();
    folders
        .by_path
        .iter()
        .filter(|(path, folder)| !called.contains(**path) && is_module(folder))
        .map(|(path, folder)| (*path, folder))
        .collect()
}
