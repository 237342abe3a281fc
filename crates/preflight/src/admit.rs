//! Whether a trust policy of which parts are unknown admits an identity of which parts are: whatever they are, whatever
//! they are not, or depending on them.

use trustwalk_checkout::{Node, Piece, Place, Symbol, Text};
use trustwalk_core::cause::Cause;
use trustwalk_core::cause::policy::of_reason;
use trustwalk_core::evidence::{Fit, Letters, Template};
use trustwalk_core::link::Link;
use trustwalk_trust_policy::{
    Call, Comparison, ConditionVerdict, Decision, Document, Exchange, Identity, Miss, Operator, Place as Where, Policy,
    Quantifier, Reason, claim_becomes_key,
};

use crate::fill::{Fill, unified};
use crate::policy::{Condition, Statement, place_of_condition, rendered, statements, texts};

/// Who asks for a role.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    /// The issuer, without its scheme.
    pub(crate) issuer: Text,
    /// The ARN of its provider.
    pub(crate) provider: Text,
    /// `sub`.
    pub(crate) subject: Text,
    /// The same with what its unknown parts may be, where that is known.
    pub(crate) foretold: Option<Template>,
    /// `aud`.
    pub(crate) audience: Text,
    /// When, Unix seconds.
    pub(crate) now: i64,
}

impl Asking {
    /// Whether a value can be the subject, whatever is unknown of both.
    fn may_be(&self, value: &Text, like: bool) -> bool {
        let Some(subject) = &self.foretold else { return true };
        compared_with(value, like, subject, Some(&self.subject)) != Fit::Refuses
    }
}

/// What a policy says of who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It admits, whatever is unknown.
    Yes,
    /// It refuses, whatever is unknown.
    No,
    /// What decides, in words.
    Depends(Vec<String>),
}

/// A policy, weighed for who asks.
#[derive(Debug, Clone)]
pub(crate) struct Weighed<'n> {
    pub(crate) admission: Admission,
    pub(crate) fill: Fill,
    /// The policy's text, each symbol filled in.
    pub(crate) text: String,
    document: Document,
    reasons: Vec<Reason>,
    statements: Vec<Statement<'n>>,
    /// The issuer, without its scheme, each symbol filled in.
    pub(crate) issuer: String,
    /// The ARN of its provider, the same.
    pub(crate) provider: String,
    /// Subject and audience of who asks, each symbol filled in.
    pub(crate) claims: (String, String),
}

impl Weighed<'_> {
    /// The token of who asks.
    pub(crate) fn token(&self, origin: String) -> trustwalk_core::evidence::TokenClaims {
        crate::evidence::token(&self.issuer, self.claims.0.clone(), self.claims.1.clone(), origin)
    }

    /// The issuer for people.
    pub(crate) fn issuer_shown(&self) -> String {
        self.fill.shown(&self.issuer)
    }

    /// Where in the policy a cause shows: the value, or else the key, the element or the statement.
    pub(crate) fn place(&self, cause: Cause) -> Option<Place> {
        let told = |reason: &&Reason| of_reason(reason, &self.document, &self.issuer) == cause;
        let reason = self.reasons.iter().find(told).or(self.reasons.first())?;
        place(&self.statements, reason, &self.fill)
    }

    /// Whether a cause is one for which a policy refuses: one of these reasons, or what core makes of one of them with
    /// what it knows besides.
    pub(crate) fn tells(&self, cause: Cause) -> bool {
        const REFINED: [Cause; 4] = [
            Cause::GhaRepoOrOrgRenamed,
            Cause::GhaSubCustomised,
            Cause::ClusterRecreatedNewIssuerId,
            Cause::TrustPolicySizeQuota,
        ];
        cause.link() == Link::Trust || REFINED.contains(&cause) || self.causes().contains(&cause)
    }

    /// The causes for which it refuses.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        self.reasons.iter().map(|r| of_reason(r, &self.document, &self.issuer)).collect()
    }
}

fn place(statements: &[Statement<'_>], reason: &Reason, fill: &Fill) -> Option<Place> {
    let of = |index: &usize| statements.get(*index);
    let element = |statement: &Statement<'_>, name: &str| statement.node.value.get(name).map(|n| n.at.clone());
    match &reason.place {
        Where::Policy => statements.first().map(|s| s.node.at.clone()),
        Where::Statement { statement } => of(statement).map(|s| s.node.at.clone()),
        Where::Principal { statement } => {
            let statement = of(statement)?;
            statement.federated().first().map(|n| n.at.clone()).or_else(|| element(statement, "Principal"))
        }
        Where::Action { statement } => element(of(statement)?, "Action"),
        Where::Condition { statement, operator, key } => {
            let (of_key, of_value) = place_of_condition(statements, *statement, (operator, key), fill)?;
            Some(if is_of_key(&reason.miss) { of_key } else { of_value }.clone())
        }
    }
}

/// Whether what is wrong is a condition's key, and not its value.
fn is_of_key(miss: &Miss) -> bool {
    matches!(
        miss,
        Miss::SchemeInKey { .. }
            | Miss::ArnInKey { .. }
            | Miss::DoubledSuffix { .. }
            | Miss::MissingSuffix { .. }
            | Miss::KeyAlmost { .. }
            | Miss::KeyOfOtherIssuer { .. }
            | Miss::SecondIssuer { .. }
            | Miss::ClaimNotMapped { .. }
            | Miss::ClaimMissing { .. }
            | Miss::TagMissing { .. }
            | Miss::UnknownOperator { .. }
    )
}

/// Weighs a policy for who asks. Symbols get the values that speak most for it.
pub(crate) fn weigh<'n>(trust: &'n Node, asking: &Asking, mut fill: Fill) -> Result<Weighed<'n>, String> {
    let statements = statements(trust);
    let account = account_of(&asking.provider, &statements);
    fill.arn(&asking.provider, account.as_deref());
    let issuer = fill.text(&asking.issuer);
    if let [Piece::Unknown(symbol)] = asking.provider.pieces() {
        // Whatever its name is, it is the ARN of this issuer's provider.
        let number = account.clone().unwrap_or_else(|| crate::fill::ACCOUNT.to_owned());
        fill.wire(vec![(symbol.clone(), format!("arn:aws:iam::{number}:oidc-provider/{issuer}"))]);
    }
    let provider = fill.text(&asking.provider);
    let allows: Vec<&Statement<'n>> = statements.iter().filter(|s| s.allows()).collect();
    wire(&allows, asking, (&issuer, &provider), account.as_deref(), &mut fill);
    wish(&allows, &format!("{issuer}:sub"), &asking.subject, &|value, like| asking.may_be(value, like), &mut fill);
    wish(&allows, &format!("{issuer}:aud"), &asking.audience, &|_, _| true, &mut fill);
    let claims = (fill.text(&asking.subject), fill.text(&asking.audience));
    let text = rendered(trust, &fill);
    let document = Document::parse(&text).map_err(|e| e.to_string())?;
    let policy = Policy::compile(&document);
    let identity =
        Identity::new(&provider).with_claim("sub", claims.0.clone()).with_claim("aud", claims.1.clone()).partly_known();
    let call = Call::new().at(asking.now);
    let exchange = Exchange::new(&identity, &call);
    let used = || texts(trust).into_iter().chain([asking.subject.clone(), asking.audience.clone()]);
    let admission = match policy.decide(&exchange) {
        Decision::Allow => {
            let used: Vec<Text> = used().collect();
            let assumed = fill.assumptions(&used);
            if assumed.is_empty() { Admission::Yes } else { Admission::Depends(assumed) }
        }
        Decision::Undetermined => {
            let keys = exchange.requests().iter().flat_map(|r| policy.explain(r).undecided).map(|k| format!("`{k}`"));
            Admission::Depends(keys.collect())
        }
        Decision::ExplicitDeny if statements.iter().filter(|s| !s.allows()).all(Statement::is_known) => Admission::No,
        Decision::ExplicitDeny => Admission::Depends(symbols(used(), &fill)),
        Decision::ImplicitDeny => {
            let refused = Refused { asking, issuer: &issuer, fill: &fill };
            let sure = exchange.requests().iter().all(|request| {
                let explained = policy.explain(request);
                let mut each = statements.iter().zip(&explained.statements).filter(|(s, _)| s.allows());
                each.all(|(statement, report)| {
                    !report.principal.matched && refused.principal(statement)
                        || !report.action.matched && known(statement, &["Action", "NotAction"])
                        || report.conditions.iter().any(|c| {
                            let no = !matches!(c.verdict, ConditionVerdict::Met | ConditionVerdict::MetKeyMissing);
                            let own = statement.conditions.iter().find(|own| {
                                fill.text(&own.operator.value) == c.operator && fill.text(&own.key.value) == c.key
                            });
                            no && own.is_some_and(|own| refused.condition(own))
                        })
                })
            });
            if sure { Admission::No } else { Admission::Depends(symbols(used(), &fill)) }
        }
    };
    let reasons = policy.reasons(&identity, &call);
    Ok(Weighed { admission, fill, text, document, reasons, statements, issuer, provider, claims })
}

/// The symbols that decide: those that nothing tells, or else all.
fn symbols(of: impl Iterator<Item = Text>, fill: &Fill) -> Vec<String> {
    let mut all: Vec<Symbol> = of.flat_map(|t| t.symbols().cloned().collect::<Vec<_>>()).collect();
    if !all.iter().all(|s| fill.is_told(s)) {
        all.retain(|s| !fill.is_told(s));
    }
    let mut all: Vec<String> = all.iter().map(|s| format!("`{}`", s.0)).collect();
    all.sort();
    all.dedup();
    all
}

fn known(statement: &Statement<'_>, names: &[&str]) -> bool {
    names.iter().filter_map(|n| statement.node.value.get(n)).all(crate::policy::is_known)
}

/// The account that the provider's ARN names, or else a principal of the policy.
fn account_of(provider: &Text, statements: &[Statement<'_>]) -> Option<String> {
    let of = |text: &Text| account(&text.to_string());
    let federated = statements.iter().flat_map(Statement::federated);
    of(provider).or_else(|| federated.filter_map(|n| n.value.text()).find_map(|t| of(&t)))
}

/// The account of an ARN; nothing where it has none.
pub fn account(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_owned())
}

/// Symbols that stand where the provider or its issuer does, in principals and keys.
fn wire(
    allows: &[&Statement<'_>],
    asking: &Asking,
    (issuer, provider): (&str, &str),
    account: Option<&str>,
    fill: &mut Fill,
) {
    for statement in allows {
        // One half that names the issuer outright says what the other stands for.
        let named = |text: Option<Text>, whole: &str| text.is_some_and(|t| t.known() == Some(whole));
        let keys = statement.conditions.iter().map(|c| &c.key.value);
        let by_key = keys.clone().any(|key| {
            let claim = claim_of(key).unwrap_or_default();
            named(Some(key.clone()), &format!("{issuer}:{claim}"))
        });
        let by_principal = statement.federated().iter().any(|n| named(n.value.text(), provider));
        let mut wired = Vec::new();
        for text in statement.federated().iter().filter_map(|n| n.value.text()) {
            fill.arn(&text, account);
            if let Some(found) = unified(&text, provider, false) {
                wired.extend(text.symbols().cloned());
                connect(fill, found, asking, &[], by_key);
            }
        }
        for key in keys {
            let Some(claim) = claim_of(key) else { continue };
            if let Some(found) = unified(key, &format!("{issuer}:{claim}"), false) {
                connect(fill, found, asking, &wired, by_principal);
            }
        }
    }
}

/// Takes symbols for parts of the provider's ARN or issuer: by their wiring where their expressions name the same
/// thing, and else by a wish.
fn connect(fill: &mut Fill, found: Vec<(Symbol, String)>, asking: &Asking, wired: &[Symbol], told: bool) {
    let symbols = asking.provider.symbols().chain(asking.issuer.symbols()).chain(wired);
    let stems: Vec<String> = symbols.map(stem).collect();
    let (ours, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(symbol, value)| {
        let own = stem(symbol);
        let same = |s: &String| *s == own || s.contains(&own) || own.contains(s.as_str());
        told || value.is_empty() || stems.iter().any(same)
    });
    fill.wire(ours);
    fill.assume(others);
}

/// What an expression is about: `var.oidc_provider` of `var.oidc_provider_arn` and of
/// `replace(var.oidc_provider_url, "https://", "")`.
fn stem(symbol: &Symbol) -> String {
    let inner = symbol.0.rsplit('(').next().unwrap_or_default().split([',', ')']).next().unwrap_or_default();
    let mut stem = inner.trim().to_ascii_lowercase();
    for end in [" without https://", "_arn", ".arn", "_url", ".url", "_issuer", ".issuer", "arn", "url", "issuer"] {
        if let Some(shorter) = stem.strip_suffix(end).filter(|s| !s.is_empty()) {
            stem = shorter.to_owned();
        }
    }
    stem
}

/// What follows the issuer in a key.
fn claim_of(key: &Text) -> Option<String> {
    let Piece::Known(last) = key.pieces().last()? else { return None };
    last.rsplit_once(':').map(|(_, claim)| claim.to_owned())
}

/// Symbols of a claim and of the values it is compared with, so that one of these is the claim.
fn wish(allows: &[&Statement<'_>], key: &str, own: &Text, may_be: &dyn Fn(&Text, bool) -> bool, fill: &mut Fill) {
    let compared: Vec<(&Condition<'_>, bool)> = allows
        .iter()
        .flat_map(|s| &s.conditions)
        .filter(|c| fill.text(&c.key.value).eq_ignore_ascii_case(key))
        .filter_map(|c| Some((c, is_like(c)?)))
        .collect();
    let values = |(c, like): &(&Condition<'_>, bool)| {
        let like = *like;
        c.values.iter().filter_map(|n| n.value.text()).map(move |t| (t, like)).collect::<Vec<_>>()
    };
    let all: Vec<(Text, bool)> = compared.iter().flat_map(values).filter(|(v, like)| may_be(v, *like)).collect();
    if all.iter().any(|(value, _)| value == own) {
        return;
    }
    // The claim's own first: which value is meant its known part tells.
    if own.known().is_none() {
        let meant = all.iter().find_map(|(value, _)| {
            let whole = fill.text(value);
            let found = unified(own, &whole, false).or_else(|| begun(own, &whole))?;
            // What both leave open the same way is open no more.
            Some(found.into_iter().filter(|(symbol, is)| *is != fill.text(&Text::unknown(symbol.0.clone()))).collect())
        });
        fill.assume(meant.unwrap_or_default());
    }
    let claim = fill.text(own);
    let fits = |value: &Text| unified(value, &claim, false).or_else(|| unified(value, &claim, true));
    for (value, _) in all.iter().filter(|(v, _)| v.known().is_none()) {
        if let Some(found) = fits(value) {
            fill.assume(found);
        }
    }
}

/// What the symbols of a claim have to be for it to begin as a pattern does that leaves its end open.
fn begun(own: &Text, pattern: &str) -> Option<Vec<(Symbol, String)>> {
    let head = pattern.strip_suffix('*').filter(|head| !head.contains(['*', '?']))?;
    let mut before = Text::default();
    for piece in own.pieces() {
        if let Piece::Known(known) = piece {
            for (at, _) in known.char_indices().skip(1) {
                let mut part = before.clone();
                part.push(known.get(..at)?.into());
                if let Some(found) = unified(&part, head, false) {
                    return Some(found);
                }
            }
        }
        before.push(match piece {
            Piece::Known(known) => known.as_str().into(),
            Piece::Unknown(symbol) => Text::unknown(symbol.0.clone()),
        });
    }
    None
}

/// Whether an operator compares texts by a pattern; nothing where it does not ask for equality.
fn is_like(condition: &Condition<'_>) -> Option<bool> {
    let operator = Operator::parse(condition.operator.value.known()?).filter(|o| !o.negated)?;
    let equals = matches!(operator.comparison, Comparison::StringEquals | Comparison::StringEqualsIgnoreCase);
    let like = operator.comparison == Comparison::StringLike;
    (equals || like).then_some(like)
}

/// A text as a template: its symbols may be anything.
pub(crate) fn template(text: &Text) -> Template {
    text.pieces().iter().fold(Template::default(), |template, piece| match piece {
        Piece::Known(known) => template.text(known),
        Piece::Unknown(symbol) => template.unknown(&symbol.0, Letters::Anything),
    })
}

/// How a value of a policy compares with a claim, whatever is unknown of both.
pub(crate) fn compared(value: &Text, like: bool, claim: &Text) -> Fit {
    compared_with(value, like, &template(claim), Some(claim))
}

/// The same of a claim that is a template.
pub(crate) fn compared_with(value: &Text, like: bool, claim: &Template, as_text: Option<&Text>) -> Fit {
    if as_text == Some(value) {
        return Fit::Admits;
    }
    if let Some(known) = value.known() {
        return if like { claim.like(known) } else { claim.equals(known) };
    }
    let starred = value.pieces().iter().any(|p| matches!(p, Piece::Known(known) if known.contains(['*', '?'])));
    // No subject has a star or a question mark, which this operator takes literally.
    if starred && !like {
        return Fit::Refuses;
    }
    let part = |piece: &Piece| match piece {
        Piece::Known(known) => known.clone(),
        Piece::Unknown(_) => "*".to_owned(),
    };
    let pattern: String = value.pieces().iter().map(part).collect();
    match claim.like(&pattern) {
        Fit::Refuses => Fit::Refuses,
        Fit::Admits | Fit::Depends(_) => {
            Fit::Depends(value.symbols().map(|s| s.0.to_string()).chain(claim.unknowns()).collect())
        }
    }
}

/// What is refused whatever the symbols are.
struct Refused<'a> {
    asking: &'a Asking,
    issuer: &'a str,
    fill: &'a Fill,
}

impl Refused<'_> {
    fn principal(&self, statement: &Statement<'_>) -> bool {
        let provider = self.fill.text(&self.asking.provider);
        let federated: Vec<Text> = statement.federated().iter().filter_map(|n| n.value.text()).collect();
        let could = |t: &Text| {
            *t == self.asking.provider
                || t.known().is_none() && unified(t, &provider, false).is_some()
                || t.known().is_some_and(|known| unified(&self.asking.provider, known, false).is_some())
        };
        !federated.iter().any(could)
    }

    fn condition(&self, condition: &Condition<'_>) -> bool {
        let Some(operator) = condition.operator.value.known() else { return false };
        // An operator that IAM does not know is never met.
        let Some(operator) = Operator::parse(operator) else { return true };
        if operator.negated || operator.if_exists || operator.quantifier == Some(Quantifier::ForAllValues) {
            return crate::policy::is_known(condition.values.first().copied().unwrap_or(&NOTHING))
                && condition.key.value.known().is_some()
                && self.asking.subject.known().is_some()
                && self.asking.issuer.known().is_some();
        }
        let key = &condition.key.value;
        let Some(claim) = claim_of(key) else {
            // A key without a claim is nobody's.
            return key.known().is_some();
        };
        let ours = format!("{}:{claim}", self.issuer);
        if !self.fill.text(key).eq_ignore_ascii_case(&ours) {
            let key_could = key.known().is_none() && unified(key, &ours, false).is_some();
            let mut own = self.asking.issuer.clone();
            own.push(format!(":{claim}").into());
            let we_could = key.known().is_some_and(|k| own.known().is_none() && unified(&own, k, false).is_some());
            return !key_could && !we_could && !claim.is_empty();
        }
        let own = match claim.to_ascii_lowercase().as_str() {
            "sub" => &self.asking.subject,
            "aud" => &self.asking.audience,
            other => return !claim_becomes_key(self.issuer, other),
        };
        let Some(like) = is_like(condition) else { return false };
        let values = condition.values.iter().filter_map(|n| n.value.text());
        let subject = self.asking.foretold.as_ref().filter(|_| claim.eq_ignore_ascii_case("sub"));
        let fit = |value: Text| match subject {
            Some(subject) => compared_with(&value, like, subject, Some(own)),
            None => compared(&value, like, own),
        };
        Fit::any(values.map(fit)) == Fit::Refuses
    }
}

/// A node that is known.
static NOTHING: std::sync::LazyLock<Node> = std::sync::LazyLock::new(|| {
    let at = Place { path: "".into(), line: 1, column: 1, end_line: 1, end_column: 1 };
    trustwalk_checkout::Said::new(trustwalk_checkout::Value::Null, at)
});
