//! What IAM refuses a trust policy for, by name, each with what it means and what to do.

use super::{SaveError, Standing};

/// A kind of [`SaveError`], without its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// [`SaveError::TooLong`]
    TooLong,
    /// [`SaveError::Syntax`]
    Syntax,
    /// [`SaveError::MissingElement`]
    MissingElement,
    /// [`SaveError::ProhibitedResource`]
    ProhibitedResource,
    /// [`SaveError::InvalidConditionType`]
    InvalidConditionType,
    /// [`SaveError::ForeignAction`]
    ForeignAction,
    /// [`SaveError::InvalidFederated`]
    InvalidFederated,
    /// [`SaveError::InvalidPrincipal`]
    InvalidPrincipal,
    /// [`SaveError::InvalidAwsPrincipal`]
    InvalidAwsPrincipal,
    /// [`SaveError::EmptyPrincipal`]
    EmptyPrincipal,
    /// [`SaveError::NotPrincipal`]
    NotPrincipal,
    /// [`SaveError::ExclusiveElements`]
    ExclusiveElements,
    /// [`SaveError::NoActions`]
    NoActions,
    /// [`SaveError::ActionWithoutService`]
    ActionWithoutService,
    /// [`SaveError::KeyWithoutPrefix`]
    KeyWithoutPrefix,
    /// [`SaveError::TwoColons`]
    TwoColons,
    /// [`SaveError::UnreadableDate`]
    UnreadableDate,
    /// [`SaveError::UnreadableValue`]
    UnreadableValue,
    /// [`SaveError::NoValues`]
    NoValues,
    /// [`SaveError::DuplicateSid`]
    DuplicateSid,
    /// [`SaveError::SharedIssuerUnguarded`]
    SharedIssuerUnguarded,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::TooLong,
        Self::Syntax,
        Self::MissingElement,
        Self::ProhibitedResource,
        Self::InvalidConditionType,
        Self::ForeignAction,
        Self::InvalidFederated,
        Self::InvalidPrincipal,
        Self::InvalidAwsPrincipal,
        Self::EmptyPrincipal,
        Self::NotPrincipal,
        Self::ExclusiveElements,
        Self::NoActions,
        Self::ActionWithoutService,
        Self::KeyWithoutPrefix,
        Self::TwoColons,
        Self::UnreadableDate,
        Self::UnreadableValue,
        Self::NoValues,
        Self::DuplicateSid,
        Self::SharedIssuerUnguarded,
    ];

    /// Its name, as reports and documents write it.
    pub fn name(self) -> &'static str {
        self.page().0
    }

    /// That of a name, whatever the case of its letters.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name.trim()))
    }

    /// What is wrong, in one sentence.
    pub fn summary(self) -> &'static str {
        self.page().1
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        self.page().2
    }

    /// How well it is known that IAM refuses.
    pub fn standing(self) -> Standing {
        match self {
            Self::TooLong
            | Self::ProhibitedResource
            | Self::NotPrincipal
            | Self::ExclusiveElements
            | Self::DuplicateSid
            | Self::SharedIssuerUnguarded => Standing::Documented,
            Self::Syntax
            | Self::MissingElement
            | Self::EmptyPrincipal
            | Self::NoActions
            | Self::InvalidConditionType
            | Self::UnreadableDate
            | Self::TwoColons
            | Self::ActionWithoutService
            | Self::ForeignAction
            | Self::InvalidFederated
            | Self::InvalidAwsPrincipal
            | Self::InvalidPrincipal => Standing::Reported,
            Self::KeyWithoutPrefix | Self::NoValues | Self::UnreadableValue => Standing::Unknown,
        }
    }

    /// Name, summary, advice.
    #[expect(clippy::too_many_lines, reason = "a table, one row for each kind")]
    fn page(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::TooLong => (
                "too-long",
                "The policy has more characters than the account's quota takes: 2048, or up to 4096 where it was \
                 raised; white space outside of texts is not counted",
                "Write one statement with a list of subjects in place of many statements, or give the workloads roles \
                 of their own. The quota is raised in Service Quotas, as `Role trust policy length` of IAM.",
            ),
            Self::Syntax => (
                "syntax",
                "The policy has no statement, or an element that the policy language lacks",
                "Compare the names of the elements with those of the language: Version, Id, Statement, and in a \
                 statement Sid, Effect, Principal, Action, Condition. Their letters' case counts.",
            ),
            Self::MissingElement => (
                "missing-element",
                "A statement lacks an element that each statement of a trust policy needs: Effect, Principal, Action",
                "Add the element that the message names.",
            ),
            Self::ProhibitedResource => (
                "prohibited-resource",
                "A statement has Resource: a trust policy is attached to its role, which is the one resource it is \
                 about",
                "Take Resource out of the statement. If it names what the role is to reach, it belongs into a \
                 permissions policy of the role.",
            ),
            Self::InvalidConditionType => (
                "invalid-condition-type",
                "A condition has an operator that the policy language lacks",
                "Write an operator of the language, such as StringEquals or StringLike. IfExists stands behind it, \
                 ForAnyValue: and ForAllValues: before it.",
            ),
            Self::ForeignAction => (
                "foreign-action",
                "A statement allows an action that is none of those by which STS hands out a role",
                "For tokens of an OIDC issuer allow sts:AssumeRoleWithWebIdentity, and sts:TagSession where sessions \
                 are tagged. What the role may do afterwards belongs into its permissions policies.",
            ),
            Self::InvalidFederated => (
                "invalid-federated",
                "A federated principal is neither the ARN of a provider nor the domain of one that AWS has built in",
                "Write arn:aws:iam::ACCOUNT:oidc-provider/ISSUER, without https:// and without a slash at its end.",
            ),
            Self::InvalidPrincipal => (
                "invalid-principal",
                "Principal is no principal: a text other than a star, or a kind that the language lacks",
                "Write the kind before the value: Federated for issuers, Service for AWS's services, AWS for accounts, \
                 users and roles.",
            ),
            Self::InvalidAwsPrincipal => (
                "invalid-aws-principal",
                "An AWS principal is neither an ARN nor the number of an account",
                "Write twelve digits or a whole ARN. A star stands only by itself: IAM takes no part of an ARN for a \
                 pattern.",
            ),
            Self::EmptyPrincipal => (
                "empty-principal",
                "Principal names nobody",
                "Name who is to have the role, or take the statement out. An empty list often comes from a variable \
                 that nobody has set.",
            ),
            Self::NotPrincipal => (
                "not-principal",
                "A statement has NotPrincipal, which a trust policy must not have",
                "Name in Principal who is to have the role, and shut others out with a condition.",
            ),
            Self::ExclusiveElements => (
                "exclusive-elements",
                "A statement has an element and its Not form at once, such as Action and NotAction",
                "Keep one of the two: Action, in nearly all policies.",
            ),
            Self::NoActions => (
                "no-actions",
                "A statement has an empty list of actions",
                "Add sts:AssumeRoleWithWebIdentity, or take the statement out.",
            ),
            Self::ActionWithoutService => (
                "action-without-service",
                "An action has no service before it",
                "Write sts:AssumeRoleWithWebIdentity, with sts: before the name.",
            ),
            Self::KeyWithoutPrefix => (
                "key-without-prefix",
                "A condition key has nothing before it, where keys of an issuer are ISSUER:CLAIM",
                "Write the issuer without https://, a colon, and the claim: ISSUER:sub. Whether IAM saves such a key \
                 is not known; no token fills it in.",
            ),
            Self::TwoColons => (
                "two-colons",
                "An action or a condition key has more than one colon",
                "Take https:// off the issuer, and a port, which no issuer on AWS has: the key is ISSUER:CLAIM.",
            ),
            Self::UnreadableDate => (
                "unreadable-date",
                "A value of a date operator is no date",
                "Write it as 2026-01-31T00:00:00Z, or in seconds since 1970.",
            ),
            Self::UnreadableValue => (
                "unreadable-value",
                "A value is none that its operator reads, such as a text under a numeric operator",
                "Write a value of the operator's kind, or StringEquals for texts. Whether IAM saves such a value is \
                 not known.",
            ),
            Self::NoValues => (
                "no-values",
                "A condition key has an empty list of values, with which no token can be compared",
                "Add the values, or take the key out. Whether IAM saves such a list is not known.",
            ),
            Self::DuplicateSid => {
                ("duplicate-sid", "Two statements have the same Sid", "Give each statement a Sid of its own, or none.")
            }
            Self::SharedIssuerUnguarded => (
                "shared-issuer-unguarded",
                "A statement admits tokens of an issuer that many customers share, and evaluates no claim that tells \
                 them apart",
                "Add a condition on the key that the message names, with a value of yours.",
            ),
        }
    }
}

impl SaveError {
    /// Its kind.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::TooLong { .. } => Refusal::TooLong,
            Self::Syntax { .. } => Refusal::Syntax,
            Self::MissingElement { .. } => Refusal::MissingElement,
            Self::ProhibitedResource { .. } => Refusal::ProhibitedResource,
            Self::InvalidConditionType { .. } => Refusal::InvalidConditionType,
            Self::ForeignAction { .. } => Refusal::ForeignAction,
            Self::InvalidFederated { .. } => Refusal::InvalidFederated,
            Self::InvalidPrincipal { .. } => Refusal::InvalidPrincipal,
            Self::InvalidAwsPrincipal { .. } => Refusal::InvalidAwsPrincipal,
            Self::EmptyPrincipal { .. } => Refusal::EmptyPrincipal,
            Self::NotPrincipal { .. } => Refusal::NotPrincipal,
            Self::ExclusiveElements { .. } => Refusal::ExclusiveElements,
            Self::NoActions { .. } => Refusal::NoActions,
            Self::ActionWithoutService { .. } => Refusal::ActionWithoutService,
            Self::KeyWithoutPrefix { .. } => Refusal::KeyWithoutPrefix,
            Self::TwoColons { .. } => Refusal::TwoColons,
            Self::UnreadableDate { .. } => Refusal::UnreadableDate,
            Self::UnreadableValue { .. } => Refusal::UnreadableValue,
            Self::NoValues { .. } => Refusal::NoValues,
            Self::DuplicateSid { .. } => Refusal::DuplicateSid,
            Self::SharedIssuerUnguarded { .. } => Refusal::SharedIssuerUnguarded,
        }
    }

    /// How well it is known that IAM refuses.
    pub fn standing(&self) -> Standing {
        self.refusal().standing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_the_name_that_documents_have() {
        let (statement, text) = (0, || "x".to_owned());
        let all = [
            SaveError::TooLong { length: 1, quota: 1 },
            SaveError::Syntax { statement: None, element: text() },
            SaveError::MissingElement { statement, element: "Effect" },
            SaveError::ProhibitedResource { statement },
            SaveError::InvalidConditionType { statement, operator: text() },
            SaveError::ForeignAction { statement, action: text() },
            SaveError::InvalidFederated { statement, value: text() },
            SaveError::InvalidPrincipal { statement, value: text() },
            SaveError::InvalidAwsPrincipal { statement, value: text() },
            SaveError::EmptyPrincipal { statement },
            SaveError::NotPrincipal { statement },
            SaveError::ExclusiveElements { statement, element: "Action" },
            SaveError::NoActions { statement },
            SaveError::ActionWithoutService { statement, action: text() },
            SaveError::KeyWithoutPrefix { statement, key: text() },
            SaveError::TwoColons { statement, text: text() },
            SaveError::UnreadableDate { statement, key: text(), value: text() },
            SaveError::UnreadableValue { statement, operator: text(), key: text(), value: text() },
            SaveError::NoValues { statement, operator: text(), key: text() },
            SaveError::DuplicateSid { statement, sid: text() },
            SaveError::SharedIssuerUnguarded { statement, issuer: text(), key: text() },
        ];
        let kinds: Vec<Refusal> = all.iter().map(SaveError::refusal).collect();
        assert_eq!(kinds, Refusal::ALL);
        for error in &all {
            let written = serde_json::to_value(error).unwrap();
            assert_eq!(written["error"], error.refusal().name());
            assert_eq!(Refusal::find(&error.refusal().name().to_uppercase()), Some(error.refusal()));
        }
        assert_eq!(Refusal::find("resource"), None);
    }

    #[test]
    fn no_two_say_the_same() {
        let mut said: Vec<&str> = Refusal::ALL.iter().flat_map(|one| [one.summary(), one.advice()]).collect();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), 2 * Refusal::ALL.len());
    }
}
