//! Templates of CloudFormation and SAM, the output of `cdk synth` included: roles, providers, clusters, add-ons,
//! associations, and the manifests that CDK keeps in them (CloudFormation, "Resource type reference").

mod nested;
mod resolve;

use crate::addons::account_of_addon;
use crate::declared::{Addon, Association, Cluster, Declared, Format, Identity, Policy, Provider, Role, Unread};
use crate::embedded::embedded;
use crate::kubernetes;
use crate::limits::FUNCTIONS;
use crate::node::{Node, Value};
use crate::place::Said;
use crate::text::Text;
pub(crate) use nested::nested;
use resolve::{Given, Template};

/// Whether a document is one.
pub(crate) fn is_template(document: &Node) -> bool {
    let Some(Node { value: Value::Map(resources), .. }) = document.value.get("Resources") else { return false };
    document.value.get("AWSTemplateFormatVersion").is_some()
        || resources.iter().any(|(_, r)| kind(r).is_some_and(|k| k.contains("::")))
}

fn kind(resource: &Node) -> Option<&str> {
    let Value::Text(text) = &resource.value.get("Type")?.value else { return None };
    text.known()
}

/// What it declares.
pub(crate) fn declare(document: &Node, into: &mut Declared) {
    of_template(&Template::new(document), into);
}

/// What it declares as a stack that is given parameters.
fn declare_with(document: &Node, given: &Given, into: &mut Declared) {
    of_template(&Template::with(document, given), into);
}

fn of_template(template: &Template<'_>, into: &mut Declared) {
    for (id, resource) in template.resources() {
        if id.starts_with("Fn::ForEach::") && makes_ours(resource, FUNCTIONS) {
            let why = "resources that `Fn::ForEach` makes are not followed: give what comes of it, as `aws \
                       cloudformation get-template --template-stage Processed --stack-name STACK` shows it";
            into.unread.push(Unread { at: resource.at.clone(), why: why.to_owned() });
            continue;
        }
        let Some(kind) = kind(resource) else { continue };
        if template.is_never(resource) {
            continue;
        }
        let one = One { template, id, resource };
        match kind {
            "AWS::IAM::Role" => into.roles.extend(one.role(&mut into.unread)),
            "AWS::IAM::OIDCProvider" => into.providers.extend(one.provider("ClientIdList")),
            "Custom::AWSCDKOpenIdConnectProvider" => into.providers.extend(one.provider("ClientIDList")),
            "AWS::EKS::Cluster" | "Custom::AWSCDK-EKS-Cluster" => into.clusters.push(one.cluster()),
            "AWS::EKS::Addon" => one.addon(into),
            "AWS::EKS::PodIdentityAssociation" => into.associations.extend(one.association()),
            "Custom::AWSCDK-EKS-KubernetesResource" => one.manifests(into),
            _ => {}
        }
    }
}

/// Whether a value holds a resource that declares something.
fn makes_ours(node: &Node, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else { return true };
    let ours = |kind: &str| ["AWS::IAM::", "AWS::EKS::", "Custom::AWSCDK"].iter().any(|own| kind.starts_with(own));
    kind(node).is_some_and(ours)
        || match &node.value {
            Value::Map(members) => members.iter().any(|(_, inner)| makes_ours(inner, left)),
            Value::List(items) => items.iter().any(|inner| makes_ours(inner, left)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Unknown(_) => false,
        }
}

/// One resource.
struct One<'a> {
    template: &'a Template<'a>,
    id: &'a str,
    resource: &'a Node,
}

impl One<'_> {
    fn from(&self) -> Identity {
        Identity {
            format: Format::CloudFormation,
            address: format!("Resources.{}", self.id),
            at: self.resource.at.clone(),
        }
    }

    /// A property as its functions make it.
    fn property(&self, name: &str) -> Option<Node> {
        let node = self.resource.at_path(&["Properties", name]).ok()?;
        Some(self.template.resolved(node)).filter(|n| n.value != Value::Null)
    }

    fn text(&self, name: &str) -> Option<Said<Text>> {
        let node = self.property(name)?;
        Some(Said::new(node.value.text()?, node.at))
    }

    fn texts(&self, name: &str) -> Option<Vec<Said<Text>>> {
        let node = self.property(name)?;
        let one = |n: &Node| Some(Said::new(n.value.text()?, n.at.clone()));
        Some(match &node.value {
            Value::List(items) => items.iter().filter_map(one).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) | Value::Unknown(_) => {
                one(&node).into_iter().collect()
            }
        })
    }

    fn perhaps(&self) -> Option<String> {
        let condition = self.resource.value.get("Condition")?.value.text()?;
        Some(format!("Condition {condition}"))
    }

    fn role(&self, unread: &mut Vec<Unread>) -> Option<Role> {
        let trust = self.property("AssumeRolePolicyDocument")?;
        // A document may be written as a text, in which functions fill in keys too.
        let as_written = || {
            let node = self.resource.at_path(&["Properties", "AssumeRolePolicyDocument"]).ok()?;
            self.template.document(node)
        };
        let written = if let Value::Text(text) = &trust.value {
            as_written().or_else(|| embedded(text, &trust.at))
        } else {
            None
        };
        let trust = written.unwrap_or(trust);
        if !matches!(trust.value, Value::Map(_) | Value::Unknown(_)) {
            let why = "the trust policy is neither an object nor a text that holds one";
            unread.push(Unread { at: trust.at.clone(), why: why.to_owned() });
            return None;
        }
        let name = self.template.name_of_role(self.id, self.resource);
        let documents = self.property("Policies");
        let inline = documents.iter().flat_map(|n| n.value.items()).filter_map(|p| {
            let name = p.value.get("PolicyName")?.value.text()?;
            Some(Policy { name, document: p.value.get("PolicyDocument").cloned(), at: p.at.clone() })
        });
        let managed = self.texts("ManagedPolicyArns").unwrap_or_default();
        let managed = managed.into_iter().map(|arn| Policy { name: arn.value, document: None, at: arn.at });
        Some(Role {
            from: self.from(),
            arn: self.template.arn_of_role(self.id, self.resource),
            name: Said::new(name, self.text("RoleName").map_or_else(|| self.resource.at.clone(), |n| n.at)),
            trust,
            policies: managed.chain(inline).collect(),
            boundary: self.text("PermissionsBoundary"),
            max_session: self.text("MaxSessionDuration"),
            perhaps: self.perhaps(),
        })
    }

    fn provider(&self, ids: &str) -> Option<Provider> {
        let url = self.text("Url")?;
        Some(Provider {
            from: self.from(),
            arn: resolve::arn_of_provider(&url.value),
            url,
            client_ids: self.texts(ids).unwrap_or_default(),
            thumbprints: self.texts("ThumbprintList").filter(|t| !t.is_empty()),
            perhaps: self.perhaps(),
        })
    }

    fn cluster(&self) -> Cluster {
        let name = self.text("Name").unwrap_or_else(|| Said::new(Text::unknown(self.id), self.resource.at.clone()));
        // What is not a plain `false` may be the automatic kind.
        let enabled = self.property("ComputeConfig").and_then(|n| n.value.get("Enabled").map(|n| n.value.clone()));
        let built_in_agent = enabled.is_some_and(|value| value != Value::Bool(false));
        Cluster { from: self.from(), name, issuer: resolve::issuer_of(self.id), built_in_agent }
    }

    fn addon(&self, into: &mut Declared) {
        let (Some(cluster), Some(name)) = (self.text("ClusterName"), self.text("AddonName")) else { return };
        let own = account_of_addon(name.value.known().unwrap_or_default());
        let associations = self.property("PodIdentityAssociations");
        for (n, node) in associations.iter().flat_map(|a| a.value.items()).enumerate() {
            let of = |name: &str| {
                let node = node.value.get(name)?;
                Some(Said::new(node.value.text()?, node.at.clone()))
            };
            let namespace = own.map(|(namespace, _)| Said::new(Text::from(namespace), node.at.clone()));
            if let (Some(account), Some(role), Some(namespace)) = (of("ServiceAccount"), of("RoleArn"), namespace) {
                let mut from = self.from();
                from.address = format!("{}.PodIdentityAssociations[{n}]", from.address);
                into.associations.push(Association { from, cluster: cluster.value.clone(), namespace, account, role });
            }
        }
        into.addons.push(Addon {
            from: self.from(),
            cluster: cluster.value,
            name,
            role: self.text("ServiceAccountRoleArn"),
            account: own.map(|(namespace, name)| (namespace.into(), name.into())),
        });
    }

    fn association(&self) -> Option<Association> {
        Some(Association {
            from: self.from(),
            cluster: self.text("ClusterName")?.value,
            namespace: self.text("Namespace")?,
            account: self.text("ServiceAccount")?,
            role: self.text("RoleArn")?,
        })
    }

    /// Manifests that CDK keeps as a text.
    fn manifests(&self, into: &mut Declared) {
        let Some(text) = self.text("Manifest") else { return };
        let Some(document) = embedded(&text.value, &text.at) else { return };
        for item in document.value.items() {
            kubernetes::declare(item, into);
        }
        kubernetes::declare(&document, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read_yaml;

    fn read(text: &str) -> Declared {
        let mut into = Declared::default();
        declare(&read_yaml(&"t.yaml".into(), text).all[0], &mut into);
        into
    }

    const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Namespace: {Type: String, Default: shop}
Resources:
  Cluster: {Type: AWS::EKS::Cluster, Properties: {Name: prod}}
  Provider:
    Type: AWS::IAM::OIDCProvider
    Properties:
      Url: !GetAtt Cluster.OpenIdConnectIssuerUrl
      ClientIdList: [sts.amazonaws.com]
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument: !Sub
        - |
          {\"Statement\": [{\"Effect\": \"Allow\",
            \"Principal\": {\"Federated\": \"${Provider}\"},
            \"Action\": \"sts:AssumeRoleWithWebIdentity\",
            \"Condition\": {\"StringEquals\": {\"${Issuer}:sub\": \"system:serviceaccount:${Namespace}:reader\"}}}]}
        - Issuer: !Select [1, !Split ['//', !GetAtt Cluster.OpenIdConnectIssuerUrl]]
  Addon:
    Type: AWS::EKS::Addon
    Properties: {ClusterName: !Ref Cluster, AddonName: vpc-cni, ServiceAccountRoleArn: !GetAtt Role.Arn}
  Association:
    Type: AWS::EKS::PodIdentityAssociation
    Properties:
      ClusterName: prod
      Namespace: a
      ServiceAccount: b
      RoleArn: !Join ['', ['arn:aws:iam::', !Ref 'AWS::AccountId', ':role/x']]
";

    #[test]
    fn functions_make_the_same_of_the_same() {
        let read = read(TEMPLATE);
        let (role, provider, cluster) = (&read.roles[0], &read.providers[0], &read.clusters[0]);
        assert_eq!(role.arn.to_string(), "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/reader");
        assert_eq!(provider.url.value, cluster.issuer);
        let statement = &role.trust.value.get("Statement").unwrap().value.items()[0];
        let federated = statement.at_path(&["Principal", "Federated"]).unwrap();
        assert_eq!(federated.value.text().unwrap(), provider.arn, "what Ref gives is the provider's ARN");
        let Value::Map(keys) = &statement.at_path(&["Condition", "StringEquals"]).unwrap().value else { panic!() };
        let mut key = resolve::bare(&cluster.issuer);
        key.push(":sub".into());
        assert_eq!(keys[0].0.value, key);
        assert_eq!(keys[0].1.value.text().unwrap().to_string(), "system:serviceaccount:shop:reader");
        assert_eq!(read.addons[0].role.as_ref().unwrap().value, role.arn);
        assert_eq!(read.addons[0].account, Some(("kube-system".into(), "aws-node".into())));
        assert_eq!(read.associations[0].role.value.to_string(), "arn:aws:iam::${AWS::AccountId}:role/x");
    }

    #[test]
    fn names_that_refer_to_each_other_come_to_an_end() {
        let policy = "AssumeRolePolicyDocument: {Statement: [{Effect: Allow}]}";
        for names in [["!GetAtt A.Arn", "b"], ["!Ref B", "!Sub '${A}-x'"], ["!Sub '${B}${B}${B}'", "!Sub '${A}${A}'"]] {
            let [a, b] = names.map(|n| format!("{{Type: AWS::IAM::Role, Properties: {{RoleName: {n}, {policy}}}}}"));
            let read = read(&format!("AWSTemplateFormatVersion: 2010-09-09\nResources:\n  A: {a}\n  B: {b}\n"));
            assert_eq!(read.roles.len(), 2, "{names:?}");
            assert_eq!(read.roles[0].name.value.known(), None, "{names:?}");
        }
    }

    /// How many roles are declared, and what was not read, of a template with these conditions and resources.
    fn roles(conditions: &str, resources: &str) -> (usize, Vec<String>) {
        let read = read(&format!(
            "AWSTemplateFormatVersion: 2010-09-09\nParameters: {{Env: {{Type: String, Default: dev}}}}\nConditions: \
             {conditions}\nResources:\n{resources}"
        ));
        (read.roles.len(), read.unread.into_iter().map(|u| format!("{}:{}", u.at.line, u.why)).collect())
    }

    #[test]
    fn what_a_condition_never_lets_through_is_not_declared() {
        let role = "  A: {Type: AWS::IAM::Role, Condition: C, Properties: {AssumeRolePolicyDocument: {}}}\n";
        for (condition, declared) in [
            ("{C: !Equals [a, b]}", 0),
            ("{C: !Equals [a, a]}", 1),
            ("{C: !Not [!Equals [a, a]]}", 0),
            ("{C: !Not [!Equals [a, b]]}", 1),
            ("{C: !And [!Equals [a, a], !Equals [a, b]]}", 0),
            ("{C: !Or [!Equals [a, c], !Equals [a, b]]}", 0),
            ("{C: !Or [!Equals [a, !Ref Env], !Equals [a, b]]}", 1),
            ("{C: !Condition D, D: !Equals [a, b]}", 0),
            // Whoever makes a stack gives a parameter another value than its default.
            ("{C: !Equals [!Ref Env, prod]}", 1),
            ("{C: !Condition C}", 1),
            ("{D: !Equals [a, b]}", 1),
        ] {
            assert_eq!(roles(condition, role), (declared, vec![]), "{condition}");
        }
    }

    #[test]
    fn loops_over_roles_are_told_and_others_are_not() {
        let made = |kind: &str| {
            format!(
                "  'Fn::ForEach::All':\n    - N\n    - [a, b]\n    - 'R${{N}}': {{Type: {kind}, Properties: {{}}}}\n"
            )
        };
        let (count, unread) = roles("{}", &made("AWS::IAM::Role"));
        assert!(count == 0 && unread.len() == 1 && unread[0].contains("`Fn::ForEach`"), "{unread:?}");
        assert_eq!(roles("{}", &made("AWS::SQS::Queue")), (0, vec![]));
    }

    #[test]
    fn what_is_no_template_declares_nothing() {
        for text in ["Resources: {a: {Type: x}}", "Resources: []", "a: b", "[]"] {
            assert!(!is_template(&read_yaml(&"t".into(), text).all[0]), "{text}");
        }
    }
}
