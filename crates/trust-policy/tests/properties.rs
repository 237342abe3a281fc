//! Promises over random policies of the whole language, from small alphabets so that they match.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use trustwalk_trust_policy::sample::Inventory;
use trustwalk_trust_policy::{
    Asked, Call, Context, Decision, Document, Exchange, Identity, NoEdit, Part, Policy, Principal, Request, RoleIndex,
    SaveContext, TAGS_CLAIM, Text, smallest_edit, widened,
};

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericGreaterThanEquals",
    "DateLessThan",
    "DateEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnLike",
    "ArnNotEquals",
    "Null",
    "Invented",
];
const KEYS: &[&str] = &["i/1:sub", "I/1:SUB", "i/1:aud", "i/2:sub", "aws:x"];
const VALUES: &[&str] = &[
    "a",
    "A",
    "ab",
    "abab",
    "a*",
    "*b",
    "a*b",
    "*a*b*",
    "?",
    "a?*",
    "*",
    "",
    "é*",
    "éa",
    "true",
    "1",
    "2020-01-01",
    "10.0.0.0/8",
    "10.1.1.1",
    "${i/1:sub}",
    "${i/1:aud, 'a'}",
    "${*}",
    "${$}b",
    "a${*}*",
    "arn:a:b:c:d:e",
    "arn:*:b:c:d:*",
    "${",
    "a/",
    " a",
];
const PROVIDERS: &[&str] = &["arn:aws:iam::1:oidc-provider/i/1", "arn:aws:iam::1:oidc-provider/i/2", "i/1", "*"];

fn texts() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(VALUES).prop_map(|v| json!(v)),
        2 => prop::collection::vec(select(VALUES), 0..4).prop_map(|v| json!(v)),
        1 => any::<bool>().prop_map(|v| json!(v)),
    ]
}

fn operator() -> impl Strategy<Value = String> {
    let plain = prop_oneof![1 => Just("StringEquals"), 1 => Just("StringLike"), 2 => select(OPERATORS)];
    (select(&["", "", "", "", "ForAllValues:", "ForAnyValue:"][..]), plain, select(&["", "", "", "IfExists"][..]))
        .prop_map(|(quantifier, name, suffix)| format!("{quantifier}{name}{suffix}"))
}

fn conditions() -> impl Strategy<Value = Value> {
    let keys = prop::collection::btree_map(select(KEYS), texts(), 1..3);
    let operators = prop::collection::btree_map(operator(), keys, 0..3);
    operators.prop_map(|operators| json!(operators))
}

fn principal() -> impl Strategy<Value = (String, Value)> {
    let value = prop_oneof![
        1 => Just(json!("*")),
        6 => select(PROVIDERS).prop_map(|p| json!({ "Federated": p })),
        1 => select(PROVIDERS).prop_map(|p| json!({ "AWS": "*", "Federated": [p] })),
        1 => Just(json!({ "Service": "ec2.amazonaws.com" })),
    ];
    (select(&["Principal", "Principal", "Principal", "NotPrincipal"][..]).prop_map(str::to_owned), value)
}

fn statement() -> impl Strategy<Value = Value> {
    let action = select(&["sts:AssumeRoleWithWebIdentity", "sts:*", "STS:assumerole*", "sts:AssumeRole"][..]);
    let name = select(&["Action", "Action", "Action", "NotAction"][..]);
    let effect = select(&["Allow", "Allow", "Allow", "Deny"][..]);
    (effect, principal(), name, action, conditions()).prop_map(|(effect, (who, whom), name, action, conditions)| {
        let mut statement = Map::new();
        statement.insert("Effect".to_owned(), json!(effect));
        statement.insert(who, whom);
        statement.insert(name.to_owned(), json!(action));
        statement.insert("Condition".to_owned(), conditions);
        Value::Object(statement)
    })
}

fn document() -> impl Strategy<Value = Document> {
    let version = select(&["2012-10-17", "2012-10-17", "2008-10-17"][..]);
    (version, prop::collection::vec(statement(), 0..4)).prop_map(|(version, statements)| {
        let text = json!({ "Version": version, "Statement": statements }).to_string();
        Document::parse(&text).expect("a generated document is one")
    })
}

fn request() -> impl Strategy<Value = Request> {
    let action = select(&["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"][..]);
    let principal = prop_oneof![
        8 => select(PROVIDERS).prop_map(|p| Principal::Federated(p.to_owned())),
        1 => Just(Principal::Aws("arn:aws:iam::1:user/u".to_owned())),
        1 => Just(Principal::Anonymous),
    ];
    let keys = prop::collection::vec((select(KEYS), prop::collection::vec(select(VALUES), 0..3), 0..12_u8), 0..4);
    (action, principal, keys).prop_map(|(action, principal, keys)| {
        let mut context = Context::new();
        for (key, values, known) in keys {
            match known {
                0 => context.set_present(key),
                1 => context.set_unknown(key),
                2 => context.set_partly(key, values.iter().map(|v| Text::new([Part::Known((*v).to_owned()), hole()]))),
                _ => context.set(key, values),
            }
        }
        Request::new(action, principal, context)
    })
}

fn hole() -> Part {
    Part::Hole("x".to_owned())
}

/// Tokens of the small world, known in full or in part.
fn identity() -> impl Strategy<Value = Identity> {
    let claims = prop::collection::vec((select(&["sub", "aud", "azp"][..]), select(VALUES)), 0..4);
    let tags = prop::option::weighted(0.2, select(VALUES));
    (select(PROVIDERS), claims, tags, any::<bool>()).prop_map(|(provider, claims, tag, partial)| {
        let mut identity = Identity::new(provider);
        for (name, value) in claims {
            identity = identity.with_claim(name, value);
        }
        if let Some(tag) = tag {
            identity = identity.with_claim(TAGS_CLAIM, json!({"principal_tags": {"k": [tag]}}));
        }
        if partial { identity.partly_known() } else { identity }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn what_is_printed_reads_back_the_same(document in document()) {
        let again = Document::parse(&document.to_json()).expect("printed text is a policy");
        prop_assert_eq!(&again.statements, &document.statements);
        prop_assert_eq!(again.version, document.version);
    }

    #[test]
    fn the_index_answers_as_every_pair_does(
        documents in prop::collection::vec(document(), 0..12),
        requests in prop::collection::vec(request(), 0..6),
    ) {
        let policies: Vec<Policy> = documents.iter().map(Policy::compile).collect();
        let index = RoleIndex::build(policies.clone());
        for request in &requests {
            let all: Vec<usize> = (0..policies.len())
                .filter(|role| policies[*role].evaluate(request) == Decision::Allow)
                .collect();
            prop_assert_eq!(index.roles_for(request), all);
        }
        for (role, policy) in policies.iter().enumerate() {
            let all: Vec<usize> =
                (0..requests.len()).filter(|r| policy.evaluate(&requests[*r]) == Decision::Allow).collect();
            prop_assert_eq!(index.identities_for(role, &requests), all);
        }
    }

    #[test]
    fn one_more_deny_never_allows(document in document(), deny in statement(), request in request()) {
        let before = Policy::compile(&document).evaluate(&request);
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        let extra = Document::parse(&json!({ "Statement": deny }).to_string()).expect("one statement");
        let mut more = document.clone();
        more.statements.extend(extra.statements);
        let after = Policy::compile(&more).evaluate(&request);
        let open = before == Decision::Allow && after == Decision::Undetermined;
        prop_assert!(after == before || after == Decision::ExplicitDeny || open);
    }

    #[test]
    fn explaining_decides_the_same(document in document(), request in request()) {
        let policy = Policy::compile(&document);
        let explanation = policy.explain(&request);
        prop_assert_eq!(explanation.decision, policy.evaluate(&request));
        for statement in &explanation.statements {
            prop_assert_eq!(statement.applies, statement.failures() == 0);
        }
        prop_assert!(serde_json::to_string(&explanation).is_ok());
    }

    /// There is a reason exactly where there is a refusal.
    #[test]
    fn reasons_and_decisions_agree(document in document(), identity in identity()) {
        let (policy, call) = (Policy::compile(&document), Call::new());
        let decision = policy.decide(&Exchange::new(&identity, &call));
        let reasons = policy.reasons(&identity, &call);
        let refused = matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny);
        // One request of several may be refused for certain while another hangs on what is unknown.
        prop_assert!(reasons.is_empty() != refused, "{decision:?} {reasons:?}");
        prop_assert!(serde_json::to_string(&reasons).is_ok());
    }

    /// An edit admits the identity and nobody else, and whom else a policy admits is admitted indeed.
    #[test]
    fn edits_admit_one_identity_and_no_other(document in document(), identity in identity()) {
        let call = Call::new();
        let before = Policy::compile(&document);
        for wide in before.breadth(&identity, &call) {
            let mut stranger = Identity::new(wide.provider).with_claims(identity.claims.clone());
            stranger.partial = identity.partial && stranger.provider_arn == identity.provider_arn;
            stranger = stranger.with_claim("sub", wide.subject);
            if let Some(audience) = wide.audience {
                stranger = stranger.with_claim("aud", audience);
            }
            let any = wide.breadth == trustwalk_trust_policy::Breadth::AnyProvider;
            prop_assert!(before.decide(&Exchange::new(&stranger, &call)) == Decision::Allow || any);
        }
        let asked = Asked { identity, audiences: Vec::new() };
        let exchange = Exchange::new(&asked.identity, &call);
        let (admitted, decision) = (
            |d| matches!(d, Decision::Allow | Decision::Undetermined),
            before.decide(&exchange),
        );
        match smallest_edit(&document.to_json(), &asked, &call) {
            Ok(edit) => {
                let after = Policy::parse(&edit.document).expect("an edit is a policy");
                prop_assert!(!admitted(decision) && admitted(after.decide(&exchange)));
                prop_assert_eq!(widened(&before, &after, &asked).map(|w| w.is_empty()), Ok(true));
            }
            Err(NoEdit::Admitted) => prop_assert!(admitted(decision)),
            Err(_) => prop_assert!(!admitted(decision)),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), claim in any::<String>()) {
        if let Ok(document) = Document::parse(&text) {
            document.lint(&SaveContext::default());
        }
        let identity = Identity::new(text.as_str()).with_claim("sub", claim.as_str());
        let request = Request::web_identity(&identity);
        for pattern in [text.as_str(), claim.as_str()] {
            let policy = json!({ "Statement": { "Effect": "Allow", "Principal": { "Federated": text },
                "Action": pattern, "Condition": { "StringLike": { format!("{text}:sub"): pattern },
                "ArnLike": { pattern: text }, "IpAddress": { "i:sub": pattern }, "DateEquals": { "j": pattern } } } });
            let document = Document::parse(&policy.to_string()).expect("a policy");
            document.lint(&SaveContext::default());
            Policy::compile(&document).explain(&request);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(select(&b"{}[]\":,aStatementCondition \\\x80"[..]),
        0..200)) {
        let _ = Document::parse(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_index_equals_every_pair_of_an_inventory() {
    for providers in [1, 20] {
        let inventory = Inventory { seed: 7, roles: 2_000, subjects: 300, providers };
        let policies: Vec<Policy> =
            inventory.policies().iter().map(|text| Policy::parse(text).expect("generated")).collect();
        let index = RoleIndex::build(policies.clone());
        let mut requests = inventory.requests();
        requests.push(inventory.admitted(0).1);
        for request in &requests {
            let allows = |role: &usize| policies[*role].evaluate(request) == Decision::Allow;
            let all: Vec<usize> = (0..policies.len()).filter(allows).collect();
            assert_eq!(index.roles_for(request), all);
        }
    }
}
