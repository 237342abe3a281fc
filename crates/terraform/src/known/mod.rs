//! What is known of attributes that only AWS fills in, where their form is documented: ARNs
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>), URLs, the caller's account.

mod aws;

use std::collections::HashMap;
use std::rc::Rc;

use super::eval::{Ctx, Eval, Instance};
use super::policy_document;
use super::rope::Rope;
use super::source::Spot;
use super::value::{Chars, Kind, Sym, Val};

pub(crate) use aws::Aws;

/// Which resource: its scope, block and instance.
pub(crate) type Which = (usize, usize, usize);

/// Facts that are found once.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    providers: HashMap<(usize, Rc<str>), Rc<Aws>>,
    /// Clusters by provider and name, with the address that is theirs.
    pub(crate) clusters: Vec<(Rc<str>, trustwalk_checkout::Text, String)>,
    /// Symbols of clusters' endpoints, with the clusters' names.
    pub(crate) endpoints: Vec<(String, trustwalk_checkout::Text)>,
}

/// An attribute whose form is known; `None` leaves it to the configuration.
pub(crate) fn attribute(eval: &mut Eval<'_>, which: Which, name: &str, at: Spot) -> Option<Val> {
    let (data, kind) = eval.kind(which.1)?;
    match (data, &*kind, name) {
        (true, "aws_caller_identity", "account_id" | "id") => Some(eval.aws(which).account_at(at)),
        (true, "aws_partition", "partition" | "id") => Some(Val::rope(eval.aws(which).partition.clone(), at)),
        (true, "aws_partition", "dns_suffix") => Some(eval.aws(which).dns_suffix(at)),
        (true, "aws_region", "name" | "id" | "region") if !eval.sets(which, name) => {
            Some(Val::rope(eval.aws(which).region.clone(), at))
        }
        (true, "aws_iam_policy_document", "json" | "minified_json") => Some(eval.policy_document(which, at)),
        (false, "aws_iam_role", "name" | "id") | (false, "aws_iam_policy", "name") => {
            Some(eval.made_name(which, "name", at))
        }
        (false, "aws_iam_role", "arn") => {
            let name = eval.made_name(which, "name", at);
            eval.pathed_arn(which, "role", &name, at)
        }
        (true, "aws_iam_role", "arn") => eval.found_arn(which, "role", at),
        (false, "aws_iam_policy", "arn" | "id") => {
            let name = eval.made_name(which, "name", at);
            eval.pathed_arn(which, "policy", &name, at)
        }
        (true, "aws_iam_policy", "arn") if !eval.sets(which, "arn") => eval.found_arn(which, "policy", at),
        (_, "aws_iam_openid_connect_provider", "arn" | "id") if !(data && eval.sets(which, "arn")) => {
            eval.provider_arn(which, at)
        }
        (true, "aws_iam_openid_connect_provider", "arn") => eval.set(which.0, which.1, which.2, "arn"),
        (_, "aws_iam_openid_connect_provider", "url") => eval.provider_url(which, at),
        (_, "aws_eks_cluster", "arn") => eval.cluster_arn(which, at),
        (_, "aws_eks_cluster", "id") => eval.set(which.0, which.1, which.2, "name"),
        (_, "aws_eks_cluster", "identity") => Some(eval.cluster_identity(which, at)),
        _ => None,
    }
}

impl Eval<'_> {
    fn sets(&mut self, (scope, block, instance): Which, name: &str) -> bool {
        self.set(scope, block, instance, name).is_some_and(|value| !value.is_null())
    }

    /// An attribute that is set to something.
    pub(crate) fn some(&mut self, (scope, block, instance): Which, name: &str) -> Option<Val> {
        self.set(scope, block, instance, name).filter(|value| !value.is_null())
    }

    /// The document of a data source.
    fn policy_document(&mut self, which: Which, at: Spot) -> Val {
        if self.plan.is_some() {
            let given = self.planned_all(which.1);
            return Val::new(Kind::Json(Rc::new(policy_document::document(&given, given.at))), given.at);
        }
        let Some(block) = self.folders.blocks.get(which.1).copied() else { return Val::null(at) };
        let instances = self.instances(which.0, which.1);
        let instance = instances.all.get(which.2).cloned().unwrap_or(Instance::ONLY);
        let ctx: Ctx<'_> = Self::inside(which.0, &block, &instance);
        let place = self.spot(&ctx, block.hcl);
        let given = self.block(&ctx, &block.hcl.body, place);
        let tree = policy_document::document(&given, place);
        Val::new(Kind::Json(Rc::new(tree)), place)
    }

    /// A name that is given, or that the provider makes with a prefix and 26 digits.
    pub(crate) fn made_name(&mut self, which: Which, attribute: &str, at: Spot) -> Val {
        if let Some(name) = self.some(which, attribute) {
            return name;
        }
        let address = self.address(which.0, which.1, which.2);
        let prefix = self.some(which, &format!("{attribute}_prefix"));
        let Some(prefix) = prefix.as_ref().and_then(Val::as_rope) else {
            return Val::new(Kind::Unknown(Sym::sure(format!("{address}.{attribute}"), Chars::Word)), at);
        };
        let name = format!("trimprefix({address}.{attribute}, \"{}\")", prefix.to_text());
        let rest = Rope::unknown(Sym::sure(name, Chars::Word), at);
        Val::rope(Rope::join([&prefix, &rest]), at)
    }

    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
    fn pathed_arn(&mut self, which: Which, kind: &str, name: &Val, at: Spot) -> Option<Val> {
        let path = match self.some(which, "path") {
            Some(path) => path.as_rope()?,
            None => Rope::made("/", at),
        };
        Some(self.aws(which).arn("iam", false, &[Rope::made(kind, at), path, name.as_rope()?], at))
    }

    /// The ARN of what is looked up by its name: its path is not known.
    fn found_arn(&mut self, which: Which, kind: &str, at: Spot) -> Option<Val> {
        let name = self.some(which, "name")?.as_rope()?;
        let address = self.address(which.0, which.1, which.2);
        let path = Rope::unknown(Sym::any(format!("{address}.path")), at);
        Some(self.aws(which).arn("iam", false, &[Rope::made(kind, at), path, name], at))
    }

    /// The ARN is made of the URL without its scheme.
    fn provider_arn(&mut self, which: Which, at: Spot) -> Option<Val> {
        let url = self.provider_url(which, at)?.as_rope()?;
        Some(self.aws(which).arn("iam", false, &[Rope::made("oidc-provider/", at), url], at))
    }

    /// IAM gives the URL without its scheme, and so does the provider once it was read: terraform-provider-aws 5.100,
    /// `internal/service/iam/openid_connect_provider.go`, which takes both for the same.
    fn provider_url(&mut self, which: Which, at: Spot) -> Option<Val> {
        if let Some(url) = self.some(which, "url") {
            return crate::functions::without_prefix(&url, "https://").or_else(|| {
                let name = crate::print::call("trimprefix", &[url.clone(), Val::text("https://", at)]);
                Some(Self::symbol(name, &[&url], url.at))
            });
        }
        let arn = self.some(which, "arn")?.as_rope()?;
        let pieces = arn.split(":oidc-provider/")?;
        if let [_, url] = pieces.as_slice() { Some(Val::rope(url.clone(), at)) } else { None }
    }

    /// `arn:aws:eks:REGION:ACCOUNT:cluster/NAME`.
    fn cluster_arn(&mut self, which: Which, at: Spot) -> Option<Val> {
        let name = self.some(which, "name")?.as_rope()?;
        Some(self.aws(which).arn("eks", true, &[Rope::made("cluster/", at), name], at))
    }

    /// `identity[0].oidc[0].issuer`.
    fn cluster_identity(&mut self, which: Which, at: Spot) -> Val {
        let issuer = self.issuer(which, at);
        let map = |name: &str, value: Val| Val::map(vec![(Self::named_key(name, at), value)], at);
        let oidc = Val::list(vec![map("issuer", issuer)], at);
        Val::list(vec![map("oidc", oidc)], at)
    }

    /// The issuer of a cluster, a symbol behind its scheme. Whoever names the same cluster means the same issuer.
    pub(crate) fn issuer(&mut self, which: Which, at: Spot) -> Val {
        let address = self.address(which.0, which.1, which.2);
        let name = self.some(which, "name").and_then(|name| name.as_rope()).map(|name| name.to_text());
        let address = match name {
            Some(name) => {
                self.facts.endpoints.push((format!("{address}.endpoint"), name.clone()));
                let account = Rc::clone(&self.aws(which).id);
                let known = self.facts.clusters.iter().find(|(id, known, _)| *id == account && *known == name);
                if let Some((_, _, known)) = known {
                    known.clone()
                } else {
                    self.facts.clusters.push((account, name, address.clone()));
                    address
                }
            }
            None => address,
        };
        issuer_of(&format!("{address}.identity[0].oidc[0].issuer"), at)
    }
}

/// An issuer's URL, by the expression for it.
pub(crate) fn issuer_of(expression: &str, at: Spot) -> Val {
    let name = format!("replace({expression}, \"https://\", \"\")");
    let rest = Rope::unknown(Sym::sure(name, Chars::Address), at);
    Val::rope(Rope::join([&Rope::made("https://", at), &rest]), at)
}
