//! One page that can be sent to somebody: nothing is fetched, nothing of others runs.
//!
//! A policy in the page lets only the one style and the one script run that stand in it, told by their digests, and
//! lets nothing be fetched, sent or framed (W3C, Content Security Policy Level 3). The script sorts and filters what
//! stands there, and makes no markup. Without it the page shows everything.

use std::fmt::Write as _;

use super::{listed, shown};
use crate::audit::{Audit, Standing, Trust};
use crate::finding::{About, Finding};
use crate::rule::Rule;
use crate::sarif::Level;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// SHA-256 of both, in base64: a test holds them to the texts.
const STYLE_DIGEST: &str = include_str!("page.css.sha256");
const SCRIPT_DIGEST: &str = include_str!("page.js.sha256");

/// The whole page. `made` is what it says of when and of what it was made.
pub fn html(audit: &Audit, made: &str) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">",
        STYLE_DIGEST.trim(),
        SCRIPT_DIGEST.trim()
    );
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n<title>Web identity trust</title>\n");
    let _ = writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>\n<h1>Web identity trust</h1>");
    let _ = writeln!(out, "<p>{}</p>", text(made));
    summary(&mut out, audit);
    out.push_str("<p><label>Show only rows with <input id=\"filter\" type=\"search\" autocomplete=\"off\"></label> ");
    out.push_str("<span id=\"count\"></span></p>\n");
    findings(&mut out, audit);
    trust(&mut out, audit);
    unread(&mut out, audit);
    let _ = writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>");
    out
}

fn summary(out: &mut String, audit: &Audit) {
    let accounts = listed(&audit.accounts, "none told");
    let zone = if audit.zone_given { "as the zone says" } else { "whom the policies name (no zone was given)" };
    out.push_str("<dl>\n");
    for (term, what) in [
        ("Accounts", accounts),
        ("Roles", format!("{}, of which {} trust web identities", audit.roles, audit.trusting)),
        ("Identity providers", audit.providers.to_string()),
        ("Ours is", zone.to_owned()),
        (
            "Findings",
            format!(
                "{} errors, {} warnings, {} notes",
                audit.count(Level::Error),
                audit.count(Level::Warning),
                audit.count(Level::Note)
            ),
        ),
        ("Not read", audit.unread.len().to_string()),
    ] {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", text(term), text(&what));
    }
    out.push_str("</dl>\n");
}

fn head(out: &mut String, title: &str, columns: &[&str]) {
    let _ = writeln!(out, "<h2>{}</h2>\n<table>\n<thead><tr>", text(title));
    for column in columns {
        let _ = write!(out, "<th scope=\"col\"><button type=\"button\">{}</button></th>", text(column));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

fn findings(out: &mut String, audit: &Audit) {
    if audit.findings.is_empty() {
        out.push_str("<h2>Findings</h2>\n<p>None.</p>\n");
        return;
    }
    head(out, "Findings", &["Level", "Code", "About", "What", "Witness", "What to do"]);
    for finding in &audit.findings {
        finding_row(out, finding);
    }
    out.push_str("</tbody>\n</table>\n");
}

fn finding_row(out: &mut String, finding: &Finding) {
    let level = finding.level.name();
    let about = match &finding.about {
        About::Role(name) | About::Provider(name) | About::Account(name) => name,
    };
    let advice = match finding.rule {
        Rule::Own(own) => own.advice(),
        Rule::Cause(_) => "Mend the policy, or take the trust out of it.",
    };
    let _ = write!(
        out,
        "<tr class=\"{level}\"><td class=\"short\">{level}</td><td class=\"short\" title=\"{}\">",
        text(finding.rule.name())
    );
    let _ = write!(out, "{}</td><td>{}</td><td>{}</td><td>", finding.rule.code(), text(about), text(&finding.message));
    if let Some(witness) = &finding.witness {
        let _ = write!(
            out,
            "<details><summary>token</summary><table><tr><td>provider</td><td>{}</td></tr>",
            text(&witness.provider)
        );
        for (name, value) in &witness.claims {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", text(name), text(&value));
        }
        for (key, value) in &witness.call {
            let _ = write!(out, "<tr><td>call with {}</td><td>{}</td></tr>", text(key), text(value));
        }
        out.push_str("</table></details>");
    }
    let _ = write!(out, "</td><td>{}", text(advice));
    if let Some(document) = &finding.document {
        let _ = write!(out, "<details><summary>narrower policy</summary><pre>{}</pre></details>", text(document));
    }
    out.push_str("</td></tr>\n");
}

fn trust(out: &mut String, audit: &Audit) {
    head(out, "Who can assume what", &["Role", "Issuer", "Subjects", "Audiences", "Further", "Standing"]);
    for one in &audit.trust {
        trust_row(out, one);
    }
    out.push_str("</tbody>\n</table>\n");
}

fn trust_row(out: &mut String, one: &Trust) {
    let (class, standing) = match one.standing {
        Standing::Open => ("open", "open".to_owned()),
        Standing::Dead => ("dead", format!("dead: {}", one.why.as_deref().unwrap_or_default())),
    };
    let _ = write!(out, "<tr class=\"{class}\">");
    for cell in [
        one.role.as_str(),
        one.issuer.as_deref().unwrap_or(&one.provider),
        &listed(&one.subjects, "any"),
        &listed(&one.audiences, "any"),
        &one.further.join("; "),
        &standing,
    ] {
        let _ = write!(out, "<td>{}</td>", text(cell));
    }
    out.push_str("</tr>\n");
}

fn unread(out: &mut String, audit: &Audit) {
    if audit.unread.is_empty() {
        return;
    }
    head(out, "Not read", &["What", "Why"]);
    for one in &audit.unread {
        let _ = writeln!(out, "<tr class=\"unread\"><td>{}</td><td>{}</td></tr>", text(&one.what), text(&one.why));
    }
    out.push_str("</tbody>\n</table>\n");
}

/// Text between tags and within quotes (WHATWG HTML, "Escaping a string"), what is hidden told.
fn text(value: &str) -> String {
    let mut out = String::new();
    for c in shown(value).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Witness;
    use crate::rule::Own;

    #[test]
    fn the_style_and_the_script_are_those_that_the_policy_lets_run() {
        use base64::Engine as _;
        for (text, digest) in [(STYLE, STYLE_DIGEST), (SCRIPT, SCRIPT_DIGEST)] {
            let made = base64::engine::general_purpose::STANDARD.encode(hmac_sha256::Hash::hash(text.as_bytes()));
            assert_eq!(digest.trim(), made, "write it beside the text, as `.sha256`");
        }
    }

    #[test]
    fn nothing_of_others_becomes_markup() {
        let evil = "</script><img src=x onerror=alert(1)>\"'&\u{202e}";
        let about = About::Role(evil.to_owned());
        let mut finding = Finding::new(Rule::Own(Own::AnyTenant), about, evil.to_owned(), &[]);
        let mut claims = serde_json::Map::new();
        claims.insert(evil.to_owned(), evil.into());
        finding.witness = Some(Witness { provider: evil.to_owned(), claims, call: std::collections::BTreeMap::new() });
        let audit = Audit { findings: vec![finding], ..Audit::default() };
        let page = html(&audit, evil);
        assert!(!page.contains("<img") && !page.contains('\u{202e}'), "{page}");
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
        for fetched in ["http://", "https://", "src=", "href=", "url(", "@import"] {
            let own = [STYLE, SCRIPT].concat();
            assert!(!own.contains(fetched), "{fetched}");
        }
    }
}
