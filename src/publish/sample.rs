//! Small articles for the tests of this room.

use crate::model::{
    Article, ArticleId, FeedId, FeedRef, Html, OutputFilter, OutputSetting, ServerSettings, Source,
    Time,
};

use super::Site;

/// So many seconds into 2026.
pub fn time(second: i64) -> Time {
    let start: Time = "2026-01-01T00:00:00Z".parse().expect("a time");
    start + chrono::TimeDelta::seconds(second)
}

pub fn site() -> Site {
    let server = ServerSettings {
        listen: ([127, 0, 0, 1], 8080).into(),
        base_url: "https://river.example.org/".parse().expect("a URL"),
        hub: "https://hub.example/".parse().ok(),
        images: true,
    };
    Site::new(&server, &[output()])
}

pub fn output() -> OutputSetting {
    OutputSetting {
        name: "all".into(),
        title: "Everything".into(),
        description: None,
        limit: 100,
        filter: OutputFilter::default(),
        name_others: false,
        path: None,
    }
}

/// The article of row `n`, from feed 1, `n` seconds into the year.
pub fn article(n: i64) -> Article {
    let url = format!("https://origin.example/{n}");
    Article {
        row: ArticleId(n),
        id: url.clone(),
        slug: format!("{n:x}"),
        url: url.parse().ok(),
        title: Some(format!("Title {n}")),
        authors: vec!["Ada".into()],
        published: Some(time(n)),
        updated: None,
        first_seen: time(n),
        position: time(n),
        changed: time(n),
        summary: None,
        content: Some(Html::sanitized(format!("<p>Text {n}</p>"))),
        categories: vec![],
        enclosures: vec![],
        language: None,
        sources: vec![source(1, Some(&url))],
    }
}

/// An entry of feed `n`.
pub fn source(n: i64, url: Option<&str>) -> Source {
    let home = format!("https://feed{n}.example/");
    Source {
        feed: format!("Feed {n}"),
        name: format!("feed{n}"),
        url: url.and_then(|url| url.parse().ok()),
        guid: url.unwrap_or("guid").to_owned(),
        about: FeedRef {
            id: FeedId(n),
            atom_id: None,
            url: format!("{home}feed.xml").parse().expect("a URL"),
            home_page: home.parse().ok(),
            updated: Some(time(0)),
            tags: vec![],
        },
        origin: None,
    }
}
