//! What identities share, by the table in which each kind of thing stands once.

/// Hands the shared fields of [`super::Evidence`] to a macro: the words of a table, its name, the type of what stands
/// in it, and the fields that refer to it.
macro_rules! shared_fields {
    ($to:ident) => {
        $to! {
            /// Runs: one, unless evidence of several was put together.
            runs: Run = run;
            /// Service accounts, by namespace.
            service_accounts: Observed<Vec<ServiceAccount>> = siblings;
            /// Roles that trust an issuer.
            trusting: Observed<Vec<Role>> = trusting;
            /// Network policies that select the same pods.
            network_policies: Observed<Vec<NetworkPolicy>> = network_policies;
            /// Pod Identity associations, by namespace.
            associations: Observed<Vec<PodIdentityAssociation>> = associations;
            /// Roles.
            roles: Observed<Role> = role, association_role, association_target;
            /// Policies of roles.
            policies: Observed<Vec<RolePolicy>> = policies, association_policies, association_own_policies;
            /// Discovery documents.
            discoveries: Observed<Discovery> = discovery;
            /// Key sets.
            keys: Observed<Keys> = keys;
            /// Chains that an issuer's hosts present.
            chains: Vec<Observed<HostChain>> = chains;
            /// Providers.
            providers: Observed<Provider> = provider;
            /// What `CloudTrail` remembers.
            trails: Observed<Vec<TrailEvent>> = trail;
        }
    };
}

pub(super) use shared_fields;
