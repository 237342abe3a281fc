//! Failures in the logs of a workload's pods: container logs, the logs of the run before, and
//! the CNI's own file on the node, which its container mounts.

use trustwalk_core::evidence::{LogFailure, Observed, Pod, Source};
use trustwalk_foreign::shell;
use trustwalk_logs::Scanner;

use super::client::KubeApi;
use crate::limits::{LOG_BYTES, LOG_PODS};
use crate::percent::segment;

/// Where the VPC CNI writes, as its container sees it (amazon-vpc-cni-k8s, `AWS_VPC_K8S_CNI_LOG_FILE`).
const IPAMD_LOG: &str = "/host/var/log/aws-routed-eni/ipamd.log";
/// The mount below which that file lies.
const IPAMD_MOUNT: &str = "/host/var/log/aws-routed-eni";

/// Failures in the logs of the pods that are worst off.
pub async fn read_logs(api: &KubeApi, namespace: &str, pods: &[Pod]) -> Observed<Vec<LogFailure>> {
    let mut chosen: Vec<&Pod> = pods.iter().collect();
    chosen.sort_by_key(|p| (p.ready, std::cmp::Reverse(p.restarts), p.name.clone()));
    chosen.truncate(LOG_PODS);
    let source = Source {
        what: format!("logs of pods in {namespace}"),
        at: api.now(),
        by_hand: chosen
            .first()
            .and_then(|p| shell::try_line("kubectl logs -n {} {} --all-containers", &[namespace, &p.name]).ok()),
    };
    let reads = chosen.iter().flat_map(|pod| {
        pod.spec.containers.iter().map(move |container| async move {
            let mut found = Vec::new();
            let mut gap = None;
            for previous in [false, true] {
                if previous && pod.restarts == 0 {
                    continue;
                }
                let log = container_log(api, namespace, &pod.name, &container.name, previous).await;
                if let Some(text) = log.known() {
                    found.extend(failures(text.as_bytes(), &format!("pod {} container {}", pod.name, container.name)));
                } else if !previous {
                    // The run before may have left nothing: that is no gap.
                    gap = gap.or_else(|| log.gap());
                }
            }
            if container.mounts.values().any(|m| m == IPAMD_MOUNT) {
                let tail = api.tail_file(namespace, &pod.name, &container.name, IPAMD_LOG).await;
                match tail.known() {
                    Some(text) => found.extend(failures(text, &format!("pod {} {IPAMD_LOG}", pod.name))),
                    None => gap = gap.or_else(|| tail.gap()),
                }
            }
            (found, gap)
        })
    });
    let results = futures_util::future::join_all(reads).await;
    let gaps: Vec<String> = results.iter().filter_map(|(_, g)| g.clone()).collect();
    let all_failed = !results.is_empty() && gaps.len() == results.len();
    let found = merge(results.into_iter().flat_map(|(f, _)| f));
    match gaps.into_iter().next() {
        Some(error) if all_failed && found.is_empty() => Observed::Unreachable { source, error },
        _ => Observed::Known { value: found, source },
    }
}

async fn container_log(api: &KubeApi, namespace: &str, pod: &str, container: &str, previous: bool) -> Observed<String> {
    let (ns, of, within) = (segment(namespace), segment(pod), crate::percent::encode(container));
    let path = format!(
        "/api/v1/namespaces/{ns}/pods/{of}/log?container={within}&previous={previous}&tailLines=2000&limitBytes={LOG_BYTES}"
    );
    let template = ["kubectl logs -n {} {} -c {}", if previous { " --previous" } else { "" }].concat();
    api.text(
        &path,
        &format!("log of pod {namespace}/{pod} container {container}"),
        "get pods/log",
        &shell::line(&template, &[namespace, pod, container]),
    )
    .await
}

/// The web-identity failures in one log.
pub(crate) fn failures(bytes: &[u8], origin: &str) -> Vec<LogFailure> {
    let mut scanner = Scanner::new();
    scanner.feed(bytes);
    crate::log_files::from_summary(scanner.finish(), origin)
}

/// One entry per meaning: pods of one workload fail alike, and six copies of a line prove no more than one.
fn merge(found: impl Iterator<Item = LogFailure>) -> Vec<LogFailure> {
    let mut out: Vec<LogFailure> = Vec::new();
    for f in found {
        match out
            .iter_mut()
            .find(|o| o.failure.symptom == f.failure.symptom && o.failure.role_arn == f.failure.role_arn)
        {
            Some(same) => {
                same.count += f.count;
                if f.first < same.first && f.first.is_some() {
                    same.first = f.first;
                }
                if f.last > same.last {
                    same.last = f.last;
                }
            }
            None => out.push(f),
        }
    }
    out
}
