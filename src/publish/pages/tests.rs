//! Pages from made-up articles: what is on them, and that they stay light and harmless.

use std::fmt::Write as _;

use url::Url;

use crate::model::{
    Article, ArticleId, ArticleMember, Enclosure, EntryId, FeedId, FeedRef, FeedState, FeedStatus,
    GroupingReason, Html, OutputFilter, OutputSetting, ServerSettings, Source, Time,
};

use super::*;

fn output(name: &str, title: &str) -> OutputSetting {
    OutputSetting {
        name: name.into(),
        title: title.into(),
        description: None,
        limit: 100,
        filter: OutputFilter::default(),
        name_others: false,
        path: None,
    }
}

fn settings() -> ServerSettings {
    ServerSettings {
        listen: ([127, 0, 0, 1], 8080).into(),
        base_url: "https://river.example.org/".parse().unwrap(),
        hub: None,
        images: true,
    }
}

fn site() -> PageSite {
    let outputs = vec![output("all", "Everything"), output("rust", "Rust")];
    PageSite::served(&settings(), outputs, "style.css")
}

fn alone() -> crate::publish::Site {
    crate::publish::Site::new(&settings(), &[output("all", "Everything")])
}

fn first() -> crate::publish::Part {
    crate::publish::Part::Subscription(crate::publish::Older::default())
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn source(name: &str, title: &str, number: i64) -> Source {
    let url: Url = format!("https://{name}.example/feed.xml").parse().unwrap();
    Source {
        feed: title.into(),
        name: name.into(),
        url: Some(format!("https://{name}.example/posts/{number}").parse().unwrap()),
        guid: format!("{name}-{number}"),
        about: FeedRef {
            id: FeedId(number),
            atom_id: None,
            url,
            home_page: None,
            updated: None,
            tags: vec![],
        },
        origin: None,
    }
}

const TITLES: [&str; 8] = [
    "The quiet return of the beaver to the lowland rivers",
    "Notes on writing a lenient parser",
    "Release 4.2: faster searches, fewer surprises, and a long list of small repairs that \
     nobody will notice but everybody will feel",
    "A week without a car",
    "Über die Geduld der Gärtner",
    "Why our build takes nine minutes, and how we made it take two",
    "Low water",
    "三月の海辺から",
];

const TEXTS: [&str; 3] = [
    "<p>Twenty years ago nobody had seen one here for generations. Now there are dams in every \
     second side stream, and the fish have come back behind them. We walked the <em>whole</em> \
     valley with those who count them, from the first snow to the last.</p><h2>The dams</h2>\
     <p>A dam holds water where the ditches took it away. <a href=\"https://example.org/x\">One \
     study</a> found more than a hundred species of beetle.</p><blockquote><p>They do in a week \
     what took us a decade of grant applications.</p></blockquote><pre>flow = depth * width * \
     velocity  # a long line of code that must scroll by itself and not the whole page, please</pre>\
     <ul><li>one</li><li>two</li></ul><table><tr><th>Year</th><th>Dams</th></tr><tr><td>2006</td>\
     <td>0</td></tr><tr><td>2026</td><td>311</td></tr></table>",
    "<p>A feed that cannot be parsed is read all the same by the programs that people use, and so \
     it stays broken. This is the story of a parser that reads what can be read and says what it \
     had to mend.</p>",
    "<p>Short and good.</p>",
];

fn article(number: i64) -> Article {
    let at = number as usize;
    let names = [
        ("river-notes", "River Notes"),
        ("parsers", "The Parser's Almanac"),
        ("tools", "Tools & Trades"),
        ("garten", "Garten und Zeit"),
    ];
    let (name, title) = names[at % names.len()];
    let mut sources = vec![source(name, title, number)];
    if number % 3 == 0 {
        sources.push(source("planet", "Planet Lowland", number));
        sources.push(source("digest", "The Weekly Digest of Things That Happened", number));
    }
    let position = time("2026-11-25T10:22:00Z") - chrono::TimeDelta::minutes(97 * number);
    let titled = number % 9 != 4;
    Article {
        row: ArticleId(1_000_000 - number),
        id: format!("https://{name}.example/posts/{number}"),
        slug: format!("{:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1)),
        url: Some(
            format!("https://{name}.example/2026/11/a-rather-usual-slug-{number}").parse().unwrap(),
        ),
        title: titled.then(|| TITLES[at % TITLES.len()].to_owned()),
        authors: if number % 2 == 0 { vec!["Ada Example".into()] } else { vec![] },
        published: Some(position),
        updated: None,
        first_seen: position,
        position,
        changed: position,
        summary: None,
        content: Some(Html::sanitized(TEXTS[at % TEXTS.len()].repeat(if number % 5 == 0 {
            3
        } else {
            1
        }))),
        categories: vec!["nature".into(), "long reads".into()],
        enclosures: if number % 7 == 1 {
            vec![Enclosure {
                url: format!("https://img.example/{number}.jpg").parse().unwrap(),
                media_type: Some("image/jpeg".into()),
                length: None,
            }]
        } else if number == 2 {
            vec![Enclosure {
                url: "http://cast.example/episode-12.mp3".parse().unwrap(),
                media_type: Some("audio/mpeg".into()),
                length: Some(31_456_789),
            }]
        } else {
            vec![]
        },
        language: Some(if number % 8 == 4 { "de" } else { "en" }.into()),
        sources,
    }
}

fn hundred() -> Vec<Article> {
    (0..100).map(article).collect()
}

fn river_page(site: &PageSite, articles: &[Article]) -> Page {
    let articles: Vec<&Article> = articles.iter().collect();
    river(
        site,
        &River {
            output: &site.outputs[0],
            articles: &articles,
            has_older: true,
            has_newer: false,
            narrowed: None,
            tags: ["nature", "rust", "tools"].map(str::to_owned).to_vec(),
            feeds: (0..60).map(|n| (format!("feed-{n}"), format!("The feed number {n}"))).collect(),
        },
    )
}

fn members() -> Vec<ArticleMember> {
    let member = |number: i64, feed: &str, title: &str, rule: &str, reason: &str| ArticleMember {
        entry: EntryId(number),
        feed: feed.into(),
        name: feed.to_lowercase().replace(' ', "-"),
        guid: format!("urn:{number}"),
        url: Some(format!("https://x.example/{number}").parse().unwrap()),
        title: Some(title.into()),
        published: None,
        first_seen: time("2026-11-25T08:00:00Z"),
        representative: number == 1,
        grouping: GroupingReason {
            rule: rule.into(),
            reason: reason.into(),
            with: (number > 1).then_some(EntryId(1)),
        },
    };
    vec![
        member(1, "River Notes", TITLES[0], "first", "first seen here"),
        member(2, "Planet Lowland", TITLES[0], "address", "same address after removing utm_source"),
        member(
            3,
            "The Weekly Digest",
            "Beavers are back",
            "text",
            "nearly the same text (94 of 100 phrases)",
        ),
    ]
}

fn feeds() -> Vec<FeedStatus> {
    let feed = |number: u64, title: &str, status: FeedState| FeedStatus {
        id: FeedId(number as i64),
        url: format!("https://me:secret@feed{number}.example/feeds/posts/default.xml?key=k")
            .parse()
            .unwrap(),
        name: format!("feed-{number}"),
        title: Some(title.into()),
        home_page: Some(format!("https://feed{number}.example/").parse().unwrap()),
        tags: vec!["nature".into()],
        status,
        last_success: Some(time("2026-11-25T10:00:00Z")),
        last_fetch: Some(time("2026-11-25T10:20:00Z")),
        next_poll: Some(time("2026-11-25T11:04:00Z")),
        interval_seconds: 3_600,
        reason: Some(
            "about one new entry every 3 hours; the server asks for at least 30 minutes".into(),
        ),
        consecutive_failures: 0,
        failing_since: None,
        error: None,
        entries: 214 * number,
        moved_to: None,
        silent_since: None,
        last_new_entry: Some(time("2026-11-24T19:12:00Z")),
        repairs: vec![],
        recent_polls: (0..30).map(|n| Some((n * number * 7 + 3) % 11 / 5)).collect(),
    };
    let mut broken = feed(2, "A Blog <script>alert(1)</script>", FeedState::Failing);
    broken.consecutive_failures = 14;
    broken.failing_since = Some(time("2026-11-22T03:00:00Z"));
    broken.error =
        Some("bad redirect to https://me:secret@x.example/<img onerror=x>: no feed".into());
    broken.reason = Some("failed 14 times: waiting 6 hours".into());
    broken.recent_polls = (0..30).map(|n| (n < 16).then_some(n % 3)).collect();
    let mut silent = feed(3, "Low Water", FeedState::Ok);
    silent.silent_since = Some(time("2026-03-01T00:00:00Z"));
    silent.repairs = vec!["bare & in a title".into(), "no guid: made from link and title".into()];
    let mut gone = feed(5, "Gone Fishing", FeedState::Gone);
    gone.next_poll = None;
    gone.reason = Some("HTTP 410: gone for good".into());
    vec![
        feed(1, "River Notes", FeedState::Ok),
        broken,
        silent,
        feed(4, "Tools & Trades", FeedState::Ok),
        gone,
    ]
}

#[test]
fn base64_is_that_of_the_standard() {
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
    assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
}

#[test]
fn a_river_of_a_hundred_articles_is_a_light_page() {
    let page = river_page(&site(), &hundred());
    assert!(page.0.len() < 130_000, "{} bytes", page.0.len());
    assert_eq!(page.0.matches("<article").count(), 100);
}

#[test]
fn every_output_is_offered_with_its_address_and_announced_in_the_head() {
    let page = river_page(&site(), &hundred());
    for name in ["all", "rust"] {
        for ending in ["atom", "rss", "json"] {
            assert!(page.0.contains(&format!("https://river.example.org/{name}.{ending}</code>")));
            assert!(page.0.contains(&format!("href=\"/{name}.{ending}\">")));
        }
    }
    assert_eq!(page.0.matches("<link rel=\"alternate\"").count(), 6);
}

#[test]
fn links_stay_below_a_path_prefix() {
    let mut site = site();
    site.base = "https://example.org/rivers/".parse().unwrap();
    site.style = Style::Linked("/rivers/style.css".into());
    let page = river_page(&site, &hundred()).0;
    for (at, _) in page.match_indices("href=\"/").chain(page.match_indices("action=\"/")) {
        let link = page.split_at(at).1.split('"').nth(1).unwrap();
        assert!(link.starts_with("/rivers/"), "{link}");
    }
}

#[test]
fn no_field_of_a_feed_brings_markup_or_script_to_a_page() {
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";
    let mut one = article(0);
    one.title = Some(evil.into());
    one.authors = vec![evil.into()];
    one.categories = vec![evil.into()];
    one.language = Some(evil.into());
    one.slug = evil.into();
    one.url = Some("javascript:alert(3)".parse().unwrap());
    one.content = Some(Html::sanitized(evil));
    one.enclosures = vec![Enclosure {
        url: "javascript:alert(4)".parse().unwrap(),
        media_type: Some(evil.into()),
        length: None,
    }];
    for source in &mut one.sources {
        source.feed = evil.into();
        source.name = evil.into();
        source.guid = evil.into();
        source.url = Some("data:text/html,x".parse().unwrap());
    }
    let mut told = members();
    for member in &mut told {
        member.feed = evil.into();
        member.title = Some(evil.into());
        member.grouping.reason = evil.into();
        member.url = Some("javascript:alert(5)".parse().unwrap());
    }
    let mut health = feeds();
    for feed in &mut health {
        feed.title = Some(evil.into());
        feed.error = Some(evil.into());
        feed.reason = Some(evil.into());
        feed.repairs = vec![evil.into()];
        feed.tags = vec![evil.into()];
        feed.home_page = Some("javascript:alert(6)".parse().unwrap());
    }
    let site = site();
    let articles = [one];
    let found = Search { query: evil, articles: &articles, has_older: true, later: false };
    for page in [
        river_page(&site, &articles),
        standalone(&alone(), &site.outputs[0], &articles.iter().collect::<Vec<_>>(), &first()),
        super::article(&site, &articles[0], &told),
        search(&site, &found),
        status(&site, &health, 0),
        message(&site, evil, evil),
    ] {
        let page = page.0.to_lowercase();
        for harm in
            ["<script", "<img src=x", "onerror=alert(2)>", "href=\"javascript", "href=\"data"]
        {
            assert!(!page.contains(harm), "{harm} in {page}");
        }
    }
}

#[test]
fn credentials_are_on_no_page() {
    let page = status(&site(), &feeds(), 0).0;
    assert!(!page.contains("secret") && !page.contains("key=k"), "{page}");
}

#[test]
fn what_fails_and_what_is_silent_comes_first() {
    let page = status(&site(), &feeds(), 0).0;
    let place = |text: &str| page.find(text).unwrap();
    assert!(place("A Blog") < place("Low Water"));
    assert!(place("Low Water") < place("River Notes"));
}

#[test]
fn an_article_says_who_told_it_and_why_they_are_one() {
    let page = super::article(&site(), &article(0), &members()).0;
    assert!(
        page.contains("joined the entry from River Notes: same address after removing utm_source")
    );
    assert!(page.contains("One story, told by 3 entries"));
}

#[test]
fn a_search_marks_its_words_and_offers_its_feed() {
    let articles = [article(0)];
    let found = Search { query: "beaver", articles: &articles, has_older: false, later: false };
    let page = search(&site(), &found).0;
    assert!(page.contains("<mark>beaver</mark>"));
    assert!(page.contains("href=\"/search.atom?q=beaver\""));
}

#[test]
fn a_page_that_stands_alone_needs_no_server() {
    let page = standalone(
        &alone(),
        &output("all", "Everything"),
        &hundred().iter().collect::<Vec<_>>(),
        &first(),
    )
    .0;
    assert!(page.contains("<style>") && page.contains("href=\"all.atom\""));
    assert!(!page.contains("href=\"/") && !page.contains("<form"));
}

/// Writes every kind of page into a folder, to be looked at in a browser:
/// `MERGANSER_PAGES=DIR cargo test --lib pages::tests::pages_to_look_at`.
#[test]
fn pages_to_look_at() {
    let Some(folder) = std::env::var_os("MERGANSER_PAGES").map(std::path::PathBuf::from) else {
        return;
    };
    let mut site = site();
    site.style = Style::Inline(style());
    let articles = hundred();
    let found =
        Search { query: "parser beaver", articles: &articles[..8], has_older: true, later: false };
    let none = Search { query: "walrus", articles: &[], has_older: false, later: false };
    let mut report = String::new();
    let started = std::time::Instant::now();
    for _ in 0..10 {
        river_page(&site, &articles);
    }
    writeln!(report, "river rendered in {:?}", started.elapsed() / 10).unwrap();
    for (name, page) in [
        ("river", river_page(&site, &articles)),
        (
            "alone",
            standalone(&alone(), &site.outputs[0], &articles.iter().collect::<Vec<_>>(), &first()),
        ),
        ("article", super::article(&site, &articles[0], &members())),
        ("search", search(&site, &found)),
        ("none", search(&site, &none)),
        ("status", status(&site, &feeds(), 0)),
        ("missing", message(&site, "Not found", "There is no such page here.")),
    ] {
        writeln!(report, "{name} {}", page.0.len()).unwrap();
        std::fs::write(folder.join(format!("{name}.html")), page.0).unwrap();
    }
    eprintln!("{report}");
}
