//! What there is to say of a policy and an identity, and what it comes to.

use serde::Serialize;
use serde_json::{Value, json};
use trustwalk_core::cause::{Cause, policy as causes};
use trustwalk_trust_policy::{
    Asked, Decision, Document, Edit, Exchange, Explanation, NoEdit, ParseError, Policy, Reason, SaveContext, SaveError,
    Standing, Warning, Wide, smallest_edit,
};

use super::identity::Asker;
use crate::exit::Exit;

/// What a run comes to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// The identity is admitted, and no stranger with it.
    Admitted,
    /// The identity is admitted, and strangers with it.
    AdmittedWithStrangers,
    /// The identity is not admitted.
    Refused,
    /// IAM does not save this policy, so it admits nobody.
    RefusedAtSave,
    /// JSON readers drop a part of the document, and nobody says which part IAM keeps.
    Ambiguous,
    /// What is not known decides.
    Undetermined,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Admitted => Self::Sound,
            Verdict::Undetermined => Self::Undetermined,
            Verdict::AdmittedWithStrangers | Verdict::Refused | Verdict::RefusedAtSave | Verdict::Ambiguous => {
                Self::Findings
            }
        }
    }
}

/// Why IAM would not save the policy, or might not.
pub(super) struct Refusal {
    pub(super) reason: Option<SaveError>,
    pub(super) message: String,
    pub(super) standing: Standing,
    pub(super) cause: Option<Cause>,
}

/// A reason with its cause.
pub(super) struct Named {
    pub(super) reason: Reason,
    pub(super) cause: Cause,
}

/// Everything to be said.
pub(super) struct Report<'a> {
    pub(super) verdict: Verdict,
    pub(super) asker: Option<&'a Asker>,
    pub(super) explanations: Vec<Explanation<'a>>,
    /// The action that each of them is for.
    pub(super) actions: Vec<&'a str>,
    pub(super) decision: Option<Decision>,
    pub(super) reasons: Vec<Named>,
    pub(super) breadth: Vec<Wide>,
    pub(super) dropped: &'a [Warning],
    pub(super) refusals: Vec<Refusal>,
    pub(super) malformed_tags: Vec<String>,
    pub(super) edit: Option<Result<Edit, NoEdit>>,
}

impl<'a> Report<'a> {
    /// Judges.
    pub(super) fn of(text: &str, document: &'a Document, policy: &'a Policy, asked: Option<&'a Judged>) -> Self {
        let refusals: Vec<Refusal> = document.lint(&SaveContext::default()).into_iter().map(refusal).collect();
        let mut report = Self {
            verdict: Verdict::Undetermined,
            asker: asked.map(|j| &j.asker),
            explanations: Vec::new(),
            actions: Vec::new(),
            decision: None,
            reasons: Vec::new(),
            breadth: Vec::new(),
            dropped: &document.warnings,
            refusals,
            malformed_tags: Vec::new(),
            edit: None,
        };
        if let Some(Judged { asker, exchange }) = asked {
            report.explanations = exchange.requests().iter().map(|r| policy.explain(r)).collect();
            report.actions = exchange.requests().iter().map(|r| r.action.as_str()).collect();
            report.decision = Some(policy.decide(exchange));
            let reasons = policy.reasons(&asker.identity, &asker.call);
            let cause = |r: &Reason| causes::of_reason(r, document, &asker.identity.issuer_path);
            report.reasons = reasons.into_iter().map(|reason| Named { cause: cause(&reason), reason }).collect();
            report.breadth = policy.breadth(&asker.identity, &asker.call);
            report.malformed_tags = asker.identity.tags().map(|tags| tags.malformed).unwrap_or_default();
            report.edit = report.edit(text, asker);
        }
        report.verdict = report.verdict();
        report
    }

    /// A policy that is JSON and not of the policy language.
    pub(super) fn of_no_policy(error: &ParseError) -> Self {
        let refusal = Refusal { reason: None, message: error.to_string(), standing: Standing::Documented, cause: None };
        Self {
            verdict: Verdict::RefusedAtSave,
            asker: None,
            explanations: Vec::new(),
            actions: Vec::new(),
            decision: None,
            reasons: Vec::new(),
            breadth: Vec::new(),
            dropped: &[],
            refusals: vec![refusal],
            malformed_tags: Vec::new(),
            edit: None,
        }
    }

    fn verdict(&self) -> Verdict {
        let refused = |standing: fn(Standing) -> bool| self.refusals.iter().any(|r| standing(r.standing));
        if refused(|s| s != Standing::Unknown) {
            return Verdict::RefusedAtSave;
        }
        let strangers = self.breadth.iter().any(|w| w.breadth.admits_strangers());
        match self.decision {
            Some(Decision::ExplicitDeny | Decision::ImplicitDeny) => Verdict::Refused,
            _ if !self.malformed_tags.is_empty() => Verdict::Refused,
            _ if !self.dropped.is_empty() => Verdict::Ambiguous,
            _ if strangers => Verdict::AdmittedWithStrangers,
            Some(Decision::Allow) if !refused(|s| s == Standing::Unknown) => Verdict::Admitted,
            Some(Decision::Allow | Decision::Undetermined) | None => Verdict::Undetermined,
        }
    }

    /// The smallest edit, where the policy is what refuses a token that is known well enough.
    fn edit(&self, text: &str, asker: &Asker) -> Option<Result<Edit, NoEdit>> {
        let named = asker.identity.claims.get("sub").is_some_and(Value::is_string);
        let refuses = matches!(self.decision, Some(Decision::ImplicitDeny));
        let wanted = Asked { identity: asker.identity.clone(), audiences: Vec::new() };
        (named && refuses && !asker.any_issuer).then(|| smallest_edit(text, &wanted, &asker.call))
    }

    /// The keys that decide, each once.
    pub(super) fn undecided(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for key in self.explanations.iter().flat_map(|e| &e.undecided) {
            if !all.contains(key) {
                all.push(key);
            }
        }
        all
    }

    /// The causes that were named, each once.
    pub(super) fn causes(&self) -> Vec<Cause> {
        let refused = self.refusals.iter().filter_map(|r| r.cause);
        let mut all = Vec::new();
        for cause in refused.chain(self.reasons.iter().map(|n| n.cause)) {
            if !all.contains(&cause) {
                all.push(cause);
            }
        }
        all
    }

    /// The report as one document.
    pub(super) fn json(&self) -> Value {
        let identity = self.asker.map(|a| {
            let claims: serde_json::Map<String, Value> =
                a.identity.claims.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
            json!({"provider": a.identity.provider_arn, "claims": claims})
        });
        let refusals: Vec<Value> = self
            .refusals
            .iter()
            .map(|r| {
                let code = r.cause.map(Cause::code);
                json!({"reason": r.reason, "message": r.message, "standing": r.standing, "code": code})
            })
            .collect();
        let reasons: Vec<Value> = self
            .reasons
            .iter()
            .map(|n| {
                let mut reason = json!(n.reason);
                if let Some(fields) = reason.as_object_mut() {
                    fields.insert("code".to_owned(), json!(n.cause.code()));
                    fields.insert("name".to_owned(), json!(n.cause.name()));
                }
                reason
            })
            .collect();
        let edit = match &self.edit {
            Some(Ok(edit)) => json!({"kind": edit.kind, "document": edit.document}),
            Some(Err(_)) | None => Value::Null,
        };
        let no_edit = self.edit.as_ref().and_then(|e| e.as_ref().err()).map(ToString::to_string);
        json!({
            "schema": 1,
            "verdict": self.verdict,
            "identity": identity,
            "assumed": self.asker.map(|a| a.assumed.as_slice()).unwrap_or_default(),
            "explanation": self.explanations.first(),
            "beside": self.explanations.get(1..).unwrap_or_default(),
            "undecided": self.undecided(),
            "reasons": reasons,
            "breadth": self.breadth,
            "dropped": self.dropped,
            "malformed_tags": self.malformed_tags,
            "iam_would_refuse": refusals,
            "edit": edit,
            "no_edit": no_edit,
        })
    }
}

/// Who asks, with the exchange that they make.
pub(super) struct Judged {
    pub(super) asker: Asker,
    pub(super) exchange: Exchange,
}

fn refusal(error: SaveError) -> Refusal {
    Refusal {
        message: error.to_string(),
        standing: error.standing(),
        cause: causes::of_refusal(&error),
        reason: Some(error),
    }
}
