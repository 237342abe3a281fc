//! A rule's page as Markdown, made from its metadata.

use crate::rule::{Repair, RuleMeta};

/// The page `explain` prints and `docs/rules/` holds.
pub fn rule_page(meta: &RuleMeta) -> String {
    let repair = match meta.repair {
        Repair::NeedsApproval => "`trustwalk fix --approve`",
        Repair::Manual => "by a person",
    };
    format!(
        "# {}: {}\n\n{}.\n\nLink: {}. Repaired {repair}. Since {}.\n\n{}\n",
        meta.code,
        meta.name,
        meta.summary,
        meta.link.name(),
        meta.since,
        meta.doc
    )
}
