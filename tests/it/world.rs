//! A world of its own for each test: a temporary folder, a config, the real binary, a real
//! SQLite file. Origins are real HTTP servers on loopback (`origin.rs`).

// A kit: not every test needs every tool.
#![allow(dead_code)]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

/// How long a test waits for something that must come. Only a broken program takes so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a program that a test needs is installed; see [`there_or_skipped`].
pub fn has_tool(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    there_or_skipped(name, std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// Tells that a test is skipped where its tool is missing; where `MERGANSER_TESTS_MAY_SKIP`
/// is "no", that is a failure.
pub fn there_or_skipped(tool: &str, is_there: bool) -> bool {
    if !is_there {
        let may_skip = std::env::var("MERGANSER_TESTS_MAY_SKIP").map_or(true, |word| word != "no");
        assert!(may_skip, "{tool} is not installed, and no test may be skipped");
        println!("skipped: {tool} is not installed");
    }
    is_there
}

/// A folder with a config in it.
#[derive(Debug)]
pub struct World {
    folder: tempfile::TempDir,
    head: String,
    tables: String,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// A world whose feeds may live on loopback, and whose server listens on a free port.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            head: "[store]\npath = \"merganser.db\"\n\
                   [fetch]\nallow_private_networks = true\n\
                   [server]\nlisten = \"127.0.0.1:0\"\nbase_url = \"http://river.example.org/\"\n"
                .to_owned(),
            tables: String::new(),
        }
    }

    /// More tables, as TOML.
    pub fn with(mut self, toml: &str) -> Self {
        self.tables.push_str(toml);
        self.tables.push('\n');
        self
    }

    /// More keys of `[fetch]`, as TOML.
    pub fn fetching(mut self, toml: &str) -> Self {
        self.head = self.head.replace("[fetch]\n", &format!("[fetch]\n{toml}\n"));
        self
    }

    /// The store somewhere else than in the world's folder.
    pub fn storing(mut self, path: &Path) -> Self {
        self.head = self.head.replace("merganser.db", &path.display().to_string());
        self
    }

    /// Hubs may push to us.
    pub fn websub(mut self) -> Self {
        self.head = self.head.replace("[server]", "websub = true\n[server]");
        self
    }

    /// On this port of loopback in place of any that is free.
    pub fn listening(mut self, port: u16) -> Self {
        self.head = self.head.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
        self
    }

    /// A WebSub hub that hears of the outputs.
    pub fn hub(mut self, url: &str) -> Self {
        writeln!(self.head, "hub = \"{url}\"").unwrap();
        self
    }

    pub fn feed(mut self, name: &str, url: &str) -> Self {
        writeln!(self.tables, "[[feed]]\nname = \"{name}\"\nurl = \"{url}\"").unwrap();
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config_path(&self) -> PathBuf {
        self.folder().join("merganser.toml")
    }

    pub fn store_path(&self) -> PathBuf {
        self.folder().join("merganser.db")
    }

    /// Writes the config anew; every command does so before it runs.
    pub fn write_config(&self) {
        let text = format!("{}{}", self.head, self.tables);
        std::fs::write(self.config_path(), text).unwrap();
    }

    /// The binary with this world's config.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_merganser"));
        command
            .args(arguments)
            .env("MERGANSER_CONFIG", self.config_path())
            .env_remove("NOTIFY_SOCKET")
            .env_remove("RUST_LOG")
            .env_remove("STATE_DIRECTORY")
            .current_dir(self.folder())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.write_config();
        self.command(arguments).output().unwrap().into()
    }

    /// Runs a command that has to succeed, and gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?} failed:\n{}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// The store as a tinkerer opens it.
    pub fn store(&self) -> Connection {
        Connection::open_with_flags(self.store_path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// One value out of the store.
    pub fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.store().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Starts `merganser run` and waits until it listens.
    pub fn daemon(&self) -> Daemon {
        self.write_config();
        Daemon::start(self.command(&["run"]))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A running daemon; killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    pub address: SocketAddr,
    log: mpsc::Receiver<String>,
    pub seen: Vec<String>,
}

impl Daemon {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (sender, log) = mpsc::channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut daemon =
            Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), log, seen: Vec::new() };
        let line = daemon.wait_for_log("listening on http://");
        let address = line.split("http://").nth(1).unwrap();
        daemon.address = address.trim_end_matches('/').parse().unwrap();
        daemon
    }

    /// The process, by its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of the log that contains `text`.
    pub fn wait_for_log(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("no log line with {text:?}; seen:\n{}", self.seen.join("\n")),
            }
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(self.address, method, path, headers, b"")
    }

    /// Sends a signal by name, as `kill` knows it.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and gives the exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        // The log ends when the process does: an event, not a poll.
        while let Ok(line) =
            self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line);
        }
        self.child.wait().unwrap().code()
    }

    /// SIGTERM, and a clean end.
    pub fn stop(mut self) {
        self.signal("TERM");
        let code = self.wait();
        assert_eq!(code, Some(0), "{}", self.seen.join("\n"));
    }

    /// SIGKILL, as a power cut for the process.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Fails where the process has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if !body.is_empty() {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    head.push_str("Connection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Answer::read(&bytes)
}

/// An HTTP answer, head and body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = bytes[end + 4..].to_vec();
        let chunked =
            headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunked(&body) } else { body };
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size =
            usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    body
}
