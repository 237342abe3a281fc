//! Well-known modules of the registry, described in Terraform's language: what they make that an identity hangs on.
//!
//! Each description says which version it is of; `modules/` holds them.

use hcl_edit::parser;
use hcl_edit::structure::Body;

/// What the source of each of these modules contains.
pub(crate) const OWNER: &str = "terraform-aws-modules";

const DESCRIBED: &[(&str, &str)] = &[
    ("eks", include_str!("../modules/eks.tf")),
    ("github-role-v5", include_str!("../modules/github-role-v5.tf")),
    ("irsa-v5", include_str!("../modules/irsa-v5.tf")),
    ("irsa-v6", include_str!("../modules/irsa-v6.tf")),
    ("oidc-role-v5", include_str!("../modules/oidc-role-v5.tf")),
    ("pod-identity", include_str!("../modules/pod-identity.tf")),
    ("provider", include_str!("../modules/provider.tf")),
    ("role-v6", include_str!("../modules/role-v6.tf")),
];

/// Module of the owner, submodule, description.
const SOURCES: &[(&str, &str, &str)] = &[
    ("eks", "", "eks"),
    ("eks-pod-identity", "", "pod-identity"),
    ("iam", "iam-assumable-role-with-oidc", "oidc-role-v5"),
    ("iam", "iam-github-oidc-provider", "provider"),
    ("iam", "iam-github-oidc-role", "github-role-v5"),
    ("iam", "iam-oidc-provider", "provider"),
    ("iam", "iam-role", "role-v6"),
    ("iam", "iam-role-for-service-accounts", "irsa-v6"),
    ("iam", "iam-role-for-service-accounts-eks", "irsa-v5"),
];

/// All descriptions, parsed.
pub(crate) fn bodies() -> impl Iterator<Item = (&'static str, Body)> {
    DESCRIBED.iter().filter_map(|(name, text)| parser::parse_body(text).ok().map(|body| (*name, body)))
}

/// The description of the module that a source names, in the registry (`terraform-aws-modules/iam/aws//modules/NAME`)
/// or in its repository (`git::https://HOST/terraform-aws-modules/terraform-aws-iam//modules/NAME`).
pub(crate) fn described(source: &str) -> Option<&'static str> {
    let (_, rest) = source.split_once(OWNER)?;
    let rest = rest.strip_prefix('/')?;
    let (module, inner) = rest.split_once("//").unwrap_or((rest, ""));
    let module = module.split(['?', '/']).next()?.trim_end_matches(".git");
    let module = module.strip_prefix("terraform-aws-").unwrap_or(module);
    let inner = inner.split('?').next()?.trim_matches('/');
    let inner = inner.strip_prefix("modules/").unwrap_or(inner);
    SOURCES.iter().find(|(known, part, _)| (*known, *part) == (module, inner)).map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_is_read() {
        assert_eq!(bodies().count(), DESCRIBED.len());
        for (_, _, name) in SOURCES {
            assert!(DESCRIBED.iter().any(|(described, _)| described == name), "{name}");
        }
    }

    #[test]
    fn sources_are_known_in_each_form() {
        let role = "modules/iam-role-for-service-accounts-eks";
        for source in [
            format!("terraform-aws-modules/iam/aws//{role}"),
            format!("registry.terraform.io/terraform-aws-modules/iam/aws//{role}"),
            format!("git::https://github.com/terraform-aws-modules/terraform-aws-iam.git//{role}?ref=v5.60.0"),
            format!("github.com/terraform-aws-modules/terraform-aws-iam//{role}"),
        ] {
            assert_eq!(described(&source), Some("irsa-v5"), "{source}");
        }
        assert_eq!(described("terraform-aws-modules/eks/aws"), Some("eks"));
        assert_eq!(described("terraform-aws-modules/eks/aws//modules/karpenter"), None);
        assert_eq!(described("terraform-aws-modules/vpc/aws"), None);
        assert_eq!(described("app.terraform.io/acme/iam/aws"), None);
    }
}
