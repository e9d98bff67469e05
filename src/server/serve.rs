//! Connections: taken in, bounded in number and time, and ended gracefully.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// Answers connections until `stop`, then lets those that are being answered end.
///
/// hyper itself is driven here, and not `axum::serve`: that sets no timer, so that a
/// client which sends half a header would hold its connection for ever.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    metrics: Metrics,
    stop: CancellationToken,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_LIMIT_BYTES)
        .half_close(false);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => Event::Stop,
            place = Arc::clone(&room).acquire_owned() => Event::Room(place.ok()),
        };
        let Event::Room(Some(place)) = event else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // The client left already, or we are out of descriptors: both pass.
                tracing::debug!("no connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = http.serve_connection(
            TokioIo::new(prepared(stream)),
            TowerToHyperService::new(router.clone()),
        );
        let connection = graceful.watch(connection);
        metrics.connections(connections.len() + 1);
        connections.spawn(async move {
            let _place = place;
            // What goes wrong on a connection is the client's affair.
            let _ = tokio::time::timeout(CONNECTION_LIFE, connection).await;
        });
    }
    drop(listener);
    let ended = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    if ended.is_err() {
        tracing::info!("{} connections did not end in time", connections.len());
    }
    connections.shutdown().await;
    Ok(())
}

enum Event {
    Stop,
    Room(Option<tokio::sync::OwnedSemaphorePermit>),
}

fn prepared(stream: TcpStream) -> TcpStream {
    // Answers are written whole; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    stream
}

/// For the whole header of a request, and for a connection that asks nothing.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// More than any honest client sends; axum's own limits are below.
const HEADER_LIMIT_BYTES: usize = 64 * 1024;

/// Open connections; each costs a few kilobytes and a descriptor, of which 1,024 is a
/// usual limit. Behind a proxy a dozen is many.
const MAX_CONNECTIONS: usize = 512;

/// However slowly a client reads, and however much it asks on one connection.
const CONNECTION_LIFE: Duration = Duration::from_secs(300);

/// For answers that are on their way when we are told to stop.
const GRACE: Duration = Duration::from_secs(4);

/// After an accept that failed, so that a lack of descriptors is no busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
