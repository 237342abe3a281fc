//! `${{ … }}` put in where the files tell its value.

use std::collections::BTreeMap;

/// What is known by its name: `inputs.role`, `env.ROLE`, `matrix.stage`.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    values: BTreeMap<String, String>,
}

impl Known {
    /// Values of one context, over those that are there.
    pub(super) fn add(&mut self, context: &str, values: &BTreeMap<String, String>) {
        for (name, value) in values {
            let value = self.put_in(value);
            // Names of inputs and variables are compared without regard to case.
            self.values.insert(format!("{context}.{name}").to_lowercase(), value);
        }
    }

    /// A text with what is known put in. What is not stays the expression it is.
    pub(super) fn put_in(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            out.push_str(before);
            let Some((name, tail)) = after.split_once("}}") else {
                out.push_str("${{");
                rest = after;
                continue;
            };
            if let Some(value) = self.values.get(&name.trim().to_lowercase()) {
                out.push_str(value);
            } else {
                out.push_str("${{");
                out.push_str(name);
                out.push_str("}}");
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        let mut known = Known::default();
        known.add("env", &BTreeMap::from([("Role".to_owned(), "arn".to_owned())]));
        known.add("inputs", &BTreeMap::from([("to".to_owned(), "${{ env.ROLE }}-${{ secrets.X }}".to_owned())]));
        assert_eq!(known.put_in("a ${{inputs.to}} b ${{ x }} c ${{"), "a arn-${{ secrets.X }} b ${{ x }} c ${{");
    }
}
