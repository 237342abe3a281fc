//! How near to its fault a sound configuration gets: a scenario that is expected to pass and is the healthy base itself
//! shows only that health is healthy.

use std::collections::BTreeMap;

use trustwalk_testkit::{Expect, Scenario, scenarios};

/// Causes of which no near miss is written yet: what passes is the healthy base. One that is written is struck here.
const PLAIN: [&str; 81] = [
    "addon-annotates-one-of-several-service-accounts",
    "annotation-key-wrong",
    "annotation-missing-on-service-account",
    "annotation-on-pod-not-service-account",
    "apiserver-issuer-or-keys-replaced-breaks-cluster",
    "app-does-not-refresh-session-credentials",
    "app-or-sdk-lacks-pod-identity-support",
    "app-or-sdk-lacks-web-identity-support",
    "audience-default-changed-by-tool",
    "azp-claim-used-as-audience",
    "ca-bundle-missing-in-container",
    "condition-key-claim-not-supported-by-iam",
    "condition-key-missing-sub-suffix",
    "container-injected-after-webhook",
    "cross-account-web-identity-without-provider-there",
    "dns-or-network-to-sts-broken",
    "enterprise-issuer-path-missing-in-condition-key",
    "federated-principal-malformed",
    "gha-fork-pr-no-id-token",
    "gha-id-token-permission-missing",
    "gha-repo-or-org-renamed",
    "gha-sub-customised",
    "https-prefix-in-arn-or-condition-key",
    "iam-eventual-consistency",
    "iam-rejects-trust-policy-without-required-claim",
    "idp-refuses-token-transient",
    "idp-sub-format-changed",
    "idp-sub-format-varies",
    "imds-hop-limit-blocks-node-role",
    "iss-condition-value-wrong-scheme",
    "issuer-documents-not-public",
    "issuer-host-changed-dual-stack",
    "issuer-host-mismatch-with-documents",
    "issuer-is-cluster-local-url",
    "issuer-keys-fetch-transient-failure",
    "issuer-tls-certificate-invalid-for-host",
    "issuer-trailing-slash-mismatch",
    "issuer-url-changed-by-idp",
    "java-sts-module-missing",
    "network-policy-blocks-sts",
    "oidc-provider-count-quota",
    "oidc-provider-deleted-by-another-stack",
    "oidc-provider-one-per-url",
    "org-policy-rcp-scp-deny",
    "pod-created-before-annotation-or-webhook",
    "pod-identity-association-cache-race",
    "profile-chaining-does-not-include-web-identity",
    "proxy-blocks-sts",
    "region-not-enabled-for-account",
    "requested-duration-not-raised",
    "required-session-tag-not-in-token",
    "role-arn-malformed-or-not-a-role",
    "role-arn-wrong-account",
    "role-assumes-itself",
    "role-chaining-one-hour-cap",
    "role-changed-pods-not-restarted",
    "role-does-not-exist",
    "role-to-assume-empty",
    "session-shorter-than-job",
    "static-or-other-credentials-take-precedence",
    "sts-call-sent-to-wrong-partition-region",
    "sts-global-endpoint-in-private-network",
    "sts-global-endpoint-single-region-dependency",
    "sts-vpc-endpoint-blackholed",
    "tagsession-not-allowed-in-trust-policy",
    "token-content-malformed",
    "token-expired-during-retries",
    "token-file-absent-where-code-runs",
    "token-file-read-once",
    "token-file-unreadable-fsgroup",
    "token-signing-algorithm-unsupported",
    "token-too-old-or-expired",
    "transient-sts-failure-falls-back-to-node-role",
    "trust-policy-size-quota",
    "two-issuers-and-ed-in-one-statement",
    "webhook-absent-or-not-running",
    "webhook-misconfigured-cabundle",
    "webhook-sa-cache-race",
    "windows-token-path",
    "wrong-token-file-kubernetes-default-token",
    "wrong-token-kind-missing-aud",
];

/// Whether nothing is changed in the base.
fn is_plain(s: &Scenario) -> bool {
    let text = s.sts.is_none() && s.chain.is_none() && s.log.is_empty();
    text && s.set.is_empty() && s.trust.is_empty() && s.denied.is_empty() && s.absent.is_empty()
}

#[test]
fn what_is_near_a_fault_differs_from_health() {
    let mut nearest: BTreeMap<String, bool> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (cause, file, scenario) in scenarios().unwrap() {
        if scenario.expect != Expect::Pass {
            continue;
        }
        let plain = is_plain(&scenario);
        if plain && file.starts_with("near") {
            wrong.push(format!("{cause}/{file} is the healthy base"));
        }
        let all_plain = nearest.entry(cause).or_insert(true);
        *all_plain = *all_plain && plain;
    }
    for (cause, all_plain) in &nearest {
        match (*all_plain, PLAIN.contains(&cause.as_str())) {
            (true, false) => wrong.push(format!("{cause}: what is to pass is the healthy base; write a near.toml")),
            (false, true) => wrong.push(format!("{cause}: strike it from the list")),
            (true, true) | (false, false) => {}
        }
    }
    wrong.extend(PLAIN.iter().filter(|c| !nearest.contains_key(**c)).map(|c| format!("{c}: no such cause")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_near_misses_of_a_cause_are_one() {
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for (cause, file, scenario) in scenarios().unwrap() {
        if scenario.expect == Expect::Pass && !is_plain(&scenario) {
            let other = seen.insert((cause.clone(), format!("{scenario:?}")), file.clone());
            assert!(other.is_none(), "{cause}/{file} is {other:?}");
        }
    }
}
