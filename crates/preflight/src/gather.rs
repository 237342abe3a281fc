//! Texts of a checkout into the world that is judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustwalk_checkout::{Declared, InFile, Place, Source, Unread, combined, read_yaml};
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

impl World {
    /// The world of what each file declares, of the CI files, and of what Terraform's files declare. `more` reads what
    /// a CI file refers to.
    pub fn of(
        files: Vec<InFile>,
        ci: &[Source],
        terraform: Declared,
        more: &dyn Files,
        repository: Option<&str>,
    ) -> Self {
        let mut declared = combined(files);
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
