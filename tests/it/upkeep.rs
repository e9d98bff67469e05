//! What the daemon, or a round of polls, does for the store beside polls: HTML that older
//! rules cleaned is cleaned by today's, and what is old goes.

use merganser::parse::html::RULES_VERSION;
use rusqlite::Connection;

use crate::{
    origin::{Answer, Origin},
    world::{PATIENCE, World},
};

fn document(titles: &[&str]) -> String {
    let items: String = titles
        .iter()
        .map(|title| {
            format!(
                "<item><title>{title}</title><guid>{title}</guid>\
                 <description>&lt;p&gt;The {title}.&lt;/p&gt;</description></item>"
            )
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>Quay</title>{items}</channel></rss>")
}

fn shell(world: &World) -> Connection {
    let shell = Connection::open(world.store_path()).unwrap();
    shell.busy_timeout(PATIENCE).unwrap();
    shell
}

/// A world with two entries in its store.
fn polled(origin: &Origin) -> World {
    origin.on("/feed", Answer::ok(document(&["ferry", "barge"])).header("ETag", "\"1\""));
    let world = World::new().feed("quay", &origin.url("/feed"));
    world.ok(&["fetch"]);
    world
}

#[test]
fn html_of_a_store_of_older_rules_is_cleaned_by_todays_and_its_ids_stay() {
    let origin = Origin::start();
    let world = polled(&origin);
    assert_eq!(world.one::<u32>("SELECT html_version FROM state"), RULES_VERSION);
    assert!(!world.ok(&["check", "--store"]).contains("cleaned again"));
    let ids = "SELECT group_concat(public_id || id || position) FROM articles";
    let before: String = world.one(ids);
    // As rules would have left it that knew no handlers of events.
    shell(&world)
        .execute_batch(
            "UPDATE entries SET summary = '<p onclick=\"x()\">The <script>x()</script>ferry.</p>'
              WHERE guid = 'ferry';
             UPDATE state SET html_version = 0;",
        )
        .unwrap();
    let told = world.ok(&["check", "--store"]);
    assert!(told.contains("2 entries to be cleaned again") && told.contains("good"), "{told}");

    let mut daemon = world.daemon();
    // It begins before the daemon says that it listens.
    daemon.wait_for_log("stored HTML is cleaned again entries=2 changed=1");
    assert!(daemon.seen.iter().any(|line| line.contains("2 entries are cleaned again")));
    let page = daemon.get("/all.atom").text();
    assert!(page.contains("The ferry.") && !page.contains("onclick"), "{page}");
    daemon.stop();
    let html: String = world.one("SELECT summary FROM entries WHERE guid = 'ferry'");
    assert_eq!(html, "<p>The ferry.</p>");
    assert_eq!(world.one::<String>(ids), before);
    assert_eq!(world.one::<u32>("SELECT html_version FROM state"), RULES_VERSION);
}

/// Where a timer starts rounds of polls there is no daemon and no night.
#[test]
fn a_round_of_polls_sweeps_once_a_day_and_nothing_comes_back() {
    let origin = Origin::start();
    let world = polled(&origin).with("[retention]\nkeep = \"1s\"");
    origin.on("/feed", Answer::ok(document(&["tug"])).header("ETag", "\"2\""));
    world.ok(&["fetch", "--force"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM entries"), 3, "the last sweep was today");
    let yesterday = "UPDATE state SET last_sweep = strftime('%FT%H:%M:%fZ', 'now', '-30 hours');
                     UPDATE entries SET first_seen = '2020-01-01T00:00:00Z';";
    shell(&world).execute_batch(yesterday).unwrap();
    world.ok(&["fetch"]);
    assert_eq!(world.one::<String>("SELECT group_concat(guid) FROM entries"), "tug");
    origin.on("/feed", Answer::ok(document(&["tug", "ferry"])).header("ETag", "\"3\""));
    world.ok(&["fetch", "--force"]);
    assert_eq!(world.one::<String>("SELECT group_concat(guid) FROM entries"), "tug");
}

#[test]
fn a_store_that_refuses_the_upkeep_is_told_and_polled_into_all_the_same() {
    let origin = Origin::start();
    let world = polled(&origin);
    let fault = "UPDATE state SET html_version = 0; UPDATE feeds SET next_poll = '2020-01-01';
                 CREATE TRIGGER fault BEFORE UPDATE OF cleaning_version ON state
                 BEGIN SELECT raise(ABORT, 'on purpose'); END;";
    shell(&world).execute_batch(fault).unwrap();
    let mut daemon = world.daemon();
    daemon.wait_for_log("polled http");
    daemon.stop();
    let told = "the store's upkeep waits for the next night or start: store";
    let mut daemon = world.daemon();
    if !daemon.seen.iter().any(|line| line.contains(told)) {
        daemon.wait_for_log(told);
    }
    daemon.stop();
    shell(&world).execute_batch("DROP TRIGGER fault").unwrap();
    world.ok(&["fetch"]);
    assert_eq!(world.one::<u32>("SELECT html_version FROM state"), RULES_VERSION);
}
