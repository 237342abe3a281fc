//! What a rule is: metadata and one judgement over a [`View`].

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::{
    evidence::Evidence,
    finding::{Severity, Verdict},
    link::Link,
};

/// A kind of evidence a rule reads. Checked against what it really read (see the registry's tests).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of `Evidence` of that name")]
pub enum Kind {
    Workload,
    Pods,
    Logs,
    ServiceAccount,
    Siblings,
    Webhooks,
    InjectionProbe,
    NetworkPolicies,
    Associations,
    PodIdentityAgent,
    Token,
    Cluster,
    Discovery,
    Keys,
    Chains,
    Provider,
    Providers,
    RoleArn,
    Role,
    Namesake,
    Trusting,
    Caller,
    Exchange,
    Policies,
    Trail,
    Job,
}

/// Whether trustwalk can repair what a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// `fix --approve` can.
    NeedsApproval,
    /// A person must.
    Manual,
}

/// What is known of a rule without running it.
#[derive(Debug)]
pub struct RuleMeta {
    /// Stable, severity-free: `TW001`. Never reused.
    pub code: &'static str,
    /// Kebab-case name of the root cause; equals the file's name.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The link it judges.
    pub link: Link,
    /// Severity of its findings.
    pub severity: Severity,
    /// Evidence it reads.
    pub needs: &'static [Kind],
    /// Rules (by name) whose violation explains this one away: when one of them is violated,
    /// this rule's findings are folded under it as consequences.
    pub masked_by: &'static [&'static str],
    /// Where the rule about AWS's or Kubernetes' behaviour is documented or reported.
    pub citation: &'static str,
    /// Version it appeared in.
    pub since: &'static str,
    /// Whether it can be repaired.
    pub repair: Repair,
    /// The rule's page, Markdown with the headings What it checks / Why it breaks / Evidence / Repair / References.
    pub doc: &'static str,
}

/// Evidence as a rule sees it, recording what is read.
#[derive(Debug)]
pub struct View<'a> {
    evidence: &'a Evidence,
    read: RefCell<BTreeSet<Kind>>,
}

impl<'a> View<'a> {
    /// A view of the evidence.
    pub fn new(evidence: &'a Evidence) -> Self {
        Self { evidence, read: RefCell::new(BTreeSet::new()) }
    }

    /// Notes that a kind is read, and gives the evidence to read it from.
    pub fn reading(&self, kind: Kind) -> &'a Evidence {
        self.read.borrow_mut().insert(kind);
        self.evidence
    }

    /// Target, time, trust model, roots and region, which every rule may read.
    pub fn frame(&self) -> &'a Evidence {
        self.evidence
    }

    /// The kinds read so far.
    pub fn kinds_read(&self) -> BTreeSet<Kind> {
        self.read.borrow().clone()
    }
}

/// One rule: one root cause.
pub trait Rule: Sync {
    /// What is known without running it.
    fn meta(&self) -> &'static RuleMeta;
    /// Judges the evidence. Broken input is a verdict, never a panic or an error.
    fn judge(&self, view: &View<'_>) -> Verdict;
}
