//! The main job from outside: a config of documents in, a merged river out.

use std::fs;

use crate::world::World;

const NEWS: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>The Harbour News</title>
<link>https://harbour.example.org/</link><description>News</description>
<item><title>New ferry enters service</title><link>https://harbour.example.org/ferry</link>
<guid isPermaLink="false">harbour-1</guid><pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>
<description>The ferry takes its first passengers on Monday.</description></item>
<item><title>Bridge closed for repairs</title><link>https://harbour.example.org/bridge</link>
<guid isPermaLink="false">harbour-2</guid><pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate>
<description>The old bridge is closed until Friday.</description></item></channel></rss>"#;

const PLANET: &str = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Planet Coast</title>
<id>tag:planet.example.org,2026:coast</id><updated>2026-11-23T09:00:00Z</updated>
<link rel="alternate" href="https://planet.example.org/"/>
<entry><title>New ferry enters service</title><id>tag:planet.example.org,2026:77</id>
<link href="https://harbour.example.org/ferry?utm_source=planet"/><updated>2026-11-23T08:00:00Z</updated>
<summary>The ferry takes its first passengers on Monday.</summary></entry></feed>"#;

/// Two feeds that share one story, as files in the world's folder.
fn coast() -> World {
    let world = World::new();
    fs::write(world.folder().join("news.xml"), NEWS).unwrap();
    fs::write(world.folder().join("planet.xml"), PLANET).unwrap();
    world.feed("news", "file:news.xml").feed("planet", "file:planet.xml")
}

#[test]
fn a_story_that_two_feeds_carry_is_one_article_with_both_named() {
    let world = coast();
    world.ok(&["fetch"]);
    let articles = world.json(&["articles", "--json"]);
    assert_eq!(articles.as_array().unwrap().len(), 2, "{articles:#}");
    let ferry = &articles[0];
    assert_eq!(ferry["title"], "New ferry enters service");
    assert_eq!(ferry["sources"].as_array().unwrap().len(), 2);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 3);
    let id = ferry["id"].as_str().unwrap();
    let why = world.ok(&["explain", id]);
    assert!(why.contains("utm_source"), "{why}");
}

#[test]
fn a_second_round_finds_nothing_new_and_changes_no_byte() {
    let world = coast();
    world.ok(&["fetch"]);
    let before = world.ok(&["render", "all", "--format", "atom"]);
    world.ok(&["fetch", "--force"]);
    assert_eq!(world.ok(&["render", "all", "--format", "atom"]), before);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 3);
}

#[test]
fn the_daemon_polls_serves_and_ends_cleanly() {
    let world = coast();
    let mut daemon = world.daemon();
    daemon.wait_for_log("polled file:");
    daemon.wait_for_log("polled file:");
    let answer = daemon.get("/all.atom");
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("New ferry enters service"));
    let etag = answer.header("etag").unwrap();
    let again = daemon.request("GET", "/all.atom", &[("If-None-Match", etag)]);
    assert_eq!(again.status, 304);
    assert_eq!(daemon.get("/").status, 200);
    assert_eq!(daemon.get("/readyz").status, 200);
    let told = world.ok(&["render", "all", "--format", "atom"]);
    assert_eq!(told, answer.text(), "the command renders what the server serves");
    daemon.stop();
    assert_eq!(world.one::<String>("PRAGMA integrity_check"), "ok");
}

#[test]
fn killed_and_started_again_nothing_is_lost_or_doubled() {
    let world = coast();
    for _ in 0..3 {
        let daemon = world.daemon();
        daemon.kill();
    }
    world.ok(&["fetch", "--force"]);
    assert_eq!(world.one::<String>("PRAGMA integrity_check"), "ok");
}

#[test]
fn a_feed_that_fails_is_recorded_with_one_clear_line() {
    let world = coast().feed("gone", "file:nowhere.xml");
    let told = world.ok(&["fetch"]);
    assert!(told.contains("1 failed"), "{told}");
    let feeds = world.json(&["feeds", "--json"]);
    let gone = feeds.as_array().unwrap().iter().find(|feed| feed["name"] == "gone").unwrap();
    assert_eq!(gone["status"], "failing");
    let error: String =
        world.one("SELECT error FROM fetches WHERE error IS NOT NULL ORDER BY at LIMIT 1");
    assert!(error.contains("nowhere.xml") && !error.contains('\n'), "{error}");
}

#[test]
fn an_output_with_a_path_is_written_as_files_by_fetch_alone() {
    let world = coast().with("[[output]]\nname = \"all\"\npath = \"public\"");
    world.ok(&["fetch"]);
    for file in ["all.atom", "all.rss", "all.json", "all.html", "all.atom.gz"] {
        assert!(world.folder().join("public").join(file).is_file(), "{file} is missing");
    }
}

#[test]
fn feeds_says_why_the_next_poll_is_when_it_is() {
    let world = coast();
    world.ok(&["fetch"]);
    let all = world.ok(&["feeds"]);
    assert!(all.contains("polls every"), "{all}");
    let one = world.ok(&["feeds", "news"]);
    assert!(one.contains("because: polls every") && !one.contains("planet"), "{one}");
}

#[test]
fn a_document_that_had_to_be_mended_is_counted() {
    let world = coast();
    let torn = NEWS.replace("</channel></rss>", "");
    fs::write(world.folder().join("news.xml"), torn).unwrap();
    let mut daemon = world.daemon();
    daemon.wait_for_log("polled file:");
    daemon.wait_for_log("polled file:");
    let metrics = daemon.get("/metrics").text();
    assert!(metrics.contains("merganser_repairs_total{kind=\"document\"} 1"), "{metrics}");
    daemon.stop();
}
