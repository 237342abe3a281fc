//! Tasks that have to go on for as long as the lab does.

use std::{future::Future, time::Duration};

use tokio::task::JoinSet;

/// Wait before a task that panicked begins anew: what made it panic may still be there, and each panic writes a
/// report.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a task, again whenever it panics, which the panic's own report on standard error tells of. Returns when the
/// task does; dropping this future ends it.
pub async fn keep<F>(mut task: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set, so that the task ends with this future.
        let mut running = JoinSet::new();
        running.spawn(task());
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => tokio::time::sleep(PAUSE).await,
            Some(Ok(()) | Err(_)) | None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_not_the_end() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        keep(move || {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            async move { assert!(run >= 3, "this one is meant") }
        })
        .await;
        assert_eq!(runs.load(Ordering::SeqCst), 4);
    }
}
