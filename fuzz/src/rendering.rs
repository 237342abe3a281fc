//! Reports: whatever is in a diagnosis or in evidence, what is printed of it holds nothing hidden, each line is one
//! of ours, colour changes nothing else, and documents read back.

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{
    After, AfterStep, Candidate, Change, Diagnosis, Folded, LinkReport, LinkState, Looked, Outcome, Place, Remaining,
    Turn, diagnose,
};
use trustwalk_core::evidence::{Evidence, Target as Asked};
use trustwalk_core::finding::{Confidence, Exhibit, Finding, Standing};
use trustwalk_core::forthcoming::{Basis, Forthcoming, When};
use trustwalk_core::link::Link;
use trustwalk_core::observation::{self, Fate, Observation, Seen, Witness};
use trustwalk_core::plan::{
    Action, Applicability, Cure, Effect, Entry, Maker, Plan, PlanDocument, Precondition, Step, build, document,
};
use trustwalk_core::severity::Severity;
use trustwalk_foreign::visible::is_hidden;
use trustwalk_render::{Detail, Next, Pen, Shown, Typed, human, many, next as render_next, overview, plan, short};
use trustwalk_symptoms::Symptom;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "rendering",
    check,
    seeds,
    words: &[
        "\u{1b}[31m",
        "\u{1b}[0m",
        "\u{1b}]52;c;eA==\u{7}",
        "\u{1b}]8;;x\u{1b}\\",
        "\u{9b}2J",
        "\u{90}q\u{9c}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{e0041}",
        "\u{2800}",
        "\\u001b[2J",
        "\\n\u{221a} verified",
        "\r",
        "\n",
        "\t",
        "|",
        " \u{221a} ",
    ],
    iterations: 80,
};

/// What a pen writes.
const INK: [&str; 6] = ["\u{1b}[32m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[36m", "\u{1b}[1m", "\u{1b}[0m"];
/// Parts the texts of an input that is no evidence.
const BETWEEN: char = '|';

/// Evidence, or texts to be put where a diagnosis and a plan have some.
fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(evidence) = serde_json::from_str::<Evidence>(&text) {
        let found = diagnose(&evidence);
        prints(
            &found,
            &document(&evidence, &build(&evidence, &found), MAKER),
            &render_next(&evidence, &found, &Typed::default()),
        );
        return;
    }
    let mut texts = text.split(BETWEEN).map(str::to_owned).cycle();
    let mut next = || texts.next().unwrap_or_default();
    let last = Next { decide: Some(next()), how: Some(next()), command: Some(next()), by_hand: true };
    prints(&diagnosis(&mut next), &plan_of(&mut next), &last);
}

fn prints(d: &Diagnosis, p: &PlanDocument, next: &Next) {
    printed(d, p, next, (Pen::new(true), Pen::new(false)));
    printed(d, p, next, (Pen::new(true).on_screen(50), Pen::new(false).on_screen(50)));
    let findings =
        usize::from(d.root_cause.is_some()) + d.also.len() + d.possible.len() + d.warnings.len() + d.undetermined.len();
    let verdict = usize::from(d.outcome != Outcome::RootCause);
    assert_eq!(short(d).as_str().lines().count(), findings + verdict, "a value broke its line");
    for shown in [Shown::json(d), Shown::json_line(d)].into_iter().flatten() {
        visible(shown.as_str());
        assert_eq!(serde_json::from_str::<Diagnosis>(shown.as_str()).ok().as_ref(), Some(d));
    }
}

fn printed(d: &Diagnosis, p: &PlanDocument, next: &Next, (colour, plain): (Pen, Pen)) {
    let two = [d.clone(), d.clone()];
    for (with, without) in [
        (human(d, next, colour, Detail::Brief), human(d, next, plain, Detail::Brief)),
        (human(d, next, colour, Detail::Full), human(d, next, plain, Detail::Full)),
        (many(&two, colour), many(&two, plain)),
        (overview(&two, colour), overview(&two, plain)),
        (plan(p, colour), plan(p, plain)),
        (short(d), short(d)),
    ] {
        visible(without.as_str());
        let bare = INK.iter().fold(with.as_str().to_owned(), |text, ink| text.replace(ink, ""));
        assert_eq!(bare, without.as_str(), "colour changes more than the colour");
    }
}

fn visible(text: &str) {
    let hidden = text.chars().find(|c| *c != '\n' && is_hidden(*c));
    assert_eq!(hidden, None, "{text:?}");
}

fn forthcoming(next: &mut impl FnMut() -> String) -> Forthcoming {
    Forthcoming {
        code: Some(next()),
        proof: vec![Exhibit::new(next(), next(), next())],
        advice: next(),
        entry: Some(next()),
        sources: vec![next()],
        ..Forthcoming::of(
            Cause::ThumbprintMismatch,
            Basis::Announced,
            When::Once { what: next(), since: Some(0) },
            next(),
        )
    }
}

fn diagnosis(next: &mut impl FnMut() -> String) -> Diagnosis {
    let link = |next: &mut dyn FnMut() -> String, link: &Link| LinkReport {
        link: *link,
        state: LinkState::Undetermined,
        saw: next(),
        missing: vec![next()],
    };
    Diagnosis {
        schema: 1,
        target: Asked::Workload { resource: next(), namespace: next(), name: next() },
        at: 0,
        looked: vec![Looked { what: Place::Context, name: Some(next()), not_known: Some(next()) }],
        idle: false,
        outcome: Outcome::RootCause,
        links: Link::ALL.iter().map(|l| link(next, l)).collect(),
        root_cause: Some(finding(next)),
        also: vec![finding(next)],
        possible: vec![finding(next)],
        warnings: vec![finding(next)],
        consequences: vec![Folded { sentence: next(), link: Link::Workload, code: Some(next()) }],
        candidates: vec![Candidate {
            code: next(),
            cause: Cause::ThumbprintMismatch,
            standing: Standing::Open { missing: vec![next()] },
            speaks_for: vec![next()],
            against: vec![next()],
        }],
        observations: vec![Observation {
            witness: Witness::Log,
            seen: Seen::Failure,
            origin: next(),
            places: vec![observation::Place { pod: next(), container: next() }],
            count: 2,
            at: Some(0),
            symptom: Some(Symptom::ThumbprintMismatch),
            text: next(),
            fate: Fate::SetAside { by: next() },
        }],
        undetermined: vec![next(), next()],
        forthcoming: vec![forthcoming(next), forthcoming(next)],
        timeline: vec![Change { at: 0, what: next(), who: Some(next()), origin: next(), kind: Turn::Change }],
        after: Some(After {
            sentence: next(),
            steps: vec![AfterStep {
                code: next(),
                name: Cause::ThumbprintMismatch,
                words: next(),
                changes: vec![next(), next()],
            }],
            remains: vec![Remaining {
                code: next(),
                name: Cause::ThumbprintMismatch,
                confidence: Confidence::Likely,
                sentence: next(),
            }],
            open: vec![next()],
            outcome: Outcome::Undetermined,
        }),
    }
}

fn finding(next: &mut impl FnMut() -> String) -> Finding {
    Finding {
        cause: Cause::WebhookMisconfiguredCabundle,
        severity: Severity::Error,
        confidence: Confidence::Proven,
        sentence: next(),
        proof: vec![Exhibit::new(next(), next(), next())],
        cures: vec![Cure {
            title: next(),
            actions: Vec::new(),
            changes: vec![next(), next()],
            by_hand: [(next(), next())].into(),
            through: Some(next()),
        }],
        decide: Some(next()),
    }
}

const MAKER: Maker<'_> = Maker { tool: "1.0.0", server: None, entry: Entry::Asked };

fn plan_of(next: &mut impl FnMut() -> String) -> PlanDocument {
    let step = Step {
        action: Action::AttachPolicy { role: next(), policy_arn: next() },
        precondition: Precondition { words: next(), expected: next() },
        effect: Effect { words: next(), changes: vec![next(), next()], blast_radius: next(), past: Some(next()) },
        inverse: None,
        applicability: Applicability::NeedsApproval,
    };
    let plan =
        Plan { version: 1, made: 0, cures: next(), steps: vec![step], notes: vec![next()], withheld: Vec::new() };
    let asked = Asked::Role { arn: next(), subject: Some(next()) };
    document(&Evidence::new(asked, 0), &plan, MAKER)
}

fn seeds() -> Vec<Vec<u8>> {
    let asked = [
        Asked::Role { arn: "arn:aws:iam::111122223333:role/r".to_owned(), subject: Some("a\u{1b}[2Jb".to_owned()) },
        Asked::ServiceAccount { namespace: "n\u{202e}".to_owned(), name: "x\ny".to_owned() },
        Asked::Issuer { url: "https://i.example/\u{9b}31m".to_owned() },
    ];
    let mut seeds: Vec<Vec<u8>> =
        asked.into_iter().filter_map(|a| serde_json::to_vec(&Evidence::new(a, 0)).ok()).collect();
    let texts =
        "plain words|\u{1b}[31m\u{221a}\u{1b}[0m|two\nlines|\u{202e}back\u{2066}|审査 Größe|a b c d e f g|`quoted`";
    seeds.push(texts.as_bytes().to_vec());
    seeds.push(format!("{}|x", "long words ".repeat(60)).into_bytes());
    seeds.push(b"\xff\xfe|\x9b2J|\x00".to_vec());
    seeds
}
