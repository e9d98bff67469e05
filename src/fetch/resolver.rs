//! Names to addresses that may be connected to.
//!
//! reqwest connects to exactly what a resolver returns, so that no name can point elsewhere
//! between the judgement and the connection. Literal addresses never get here; the journey
//! judges them before each request.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allow_private: bool,
}

/// Why a name led nowhere.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum NameError {
    #[error("host name does not resolve: {host}")]
    NotResolved { host: String },
    #[error("{host} is at {address}, a private network")]
    Private { host: String, address: String },
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let addresses = allowed(&host, allow_private).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `host` that may be connected to; at least one.
async fn allowed(host: &str, allow_private: bool) -> Result<Vec<SocketAddr>, NameError> {
    let found: Vec<SocketAddr> = match tokio::net::lookup_host((host, 0)).await {
        Ok(found) => found.take(MAX_ADDRESSES).collect(),
        Err(_) => Vec::new(),
    };
    let Some(first) = found.first().copied() else {
        return Err(NameError::NotResolved { host: host.to_owned() });
    };
    let allowed: Vec<SocketAddr> =
        found.into_iter().filter(|address| allow_private || is_public(address.ip())).collect();
    if allowed.is_empty() {
        let address = first.ip().to_string();
        return Err(NameError::Private { host: host.to_owned(), address });
    }
    Ok(allowed)
}

/// More addresses than any host needs; each one may cost a connection attempt.
const MAX_ADDRESSES: usize = 16;
