//! What the configuration of a plan refers to. It lists references, not expressions: where an attribute takes a whole
//! value (an ARN, a name, a document) and refers to one thing, it is that thing's.

use crate::eval::Eval;
use crate::value::{Kind, Sym, Thing, Val};

use super::{Resource, text};

/// Attributes that people give one value as it is.
const WHOLE: &[&str] = &[
    "arn",
    "assume_role_policy",
    "cluster_name",
    "identifiers",
    "name",
    "permissions_boundary",
    "policy",
    "policy_arn",
    "role",
    "role_arn",
    "service_account_role_arn",
    "source_policy_documents",
    "url",
];

/// The names of a module's address without their instances: `module.a["x"].module.b` is `a`, `b`.
fn steps(address: &str) -> Vec<String> {
    let mut plain = String::new();
    let (mut brackets, mut quoted, mut escaped) = (0_usize, false, false);
    for c in address.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '[' if !quoted => brackets += 1,
            ']' if !quoted => brackets = brackets.saturating_sub(1),
            c if brackets == 0 => plain.push(c),
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    plain.split('.').filter(|step| *step != "module" && !step.is_empty()).map(str::to_owned).collect()
}

/// The configuration of a module.
fn module_at<'v>(root: &'v Val, address: &str) -> Option<&'v Val> {
    let mut module = root;
    for step in steps(address) {
        module = module.get("module_calls")?.get(&step)?.get("module")?;
    }
    Some(module)
}

/// The configuration of a resource.
pub(super) fn configured<'v>(root: &'v Val, resource: &Resource) -> Option<&'v Val> {
    let module = module_at(root, &resource.module)?;
    let data = if resource.data { "data." } else { "" };
    let address = format!("{data}{}.{}", resource.kind, resource.name);
    module.get("resources")?.as_list()?.iter().find(|found| text(found, "address").as_deref() == Some(&address))
}

/// The one thing that an expression refers to, if it refers to one: the longest reference, which the others lead to.
fn single(expression: &Val) -> Option<String> {
    let references: Option<Vec<String>> =
        expression.get("references")?.as_list()?.iter().map(Val::known_text).collect();
    let references = references?;
    let longest = references.iter().max_by_key(|reference| reference.len())?;
    references.iter().all(|reference| longest.starts_with(reference.as_str())).then(|| longest.clone())
}

impl Eval<'_> {
    /// What an unknown attribute is, by what its configuration refers to.
    pub(super) fn meant(&mut self, number: usize, expression: &Val, path: &str) -> Option<Val> {
        let last = path.rsplit('.').next().unwrap_or(path);
        let name = last.split('[').next().unwrap_or(last);
        if !WHOLE.contains(&name) {
            return None;
        }
        let reference = single(expression)?;
        let module = self.plan.as_ref()?.resources.get(number)?.module.clone();
        let key = self.plan.as_ref()?.resources.get(number).map(|resource| suffix(&resource.address).to_owned())?;
        self.deeper(|eval| eval.refer(&module, &reference, &key))
    }

    /// The value of a reference in a module; of a resource with instances that of the same key.
    fn refer(&mut self, module: &str, reference: &str, key: &str) -> Option<Val> {
        let full = if module.is_empty() { reference.to_owned() } else { format!("{module}.{reference}") };
        let root = self.plan.as_ref()?.root.clone()?;
        let at = root.at;
        if let Some(name) = reference.strip_prefix("var.") {
            let name = name.split(['.', '[']).next().unwrap_or(name);
            let (caller, call) = outer(module)?;
            let calls = module_at(&root, &caller)?.get("module_calls")?.get(&call)?.get("expressions")?.get(name)?;
            let inner = single(calls)?;
            return self.deeper(|eval| eval.refer(&caller, &inner, key));
        }
        if let Some(rest) = reference.strip_prefix("module.") {
            let (call, output) = rest.split_once('.')?;
            let inner_module = join(module, &format!("module.{call}"));
            let name = output.split(['.', '[']).next().unwrap_or(output);
            let found = module_at(&root, &inner_module)?.get("outputs")?.get(name)?.get("expression")?;
            let inner = single(found)?;
            return self.deeper(|eval| eval.refer(&inner_module, &inner, key));
        }
        if reference.starts_with("local.") || reference.starts_with("each.") || reference.starts_with("count.") {
            return None;
        }
        let (address, rest) = split(&full)?;
        let plan = self.plan.as_ref()?;
        let (number, rest) = if let Some(indexed) = rest.strip_prefix('[') {
            let (index, rest) = indexed.split_once(']')?;
            (plan.by_address.get(&format!("{address}[{index}]")).copied()?, rest.to_owned())
        } else {
            let same = plan.by_address.get(&format!("{address}{key}"));
            (plan.by_address.get(&address).or(same).copied()?, rest)
        };
        let attribute = rest.strip_prefix('.')?;
        let name = attribute.split(['.', '[']).next().unwrap_or(attribute).to_owned();
        let thing = Thing::Resource { scope: 0, block: number, instance: 0 };
        let value = self.deeper(|eval| Some(eval.attribute(&thing, &name, at)))?;
        if name == attribute {
            return Some(value);
        }
        // Of what a cluster's identity holds, the issuer is what anybody refers to.
        match (&value.kind, attribute) {
            (Kind::List(_), "identity[0].oidc[0].issuer" | "identity.0.oidc.0.issuer") => {
                Some(self.issuer((0, number, 0), at))
            }
            _ => Some(Val::new(Kind::Unknown(Sym::any(full)), at)),
        }
    }
}

/// The module around a module, and the name of the call.
fn outer(module: &str) -> Option<(String, String)> {
    let at = module.rfind("module.")?;
    let name = module.get(at + "module.".len()..)?;
    let name = name.split('[').next().unwrap_or(name);
    let caller = module.get(..at)?.trim_end_matches('.');
    Some((caller.to_owned(), name.to_owned()))
}

fn join(module: &str, call: &str) -> String {
    if module.is_empty() { call.to_owned() } else { format!("{module}.{call}") }
}

/// The instance in an address: `["a"]`, `[0]`, or nothing.
fn suffix(address: &str) -> &str {
    address.rfind('[').filter(|_| address.ends_with(']')).and_then(|at| address.get(at..)).unwrap_or_default()
}

/// The address of a resource at the beginning of a reference, and what follows it.
fn split(reference: &str) -> Option<(String, String)> {
    let mut address = String::new();
    let mut rest = reference;
    // Modules' names may have instances with dots in quotes.
    while let Some(after) = rest.strip_prefix("module.") {
        let end = step_end(after);
        address.push_str("module.");
        address.push_str(after.get(..end)?);
        address.push('.');
        rest = after.get(end..)?.strip_prefix('.')?;
    }
    if let Some(after) = rest.strip_prefix("data.") {
        address.push_str("data.");
        rest = after;
    }
    let (kind, after) = rest.split_once('.')?;
    let end = after.find(['.', '[']).unwrap_or(after.len());
    address.push_str(kind);
    address.push('.');
    address.push_str(after.get(..end)?);
    Some((address, after.get(end..)?.to_owned()))
}

/// Where a step of an address ends: at a dot outside of brackets.
fn step_end(text: &str) -> usize {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '.' if !inside => return at,
            _ => {}
        }
    }
    text.len()
}
