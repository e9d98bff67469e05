//! The floor plan, kept true: this test *is* the architecture document's claim.
//!
//! Every `use crate::…` and `crate::…` path in `src/` must lead strictly downward, and every
//! outside crate with a single home must be named in its home alone.

#![allow(clippy::unwrap_used, clippy::string_slice, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Rooms from the ground up. A room imports only from lower floors, never sideways.
const FLOORS: &[(u8, &[&str])] = &[
    (0, &["model"]),
    (1, &["config"]),
    (2, &["dedup", "opml", "parse", "publish", "schedule", "websub"]),
    (3, &["fetch", "files", "metrics", "store"]),
    (4, &["poll", "server"]),
    (5, &["daemon"]),
    (6, &["cli"]),
];

/// Outside crates that live in one place (or, where it says so, in few).
const HOMES: &[(&str, &[&str])] = &[
    ("ammonia", &["parse"]),
    ("anyhow", &["cli"]),
    ("askama", &["publish"]),
    ("axum", &["server"]),
    ("brotli", &["fetch", "server"]),
    ("chardetng", &["parse"]),
    ("clap", &["cli"]),
    ("croner", &["config", "schedule"]),
    ("encoding_rs", &["opml", "parse"]),
    ("fastbloom", &["store"]),
    ("feed_rs", &["parse"]),
    ("flate2", &["fetch", "files", "server"]),
    ("getrandom", &["store"]),
    ("hashbrown", &["store"]),
    ("hmac", &["websub"]),
    ("html5ever", &["opml", "parse"]),
    ("hyper_util", &["server"]),
    ("indicatif", &["cli"]),
    ("prometheus_client", &["metrics"]),
    ("reqwest", &["fetch"]),
    ("rlimit", &["cli"]),
    ("rusqlite", &["store"]),
    ("sd_notify", &["daemon"]),
    ("tokio_cron_scheduler", &["daemon"]),
    ("toml", &["config"]),
    ("toml_edit", &["config"]),
    ("tracing_subscriber", &["cli"]),
];

/// What the pure floors (0 to 2) never name: the world.
const WORLD: &[&str] = &[
    "std::fs",
    "std::net::TcpStream",
    "std::env",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "tracing::",
    "tokio::",
    "println!",
    "eprintln!",
];

/// The config is a file by nature: reading it is the room's work.
const WORLD_EXCEPT: &[&str] = &["config"];

#[test]
fn imports_run_strictly_downward() {
    let floor_of = floors();
    let mut wrong = Vec::new();
    for_each_line(|room, place, line| {
        let Some(floor) = floor_of.get(room) else { return };
        for named in crate_paths(line) {
            match floor_of.get(named.as_str()) {
                Some(_) if named == room => {}
                Some(below) if below < floor => {}
                Some(_) => {
                    wrong.push(format!("{place}: {room} imports {named}, which is not below it"))
                }
                None => {}
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_outside_crate_has_its_home() {
    let mut wrong = Vec::new();
    for_each_line(|room, place, line| {
        for (name, homes) in HOMES {
            let path = format!("{name}::");
            let named = line.match_indices(&path).any(|(at, _)| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !homes.contains(&room) {
                wrong.push(format!("{place}: {name} lives in {homes:?}, not in {room}"));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_floors_do_not_touch_the_world() {
    let floor_of = floors();
    let mut wrong = Vec::new();
    for_each_line(|room, place, line| {
        if floor_of.get(room).is_none_or(|floor| *floor > 2) || WORLD_EXCEPT.contains(&room) {
            return;
        }
        for word in WORLD {
            if line.contains(word) {
                wrong.push(format!("{place}: {room} is pure, but names {word}"));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_a_floor() {
    let floor_of = floors();
    let lib = fs::read_to_string(source().join("lib.rs")).unwrap();
    let rooms = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    for room in rooms.map(|room| room.trim_end_matches(';')) {
        assert!(floor_of.contains_key(room), "src/lib.rs names {room}: give it a floor here");
    }
}

fn floors() -> BTreeMap<&'static str, u8> {
    FLOORS.iter().flat_map(|(floor, rooms)| rooms.iter().map(|room| (*room, *floor))).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Calls back with room, `file:line` and the line, comments and unit tests left out.
fn for_each_line(mut visit: impl FnMut(&str, &str, &str)) {
    let mut files = Vec::new();
    collect(&source(), &mut files);
    let tests: Vec<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files.retain(|file| !tests.contains(file));
    for file in files {
        let relative = file.strip_prefix(source()).unwrap().to_string_lossy().replace('\\', "/");
        let room = relative.split(['/', '.']).next().unwrap_or_default().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.starts_with("#[cfg(test)]") {
                break;
            }
            if !line.trim_start().starts_with("//") {
                visit(&room, &format!("src/{relative}:{}", number + 1), line);
            }
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for found in fs::read_dir(folder).unwrap() {
        let path = found.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
}

/// Files that a module declares as `#[cfg(test)] mod NAME;`: tests may touch the world.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(file).unwrap();
    let folder = match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") => file.parent().unwrap().to_owned(),
        _ => file.with_extension(""),
    };
    let mut lines = text.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]"
            && let Some(name) = lines.peek().and_then(|next| next.trim().strip_prefix("mod "))
            && let Some(name) = name.strip_suffix(';')
        {
            found.push(folder.join(format!("{name}.rs")));
        }
    }
    found
}

/// The rooms that a line names as `crate::room`, also inside a brace list.
fn crate_paths(line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let names = rest.strip_prefix('{').map_or(rest, |list| list);
        let word = |text: &str| -> String {
            text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        rooms.push(word(names));
    }
    rooms
}
