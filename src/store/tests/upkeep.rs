//! What was made by older rules is made again, and nothing else changes by it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;

/// Today's rules: those of the test forbid one word.
fn cleaner() -> Cleaner {
    Arc::new(|html| {
        let html = html.replace("<i>bad</i>", "");
        (!html.is_empty()).then(|| Html::sanitized(html))
    })
}

fn with_bad(word: &str) -> Entry {
    changed(entry(word), |it| {
        it.content = Some(Html::sanitized(format!("<p>All <i>bad</i> of {word}.</p>")));
        it.summary = None;
    })
}

async fn reclean(house: &House, version: u32) -> Recleaned {
    let mut all = Recleaned::default();
    while let Some(some) = house.store.reclean(version, cleaner(), noon() + hours(5)).await.unwrap()
    {
        all.entries += some.entries;
        all.changed += some.changed;
    }
    all
}

/// All columns that a new sanitizer must leave alone.
fn beside_html(house: &House) -> String {
    house.text(
        "SELECT group_concat(x, char(10)) FROM (
             SELECT concat_ws('|', e.id, e.feed_id, e.guid, e.variant, e.article_id, e.first_seen,
                 e.published, e.raw_hash, e.grouped_by, e.url, e.title, hex(e.dedup_keys),
                 a.public_id, a.slug, a.position, a.first_seen) AS x
               FROM entries e JOIN articles a ON a.id = e.article_id ORDER BY e.id)",
    )
}

#[tokio::test]
async fn a_sanitizer_that_has_learnt_reaches_old_rows_and_changes_their_html_alone() {
    let house = House::with(&["a", "b"]).await;
    house.poll(1, noon(), &[with_bad("one"), entry("two")]).await;
    house.poll(2, noon(), &[with_bad("one")]).await;
    let (before, revision) = (beside_html(&house), house.store.revision().await.unwrap());
    let changed_before = house.river().await;
    assert_eq!(house.found("bad").await.len(), 1);
    let state = house.store.html_state(2).await.unwrap();
    assert_eq!(state, HtmlState { version: 0, left: 3 });

    assert_eq!(reclean(&house, 2).await, Recleaned { entries: 3, changed: 2 });
    assert_eq!(house.number("SELECT count(*) FROM entries WHERE content LIKE '%bad%'"), 0);
    assert_eq!(house.found("bad").await, Vec::<String>::new());
    assert_eq!(house.found("\"all of one\"").await, ["About one"]);
    assert_eq!(beside_html(&house), before);
    assert!(house.store.revision().await.unwrap() > revision, "outputs are made anew");
    for (old, new) in changed_before.iter().zip(house.river().await) {
        assert_eq!(new.changed > old.changed, old.title.as_deref() == Some("About one"));
    }
    let state = house.store.html_state(2).await.unwrap();
    assert_eq!(state, HtmlState { version: 2, left: 0 });
    // Done is done, and what the feed still shows is no news.
    assert_eq!(reclean(&house, 2).await, Recleaned::default());
    let again = house.poll(1, noon() + hours(6), &[with_bad("one"), entry("two")]).await;
    assert_eq!(again, Committed::default());
    house.healthy().await;
}

#[tokio::test]
async fn a_guid_that_is_renewed_after_the_cleaning_is_still_known_by_what_it_says() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[with_bad("one"), entry("two")]).await;
    reclean(&house, 2).await;
    let renewed = changed(with_bad("one"), |it| {
        it.guid = "guid-renewed".into();
        it.content = it.content.as_ref().and_then(|html| cleaner()(html.as_str()));
    });
    let again = house.poll(1, noon() + hours(6), &[renewed, entry("two")]).await;
    assert_eq!(again.new_entries, 0);
}

#[tokio::test]
async fn a_cleaning_that_was_cut_goes_on_where_it_was() {
    let house = House::with(&["a"]).await;
    let entries: Vec<Entry> = (0..250).map(|number| with_bad(&number.to_string())).collect();
    house.poll(1, noon(), &entries).await;
    let first = house.store.reclean(2, cleaner(), noon()).await.unwrap().unwrap();
    assert!(first.entries < 250);
    house.store.close().await.unwrap();
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let house = House { store, ..house };
    let left = house.store.html_state(2).await.unwrap();
    assert_eq!(left, HtmlState { version: 0, left: 250 - first.entries });
    assert_eq!(reclean(&house, 2).await.entries, left.left);
    assert_eq!(house.number("SELECT count(*) FROM entries WHERE content LIKE '%bad%'"), 0);
    // Cut, and then rules that are newer still: from the beginning.
    house.store.reclean(3, cleaner(), noon()).await.unwrap().unwrap();
    assert_eq!(house.store.html_state(4).await.unwrap().left, 250);
    assert_eq!(reclean(&house, 4).await, Recleaned { entries: 250, changed: 0 });
    house.healthy().await;
}

#[tokio::test]
async fn what_an_older_program_takes_in_is_cleaned_once_the_newer_one_is_back() {
    let house = House::with(&["a"]).await;
    assert_eq!(reclean(&house, 2).await, Recleaned::default());
    assert_eq!(reclean(&house, 1).await, Recleaned::default());
    house.poll(1, noon(), &[with_bad("one")]).await;
    assert_eq!(reclean(&house, 2).await, Recleaned { entries: 1, changed: 1 });
}

#[tokio::test]
async fn an_entry_that_was_edited_meanwhile_is_left_as_it_is() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[with_bad("one")]).await;
    let (path, cleaned) = (house.path(), AtomicUsize::new(0));
    let meddling: Cleaner = Arc::new(move |html| {
        if cleaned.fetch_add(1, Ordering::Relaxed) == 0 {
            let shell = Connection::open(&path).unwrap();
            shell.execute("UPDATE entries SET content = '<p>Edited.</p>'", []).unwrap();
        }
        cleaner()(html)
    });
    let done = house.store.reclean(2, meddling, noon()).await.unwrap().unwrap();
    assert_eq!(done, Recleaned { entries: 1, changed: 0 });
    assert_eq!(house.text("SELECT content FROM entries"), "<p>Edited.</p>");
}

#[tokio::test]
async fn a_search_index_of_another_version_is_made_anew_at_the_next_start() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one"), entry("two"), entry("高速道路")]).await;
    house.store.close().await.unwrap();
    // As a version would have it that knew no pairs of signs.
    let shell = house.shell();
    shell
        .execute_batch(
            "INSERT INTO search (search) VALUES ('delete-all');
             INSERT INTO search (rowid, title, author, text)
                 SELECT id, title, author, text FROM search_text WHERE id > 1;
             UPDATE state SET search_version = 0;",
        )
        .unwrap();
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let house = House { store, ..house };
    assert_eq!(house.number("SELECT search_version FROM state"), search::VERSION);
    assert_eq!(house.found("about").await.len(), 3);
    assert_eq!(house.found("速道").await.len(), 1);
    // FTS5 forgets what it was told, and nothing else.
    let edited = changed(entry("高速道路"), |it| it.title = Some("About a ferry".into()));
    house.poll(1, noon() + hours(1), &[edited]).await;
    assert_eq!(house.found("ferry").await.len(), 1);
    house.healthy().await;
}

#[tokio::test]
async fn an_index_with_places_becomes_one_without() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one"), entry("two")]).await;
    house.store.close().await.unwrap();
    // As the version before had it.
    let old = "DROP TABLE search;
        CREATE VIRTUAL TABLE search USING fts5 (
            title, author, text,
            content = 'search_text', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
        );
        INSERT INTO search (rowid, title, author, text) SELECT * FROM search_text;
        UPDATE state SET search_version = 1;";
    house.shell().execute_batch(old).unwrap();
    house.shell().execute_batch(migrations::MIGRATIONS[8]).unwrap();
    assert_eq!(house.number("SELECT count(*) FROM search('about')"), 0);
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let house = House { store, ..house };
    assert_eq!(house.found("about").await.len(), 2);
    assert_eq!(house.found("\"about two\"").await, ["About two"]);
    let by_column =
        house
            .shell()
            .query_row("SELECT count(*) FROM search('title: one')", [], |row| row.get::<_, i64>(0));
    assert_eq!(by_column.unwrap(), 1);
    house.healthy().await;
}

#[tokio::test]
async fn a_sweep_is_missed_where_none_was_within_a_day() {
    let house = House::with(&["a"]).await;
    assert!(!house.store.missed_sweep(noon()).await.unwrap(), "there is nothing yet");
    house.poll(1, noon() - hours(26), &[entry("pears")]).await;
    assert!(house.store.missed_sweep(noon()).await.unwrap(), "there was none yet");
    house.store.sweep(noon(), Duration::from_secs(1)).await.unwrap();
    assert!(!house.store.missed_sweep(noon() + hours(24)).await.unwrap());
    assert!(house.store.missed_sweep(noon() + hours(26)).await.unwrap());
}

#[tokio::test]
async fn parts_of_the_search_index_are_brought_together_sixteen_at_a_time() {
    let house = House::with(&["one"]).await;
    let parts = "SELECT count(DISTINCT segid) FROM search_idx";
    for number in 0..15 {
        house.poll(1, noon() + hours(number), &[entry(&format!("word{number}"))]).await;
    }
    house.store.merge_index().await.unwrap();
    assert_eq!(house.number(parts), 15);
    house.poll(1, noon() + hours(15), &[entry("word15")]).await;
    house.store.merge_index().await.unwrap();
    assert_eq!(house.number(parts), 1);
    for number in 0..16 {
        assert_eq!(house.found(&format!("word{number}")).await.len(), 1, "{number}");
    }
    house.healthy().await;
}
