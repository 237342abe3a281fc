//! A rehearsal: each way to a role as data that a lab can set up and walk, and what its answers make of the report.
//!
//! The lab decides for itself. Where its answer is not what the files were judged to come to, one of the two is wrong,
//! and nothing is passed because of either.

mod scene;
mod stand_ins;

pub use scene::{Asked, Scene, SceneProvider, SceneRole, Whom};
pub(crate) use scene::{Parts, of_association, of_token};

use serde::Serialize;

use crate::model::{Identity, Note, Report, Spot, Standing};

/// What the files were judged to come to, for one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// The role is given.
    Admitted,
    /// It is not.
    Refused,
}

/// One exchange of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Whose it is.
    pub who: String,
    /// Where it stands.
    pub at: Spot,
    /// What starts the job whose token it is: `push to main`.
    pub when: Option<String>,
    /// What it was judged to come to.
    pub judged: Judged,
    /// What a lab sets up, or why there is nothing to set up.
    pub scene: Result<Box<Scene>, String>,
}

/// What a lab answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The role is given.
    Admitted,
    /// It is not: code and words of whoever refuses.
    Refused(String, String),
    /// What has to be there was not saved: what it is, code and words.
    NotSaved(String, String, String),
    /// The lab could not try it, and why.
    None(String),
}

/// How judgement and answer stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both say the same.
    Agree,
    /// They do not.
    Disagree,
    /// There was no answer.
    NotRehearsed,
}

/// One exchange, as judged and as rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rehearsed {
    /// Whose it is.
    pub who: String,
    /// Where it stands.
    pub at: Spot,
    /// What starts the job whose token it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How judgement and answer stand to each other.
    pub verdict: Verdict,
    /// What it was judged to come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// What the lab's STS came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Judged>,
    /// What was not saved before it: `role`, `provider`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_saved: Option<String>,
    /// Code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Words of the refusal, or why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What stood in for what the files do not tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stood_in: Vec<String>,
}

impl Rehearsed {
    fn of(way: &Way, answer: &Answer) -> Self {
        let stood_in = way.scene.as_ref().map(|scene| scene.stood_in.clone()).unwrap_or_default();
        let mut out = Self {
            who: way.who.clone(),
            at: way.at.clone(),
            when: way.when.clone(),
            verdict: Verdict::NotRehearsed,
            judged: Some(way.judged),
            answered: None,
            not_saved: None,
            code: None,
            message: None,
            stood_in,
        };
        let (answered, code, message) = match answer {
            Answer::Admitted => (Judged::Admitted, None, None),
            Answer::Refused(code, message) => (Judged::Refused, Some(code), Some(message)),
            Answer::NotSaved(what, code, message) => {
                out.not_saved = Some(what.clone());
                (Judged::Refused, Some(code), Some(message))
            }
            Answer::None(why) => {
                out.message = Some(why.clone());
                return out;
            }
        };
        out.answered = Some(answered);
        out.code = code.cloned();
        out.message = message.cloned();
        out.verdict = if answered == way.judged { Verdict::Agree } else { Verdict::Disagree };
        out
    }

    /// One without an exchange.
    fn without(identity: &Identity) -> Self {
        let why = match identity.standing {
            Standing::Broken => "what was found is in its way before any exchange",
            Standing::Elsewhere => "its role is not in what was read",
            Standing::Undetermined => "something that is not known decides",
            Standing::Sound => "it makes no exchange that could be foretold",
        };
        Self {
            who: identity.who.clone(),
            at: identity.at.clone(),
            when: None,
            verdict: Verdict::NotRehearsed,
            judged: None,
            answered: None,
            not_saved: None,
            code: None,
            message: Some(why.to_owned()),
            stood_in: Vec::new(),
        }
    }

    /// What the lab answered, in words.
    pub fn answer(&self) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        let code = self.code.as_deref().unwrap_or_default();
        match (self.answered, &self.not_saved) {
            (Some(Judged::Admitted), _) => "the lab's STS gives the role".to_owned(),
            (Some(Judged::Refused), Some(what)) => format!("the lab does not save the {what}: {code}: {message}"),
            (Some(Judged::Refused), None) => format!("the lab refuses it: {code}: {message}"),
            (None, _) => format!("not rehearsed: {message}"),
        }
    }

    /// Who, and when.
    pub fn title(&self) -> String {
        self.when.as_ref().map_or_else(|| self.who.clone(), |when| format!("{}, on {when}", self.who))
    }
}

impl Report {
    /// Takes in what a lab answered: for each of [`Report::ways`] one answer, in their order.
    pub fn take_rehearsal(&mut self, answers: &[Answer]) {
        let ways = std::mem::take(&mut self.ways);
        let mut all: Vec<Rehearsed> =
            ways.iter().zip(answers).map(|(way, answer)| Rehearsed::of(way, answer)).collect();
        let tried = |identity: &&Identity| !ways.iter().any(|w| w.who == identity.who && w.at == identity.at);
        all.extend(self.identities.iter().filter(tried).map(Rehearsed::without));
        for one in &all {
            let own = self.identities.iter_mut().find(|i| i.who == one.who && i.at == one.at);
            let (Some(own), Some(text)) = (own, told(one)) else { continue };
            // What was found stays found, and what is open stays open.
            if own.standing == Standing::Sound {
                own.standing = Standing::Undetermined;
            }
            let identity = Some(one.who.clone());
            self.undetermined.push(Note { text, identity, at: Some(one.at.clone()), when: None });
        }
        all.sort_by(|a, b| (&a.at, &a.who, &a.when).cmp(&(&b.at, &b.who, &b.when)));
        self.rehearsal = Some(all);
        self.finish();
    }
}

/// What keeps a judgement from being passed on; nothing where both say the same, or where it was not passed anyway.
fn told(one: &Rehearsed) -> Option<String> {
    let who = one.title();
    match (one.verdict, one.judged) {
        (Verdict::Agree, _) | (Verdict::NotRehearsed, None | Some(Judged::Refused)) => None,
        (Verdict::NotRehearsed, Some(Judged::Admitted)) => Some(format!("{who}: {}", one.answer())),
        (Verdict::Disagree, Some(Judged::Admitted)) => {
            Some(format!("{who}: the files were judged sound, and {}: one of the two is wrong", one.answer()))
        }
        (Verdict::Disagree, _) => {
            Some(format!("{who}: something was found, and {}: one of the two is wrong", one.answer()))
        }
    }
}
