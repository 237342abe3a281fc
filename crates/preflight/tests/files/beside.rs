//! What runs beside an identity: workloads that run as another account, containers that are left out, associations
//! that are for nobody, keys in the place of a token.

use trustwalk_core::finding::Confidence;
use trustwalk_preflight::Standing;

use super::{causes, places, report};

const ROLE: &str = "Resources:\n  Reader:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: reader\n      \
    AssumeRolePolicyDocument:\n        Statement:\n          - Effect: Allow\n            Principal: {Federated: \
    'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12'}\n            Action: \
    sts:AssumeRoleWithWebIdentity\n            Condition:\n              StringEquals:\n                \
    oidc.eks.eu-west-1.amazonaws.com/id/AB12:sub: system:serviceaccount:shop:reader\n                \
    oidc.eks.eu-west-1.amazonaws.com/id/AB12:aud: sts.amazonaws.com\n";
const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader, namespace: shop, annotations: \
    {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/reader'}}\n";

/// A deployment of this name that runs as this account, with more of its pods' annotations and containers.
fn deployment(name: &str, account: &str, annotations: &str, env: &str) -> String {
    let account = if account.is_empty() { String::new() } else { format!("      serviceAccountName: {account}\n") };
    let pods = format!("metadata:\n      annotations: {{{annotations}}}\n    spec:\n{account}");
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  template:\n    \
         {pods}      containers:\n        - {{name: app, image: app, env: [{env}]}}\n"
    )
}

fn with(workload: &str) -> trustwalk_preflight::Report {
    report(&[("role.yaml", ROLE), ("k8s/sa.yaml", ACCOUNT), ("k8s/app.yaml", workload)])
}

#[test]
fn a_workload_that_runs_as_another_account_than_the_one_with_the_role() {
    for (name, account) in [("reader", "default"), ("reader-api", "default"), ("other", "reader-sa")] {
        let found = with(&deployment(name, account, "", ""));
        assert_eq!(causes(&found), ["workload-runs-as-another-service-account"], "{name} as {account}");
        assert_eq!(found.findings[0].at.file, "k8s/app.yaml");
        assert!(found.identities.iter().all(|i| i.standing == trustwalk_preflight::Standing::Broken));
    }
    // Many a workload of a namespace is to have no role at all.
    for (name, account) in [("reader", "reader"), ("web", "default"), ("web", "web"), ("writer", "worker")] {
        let found = with(&deployment(name, account, "", ""));
        assert!(causes(&found).is_empty() && found.undetermined.is_empty(), "{name} as {account}: {found:#?}");
    }
    // Another that runs as it tells that the account is in use.
    let both = format!("{}---\n{}", deployment("reader", "", "", ""), deployment("web", "reader", "", ""));
    assert!(causes(&with(&both)).is_empty());
    // One that names no account runs as the default one. In one file, alone with it, it is meant whatever it is called.
    let together = format!("{ACCOUNT}---\n{}", deployment("web", "", "", ""));
    let found = report(&[("role.yaml", ROLE), ("all.yaml", &together)]);
    assert_eq!(causes(&found), ["workload-runs-as-another-service-account"]);
}

#[test]
fn containers_that_an_annotation_leaves_out() {
    let skip = |names: &str| format!("eks.amazonaws.com/skip-containers: '{names}'");
    let found = with(&deployment("reader", "reader", &skip("sidecar,app"), ""));
    assert_eq!(causes(&found), ["container-skipped-by-annotation"]);
    assert_eq!(places(&found), ["k8s/app.yaml:7:56"]);
    // Blanks belong to the names.
    assert!(causes(&with(&deployment("reader", "reader", &skip("sidecar, app"), ""))).is_empty());
}

#[test]
fn one_token_file_is_one_fault() {
    let env = "{name: AWS_ROLE_ARN, value: 'arn:aws:iam::111122223333:role/x'}, {name: AWS_WEB_IDENTITY_TOKEN_FILE, \
               value: /var/run/secrets/kubernetes.io/serviceaccount/token}";
    let found = with(&deployment("reader", "reader", "", env));
    assert_eq!(causes(&found), ["wrong-token-file-kubernetes-default-token"], "{:#?}", found.findings);
    assert_eq!((found.findings[0].at.file.as_str(), found.findings[0].at.line), ("k8s/app.yaml", 11));
}

/// A cluster whose role is given by an association to this account, with or without the agent.
fn associated(namespace: &str, account: &str, more: &str) -> String {
    format!(
        "Resources:\n  Cluster: {{Type: AWS::EKS::Cluster, Properties: {{Name: prod}}}}\n{more}  Role:\n    Type: \
         AWS::IAM::Role\n    Properties:\n      RoleName: reader\n      AssumeRolePolicyDocument: {{Statement: \
         [{{Effect: Allow, Principal: {{Service: pods.eks.amazonaws.com}}, Action: [sts:AssumeRole, \
         sts:TagSession]}}]}}\n  Association:\n    Type: AWS::EKS::PodIdentityAssociation\n    Properties: \
         {{ClusterName: !Ref Cluster, Namespace: {namespace}, ServiceAccount: {account}, RoleArn: !GetAtt Role.Arn}}\n"
    )
}

const AGENT: &str =
    "  Agent: {Type: AWS::EKS::Addon, Properties: {ClusterName: !Ref Cluster, AddonName: eks-pod-identity-agent}}\n";

#[test]
fn an_association_for_an_account_that_nothing_runs_as() {
    let app = deployment("reader", "reader", "", "");
    for (namespace, account) in [("prod", "reader"), ("shop", "reader-sa"), ("shop", "raeder")] {
        let found = report(&[("a.yaml", &associated(namespace, account, AGENT)), ("app.yaml", &app)]);
        assert_eq!(causes(&found), ["association-for-another-service-account"], "{namespace}/{account}");
        assert_eq!(found.identities[0].standing, trustwalk_preflight::Standing::Broken);
    }
    for (namespace, account) in [("shop", "reader"), ("prod", "writer"), ("shop", "exporter")] {
        let found = report(&[("a.yaml", &associated(namespace, account, AGENT)), ("app.yaml", &app)]);
        assert!(causes(&found).is_empty() && found.undetermined.is_empty(), "{namespace}/{account}: {found:#?}");
    }
}

#[test]
fn associations_without_their_agent_are_open() {
    let app = deployment("reader", "reader", "", "");
    let of = |more: &str| report(&[("a.yaml", &associated("shop", "reader", more)), ("app.yaml", &app)]);
    let found = of("");
    assert!(causes(&found).is_empty() && found.undetermined.len() == 1, "{found:#?}");
    assert!(found.undetermined[0].text.contains("eks-pod-identity-agent"));
    let nobody = report(&[("a.yaml", &associated("shop", "reader", ""))]);
    assert!(
        nobody.undetermined.is_empty() && nobody.notes.len() == 1,
        "no pods are there that wait for it: {nobody:#?}"
    );
    let unknown = "  X: {Type: AWS::EKS::Addon, Properties: {ClusterName: !Ref Cluster, AddonName: !Ref Which}}\n";
    assert!(of(unknown).undetermined.is_empty(), "it may be the agent");
    let automatic =
        associated("shop", "reader", "").replace("{Name: prod}", "{Name: prod, ComputeConfig: {Enabled: true}}");
    assert!(report(&[("a.yaml", &automatic), ("app.yaml", &app)]).undetermined.is_empty());
}

#[test]
fn keys_beside_a_role_that_admits_web_identity_alone() {
    let flow = "on: {push: {branches: [main]}}\npermissions: {id-token: write}\njobs:\n  a:\n    runs-on: x\n    \
         steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n          role-to-assume: \
         arn:aws:iam::111122223333:role/deploy\n          aws-access-key-id: ${{ secrets.A }}\n          \
         aws-secret-access-key: ${{ secrets.B }}\n          aws-region: eu-west-1\n";
    let role = |principal: &str, action: &str| {
        format!(
            "Resources:\n  Deploy:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      \
             AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {principal}, Action: {action}, \
             Condition: {{StringEquals: {{'token.actions.githubusercontent.com:sub': 'repo:a/b:ref:refs/heads/main'}}}}\
             }}]}}\n"
        )
    };
    let web = "{Federated: 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com'}";
    let files = |role: &str| report(&[(".github/workflows/a.yml", flow), ("role.yaml", role)]);
    let found = files(&role(web, "sts:AssumeRoleWithWebIdentity"));
    assert_eq!(causes(&found), ["static-or-other-credentials-take-precedence"]);
    assert_eq!(places(&found), [".github/workflows/a.yml:10:30"]);
    // A role that a user is to assume is no web identity's business.
    let found = files(&role("{AWS: 'arn:aws:iam::111122223333:user/ci'}", "sts:AssumeRole"));
    assert!(causes(&found).is_empty() && found.identities.is_empty(), "{found:#?}");
}

#[test]
fn a_role_that_eksctl_makes_under_a_name_trusts_its_own_account_alone() {
    let config = |account: &str| {
        format!(
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {{name: prod, region: eu-west-1}}\niam:\n  \
             withOIDC: true\n  serviceAccounts:\n    - metadata: {{name: {account}, namespace: kube-system}}\n      \
             roleName: ebs\n      roleOnly: true\n      wellKnownPolicies: {{ebsCSIController: true}}\n    - metadata: \
             {{name: dns}}\n      roleName: dns\n      attachPolicyARNs: \
             ['arn:aws:iam::111122223333:policy/dns']\naddons:\n  \
             - name: aws-ebs-csi-driver\n    serviceAccountRoleARN: arn:aws:iam::111122223333:role/ebs\n"
        )
    };
    let sound = report(&[("cluster.yaml", &config("ebs-csi-controller-sa"))]);
    assert!(causes(&sound).is_empty() && sound.undetermined.is_empty(), "{sound:#?}");
    assert_eq!(sound.identities.len(), 2, "{:?}", sound.identities);
    let other = report(&[("cluster.yaml", &config("ebs-csi-driver"))]);
    assert_eq!(causes(&other), ["sub-wrong-service-account"], "{other:#?}");
    assert_eq!((other.findings[0].at.line, other.findings[0].at.column), (7, 24));
}

#[test]
fn the_same_of_many_places_is_told_once() {
    let twice = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n  name: b\n  annotations: \
                 {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/r'}\n";
    let files: Vec<(String, &str)> = (0..6).map(|n| (format!("{n}.yaml"), twice)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let found = super::report(&files);
    let [one] = found.unread.as_slice() else { panic!("{:#?}", found.unread) };
    assert_eq!(one.at.as_ref().map(ToString::to_string).as_deref(), Some("0.yaml:5:3"));
    assert!(one.text.ends_with("(also at 1.yaml:5:3, 2.yaml:5:3, 3.yaml:5:3 and 2 more)"), "{}", one.text);
}

#[test]
fn a_key_twice_in_what_declares_no_identity_is_no_matter() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, annotations: \
                   {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/r'}}\n";
    let other = "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nspec:\n  sparkConf:\n    a: 1\n    \
                 a: 2\n  driver: {serviceAccount: spark}\n";
    assert_eq!(super::report(&[("a.yaml", account), ("b.yaml", other)]).unread, []);
    let both = format!("{account}---\n{other}");
    assert_eq!(super::report(&[("a.yaml", &both)]).unread, []);
}

#[test]
fn a_trust_policy_over_the_quota_that_can_be_raised_is_likely_and_one_over_all_is_proven() {
    for (subjects, confidence) in [(60, Confidence::Likely), (120, Confidence::Proven)] {
        let all: Vec<String> = (0..subjects).map(|n| format!("\"system:serviceaccount:shop:reader-{n:03}\"")).collect();
        let policy = format!(
            "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \
             \"sts:AssumeRoleWithWebIdentity\", \"Principal\": {{\"Federated\": \
             \"arn:aws:iam::111122223333:oidc-provider/issuer.example\"}}, \"Condition\": {{\"StringEquals\": \
             {{\"issuer.example:sub\": [{}]}}}}}}]}}",
            all.join(", ")
        );
        let role = format!(
            "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n  \
             \x20   RoleName: r\n      AssumeRolePolicyDocument: {policy}\n"
        );
        let found = super::report(&[("role.yaml", &role)]);
        let [one] = found.findings.as_slice() else { panic!("{subjects}: {:#?}", found.findings) };
        assert_eq!((one.finding.name(), one.finding.confidence), ("trust-policy-size-quota", confidence), "{subjects}");
        assert_eq!(one.finding.decide.is_some(), confidence == Confidence::Likely);
    }
}

#[test]
fn a_role_that_the_files_declare_is_one_to_annotate_with() {
    let bare = ACCOUNT.replace(
        ", annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/reader'}",
        ", annotations: {}",
    );
    let found = report(&[("role.yaml", ROLE), ("sa.yaml", &bare)]);
    assert_eq!(causes(&found), ["annotation-missing-on-service-account"], "{found:#?}");
    let cures: Vec<&str> = found.findings[0].finding.cures.iter().map(|cure| cure.title.as_str()).collect();
    assert!(cures.iter().any(|title| title.starts_with("annotate the service account with the role")), "{cures:?}");
    let all = format!("{:?}", found.findings[0].finding.cures);
    assert!(!all.contains("of no account") && !all.contains("whose it is"), "{all}");
}

#[test]
fn a_config_of_eksctl_without_a_provider_makes_no_accounts() {
    let config = |oidc: &str| {
        format!(
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {{name: prod}}\niam:\n{oidc}  \
             serviceAccounts:\n    - metadata: {{name: dns}}\n      roleName: dns\n      attachPolicyARNs: \
             ['arn:aws:iam::111122223333:policy/dns']\n"
        )
    };
    for (oidc, at) in [("  withOIDC: false\n", "c.yaml:5:13"), ("  withOIDC: no\n", "c.yaml:5:13"), ("", "c.yaml:6:5")]
    {
        let found = report(&[("c.yaml", &config(oidc))]);
        let [told] = found.unread.as_slice() else { panic!("{oidc}: {found:#?}") };
        assert!(found.identities.is_empty() && told.text.contains("`withOIDC: true`"), "{oidc}: {found:#?}");
        assert_eq!(told.at.as_ref().map(ToString::to_string).as_deref(), Some(at), "{oidc}");
    }
    for oidc in ["  withOIDC: true\n", "  withOIDC: yes\n", "  withOIDC: ${OIDC}\n"] {
        let found = report(&[("c.yaml", &config(oidc))]);
        assert!(found.unread.is_empty() && found.identities.len() == 1, "{oidc}: {found:#?}");
    }
    let addon = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: prod}\naddons:\n  - name: \
                 vpc-cni\n    serviceAccountRoleARN: arn:aws:iam::111122223333:role/cni\n";
    let found = report(&[("c.yaml", addon)]);
    assert!(found.unread.is_empty(), "the cluster may have one already: {found:#?}");
}

#[test]
fn what_kubectl_reads_as_no_text_is_no_pass() {
    let account = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: shop\n  annotations: \
             {{eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/r'}}\n"
        )
    };
    let told = |files: &[(&str, &str)]| -> Vec<String> {
        report(files).unread.iter().map(|n| n.at.as_ref().unwrap().to_string()).collect()
    };
    assert_eq!(told(&[("a.yaml", &account("on"))]), ["a.yaml:4:9"]);
    assert_eq!(told(&[("a.yaml", &account("0x1f"))]), ["a.yaml:4:9"]);
    assert!(told(&[("a.yaml", &account("'on'"))]).is_empty());
    // kustomize writes such words as texts, and such numbers not.
    let taken = ("kustomization.yaml", "resources: [a.yaml]\n");
    assert!(told(&[taken, ("a.yaml", &account("on"))]).is_empty());
    assert_eq!(told(&[taken, ("a.yaml", &account("12"))]), ["a.yaml:4:9"]);
    let values = "serviceAccount:\n  name: off\n  annotations: {eks.amazonaws.com/role-arn: \
                  'arn:aws:iam::111122223333:role/r'}\n";
    assert_eq!(told(&[("values.yaml", values)]), ["values.yaml:2:9"]);
}

#[test]
fn a_stack_in_a_stack_is_judged_by_what_its_parent_gives() {
    let child = "AWSTemplateFormatVersion: '2010-09-09'\nParameters: {Subject: {Type: String, Default: \
                 'system:serviceaccount:default:other'}}\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    \
                 Properties:\n      RoleName: r\n      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: \
                 'sts:AssumeRoleWithWebIdentity', Principal: {Federated: \
                 'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB'}, Condition: \
                 {StringEquals: {'oidc.eks.eu-west-1.amazonaws.com/id/AB:sub': !Ref Subject, \
                 'oidc.eks.eu-west-1.amazonaws.com/id/AB:aud': sts.amazonaws.com}}}]}\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: shop, annotations: \
                   {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/r'}}\n";
    let parent = |subject: &str| {
        format!(
            "AWSTemplateFormatVersion: '2010-09-09'\nParameters: {{Told: {{Type: String}}}}\nResources:\n  Iam:\n    \
             Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: ./iam/child.yaml, Parameters: \
             {{Subject: {subject}}}}}\n"
        )
    };
    let came = |parent: Option<&str>| {
        let files = [("iam/child.yaml", child), ("sa.yaml", account)];
        let found = report(&files.into_iter().chain(parent.map(|text| ("main.yaml", text))).collect::<Vec<_>>());
        assert_eq!(found.identities.len(), 1, "{found:#?}");
        found.identities[0].standing
    };
    assert_eq!(came(None), Standing::Broken);
    assert_eq!(came(Some(&parent("'system:serviceaccount:shop:a'"))), Standing::Sound);
    assert_eq!(came(Some(&parent("'system:serviceaccount:shop:b'"))), Standing::Broken);
    assert_ne!(came(Some(&parent("!Ref Told"))), Standing::Broken);
}
