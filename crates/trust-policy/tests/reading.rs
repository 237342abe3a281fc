//! Reading hostile or careless documents, and the checks made when one is saved.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use trustwalk_trust_policy::{Document, MAX_DOCUMENT_BYTES, ParseError, SaveContext, SaveError, Warning};

#[test]
fn deep_nesting_is_an_error_wherever_it_stands() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let maps = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    for nest in [deep.as_str(), maps.as_str()] {
        assert!(Document::parse(nest).is_err());
        for element in ["Statement", "Version", "Other"] {
            assert!(Document::parse(&format!(r#"{{"{element}":{nest}}}"#)).is_err(), "{element}");
        }
        for element in ["Principal", "Action", "Condition", "Other"] {
            assert!(Document::parse(&format!(r#"{{"Statement":{{"{element}":{nest}}}}}"#)).is_err(), "{element}");
        }
    }
    let error = Document::parse(&format!(r#"{{"Other":{deep}}}"#)).expect_err("too deep");
    assert!(matches!(error, ParseError::TooDeep { .. }), "{error}");
}

#[test]
fn long_texts_and_other_texts_are_told_apart() {
    let long = " ".repeat(MAX_DOCUMENT_BYTES + 1);
    assert_eq!(Document::parse(&long), Err(ParseError::TooLong { bytes: MAX_DOCUMENT_BYTES + 1 }));
    assert!(matches!(Document::parse("{"), Err(ParseError::Json { .. })));
    assert!(matches!(Document::parse("{} {}"), Err(ParseError::Json { .. })));
    assert!(matches!(Document::parse("[]"), Err(ParseError::Shape { .. })));
    assert!(matches!(Document::parse(r#"{"Statement":{"Effect":"allow"}}"#), Err(ParseError::Shape { .. })));
    assert!(matches!(Document::parse(r#"{"Statement":{"Action":null}}"#), Err(ParseError::Shape { .. })));
}

#[test]
fn what_json_drops_is_reported_and_the_last_one_stands() {
    let text = r#"{"Statement":{"Condition":{"StringEquals":{"k":"a","l":"b"},
        "StringLike":{"k":"x","k":"y"},"StringEquals":{"m":"c"}}}}"#;
    let document = Document::parse(text).expect("a policy");
    let key = |operator: &str, key: &str| (operator.to_owned(), key.to_owned());
    let kept: Vec<_> = document.statements[0].conditions.iter().map(|c| key(&c.operator, &c.key)).collect();
    assert_eq!(kept, [key("StringLike", "k"), key("StringEquals", "m")]);
    assert_eq!(document.statements[0].conditions[0].values, ["y"]);
    let (statement, operator) = (0, "StringLike".to_owned());
    assert_eq!(
        document.warnings,
        [
            Warning::KeyDropped { statement, operator, key: "k".to_owned() },
            Warning::OperatorDropped {
                statement,
                operator: "StringEquals".to_owned(),
                keys: vec!["k".to_owned(), "l".to_owned()]
            },
        ]
    );
}

fn lint(text: &str) -> Vec<String> {
    let errors = Document::parse(text).expect(text).lint(&SaveContext::default());
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn refusals_have_iams_words() {
    let provider = r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/issuer.example"}"#;
    let action = r#""Action":"sts:AssumeRoleWithWebIdentity""#;
    let statement = |elements: &str| lint(&format!(r#"{{"Statement":{{"Effect":"Allow",{elements}}}}}"#));
    assert_eq!(statement(&format!("{provider},{action}")), Vec::<String>::new());
    assert_eq!(statement(&format!(r#"{provider},{action},"Resource":"*""#)), ["Has prohibited field Resource"]);
    assert_eq!(statement(action), ["Missing required field Principal"]);
    assert_eq!(
        statement(&format!(r#"{provider},{action},"Condition":{{"ForAllValuesStringEquals":{{"k":"v"}}}}"#)),
        ["Invalid Condition type : ForAllValuesStringEquals"]
    );
    assert_eq!(
        statement(&format!(r#"{provider},"Action":"s3:GetObject""#)),
        ["AssumeRole policy may only specify STS AssumeRole actions."]
    );
    for value in ["", "https://issuer.example", "arn:aws:iam::${account}:oidc-provider/x", "arn:aws:iam::1:role/x"] {
        assert_eq!(
            statement(&format!(r#""Principal":{{"Federated":"{value}"}},{action}"#)),
            ["Federated principals must be valid domain names or SAML metadata ARNs"],
            "{value}"
        );
    }
}

#[test]
fn the_quota_counts_no_white_space_between_tokens() {
    let statement = r#"{"Statement":{"Sid":"SID","Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
    let filled = statement.replace("SID", &"é".repeat(2_048 - (statement.len() - 3)));
    assert_eq!(lint(&filled.replace(":\"", " :\n \"")), Vec::<String>::new());
    let over = filled.replace("Sid\":\"", "Sid\":\"x");
    let errors = Document::parse(&over).expect("a policy").lint(&SaveContext::default());
    assert_eq!(errors, [SaveError::TooLong { length: 2_049, quota: 2_048 }]);
    assert_eq!(errors[0].code(), "LimitExceeded");
}

#[test]
fn shared_issuers_need_their_claim() {
    let github = "token.actions.githubusercontent.com";
    let unguarded = |conditions: &str| {
        let text = format!(
            "{{\"Statement\":{{\"Effect\":\"Allow\",\
             \"Principal\":{{\"Federated\":\"arn:aws:iam::111122223333:oidc-provider/{github}\"}},
            \"Action\":\"sts:AssumeRoleWithWebIdentity\",\"Condition\":{conditions}}}}}"
        );
        let errors = Document::parse(&text).expect("a policy").lint(&SaveContext::default());
        assert!(errors.iter().all(|e| matches!(e, SaveError::SharedIssuerUnguarded { .. })), "{errors:?}");
        !errors.is_empty()
    };
    assert!(unguarded("{}"));
    assert!(unguarded(&format!(r#"{{"StringEquals":{{"{github}:aud":"sts.amazonaws.com"}}}}"#)));
    assert!(unguarded(&format!(r#"{{"StringLike":{{"{github}:sub":"*"}}}}"#)));
    assert!(unguarded(&format!(r#"{{"StringNotEquals":{{"{github}:sub":"repo:o/r:*"}}}}"#)));
    assert!(!unguarded(&format!(r#"{{"StringLike":{{"{github}:sub":"repo:o/r:*"}}}}"#)));
}
