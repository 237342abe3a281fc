//! Help: which of the shared options a command has, in groups; examples; exit codes.

use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, Error};

/// Shared options that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Cluster,
    Account,
    Trust,
    /// The part of [`Group::Trust`] that says where issuers are and which roots are theirs.
    Reach,
    Exchange,
}

impl Group {
    const ALL: [Self; 4] = [Self::Cluster, Self::Account, Self::Trust, Self::Exchange];

    fn heading(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Account => "AWS account",
            Self::Trust | Self::Reach => "Certificates and connections",
            Self::Exchange => "Exchange with STS",
        }
    }

    /// Ids of the options.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Cluster => &["kubeconfig", "context"],
            Self::Account => &["profile", "region", "endpoint_url", "cluster"],
            Self::Reach => &["connect_to", "ca_bundle"],
            Self::Trust => &["connect_to", "ca_bundle", "ca_library", "trust_model"],
            Self::Exchange => &["no_exchange", "exchange"],
        }
    }
}

/// What a command's help has besides its own options.
struct Help {
    command: &'static str,
    groups: &'static [Group],
    /// What each does, and the command.
    examples: &'static [(&'static str, &'static str)],
    /// Exit codes and what they say here; usage (2) is the same everywhere.
    exits: &'static [(u8, &'static str)],
}

const WALKS: &[Group] = &Group::ALL;
const FOUND: &[(u8, &str)] = &[
    (0, "no fault was found"),
    (1, "a file cannot be read, or nothing tells which cluster"),
    (3, "a fault was found"),
    (4, "no fault was found, and something could not be determined"),
];
const DONE: &[(u8, &str)] = &[(0, "done"), (1, "failed")];

const HELP: &[Help] = &[
    Help {
        command: "demo",
        groups: &[],
        examples: &[
            ("the founding story, in a lab on loopback", "trustwalk demo"),
            ("another one", "trustwalk demo --fault sub-wrong-namespace"),
        ],
        exits: &[(0, "all is well again"), (1, "the lab could not start"), (3, "something is still broken")],
    },
    Help {
        command: "diagnose",
        groups: WALKS,
        examples: &[
            ("everything in the cluster that uses web identity", "trustwalk diagnose"),
            ("one workload, or several", "trustwalk diagnose ds/aws-node deploy/x -n kube-system"),
            ("by label, in all namespaces", "trustwalk diagnose deployments -l app=ledger -A"),
            ("until all is sound, ten minutes at most", "trustwalk diagnose deploy/x --wait --timeout 10m"),
            ("a CI job, from its checkout alone", "trustwalk diagnose --job ."),
            ("a log, or a message that somebody sent", "trustwalk diagnose - < message.txt"),
            ("what somebody collected", "trustwalk diagnose --bundle incident.json.gz"),
        ],
        exits: FOUND,
    },
    Help {
        command: "fix",
        groups: WALKS,
        examples: &[
            ("show the plan", "trustwalk fix ds/aws-node -n kube-system"),
            ("carry it out", "trustwalk fix ds/aws-node -n kube-system --approve"),
            ("go on with what was interrupted", "trustwalk fix --resume RECEIPT --approve"),
        ],
        exits: &[
            (0, "nothing is to be fixed, or all was fixed and verified"),
            (1, "a step failed, or a file cannot be read"),
            (3, "a plan waits for approval or is stale, or something is still broken"),
            (4, "something could not be determined"),
            (5, "what is broken is for a person to fix"),
            (6, "what was planned is done, and STS still refuses"),
        ],
    },
    Help {
        command: "rollback",
        groups: &[Group::Cluster, Group::Account, Group::Trust],
        examples: &[
            ("show what would be put back", "trustwalk rollback RECEIPT"),
            ("put it back", "trustwalk rollback RECEIPT --approve"),
        ],
        exits: &[
            (0, "undone, or nothing is to be undone"),
            (1, "a step failed, or the receipt cannot be read"),
            (3, "what is shown waits for approval"),
        ],
    },
    Help {
        command: "receipts",
        groups: &[],
        examples: &[("what was done from this folder", "trustwalk receipts")],
        exits: &[
            (0, "all are whole and came to their end"),
            (1, "the folder cannot be read"),
            (3, "one is damaged, or did not come to its end"),
        ],
    },
    Help {
        command: "collect",
        groups: WALKS,
        examples: &[
            ("one workload into a file", "trustwalk collect ds/aws-node -n kube-system -o i.json.gz"),
            ("everything, for somebody else", "trustwalk collect -o - | gzip > everything.json.gz"),
        ],
        exits: &[
            (0, "all that was asked about is in the bundle"),
            (1, "the file cannot be written, or nothing tells which cluster"),
            (4, "something could not be read; the bundle says what"),
        ],
    },
    Help {
        command: "access",
        groups: &[Group::Cluster, Group::Account, Group::Trust],
        examples: &[
            ("what the present rights suffice for", "trustwalk access"),
            ("roles for a cluster's administrator to apply", "trustwalk access --print rbac"),
            ("a policy for the account's", "trustwalk access --print iam --level read"),
        ],
        exits: &[
            (0, "the rights of the level are there"),
            (1, "nothing tells which cluster"),
            (3, "some are missing"),
            (4, "of some it cannot be told"),
        ],
    },
    Help {
        command: "thumbprint",
        groups: &[Group::Cluster, Group::Account, Group::Trust],
        examples: &[
            ("what AWS and each tool would take", "trustwalk thumbprint https://oidc.example/id"),
            ("for a script", "trustwalk thumbprint https://oidc.example/id -o bare"),
            ("many hosts", "trustwalk thumbprint --fleet hosts.txt"),
        ],
        exits: &[
            (0, "every chain verifies"),
            (1, "a file cannot be read"),
            (3, "a chain does not verify"),
            (4, "it could not be told"),
        ],
    },
    Help {
        command: "token",
        groups: &[],
        examples: &[
            ("what a token says", "trustwalk token < token"),
            ("many, against a key set", "trustwalk token tokens.txt --jwks keys.json"),
        ],
        exits: &[
            (0, "STS would read its claims, or every token is accepted"),
            (1, "a file cannot be read"),
            (3, "STS would refuse it"),
        ],
    },
    Help {
        command: "trust",
        groups: &[],
        examples: &[
            ("whom a policy admits", "trustwalk trust policy.json"),
            ("this subject?", "trustwalk trust policy.json --subject repo:acme/api:ref:refs/heads/main"),
        ],
        exits: &[
            (0, "it is admitted"),
            (1, "a file cannot be read"),
            (3, "it is not, or IAM would refuse the policy"),
            (4, "what only the call tells decides"),
        ],
    },
    Help {
        command: "audit",
        groups: &[Group::Account, Group::Trust],
        examples: &[
            ("the account of your credentials", "trustwalk audit"),
            ("what somebody saved of one", "trustwalk audit --authorization-details account.json"),
            ("who can assume a role?", "trustwalk audit --role deploy"),
            (
                "every account of an organization",
                "trustwalk audit --accounts accounts.json --assume Reader --state audit/",
            ),
            ("a page for a reviewer", "trustwalk audit --zone zone.toml -o html > audit.html"),
        ],
        exits: &[
            (0, "no finding"),
            (1, "a file cannot be read that everything rests on"),
            (3, "a finding"),
            (4, "no finding, and something could not be read"),
        ],
    },
    Help {
        command: "preflight",
        groups: &[Group::Cluster, Group::Account, Group::Trust],
        examples: &[
            ("the checkout that this folder is in", "trustwalk preflight"),
            ("what a chart makes", "helm template shop ./chart | trustwalk preflight -"),
            ("what CDK makes", "cdk synth && trustwalk preflight cdk.out"),
            ("with what cluster and account say", "trustwalk preflight --live"),
            ("what a change lets in", "trustwalk preflight --base main"),
            ("for code scanning", "trustwalk preflight -o sarif > trustwalk.sarif"),
        ],
        exits: &[
            (0, "no finding, and both halves of every way were read"),
            (1, "a file that was asked for cannot be read"),
            (3, "a finding"),
            (4, "no finding, and something is not decided or not read"),
        ],
    },
    Help {
        command: "forecast",
        groups: WALKS,
        examples: &[
            ("everything in the cluster that uses web identity", "trustwalk forecast"),
            ("one workload, a year ahead", "trustwalk forecast ds/aws-node -n kube-system --within 1y"),
            ("with announcements of your own", "trustwalk forecast --register changes.toml"),
            ("as a calendar", "trustwalk forecast -o ics > trustwalk.ics"),
        ],
        exits: &[
            (0, "nothing is known to break within the time"),
            (1, "a file cannot be read, or nothing tells which cluster"),
            (3, "something breaks within the time, or is broken already"),
            (4, "nothing is known to break, and something could not be read that would tell"),
        ],
    },
    Help {
        command: "logs",
        groups: &[],
        examples: &[
            ("failures in logs, compressed or not", "trustwalk logs *.log old.log.gz"),
            ("of a pod", "kubectl logs deploy/x | trustwalk logs"),
        ],
        exits: &[
            (0, "no failure of web identity"),
            (1, "no log could be read"),
            (3, "a failure was found"),
            (4, "a line or a log could not be understood or read"),
        ],
    },
    Help {
        command: "explain",
        groups: &[],
        examples: &[
            ("an error's text", "trustwalk explain 'Incorrect token audience'"),
            ("a message as it was sent", "trustwalk explain - < message.txt"),
            ("a cause", "trustwalk explain TW007"),
        ],
        exits: &[
            (0, "a page or a cause was found"),
            (1, "standard input cannot be read"),
            (2, "nothing is known of the text"),
        ],
    },
    Help {
        command: "lab",
        groups: &[Group::Reach],
        examples: &[
            ("an account and a cluster to try things in", "trustwalk lab up"),
            ("what can be broken in it", "trustwalk lab break"),
            ("an account for another cluster's tokens", "trustwalk lab up --account-only --issuer https://ISSUER"),
            ("a month later", "trustwalk lab clock +30d"),
        ],
        exits: DONE,
    },
    Help {
        command: "completions",
        groups: &[],
        examples: &[("in bash, for this shell", "source <(trustwalk completions bash)")],
        exits: DONE,
    },
    Help {
        command: "man",
        groups: &[],
        examples: &[
            ("this program's page", "trustwalk man | man -l -"),
            ("every page, for a package", "trustwalk man --dir man1"),
        ],
        exits: DONE,
    },
];

fn help_of(name: &str) -> Option<&'static Help> {
    HELP.iter().find(|h| h.command == name)
}

/// Gives each command its groups, examples and exit codes. A shared option that a command has no use for is hidden
/// there, and [`misplaced`] refuses it.
pub(super) fn dress(root: Command) -> Command {
    let shared: Vec<clap::Arg> = root
        .get_arguments()
        .filter(|a| Group::ALL.iter().any(|g| g.options().contains(&a.get_id().as_str())))
        .cloned()
        .collect();
    root.mut_subcommands(|mut command| {
        let Some(help) = help_of(command.get_name()) else { return command };
        for arg in &shared {
            let group = help.groups.iter().chain(&Group::ALL).find(|g| g.options().contains(&arg.get_id().as_str()));
            let own = match group.filter(|g| help.groups.contains(g)) {
                Some(group) => arg.clone().help_heading(group.heading()),
                None => arg.clone().hide(true),
            };
            command = command.arg(own);
        }
        command.mut_args(grouped).after_help(after(help))
    })
    .after_help(general())
}

/// Options of commands that go together, by their ids.
const OWN: [(&str, &[&str]); 4] = [
    ("What to look at", &["bundle", "job", "job_answer", "github", "within", "register"]),
    ("Repair", &["approve", "out", "plan", "force_drift", "resume", "foreign_receipt", "receipt"]),
    ("Rotation", &["rotate", "incoming", "incoming_host", "retire", "old", "outgoing", "not_before"]),
    ("Output", &["output", "overwrite", "verbose"]),
];

/// An option in its group. What has none is the command's own.
fn grouped(arg: clap::Arg) -> clap::Arg {
    let id = arg.get_id().as_str();
    let own = OWN.iter().find(|(_, ids)| ids.contains(&id)).map(|(heading, _)| *heading);
    match own.filter(|_| !arg.is_positional()) {
        Some(heading) => arg.help_heading(heading),
        None => arg,
    }
}

/// The usage of the command that was meant, by its grammar alone: the parser's own would name whatever variables set.
pub(super) fn plain_usage(root: &Command, mut error: Error) -> Error {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return error;
    }
    let mut command = root.clone();
    for word in std::env::args_os().skip(1) {
        if let Some(inner) = word.to_str().and_then(|name| command.find_subcommand(name)).cloned() {
            command = inner;
        }
    }
    error.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
    error
}

fn after(help: &Help) -> StyledStr {
    let mut text = String::from("Examples:\n");
    for (what, command) in help.examples {
        text += "  # ";
        text += what;
        text += "\n  ";
        text += command;
        text.push('\n');
    }
    text += "\nExit codes:\n";
    let usage = (2, "the words make no sense, or name what does not exist");
    let mut codes: Vec<(u8, &str)> = help.exits.to_vec();
    if !codes.iter().any(|(code, _)| *code == usage.0) {
        codes.push(usage);
    }
    codes.sort_unstable();
    for (code, what) in codes {
        let _ = writeln!(text, "  {code}  {what}");
    }
    text.trim_end().to_owned().into()
}

/// For whoever asks the program itself.
fn general() -> StyledStr {
    let text = "Begin with:\n  trustwalk diagnose                    # everything in your kubeconfig's cluster\n  \
        trustwalk explain 'AN ERROR TEXT'     # what it means, and what prints it\n  \
        trustwalk demo                        # a story, in a lab on loopback\n\n\
        Exit codes: 0 sound or done, 1 failed, 2 words that make no sense or name what\n\
        does not exist, 3 something is wrong, 4 something could not be determined; of `fix`\n\
        5 a person has to fix it, 6 it is done and STS still refuses.";
    text.to_owned().into()
}

/// What the program says when it is called without a word: what to begin with, on one screen of 24 rows.
pub(crate) const FIRST_LOOK: &str = "\
Find the broken link between a workload and its AWS role, prove it, repair it

Begin with:
  trustwalk diagnose                  # everything in your kubeconfig's cluster
  trustwalk preflight                 # this checkout's files, before a change
  trustwalk explain 'AN ERROR TEXT'   # what it means, and what prints it
  trustwalk demo                      # a story, in a lab on loopback

Something fails:   diagnose, logs, explain, access, collect
Repair:            fix, rollback, receipts
Before a change:   preflight, audit, forecast, trust
Look at one thing: thumbprint, token
A lab to try it:   lab, demo

`trustwalk help` tells what each is for; `trustwalk COMMAND --help` has examples";

/// Refuses a shared option that the command has no use for.
pub(super) fn misplaced(root: &mut Command, matches: &ArgMatches) -> Option<Error> {
    let (name, given) = matches.subcommand()?;
    let help = help_of(name)?;
    let fits = |id: &&&str| help.groups.iter().any(|g| g.options().contains(id));
    let others = Group::ALL.iter().flat_map(|g| g.options()).filter(|id| !fits(id));
    let typed = |id: &&&str| {
        let there = given.ids().any(|i| i.as_str() == **id);
        there && given.value_source(id) == Some(ValueSource::CommandLine)
    };
    let id = others.into_iter().find(typed)?;
    let long = ["--", &id.replace('_', "-")].concat();
    let command = root.find_subcommand_mut(name)?;
    let mut error = Error::new(ErrorKind::UnknownArgument).with_cmd(command);
    error.insert(ContextKind::InvalidArg, ContextValue::String(long));
    error.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::super::grammar;
    use super::{HELP, dress, help_of};

    #[test]
    fn every_command_has_examples_that_parse_and_exit_codes() {
        let root = grammar();
        for command in root.get_subcommands().filter(|c| c.get_name() != "help") {
            assert!(help_of(command.get_name()).is_some(), "{} has no examples", command.get_name());
        }
        for help in HELP {
            for (_, example) in help.examples {
                let words: Vec<&str> = example.split(['|', '<', '>', '&']).map(str::trim).collect();
                let own = words.iter().find(|part| part.starts_with("trustwalk ")).unwrap_or_else(|| &words[0]);
                let words = own.trim_start_matches("source ").split(' ').map(|w| w.trim_matches('\''));
                let parsed = grammar().try_get_matches_from(words);
                let inner = own.starts_with('(') || own.starts_with("source") || *own == "source";
                assert!(inner || parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
        assert!(dress(clap::Command::new("x")).get_after_help().is_some());
    }

    #[test]
    fn help_is_no_wider_than_an_old_terminal() {
        let mut root = grammar();
        root.build();
        let mut commands: Vec<clap::Command> = vec![root];
        while let Some(mut command) = commands.pop() {
            for text in [command.render_help(), command.render_long_help()] {
                for line in text.to_string().lines() {
                    assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
                }
            }
            commands.extend(command.get_subcommands().filter(|c| c.get_name() != "help").cloned());
        }
    }

    #[test]
    fn a_command_shows_what_it_uses_and_refuses_the_rest() {
        let mut root = grammar();
        root.build();
        let shown = |name: &str| root.find_subcommand(name).unwrap().clone().render_help().to_string();
        assert!(!shown("completions").contains("--no-exchange") && !shown("completions").contains("--context"));
        assert!(shown("diagnose").contains("--no-exchange") && shown("diagnose").contains("Cluster:"));
        for words in [
            &["trustwalk", "completions", "bash", "--no-exchange"][..],
            &["trustwalk", "--context", "x", "explain", "TW007"],
        ] {
            let mut root = grammar();
            let matches = root.try_get_matches_from_mut(words).unwrap();
            let error = super::misplaced(&mut root, &matches).unwrap();
            assert!(error.to_string().contains("unexpected argument"), "{error}");
        }
        let mut root = grammar();
        let matches = root.try_get_matches_from_mut(["trustwalk", "--context", "x", "diagnose"]).unwrap();
        assert!(super::misplaced(&mut root, &matches).is_none());
    }
}
