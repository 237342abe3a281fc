//! Causes that files alone decide: found where the file is broken, at the right place, and not in its twin.

use super::{causes, report, report_in};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789";

/// A role in a template of CloudFormation, with this principal, action and condition.
fn role(principal: &str, action: &str, condition: &str) -> String {
    format!(
        "Resources:\n  Reader:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: reader\n      \
         AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: \
         Allow\n            \
         Principal: {principal}\n            Action: {action}\n            Condition: {condition}\n"
    )
}

fn federated(issuer: &str) -> String {
    format!("{{Federated: 'arn:aws:iam::111122223333:oidc-provider/{issuer}'}}")
}

const WEB: &str = "sts:AssumeRoleWithWebIdentity";

fn eks(condition: &str) -> String {
    role(&federated(ISSUER), WEB, &condition.replace("ISSUER", ISSUER))
}

fn account(annotation: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: reader\n  namespace: shop\n  \
            annotations:\n    {annotation}\n"
    )
}

fn annotated() -> String {
    account("eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/reader")
}

const SOUND: &str =
    "{StringEquals: {'ISSUER:sub': 'system:serviceaccount:shop:reader', 'ISSUER:aud': sts.amazonaws.com}}";

#[test]
fn a_policy_that_does_not_fit_its_service_account() {
    let cases: &[(&str, &str)] = &[
        ("sub-wrong-service-account", &SOUND.replace("shop:reader", "shop:reader-sa")),
        ("sub-wrong-namespace", &SOUND.replace("shop:reader", "prod:reader")),
        ("wildcard-with-stringequals", &SOUND.replace("shop:reader", "shop:*")),
        ("audience-condition-wrong-in-trust-policy", &SOUND.replace("sts.amazonaws.com}", "kubernetes}")),
        ("audience-confused-with-sts-endpoint", &SOUND.replace("sts.amazonaws.com}", "sts.eu-west-1.amazonaws.com}")),
        ("https-prefix-in-arn-or-condition-key", &SOUND.replace("ISSUER:", "https://ISSUER:")),
        ("condition-key-missing-sub-suffix", &SOUND.replace("ISSUER:sub", "ISSUER")),
        (
            "condition-key-not-issuer-path",
            &SOUND.replace(
                "ISSUER:",
                "arn:aws:iam::111122223333:oidc-provider/\
            ISSUER:",
            ),
        ),
        (
            "sub-value-under-aud-key",
            &SOUND
                .replace("ISSUER:sub", "ISSUER:x")
                .replace("ISSUER:aud", "ISSUER:sub")
                .replace("ISSUER:x", "ISSUER:aud"),
        ),
        (
            "wrong-region-in-issuer-host",
            &SOUND.replace("ISSUER:", &ISSUER.replace("eu-west-1", "eu-west-2")).replace("6789'", "6789:sub'"),
        ),
        ("issuer-trailing-slash-mismatch", &SOUND.replace("ISSUER:", "ISSUER/:")),
        ("condition-key-claim-not-supported-by-iam", &SOUND.replace("ISSUER:aud", "ISSUER:email")),
        ("iss-condition-value-wrong-scheme", &SOUND.replace("ISSUER:aud': sts.amazonaws.com", "ISSUER:iss': ISSUER")),
    ];
    let twin = report(&[("iam/role.yaml", &eks(SOUND)), ("k8s/sa.yaml", &annotated())]);
    assert!(causes(&twin).is_empty() && twin.undetermined.is_empty(), "{twin:#?}");
    let mut wrong = Vec::new();
    for (cause, condition) in cases.iter().filter(|(cause, _)| *cause != "wrong-region-in-issuer-host") {
        let found = report(&[("iam/role.yaml", &eks(condition)), ("k8s/sa.yaml", &annotated())]);
        if causes(&found) != [*cause] {
            wrong.push(format!("{cause}: {:?} {:?}", causes(&found), found.undetermined));
        }
        for finding in &found.findings {
            assert_eq!((finding.at.file.as_str(), finding.at.line), ("iam/role.yaml", 12), "{cause}");
            assert!(finding.related.iter().any(|r| r.at.file == "k8s/sa.yaml"), "{cause}");
        }
        // The policy by itself is judged too, as far as it says it itself.
        let alone = report(&[("iam/role.yaml", &eks(condition))]);
        if causes(&alone).iter().any(|c| c != cause) {
            wrong.push(format!("{cause} alone: {:?}", causes(&alone)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_policy_of_another_principal_or_action() {
    let condition = SOUND.replace("ISSUER", ISSUER);
    let policy = |principal: &str, action: &str| role(principal, action, &condition);
    for (cause, template) in [
        ("trust-policy-wrong-action", policy(&federated(ISSUER), "sts:AssumeRole")),
        ("trust-policy-lacks-web-identity-statement", role("{Service: ec2.amazonaws.com}", "sts:AssumeRole", "{}")),
        ("federated-arn-wrong-account", policy(&federated(ISSUER).replace("111122223333", "444455556666"), WEB)),
        ("https-prefix-in-arn-or-condition-key", policy(&federated(&format!("https://{ISSUER}")), WEB)),
        ("federated-principal-malformed", policy(&format!("{{Federated: '{ISSUER}'}}"), WEB)),
    ] {
        let found = report(&[("role.yaml", &template), ("sa.yaml", &annotated())]);
        assert_eq!(causes(&found), [cause], "{template} {:?}", found.undetermined);
    }
}

#[test]
fn annotations_that_name_no_role() {
    let template = eks(SOUND);
    for (cause, annotation, line) in [
        ("annotation-key-wrong", "eks.amazonaws.com/rolearn: arn:aws:iam::111122223333:role/reader", 7),
        (
            "role-arn-malformed-or-not-a-role",
            "eks.amazonaws.com/role-arn: \
            arn:aws:iam::111122223333:policy/reader",
            7,
        ),
        ("role-arn-malformed-or-not-a-role", "eks.amazonaws.com/role-arn: reader", 7),
        ("role-arn-malformed-or-not-a-role", "eks.amazonaws.com/role-arn: arn:aws:iam::${ACCOUNT}:policy/reader", 7),
        ("annotation-missing-on-service-account", "team: shop", 4),
    ] {
        let found = report(&[("role.yaml", &template), ("sa.yaml", &account(annotation))]);
        assert_eq!(causes(&found), [cause], "{annotation}: {:?}", found.undetermined);
        assert_eq!((found.findings[0].at.file.as_str(), found.findings[0].at.line), ("sa.yaml", line), "{annotation}");
    }
    // Nothing waits for it: nothing lacks.
    assert!(causes(&report(&[("sa.yaml", &account("team: shop"))])).is_empty());
}

#[test]
fn a_role_on_the_pods_and_not_on_their_account() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: reader, namespace: shop}\n\
        spec:\n  template:\n    \
                      metadata:\n      annotations:\n        eks.amazonaws.com/role-arn: \
                      arn:aws:iam::111122223333:role/reader\n    \
                      spec:\n      serviceAccountName: reader\n      containers: [{name: a, image: b}]\n";
    let found = report(&[("role.yaml", &eks(SOUND)), ("sa.yaml", &account("a: b")), ("d.yaml", deployment)]);
    assert_eq!(causes(&found), ["annotation-on-pod-not-service-account"]);
    assert_eq!((found.findings[0].at.file.as_str(), found.findings[0].at.line), ("d.yaml", 8));
}

/// A workflow whose job has these lines before its steps.
fn workflow(on: &str, lines: &str) -> String {
    format!(
        "on: {on}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n{lines}    steps:\n      - uses: \
         aws-actions/configure-aws-credentials@v4\n        with:\n          role-to-assume: \
         arn:aws:iam::111122223333:role/reader\n          aws-region: eu-west-1\n"
    )
}

const GITHUB: &str = "token.actions.githubusercontent.com";
const MAY_ASK: &str = "    permissions: {id-token: write, contents: read}\n";

fn github(sub: &str, operator: &str) -> String {
    let condition =
        format!("{{StringEquals: {{'{GITHUB}:aud': sts.amazonaws.com}}, {operator}: {{'{GITHUB}:sub': '{sub}'}}}}");
    let condition = if operator == "StringEquals" {
        format!("{{StringEquals: {{'{GITHUB}:aud': sts.amazonaws.com, '{GITHUB}:sub': '{sub}'}}}}")
    } else {
        condition
    };
    role(&federated(GITHUB), WEB, &condition)
}

#[test]
fn jobs_that_a_role_does_not_admit() {
    let main = "{push: {branches: [main]}}";
    let environment = "    environment: production\n";
    for (cause, on, lines, sub, operator) in [
        (
            "gha-sub-environment-vs-ref",
            main,
            [MAY_ASK, environment].concat(),
            "repo:acme/shop:ref:refs/heads/main",
            "StringEquals",
        ),
        (
            "gha-sub-environment-vs-ref",
            main,
            MAY_ASK.to_owned(),
            "repo:acme/shop:environment:production",
            "StringEquals",
        ),
        (
            "gha-sub-branch-or-tag-not-allowed",
            main,
            MAY_ASK.to_owned(),
            "repo:acme/shop:ref:refs/heads/release",
            "StringEquals",
        ),
        (
            "gha-sub-branch-or-tag-not-allowed",
            "pull_request",
            MAY_ASK.to_owned(),
            "repo:acme/shop:ref:refs/heads/main",
            "StringEquals",
        ),
        ("wildcard-with-stringequals", main, MAY_ASK.to_owned(), "repo:acme/shop:*", "StringEquals"),
        ("gha-sub-no-trailing-context", main, MAY_ASK.to_owned(), "repo:acme/shop", "StringEquals"),
        (
            "gha-id-token-permission-missing",
            main,
            "    permissions: {contents: read}\n".to_owned(),
            "repo:acme/shop:*",
            "StringLike",
        ),
    ] {
        let files = [(".github/workflows/deploy.yml", workflow(on, &lines)), ("role.yaml", github(sub, operator))];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        let found = report(&files);
        assert_eq!(causes(&found), [cause], "{sub}: {:?}", found.undetermined);
    }
    let twin = report(&[
        (".github/workflows/deploy.yml", &workflow(main, MAY_ASK)),
        ("role.yaml", &github("repo:acme/shop:ref:refs/heads/main", "StringEquals")),
    ]);
    assert!(causes(&twin).is_empty() && twin.undetermined.is_empty(), "{twin:#?}");
    let of_another = report_in(
        &[
            (".github/workflows/deploy.yml", &workflow(main, MAY_ASK)),
            ("role.yaml", &github("repo:Acme/shop:ref:refs/heads/main", "StringEquals")),
        ],
        Some("acme/shop"),
    );
    assert_eq!(causes(&of_another), ["gha-sub-case-mismatch"]);
}

#[test]
fn the_callers_permission_is_blamed_and_not_the_called_workflow() {
    let called = workflow("workflow_call", MAY_ASK);
    let calling = "on: {push: {branches: [main]}}\npermissions:\n  contents: read\njobs:\n  go:\n    uses: \
        ./.github/workflows/called.yml\n";
    let found = report(&[
        (".github/workflows/called.yml", &called),
        (".github/workflows/main.yml", calling),
        ("role.yaml", &github("repo:acme/shop:*", "StringLike")),
    ]);
    assert_eq!(causes(&found), ["gha-id-token-permission-missing"], "{:?}", found.undetermined);
    assert_eq!((found.findings[0].at.file.as_str(), found.findings[0].at.line), (".github/workflows/main.yml", 3));
}

#[test]
fn callers_that_say_nothing_of_permissions_are_no_pass() {
    let called = workflow("workflow_call", MAY_ASK);
    let silent = "on: {push: {branches: [main]}}\njobs:\n  go:\n    uses: ./.github/workflows/called.yml\n";
    let of = |calling: &str| {
        report(&[
            (".github/workflows/called.yml", &called),
            (".github/workflows/main.yml", calling),
            ("role.yaml", &github("repo:acme/shop:*", "StringLike")),
        ])
    };
    let found = of(silent);
    assert!(causes(&found).is_empty());
    assert_eq!(found.undetermined.len(), 1, "{:?}", found.undetermined);
    assert!(found.undetermined[0].text.contains("TW014"), "{:?}", found.undetermined);
    assert_eq!(found.undetermined[0].at.as_ref().unwrap().file, ".github/workflows/main.yml");
    let spoken = of(&silent.replace("jobs:", "permissions: {id-token: write}\njobs:"));
    assert!(spoken.undetermined.is_empty() && causes(&spoken).is_empty(), "{:?}", spoken.undetermined);
}

#[test]
fn what_iam_does_not_save() {
    let open = role(&federated(GITHUB), WEB, &format!("{{StringEquals: {{'{GITHUB}:aud': sts.amazonaws.com}}}}"));
    assert_eq!(causes(&report(&[("role.yaml", &open)])), ["iam-rejects-trust-policy-without-required-claim"]);
    let many: Vec<String> = (0..60).map(|n| format!("'system:serviceaccount:shop:reader-number-{n}'")).collect();
    let long = eks(&SOUND.replace("'system:serviceaccount:shop:reader'", &format!("[{}]", many.join(", "))));
    assert_eq!(causes(&report(&[("role.yaml", &long)])), ["trust-policy-size-quota"]);
}

#[test]
fn a_provider_that_does_not_know_the_audience() {
    let provider = "  Provider:\n    Type: AWS::IAM::OIDCProvider\n    Properties:\n      Url: \
        https://token.actions.githubusercontent.com\n      ClientIdList: [AUD]\n";
    let template = github("repo:acme/shop:ref:refs/heads/main", "StringEquals") + provider;
    let flow = workflow("{push: {branches: [main]}}", MAY_ASK);
    let of = |aud: &str| {
        let template = template.replace("AUD", aud);
        report(&[("role.yaml", &template), (".github/workflows/a.yml", &flow)])
    };
    let found = of("https://github.com/acme");
    assert_eq!(causes(&found), ["audience-not-in-provider-client-ids"], "{found:#?}");
    assert!(causes(&of("sts.amazonaws.com")).is_empty());
}

#[test]
fn an_association_whose_role_does_not_let_eks_in() {
    let template = |actions: &str| {
        role("{Service: pods.eks.amazonaws.com}", actions, "{}")
            + "  Association:\n    Type: AWS::EKS::PodIdentityAssociation\n    Properties: {ClusterName: prod, \
                Namespace: shop, \
               ServiceAccount: reader, RoleArn: !GetAtt Reader.Arn}\n"
    };
    for wrong in ["sts:AssumeRole", "[sts:TagSession]"] {
        let found = report(&[("a.yaml", &template(wrong))]);
        assert_eq!(causes(&found), ["role-does-not-trust-pod-identity"], "{found:#?}");
    }
    let sound = report(&[("a.yaml", &template("[sts:AssumeRole, sts:TagSession]"))]);
    assert!(causes(&sound).is_empty() && sound.undetermined.is_empty(), "{sound:#?}");
}

#[test]
fn workloads_whose_own_settings_are_in_the_way() {
    let deployment = |pod: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: reader, namespace: shop}}\nspec:\n  \
                template:\n{pod}"
        )
    };
    let with = |env: &str| {
        deployment(&format!(
            "    spec:\n      serviceAccountName: reader\n      containers:\n        - name: app\n          \
                image: app\n          \
             env:\n            - {env}\n"
        ))
    };
    for (cause, text, line) in [
        (
            "env-preset-in-pod-blocks-mutation",
            with("{name: AWS_ROLE_ARN, value: 'arn:aws:iam::111122223333:role/reader'}"),
            12,
        ),
        ("static-or-other-credentials-take-precedence", with("{name: AWS_ACCESS_KEY_ID, value: EXAMPLE}"), 12),
    ] {
        let found = report(&[("role.yaml", &eks(SOUND)), ("sa.yaml", &annotated()), ("d.yaml", &text)]);
        assert_eq!(causes(&found), [cause], "{:?}", found.undetermined);
        assert_eq!((found.findings[0].at.file.as_str(), found.findings[0].at.line), ("d.yaml", line), "{cause}");
    }
    let sound = with("{name: AWS_REGION, value: eu-west-1}");
    let found = report(&[("role.yaml", &eks(SOUND)), ("sa.yaml", &annotated()), ("d.yaml", &sound)]);
    assert!(causes(&found).is_empty(), "{found:#?}");
}
