//! Stacks in stacks: what a template's parameters are where another template of the checkout makes a stack of it
//! (CloudFormation, `AWS::CloudFormation::Stack`; SAM, `AWS::Serverless::Application`).
//!
//! A default is what a stack gets when nobody says otherwise; a parent says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Given, Template};
use crate::declared::{Declared, Unread};
use crate::node::{Node, Value};
use crate::text::{Piece, Text};

/// Stacks in stacks that are followed; people nest three or four.
const LEVELS: usize = 12;
/// Stacks of one checkout that are followed, each as often as somebody makes one.
const STACKS: usize = 2_000;

/// A template and the path of its file.
pub(crate) type Source<'a> = (&'a str, &'a Node);

/// What a template makes of another.
struct Call<'a> {
    /// Which templates it may mean, by their numbers.
    targets: Vec<usize>,
    stack: &'a Node,
}

/// What each template declares that others make stacks of, by its number; each as often as a stack is made of it.
pub(crate) fn nested(all: &[Source<'_>]) -> BTreeMap<usize, Declared> {
    let calls: Vec<Vec<Call<'_>>> = (0..all.len()).map(|n| calls(all, n)).collect();
    let called: BTreeSet<usize> = calls.iter().flatten().flat_map(|c| c.targets.iter().copied()).collect();
    let mut out: BTreeMap<usize, Declared> = BTreeMap::new();
    if called.is_empty() {
        return out;
    }
    let mut left = STACKS;
    // Those that nobody makes a stack of are the ones that people do; and what only calls itself keeps its defaults.
    let mut open: Vec<(usize, Given, usize)> =
        (0..all.len()).rev().filter(|n| !called.contains(n)).map(|n| (n, Given::default(), 0)).collect();
    while let Some((parent, given, level)) = open.pop() {
        let Some((_, document)) = all.get(parent) else { continue };
        let template = Template::with(document, &given);
        for call in calls.get(parent).into_iter().flatten() {
            for &child in &call.targets {
                let Some((_, document)) = all.get(child) else { continue };
                let into = out.entry(child).or_default();
                if level >= LEVELS || left == 0 {
                    let why = format!(
                        "more than {STACKS} stacks or {LEVELS} in each other are made here, and the rest was not \
                         followed"
                    );
                    into.unread.push(Unread { at: call.stack.at.clone(), why });
                    continue;
                }
                left -= 1;
                let given = given_to(&template, call);
                let mut own = Declared::default();
                super::declare_with(document, &given, &mut own);
                into.add_new(own);
                open.push((child, given, level + 1));
            }
        }
    }
    out
}

fn calls<'a>(all: &[Source<'a>], own: usize) -> Vec<Call<'a>> {
    let Some((path, document)) = all.get(own) else { return Vec::new() };
    let template = Template::new(document);
    let stacks = template.resources().filter(|(_, r)| {
        matches!(super::kind(r), Some("AWS::CloudFormation::Stack" | "AWS::Serverless::Application"))
            && !template.is_never(r)
    });
    let calls = stacks.map(|(_, stack)| Call { targets: targets(all, own, path, &template, stack), stack });
    calls.filter(|call| !call.targets.is_empty()).collect()
}

/// The files that a stack's template may be in: the one that it names, or those that its address ends with, for
/// templates are put into a bucket under their own names. CDK tells the file beside the address (AWS CDK, "assets").
fn targets(all: &[Source<'_>], own: usize, path: &str, template: &Template<'_>, stack: &Node) -> Vec<usize> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = |name: &str| {
        let whole = trustwalk_foreign::path::joined(folder, name)?;
        all.iter().position(|(path, _)| *path == whole).filter(|n| *n != own)
    };
    let asset = stack.at_path(&["Metadata", "aws:asset:path"]).ok().and_then(|n| n.value.text());
    if let Some(found) = asset.as_ref().and_then(Text::known).and_then(file) {
        return vec![found];
    }
    let address = ["TemplateURL", "Location"].iter().find_map(|name| stack.at_path(&["Properties", name]).ok());
    let Some(address) = address.and_then(|node| template.resolved(node).value.text()) else { return Vec::new() };
    if let Some(known) = address.known().filter(|a| !a.contains("://")) {
        return file(known).into_iter().collect();
    }
    let Some(Piece::Known(tail)) = address.pieces().last() else { return Vec::new() };
    let tail = tail.split(['?', '#']).next().unwrap_or_default();
    let tail = tail.split_once("://").map_or(tail, |(_, rest)| rest);
    let shared = |path: &str| path.rsplit('/').zip(tail.rsplit('/')).take_while(|(a, b)| a == b).count();
    let counted: Vec<(usize, usize)> =
        all.iter().enumerate().filter(|(n, _)| *n != own).map(|(n, (path, _))| (n, shared(path))).collect();
    let most = counted.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counted.into_iter().filter(|(_, count)| most > 0 && *count == most).map(|(n, _)| n).collect()
}

/// What a stack's parent gives it.
fn given_to(template: &Template<'_>, call: &Call<'_>) -> Given {
    let Ok(parameters) = call.stack.at_path(&["Properties", "Parameters"]) else { return Given::default() };
    let Value::Map(members) = template.resolved(parameters).value else {
        return Given { known: BTreeMap::new(), open: true };
    };
    let known = members.into_iter().filter_map(|(name, node)| {
        let name = name.value.known()?.to_owned();
        let value = match &node.value {
            // A list is given as its items with commas between.
            Value::List(items) => {
                let texts = items.iter().map(|item| item.value.text());
                texts.collect::<Option<Vec<Text>>>().map(|all| {
                    let comma = |(n, text)| [if n == 0 { Text::default() } else { ",".into() }, text];
                    all.into_iter().enumerate().flat_map(comma).collect()
                })
            }
            value @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::Unknown(_)) => value.text(),
        };
        // Which of several files it is made of is not known, and so whether each of them is given this.
        let value = value.filter(|_| call.targets.len() == 1).unwrap_or_else(|| Text::unknown(name.clone()));
        Some((name, value))
    });
    Given { known: known.collect(), open: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read_yaml;

    fn child(default: &str) -> String {
        format!(
            "AWSTemplateFormatVersion: 2010-09-09\nParameters: {{Name: {{Type: String, Default: {default}}}}}\n\
             Resources:\n  R: {{Type: AWS::IAM::Role, Properties: {{RoleName: !Ref Name, AssumeRolePolicyDocument: \
             {{}}}}}}\n"
        )
    }

    fn parent(stacks: &[&str]) -> String {
        let one = |(n, stack): (usize, &&str)| format!("  S{n}: {{Type: AWS::CloudFormation::Stack, {stack}}}\n");
        let stacks: String = stacks.iter().enumerate().map(one).collect();
        format!(
            "AWSTemplateFormatVersion: 2010-09-09\nParameters: {{P: {{Type: String, Default: of-parent}}, Q: {{Type: \
             String}}}}\nConditions: {{Never: !Equals [a, b]}}\nResources:\n{stacks}"
        )
    }

    /// The names of the roles that each file declares as a stack of another.
    fn names(files: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
        let read: Vec<Node> = files.iter().map(|(p, t)| read_yaml(&(*p).into(), t).all.remove(0)).collect();
        let all: Vec<Source<'_>> = files.iter().zip(&read).map(|((path, _), node)| (*path, node)).collect();
        let named = |d: &Declared| d.roles.iter().map(|r| r.name.value.to_string()).collect();
        nested(&all).into_iter().map(|(n, declared)| (files[n].0.to_owned(), named(&declared))).collect()
    }

    #[test]
    fn a_parent_gives_what_the_default_does_not_tell() {
        for (address, gives, name) in [
            ("./child.yaml", "{Name: given}", "given"),
            ("child.yaml", "{Name: !Ref P}", "of-parent"),
            ("child.yaml", "{Name: !Sub 'x-${P}'}", "x-of-parent"),
            ("child.yaml", "{Name: !Ref Q}", "${Q}"),
            ("child.yaml", "{Name: !GetAtt Other.Outputs.Name}", "${Other.Outputs.Name}"),
            ("child.yaml", "{Name: [a, !Ref P]}", "a,of-parent"),
            ("child.yaml", "{Other: x}", "of-child"),
            ("child.yaml", "!ImportValue all", "${Name}"),
            ("'https://s3.example/bucket/stacks/child.yaml?versionId=1'", "{Name: given}", "given"),
            ("!Sub 'https://${Bucket}.s3.example/x/stacks/child.yaml'", "{Name: given}", "given"),
        ] {
            let stack = format!("Properties: {{TemplateURL: {address}, Parameters: {gives}}}");
            let found = names(&[
                ("stacks/parent.yaml", &parent(&[&stack])),
                ("stacks/child.yaml", &child("of-child")),
                ("other/child.yaml", &child("elsewhere")),
            ]);
            assert_eq!(found, [("stacks/child.yaml".to_owned(), vec![name.to_owned()])], "{address} {gives}");
        }
    }

    #[test]
    fn each_stack_of_one_template_is_one_and_two_that_are_the_same_are_not_told_twice() {
        let stack = |name: &str| format!("Properties: {{TemplateURL: c.yaml, Parameters: {{Name: {name}}}}}");
        let parent = parent(&[&stack("a"), &stack("b"), &stack("a"), &format!("Condition: Never, {}", stack("c"))]);
        let found = names(&[("p.yaml", &parent), ("c.yaml", &child("d"))]);
        assert_eq!(found, [("c.yaml".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    }

    #[test]
    fn what_is_given_goes_on_to_the_stacks_below() {
        let top = parent(&["Properties: {TemplateURL: middle.yaml, Parameters: {P: top}}"]);
        let middle = parent(&["Properties: {TemplateURL: c.yaml, Parameters: {Name: !Ref P}}"]);
        let found = names(&[("c.yaml", &child("d")), ("middle.yaml", &middle), ("top.yaml", &top)]);
        assert_eq!(found, [("c.yaml".to_owned(), vec!["top".to_owned()]), ("middle.yaml".to_owned(), vec![])]);
    }

    #[test]
    fn names_that_several_files_have_and_circles_decide_nothing() {
        let far = "Properties: {TemplateURL: 'https://s3.example/c.yaml', Parameters: {Name: x}}";
        let (parent_, child) = (parent(&[far]), child("d"));
        let bare = names(&[("p.yaml", &parent_), ("a/c.yaml", &child), ("b/c.yaml", &child)]);
        assert_eq!(bare.iter().map(|(_, n)| n.join("")).collect::<Vec<_>>(), ["${Name}", "${Name}"]);
        let both = parent(&["Properties: {TemplateURL: 'https://s3.example/x/c.yaml', Parameters: {Name: x}}"]);
        let found = names(&[("p.yaml", &both), ("a/x/c.yaml", &child), ("b/x/c.yaml", &child)]);
        assert_eq!(found.iter().map(|(_, n)| n.join("")).collect::<Vec<_>>(), ["${Name}", "${Name}"]);
        let circle = |other: &str| parent(&[&format!("Properties: {{TemplateURL: {other}}}")]);
        assert_eq!(names(&[("a.yaml", &circle("b.yaml")), ("b.yaml", &circle("a.yaml"))]), []);
        assert_eq!(names(&[("a.yaml", &circle("a.yaml"))]), []);
    }

    #[test]
    fn circles_below_a_parent_end() {
        let calls = |other: &str| parent(&[format!("Properties: {{TemplateURL: {other}}}").as_str(); 3]);
        let found = names(&[("p.yaml", &calls("a.yaml")), ("a.yaml", &calls("b.yaml")), ("b.yaml", &calls("a.yaml"))]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_cdk_says_of_its_file_goes_before_the_address() {
        let stack = "Metadata: {'aws:asset:path': c.nested.template.json}, Properties: {TemplateURL: !Join ['', \
                     [a, !Ref B, /0123.json]], Parameters: {Name: given}}";
        let found =
            names(&[("cdk.out/p.template.json", &parent(&[stack])), ("cdk.out/c.nested.template.json", &child("d"))]);
        assert_eq!(found, [("cdk.out/c.nested.template.json".to_owned(), vec!["given".to_owned()])]);
    }
}
