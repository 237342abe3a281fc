//! Workflows: any bytes are read or refused, and neither errors nor facts repeat what nobody asks for.

use trustwalk_collect::workflow_jobs;

use crate::Target;
use crate::canary::planted;

pub(crate) const TARGET: Target = Target {
    name: "workflows",
    check,
    seeds,
    words: &[
        "\n",
        "\n  ",
        ": ",
        "- ",
        "[",
        "{",
        "\u{2}",
        "&a ",
        "*a",
        "!!binary ",
        "<<: ",
        "permissions: write-all",
        "uses: aws-actions/configure-aws-credentials@v4",
        "role-to-assume: ",
        "${{ env.A }}",
        "# .gitlab-ci.yml\n",
        "# .circleci/config.yml\n",
        "# .buildkite/pipeline.yml\n",
        "# bitbucket-pipelines.yml\n",
        "# main.tf\n",
        "extends: ",
        "!reference [a, script]",
        "id_tokens: {A: {aud: a}}",
        "oidc: true",
        "aws sts assume-role-with-web-identity --role-arn ",
        "buildkite-agent oidc request-token --audience ",
        "matrix: {include: [",
        "if: github.ref == 'refs/heads/main'",
    ],
    iterations: 4_000,
};

fn check(input: &[u8]) {
    let (canary, bytes) = planted(input);
    match workflow_jobs(&bytes) {
        Err(error) => assert!(!error.contains(&canary), "{error}"),
        Ok(jobs) => {
            for job in jobs {
                assert!(job.env.values().all(|v| v == "set"), "{:?}", job.env);
                assert!(job.inputs.len() <= 7, "{:?}", job.inputs);
                let permissions = [&job.permissions, &job.caller_permissions].into_iter().flatten();
                assert!(permissions.flat_map(|p| p.values()).all(|v| matches!(v.as_str(), "read" | "write" | "none")));
            }
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let step = "steps:\n      - run: echo \u{2}\n      - uses: aws-actions/configure-aws-credentials@v4\n        \
        with: {role-to-assume: '${{ env.A }}', role-external-id: \u{2}, audience: a}\n";
    let texts = [
        format!("on: push\nenv: {{A: arn, B: \u{2}}}\npermissions: write-all\njobs:\n  go:\n    {step}"),
        format!("on: {{push: {{branches: [main]}}}}\njobs:\n  go:\n    permissions: {{id-token: write}}\n    {step}"),
        "deploy:\n  id_tokens: {AWS: {aud: a}}\n  script: [\u{2}]\n".to_owned(),
        "a: &a [x, x]\nb: [*a, *a]\n".to_owned(),
        "jobs: [\n  \u{2}: {".to_owned(),
        "# .gitlab-ci.yml\n.a: {script: [\u{2}]}\ndeploy: {extends: .a, rules: [{if: $CI_COMMIT_TAG}]}\n".to_owned(),
        "# .circleci/config.yml\nversion: 2.1\njobs: {a: {steps: [{run: \u{2}}]}}\n".to_owned(),
        "# bitbucket-pipelines.yml\npipelines: {default: [{step: {oidc: true, script: [\u{2}]}}]}\n".to_owned(),
        "# .buildkite/pipeline.yml\nsteps: [{command: \u{2}, branches: main}]\n".to_owned(),
        "# main.tf\nTFC_AWS_PROVIDER_AUTH = true\nX = \"\u{2}\"\n".to_owned(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}
