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
    let step = "steps:\n      - run: echo \u{2}\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: '${{ env.A }}', role-external-id: \u{2}, audience: a}\n";
    let texts = [
        format!("on: push\nenv: {{A: arn, B: \u{2}}}\npermissions: write-all\njobs:\n  go:\n    {step}"),
        format!("on: {{push: {{branches: [main]}}}}\njobs:\n  go:\n    permissions: {{id-token: write}}\n    {step}"),
        "deploy:\n  id_tokens: {AWS: {aud: a}}\n  script: [\u{2}]\n".to_owned(),
        "a: &a [x, x]\nb: [*a, *a]\n".to_owned(),
        "jobs: [\n  \u{2}: {".to_owned(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}
