//! The account, partition and region that a resource is made in: what `provider "aws"` blocks tell.

use std::rc::Rc;

use hcl_edit::expr::ObjectKey;

use crate::eval::{Ctx, Eval, Instance};
use crate::folder::Block;
use crate::print;
use crate::rope::Rope;
use crate::source::Spot;
use crate::value::{Chars, Sym, Val};

use super::Which;

/// Where a provider works.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    pub(crate) account: Rope,
    pub(crate) partition: Rope,
    pub(crate) region: Rope,
    /// What tells this place from others: account and region.
    pub(crate) id: Rc<str>,
}

impl Aws {
    /// Of which nothing is told.
    pub(crate) fn untold(name: impl Fn(&str) -> String) -> Self {
        let unknown = |what: &str| Rope::unknown(Sym::sure(name(what), Chars::Word), Spot::default());
        let (account, region) = (unknown("account"), unknown("region"));
        let id = Self::id(&account, &region);
        Self { account, partition: unknown("partition"), region, id }
    }

    pub(crate) fn id(account: &Rope, region: &Rope) -> Rc<str> {
        format!("{} {}", account.to_text(), region.to_text()).into()
    }

    /// With a region, which tells the partition.
    pub(crate) fn in_region(&mut self, region: Rope, at: Spot) {
        if let Some(partition) = region.known().as_deref().and_then(partition_of) {
            self.partition = Rope::made(partition, at);
        }
        self.region = region;
    }

    /// As somebody who assumed a role.
    pub(crate) fn as_role(&mut self, arn: &Rope) -> bool {
        let fields = arn.split(":");
        if let Some([_, partition, _, _, account, ..]) = fields.as_deref() {
            (self.partition, self.account) = (partition.clone(), account.clone());
            return true;
        }
        false
    }

    pub(crate) fn account_at(&self, at: Spot) -> Val {
        Val::rope(self.account.clone(), at)
    }

    /// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
    pub(crate) fn dns_suffix(&self, at: Spot) -> Val {
        let suffix = match self.partition.known().as_deref() {
            Some("aws" | "aws-us-gov") => "amazonaws.com",
            Some("aws-cn") => "amazonaws.com.cn",
            _ => {
                let name = format!("dns_suffix of {}", self.partition.to_text());
                return Val::rope(Rope::unknown(Sym::sure(name, Chars::Address), at), at);
            }
        };
        Val::text(suffix, at)
    }

    /// An ARN in this account.
    pub(crate) fn arn(&self, service: &str, regional: bool, rest: &[Rope], at: Spot) -> Val {
        let known = |text: &str| Rope::made(text, at);
        let region = if regional { self.region.clone() } else { Rope::default() };
        let head = [
            known("arn:"),
            self.partition.clone(),
            known(&format!(":{service}:")),
            region,
            known(":"),
            self.account.clone(),
            known(":"),
        ];
        Val::rope(Rope::join(head.iter().chain(rest)), at)
    }
}

/// The partition of a region.
fn partition_of(region: &str) -> Option<&'static str> {
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    let found = prefixes.iter().find(|(prefix, _)| region.starts_with(prefix)).map(|(_, partition)| *partition);
    found.or_else(|| (region.matches('-').count() == 2).then_some("aws"))
}

impl<'a> Eval<'a> {
    /// Where a resource is made.
    pub(crate) fn aws(&mut self, which: Which) -> Rc<Aws> {
        if let Some(plan) = &self.plan {
            return plan.aws(which.1);
        }
        let alias = self.folders.blocks.get(which.1).map_or_else(String::new, |block| {
            block.hcl.body.get_attribute("provider").map_or_else(String::new, |found| {
                found.value.to_string().trim().strip_prefix("aws.").unwrap_or_default().to_owned()
            })
        });
        self.aws_of(which.0, &alias)
    }

    /// Where a provider of a scope works, by its alias.
    pub(crate) fn aws_of(&mut self, scope: usize, alias: &str) -> Rc<Aws> {
        let asked = (scope, Rc::from(alias));
        if let Some(known) = self.facts.providers.get(&asked) {
            return Rc::clone(known);
        }
        // While it is found out, whoever asks gets what nothing tells.
        let nothing = Rc::new(self.no_provider(scope));
        self.facts.providers.insert(asked.clone(), nothing);
        let found = self.find_provider(scope, alias);
        self.facts.providers.insert(asked, Rc::clone(&found));
        found
    }

    fn no_provider(&self, scope: usize) -> Aws {
        Aws::untold(|name| self.root_named(scope, name))
    }

    fn find_provider(&mut self, scope: usize, alias: &str) -> Rc<Aws> {
        let Some(here) = self.scopes.get(scope) else { return Rc::new(self.no_provider(scope)) };
        let named = |block: &&Block<'a>| {
            let own = block.hcl.body.get_attribute("alias").and_then(|found| found.value.as_str()).unwrap_or_default();
            block.label(0) == "aws" && own == alias
        };
        if let Some(block) = here.folder.providers.iter().find(named).copied() {
            return Rc::new(self.provider_of(scope, &block, alias));
        }
        let Some((caller, call)) = here.call else { return Rc::new(self.no_provider(scope)) };
        match passed(&call, alias) {
            Some(alias) => self.aws_of(caller, &alias),
            None if alias.is_empty() => self.aws_of(caller, ""),
            None => Rc::new(self.no_provider(scope)),
        }
    }

    fn provider_of(&mut self, scope: usize, block: &Block<'a>, alias: &str) -> Aws {
        let ctx = Ctx { scope, unit: block.unit, instance: Some(&Instance::ONLY), frame: None };
        let at = self.spot(&ctx, block.hcl);
        let given = self.block(&ctx, &block.hcl.body, at);
        let mut found = self.no_provider(scope);
        if let Some(region) = given.get("region").and_then(Val::as_rope) {
            found.in_region(region, at);
        }
        let own = |what: &str| Rope::unknown(Sym::sure(self.root_named(scope, what), Chars::Word), at);
        let assumed = ["assume_role", "assume_role_with_web_identity"].iter().find_map(|name| {
            // Roles may be chained: the last is the one that works.
            given.get(name)?.as_list()?.last()?.get("role_arn").cloned()
        });
        let allowed = given.get("allowed_account_ids").and_then(Val::as_list);
        let told = ["profile", "access_key", "shared_credentials_files", "shared_config_files"];
        if let Some(arn) = assumed {
            if !arn.as_rope().is_some_and(|arn| found.as_role(&arn)) {
                found.account = own(&print::name(&format!("account of {}", print::print(&arn))));
            }
        } else if let Some([only]) = allowed {
            found.account = only.as_rope().unwrap_or_default();
        } else if let Some(told) = told.iter().find_map(|name| given.get(name)) {
            let name =
                if alias.is_empty() { "account".to_owned() } else { format!("account of {}", print::print(told)) };
            found.account = own(&print::name(&name));
        }
        found.id = Aws::id(&found.account, &found.region);
        found
    }
}

/// The alias in the caller of a provider that a call passes on.
fn passed(call: &Block<'_>, alias: &str) -> Option<String> {
    let wanted = if alias.is_empty() { "aws".to_owned() } else { format!("aws.{alias}") };
    let given = call.hcl.body.get_attribute("providers")?.value.as_object()?;
    given.iter().find_map(|(key, value)| {
        let name = match key {
            ObjectKey::Ident(name) => name.value().as_str().to_owned(),
            ObjectKey::Expression(expr) => expr.to_string().trim().to_owned(),
        };
        let passed = value.expr().to_string();
        (name == wanted).then(|| passed.trim().strip_prefix("aws.").unwrap_or_default().to_owned())
    })
}
