//! Trust policies: what is printed reads back, explaining decides as evaluating does, and the index
//! answers as asking every role does.

use trustwalk_trust_policy::{
    Answer, Asked, Call, Context, Decision, Document, DocumentStatement, Exchange, Identity, NoEdit, Part, Policy,
    Principal, PrincipalKind, Principals, Request, RoleIndex, SaveContext, Text, WEB_IDENTITY_ACTION, smallest_edit,
    widened,
};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "policies",
    check,
    seeds,
    words: &[
        "\"Effect\":\"Deny\"",
        "\"NotPrincipal\":",
        "\"NotAction\":",
        "\"StringLike\":",
        "ForAllValues:",
        "ForAnyValue:",
        "IfExists",
        "\"Null\":",
        "*",
        "?",
        "${",
        "${*}",
        "i.example:sub",
        "\n\n",
        "\"Version\":\"2012-10-17\",",
        "true",
        "é",
        "aws:SourceIp",
        "aws:RequestTag/k",
        "repo:o/r:ref:refs/heads/main",
        "system:serviceaccount:n:a",
        "\"Action\":[],",
    ],
    iterations: 2_000,
};

/// Requests and policies looked at in one input; the rest only costs time.
const MAX_ROLES: usize = 8;
const MAX_VALUES: usize = 6;

/// Documents with an empty line between.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let documents: Vec<Document> = text.split("\n\n").filter_map(|t| Document::parse(t).ok()).take(MAX_ROLES).collect();
    for document in &documents {
        reads_back(document);
    }
    let policies: Vec<Policy> = documents.iter().map(Policy::compile).collect();
    let requests: Vec<Request> =
        documents.iter().flat_map(|d| &d.statements).take(MAX_ROLES).flat_map(requests).collect();
    let index = RoleIndex::build(policies.clone());
    let allows = |p: &Policy, r: &Request| p.evaluate(r) == Decision::Allow;
    for request in &requests {
        for policy in &policies {
            explains(policy, request);
        }
        let all: Vec<usize> =
            policies.iter().enumerate().filter(|(_, p)| allows(p, request)).map(|(role, _)| role).collect();
        assert_eq!(index.roles_for(request), all, "the index says otherwise");
    }
    widens(&documents, &policies);
    for (document, policy) in documents.iter().zip(&policies).take(2) {
        reasons(document, policy);
    }
    for (role, policy) in policies.iter().enumerate() {
        let all: Vec<usize> =
            requests.iter().enumerate().filter(|(_, r)| allows(policy, r)).map(|(at, _)| at).collect();
        assert_eq!(index.identities_for(role, &requests), all, "the index says otherwise");
    }
}

/// There is a reason exactly where there is a refusal; an edit admits its identity and nobody else; whom a breadth
/// names is admitted.
fn reasons(document: &Document, policy: &Policy) {
    let call = Call::new().at(1_800_000_000);
    for subject in ["a", "repo:o/r:ref:refs/heads/main", "system:serviceaccount:n:a"] {
        for identity in [identity_of(std::slice::from_ref(document), subject), {
            identity_of(std::slice::from_ref(document), subject).partly_known()
        }] {
            let exchange = Exchange::new(&identity, &call);
            let decision = policy.decide(&exchange);
            let refused = matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny);
            assert_eq!(!policy.reasons(&identity, &call).is_empty(), refused, "reasons and decision disagree");
            for wide in policy.breadth(&identity, &call) {
                assert!(!wide.subject.is_empty(), "a stranger without a name");
            }
            let asked = Asked { identity, audiences: Vec::new() };
            match smallest_edit(&document.to_json(), &asked, &call) {
                Ok(edit) => {
                    let after = Policy::parse(&edit.document);
                    assert!(after.is_ok(), "an edit is no policy");
                    let Ok(after) = after else { continue };
                    assert!(matches!(after.decide(&exchange), Decision::Allow | Decision::Undetermined));
                    assert!(widened(policy, &after, &asked).is_ok_and(|w| w.is_empty()), "an edit lets others in");
                }
                Err(why) => assert_eq!(why == NoEdit::Admitted, !refused, "{why}"),
            }
        }
    }
}

/// No policy is wider than itself, and who is found let in is not let in by the one before.
fn widens(documents: &[Document], policies: &[Policy]) {
    let identity = identity_of(documents, "a");
    let asked = Asked { identity, audiences: Vec::new() };
    for (before, after) in policies.iter().zip(policies.iter().skip(1)).take(2) {
        for same in [before, after] {
            assert!(widened(same, same, &asked).is_ok_and(|w| w.is_empty()), "wider than itself");
        }
        for witness in widened(before, after, &asked).into_iter().flatten() {
            assert!(!witness.to_string().is_empty());
        }
    }
}

/// An identity of the first provider that is named.
fn identity_of(documents: &[Document], subject: &str) -> Identity {
    let named = documents.iter().flat_map(|d| &d.statements).find_map(|s| match &s.principal.as_ref()?.principals {
        Principals::Listed(listed) => {
            listed.iter().find(|(k, _)| *k == PrincipalKind::Federated).map(|(_, n)| n.clone())
        }
        Principals::Everyone | Principals::Unusable(_) => None,
    });
    let provider = named.unwrap_or_else(|| "i.example".to_owned());
    Identity::new(provider).with_claim("sub", subject).with_claim("aud", "b")
}

fn reads_back(document: &Document) {
    let again = Document::parse(&document.to_json());
    assert!(again.is_ok(), "what was printed is no policy: {again:?}");
    let Ok(again) = again else { return };
    let known = |statements: &[DocumentStatement]| -> Vec<DocumentStatement> {
        // What the language lacks is not printed.
        statements
            .iter()
            .cloned()
            .map(|s| DocumentStatement { unknown: Vec::new(), exclusive: Vec::new(), ..s })
            .collect()
    };
    assert_eq!(known(&again.statements), known(&document.statements));
    assert_eq!((again.version, &again.id), (document.version, &document.id));
    assert!(again.warnings.is_empty(), "{:?}", again.warnings);
    assert_eq!(again.to_json(), document.to_json());
    let errors = document.lint(&SaveContext::default());
    assert_eq!(errors, document.lint(&SaveContext::default()));
    let none = SaveContext { size_quota: 0, account: None };
    assert!(errors.iter().all(|e| !e.to_string().is_empty() && e.standing() == e.standing()));
    assert_eq!(document.lint(&none).is_empty(), document.counted_length == 0 && errors.is_empty());
}

fn explains(policy: &Policy, request: &Request) {
    let explanation = policy.explain(request);
    assert_eq!(explanation.decision, policy.evaluate(request));
    for statement in &explanation.statements {
        assert_eq!(statement.applies, statement.failures() == 0);
        assert_eq!(statement.applies, statement.answer == Answer::Yes);
    }
    assert!(serde_json::to_string(&explanation).is_ok());
}

/// Requests that a statement is likely to match: its own words, wildcards filled in.
fn requests(statement: &DocumentStatement) -> Vec<Request> {
    let mut principals = vec![Principal::Anonymous];
    if let Some(element) = &statement.principal
        && let Principals::Listed(listed) = &element.principals
    {
        principals.extend(listed.iter().take(2).map(|(kind, name)| principal(*kind, name.clone())));
    }
    let mut contexts = Vec::new();
    for variant in 0..MAX_VALUES {
        let mut context = Context::new();
        for condition in &statement.conditions {
            let value = condition.values.get(variant % condition.values.len().max(1)).cloned().unwrap_or_default();
            let filled = match variant {
                0 => value,
                1 => value.replace('*', "x*").replace('?', "é"),
                2 => value.replace(['*', '?'], ""),
                3 => value.to_uppercase(),
                4 => format!("{value}x"),
                5 => {
                    // What is not known in full is found in the index too, or by nobody.
                    context.set_partly(&condition.key, [Text::new([Part::Known(value), Part::Hole("h".to_owned())])]);
                    continue;
                }
                _ => continue,
            };
            context.set(&condition.key, [filled]);
        }
        contexts.push(context);
    }
    let action = statement.action.as_ref().and_then(|a| a.values.first()).map(|a| a.replace('*', "x"));
    let mut all = Vec::new();
    for who in principals {
        for context in &contexts {
            all.push(Request::new(WEB_IDENTITY_ACTION, who.clone(), context.clone()));
        }
        if let Some((action, context)) = action.clone().zip(contexts.first()) {
            all.push(Request::new(action, who, context.clone()));
        }
    }
    all
}

fn principal(kind: PrincipalKind, name: String) -> Principal {
    match kind {
        PrincipalKind::Aws => Principal::Aws(name),
        PrincipalKind::Service => Principal::Service(name),
        PrincipalKind::Federated => Principal::Federated(name),
        PrincipalKind::CanonicalUser => Principal::CanonicalUser(name),
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let usual = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
        r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/i.example"},"#,
        r#""Action":"sts:AssumeRoleWithWebIdentity","#,
        r#""Condition":{"StringEquals":{"i.example:aud":"sts.amazonaws.com","#,
        r#""i.example:sub":"system:serviceaccount:ns:app"}}}]}"#
    );
    let like = usual.replace("StringEquals", "StringLike").replace("ns:app", "*:app-?");
    let many = concat!(
        r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A","Effect":"Allow","Principal":"*","#,
        r#""Action":["sts:*"],"Condition":{"ForAnyValue:StringLike":{"i.example:sub":["a*","*b","a*b"]},"#,
        r#""Null":{"i.example:aud":"false"}}},{"Effect":"Deny","#,
        r#""NotPrincipal":{"AWS":["arn:aws:iam::1:user/u"]},"NotAction":"sts:AssumeRole","#,
        r#""Condition":{"Bool":{"aws:x":true},"NumericLessThan":{"aws:n":3}}}]}"#
    );
    let odd = concat!(
        r#"{"Statement":{"Effect":"Allow","Principal":{"Federated":["i.example","*"],"#,
        r#""Service":"ec2.amazonaws.com"},"Action":"STS:assumerole*","#,
        r#""Condition":{"ForAllValues:StringNotEqualsIfExists":{"I.example:SUB":[]},"#,
        r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"DateLessThan":{"aws:d":"2020-01-01"},"#,
        r#""StringEquals":{"a":"${i.example:sub, 'b'}"}}}}"#
    );
    let several = [usual, &like, many, odd].join("\n\n");
    [usual, &like, many, odd, &several].iter().map(|t| t.as_bytes().to_vec()).collect()
}
