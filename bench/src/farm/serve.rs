//! The farm's HTTP: documents from memory, compressed once, and a few words for who drives it.
//!
//! Feeds are at addresses of their own, `127.a.b.c`; 127.0.0.1 is the control:
//! `POST /advance`, `/renew`, `/one` and `/reset` make the next round, one where all is new, one
//! with a single new entry in the first feed, and the first one again; `GET /counts` tells requests and the truth. Each of them starts the count
//! of requests anew.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::{document, story::Stories, world::World};

/// What a farm has done since it was last told something, and the truth about its world.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Counts {
    pub round: u64,
    /// Distinct entries that were shown so far.
    pub entries: u64,
    /// Pairs of an entry and its copy in another feed.
    pub pairs: u64,
    /// Bytes of all documents as they stand.
    pub document_bytes: u64,
    pub gzip_bytes: u64,
    pub ok: u64,
    pub not_modified: u64,
    /// Any other answer.
    pub other: u64,
}

#[derive(Debug, Clone)]
struct Served {
    gzip: Bytes,
    length: usize,
    etag: HeaderValue,
    modified: HeaderValue,
}

#[derive(Debug)]
pub struct Farm {
    stories: Stories,
    first: (World, Vec<Served>),
    world: Mutex<World>,
    documents: RwLock<Vec<Served>>,
    ok: AtomicU64,
    not_modified: AtomicU64,
    other: AtomicU64,
}

impl Farm {
    pub fn new(world: World) -> Self {
        let stories = Stories::new(world.shape.seed, world.shape.html_bytes);
        let all: Vec<usize> = (0..world.feeds.len()).collect();
        let documents = make(&world, &stories, &all);
        Self {
            stories,
            first: (world.clone(), documents.clone()),
            world: Mutex::new(world),
            documents: RwLock::new(documents),
            ok: AtomicU64::new(0),
            not_modified: AtomicU64::new(0),
            other: AtomicU64::new(0),
        }
    }

    /// Answers until the process ends.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            // The listener is on all addresses, since every one of 127.0.0.0/8 is a host here;
            // the world outside is not meant.
            let Ok(std::net::SocketAddr::V4(local)) = stream.local_addr() else { continue };
            if !local.ip().is_loopback() {
                continue;
            }
            stream.set_nodelay(true)?;
            let farm = Arc::clone(&self);
            tokio::spawn(async move {
                let answer = service_fn(|request| {
                    let answer = farm.answer(&request, *local.ip());
                    async { Ok::<_, Infallible>(answer) }
                });
                // A client that goes away in the middle is its own business.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    }

    fn answer(&self, request: &Request<Incoming>, host: Ipv4Addr) -> Response<Full<Bytes>> {
        if host == Ipv4Addr::LOCALHOST {
            return self.control(request);
        }
        let answer = self.feed(request);
        let count = match answer.status() {
            StatusCode::OK => &self.ok,
            StatusCode::NOT_MODIFIED => &self.not_modified,
            _ => &self.other,
        };
        count.fetch_add(1, Ordering::Relaxed);
        answer
    }

    fn feed(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let number = path.strip_prefix("/feed/").and_then(|name| name.strip_suffix(".xml"));
        let documents = self.documents.read().unwrap_or_else(PoisonError::into_inner);
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let Some(served) = number.and_then(|number| documents.get(number)) else {
            return status(StatusCode::NOT_FOUND);
        };
        let sent = |name| request.headers().get(name);
        // The entity tag goes before the date (RFC 9110 13.2.2).
        let same = match sent(header::IF_NONE_MATCH) {
            Some(tag) => *tag == served.etag,
            None => sent(header::IF_MODIFIED_SINCE).is_some_and(|date| *date == served.modified),
        };
        let mut answer = if same {
            status(StatusCode::NOT_MODIFIED)
        } else if sent(header::ACCEPT_ENCODING).is_some_and(takes_gzip) {
            let mut answer = Response::new(Full::new(served.gzip.clone()));
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            answer
        } else {
            Response::new(Full::new(plain(&served.gzip, served.length)))
        };
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, served.etag.clone());
        headers.insert(header::LAST_MODIFIED, served.modified.clone());
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if !same {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        answer
    }

    fn control(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/counts") => {}
            (&Method::POST, "/reset") => {
                world.clone_from(&self.first.0);
                self.documents().clone_from(&self.first.1);
                self.forget();
            }
            (&Method::POST, path @ ("/advance" | "/renew" | "/one")) => {
                let changed = match path {
                    "/renew" => world.renew(),
                    "/one" => world.add_one(),
                    _ => world.advance(),
                };
                let made = make(&world, &self.stories, &changed);
                let mut documents = self.documents();
                for (number, served) in changed.into_iter().zip(made) {
                    documents[number] = served;
                }
                self.forget();
            }
            _ => return status(StatusCode::NOT_FOUND),
        }
        let json = serde_json::to_vec(&self.counts(&world)).expect("numbers become JSON");
        Response::new(Full::new(json.into()))
    }

    fn documents(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Served>> {
        self.documents.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        for count in [&self.ok, &self.not_modified, &self.other] {
            count.store(0, Ordering::Relaxed);
        }
    }

    fn counts(&self, world: &World) -> Counts {
        let documents = self.documents.read().unwrap_or_else(PoisonError::into_inner);
        Counts {
            round: world.round,
            entries: world.entries,
            pairs: world.copies,
            document_bytes: documents.iter().map(|served| served.length as u64).sum(),
            gzip_bytes: documents.iter().map(|served| served.gzip.len() as u64).sum(),
            ok: self.ok.load(Ordering::Relaxed),
            not_modified: self.not_modified.load(Ordering::Relaxed),
            other: self.other.load(Ordering::Relaxed),
        }
    }
}

/// Writes and compresses the documents of these feeds, on all cores.
fn make(world: &World, stories: &Stories, feeds: &[usize]) -> Vec<Served> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = feeds.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = feeds
            .chunks(share)
            .map(|feeds| {
                scope.spawn(move || feeds.iter().map(|&at| one(world, stories, at)).collect())
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| -> Vec<Served> { worker.join().expect("a worker does not panic") })
            .collect()
    })
}

fn one(world: &World, stories: &Stories, at: usize) -> Served {
    let feed = &world.feeds[at];
    let xml = document::write(feed, stories);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    std::io::Write::write_all(&mut encoder, xml.as_bytes()).expect("memory takes all");
    let gzip = encoder.finish().expect("memory takes all");
    let header = |text: String| HeaderValue::from_str(&text).expect("letters and digits");
    Served {
        etag: header(format!("\"{at:x}-{:x}\"", fnv(xml.as_bytes()))),
        modified: header(document::http_date(feed.changed)),
        length: xml.len(),
        gzip: gzip.into(),
    }
}

/// FNV-1a: enough to tell two versions of a document apart.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn takes_gzip(accepted: &HeaderValue) -> bool {
    accepted.to_str().is_ok_and(|codings| codings.contains("gzip"))
}

/// For the few clients that take no gzip: made for each request, on the farm's account.
fn plain(gzip: &[u8], length: usize) -> Bytes {
    let mut xml = Vec::with_capacity(length);
    std::io::Read::read_to_end(&mut GzDecoder::new(gzip), &mut xml).expect("our own gzip");
    xml.into()
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}
