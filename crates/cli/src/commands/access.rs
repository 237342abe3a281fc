//! `trustwalk access`: what the present rights suffice for, what is missing, and what gives it.

use futures_util::StreamExt as _;
use serde::Serialize;
use trustwalk_collect::aws::Allowed;
use trustwalk_collect::rights::{self, Level, Subject};
use trustwalk_collect::{World, waits};
use trustwalk_render::{Ink, Next, Page, Shown, Typed, ending};

use crate::args::{AccessArgs, AccessLevel, Format, PlaceArgs, Printed};
use crate::exit::Exit;
use crate::style;

/// Questions asked at the same time.
const AT_ONCE: usize = 8;

/// Runs the command.
pub(crate) async fn run(place: &PlaceArgs, args: &AccessArgs) -> anyhow::Result<Exit> {
    if let Some(printed) = args.print {
        let levels: Vec<Level> = args.level.map_or(Level::Fix, AccessLevel::level).up_to().collect();
        style::say(&print(printed, &levels, args.namespace.as_deref()))?;
        return Ok(Exit::Sound);
    }
    let mut options = place.walk_options(None);
    options.no_exchange = true;
    let world = World::new(options).await?;
    world.cluster_to_ask()?;
    let wanted = args.level.map_or(Level::Read, AccessLevel::level);
    let (cluster, account) =
        tokio::join!(Box::pin(of_cluster(&world, args.namespace.as_deref())), Box::pin(of_account(&world)));
    let log_in = world.aws.log_in().filter(|_| account.caller.is_none());
    let report = Report { schema: 1, level: wanted, cluster, account, log_in };
    let apply = report.apply(args.namespace.as_deref());
    match args.output {
        Format::Human => style::say(&report.words(&apply, args, &place.typed))?,
        Format::Json | Format::Yaml => {
            let mut document = serde_json::to_value(&report)?;
            if let Some(members) = document.as_object_mut() {
                members.insert("verdict".to_owned(), serde_json::to_value(report.verdict())?);
                members.insert("apply".to_owned(), serde_json::to_value(&apply)?);
            }
            style::say(&style::document(&document)?)?;
        }
    }
    Ok(match report.verdict() {
        Answer::Given => Exit::Sound,
        Answer::Missing => Exit::Findings,
        Answer::Unknown => Exit::Undetermined,
    })
}

fn print(what: Printed, levels: &[Level], namespace: Option<&str>) -> Shown {
    match what {
        Printed::Rbac => Shown::block(&rights::rbac(levels, namespace, None)),
        Printed::Iam => Shown::block(&rights::policy_text(levels)),
    }
}

/// What is known of a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Given,
    Unknown,
    Missing,
}

#[derive(Debug, Serialize)]
struct Right {
    level: Level,
    #[serde(rename = "right")]
    name: String,
    answer: Answer,
    #[serde(rename = "for")]
    what: &'static str,
    /// Why it is missing or unknown.
    why: Option<String>,
}

impl Right {
    fn new(level: Level, name: String, what: &'static str, allowed: Allowed) -> Self {
        let (answer, why) = match allowed {
            Allowed::Yes => (Answer::Given, None),
            Allowed::No { why } => (Answer::Missing, Some(why).filter(|w| !w.is_empty())),
            Allowed::Unknown { why } => (Answer::Unknown, Some(why)),
        };
        Self { level, name, answer, what, why }
    }
}

/// A cluster or an account, and what the caller is allowed there.
#[derive(Debug, Serialize)]
struct Side {
    /// Where.
    place: String,
    /// As whom; null where nobody tells.
    caller: Option<String>,
    rights: Vec<Right>,
}

#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    level: Level,
    cluster: Side,
    account: Side,
    /// The command that logs in to the account, where nobody is.
    #[serde(skip)]
    log_in: Option<String>,
}

/// What gives what is missing.
#[derive(Debug, Serialize)]
struct Apply {
    /// A manifest for the cluster.
    rbac: Option<String>,
    /// A policy for the account.
    iam: Option<Policy>,
}

/// The policy of these levels.
#[derive(Debug)]
struct Policy(Vec<Level>);

impl Serialize for Policy {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        rights::policy(&self.0).serialize(to)
    }
}

async fn of_cluster(world: &World, namespace: Option<&str>) -> Side {
    let Ok(kube) = &world.kube else {
        return Side { place: String::new(), caller: None, rights: Vec::new() };
    };
    let asked: Vec<rights::Right> = Level::ALL.into_iter().flat_map(rights::rights).collect();
    let answers = futures_util::stream::iter(asked)
        .map(|right| async move {
            let allowed = kube.may(&right, namespace).await;
            Right::new(right.rule.level, right.to_string(), right.rule.what, allowed)
        })
        .buffered(AT_ONCE);
    let (caller, rights) = tokio::join!(kube.whoami(), answers.collect());
    Side { place: kube.server.clone(), caller: caller.known().filter(|c| !c.is_empty()).cloned(), rights }
}

async fn of_account(world: &World) -> Side {
    let caller = world.aws.caller().await;
    let place = match caller.known() {
        Some(caller) => format!("account {}, region {}", caller.account, world.aws.region()),
        None => format!("region {}", world.aws.region()),
    };
    let gap = caller.gap();
    let who = caller.known().map(|c| c.arn.clone());
    let unknown = |why: &str| Allowed::Unknown { why: why.to_owned() };
    let mut rights = Vec::new();
    for level in Level::ALL {
        let asked: Vec<(&str, &str)> = rights::actions(level).collect();
        let names: Vec<&str> = asked.iter().map(|(name, _)| *name).collect();
        let answers: Vec<Allowed> = match (&gap, level) {
            (Some(why), _) => names.iter().map(|_| unknown(why)).collect(),
            (None, Level::Read) => {
                futures_util::stream::iter(names)
                    .map(|name| async move {
                        let asked = world.aws.may_read(name).await;
                        asked.unwrap_or_else(|| unknown("nothing is asked that would tell"))
                    })
                    .buffered(AT_ONCE)
                    .collect()
                    .await
            }
            (None, Level::Probe | Level::Fix) => simulated(world, who.as_deref(), &names).await,
        };
        let each = asked.into_iter().zip(answers);
        rights.extend(each.map(|((name, what), allowed)| Right::new(level, name.to_owned(), what, allowed)));
    }
    Side { place, caller: who, rights }
}

/// By IAM's simulator, of the user or role behind the caller.
async fn simulated(world: &World, caller: Option<&str>, names: &[&str]) -> Vec<Allowed> {
    if names.is_empty() {
        return Vec::new();
    }
    let _waiting = waits::begin("IAM's simulator");
    let all = |allowed: Allowed| names.iter().map(|_| allowed.clone()).collect();
    let unknown = |why: &str| all(Allowed::Unknown { why: why.to_owned() });
    let Some(arn) = caller else { return unknown("who is asking is not known") };
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    if resource == "root" {
        // Whom no policy of the account binds.
        return all(Allowed::Yes);
    }
    if resource.starts_with("user/") {
        return world.aws.may(arn, names).await;
    }
    let Some(role) = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next()) else {
        return unknown("the caller is neither a user nor a role");
    };
    // A session names its role without the path, which the role itself tells.
    let role = world.aws.role(role).await;
    match role.known() {
        Some(role) => world.aws.may(&role.arn, names).await,
        None => unknown(&role.gap().unwrap_or_default()),
    }
}

impl Side {
    fn at(&self, level: Level) -> impl Iterator<Item = &Right> {
        self.rights.iter().filter(move |r| r.level == level)
    }

    fn worst(&self, levels: impl Iterator<Item = Level>) -> Answer {
        let levels: Vec<Level> = levels.collect();
        let of = self.rights.iter().filter(|r| levels.contains(&r.level));
        of.map(|r| r.answer).max().unwrap_or(Answer::Given)
    }
}

impl Report {
    fn verdict(&self) -> Answer {
        self.cluster.worst(self.level.up_to()).max(self.account.worst(self.level.up_to()))
    }

    /// What gives what is missing of the wanted level. A role is given whole: a part of it would take the rest away
    /// from whoever has it already.
    fn apply(&self, namespace: Option<&str>) -> Apply {
        let lacking = |side: &Side| -> Vec<Level> {
            let lacks = |level: &Level| side.at(*level).any(|r| r.answer == Answer::Missing);
            self.level.up_to().filter(lacks).collect()
        };
        let (cluster, account) = (lacking(&self.cluster), lacking(&self.account));
        let subject = self.cluster.caller.as_ref().map(|user| Subject { user: user.clone() });
        Apply {
            rbac: (!cluster.is_empty()).then(|| rights::rbac(&cluster, namespace, subject.as_ref())),
            iam: (!account.is_empty()).then_some(Policy(account)),
        }
    }

    fn words(&self, apply: &Apply, args: &AccessArgs, typed: &Typed) -> Shown {
        let mut out = style::pen().page();
        let everywhere = args.namespace.as_ref().map_or("all namespaces".to_owned(), |n| format!("namespace {n}"));
        let title = format!("Cluster {}, {everywhere}", self.cluster.place);
        self.side(&mut out, &title, &self.cluster);
        out.gap();
        let place = &self.account.place;
        let title: String = place.chars().take(1).flat_map(char::to_uppercase).chain(place.chars().skip(1)).collect();
        self.side(&mut out, &title, &self.account);
        let pen = style::pen();
        if let Some(rbac) = &apply.rbac {
            out.gap();
            out.line(pen.ink(Ink::Strong, "To be applied by an administrator of the cluster (kubectl apply -f FILE)"));
            out.block(rbac, "  ");
        }
        if let Some(Policy(levels)) = &apply.iam {
            out.gap();
            out.line(
                pen.ink(Ink::Strong, "To be attached by an administrator of the account (aws iam put-role-policy)"),
            );
            out.block(&rights::policy_text(levels), "  ");
        }
        out.gap();
        out.append(self.ending(typed));
        out.shown()
    }

    fn side(&self, out: &mut Page, title: &str, side: &Side) {
        let pen = style::pen();
        out.line(pen.ink(Ink::Strong, title));
        out.line(format_args!("  as {}", side.caller.as_deref().unwrap_or("nobody that is told")));
        for level in Level::ALL {
            let all: Vec<&Right> = side.at(level).collect();
            if all.is_empty() {
                continue;
            }
            let given = all.iter().filter(|r| r.answer == Answer::Given).count();
            let (ink, mark) = match side.worst(std::iter::once(level)) {
                Answer::Given => (Ink::Good, "\u{221a}"),
                Answer::Missing => (Ink::Bad, "\u{d7}"),
                Answer::Unknown => (Ink::Odd, "?"),
            };
            let words = format!("{given} of {} ({})", all.len(), level.meaning());
            out.line(format_args!("  {} {:<6} {words}", pen.ink(ink, mark), level.name()));
            if level > self.level {
                continue;
            }
            // Of all the same reason is told once.
            let why = all.first().and_then(|r| r.why.as_deref());
            let alike = |r: &Right| r.answer == Answer::Unknown && r.why.as_deref() == why;
            let is_one = all.iter().all(|r| alike(r));
            for right in all.iter().filter(|r| r.answer != Answer::Given && !is_one) {
                let said = if right.answer == Answer::Missing { "lacks" } else { "not known:" };
                out.prose(&format!("{said} {}: {}", right.name, right.what), "      ", "        ");
            }
            if let Some(why) = all.iter().find(|r| r.answer == Answer::Unknown).and_then(|r| r.why.as_deref()) {
                out.prose(why, "      because: ", "        ");
            }
        }
    }

    fn ending(&self, typed: &Typed) -> Shown {
        let level = self.level;
        let next = |words: &str| Next::command(typed.command(words, &[level.name()], &[]));
        let (ink, label, text, next) = match self.verdict() {
            Answer::Given => {
                let of_next = Level::ALL.into_iter().find(|l| *l > level && self.worst_of(*l) != Answer::Given);
                let text = format!("your rights suffice to {}", level.meaning());
                let more = of_next.map(|l| typed.command("access --level {}", &[l.name()], &[]));
                (Ink::Good, "Ok", text, Next { command: more, ..Next::default() })
            }
            Answer::Missing => {
                let text = format!("rights are missing to {}", level.meaning());
                (Ink::Bad, "Missing", text, next("access --print rbac --level {}"))
            }
            Answer::Unknown => {
                let text = format!("of some rights that are needed to {} it cannot be told", level.meaning());
                let again = || typed.command("access --level {}", &[level.name()], &[]);
                let next = match &self.log_in {
                    Some(log_in) => Next::command([log_in, " && ", &again()].concat()),
                    None if self.account.caller.is_none() => Next::after("once there are AWS credentials", again()),
                    None => next("access --print iam --level {}"),
                };
                (Ink::Odd, "Undetermined", text, next)
            }
        };
        ending(ink, label, &text, &next, style::pen())
    }

    fn worst_of(&self, level: Level) -> Answer {
        self.cluster.worst(std::iter::once(level)).max(self.account.worst(std::iter::once(level)))
    }
}
