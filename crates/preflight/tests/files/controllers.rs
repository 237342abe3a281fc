//! What a controller in the cluster makes of manifests: roles and providers of ACK and Crossplane, releases of Flux and
//! Argo CD, accounts of operators; and what a kustomization changes in place.

use trustwalk_preflight::{Report, Standing};

use super::{causes, places, report};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789";
const ROLE: &str = "arn:aws:iam::111122223333:role/reader";

/// A trust policy of one line for a service account.
fn trust(subject: &str) -> String {
    format!(
        "{{\"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": {{\"Federated\": \
         \"arn:aws:iam::111122223333:oidc-provider/{ISSUER}\"}}, \"Action\": \"sts:AssumeRoleWithWebIdentity\", \
         \"Condition\": {{\"StringEquals\": {{\"{ISSUER}:aud\": \"sts.amazonaws.com\", \"{ISSUER}:sub\": \
         \"system:serviceaccount:{subject}\"}}}}}}]}}"
    )
}

fn account(namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: reader\n  namespace: {namespace}\
         \n  annotations:\n    \
         eks.amazonaws.com/role-arn: {ROLE}\n"
    )
}

/// The role `reader` of a template, for this account.
fn template(subject: &str) -> String {
    let trust = trust(subject);
    format!(
        "Resources:\n  Reader:\n    Type: AWS::IAM::Role\n    Properties: {{RoleName: reader, \
         AssumeRolePolicyDocument: {trust}}}\n"
    )
}

/// The role and the provider as objects of each controller.
fn objects(subject: &str, client: &str) -> [String; 3] {
    let trust = trust(subject);
    let one = |group: &str, role: &str, provider: &str| {
        format!(
            "apiVersion: iam.{group}\nkind: Role\nmetadata: {{name: r, annotations: {{crossplane.io/external-name: \
             reader}}}}\nspec:\n{role}---\napiVersion: iam.{group}\nkind: OpenIDConnectProvider\nmetadata: {{name: \
             p}}\nspec:\n{provider}"
        )
    };
    let url = format!("url: 'https://{ISSUER}'");
    let classic = ["aws.crossplane.io/v1beta1", "assumeRolePolicyDocument", "clientIDList"];
    let upbound = ["aws.upbound.io/v1beta1", "assumeRolePolicy", "clientIdList"];
    let crossplane = |[group, policy, ids]: [&str; 3]| {
        one(
            group,
            &format!("  forProvider:\n    {policy}: |\n      {trust}\n"),
            &format!("  forProvider: {{{url}, {ids}: [{client}]}}\n"),
        )
    };
    let ack = one(
        "services.k8s.aws/v1alpha1",
        &format!("  name: reader\n  assumeRolePolicyDocument: >\n    {trust}\n"),
        &format!("  {url}\n  clientIDs: [{client}]\n"),
    );
    [ack, crossplane(upbound), crossplane(classic)]
}

fn standing(report: &Report) -> Vec<Standing> {
    report.identities.iter().map(|i| i.standing).collect()
}

#[test]
fn roles_and_providers_of_controllers_are_the_other_half() {
    for objects in objects("shop:reader", "sts.amazonaws.com") {
        let found = report(&[("iam.yaml", &objects), ("sa.yaml", &account("shop"))]);
        assert_eq!(standing(&found), [Standing::Sound], "{objects}\n{found:#?}");
    }
    for objects in objects("prod:reader", "sts.amazonaws.com") {
        let found = report(&[("iam.yaml", &objects), ("sa.yaml", &account("shop"))]);
        assert_eq!(causes(&found), ["sub-wrong-namespace"], "{objects}");
        assert!(places(&found)[0].starts_with("iam.yaml:"), "{:?}", places(&found));
    }
    for objects in objects("shop:reader", "sts.amazon.com") {
        let found = report(&[("iam.yaml", &objects), ("sa.yaml", &account("shop"))]);
        assert_eq!(causes(&found), ["audience-not-in-provider-client-ids"], "{objects}");
    }
}

#[test]
fn what_is_taken_over_or_made_by_a_template_is_nobodys_declaration() {
    let adopted =
        "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Role\nmetadata: {name: reader}\nspec: {name: reader}\n";
    let found = report(&[("iam.yaml", adopted), ("sa.yaml", &account("shop"))]);
    assert_eq!(standing(&found), [Standing::Elsewhere]);
    let composition = format!(
        "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\nmetadata: {{name: irsa}}\nspec:\
         \n  resources:\n  - \
         base: {{apiVersion: iam.aws.upbound.io/v1beta1, kind: Role}}\n    patches:\n    - {{combine: {{string: {{fmt: \
         '{}'}}}}}}\n",
        trust("%s:%s")
    );
    let found = report(&[("composition.yaml", &composition)]);
    assert_eq!((found.unread.len(), found.identities.len()), (1, 0), "{found:#?}");
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}\nspec:\
     \n  patches:\n  \
                - patch: |\n      metadata: {annotations: {eks.amazonaws.com/role-arn: 'arn:x'}}\n";
    assert_eq!(report(&[("clusters/prod.yaml", flux)]).unread.len(), 1);
    let other = composition.replace("AssumeRoleWithWebIdentity", "AssumeRole");
    assert!(report(&[("composition.yaml", &other)]).unread.is_empty());
}

#[test]
fn associations_of_controllers_refer_to_roles_by_name() {
    let of = |principal: &str, name: &str| {
        format!(
            "apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Role\nmetadata: {{name: own, namespace: ack}}\nspec:\n  \
             name: reader\n  assumeRolePolicyDocument: '{{\"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": \
             {{\"Service\": \"{principal}\"}}, \"Action\": [\"sts:AssumeRole\", \"sts:TagSession\"]}}]}}'\n---\n\
             apiVersion: eks.services.k8s.aws/v1alpha1\nkind: PodIdentityAssociation\nmetadata: {{name: a, namespace: \
             ack}}\nspec:\n  clusterName: prod\n  namespace: shop\n  serviceAccount: reader\
             \n  roleRef: {{from: {{name: \
             {name}}}}}\n"
        )
    };
    let found = report(&[("a.yaml", &of("pods.eks.amazonaws.com", "own"))]);
    assert_eq!(standing(&found), [Standing::Sound], "{found:#?}");
    assert!(!causes(&report(&[("a.yaml", &of("ec2.amazonaws.com", "own"))])).is_empty());
    assert_eq!(standing(&report(&[("a.yaml", &of("pods.eks.amazonaws.com", "other"))])), [Standing::Elsewhere]);
}

/// A release of Flux and one of Argo CD, which go to a namespace.
fn releases(namespace: &str) -> [String; 2] {
    let values = format!("{{serviceAccount: {{name: reader, annotations: {{eks.amazonaws.com/role-arn: '{ROLE}'}}}}}}");
    [
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: r, namespace: flux}}\nspec: \
             {{targetNamespace: {namespace}, values: {values}}}\n"
        ),
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: r, namespace: argocd}}\nspec:\n  \
             destination: {{namespace: {namespace}}}\n  source:\n    helm:\n      values: |\n        {values}\n"
        ),
    ]
}

#[test]
fn a_release_puts_its_account_into_its_namespace() {
    let role = template("shop:reader");
    for release in releases("shop") {
        let found = report(&[("role.yaml", &role), ("apps/r.yaml", &release)]);
        assert_eq!(standing(&found), [Standing::Sound], "{release}\n{found:#?}");
    }
    for release in releases("edge") {
        let found = report(&[("role.yaml", &role), ("apps/r.yaml", &release)]);
        assert_eq!(causes(&found), ["sub-wrong-namespace"], "{release}");
    }
    // A kustomization changes the namespace of what is in it, and not where a release says that it goes.
    let [flux, _] = releases("shop");
    let own = flux.replace("targetNamespace: shop, ", "");
    for (release, namespace, sound) in [(&own, "shop", true), (&own, "edge", false), (&flux, "edge", true)] {
        let kustomization = format!("namespace: {namespace}\nresources: [r.yaml]\n");
        let found =
            report(&[("role.yaml", &role), ("apps/r.yaml", release), ("apps/kustomization.yaml", &kustomization)]);
        assert_eq!(causes(&found).is_empty(), sound, "{namespace}: {release}");
    }
}

#[test]
fn an_operator_makes_an_account_of_the_annotations_that_it_is_given() {
    let cluster = |namespace: &str| {
        format!(
            "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\
             \nmetadata: {{name: reader, namespace: {namespace}}}\nspec:\n  \
             serviceAccountTemplate: {{metadata: {{annotations: {{eks.amazonaws.com/role-arn: '{ROLE}'}}}}}}\n"
        )
    };
    let role = template("shop:reader");
    let found = report(&[("role.yaml", &role), ("db.yaml", &cluster("shop"))]);
    assert_eq!(standing(&found), [Standing::Undetermined], "its name is the operator's: {found:#?}");
    let found = report(&[("role.yaml", &role), ("db.yaml", &cluster("prod"))]);
    assert_eq!(standing(&found), [Standing::Broken], "{found:#?}");
}

/// A base with an account and an overlay that changes it in one of the ways there are.
fn overlay(namespace: &str, more: &str) -> Vec<(&'static str, String)> {
    vec![
        ("role.yaml", template("shop:reader")),
        ("base/kustomization.yaml", "resources: [sa.yaml]\n".to_owned()),
        ("base/sa.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader}\n".to_owned()),
        ("prod/kustomization.yaml", format!("namespace: {namespace}\nresources: [../base]\n{more}")),
    ]
}

fn overlaid(namespace: &str, more: &str, files: &[(&'static str, String)]) -> Report {
    let all: Vec<(&str, String)> = overlay(namespace, more).into_iter().chain(files.iter().cloned()).collect();
    report(&all.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>())
}

#[test]
fn a_patch_in_a_kustomization_is_part_of_the_account_that_it_changes() {
    let operations =
        format!("- {{op: add, path: /metadata/annotations/eks.amazonaws.com~1role-arn, value: '{ROLE}'}}\n");
    let merge = format!(
        "apiVersion: v1\n      kind: ServiceAccount\n      metadata: {{name: reader, annotations: \
         {{eks.amazonaws.com/role-arn: '{ROLE}'}}}}\n"
    );
    let target = |name: &str| format!("target: {{kind: ServiceAccount{name}}}");
    let by_name = target(", name: reader");
    let component = format!("kind: Component\npatches:\n  - {by_name}\n    patch: |-\n      {operations}");
    let files = [("ops.yaml", operations.clone()), ("irsa/kustomization.yaml", component)];
    for more in [
        format!("patches:\n  - {by_name}\n    patch: |-\n      {operations}"),
        format!("patches:\n  - {}\n    patch: |-\n      {operations}", target("")),
        format!("patches:\n  - {}\n    patch: |-\n      {operations}", target(", name: 'read.*'")),
        format!("patches:\n  - patch: |-\n      {merge}"),
        format!("patches:\n  - {by_name}\n    path: ../ops.yaml\n"),
        format!("patchesJson6902:\n  - {by_name}\n    path: ../ops.yaml\n"),
        format!("patchesStrategicMerge:\n  - |-\n      {merge}"),
        "components: [../irsa]\n".to_owned(),
    ] {
        let files = if more.starts_with("components") { &files[..] } else { &files[..1] };
        let found = overlaid("shop", &more, files);
        assert_eq!(standing(&found), [Standing::Sound], "{more}\n{found:#?}");
        let found = overlaid("prod", &more, files);
        assert_eq!(causes(&found), ["sub-wrong-namespace"], "{more}\n{found:#?}");
    }
    // What something else puts there is not known, and nothing is said to be missing.
    let replaced = "replacements:\n  - source: {kind: ConfigMap, name: c, fieldPath: data.role}\n    targets:\n      - \
                    select: {kind: ServiceAccount, name: reader}\n        fieldPaths: \
                    ['metadata.annotations.[eks.amazonaws.com/role-arn]']\n";
    let found = overlaid("shop", replaced, &[]);
    assert_eq!((causes(&found), standing(&found)), (vec![], vec![Standing::Elsewhere]), "{found:#?}");
    // One that is about something else leaves the account as it is.
    let other = format!("patches:\n  - target: {{kind: Deployment}}\n    patch: |-\n      {operations}");
    assert_eq!(causes(&overlaid("shop", &other, &[])), ["annotation-missing-on-service-account"]);
}

#[test]
fn each_overlay_of_an_account_is_an_identity_of_its_own() {
    let overlay = |namespace: &str, role: &str| {
        format!(
            "namespace: {namespace}\nresources: [../base]\npatches:\n  - target: {{kind: ServiceAccount, name: \
             reader}}\n    \
             patch: |-\n      - {{op: add, path: /metadata/annotations, value: {{eks.amazonaws.com/role-arn: \
             'arn:aws:iam::111122223333:role/{role}'}}}}\n"
        )
    };
    let (shop, prod) = (template("shop:reader"), template("prod:reader").replace("Reader", "Other"));
    let prod = prod.replace("RoleName: reader", "RoleName: other");
    let mut files = vec![
        ("shop.yaml", shop),
        ("prod.yaml", prod),
        ("base/kustomization.yaml", "resources: [sa.yaml]\n".to_owned()),
        ("base/sa.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader}\n".to_owned()),
        ("shop/kustomization.yaml", overlay("shop", "reader")),
        ("prod/kustomization.yaml", overlay("prod", "other")),
    ];
    let judged = |files: &[(&str, String)]| report(&files.iter().map(|(p, t)| (*p, t.as_str())).collect::<Vec<_>>());
    let found = judged(&files);
    assert_eq!((causes(&found), standing(&found)), (vec![], vec![Standing::Sound; 2]), "{found:#?}");
    // The role of one overlay is not the other's.
    files.truncate(5);
    files.push(("prod/kustomization.yaml", overlay("prod", "reader")));
    assert_eq!(causes(&judged(&files)), ["sub-wrong-namespace"]);
}

#[test]
fn an_operator_that_takes_its_objects_own_annotations_makes_an_account_of_another_name() {
    let config = "apiVersion: pkg.crossplane.io/v1alpha1\nkind: ControllerConfig\nmetadata:\n  name: aws-config\n  \
                  annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/crossplane'}\nspec: \
                  {podSecurityContext: {fsGroup: 2000}}\n";
    let found = super::report(&[("config.yaml", config)]);
    let [one] = found.identities.as_slice() else { panic!("{:#?}", found.identities) };
    assert!(one.who.contains("the name that ControllerConfig/aws-config gives"), "{}", one.who);
    assert_eq!(one.role.as_deref(), Some("arn:aws:iam::111122223333:role/crossplane"));
    assert_eq!(found.outcome, trustwalk_core::diagnosis::Outcome::Undetermined);
}
