//! Hosts that are known to present a certificate of a public authority.
//!
//! Seen from here with a certificate of any other authority, such a host was not reached: something in
//! between was, and AWS, which does not pass through it, sees another chain.

/// Domains of issuers that everybody uses. Their operators run them with public certificates, because their
/// callers have nothing but the public roots (the issuer pages of EKS, GitHub, GitLab, Google, Microsoft, Terraform
/// Cloud, `CircleCI`, Buildkite, Bitbucket, Vercel, Fly, Okta and Auth0).
const DOMAINS: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "githubusercontent.com",
    "github.com",
    "ghe.com",
    "gitlab.com",
    "google.com",
    "googleapis.com",
    "microsoftonline.com",
    "sts.windows.net",
    "visualstudio.com",
    "dev.azure.com",
    "azure.com",
    "app.terraform.io",
    "circleci.com",
    "buildkite.com",
    "bitbucket.org",
    "vercel.com",
    "fly.io",
    "spacelift.io",
    "okta.com",
    "auth0.com",
];

/// Labels of names that cloud operators give to customers' own servers, which may have any certificate.
const OF_CUSTOMERS: &[&str] = &["elb", "compute", "compute-1", "cloudapp", "vm"];

/// Whether a host's own certificate is known to come from a public authority.
pub fn is_known_public(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let under = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    DOMAINS.iter().any(under) && !host.split('.').any(|label| OF_CUSTOMERS.contains(&label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_of_everybody_are_known_and_look_alikes_are_not() {
        for host in [
            "oidc.eks.us-west-2.amazonaws.com",
            "OIDC.eks.cn-north-1.amazonaws.com.cn.",
            "oidc-eks.eu-west-1.api.aws",
            "token.actions.githubusercontent.com",
            "gitlab.com",
            "accounts.google.com",
        ] {
            assert!(is_known_public(host), "{host}");
        }
        for host in [
            "",
            "issuer.corp.example",
            "gitlab.example.com",
            "notgitlab.com",
            "gitlab.com.example",
            "keycloak-1.eu-west-1.elb.amazonaws.com",
            "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
        ] {
            assert!(!is_known_public(host), "{host}");
        }
    }
}
