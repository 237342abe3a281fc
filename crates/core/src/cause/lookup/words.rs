//! Finding pages by words, with slips of the pen.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ground, Hit};
use crate::cause::Cause;

/// Words of a text that are looked for: a person asks with few, and a long paste repeats itself.
const MOST_WORDS: usize = 48;
/// Causes that are told; what comes after them shares a word or two.
const MOST_HITS: usize = 8;
/// Longer words are no words.
const LONGEST: usize = 40;
/// A word that no page has is compared with those it could be if it is at least this long: `sts` is near `sns`.
const LEAST_FOR_A_SLIP: usize = 5;
/// Words from which on a text is a sentence and no question of a word or two.
const SENTENCE: usize = 5;
/// Words of a sentence that a page's name and summary have at least.
const LEAST_OF_A_SENTENCE: usize = 3;
/// Shorter words tell nothing.
const SHORTEST: usize = 3;

/// Words of every sentence, and those of every question.
const COMMON: &str = " able about after all also and any are been before being between both but can cannot \
    could did does doing don error errors fail failed failing fails failure for from get gets getting got had has \
    have having help her here how into isn its just kind kinds may more most not nothing now off one only other \
    our out over own please problem same should show shows some still such than that the their them then there \
    these they this those too under until use used uses using load loading looks like mean means might must need \
    needed needs provide provided set sets trying unable very was wasn way well were what when where which while \
    who why will with would wrong you your ";

/// How much a word tells of a page, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Text = 1,
    Sentence = 2,
    Summary = 4,
    Name = 6,
}

/// Pages by stem, and the best place of each.
type Index = BTreeMap<String, BTreeMap<Cause, Place>>;

/// The causes whose name is this text but for a slip or two.
pub(super) fn near_names(text: &str) -> Vec<Hit> {
    let text = text.trim().to_lowercase().replace([' ', '_'], "-");
    if text.len() > 2 * LONGEST || !text.contains('-') {
        return Vec::new();
    }
    let most = (text.len() / 8).max(1);
    let near = |c: &Cause| {
        let distance = strsim::osa_distance(c.name(), &text);
        (distance <= most).then_some((distance, *c))
    };
    let all: Vec<(usize, Cause)> = Cause::ALL.iter().filter_map(near).collect();
    let least = all.iter().map(|(distance, _)| *distance).min();
    all.into_iter().filter(|(d, _)| Some(*d) == least).map(|(_, cause)| Hit { cause, ground: Ground::Name }).collect()
}

/// The causes whose pages have most of a text's words, the best first.
pub(super) fn by_words(text: &str) -> Vec<Hit> {
    let index = index();
    let asked = asked(text);
    let (mut whole, mut scores) = (0.0, BTreeMap::<Cause, Score>::new());
    for word in &asked {
        let (term, likeness) = nearest(&index, word);
        let pages = term.and_then(|term| index.get(term));
        let rare = rarity(pages.map_or(0, BTreeMap::len));
        whole += rare;
        for (cause, place) in pages.into_iter().flatten() {
            let score = scores.entry(*cause).or_default();
            score.covered += rare * likeness;
            if *place >= Place::Summary {
                score.about += rare * likeness;
                score.named += 1;
            }
            score.weight += rare * likeness * f64::from(*place as u8);
            score.best = score.best.max(Some(*place));
            score.words.push(word.clone());
        }
    }
    let whole = (whole, asked.len());
    let best = scores.values().filter(|s| s.tells(whole)).map(|s| s.weight).fold(0.0, f64::max);
    let mut good: Vec<(Cause, Score)> =
        scores.into_iter().filter(|(_, s)| s.tells(whole) && s.weight * 3.0 >= best).collect();
    // A page that is about a word goes before all that have it in a sentence.
    if good.iter().any(|(_, s)| s.best >= Some(Place::Summary)) {
        good.retain(|(_, s)| s.best >= Some(Place::Summary));
    }
    good.sort_by(|a, b| b.1.weight.total_cmp(&a.1.weight).then(a.0.cmp(&b.0)));
    good.into_iter().take(MOST_HITS).map(|(cause, s)| Hit { cause, ground: Ground::Words(s.words) }).collect()
}

/// How well a page fits.
#[derive(Debug, Default)]
struct Score {
    /// Of all that the words tell, what this page has.
    covered: f64,
    /// The same of what its name and its summary have, and how many words that are.
    about: f64,
    named: usize,
    /// The same, weighed by where the words stand.
    weight: f64,
    best: Option<Place>,
    words: Vec<String>,
}

impl Score {
    /// Whether the page has most of what was asked, and is about as much of it. A single word may stand in a
    /// sentence that the page prints; of several, any page has some.
    fn tells(&self, (whole, asked): (f64, usize)) -> bool {
        // A sentence has a word or two of many names.
        let least = if asked < SENTENCE { 1 } else { LEAST_OF_A_SENTENCE };
        let printed = self.words.len() == 1 && self.best > Some(Place::Text);
        self.covered * 2.0 >= whole && (self.about * 2.0 >= whole && self.named >= least || printed)
    }
}

/// The fewer pages have a word, the more it tells. One that none has tells that the text is about something else.
fn rarity(pages: usize) -> f64 {
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let all = u32::try_from(Cause::ALL.len()).unwrap_or(u32::MAX);
    (f64::from(all + 1) / f64::from(pages + 1)).ln() + 0.1
}

fn index() -> Index {
    let mut index = Index::new();
    for cause in Cause::ALL {
        let meta = cause.meta();
        // The rest of a page tells what it is not about.
        let doc = meta.doc.split("## Not to be confused").next().unwrap_or_default();
        let said = meta.says.iter().copied().chain(meta.shows.iter().map(|s| s.name()));
        let places = [(cause.name(), Place::Name), (meta.summary, Place::Summary), (doc, Place::Text)];
        for (text, place) in places.into_iter().chain(said.map(|text| (text, Place::Sentence))) {
            for word in split(text) {
                let best = index.entry(stem(&word).to_owned()).or_default().entry(*cause).or_insert(place);
                *best = place.max(*best);
            }
        }
    }
    index
}

/// The term that a word is, or nearly is, and how like it is.
fn nearest<'a>(index: &'a Index, word: &str) -> (Option<&'a str>, f64) {
    let stem = stem(word);
    if let Some((term, _)) = index.get_key_value(stem) {
        return (Some(term), 1.0);
    }
    let length = stem.chars().count();
    if length < LEAST_FOR_A_SLIP {
        return (None, 0.0);
    }
    let most = if length < 8 { 1 } else { 2 };
    let near = |term: &&String| {
        let alike = term.len().abs_diff(stem.len()) <= most;
        alike.then(|| strsim::osa_distance(term, stem)).filter(|d| *d <= most)
    };
    let found = index.keys().filter_map(|term| Some((near(&term)?, term.as_str()))).min();
    found.map_or((None, 0.0), |(distance, term)| (Some(term), if distance == 1 { 0.8 } else { 0.6 }))
}

/// The distinct words that were asked for.
fn asked(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    split(text).filter(|word| seen.insert(stem(word).to_owned())).take(MOST_WORDS).collect()
}

fn split(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let long =
        parts.filter(|w| (SHORTEST..=LONGEST).contains(&w.len()) && !w.starts_with(|c: char| c.is_ascii_digit()));
    long.map(str::to_lowercase).filter(|w| !COMMON.contains(&format!(" {w} ")))
}

/// A word without its ending, roughly: enough that `expired` and `expires` meet.
fn stem(word: &str) -> &str {
    let ends = ["ations", "ation", "ings", "ing", "ies", "ied", "ed", "es", "s", "e", "y"];
    let cut = ends.iter().filter_map(|end| word.strip_suffix(end));
    cut.into_iter().find(|rest| rest.chars().count() >= 4).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::{asked, stem};

    #[test]
    fn words_meet_in_their_stems() {
        for (one, other) in [("expired", "expires"), ("audience", "audiences"), ("policy", "policies")] {
            assert_eq!(stem(one), stem(other));
        }
        assert_eq!(stem("sts"), "sts");
    }

    #[test]
    fn each_word_is_asked_for_once_and_common_ones_never() {
        assert_eq!(asked("Why is the thumbprint, the Thumbprints 42, an error? a"), ["thumbprint"]);
        let many: Vec<String> = (0..500).map(|n| format!("word{n}")).collect();
        assert_eq!(asked(&many.join(" ")).len(), super::MOST_WORDS);
    }
}
