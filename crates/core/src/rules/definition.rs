//! How a rule is written down: metadata, and the groups of judgements that may name it.

use crate::finding::{Finding, Verdict};
use crate::judge::{Draft, Judged};
use crate::rule::{Rule, RuleMeta, View};

/// A rule.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) meta: &'static RuleMeta,
    /// Judgements whose causes this rule picks its own from.
    pub(crate) groups: &'static [fn(&View<'_>) -> Judged],
}

impl Definition {
    fn finding(&self, draft: Draft) -> Finding {
        let m = self.meta;
        Finding {
            code: m.code.to_owned(),
            name: m.name.to_owned(),
            link: m.link,
            severity: m.severity,
            confidence: draft.confidence,
            sentence: draft.sentence,
            proof: draft.proof,
            cures: draft.cures,
            decide: draft.decide,
        }
    }
}

impl Rule for Definition {
    fn meta(&self) -> &'static RuleMeta {
        self.meta
    }

    fn judge(&self, view: &View<'_>) -> Verdict {
        let judged: Vec<Judged> = self.groups.iter().map(|group| group(view)).collect();
        let mut findings = Vec::new();
        let (mut missing, mut why) = (Vec::new(), None);
        for one in judged {
            findings.extend(one.found.into_iter().filter(|c| c.rule == self.meta.name).map(|c| self.finding(c.draft)));
            missing.extend(one.missing);
            why = why.or(one.not_applicable);
        }
        findings.truncate(1);
        if !findings.is_empty() {
            Verdict::Violated { findings }
        } else if !missing.is_empty() {
            Verdict::Undetermined { missing }
        } else {
            why.map_or(Verdict::Pass, |why| Verdict::NotApplicable { why })
        }
    }
}
