//! Hostile answers, polled for real: each ends with a clear error or with something sane.

use std::collections::HashMap;

use crate::{
    bombs::{Ending, bombs},
    origin::Origin,
    world::World,
};

/// Small enough for a debug build; past [`merganser`]'s mark for large documents. The script
/// in tests/soak measures with large ones.
const BYTES: usize = 1_200_000;

#[test]
fn each_hostile_answer_ends_in_a_clear_line_or_in_sane_entries() {
    let origin = Origin::start();
    let mut world = World::new().fetching("per_host = 64\ntimeout = \"20s\"\nmax_body = \"2MiB\"");
    let mut endings = HashMap::new();
    for bomb in bombs(BYTES) {
        let path = format!("/bomb/{}", bomb.name);
        world = world.feed(bomb.name, &origin.url(&path));
        origin.on(&path, bomb.answer);
        endings.insert(bomb.name.to_owned(), bomb.ending);
    }
    world.ok(&["fetch"]);

    let feeds = world.json(&["feeds", "--json"]);
    for feed in feeds.as_array().unwrap() {
        let name = feed["name"].as_str().unwrap();
        let error = feed["error"].as_str();
        match endings[name] {
            Ending::Read(least) => {
                assert_eq!(error, None, "{name}");
                let entries = feed["entries"].as_u64().unwrap();
                assert!(entries >= least as u64, "{name}: {entries} entries");
            }
            Ending::Error(text) => {
                let line = error.unwrap_or_else(|| panic!("{name} has no error"));
                assert!(line.contains(text) && line.len() <= 500, "{name}: {line}");
                assert!(!line.chars().any(char::is_control), "{name}: {line}");
            }
        }
    }
    world.ok(&["check", "--store"]);
}
