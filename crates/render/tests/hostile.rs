//! A stranger's text in every place of evidence, diagnoses and plans: it neither drives the terminal, nor hides,
//! nor stands as a line of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::{Entry, Maker, PlanDocument, build, document};
use trustwalk_foreign::visible::is_hidden;
use trustwalk_render::{Detail, Pen, Shown, Typed, closing_of_all, human, many, next, overview, plan, repeated, short};
use trustwalk_testkit::{FORGED, HOSTILE, leaves, scenarios, tainted};

/// What a pen may write.
const INK: [&str; 6] = ["\u{1b}[32m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[36m", "\u{1b}[1m", "\u{1b}[0m"];
/// A scenario is looked at with one text in so many changed, another one for each scenario.
const STEP: usize = 53;

/// Nothing hidden but line ends and ink, which is closed wherever it is opened; no forged line; no endless one.
fn inert(shown: &Shown, place: &str) {
    let mut bare = shown.as_str().to_owned();
    for line in shown.as_str().lines() {
        let opened = INK.iter().take(5).map(|ink| line.matches(ink).count()).sum::<usize>();
        assert_eq!(opened, line.matches("\u{1b}[0m").count(), "{place}: {line:?}");
    }
    for ink in INK {
        bare = bare.replace(ink, "");
    }
    let hidden = bare.chars().find(|c| *c != '\n' && is_hidden(*c));
    assert_eq!(hidden, None, "{place}: {bare:?}");
    assert!(!bare.lines().any(|l| l.trim_start().starts_with(FORGED) && !l.starts_with("    ")), "{place}: {bare}");
}

/// All that is printed of a diagnosis and a plan.
fn all_inert(e: &Evidence, d: &Diagnosis, p: &PlanDocument, place: &str) {
    let next = next(e, d, &Typed::default());
    for pen in [Pen::new(true).on_screen(60), Pen::new(false)] {
        inert(&human(d, &next, pen, Detail::Full), place);
        inert(&human(d, &next, pen, Detail::Brief), place);
        inert(&many(&[d.clone(), d.clone()], pen), place);
        inert(&closing_of_all(std::slice::from_ref(d), std::slice::from_ref(&next), None, pen), place);
        inert(&overview(std::slice::from_ref(d), pen), place);
        inert(&plan(p, pen), place);
    }
    inert(&short(d), place);
    inert(&repeated(d, d), place);
    same(d, place);
    same(p, place);
}

fn planned(e: &Evidence, d: &Diagnosis) -> PlanDocument {
    document(e, &build(e, d), Maker { tool: "1.0.0", server: Some("https://server"), entry: Entry::Asked })
}

/// JSON is inert and the same document.
fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, place: &str) {
    for shown in [Shown::json(value).unwrap(), Shown::json_line(value).unwrap()] {
        inert(&shown, place);
        assert_eq!(&serde_json::from_str::<T>(shown.as_str()).unwrap(), value, "{place}");
    }
}

#[test]
fn evidence_with_a_strangers_text_in_any_place_prints_inertly() {
    let mut tried = 0;
    for (number, (rule, file, scenario)) in scenarios().unwrap().into_iter().enumerate() {
        let evidence = serde_json::to_value(scenario.evidence().unwrap()).unwrap();
        for leaf in (number % STEP..leaves(&evidence)).step_by(STEP) {
            let hostile = HOSTILE[(number + leaf) % HOSTILE.len()];
            // Words of ours, such as a state, take no other.
            let Ok(evidence) = serde_json::from_value::<Evidence>(tainted(&evidence, leaf, hostile)) else { continue };
            let d = diagnose(&evidence);
            all_inert(&evidence, &d, &planned(&evidence, &d), &format!("{rule}/{file}, text {leaf} with {hostile:?}"));
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried}");
}

#[test]
fn diagnoses_and_plans_with_a_strangers_text_in_every_place_print_inertly() {
    let spoil = |document: Value, hostile: &str, fits: &dyn Fn(&Value) -> bool| {
        (0..leaves(&document)).fold(document, |document, leaf| {
            let changed = tainted(&document, leaf, hostile);
            if fits(&changed) { changed } else { document }
        })
    };
    let mut steps = 0;
    for (number, (rule, file, scenario)) in scenarios().unwrap().into_iter().enumerate() {
        let evidence = scenario.evidence().unwrap();
        let d = diagnose(&evidence);
        let p = planned(&evidence, &d);
        let hostile = HOSTILE[number % HOSTILE.len()];
        let is = |v: &Value| serde_json::from_value::<Diagnosis>(v.clone()).is_ok();
        let d = spoil(serde_json::to_value(d).unwrap(), hostile, &is);
        let is = |v: &Value| serde_json::from_value::<PlanDocument>(v.clone()).is_ok();
        let p = spoil(serde_json::to_value(p).unwrap(), hostile, &is);
        let (d, p): (Diagnosis, PlanDocument) =
            (serde_json::from_value(d).unwrap(), serde_json::from_value(p).unwrap());
        steps += p.steps.len();
        all_inert(&evidence, &d, &p, &format!("{rule}/{file} with {hostile:?}"));
    }
    assert!(steps > 20, "only {steps} steps");
}
