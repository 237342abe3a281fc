//! Checkouts in the style of public ones, in which nothing is wrong: no false alarm, and little that is not decided.

use trustwalk_preflight::Standing;

use super::{causes, report, report_in};

const CLOUDFORMATION: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Namespace: {Type: String, Default: kube-system}
  Repository: {Type: String}
Conditions:
  Create: !Equals [!Ref Namespace, ""]
Resources:
  Cluster:
    Type: AWS::EKS::Cluster
    Properties: {Name: prod, RoleArn: !Sub "arn:aws:iam::${AWS::AccountId}:role/eks"}
  Provider:
    Type: AWS::IAM::OIDCProvider
    Properties:
      Url: !GetAtt Cluster.OpenIdConnectIssuerUrl
      ClientIdList: [sts.amazonaws.com]
  CniRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Fn::Sub:
          - |
            {
              "Version": "2012-10-17",
              "Statement": [{
                "Effect": "Allow",
                "Principal": {"Federated": "${Provider.Arn}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {
                  "${Issuer}:aud": "sts.amazonaws.com",
                  "${Issuer}:sub": "system:serviceaccount:kube-system:aws-node"
                }}
              }]
            }
          - Issuer: !Select [1, !Split ["//", !GetAtt Cluster.OpenIdConnectIssuerUrl]]
  Cni:
    Type: AWS::EKS::Addon
    Properties: {AddonName: vpc-cni, ClusterName: !Ref Cluster, ServiceAccountRoleArn: !GetAtt CniRole.Arn}
  GithubProvider:
    Type: AWS::IAM::OIDCProvider
    Condition: Create
    Properties:
      Url: https://token.actions.githubusercontent.com
      ClientIdList: [sts.amazonaws.com]
      ThumbprintList: [ffffffffffffffffffffffffffffffffffffffff]
  GithubRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Action: sts:AssumeRoleWithWebIdentity
            Principal:
              Federated: !If
                - Create
                - !Ref GithubProvider
                - !Sub "arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"
            Condition:
              StringEquals: {"token.actions.githubusercontent.com:aud": sts.amazonaws.com}
              StringLike: {"token.actions.githubusercontent.com:sub": !Sub "repo:${Repository}:*"}
"#;

#[test]
fn a_template_of_cloudformation() {
    let found = report(&[("template.yaml", CLOUDFORMATION)]);
    assert!(causes(&found).is_empty() && found.undetermined.is_empty() && found.unread.is_empty(), "{found:#?}");
    assert_eq!(found.identities.len(), 1);
    assert_eq!(found.identities[0].standing, Standing::Sound);
}

#[test]
fn an_add_on_of_another_service_account_is_told() {
    let wrong = CLOUDFORMATION.replace("kube-system:aws-node", "kube-system:aws-nodes");
    let found = report(&[("template.yaml", &wrong)]);
    assert_eq!(causes(&found), ["sub-wrong-service-account"], "{found:#?}");
    // The line in the text that the function fills in.
    let line = wrong.lines().position(|l| l.contains("aws-nodes")).unwrap() + 1;
    assert_eq!(found.findings[0].at.line as usize, line);
}

#[test]
fn manifests_charts_and_configs_without_a_fault() {
    let files = [
        (
            "k8s/base/sa.yaml",
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n---\napiVersion: apps/v1\nkind: \
                Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      serviceAccountName: \
                app\n      containers:\n        - {name: app, image: nginx, env: [{name: A, value: b}]}\n",
        ),
        ("chart/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        ("chart/values.yaml", "serviceAccount:\n  create: true\n  annotations: {}\n  name: \"\"\n"),
        (
            "chart/templates/sa.yaml",
            "{{- if .Values.serviceAccount.create }}\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  \
                annotations: {{ toYaml .Values.serviceAccount.annotations | nindent 4 }}\n{{- end }}\n",
        ),
        (
            "cluster.yaml",
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: prod, region: eu-west-1}\n\
                iam:\n  withOIDC: true\n  serviceAccounts:\n    - metadata: {name: s3-reader, namespace: \
                backend}\n      attachPolicyARNs: [arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess]\naddons:\n  \
                - {name: vpc-cni, attachPolicyARNs: [arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy]}\n",
        ),
        (
            ".github/workflows/ci.yml",
            "on: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{uses: \
                actions/checkout@v4}, {run: make test}]\n",
        ),
        ("package.json", "{\"name\": \"x\"}"),
    ];
    let found = report(&files);
    assert!(causes(&found).is_empty() && found.undetermined.is_empty() && found.unread.is_empty(), "{found:#?}");
}

#[test]
fn what_lies_elsewhere_is_said_and_is_no_finding() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n  namespace: shop\n  \
        annotations:\n    eks.amazonaws.com/role-arn: arn:aws:iam::ACCOUNT_ID:role/app\n";
    let found = report(&[("sa.yaml", account)]);
    assert!(causes(&found).is_empty(), "{found:#?}");
    assert_eq!(found.identities[0].standing, Standing::Elsewhere);
    assert_eq!(found.undetermined.len(), 1);
}

#[test]
fn a_job_that_anybody_may_start_by_hand_is_no_fault() {
    let flow = "on: {push: {branches: [main]}, workflow_dispatch: {}}\npermissions: {id-token: write}\n\
        jobs:\n  deploy:\n    runs-on: x\n    steps:\n      - uses: \
        aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: \
        'arn:aws:iam::111122223333:role/deploy', aws-region: eu-west-1}\n";
    let trust = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      \
        AssumeRolePolicyDocument:\n        Statement:\n          - Effect: Allow\n            Principal: \
        {Federated: !Sub \
        'arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com'}\n            \
        Action: sts:AssumeRoleWithWebIdentity\n            Condition:\n              \
        StringEquals:\n                token.actions.githubusercontent.com:aud: \
        sts.amazonaws.com\n                token.actions.githubusercontent.com:sub: \
        repo:acme/shop:ref:refs/heads/main\n";
    let found = report_in(&[(".github/workflows/d.yml", flow), ("iam.yaml", trust)], Some("acme/shop"));
    assert!(causes(&found).is_empty() && found.undetermined.is_empty(), "{found:#?}");
}

#[test]
fn kustomizations_make_the_names() {
    let base = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n  annotations:\n    \
        eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/app\n";
    let trust = |sub: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: app\n      \
                AssumeRolePolicyDocument:\n        Statement:\n          Effect: Allow\n          Principal: \
                {{Federated: 'arn:aws:iam::111122223333:oidc-provider/issuer.example/id/A'}}\n          \
                Action: sts:AssumeRoleWithWebIdentity\n          Condition: {{StringEquals: \
                {{'issuer.example/id/A:sub': '{sub}'}}}}\n"
        )
    };
    let overlay = "namespace: shop\nnamePrefix: prod-\nresources: [../base]\n";
    let of = |sub: &str| {
        report(&[
            ("base/sa.yaml", base),
            ("base/kustomization.yaml", "resources: [sa.yaml]\n"),
            ("prod/kustomization.yaml", overlay),
            ("iam.yaml", &trust(sub)),
        ])
    };
    let fits = of("system:serviceaccount:shop:prod-app");
    assert!(causes(&fits).is_empty() && fits.undetermined.is_empty(), "{fits:#?}");
    assert_eq!(causes(&of("system:serviceaccount:shop:app")), ["sub-wrong-service-account"]);
    // Without the overlay the namespace is that of whoever applies it.
    let open = report(&[("base/sa.yaml", base), ("iam.yaml", &trust("system:serviceaccount:shop:app"))]);
    assert!(causes(&open).is_empty());
    assert_eq!(open.identities[0].standing, Standing::Undetermined, "{open:#?}");
    let wrong = report(&[("base/sa.yaml", base), ("iam.yaml", &trust("system:serviceaccount:shop:other"))]);
    assert_eq!(causes(&wrong), ["sub-wrong-service-account"]);
}

#[test]
fn a_provider_that_iam_has_built_in_is_no_mistake() {
    let found = report(&[(
        "template.yaml",
        "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  Guest:\n    Type: AWS::IAM::Role\n    Properties:\n      \
         AssumeRolePolicyDocument:\n        Version: 2012-10-17\n        Statement:\n          - Effect: Allow\n\
         \u{20}           Principal:\n              Federated: [cognito-identity.amazonaws.com]\n            Action: \
         [sts:AssumeRoleWithWebIdentity]\n            Condition:\n              StringEquals: \
         {'cognito-identity.amazonaws.com:aud': 'eu-west-1:00000000-0000-4000-8000-000000000000'}\n",
    )]);
    assert_eq!(causes(&found), Vec::<&str>::new());
}

#[test]
fn a_workflow_of_another_repository_is_neither_sound_nor_a_gap() {
    let found = report(&[(
        ".github/workflows/release.yml",
        "on: push\njobs:\n  sign:\n    permissions: {id-token: write}\n    uses: \
         acme/sign/.github/workflows/sign.yml@v2\n",
    )]);
    assert!(found.identities.is_empty() && found.unread.is_empty() && found.undetermined.is_empty());
    assert!(found.notes[0].text.contains("another repository"), "{:?}", found.notes);
}

#[test]
fn what_many_ways_come_to_at_one_place_is_told_once() {
    let called = "on: workflow_call\njobs:\n  go:\n    runs-on: x\n    permissions: {id-token: write}\n    steps:\n\
                  \u{20}     - uses: aws-actions/configure-aws-credentials@v5\n        with: \
                  {role-to-assume: 'arn:aws:iam::111122223333:role/deploy', aws-region: eu-west-1}\n";
    let top = "on: push\npermissions: {id-token: write}\njobs:\n  a: {uses: ./.github/workflows/called.yml}\n  b: \
                  {uses: ./.github/workflows/called.yml}\n  c: {uses: ./.github/workflows/called.yml}\n";
    let found = report(&[(".github/workflows/called.yml", called), (".github/workflows/main.yml", top)]);
    assert_eq!((found.identities.len(), found.undetermined.len()), (3, 1), "{:?}", found.undetermined);
    assert!(found.undetermined[0].text.ends_with("(and 2 other ways)"));
}
