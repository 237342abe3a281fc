//! What an audit finds: rules of its own, and causes of the catalogue where it is the same.

use serde::{Serialize, Serializer};
use trustwalk_core::cause::Cause;
use trustwalk_core::severity::Severity;

use crate::sarif::Level;

macro_rules! rules {
    ($($variant:ident = $code:literal, $name:literal, $level:ident, $summary:literal, $advice:literal;)*) => {
        /// A rule that only an audit knows: nothing fails because of it. Codes are never given to another rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the summary of each says what it is")]
        pub enum Own {
            $($variant,)*
        }

        impl Own {
            /// All, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const fn told(self) -> (&'static str, &'static str, Level, &'static str, &'static str) {
                match self {
                    $(Self::$variant => ($code, $name, Level::$level, $summary, $advice),)*
                }
            }
        }
    };
}

rules! {
    AnyProvider = "TA001", "any-provider", Error,
        "The role admits tokens of every identity provider",
        "Name the provider's ARN under `Federated`, and its claims under `Condition`.";
    AnyTenant = "TA002", "any-tenant-of-a-shared-issuer", Error,
        "The role admits tokens that any customer of a shared issuer can have",
        "Hold the claim that names the customer (for GitHub the owner in `sub`) to your own.";
    OutsideZone = "TA003", "outside-the-zone", Error,
        "The role names somebody whom the zone does not",
        "Take the value out of the policy, or say in the zone that it is yours.";
    NextOwner = "TA004", "next-owner-of-a-name", Warning,
        "A wildcard stands for the ids that tell the owner of a name from the next one",
        "Write the ids: `repo:OWNER@ID/NAME@ID:…`.";
    AnybodysWorkflow = "TA005", "workflow-that-anybody-may-call", Error,
        "The role asks for a reusable workflow, which any repository may call, and not for the repository",
        "Hold `sub`, or `repository_owner_id`, to your own beside `job_workflow_ref`.";
    AnyNamespace = "TA006", "any-namespace-of-a-cluster", Warning,
        "The role admits service accounts of namespaces that it does not name",
        "Name the namespace and the service account in `sub`.";
    AnySubject = "TA007", "any-subject-of-an-issuer", Warning,
        "The role admits every subject of an issuer",
        "Hold `sub` to the subjects that are meant.";
    AnyAudience = "TA008", "any-audience", Note,
        "The role takes tokens that were made for another audience of the same provider",
        "Hold `aud` to the audience that is meant.";
    AnyApplication = "TA009", "any-application-of-a-built-in-provider", Error,
        "The role admits tokens of anybody's application or identity pool",
        "Hold `aud` (of Amazon and Facebook `app_id`) to your own application or identity pool.";
    Guests = "TA010", "guests-of-an-identity-pool", Warning,
        "The role admits guests of an identity pool, who have shown nothing",
        "Ask for `cognito-identity.amazonaws.com:amr` `authenticated` under `ForAnyValue:StringLike`.";
    AskedAudience = "TA011", "audience-that-anybody-may-ask-for", Error,
        "The role asks for an audience that any service account of Google may have put into its token",
        "Hold `accounts.google.com:sub` or `accounts.google.com:aud` to those that are meant.";
    OrphanedProvider = "TA012", "provider-without-role", Note,
        "No role trusts the identity provider",
        "Delete it, once nobody means to use it.";
    UnusedProvider = "TA013", "provider-unused", Note,
        "No role that trusts the identity provider was used for a long time",
        "Delete it and the trust in it, once nobody means to use it.";
    UselessClientId = "TA014", "client-id-without-role", Note,
        "No role takes tokens for an audience that the identity provider has registered",
        "Remove the audience from the provider.";
    ProviderQuota = "TA015", "provider-at-a-quota", Warning,
        "An identity provider has as many audiences or thumbprints as IAM takes",
        "Remove those that are no longer in use before one more is needed.";
    WiderThanSeen = "TA016", "wider-than-seen", Note,
        "The role admits more than the identities that were seen to use it",
        "Replace the trust policy by the one that admits those who were seen and nobody else.";
    TrustEnds = "TA017", "trust-ends-on-a-day", Warning,
        "The role admits nobody from a day on that its policy names",
        "Move the day, or take the condition on the time away, before it comes.";
}

impl Own {
    /// By its code or its name, in whatever letter case.
    pub fn find(text: &str) -> Option<Self> {
        let text = text.trim();
        let same = |own: &&Self| own.code().eq_ignore_ascii_case(text) || own.name().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(same).copied()
    }

    /// `TA001`.
    pub const fn code(self) -> &'static str {
        self.told().0
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.told().1
    }

    /// How bad it is.
    pub const fn level(self) -> Level {
        self.told().2
    }

    /// What it says, without a full stop.
    pub const fn summary(self) -> &'static str {
        self.told().3
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        self.told().4
    }
}

/// What a finding is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A rule of the audit's own.
    Own(Own),
    /// A cause of the catalogue: the same policy fails for the same reason when somebody needs it.
    Cause(Cause),
}

impl Rule {
    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Own(own) => own.code(),
            Self::Cause(cause) => cause.code(),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own(own) => own.name(),
            Self::Cause(cause) => cause.name(),
        }
    }

    /// What it says, without a full stop.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Own(own) => own.summary(),
            Self::Cause(cause) => cause.meta().summary,
        }
    }

    /// How bad it is by itself.
    pub fn level(self) -> Level {
        match self {
            Self::Own(own) => own.level(),
            // Nothing fails yet that an audit sees.
            Self::Cause(cause) => match cause.severity() {
                Severity::Error | Severity::Warning => Level::Warning,
                Severity::Info => Level::Note,
            },
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_each_ones_own_and_on_the_page() {
        let page = include_str!("../../../docs/reference/audit-rules.md");
        let mut seen = BTreeSet::new();
        for own in Own::ALL {
            assert!(seen.insert(own.code()) && seen.insert(own.name()), "{own:?}");
            let row = format!(
                "| {} | `{}` | {} | {} | {} |",
                own.code(),
                own.name(),
                own.level().name(),
                own.summary(),
                own.advice()
            );
            assert!(page.contains(&row), "docs/reference/audit-rules.md lacks\n{row}");
        }
        assert_eq!(page.matches("\n| TA").count(), Own::ALL.len());
    }
}
