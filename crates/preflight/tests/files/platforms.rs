//! Jobs of platforms whose files tell little of their tokens: what the platform alone knows is a symbol in the form
//! that it has, and no other form passes.

use trustwalk_preflight::{Report, Standing};

use super::{causes, report};

/// A provider and a role that admits what a condition lets through.
fn role(issuer: &str, client: &str, conditions: &str) -> String {
    format!(
        "Resources:\n  Provider:\n    Type: AWS::IAM::OIDCProvider\
         \n    Properties: {{Url: 'https://{issuer}', ClientIdList: \
         ['{client}']}}\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      \
         AssumeRolePolicyDocument:\n        Statement:\n          - Effect: Allow\n            Action: \
         sts:AssumeRoleWithWebIdentity\n            Principal: {{Federated: !Ref Provider}}\n            Condition:\n\
         {conditions}"
    )
}

fn condition(operator: &str, key: &str, value: &str) -> String {
    format!("              {operator}: {{'{key}': '{value}'}}\n")
}

const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";
const BITBUCKET: &str = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
const WORKSPACE: &str = "ari:cloud:bitbucket::workspace/99999999-2222-3333-4444-555555555555";

fn bitbucket(step: &str, audience: &str, subject: &str) -> Report {
    let file = format!(
        "pipelines:\n  branches:\n    main:\n      - step:\n          name: deploy\n          {step}\
         \n          script:\n            \
         - export AWS_ROLE_ARN={ROLE}\n            - aws s3 ls\n"
    );
    let conditions = [
        condition("StringEquals", &format!("{BITBUCKET}:aud"), audience),
        condition("StringLike", &format!("{BITBUCKET}:sub"), subject),
    ];
    report(&[("bitbucket-pipelines.yml", &file), ("role.yaml", &role(BITBUCKET, WORKSPACE, &conditions.concat()))])
}

const REPOSITORY: &str = "{11111111-2222-3333-4444-555555555555}";

#[test]
fn a_workspaces_audience_is_not_that_of_an_action_of_github() {
    for step in ["oidc: true", "{oidc: true, deployment: prod}"] {
        let step = if step.starts_with('{') { "oidc: true\n          deployment: prod" } else { step };
        let found = bitbucket(step, WORKSPACE, &format!("{REPOSITORY}:*"));
        assert_eq!((causes(&found), found.identities[0].standing), (vec![], Standing::Sound), "{step}: {found:#?}");
        assert!(!found.notes.is_empty(), "what the platform alone knows is told");
    }
    let found = bitbucket("oidc: true", "sts.amazonaws.com", &format!("{REPOSITORY}:*"));
    assert_eq!(causes(&found), ["audience-condition-wrong-in-trust-policy"], "{found:#?}");
    let found = bitbucket("oidc: true", WORKSPACE, "repo:acme/app:*");
    assert!(!causes(&found).is_empty());
    let found = bitbucket("oidc: false", WORKSPACE, &format!("{REPOSITORY}:*"));
    assert_eq!(causes(&found), ["ci-job-does-not-request-token"], "one fault, one finding: {found:#?}");
    // The step by its name, and the line of its script that names the role.
    assert_eq!(found.findings[0].at.line, 5);
    assert!(found.findings[0].related.iter().any(|r| r.at.line == 8), "{:?}", found.findings[0].related);
}

fn buildkite(subject: &str) -> Report {
    plugged(subject, "")
}

/// With more settings of the plugin.
fn plugged(subject: &str, more: &str) -> Report {
    let file = format!(
        "steps:\n  - label: deploy\n    command: aws s3 ls\n    branches: main\n    plugins:\n      - \
         aws-assume-role-with-web-identity#v1.2.0:\n          role-arn: {ROLE}\n{more}"
    );
    let conditions = [
        condition("StringEquals", "agent.buildkite.com:aud", "sts.amazonaws.com"),
        condition("StringLike", "agent.buildkite.com:sub", subject),
    ];
    let role = role("agent.buildkite.com", "sts.amazonaws.com", &conditions.concat());
    report(&[(".buildkite/pipeline.yml", &file), ("role.yaml", &role)])
}

#[test]
fn a_pattern_that_leaves_its_end_open_tells_what_comes_before() {
    for subject in [
        "organization:acme:pipeline:app:*",
        "organization:acme:pipeline:app:ref:refs/heads/main:*",
        "organization:acme:*",
        "organization:*",
    ] {
        let found = buildkite(subject);
        assert_eq!(found.identities[0].standing, Standing::Sound, "{subject}: {found:#?}");
        let told = found.notes.iter().map(|n| n.text.as_str()).collect::<String>();
        assert!(!told.contains("`account`") && !told.contains("AWS::"), "what the files tell decides nothing: {told}");
    }
    for subject in ["organization:acme:pipeline:app:ref:refs/heads/dev:*", "org:acme:*", "organization:acme"] {
        assert_eq!(buildkite(subject).identities[0].standing, Standing::Broken, "{subject}");
    }
}

#[test]
fn a_token_that_carries_tags_needs_the_action_that_tags() {
    for tags in ["[organization_slug]", "\n            - organization_slug\n            - pipeline_slug"] {
        let found = plugged("organization:acme:*", &format!("          session-tags: {tags}\n"));
        assert_eq!(found.identities[0].standing, Standing::Undetermined, "{tags}: {found:#?}");
        assert!(found.undetermined.iter().any(|n| n.text.contains("sts:TagSession")), "{:?}", found.undetermined);
    }
    let none = plugged("organization:acme:*", "          session-tags: []\n");
    assert_eq!(none.identities[0].standing, Standing::Sound, "{none:#?}");
}

#[test]
fn what_the_policy_alone_tells_of_an_organization_is_counted() {
    let taken = |subject: &str| buildkite(subject).identities[0].taken.clone();
    assert_eq!(taken("organization:acme:*"), ["organization's slug"]);
    let both = taken("organization:acme:pipeline:app:*");
    assert!(both.iter().all(|name| name.ends_with("slug")) && !both.is_empty(), "{both:?}");
    // Whoever is let in whatever the organization is hangs on nothing, and who is refused is not counted.
    assert_eq!(taken("organization:*"), Vec::<String>::new());
    assert_eq!(taken("org:acme:*"), Vec::<String>::new());
    // Nor does a branch that somebody chooses.
    let branch = plugged("organization:*", "").identities[0].taken.clone();
    assert_eq!(branch, Vec::<String>::new());
}
