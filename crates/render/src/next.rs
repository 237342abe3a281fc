//! What the reader does next: one command, with the options that were typed, and what has to be known first.

use std::path::Path;

use trustwalk_core::diagnosis::{
    Deciding, Diagnosis, LinkState, Outcome, deciding, identities_of_log, named_in_logs, object_in_logs, tells,
    told_by_account,
};
use trustwalk_core::evidence::{Evidence, Kind, Target};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::habitat::Habitat;
use trustwalk_core::link::Link;
use trustwalk_core::observation::{Fate, Observation, Witness};
use trustwalk_core::plan::{Applicability, build};
use trustwalk_foreign::{redact, shell};

use crate::finding::{command_of, is_command};
use crate::page::{Ink, Page, Pen};

/// Options that say where cluster, account and issuers are: they hold for every further command.
pub const PLACE: [&str; 10] = [
    "kubeconfig",
    "context",
    "profile",
    "region",
    "endpoint-url",
    "cluster",
    "connect-to",
    "ca-bundle",
    "ca-library",
    "trust-model",
];
/// Options that say what is asked about, beside the target itself.
const ASKED: [&str; 8] = ["role", "subject", "issuer", "log", "token", "job", "job-answer", "github"];
/// Options that choose among what the cluster has.
const CHOSEN: [&str; 3] = ["all-namespaces", "selector", "since"];
/// The name under which targets stand among what was typed, which are no options.
pub const TARGET: &str = "TARGET";
/// Options of a rotation.
const ROTATING: [&str; 9] =
    ["incoming", "incoming-host", "retire", "old", "outgoing", "not-before", "plan", "receipt", "force-drift"];
/// What comes before everything that an account would tell.
const WITHOUT_CREDENTIALS: &str = "give AWS credentials: `--profile NAME`, or a session's variables";
/// Longest command told on the last line; a longer one fills the screen, and stands in the report as it is.
pub(crate) const LONGEST: usize = 400;

/// What was typed on the command line, for the next command to have it too.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    plugin: bool,
    options: Vec<(String, Option<String>)>,
}

impl Typed {
    /// Options by their long names, in the order of the grammar; `plugin` where the program runs as kubectl's.
    pub fn new(plugin: bool, options: Vec<(String, Option<String>)>) -> Self {
        // What was typed may be a secret where none belongs, and reports are kept.
        let inert = |value: String| redact(&value).into_owned();
        Self { plugin, options: options.into_iter().map(|(name, value)| (name, value.map(inert))).collect() }
    }

    /// The value of an option, the first where it was typed several times.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.as_deref())
    }

    /// A command of this program: its words, values in the places of `{}`, then the typed options of these names.
    pub fn command(&self, words: &str, values: &[&str], names: &[&str]) -> String {
        let mut line = self.line(words, values);
        line.typed(self, names);
        line.finish()
    }

    fn line(&self, words: &str, values: &[&str]) -> Line {
        let program = if self.plugin { "kubectl trustwalk " } else { "trustwalk " };
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        Line { template: [program, words].concat(), values, named: Vec::new() }
    }

    /// `verb` about the same target again, with all that was typed about it and about the place.
    pub fn again(&self, verb: &str, target: &Target) -> String {
        let mut line = self.line(verb, &[]);
        line.target(target);
        line.typed(self, &ASKED);
        // Where the files of a job are nobody but the user knows.
        if matches!(target, Target::Job { .. }) && self.is_unsaid("job") {
            line.part("--job", Some("PATH"));
        }
        line.typed(self, &PLACE);
        line.finish()
    }

    /// Whether nothing that was typed says where it is.
    fn is_unsaid(&self, name: &str) -> bool {
        self.value(name).is_none() && self.value("bundle").is_none() && self.value(TARGET).is_none()
    }

    /// The fix of a target, or of what a plan's file is for, approved.
    pub fn approved(&self, target: Option<&Target>) -> String {
        let mut line = self.line("fix", &[]);
        if let Some(target) = target {
            line.target(target);
        }
        line.typed(self, &ASKED);
        line.typed(self, &PLACE);
        line.typed(self, &["plan", "receipt", "force-drift"]);
        line.part("--approve", None);
        line.finish()
    }

    /// The plan of a file, approved; with the target where the file is not sealed.
    pub fn from_plan(&self, verb: &str, file: &str, target: Option<&Target>) -> String {
        let mut line = self.line(verb, &[]);
        if let Some(target) = target {
            line.target(target);
        }
        let file = if file.starts_with('-') { ["./", file].concat() } else { file.to_owned() };
        line.part("--plan", Some(&file));
        line.typed(self, &PLACE);
        // Of a rotation the plan does not hold what is to come and to go.
        let asked = ROTATING.iter().filter(|name| **name != "plan").copied().collect::<Vec<_>>();
        line.typed(self, &asked);
        line.part("--approve", None);
        line.finish()
    }

    /// The same rotation of a target, with one more option.
    pub fn rotating(&self, target: &Target, flag: &str) -> String {
        let mut line = self.line("fix --rotate", &[]);
        line.target(target);
        line.typed(self, &ASKED);
        line.typed(self, &PLACE);
        line.typed(self, &ROTATING);
        line.part(flag, None);
        line.finish()
    }

    /// The same about everything that was asked about, be it a namespace.
    pub fn again_all(&self, verb: &str, flag: Option<&str>) -> String {
        let mut line = self.line(verb, &[]);
        for target in self.options.iter().filter(|(name, _)| name == TARGET).filter_map(|(_, value)| value.clone()) {
            line.template.push_str(" {}");
            line.values.push(target);
        }
        if let Some(namespace) = self.value("namespace") {
            line.part("-n", Some(namespace));
        }
        line.typed(self, &CHOSEN);
        line.typed(self, &ASKED);
        line.typed(self, &PLACE);
        if let Some(flag) = flag {
            line.part(flag, None);
        }
        line.finish()
    }

    /// The same with one option that names what was meant; of a namespace, `-n`.
    pub fn with_option(&self, verb: &str, option: &str, value: &str) -> String {
        let mut line = self.line(verb, &[]);
        let name = if option == "-n" { "namespace" } else { option.trim_start_matches('-') };
        for target in self.options.iter().filter(|(name, _)| name == TARGET).filter_map(|(_, value)| value.clone()) {
            line.template.push_str(" {}");
            line.values.push(target);
        }
        for (option, name) in [("-n", "namespace")].into_iter().filter(|(_, n)| *n != name) {
            if let Some(value) = self.value(name) {
                line.part(option, Some(value));
            }
        }
        let others = [&CHOSEN[..], &ASKED, &["bundle"], &PLACE].concat();
        let kept: Vec<&str> = others.into_iter().filter(|other| *other != name).collect();
        line.typed(self, &kept);
        line.part(option, Some(value));
        line.finish()
    }

    /// `diagnose` of logs, at the place that was typed.
    pub fn of_logs(&self, files: &[String]) -> String {
        let mut line = self.line("diagnose", &[]);
        for file in files {
            line.part("--log", Some(file));
        }
        line.typed(self, &PLACE);
        line.finish()
    }

    /// `diagnose` with a token from a file, which asks STS for a role that the reader knows.
    pub fn with_token(&self, file: &str) -> String {
        let mut line = self.line("diagnose --role ARN", &[]);
        line.part("--token", Some(file));
        line.typed(self, &PLACE);
        line.finish()
    }

    /// `trust` of a policy again, with one more option, and a text of ours for its value.
    pub fn trust_again(&self, policy: &str, further: Option<(&str, String)>) -> String {
        let mut line = self.line("trust", &[]);
        match policy {
            "-" => line.template.push_str(" FILE"),
            file => {
                line.template.push_str(" {}");
                line.values.push(file.to_owned());
            }
        }
        line.typed(self, &["issuer", "subject", "audience", "account", "token", "claim", "key"]);
        if let Some((option, value)) = further {
            line.part(option, Some(&value));
        }
        line.finish()
    }

    /// A command of this program's that begins from a file of its own, at the same place.
    pub fn with_file(&self, words: &str, file: &str) -> String {
        let file = if file.starts_with('-') { ["./", file].concat() } else { file.to_owned() };
        self.command(words, &[&file], &PLACE)
    }
}

/// A command under way.
struct Line {
    template: String,
    values: Vec<String>,
    named: Vec<&'static str>,
}

impl Line {
    fn part(&mut self, word: &str, value: Option<&str>) {
        self.template.push(' ');
        self.template.push_str(word);
        match value {
            None => {}
            // What came by standard input is gone.
            Some("-") => self.template.push_str(" FILE"),
            Some(value) => {
                self.template.push_str(" {}");
                self.values.push(value.to_owned());
            }
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Workload { resource, namespace, name } => self.named_object(resource, namespace, name),
            Target::ServiceAccount { namespace, name } => self.named_object("serviceaccount", namespace, name),
            // As typed, which may be an address with a password.
            Target::Role { arn, subject } => {
                self.named.push("role");
                self.part("--role", Some(&redact(arn)));
                if let Some(subject) = subject {
                    self.named.push("subject");
                    self.part("--subject", Some(&redact(subject)));
                }
            }
            Target::Issuer { url } => {
                self.named.push("issuer");
                self.part("--issuer", Some(&redact(url)));
            }
            // Only what was typed says where they are.
            Target::Job { .. } | Target::Log { .. } => {}
        }
    }

    fn named_object(&mut self, kind: &str, namespace: &str, name: &str) {
        self.template.push_str(" {}/{}");
        self.values.extend([kind.to_ascii_lowercase(), name.to_owned()]);
        self.part("-n", Some(namespace));
    }

    fn typed(&mut self, typed: &Typed, names: &[&str]) {
        let wanted = |name: &String| names.contains(&name.as_str()) && !self.named.contains(&name.as_str());
        let parts: Vec<_> = typed.options.iter().filter(|(name, _)| wanted(name)).collect();
        for (name, value) in parts {
            self.part(&["--", name].concat(), value.as_deref());
        }
    }

    fn finish(self) -> String {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        shell::line(&self.template, &values)
    }
}

/// What comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// What was not seen and would decide, in words.
    pub decide: Option<String>,
    /// What to do before the command, in words.
    pub how: Option<String>,
    /// The command, to be pasted.
    pub command: Option<String>,
    /// Whether a person fixes something before it, in the words of the cure.
    pub by_hand: bool,
}

impl Next {
    /// A command.
    pub fn command(command: String) -> Self {
        Self { command: Some(command), ..Self::default() }
    }

    /// Writes what would decide, what comes first, and the command, each on lines of its own.
    pub(crate) fn told(&self, out: &mut Page, pen: Pen) {
        if let Some(decide) = &self.decide {
            out.labelled(pen.ink(Ink::Strong, "To decide:"), decide, "  ");
        }
        if let Some(how) = &self.how {
            let label = if self.command.is_some() { "First:" } else { "Next:" };
            out.labelled(pen.ink(Ink::Strong, label), how, "  ");
        }
        if let Some(command) = &self.command {
            out.command(pen.ink(Ink::Strong, "Next:"), command, pen);
        }
    }

    /// A command after something that a person does.
    pub fn after(how: impl Into<String>, command: String) -> Self {
        Self { how: Some(how.into()), command: Some(command), ..Self::default() }
    }
}

/// What takes the reader of a diagnosis further.
pub fn next(e: &Evidence, d: &Diagnosis, typed: &Typed) -> Next {
    match (d.outcome, &d.root_cause) {
        (Outcome::Ok, _) => Next::default(),
        (Outcome::RootCause, Some(root)) if root.confidence == Confidence::Proven => cured(e, d, root, typed),
        (Outcome::RootCause | Outcome::Broken | Outcome::Undetermined, _) => decided(e, d, typed),
    }
}

/// How a proven cause is cured.
fn cured(e: &Evidence, d: &Diagnosis, root: &Finding, typed: &Typed) -> Next {
    let plan = build(e, d);
    if plan.steps.iter().any(|s| s.applicability == Applicability::NeedsApproval) {
        let fix = typed.again("fix", &d.target);
        return match typed.value("bundle") {
            Some(_) => Next::after("go where cluster and account can be reached", fix),
            None => Next::command(fix),
        };
    }
    by_hand(d, root, typed)
}

/// The cure that a person carries out.
pub(crate) fn by_hand(d: &Diagnosis, root: &Finding, typed: &Typed) -> Next {
    let Some((tool, text)) = root.cures.first().and_then(command_of) else {
        return Next::command(typed.command("explain {}", &[root.code()], &[]));
    };
    if is_command(tool) && text.len() <= LONGEST && !text.contains('\n') && text != shell::WITHHELD {
        return Next::command(text.to_owned());
    }
    let given = is_command(tool) && text != shell::WITHHELD;
    let how = if given { "run the command under \"Fix\"" } else { "do what \"Fix\" says" };
    Next { by_hand: true, ..Next::after(how, look_again(d, typed)) }
}

/// The same question once more.
fn look_again(d: &Diagnosis, typed: &Typed) -> String {
    typed.again("diagnose", &d.target)
}

/// What would decide, and how it is looked at.
fn decided(e: &Evidence, d: &Diagnosis, typed: &Typed) -> Next {
    if matches!(d.target, Target::Log { .. }) {
        return of_log(e, d, typed);
    }
    if let Some(next) = of_somebody_else(d, typed) {
        return next;
    }
    let decide = d.root_cause.as_ref().and_then(|f| f.decide.clone());
    // Our own exchange tells where it was refused; whoever may read the account can look there.
    let decide = decide.or_else(|| told_by_account(e).filter(|_| d.outcome != Outcome::Undetermined));
    if e.without_credentials() && typed.value("bundle").is_none() {
        let unread = || e.besides.unread.clone().or_else(|| e.logs.gap().filter(|_| e.logs.lacks().is_some()));
        let decide = decide.or_else(|| unread().map(|gap| ["what the pods fail with: ", &gap].concat()));
        let folder = typed.value("job").filter(|path| Path::new(path).extension().is_none());
        if let (Target::Job { .. }, Some(folder)) = (&d.target, folder) {
            // The trust policies that its checkout declares are judged without an account.
            let how = [WITHOUT_CREDENTIALS, "; without any, `preflight` judges what its files declare"].concat();
            return Next { decide, ..Next::after(how, typed.command("preflight {}", &[folder], &[])) };
        }
        return Next { decide, ..Next::after(WITHOUT_CREDENTIALS, look_again(d, typed)) };
    }
    // What nobody asked for waits for something else, as policies wait for a role that a pod was not given.
    let open = injection_open(d);
    let asked = |deciding: &Deciding| open.is_none() || e.read_from(deciding.kind).is_some();
    if let Some(Deciding { kind, gap, by_hand }) = deciding(e, d).filter(asked) {
        let decide = decide.or_else(|| Some(["the ", &kind.name().replace('-', " "), ": ", &gap].concat()));
        // Who was refused it once is refused it by hand too.
        if let Some(permission) = e.lacks(kind) {
            let how = format!("act as somebody who is allowed {permission}");
            return Next { decide, ..Next::after(how, look_again(d, typed)) };
        }
        if let Some(command) = by_hand.filter(|c| c != shell::WITHHELD) {
            return Next { decide, ..Next::command(command) };
        }
        let asked_in_vain = e.read_from(kind).is_some();
        let how = asked_in_vain.then(|| "see that it can be read".to_owned());
        let command = if kind == Kind::Logs && typed.value("log").is_none() {
            let mut line = typed.line("diagnose", &[]);
            line.target(&d.target);
            line.typed(typed, &ASKED);
            line.part("--log", Some("-"));
            line.typed(typed, &PLACE);
            line.finish()
        } else {
            look_again(d, typed)
        };
        return Next { decide, how, command: Some(command), by_hand: false };
    }
    match &d.root_cause {
        // All was read that decides; what is left is for a person to try.
        Some(root) if root.confidence == Confidence::Likely => Next { decide, ..by_hand(d, root, typed) },
        Some(root) => Next { decide, ..Next::command(typed.command("explain {}", &[root.code()], &[])) },
        None => {
            // What is lacking, and what gives it, is a question of its own.
            let lacking = e.lacks_any() && typed.value("bundle").is_none();
            let command = if lacking { typed.command("access", &[], &PLACE) } else { look_again(d, typed) };
            let decide = open.map(str::to_owned).or_else(|| d.undetermined.first().cloned());
            Next { decide, ..Next::command(command) }
        }
    }
}

/// What would tell why a pod was given nothing, where that is what is open and no cause is named.
fn injection_open(d: &Diagnosis) -> Option<&str> {
    let injection = d.links.iter().find(|l| l.link == Link::Injection && l.state == LinkState::Undetermined)?;
    injection.missing.first().map(String::as_str).filter(|_| d.root_cause.is_none() && d.outcome == Outcome::Broken)
}

/// A log was given that is not of what was asked about: it is asked about by itself.
fn of_somebody_else(d: &Diagnosis, typed: &Typed) -> Option<Next> {
    let foreign = |o: &Observation| o.witness == Witness::Log && matches!(o.fate, Fate::Foreign { .. });
    let speaks = d.observations.iter().any(Observation::speaks);
    if d.root_cause.is_some() || speaks || !d.observations.iter().any(foreign) || typed.value("log").is_none() {
        return None;
    }
    let mut line = typed.line("diagnose", &[]);
    line.typed(typed, &["log"]);
    line.typed(typed, &PLACE);
    Some(Next { decide: d.undetermined.first().cloned(), ..Next::command(line.finish()) })
}

/// A log alone: cluster and account are asked about whom it names.
fn of_log(e: &Evidence, d: &Diagnosis, typed: &Typed) -> Next {
    let named = named_in_logs(e, d.root_cause.as_ref());
    let mut line = typed.line("diagnose", &[]);
    // Whose pods they are tells more than the role alone does.
    let object = object_in_logs(e).filter(|_| named.account.is_none() && named.subject.is_none());
    let account = named.account.map(|(namespace, name)| ("serviceaccount", namespace, name));
    let object = object.as_ref().map(|(kind, namespace, name)| (*kind, namespace.as_str(), name.as_str()));
    match (account.or(object), named.role, named.subject) {
        (Some((kind, namespace, name)), ..) => line.named_object(kind, namespace, name),
        (None, Some(role), subject) => {
            line.part("--role", Some(role));
            match subject {
                Some(subject) => line.part("--subject", Some(subject)),
                None => line.template.push_str(" --subject SUB"),
            }
        }
        (None, None, _) if Habitat::of(e).may_be_cluster() => line.template.push_str(" KIND/NAME -n NAMESPACE"),
        (None, None, _) => line.template.push_str(" --job FOLDER"),
    }
    line.typed(typed, &ASKED);
    line.typed(typed, &PLACE);
    let decide = d.root_cause.as_ref().and_then(|f| f.decide.clone());
    // Among several, what separates most of them.
    let separates = || {
        let several = d.outcome == Outcome::Broken;
        deciding(e, d).filter(|_| several).map(|deciding| tells(e, deciding.kind))
    };
    // What is only quoted, or not understood, is told with what it may come from.
    let open = || d.undetermined.first().filter(|_| d.outcome == Outcome::Undetermined).cloned();
    let decide = decide.or_else(separates).or_else(open);
    let decide = decide.unwrap_or_else(|| "whether cluster and account agree with the log".to_owned());
    let several = identities_of_log(e).len();
    let words = || format!("the log tells of {several} identities: ask about each by itself, as here about one");
    let how = (several > 0).then(words);
    Next { decide: Some(decide), how, ..Next::command(line.finish()) }
}
