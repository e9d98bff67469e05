//! Output files for a static host: everything that is stored is reached from the first
//! document by links alone, and what did not change is not written again.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf, time::SystemTime};

use crate::world::World;

/// More than two whole archives.
const ENTRIES: u32 = 1_120;

fn document(entries: impl Iterator<Item = u32>, edited: Option<u32>) -> String {
    let mut text = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Harbour</title>\
         <link>https://harbour.example.org/</link><description>News</description>"
        .to_owned();
    for number in entries {
        let mark = if edited == Some(number) { "as we know now" } else { "as we hear" };
        write!(
            text,
            "<item><title>Ship number {number} came in</title>\
             <link>https://harbour.example.org/{number}</link><guid>https://harbour.example.org/{number}</guid>\
             <pubDate>{}</pubDate><description>It brought {number} crates, {mark}.</description></item>",
            (chrono::DateTime::UNIX_EPOCH
                + chrono::TimeDelta::days(20_000)
                + chrono::TimeDelta::minutes(number.into()))
            .to_rfc2822(),
        )
        .unwrap();
    }
    text + "</channel></rss>"
}

fn harbour() -> World {
    let world = World::new()
        .with("[[output]]\nname = \"all\"\nlimit = 10\npath = \"public\"\n")
        .feed("news", "file:news.xml");
    fs::write(world.folder().join("news.xml"), document(0..ENTRIES, None)).unwrap();
    world.ok(&["fetch"]);
    world
}

fn public(world: &World) -> PathBuf {
    world.folder().join("public")
}

/// The address behind a link, as each format writes it.
fn older(text: &str, ending: &str) -> Option<String> {
    let (before, after) = match ending {
        "json" => ("\"next_url\":\"", "\""),
        "html" => ("rel=\"next\" href=\"", "\""),
        _ => ("rel=\"prev-archive\"", "/>"),
    };
    let link = text.split_once(before)?.1.split(after).next()?;
    let address = link.split("href=\"").last()?.trim_end_matches('"');
    Some(address.rsplit('/').next()?.to_owned())
}

/// The numbers of the ships in all documents from the first one on, and the files' names.
fn walked(world: &World, ending: &str) -> (BTreeSet<u32>, Vec<String>) {
    let (mut ships, mut files) = (BTreeSet::new(), Vec::new());
    let mut next = Some(format!("all.{ending}"));
    while let Some(file) = next {
        let text = fs::read_to_string(public(world).join(&file)).unwrap();
        let numbers = text.split("Ship number ").skip(1);
        ships.extend(numbers.map(|rest| rest.split(' ').next().unwrap().parse::<u32>().unwrap()));
        next = older(&text, ending);
        files.push(file);
        assert!(files.len() < 10, "{files:?}");
    }
    (ships, files)
}

/// Each file with the time of its last change.
fn changes(world: &World) -> Vec<(String, SystemTime)> {
    let files = fs::read_dir(public(world)).unwrap().map(Result::unwrap);
    let mut all: Vec<_> = files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, file.metadata().unwrap().modified().unwrap())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_stored_article_is_in_a_file_that_links_lead_to() {
    let world = harbour();
    for ending in ["atom", "rss", "json", "html"] {
        let (ships, files) = walked(&world, ending);
        assert_eq!(ships, (0..ENTRIES).collect(), "{ending}: {files:?}");
        assert!(files.len() > 3, "{files:?}");
        for file in files {
            assert!(public(&world).join(format!("{file}.gz")).is_file(), "{file}.gz");
        }
    }
}

#[test]
fn a_round_without_news_writes_no_file() {
    let world = harbour();
    let before = changes(&world);
    world.ok(&["fetch", "--force"]);
    assert_eq!(changes(&world), before);
}

#[test]
fn news_leave_whole_archives_alone() {
    let world = harbour();
    let (_, before) = walked(&world, "atom");
    let times = changes(&world);
    let all = document(0..ENTRIES + 80, None);
    fs::write(world.folder().join("news.xml"), all).unwrap();
    world.ok(&["fetch", "--force"]);
    let (ships, after) = walked(&world, "atom");
    assert_eq!(ships, (0..ENTRIES + 80).collect());
    // The first document, and the archive that is still growing.
    assert_eq!(before[2..], after[2..]);
    let now = changes(&world);
    for file in &before[2..] {
        let of = |all: &[(String, SystemTime)]| all.iter().find(|(name, _)| name == file).cloned();
        assert_eq!(of(&times), of(&now), "{file}");
    }
}

#[test]
fn an_edit_is_found_in_its_old_place() {
    let world = harbour();
    let (_, files) = walked(&world, "atom");
    let stale = |world: &World| -> Vec<String> {
        let holds = |file: &&String| {
            let text = fs::read_to_string(public(world).join(file)).unwrap();
            text.contains("7 crates, as we know now")
        };
        files.iter().filter(holds).cloned().collect()
    };
    fs::write(world.folder().join("news.xml"), document(0..ENTRIES, Some(7))).unwrap();
    world.ok(&["fetch", "--force"]);
    assert_eq!(walked(&world, "atom").1, files);
    assert_eq!(stale(&world).len(), 1);
}

#[test]
fn the_daemon_writes_them_too_and_serves_the_same_archives() {
    let world = harbour();
    let (_, files) = walked(&world, "atom");
    fs::remove_dir_all(public(&world)).unwrap();
    let mut daemon = world.daemon();
    daemon.wait_for_log("archives written");
    for file in &files {
        let answer = daemon.get(&format!("/{file}"));
        assert_eq!(answer.status, 200, "{file}");
        if file != "all.atom" {
            assert_eq!(answer.text(), fs::read_to_string(public(&world).join(file)).unwrap());
        }
    }
    daemon.stop();
}
