//! Texts of a checkout into the world that is judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustwalk_checkout::{
    Declared, Format, InFile, Node, Place, Source, Symbol, Text, Unread, Value, combined, read_yaml,
};
use trustwalk_ci::{File, Files, WELL_KNOWN};

use crate::world::World;

/// Whether a file is one of a CI platform's, by its path.
pub fn is_ci(path: &str) -> bool {
    let yaml = [".yml", ".yaml"].iter().any(|ending| path.ends_with(ending));
    let known = |name: &str| path == name || path.strip_suffix(name).is_some_and(|head| head.ends_with('/'));
    // GitHub reads no folder below it (GitHub Docs, "Workflow syntax").
    let below = path.strip_prefix(".github/workflows/").or_else(|| Some(path.split_once("/.github/workflows/")?.1));
    let workflow = below.is_some_and(|name| !name.contains('/'));
    (yaml && (workflow || path.ends_with(".gitlab-ci.yml"))) || WELL_KNOWN.iter().any(|name| known(name))
}

/// A federated principal that comes to an empty text is not known: IAM saves none, and it is what a variable of a
/// module is by its default until somebody gives it.
fn without_empty_principals(trust: &mut Node) {
    let Some(statements) = member(trust, "Statement") else { return };
    for statement in each(statements) {
        let Some(named) = member(statement, "Principal").and_then(|n| member(n, "Federated")) else { continue };
        for one in each(named) {
            if one.value.text().is_some_and(|text| text == Text::default()) {
                one.value = Value::Unknown(Symbol("the provider that nobody gives here".into()));
            }
        }
    }
}

fn member<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    let Value::Map(members) = &mut node.value else { return None };
    members.iter_mut().rev().find(|(key, _)| key.value.known() == Some(name)).map(|(_, node)| node)
}

/// One value or a list of them.
fn each(node: &mut Node) -> &mut [Node] {
    if matches!(node.value, Value::List(_)) {
        let Value::List(items) = &mut node.value else { return &mut [] };
        return items;
    }
    std::slice::from_mut(node)
}

impl World {
    /// The world of what each file declares, of the CI files, and of what Terraform's files declare. `more` reads what
    /// a CI file refers to.
    pub fn of(
        files: Vec<InFile>,
        ci: &[Source],
        mut terraform: Declared,
        more: &dyn Files,
        repository: Option<&str>,
    ) -> Self {
        let mut declared = combined(files);
        let by_text = terraform.roles.iter_mut().filter(|role| role.from.format == Format::Terraform);
        by_text.for_each(|role| without_empty_principals(&mut role.trust));
        declared.add(terraform);
        let given: Vec<File> =
            ci.iter().map(|s| File { path: s.path.to_string(), text: s.text.as_bytes().to_vec() }).collect();
        let (jobs, unread) = trustwalk_ci::readable_jobs(&given, more, repository);
        declared.unread.extend(unread.into_iter().map(|why| {
            let at = Place { path: why.path.as_str().into(), line: 1, column: 1, end_line: 1, end_column: 1 };
            Unread { at, why: why.reason }
        }));
        let mut documents = BTreeMap::new();
        for source in ci {
            if let Some(document) = read_yaml(&source.path, &source.text).all.into_iter().next() {
                documents.insert(source.path.to_string(), Arc::new(document));
            }
        }
        Self { declared, jobs, documents, repository: repository.map(str::to_owned), ..Self::default() }
    }
}
