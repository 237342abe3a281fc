//! Roles, their policies, and identity providers.

use trustwalk_checkout::{Node, Policy, Provider, Role, Said, Symbol, Text, Value};

use crate::value::Val;

use super::{Attached, Declare, Seen};

impl Declare<'_, '_> {
    pub(super) fn role(&mut self, seen: &Seen) {
        let (role, hangs) = self.aside(|declare| declare.role_itself(seen));
        // A role that only services assume is no identity's, whatever module names it.
        if takes_tokens(&role.trust) {
            self.eval.missed.extend(hangs);
        }
        self.out.roles.push(role);
    }

    fn role_itself(&mut self, seen: &Seen) -> Role {
        let arn = self.attribute(seen, "arn");
        let name = self.attribute(seen, "name");
        let trust = match self.given(seen, "assume_role_policy") {
            Some(policy) => self.document(&policy),
            None => self.not_told(seen, "assume_role_policy"),
        };
        let boundary = self.given(seen, "permissions_boundary").filter(Val::is_some_text).map(|arn| self.said(&arn));
        let max_session = self.given(seen, "max_session_duration").map(|seconds| self.said(&seconds));
        let (policies, _) = self.aside(|declare| declare.own_policies(seen));
        Role {
            from: seen.from.clone(),
            arn: self.text(&arn),
            name: self.said(&name),
            trust,
            policies,
            boundary,
            max_session,
            perhaps: seen.perhaps.clone(),
        }
    }

    /// A document that the configuration does not have.
    fn not_told(&mut self, seen: &Seen, name: &str) -> Node {
        let symbol = format!("{}.{name}", seen.from.address);
        Said::new(Value::Unknown(Symbol(symbol.into())), self.place(seen.at))
    }

    /// `inline_policy` and `managed_policy_arns`.
    fn own_policies(&mut self, seen: &Seen) -> Vec<Policy> {
        let mut policies = Vec::new();
        let inline = self.given(seen, "inline_policy");
        for block in inline.as_ref().and_then(Val::as_list).unwrap_or_default() {
            let name = block.get("name").cloned().unwrap_or_else(|| Val::text("", block.at));
            if let Some(policy) = block.get("policy") {
                let policy =
                    Policy { name: self.text(&name), document: Some(self.document(policy)), at: self.place(block.at) };
                policies.push(policy);
            }
        }
        if let Some(arns) = self.given(seen, "managed_policy_arns") {
            for arn in self.texts(&arns) {
                policies.push(Policy { name: arn.value, document: None, at: arn.at });
            }
        }
        policies
    }

    pub(super) fn role_policy(&mut self, seen: &Seen) {
        let name = self.eval.made_name(seen.which, "name", seen.at);
        let (name, _) = self.aside(|declare| declare.text(&name));
        let (Some(role), Some(policy)) = (self.given(seen, "role"), self.given(seen, "policy")) else { return };
        let (document, _) = self.aside(|declare| declare.document(&policy));
        let policy = Policy { name, document: Some(document), at: self.place(seen.at) };
        self.attach_to(seen, &role, policy);
    }

    pub(super) fn managed_policy(&mut self, seen: &Seen) {
        let arn = self.attribute(seen, "arn");
        let Some(policy) = self.given(seen, "policy") else { return };
        let ((arn, document), _) = self.aside(|declare| (declare.text(&arn), declare.document(&policy)));
        self.documents.push((arn, document));
    }

    pub(super) fn attachment(&mut self, seen: &Seen) {
        let (Some(role), Some(arn)) = (self.given(seen, "role"), self.given(seen, "policy_arn")) else { return };
        let (name, _) = self.aside(|declare| declare.text(&arn));
        let policy = Policy { name, document: None, at: self.place(seen.at) };
        self.attach_to(seen, &role, policy);
    }

    pub(super) fn attachments(&mut self, seen: &Seen) {
        let (Some(roles), Some(arn)) = (self.given(seen, "roles"), self.given(seen, "policy_arn")) else { return };
        for role in roles.as_list().unwrap_or_default() {
            let (name, _) = self.aside(|declare| declare.text(&arn));
            let policy = Policy { name, document: None, at: self.place(seen.at) };
            self.attach_to(seen, role, policy);
        }
    }

    /// Notes a policy for the role that a name means in an account.
    fn attach_to(&mut self, seen: &Seen, role: &Val, policy: Policy) {
        let aws = self.eval.aws(seen.which);
        let (role, hangs) = self.aside(|declare| declare.text(role));
        let key = Text::from_iter([aws.account.to_text(), ":".into(), role]);
        self.attached.push(Attached { key, policy, hangs });
    }

    /// Gives each role the policies that are attached to it, and each policy its document.
    pub(super) fn attach(&mut self) {
        let keys: Vec<Text> = self.out.roles.iter().map(role_key).collect();
        for Attached { key, policy, hangs } in std::mem::take(&mut self.attached) {
            let found = keys.iter().position(|known| *known == key);
            match found.and_then(|number| self.out.roles.get_mut(number)) {
                Some(role) => role.policies.push(policy),
                // A role that a module makes, perhaps for an identity.
                None => self.eval.missed.extend(hangs),
            }
        }
        for policy in self.out.roles.iter_mut().flat_map(|role| &mut role.policies) {
            if policy.document.is_none() {
                let known = self.documents.iter().find(|(arn, _)| *arn == policy.name);
                policy.document = known.map(|(_, document)| document.clone());
            }
        }
    }

    pub(super) fn provider(&mut self, seen: &Seen) {
        let arn = self.attribute(seen, "arn");
        let Some(url) = self.given(seen, "url") else { return };
        let client_ids = self.given(seen, "client_id_list").map(|list| self.texts(&list)).unwrap_or_default();
        // An empty list is none: IAM then looks at the chain itself.
        let thumbprints =
            self.given(seen, "thumbprint_list").filter(|list| list.as_list().is_none_or(|l| !l.is_empty()));
        let provider = Provider {
            from: seen.from.clone(),
            arn: self.text(&arn),
            url: self.said(&url),
            client_ids,
            thumbprints: thumbprints.map(|list| self.texts(&list)),
            perhaps: seen.perhaps.clone(),
        };
        self.out.providers.push(provider);
    }
}

/// Account and name of a role, from its ARN and name.
fn role_key(role: &Role) -> Text {
    let mut fields = 0;
    let mut account = Text::default();
    for piece in role.arn.pieces() {
        match piece {
            trustwalk_checkout::Piece::Known(text) => {
                for (number, part) in text.split(':').enumerate() {
                    fields += usize::from(number > 0);
                    if fields == 4 {
                        account.push(part.into());
                    }
                }
            }
            trustwalk_checkout::Piece::Unknown(symbol) if fields == 4 => account.push(Text::unknown(symbol.0.clone())),
            trustwalk_checkout::Piece::Unknown(_) => {}
        }
    }
    Text::from_iter([account, ":".into(), role.name.value.clone()])
}

/// Whether a trust policy admits a token of an issuer or the Pod Identity agent, as far as it is known.
fn takes_tokens(trust: &Node) -> bool {
    let Some(statements) = trust.value.get("Statement") else { return true };
    let one_of = |statement: &Node| {
        let (Some(actions), Some(principal)) = (statement.value.get("Action"), statement.value.get("Principal")) else {
            return true;
        };
        let services = principal.value.get("Service");
        any_text(actions, &|action| {
            action.contains(['*', '?']) || action.eq_ignore_ascii_case("sts:AssumeRoleWithWebIdentity")
        }) || services.is_some_and(|services| any_text(services, &|service| service.starts_with("pods.eks.")))
    };
    match &statements.value {
        Value::List(all) => all.iter().any(one_of),
        _ => one_of(statements),
    }
}

/// Whether a text, or one of a list of texts, is such a one; what is not known may be.
fn any_text(node: &Node, such: &dyn Fn(&str) -> bool) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(|item| any_text(item, such)),
        Value::Text(text) => text.known().is_none_or(such),
        Value::Unknown(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => false,
    }
}
