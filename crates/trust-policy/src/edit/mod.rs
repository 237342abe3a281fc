//! The smallest edit of a policy that admits one identity and nobody else.
//!
//! Statements are put right where they stand if that lets nobody else in, as trying shows ([`widened`]); else a
//! statement for exactly this identity is added. What stood there stays: values are added beside others unless the
//! one there is a slip of the pen.

mod json;
mod own;
mod slips;

use crate::call::Call;
use crate::document::{Document, Warning};
use crate::exchange::Exchange;
use crate::lint::{SaveContext, SaveError, TRUST_POLICY_QUOTA};
use crate::miss::{IssuerDifference, Miss, SubjectDifference};
use crate::policy::{Decision, Policy};
use crate::reasons::{Place, Reason};
use crate::widens::{Asked, TooMany, Witness, widened};
use json::Spot;
use serde::Serialize;

/// Mends after which a policy that still refuses is left to people.
const ROUNDS: usize = 6;
/// The quota once it is raised as far as it goes (DOC: IAM User Guide, "IAM and AWS STS quotas").
const RAISED_QUOTA: usize = 4_096;

/// How a policy is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditKind {
    /// The statements themselves are put right.
    InPlace,
    /// A statement for this identity alone is added.
    Beside,
}

/// A change that admits the identity asked for and nobody else whom the policy kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// How.
    pub kind: EditKind,
    /// The whole document after it, as JSON.
    pub document: String,
    /// Whom changing the statements themselves would have let in.
    pub wider: Option<Box<Witness>>,
}

/// Why there is no such change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEdit {
    /// The text is no policy.
    #[error("the policy cannot be read")]
    Unreadable,
    /// Nothing needs to be changed.
    #[error("the policy admits the identity already, as far as is known")]
    Admitted,
    /// A Deny applies: whom else it was meant for, only people know.
    #[error("a Deny applies, and only people know whom else it is meant for")]
    Denied,
    /// Nothing that is done here admits the identity.
    #[error("no small change admits the identity")]
    NoCure,
    /// The policy asks for something that this identity does not have: whether it is to be let in all the same, only
    /// people know.
    #[error("the policy asks for what this identity does not have, and only people know whether it is to be let in")]
    Restricted,
    /// One key stands in two spellings: both count here, and only people know which of the two is meant.
    #[error("one key stands there in two spellings, and only people know which of the two is meant")]
    TwoSpellings,
    /// IAM would refuse to save the change.
    #[error("IAM would refuse to save the change: {0}")]
    Refused(Box<SaveError>),
    /// The change would let somebody else in.
    #[error("the change would also admit {0}")]
    Wider(Box<Witness>),
    /// Whom the change would let in cannot be enumerated.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// The smallest change of a policy's text that admits the one asked for and nobody else.
///
/// What the call brings counts as being as the policy wants it, unless it is known: a statement that asks for an
/// address goes on asking for it.
///
/// # Errors
/// When there is none, with the reason.
pub fn smallest_edit(text: &str, asked: &Asked, call: &Call) -> Result<Edit, NoEdit> {
    edited(text, asked, call, None)
}

/// As [`smallest_edit`], by somebody who knows which values and principals of the policy admit nobody (any more):
/// these make way for the identity, and all others stay. Another repository is let in only where it takes the place
/// of one that is gone.
///
/// # Errors
/// When there is none, with the reason.
pub fn smallest_edit_knowing(text: &str, asked: &Asked, call: &Call, gone: &[String]) -> Result<Edit, NoEdit> {
    edited(text, asked, call, Some(gone))
}

fn edited(text: &str, asked: &Asked, call: &Call, gone: Option<&[String]>) -> Result<Edit, NoEdit> {
    let job = Job::new(text, asked, call, gone).ok_or(NoEdit::Unreadable)?;
    if job.admits(text) {
        return Err(NoEdit::Admitted);
    }
    if job.document.warnings.iter().any(|w| matches!(w, Warning::KeyInTwoSpellings { .. })) {
        return Err(NoEdit::TwoSpellings);
    }
    let reasons = job.before.reasons(&asked.identity, call);
    if reasons.iter().any(|r| matches!(r.miss, Miss::ExplicitDeny { .. })) {
        return Err(NoEdit::Denied);
    }
    let wider = match job.mended(&reasons).map(|document| (job.verified(&document), document)) {
        Some((Ok(()), document)) => return Ok(Edit { kind: EditKind::InPlace, document, wider: None }),
        Some((Err(NoEdit::Wider(witness)), _)) => Some(witness),
        // A statement of its own would evade what the policy asks for.
        None if !reasons.iter().all(|r| unrestricted(&r.miss)) => return Err(NoEdit::Restricted),
        Some((Err(_), _)) | None => None,
    };
    let document = own::statement(&job, &reasons).filter(|d| job.admits(d)).ok_or(NoEdit::NoCure)?;
    job.verified(&document)?;
    Ok(Edit { kind: EditKind::Beside, document, wider })
}

/// Whether a statement of its own evades nothing that the policy asks of the identity.
fn unrestricted(miss: &Miss) -> bool {
    matches!(
        miss,
        Miss::NoFederatedStatement
            | Miss::WrongAction { .. }
            | Miss::ActionBeside { .. }
            | Miss::FederatedOtherProvider { .. }
            | Miss::PrincipalDiffers
    )
}

/// What an edit is made from.
struct Job<'a> {
    text: &'a str,
    document: Document,
    before: Policy,
    asked: &'a Asked,
    call: &'a Call,
    /// Values and principals that admit nobody, where that is known.
    gone: Option<&'a [String]>,
}

impl<'a> Job<'a> {
    fn new(text: &'a str, asked: &'a Asked, call: &'a Call, gone: Option<&'a [String]>) -> Option<Self> {
        let document = Document::parse(text).ok()?;
        let before = Policy::compile(&document);
        Some(Self { text, document, before, asked, call, gone })
    }

    /// Whether a policy admits the identity, as far as the token decides.
    fn admits(&self, text: &str) -> bool {
        let exchange = Exchange::new(&self.asked.identity, self.call);
        let decision = Policy::parse(text).map(|policy| policy.decide(&exchange));
        matches!(decision, Ok(Decision::Allow | Decision::Undetermined))
    }

    /// The statements put right, however wide that is.
    fn mended(&self, reasons: &[Reason]) -> Option<String> {
        let mut text = self.text.to_owned();
        let mut left = reasons.to_vec();
        for _ in 0..ROUNDS {
            let mut changed = false;
            for reason in &left {
                // One change often puts several reasons right, and is not to be made again.
                if let Some(better) = self.put_right(&text, reason) {
                    (text, changed) = (better, true);
                }
            }
            if !changed {
                return None;
            }
            if self.admits(&text) {
                return Some(text);
            }
            left = Policy::parse(&text).ok()?.reasons(&self.asked.identity, self.call);
        }
        None
    }

    fn put_right(&self, text: &str, reason: &Reason) -> Option<String> {
        match &reason.place {
            Place::Condition { statement, operator, key } => {
                self.condition(text, Spot { statement: *statement, operator, key }, &reason.miss)
            }
            Place::Principal { statement } => self.principal(text, *statement, &reason.miss),
            Place::Action { statement } => self.action(text, *statement, &reason.miss),
            Place::Policy | Place::Statement { .. } => None,
        }
    }

    fn action(&self, text: &str, statement: usize, miss: &Miss) -> Option<String> {
        if let Miss::ActionBeside { action } = miss {
            return json::also_act(text, self.acting(text).unwrap_or(statement), action);
        }
        let Miss::WrongAction { expected, .. } = miss else { return None };
        json::let_act(text, statement, expected)
    }

    /// The first statement that lets the identity make the exchange itself.
    fn acting(&self, text: &str) -> Option<usize> {
        let policy = Policy::parse(text).ok()?;
        let request = crate::request::Request::of_call(&self.asked.identity, self.call);
        let explanation = policy.explain(&request);
        explanation.statements.iter().find(|s| s.effect.is_some() && !s.answer.is_no()).map(|s| s.index)
    }

    fn condition(&self, text: &str, spot: Spot<'_>, miss: &Miss) -> Option<String> {
        let context = self.asked.identity.context();
        let actual = context.get(spot.key).and_then(|values| match values {
            [one] => Some(one.as_str()),
            _ => None,
        });
        let issuer = self.asked.identity.issuer_path.as_str();
        match miss {
            Miss::CaseDiffers { value, expected }
            | Miss::TrailingSlash { value, expected }
            | Miss::ExtraWhitespace { value, expected } => json::replace_value(text, spot, value, expected),
            Miss::SubValueUnderAud { value } | Miss::AudValueUnderSub { value } => {
                json::replace_value(text, spot, value, actual?)
            }
            // The pattern never admitted anybody; whom its author had in mind, only people know.
            Miss::WildcardUnderEquals { .. } | Miss::AudienceDiffers { .. } => json::add_value(text, spot, actual?),
            Miss::SubjectDiffers { value, difference, .. } => self.subject(text, spot, (value, actual?), *difference),
            // A slip is rarely made in one key only, and one of several put right cures nothing.
            Miss::SchemeInKey { .. }
            | Miss::ArnInKey { .. }
            | Miss::KeyAlmost { .. }
            | Miss::KeyOfOtherIssuer { .. } => {
                let head = spot.key.rsplit_once(':').map(|(head, _)| head)?;
                json::rename_keys(text, spot.statement, |key| {
                    let (theirs, claim) = key.rsplit_once(':')?;
                    theirs.eq_ignore_ascii_case(head).then(|| format!("{issuer}:{claim}"))
                })
            }
            Miss::DoubledSuffix { expected } => json::move_condition(text, spot, spot.operator, expected),
            Miss::MissingSuffix { .. } => {
                let claim = ["sub", "aud"].into_iter().find(|claim| self.fits(text, spot, claim))?;
                json::move_condition(text, spot, spot.operator, &format!("{issuer}:{claim}"))
            }
            Miss::SecondIssuer { .. } => json::remove_condition(text, spot),
            // IAM has no such key. That the issuer is meant the principal says already; what would do for a subject
            // is asked of the subject.
            Miss::ClaimNotMapped { claim } if claim == "iss" => {
                self.says_issuer(spot).then(|| json::remove_condition(text, spot)).flatten()
            }
            Miss::ClaimNotMapped { .. } if self.fits(text, spot, "sub") => {
                json::move_condition(text, spot, spot.operator, &format!("{issuer}:sub"))
            }
            Miss::Unexpanded { text: written } if written == spot.key => {
                let (head, claim) = spot.key.rsplit_once(':').filter(|(head, _)| slips::is_filled(head, issuer))?;
                json::rename_keys(text, spot.statement, |key| {
                    (key == spot.key || key.rsplit_once(':').is_some_and(|(other, _)| other == head))
                        .then(|| format!("{issuer}:{}", key.rsplit_once(':').map_or(claim, |(_, claim)| claim)))
                })
            }
            Miss::Unexpanded { text: written } => {
                let value = actual.filter(|value| slips::is_filled(written, value))?;
                json::replace_value(text, spot, written, value)
            }
            Miss::UnknownOperator { operator } => {
                json::move_condition(text, spot, &slips::spelled(operator)?, spot.key)
            }
            Miss::ClaimNotMapped { .. }
            | Miss::ClaimMissing { .. }
            | Miss::TagMissing { .. }
            | Miss::CallDiffers { .. }
            | Miss::VariableWithoutValue { .. }
            | Miss::ConditionNotMet
            | Miss::FederatedIsBareIssuer { .. }
            | Miss::FederatedHasScheme { .. }
            | Miss::FederatedOtherAccount { .. }
            | Miss::FederatedOtherProvider { .. }
            | Miss::FederatedMalformed { .. }
            | Miss::PrincipalDiffers
            | Miss::ActionBeside { .. }
            | Miss::ExplicitDeny { .. }
            | Miss::WrongAction { .. }
            | Miss::NoFederatedStatement => None,
        }
    }

    /// Whether a condition's values all name the identity's own issuer, with or without its scheme.
    fn says_issuer(&self, spot: Spot<'_>) -> bool {
        let own = self.asked.identity.issuer_path.as_str();
        let bare = |v: &String| v.strip_prefix("https://").unwrap_or(v).trim_end_matches('/').to_owned();
        let conditions = self.document.statements.get(spot.statement).map(|s| s.conditions.as_slice());
        let named = conditions.into_iter().flatten().find(|c| c.operator == spot.operator && c.key == spot.key);
        named.is_some_and(|c| !c.values.is_empty() && c.values.iter().all(|v| bare(v) == own.trim_end_matches('/')))
    }

    /// The subject beside the one there, or in its place.
    fn subject(
        &self,
        text: &str,
        spot: Spot<'_>,
        (value, actual): (&str, &str),
        difference: SubjectDifference,
    ) -> Option<String> {
        use SubjectDifference as D;
        let gone = self.gone.is_some_and(|all| all.iter().any(|v| v == value));
        match difference {
            // Whoever has such a subject is more than those whom the value names.
            D::Coarser => None,
            _ if gone => json::replace_value(text, spot, value, actual),
            D::Repository | D::Owner | D::OwnerAndRepository if self.gone.is_some() => None,
            D::NotServiceAccount
            | D::Namespace
            | D::ServiceAccount
            | D::NamespaceAndServiceAccount
            | D::ImmutableIds
            | D::Customised
            | D::Repository
            | D::Owner
            | D::OwnerAndRepository
            | D::NoContext
            | D::Context { .. }
            | D::EmailAndNumber
            | D::Form
            | D::Finer
            | D::Other => json::add_value(text, spot, actual),
        }
    }

    /// Whether the values of a condition would do for a claim.
    fn fits(&self, text: &str, spot: Spot<'_>, claim: &str) -> bool {
        let key = format!("{}:{claim}", self.asked.identity.issuer_path);
        let moved = json::move_condition(text, spot, spot.operator, &key);
        let reasons = moved.and_then(|t| Policy::parse(&t).ok()).map(|p| p.reasons(&self.asked.identity, self.call));
        let on_key = |r: &Reason| matches!(&r.place, Place::Condition { key: k, .. } if *k == key);
        reasons.is_some_and(|all| !all.iter().any(on_key))
    }

    /// A slip in the provider's name is put right; where another provider was meant, it keeps its statement.
    fn principal(&self, text: &str, statement: usize, miss: &Miss) -> Option<String> {
        let identity = &self.asked.identity;
        let named = || {
            let alike = |v: &String| crate::miss::likeness(v, &identity.provider_arn);
            json::federated(text, statement).into_iter().max_by_key(alike)
        };
        let slip = |difference: &IssuerDifference| *difference != IssuerDifference::Other;
        let written = if let Miss::FederatedMalformed { value, .. } = miss {
            value.clone()
        } else if let Miss::Unexpanded { text: value } = miss {
            Some(value.clone()).filter(|value| slips::is_filled(value, &identity.provider_arn))?
        } else if let Miss::FederatedOtherProvider { value, difference, .. } = miss {
            let makes_way = match self.gone {
                Some(gone) => gone.contains(value),
                None => slip(difference),
            };
            Some(value.clone()).filter(|_| makes_way)?
        } else if matches!(
            miss,
            Miss::FederatedIsBareIssuer { .. } | Miss::FederatedHasScheme { .. } | Miss::FederatedOtherAccount { .. }
        ) {
            named()?
        } else {
            return None;
        };
        let old_path = crate::claims::issuer_path(&written).unwrap_or(&written).to_owned();
        json::replace_issuer(text, statement, &written, &identity.provider_arn, &old_path, &identity.issuer_path)
    }

    /// Whether a change lets nobody else in and IAM has nothing against it that it had not against the one before.
    fn verified(&self, text: &str) -> Result<(), NoEdit> {
        let document = Document::parse(text).map_err(|_| NoEdit::Unreadable)?;
        let size_quota =
            if self.document.counted_length > TRUST_POLICY_QUOTA { RAISED_QUOTA } else { TRUST_POLICY_QUOTA };
        let context = SaveContext { size_quota, account: None };
        let before = self.document.lint(&context);
        if let Some(error) = document.lint(&context).into_iter().find(|error| !before.contains(error)) {
            return Err(NoEdit::Refused(Box::new(error)));
        }
        match widened(&self.before, &Policy::compile(&document), self.asked)?.into_iter().next() {
            Some(witness) => Err(NoEdit::Wider(Box::new(witness))),
            None => Ok(()),
        }
    }
}
