//! Jobs of CI files and the roles that they ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustwalk_checkout::{Node, Piece, Place, Role, Said, Text};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{CiJob, Evidence, Observed, Target};
use trustwalk_core::finding::Finding;

use crate::evidence;
use crate::fill::Fill;
use crate::job_texts::{expressions, find, step, text_that_sets, text_with};
use crate::job_way::Outcome;
use crate::model::{Identity, Note, Related, Report, Spot, Standing};
use crate::near;
use crate::policy::statements;
use crate::put;
use crate::world::World;

/// Judges every job.
pub(crate) fn judge(world: &World, report: &mut Report) {
    let mut of_run = OfRun::default();
    for job in &world.jobs {
        // Whom a workflow that was not read asks for a role, and whether it asks AWS at all, no file here tells.
        let handed_on = !job.facts.assumes_role && matches!(job.role, trustwalk_ci::Role::Elsewhere(_));
        let asks = job.facts.assumes_role || !job.facts.requests.is_empty() || job.role != trustwalk_ci::Role::None;
        let one = One { world, job };
        if job.by_keys {
            one.of_keys(report);
        } else if asks && !handed_on {
            one.judge(report, &mut of_run);
        }
        let at = Some(Spot::from(&one.at()));
        let told = if handed_on { &mut report.notes } else { &mut report.unread };
        told.extend(job.facts.unread.iter().map(|why| Note {
            text: why.clone(),
            identity: None,
            at: at.clone(),
            when: None,
        }));
    }
    report.undetermined.extend(of_run.told());
}

/// Roles that only the run knows, which no file can declare: one question for all of them.
#[derive(Default)]
struct OfRun {
    jobs: usize,
    named: BTreeMap<String, usize>,
    first: Option<Spot>,
}

impl OfRun {
    fn add(&mut self, expression: &str, at: &Place) {
        self.jobs += 1;
        *self.named.entry(expression.to_owned()).or_default() += 1;
        let at = Spot::from(at);
        self.first = Some(self.first.take().map_or(at.clone(), |first| first.min(at)));
    }

    /// What to write for the first of them, in TOML's short form for a table.
    fn lines(&self) -> String {
        let bare = |name: &str| name.trim_start_matches(['$', '{', ' ']).trim_end_matches(['}', ' ']).to_owned();
        let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        let name = self.named.keys().map(|name| bare(name)).find(plain).unwrap_or_else(|| "NAME".to_owned());
        format!("`value = [{{name = \"{name}\", is = \"arn:aws:iam::ACCOUNT:role/NAME\"}}]`")
    }

    fn told(self) -> Option<Note> {
        /// Names that are told.
        const NAMES: usize = 5;
        let at = self.first.clone()?;
        let mut names: Vec<String> = self.named.iter().take(NAMES).map(|(name, _)| format!("`{name}`")).collect();
        if self.named.len() > NAMES {
            names.push(format!("{} more", self.named.len() - NAMES));
        }
        let jobs = if self.jobs == 1 { "1 job asks".to_owned() } else { format!("{} jobs ask", self.jobs) };
        let text = format!(
            "{jobs} for roles that secrets, variables and inputs of CI name, which no file declares: {}; `[[value]]` \
             in trustwalk.toml tells which role each is: {}",
            names.join(", "),
            self.lines()
        );
        Some(Note { text, identity: None, at: Some(at), when: None })
    }
}

/// A job in the world that was read.
pub(crate) struct One<'w> {
    pub(crate) world: &'w World,
    pub(crate) job: &'w trustwalk_ci::Job,
}

impl<'w> One<'w> {
    pub(crate) fn who(&self) -> String {
        match &self.job.called_by {
            Some(caller) => format!("job {} of {}, called by {caller}", self.job.id, self.job.file),
            None => format!("job {} of {}", self.job.id, self.job.file),
        }
    }

    fn document(&self, file: &str) -> Option<&'w Node> {
        self.world.documents.get(file).map(Arc::as_ref)
    }

    /// The job in a file: as GitHub and `CircleCI` write it, or else at the top, as `GitLab` does, or else a step that
    /// says its name, as on Bitbucket and Buildkite.
    fn node(&self, file: &str, id: &str) -> Option<(&'w Place, &'w Node)> {
        let document = self.document(file)?;
        let jobs = document.value.get("jobs").unwrap_or(document);
        let trustwalk_checkout::Value::Map(members) = &jobs.value else { return None };
        let by_key = members.iter().find(|(key, _)| key.value.known() == Some(id)).map(|(key, node)| (&key.at, node));
        by_key.or_else(|| step(document, id, 0))
    }

    pub(crate) fn own(&self) -> Option<(&'w Place, &'w Node)> {
        let id = self.job.through.last().map_or(self.job.id.as_str(), |(_, id)| id.as_str());
        self.node(&self.job.file, id)
    }

    /// Where it stands.
    pub(crate) fn at(&self) -> Place {
        let whole = || Place { path: self.job.file.as_str().into(), line: 1, column: 1, end_line: 1, end_column: 1 };
        self.own().map_or_else(whole, |(at, _)| at.clone())
    }

    /// Where it names the role.
    pub(crate) fn at_role(&self) -> Place {
        let named = self.own().and_then(|(_, node)| find(node, self.job.role_from, 0));
        let global = || self.document(&self.job.file).and_then(|d| find(d, self.job.role_from, 0));
        let in_script = || self.own().and_then(|(_, node)| text_that_sets(node, self.job.role_from, 0));
        named.or_else(global).or_else(in_script).unwrap_or_else(|| self.at())
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

    fn judge(&self, report: &mut Report, of_run: &mut OfRun) {
        let role = self.role();
        let mut e = self.evidence(&self.job.facts, role.as_ref());
        let roles = role.as_ref().map(|r| self.world.roles(&r.value)).unwrap_or_default();
        let mut standing = match (&role, roles.is_empty()) {
            (Some(_), true) => Standing::Elsewhere,
            _ => Standing::Sound,
        };
        let mut found: Vec<(Finding, Place, Vec<Related>, Fill)> = Vec::new();
        if let (Some(role), true) = (&role, roles.is_empty()) {
            let trusts = |r: &Role| self.to_role(r, &e).standing == Standing::Sound;
            if let Some((finding, at, mut related)) = near::role(self.world, role, &trusts) {
                related.push(put::related("the job", &self.at()));
                standing = Standing::Broken;
                found.push((finding, at, related, Fill::default()));
            }
        }
        let mut taken = Vec::new();
        let each: Vec<Outcome> = roles.iter().map(|r| self.to_role(r, &e)).collect();
        if let Some(best) = each.into_iter().min_by_key(|o| o.standing) {
            standing = best.standing;
            found.extend(best.found);
            report.notes.extend(best.notes);
            report.undetermined.extend(best.undetermined);
            report.ways.extend(best.ways);
            taken = best.taken;
        }
        if role.is_none() && self.job.facts.assumes_role && self.job.role != trustwalk_ci::Role::None {
            standing = Standing::Elsewhere;
        }
        if let (Standing::Elsewhere, None, trustwalk_ci::Role::OfTheRun(text)) = (standing, &role, &self.job.role) {
            of_run.add(text, &self.at_role());
        } else if standing == Standing::Elsewhere {
            let text = match &role {
                Some(role) => format!(
                    "{}: the role {} is not declared in what was read; --live reads it from the account",
                    self.who(),
                    role.value
                ),
                None => format!("{}: which role it asks for is not in its file: {}", self.who(), self.unnamed()),
            };
            report.undetermined.push(Note {
                text,
                identity: Some(self.who()),
                at: Some(Spot::from(&self.at_role())),
                when: None,
            });
        }
        // What is wrong with the job itself, whatever its role is.
        e.role = Observed::default().into();
        let (sure, perhaps) = put::parted(diagnose(&e));
        // A token that nobody asks for has no audience to be wrong.
        if sure.iter().any(|f| f.cause == Cause::CiJobDoesNotRequestToken) && self.job.facts.requests.is_empty() {
            let of_audience = |c| crate::places::is_of_audience(c) || c == Cause::AudienceConditionWrongInTrustPolicy;
            found.retain(|(f, ..)| !of_audience(f.cause));
        }
        for finding in sure.into_iter().filter(of_job) {
            let (at, related) = self.places(finding.cause);
            found.push((finding, at, related, Fill::default()));
        }
        if !found.is_empty() {
            standing = Standing::Broken;
        }
        if found.is_empty() {
            self.unsettled(&perhaps, &mut standing, report);
        }
        report.identities.push(Identity {
            who: self.who(),
            role: role.map(|r| r.value.to_string()),
            at: Spot::from(&self.at()),
            role_at: Some(Spot::from(&self.at_role())),
            subject: None,
            standing,
            taken: if standing == Standing::Sound { taken } else { Vec::new() },
        });
        for (finding, at, related, fill) in found {
            report.findings.push(put::found(finding, &self.who(), &at, related, &fill));
        }
    }

    /// What is possibly wrong with the job itself, and no file settles: no finding, and no pass either.
    fn unsettled(&self, perhaps: &[Finding], standing: &mut Standing, report: &mut Report) {
        for finding in perhaps.iter().filter(|f| of_job(f)) {
            if *standing == Standing::Sound {
                *standing = Standing::Undetermined;
            }
            let (code, name, what) = (finding.cause.code(), finding.cause.name(), &finding.sentence);
            let decides = finding.decide.as_ref().map(|d| format!("; what decides it: {d}")).unwrap_or_default();
            report.undetermined.push(Note {
                text: format!("{}: perhaps {code} {name}: {what}{decides}", self.who()),
                identity: Some(self.who()),
                at: Some(Spot::from(&self.places(finding.cause).0)),
                when: None,
            });
        }
    }

    /// Keys beside a role that trusts web identity alone: the action calls as their user, whom the role does not admit.
    fn of_keys(&self, report: &mut Report) {
        let Some(role) = self.role() else { return };
        let roles = self.world.roles(&role.value);
        let alone = |r: &&Role| {
            let all = statements(&r.trust);
            let web = |s: &crate::policy::Statement<'_>| s.node.at_path(&["Principal", "Federated"]).is_ok();
            let others = |s: &crate::policy::Statement<'_>| {
                let names = ["AWS", "Service", "CanonicalUser"];
                names.iter().any(|name| s.node.at_path(&["Principal", name]).is_ok())
            };
            !all.is_empty() && all.iter().all(|s| web(s) && !others(s))
        };
        if roles.is_empty() || !roles.iter().all(alone) {
            return;
        }
        let mut facts = self.job.facts.clone();
        facts.assumes_role = true;
        facts.env.insert("AWS_ACCESS_KEY_ID".to_owned(), "set".to_owned());
        let e = self.evidence(&facts, Some(&role));
        let wanted = Cause::StaticOrOtherCredentialsTakePrecedence;
        let Some(finding) = put::of(diagnose(&e)).into_iter().find(|f| f.cause == wanted) else { return };
        let at = self.own().and_then(|(_, node)| find(node, "aws-access-key-id", 0)).unwrap_or_else(|| self.at());
        let mut related = vec![put::related("where the role is named", &role.at)];
        related.extend(roles.first().map(|r| put::related("the role, which admits web identity alone", &r.trust.at)));
        report.identities.push(Identity {
            who: self.who(),
            role: Some(role.value.to_string()),
            at: Spot::from(&self.at()),
            role_at: Some(Spot::from(&role.at)),
            subject: None,
            standing: Standing::Broken,
            taken: Vec::new(),
        });
        report.findings.push(put::found(finding, &self.who(), &at, related, &Fill::default()));
    }

    fn unnamed(&self) -> String {
        match &self.job.role {
            trustwalk_ci::Role::OfTheRun(text) => format!("`{text}`, which only the run knows"),
            trustwalk_ci::Role::Elsewhere(why) => why.clone(),
            trustwalk_ci::Role::Named(_) | trustwalk_ci::Role::None => "that it names".to_owned(),
        }
    }

    /// The role that it names, parts of which only the run may know.
    pub(crate) fn role(&self) -> Option<Said<Text>> {
        let text = match &self.job.role {
            trustwalk_ci::Role::Named(text) | trustwalk_ci::Role::OfTheRun(text) => self.told(&expressions(text)),
            trustwalk_ci::Role::Elsewhere(_) | trustwalk_ci::Role::None => return None,
        };
        // What is wholly the run's is no role of these files.
        let speaks = text.pieces().iter().any(|p| matches!(p, Piece::Known(_)));
        speaks.then(|| Said::new(text, self.at_role()))
    }

    /// A text with what somebody says that its expressions are.
    fn told(&self, text: &Text) -> Text {
        let piece = |piece: &Piece| match piece {
            Piece::Known(known) => Text::from(known.as_str()),
            Piece::Unknown(symbol) => {
                match self.world.values.get(symbol.0.trim_start_matches(['$', '{']).trim_end_matches('}')) {
                    Some(value) => Text::from(value.as_str()),
                    None => Text::unknown(Arc::clone(&symbol.0)),
                }
            }
        };
        text.pieces().iter().map(piece).collect()
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
            // The line that shows a token which is none, where one does.
            let removed = self.own().and_then(|(_, node)| text_with(node, "CI_JOB_", 0));
            let removed = removed.filter(|_| cause == Cause::CiJobDoesNotRequestToken);
            (removed.unwrap_or_else(|| self.at()), named)
        }
    }
}

/// Whether a finding is of the job itself.
fn of_job(finding: &Finding) -> bool {
    finding.cause == Cause::RoleArnMalformedOrNotARole || crate::places::is_of_files(finding.cause)
}
