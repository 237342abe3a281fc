//! The shape all rules share: metadata as written in their file, judgement by the group that
//! classifies their part of the evidence, so that the rules of a group exclude one another.

use crate::finding::{Finding, Verdict};
use crate::judge::Judged;
use crate::rule::RuleMeta;

/// Declares a rule.
macro_rules! rule {
    (
        $rule:ident, code: $code:literal, name: $name:literal, summary: $summary:literal, link: $link:ident,
        needs: [$($need:ident),* $(,)?], citation: $citation:literal, repair: $repair:ident,
        judge: [$($group:path),+ $(,)?], doc: $doc:literal $(,)?
    ) => {
        pub(in crate::rules) struct $rule;

        static META: crate::rule::RuleMeta = crate::rule::RuleMeta {
            code: $code,
            name: $name,
            summary: $summary,
            link: crate::link::Link::$link,
            severity: crate::finding::Severity::Error,
            needs: &[$(crate::rule::Kind::$need),*],
            masked_by: &[],
            citation: $citation,
            since: "0.1.0",
            repair: crate::rule::Repair::$repair,
            doc: $doc,
        };

        impl crate::rule::Rule for $rule {
            fn meta(&self) -> &'static crate::rule::RuleMeta {
                &META
            }

            fn judge(&self, view: &crate::rule::View<'_>) -> crate::finding::Verdict {
                crate::rules::by_name(&META, &[$($group(view)),+])
            }
        }
    };
}
pub(in crate::rules) use rule;

/// The verdict of one rule from what its groups found.
pub(in crate::rules) fn by_name(meta: &'static RuleMeta, judged: &[Judged]) -> Verdict {
    let findings: Vec<Finding> = judged
        .iter()
        .flat_map(|j| &j.found)
        .filter(|c| c.rule == meta.name)
        .map(|c| Finding {
            code: meta.code.to_owned(),
            name: meta.name.to_owned(),
            link: meta.link,
            severity: meta.severity,
            confidence: c.draft.confidence,
            sentence: c.draft.sentence.clone(),
            proof: c.draft.proof.clone(),
            cures: c.draft.cures.clone(),
            decide: c.draft.decide.clone(),
        })
        .collect();
    if !findings.is_empty() {
        return Verdict::Violated { findings };
    }
    // A group that named another cause has answered for this rule too.
    if judged.iter().any(|j| !j.found.is_empty()) {
        return Verdict::Pass;
    }
    let missing: Vec<String> = judged.iter().flat_map(|j| j.missing.clone()).collect();
    if !missing.is_empty() {
        return Verdict::Undetermined { missing };
    }
    match judged.iter().find_map(|j| j.not_applicable.clone()) {
        Some(why) if judged.iter().all(|j| j.not_applicable.is_some()) => Verdict::NotApplicable { why },
        _ => Verdict::Pass,
    }
}
