//! The causes that came into question: all that can show what was seen, with what speaks for and against each.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::Symptom;

use super::{refused, unlikely, whom};
use crate::cause::{Cause, says_nothing};
use crate::evidence::{Evidence, Kind};
use crate::finding::{Ruling, Standing};
use crate::habitat::Habitat;
use crate::link::Link;
use crate::observation::Observation;
use crate::question::{Answers, told};

/// Causes told of one kind of failure in a line; the document has all of them.
const SHOWN: usize = 6;
/// Kinds of failure of which the causes are told: more would bury the first.
const KINDS: usize = 3;

/// A cause that came into question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its code.
    pub code: String,
    /// The cause.
    #[serde(rename = "name")]
    pub cause: Cause,
    /// What the evidence says of it.
    #[serde(flatten)]
    pub standing: Standing,
    /// What speaks for it.
    #[serde(rename = "for")]
    pub speaks_for: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
}

/// Every cause that came into question, what is established first, then what is supported, open, excluded.
pub(super) fn candidates(e: &Evidence, answers: &Answers, observations: &[Observation]) -> Vec<Candidate> {
    let speaking: Vec<&Observation> = observations.iter().filter(|o| o.speaks()).collect();
    let habitat = Habitat::of(e);
    let stopped = refused::links(e);
    let bare = unlikely::bare(e);
    let mut out: Vec<Candidate> = Vec::new();
    for ruling in &answers.rulings {
        let cause = ruling.cause;
        let shown: Vec<&&Observation> = speaking.iter().filter(|o| o.can_come_from(cause)).collect();
        let finding = answers.found.iter().find(|f| f.cause == cause);
        if shown.is_empty() && finding.is_none() {
            continue;
        }
        let standing = if finding.is_some() { ruling.standing.clone() } else { seen_from(ruling, habitat) };
        let mut speaks_for: Vec<String> = finding.map(|f| f.sentence.clone()).into_iter().collect();
        speaks_for.extend(shown.iter().map(|o| format!("it can show as {}", o.name())));
        speaks_for.extend(at_check(&stopped, cause));
        speaks_for.dedup();
        let against = match &standing {
            Standing::Excluded { by } => vec![by.clone()],
            Standing::Established | Standing::Supported { .. } | Standing::Open { .. } => Vec::new(),
        };
        out.push(Candidate { code: cause.code().to_owned(), cause, standing, speaks_for, against });
    }
    out.sort_by_key(|c| {
        let unseen = bare && unlikely::presupposes(c.cause);
        (rank(&c.standing), at_check(&stopped, c.cause).is_none(), unseen, c.cause)
    });
    out
}

/// What speaks for a cause that lies where STS refused an exchange of our own: the workload has no part in that one.
fn at_check(stopped: &[Link], cause: Cause) -> Option<String> {
    let link = cause.link();
    stopped.contains(&link).then(|| format!("STS refused trustwalk's own exchange at the link {}", link.name()))
}

fn rank(standing: &Standing) -> u8 {
    match standing {
        Standing::Established => 0,
        Standing::Supported { .. } => 1,
        Standing::Open { .. } => 2,
        Standing::Excluded { .. } => 3,
    }
}

/// A standing that minds what kind of workload it is about.
fn seen_from(ruling: &Ruling, habitat: Habitat) -> Standing {
    if let Some(by) = habitat.excludes(ruling.cause) {
        return Standing::Excluded { by };
    }
    ruling.standing.clone()
}

/// One line for each kind of failure that nothing found explains: the causes that are left, and what would tell
/// most of them apart.
pub(super) fn meanings<'a>(
    e: &Evidence,
    candidates: &[Candidate],
    observations: impl IntoIterator<Item = &'a Observation>,
) -> Vec<String> {
    let habitat = Habitat::of(e);
    let mut seen: BTreeSet<Symptom> = BTreeSet::new();
    let mut out = Vec::new();
    for o in observations.into_iter().filter(|o| o.speaks()) {
        let Some(symptom) = o.symptom else { continue };
        if out.len() == KINDS || !seen.insert(symptom) {
            continue;
        }
        if says_nothing(symptom) {
            let more = if symptom == Symptom::ApiTokenInvalid {
                let cause = Cause::ApiserverIssuerOrKeysReplacedBreaksCluster;
                format!(
                    "; where the API server refuses the tokens of all nodes from one moment on, its signing key or its \
                     issuer was replaced: {} {}",
                    cause.code(),
                    cause.name()
                )
            } else {
                String::new()
            };
            let tells = e.besides.unread.clone().unwrap_or_else(|| {
                "the lines after it (`caused by`), the log at debug level or CloudTrail do".to_owned()
            });
            out.push(format!("what `{}` comes from: the line does not say; {tells}{more}", o.name()));
            continue;
        }
        let left: Vec<&Candidate> =
            candidates.iter().filter(|c| rank(&c.standing) < 3 && o.can_come_from(c.cause)).collect();
        let names: Vec<&str> = left.iter().take(SHOWN).map(|c| c.cause.name()).collect();
        let more = left.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        if let [only] = left.as_slice() {
            let cause = only.cause;
            let tells = cause.decided_by().iter().rfind(|k| e.unread(**k).is_some() && habitat.has(**k));
            let tells = tells.map(|k| ["; ", &whom::tells(e, *k)].concat()).unwrap_or_default();
            let (code, name) = (cause.code(), cause.name());
            out.push(format!("whether {code} {name} is the cause of `{}`: it is the only one left{tells}", o.name()));
            continue;
        }
        out.push(match (names.is_empty(), separating(e, &left)) {
            (true, _) => {
                format!("`{}` is shown by no cause that is left: each that is known for it was excluded", o.name())
            }
            (false, Some(kind)) => {
                format!("which cause `{}` has here, of {}{more}; {}", o.name(), names.join(", "), whom::tells(e, kind))
            }
            (false, None) => format!("which cause `{}` has here, of {}{more}", o.name(), names.join(", ")),
        });
    }
    out
}

/// The fact not read that would decide most of these causes.
fn separating(e: &Evidence, left: &[&Candidate]) -> Option<Kind> {
    let habitat = Habitat::of(e);
    let mut votes: BTreeMap<Kind, usize> = BTreeMap::new();
    for candidate in left {
        for kind in candidate.cause.decided_by().iter().filter(|k| e.unread(**k).is_some() && habitat.has(**k)) {
            *votes.entry(*kind).or_default() += 1;
        }
    }
    votes.into_iter().max_by_key(|(kind, votes)| (*votes, std::cmp::Reverse(*kind))).map(|(kind, _)| kind)
}

/// What is said of observations of which no cause was looked for, or none was found.
pub(super) fn not_judged(e: &Evidence, observations: &[Observation]) -> Vec<String> {
    let mut all = set_aside(observations);
    all.extend(foreign(observations));
    all.extend(refused_besides(observations));
    all.extend(not_understood(e, observations));
    all
}

/// What is said of observations that are set aside.
fn set_aside(observations: &[Observation]) -> Vec<String> {
    use crate::observation::Fate;
    observations
        .iter()
        .filter_map(|o| match &o.fate {
            Fate::SetAside { by } => {
                let times = if o.count == 1 { "1 failure".to_owned() } else { format!("{} failures", o.count) };
                let at = o.at.map(|at| format!(", the last at {}", told(at))).unwrap_or_default();
                Some(format!(
                    "{times} in {}{at}, before {by}: not judged ({}); a new failure, or a success, of \
                     the workload would tell",
                    o.origin,
                    o.name()
                ))
            }
            Fate::Explained { .. } | Fate::Over { .. } | Fate::Foreign { .. } | Fate::Unexplained | Fate::Succeeded => {
                None
            }
        })
        .collect()
}

/// What is said of failures in a log that was given and are over: whoever gave it asks about them.
pub(super) fn over(e: &Evidence, observations: &[Observation]) -> Option<String> {
    use crate::observation::{Fate, Witness};
    let reason = |o: &Observation| match &o.fate {
        Fate::Over { by } => Some(by.clone()),
        Fate::Explained { .. } | Fate::SetAside { .. } | Fate::Foreign { .. } | Fate::Unexplained | Fate::Succeeded => {
            None
        }
    };
    let all: Vec<&Observation> = observations.iter().filter(|o| o.witness == Witness::Log && e.logs_given).collect();
    let (last, by) = all.iter().filter_map(|o| Some((o, reason(o)?))).max_by_key(|(o, _)| o.at)?;
    let count: u64 = all.iter().filter(|o| reason(o).is_some()).map(|o| o.count).sum();
    let failures = if count == 1 { "1 failure".to_owned() } else { format!("{count} failures") };
    let at = last.at.map(|at| format!(", the last at {}", told(at))).unwrap_or_default();
    Some(format!("{failures} in the log that was given ({}{at}), over: {by}", last.name()))
}

/// What is said of failures that stand in a log of the workload and are somebody else's. Records of an account are of
/// all who use it, and nothing is said of theirs.
fn foreign(observations: &[Observation]) -> Vec<String> {
    use crate::observation::{Fate, Witness};
    observations
        .iter()
        .filter(|o| o.witness == Witness::Log)
        .filter_map(|o| match &o.fate {
            Fate::Foreign { by } => Some(format!(
                "whose log {} is: a failure in it ({}) is not of what was asked about, for {by}; it was not judged",
                o.origin,
                o.name()
            )),
            Fate::Explained { .. }
            | Fate::Over { .. }
            | Fate::SetAside { .. }
            | Fate::Unexplained
            | Fate::Succeeded => None,
        })
        .collect()
}

/// Lines not understood that are quoted; the document has all of them.
const QUOTED: usize = 2;

/// What is said of lines about credentials that no wording matches.
pub(super) fn not_understood(e: &Evidence, observations: &[Observation]) -> Option<String> {
    use crate::observation::Seen;
    let unclear: Vec<&Observation> = observations.iter().filter(|o| o.seen == Seen::Unclear).collect();
    let count = unclear.iter().map(|o| o.count).sum::<u64>() + e.besides.uncounted;
    if count == 0 {
        return None;
    }
    let lines = if count == 1 {
        "1 line about credentials was".to_owned()
    } else {
        format!("{count} lines about credentials were")
    };
    let quoted: Vec<String> = unclear.iter().take(QUOTED).map(|o| format!("`{}` ({})", o.text, o.origin)).collect();
    let more = if unclear.len() > QUOTED { "; and others" } else { "" };
    let told = if quoted.is_empty() { "beyond those that were kept".to_owned() } else { quoted.join("; ") };
    Some(format!("{lines} not understood: {told}{more}; the log at debug level would tell more"))
}

/// What is said of failures of which a log quotes the words, where none of their kind was seen to happen and nothing
/// that was found would show so.
pub(super) fn mentioned(e: &Evidence, observations: &[Observation]) -> Vec<String> {
    use crate::observation::{Fate, Seen};
    let open = |symptom: Symptom| {
        let of_kind = |o: &&Observation| o.symptom == Some(symptom);
        let alone = !observations.iter().filter(of_kind).any(|o| o.seen == Seen::Failure);
        alone && observations.iter().filter(of_kind).any(|o| o.fate == Fate::Unexplained)
    };
    let told = e.besides.mentioned.iter().filter(|m| open(m.mention.symptom)).take(QUOTED);
    told.map(|m| {
        let symptom = m.mention.symptom;
        let times = if m.count == 1 { "once".to_owned() } else { format!("{} times", m.count) };
        let causes: Vec<String> =
            Cause::of(symptom).take(QUOTED).map(|c| format!("{} {}", c.code(), c.name())).collect();
        let more = if Cause::of(symptom).nth(QUOTED).is_some() { " and others" } else { "" };
        let possible =
            if causes.is_empty() { String::new() } else { format!(", possible are {}{more}", causes.join(", ")) };
        format!(
            "whether `{}` happened: {} quotes it {times}, in {} (`{}`), which does not show that it did; if it \
             did{possible}: a record of the program that was refused would tell",
            symptom.name(),
            m.origin,
            m.mention.dress.words(),
            m.mention.message
        )
    })
    .collect()
}

/// What is said of refusals that the account's trail remembers and nothing explains.
fn refused_besides(observations: &[Observation]) -> Vec<String> {
    use crate::observation::{Fate, TRAIL, Witness};
    let unexplained =
        |o: &&Observation| o.witness == Witness::Trail && o.origin == TRAIL && o.fate == Fate::Unexplained;
    let refused: Vec<&Observation> = observations.iter().filter(unexplained).collect();
    let Some(last) = refused.iter().max_by_key(|o| o.at) else { return Vec::new() };
    let at = last.at.map(told).unwrap_or_default();
    vec![match refused.len() {
        1 => format!("why STS refused this identity at {at}: {}", last.text),
        times => format!("why STS refused this identity {times} times, the last at {at}: {}", last.text),
    }]
}
