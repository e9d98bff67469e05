//! daemon

use crate::config::Config;

/// Why the daemon ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Runs until a signal ends it.
pub async fn run(_config: Config) -> Result<(), DaemonError> {
    Ok(())
}
