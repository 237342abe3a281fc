//! A rule's page, the same for `explain` and for `docs/rules`.

use crate::finding::Severity;
use crate::rule::{Repair, RuleMeta};

/// The page, Markdown.
pub fn rule_page(meta: &RuleMeta) -> String {
    let severity = match meta.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "information",
    };
    let repair = match meta.repair {
        Repair::NeedsApproval => "`trustwalk fix --approve` can repair it",
        Repair::Manual => "a person must repair it",
    };
    format!(
        "# {} {}\n\n{}\n\nLink: {}. Severity: {severity}. Since {}; {repair}.\n\n{}\n\nSource: {}\n",
        meta.code,
        meta.name,
        meta.summary,
        meta.link.name(),
        meta.since,
        meta.doc.trim(),
        meta.citation
    )
}
