//! Which labels a controller's selector takes in, as `kubectl` and the API server write one.

use std::collections::BTreeMap;

/// Whether a selector, `a=b,c in (d,e),!f`, takes in what carries these labels (Kubernetes documentation, "Labels and
/// Selectors"). All its requirements must hold.
pub(crate) fn takes_in(selector: &str, labels: &BTreeMap<String, String>) -> bool {
    requirements(selector).all(|one| holds(one, labels))
}

/// A comma between brackets separates values, any other requirements.
fn requirements(selector: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    selector.split(move |c| {
        inside = match c {
            '(' => true,
            ')' => false,
            _ => inside,
        };
        c == ',' && !inside
    })
}

fn holds(requirement: &str, labels: &BTreeMap<String, String>) -> bool {
    let listed = |values: &str, value: &str| values.trim_matches(['(', ')']).split(',').any(|v| v.trim() == value);
    let label = |key: &str| labels.get(key.trim()).map(String::as_str);
    if let Some((key, values)) = requirement.split_once(" notin ") {
        // What lacks the label is not among the values either.
        return label(key).is_none_or(|value| !listed(values, value));
    }
    if let Some((key, values)) = requirement.split_once(" in ") {
        return label(key).is_some_and(|value| listed(values, value));
    }
    if let Some((key, value)) = requirement.split_once('=') {
        return label(key) == Some(value);
    }
    match requirement.strip_prefix('!') {
        Some(key) => label(key).is_none(),
        None => label(requirement).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_take_in_what_the_api_server_would_give() {
        let labels = BTreeMap::from([("app".to_owned(), "cart".to_owned()), ("tier".to_owned(), String::new())]);
        for (selector, taken) in [
            ("app=cart", true),
            ("app=cart,tier=", true),
            ("app=cart,x=y", false),
            ("app in (a,cart)", true),
            ("app in (a,b),tier", false),
            ("app notin (a,b),tier", true),
            ("app notin (a,cart)", false),
            ("x notin (a,b)", true),
            ("tier", true),
            ("x", false),
            ("!x,app=cart", true),
            ("!app", false),
        ] {
            assert_eq!(takes_in(selector, &labels), taken, "{selector}");
        }
    }
}
