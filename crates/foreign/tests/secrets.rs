//! What the redactor takes and what it leaves. Every secret is put together here, so that none stands in the
//! repository.

use trustwalk_foreign::redact;

/// `n` characters that look as random ones do, always the same.
fn random(n: usize, alphabet: &[u8]) -> String {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state >> 33).unwrap_or(0) % alphabet.len();
        alphabet.get(at).copied().map(char::from)
    };
    (0..n).filter_map(next).collect()
}

fn alnum(n: usize) -> String {
    random(n, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
}

fn lower(n: usize) -> String {
    random(n, b"abcdefghijklmnopqrstuvwxyz0123456789")
}

fn upper(n: usize) -> String {
    random(n, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
}

fn base64(n: usize) -> String {
    random(n, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}

fn base64url(n: usize) -> String {
    random(n, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
}

fn hex(n: usize) -> String {
    random(n, b"0123456789abcdef")
}

/// Secrets that are known wherever they stand: what they are, and one.
fn marked() -> Vec<(&'static str, String)> {
    let p = |prefix: [&str; 2], rest: String| format!("{}{}{rest}", prefix[0], prefix[1]);
    vec![
        (
            "JWT",
            format!("ey{}.ey{}.{}", "J".to_owned() + &base64url(30), "J".to_owned() + &base64url(80), base64url(86)),
        ),
        (
            "JWT without signature",
            format!("ey{}.ey{}", "J".to_owned() + &base64url(30), "J".to_owned() + &base64url(80)),
        ),
        ("access key id", p(["AK", "IA"], upper(16))),
        ("session key id", p(["AS", "IA"], upper(16))),
        ("session token", p(["IQ", "oJ"], base64(300))),
        ("secret access key", base64(40)),
        ("ghp", p(["gh", "p_"], alnum(36))),
        ("gho", p(["gh", "o_"], alnum(36))),
        ("ghs", p(["gh", "s_"], alnum(36))),
        ("ghu", p(["gh", "u_"], alnum(36))),
        ("ghr", p(["gh", "r_"], alnum(36))),
        ("github_pat", p(["github", "_pat_"], alnum(80))),
        ("glpat", p(["gl", "pat-"], base64url(20))),
        ("glcbt", p(["gl", "cbt-64_"], base64url(20))),
        ("glrt", p(["gl", "rt-"], base64url(20))),
        ("gldt", p(["gl", "dt-"], base64url(20))),
        ("slack bot", p(["xo", "xb-"], format!("123456789012-{}", alnum(24)))),
        ("slack user", p(["xo", "xp-"], format!("123456789012-{}", alnum(24)))),
        ("slack app", p(["xa", "pp-"], format!("1-A0{}", alnum(24)))),
        ("slack hook", p(["hooks.slack.com", "/services/"], format!("T0{}/B0{}/{}", upper(8), upper(8), alnum(24)))),
        ("stripe live", p(["sk_", "live_"], alnum(24))),
        ("stripe test", p(["sk_", "test_"], alnum(24))),
        ("stripe restricted", p(["rk_", "live_"], alnum(24))),
        ("google key", p(["AI", "za"], base64url(35))),
        ("google access", p(["ya", "29."], base64url(60))),
        ("google client secret", p(["GOC", "SPX-"], base64url(28))),
        ("npm", p(["np", "m_"], alnum(36))),
        ("pypi", p(["py", "pi-"], format!("AgEIcHlwaS5vcmc{}", base64url(60)))),
        ("docker", p(["dckr", "_pat_"], base64url(27))),
        ("vault service", p(["hv", "s."], base64url(90))),
        ("vault batch", p(["hv", "b."], base64url(90))),
        ("vault old", p(["s", "."], alnum(24))),
        ("terraform cloud", format!("{}.{}v1.{}", alnum(14), "atlas", alnum(60))),
        ("sendgrid", p(["S", "G."], format!("{}.{}", base64url(22), base64url(43)))),
        ("shopify", p(["shp", "at_"], hex(32))),
        ("digital ocean", p(["dop", "_v1_"], hex(64))),
        ("hugging face", p(["h", "f_"], alnum(34))),
        ("atlassian", p(["ATA", "TT3"], base64url(180))),
        ("databricks", p(["da", "pi"], hex(32))),
        ("circle ci", p(["CCI", "PAT_"], format!("{}_{}", alnum(22), hex(40)))),
        ("buildkite", p(["bk", "ua_"], hex(40))),
        ("bitbucket", p(["AT", "BB"], alnum(32))),
        ("sonar", p(["sq", "u_"], hex(40))),
        ("slack trigger", p(["hooks.slack.com", "/triggers/"], format!("T0{}/1234/{}", upper(8), hex(32)))),
        ("pagerduty", p(["events.pagerduty.com", "/integration/"], hex(32))),
        ("age", p(["AGE-SECRET", "-KEY-1"], upper(58))),
        ("bootstrap token", format!("{}.{}", "abc123", lower(12) + "0a1b")),
        ("bcrypt", format!("$2{}$12${}", "y", alnum(53))),
        ("apr1", format!("${}$abcdefgh${}", "apr1", alnum(22))),
        ("sha512crypt", format!("${}$saltsalt${}", "6", alnum(86))),
    ]
}

/// Secrets that only their name tells: any value, short ones too.
fn values() -> Vec<String> {
    vec![
        "hunter2".to_owned(),
        "pw1".to_owned(),
        "Tr0ub4dor&3".to_owned(),
        "s3cr3t/with+signs==".to_owned(),
        lower(20),
        hex(32),
    ]
}

const NAMES: &[&str] = &[
    "password",
    "passwd",
    "PASSWORD",
    "DB_PASS",
    "db_password",
    "PGPASSWORD",
    "pwd",
    "mysql_pwd",
    "passphrase",
    "secret",
    "client_secret",
    "clientSecret",
    "SECRET_ACCESS_KEY",
    "aws_secret_access_key",
    "SecretAccessKey",
    "secretAccessKey",
    "SessionToken",
    "aws_session_token",
    "api_key",
    "apiKey",
    "apikey",
    "X-Api-Key",
    "x-api-key",
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "X-Vault-Token",
    "X-Auth-Token",
    "Private-Token",
    "JOB-TOKEN",
    "CI_JOB_TOKEN",
    "GITHUB_TOKEN",
    "GITHUB_PAT",
    "NPM_TOKEN",
    "private_key",
    "privateKey",
    "signing_key",
    "encryption_key",
    "AccountKey",
    "SharedAccessKey",
    "connection_string",
    "ConnectionString",
    "JWT",
    "jwt_secret",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "sig",
    "code_verifier",
    "client_assertion",
    "SAMLResponse",
    "sessionid",
    "JSESSIONID",
    "WebIdentityToken",
    "token",
    "password_hash",
];

/// Every dress in which a name and a value go.
fn dressed(name: &str, value: &str) -> Vec<String> {
    let code = |text: &str| -> String {
        text.bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() || b"-_.".contains(&b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect()
    };
    vec![
        format!("{name}={value}"),
        format!("export {name}={value} && run"),
        format!("level=info {name}={value} msg=\"done\""),
        format!("level=info {name}=\"{value}\" msg=done"),
        format!("{name}: {value}"),
        format!("  - {name}: {value}\n    other: plain"),
        format!("{name}: '{value}'"),
        format!("{{\"{name}\":\"{value}\",\"user\":\"bob\"}}"),
        format!("{{\"{name}\": \"{value}\", \"user\": \"bob\"}}"),
        format!("{{\"log\":\"{{\\\"{name}\\\":\\\"{value}\\\",\\\"user\\\":\\\"bob\\\"}}\\n\"}}"),
        format!("{{\\\\\\\"{name}\\\\\\\":\\\\\\\"{value}\\\\\\\"}}"),
        format!("{{'{name}': '{value}', 'user': 'bob'}}"),
        format!("{{b'{name}': b'{value}'}}"),
        format!("{{{name}={value}, user=bob}}"),
        format!("map[{name}:{value} user:bob]"),
        format!("map[{name}:[{value}] Host:[h]]"),
        format!("\"{name}\"=>\"{value}\""),
        format!("(\"{name}\", \"{value}\")"),
        format!("[\"{name}\",\"{value}\"]"),
        format!("{{\"name\":\"{name}\",\"value\":\"{value}\"}}"),
        format!("- name: {name}\n  value: {value}\n"),
        format!("<{name}>{value}</{name}>"),
        format!("<a:{name}>{value}</a:{name}>"),
        format!("GET /x?{name}={}&y=1 HTTP/1.1", code(value)),
        format!("GET /x?y=1&{name}={}", code(value)),
        format!("body={}%3D{}%26y%3D1", code(name), code(value)),
        format!("%7B%22{name}%22%3A%22{}%22%7D", code(value)),
        format!("{name} = \"{value}\""),
        format!("--{name} {value} next"),
        format!("--{name}={value}"),
        format!("{{\\u0022{name}\\u0022:\\u0022{value}\\u0022}}"),
        format!("a line\\n{name}={value}\\nanother"),
        format!("{name}:\"{value}\""),
    ]
}

#[test]
fn a_secret_that_tells_itself_is_taken_wherever_it_stands() {
    let kinds = marked();
    assert!(kinds.len() >= 40);
    for (kind, secret) in kinds {
        for text in [
            secret.clone(),
            format!("it was {secret} and no more"),
            format!("{{\"data\":\"{secret}\"}}"),
            format!("{{\\\"data\\\":\\\"{secret}\\\"}}"),
            format!("data={secret} next=1"),
            format!("data: {secret}\n"),
            format!("map[data:[{secret}]]"),
            format!("https://h.example/x?data={secret}&y=1"),
            format!("('data', '{secret}')"),
            format!("Authorization: {secret}"),
            format!("({secret})"),
            format!("`{secret}`."),
        ] {
            let out = redact(&text);
            // Nothing of it that could be used is left: no eight characters in a row.
            let tail = secret.get(secret.len() - 8..).unwrap();
            assert!(!out.contains(tail), "{kind} in {text}: {out}");
            assert_eq!(redact(&out), out, "{kind}");
        }
    }
}

#[test]
fn a_value_behind_a_name_is_taken_in_every_dress() {
    assert!(NAMES.len() >= 50);
    let mut left = Vec::new();
    for name in NAMES {
        for value in values() {
            for text in dressed(name, &value) {
                let out = redact(&text);
                let coded = value.replace('&', "%26").replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
                if out.contains(&value) || out.contains(&coded) {
                    left.push(format!("{text}  ->  {out}"));
                }
                assert_eq!(redact(&out), out, "{text}");
            }
        }
    }
    assert!(left.is_empty(), "{} left:\n{}", left.len(), left.iter().take(60).cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_surrounds_a_secret_stays() {
    for (text, kept) in [
        ("level=info password=pw1 msg=\"done\"", "msg=\"done\""),
        ("{\"password\":\"pw1\",\"user\":\"bob\"}", "\"user\":\"bob\""),
        ("{password=pw1, user=bob}", "user=bob"),
        ("map[password:pw1 user:bob]", "user:bob"),
        ("GET /x?token=pw1&y=1 HTTP/1.1", "&y=1 HTTP/1.1"),
        ("- name: DB_PASS\n  value: pw1\n- name: A\n", "- name: A"),
        ("Authorization: Basic dTpw\nHost: h.example\n", "Host: h.example"),
        ("curl -H 'Authorization: Bearer pw1' https://h.example", "https://h.example"),
        ("postgres://bob:pw1@db.example:5432/shop", "@db.example:5432/shop"),
    ] {
        let out = redact(text);
        assert!(out.contains(kept) && !out.contains("pw1") && !out.contains("dTpw"), "{text}: {out}");
    }
}

/// `hunter2` stands for the secret in each.
const SENTENCES: &[&str] = &[
    "Authorization: Basic hunter2",
    "Authorization: hunter2",
    "authorization: Custom a=1, b=hunter2",
    "Authorization: Digest username=\"bob\", realm=\"r\", nonce=\"n\", response=\"hunter2\"",
    "sent Digest username=\"bob\", uri=\"/\", response=\"hunter2\"",
    "Proxy-Authorization: Basic hunter2",
    "Authorization:[Bearer hunter2]",
    "map[Authorization:[Bearer hunter2] Accept:[*/*]]",
    "{Authorization=Bearer hunter2, Accept=*/*}",
    "{'Authorization': 'Bearer hunter2'}",
    "[(\"authorization\", \"Bearer hunter2\")]",
    "\"headers\":{\"authorization\":[\"Bearer hunter2\"]}",
    "Authorization%3A%20Bearer%20hunter2%0A",
    "> Authorization: Bearer hunter2",
    "sent Bearer hunter2 to it",
    "Cookie: sid=hunter2",
    "Cookie: a=b; sid=\"hunter2\"; c=d",
    "Set-Cookie: theme=hunter2; Path=/; HttpOnly",
    "\"cookie\":\"a=b; sid=hunter2\"",
    "{\"cookies\":{\"theme\":\"hunter2\"}}",
    "{\"cookies\":[{\"name\":\"theme\",\"value\":\"hunter2\"}]}",
    "map[Cookie:[theme=hunter2]]",
    "postgres://bob:hunter2@db.example/shop",
    "postgres://bob:pa/hunter2@db.example/shop",
    "mongodb+srv://bob:hunter2@cluster.example/?w=majority",
    "redis://:hunter2@cache.example:6379/0",
    "amqps://bob:hunter2@mq.example/v",
    "https://hunter2@github.com/acme/shop.git",
    "http%3A%2F%2Fbob%3Ahunter2%40proxy.example%3A3128",
    "HTTPS_PROXY=http://bob:hunter2@proxy.example:3128",
    "bob:hunter2@tcp(db.example:3306)/shop",
    "jdbc:oracle:thin:bob/hunter2@db.example:1521:x",
    "jdbc:sqlserver://db.example;user=bob;password=hunter2;encrypt=true",
    "Server=db.example;User Id=bob;Pwd=hunter2;",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2==;EndpointSuffix=core",
    "SharedAccessSignature sv=2020&sig=hunter2&se=2026",
    "https://b.example/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=hunter2&X-Amz-Expires=60",
    "https://b.example/k?X-Amz-Security-Token=hunter2&X-Amz-Expires=60",
    "https://b.example/cb?code=1&access_token=hunter2#x",
    "https://b.example/cb#access_token=hunter2",
    "curl -u bob:hunter2 https://h.example",
    "curl -sS -ubob:hunter2 https://h.example",
    "curl --user 'bob:hunter2' https://h.example",
    "docker login -u bob -p hunter2 registry.example",
    "mysql -u root -phunter2 shop",
    "sshpass -p hunter2 ssh h",
    "redis-cli -h cache.example -a hunter2 ping",
    "openssl rsa -passin pass:hunter2 -in k",
    "machine h.example login bob password hunter2",
    "CREATE USER bob IDENTIFIED BY 'hunter2'",
    "1 validation error detected: Value 'hunter2' at 'webIdentityToken' failed to satisfy constraint",
    "API key: hunter2",
    "Private key: hunter2",
    "secret access key: hunter2 (of bob)",
    "the password: hunter2, he said",
    "requirepass hunter2",
    "\"auth\": \"hunter2\"",
    "\"auths\":{\"r.example\":{\"auth\":\"hunter2\"}}",
    "<saml2:Assertion ID=\"x\">hunter2</saml2:Assertion>",
    "&lt;SessionToken&gt;hunter2&lt;/SessionToken&gt;",
    "headers['X-Api-Key'] = 'hunter2'",
    "password: |\n  hunter2\n  more\nuser: bob",
    "password: correct horse hunter2",
    "\"password\" : \"two words hunter2\"",
    "token=hunter2,error=none",
    "spring.datasource.password: hunter2",
    "\u{1b}[36mpassword\u{1b}[0m=hunter2 msg=x",
    "\u{1b}[1;36mcookie\u{1b}[0m=hunter2",
    "[36mtoken=hunter2",
    "\\u001b[36mcookie=\\u001b[0mhunter2",
    "{\"password\":{\"value\":\"hunter2\"}}",
    "machine h.example\nlogin bob\npassword hunter2\n",
    "ALTER USER bob WITH PASSWORD 'hunter2'",
    "\"ParameterKey\":\"DBPassword\",\"ParameterValue\":\"hunter2\"",
    "<entry key=\"api.token\">hunter2</entry>",
    "<password><![CDATA[hunter2]]></password>",
    "user[password]=hunter2&x=1",
    "user%5Bpassword%5D=hunter2",
    "password='it'\\''s hunter2'",
    "password=<hunter2>",
    "password -> hunter2",
    "\\x22password\\x22:\\x22hunter2\\x22",
    "password\\u003ahunter2",
    "password&#58;hunter2",
    "https://h.example/cb?code=hunter2&state=1",
    "https://h.example/?key=hunter2",
    "API_KEY_V2=hunter2",
    "PASSWORD_PROD=hunter2",
    "SECRET_KEY_BASE=hunter2",
    "passwords=hunter2",
    "https://hooks.zapier.com/hooks/catch/123/hunter2/",
];

/// Words after a name that is surely a secret's, and reports that hold what may be one.
const REPORTS: &[(&str, &str)] = &[
    ("password: \"AccessDenied: correct horse battery staple\"", "horse"),
    ("{\"secret_access_key\":\"AccessDenied: Not authorized to perform sts:GetCallerIdentity\"}", "authorized"),
    ("passphrase=\"correct horse battery staple\"", "horse"),
    ("client_secret: 'operation error STS: GetCallerIdentity, api error AccessDenied: no'", "operation"),
    ("api_key=\"The error is (AccessDenied) for all of them\"", "error"),
    ("token: \"AccessDenied: the token is hunter2 and it is refused\"", "hunter2"),
    ("secret=\"AccessDenied: not authorized with Tr0ub4dor&3 as it is\"", "Tr0ub4dor"),
    ("token: \"AccessDenied: not authorized with 3714365f-c50b-4cae-b958-917eb6a34b50\"", "3714365f"),
    ("otp: \"AccessDenied: not authorized with 482913 as it is\"", "482913"),
    ("otp: \"AccessDenied: not authorized, code: 482913\"", "482913"),
    ("credentials: \"AccessDenied: not authorized for admin:correcthorse here\"", "correcthorse"),
    ("secret: \"CorrectHorse: 3714365f c50b4cae staple\"", "c50b4cae"),
    ("secret: \"correct horse 4 staple\"", "horse"),
    ("token=\"AccessDenied: 3714365fc50b\"", "3714365fc50b"),
];

#[test]
fn a_report_that_holds_a_secret_or_stands_behind_a_password_is_taken() {
    for (text, secret) in REPORTS {
        let out = redact(text);
        assert!(!out.contains(secret), "{text}  ->  {out}");
        assert_eq!(redact(&out), out, "{text}");
    }
}

#[test]
fn a_secret_in_a_sentence_of_its_trade_is_taken() {
    let mut left = Vec::new();
    for text in SENTENCES {
        let out = redact(text);
        if out.contains("hunter2") {
            left.push(format!("{text}  ->  {out}"));
        }
        assert_eq!(redact(&out), out, "{text}");
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
    let pair = "dTpw"; // u:p
    for text in [format!("Basic {pair}"), format!("Authorization: Basic {pair}"), format!("got Basic {pair} from it")] {
        assert!(!redact(&text).contains(pair), "{text}");
    }
}

#[test]
fn a_private_key_goes_whole() {
    let title = |which: &str, kind: &str| format!("-----{which} {kind}PRIVATE KEY-----");
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        for broken in ["\n", "\\n", "\\\\n", "\r\n"] {
            let body = ["QUJD".repeat(4), "c2hvcnQ".to_owned()].join(broken);
            let pem = [title("BEGIN", kind), body, title("END", kind)].join(broken);
            let out = redact(&format!("key: \"{pem}\" end")).into_owned();
            assert!(!out.contains("QUJD") && !out.contains("c2hvcnQ") && out.contains("end"), "{out}");
            // Cut off, it has no last line.
            let cut = redact(pem.get(..pem.len() - 30).unwrap()).into_owned();
            assert!(!cut.contains("QUJD"), "{cut}");
        }
    }
    let public = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----";
    assert_eq!(redact(public), public);
}

#[test]
fn a_token_broken_over_lines_goes_whole() {
    let parts = [format!("ey{}", "J".to_owned() + &base64url(60)), base64url(70), base64url(40)];
    for joint in ["\n", "\n    ", "\\n", " ", "\"\n+ \"", " . "] {
        let out = redact(&parts.join(joint)).into_owned();
        assert!(parts.iter().all(|p| !out.contains(p.as_str())), "{joint:?}: {out}");
    }
}
