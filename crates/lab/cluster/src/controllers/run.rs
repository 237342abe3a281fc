//! The loop that wakes the controllers.

use tokio::task::JoinSet;

use super::gc;
use crate::{pipeline::Pipeline, store::Store};

/// Starts all controllers; they end when the returned set is dropped.
pub(crate) fn start(store: &Store, _pipeline: &Pipeline) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let collector = store.clone();
    tasks.spawn(async move {
        let mut watch = collector.watch();
        while let Some(event) = watch.next().await {
            gc::collect(&collector, &event);
        }
    });
    tasks
}
