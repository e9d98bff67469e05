//! `merganser run` as a child, and what the kernel says of a living process.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::http::Http;

#[derive(Debug)]
pub struct Daemon {
    process: Child,
    pub address: String,
    /// From the start to the first good answer of `/readyz`.
    pub ready_after: Duration,
}

impl Daemon {
    /// Over the config of a farm, moved to a free port. Returns when it is ready.
    pub fn start(binary: &Path, config: &Path, http: &Http) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let text = fs::read_to_string(config)?;
        let listen = text
            .lines()
            .find(|line| line.starts_with("listen = "))
            .context("the config says where to listen")?;
        fs::write(config, text.replace(listen, &format!("listen = \"{address}\"")))?;
        let log = fs::File::create(config.with_extension("log"))?;
        let begun = Instant::now();
        let process = Command::new(binary)
            .args(["run", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let mut daemon = Self { process, address, ready_after: Duration::ZERO };
        let ready = daemon.url("readyz");
        while http.get(&ready).is_err() {
            if begun.elapsed() > PATIENCE || daemon.process.try_wait()?.is_some() {
                bail!("merganser run is not ready; see {}", config.with_extension("log").display());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        daemon.ready_after = begun.elapsed();
        Ok(daemon)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The clean end, as a service manager asks for it.
    pub fn stop(mut self) -> Result<()> {
        terminate(&self.process);
        let status = self.process.wait()?;
        if !status.success() {
            bail!("merganser run ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Where `stop` was not reached.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// SIGTERM.
pub fn terminate(child: &Child) {
    // SAFETY: a call without memory; the child is ours and was not waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
}

pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu: Duration,
    pub memory_bytes: u64,
    pub peak_bytes: u64,
    pub threads: u64,
    /// Times that a thread slept and was woken.
    pub wakeups: u64,
}

impl Usage {
    pub fn of(pid: u32) -> Result<Self> {
        let process = format!("/proc/{pid}");
        let status = fs::read_to_string(format!("{process}/status"))?;
        let mut wakeups = 0;
        for thread in fs::read_dir(format!("{process}/task"))? {
            // A thread may end meanwhile.
            let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
            wakeups += number(&status, "voluntary_ctxt_switches:");
        }
        Ok(Self {
            cpu: cpu(&fs::read_to_string(format!("{process}/stat"))?)?,
            memory_bytes: number(&status, "VmRSS:") * 1024,
            peak_bytes: number(&status, "VmHWM:") * 1024,
            threads: number(&status, "Threads:"),
            wakeups,
        })
    }

    /// CPU of a process and of its children.
    pub fn cpu_of_family(pid: u32) -> Result<Duration> {
        let mut sum = cpu(&fs::read_to_string(format!("/proc/{pid}/stat"))?)?;
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        for child in children.split_whitespace() {
            sum += cpu(&fs::read_to_string(format!("/proc/{child}/stat"))?)?;
        }
        Ok(sum)
    }
}

fn number(status: &str, name: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let digits = value.and_then(|value| value.split_whitespace().next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Fields 14 and 15 of `/proc/PID/stat`, in ticks of 10 ms (proc(5)); the name before them may
/// hold anything.
fn cpu(stat: &str) -> Result<Duration> {
    let (_, fields) = stat.rsplit_once(')').context("stat has a name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

const PATIENCE: Duration = Duration::from_secs(60);
