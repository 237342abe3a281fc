//! `trustwalk preflight`: exit codes, formats, what is set aside, files that are no good, and what a change lets in.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

#[cfg(unix)]
mod carriers;
mod rehearsal;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789";

fn role(subject: &str) -> String {
    format!(
        "Resources:\n  Reader:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: reader\n      \
         AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: \
         Allow\n            \
         Principal: {{Federated: 'arn:aws:iam::111122223333:oidc-provider/{ISSUER}'}}\n            \
         Action: sts:AssumeRoleWithWebIdentity\n            Condition:\n              StringEquals:\n                \
         {ISSUER}:aud: sts.amazonaws.com\n                {ISSUER}:sub: {subject}\n"
    )
}

const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: reader\n  namespace: shop\n  \
    annotations:\n    \
                       eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/reader\n";
const SUBJECT: &str = "system:serviceaccount:shop:reader";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn checkout(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

fn preflight(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    for name in ["GITHUB_REPOSITORY", "GITHUB_STEP_SUMMARY", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.arg("preflight").args(words).current_dir(folder).output().unwrap()
}

fn document(folder: &Path, words: &[&str]) -> (Option<i32>, Value) {
    let out = preflight(folder, &[&["-o", "json"], words].concat());
    (out.status.code(), serde_json::from_slice(&out.stdout).unwrap())
}

#[test]
fn the_format_never_changes_the_exit_code() {
    let sound = checkout(&[("iam/role.yaml", &role(SUBJECT)), ("k8s/sa.yaml", ACCOUNT)]);
    let broken = checkout(&[("iam/role.yaml", &role("system:serviceaccount:prod:reader")), ("k8s/sa.yaml", ACCOUNT)]);
    let open = checkout(&[("k8s/sa.yaml", ACCOUNT)]);
    for (folder, code) in [(&sound, 0), (&broken, 3), (&open, 4)] {
        for format in ["human", "json", "yaml", "sarif", "junit", "github", "gitlab"] {
            let out = preflight(folder.path(), &["-o", format]);
            assert_eq!(out.status.code(), Some(code), "{format}: {}", String::from_utf8_lossy(&out.stderr));
        }
    }
    let said = String::from_utf8(preflight(broken.path(), &[]).stdout).unwrap();
    for words in ["TW017 sub-wrong-namespace", "--> iam/role.yaml:15:", "^^^^", "::: k8s/sa.yaml:4:9", "1 finding"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let out = preflight(broken.path(), &["no-such-file"]);
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(preflight(broken.path(), &["--no-such-option"]).status.code(), Some(2));
    // One half alone, and the other from standard input, make the same.
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwalk"));
    let input = std::fs::File::open(broken.path().join("k8s/sa.yaml")).unwrap();
    command.args(["preflight", "iam", "-", "-o", "json"]).current_dir(broken.path()).stdin(input);
    assert_eq!(command.output().unwrap().status.code(), Some(3));
}

#[test]
fn machines_are_told_the_place_and_what_stays_the_same() {
    let folder = checkout(&[("iam/role.yaml", &role("system:serviceaccount:prod:reader")), ("k8s/sa.yaml", ACCOUNT)]);
    let read = |format: &str| String::from_utf8(preflight(folder.path(), &["-o", format]).stdout).unwrap();
    let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "TW017");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&json!("iam/role.yaml"), &json!(15))
    );
    assert!(result["relatedLocations"].as_array().is_some_and(|all| all.len() == 2), "{result:#}");
    let gitlab: Value = serde_json::from_str(&read("gitlab")).unwrap();
    assert_eq!(gitlab[0]["location"], json!({"path": "iam/role.yaml", "lines": {"begin": 15, "end": 15}}));
    assert_eq!(gitlab[0]["fingerprint"], result["partialFingerprints"]["trustwalk/v1"]);
    let github = read("github");
    assert!(github.starts_with("::error file=iam/role.yaml,line=15,endLine=15,col="), "{github}");
    let junit = read("junit");
    assert!(junit.contains("<testsuite name=\"identities\" tests=\"1\" failures=\"1\""), "{junit}");
    assert!(junit.contains("<testsuite name=\"files\" tests=\"0\"") && junit.contains("type=\"TW017\""), "{junit}");
    // Lines above move it, and it stays the same.
    write(folder.path(), &[("iam/role.yaml", &format!("# moved\n\n{}", role("system:serviceaccount:prod:reader")))]);
    let moved: Value = serde_json::from_str(&read("gitlab")).unwrap();
    assert_eq!(moved[0]["fingerprint"], gitlab[0]["fingerprint"]);
    assert_eq!(moved[0]["location"]["lines"]["begin"], 17);
}

#[test]
fn a_step_whose_tokens_carry_tags_is_no_pass_without_the_action() {
    let step = "steps:\n  - label: deploy\n    command: make\n    plugins:\n      - \
                aws-assume-role-with-web-identity#v1.8.1:\n          role-arn: \
                arn:aws:iam::111122223333:role/deploy\n          session-tags: [organization_slug]\n";
    let role = |more: &str| {
        format!(
            "Resources:\n  Provider:\n    Type: AWS::IAM::OIDCProvider\n    Properties: {{Url: \
             'https://agent.buildkite.com', ClientIdList: [sts.amazonaws.com]}}\n  Role:\n    Type: \
             AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      AssumeRolePolicyDocument:\n        \
             Statement:\n          - Effect: Allow\n            Action: [sts:AssumeRoleWithWebIdentity{more}]\n\
             \x20           Principal: {{Federated: !Ref Provider}}\n            Condition:\n              StringLike: \
             {{'agent.buildkite.com:sub': 'organization:acme:*'}}\n"
        )
    };
    for (more, code) in [("", 4), (", sts:TagSession", 0)] {
        let folder = checkout(&[(".buildkite/pipeline.yml", step), ("role.yaml", &role(more))]);
        let (found, report) = document(folder.path(), &[]);
        assert_eq!(found, Some(code), "{more}: {report:#}");
    }
}

#[test]
fn what_is_set_aside_has_a_reason_and_is_counted() {
    let wrong = "system:serviceaccount:prod:reader";
    let commented = role(&format!("{wrong} # trustwalk: ignore[TW017] moves on Monday"));
    let folder = checkout(&[("iam/role.yaml", &commented), ("k8s/sa.yaml", ACCOUNT)]);
    let (code, report) = document(folder.path(), &[]);
    assert_eq!((code, report["suppressed"][0]["reason"].as_str()), (Some(0), Some("moves on Monday")), "{report:#}");
    let said = String::from_utf8(preflight(folder.path(), &[]).stdout).unwrap();
    assert!(said.contains("1 finding set aside"), "{said}");
    // Without a reason it counts for nothing.
    write(folder.path(), &[("iam/role.yaml", &role(&format!("{wrong} # trustwalk: ignore[TW017]")))]);
    assert_eq!(document(folder.path(), &[]).0, Some(3));
    write(folder.path(), &[("iam/role.yaml", &role(wrong))]);
    let rule = "[[ignore]]\ncode = \"TW017\"\npath = \"iam/*\"\nreason = \"old\"\n";
    write(folder.path(), &[("trustwalk.toml", rule)]);
    assert_eq!(document(folder.path(), &[]).0, Some(0));
    write(folder.path(), &[("trustwalk.toml", &rule.replace("iam/*", "other/*"))]);
    let (code, report) = document(folder.path(), &[]);
    assert_eq!(code, Some(3));
    // What sets nothing aside is told, where the whole checkout was read.
    let told = |report: &Value| report["notes"].to_string();
    assert!(told(&report).contains("sets TW017 in `other/*` aside (old), and there is none"), "{report:#}");
    assert!(!told(&document(folder.path(), &["iam", "k8s"]).1).contains("there is none"));
    write(folder.path(), &[("baseline.txt", &report.to_string())]);
    assert_eq!(document(folder.path(), &["--baseline", "baseline.txt"]).0, Some(0));
    write(folder.path(), &[("iam/role.yaml", &role("system:serviceaccount:shop:reader"))]);
    let (code, report) = document(folder.path(), &["--baseline", "baseline.txt"]);
    assert!(code == Some(0) && told(&report).contains("1 finding is in the baseline"), "{report:#}");
    write(folder.path(), &[("iam/role.yaml", &role(wrong))]);
    write(folder.path(), &[("trustwalk.toml", &rule.replace("\"old\"", "\"\""))]);
    assert_eq!(preflight(folder.path(), &[]).status.code(), Some(1), "a reason is asked for");
    write(folder.path(), &[("trustwalk.toml", "# x\n[[ignore]]\ncode = \"TW017\"\n")]);
    let said = String::from_utf8(preflight(folder.path(), &[]).stderr).unwrap();
    assert!(said.contains("`trustwalk.toml`, line 2: missing field `reason`"), "{said}");
    // A role of another checkout is no gap once somebody says so.
    let toml = "[[elsewhere]]\nrole = \"arn:aws:iam::111122223333:role/*\"\nreason = \"platform\"\n";
    let alone = checkout(&[("k8s/sa.yaml", ACCOUNT), ("trustwalk.toml", toml)]);
    assert_eq!(document(alone.path(), &[]).0, Some(0));
}

#[test]
fn what_a_secret_names_is_asked_for_once_and_told_by_the_settings() {
    let flow = |name: &str| {
        format!(
            "on: {{push: {{branches: [main]}}}}\npermissions: {{id-token: write}}\njobs:\n  {name}:\n    runs-on: x\n\
             \x20   steps:\n      - {{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: '${{{{ \
             secrets.ROLE }}}}', aws-region: x}}}}\n"
        )
    };
    let toml = "[[value]]\nname = \"secrets.ROLE\"\nis = \"arn:aws:iam::111122223333:role/deploy\"\n";
    let role = role("repo:acme/shop:ref:refs/heads/main")
        .replace(ISSUER, "token.actions.githubusercontent.com")
        .replace("RoleName: reader", "RoleName: deploy");
    let folder = checkout(&[(".github/workflows/a.yml", &flow("a")), (".github/workflows/b.yml", &flow("b"))]);
    let (code, report) = document(folder.path(), &["--repository", "acme/shop"]);
    let open = report["undetermined"].as_array().unwrap();
    assert_eq!((code, open.len()), (Some(4), 1), "{report:#}");
    assert!(open[0]["text"].as_str().unwrap().starts_with("2 jobs ask for roles"), "{open:?}");
    write(folder.path(), &[("trustwalk.toml", toml), ("role.yaml", &role)]);
    let (code, report) = document(folder.path(), &["--repository", "acme/shop"]);
    assert_eq!((code, report["identities"][1]["standing"].as_str()), (Some(0), Some("sound")), "{report:#}");
}

#[test]
fn odd_files_of_a_checkout_without_aws_are_no_gap() {
    let odd = "apiVersion: v1\nkind: ServiceAccount\nmetadata: [\n";
    let folder = checkout(&[("odd.yaml", odd), ("README.md", "x")]);
    let (code, report) = document(folder.path(), &[]);
    assert_eq!((code, report["notes"].as_array().map(Vec::len)), (Some(0), Some(1)), "{report:#}");
    write(folder.path(), &[("more.yaml", &format!("{odd}# eks.amazonaws.com/role-arn\n"))]);
    assert_eq!(document(folder.path(), &[]).0, Some(4));
}

#[cfg(unix)]
#[test]
fn files_that_are_no_good_are_a_line_each_and_the_rest_is_read() {
    let folder = checkout(&[
        ("iam/role.yaml", &role(SUBJECT)),
        ("k8s/sa.yaml", ACCOUNT),
        ("broken.yaml", "kind: ServiceAccount\nmetadata: [\n"),
        ("binary.yaml", "kind: ServiceAccount\n\0\0"),
        ("main.tf", "resource \"aws_iam_role\" {"),
        ("node_modules/x/sa.yaml", "kind: ServiceAccount\nmetadata: [\n"),
    ]);
    let huge = std::fs::File::create(folder.path().join("huge.yaml")).unwrap();
    huge.set_len(1 << 30).unwrap();
    let outside = checkout(&[("secret.yaml", "kind: ServiceAccount\ncanary: feather\n")]);
    std::os::unix::fs::symlink(outside.path().join("secret.yaml"), folder.path().join("link.yaml")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("..", folder.path().join("k8s/up")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling.yaml")).unwrap();
    let pipe = Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status().unwrap();
    assert!(pipe.success());
    write(folder.path(), &[("twice.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n  name: b\n")]);
    let (code, report) = document(folder.path(), &[]);
    let unread = report["unread"].as_array().unwrap();
    // The same of two places is one line.
    assert!(unread.iter().any(|n| n["text"].as_str().unwrap().ends_with("(also at link.yaml:1:1)")), "{unread:#?}");
    let mut files: Vec<&str> = unread.iter().map(|n| n["at"]["file"].as_str().unwrap()).collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(
        files,
        ["binary.yaml", "broken.yaml", "dangling.yaml", "folder", "huge.yaml", "main.tf", "pipe.yaml", "twice.yaml"],
        "{unread:#?}"
    );
    assert_eq!((code, report["identities"][0]["standing"].as_str()), (Some(4), Some("sound")));
    assert!(!report.to_string().contains("feather"));
    let machine = folder.path().to_string_lossy().into_owned();
    assert!(!report.to_string().contains(&machine) && !report.to_string().contains("os error"), "{report:#}");
}

#[test]
fn one_more_with_the_same_finding_is_named_and_no_baseline_hides_it() {
    let another = |name: &str| ACCOUNT.replace("name: reader", &format!("name: {name}"));
    let (writer, zealot) = (another("writer"), another("zealot"));
    assert_ne!(writer, ACCOUNT);
    let folder = checkout(&[("iam/role.yaml", &role(SUBJECT)), ("k8s/sa.yaml", ACCOUNT), ("k8s/writer.yaml", &writer)]);
    let (code, report) = document(folder.path(), &[]);
    assert_eq!((code, report["findings"].as_array().map(Vec::len)), (Some(3), Some(1)), "{report:#}");
    write(folder.path(), &[("baseline.txt", &report.to_string())]);
    assert_eq!(document(folder.path(), &["--baseline", "baseline.txt"]).0, Some(0));
    write(folder.path(), &[("k8s/zealot.yaml", &zealot)]);
    let (code, report) = document(folder.path(), &["--baseline", "baseline.txt"]);
    assert_eq!(
        (code, &report["findings"][0]["also"]),
        (Some(3), &json!(["service account shop/zealot"])),
        "{report:#}"
    );
    let xml = String::from_utf8(preflight(folder.path(), &["-o", "junit"]).stdout).unwrap();
    let of = xml.lines().find(|line| line.contains("name=\"service account shop/zealot\"")).unwrap_or_default();
    assert!(of.contains("type=\"TW003\"") && of.contains("as service account shop/writer: "), "{xml}");
}

#[test]
fn a_change_that_lets_somebody_in_is_a_finding() {
    let folder = checkout(&[("iam/role.yaml", &role(SUBJECT)), ("k8s/sa.yaml", ACCOUNT)]);
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]);
        command.args(words).current_dir(folder.path());
        assert!(command.output().unwrap().status.success(), "{words:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    let (code, same) = document(folder.path(), &["--base", "HEAD"]);
    assert_eq!((code, &same["changes"]), (Some(0), &Value::Null));
    let wide = role("'system:serviceaccount:shop:*'").replace("StringEquals", "StringLike");
    write(folder.path(), &[("iam/role.yaml", &wide)]);
    assert_eq!(document(folder.path(), &[]).0, Some(0), "nothing breaks");
    let (code, wider) = document(folder.path(), &["--base", "main"]);
    let gained = wider["changes"][0]["gains"][0].as_str().unwrap_or_default().to_owned();
    assert_eq!(code, Some(3), "{wider:#}");
    assert!(gained.contains("system:serviceaccount:shop:") && !gained.ends_with("shop:reader"), "{gained}");
    // The other way round somebody loses it, which is no finding.
    git(&["commit", "-qam", "wider"]);
    write(folder.path(), &[("iam/role.yaml", &role(SUBJECT))]);
    let (code, narrower) = document(folder.path(), &["--base", "HEAD"]);
    assert_eq!(code, Some(0), "{narrower:#}");
    assert!(narrower["changes"][0]["loses"].as_array().is_some_and(|all| !all.is_empty()), "{narrower:#}");
    // What another branch has made of it since is no part of this one's change.
    git(&["checkout", "-q", "-b", "other"]);
    git(&["commit", "-qam", "narrower"]);
    git(&["checkout", "-q", "main"]);
    let (code, ours) = document(folder.path(), &["--base", "other"]);
    assert_eq!((code, &ours["changes"]), (Some(0), &Value::Null), "{ours:#}");
    git(&["checkout", "-q", "--orphan", "unrelated"]);
    let (code, unrelated) = document(folder.path(), &["--base", "other"]);
    assert_eq!(code, Some(3), "without a common commit the revision itself counts: {unrelated:#}");
    let refused = preflight(folder.path(), &["--base", "no-such-branch"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("`git fetch` it first"), "{said}");
    assert!(!said.lines().any(|line| line.trim_end().ends_with(':')), "{said}");
    assert_eq!(preflight(folder.path(), &["--base=--help"]).status.code(), Some(2));
}

#[test]
fn trust_that_ends_on_a_day_is_told_before_it_is_applied() {
    let line = "\n              DateLessThan:\n                aws:CurrentTime: '2999-12-31T00:00:00Z'\n";
    let ends = [role(SUBJECT).trim_end(), line].concat();
    let folder = checkout(&[("iam/role.yaml", &ends), ("k8s/sa.yaml", ACCOUNT)]);
    let (_, report) = document(folder.path(), &[]);
    let told = report["notes"][0]["text"].as_str().unwrap();
    assert!(told.contains("from 2999-12-31 00:00:00Z on statement 1 of its trust policy admits nobody"), "{told}");
    assert_eq!(report["notes"][0]["at"]["file"], "iam/role.yaml");
    // Until then it is sound, and the day is told to machines too.
    assert_eq!((report["outcome"].as_str(), &report["notes"][0]["when"]), (Some("ok"), &json!(32_503_593_600_i64)));
    // What ended is over: the command knows which day it is.
    write(folder.path(), &[("iam/role.yaml", &ends.replace("2999", "2019"))]);
    let (code, report) = document(folder.path(), &["--rehearse"]);
    assert_eq!((code, report["findings"][0]["code"].as_str()), (Some(3), Some("TW108")), "{report:#}");
    assert_eq!(report["rehearsal"][0]["verdict"], "agree", "{report:#}");
}

#[test]
fn a_secret_that_a_container_takes_whole_is_told() {
    let job = |prefix: &str| {
        format!(
            "{ACCOUNT}---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: report, namespace: shop}}\nspec:\n  \
             schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          \
             serviceAccountName: reader\n          containers:\n            - name: app\n              \
             image: app\n              \
             envFrom: [{{{prefix}secretRef: {{name: vault}}}}]\n"
        )
    };
    let folder = checkout(&[("iam/role.yaml", &role(SUBJECT)), ("k8s/job.yaml", &job(""))]);
    let (code, report) = document(folder.path(), &[]);
    let told = report["notes"].as_array().unwrap().iter().any(|n| n["text"].as_str().unwrap().contains("Secret vault"));
    assert!(code == Some(0) && told, "{report:#}");
    write(folder.path(), &[("k8s/job.yaml", &job("prefix: DB_, "))]);
    assert_eq!(document(folder.path(), &[]).1["notes"], json!([]));
}

/// A Deployment whose manifest speaks of no account.
fn pods(name: &str, namespace: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
         selector: {{matchLabels: {{app: x}}}}\n  template:\n    metadata: {{labels: {{app: x}}}}\n    spec:\n      \
         containers: [{{name: app, image: registry.example/app:1}}]\n"
    )
}

#[test]
fn pods_that_name_no_account_are_read_from_files_of_their_own_where_one_has_a_role() {
    let eksctl = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: prod, region: eu-west-1}\n\
                  iam:\n  withOIDC: true\n  serviceAccounts:\n    - metadata: {name: reader, namespace: shop}\n      \
                  attachRoleARN: arn:aws:iam::111122223333:role/reader\n";
    let terraform = "resource \"kubernetes_service_account\" \"reader\" {\n  metadata {\n    name = \"reader\"\n    \
                     namespace = \"shop\"\n    annotations = { \"eks.amazonaws.com/role-arn\" = \
                     \"arn:aws:iam::111122223333:role/reader\" }\n  }\n}\n";
    for (file, account) in [("k8s/sa.yaml", ACCOUNT), ("cluster.yaml", eksctl), ("main.tf", terraform)] {
        let folder = checkout(&[
            ("iam/role.yaml", &role(SUBJECT)),
            (file, account),
            ("k8s/deployment.yaml", &pods("reader", "shop")),
            ("k8s/elsewhere.yaml", &pods("reader", "stock")),
        ]);
        let (_, said) = document(folder.path(), &[]);
        let found: Vec<_> = said["findings"].as_array().unwrap().iter().map(|f| (&f["code"], &f["at"])).collect();
        assert!(
            matches!(found.as_slice(), [(code, at)] if *code == "TW129" && at["file"] == "k8s/deployment.yaml"),
            "{said}"
        );
    }
    // Templates that are yet to be filled in, and files that no reader takes, are no gap by this.
    let folder = checkout(&[
        ("iam/role.yaml", &role(SUBJECT)),
        ("k8s/sa.yaml", ACCOUNT),
        ("jobs/pods.yaml", "{% for x in y %}\ncontainers: [\n"),
        ("jobs/more.yaml", "containers: {{ many }}\n"),
    ]);
    let (code, said) = document(folder.path(), &[]);
    assert_eq!((code, said["unread"].as_array().map(Vec::len)), (Some(0), Some(0)), "{said}");
}

#[test]
fn a_role_that_is_none_is_mended_where_whoever_writes_the_annotation_has_it() {
    let config = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: prod, region: eu-west-1}\n\
                  iam:\n  withOIDC: true\n  serviceAccounts:\n    - metadata: {name: reader, namespace: shop}\n      \
                  attachRoleARN: arn:aws:iam::1111222233:role/reader\n";
    let folder = checkout(&[("cluster.yaml", config)]);
    let (code, said) = document(folder.path(), &[]);
    let cure = &said["findings"][0]["cures"][0];
    assert_eq!((code, &said["findings"][0]["code"]), (Some(3), &json!("TW012")), "{said}");
    assert_eq!(cure["title"], "give the service account a role's ARN", "{said}");
    // Terraform and a chart may be what writes the annotation as well.
    assert!(cure["by_hand"]["terraform"].is_string() && cure["by_hand"]["helm"].is_string(), "{said}");
}

#[test]
fn a_program_that_is_not_followed_is_no_pass_where_it_speaks_of_identities() {
    let speaks = "new iam.Role(this, 'R', {assumedBy: new iam.WebIdentityPrincipal(arn)})\n";
    let told = |files: &[(&str, &str)]| {
        let (code, report) = document(checkout(files).path(), &[]);
        (code, report["unread"].as_array().map_or(0, Vec::len))
    };
    for (project, source) in [("cdk.json", "lib/stack.ts"), ("Pulumi.yaml", "index.ts")] {
        assert_eq!(told(&[(project, "{}"), (source, speaks)]), (Some(4), 1), "{project}");
        assert_eq!(told(&[(project, "{}"), (source, "new s3.Bucket(this, 'B')\n")]), (Some(0), 0), "{project}");
        let elsewhere = format!("node_modules/x/{source}");
        assert_eq!(told(&[(project, "{}"), (&elsewhere, speaks)]), (Some(0), 0), "{project}");
    }
    let output = "{\"Resources\": {\"B\": {\"Type\": \"AWS::S3::Bucket\"}}}";
    let synthesized = [("cdk.json", "{}"), ("lib/stack.ts", speaks), ("cdk.out/S.template.json", output)];
    assert_eq!(told(&synthesized), (Some(0), 0), "its output was read");
    let module = |source: &str| format!("terraform {{ source = \"{source}\" }}\ninputs = {{ name = \"a\" }}\n");
    assert_eq!(told(&[("live/terragrunt.hcl", &module("../modules/irsa"))]), (Some(4), 1));
    assert_eq!(told(&[("live/terragrunt.hcl", &module("../modules/bucket"))]), (Some(0), 0));
    // A template is Terraform's to fill in, and no manifest.
    let template = "{\"Statement\": ${jsonencode(x)}, \"a\": \"AssumeRoleWithWebIdentity\"}";
    assert_eq!(told(&[("trust.json.tftpl", template)]), (Some(0), 0));
}

#[test]
fn a_mark_of_the_byte_order_is_no_letter() {
    let marked = |text: &str| format!("\u{feff}{text}");
    let terraform = "resource \"aws_iam_role\" \"r\" {\n  name = \"reader\"\n  assume_role_policy = \"{}\"\n}\n";
    let wrong = role("system:serviceaccount:prod:reader");
    let plain = checkout(&[("iam/role.yaml", &wrong), ("k8s/sa.yaml", ACCOUNT), ("a.tf", terraform)]);
    let with = checkout(&[
        ("iam/role.yaml", &marked(&wrong)),
        ("k8s/sa.yaml", &marked(ACCOUNT)),
        ("a.tf", &marked(terraform)),
    ]);
    let (code, report) = document(with.path(), &[]);
    let (expected, unmarked) = document(plain.path(), &[]);
    assert_eq!((code, &report["findings"]), (expected, &unmarked["findings"]));
    assert_eq!(report["unread"], unmarked["unread"]);
    // UTF-16 is not read, and it is said how it can be.
    let wide: Vec<u8> = marked(ACCOUNT).encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(with.path().join("k8s/sa.yaml"), wide).unwrap();
    let (code, report) = document(with.path(), &[]);
    assert_eq!(code, Some(4));
    assert!(report["unread"].to_string().contains("`iconv -f UTF-16 -t UTF-8`"), "{report:#}");
}
