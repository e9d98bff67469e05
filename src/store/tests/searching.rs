//! Search: words, phrases, and the order of what they find.

use super::*;

#[tokio::test]
async fn search_finds_words_phrases_and_chinese_and_survives_any_text() {
    let house = House::with(&["a"]).await;
    let says = |word: &str, html: &str| {
        changed(entry(word), |entry| entry.content = Some(Html::sanitized(html)))
    };
    house
        .poll(
            1,
            noon(),
            &[
                says("one", "<p>The quick <b>brown</b> fox &amp; co</p>"),
                says("two", "<p>fox brown quick café</p>"),
                says("three", "<p>我在東京都住。한국어 문장</p>"),
            ],
        )
        .await;
    assert_eq!(house.found("quick FOX").await.len(), 2);
    assert_eq!(house.found("\"brown fox\"").await, ["About one"]);
    assert_eq!(house.found("cafe").await, ["About two"]);
    assert_eq!(house.found("東京").await, ["About three"]);
    assert_eq!(house.found("東京都").await, ["About three"]);
    assert_eq!(house.found("住").await, ["About three"]);
    assert_eq!(house.found("京東").await, Vec::<String>::new());
    assert_eq!(house.found("ada").await.len(), 3);
    for odd in [
        "",
        " ",
        "\"",
        "AND",
        "a*b",
        "title:",
        "^",
        "{x}",
        "NEAR(a b)",
        "-- ;",
        "\0",
        "'",
        "(((",
        "🦆",
        "a\u{300}",
    ] {
        house.found(odd).await;
    }
    house.healthy().await;
}

/// The index finds all that have the words; the texts say which of them have the phrase.
#[tokio::test]
async fn a_phrase_is_found_behind_many_that_only_have_its_words() {
    let house = House::with(&["a", "b"]).await;
    let says = |word: &str, html: &str| {
        changed(entry(word), |entry| entry.content = Some(Html::sanitized(html)))
    };
    house.poll(1, noon(), &[says("old", "<p>Der Fähre <b>nach</b></p><p>Föhr, e-mail</p>")]).await;
    let many: Vec<Entry> = (0..150)
        .map(|n| says(&format!("new{n}"), "<p>nach Föhr: der mail, die e Fähre</p>"))
        .collect();
    house.poll(2, noon() + hours(1), &many).await;
    assert_eq!(house.found("nach der Föhr mail Fähre").await.len(), 151);
    for phrase in
        ["\"der fahre\"", "\"nach föhr e\" die", "“nach Föhr E”", "e-mail", "\"Fähre nach\""]
    {
        let is_there = !phrase.contains("die");
        assert_eq!(house.found(phrase).await, ["About old"][..usize::from(is_there)], "{phrase}");
    }
    // A phrase stands in one field, not across two.
    assert_eq!(house.found("\"about old\"").await.len(), 1);
    assert!(house.found("\"old der\"").await.is_empty());
}

/// More articles than are simply put in order, in three documents, by all dates.
async fn many() -> House {
    let house = House::with(&["a", "b", "c"]).await;
    let numbers: Vec<i64> = (0..2_700).collect();
    for (feed, numbers) in (1..).zip(numbers.chunks(900)) {
        let entries: Vec<Entry> = numbers
            .iter()
            .map(|number| {
                let marks = [(1, "every"), (3, "third"), (500, "rare")];
                let marks = marks.iter().filter(|(nth, _)| number % nth == 0);
                let marks: Vec<&str> = marks.map(|(_, mark)| *mark).collect();
                changed(entry(&number.to_string()), |entry| {
                    entry.title = Some(format!("{} {number}", marks.join(" ")));
                    // A third of them share a place with others.
                    entry.published = Some(noon() - hours(number * 7_919 % 1_800));
                })
            })
            .collect();
        house.poll(feed, noon() + hours(feed), &entries).await;
    }
    house
}

#[tokio::test]
async fn a_search_goes_down_the_river_whether_its_word_is_rare_or_everywhere() {
    let house = many().await;
    let all = ArticleQuery { limit: 10_000, ..Default::default() };
    let river = house.store.articles(all.clone()).await.unwrap();
    assert_eq!(river.len(), 2_700);
    for words in ["every", "third", "rare", "every third", "\"every third\""] {
        let has = |it: &&Article| {
            it.title.as_ref().is_some_and(|title| title.contains(words.trim_matches('"')))
        };
        let wanted: Vec<&Article> = river.iter().filter(has).collect();
        for (limit, since) in [(10_000, None), (70, None), (10_000, Some(noon() - hours(600)))] {
            let mut paged = Vec::new();
            let mut before = None;
            loop {
                let search = Some(words.to_owned());
                let query = ArticleQuery { search, before, since, limit, ..Default::default() };
                let page = house.store.articles(query).await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some((last.position, last.row));
                paged.extend(page);
                if paged.len() > 400 && limit < 100 {
                    break;
                }
            }
            let wanted = wanted.iter().filter(|it| since.is_none_or(|since| it.position >= since));
            let wanted: Vec<i64> = wanted.map(|it| it.row.0).take(paged.len().max(400)).collect();
            let found: Vec<i64> = paged.iter().map(|it| it.row.0).collect();
            assert_eq!(found, wanted, "{words}, {limit} a page, since {since:?}");
        }
    }
}
