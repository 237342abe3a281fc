//! Files as people have them: pages, encodings, accidents, malice.

use serde_json::json;
use trustwalk_audit::{LastUsed, Reader};

use super::support::{EKS, GITHUB, details, github, inventory, of_issuer, policy, provider, role_arn};

fn sound() -> serde_json::Value {
    policy(&[of_issuer(EKS, &[("StringEquals", "sub", json!("system:serviceaccount:a:b"))])])
}

fn read(text: &str) -> trustwalk_audit::Inventory {
    let mut reader = Reader::new();
    reader.read("f.json", text);
    reader.finish()
}

#[test]
fn every_form_of_an_answer_is_read() {
    let encoded = sound().to_string().bytes().fold(String::new(), |out, b| out + &format!("%{b:02X}"));
    let with = |document: serde_json::Value| {
        let role = json!({"RoleName": "r", "Arn": role_arn("r"), "AssumeRolePolicyDocument": document});
        json!({"RoleDetailList": [role]})
    };
    let role = with(sound())["RoleDetailList"][0].clone();
    for text in [
        with(sound()).to_string(),
        with(json!(sound().to_string())).to_string(),
        with(json!(encoded)).to_string(),
        serde_json::to_string_pretty(&with(sound())).unwrap(),
        format!("\u{feff}{}", with(sound())),
        json!({"Roles": [role]}).to_string(),
        json!({"Role": role}).to_string(),
        role.to_string(),
        json!([with(sound())]).to_string(),
        format!("{}\n{}", json!({"UserDetailList": []}), with(sound())),
    ] {
        let inventory = read(&text);
        assert!(inventory.unread.is_empty(), "{text}: {:?}", inventory.unread);
        assert_eq!(inventory.roles.len(), 1, "{text}");
        assert_eq!((inventory.roles[0].name.as_str(), inventory.roles[0].last_used), ("r", LastUsed::Unknown));
        assert_eq!(inventory.roles[0].account.as_deref(), Some("111122223333"));
    }
    let alone = read(&sound().to_string());
    assert_eq!((alone.roles[0].name.as_str(), alone.roles[0].account.as_deref()), ("f.json", None));
}

#[test]
fn a_role_knows_its_line() {
    let text = serde_json::to_string_pretty(&details(&[("a", sound()), ("b", sound())])).unwrap();
    let inventory = read(&text);
    for role in &inventory.roles {
        let line = usize::try_from(role.place.as_ref().unwrap().line).unwrap();
        let below: Vec<&str> = text.lines().skip(line - 1).take(2).collect();
        assert!(below[0].trim().starts_with('{'), "{below:?}");
    }
    assert_ne!(inventory.roles[0].place, inventory.roles[1].place);
}

#[test]
fn one_bad_role_costs_no_other_and_is_named() {
    let mut file = details(&[("a", sound()), ("b", sound()), ("c", sound()), ("d", sound()), ("e", sound())]);
    let roles = &mut file["RoleDetailList"];
    roles[0]["AssumeRolePolicyDocument"] = json!("{\"Version\": ");
    roles[1]["AssumeRolePolicyDocument"] = json!({"Statement": 7});
    roles[2]["RoleName"] = json!(3);
    roles[3].as_object_mut().unwrap().remove("AssumeRolePolicyDocument");
    let inventory = inventory(&[file]);
    assert_eq!(inventory.roles.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["e"]);
    let told: Vec<&str> = inventory.unread.iter().map(|u| u.what.as_str()).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].ends_with("role a") && told[1].ends_with("role b"), "{told:?}");
    assert!(told[2].contains("role/c") && told[3].ends_with("role d"), "{told:?}");
    assert!(inventory.unread.iter().all(|u| !u.why.is_empty() && u.place.is_some()));
}

#[test]
fn what_strangers_send_ends_and_is_told() {
    let deep = format!(
        "{{\"RoleDetailList\":[{{\"RoleName\":\"r\",\"Arn\":\"a\",\"AssumeRolePolicyDocument\":{}{}}}]}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let long = details(&[("r", json!(format!("{{\"Id\":\"{}\"}}", "x".repeat(200_000))))]).to_string();
    let double = r#"{"RoleDetailList":[],"RoleDetailList":[]}"#;
    for text in [
        deep.as_str(),
        long.as_str(),
        double,
        "{\"RoleDetailList\":[",
        "\u{0}",
        "{\"RoleDetailList\":{}}",
        "{\"Url\":3}",
    ] {
        let inventory = read(text);
        assert_eq!((inventory.roles.len(), inventory.unread.len()), (0, 1), "{}", text.get(..40).unwrap_or(text));
    }
    for text in ["", "[]", "7", "\"x\"", "{}", "null"] {
        let mut reader = Reader::new();
        assert!(!reader.read("f", text), "{text}");
        assert!(reader.finish().unread.is_empty(), "{text}");
    }
}

#[test]
fn pages_belong_together() {
    let page = |name: &str, more: bool| {
        let mut page = details(&[(name, sound())]);
        page["IsTruncated"] = json!(more);
        page
    };
    let whole = inventory(&[page("b", true), page("a", false)]);
    assert!(whole.whole.contains("111122223333") && whole.unread.is_empty() && whole.roles.len() == 2);
    let part = inventory(&[page("a", true)]);
    assert!(part.whole.is_empty() && part.unread[0].what.contains("further roles"));
    let mut next = page("a", false);
    next["NextToken"] = json!("x");
    assert!(inventory(&[next]).whole.is_empty());
}

#[test]
fn an_answer_without_an_arn_finds_its_provider() {
    let answer = json!({"Url": GITHUB, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": []});
    let listed = json!({"OpenIDConnectProviderList": [{"Arn": provider(GITHUB)}]});
    let role = details(&[("r", policy(&[github(&[])]))]);
    for files in [vec![answer.clone(), listed], vec![answer.clone(), role]] {
        let inventory = inventory(&files);
        let found = &inventory.providers[&provider(GITHUB)];
        assert_eq!(found.client_ids.as_deref(), Some(&["sts.amazonaws.com".to_owned()][..]));
    }
    let nowhere = inventory(&[answer]);
    assert!(nowhere.providers.is_empty() && nowhere.unread[0].why.contains("Arn"), "{:?}", nowhere.unread);
}
