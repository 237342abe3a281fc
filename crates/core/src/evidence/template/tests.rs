//! What templates tell of values and patterns.

use proptest::prelude::*;

use super::*;

fn branch() -> Template {
    Template::from("repo:acme/shop:ref:refs/heads/").unknown("branch", Letters::Something)
}

#[test]
fn three_answers() {
    let depends = Fit::Depends(vec!["branch".to_owned()]);
    assert_eq!(branch().like("repo:acme/shop:*"), Fit::Admits);
    assert_eq!(branch().like("repo:acme/shop:ref:refs/heads/?*"), Fit::Admits);
    assert_eq!(branch().like("repo:acme/shop:ref:refs/heads/??*"), depends);
    assert_eq!(branch().like("repo:acme/shop:ref:refs/tags/*"), Fit::Refuses);
    assert_eq!(branch().equals("repo:acme/shop:ref:refs/heads/main"), depends);
    // `StringEquals` takes a star literally, and a branch may be called so.
    assert_eq!(branch().equals("repo:acme/shop:*"), Fit::Refuses);
    assert_eq!(branch().equals("repo:acme/shop:ref:refs/heads/"), Fit::Refuses, "a branch has a name");
    let ids = Template::from("repo:acme@").unknown("owner id", Letters::Digits).text("/shop:pull_request");
    assert_eq!(ids.like("repo:acme@*/shop:*"), Fit::Admits);
    assert_eq!(ids.like("repo:acme/shop:*"), Fit::Refuses);
    assert_eq!(ids.like("repo:acme@x*"), Fit::Refuses);
    assert_eq!(ids.like("repo:acme*"), Fit::Admits);
}

#[test]
fn what_a_text_never_is_no_value_admits_by() {
    let other = Template::default().unknown("other branch", Letters::Ref).never([Template::from("main")]);
    let classic = Template::from("repo:acme/shop:ref:refs/heads/").then(&other);
    assert_eq!(classic.equals("repo:acme/shop:ref:refs/heads/main"), Fit::Refuses);
    assert_eq!(classic.like("repo:acme/shop:ref:refs/heads/main"), Fit::Refuses);
    assert!(matches!(classic.equals("repo:acme/shop:ref:refs/heads/mainly"), Fit::Depends(_)));
    assert!(matches!(classic.like("repo:acme/shop:ref:refs/heads/ma*"), Fit::Depends(_)));
    assert_eq!(classic.like("repo:acme/shop:*"), Fit::Admits);
    assert_eq!(classic.like("repo:acme/*:ref:refs/heads/main"), Fit::Refuses);
    let ids = Template::from("repo:acme@").unknown("owner id", Letters::Digits).text("/shop:ref:").then(&other);
    assert_eq!(ids.like("repo:acme@*/shop:ref:main"), Fit::Refuses);
    // Where it ends is not known, so what is excluded is not either.
    let open = Template::default().unknown("x", Letters::Anything).then(&other);
    assert!(matches!(open.equals("main"), Fit::Depends(_)));
    assert!(matches!(other.clone().unknown("y", Letters::Anything).equals("main"), Fit::Depends(_)));
    let family = other.never([Template::from("release/").unknown("x", Letters::Segment)]);
    assert_eq!(family.equals("release/1"), Fit::Refuses);
    assert!(matches!(family.equals("release/1/2"), Fit::Depends(_)));
}

#[test]
fn of_several_values_one_is_enough() {
    let values = |all: &[&str]| Fit::any(all.iter().map(|v| branch().like(v)));
    assert_eq!(values(&["x", "repo:acme/*"]), Fit::Admits);
    assert_eq!(values(&["x", "y"]), Fit::Refuses);
    assert_eq!(values(&[]), Fit::Refuses);
    assert_eq!(values(&["x", "*main"]), Fit::Depends(vec!["branch".to_owned()]));
}

#[test]
fn what_is_known_is_compared_as_it_is() {
    assert_eq!(Template::from("a").equals("a"), Fit::Admits);
    assert_eq!(Template::from("a").equals("A"), Fit::Refuses);
    assert_eq!(Template::from("").like("*"), Fit::Admits);
    assert_eq!(Template::from("a").text("b").known(), Some("ab"));
    assert_eq!(branch().to_string(), "repo:acme/shop:ref:refs/heads/<branch>");
}

#[test]
fn a_pattern_made_to_take_long_ends() {
    let long = Template::from("").unknown("x", Letters::Anything);
    let pattern = format!("*a{}", "?".repeat(60));
    assert_eq!(long.like(&pattern), Fit::Depends(vec!["x".to_owned()]));
}

/// The same question of a known text, the slow way.
fn matched(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|n| matched(rest, &text[n..])),
        (['?', rest @ ..], [_, after @ ..]) => matched(rest, after),
        ([p, rest @ ..], [c, after @ ..]) => p == c && matched(rest, after),
        _ => false,
    }
}

fn letters() -> impl Strategy<Value = Letters> {
    use Letters::{Anything, Digits, One, Ref, Segment, Something, Uuid};
    prop::sample::select(vec![Anything, Segment, Something, Ref, One, Digits, Uuid])
}

fn template() -> impl Strategy<Value = Template> {
    let part = prop_oneof!["[ab1/*]{0,3}".prop_map(Ok), letters().prop_map(Err)];
    prop::collection::vec(part, 0..5).prop_map(|parts| {
        parts.into_iter().enumerate().fold(Template::default(), |template, (n, part)| match part {
            Ok(text) => template.text(&text),
            Err(of) => template.unknown(&n.to_string(), of),
        })
    })
}

proptest! {
    /// Whatever text the unknown parts turn out to be, the answer holds for it.
    #[test]
    fn an_answer_holds_for_every_text(
        template in template(),
        pattern in "[ab1/*?]{0,7}",
        filled in prop::collection::vec("[ab1/x-]{0,3}", 5),
    ) {
        let mut text = String::new();
        for (part, fill) in template.parts.iter().zip(filled.iter().cycle()) {
            match part {
                Part::Text(known) => text.push_str(known),
                Part::Unknown { of, .. } => {
                    let mut fill: String = fill.chars().filter(|c| of.admits(*c)).collect();
                    if *of == Letters::One || (fill.is_empty() && !of.may_be_empty()) {
                        fill = "1".to_owned();
                    }
                    text.push_str(&fill);
                }
            }
        }
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let real = matched(&letters(&pattern), &letters(&text));
        match template.like(&pattern) {
            Fit::Admits => prop_assert!(real, "{template} {pattern} {text}"),
            Fit::Refuses => prop_assert!(!real, "{template} {pattern} {text}"),
            Fit::Depends(names) => prop_assert!(!names.is_empty()),
        }
        prop_assert_eq!(template.equals(&text) == Fit::Refuses, false);
    }
}
