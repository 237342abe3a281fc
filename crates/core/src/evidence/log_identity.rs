//! Whose lines a log holds: what tells of several identities is judged identity by identity.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::{Failure, ServiceAccount, Subject, Success, TrailRecord};

use super::{Besides, Evidence, LogFailure, Target};

/// Identities of one log that are judged by themselves. The lines of more stand with those of nobody known, and name
/// them: a log holds at most some thousand distinct failures, and each identity has a report.
const MAX_IDENTITIES: usize = 100;

/// Whom lines of a log name. Nobody is named for the lines that are left: those of nobody known, and of others that did
/// not fail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogIdentity {
    /// The role asked for: its ARN, or that of its session without the session's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The token's subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The token's issuer: a URL, or the provider's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

impl LogIdentity {
    /// Whom one failure names.
    pub(crate) fn of_failure(f: &Failure) -> Self {
        // Of an action that was refused the role is who acts, and one that is named is what it is done to; so is a role
        // that a session asks for on top of its own.
        let on_role = f.denied_action.as_deref().is_none_or(|action| action.contains("AssumeRole"));
        let acts = f.caller_arn.as_deref().and_then(acting);
        let asked = f.role_arn.clone().filter(|_| on_role);
        let chained = f.denied_action.as_deref() == Some("sts:AssumeRole");
        let account = f.service_account.as_ref().map(ServiceAccount::as_str).and_then(|name| name.split_once('/'));
        let of_account = || account.map(|(namespace, name)| format!("system:serviceaccount:{namespace}:{name}"));
        Self {
            role: if chained { acts.or(asked) } else { asked.or(acts) },
            subject: f.subject.as_ref().map(|s| s.as_str().to_owned()).or_else(of_account),
            issuer: f.issuer.clone().or_else(|| f.provider.clone()),
        }
    }

    fn of_success(s: &Success) -> Self {
        let role = s.role_arn.clone().or_else(|| acting(s.principal_arn.as_deref()?));
        Self { role, subject: s.subject.as_ref().map(|s| s.as_str().to_owned()), issuer: None }
    }

    fn of_record(r: &TrailRecord) -> Self {
        let subject = r.subject.as_ref().map(Subject::as_str).map(str::to_owned);
        Self { role: r.role_arn.clone(), subject, issuer: r.issuer.clone() }
    }

    fn parts(&self) -> [Option<String>; 3] {
        let role = self.role.as_deref().map(of_role);
        [role, self.subject.clone(), self.issuer.as_deref().map(end)]
    }

    fn told(&self) -> usize {
        self.parts().iter().flatten().count()
    }

    /// Whether the two cannot be one: both tell of a part, and not the same.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        self.parts().iter().zip(&other.parts()).any(|(a, b)| a.is_some() && b.is_some() && a != b)
    }

    /// Whether both tell of a part, and the same.
    pub(crate) fn shares(&self, other: &Self) -> bool {
        self.parts().iter().zip(&other.parts()).any(|(a, b)| a.is_some() && a == b)
    }

    fn join(&mut self, other: &Self) {
        // A role's ARN has its path, which that of a session lacks.
        let session = self.role.as_deref().is_some_and(|arn| arn.contains(":assumed-role/"));
        if self.role.is_none() || session && other.role.is_some() {
            self.role.clone_from(&other.role);
        }
        self.subject = self.subject.take().or_else(|| other.subject.clone());
        self.issuer = self.issuer.take().or_else(|| other.issuer.clone());
    }
}

/// The role of a session that is nobody's but the identity's own: that of a node is of whatever runs there.
fn acting(arn: &str) -> Option<String> {
    let (role, session) = arn.rsplit_once('/').filter(|(role, _)| role.contains(":assumed-role/"))?;
    (!session.starts_with("i-")).then(|| role.to_owned())
}

/// Account and name of a role, as a session's ARN has them too; else what stood there.
fn of_role(arn: &str) -> String {
    let mut parts = arn.split(':').skip(4);
    match (parts.next(), parts.next()) {
        (Some(account), Some(resource)) => {
            let name = match resource.strip_prefix("assumed-role/") {
                Some(session) => session.split('/').next(),
                None => resource.rsplit('/').next(),
            };
            [account, "/", name.unwrap_or(resource)].concat()
        }
        _ => arn.to_owned(),
    }
}

/// What tells issuers apart: one cluster's has two hosts and one id.
fn end(issuer: &str) -> String {
    issuer.trim_end_matches('/').rsplit('/').next().unwrap_or(issuer).to_ascii_lowercase()
}

/// The groups of what lines name, in the order in which they stand.
fn groups(lines: &[LogFailure]) -> Vec<LogIdentity> {
    let named: Vec<LogIdentity> = lines.iter().map(|l| LogIdentity::of_failure(&l.failure)).collect();
    let mut order: Vec<usize> = (0..named.len()).filter(|i| named.get(*i).is_some_and(|n| n.told() > 0)).collect();
    order.sort_by_key(|i| (Reverse(named.get(*i).map_or(0, LogIdentity::told)), *i));
    let mut found: Vec<(usize, LogIdentity)> = Vec::new();
    for (at, one) in order.into_iter().filter_map(|i| Some((i, named.get(i)?))) {
        match sharing(found.iter().map(|(_, group)| group), one).as_slice() {
            [] if found.len() < MAX_IDENTITIES => found.push((at, one.clone())),
            [only] => {
                if let Some((first, group)) = found.get_mut(*only) {
                    *first = at.min(*first);
                    group.join(one);
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|(at, _)| *at);
    let mut found: Vec<LogIdentity> = found.into_iter().map(|(_, group)| group).collect();
    if !found.iter().enumerate().any(|(i, a)| found.iter().skip(i + 1).any(|b| a.contradicts(b))) {
        return Vec::new();
    }
    // A role in one line and an issuer in another are one's where neither can be anybody else's.
    let fits = |i: usize, found: &[LogIdentity]| -> Vec<usize> {
        let Some(one) = found.get(i) else { return Vec::new() };
        let others = found.iter().enumerate().filter(|(at, other)| *at != i && !one.contradicts(other));
        others.map(|(at, _)| at).collect()
    };
    let pairs: Vec<(usize, usize)> = (0..found.len())
        .filter_map(|i| match fits(i, &found).as_slice() {
            [other] if *other > i && fits(*other, &found) == [i] => Some((i, *other)),
            _ => None,
        })
        .collect();
    for (first, second) in &pairs {
        let other = found.get(*second).cloned();
        if let (Some(group), Some(other)) = (found.get_mut(*first), other) {
            group.join(&other);
        }
    }
    let joined = |at: usize| pairs.iter().any(|(_, second)| *second == at);
    found.into_iter().enumerate().filter(|(at, _)| !joined(*at)).map(|(_, group)| group).collect()
}

/// The groups that a line can be of: it names something of theirs and contradicts nothing.
fn sharing<'a>(groups: impl Iterator<Item = &'a LogIdentity>, one: &LogIdentity) -> Vec<usize> {
    groups.enumerate().filter(|(_, group)| one.shares(group) && !one.contradicts(group)).map(|(i, _)| i).collect()
}

/// What a log says, parted: for each group what is of it alone, and last what is of nobody known.
struct Parted {
    groups: Vec<LogIdentity>,
    lines: Vec<Vec<LogFailure>>,
    besides: Vec<Besides>,
}

impl Parted {
    fn new(groups: Vec<LogIdentity>) -> Self {
        let count = groups.len() + 1;
        Self { groups, lines: vec![Vec::new(); count], besides: vec![Besides::default(); count] }
    }

    fn place(&self, one: &LogIdentity) -> usize {
        match sharing(self.groups.iter(), one).as_slice() {
            [only] => *only,
            _ => self.groups.len(),
        }
    }

    fn enter(&mut self, lines: Vec<LogFailure>, besides: Besides) {
        for line in lines {
            let at = self.place(&LogIdentity::of_failure(&line.failure));
            if let Some(lines) = self.lines.get_mut(at) {
                lines.push(line);
            }
        }
        for success in besides.successes {
            let at = self.place(&LogIdentity::of_success(&success.success));
            if let Some(besides) = self.besides.get_mut(at) {
                besides.successes.push(success);
            }
        }
        for record in besides.records {
            let at = self.place(&LogIdentity::of_record(&record.record));
            if let Some(besides) = self.besides.get_mut(at) {
                besides.records.push(record);
            }
        }
        if let Some(nobody) = self.besides.last_mut() {
            nobody.unclear = besides.unclear;
            nobody.mentioned = besides.mentioned;
            nobody.uncounted = besides.uncounted;
        }
    }
}

impl Evidence {
    /// The same log once for each identity that it tells of, with what it says of that one alone, and once for what is
    /// of nobody known; the evidence itself where it is of no log, or the log tells of one identity.
    pub fn by_identity(mut self) -> Vec<Self> {
        let Target::Log { name, identity: None } = &self.target else { return vec![self] };
        let name = name.clone();
        let groups = self.logs.known().map(|lines| groups(lines)).unwrap_or_default();
        if groups.is_empty() {
            return vec![self];
        }
        let lines = self.logs.known_mut().map(std::mem::take).unwrap_or_default();
        let mut parted = Parted::new(groups);
        parted.enter(lines, std::mem::take(&mut self.besides));
        let whose = parted.groups.into_iter().chain([LogIdentity::default()]);
        let each = whose
            .zip(parted.lines)
            .zip(parted.besides)
            .filter(|((_, lines), besides)| !lines.is_empty() || !besides.is_empty());
        each.map(|((identity, lines), besides)| {
            let mut one = self.clone();
            one.target = Target::Log { name: name.clone(), identity: Some(identity) };
            one.besides = besides;
            if let Some(logs) = one.logs.known_mut() {
                *logs = lines;
            }
            one
        })
        .collect()
    }
}
