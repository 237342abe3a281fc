//! Short reports fit a terminal, whatever was found, and whatever whoever asked was allowed to read.

use trustwalk_core::diagnosis::{Outcome, diagnose};
use trustwalk_core::evidence::{Evidence, Observed, Source};
use trustwalk_render::{Detail, Pen, Typed, human, next};
use trustwalk_testkit::scenarios;

/// The smallest terminal that people have.
const COLUMNS: usize = 80;
/// Its rows, without those of the command that was typed and of the prompt.
const ROWS: usize = 22;
/// Of this many reports, one may take more.
const OF: usize = 10;

/// What the account tells to nobody who has no credential for it, as a walk has it then.
fn without_credentials(e: &mut Evidence) {
    fn none<T>(what: &str) -> Observed<T> {
        let source = Source { what: what.to_owned(), at: 0, by_hand: None };
        let error = "no AWS credentials (none in the environment, the profiles or the instance)".to_owned();
        Observed::Unreachable { source, error }
    }
    e.caller = none("sts:GetCallerIdentity");
    e.cluster = none("eks:DescribeCluster harbour");
    e.providers = none("iam:ListOpenIDConnectProviders");
    e.provider = none("iam:GetOpenIDConnectProvider").into();
    e.role = none("iam:GetRole").into();
    e.policies = none("iam:ListAttachedRolePolicies").into();
    e.associations = none("eks:ListPodIdentityAssociations").into();
    e.association_role = none("iam:GetRole").into();
    e.association_target = none("iam:GetRole").into();
    e.trusting = none("iam:ListRoles").into();
    e.trail = none("cloudtrail:LookupEvents").into();
}

/// What is wrong with a report that ends without what one ends with.
fn unfinished(lines: &[&str], outcome: Outcome) -> Option<&'static str> {
    let verdict = match outcome {
        Outcome::Ok => "Ok: ",
        Outcome::Undetermined => "Undetermined: ",
        Outcome::Broken => "Broken: ",
        Outcome::RootCause => "Root cause: ",
    };
    if !lines.iter().any(|l| l.starts_with(verdict)) {
        return Some("no verdict");
    }
    // A command that is longer than a row goes on below.
    let next = lines.iter().rposition(|l| l.starts_with("Next: "));
    let to_the_end = next.is_some_and(|at| lines.iter().skip(at + 1).all(|l| l.starts_with(' ')));
    (outcome != Outcome::Ok && !to_the_end).then_some("no command at its end")
}

#[test]
fn nine_of_ten_reports_fit_24_rows_of_80_columns_with_and_without_the_account() {
    let pen = Pen::new(false).on_screen(COLUMNS);
    for (rights, less) in [("all rights", false), ("no AWS credential", true)] {
        let (mut all, mut tall) = (0, Vec::new());
        for (rule, file, scenario) in scenarios().unwrap() {
            let mut e = scenario.evidence().unwrap();
            if less {
                without_credentials(&mut e);
            }
            let d = diagnose(&e);
            let report = human(&d, &next(&e, &d, &Typed::default()), pen, Detail::Brief);
            let lines: Vec<&str> = report.as_str().lines().collect();
            let place = format!("{rule}/{file} with {rights}");
            assert_eq!(unfinished(&lines, d.outcome), None, "{place}:\n{}", report.as_str());
            // Only what is one word and never cut, as an ARN in a command, goes on at the terminal's edge.
            let columns = |text: &str| text.chars().count();
            let whole = |l: &str| l.split(' ').any(|word| columns(word) > COLUMNS / 2);
            let wide = lines.iter().find(|l| columns(l) > COLUMNS && !whole(l));
            assert!(wide.is_none(), "{place}: {wide:?}");
            all += 1;
            let rows: usize = lines.iter().map(|l| columns(l).div_ceil(COLUMNS).max(1)).sum();
            if rows > ROWS {
                tall.push(format!("{rows} rows: {rule}/{file}"));
            }
        }
        assert!(all > 100, "{all} scenarios");
        assert!(tall.len() * OF <= all, "{} of {all} with {rights}:\n{}", tall.len(), tall.join("\n"));
    }
}
