//! What the handlers of all requests share.

use std::sync::{Arc, atomic::AtomicU64};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::issued::Issued;
use crate::{config::ClusterConfig, objects::errors::ApiError, store::Store, writes::pipeline::Pipeline};

/// What every request shares.
pub(crate) struct Shared {
    pub(crate) config: ClusterConfig,
    pub(crate) store: Store,
    pub(crate) pipeline: Pipeline,
    pub(crate) issued: Issued,
    streams: Arc<Semaphore>,
    pub(crate) requests: AtomicU64,
}

/// Watches and followed logs at a time. Each costs a look at every change.
const STREAMS: usize = 512;

impl Shared {
    /// A cluster in which nothing has been asked for.
    pub(crate) fn new(config: ClusterConfig, store: Store, pipeline: Pipeline) -> Self {
        let (issued, streams) = (Issued::default(), Arc::new(Semaphore::new(STREAMS)));
        Self { config, store, pipeline, issued, streams, requests: AtomicU64::new(0) }
    }

    /// A place for a watch or a followed log, for as long as it is kept.
    pub(crate) fn stream(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| ApiError::too_many_requests("too many watches and followed logs, please try again later"))
    }
}
