//! Tests of reading GitHub workflows.

use std::collections::BTreeMap;

use trustwalk_core::evidence::Refs;

use super::*;
use crate::{File, JOBS, Role, jobs as read};

/// A checkout in memory.
struct Checkout(BTreeMap<String, String>);

impl Files for Checkout {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|t| t.clone().into_bytes()))
    }
}

fn checkout(files: &[(&str, &str)]) -> Vec<Job> {
    let all = Checkout(files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect());
    let workflows: Vec<File> = files
        .iter()
        .filter(|(p, _)| p.starts_with(".github/workflows/"))
        .map(|(p, t)| File { path: (*p).to_owned(), text: t.as_bytes().to_vec() })
        .collect();
    read(&workflows, &all, Some("acme/shop")).unwrap()
}

const STEP: &str = "uses: aws-actions/configure-aws-credentials@v5, with: {role-to-assume: ";

fn job(more: &str, role: &str) -> String {
    format!("{{runs-on: x, {more}steps: [{{{STEP}{role}}}}}]}}")
}

#[test]
fn each_step_that_shows_a_token_is_looked_at() {
    let with = |steps: &[&str]| {
        let steps: Vec<String> = steps.iter().map(|s| format!("{{{STEP}{s}}}}}")).collect();
        let steps = steps.join(", ");
        let text =
            format!("on: push\npermissions: {{id-token: write}}\njobs: {{go: {{runs-on: x, steps: [{steps}]}}}}\n");
        checkout(&[(".github/workflows/w.yml", &text)])
    };
    let found = with(&["'arn:a'", "'arn:b'", "'arn:a'"]);
    let told: Vec<(&str, &Role)> = found.iter().map(|j| (j.id.as_str(), &j.role)).collect();
    let named = |role: &str| Role::Named(role.to_owned());
    assert_eq!(told, [("go", &named("arn:a")), ("go, step 2 that assumes a role", &named("arn:b"))]);
    // One that goes on with the session before it shows no token, and is told.
    let found = with(&["'arn:a'", "'arn:b', role-chaining: true"]);
    assert_eq!(found.iter().map(|j| &j.role).collect::<Vec<_>>(), [&named("arn:a")]);
    assert!(found[0].beside.iter().any(|b| b.contains("arn:b")), "{:?}", found[0].beside);
}

#[test]
fn filters_that_let_nothing_through_are_no_trigger() {
    let of = |on: &str| {
        let text = format!("on: {on}\npermissions: {{id-token: write}}\njobs: {{go: {}}}\n", job("", "'arn:a'"));
        checkout(&[(".github/workflows/w.yml", &text)]).remove(0).facts.triggers.len()
    };
    assert_eq!(of("push"), 2);
    assert_eq!(of("{push: {branches: ['**'], tags-ignore: ['**']}}"), 1);
    assert_eq!(of("{push: {branches-ignore: ['**'], tags: ['v*']}}"), 1);
    assert_eq!(of("{push: {branches: [main], tags: ['v*', '!**']}}"), 1);
    assert_eq!(of("{push: {branches: [main], tags-ignore: ['v*']}}"), 2);
}

#[test]
fn a_composite_action_of_the_checkout_is_followed_with_its_inputs() {
    let action = "inputs: {role: {default: 'arn:d'}, aud: {}}\nruns:\n  using: composite\n  steps:\n    - run: x\n    \
                  - uses: ./.github/actions/inner\n      with: {role: '${{ inputs.role }}'}\n";
    let inner =
        format!("inputs: {{role: {{}}}}\nruns: {{using: composite, steps: [{{{STEP}'${{{{ inputs.role }}}}'}}}}]}}\n");
    let workflow = "on: push\npermissions: {id-token: write}\njobs:\n  a: {runs-on: x, steps: [{uses: \
                    ./.github/actions/aws}]}\n  b: {runs-on: x, steps: [{uses: ./.github/actions/aws, with: {role: \
                    'arn:b'}}]}\n  c: {runs-on: x, steps: [{uses: ./elsewhere}]}\n";
    let found = checkout(&[
        (".github/workflows/w.yml", workflow),
        (".github/actions/aws/action.yml", action),
        (".github/actions/inner/action.yaml", &inner),
    ]);
    let roles: Vec<&Role> = found.iter().map(|j| &j.role).collect();
    assert_eq!(roles, [&Role::Named("arn:d".to_owned()), &Role::Named("arn:b".to_owned())]);
}

#[test]
fn a_called_workflow_has_its_callers_triggers_inputs_and_permissions_and_no_more() {
    let called = format!(
        "on: {{workflow_call: {{inputs: {{to: {{default: dev}}}}}}}}\njobs:\n  deploy: {}\n",
        job("environment: '${{ inputs.to }}', permissions: {id-token: write}, ", "'arn:${{ inputs.to }}'")
    );
    let top = "on: {push: {tags: ['v*']}}\njobs:\n  one:\n    uses: ./.github/workflows/called.yml\n    with: {to: \
               prod}\n    permissions: {id-token: write}\n  two: {uses: ./.github/workflows/called.yml}\n";
    let found = checkout(&[(".github/workflows/called.yml", &called), (".github/workflows/main.yml", top)]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].called_by.as_deref(), Some("main.yml, job one"));
    assert_eq!(found[0].role, Role::Named("arn:prod".to_owned()));
    assert_eq!(found[0].facts.environment.as_deref(), Some("prod"));
    assert_eq!(found[0].facts.caller_permissions.as_ref().unwrap()["id-token"], "write");
    assert!(matches!(&found[0].facts.triggers[0].refs, Refs::Tags { only, .. } if only == &["v*"]));
    // Its own permissions raise nothing that its caller did not grant.
    assert_eq!(found[1].role, Role::Named("arn:dev".to_owned()));
    assert_eq!(found[1].facts.permissions.as_ref().unwrap()["id-token"], "write");
    assert!(found[1].facts.caller_permissions.as_ref().unwrap().is_empty());
    // What is granted where nobody says a word is a setting of the repository.
    assert!(!found[0].facts.caller_silent && found[1].facts.caller_silent);
}

#[test]
fn what_is_cut_is_told() {
    let jobs: Vec<String> = (0..=JOBS).map(|i| format!("  j{i}: {}\n", job("", "'arn:a'"))).collect();
    let text = format!("on: push\npermissions: {{id-token: write}}\njobs:\n{}", jobs.concat());
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.as_bytes().to_vec() };
    let files = [file(".github/workflows/a.yml", &text), file(".github/workflows/b.yml", &text)];
    let (found, unread) = crate::readable_jobs(&files, &crate::Nothing, None);
    assert_eq!((found.len(), unread.len(), unread[0].path.as_str()), (JOBS, 1, ".github/workflows/a.yml"));
}

#[test]
fn the_checkout_itself_may_be_an_action() {
    let workflow = "on: push\npermissions: {id-token: write}\njobs:\n  a: {runs-on: x, steps: [{uses: ./, with: {role: \
                    'arn:a'}}]}\n";
    let action = format!(
        "inputs: {{role: {{}}}}\nruns:\n  using: composite\n  steps:\n    - {STEP}'${{{{ inputs.role }}}}'}}\n"
    )
    .replace(", with:", "\n      with:");
    let found = checkout(&[(".github/workflows/a.yml", workflow), ("action.yml", &action)]);
    assert_eq!(found[0].role, Role::Named("arn:a".to_owned()), "{action}");
    assert!(found[0].facts.unread.is_empty());
}

#[test]
fn a_permission_taken_away_on_the_way_does_not_come_back() {
    let deep = format!("on: workflow_call\njobs:\n  deploy: {}\n", job("permissions: {id-token: write}, ", "arn:x"));
    let middle =
        "on: workflow_call\njobs:\n  m: {uses: ./.github/workflows/deep.yml, permissions: {id-token: write}}\n";
    let top = "on: push\npermissions: {contents: read}\njobs:\n  t: {uses: ./.github/workflows/middle.yml}\n";
    let found = checkout(&[
        (".github/workflows/deep.yml", &deep),
        (".github/workflows/middle.yml", middle),
        (".github/workflows/top.yml", top),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].called_by.as_deref(), Some("top.yml, job t, middle.yml, job m"));
    assert_eq!(found[0].facts.caller_permissions.as_ref().unwrap().get("id-token"), None);
}

#[test]
fn what_is_not_here_is_said_and_circles_end() {
    let top = "on: push\npermissions: {id-token: write}\njobs:\n  far: {uses: acme/ci/.github/workflows/x.yml@v1}\n  \
                  self: {uses: acme/shop/.github/workflows/w.yml@main}\n";
    let found = checkout(&[(".github/workflows/w.yml", top)]);
    assert!(matches!(&found[0].role, Role::Elsewhere(why) if why.contains("another repository, at v1")));
    assert!(found.iter().any(|j| j.facts.unread.iter().any(|u| u.contains("calls itself"))), "{found:?}");
    let circle = "on: push\njobs: {a: {runs-on: x, steps: [{uses: ./a}]}}\n";
    let action = "runs: {using: composite, steps: [{uses: ./a}, {uses: ./a}]}\n";
    let found = checkout(&[(".github/workflows/w.yml", circle), ("a/action.yml", action)]);
    assert!(found[0].facts.unread.iter().any(|u| u.contains("levels deep")), "{found:?}");
}

#[test]
fn a_matrix_is_taken_apart_where_it_names_roles() {
    let workflow = format!(
        "on: push\njobs:\n  a: {}\n  b: {}\n",
        job("strategy: {matrix: {to: [dev, prod], os: [a, b]}}, ", "'arn:${{ matrix.to }}'"),
        job(
            "strategy: {matrix: {include: [{name: x, role: 'arn:1'}, {name: y, role: 'arn:2'}]}}, ",
            "'${{ matrix.role }}'"
        ),
    );
    let found = checkout(&[(".github/workflows/w.yml", &workflow)]);
    let roles: Vec<String> = found.iter().map(|j| format!("{} {:?}", j.id, j.role)).collect();
    let named = |id: &str, role: &str| format!("{id} {:?}", Role::Named(role.to_owned()));
    assert_eq!(roles, [named("a", "arn:dev"), named("a", "arn:prod"), named("b", "arn:1"), named("b", "arn:2")]);
}

#[test]
fn conditions_of_jobs_and_steps_choose_triggers() {
    let conditional = format!("{{runs-on: x, steps: [{{if: \"github.event_name == 'push'\", {STEP}arn:s}}}}]}}");
    let workflow = format!(
        "on: [push, pull_request]\njobs:\n  a: {}\n  b: {conditional}\n  c: {}\n",
        job("if: \"github.ref == 'refs/heads/main'\", ", "arn:j"),
        job("if: false, ", "arn:never"),
    );
    let found = checkout(&[(".github/workflows/w.yml", &workflow)]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].facts.git_ref, "refs/heads/main");
    assert!(found[1].facts.triggers.iter().all(|t| t.event == "push"), "{:?}", found[1].facts.triggers);
}

#[test]
fn a_step_with_keys_of_its_own_shows_no_token() {
    let one = |with: &str| format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{{with}}}}}");
    let keys = one("aws-access-key-id: x, role-to-assume: 'arn:k'");
    let chained = one("role-chaining: true, role-to-assume: 'arn:c'");
    let oidc = one("role-to-assume: 'arn:o'");
    let role = |steps: &[&String]| {
        let steps = steps.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
        let workflow = format!("on: push\njobs: {{a: {{runs-on: x, steps: [{steps}]}}}}\n");
        checkout(&[(".github/workflows/w.yml", &workflow)]).remove(0).role
    };
    assert_eq!(role(&[&keys]), Role::None);
    assert_eq!(role(&[&keys, &chained, &oidc]), Role::Named("arn:o".to_owned()));
    assert_eq!(role(&[&keys, &chained]), Role::Named("arn:c".to_owned()));
}

#[test]
fn a_script_may_exchange_the_token_itself() {
    let run = "curl \\\"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com\\\" > t; \
               aws sts assume-role-with-web-identity --role-arn arn:r --web-identity-token file://t";
    let workflow = format!("on: push\njobs: {{a: {{runs-on: x, steps: [{{run: \"{run}\"}}]}}}}\n");
    let found = checkout(&[(".github/workflows/w.yml", &workflow)]);
    assert_eq!(found[0].role, Role::Named("arn:r".to_owned()));
    assert_eq!(found[0].facts.inputs["audience"], "sts.amazonaws.com");
}

#[test]
fn actions_of_others_name_a_role_by_inputs_of_their_own() {
    let session = "arn:aws:sts::111122223333:assumed-role/app/run";
    let step = format!("{{uses: acme/deploy@v1, with: {{aws-role-to-assume: '{session}', role: admin}}}}");
    let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{step}]\n");
    let found = checkout(&[(".github/workflows/w.yml", &text)]);
    assert_eq!(found[0].role, Role::Named(session.to_owned()));
}
