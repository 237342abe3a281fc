//! Bundles: any bytes are read or refused, and what is read holds only what the list of kept names allows.

use std::sync::LazyLock;

use trustwalk_collect::Bundle;
use trustwalk_core::evidence::{Evidence, PodSpec, Variable};
use trustwalk_forecast::{DAY, Register, Scope, forecast};

use crate::Target;
use crate::canary::planted;

pub(crate) const TARGET: Target = Target {
    name: "bundles",
    check,
    seeds,
    words: &[
        "\"version\":1",
        "\"version\":3",
        "\"version\":9",
        "\"shared\":{",
        "\"identities\":[",
        "\"run\":0",
        "\"state\":\"known\"",
        "\"value\":",
        "password=",
        "\u{2}",
        "null",
        "[]",
        "{}",
        "\"env\":[",
        "\"annotations\":{",
    ],
    iterations: 4_000,
};

fn check(input: &[u8]) {
    static REGISTER: LazyLock<Register> = LazyLock::new(Register::built_in);
    let (canary, bytes) = planted(input);
    let bundle = match Bundle::parse(&bytes) {
        Ok(bundle) => bundle,
        // Of a format that is not read, the tool that wrote it is named.
        Err(error) => return assert!(!error.contains(&canary) || error.contains("written by"), "{error}"),
    };
    let written = bundle.text().unwrap_or_default();
    assert_eq!(Bundle::parse(written.as_bytes()).as_ref(), Ok(&bundle), "read again it says otherwise");
    for e in bundle.evidence() {
        allowed(&e);
        let seen = forecast(&e, Scope::ahead(&REGISTER, e.now));
        let ahead = |at: i64| at > seen.now && at <= e.now.saturating_add(90 * DAY);
        assert!(seen.forthcoming.iter().all(|f| f.when.ahead().is_none_or(ahead)), "{seen:?}");
    }
}

fn allowed(e: &Evidence) {
    let pods = e.pods.known().into_iter().flatten().map(|p| &p.spec);
    let specs: Vec<&PodSpec> = pods.chain(e.workload.known().map(|w| &w.template)).collect();
    for variable in specs.iter().flat_map(|s| &s.containers).flat_map(|c| &c.env) {
        let wanted = Variable::named(variable.name()).is_some_and(Variable::has_value);
        assert!(wanted || variable.value().is_none(), "the value of `{}` is kept", variable.name());
    }
    if let Some(job) = e.job.known() {
        assert!(job.env.values().all(|v| v == "set"), "{:?}", job.env);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let old = concat!(
        r#"{"version":1,"tool":"trustwalk 0.1.0","evidence":[{"target":{"kind":"job","name":"x"},"now":7,"#,
        r#""workload":{"state":"known","source":{"what":"w","at":0},"value":{"annotations":{"note":"a","#,
        r#""eks.amazonaws.com/role-arn":"arn:aws:iam::111122223333:role/x"},"#,
        r#""template":{"labels":{"l":"v"},"containers":[{"command":"x","env":[{"name":"PASS","value":"a"},"#,
        r#"{"name":"AWS_REGION","value":"us-west-2"}]}]}}},"job":{"state":"known","source":{"what":"j","#,
        r#""at":0},"value":{"inputs":{"token":"a","audience":"b"},"env":{"AWS_ACCESS_KEY_ID":"a"}}}}]}"#
    );
    let log = concat!(
        r#"{"version":2,"tool":"t","holds":{},"evidence":[{"target":{"kind":"log","name":"-"},"now":7,"#,
        r#""chains":[{"state":"unreachable","source":{"what":"c","at":0},"error":"password=a"}]}]}"#
    );
    let shared = concat!(
        r#"{"version":3,"tool":"t","holds":{},"shared":{"runs":[{"now":7}],"roles":[{"state":"known","#,
        r#""source":{"what":"r","at":0},"value":{"tags":{"password":"a"}}}]},"#,
        r#""identities":[{"target":{"kind":"log","name":"-"},"run":0,"role":0},{"target":{"kind":"log","#,
        r#""name":"-"},"run":0,"role":0}]}"#
    );
    vec![
        old.into(),
        log.into(),
        shared.into(),
        br#"{"version":2,"tool":"t","evidence":[]}"#.to_vec(),
        br#"{"version":9,"tool":"t"}"#.to_vec(),
    ]
}
