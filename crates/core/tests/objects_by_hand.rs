//! Kubernetes objects and targets as people leave them: what is named, how surely, and what is not claimed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use trustwalk_core::diagnosis::{Diagnosis, LinkState, diagnose};
use trustwalk_core::evidence::{
    EnvVar, Evidence, InjectionProbe, Observed, Pod, ROLE_ANNOTATION, ServiceAccount, Source, Target, Webhook,
};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::link::Link;
use trustwalk_core::plan::{Action, build};
use trustwalk_testkit::Scenario;

fn healthy() -> Evidence {
    Scenario::parse("base = \"story\"\nexpect = \"pass\"").unwrap().evidence().unwrap()
}

fn known<T>(value: T) -> Observed<T> {
    Observed::Known { value, source: Source::default() }
}

fn inside<T>(observed: &mut Observed<T>) -> &mut T {
    let Observed::Known { value, .. } = observed else { panic!("not known") };
    value
}

fn account(e: &mut Evidence) -> &mut ServiceAccount {
    inside(&mut e.service_account)
}

fn pods(e: &mut Evidence) -> &mut Vec<Pod> {
    inside(&mut e.pods)
}

/// Evidence in which the service account's annotation is this and STS refused it.
fn told(arn: &str) -> Evidence {
    let mut e = healthy();
    account(&mut e).annotations.insert(ROLE_ANNOTATION.to_owned(), arn.to_owned());
    for pod in pods(&mut e) {
        for variable in pod.spec.containers.iter_mut().flat_map(|c| &mut c.env) {
            if variable.name() == "AWS_ROLE_ARN" {
                *variable = EnvVar::new("AWS_ROLE_ARN".to_owned(), Some(arn.to_owned()), None);
            }
        }
    }
    e.role_arn = known(arn.to_owned());
    let exchange = inside(&mut e.exchange);
    exchange.assumed = None;
    exchange.status = 403;
    exchange.code = Some("AccessDenied".to_owned());
    exchange.message = Some("Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned());
    e
}

fn found(d: &Diagnosis) -> Vec<&str> {
    d.root_cause.iter().chain(&d.also).map(Finding::name).collect()
}

fn state(d: &Diagnosis, link: Link) -> LinkState {
    d.links.iter().find(|l| l.link == link).unwrap().state
}

#[test]
fn an_arn_with_something_around_it_is_named_alone_and_put_right() {
    let real = healthy().role.known().unwrap().arn.clone();
    for (arn, words) in [
        (format!("{real} "), "blank or a line break"),
        (format!("{real}\n"), "blank or a line break"),
        (format!("\"{real}\""), "quotes"),
    ] {
        let e = told(&arn);
        let d = diagnose(&e);
        assert_eq!(found(&d), ["role-arn-malformed-or-not-a-role"], "{arn:?}");
        let sentence = &d.root_cause.as_ref().unwrap().sentence;
        assert!(sentence.contains(words) && !sentence.contains('\n'), "{sentence}");
        let plan = build(&e, &d);
        let action = plan.steps.first().map(|s| s.action.clone());
        assert!(matches!(action, Some(Action::Annotate { value: Some(v), .. }) if v == real), "{plan:?}");
    }
}

#[test]
fn an_arn_of_another_path_or_partition_names_no_role() {
    let real = healthy().role.known().unwrap().arn.clone();
    for arn in [real.replace("role/", "role/service/"), real.replace("arn:aws:", "arn:aws-cn:")] {
        let d = diagnose(&told(&arn));
        assert_eq!(found(&d), ["role-does-not-exist"], "{arn}");
        assert!(d.root_cause.unwrap().sentence.contains(&real));
    }
}

#[test]
fn an_annotation_taken_away_is_told_while_the_pods_still_work() {
    for empty in [false, true] {
        let mut e = healthy();
        let sa = account(&mut e);
        sa.annotations.remove(ROLE_ANNOTATION);
        if empty {
            sa.annotations.insert(ROLE_ANNOTATION.to_owned(), String::new());
        }
        let d = diagnose(&e);
        assert_eq!(found(&d), ["annotation-missing-on-service-account"]);
        assert!(!build(&e, &d).steps.is_empty(), "the role is known from the pods");
    }
}

#[test]
fn a_service_account_that_is_gone_is_a_finding() {
    let mut e = healthy();
    e.service_account = Observed::Absent { source: Source::default() };
    e.token = Observed::Absent { source: Source::default() };
    e.exchange = Observed::default();
    let d = diagnose(&e);
    assert_eq!(found(&d), ["annotation-missing-on-service-account"]);
    assert!(d.root_cause.as_ref().unwrap().sentence.contains("does not exist"));
    assert_eq!(state(&d, Link::Token), LinkState::Undetermined, "a token that is not there proves nothing");
}

#[test]
fn a_target_that_does_not_exist_leaves_one_question() {
    let e = healthy();
    let mut none = Evidence::new(e.target.clone(), e.now);
    none.workload =
        Observed::Absent { source: Source { what: "DaemonSet kube-system/x".to_owned(), ..Source::default() } };
    let d = diagnose(&none);
    assert_eq!(d.undetermined, ["DaemonSet kube-system/x does not exist"]);
    assert!(d.links.iter().all(|l| l.state != LinkState::Pass), "{:?}", d.links);
}

#[test]
fn containers_left_out_by_name_are_not_called_older_than_the_webhook() {
    let mut e = healthy();
    for pod in pods(&mut e) {
        let names: Vec<String> = pod.spec.containers.iter().map(|c| c.name.clone()).collect();
        pod.spec.annotations.insert("eks.amazonaws.com/skip-containers".to_owned(), names.join(","));
        for container in &mut pod.spec.containers {
            container.env.retain(|v| !v.name().starts_with("AWS_"));
        }
    }
    let d = diagnose(&e);
    assert_eq!(found(&d), ["container-skipped-by-annotation"]);
    assert!(d.root_cause.unwrap().sentence.contains("skip-containers"));
}

#[test]
fn a_failure_policy_that_stops_new_pods_is_told_while_old_ones_run() {
    for why in ["no endpoints available for service \"w\"", "context deadline exceeded"] {
        let mut e = healthy();
        refuse_probe(&mut e, "iam-for-pods.amazonaws.com", why);
        assert_eq!(found(&diagnose(&e)), ["webhook-absent-or-not-running"], "{why}");
    }
}

#[test]
fn versions_of_the_review_are_told_apart_from_a_webhook_that_does_not_answer() {
    const WORDS: &str = "500: Internal error occurred: failed calling webhook \"iam-for-pods.amazonaws.com\": received \
                         invalid webhook response: expected webhook response of admission.k8s.io/v1, \
                         Kind=AdmissionReview, got /, Kind=";
    let mut e = healthy();
    e.injection_probe = known(InjectionProbe { error: Some(WORDS.to_owned().into()), ..InjectionProbe::default() });
    let root = diagnose(&e).root_cause.unwrap();
    assert_eq!((root.name(), root.confidence), ("webhook-misconfigured-api-version", Confidence::Proven));
    // Without the registrations it is not known whose webhook that is.
    e.webhooks = Observed::default();
    let d = diagnose(&e);
    assert!(found(&d).is_empty() && d.undetermined.iter().any(|u| format!("{u:?}").contains("iam-for-pods")), "{d:?}");
}

#[test]
fn of_a_webhook_by_url_neither_version_nor_certificate_is_guessed() {
    // As a webhook at the API server's own loopback is read: neither image nor certificate.
    let by_url = |change: &dyn Fn(&mut Webhook)| {
        let mut e = healthy();
        for pod in pods(&mut e) {
            for container in &mut pod.spec.containers {
                container.env.retain(|v| !v.name().starts_with("AWS_"));
            }
        }
        e.injection_probe = known(InjectionProbe::default());
        for hook in inside(&mut e.webhooks) {
            hook.review_versions = vec!["v1".to_owned(), "v1beta1".to_owned()];
            (hook.image, hook.ca_verifies) = (None, None);
            "https://127.0.0.1:9443/mutate".clone_into(&mut hook.endpoint);
            change(hook);
        }
        diagnose(&e)
    };
    let both = ["webhook-misconfigured-api-version", "webhook-misconfigured-cabundle"];
    let d = by_url(&|_| {});
    let told: Vec<&Finding> = d.root_cause.iter().chain(&d.also).chain(&d.possible).collect();
    let mut names: Vec<&str> = told.iter().map(|f| f.name()).collect();
    names.sort_unstable();
    assert_eq!(names, both);
    assert!(told.iter().all(|f| f.confidence == Confidence::Possible && f.decide.is_some()), "{told:?}");
    assert!(told.iter().any(|f| f.sentence.contains("127.0.0.1:9443")), "{told:?}");
    // What was read of either decides.
    for (change, name, confidence) in [
        (&(|hook: &mut Webhook| hook.ca_verifies = Some(false)) as &dyn Fn(&mut Webhook), both[1], Confidence::Proven),
        (&|hook: &mut Webhook| hook.ca_verifies = Some(true), both[0], Confidence::Likely),
        (&|hook: &mut Webhook| hook.image = Some("hook:v0.6.11".to_owned()), both[0], Confidence::Likely),
    ] {
        let d = by_url(change);
        assert_eq!(found(&d), [name]);
        assert_eq!(d.root_cause.map(|f| f.confidence), Some(confidence), "{name}");
    }
}

#[test]
fn another_webhook_that_fails_says_nothing_about_the_one_of_the_identity() {
    for why in ["x509: certificate signed by unknown authority", "no endpoints available for service \"w\""] {
        let mut e = healthy();
        refuse_probe(&mut e, "namespace.sidecar-injector.example", why);
        assert!(found(&diagnose(&e)).is_empty(), "{why}");
        // Nor does it make a pod without identity the fault of a webhook that ignores annotations.
        for pod in pods(&mut e) {
            for container in &mut pod.spec.containers {
                container.env.retain(|v| !v.name().starts_with("AWS_"));
            }
        }
        let d = diagnose(&e);
        assert!(!found(&d).iter().any(|f| f.starts_with("webhook-")), "{why}: {:?}", found(&d));
    }
}

/// The API server's words when a webhook with `failurePolicy: Fail` cannot be called.
fn refuse_probe(e: &mut Evidence, webhook: &str, why: &str) {
    let error = format!(
        "500: Internal error occurred: failed calling webhook \"{webhook}\": failed to call webhook: Post \
         \"https://w.ns.svc:443/mutate?timeout=10s\": {why}"
    );
    e.injection_probe = known(InjectionProbe { error: Some(error.into()), ..InjectionProbe::default() });
}

#[test]
fn the_policy_that_aws_says_decided_is_named_and_no_other_is_attached() {
    let said = |why: &str| {
        let log = format!(
            "User: arn:aws:sts::111122223333:assumed-role/cni/s is not authorized to perform: \
             ec2:DescribeNetworkInterfaces {why}"
        );
        let scenario = format!("base = \"story\"\nlog = [{log:?}]\n[set]\n\"/policies/value\" = []");
        let e = trustwalk_testkit::Scenario::parse(&scenario).unwrap().evidence().unwrap();
        let d = diagnose(&e);
        let root = d.root_cause.clone().unwrap();
        (root.name(), root.sentence, build(&e, &d).steps.len())
    };
    let cases = [
        ("with an explicit deny in a service control policy", "org-policy-rcp-scp-deny", "service control policy"),
        ("because no resource control policy allows it", "org-policy-rcp-scp-deny", "resource control policy"),
        ("because no permissions boundary allows it", "permissions-boundary-lacks-action", "permissions boundary"),
        ("with an explicit deny in an identity-based policy", "role-explicitly-denied", "a Deny in one of its own"),
    ];
    for (why, name, policy) in cases {
        let (rule, sentence, steps) = said(why);
        assert_eq!((rule, steps), (name, 0), "{why}");
        assert!(sentence.contains(policy), "{sentence}");
    }
    // No policy of the role allows it: one can be attached.
    assert_eq!(said("because no identity-based policy allows it").2, 1);
}

#[test]
fn an_sdk_that_always_knew_web_identity_is_not_called_too_old() {
    let node =
        "User: arn:aws:sts::111122223333:assumed-role/node/i-0 is not authorized to perform: ec2:DescribeVolumes";
    let cases = [
        (
            format!(
                "operation error EC2: DescribeVolumes, https response error StatusCode: 403, RequestID: x, api \
                 error UnauthorizedOperation: {node}"
            ),
            "a way of its own",
        ),
        (
            format!(
                "botocore.exceptions.ClientError: An error occurred (UnauthorizedOperation) when calling the \
                 DescribeVolumes operation: {node}"
            ),
            "(botocore) knows no web identity",
        ),
    ];
    for (log, words) in cases {
        let scenario = format!("base = \"story\"\nlog = [{log:?}]");
        let e = trustwalk_testkit::Scenario::parse(&scenario).unwrap().evidence().unwrap();
        let root = diagnose(&e).root_cause.unwrap();
        assert_eq!((root.name(), root.confidence), ("app-or-sdk-lacks-web-identity-support", Confidence::Likely));
        assert!(root.sentence.contains(words), "{}", root.sentence);
    }
}

#[test]
fn keys_that_are_nowhere_are_told_of_the_issuer() {
    let at = |uri: Option<&str>| {
        let mut e = healthy();
        e.exchange = Observed::default();
        inside(&mut e.discovery).jwks_uri = uri.map(str::to_owned);
        e.keys = Observed::default().into();
        diagnose(&e).root_cause.map(|root| (root.name().to_owned(), root.confidence))
    };
    let named = |confidence| Some(("issuer-documents-not-public".to_owned(), confidence));
    assert_eq!(at(None), named(Confidence::Proven));
    assert_eq!(at(Some("http://issuer.example/keys")), named(Confidence::Likely));
    assert_eq!(at(Some("https://issuer.example/keys")), None);
}

#[test]
fn what_is_only_likely_is_not_changed() {
    let mut e = told("arn:aws:iam::999999999999:role/elsewhere");
    let real = healthy().role.known().unwrap().arn.clone();
    e.role = Observed::default().into();
    e.provider = Observed::default().into();
    e.namesake = known(real);
    let exchange = inside(&mut e.exchange);
    exchange.code = Some("InvalidIdentityToken".to_owned());
    exchange.message = Some("No OpenIDConnect provider found in your account for x".to_owned());
    let d = diagnose(&e);
    let root = d.root_cause.as_ref().unwrap();
    assert_eq!((root.name(), root.confidence), ("role-arn-wrong-account", Confidence::Likely));
    let plan = build(&e, &d);
    assert!(plan.steps.is_empty() && plan.notes.iter().any(|n| n.contains("not proven")), "{plan:?}");
}

#[test]
fn an_issuer_alone_needs_no_workload_to_be_sound() {
    let e = healthy();
    let url = e.token.known().unwrap().iss.clone().unwrap();
    let mut alone = Evidence::new(Target::Issuer { url: url.clone() }, e.now);
    alone.roots = e.roots.clone();
    alone.discovery = e.discovery.clone();
    alone.keys = e.keys.clone();
    alone.chains.clone_from(&e.chains);
    alone.provider = e.provider.clone();
    alone.providers = e.providers.clone();
    alone.caller = e.caller.clone();
    let d = diagnose(&alone);
    assert!(found(&d).is_empty() && d.undetermined.is_empty(), "{d:?}");
    // A trailing slash makes another issuer, and its provider is not the one registered.
    alone.target = Target::Issuer { url: format!("{url}/") };
    alone.provider = Observed::Absent { source: Source::default() }.into();
    let arn = e.provider.known().unwrap().arn.clone();
    alone.providers = known(vec![arn]);
    let d = diagnose(&alone);
    assert!(found(&d).contains(&"issuer-trailing-slash-mismatch"), "{:?}", found(&d));
    assert!(!found(&d).contains(&"oidc-provider-missing-in-account"));
}
