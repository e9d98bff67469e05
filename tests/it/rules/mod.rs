//! Our documents by the letter of the standards, whatever the feeds say: RFC 4287 and 5005,
//! RSS 2.0 as the RSS Advisory Board reads it, JSON Feed 1.1, and what the W3C's feed
//! validator calls an error. The rules are written down here, in our own words, because
//! that validator is no program that can be installed.

mod atom;
mod json;
mod rss;
mod tree;

use std::{collections::BTreeSet, fs, process::Command};

use crate::{
    browser::besieged,
    readers::PYTHON,
    world::{Daemon, World, there_or_skipped},
};

const BASE: &str = "http://river.example.org";

/// Everything that is wrong with a document that was fetched at `address`.
fn faults(document: &str, address: &str) -> Vec<String> {
    let ending = address.rsplit('/').next().unwrap().split('?').next().unwrap();
    match ending.rsplit('.').next().unwrap() {
        "atom" => {
            tree::read(document).map_or_else(|bad| vec![bad], |root| atom::faults(&root, address))
        }
        "rss" => {
            tree::read(document).map_or_else(|bad| vec![bad], |root| rss::faults(&root, address))
        }
        "json" => json::faults(document, address),
        other => panic!("{other} is no feed"),
    }
}

/// Every document that links lead to from these, with its address.
fn documents(daemon: &Daemon, first: &[String]) -> Vec<(String, String)> {
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    let mut next: Vec<String> = first.to_vec();
    while let Some(path) = next.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = daemon.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.text();
        let marks = ["rel=\"prev-archive\"", "rel=\"next\"", "\"next_url\":"];
        for part in marks.iter().flat_map(|mark| text.split(mark).skip(1)) {
            let href = part.split(BASE).nth(1).unwrap().split('"').next().unwrap();
            next.push(href.replace("&amp;", "&"));
        }
        found.push((format!("{BASE}{path}"), text));
    }
    found
}

fn outputs(world: World) -> World {
    world
        .with("[[output]]\nname = \"all\"\nlimit = 40\nname_others = true")
        .with("[[output]]\nname = \"few\"\nlimit = 7\nmax_per_feed = 2\ntitle = \"Fish & <chips>\"")
        .with("[[output]]\nname = \"none\"\ninclude = [\"nowhere to be found\"]")
}

#[test]
fn documents_are_valid_and_well_formed_whatever_feeds_say() {
    let (world, _origin) = besieged();
    fs::write(world.folder().join("odd.xml"), ODD).unwrap();
    let world = outputs(world).hub("http://hub.example.org/").feed("odd", "file:odd.xml");
    world.ok(&["fetch"]);
    let daemon = world.daemon();
    let mut first = Vec::new();
    for ending in ["atom", "rss", "json"] {
        first.extend(["all", "few", "none"].map(|name| format!("/{name}.{ending}")));
        first.push(format!("/search.{ending}?q=pelican"));
        first.push(format!("/search.{ending}?q=%3Cb%3E+%26+%22nothing%22"));
    }
    let documents = documents(&daemon, &first);
    assert!(documents.len() > 30, "{}", documents.len());
    for (address, document) in &documents {
        let faults = faults(document, address);
        assert!(faults.is_empty(), "{address}:\n{}", faults.join("\n"));
    }
    daemon.stop();
    feedparser_finds_nothing_bozo(&world, &documents);
}

/// What is no attack, but wrong all the same.
const ODD: &str = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="jp"><title>Odd</title>
<id>odd</id><updated>2026-11-23T09:00:00Z</updated><link href="https://odd.example/"/>
<entry xml:lang="xx-YY"><title>Scheduled pelican</title><id>odd/1</id><published>2026-11-20T12:00:00Z</published>
<updated>2026-11-20T09:00:00Z</updated><link href="https://odd.example/1?a[]=b|c"/><category term=" "/><category term="fish"/>
<category term="fish"/><author><name> </name></author></entry>
<entry><title/><id>odd/2</id><updated>0000-00-00T00:00:00Z</updated><link rel="enclosure" href="https://odd.example/2.mp3"
type="audio/mpeg" length="12 MB"/><link rel="enclosure" href="https://odd.example/2.mp3"/><link rel="enclosure"
href="https://odd.example/2.ogg" type="ogg"/></entry>
<entry><title>A pelican &amp;#0; &#xfffe; of the year 10000</title><id>http://[odd</id><updated>9999-12-31T23:59:59-12:00</updated>
<content type="html">&lt;p&gt;&lt;a href="/x"&gt;y&lt;/a&gt;&lt;img src="z.png"&gt;</content></entry></feed>"#;

fn feedparser_finds_nothing_bozo(world: &World, documents: &[(String, String)]) {
    let there = Command::new(PYTHON).args(["-c", "import feedparser"]).output();
    if !there_or_skipped("python3-feedparser", there.is_ok_and(|ran| ran.status.success())) {
        return;
    }
    let xml = documents.iter().filter(|(_, text)| text.starts_with("<?xml"));
    for (number, (_, text)) in xml.enumerate() {
        fs::write(world.folder().join(format!("{number}.bozo")), text).unwrap();
    }
    let ran = Command::new(PYTHON).args(["-c", BOZO]).current_dir(world.folder()).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.trim() == "[]", "{told}{:?}", ran.stderr);
}

const BOZO: &str = "
import feedparser, glob
print([(name, str(feed.bozo_exception)) for name in sorted(glob.glob('*.bozo'))
       for feed in [feedparser.parse(open(name, 'rb').read())] if feed.bozo])
";

/// The watch itself: documents that are as bad as can be are seen to be so.
#[test]
fn what_is_wrong_is_seen() {
    for (document, address, wanted) in [
        (atom::BAD, "http://river.example.org/bad.atom", atom::FAULTS_OF_BAD),
        (rss::BAD, "http://river.example.org/bad.rss", rss::FAULTS_OF_BAD),
        (json::BAD, "http://river.example.org/bad.json", json::FAULTS_OF_BAD),
    ] {
        let found = faults(document, address).join("\n");
        for fault in wanted {
            assert!(found.contains(fault), "{fault} is not among:\n{found}");
        }
    }
    assert!(!faults("<feed>\u{b}</feed>", "http://river.example.org/bad.atom").is_empty());
    assert!(!faults("<feed><a></feed>", "http://river.example.org/bad.atom").is_empty());
}
