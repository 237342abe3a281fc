//! Evidence as a question sees it: every fact has an accessor, and reading is recording.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use trustwalk_x509::Certificate;

use super::{
    Addon, AgentPod, Besides, Caller, CiJob, Clock, Discovery, EksCluster, Evidence, Exchange, HostChain,
    InjectionProbe, Keys, Kind, LogFailure, NetworkPolicy, Observed, Pod, PodIdentityAssociation, Provider, Repair,
    Role, RolePolicy, ServiceAccount, Stores, Target, TokenClaims, TrailEvent, TrustModel, Webhook, Workload,
};

/// Evidence as a question sees it.
#[derive(Debug)]
pub struct View<'a> {
    evidence: &'a Evidence,
    read: RefCell<BTreeSet<Kind>>,
}

impl<'a> View<'a> {
    /// A view of the evidence, of which nothing was read yet.
    pub fn new(evidence: &'a Evidence) -> Self {
        Self { evidence, read: RefCell::new(BTreeSet::new()) }
    }

    fn read(&self, kind: Kind) -> &'a Evidence {
        self.read.borrow_mut().insert(kind);
        self.evidence
    }

    /// All of it, for cures, which decide nothing: not counted as read.
    pub(crate) fn whole(&self) -> &'a Evidence {
        self.evidence
    }

    /// The kinds read so far.
    pub fn kinds_read(&self) -> BTreeSet<Kind> {
        self.read.borrow().clone()
    }

    /// Why a fact is not known, in words.
    pub fn unread(&self, kind: Kind) -> Option<String> {
        self.read(kind).unread(kind)
    }

    /// Whether there are pods, and none of them fails.
    pub fn pods_up(&self) -> bool {
        self.read(Kind::Pods).pods_up()
    }

    /// How many of the pods fail.
    pub fn pods_down(&self) -> usize {
        self.read(Kind::Pods).pods_down()
    }

    /// The best witness of the time besides this machine.
    pub fn time_told(&self) -> Option<Clock> {
        self.read(Kind::Clock).time_told()
    }

    /// What was asked about.
    pub fn target(&self) -> &'a Target {
        &self.evidence.target
    }

    /// When the evidence was gathered, Unix seconds.
    pub fn now(&self) -> i64 {
        self.evidence.now
    }

    /// [`Evidence::dismissed`].
    pub fn dismissed(&self) -> &'a [String] {
        &self.evidence.dismissed
    }

    /// [`super::Run::repair`].
    pub fn repair(&self) -> Option<&'a Repair> {
        self.evidence.repair.as_ref()
    }

    /// [`super::Run::clock`].
    pub fn clock(&self) -> &'a Observed<Clock> {
        &self.read(Kind::Clock).clock
    }

    /// [`super::Run::trust_model`].
    pub fn trust_model(&self) -> TrustModel {
        self.read(Kind::TrustModel).trust_model
    }

    /// [`super::Run::roots`], read.
    pub fn stores(&self) -> Arc<Stores> {
        self.read(Kind::Roots).roots.stores()
    }

    /// The certificates of each of [`Evidence::chains`] that was seen.
    pub fn certificates(&self) -> Arc<Vec<Vec<Certificate>>> {
        self.read(Kind::Chains).chains.certificates()
    }

    /// What `judge` makes of the certificates that were seen and the roots, now: once for all identities that share
    /// both.
    pub(crate) fn judged_chains<M: Any + Send + Sync>(
        &self,
        judge: impl FnOnce(&[Vec<Certificate>], &Stores) -> M,
    ) -> Arc<M> {
        let roots = &self.read(Kind::Roots).roots;
        let stores = roots.stores();
        self.read(Kind::Chains).chains.judged((roots, self.now()), |all| judge(all, &stores))
    }

    /// [`Evidence::workload`].
    pub fn workload(&self) -> &'a Observed<Workload> {
        &self.read(Kind::Workload).workload
    }

    /// [`Evidence::pods`].
    pub fn pods(&self) -> &'a Observed<Vec<Pod>> {
        &self.read(Kind::Pods).pods
    }

    /// [`Evidence::logs`].
    pub fn logs(&self) -> &'a Observed<Vec<LogFailure>> {
        &self.read(Kind::Logs).logs
    }

    /// [`Evidence::logs_given`].
    pub fn logs_given(&self) -> bool {
        self.read(Kind::Logs).logs_given
    }

    /// [`Evidence::besides`].
    pub fn besides(&self) -> &'a Besides {
        &self.read(Kind::Logs).besides
    }

    /// [`Evidence::service_account`].
    pub fn service_account(&self) -> &'a Observed<ServiceAccount> {
        &self.read(Kind::ServiceAccount).service_account
    }

    /// [`Evidence::siblings`].
    pub fn siblings(&self) -> &'a Observed<Vec<ServiceAccount>> {
        &self.read(Kind::Siblings).siblings
    }

    /// [`super::Run::webhooks`].
    pub fn webhooks(&self) -> &'a Observed<Vec<Webhook>> {
        &self.read(Kind::Webhooks).webhooks
    }

    /// [`Evidence::injection_probe`].
    pub fn injection_probe(&self) -> &'a Observed<InjectionProbe> {
        &self.read(Kind::InjectionProbe).injection_probe
    }

    /// [`Evidence::namesake`].
    pub fn namesake(&self) -> &'a Observed<String> {
        &self.read(Kind::Namesake).namesake
    }

    /// [`Evidence::trusting`].
    pub fn trusting(&self) -> &'a Observed<Vec<Role>> {
        &self.read(Kind::Trusting).trusting
    }

    /// [`Evidence::network_policies`].
    pub fn network_policies(&self) -> &'a Observed<Vec<NetworkPolicy>> {
        &self.read(Kind::NetworkPolicies).network_policies
    }

    /// [`Evidence::associations`].
    pub fn associations(&self) -> &'a Observed<Vec<PodIdentityAssociation>> {
        &self.read(Kind::Associations).associations
    }

    /// [`super::Run::pod_identity_agent`].
    pub fn pod_identity_agent(&self) -> &'a Observed<i64> {
        &self.read(Kind::PodIdentityAgent).pod_identity_agent
    }

    /// [`Evidence::token`].
    pub fn token(&self) -> &'a Observed<TokenClaims> {
        &self.read(Kind::Token).token
    }

    /// [`super::Run::cluster`].
    pub fn cluster(&self) -> &'a Observed<EksCluster> {
        &self.read(Kind::Cluster).cluster
    }

    /// [`Evidence::discovery`].
    pub fn discovery(&self) -> &'a Observed<Discovery> {
        &self.read(Kind::Discovery).discovery
    }

    /// [`Evidence::keys`].
    pub fn keys(&self) -> &'a Observed<Keys> {
        &self.read(Kind::Keys).keys
    }

    /// [`Evidence::chains`].
    pub fn chains(&self) -> &'a [Observed<HostChain>] {
        &self.read(Kind::Chains).chains
    }

    /// [`Evidence::provider`].
    pub fn provider(&self) -> &'a Observed<Provider> {
        &self.read(Kind::Provider).provider
    }

    /// [`super::Run::providers`].
    pub fn providers(&self) -> &'a Observed<Vec<String>> {
        &self.read(Kind::Providers).providers
    }

    /// [`Evidence::role_arn`].
    pub fn role_arn(&self) -> &'a Observed<String> {
        &self.read(Kind::RoleArn).role_arn
    }

    /// [`Evidence::role`].
    pub fn role(&self) -> &'a Observed<Role> {
        &self.read(Kind::Role).role
    }

    /// [`super::Run::caller`].
    pub fn caller(&self) -> &'a Observed<Caller> {
        &self.read(Kind::Caller).caller
    }

    /// [`Evidence::exchange`].
    pub fn exchange(&self) -> &'a Observed<Exchange> {
        &self.read(Kind::Exchange).exchange
    }

    /// [`Evidence::policies`].
    pub fn policies(&self) -> &'a Observed<Vec<RolePolicy>> {
        &self.read(Kind::Policies).policies
    }

    /// [`Evidence::trail`].
    pub fn trail(&self) -> &'a Observed<Vec<TrailEvent>> {
        &self.read(Kind::Trail).trail
    }

    /// [`Evidence::job`].
    pub fn job(&self) -> &'a Observed<CiJob> {
        &self.read(Kind::Job).job
    }

    /// [`super::Run::region`].
    pub fn region(&self) -> Option<&'a str> {
        self.read(Kind::Region).region.as_deref()
    }

    /// [`super::Run::reached`]. It decides nothing: it tells where was looked.
    pub fn reached(&self) -> &'a super::Reached {
        &self.evidence.reached
    }

    /// [`Evidence::association_role`].
    pub fn association_role(&self) -> &'a Observed<Role> {
        &self.read(Kind::AssociationRole).association_role
    }

    /// [`Evidence::association_target`].
    pub fn association_target(&self) -> &'a Observed<Role> {
        &self.read(Kind::AssociationTarget).association_target
    }

    /// [`Evidence::agent_pods`].
    pub fn agent_pods(&self) -> &'a Observed<Vec<AgentPod>> {
        &self.read(Kind::AgentPods).agent_pods
    }

    /// [`Evidence::association_own_policies`].
    pub fn association_own_policies(&self) -> &'a Observed<Vec<RolePolicy>> {
        &self.read(Kind::AssociationOwnPolicies).association_own_policies
    }

    /// [`Evidence::association_policies`].
    pub fn association_policies(&self) -> &'a Observed<Vec<RolePolicy>> {
        &self.read(Kind::AssociationPolicies).association_policies
    }

    /// [`super::Run::addons`].
    pub fn addons(&self) -> &'a Observed<Vec<Addon>> {
        &self.read(Kind::Addons).addons
    }

    /// [`Evidence::trail_since`].
    pub fn trail_since(&self) -> Option<i64> {
        self.read(Kind::TrailSince).trail_since
    }
}
