//! Parameters of the query protocol.

use std::collections::BTreeMap;

/// Decoded parameters.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a form-encoded body.
    pub(crate) fn parse(body: &str) -> Self {
        Self(
            body.split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(k, v)| (decode(&k.replace('+', " ")), decode(&v.replace('+', " "))))
                .collect(),
        )
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// `NAME.member.1.FIELD`, `NAME.member.2.FIELD`, ….
    pub(crate) fn fields(&self, name: &str, field: &str) -> Vec<String> {
        (1..).map_while(|i| self.get(&format!("{name}.member.{i}.{field}")).map(str::to_owned)).collect()
    }

    /// `NAME.member.1`, `NAME.member.2`, …; `None` when the list was not sent at all.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let items: Vec<String> =
            (1..).map_while(|i| self.get(&format!("{name}.member.{i}")).map(str::to_owned)).collect();
        // An empty list is sent as `NAME=`.
        (!items.is_empty() || self.0.contains_key(name)).then_some(items)
    }

    /// `Tags.member.N.Key` and `.Value`, in their order.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        (1..)
            .map_while(|i| {
                let key = self.get(&format!("Tags.member.{i}.Key"))?;
                Some((key.to_owned(), self.text(&format!("Tags.member.{i}.Value"))))
            })
            .collect()
    }
}

/// Decodes `%XX`.
pub(crate) fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, after)) = rest.split_first() {
        let hex = |b: u8| char::from(b).to_digit(16);
        if b == b'%'
            && let [h, l, ..] = after
            && let (Some(h), Some(l)) = (hex(*h), hex(*l))
        {
            out.push(u8::try_from(h * 16 + l).unwrap_or_default());
            rest = after.get(2..).unwrap_or_default();
            continue;
        }
        out.push(b);
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The last segments of a path, decoded.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|s| !s.is_empty()).map(decode).collect()
}

/// Encodes everything but unreserved characters (RFC 3986), as `SigV4` and IAM's documents want it.
pub(crate) fn encode(text: &str, keep_slash: bool) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) || (keep_slash && b == b'/') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}
