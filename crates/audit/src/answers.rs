//! Two questions: what can this subject assume, and, for many subjects at once, who can assume what.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use trustwalk_trust_policy::{BUILT_IN_PROVIDERS, Call, Decision, Exchange, Identity, Policy, RoleIndex};

use crate::grants::{Trusted, grants};
use crate::inventory::{Inventory, Role};
use crate::registry::Registry;

/// The account of AWS's own examples, for policies that name none.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// What a role says of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumable {
    /// The role's ARN.
    pub role: String,
    /// Allow or undetermined.
    pub decision: Decision,
    /// Keys that decide and are not known.
    pub undecided: Vec<String>,
}

/// The provider of an issuer in a role's account: STS looks nowhere else.
fn provider(role: &Role, issuer: &str) -> String {
    if let Some(name) = BUILT_IN_PROVIDERS.iter().find(|name| **name == issuer) {
        return (*name).to_owned();
    }
    if let Some(account) = &role.account {
        let partition = role.partition();
        return format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}");
    }
    // Of a policy that stands alone, the account is the one whose provider it names.
    let named = grants(role).into_iter().find_map(|g| match g.trusted {
        Trusted::Provider { arn, issuer: of, .. } if of == issuer => Some(arn),
        Trusted::Provider { .. } | Trusted::BuiltIn(_) | Trusted::Any | Trusted::Malformed(_) => None,
    });
    named.unwrap_or_else(|| format!("arn:aws:iam::{EXAMPLE_ACCOUNT}:oidc-provider/{issuer}"))
}

/// The roles that a token of an issuer (without scheme) can assume, or can perhaps: `claims` are those that are known,
/// and where it is `partial` there may be others. None in an account that is known not to have registered the issuer,
/// or not for the audience.
pub fn assumable(inventory: &Inventory, issuer: &str, claims: &Map<String, Value>, partial: bool) -> Vec<Assumable> {
    let registry = Registry::new(inventory);
    let mut found = Vec::new();
    for role in &inventory.roles {
        let provider = provider(role, issuer);
        if registry.refuses(&provider, claims) {
            continue;
        }
        let identity = Identity::new(provider).with_claims(claims.clone());
        let identity = if partial { identity.partly_known() } else { identity };
        let exchange = Exchange::new(&identity, &Call::new());
        let policy = Policy::compile(&role.document);
        let decision = policy.decide(&exchange);
        if matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny) {
            continue;
        }
        let mut undecided = Vec::new();
        for request in exchange.requests() {
            undecided.extend(policy.explain(request).undecided.into_iter().map(str::to_owned));
        }
        undecided.dedup();
        found.push(Assumable { role: role.arn.clone(), decision, undecided });
    }
    found
}

/// Many roles against many subjects, without testing every pair.
#[derive(Debug, Default)]
pub struct Matrix {
    /// By partition and account.
    accounts: BTreeMap<(String, String), Part>,
    /// Policies that stand alone, whose provider is each one's own.
    alone: Vec<usize>,
}

#[derive(Debug, Default)]
struct Part {
    index: RoleIndex,
    /// Positions in the inventory.
    roles: Vec<usize>,
}

impl Matrix {
    /// Of an inventory's roles.
    pub fn of(inventory: &Inventory) -> Self {
        let mut positions: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        let mut matrix = Self::default();
        for (position, role) in inventory.roles.iter().enumerate() {
            match &role.account {
                Some(account) => {
                    let partition = role.partition().to_owned();
                    positions.entry((partition, account.clone())).or_default().push(position);
                }
                None => matrix.alone.push(position),
            }
        }
        for (key, roles) in positions {
            let policies = roles.iter().filter_map(|at| inventory.roles.get(*at)).map(|r| Policy::compile(&r.document));
            let index = RoleIndex::build(policies);
            matrix.accounts.insert(key, Part { index, roles });
        }
        matrix
    }

    /// Positions of the roles that surely admit a token of an issuer (without scheme), in ascending order.
    pub fn roles_for(&self, inventory: &Inventory, issuer: &str, claims: &Map<String, Value>) -> Vec<usize> {
        let registry = Registry::new(inventory);
        let mut found = Vec::new();
        let built_in = BUILT_IN_PROVIDERS.iter().find(|name| **name == issuer);
        for ((partition, account), part) in &self.accounts {
            let provider = match built_in {
                Some(name) => (*name).to_owned(),
                None => format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}"),
            };
            if registry.refuses(&provider, claims) {
                continue;
            }
            let identity = Identity::new(provider).with_claims(claims.clone());
            let exchange = Exchange::new(&identity, &Call::new());
            found.extend(of_exchange(&part.index, &exchange).into_iter().filter_map(|at| part.roles.get(at).copied()));
        }
        for at in &self.alone {
            let Some(role) = inventory.roles.get(*at) else { continue };
            let identity = Identity::new(provider(role, issuer)).with_claims(claims.clone());
            let exchange = Exchange::new(&identity, &Call::new());
            if Policy::compile(&role.document).decide(&exchange) == Decision::Allow {
                found.push(*at);
            }
        }
        found.sort_unstable();
        found
    }
}

/// The roles that allow every request of an exchange.
fn of_exchange(index: &RoleIndex, exchange: &Exchange) -> Vec<usize> {
    let mut requests = exchange.requests().iter();
    let mut found = requests.next().map(|request| index.roles_for(request)).unwrap_or_default();
    for request in requests {
        let also = |at: &usize| index.roles().get(*at).is_some_and(|p| p.evaluate(request) == Decision::Allow);
        found.retain(also);
    }
    found
}
