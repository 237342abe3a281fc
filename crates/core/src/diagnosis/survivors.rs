//! Which causes survive, how sure each is, and which comes first.

use trustwalk_symptoms::Symptom;

use crate::cause::{Cause, says_nothing};
use crate::evidence::{Evidence, Target, View};
use crate::finding::{Confidence, Exhibit, Finding, Ruling, Standing};
use crate::habitat::Habitat;
use crate::observation::{Fate, Observation, Witness};
use crate::plan::Cure;
use crate::question::{self, Answers, perhaps_past, refusal_of};

use super::model::Folded;
use super::{unlikely, whom};

/// Causes that are named for a line without a question's own words: with more of them left, a name would say nothing.
const FEW: usize = 3;

/// Names the causes of lines that no question named one for, where few are left.
pub(super) fn name_few(e: &Evidence, answers: &mut Answers, observations: &[Observation], habitat: Habitat) {
    // Where a question has found what fails, that a cause is the last one left speaks for nothing.
    if answers.found.iter().any(Finding::fails) {
        return;
    }
    // What our own exchange did not meet is no matter of what is configured.
    let accepted = e.exchange.known().is_some_and(|x| x.assumed.is_some());
    let differs = |s: Symptom| accepted && Cause::WorkloadExchangeDiffers.shows().contains(&s);
    let mut new: Vec<(Finding, Symptom)> = Vec::new();
    for o in observations.iter().filter(|o| o.speaks() && o.witness == Witness::Log) {
        let Some(symptom) = o.symptom.filter(|s| !says_nothing(*s) && !differs(*s)) else { continue };
        if answers.found.iter().chain(new.iter().map(|(f, _)| f)).any(|f| o.can_come_from(f.cause)) {
            continue;
        }
        let left: Vec<Cause> = left(answers, symptom, habitat).collect();
        if left.len() <= FEW {
            new.extend(left.into_iter().map(|cause| (by_line(cause, o), symptom)));
        }
    }
    for (finding, symptom) in new {
        answers.found.push(finding);
        answers.heard.push(Some(symptom));
    }
}

/// Of a log alone, the other causes that are left for a line whose causes are all guesses, where they are few: one name
/// among several that survive would be taken for the cause.
pub(super) fn beside(
    e: &Evidence,
    answers: &Answers,
    observations: &[Observation],
    habitat: Habitat,
    named: &[&Finding],
) -> Vec<Finding> {
    let mut new: Vec<Finding> = Vec::new();
    if !matches!(e.target, Target::Log { .. }) || named.iter().any(|f| f.confidence > Confidence::Possible) {
        return new;
    }
    for o in observations.iter().filter(|o| o.speaks()) {
        let Some(symptom) = o.symptom.filter(|s| !says_nothing(*s)) else { continue };
        let known = |c: &Cause| named.iter().copied().chain(&new).any(|f| f.cause == *c);
        let left: Vec<Cause> = left(answers, symptom, habitat).collect();
        let others: Vec<Cause> = left.iter().copied().filter(|c| !known(c)).collect();
        if left.len() <= FEW && others.len() < left.len() {
            new.extend(others.into_iter().map(|cause| {
                let kind = cause.decided_by().iter().find(|k| habitat.has(**k));
                let page = || ["its page tells how to see it: `trustwalk explain ", cause.code(), "`"].concat();
                let decide = Some(kind.map_or_else(page, |k| whom::tells(e, *k)));
                Finding { confidence: Confidence::Possible, decide, ..by_line(cause, o) }
            }));
        }
    }
    whom::of_several(e, &mut new);
    new
}

/// The causes that can show a symptom and are not excluded.
fn left(answers: &Answers, symptom: Symptom, habitat: Habitat) -> impl Iterator<Item = Cause> + '_ {
    let out = move |c: Cause| {
        let ruled = answers.rulings.iter().find(|r| r.cause == c);
        ruled.is_some_and(|r| matches!(r.standing, Standing::Excluded { .. })) || habitat.excludes(c).is_some()
    };
    Cause::of(symptom).filter(move |c| *c != Cause::WorkloadExchangeDiffers && !out(*c))
}

/// A cause named by what its page says and the line alone.
fn by_line(cause: Cause, o: &Observation) -> Finding {
    let meta = cause.meta();
    // "API" keeps its letters.
    let shout = meta.summary.chars().nth(1).is_some_and(char::is_uppercase);
    let mut letters = meta.summary.chars();
    let first = letters.next();
    let begin = first.map(|c| if shout { c.to_string() } else { c.to_lowercase().to_string() }).unwrap_or_default();
    let explained = Cure {
        title: "see the page of this cause".to_owned(),
        actions: Vec::new(),
        by_hand: [("trustwalk".to_owned(), ["trustwalk explain ", meta.code].concat())].into(),
        ..Cure::default()
    };
    Finding {
        cause,
        severity: meta.severity,
        confidence: Confidence::Proven,
        sentence: begin + letters.as_str(),
        proof: vec![Exhibit::new("failure", o.text.clone(), o.origin.clone())],
        cures: vec![explained],
        decide: None,
    }
}

/// Says of what rests on a log's line alone how sure it is: proven where no other cause of the catalogue can show the
/// line, likely where every other is excluded, and possible where others are left.
pub(super) fn weigh(e: &Evidence, answers: &mut Answers, habitat: Habitat) {
    let out = |r: &Ruling| matches!(r.standing, Standing::Excluded { .. }) || habitat.excludes(r.cause).is_some();
    let excluded: Vec<Cause> = answers.rulings.iter().filter(|r| out(r)).map(|r| r.cause).collect();
    let view = View::new(e);
    let lines = question::recent(&view);
    let alone = matches!(e.target, Target::Log { .. });
    for (finding, heard) in answers.found.iter_mut().zip(&answers.heard) {
        // What may be over is no more than possible; of a log alone, every finding rests on its lines.
        let rests = |s: Symptom| heard.map_or(finding.cause.shows().contains(&s), |h| h == s);
        let mut of_it = lines.iter().filter(|l| alone && rests(l.failure.symptom)).map(|l| perhaps_past(&view, l));
        let doubt = of_it.next().flatten().filter(|_| of_it.all(|doubt| doubt.is_some()));
        if doubt.is_some() {
            finding.confidence = Confidence::Possible;
            finding.decide = doubt;
        }
        let Some(heard) = heard else { continue };
        let mut rivals =
            Cause::of(*heard).filter(|c| *c != finding.cause && *c != Cause::WorkloadExchangeDiffers).peekable();
        let sole = rivals.peek().is_none();
        let left = rivals.any(|c| !excluded.contains(&c));
        let most = match (sole, left) {
            (true, _) => Confidence::Proven,
            (false, false) => Confidence::Likely,
            (false, true) => Confidence::Possible,
        };
        finding.confidence = finding.confidence.min(most);
        if finding.confidence < Confidence::Proven && finding.decide.is_none() {
            finding.decide = finding.cause.decided_by().iter().find(|k| habitat.has(**k)).map(|k| whom::tells(e, *k));
        }
    }
    for ruling in &mut answers.rulings {
        if let Some(finding) = answers.found.iter().find(|f| f.cause == ruling.cause)
            && let (Some(decide), Standing::Established) = (&finding.decide, &ruling.standing)
        {
            ruling.standing = Standing::Supported { would_decide: decide.clone() };
        }
    }
}

/// Whether a finding explains what STS said: to our own exchange, or else to the workload.
fn explains(f: &Finding, observations: &[Observation]) -> bool {
    let own = observations.iter().any(|o| o.witness == Witness::OwnExchange);
    observations
        .iter()
        .filter(|o| o.speaks() && (!own || o.witness == Witness::OwnExchange))
        .any(|o| o.can_come_from(f.cause))
}

/// What explains the failure seen comes first, then what is surer, then what stands earlier in the chain. Where the
/// workload fails before it comes to STS, what its own log shows comes first.
/// Causes that presuppose an identity which no pod was given stand after those of the same standing that do not.
pub(super) fn order(errors: &mut [Finding], observations: &[Observation], kept_from_sts: bool, bare: bool) {
    let logged =
        |f: &Finding| observations.iter().any(|o| o.witness == Witness::Log && o.speaks() && o.can_come_from(f.cause));
    errors.sort_by_key(|f| {
        let possible = f.confidence == Confidence::Possible;
        let fits = if kept_from_sts { logged(f) } else { explains(f, observations) };
        let unsure = std::cmp::Reverse(f.confidence);
        let unseen = possible && bare && unlikely::presupposes(f.cause);
        if kept_from_sts {
            (possible, !fits, unsure, unseen, f.link(), f.cause)
        } else {
            (!fits, possible, unsure, unseen, f.link(), f.cause)
        }
    });
}

/// Takes out findings that another one explains away.
pub(super) fn fold(errors: &mut Vec<Finding>, observations: &[Observation]) -> Vec<(Cause, Folded)> {
    let there: Vec<Cause> = errors.iter().map(|f| f.cause).collect();
    // That the workload's exchange differs is said where nothing says in what.
    let refused = |c: Cause| observations.iter().any(|o| o.speaks() && o.can_come_from(c));
    let named = errors
        .iter()
        .any(|f| f.cause != Cause::WorkloadExchangeDiffers && f.confidence > Confidence::Possible && refused(f.cause));
    let mut folded = Vec::new();
    errors.retain(|f| {
        let masked = f.cause.meta().masked_by.iter().any(|m| there.contains(m))
            || (named && f.cause == Cause::WorkloadExchangeDiffers);
        if masked {
            let code = Some(f.code().to_owned());
            folded.push((f.cause, Folded { sentence: f.sentence.clone(), link: f.link(), code }));
        }
        !masked
    });
    folded
}

/// Refusals by STS that a log tells of and nothing explains, though something was found: one exchange is refused by one
/// check, so these are of another identity, or of another time.
pub(super) fn apart<'a>(observations: &'a [Observation], folded: &[Cause]) -> Vec<&'a Observation> {
    let refused = |o: &Observation| o.symptom.is_some_and(|s| refusal_of(s).is_some());
    let unexplained = |o: &&Observation| o.fate == Fate::Unexplained && o.speaks() && o.witness != Witness::OwnExchange;
    let left = observations.iter().filter(unexplained).filter(|o| refused(o));
    left.filter(|o| !folded.iter().any(|c| o.can_come_from(*c))).collect()
}

/// Puts each observation down to what explains it.
pub(super) fn explain(observations: &mut [Observation], findings: &[&Finding]) {
    // A certificate that no host name or authority vouches for leads STS to the thumbprints, where there are any.
    let on_the_way = |c: Cause, o: &Observation| {
        c == Cause::IssuerTlsCertificateInvalidForHost && o.symptom == Some(Symptom::ThumbprintMismatch)
    };
    for o in observations.iter_mut().filter(|o| o.fate == Fate::Unexplained) {
        let came = |c: &Cause| o.can_come_from(*c) || on_the_way(*c, o);
        let by: Vec<Cause> = findings.iter().map(|f| f.cause).filter(came).collect();
        if !by.is_empty() {
            o.fate = Fate::Explained { by };
        }
    }
}
