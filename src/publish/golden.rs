//! Golden documents: what the formats look like, kept under `tests/fixtures/publish`.
//!
//! `MERGANSER_BLESS=1 cargo test golden` writes them anew; the difference is then for
//! eyes, and for validators, to judge.

use std::{fs, path::Path};

use super::*;
use crate::model::{ArticleId, Enclosure, Html, Origin};

/// One article of each kind that the formats treat in a way of their own.
fn river() -> (OutputSetting, Site, Vec<Article>) {
    let mut output = sample::output();
    output.description = Some("All feeds & more".into());
    output.name_others = true;

    let mut full = sample::article(9);
    full.title = Some("Tide & <em>time</em>: 1 < 2".into());
    full.authors = vec!["Ada Lovelace".into(), "Zoë <z@example.org>".into()];
    full.updated = Some(sample::time(4_000));
    full.changed = sample::time(4_100);
    full.summary = Some(Html::sanitized("<p>In short &amp; plain.</p>"));
    full.content = Some(Html::sanitized("<p>In <b>long</b>: 1 &lt; 2 ]]&gt;.</p>"));
    full.categories = vec!["Sea".into(), "Time & tide".into(), "Sea".into()];
    full.language = Some("en-GB".into());
    full.enclosures = vec![
        Enclosure {
            url: "https://origin.example/tide.mp3?a=1&b=2".parse().unwrap(),
            media_type: Some("audio/mpeg".into()),
            length: Some(12_345),
        },
        Enclosure {
            url: "https://origin.example/tide.bin".parse().unwrap(),
            media_type: Some("nonsense".into()),
            length: None,
        },
    ];
    full.sources[0].about.atom_id = Some("tag:feed1.example,2020:feed".into());
    full.sources.push(sample::source(2, Some("https://feed2.example/tide")));
    full.sources.push(sample::source(3, full.url.as_ref().map(url::Url::as_str)));

    let mut untitled = sample::article(8);
    untitled.id = "urn:uuid:0f7a4cf5-31c9-4a1e-9d3c-6c2b6a5b7a11".into();
    untitled.title = None;
    untitled.authors = vec![];
    untitled.content = None;
    untitled.summary =
        Some(Html::sanitized("<p>No title, only this note about the sea and what it brought.</p>"));

    let mut planet = sample::article(7);
    planet.title = Some("From a planet\u{8}".into());
    planet.sources[0].url = "https://feed1.example/planet/7".parse().ok();
    planet.sources[0].origin = Some(Origin {
        id: Some("https://home.example/atom".into()),
        title: Some("Home".into()),
        url: "https://home.example/atom".parse().ok(),
        home_page: "https://home.example/".parse().ok(),
    });

    let mut bare = sample::article(6);
    bare.id = "urn:uuid:7d1d1f8e-52a0-4d0d-8a52-2f1f4b8a9c10".into();
    (bare.url, bare.content, bare.published) = (None, None, None);
    bare.title = Some("Nothing but a title".into());
    bare.sources[0].url = None;
    bare.sources[0].about.url = "file:///var/lib/feeds/local.xml".parse().unwrap();
    bare.sources[0].about.home_page = None;

    (output, sample::site(), vec![full, untitled, planet, bare])
}

fn is_golden(name: &str, rendered: &Rendered) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/publish").join(name);
    if std::env::var_os("MERGANSER_BLESS").is_some() {
        fs::write(&path, &rendered.bytes).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert_eq!(std::str::from_utf8(&rendered.bytes).unwrap(), golden, "{name}");
}

#[test]
fn subscription_documents_are_golden() {
    let (output, site, articles) = river();
    let older = Older { archive: Some(ArticleId(6)), page: Some(Place::of(&articles[3])) };
    let part = Part::Subscription(older);
    for format in [Format::Atom, Format::Rss, Format::Json] {
        let rendered = render_part(&output, &site, &articles, format, &part);
        is_golden(&format!("river.{}", format.extension()), &rendered);
        let mut turned = articles.clone();
        turned.reverse();
        let again = render_part(&output, &site, &turned, format, &part);
        assert_eq!(again, rendered, "the order of the articles given does not matter");
    }
}

#[test]
fn archive_documents_are_golden_and_do_not_follow_the_feeds() {
    let (output, site, mut articles) = river();
    let part =
        Part::Archive(Archive { arrived_before: ArticleId(1_000), older: Some(ArticleId(500)) });
    for format in [Format::Atom, Format::Rss, Format::Json] {
        let rendered = render_part(&output, &site, &articles, format, &part);
        is_golden(&format!("archive.{}", format.extension()), &rendered);
        articles.iter_mut().for_each(|article| {
            article.sources.iter_mut().for_each(|s| s.about.updated = Some(sample::time(9_999)));
        });
        assert_eq!(render_part(&output, &site, &articles, format, &part), rendered);
    }
}

#[test]
fn an_empty_output_is_whole_and_as_old_as_can_be() {
    let (output, site, _) = river();
    for format in [Format::Atom, Format::Rss, Format::Json] {
        let rendered = render(&output, &site, &[], format);
        is_golden(&format!("empty.{}", format.extension()), &rendered);
        assert_eq!(rendered.last_modified, None);
    }
}

#[test]
fn a_delta_holds_what_changed_and_has_the_tag_of_the_whole() {
    let (output, site, articles) = river();
    let part = Part::Subscription(Older::default());
    let old = render(&output, &site, &articles[1..], Format::Atom);
    let whole = render(&output, &site, &articles, Format::Atom);
    let since = etag::known_until(&old.etag, &whole.etag).unwrap();
    let delta = delta(&output, &site, &articles, &part, &whole, since).unwrap();
    let text = String::from_utf8(delta.bytes.to_vec()).unwrap();
    assert_eq!(text.matches("<entry").count(), 1);
    assert_eq!(delta.etag, whole.etag);
    assert!(super::delta(&output, &site, &articles[1..], &part, &whole, since).is_none());
}
