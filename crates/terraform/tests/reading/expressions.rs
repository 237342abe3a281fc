//! Expressions, one by one; each value here is what `terraform console` 1.11 prints (`real.rs` asks it).

use std::fmt::Write as _;

use super::value;

/// Expression and value. What Terraform 1.11 makes of each is asked in `real.rs`.
pub(crate) const KNOWN: &[(&str, &str)] = &[
    (r#""a-${"b"}""#, "a-b"),
    (r#""${1 + 2}-x""#, "3-x"),
    (r#"true ? "yes" : "no""#, "yes"),
    (r#"format("%s:%d%%", "a", 7)"#, "a:7%"),
    (r#"join("-", ["a", "b"], ["c"])"#, "a-b-c"),
    (r#"replace("https://oidc.example/id", "https://", "")"#, "oidc.example/id"),
    (r#"replace("a.b.c", ".", "-")"#, "a-b-c"),
    (r#"trimprefix("https://oidc.example", "https://")"#, "oidc.example"),
    (r#"trimsuffix("name.tf", ".tf")"#, "name"),
    // Letters, not a text: what a simple reader takes for a prefix eats on.
    (r#"trim("https://sts.example/path", "https://")"#, ".example/pa"),
    (r#"split("/", "a/b/c")[1]"#, "b"),
    (r#"element(split(".", "a.b.c"), 4)"#, "b"),
    (r#"lower("ABC")"#, "abc"),
    (r#"upper("abc")"#, "ABC"),
    (r#"title("hello world")"#, "Hello World"),
    (r#"substr("hello", 1, 3)"#, "ell"),
    (r#"substr("hello", -2, -1)"#, "lo"),
    (r#"one(["only"])"#, "only"),
    (r#"coalesce(null, "", "third")"#, "third"),
    (r#"try({ a = "x" }.b, "else")"#, "else"),
    (r#"try({ a = "x" }.a, "else")"#, "x"),
    (r#"can({ a = "x" }.b) ? "can" : "cannot""#, "cannot"),
    (r#"lookup({ a = "x" }, "b", "none")"#, "none"),
    (r#"merge({ a = "x" }, { a = "y", b = "z" }).a"#, "y"),
    (r#"join(",", concat(["a"], ["b"]))"#, "a,b"),
    (r#"join(",", flatten([["a"], [["b"], "c"]]))"#, "a,b,c"),
    (r#"join(",", keys({ b = 1, a = 2 }))"#, "a,b"),
    (r#"join(",", values({ b = "1", a = "2" }))"#, "2,1"),
    (r#"join(",", toset(["b", "a", "b"]))"#, "a,b"),
    (r#"join(",", [for k, v in { b = "1", a = "2" } : "${k}${v}"])"#, "a2,b1"),
    (r#"join(",", [for i, v in ["x", "y"] : "${i}${v}" if v != "x"])"#, "1y"),
    (r#"{ for v in ["x", "y"] : v => upper(v) }["y"]"#, "Y"),
    (r#"join(",", { for v in ["ab", "ac"] : substr(v, 0, 1) => v... }["a"])"#, "ab,ac"),
    (r#"join(",", [{ n = "a" }, { n = "b" }][*].n)"#, "a,b"),
    (r#"jsondecode("{\"a\": [1, 2]}").a[1] == 2 ? "two" : "other""#, "two"),
    (r#"jsonencode({ b = "<", a = [1, true, null] })"#, r#"{"a":[1,true,null],"b":"\u003c"}"#),
    (r#"base64decode(base64encode("abc"))"#, "abc"),
    (r#"length(["a", "b"]) > 1 && !false ? "many" : "one""#, "many"),
    (r#"contains(["a"], "a") ? "in" : "out""#, "in"),
    (r#"startswith("abc", "ab") ? "y" : "n""#, "y"),
    (r#"join("", formatlist("%s-%s", ["a", "b"], "x"))"#, "a-xb-x"),
    (r#"join(",", [for p in setproduct(["a", "b"], ["x"]) : join("", p)])"#, "ax,bx"),
    (r#"zipmap(["a", "b"], ["x", "y"])["b"]"#, "y"),
    (r#"join(",", sort(["b", "a"]))"#, "a,b"),
    (r#"join(",", reverse(["b", "a"]))"#, "a,b"),
    (r#"join(",", distinct(["a", "b", "a"]))"#, "a,b"),
    (r#"join(",", compact(["a", "", null, "b"]))"#, "a,b"),
    (r#"join(",", slice(["a", "b", "c"], 1, 3))"#, "b,c"),
    (r#""%{ if true ~} x %{ else } y %{ endif }!""#, "x !"),
    (r#""%{ for v in ["a", "b"] }<${v}>%{ endfor }""#, "<a><b>"),
    (r#"urlencode("a b/c")"#, "a+b%2Fc"),
    (r#""$${not} and %%{neither}""#, "${not} and %{neither}"),
    ("(5 % 3) == 2 ? \"two\" : \"other\"", "two"),
];

#[test]
fn what_is_known_is_computed() {
    for (expression, wanted) in KNOWN {
        assert_eq!(value("", expression), *wanted, "{expression}");
    }
}

#[test]
fn what_is_not_known_is_a_symbol_and_equals_itself() {
    let variables = "variable \"x\" {}\nvariable \"y\" {}\nvariable \"flag\" {}\n";
    for (expression, wanted) in [
        ("var.x", "${var.x}"),
        (r#""a-${var.x}-b""#, "a-${var.x}-b"),
        (r#"replace(var.x, "https://", "")"#, r#"${replace(var.x, "https://", "")}"#),
        (r#"trimprefix("https://${var.x}", "https://")"#, "${var.x}"),
        (r#"trimsuffix("${var.x}.tf", ".tf")"#, "${var.x}"),
        (r#"format("%s/%s", "a", var.x)"#, "a/${var.x}"),
        (r#"join(":", ["a", var.x])"#, "a:${var.x}"),
        // The same whatever the condition, so it is known.
        (r#"var.flag ? "same" : "same""#, "same"),
        (r#"var.flag ? "a" : "b""#, r#"${var.flag ? "a" : "b"}"#),
        (r#""${var.x}" == var.x ? "itself" : "other""#, "itself"),
        (r#""a${var.x}" == "b${var.x}" ? "same" : "differs""#, "differs"),
        (r#"coalesce("first", var.x)"#, "first"),
        (r#"try(var.x.name, "else")"#, r#"${try(var.x.name, "else")}"#),
        ("var.x.list[0].name", "${var.x.list[0].name}"),
        (r#"var.x["k"]"#, r#"${var.x["k"]}"#),
        // Either part could hold the other.
        (r#"replace("${var.x}${var.y}", "ab", "")"#, r#"${replace("${var.x}${var.y}", "ab", "")}"#),
        // A pattern between slashes is a regular expression.
        (r#"replace("abc", "/b+/", "")"#, r#"${replace("abc", "/b+/", "")}"#),
        (r#"cidrsubnet("10.0.0.0/8", 8, 1)"#, r#"${cidrsubnet("10.0.0.0/8", 8, 1)}"#),
    ] {
        assert_eq!(value(variables, expression), wanted, "{expression}");
    }
}

#[test]
fn locals_and_variables_are_followed_and_circles_end() {
    let before = r#"
        variable "env" { default = "prod" }
        variable "app" {
          type = object({ name = string, port = optional(number, 80) })
          default = { name = "api" }
        }
        locals {
          prefix = "${var.env}-${local.app}"
          app    = "${var.app.name}:${var.app.port}"
          a      = "x${local.b}"
          b      = "y${local.a}"
        }
    "#;
    assert_eq!(value(before, "local.prefix"), "prod-api:80");
    assert!(value(before, "local.a").contains("${local.a}"), "{}", value(before, "local.a"));
}

/// A chain of blocks, each made from the one before.
fn chain(head: &str, link: impl Fn(usize) -> String) -> String {
    (1..400).fold(head.to_owned(), |all, number| all + &link(number))
}

#[test]
fn chains_of_resources_documents_and_values_end() {
    let role = |number: usize, name: &str, trust: &str| {
        format!("resource \"aws_iam_role\" \"r{number}\" {{\n  name = {name}\n  assume_role_policy = {trust}\n}}\n")
    };
    let of_roles = chain(&role(0, "\"first\"", "\"{}\""), |number| {
        role(number, &format!("\"x${{aws_iam_role.r{}.name}}\"", number - 1), "\"{}\"")
    });
    let of_documents = chain("data \"aws_iam_policy_document\" \"d0\" {}\n", |number| {
        let before = number - 1;
        format!(
            "data \"aws_iam_policy_document\" \"d{number}\" {{\n  source_policy_documents = \
             [data.aws_iam_policy_document.d{before}.json]\n}}\n"
        ) + &role(number, "\"r\"", &format!("data.aws_iam_policy_document.d{number}.json"))
    });
    let of_values = chain("locals {\n  a0 = []\n}\n", |number| {
        format!("locals {{\n  a{number} = [local.a{}]\n}}\n", number - 1)
            + &role(number, "\"r\"", &format!("jsonencode(local.a{number})"))
    });
    for text in [of_roles, of_documents, of_values] {
        let declared = super::one(&text);
        assert!(declared.roles.len() >= 399);
    }
}

#[test]
fn deep_and_doubling_expressions_end() {
    let mut chain = String::from("locals {\n  a0 = \"x\"\n");
    for number in 1..400 {
        let before = number - 1;
        writeln!(chain, "  a{number} = \"${{local.a{before}}}${{local.a{before}}}\"").unwrap();
    }
    chain.push('}');
    let text = format!(
        "{chain}\nresource \"aws_iam_role\" \"r\" {{\n  name = local.a399\n  assume_role_policy = local.a399\n}}\n"
    );
    let declared = super::one(&text);
    assert_eq!(declared.roles.len(), 1);
    assert!(declared.unread.iter().any(|unread| unread.why.contains("not read")), "{:?}", declared.unread);
}

#[test]
fn of_keys_that_stand_twice_in_an_object_the_last_counts() {
    // As `terraform console` answers, of bare names and of quoted ones.
    let map = r#"
locals {
  m = {
    name      = "one"
    "a/b"     = "quoted"
    name      = "two"
    other     = { name = "inner", x = 1, x = 2 }
    name      = "three"
    "a/b"     = "again"
  }
}"#;
    for (expression, value) in [
        ("local.m.name", "three"),
        ("local.m[\"a/b\"]", "again"),
        ("local.m.other.name", "inner"),
        ("\"${local.m.other.x}\"", "2"),
        ("join(\",\", keys(local.m))", "a/b,name,other"),
    ] {
        assert_eq!(super::value(map, expression), value, "{expression}");
    }
}

#[test]
fn a_block_with_a_key_twice_is_read_and_its_places_are_its_own() {
    let text = r#"
resource "aws_iam_role" "r" {
  name = "reader"
  tags = {
    Service = "a"
    Service = "b"
  }
  assume_role_policy = "{}"
}
"#;
    let declared = super::one(text);
    assert_eq!(declared.unread, []);
    assert_eq!(super::at(text, &declared.roles[0].name.at), "\"reader\"");
    // What is no such key is a syntax error as before.
    let broken = super::one("locals {\n  a = { x = 1, x = }\n}\n");
    assert!(broken.unread.len() == 1 && broken.unread[0].why.contains("syntax error"), "{:?}", broken.unread);
    // Nor is there an end to keys of one letter that would not be told.
    let many = format!("locals {{\n  a = {{\n{}  }}\n}}\n", "    k = 1\n".repeat(200));
    assert_eq!(super::one(&many).unread.len(), 1);
}
