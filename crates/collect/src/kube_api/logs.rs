//! Failures in the logs of a workload's pods: container logs, the logs of the run before, and
//! the CNI's own file on the node, which its container mounts.

use trustwalk_core::evidence::{LogFailure, LogUnclear, LogsRead, Observed, Pod, Source};
use trustwalk_core::observation::Place;
use trustwalk_foreign::shell;
use trustwalk_logs::{Scanner, Summary};

use super::client::KubeApi;
use crate::limits::{LOG_LINES, LOG_PODS, LOG_STAMPED_BYTES};
use crate::percent::segment;

/// Where the VPC CNI writes, as its container sees it (amazon-vpc-cni-k8s, `AWS_VPC_K8S_CNI_LOG_FILE`).
const IPAMD_LOG: &str = "/host/var/log/aws-routed-eni/ipamd.log";
/// The mount below which that file lies.
const IPAMD_MOUNT: &str = "/host/var/log/aws-routed-eni";

/// Failures in the logs of the pods that are worst off.
/// `since` leaves out what is older than so many seconds.
pub async fn read_logs(api: &KubeApi, namespace: &str, pods: &[Pod], since: Option<i64>) -> Observed<LogsRead> {
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
            let mut found = LogsRead::default();
            let place = Place { pod: pod.name.clone(), container: container.name.clone() };
            let (mut gap, mut cut, mut file) = (None, None, None);
            // One run after the other, so that what failed in the first and works in the second is over. The present
            // one is read first: what is started anew in between is the one before then, and not lost.
            let mut runs: Option<Summary> = None;
            for previous in [false, true] {
                if previous && pod.restarts == 0 {
                    continue;
                }
                match container_log(api, (namespace, &pod.name, &container.name), previous, since).await {
                    Observed::Known { value: (mut said, part), .. } => {
                        cut =
                            cut.or_else(|| part.map(|why| format!("{} container {}: {why}", pod.name, container.name)));
                        if let Some(now) = runs.take() {
                            said.follow(now);
                        }
                        runs = Some(said);
                    }
                    // The run before may have left nothing: that is no gap.
                    unread @ (Observed::Absent { .. }
                    | Observed::Denied { .. }
                    | Observed::Unreachable { .. }
                    | Observed::Spared { .. }
                    | Observed::NotCollected { .. }) => gap = gap.or_else(|| unread.gap().filter(|_| !previous)),
                }
            }
            if let Some(said) = runs {
                let origin = format!("pod {} container {}", pod.name, container.name);
                found.join(crate::log_files::from_summary(said, &origin).written_by(&place));
            }
            if container.mounts.values().any(|m| m == IPAMD_MOUNT) {
                let tail = api.tail_file(namespace, &pod.name, &container.name, IPAMD_LOG).await;
                match tail.known() {
                    Some(text) => {
                        let said = failures(text, &format!("pod {} {IPAMD_LOG}", pod.name));
                        found.join(said.written_by(&place));
                    }
                    // Of a pod that is well nothing is asked that its own log does not tell.
                    None => file = Some(tail.map(drop)).filter(|_| !pod.ready),
                }
            }
            Read { found, gap, cut, file }
        })
    });
    let results = futures_util::future::join_all(reads).await;
    let read = Read::together(results, source);
    match since {
        Some(seconds) => read.map(|all| crate::log_files::newer(all, api.now().saturating_sub(seconds))),
        None => read,
    }
}

/// What came of one container's logs.
struct Read {
    found: LogsRead,
    gap: Option<String>,
    /// Which was not read to its end, and why.
    cut: Option<String>,
    /// A file of its own that could not be read.
    file: Option<Observed<()>>,
}

impl Read {
    fn together(all: Vec<Self>, mut source: Source) -> Observed<LogsRead> {
        let gaps: Vec<String> = all.iter().filter_map(|r| r.gap.clone()).collect();
        let cut = all.iter().find_map(|r| r.cut.clone());
        let file = all.iter().find_map(|r| r.file.clone());
        let all_failed = !all.is_empty() && gaps.len() == all.len();
        let mut found = LogsRead::default();
        for one in all {
            found.join(one.found);
        }
        found.failures = merge(found.failures.into_iter());
        found.besides.unclear = alike(found.besides.unclear);
        if found.failures.is_empty() && found.besides.unclear.is_empty() && found.besides.mentioned.is_empty() {
            // Nothing in a part says nothing of the rest.
            let open =
                gaps.into_iter().next().filter(|_| all_failed).or(cut.map(|why| format!("a log was cut: {why}")));
            if let Some(error) = open {
                return Observed::Unreachable { source, error };
            }
            // What the container writes there it writes nowhere else.
            if let Some(unread) = file {
                return unread.map(|()| LogsRead::default());
            }
        } else {
            if let Some(why) = cut {
                source.what = format!("{} (cut: {why})", source.what);
            }
            found.besides.unread = file.and_then(|unread| unread.gap());
        }
        Observed::Known { value: found, source }
    }
}

/// What one container's log says, which is scanned as it comes, and why it was cut, if it was.
async fn container_log(
    api: &KubeApi,
    (namespace, pod, container): (&str, &str, &str),
    previous: bool,
    since: Option<i64>,
) -> Observed<(Summary, Option<String>)> {
    let (ns, of, within) = (segment(namespace), segment(pod), crate::percent::encode(container));
    let since = since.map(|seconds| format!("&sinceSeconds={}", seconds.max(1))).unwrap_or_default();
    // One byte more than is read tells that there was more. With times: lines without one would else be taken for
    // what a pod wrote after a change.
    let limit = LOG_STAMPED_BYTES + 1;
    let query = format!(
        "container={within}&previous={previous}&timestamps=true&tailLines={LOG_LINES}&limitBytes={limit}{since}"
    );
    let path = format!("/api/v1/namespaces/{ns}/pods/{of}/log?{query}");
    let template = ["kubectl logs -n {} {} -c {}", if previous { " --previous" } else { "" }].concat();
    let source = Source {
        what: format!("log of pod {namespace}/{pod} container {container}"),
        at: api.now(),
        by_hand: shell::try_line(&template, &[namespace, pod, container]).ok(),
    };
    let mut scanner = Scanner::new();
    let read = api.log(&path, source, "get pods/log", &mut |bytes| scanner.feed_stamped(bytes)).await;
    read.map(|cut| (scanner.finish(), cut))
}

/// The web-identity failures in one log.
pub(crate) fn failures(bytes: &[u8], origin: &str) -> LogsRead {
    let mut scanner = Scanner::new();
    scanner.feed(bytes);
    crate::log_files::from_summary(scanner.finish(), origin)
}

/// One entry per meaning and container: pods of one workload fail alike, and six copies of a line prove no more than
/// one. What two containers of a pod say is not alike: each has an environment of its own.
fn merge(found: impl Iterator<Item = LogFailure>) -> Vec<LogFailure> {
    let mut out: Vec<LogFailure> = Vec::new();
    for f in found {
        match out.iter_mut().find(|o| {
            o.failure.symptom == f.failure.symptom
                && o.failure.role_arn == f.failure.role_arn
                && o.witness == f.witness
                && container(o) == container(&f)
        }) {
            Some(same) => {
                same.count += f.count;
                for place in f.places {
                    if !same.places.contains(&place) {
                        same.places.push(place);
                    }
                }
                // It is over only where every log shows that.
                let both = same.neighbours.recovered.take().zip(f.neighbours.recovered);
                same.neighbours.recovered = both.map(|(a, b)| a.max(b));
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

/// The name of the container that wrote it.
fn container(failure: &LogFailure) -> Option<&str> {
    failure.places.first().map(|p| p.container.as_str())
}

/// Pods of one workload say alike what nobody understands, too.
fn alike(found: Vec<LogUnclear>) -> Vec<LogUnclear> {
    let mut out: Vec<LogUnclear> = Vec::new();
    for u in found {
        match out.iter_mut().find(|o| o.sample == u.sample) {
            Some(same) => {
                same.count += u.count;
                same.last = same.last.take().max(u.last);
            }
            None => out.push(u),
        }
    }
    out
}
