//! What goes wrong around the store of a running program: each fault is one clear line, loses
//! nothing, and is over once its cause is.

use std::{
    fmt::Write as _,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use rusqlite::Connection;

use crate::{
    crash::Log,
    origin::{Answer, Origin},
    world::{PATIENCE, Ran, World},
};

/// An origin whose feed says something new in each answer, of about so many bytes.
fn press(bytes: usize) -> (Origin, World) {
    let origin = Origin::start();
    let number = Arc::new(AtomicUsize::new(0));
    origin.by("/feed.xml", move |_| {
        let number = number.fetch_add(1, Ordering::SeqCst);
        let mut text = String::new();
        // Words that differ, so that nothing is one story with another.
        while text.len() < bytes {
            write!(text, "{} ", (number + 7) * (text.len() + 13)).unwrap();
        }
        Answer::ok(format!(
            "<rss version=\"2.0\"><channel><title>Press</title><item><title>Story {number}</title>\
             <guid isPermaLink=\"false\">story-{number}</guid><description>{text}</description>\
             </item></channel></rss>"
        ))
        .header("ETag", format!("\"{number}\""))
    });
    let world = World::new()
        .fetching("interval = \"1s\"\nmin_interval = \"1s\"\nmax_interval = \"2s\"")
        .feed("press", &origin.url("/feed.xml"));
    (origin, world)
}

/// The stories whose documents the daemon says that it has, by the validators that it sends.
fn claimed(origin: &Origin) -> Vec<usize> {
    let tags = origin.asked().into_iter().filter_map(|asked| asked.text("if-none-match"));
    tags.filter_map(|tag| tag.trim_matches('"').parse().ok()).collect()
}

/// Every story whose document was once claimed to be there is there.
fn nothing_is_lost(origin: &Origin, store: &Connection) {
    for story in claimed(origin) {
        let there: bool = store
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM entries WHERE guid = ?1)",
                [format!("story-{story}")],
                |row| row.get(0),
            )
            .unwrap();
        assert!(there, "story {story} is lost");
    }
}

/// Waits until the daemon asks with the tag of a document that it got after this moment.
fn wait_for_commit(origin: &Origin) {
    let before = origin.asked().len();
    let deadline = Instant::now() + PATIENCE;
    let mut asked = before;
    while !claimed(origin).iter().any(|story| *story >= before) {
        asked += 1;
        origin.wait_for(asked, deadline.saturating_duration_since(Instant::now()));
    }
}

#[test]
fn an_unusable_store_is_one_line_with_a_remedy_and_ends_with_1() {
    let world = World::new();
    let path = world.store_path();
    let sqlite = |sql: &str| {
        let _ = std::fs::remove_file(&path);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    let newer = "PRAGMA application_id = 1296388679; PRAGMA user_version = 99; CREATE TABLE t (x);";
    type Make<'a> = &'a dyn Fn();
    let cases: [(Make<'_>, &str); 4] = [
        (&|| sqlite(newer), "install that version"),
        (&|| sqlite("CREATE TABLE notes (text);"), "set [store] path to another file"),
        (&|| std::fs::write(&path, "Dear store, ".repeat(200)).unwrap(), "set [store] path"),
        (
            &|| {
                let _ = std::fs::remove_file(&path);
                std::fs::create_dir(&path).unwrap();
            },
            "merganser.db",
        ),
    ];
    for (make, remedy) in cases {
        make();
        let before = std::fs::read(&path).ok();
        for command in [&["run"][..], &["fetch"], &["feeds"], &["check", "--store"]] {
            let ran = world.run(command);
            assert_eq!(ran.code, Some(1), "{command:?}: {}", ran.stderr);
            let said: Vec<&str> =
                ran.stderr.lines().filter(|line| line.contains("merganser.db")).collect();
            assert!(
                matches!(said[..], [line] if line.contains(remedy)),
                "{command:?}: {}",
                ran.stderr
            );
            assert_eq!(std::fs::read(&path).ok(), before, "{command:?} changed the file");
        }
    }
}

#[test]
fn a_damaged_store_is_told_by_check_and_left_as_it_is() {
    let (_origin, world) = press(20_000);
    for _ in 0..5 {
        world.ok(&["fetch", "--force"]);
    }
    let path = world.store_path();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 16_384].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let ran = world.run(&["check", "--store"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("damaged") && ran.stderr.contains("backup"), "{}", ran.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_second_daemon_is_turned_away_and_the_first_goes_on() {
    let (origin, world) = press(100);
    let first = world.daemon();
    let second = world.run(&["run"]);
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("another merganser daemon holds it"), "{}", second.stderr);
    wait_for_commit(&origin);
    first.stop();
}

#[test]
fn a_lock_of_another_program_is_waited_for_while_readers_are_answered() {
    let (origin, world) = press(100);
    let daemon = world.daemon();
    wait_for_commit(&origin);
    let holder = Connection::open(world.store_path()).unwrap();
    holder.busy_timeout(PATIENCE).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = origin.asked().len();
    // What is asked for from now on cannot be committed; the river is there all the same.
    for path in ["/all.atom", "/status", "/healthz"] {
        assert_eq!(daemon.get(path).status, 200, "{path}");
    }
    assert!(claimed(&origin).iter().all(|story| *story < locked));
    holder.execute_batch("COMMIT").unwrap();
    wait_for_commit(&origin);
    nothing_is_lost(&origin, &world.store());
    daemon.stop();
    world.ok(&["check", "--store"]);
}

#[test]
fn a_store_moved_away_is_told_and_work_goes_on_once_it_is_back() {
    let (origin, world) = press(100);
    let mut daemon = world.daemon();
    wait_for_commit(&origin);
    let aside = world.folder().join("aside.db");
    std::fs::rename(world.store_path(), &aside).unwrap();
    daemon.wait_for_log("deleted or moved while in use: put it back");
    std::fs::rename(&aside, world.store_path()).unwrap();
    daemon.wait_for_log("the store works again");
    wait_for_commit(&origin);
    nothing_is_lost(&origin, &world.store());
    daemon.stop();
    world.ok(&["check", "--store"]);
}

/// A small file system of its own; `None` where this user may mount none.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_loses_nothing_and_work_goes_on_once_there_is_space() {
    let (origin, world) = press(60_000);
    let small = world.folder().join("small");
    let Some(_disk) = SmallDisk::mount(&small) else {
        println!("skipped: this user may mount no small disk; the store's own tests fill one");
        return;
    };
    let ballast = small.join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let store = small.join("merganser.db");
    let world = world.storing(&store);
    let mut daemon = world.daemon();
    let told = format!("ERROR store {}: the disk is full: free some space", store.display());
    daemon.wait_for_log(&told);
    std::fs::remove_file(&ballast).unwrap();
    daemon.wait_for_log("the store works again");
    wait_for_commit(&origin);
    daemon.stop();
    nothing_is_lost(&origin, &Connection::open(&store).unwrap());
    world.ok(&["check", "--store"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_the_remedy() {
    let (_origin, world) = press(100);
    world.ok(&["fetch"]);
    std::fs::remove_file(world.folder().join("merganser.db-wal")).ok();
    std::fs::remove_file(world.folder().join("merganser.db-shm")).ok();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for file in std::fs::read_dir(world.folder()).unwrap() {
        mode(&file.unwrap().path(), 0o444);
    }
    mode(world.folder(), 0o555);
    let root = std::fs::File::create(world.folder().join("probe")).is_ok();
    let as_nobody = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output()
    };
    // Nobody may not be allowed to run the binary where it lies.
    let can_run = as_nobody(&["--version"]).is_ok_and(|output| output.status.success());
    if can_run {
        for command in [&["run"][..], &["fetch"]] {
            let output = as_nobody(command).unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
            assert!(said.contains("merganser.db") && said.contains("write access"), "{said}");
        }
        // Looking needs no writing.
        let output = as_nobody(&["articles"]).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
    } else {
        println!("skipped: nobody may not run {}", env!("CARGO_BIN_EXE_merganser"));
    }
    mode(world.folder(), 0o755);
}

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

#[test]
fn killed_while_it_brings_an_old_store_up_to_date_it_does_so_at_the_next_start() {
    for writes in 0..6 {
        let (origin, world) = press(100);
        world.write_config();
        let old = Connection::open(world.store_path()).unwrap();
        let first = include_str!("../../src/store/migrations/0001_the_house.sql");
        old.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA application_id = {}; BEGIN; {first}; \
             PRAGMA user_version = 1; COMMIT;",
            0x4d45_5247
        ))
        .unwrap();
        drop(old);
        let log = Log::of(&world);
        let mut child =
            world.command(&["run"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        log.wait_for_changes(writes);
        child.kill().unwrap();
        child.wait().unwrap();
        world.ok(&["fetch", "--force"]);
        world.ok(&["check", "--store"]);
        nothing_is_lost(&origin, &world.store());
    }
}

#[test]
fn a_backup_made_beside_the_daemon_is_restored_as_the_manual_says() {
    let (origin, world) = press(100);
    let daemon = world.daemon();
    wait_for_commit(&origin);
    world.ok(&["backup", "copy.db"]);
    let ids = |store: &Connection| -> Vec<String> {
        let mut rows = store.prepare("SELECT public_id FROM articles ORDER BY id").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let copy = world.folder().join("copy.db");
    let kept = ids(&Connection::open(&copy).unwrap());
    assert!(!kept.is_empty());
    wait_for_commit(&origin);
    daemon.stop();
    let later = ids(&world.store());
    assert!(later.starts_with(&kept) && later.len() > kept.len());

    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", world.store_path().display()));
    }
    std::fs::rename(&copy, world.store_path()).unwrap();
    let daemon = world.daemon();
    wait_for_commit(&origin);
    daemon.stop();
    assert!(ids(&world.store()).starts_with(&kept));
    world.ok(&["check", "--store"]);
}

#[test]
fn a_port_in_use_ends_with_one_line_and_1() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let world = World::new().listening(port);
    let ran = world.run(&["run"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let line = format!("merganser: cannot listen on 127.0.0.1:{port}: change [server] listen");
    assert!(matches!(ran.stderr.lines().collect::<Vec<_>>()[..], [one] if one.starts_with(&line)));
    assert!(!world.store_path().exists(), "nothing is made before it is known to be of use");
}

/// Each connection is an open file: those to hosts that nothing more is asked of are closed.
#[test]
fn a_round_over_more_hosts_than_files_may_be_open_reaches_them_all() {
    const HOSTS: usize = 300;
    // All of 127.0.0.0/8 is this machine.
    let origin = Origin::start_at("0.0.0.0:0");
    let port = origin.address.port();
    let document = "<rss version='2.0'><channel><title>A</title>\
         <item><title>One</title><guid>1</guid></item></channel></rss>";
    let mut world = World::new().fetching("concurrency = 20");
    for host in 0..HOSTS {
        let address = format!("127.0.{}.{}", host / 100, host % 100 + 2);
        // One in ten hosts has two feeds.
        for feed in 0..=usize::from(host % 10 == 0) {
            let path = format!("/{host}-{feed}.xml");
            origin.on(&path, Answer::ok(document));
            world =
                world.feed(&format!("{host}-{feed}"), &format!("http://{address}:{port}{path}"));
        }
    }
    world.write_config();
    let mut command = Command::new("sh");
    // The hard limit as well: merganser raises the soft one.
    command.args(["-c", "ulimit -n 120 && exec \"$0\" fetch", env!("CARGO_BIN_EXE_merganser")]);
    let ran: Ran = command.env("MERGANSER_CONFIG", world.config_path()).output().unwrap().into();
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(&format!("{} feeds polled", HOSTS * 11 / 10)), "{}", ran.stdout);
    assert!(ran.stdout.contains(" 0 failed"), "{}", ran.stdout);
    // Two feeds of one host come over one connection.
    assert_eq!(origin.connections(), HOSTS);
}

#[test]
fn without_certificates_it_ends_with_1_and_names_the_package() {
    let world = World::new().feed("press", "https://press.example.org/feed.xml");
    world.write_config();
    for command in ["run", "fetch"] {
        let nowhere = world.folder().join("nowhere");
        let mut command = world.command(&[command]);
        command.env("SSL_CERT_FILE", &nowhere).env("SSL_CERT_DIR", &nowhere);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.starts_with("merganser: ") && last.contains("ca-certificates"), "{said}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_told_and_a_round_ends_with_1() {
    let (_origin, world) = press(100);
    // A file where a folder is meant: not even root makes one there.
    std::fs::write(world.folder().join("public"), "in the way").unwrap();
    let world = world.with("[[output]]\nname = \"all\"\npath = \"public/river\"");
    let ran = world.run(&["fetch"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("public") && ran.stderr.contains("`path`"), "{}", ran.stderr);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 1, "the poll is kept");
    std::fs::remove_file(world.folder().join("public")).unwrap();
    world.ok(&["fetch"]);
    assert!(world.folder().join("public/river/all.atom").is_file());
}

#[test]
fn a_broken_config_is_refused_at_the_reload_and_the_old_one_stays() {
    let (origin, world) = press(100);
    let mut daemon = world.daemon();
    wait_for_commit(&origin);
    let good = std::fs::read_to_string(world.config_path()).unwrap();
    std::fs::write(world.config_path(), good.replace("interval = \"1s\"", "interval = \"soon\""))
        .unwrap();
    daemon.signal("HUP");
    let said = daemon.wait_for_log("interval");
    assert!(said.contains("merganser.toml:") && said.contains("soon"), "{said}");
    daemon.wait_for_log("refused, the old config stays");
    wait_for_commit(&origin);
    std::fs::write(world.config_path(), good).unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("config reloaded");
    wait_for_commit(&origin);
    daemon.stop();
}
