//! The odd one out: what is nearly what it is to be, and which of two halves is the wrong one.

use super::{causes, places, report, report_in};

const A: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AB12";
const B: &str = "oidc.eks.eu-west-1.amazonaws.com/id/CD34";

/// A role of this name in the account 111122223333, whose policy has this principal and these keys' issuer.
fn role(name: &str, federated: &str, keys: &str) -> String {
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{federated}");
    let sub = "system:serviceaccount:shop:reader";
    format!(
        "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: {name}\n      \
         AssumeRolePolicyDocument:\n        Statement:\n          - Effect: Allow\n            Principal: {{Federated: \
         '{provider}'}}\n            Action: sts:AssumeRoleWithWebIdentity\n            Condition: {{StringEquals: \
         {{'{keys}:sub': '{sub}', '{keys}:aud': sts.amazonaws.com}}}}\n"
    )
}

fn provider(url: &str) -> String {
    format!(
        "  Provider: {{Type: AWS::IAM::OIDCProvider, Properties: {{Url: '{url}', \
         ClientIdList: [sts.amazonaws.com]}}}}\n"
    )
}

fn account(role: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: reader\n  namespace: shop\n  annotations:\n    \
         eks.amazonaws.com/role-arn: {role}\n"
    )
}

const READER: &str = "arn:aws:iam::111122223333:role/reader";

#[test]
fn the_principal_is_wrong_where_the_keys_and_the_provider_agree() {
    for more in [provider(&format!("https://{A}")), String::new()] {
        let template = role("reader", B, A) + &more;
        let found = report(&[("role.yaml", &template), ("sa.yaml", &account(READER))]);
        assert_eq!(causes(&found), ["federated-arn-wrong-provider"], "{more}");
        assert_eq!(found.findings[0].at.line, 9, "{more}");
    }
    // The provider that is declared is the principal's: the keys are wrong.
    let template = role("reader", B, A) + &provider(&format!("https://{B}"));
    let found = report(&[("role.yaml", &template), ("sa.yaml", &account(READER))]);
    assert_eq!((causes(&found), found.findings[0].at.line), (vec!["condition-key-not-issuer-path"], 11));
}

#[test]
fn a_provider_of_nearly_the_address() {
    for (cause, url) in [
        ("issuer-trailing-slash-mismatch", format!("https://{A}/")),
        ("wrong-region-in-issuer-host", format!("https://{}", A.replace("eu-west-1", "eu-west-2"))),
    ] {
        let template = role("reader", A, A) + &provider(&url);
        let found = report(&[("role.yaml", &template), ("sa.yaml", &account(READER))]);
        assert_eq!(causes(&found), [cause], "{:?}", found.undetermined);
        assert_eq!(found.findings[0].at.line, 12);
    }
    let of = |url: &str| {
        let template = role("reader", A, A) + &provider(url);
        report(&[("role.yaml", &template), ("sa.yaml", &account(READER))])
    };
    // Another cluster's: its own may be declared elsewhere.
    let other = of(&format!("https://{B}"));
    assert!(causes(&other).is_empty() && other.undetermined.len() == 1, "{other:#?}");
    for fine in ["https://token.actions.githubusercontent.com", "!Ref Url", &format!("https://{A}")] {
        let found = of(fine);
        assert!(causes(&found).is_empty() && found.undetermined.is_empty(), "{fine}: {found:#?}");
    }
}

#[test]
fn a_role_of_nearly_the_name() {
    let template = role("reader", A, A) + &provider(&format!("https://{A}"));
    let of = |arn: &str| report(&[("role.yaml", &template), ("sa.yaml", &account(arn))]);
    let found = of("arn:aws:iam::111122223333:role/raeder");
    assert_eq!((causes(&found), places(&found)), (vec!["role-does-not-exist"], vec!["sa.yaml:7:33".to_owned()]));
    assert!(causes(&of("arn:aws:iam::111122223333:role/platform")).is_empty());
    // Somebody else has it by its name.
    let both =
        format!("{}---\n{}", account("arn:aws:iam::111122223333:role/raeder"), account(READER).replace("shop", "b"));
    assert!(!causes(&report(&[("role.yaml", &template), ("sa.yaml", &both)])).contains(&"role-does-not-exist"));
}

const TERRAFORM: &str = r#"
provider "aws" { allowed_account_ids = ["111122223333"] }
resource "aws_iam_role" "reader" {
  name = "reader"
  assume_role_policy = jsonencode({ Statement = [{
    Effect = "Allow"
    Action = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12" }
    Condition = { StringEquals = {
      "oidc.eks.eu-west-1.amazonaws.com/id/AB12:sub" = "system:serviceaccount:shop:reader"
      "oidc.eks.eu-west-1.amazonaws.com/id/AB12:aud" = "sts.amazonaws.com"
    } }
  }] })
}
"#;

#[test]
fn the_account_that_fewer_places_name_is_the_wrong_one() {
    let wrong = account("arn:aws:iam::444455556666:role/reader");
    let found = report(&[("main.tf", TERRAFORM), ("sa.yaml", &wrong)]);
    assert_eq!((causes(&found), places(&found)), (vec!["role-arn-wrong-account"], vec!["sa.yaml:7:33".to_owned()]));
    let template = role("reader", A, A);
    let more = template.clone().replace("Resources:\n  Role:", "Resources:\n  Second:").replace("reader", "second");
    let found = report(&[("a.yaml", &template), ("b.yaml", &more), ("sa.yaml", &wrong)]);
    assert_eq!((causes(&found), places(&found)), (vec!["role-arn-wrong-account"], vec!["sa.yaml:7:33".to_owned()]));
    // One place each: which of the two is wrong is left to who knows.
    let found = report(&[("a.yaml", &template), ("sa.yaml", &wrong)]);
    assert_eq!(causes(&found), ["federated-arn-wrong-account"]);
    assert!(found.findings[0].finding.decide.is_some() && found.findings[0].finding.cures.is_empty());
}

#[test]
fn branches_on_which_a_job_never_runs() {
    let flow = |on: &str| {
        format!(
            "on: {on}\npermissions: {{id-token: write}}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {{uses: \
             aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: \
             'arn:aws:iam::111122223333:role/reader', aws-region: x}}}}\n"
        )
    };
    let github = "token.actions.githubusercontent.com";
    let template = role("reader", github, github)
        .replace("system:serviceaccount:shop:reader", "repo:acme/shop:ref:refs/heads/main");
    let of = |on: &str| report_in(&[(".github/workflows/a.yml", &flow(on)), ("r.yaml", &template)], Some("acme/shop"));
    for on in [
        "{push: {branches-ignore: [main]}}",
        "{push: {branches-ignore: ['ma*']}}",
        "{push: {branches: ['**', '!main']}}",
        "{push: {tags-ignore: [v0]}}",
    ] {
        assert_eq!(causes(&of(on)), ["gha-sub-branch-or-tag-not-allowed"], "{on}");
    }
    for on in ["{push: {branches-ignore: [dev]}}", "{push: {branches: ['!main', '**']}}", "{push: {branches: [main]}}"]
    {
        assert!(causes(&of(on)).is_empty(), "{on}: {:#?}", of(on).findings);
    }
}

#[test]
fn a_job_of_gitlab_that_never_gets_in() {
    let template = role("deploy", "gitlab.com", "gitlab.com")
        .replace("system:serviceaccount:shop:reader", "project_path:acme/shop:ref_type:branch:ref:master");
    let job = |token: &str, branch: &str| {
        format!(
            "deploy:\n  id_tokens: {{T: {{aud: sts.amazonaws.com}}}}\n  variables: {{AWS_ROLE_ARN: \
             'arn:aws:iam::111122223333:role/deploy', AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/t}}\n  script:\n    - echo \
             \"${token}\" > /tmp/t\n  rules:\n    - if: $CI_COMMIT_BRANCH == \"{branch}\"\n"
        )
    };
    let of = |job: &str| report_in(&[(".gitlab-ci.yml", job), ("r.yaml", &template)], Some("acme/shop"));
    assert!(causes(&of(&job("T", "master"))).is_empty(), "{:#?}", of(&job("T", "master")));
    assert_eq!(causes(&of(&job("T", "main"))), ["trust-condition-not-met"]);
    let removed = of(&job("CI_JOB_JWT", "master"));
    assert_eq!(
        (causes(&removed), places(&removed)),
        (vec!["ci-job-does-not-request-token"], vec![".gitlab-ci.yml:5:7".to_owned()])
    );
    // Where no token is asked for, none has a wrong audience.
    let unasked = job("T", "master").replace("  id_tokens: {T: {aud: sts.amazonaws.com}}\n", "");
    let other = template.replace("sts.amazonaws.com", "https://gitlab.com");
    let found = report_in(&[(".gitlab-ci.yml", &unasked), ("r.yaml", &other)], Some("acme/shop"));
    assert_eq!(causes(&found), ["ci-job-does-not-request-token"], "{:#?}", found.findings);
}

#[test]
fn what_follows_from_a_wrong_key_is_not_told_again() {
    let github = "token.actions.githubusercontent.com";
    let template = role("reader", github, github)
        .replace(&format!("{github}:sub"), &format!("https://{github}:sub"))
        .replace("system:serviceaccount:shop:reader", "repo:acme/shop:ref:refs/heads/main");
    let found = report(&[("r.yaml", &template)]);
    assert_eq!(causes(&found), ["https-prefix-in-arn-or-condition-key"], "{:#?}", found.findings);
    assert_eq!(found.findings[0].at.line, 11);
}
