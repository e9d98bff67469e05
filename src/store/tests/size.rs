//! How cost grows with what is stored: `cargo test --lib store::tests::size -- --ignored --nocapture`.

use std::{fmt::Write as _, time::Instant};

use super::*;
use crate::model::OutputFilter;

const WORDS: u64 = 20_000;

/// An article of some 400 words of a vocabulary in which few are common.
fn salad(number: u64, when: Time) -> Entry {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::from("<p>");
    for _ in 0..400 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let rank = (state >> 32) % WORDS * (state % WORDS) / WORDS;
        let _ = write!(text, "w{rank:x} ");
    }
    text.push_str("</p>");
    changed(entry(&format!("story-{number}")), |entry| {
        entry.published = Some(when);
        entry.content = Some(Html::sanitized(text));
    })
}

#[tokio::test]
#[ignore = "measures; takes minutes"]
async fn the_cost_of_a_commit_and_of_a_page_does_not_grow() {
    let feeds: Vec<String> = (0..1_000).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = feeds.iter().map(String::as_str).collect();
    let house = House::with(&names).await;
    let most: u64 = std::env::var("ARTICLES").ok().and_then(|it| it.parse().ok()).unwrap_or(40_000);
    let (mut stored, mut mark, mut spent, mut text_bytes) = (0, 10_000, 0.0, 0);
    while stored < most {
        let updates: Vec<FeedUpdate> = (0..50)
            .map(|poll| {
                let number = stored + poll * 20;
                let feed = i64::try_from(number / 20 % 1_000 + 1).unwrap();
                let when = noon() + TimeDelta::minutes(i64::try_from(number / 20).unwrap());
                let entries: Vec<Entry> = (0..20).map(|it| salad(number + it, when)).collect();
                text_bytes += entries.iter().map(|it| format!("{it:?}").len()).sum::<usize>();
                update(FeedId(feed), when, &entries)
            })
            .collect();
        let began = Instant::now();
        let commits: Vec<_> = updates
            .into_iter()
            .map(|update| {
                let store = house.store.clone();
                tokio::spawn(async move { store.commit(update).await.unwrap() })
            })
            .collect();
        for commit in commits {
            commit.await.unwrap();
        }
        spent += began.elapsed().as_secs_f64();
        stored += 1_000;
        if stored == mark {
            mark *= 2;
            report(&house, stored, spent, text_bytes).await;
        }
    }
}

async fn report(house: &House, stored: u64, spent: f64, text_bytes: usize) {
    let bytes = std::fs::metadata(house.path()).unwrap().len();
    println!(
        "{stored} articles: {:.0} us an entry, {} MB, {:.2} x the text",
        spent * 1e6 / stored as f64,
        bytes >> 20,
        bytes as f64 / text_bytes as f64
    );
    let shell = house.shell();
    let mut sizes = shell
        .prepare("SELECT name, sum(pgsize) / 1024, sum(unused) / 1024 FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12")
        .unwrap();
    let sizes = sizes.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    for (name, kib, unused) in sizes.map(Result::<(String, i64, i64), _>::unwrap) {
        println!("  {name}: {kib} KiB, {unused} unused");
    }
    let later = noon() + hours(24 * 400) + TimeDelta::seconds(stored.cast_signed());
    let began = Instant::now();
    for poll in 0..20 {
        house.poll(7, later, &[salad(1 << 40 | stored << 8 | poll, later)]).await;
    }
    println!("  one new entry: {:?}", began.elapsed() / 20);
    let timed = async |what: &str, query: ArticleQuery| {
        let began = Instant::now();
        let found = house.store.articles(query).await.unwrap().len();
        println!("  {what}: {found} in {:?}", began.elapsed());
    };
    let page = ArticleQuery { limit: 100, ..Default::default() };
    timed("river", page.clone()).await;
    let one = OutputFilter { tags: vec!["tag-f5".into()], ..Default::default() };
    timed("one feed", ArticleQuery { filter: one, ..page.clone() }).await;
    for words in ["w5", "w4e1f w3a", "\"w1 w2\""] {
        timed(words, ArticleQuery { search: Some(words.into()), ..page.clone() }).await;
    }
    let began = Instant::now();
    let claimed =
        house.store.claim(Claim::Due, later + hours(9), 10, Duration::from_secs(1)).await.unwrap();
    println!("  claim: {} in {:?}", claimed.len(), began.elapsed());
}
