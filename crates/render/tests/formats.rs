//! Every format says what a diagnosis comes to, in the same words, whatever was found.

use serde_json::Value;
use trustwalk_core::diagnosis::{Diagnosis, Outcome, diagnose};
use trustwalk_foreign::shell::words;
use trustwalk_render::{Detail, Next, Pen, Shown, Typed, closing_of_all, human, many, next, overview, short};
use trustwalk_testkit::{blank, scenarios};

/// How the last lines of a report begin.
fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "Ok: ",
        Outcome::Undetermined => "Undetermined: ",
        Outcome::Broken => "Broken: ",
        Outcome::RootCause => "Root cause: ",
    }
}

/// The outcome that the last lines of a report name.
fn told_last(human: &str) -> Option<Outcome> {
    let last = human.lines().rev().find(|l| ![' ', 'T', 'N', 'F'].iter().any(|c| l.starts_with(*c)))?;
    ALL.into_iter().find(|o| last.starts_with(verdict(*o)))
}

const ALL: [Outcome; 4] = [Outcome::Ok, Outcome::Undetermined, Outcome::Broken, Outcome::RootCause];

/// What is wrong with the three formats of one diagnosis, if anything.
fn disagreement(d: &Diagnosis) -> Option<String> {
    let human = human(d, &Next::default(), Pen::new(false), Detail::Brief);
    let people = told_last(human.as_str());
    let short = short(d);
    let first = short.as_str().lines().next().unwrap_or_default();
    let grep = match first.split(' ').collect::<Vec<_>>().as_slice() {
        [_, "root-cause", ..] => Some(Outcome::RootCause),
        ["broken", ..] => Some(Outcome::Broken),
        ["undetermined", ..] => Some(Outcome::Undetermined),
        ["ok", ..] => Some(Outcome::Ok),
        _ => None,
    };
    let json: Value = serde_json::from_str(Shown::json(d).ok()?.as_str()).ok()?;
    let machine = ALL.into_iter().find(|o| json.get("outcome").is_some_and(|said| said == o.word()));
    let all = [people, grep, machine];
    let meant = first.contains(d.meaning()) || d.outcome == Outcome::RootCause;
    (all != [Some(d.outcome); 3] || !meant).then(|| format!("{:?}: {all:?}, {first}", d.outcome))
}

#[test]
fn every_format_says_the_same_of_every_scenario() {
    let mut wrong = Vec::new();
    let mut met = Vec::new();
    for (rule, file, scenario) in scenarios().unwrap() {
        let d = diagnose(&scenario.evidence().unwrap());
        met.push(d.outcome);
        wrong.extend(disagreement(&d).map(|w| format!("{rule}/{file}: {w}")));
    }
    wrong.extend(disagreement(&diagnose(&blank())));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for outcome in [Outcome::Ok, Outcome::Undetermined, Outcome::RootCause] {
        assert!(met.contains(&outcome), "no scenario comes to {outcome:?}");
    }
}

#[test]
fn a_failure_without_a_cause_is_broken_in_every_format() {
    let mut evidence = blank();
    for (_, _, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        if e.exchange.known().is_some_and(|x| x.assumed.is_none()) {
            evidence.exchange = e.exchange;
            break;
        }
    }
    let d = diagnose(&evidence);
    assert_eq!((d.outcome, d.root_cause.is_none()), (Outcome::Broken, true), "{d:?}");
    assert_eq!(disagreement(&d), None);
    let overview = many(&[d.clone(), d], Pen::new(false));
    assert!(overview.as_str().starts_with("trustwalk: 2 identities, 2 broken\n"), "{}", overview.as_str());
}

/// A sound target has nothing next; of every other one the last line is a command that says all that was typed.
#[test]
fn the_last_line_of_every_report_is_the_next_command() {
    let options = [("context", "prod east"), ("profile", "it's"), ("region", "us-west-2"), ("log", "a b.log")];
    let options = options.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    let typed = Typed::new(false, options.into());
    let mut fixes = 0;
    for (rule, file, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        let d = diagnose(&e);
        let next = next(&e, &d, &typed);
        let text = human(&d, &next, Pen::new(false), Detail::Brief);
        let last = text.as_str().lines().next_back().unwrap();
        let place = format!("{rule}/{file}: {last}");
        assert_eq!(last.starts_with("Next: "), d.outcome != Outcome::Ok, "{place}");
        let command = last.split_once("trustwalk ").map(|(_, rest)| rest).filter(|rest| !rest.starts_with("explain"));
        if let Some(rest) = command.filter(|_| d.outcome != Outcome::Ok) {
            let words = words(rest).expect(&place);
            for (option, value) in [("--context", "prod east"), ("--profile", "it's"), ("--region", "us-west-2")] {
                assert!(words.windows(2).any(|w| w == [option, value]), "{option}: {place}");
            }
            // What is lacking is asked of an account, and of no log.
            let asks_rights = words.first().is_some_and(|w| w == "access");
            assert!(asks_rights || words.windows(2).any(|w| w == ["--log", "a b.log"]), "{place}");
            fixes += usize::from(words.first().is_some_and(|w| w == "fix"));
        }
    }
    assert!(fixes > 10, "only {fixes}");
}

#[test]
fn what_came_by_standard_input_or_holds_a_secret_is_not_repeated() {
    let typed = |name: &str, value: &str| Typed::new(true, vec![(name.to_owned(), Some(value.to_owned()))]);
    let d = diagnose(&blank());
    assert!(typed("log", "-").again("diagnose", &d.target).ends_with(" --log FILE"));
    let secret = typed("endpoint-url", "https://user:pass-word-1234@aws.example").again("diagnose", &d.target);
    assert!(secret.starts_with("kubectl trustwalk diagnose") && !secret.contains("pass-word"), "{secret}");
}

#[test]
fn many_end_with_the_worst_of_them() {
    let mut all = Vec::new();
    for (_, _, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        let d = diagnose(&e);
        if !all.iter().any(|(other, _): &(Diagnosis, Next)| other.outcome == d.outcome) {
            let next = next(&e, &d, &Typed::default());
            all.push((d, next));
        }
    }
    all.sort_by_key(|(d, _)| d.outcome);
    assert_eq!(all.len(), ALL.len());
    for many in 1..=all.len() {
        let (d, next): (Vec<Diagnosis>, Vec<Next>) = all.iter().take(many).cloned().unzip();
        let worst = d.last().unwrap().outcome;
        let text = closing_of_all(&d, &next, None, Pen::new(false));
        assert_eq!(told_last(text.as_str()), Some(worst), "{}", text.as_str());
        assert_eq!(text.as_str().contains("\nNext: "), worst != Outcome::Ok, "{}", text.as_str());
        assert!(overview(&d, Pen::new(false)).as_str().lines().count() > many);
        let unlisted = closing_of_all(&d, &next, Some("not everything could be listed"), Pen::new(false));
        assert_eq!(told_last(unlisted.as_str()), Some(worst.max(Outcome::Undetermined)));
    }
}

#[test]
fn failures_of_others_that_were_given_are_told_in_the_last_lines() {
    let mut d = diagnose(&blank());
    let seen = |fate: Value| {
        let mut all = serde_json::json!({"witness": "log", "origin": "app.log", "count": 2, "at": null,
            "symptom": "not-authorized-web-identity", "text": "x"});
        all.as_object_mut().unwrap().extend(fate.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    };
    d.observations = vec![seen(serde_json::json!({"fate": "foreign", "by": "it names another role"}))];
    let told = |d: &Diagnosis| human(d, &Next::default(), Pen::new(false), Detail::Brief).as_str().replace("\n  ", " ");
    assert!(!told(&d).contains("somebody else's"), "nobody gave a log");
    let log = serde_json::json!({"what": "log", "name": "app.log"});
    d.looked.push(serde_json::from_value(log).unwrap());
    assert!(told(&d).contains("2 failures in the log that was given are somebody else's"), "{}", told(&d));
}
