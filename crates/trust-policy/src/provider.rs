//! The name of an identity provider, as IAM writes it.

/// Digits of an account number.
const ACCOUNT_DIGITS: usize = 12;
/// What stands before the issuer in the resource of a provider's ARN.
const OIDC: &str = "oidc-provider/";
const SAML: &str = "saml-provider/";

/// Providers that IAM knows without registration, by the name that `Federated` has (DOC: IAM User Guide, "AWS JSON
/// policy elements: Principal").
pub const BUILT_IN_PROVIDERS: [&str; 4] =
    ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

/// The ARN of an OIDC provider, taken apart (DOC: IAM User Guide, "IAM identifiers").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderArn<'a> {
    /// `aws`, `aws-cn` and so on.
    pub partition: &'a str,
    /// The account's number.
    pub account: &'a str,
    /// The issuer without scheme.
    pub issuer: &'a str,
}

impl<'a> ProviderArn<'a> {
    /// Reads an ARN; nothing when it is malformed: an issuer with a scheme, a pattern in the account's place.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let (partition, account, resource) = iam_arn(arn)?;
        let issuer = resource.strip_prefix(OIDC).filter(|issuer| is_name(issuer))?;
        Some(Self { partition, account, issuer })
    }
}

fn iam_arn(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (head, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let number = account.len() == ACCOUNT_DIGITS && account.bytes().all(|b| b.is_ascii_digit());
    let named = partition == "aws" || partition.starts_with("aws-");
    (head == "arn" && named && service == "iam" && region.is_empty() && number)
        .then_some((partition, account, resource))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains("://") && !name.contains(char::is_whitespace)
}

/// Whether IAM takes a value of `Federated`: a provider's ARN or a domain name (REPORTED, by its own words). `*` is
/// taken too, as nobody says that it is refused.
pub(crate) fn is_federated(value: &str) -> bool {
    let domain =
        |text: &str| text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    match iam_arn(value) {
        Some((_, _, resource)) => [OIDC, SAML].iter().any(|kind| resource.strip_prefix(kind).is_some_and(is_name)),
        None => value == "*" || domain(value),
    }
}
