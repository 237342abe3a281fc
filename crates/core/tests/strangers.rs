//! What a stranger says earns a question, and no step: tokens, annotations, log lines; and no step admits a stranger.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::path::Path;

use serde_json::{Value, json};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::{Clock, Evidence, Observed, Role, Source, TokenClaims, TokenSource};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::plan::{Action, Plan, build, widens};
use trustwalk_testkit::Scenario;
use trustwalk_trust_policy::{Decision, Identity, Policy, Request};

const STRANGER: &str = "https://stranger.example";
const DENIED: &str = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
const NO_PROVIDER: &str = "InvalidIdentityToken: No OpenIDConnect provider found in your account for x";

fn evidence(base: &str, sts: &str) -> Evidence {
    Scenario::parse(&format!("base = \"{base}\"\nsts = \"{sts}\"")).unwrap().evidence().unwrap()
}

fn known<T>(value: T) -> Observed<T> {
    Observed::Known { value, source: Source::default() }
}

fn inside<T>(observed: &mut Observed<T>) -> &mut T {
    let Observed::Known { value, .. } = observed else { panic!("not known") };
    value
}

fn token(e: &mut Evidence) -> &mut TokenClaims {
    inside(&mut e.token)
}

fn role(e: &mut Evidence) -> &mut Role {
    inside(&mut e.role)
}

fn planned(e: &Evidence) -> (Diagnosis, Plan) {
    let d = diagnose(e);
    let plan = build(e, &d);
    (d, plan)
}

fn all(d: &Diagnosis) -> Vec<&Finding> {
    d.root_cause.iter().chain(&d.also).collect()
}

fn words(d: &Diagnosis) -> String {
    serde_json::to_string(&all(d)).unwrap()
}

/// The issuer's path and the role's policy of the story.
fn policy(e: &Evidence) -> (String, Value) {
    let path = e.token.known().unwrap().iss.clone().unwrap().replace("https://", "");
    (path, serde_json::from_str(&e.role.known().unwrap().trust_policy).unwrap())
}

fn new_policy(plan: &Plan) -> Option<String> {
    plan.steps.iter().find_map(|s| {
        let Action::SetTrustPolicy { document, .. } = &s.action else { return None };
        Some(document.clone())
    })
}

fn admits(policy: &str, e: &Evidence, sub: &str, aud: &str) -> bool {
    let identity =
        Identity::new(e.provider.known().unwrap().arn.as_str()).with_claim("sub", sub).with_claim("aud", aud);
    Policy::parse(policy).unwrap().evaluate(&Request::web_identity(&identity)) == Decision::Allow
}

/// The story, asked about with a token that somebody handed over.
fn handed(base: &str, sts: &str) -> Evidence {
    let mut e = evidence(base, sts);
    let t = token(&mut e);
    t.source = TokenSource::HandedIn;
    "the token file".clone_into(&mut t.origin);
    t.iss = Some(STRANGER.to_owned());
    t.sub = Some("system:serviceaccount:kube-system:mallory".to_owned());
    e.provider = Observed::Absent { source: Source::default() }.into();
    e.discovery = Observed::default().into();
    e.keys = Observed::default().into();
    e.chains.clear();
    e
}

#[test]
fn an_issuer_that_nothing_of_ours_knows_is_a_question() {
    for base in ["story", "job"] {
        for (sts, signature) in [(NO_PROVIDER, None), (NO_PROVIDER, Some(true)), (DENIED, Some(true))] {
            let mut e = handed(base, sts);
            token(&mut e).signature = signature;
            let (d, plan) = planned(&e);
            assert_eq!(plan.steps, [], "{base} {sts}");
            assert!(all(&d).iter().all(|f| f.cures.iter().all(|c| c.actions.is_empty())), "{base} {sts}");
            assert!(!words(&d).contains("create-open-id-connect-provider"), "{}", words(&d));
            // Nobody is named who was not asked.
            let asked =
                if base == "job" { "the account does not know" } else { "neither the account nor the cluster knows" };
            assert!(words(&d).contains(&format!("{asked} that issuer")), "{}", words(&d));
            let missing = all(&d).into_iter().find(|f| f.name() == "oidc-provider-missing-in-account");
            assert!(missing.is_none_or(|f| f.confidence < Confidence::Proven && f.decide.is_some()), "{base} {sts}");
        }
    }
}

#[test]
fn what_account_or_cluster_know_is_still_registered() {
    // The cluster minted the token; and where it was handed over, the role names the issuer and its keys signed it.
    let mut minted = evidence("story", NO_PROVIDER);
    minted.provider = Observed::Absent { source: Source::default() }.into();
    minted.providers = known(Vec::new());
    let mut named = minted.clone();
    token(&mut named).source = TokenSource::HandedIn;
    for (e, steps) in [(&minted, 1), (&named, 1)] {
        assert_eq!(planned(e).1.steps.len(), steps);
    }
    // The same token with a signature that nobody checked, or that does not verify.
    for signature in [None, Some(false)] {
        token(&mut named).signature = signature;
        assert_eq!(planned(&named).1.steps, []);
    }
    // A role that names somebody else's issuer vouches for nothing.
    token(&mut named).signature = Some(true);
    let text = role(&mut named).trust_policy.replace("oidc.eks.us-west-2", "oidc.eks.eu-west-1");
    role(&mut named).trust_policy = text;
    named.cluster = Observed::default();
    assert_eq!(planned(&named).1.steps, []);
}

#[test]
fn a_forged_token_of_a_known_issuer_gets_nobody_into_the_role() {
    for signature in [None, Some(false), Some(true)] {
        let mut e = evidence("story", "InvalidIdentityToken: The ID Token provided is not a valid JWT");
        e.exchange = Observed::default();
        let t = token(&mut e);
        (t.source, t.signature) = (TokenSource::HandedIn, signature);
        t.sub = Some("system:serviceaccount:kube-system:mallory".to_owned());
        let set = new_policy(&planned(&e).1);
        assert_eq!(set.is_some(), signature == Some(true), "{signature:?}");
    }
    // Nor does it say anything of the cluster's own issuer and keys.
    let mut e = handed("story", NO_PROVIDER);
    token(&mut e).signature = Some(false);
    assert!(!words(&diagnose(&e)).contains("apiserver-issuer-or-keys-replaced"), "{}", words(&diagnose(&e)));
}

#[test]
fn an_audience_is_registered_on_nobodys_word() {
    let mut e = evidence("job", "InvalidIdentityToken: Incorrect token audience");
    token(&mut e).aud = vec!["https://stranger.example".to_owned()];
    let path = token(&mut e).iss.clone().unwrap().replace("https://", "");
    // No condition on the audience: the policy would take whatever is registered.
    let text = role(&mut e).trust_policy.replace(&format!("\"{path}:aud\":\"sts.amazonaws.com\","), "");
    role(&mut e).trust_policy = text;
    let (d, plan) = planned(&e);
    assert_eq!(plan.steps, [], "{d:?}");
    // Where the role's policy names it, somebody of the account asked for it.
    let (path, mut policy) = policy(&e);
    policy["Statement"][0]["Condition"]["StringEquals"][format!("{path}:aud")] = json!("https://stranger.example");
    role(&mut e).trust_policy = policy.to_string();
    let steps = planned(&e).1.steps;
    assert!(matches!(steps.first().map(|s| &s.action), Some(Action::AddClientId { .. })), "{steps:?}");
}

#[test]
fn a_second_cause_changes_nothing_while_the_first_is_a_guess() {
    let mut e = evidence("story", DENIED);
    role(&mut e).trust_policy = e.role.known().unwrap().trust_policy.replace("kube-system:aws-node", "kube-system:x");
    let mut d = diagnose(&e);
    assert_eq!(build(&e, &d).steps.len(), 1);
    let sure = d.root_cause.clone().unwrap();
    let guess =
        Finding { cause: Cause::GhaSubCaseMismatch, confidence: Confidence::Likely, cures: Vec::new(), ..sure.clone() };
    d.root_cause = Some(guess);
    d.also = vec![sure.clone()];
    let plan = build(&e, &d);
    assert!(plan.steps.is_empty() && plan.notes.iter().any(|n| n.contains("waits")), "{plan:?}");
    // A plan is titled with all that it cures, and with nothing else.
    let other =
        Finding { cause: Cause::RoleDoesNotExist, confidence: Confidence::Proven, cures: Vec::new(), ..sure.clone() };
    d.root_cause = Some(other);
    assert_eq!(build(&e, &d).cures, sure.name());
    d.also.push(Finding { cause: Cause::SubWrongNamespace, ..sure.clone() });
    assert_eq!(build(&e, &d).cures, format!("{}, sub-wrong-namespace", sure.name()));
}

#[test]
fn a_role_of_a_strangers_account_is_annotated_by_nobody() {
    for (arn, steps) in [("arn:aws:iam::111122223333:role/cni", true), ("arn:aws:iam::999900001111:role/lure", false)] {
        let mut e = evidence("story", DENIED);
        let account = inside(&mut e.service_account);
        account.annotations.clear();
        account.annotations.insert("eks.amazonaws.com/role".to_owned(), arn.to_owned());
        e.role_arn = Observed::Absent { source: Source::default() };
        let (d, plan) = planned(&e);
        assert!(all(&d).iter().any(|f| f.name() == "annotation-key-wrong"), "{d:?}");
        assert_eq!(plan.steps.iter().any(|s| matches!(s.action, Action::Annotate { .. })), steps, "{plan:?}");
    }
}

#[test]
fn a_log_line_attaches_only_what_an_add_on_is_known_to_need() {
    let attached = |account: &str, namespace: &str, action: &str| {
        let log = format!(
            "User: arn:aws:sts::{account}:assumed-role/cni/s is not authorized to perform: {action} because no \
             identity-based policy allows the {action} action"
        );
        let mut e = Scenario::parse(&format!("base = \"story\"\nlog = [{log:?}]")).unwrap().evidence().unwrap();
        inside(&mut e.workload).namespace = namespace.to_owned();
        // The role has what the add-on needs where it is a stranger's session that is refused.
        if account == "111122223333" {
            inside(&mut e.policies).clear();
        }
        planned(&e).1.steps.iter().any(|s| matches!(s.action, Action::AttachPolicy { .. }))
    };
    assert!(attached("111122223333", "kube-system", "ec2:CreateNetworkInterface"));
    assert!(!attached("111122223333", "kube-system", "ec2:RunInstances"));
    assert!(!attached("111122223333", "mallory", "ec2:CreateNetworkInterface"));
    assert!(!attached("999900001111", "kube-system", "ec2:CreateNetworkInterface"));
}

#[test]
fn a_pattern_under_stringequals_is_cured_for_the_one_asked_for() {
    for pattern in
        ["system:serviceaccount:kube-system:*", "system:serviceaccount:*:aws-node", "system:serviceaccount:*", "*"]
    {
        let mut e = evidence("story", DENIED);
        let text = role(&mut e).trust_policy.replace("system:serviceaccount:kube-system:aws-node", pattern);
        role(&mut e).trust_policy = text;
        let (d, plan) = planned(&e);
        let root = d.root_cause.clone().unwrap();
        assert_eq!(root.name(), "wildcard-with-stringequals");
        let new = new_policy(&plan).unwrap();
        assert!(admits(&new, &e, "system:serviceaccount:kube-system:aws-node", "sts.amazonaws.com"));
        for other in ["system:serviceaccount:kube-system:other", "system:serviceaccount:team-b:aws-node"] {
            assert!(!admits(&new, &e, other, "sts.amazonaws.com"), "{pattern} {other}");
        }
        // Whom the pattern would admit is told, and only told.
        assert!(root.cures.iter().filter(|c| c.actions.is_empty()).any(|c| c.by_hand["note"].contains("StringLike")));
        let acts: Vec<_> = root.cures.iter().filter(|c| !c.actions.is_empty()).collect();
        assert!(acts.iter().flat_map(|c| c.by_hand.values()).all(|t| !t.contains("StringLike")), "{acts:?}");
    }
}

#[test]
fn repairs_that_would_admit_others_become_a_statement_of_their_own() {
    type Change = fn(&mut Value, &str);
    let sub = "system:serviceaccount:kube-system:aws-node";
    let changes: [Change; 5] = [
        // Two lists, whose product would be admitted.
        |s, p| {
            s["Condition"] = json!({"StringEquals": {format!("{p}:sub"): ["system:serviceaccount:a:a"],
                format!("{p}:aud"): ["vault"]}});
        },
        // A key that matches nothing yet, above a pattern.
        |s, p| {
            s["Condition"] = json!({"StringLike": {format!("https://{p}:sub"): "system:serviceaccount:kube-system:*"}});
        },
        // Everybody, for another action.
        |s, _| {
            s["Principal"] = json!({"AWS": "*"});
            s["Action"] = json!("sts:AssumeRole");
            s["Condition"] = json!({});
        },
        // The issuer of an earlier cluster, above a pattern.
        |s, p| {
            let old = p.replace("BFDB", "AAAA");
            *s = serde_json::from_str(&s.to_string().replace(p, &old)).unwrap();
            s["Condition"] = json!({"StringLike": {format!("{old}:sub"): "system:serviceaccount:*"}});
        },
        // No condition on the audience, and a second audience is registered.
        |s, p| {
            s["Condition"] = json!({"StringEquals": {format!("{p}:sub"): "system:serviceaccount:a:a"}});
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut e = evidence("story", DENIED);
        inside(&mut e.provider).client_ids.push("vault".to_owned());
        let (path, mut document) = policy(&e);
        change(&mut document["Statement"][0], &path);
        role(&mut e).trust_policy = document.to_string();
        let (d, plan) = planned(&e);
        let new = new_policy(&plan).unwrap_or_else(|| panic!("{number}: {d:?} {plan:?}"));
        let role_name = e.role.known().unwrap().name.clone();
        assert_eq!(widens(&e, &role_name, &new), None, "{number}");
        assert!(admits(&new, &e, sub, "sts.amazonaws.com"), "{number}");
        for (other, aud) in [
            (sub, "vault"),
            ("system:serviceaccount:a:a", "sts.amazonaws.com"),
            ("system:serviceaccount:kube-system:x", "sts.amazonaws.com"),
        ] {
            let before = admits(&e.role.known().unwrap().trust_policy, &e, other, aud);
            assert_eq!(admits(&new, &e, other, aud), before, "{number} {other} {aud}");
        }
        let new: Value = serde_json::from_str(&new).unwrap();
        assert_eq!(new["Statement"][0], document["Statement"][0], "{number}: what stood there stays");
        let text = serde_json::to_string(&d.root_cause).unwrap();
        assert!(number == 2 || text.contains("whom changing the statement itself would admit"), "{number}: {text}");
    }
}

#[test]
fn a_step_that_admits_others_is_refused_and_they_are_named() {
    let e = evidence("story", DENIED);
    let (path, mut document) = policy(&e);
    document["Statement"][0]["Condition"]["StringEquals"][format!("{path}:sub")] =
        json!(["system:serviceaccount:kube-system:aws-node", "system:serviceaccount:team-b:other"]);
    let mut d = diagnose(&e);
    let mut finding = d.root_cause.clone().unwrap();
    finding.confidence = Confidence::Proven;
    finding.cures = vec![trustwalk_core::plan::Cure {
        actions: vec![Action::SetTrustPolicy { role: "cni".to_owned(), document: document.to_string() }],
        ..trustwalk_core::plan::Cure::default()
    }];
    d.root_cause = Some(finding);
    let plan = build(&e, &d);
    assert_eq!(plan.steps, []);
    assert!(plan.notes.iter().any(|n| n.contains("team-b:other")), "{:?}", plan.notes);
}

#[test]
fn a_repository_that_was_renamed_leaves_its_old_name() {
    let mut e = evidence("job", DENIED);
    let text = role(&mut e).trust_policy.replace("acme/shop", "acme/store");
    role(&mut e).trust_policy = text;
    let (d, plan) = planned(&e);
    assert_eq!(plan.steps, [], "nobody knows that it was renamed");
    // A likeness is no rename: the repository is not listed.
    assert!(words(&d).contains("`acme/shop` is not listed"), "{}", words(&d));
    inside(&mut e.job).former_names.push("acme/store".to_owned());
    let (d, plan) = planned(&e);
    assert!(d.root_cause.unwrap().sentence.contains("registers `acme/store` anew"));
    let new = new_policy(&plan).unwrap();
    assert!(!new.contains("acme/store") && new.contains("acme/shop"), "{new}");
}

#[test]
fn every_cure_of_every_scenario_admits_nobody_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("causes");
    let mut tried = 0;
    for rule in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(rule.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|e| e != "toml") {
                continue;
            }
            let e = Scenario::parse(&std::fs::read_to_string(&path).unwrap()).unwrap().evidence().unwrap();
            let d = diagnose(&e);
            for action in all(&d).iter().flat_map(|f| &f.cures).flat_map(|c| &c.actions) {
                if let Action::SetTrustPolicy { role, document } = action {
                    tried += 1;
                    assert_eq!(widens(&e, role, document), None, "{}", path.display());
                }
            }
        }
    }
    assert!(tried > 15, "{tried} cures");
}

#[test]
fn a_clock_that_is_off_proves_nothing() {
    let hour = 3600;
    let clock = |ahead: i64| known(Clock { server: "https://sts.us-west-2.amazonaws.com".to_owned(), ahead });
    let expiring = |now: i64, clock: Observed<Clock>| {
        let mut e = evidence("story", "x: y");
        e.exchange = Observed::default();
        e.now += now;
        e.clock = clock;
        // A token whose times say nothing of now.
        token(&mut e).iat = None;
        e
    };
    // Two hours ahead of everybody, the token seems to have expired an hour ago; it has not.
    let d = diagnose(&expiring(2 * hour, clock(-2 * hour)));
    assert!(d.root_cause.is_none(), "{:?}", d.root_cause);
    let told = |d: &Diagnosis| d.links.iter().any(|l| l.saw.contains("clock is 120 minutes ahead"));
    assert!(told(&d), "{:?}", d.links);
    // It has, and somebody else says so too.
    let d = diagnose(&expiring(2 * hour, clock(0)));
    let root = d.root_cause.unwrap();
    assert_eq!((root.name(), root.confidence), ("token-too-old-or-expired", Confidence::Proven));
    // With our clock as the only witness.
    let root = diagnose(&expiring(2 * hour, Observed::default())).root_cause.unwrap();
    assert_eq!(root.confidence, Confidence::Likely);
    assert!(root.decide.unwrap().contains("clock"));
    // Behind everybody, it seems to be good; it is not.
    let d = diagnose(&expiring(0, clock(2 * hour)));
    assert_eq!(d.root_cause.unwrap().name(), "token-too-old-or-expired");
    // STS's own word is enough.
    let mut e = evidence("story", "ExpiredTokenException: Token expired");
    e.now += 2 * hour;
    (e.clock, token(&mut e).iat) = (Observed::default(), None);
    assert_eq!(diagnose(&e).root_cause.unwrap().confidence, Confidence::Proven);
    // A token that the cluster has just minted tells its time.
    let mut e = evidence("story", "x: y");
    (e.exchange, e.clock) = (Observed::default(), Observed::default());
    e.now += 2 * hour;
    assert!(diagnose(&e).root_cause.is_none());
}

#[test]
fn a_certificate_is_not_expired_by_our_clock_alone() {
    let at = |clock: Observed<Clock>| {
        let mut e = evidence("story", "x: y");
        (e.exchange, e.clock) = (Observed::default(), clock);
        token(&mut e).iat = None;
        token(&mut e).exp = None;
        // Certificates of the test kit end long before this.
        e.now = 70_000_000_000;
        diagnose(&e).root_cause.map(|f| (f.name().to_owned(), f.confidence))
    };
    let named = |confidence| Some(("issuer-tls-certificate-invalid-for-host".to_owned(), confidence));
    assert_eq!(at(Observed::default()), named(Confidence::Likely));
    let clock = |ahead| known(Clock { server: "sts".to_owned(), ahead });
    assert_eq!(at(clock(0)), named(Confidence::Proven));
    assert_eq!(at(clock(1_658_239_200 - 70_000_000_000)), None);
}
