//! What stands in for a value that AWS or a tool makes and nothing hangs on: the number of an account, the address of a
//! cluster's issuer. Whatever it is, the same symbol is the same value, and that is all that is asked of it.

use crate::fill::{self, runs};

/// Where the issuers of clusters are that nobody has made yet.
const HOST: &str = "oidc.eks.us-west-2.amazonaws.com/id/";

/// Texts and what stands in for them.
#[derive(Debug, Clone, Default)]
pub(crate) struct StandIns {
    all: Vec<(String, String)>,
    /// In words.
    pub(crate) shown: Vec<String>,
}

/// Thirty-two letters such as an issuer's id has, the same for the same text.
fn id(text: &str) -> String {
    let half = |seed: u64| {
        // FNV-1a: no secret depends on it.
        text.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    format!("{:016X}{:016X}", half(0xcbf2_9ce4_8422_2325), half(0x8422_2325_cbf2_9ce4))
}

impl StandIns {
    /// For what is unknown of an issuer's address.
    pub(crate) fn of_issuer(issuer: &str) -> Self {
        let mut own = Self::default();
        for run in runs(issuer) {
            let whole = run == issuer;
            let value = if whole { format!("{HOST}{}", id(run)) } else { id(run) };
            own.shown.push(format!("`{}`", fill::shown(run)));
            own.all.push((run.to_owned(), value));
        }
        own
    }

    /// A text with them.
    pub(crate) fn put(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (from, to) in &self.all {
            // In JSON a quote in a symbol's name has a backslash before it.
            let escaped = serde_json::Value::from(from.as_str()).to_string();
            out = out.replace(escaped.trim_matches('"'), to).replace(from, to);
        }
        out
    }

    /// The same, if all of it is known then.
    pub(crate) fn whole(&self, text: &str) -> Result<String, String> {
        let out = self.put(text);
        match runs(&out).first() {
            Some(open) => Err(format!("it hangs on `{}`, which the files do not tell", fill::shown(open))),
            None => Ok(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use trustwalk_checkout::Text;

    use super::*;
    use crate::fill::Fill;

    #[test]
    fn what_is_made_gets_one_value_and_what_decides_gets_none() {
        let fill = Fill::default();
        let issuer = fill.text(&Text::unknown("aws_eks_cluster.this[\"a\"].issuer"));
        let own = StandIns::of_issuer(&issuer);
        let key = own.whole(&format!("{issuer}:sub")).unwrap();
        assert!(key.starts_with(HOST) && key.ends_with(":sub"), "{key}");
        let json = serde_json::json!({"StringEquals": {format!("{issuer}:sub"): "a"}}).to_string();
        assert!(own.whole(&json).unwrap().contains(&key));
        let other = fill.text(&Text::unknown("var.namespace"));
        assert!(own.whole(&other).unwrap_err().contains("`${var.namespace}`"));
    }
}
