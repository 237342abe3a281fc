//! What a person is told to run names the very objects: nothing stands for a value that the evidence has.

use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::Evidence;
use trustwalk_testkit::scenarios;

/// Words in capitals that are no placeholders: what APIs, formats and programs call things.
const WORDS: [&str; 19] = [
    "PRESERVE",
    "EKS",
    "ID",
    "IAM",
    "OIDC",
    "AWS",
    "JSON",
    "YAML",
    "CA",
    "STS",
    "RESOURCE_CONTROL_POLICY",
    "SERVICE_CONTROL_POLICY",
    "NO_PROXY",
    "VPC",
    "MFA",
    "TLS",
    "TCP",
    "UDP",
    "CREATE",
];

/// Whether the evidence has a value for what stands there; `None` for a word that stands for nothing known.
fn known(e: &Evidence, blank: &str) -> Option<bool> {
    let account = e.service_account.known().is_some() || e.workload.known().is_some();
    Some(match blank {
        "CLUSTER" => e.cluster.known().is_some(),
        "NAMESPACE" | "SERVICE-ACCOUNT" | "NAME" => account,
        "KIND/NAME" => e.workload.known().is_some(),
        "REGION" => e.region.is_some(),
        "ROLE" | "ROLE-ARN" => e.role_arn.known().is_some_and(|arn| arn.contains(":role/")),
        "PROVIDER-ARN" => e.provider.known().is_some(),
        "AUDIENCE" => e.token.known().is_some_and(|t| !t.aud.is_empty()),
        "ISSUER" => e.token.known().is_some_and(|t| t.iss.is_some()),
        "POD" | "CONTAINER" => e.pods.known().is_some_and(|p| !p.is_empty()),
        "ACCOUNT" => e.caller.known().is_some(),
        "ASSOCIATION-ID" => e.associations.known().is_some_and(|all| all.iter().any(|a| !a.id.is_empty())),
        // Of an address in S3 it tells the bucket, and what EKS publishes is in none of the reader's.
        "BUCKET" => e.token.known().and_then(|t| t.iss.as_deref()).is_some_and(|iss| iss.contains(".amazonaws.com/")),
        "SUBJECT" => e.token.known().is_some_and(|t| t.sub.is_some()),
        "EXTERNAL-ID" | "INSTANCE" | "VERSION" | "SECONDS" | "RESOURCE-ARN" | "WEBHOOK-NAMESPACE" | "PROFILE" => false,
        _ => return None,
    })
}

/// The words of a text that are written in capitals, as placeholders are.
fn capitals(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    let words = text.split(move |c: char| !part(c)).map(|w| w.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    words.flat_map(|w| if w == "KIND/NAME" { vec![w] } else { w.split('/').collect() }).filter(|w| {
        w.len() > 1
            && w.starts_with(|c: char| c.is_ascii_uppercase())
            && w.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '-' | '_' | '/'))
            && !w.starts_with("AWS_")
            && !WORDS.contains(w)
    })
}

/// What stands before certificates that are written out, whose letters may be capitals alone.
fn without_certificates(text: &str) -> &str {
    text.split_once("-----BEGIN CERTIFICATE-----").map_or(text, |(before, _)| before)
}

#[test]
fn no_command_has_a_placeholder_for_what_the_evidence_knows() {
    let (mut wrong, mut texts) = (Vec::new(), 0);
    for (cause, file, scenario) in scenarios().unwrap() {
        let e = scenario.evidence().unwrap();
        let d = diagnose(&e);
        for finding in d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings) {
            for cure in &finding.cures {
                let note = cure.by_hand.get("note").cloned().unwrap_or_default();
                for (tool, text) in cure.by_hand.iter().filter(|(tool, _)| *tool != "note") {
                    texts += 1;
                    for blank in capitals(without_certificates(text)) {
                        let told = note.contains(&format!("{blank} is "));
                        if known(&e, blank) != Some(false) || !told {
                            wrong.push(format!(
                                "{cause}/{file}: {}: {tool}: {blank} in `{text}` ({note})",
                                finding.name()
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(texts > 200, "{texts}");
    assert!(wrong.is_empty(), "{} of {texts}:\n{}", wrong.len(), wrong.join("\n"));
}
