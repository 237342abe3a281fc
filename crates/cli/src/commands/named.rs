//! What a message names, and the commands that look there. Nothing is run by itself.

use trustwalk_foreign::shell;
use trustwalk_render::{Ink, Page, Shown, Typed};
use trustwalk_symptoms::{Named, Object};

use crate::style;

/// Commands that are offered.
const MOST: usize = 5;

/// The block of a report.
pub(super) fn page(named: &Named, typed: &Typed) -> Shown {
    let pen = style::pen();
    let mut out = Page::new();
    if named.is_empty() {
        return out.shown();
    }
    out.line(pen.ink(Ink::Strong, "Named in it"));
    let objects: Vec<String> = named.objects.iter().map(shown).collect();
    for (label, values) in [
        ("role", &named.roles),
        ("provider", &named.providers),
        ("account", &named.accounts),
        ("region", &named.regions),
        ("cluster", &named.clusters),
        ("issuer", &named.issuers),
        ("namespace", &named.namespaces),
        ("object", &objects),
        ("subject", &named.subjects),
        ("request", &named.request_ids),
    ] {
        for value in values {
            out.line(format_args!("  {label:<10} {}", trustwalk_foreign::redact(value)));
        }
    }
    let offers = offers(named, typed);
    if !offers.is_empty() {
        out.gap();
        out.line(pen.ink(Ink::Strong, "To look there"));
        for offer in offers {
            out.line(format_args!("  {offer}"));
        }
    }
    out.gap();
    out.shown()
}

fn shown(object: &Object) -> String {
    match &object.namespace {
        Some(namespace) => format!("{}/{} in namespace {namespace}", object.kind, object.name),
        None => format!("{}/{}", object.kind, object.name),
    }
}

/// Commands about what is named, the most telling first.
pub(super) fn offers(named: &Named, typed: &Typed) -> Vec<String> {
    let mut out = Vec::new();
    let only = |list: &[String]| if let [one] = list { Some(one.clone()) } else { None };
    let place = |line: &mut (String, Vec<String>)| {
        if let Some(cluster) = only(&named.clusters).filter(|_| typed.value("cluster").is_none()) {
            line.0.push_str(" --cluster {}");
            line.1.push(cluster);
        }
        if let Some(region) = only(&named.regions).filter(|_| typed.value("region").is_none()) {
            line.0.push_str(" --region {}");
            line.1.push(region);
        }
    };
    let finish = |(template, values): (String, Vec<String>)| {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        typed.command(&template, &values, &["kubeconfig", "context", "profile", "region", "cluster"])
    };
    for object in &named.objects {
        let mut line = ("diagnose {}".to_owned(), vec![[object.kind, "/", &object.name].concat()]);
        match object.namespace.clone().or_else(|| only(&named.namespaces)) {
            Some(namespace) => {
                line.0.push_str(" -n {}");
                line.1.push(namespace);
            }
            None => line.0.push_str(" -A"),
        }
        place(&mut line);
        out.push(finish(line));
    }
    if named.objects.is_empty() {
        for namespace in &named.namespaces {
            let mut line = ("diagnose -n {}".to_owned(), vec![namespace.clone()]);
            place(&mut line);
            out.push(finish(line));
        }
    }
    for role in &named.roles {
        let subject = only(&named.subjects);
        let mut line = ("diagnose --role {}".to_owned(), vec![role.clone()]);
        match subject {
            Some(subject) => {
                line.0.push_str(" --subject {}");
                line.1.push(subject);
            }
            // With the workload the subject is told by the cluster.
            None if !named.objects.is_empty() => continue,
            None => line.0.push_str(" --subject SUB"),
        }
        out.push(finish(line));
    }
    for issuer in &named.issuers {
        out.push(finish(("diagnose --issuer {}".to_owned(), vec![issuer.clone()])));
    }
    out.retain(|line| line != shell::WITHHELD);
    out.dedup();
    out.truncate(MOST);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_offered_with_its_place_and_nothing_that_does_harm() {
        let text = "our ledger deployment in namespace `payments` of cluster harbour-1 (us-west-2) gets AccessDenied \
                    for arn:aws:iam::111122223333:role/Ledger";
        let offered = offers(&trustwalk_symptoms::named(text), &Typed::default());
        assert_eq!(
            offered,
            ["trustwalk diagnose deployment/ledger -n payments --cluster harbour-1 --region us-west-2"]
        );
        let alone = offers(&trustwalk_symptoms::named("arn:aws:iam::111122223333:role/x;reboot"), &Typed::default());
        assert_eq!(alone, ["trustwalk diagnose --role arn:aws:iam::111122223333:role/x --subject SUB"]);
    }
}
