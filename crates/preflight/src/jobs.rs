//! Jobs of CI files and the roles that they ask for.

use std::sync::Arc;

use trustwalk_checkout::{Node, Place, Role, Said, Text};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{CiJob, Evidence, Foretold, Observed, Platform, Target};
use trustwalk_core::finding::Finding;
use trustwalk_core::link::Link;

use crate::admit::{Admission, Asking, Weighed, weigh};
use crate::evidence;
use crate::fill::Fill;
use crate::job_texts::{expressions, find, named_repository, of_template};
use crate::model::{Identity, Note, Related, Report, Spot, Standing};
use crate::put;
use crate::way::listed;
use crate::world::{World, account_of, provider_arn};

/// The audience of AWS's own action (README of aws-actions/configure-aws-credentials).
const USUAL: &str = "sts.amazonaws.com";
/// Before this moment repositories were made whose subjects have no numeric ids, unless somebody asked for them
/// (GitHub Docs, "`OpenID` Connect reference", immutable subject claims).
const OLD: i64 = 1_600_000_000;

/// Judges every job.
pub(crate) fn judge(world: &World, report: &mut Report) {
    for job in &world.jobs {
        // Whom a workflow that was not read asks for a role, and whether it asks AWS at all, no file here tells.
        let handed_on = !job.facts.assumes_role && matches!(job.role, trustwalk_ci::Role::Elsewhere(_));
        let asks = job.facts.assumes_role || !job.facts.requests.is_empty() || job.role != trustwalk_ci::Role::None;
        let one = One { world, job };
        if asks && !handed_on {
            one.judge(report);
        }
        let at = Some(Spot::from(&one.at()));
        let told = if handed_on { &mut report.notes } else { &mut report.unread };
        told.extend(job.facts.unread.iter().map(|why| Note { text: why.clone(), identity: None, at: at.clone() }));
    }
}

struct One<'w> {
    world: &'w World,
    job: &'w trustwalk_ci::Job,
}

impl<'w> One<'w> {
    fn who(&self) -> String {
        match &self.job.called_by {
            Some(caller) => format!("job {} of {}, called by {caller}", self.job.id, self.job.file),
            None => format!("job {} of {}", self.job.id, self.job.file),
        }
    }

    fn document(&self, file: &str) -> Option<&'w Node> {
        self.world.documents.get(file).map(Arc::as_ref)
    }

    /// The job in a file: as GitHub and `CircleCI` write it, or else at the top, as `GitLab` does.
    fn node(&self, file: &str, id: &str) -> Option<(&'w Place, &'w Node)> {
        let document = self.document(file)?;
        let jobs = document.value.get("jobs").unwrap_or(document);
        let trustwalk_checkout::Value::Map(members) = &jobs.value else { return None };
        members.iter().find(|(key, _)| key.value.known() == Some(id)).map(|(key, node)| (&key.at, node))
    }

    fn own(&self) -> Option<(&'w Place, &'w Node)> {
        let id = self.job.through.last().map_or(self.job.id.as_str(), |(_, id)| id.as_str());
        self.node(&self.job.file, id)
    }

    /// Where it stands.
    fn at(&self) -> Place {
        let whole = || Place { path: self.job.file.as_str().into(), line: 1, column: 1, end_line: 1, end_column: 1 };
        self.own().map_or_else(whole, |(at, _)| at.clone())
    }

    /// Where it names the role.
    fn at_role(&self) -> Place {
        let named = self.own().and_then(|(_, node)| find(node, self.job.role_from, 0));
        let global = || self.document(&self.job.file).and_then(|d| find(d, self.job.role_from, 0));
        named.or_else(global).unwrap_or_else(|| self.at())
    }

    /// Where the permission stands that lacks, or is to stand: of several on the way the outermost that does not grant
    /// it.
    fn at_permission(&self) -> Place {
        for (file, id) in &self.job.through {
            let own = self.node(file, id).and_then(|(_, node)| node.value.get("permissions"));
            let of_all = || self.document(file).and_then(|d| d.value.get("permissions"));
            let Some(block) = own.or_else(of_all) else { continue };
            let grants = |n: &Node| n.value.text().is_some_and(|t| matches!(t.known(), Some("write" | "write-all")));
            if !grants(block) && !block.value.get("id-token").is_some_and(grants) {
                return block.value.get("id-token").map_or_else(|| block.at.clone(), |n| n.at.clone());
            }
        }
        let outer = self.job.through.first().and_then(|(file, id)| self.node(file, id));
        outer.map_or_else(|| self.at(), |(at, _)| at.clone())
    }

    fn judge(&self, report: &mut Report) {
        let role = self.role();
        let mut e = self.evidence(&self.job.facts, role.as_ref());
        let roles = role.as_ref().map(|r| self.world.roles(&r.value)).unwrap_or_default();
        let mut standing = match (&role, roles.is_empty()) {
            (Some(_), true) => Standing::Elsewhere,
            _ => Standing::Sound,
        };
        let mut found: Vec<(Finding, Place, Vec<Related>, Fill)> = Vec::new();
        let each: Vec<Outcome> = roles.iter().map(|r| self.to_role(r, &e)).collect();
        if let Some(best) = each.into_iter().min_by_key(|o| o.standing) {
            standing = best.standing;
            found.extend(best.found);
            report.notes.extend(best.notes);
            report.undetermined.extend(best.undetermined);
        }
        if role.is_none() && self.job.facts.assumes_role && self.job.role != trustwalk_ci::Role::None {
            standing = Standing::Elsewhere;
        }
        if standing == Standing::Elsewhere {
            let text = match &role {
                Some(role) => format!(
                    "{}: the role {} is not declared in what was read; --live reads it from the account",
                    self.who(),
                    role.value
                ),
                None => format!("{}: which role it asks for is not in its file: {}", self.who(), self.unnamed()),
            };
            report.undetermined.push(Note { text, identity: Some(self.who()), at: Some(Spot::from(&self.at_role())) });
        }
        // What is wrong with the job itself, whatever its role is.
        e.role = Observed::default().into();
        for finding in put::of(diagnose(&e)).into_iter().filter(of_job) {
            let (at, related) = self.places(finding.cause);
            found.push((finding, at, related, Fill::default()));
        }
        if !found.is_empty() {
            standing = Standing::Broken;
        }
        report.identities.push(Identity {
            who: self.who(),
            role: role.map(|r| r.value.to_string()),
            at: Spot::from(&self.at()),
            role_at: Some(Spot::from(&self.at_role())),
            subject: None,
            standing,
        });
        for (finding, at, related, fill) in found {
            report.findings.push(put::found(finding, &self.who(), &at, related, &fill));
        }
    }

    fn unnamed(&self) -> String {
        match &self.job.role {
            trustwalk_ci::Role::OfTheRun(text) => format!("`{text}`, which only the run knows"),
            trustwalk_ci::Role::Elsewhere(why) => why.clone(),
            trustwalk_ci::Role::Named(_) | trustwalk_ci::Role::None => "that it names".to_owned(),
        }
    }

    /// The role that it names, parts of which only the run may know.
    fn role(&self) -> Option<Said<Text>> {
        let text = match &self.job.role {
            trustwalk_ci::Role::Named(text) | trustwalk_ci::Role::OfTheRun(text) => expressions(text),
            trustwalk_ci::Role::Elsewhere(_) | trustwalk_ci::Role::None => return None,
        };
        // What is wholly the run's is no role of these files.
        let speaks = text.pieces().iter().any(|p| matches!(p, trustwalk_checkout::Piece::Known(_)));
        speaks.then(|| Said::new(text, self.at_role()))
    }

    fn evidence(&self, facts: &CiJob, role: Option<&Said<Text>>) -> Evidence {
        let mut e = evidence::of(Target::Job { name: self.who() }, self.world.now);
        e.job = evidence::known(facts.clone(), self.job.file.clone(), self.world.now);
        let from = format!("{} in {}", self.job.role_from, self.job.file);
        e.role_arn = match (role, &self.job.role) {
            (Some(role), _) => {
                let mut fill = Fill::default();
                fill.arn(&role.value, None);
                evidence::known(fill.arn_text(&role.value), from, self.world.now)
            }
            (None, trustwalk_ci::Role::None) => evidence::absent(from, self.world.now),
            (None, _) => Observed::NotCollected { reason: "only the run knows it".to_owned() },
        };
        e
    }

    fn places(&self, cause: Cause) -> (Place, Vec<Related>) {
        let named = vec![put::related("where the role is named", &self.at_role())];
        if cause == Cause::GhaIdTokenPermissionMissing {
            (self.at_permission(), named)
        } else if matches!(cause, Cause::RoleToAssumeEmpty | Cause::RoleArnMalformedOrNotARole) {
            (self.at_role(), vec![put::related("the job", &self.at())])
        } else {
            (self.at(), named)
        }
    }

    /// The facts of the job, its repository as the checkout or else the policy names it.
    fn facts(&self, role: &Role) -> (CiJob, Option<String>) {
        let mut facts = self.job.facts.clone();
        facts.default_branch = facts.default_branch.or_else(|| self.world.default_branch.clone());
        if facts.repository.is_empty() {
            facts.repository = self.world.repository.clone().unwrap_or_default();
        }
        if facts.platform != Platform::GithubActions {
            return (facts, None);
        }
        let named = named_repository(role);
        let mut assumed = None;
        if facts.repository.is_empty()
            && let Some((repository, _)) = &named
        {
            facts.repository.clone_from(repository);
            assumed = Some(repository.clone());
        }
        facts.repository_created = facts.repository_created.or(self.world.repository_created).or(Some(OLD));
        if let Some((_, Some((owner, id)))) = named {
            // The policy is written for subjects with ids.
            facts.repository_created = Some(self.world.now.max(2_000_000_000));
            facts.ids.entry("owner_id".to_owned()).or_insert(owner);
            facts.ids.entry("repository_id".to_owned()).or_insert(id);
        }
        (facts, assumed)
    }

    fn to_role(&self, role: &Role, e: &Evidence) -> Outcome {
        let mut out = Outcome::default();
        let (facts, assumed) = self.facts(role);
        let place = Some(Spot::from(&role.trust.at));
        let issuer = facts.issuer().map(|iss| Text::from(iss.strip_prefix("https://").unwrap_or(&iss)));
        let issuer = issuer.or_else(|| Some(self.world.issuer(role, &role.arn)?.0).filter(|i| may_be(&facts, i)));
        let audience: Text = facts.audiences().into_iter().next().unwrap_or_else(|| USUAL.to_owned()).as_str().into();
        let Some(issuer) = issuer else {
            out.found = self.asked(role, &facts, e, None);
            out.settle(format!("{}: who issues its tokens is not known", self.who()), place);
            return out;
        };
        let named = self.role().map(|r| r.value).filter(|r| r.known().is_some());
        let provider = provider_arn(named.as_ref().unwrap_or(&role.arn), &issuer);
        let foretold = facts.foretold();
        if foretold.is_empty() {
            out.settle(format!("{}: the repository that it is of is not known", self.who()), place);
            return out;
        }
        let mut refused = None;
        for one in &foretold {
            match self.one_trigger(role, one, (&issuer, &provider, &audience), &mut out) {
                Ok(own) => refused = own.or(refused),
                Err(why) => {
                    out.settle(format!("{}: the trust policy could not be understood: {why}", self.who()), place);
                    return out;
                }
            }
        }
        out.weigh_refusals();
        let unregistered = self.unregistered(role, &facts, e, (&provider, &issuer, &audience));
        if let Some(weighed) = refused.filter(|_| unregistered.is_empty()) {
            out.found = self.asked(role, &facts, e, Some(&weighed));
            if out.found.is_empty() {
                let text = format!("{}: the trust policy of {} does not admit it", self.who(), role.from.address);
                out.settle(text, place);
            }
        }
        out.found.extend(unregistered);
        if out.found.is_empty() {
            let too_long = |f: &Finding| f.cause == Cause::RequestedLifetimeExceedsLimit;
            out.found.extend(self.asked(role, &facts, e, None).into_iter().filter(|(f, ..)| too_long(f)));
        }
        if let Some(repository) = assumed {
            let text = format!(
                "{}: the repository is taken for {repository}, which the trust policy names; nothing else tells it",
                self.who()
            );
            out.notes.push(Note { text, identity: Some(self.who()), at: Some(Spot::from(&self.at())) });
        }
        if !out.found.is_empty() {
            out.standing = Standing::Broken;
        }
        out
    }

    /// Whether the role admits the tokens of one trigger; what refuses them, where nothing could admit them.
    fn one_trigger<'r>(
        &self,
        role: &'r Role,
        one: &Foretold,
        (issuer, provider, audience): (&Text, &Text, &Text),
        out: &mut Outcome,
    ) -> Result<Option<Weighed<'r>>, String> {
        let mut weighed = Vec::new();
        for alternative in &one.alternatives {
            let asking = Asking {
                issuer: issuer.clone(),
                provider: provider.clone(),
                subject: of_template(&alternative.subject),
                audience: audience.clone(),
            };
            let mut fill = Fill::default();
            let named = self.role();
            fill.arn(&role.arn, account_of(role, named.as_ref().map(|n| &n.value)).as_deref());
            weighed.push((weigh(&role.trust, &asking, fill)?, alternative));
        }
        if weighed.iter().any(|(w, _)| w.admission == Admission::Yes) {
            out.admitted = true;
            return Ok(None);
        }
        let depends = weighed.iter().find_map(|(w, a)| match &w.admission {
            Admission::Depends(names) => Some((names.clone(), *a)),
            Admission::Yes | Admission::No => None,
        });
        let who = self.who();
        let note = |text: String| Note { text, identity: Some(self.who()), at: Some(Spot::from(&self.at())) };
        match depends {
            Some((names, alternative)) => {
                let own: Vec<String> = alternative.subject.unknowns().iter().map(|n| format!("`{n}`")).collect();
                let of_run = !names.is_empty() && names.iter().all(|n| own.contains(n));
                let text = format!(
                    "{who}: on {}, whether the trust policy of {} admits it depends on {}",
                    one.trigger,
                    role.from.address,
                    listed(&names)
                );
                // A branch that somebody chooses is no gap: the policy is there to tell them apart.
                if of_run {
                    out.admitted = true;
                    out.notes.push(note(text));
                } else {
                    out.settle(text, Some(Spot::from(&role.trust.at)));
                }
            }
            None if one.conditional => out.refused.push(note(format!(
                "{who}: on {} the trust policy of {} does not admit it, if its condition lets it run then",
                one.trigger, role.from.address
            ))),
            None => return Ok(weighed.into_iter().next().map(|(w, _)| w)),
        }
        Ok(None)
    }

    /// The provider that the files declare does not know the audience that the job's tokens are for.
    fn unregistered(
        &self,
        role: &Role,
        facts: &CiJob,
        e: &Evidence,
        (arn, issuer, audience): (&Text, &Text, &Text),
    ) -> Vec<(Finding, Place, Vec<Related>, Fill)> {
        let mut fill = Fill::default();
        fill.arn(arn, account_of(role, None).as_deref());
        fill.arn(&role.arn, account_of(role, None).as_deref());
        let Some(declared) = self.world.provider(arn) else { return Vec::new() };
        let Some(provider) = evidence::provider(declared, &fill.text(arn), &fill.text(issuer)) else {
            return Vec::new();
        };
        if audience.known().is_none_or(|a| provider.client_ids.iter().any(|id| id == a)) {
            return Vec::new();
        }
        let mut e = e.clone();
        e.job = evidence::known(facts.clone(), self.job.file.clone(), self.world.now);
        let what = format!("{}:{}", declared.from.at.path, declared.from.at.line);
        e.provider = evidence::known(provider, what, self.world.now).into();
        let found = put::of(diagnose(&e)).into_iter().filter(|f| crate::places::is_of_audience(f.cause));
        let at = declared.client_ids.first().map_or(&declared.url.at, |id| &id.at);
        let related = || {
            vec![
                put::related("the job", &self.at()),
                put::related("where the role is named", &self.at_role()),
                put::related("the role", &role.from.at),
            ]
        };
        found.map(|f| (f, at.clone(), related(), fill.clone())).collect()
    }

    /// What core's questions say of a job and its role.
    fn asked(
        &self,
        role: &Role,
        facts: &CiJob,
        e: &Evidence,
        weighed: Option<&Weighed<'_>>,
    ) -> Vec<(Finding, Place, Vec<Related>, Fill)> {
        let mut fill = weighed.map(|w| w.fill.clone()).unwrap_or_default();
        fill.arn(&role.arn, None);
        let text = weighed.map_or_else(|| crate::policy::rendered(&role.trust, &fill), |w| w.text.clone());
        let mut e = e.clone();
        let arn = fill.arn_text(&role.arn);
        e.job = evidence::known(facts.clone(), self.job.file.clone(), self.world.now);
        e.role_arn = evidence::known(arn, format!("{} in {}", self.job.role_from, self.job.file), self.world.now);
        let what = format!("{}:{}", role.trust.at.path, role.trust.at.line);
        e.role = evidence::known(evidence::role(role, &text, &fill), what, self.world.now).into();
        let of_trust = |f: &Finding| weighed.map_or(f.link() == Link::Trust, |w| w.tells(f.cause));
        let found = put::of(diagnose(&e)).into_iter();
        let who =
            || vec![put::related("the job", &self.at()), put::related("where the role is named", &self.at_role())];
        let placed = |f: Finding| {
            if f.cause == Cause::RequestedLifetimeExceedsLimit {
                let asked = self.own().and_then(|(_, node)| find(node, "role-duration-seconds", 0));
                let limit = role.max_session.as_ref().map_or(&role.from.at, |m| &m.at);
                let at = asked.unwrap_or_else(|| self.at());
                return (f, at, vec![put::related("the role's limit", limit)], fill.clone());
            }
            let at = weighed.and_then(|w| w.place(f.cause)).unwrap_or_else(|| role.trust.at.clone());
            (f, at, self.environment(who()), fill.clone())
        };
        found.filter(|f| of_trust(f) || f.cause == Cause::RequestedLifetimeExceedsLimit).map(placed).collect()
    }

    /// With the job's environment, which a subject names.
    fn environment(&self, mut related: Vec<Related>) -> Vec<Related> {
        if let Some(node) = self.own().and_then(|(_, node)| node.value.get("environment")) {
            related.insert(0, put::related("its environment", &node.at));
        }
        related
    }
}

/// What a way of a job came to.
struct Outcome {
    standing: Standing,
    found: Vec<(Finding, Place, Vec<Related>, Fill)>,
    notes: Vec<Note>,
    undetermined: Vec<Note>,
    /// Whether it gets in whatever starts it, or can.
    admitted: bool,
    /// On which triggers it does not, should it run then.
    refused: Vec<Note>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self {
            standing: Standing::Sound,
            found: Vec::new(),
            notes: Vec::new(),
            undetermined: Vec::new(),
            admitted: false,
            refused: Vec::new(),
        }
    }
}

impl Outcome {
    /// What a condition may keep from running is worth a look where the job gets in otherwise; where it never does,
    /// nobody can say that it works.
    fn weigh_refusals(&mut self) {
        let refused = std::mem::take(&mut self.refused);
        if self.admitted || refused.is_empty() {
            self.notes.extend(refused);
        } else {
            self.standing = Standing::Undetermined;
            self.undetermined.extend(refused);
        }
    }

    fn settle(&mut self, text: String, at: Option<Spot>) {
        if self.found.is_empty() {
            self.standing = Standing::Undetermined;
            self.undetermined.push(Note { text, identity: None, at });
        } else {
            self.standing = Standing::Broken;
        }
    }
}

/// Whether a finding is of the job itself.
fn of_job(finding: &Finding) -> bool {
    finding.cause == Cause::RoleArnMalformedOrNotARole || crate::places::is_of_files(finding.cause)
}

fn may_be(facts: &CiJob, issuer: &Text) -> bool {
    issuer.known().is_some_and(|i| facts.may_be_from(i))
}
