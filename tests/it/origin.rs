//! A scripted origin on loopback: answers with the bytes it was told to, and remembers
//! exactly what it was asked.
//!
//! It lives on a thread of its own, so that a test may be sync or async, with its clock
//! paused or not. Everything on the wire is in the script's hands: the head verbatim, the
//! body whole, chunked, dripping, cut or lying about its length.

// A kit: not every test needs every tool.
#![allow(dead_code)]

use std::{
    collections::{HashMap, VecDeque},
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, mpsc},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// A running origin; ends when dropped.
#[derive(Debug)]
pub struct Origin {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// The request target, query included.
    pub target: String,
    /// The whole head, byte for byte, up to the empty line.
    pub head: Vec<u8>,
    /// Names in lower case, values byte for byte.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// When its head was complete.
    pub at: Instant,
    /// Which connection it came on, from 1.
    pub connection: usize,
    /// Requests in flight when it came, itself included.
    pub in_flight: usize,
}

/// What to answer with.
#[derive(Debug, Clone)]
pub struct Answer {
    head: Vec<(String, Vec<u8>)>,
    status: String,
    body: Vec<u8>,
    before: Duration,
    way: Way,
    close: bool,
}

/// How a body travels.
#[derive(Debug, Clone)]
enum Way {
    /// With its true length.
    Whole,
    /// With another length than its own.
    Claiming(usize),
    /// Without a length: the connection's end is its end.
    UntilClose,
    /// In chunks of so many bytes; the last one may be missing.
    Chunked { size: usize, ends: bool },
    /// So many bytes at a time, with a pause between.
    Drips { size: usize, every: Duration },
    /// Chunks without end.
    Endless { chunk: Vec<u8>, every: Duration },
    /// These bytes are all that is sent, head included.
    Raw(Vec<u8>),
    /// So many bytes, and word that they are sent; the rest never comes.
    Held { bytes: usize, told: mpsc::Sender<()> },
    /// Nothing, ever.
    Silence,
    /// The connection is reset instead of an answer.
    Reset,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<Vec<Asked>>,
    news: Condvar,
    scripts: Mutex<HashMap<String, Script>>,
    connections: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    opened: usize,
    open: usize,
    most_open: usize,
    in_flight: usize,
}

type Answering = dyn Fn(&Asked) -> Answer + Send + Sync;

enum Script {
    /// One after the other; the last is repeated.
    InTurn(VecDeque<Answer>),
    By(Arc<Answering>),
}

impl std::fmt::Debug for Script {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InTurn(answers) => formatter.debug_tuple("InTurn").field(answers).finish(),
            Self::By(_) => formatter.write_str("By(..)"),
        }
    }
}

impl Origin {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// At another loopback address, to be another host: `127.0.0.2:0`.
    pub fn start_at(address: &str) -> Self {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, theirs) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop) }
    }

    /// `path` at this origin.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The path always answers so.
    pub fn on(&self, path: &str, answer: Answer) -> &Self {
        self.in_turn(path, [answer])
    }

    /// The path answers so in turn; the last answer is repeated.
    pub fn in_turn(&self, path: &str, answers: impl IntoIterator<Item = Answer>) -> &Self {
        let script = Script::InTurn(answers.into_iter().collect());
        self.shared.scripts.lock().unwrap().insert(path.to_owned(), script);
        self
    }

    /// The path answers by what is asked.
    pub fn by(
        &self,
        path: &str,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> &Self {
        let script = Script::By(Arc::new(answer));
        self.shared.scripts.lock().unwrap().insert(path.to_owned(), script);
        self
    }

    /// Every request so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Forgets what it was asked: it would fill the memory over hours.
    pub fn forget(&self) {
        self.shared.asked.lock().unwrap().clear();
    }

    /// Those for one target.
    pub fn asked_for(&self, target: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.target == target).collect()
    }

    /// Waits until so many requests have come.
    pub fn wait_for(&self, requests: usize, patience: Duration) -> Vec<Asked> {
        let deadline = Instant::now() + patience;
        let mut asked = self.shared.asked.lock().unwrap();
        while asked.len() < requests {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {requests} requests came", asked.len());
            asked = self.shared.news.wait_timeout(asked, left).unwrap().0;
        }
        asked.clone()
    }

    /// Connections opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.lock().unwrap().opened
    }

    /// The most connections that were open at once.
    pub fn most_connections(&self) -> usize {
        self.shared.connections.lock().unwrap().most_open
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
    }
}

impl Asked {
    /// The first field of that name, byte for byte.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.header(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Whether it asked conditionally.
    pub fn is_conditional(&self) -> bool {
        self.header("if-none-match").is_some() || self.header("if-modified-since").is_some()
    }
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            head: Vec::new(),
            status: status.to_string(),
            body: body.into(),
            before: Duration::ZERO,
            way: Way::Whole,
            close: false,
        }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub fn not_modified() -> Self {
        Self::new(304, "")
    }

    pub fn redirect(status: u16, to: &str) -> Self {
        Self::new(status, "elsewhere").header("Location", to)
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.head.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Sends the head only after so long.
    pub fn after(mut self, wait: Duration) -> Self {
        self.before = wait;
        self
    }

    /// Encodes the body and names the coding.
    pub fn gzipped(mut self) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&self.body).unwrap();
        self.body = encoder.finish().unwrap();
        self.header("Content-Encoding", "gzip")
    }

    pub fn claiming(self, length: usize) -> Self {
        Self { way: Way::Claiming(length), close: true, ..self }
    }

    pub fn until_close(self) -> Self {
        Self { way: Way::UntilClose, close: true, ..self }
    }

    pub fn chunked(self, size: usize) -> Self {
        Self { way: Way::Chunked { size, ends: true }, ..self }
    }

    /// Chunked, and cut off before the last chunk.
    pub fn chunked_and_cut(self, size: usize) -> Self {
        Self { way: Way::Chunked { size, ends: false }, close: true, ..self }
    }

    pub fn dripping(self, size: usize, every: Duration) -> Self {
        Self { way: Way::Drips { size, every }, ..self }
    }

    pub fn endless(self, chunk: impl Into<Vec<u8>>, every: Duration) -> Self {
        Self { way: Way::Endless { chunk: chunk.into(), every }, close: true, ..self }
    }

    /// Sends the head and so many bytes of the body, tells, and keeps the rest. Where that is
    /// all of the body, nothing but the next answer on its connection is missing.
    pub fn held_after(self, bytes: usize, told: mpsc::Sender<()>) -> Self {
        Self { way: Way::Held { bytes, told }, ..self }
    }

    /// Closes the connection after it.
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { way: Way::Raw(bytes.into()), close: true, ..Self::ok("") }
    }

    pub fn silence() -> Self {
        Self { way: Way::Silence, ..Self::ok("") }
    }

    pub fn reset() -> Self {
        Self { way: Way::Reset, ..Self::ok("") }
    }

    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status).into_bytes();
        let length = match &self.way {
            _ if self.status == "304" => None,
            Way::Whole | Way::Drips { .. } | Way::Held { .. } => Some(self.body.len()),
            Way::Claiming(length) => Some(*length),
            _ => None,
        };
        if let Some(length) = length {
            head.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        if matches!(self.way, Way::Chunked { .. } | Way::Endless { .. }) {
            head.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        if self.close {
            head.extend_from_slice(b"Connection: close\r\n");
        }
        for (name, value) in &self.head {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        let connection = {
            let mut counts = shared.connections.lock().unwrap();
            counts.opened += 1;
            counts.open += 1;
            counts.most_open = counts.most_open.max(counts.open);
            counts.opened
        };
        tokio::spawn(async move {
            // A client that went away is part of many tests.
            let _ = serve(stream, connection, &shared).await;
            shared.connections.lock().unwrap().open -= 1;
        });
    }
}

async fn serve(mut stream: TcpStream, connection: usize, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let Some(head) = read_head(&mut stream, &mut buffer).await? else { return Ok(()) };
        let mut asked = understood(head, connection);
        let length =
            asked.text("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while buffer.len() < length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        asked.body = buffer.drain(..length).collect();
        {
            let mut counts = shared.connections.lock().unwrap();
            counts.in_flight += 1;
            asked.in_flight = counts.in_flight;
        }
        shared.asked.lock().unwrap().push(asked.clone());
        shared.news.notify_all();
        let answer = answer_for(shared, &asked);
        let sent = send(&mut stream, &answer, &asked).await;
        shared.connections.lock().unwrap().in_flight -= 1;
        if sent? || answer.close {
            return Ok(());
        }
    }
}

fn answer_for(shared: &Shared, asked: &Asked) -> Answer {
    let path = asked.target.split('?').next().unwrap_or_default();
    let by = {
        let mut scripts = shared.scripts.lock().unwrap();
        match scripts.get_mut(path) {
            None => return Answer::new(404, "no such path in the script"),
            Some(Script::InTurn(answers)) => {
                let last = answers.len() == 1;
                let next = if last { answers.front().cloned() } else { answers.pop_front() };
                return next.expect("a script has at least one answer");
            }
            Some(Script::By(by)) => Arc::clone(by),
        }
    };
    by(asked)
}

/// Sends the answer; whether the connection is over.
async fn send(stream: &mut TcpStream, answer: &Answer, asked: &Asked) -> std::io::Result<bool> {
    tokio::time::sleep(answer.before).await;
    match &answer.way {
        Way::Silence => {
            std::future::pending::<()>().await;
        }
        Way::Reset => {
            stream.set_zero_linger()?;
            return Ok(true);
        }
        Way::Raw(bytes) => {
            stream.write_all(bytes).await?;
            stream.shutdown().await?;
            return Ok(true);
        }
        _ => {}
    }
    stream.write_all(&answer.head()).await?;
    if asked.method == "HEAD" || answer.status == "304" {
        return Ok(false);
    }
    match &answer.way {
        Way::Chunked { size, ends } => {
            for part in answer.body.chunks((*size).max(1)) {
                chunk(stream, part).await?;
            }
            if *ends {
                stream.write_all(b"0\r\n\r\n").await?;
            }
        }
        Way::Drips { size, every } => {
            for part in answer.body.chunks((*size).max(1)) {
                stream.write_all(part).await?;
                tokio::time::sleep(*every).await;
            }
        }
        Way::Held { bytes, told } => {
            stream.write_all(answer.body.get(..*bytes).unwrap_or(&answer.body)).await?;
            // Nobody listens any more where the test has ended.
            let _ = told.send(());
            std::future::pending::<()>().await;
        }
        Way::Endless { chunk: part, every } => loop {
            chunk(stream, part).await?;
            tokio::time::sleep(*every).await;
        },
        _ => stream.write_all(&answer.body).await?,
    }
    if answer.close {
        stream.shutdown().await?;
    }
    Ok(false)
}

async fn chunk(stream: &mut TcpStream, part: &[u8]) -> std::io::Result<()> {
    let mut bytes = format!("{:x}\r\n", part.len()).into_bytes();
    bytes.extend_from_slice(part);
    bytes.extend_from_slice(b"\r\n");
    stream.write_all(&bytes).await
}

/// The next head, up to and with its empty line; `None` at the end of the connection.
async fn read_head(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(buffer.drain(..end + 4).collect()));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn understood(head: Vec<u8>, connection: usize) -> Asked {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.trim_ascii());
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        })
        .collect();
    let at = Instant::now();
    Asked { method, target, head, headers, body: Vec::new(), at, connection, in_flight: 0 }
}
