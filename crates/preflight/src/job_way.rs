//! One job's way to one role: its token for each trigger, weighed by the role's policy.

use trustwalk_checkout::{Place, Role, Text};
use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::evidence::{CiJob, Evidence, Foretold, Platform};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::link::Link;

use crate::admit::{Admission, Asking, Weighed, weigh};
use crate::evidence;
use crate::fill::Fill;
use crate::job_texts::{find, named_repository, of_template};
use crate::jobs::One;
use crate::model::{Note, Related, Spot, Standing};
use crate::near::{self, Registered};
use crate::put;
use crate::rehearsal::{Judged, Parts, Way, of_token};
use crate::way::{is_of_exchange, listed, unregistered};
use crate::world::{account_of, provider_arn};

/// Before this moment repositories were made whose subjects have no numeric ids, unless somebody asked for them
/// (GitHub Docs, "`OpenID` Connect reference", immutable subject claims).
const OLD: i64 = 1_600_000_000;

impl One<'_> {
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

    /// Follows its way to a role.
    pub(crate) fn to_role(&self, role: &Role, e: &Evidence) -> Outcome {
        let mut out = Outcome::default();
        let (facts, assumed) = self.facts(role);
        let place = Some(Spot::from(&role.trust.at));
        let issuer = facts.issuer().map(|iss| Text::from(iss.strip_prefix("https://").unwrap_or(&iss)));
        let issuer = issuer.or_else(|| Some(self.world.issuer(role, &role.arn)?.0).filter(|i| may_be(&facts, i)));
        let audience = audience(&facts);
        let Some(issuer) = issuer else {
            out.found = self.asked(role, &facts, e, None);
            out.settle(&self.who(), "who issues its tokens is not known", place);
            return out;
        };
        let named = self.role().map(|r| r.value).filter(|r| r.known().is_some());
        let provider = provider_arn(named.as_ref().unwrap_or(&role.arn), &issuer);
        let foretold = facts.foretold();
        if foretold.is_empty() {
            out.settle(&self.who(), "the repository that it is of is not known", place);
            return out;
        }
        let mut refused = None;
        let mut perhaps = Vec::new();
        let mut admitted = false;
        for one in &foretold {
            match self.one_trigger((role, &facts), one, (&issuer, &provider, &audience), &mut out) {
                Ok(Trigger::Admitted) => admitted = true,
                Ok(Trigger::Open) => {}
                Ok(Trigger::Refused(weighed)) => refused = refused.or(Some(weighed)),
                Ok(Trigger::Perhaps(note, weighed)) => perhaps.push((note, weighed)),
                Err(why) => {
                    out.settle(&self.who(), &format!("the trust policy could not be understood: {why}"), place);
                    return out;
                }
            }
        }
        if admitted || refused.is_some() || out.standing != Standing::Sound {
            out.notes.extend(perhaps.into_iter().map(|(note, _)| note));
        } else {
            // Whatever its condition lets through, it never gets in.
            refused = perhaps.into_iter().next().map(|(_, weighed)| weighed);
        }
        let unregistered = self.unregistered(role, &facts, e, (&provider, &issuer, &audience));
        if let Some(weighed) = refused.filter(|_| unregistered.is_empty()) {
            out.found = self.asked(role, &facts, e, Some((&weighed, facts.issuer().is_none())));
            // Of a subject of which parts are not known core foretells nothing: then it is shown as a token.
            if out.found.is_empty() {
                out.found = self.asked(role, &facts, e, Some((&weighed, true)));
            }
            if out.found.is_empty() {
                out.settle(&self.who(), &format!("the trust policy of {} does not admit it", role.from.address), place);
            }
        }
        out.found.extend(unregistered);
        if out.found.is_empty() {
            let too_long = |f: &Finding| f.cause == Cause::RequestedLifetimeExceedsLimit;
            out.found.extend(self.asked(role, &facts, e, None).into_iter().filter(|(f, ..)| too_long(f)));
        }
        if out.found.is_empty() && out.standing == Standing::Sound {
            self.registered(role, e, &(provider, issuer, audience), &mut out);
        }
        self.tags(role, &facts, &mut out);
        if let Some(repository) = assumed {
            let text = format!(
                "{}: the repository is taken for {repository}, which the trust policy names; nothing else tells it",
                self.who()
            );
            out.notes.push(Note { text, identity: Some(self.who()), at: Some(Spot::from(&self.at())), when: None });
            out.taken.push("repository".to_owned());
        }
        out.taken.sort();
        out.taken.dedup();
        if !out.found.is_empty() {
            out.standing = Standing::Broken;
        }
        // What every token meets, whatever its trigger.
        let of_all = |f: &Finding| f.link() != Link::Trust && is_of_exchange(f);
        if out.found.iter().any(|(f, ..)| of_all(f)) {
            out.ways.iter_mut().for_each(|way| way.judged = Judged::Refused);
        }
        out
    }

    /// Whether the role lets a job tag its session that has tags put into its tokens: else STS refuses what the policy
    /// admits (IAM User Guide, "Pass session tags in AWS STS").
    fn tags(&self, role: &Role, facts: &CiJob, out: &mut Outcome) {
        let asks = facts.inputs.contains_key("session-tags");
        let statements = crate::policy::statements(&role.trust);
        if asks && out.found.is_empty() && !statements.iter().any(|s| s.allows() && s.may_name("sts:TagSession")) {
            let why = format!(
                "its tokens carry session tags, and the trust policy of {} does not allow sts:TagSession",
                role.from.address
            );
            out.settle(&self.who(), &why, Some(Spot::from(&role.trust.at)));
        }
    }

    /// Whether the role admits the tokens of one trigger; what refuses them, where nothing could admit them.
    fn one_trigger<'r>(
        &self,
        (role, facts): (&'r Role, &CiJob),
        one: &Foretold,
        (issuer, provider, audience): (&Text, &Text, &Text),
        out: &mut Outcome,
    ) -> Result<Trigger<'r>, String> {
        let mut weighed = Vec::new();
        for alternative in &one.alternatives {
            let asking = Asking {
                issuer: issuer.clone(),
                provider: provider.clone(),
                subject: of_template(&alternative.subject),
                foretold: Some(alternative.subject.clone()),
                audience: audience.clone(),
                now: self.world.now,
            };
            let mut fill = Fill::default();
            let named = self.role();
            fill.arn(&role.arn, account_of(role, named.as_ref().map(|n| &n.value)).as_deref());
            weighed.push((weigh(&role.trust, &asking, fill)?, alternative));
        }
        let asked = self.role().map(|r| r.value);
        let way = |weighed: &Weighed<'_>, judged: Judged| {
            let parts = Parts {
                role,
                named: asked.as_ref(),
                weighed,
                provider: self.world.provider(provider),
                job: Some(facts),
            };
            let (at, when) = (Spot::from(&self.at()), Some(one.trigger.clone()));
            Way { who: self.who(), at, when, judged, scene: of_token(&parts) }
        };
        if let Some((admits, _)) = weighed.iter().find(|(w, _)| w.admission == Admission::Yes) {
            out.ways.push(way(admits, Judged::Admitted));
            return Ok(Trigger::Admitted);
        }
        let depends = weighed.iter().find_map(|(w, a)| match &w.admission {
            Admission::Depends(names) => Some((names.clone(), *a)),
            Admission::Yes | Admission::No => None,
        });
        let who = self.who();
        let note =
            |text: String| Note { text, identity: Some(self.who()), at: Some(Spot::from(&self.at())), when: None };
        if let Some((names, alternative)) = depends {
            let of_audience = audience.symbols().map(|s| s.0.to_string());
            let own = alternative.subject.unknowns().into_iter().chain(of_audience);
            let own: Vec<String> = own.map(|n| format!("`{n}`")).collect();
            let of_run = !names.is_empty() && names.iter().all(|n| own.contains(n));
            let why = format!(
                "on {}, whether the trust policy of {} admits it depends on {}",
                one.trigger,
                role.from.address,
                listed(&names)
            );
            // A branch that somebody chooses is no gap: the policy is there to tell them apart.
            if of_run {
                let of_audience = audience.symbols().map(|s| s.0.to_string());
                let lasting: Vec<String> = alternative.subject.lasting().into_iter().chain(of_audience).collect();
                out.taken.extend(lasting.into_iter().filter(|name| names.contains(&format!("`{name}`"))));
                out.notes.push(note(format!("{who}: {why}")));
                let depends = weighed.iter().find(|(w, _)| matches!(w.admission, Admission::Depends(_)));
                out.ways.extend(depends.map(|(w, _)| way(w, Judged::Admitted)));
                return Ok(Trigger::Admitted);
            }
            out.settle(&who, &why, Some(Spot::from(&role.trust.at)));
            return Ok(Trigger::Open);
        }
        let first = weighed.into_iter().next().map(|(w, _)| w);
        let first = first.ok_or("none of its tokens' subjects is known")?;
        out.ways.push(way(&first, Judged::Refused));
        let text = format!(
            "{who}: on {} the trust policy of {} does not admit it, if its condition lets it run then",
            one.trigger, role.from.address
        );
        Ok(if one.conditional { Trigger::Perhaps(note(text), first) } else { Trigger::Refused(first) })
    }

    /// Whether the files declare a provider of nearly the issuer's address, and not its own.
    fn registered(
        &self,
        role: &Role,
        e: &Evidence,
        (provider, issuer, audience): &(Text, Text, Text),
        out: &mut Outcome,
    ) {
        let asking = Asking {
            issuer: issuer.clone(),
            provider: provider.clone(),
            subject: "the job".into(),
            foretold: None,
            audience: audience.clone(),
            now: self.world.now,
        };
        let mut fill = Fill::default();
        fill.arn(provider, account_of(role, None).as_deref());
        match near::provider(self.world, e, &asking, &fill) {
            Registered::Near(finding, declared) => {
                let related = vec![put::related("the role", &role.from.at), put::related("the job", &self.at())];
                out.found.push((*finding, declared.url.at.clone(), related, fill));
            }
            Registered::Other(other) => {
                let at = Some(Spot::from(&role.trust.at));
                out.settle(&self.who(), &unregistered(issuer, other), at);
            }
            Registered::Whatever => {}
        }
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
        let Some(declared) = self.world.provider(arn) else {
            return Vec::new();
        };
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

    /// What core's questions say of a job and its role, and of what was weighed, where that is to be shown as a token.
    fn asked(
        &self,
        role: &Role,
        facts: &CiJob,
        e: &Evidence,
        weighed: Option<(&Weighed<'_>, bool)>,
    ) -> Vec<(Finding, Place, Vec<Related>, Fill)> {
        let (weighed, shown) = weighed.map_or((None, false), |(weighed, shown)| (Some(weighed), shown));
        let mut fill = weighed.map(|w| w.fill.clone()).unwrap_or_default();
        fill.arn(&role.arn, None);
        let text = weighed.map_or_else(|| crate::policy::rendered(&role.trust, &fill), |w| w.text.clone());
        let mut e = e.clone();
        let arn = fill.arn_text(&role.arn);
        e.job = evidence::known(facts.clone(), self.job.file.clone(), self.world.now);
        e.role_arn = evidence::known(arn, format!("{} in {}", self.job.role_from, self.job.file), self.world.now);
        let what = format!("{}:{}", role.trust.at.path, role.trust.at.line);
        e.role = evidence::known(evidence::role(role, &text, &fill), what, self.world.now).into();
        // Of a platform whose issuer its files do not tell the policy does, which core does not ask.
        if let Some(weighed) = weighed.filter(|_| shown) {
            let origin = format!("{}, by which it is foretold", self.job.file);
            e.token = evidence::known(weighed.token(origin.clone()), origin, self.world.now);
        }
        let of_trust = |f: &Finding| weighed.map_or(f.link() == Link::Trust, |w| w.tells(f.cause));
        let found = put::of(diagnose(&e)).into_iter();
        let who =
            || vec![put::related("the job", &self.at()), put::related("where the role is named", &self.at_role())];
        let foretold = shown || facts.issuer().is_none();
        let placed = |mut f: Finding| {
            if foretold && f.confidence == Confidence::Proven {
                f.confidence = Confidence::Likely;
                f.decide = Some("the token's claims".to_owned());
            }
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
pub(crate) struct Outcome {
    pub(crate) standing: Standing,
    pub(crate) found: Vec<(Finding, Place, Vec<Related>, Fill)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) undetermined: Vec<Note>,
    /// Its exchanges, as a lab can make them.
    pub(crate) ways: Vec<Way>,
    /// What is taken for what the trust policy says, because nothing else tells it.
    pub(crate) taken: Vec<String>,
}

/// What the tokens of one trigger come to.
enum Trigger<'r> {
    /// The role admits them, or can.
    Admitted,
    /// It is not known.
    Open,
    /// It refuses them.
    Refused(Weighed<'r>),
    /// It refuses them, and a condition may keep the job from running then.
    Perhaps(Note, Weighed<'r>),
}

impl Default for Outcome {
    fn default() -> Self {
        Self {
            standing: Standing::Sound,
            found: Vec::new(),
            notes: Vec::new(),
            undetermined: Vec::new(),
            ways: Vec::new(),
            taken: Vec::new(),
        }
    }
}

impl Outcome {
    fn settle(&mut self, who: &str, why: &str, at: Option<Spot>) {
        if self.found.is_empty() {
            self.standing = Standing::Undetermined;
            self.undetermined.push(Note {
                text: format!("{who}: {why}"),
                identity: Some(who.to_owned()),
                at,
                when: None,
            });
        } else {
            self.standing = Standing::Broken;
        }
    }
}

/// The audience of a job's tokens: what its files or its platform's default tell, and else a symbol in the form that
/// the platform gives it (the sources named at [`CiJob::audiences`]).
fn audience(facts: &CiJob) -> Text {
    if let Some(told) = facts.audiences().into_iter().next() {
        return told.as_str().into();
    }
    match facts.platform {
        Platform::Circleci => Text::unknown("organization's id"),
        Platform::Bitbucket => {
            ["ari:cloud:bitbucket::workspace/".into(), Text::unknown("workspace's UUID")].into_iter().collect()
        }
        Platform::Buildkite => {
            ["https://buildkite.com/".into(), Text::unknown("organization's slug")].into_iter().collect()
        }
        Platform::GithubActions | Platform::Gitlab | Platform::TerraformCloud | Platform::Other(_) => {
            Text::unknown("audience")
        }
    }
}

fn may_be(facts: &CiJob, issuer: &Text) -> bool {
    issuer.known().is_some_and(|i| facts.may_be_from(i))
}
