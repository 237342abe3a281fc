//! Modules: the blocks of all files of a folder.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block as HclBlock, Body, Structure};

use super::parse::Unit;
use super::source::Spot;

/// A block and the unit it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) unit: usize,
    pub(crate) hcl: &'a HclBlock,
    pub(crate) spot: Spot,
}

/// An expression and the unit it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) unit: usize,
    pub(crate) expr: &'a Expression,
}

impl<'a> Block<'a> {
    pub(crate) fn label(&self, number: usize) -> &'a str {
        self.hcl.labels.get(number).map_or("", |label| label.as_str())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<Written<'a>> {
        attribute(&self.hcl.body, name).map(|found| Written { unit: self.unit, expr: &found.value })
    }
}

/// The attribute of a name.
pub(crate) fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Attribute> {
    body.attributes().find(|attribute| attribute.key.value().as_str() == name)
}

/// Type and name of a resource or data source, `data.` before the type of the latter.
pub(crate) type Address<'a> = (bool, &'a str, &'a str);

/// A module.
#[derive(Debug, Default)]
pub(crate) struct Folder<'a> {
    pub(crate) variables: BTreeMap<&'a str, Block<'a>>,
    pub(crate) locals: BTreeMap<&'a str, Written<'a>>,
    /// Numbers in [`Folders::blocks`], by address.
    pub(crate) resources: BTreeMap<Address<'a>, usize>,
    pub(crate) calls: BTreeMap<&'a str, Block<'a>>,
    pub(crate) outputs: BTreeMap<&'a str, Block<'a>>,
    pub(crate) providers: Vec<Block<'a>>,
    /// What `terraform.tfvars` and `*.auto.tfvars` set, the last of each name.
    pub(crate) given: BTreeMap<&'a str, Written<'a>>,
    /// Variables that a file sets which only `-var-file` brings in, or one in JSON.
    pub(crate) elsewhere: BTreeSet<&'a str>,
}

/// All modules of a checkout.
#[derive(Debug, Default)]
pub(crate) struct Folders<'a> {
    pub(crate) by_path: BTreeMap<&'a str, Folder<'a>>,
    /// Our own descriptions of well-known modules, by their files' names.
    pub(crate) ours: BTreeMap<&'a str, Folder<'a>>,
    /// Blocks of resources and data sources; their numbers name them.
    pub(crate) blocks: Vec<Block<'a>>,
}

/// The folder of a path; of a file in the root the empty text.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether Terraform reads a file of variables by itself.
fn automatic(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "terraform.tfvars" || name.ends_with(".auto.tfvars")
}

impl<'a> Folders<'a> {
    /// The units with the paths of their files; overriding files come last, as Terraform merges them.
    pub(crate) fn new(units: &'a [Unit], paths: &[&'a str]) -> Self {
        let mut all = Self::default();
        let mut order: Vec<usize> = (0..units.len()).collect();
        let path_of = |number: &usize| units.get(*number).and_then(|unit| paths.get(unit.file as usize)).copied();
        order.sort_by_key(|number| (path_of(number).map(rank), path_of(number)));
        for number in order {
            let (Some(unit), Some(path)) = (units.get(number), path_of(&number)) else { continue };
            if unit.ours {
                all.body(number, unit, path);
            } else if path.ends_with(".tfvars") {
                all.variables(number, unit, path);
            } else {
                all.body(number, unit, folder_of(path));
            }
        }
        all
    }

    /// That a file whose values are not read sets a variable.
    pub(crate) fn set_elsewhere(&mut self, path: &str, name: &'a str) {
        if let Some(folder) = self.by_path.get_mut(path) {
            folder.elsewhere.insert(name);
        }
    }

    fn variables(&mut self, number: usize, unit: &'a Unit, path: &'a str) {
        let folder = self.by_path.entry(folder_of(path)).or_default();
        for attribute in unit.body.attributes() {
            let name = attribute.key.value().as_str();
            if automatic(path) {
                folder.given.insert(name, Written { unit: number, expr: &attribute.value });
            } else {
                folder.elsewhere.insert(name);
            }
        }
    }

    fn body(&mut self, number: usize, unit: &'a Unit, path: &'a str) {
        for structure in &unit.body {
            let Structure::Block(hcl) = structure else { continue };
            let block = Block { unit: number, hcl, spot: unit.spot(hcl) };
            let folders = if unit.ours { &mut self.ours } else { &mut self.by_path };
            let folder = folders.entry(path).or_default();
            match hcl.ident.value().as_str() {
                "variable" => drop(folder.variables.insert(block.label(0), block)),
                "output" => drop(folder.outputs.insert(block.label(0), block)),
                "module" => drop(folder.calls.insert(block.label(0), block)),
                "provider" => folder.providers.push(block),
                "locals" => folder.locals.extend(
                    hcl.body
                        .attributes()
                        .map(|found| (found.key.value().as_str(), Written { unit: number, expr: &found.value })),
                ),
                kind @ ("resource" | "data") => {
                    let address = (kind == "data", block.label(0), block.label(1));
                    folder.resources.insert(address, self.blocks.len());
                    self.blocks.push(block);
                }
                _ => {}
            }
        }
    }
}

/// Overriding files after all others.
fn rank(path: &str) -> u8 {
    let name = path.rsplit('/').next().unwrap_or(path);
    u8::from(is_override(name))
}

/// Whether Terraform merges a file over the others.
pub(crate) fn is_override(name: &str) -> bool {
    name == "override.tf" || name.ends_with("_override.tf")
}
