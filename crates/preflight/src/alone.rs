//! Roles and providers by themselves: statements that admit nobody, whoever asks; policies that IAM does not save;
//! roles that wait for a service account that names none.

use trustwalk_checkout::{Node, Place, Provider, Role, Said, Text, Value};
use trustwalk_core::cause::{Cause, policy::of_refusal};
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{DEFAULT_AUDIENCE, Evidence, Target};
use trustwalk_core::finding::{Confidence, Exhibit, Finding};
use trustwalk_core::severity::Severity;
use trustwalk_trust_policy::{
    BUILT_IN_PROVIDERS, Document, SaveContext, SaveError, SubjectForm, TRUST_POLICY_QUOTA_RAISED,
};

use crate::admit::{Admission, Asking, Weighed, weigh};
use crate::evidence;
use crate::fill::{Fill, is_made_up};
use crate::judge::Merged;
use crate::model::{Identity, Note, Report, Spot, Standing};
use crate::policy::{Statement, is_known, rendered, statements};
use crate::put;
use crate::world::{World, account_of};

/// What is wrong with a statement whoever asks.
const WHOEVER_ASKS: [Cause; 20] = [
    Cause::WildcardWithStringequals,
    Cause::ConditionKeyClaimNotSupportedByIam,
    Cause::AudienceConditionWrongInTrustPolicy,
    Cause::AudienceConfusedWithStsEndpoint,
    Cause::PartitionAudienceMismatch,
    Cause::FederatedPrincipalMalformed,
    Cause::HttpsPrefixInArnOrConditionKey,
    Cause::FederatedArnWrongAccount,
    Cause::SubValueUnderAudKey,
    Cause::TrustPolicyWrongAction,
    Cause::ConditionKeyMissingSubSuffix,
    Cause::ConditionKeyNotIssuerPath,
    Cause::EnterpriseIssuerPathMissingInConditionKey,
    Cause::GhaSubNoTrailingContext,
    Cause::IssConditionValueWrongScheme,
    Cause::IssuerTrailingSlashMismatch,
    Cause::IssuerHostChangedDualStack,
    Cause::WrongRegionInIssuerHost,
    Cause::TwoIssuersAndEdInOneStatement,
    Cause::UnexpandedVariableInKey,
];

/// Judges roles and providers by themselves.
pub(crate) fn judge(world: &World, report: &mut Report) {
    for role in &world.declared.roles {
        // What was found on somebody's way to it is not told again in other words.
        let of_role = |spot: &Spot| *spot.file == *role.from.at.path && inside(spot, &role.from.at);
        let found = || report.findings.iter().filter(|f| of_role(&f.at) || f.related.iter().any(|r| of_role(&r.at)));
        let known: Vec<Cause> = found().map(|f| f.finding.cause).collect();
        let refusals = refused_at_save(role);
        let dead = statements(&role.trust).into_iter().filter(|s| s.allows() && !s.federated().is_empty());
        let dead: Vec<_> = if known.is_empty() {
            dead.filter_map(|s| of_statement(world, role, &s)).flatten().collect()
        } else {
            Vec::new()
        };
        let mut known = known;
        for (finding, at, fill) in dead.into_iter().chain(refusals) {
            let follows = finding.cause == Cause::IamRejectsTrustPolicyWithoutRequiredClaim
                && known.iter().any(|cause| OF_KEYS.contains(cause));
            if !known.contains(&finding.cause) && !follows {
                known.push(finding.cause);
                let who = format!("role {}", role.from.address);
                let related = vec![put::related("the role", &role.from.at)];
                report.findings.push(put::found(finding, &who, &at, related, &fill));
            }
        }
        if !known.is_empty() {
            settled(role, report);
        }
    }
    twice(world, report);
}

/// Causes of a condition's key: a claim that it was to ask for is then not asked for, which is no fault of its own.
const OF_KEYS: [Cause; 8] = [
    Cause::HttpsPrefixInArnOrConditionKey,
    Cause::ConditionKeyNotIssuerPath,
    Cause::ConditionKeyMissingSubSuffix,
    Cause::ConditionKeyClaimNotSupportedByIam,
    Cause::SubValueUnderAudKey,
    Cause::UnexpandedVariableInKey,
    Cause::EnterpriseIssuerPathMissingInConditionKey,
    Cause::IssuerTrailingSlashMismatch,
];

/// What was left open of a role that is broken whoever asks is open no more.
fn settled(role: &Role, report: &mut Report) {
    let at = Some(Spot::from(&role.trust.at));
    let (of_role, others): (Vec<Note>, Vec<Note>) =
        std::mem::take(&mut report.undetermined).into_iter().partition(|n| n.at == at && n.identity.is_some());
    report.undetermined = others;
    for note in of_role {
        let own = |i: &&mut Identity| Some(&i.who) == note.identity.as_ref();
        report.identities.iter_mut().filter(own).for_each(|i| i.standing = Standing::Broken);
    }
}

fn inside(spot: &Spot, place: &Place) -> bool {
    (place.line..=place.end_line).contains(&spot.line)
}

/// What keeps a statement from admitting anybody, asked as the one whom it is written for.
fn of_statement(world: &World, role: &Role, statement: &Statement<'_>) -> Option<Vec<(Finding, Place, Fill)>> {
    // Providers that IAM has built in are no ARNs, and nobody registers them.
    let built_in =
        |n: &Node| n.value.text().is_some_and(|t| t.known().is_some_and(|t| BUILT_IN_PROVIDERS.contains(&t)));
    if statement.federated().into_iter().any(built_in) {
        return None;
    }
    let (issuer, provider) = world.issuer_of(&role.arn, statement)?;
    let alone = alone(role, statement);
    let audiences = audiences(world, &provider, statement);
    let asked = |audience: Text| {
        let subject = subject(statement);
        let asking = Asking {
            issuer: issuer.clone(),
            provider: provider.clone(),
            subject,
            foretold: None,
            audience,
            now: world.now,
        };
        let mut fill = Fill::default();
        fill.arn(&role.arn, account_of(role, None).as_deref());
        weigh(&alone, &asking, fill).ok().map(|weighed| (asking, weighed))
    };
    let all: Vec<(Asking, Weighed<'_>)> = audiences.into_iter().filter_map(asked).collect();
    if all.is_empty() || all.iter().any(|(_, w)| w.admission != Admission::No) {
        return None;
    }
    let (asking, weighed) = all.into_iter().next()?;
    let e = evidence_of(world, role, &asking, &weighed);
    let found = put::of(diagnose(&e)).into_iter().filter(|f| WHOEVER_ASKS.contains(&f.cause));
    let own = weighed.causes();
    let found = found.filter(|f| own.contains(&f.cause));
    Some(
        found
            .map(|f| {
                let at = weighed.place(f.cause).unwrap_or_else(|| statement.node.at.clone());
                (f, at, weighed.fill.clone())
            })
            .collect(),
    )
}

fn evidence_of(world: &World, role: &Role, asking: &Asking, weighed: &Weighed<'_>) -> Evidence {
    let fill = &weighed.fill;
    let (arn, subject) = (fill.arn_text(&role.arn), fill.text(&asking.subject));
    let mut e = evidence::of(Target::Role { arn: arn.clone(), subject: Some(subject.clone()) }, world.now);
    let at = format!("{}:{}", role.trust.at.path, role.trust.at.line);
    e.role_arn = evidence::known(arn, at.clone(), world.now);
    e.role = evidence::known(evidence::role(role, &weighed.text, fill), at.clone(), world.now).into();
    let token = evidence::token(&fill.text(&asking.issuer), subject, fill.text(&asking.audience), at.clone());
    e.token = evidence::known(token, at, world.now);
    e
}

/// A policy of one statement.
fn alone(role: &Role, statement: &Statement<'_>) -> Node {
    let at = &role.trust.at;
    let version = role.trust.value.get("Version").cloned();
    let version = version.unwrap_or_else(|| Said::new(Value::Text("2012-10-17".into()), at.clone()));
    let list = Said::new(Value::List(vec![statement.node.clone()]), at.clone());
    let named = |name: &str| Said::new(Text::from(name), at.clone());
    Said::new(Value::Map(vec![(named("Version"), version), (named("Statement"), list)]), at.clone())
}

/// The values of the conditions on a claim.
fn values(statement: &Statement<'_>, claim: &str) -> Vec<Text> {
    let of = statement.conditions.iter().filter(|c| {
        let key = c.key.value.to_string();
        key.rsplit_once(':').is_some_and(|(_, own)| own.eq_ignore_ascii_case(claim))
            && c.operator.value.known().is_some_and(|o| !o.contains("Not"))
    });
    of.flat_map(|c| c.values.iter().filter_map(|n| n.value.text())).collect()
}

/// The subject that a statement is written for: the first that it names, with something in the place of its wildcards.
fn subject(statement: &Statement<'_>) -> Text {
    let Some(first) = values(statement, "sub").into_iter().next() else {
        return "trustwalk-anybody".into();
    };
    let pieces = first.pieces().iter().map(|piece| match piece {
        trustwalk_checkout::Piece::Known(known) => Text::from(known.replace(['*', '?'], "x")),
        trustwalk_checkout::Piece::Unknown(symbol) => Text::unknown(symbol.0.clone()),
    });
    let mut subject: Text = pieces.collect();
    // No subject of GitHub's ends with the repository (GitHub Docs, "OpenID Connect reference").
    let bare = |t: &str| matches!(SubjectForm::of(t), SubjectForm::Repository { context: None, .. });
    let open = first.known().is_some_and(|k| k.ends_with('*'));
    if subject.known().is_some_and(bare) {
        subject.push(if open { "x:ref:refs/heads/main" } else { ":ref:refs/heads/main" }.into());
    }
    subject
}

/// The audiences that its tokens may have: those of the provider where the files tell them, or else what it asks for.
fn audiences(world: &World, provider: &Text, statement: &Statement<'_>) -> Vec<Text> {
    let declared = world.provider(provider).map(|p| &p.client_ids).filter(|ids| !ids.is_empty());
    if let Some(ids) = declared.filter(|ids| ids.iter().all(|id| id.value.known().is_some())) {
        return ids.iter().map(|id| id.value.clone()).collect();
    }
    let mut asked = values(statement, "aud");
    asked.truncate(1);
    if asked.is_empty() { vec![DEFAULT_AUDIENCE.into()] } else { asked }
}

/// What IAM refuses a policy for.
fn refused_at_save(role: &Role) -> Vec<(Finding, Place, Fill)> {
    let mut fill = Fill::default();
    fill.arn(&role.arn, None);
    let text = rendered(&role.trust, &fill);
    let Ok(document) = Document::parse(&text) else { return Vec::new() };
    let all = statements(&role.trust);
    let mut found = Vec::new();
    for error in document.lint(&SaveContext::default()) {
        let Some(cause) = of_refusal(&error) else { continue };
        let index = statement_of(&error);
        let statement = index.and_then(|i| all.get(i));
        let whole = match statement {
            Some(statement) => statement.is_known() || decides_by_itself(&error),
            None => is_known(&role.trust),
        };
        if !whole || is_made_up(&error.to_string()) || is_made_up(&format!("{error:?}")) {
            continue;
        }
        let at = statement.map_or_else(|| role.trust.at.clone(), |s| of_error(s, &error, &fill));
        let place = format!("{}:{}", at.path, at.line);
        let mut sentence = format!("IAM refuses to save the trust policy of {}: {error}", role.from.address);
        let mut decide = None;
        if let SaveError::TooLong { length, .. } = error {
            sentence = format!("{sentence}; it has {length} characters");
            // No file tells the account's quota.
            let raised = "whether the account's quota, `Role trust policy length`, was raised, to 4096 at most";
            decide = (length <= TRUST_POLICY_QUOTA_RAISED).then(|| raised.to_owned());
        }
        let finding = Finding {
            cause,
            severity: Severity::Error,
            confidence: if decide.is_some() { Confidence::Likely } else { Confidence::Proven },
            sentence,
            proof: vec![Exhibit::new("IAM's answer", error.to_string(), place)],
            cures: Vec::new(),
            decide,
        };
        found.push((finding, at, fill.clone()));
    }
    found
}

/// What of a statement IAM refuses.
fn of_error(statement: &Statement<'_>, error: &SaveError, fill: &Fill) -> Place {
    let element = |name: &str| statement.node.value.get(name).map(|n| n.at.clone());
    let own = if let SaveError::InvalidFederated { value, .. } = error {
        let is = |n: &&&Node| n.value.text().is_some_and(|t| fill.text(&t) == *value);
        statement.federated().iter().find(is).map(|n| n.at.clone())
    } else if let SaveError::TwoColons { text, .. } = error {
        let key = statement.conditions.iter().find(|c| fill.text(&c.key.value) == *text);
        key.map(|c| c.key.at.clone())
    } else if matches!(error, SaveError::ForeignAction { .. } | SaveError::ActionWithoutService { .. }) {
        element("Action")
    } else {
        None
    };
    own.unwrap_or_else(|| statement.node.at.clone())
}

fn statement_of(error: &SaveError) -> Option<usize> {
    match error {
        SaveError::TooLong { .. } => None,
        SaveError::Syntax { statement, .. } => *statement,
        SaveError::MissingElement { statement, .. }
        | SaveError::ProhibitedResource { statement }
        | SaveError::InvalidConditionType { statement, .. }
        | SaveError::ForeignAction { statement, .. }
        | SaveError::InvalidFederated { statement, .. }
        | SaveError::InvalidPrincipal { statement, .. }
        | SaveError::InvalidAwsPrincipal { statement, .. }
        | SaveError::EmptyPrincipal { statement }
        | SaveError::NotPrincipal { statement }
        | SaveError::ExclusiveElements { statement, .. }
        | SaveError::NoActions { statement }
        | SaveError::ActionWithoutService { statement, .. }
        | SaveError::KeyWithoutPrefix { statement, .. }
        | SaveError::TwoColons { statement, .. }
        | SaveError::UnreadableDate { statement, .. }
        | SaveError::UnreadableValue { statement, .. }
        | SaveError::NoValues { statement, .. }
        | SaveError::SharedIssuerUnguarded { statement, .. }
        | SaveError::DuplicateSid { statement, .. } => Some(*statement),
    }
}

/// Whether the value that it names is all that decides it, whatever else of the statement is unknown.
fn decides_by_itself(error: &SaveError) -> bool {
    matches!(
        error,
        SaveError::InvalidFederated { .. }
            | SaveError::TwoColons { .. }
            | SaveError::ForeignAction { .. }
            | SaveError::ActionWithoutService { .. }
    )
}

/// Two providers of one URL in one template: IAM takes one for each URL of an account.
fn twice(world: &World, report: &mut Report) {
    let all = &world.declared.providers;
    for (n, provider) in all.iter().enumerate() {
        let same = |other: &&Provider| {
            other.from.at.path == provider.from.at.path
                && other.url.value == provider.url.value
                && other.perhaps.is_none()
                && provider.perhaps.is_none()
        };
        let Some(first) = all.iter().take(n).find(same) else { continue };
        let url = provider.url.value.to_string();
        let finding = Finding {
            cause: Cause::OidcProviderOnePerUrl,
            severity: Severity::Error,
            confidence: Confidence::Likely,
            sentence: format!(
                "{} and {} register {url} both, and an account takes one OIDC provider for a URL",
                first.from.address, provider.from.address
            ),
            proof: vec![Exhibit::new("URL", url, format!("{}:{}", first.url.at.path, first.url.at.line))],
            cures: Vec::new(),
            decide: Some("whether both are made in the same account".to_owned()),
        };
        let who = format!("provider {}", provider.from.address);
        let related = vec![put::related("the other", &first.url.at)];
        report.findings.push(put::found(finding, &who, &provider.url.at, related, &Fill::default()));
    }
}

/// A role that trusts exactly this account, which names none.
pub(crate) fn waiting(world: &World, account: &Merged<'_>, mut e: Evidence, report: &mut Report) {
    let subject = account.subject();
    if subject.known().is_none() {
        return;
    }
    let names = |role: &&Role| {
        statements(&role.trust).iter().any(|s| {
            s.allows() && s.conditions.iter().flat_map(|c| &c.values).any(|n| n.value.text().as_ref() == Some(&subject))
        })
    };
    let roles: Vec<&Role> = world.declared.roles.iter().filter(names).collect();
    let [role] = roles.as_slice() else { return };
    let Some((issuer, provider)) = world.issuer(role, &role.arn) else { return };
    let audience = DEFAULT_AUDIENCE.into();
    let asking = Asking { issuer, provider, subject: subject.clone(), foretold: None, audience, now: world.now };
    let mut fill = Fill::default();
    fill.arn(&role.arn, account_of(role, None).as_deref());
    let Ok(weighed) = weigh(&role.trust, &asking, fill) else { return };
    if !matches!(weighed.admission, Admission::Yes) {
        return;
    }
    let (issuer, provider) = (weighed.fill.text(&asking.issuer), weighed.fill.text(&asking.provider));
    let at = format!("{}:{}", role.trust.at.path, role.trust.at.line);
    let own = evidence::role(role, &weighed.text, &weighed.fill);
    e.trusting = evidence::known(vec![own], at.clone(), world.now).into();
    let token = evidence::token(&issuer, weighed.fill.text(&subject), DEFAULT_AUDIENCE.to_owned(), at.clone());
    e.token = evidence::known(token, at.clone(), world.now);
    let registered = trustwalk_core::evidence::Provider {
        arn: provider,
        url: issuer,
        client_ids: vec![DEFAULT_AUDIENCE.to_owned()],
        ..trustwalk_core::evidence::Provider::default()
    };
    e.provider = evidence::known(registered, at, world.now).into();
    let found = put::of(diagnose(&e)).into_iter().find(|f| f.cause == Cause::AnnotationMissingOnServiceAccount);
    let Some(mut finding) = found else { return };
    finding.severity = Severity::Error;
    let who = format!("service account {}/{}", account.namespace, account.name.value);
    let related = vec![put::related("the role that waits for it", &role.from.at)];
    report.identities.push(Identity {
        who: who.clone(),
        role: Some(role.arn.to_string()),
        at: Spot::from(&account.name.at),
        role_at: None,
        subject: subject.known().map(str::to_owned),
        standing: Standing::Broken,
        taken: Vec::new(),
    });
    report.findings.push(put::found(finding, &who, &account.name.at, related, &weighed.fill));
}
