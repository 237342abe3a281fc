//! Made-up tokens: whole ones, as their issuer would sign them for somebody, so that a witness is one that could be
//! shown.

mod built_in;
mod fill;
mod github;
mod kubernetes;
mod meet;
mod tenants;

use trustwalk_trust_policy::{BUILT_IN_PROVIDERS, Identity};

use crate::wanted::Wanted;

/// Part of every name that is made up, and of no other.
pub(crate) const MADE_UP: &str = "trustwalk-stranger";
/// A numeric id that somebody else has who took a name.
pub(crate) const NEXT_ID: &str = "999999999991";
/// Another such id, of what belongs to them.
pub(crate) const NEXT_PROJECT_ID: &str = "999999999992";

/// Whom a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A customer of an issuer that many share.
    Tenant {
        /// The owner, group or organization.
        name: String,
        /// Its numeric id, where the token tells.
        id: Option<String>,
        /// The repository or project.
        project: Option<String>,
    },
    /// A service account of a cluster.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
    },
    /// A subject of an issuer that has one customer.
    Subject {
        /// The subject.
        subject: String,
    },
    /// Somebody's application at a built-in provider.
    Application,
    /// Somebody who has shown nothing.
    Guest,
    /// Somebody who asked for the audience.
    Asked,
}

/// A token that somebody could show, and whose it is. Most are of people of ours and never tried: it is made when it is
/// tried ([`Mint::made`]).
#[derive(Debug, Clone)]
pub(crate) struct Token {
    form: Form,
    /// Whose it is.
    pub(crate) whose: Whose,
    /// Whether it comes of a call of a workflow that the policy names.
    pub(crate) calls: bool,
}

#[derive(Debug, Clone)]
enum Form {
    /// As it is.
    Whole(Identity),
    /// With this subject, for the audience at this position.
    Subject { subject: String, audience: usize },
}

impl Token {
    /// A token that is made already.
    fn whole(identity: Identity, whose: Whose) -> Self {
        Self { form: Form::Whole(identity), whose, calls: false }
    }
}

/// The kinds of issuers, by what their tokens say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// GitHub Actions.
    Github,
    /// Another issuer that many share, whose subjects name the customer.
    Shared(&'static tenants::Tenancy),
    /// A cluster's.
    Kubernetes,
    /// One that IAM knows without registration.
    BuiltIn(built_in::BuiltIn),
    /// Any other: of one customer, as far as is known.
    Own,
}

impl Family {
    /// Of an issuer (without scheme), by its name, and by what a policy wants of its subjects.
    pub(crate) fn of(issuer: &str, wanted: &Wanted<'_>) -> Self {
        let host = issuer.split('/').next().unwrap_or(issuer);
        if let Some(kind) = built_in::BuiltIn::of(issuer) {
            return Self::BuiltIn(kind);
        }
        // An enterprise's own issuer has a path, and signs for its organizations alone.
        if issuer.trim_end_matches('/').eq_ignore_ascii_case("token.actions.githubusercontent.com") {
            return Self::Github;
        }
        if let Some(tenancy) = tenants::Tenancy::of(issuer) {
            return Self::Shared(tenancy);
        }
        let of_account = |text: &str| text.starts_with(kubernetes::HEAD);
        if is_eks(host) || wanted.values("sub").any(of_account) {
            return Self::Kubernetes;
        }
        Self::Own
    }
}

/// Whether a host issues tokens for EKS, all of whose subjects are service accounts (EKS User Guide, "IAM roles for
/// service accounts").
pub(crate) fn is_eks(host: &str) -> bool {
    host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.")
}

/// Whether an issuer can put a value of a claim into a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mintable {
    /// As far as is known.
    Perhaps,
    /// Never.
    Never,
}

/// Whether a subject can be in a token of an issuer.
pub(crate) fn mintable(family: Family, issuer: &str, subject: &str) -> Mintable {
    let host = issuer.split('/').next().unwrap_or(issuer);
    let possible = match family {
        Family::Kubernetes => {
            // Of a cluster of one's own, a proxy may issue other subjects beside those of service accounts.
            kubernetes::read(subject).is_some() || !(is_eks(host) || subject.starts_with(kubernetes::HEAD))
        }
        Family::Github => !github::is_impossible(subject),
        Family::Shared(_) | Family::BuiltIn(_) | Family::Own => true,
    };
    if possible { Mintable::Perhaps } else { Mintable::Never }
}

/// What the tokens of one provider are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mint<'a> {
    /// The provider: an ARN, or the name of a built-in one.
    pub(crate) provider: &'a str,
    /// What its tokens say.
    pub(crate) family: Family,
    /// What a policy wants of them.
    pub(crate) wanted: &'a Wanted<'a>,
    /// The audiences that they are for.
    pub(crate) audiences: &'a [String],
}

impl Mint<'_> {
    /// Tokens worth trying with a role.
    pub(crate) fn candidates(&self) -> Vec<Token> {
        let mut all = Vec::new();
        if let Family::BuiltIn(kind) = self.family {
            for audience in self.audiences {
                built_in::tokens(&self.base(audience), kind, self.wanted, &mut all);
            }
        } else {
            let of_subjects: Vec<(String, Whose, bool)> = fill::subjects(self.family, self.wanted)
                .into_iter()
                .filter_map(|subject| self.whose(&subject).map(|(whose, calls)| (subject, whose, calls)))
                .collect();
            for audience in 0..self.audiences.len() {
                if all.len() >= crate::limits::STRANGERS {
                    break;
                }
                all.extend(of_subjects.iter().map(|(subject, whose, calls)| {
                    let form = Form::Subject { subject: subject.clone(), audience };
                    Token { form, whose: whose.clone(), calls: *calls }
                }));
            }
        }
        all.truncate(crate::limits::STRANGERS);
        all
    }

    /// Whose a token with this subject is, and whether it comes of a call of a workflow that the policy names; nothing
    /// where nobody can have one.
    fn whose(&self, subject: &str) -> Option<(Whose, bool)> {
        match self.family {
            Family::Github => github::whose(subject, self.wanted),
            Family::Shared(tenancy) => tenants::whose(tenancy, subject).map(|whose| (whose, false)),
            Family::Kubernetes => kubernetes::whose(subject).map(|whose| (whose, false)),
            Family::BuiltIn(_) => None,
            Family::Own => Some((Whose::Subject { subject: subject.to_owned() }, false)),
        }
    }

    /// The token, whole.
    pub(crate) fn made(&self, token: &Token) -> Identity {
        let (subject, audience) = match &token.form {
            Form::Whole(identity) => return identity.clone(),
            Form::Subject { subject, audience } => (subject.as_str(), self.audiences.get(*audience)),
        };
        let base = self.base(audience.map_or("", String::as_str)).with_claim("sub", subject);
        match self.family {
            Family::Github => github::token(base, subject, self.wanted),
            Family::Shared(tenancy) => tenants::token(base, tenancy, subject, self.wanted),
            Family::Kubernetes | Family::BuiltIn(_) | Family::Own => base,
        }
    }

    fn base(&self, audience: &str) -> Identity {
        Identity::new(self.provider).with_claim("aud", audience)
    }
}

/// Tokens of providers that a role did not name: of one that everybody can have an account at, and of one that somebody
/// registers tomorrow.
pub(crate) fn of_anybody(partition: &str, account: &str) -> Vec<Identity> {
    let registered = format!("arn:{partition}:iam::{account}:oidc-provider/{MADE_UP}.invalid");
    let [google, cognito, ..] = BUILT_IN_PROVIDERS;
    // Elsewhere nobody says that they are known.
    let public = [google, cognito].into_iter().filter(|_| partition == "aws").map(str::to_owned);
    public
        .chain([registered])
        .map(|provider| Identity::new(provider).with_claim("aud", MADE_UP).with_claim("sub", MADE_UP))
        .collect()
}
