//! Plans as `terraform show -json` writes them
//! (<https://developer.hashicorp.com/terraform/internals/json-format>, format version 1.2).

mod references;

use std::collections::HashMap;
use std::rc::Rc;

use trustwalk_checkout::{Declared, Unread};

use super::bounds::MAX_PLAN;
use super::declare::Declare;
use super::eval::Eval;
use super::folder::Folders;
use super::json;
use super::known::Aws;
use super::rope::Rope;
use super::source::{File, Sources, Spot, to_u32};
use super::value::{Kind, Sym, Val};

/// The format whose members are known; a minor version adds members, a major one changes them.
const MAJOR: &str = "1";

/// A resource as it is planned.
#[derive(Debug)]
struct Resource {
    address: String,
    /// Where its module is called: `module.a[0].module.b`, or nothing.
    module: String,
    data: bool,
    kind: Rc<str>,
    name: String,
    after: Val,
    unknown: Option<Val>,
    sensitive: Option<Val>,
    /// The configuration's expressions for it.
    expressions: Option<Val>,
    provider: String,
    at: Spot,
}

/// A plan.
#[derive(Debug)]
pub(crate) struct Planned {
    resources: Vec<Resource>,
    by_address: HashMap<String, usize>,
    root: Option<Val>,
    providers: HashMap<String, Rc<Aws>>,
}

/// Whether a JSON file is a plan: it says its format and what would change.
pub fn is_plan(text: &str) -> bool {
    let head = text.trim_start();
    head.starts_with('{')
        && text.contains("\"format_version\"")
        && (text.contains("\"resource_changes\"") || text.contains("\"planned_values\""))
        && text.contains("\"terraform_version\"")
}

/// What a plan declares.
pub fn read(file: &File) -> Declared {
    let sources = Sources::new([file]);
    let all = Spot { file: 0, start: 0, end: 0 };
    let unread = |at: Spot, why: String| Unread { at: sources.place(at), why };
    if file.text.len() > MAX_PLAN {
        let why = format!("the plan is not read: it has more than {} MiB", MAX_PLAN >> 20);
        return Declared { unread: vec![unread(all, why)], ..Declared::default() };
    }
    let whole = Spot { file: 0, start: 0, end: to_u32(file.text.len()) };
    let document = match json::read(&Rope::exact(file.text.as_str(), whole)) {
        Ok(document) => document,
        Err(error) => {
            let why = format!("the plan is not read: {}; make it with `terraform show -json`", error.why);
            return Declared { unread: vec![unread(error.at, why)], ..Declared::default() };
        }
    };
    let mut told = Vec::new();
    let version = document.get("format_version");
    let major = version.and_then(Val::known_text);
    if major.as_deref().and_then(|text| text.split('.').next()) != Some(MAJOR) {
        let why = "the plan's format is another than 1.x: only what is known of it is read".to_owned();
        told.push(unread(version.map_or(all, |version| version.at), why));
    }
    let folders = Folders::default();
    let mut eval = Eval::new(&sources, &[], &folders);
    eval.plan = Some(Planned::new(&document));
    let mut declared = Declare::new(&mut eval).all();
    declared.unread.append(&mut told);
    declared
}

impl Planned {
    fn new(document: &Val) -> Self {
        let root = document.get("configuration").and_then(|found| found.get("root_module")).cloned();
        let mut resources = Vec::new();
        match document.get("resource_changes") {
            Some(changes) => resources.extend(changes.as_list().unwrap_or_default().iter().filter_map(changed)),
            None => {
                for name in ["planned_values", "values"] {
                    if let Some(module) = document.get(name).and_then(|found| found.get("root_module")) {
                        valued(module, 0, &mut resources);
                    }
                }
            }
        }
        for resource in &mut resources {
            let configured = root.as_ref().and_then(|root| references::configured(root, resource));
            resource.provider = configured.and_then(|found| text(found, "provider_config_key")).unwrap_or_default();
            resource.expressions = configured.and_then(|found| found.get("expressions")).cloned();
        }
        let by_address =
            resources.iter().enumerate().map(|(number, resource)| (resource.address.clone(), number)).collect();
        let providers = providers(document, root.as_ref(), &resources);
        Self { resources, by_address, root, providers }
    }

    pub(crate) fn count(&self) -> usize {
        self.resources.len()
    }

    pub(crate) fn kind(&self, number: usize) -> Option<(bool, Rc<str>)> {
        self.resources.get(number).map(|resource| (resource.data, Rc::clone(&resource.kind)))
    }

    pub(crate) fn at(&self, number: usize) -> Spot {
        self.resources.get(number).map(|resource| resource.at).unwrap_or_default()
    }

    pub(crate) fn address(&self, number: usize) -> String {
        self.resources.get(number).map(|resource| resource.address.clone()).unwrap_or_default()
    }

    pub(crate) fn aws(&self, number: usize) -> Rc<Aws> {
        let provider = self.resources.get(number).map_or("", |resource| resource.provider.as_str());
        // A module's own key is that of the provider it was passed.
        let alias = provider.rsplit(':').next().unwrap_or(provider);
        let known = self.providers.get(provider).or_else(|| self.providers.get(alias));
        known.cloned().unwrap_or_else(|| Rc::new(Aws::untold(str::to_owned)))
    }
}

fn text(value: &Val, name: &str) -> Option<String> {
    value.get(name).and_then(Val::known_text)
}

/// A change that leaves the resource there.
fn changed(change: &Val) -> Option<Resource> {
    let what = change.get("change")?;
    let after = what.get("after").filter(|after| !after.is_null()).cloned();
    let unknown = what.get("after_unknown").cloned();
    let gone = what.get("actions").and_then(Val::as_list).is_some_and(|actions| {
        actions.iter().all(|action| matches!(action.known_text().as_deref(), Some("delete" | "forget")))
    });
    if gone || after.is_none() && unknown.is_none() {
        return None;
    }
    let after = after.unwrap_or_else(|| Val::map(Vec::new(), change.at));
    Some(Resource { unknown, sensitive: what.get("after_sensitive").cloned(), ..resource(change, after)? })
}

fn resource(found: &Val, after: Val) -> Option<Resource> {
    Some(Resource {
        address: text(found, "address")?,
        module: text(found, "module_address").unwrap_or_default(),
        data: text(found, "mode").as_deref() == Some("data"),
        kind: text(found, "type")?.into(),
        name: text(found, "name")?,
        after,
        unknown: None,
        sensitive: None,
        expressions: None,
        provider: String::new(),
        at: found.at,
    })
}

/// The resources of a module and of those that it calls.
fn valued(module: &Val, depth: usize, resources: &mut Vec<Resource>) {
    let own = text(module, "address").unwrap_or_default();
    for found in module.get("resources").and_then(Val::as_list).unwrap_or_default() {
        let values = found.get("values").cloned().unwrap_or_else(|| Val::map(Vec::new(), found.at));
        let sensitive = found.get("sensitive_values").cloned();
        resources.extend(resource(found, values).map(|made| Resource { module: own.clone(), sensitive, ..made }));
    }
    if depth < super::bounds::MAX_MODULE_DEPTH {
        for child in module.get("child_modules").and_then(Val::as_list).unwrap_or_default() {
            valued(child, depth + 1, resources);
        }
    }
}

/// Where each provider works, as its configuration and what was read of the caller tell.
fn providers(document: &Val, root: Option<&Val>, planned: &[Resource]) -> HashMap<String, Rc<Aws>> {
    let mut found = HashMap::new();
    let configured = document.get("configuration").and_then(|found| found.get("provider_config"));
    let mut read = Vec::new();
    if let Some(state) = document.get("prior_state").and_then(|state| state.get("values")?.get("root_module")) {
        valued(state, 0, &mut read);
    }
    for resource in &mut read {
        let configured = root.and_then(|root| references::configured(root, resource));
        resource.provider = configured.and_then(|found| text(found, "provider_config_key")).unwrap_or_default();
    }
    for (key, config) in configured.and_then(Val::as_map).unwrap_or_default() {
        let Some(key) = key.name.known() else { continue };
        if text(config, "name").as_deref() != Some("aws") {
            continue;
        }
        let mut aws = provider(document, config);
        let mine = || read.iter().chain(planned).filter(|resource| resource.data && resource.provider == key);
        let told = |kind: &str, name: &str| {
            let values = mine().filter(|resource| &*resource.kind == kind).filter_map(|found| found.after.get(name));
            values.filter_map(Val::as_rope).find(|rope| rope.known().is_some_and(|text| !text.is_empty()))
        };
        aws.account = told("aws_caller_identity", "account_id").unwrap_or(aws.account);
        aws.partition = told("aws_partition", "partition").unwrap_or(aws.partition);
        aws.region = told("aws_region", "name").unwrap_or(aws.region);
        aws.id = Aws::id(&aws.account, &aws.region);
        found.insert(key, Rc::new(aws));
    }
    found
}

/// What a provider's block says: constants, and variables of the root module.
fn provider(document: &Val, config: &Val) -> Aws {
    let alias = text(config, "alias");
    let expressions = config.get("expressions");
    let constant = |expression: &Val| {
        expression.get("constant_value").cloned().or_else(|| {
            let first = expression.get("references")?.as_list()?.first()?.known_text()?;
            document.get("variables")?.get(first.strip_prefix("var.")?)?.get("value").cloned()
        })
    };
    let own = |name: &str| expressions.and_then(|all| all.get(name)).and_then(constant);
    let foreign = ["profile", "access_key", "shared_credentials_files", "assume_role"]
        .iter()
        .any(|name| expressions.is_some_and(|all| all.get(name).is_some()));
    let mut aws = Aws::untold(|what| match &alias {
        Some(alias) if foreign && what == "account" => format!("{what} of aws.{alias}"),
        _ => what.to_owned(),
    });
    if let Some(region) = own("region").as_ref().and_then(Val::as_rope) {
        let at = config.at;
        aws.in_region(region, at);
    }
    let roles = expressions.and_then(|all| all.get("assume_role")).and_then(Val::as_list).unwrap_or_default();
    let role = roles.last().and_then(|role| role.get("role_arn")).and_then(constant);
    if let Some(arn) = role.as_ref().and_then(Val::as_rope) {
        aws.as_role(&arn);
    } else if let Some([only]) = own("allowed_account_ids").as_ref().and_then(Val::as_list) {
        aws.account = only.as_rope().unwrap_or(aws.account);
    }
    aws
}

impl Eval<'_> {
    /// An attribute as it is planned; `None` where it is not set.
    pub(crate) fn planned(&mut self, number: usize, name: &str) -> Option<Val> {
        let resource = self.plan.as_ref()?.resources.get(number)?;
        let member = |value: Option<&Val>| value.and_then(|value| value.get(name)).cloned();
        let (after, unknown) = (member(Some(&resource.after)), member(resource.unknown.as_ref()));
        let (sensitive, expression) = (member(resource.sensitive.as_ref()), member(resource.expressions.as_ref()));
        if after.is_none() && unknown.is_none() {
            return None;
        }
        let path = format!("{}.{name}", resource.address);
        let after = after.unwrap_or_else(|| Val::null(resource.at));
        // What nobody configures is filled in by AWS, and known attributes have their forms.
        if matches!(unknown.as_ref().map(|value| &value.kind), Some(Kind::Bool(true))) && expression.is_none() {
            return None;
        }
        Some(self.merged(number, &after, [unknown.as_ref(), sensitive.as_ref(), expression.as_ref()], &path))
    }

    /// All of what is planned for a resource.
    pub(crate) fn planned_all(&mut self, number: usize) -> Val {
        let Some(resource) = self.plan.as_ref().and_then(|plan| plan.resources.get(number)) else {
            return Val::null(Spot::default());
        };
        let (after, path) = (resource.after.clone(), resource.address.clone());
        let (unknown, sensitive) = (resource.unknown.clone(), resource.sensitive.clone());
        let expressions = resource.expressions.clone();
        self.merged(number, &after, [unknown.as_ref(), sensitive.as_ref(), expressions.as_ref()], &path)
    }

    /// A value with symbols for what is known after apply, and for what is sensitive.
    fn merged(&mut self, number: usize, after: &Val, marks: [Option<&Val>; 3], path: &str) -> Val {
        let [unknown, sensitive, expression] = marks;
        let is_true = |mark: Option<&Val>| matches!(mark.map(|mark| &mark.kind), Some(Kind::Bool(true)));
        if is_true(unknown) {
            let meant = expression.and_then(|expression| self.meant(number, expression, path));
            return meant.unwrap_or_else(|| Val::new(Kind::Unknown(Sym::any(path)), after.at));
        }
        if is_true(sensitive) {
            return Val::new(Kind::Unknown(Sym::any(format!("{path} (sensitive)"))), after.at);
        }
        match (&after.kind, unknown.map(|mark| &mark.kind)) {
            (Kind::List(items), _) => self.merged_list(number, items, (after, marks), path),
            (Kind::Map(members), _) => self.merged_map(number, members, (after, marks), path),
            // What is unknown in all its parts has no value at all.
            (Kind::Null, Some(Kind::List(items))) => {
                let nothing = vec![Val::null(after.at); items.len()];
                self.merged_list(number, &nothing, (after, marks), path)
            }
            (Kind::Null, Some(Kind::Map(_))) => self.merged_map(number, &[], (after, marks), path),
            _ => after.clone(),
        }
    }

    fn merged_list(
        &mut self,
        number: usize,
        items: &[Val],
        (after, marks): (&Val, [Option<&Val>; 3]),
        path: &str,
    ) -> Val {
        let inner = |mark: Option<&Val>, at: usize| mark.and_then(Val::as_list).and_then(|list| list.get(at)).cloned();
        let [unknown, sensitive, expression] = marks;
        // A list of one item with one expression has it for its item.
        let only = expression.filter(|found| items.len() == 1 && found.get("references").is_some()).cloned();
        let mut merged = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let expression = only.clone().or_else(|| inner(expression, at));
            let marks = [inner(unknown, at), inner(sensitive, at), expression];
            let path = format!("{path}[{at}]");
            merged.push(self.merged(number, item, marks.each_ref().map(Option::as_ref), &path));
        }
        Val::list(merged, after.at)
    }

    fn merged_map(
        &mut self,
        number: usize,
        members: &[(super::value::Key, Val)],
        (after, marks): (&Val, [Option<&Val>; 3]),
        path: &str,
    ) -> Val {
        let mut merged = Vec::new();
        for (key, item) in members {
            let name = key.name.known().unwrap_or_default();
            let marks = marks.map(|mark| mark.and_then(|mark| mark.get(&name)));
            if !item.is_null() || marks.first().is_some_and(Option::is_some) {
                merged.push((key.clone(), self.merged(number, item, marks, &format!("{path}.{name}"))));
            }
        }
        // What is wholly unknown has no member at all.
        for (key, mark) in marks.first().copied().flatten().and_then(Val::as_map).unwrap_or_default() {
            let name = key.name.known().unwrap_or_default();
            let marked = match &mark.kind {
                Kind::Bool(truth) => *truth,
                Kind::List(items) => !items.is_empty(),
                Kind::Map(members) => !members.is_empty(),
                _ => false,
            };
            if after.get(&name).is_none() && marked {
                let expression = marks.last().copied().flatten().and_then(|all| all.get(&name));
                let null = Val::null(after.at);
                let marks = [Some(mark), None, expression];
                merged.push((key.clone(), self.merged(number, &null, marks, &format!("{path}.{name}"))));
            }
        }
        Val::map(merged, after.at)
    }
}
