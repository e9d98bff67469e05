//! Whatever the texts of a feed hold, what leaves is well-formed and says the same: any text
//! in any field, read back with the readers' tools.

use proptest::prelude::*;
use quick_xml::{Reader, events::Event};

use super::*;
use crate::model::{Enclosure, Html, Origin};

/// Any text at all, and often the characters that hurt.
fn text() -> impl Strategy<Value = String> {
    let hurting = "[<>&\"'\\]\\[!-/#;a-c \\x00-\\x20\\x7f-\\x9f\u{fffe}\u{ffff}\u{2028}é😀]{0,24}";
    prop_oneof![any::<String>(), hurting.prop_map(String::from), Just("]]>".to_owned())]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

prop_compose! {
    fn words()(
        id in text(), title in prop::option::of(text()), summary in prop::option::of(text()),
        content in prop::option::of(text()), authors in texts(), categories in texts(),
        language in prop::option::of(text()), feed in text(), media_type in prop::option::of(text()),
        origin in prop::option::of((prop::option::of(text()), prop::option::of(text()))),
        guid in text(), has_url in any::<bool>(),
    ) -> Article {
        let mut article = sample::article(1);
        article.id = id;
        article.title = title;
        article.summary = summary.map(Html::sanitized);
        article.content = content.map(Html::sanitized);
        article.authors = authors;
        article.categories = categories;
        article.language = language;
        article.enclosures =
            vec![Enclosure { url: "https://x.example/a?b&c".parse().unwrap(), media_type, length: None }];
        if !has_url {
            article.url = None;
        }
        article.sources.push(sample::source(2, Some("https://x.example/<2>")));
        for source in &mut article.sources {
            source.feed.clone_from(&feed);
            source.guid.clone_from(&guid);
            source.about.atom_id = Some(guid.clone());
            source.origin = origin.clone().map(|(id, title)| Origin { id, title, ..Origin::default() });
        }
        article
    }
}

/// The texts of all elements called `name`, in order. Panics where it is not well-formed.
fn read_back(document: &[u8], name: &str) -> Vec<String> {
    let document = std::str::from_utf8(document).unwrap();
    assert!(document.chars().all(|char| matches!(char, '\t' | '\n' | ' '..)), "{document:?}");
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let (mut found, mut open, mut depth) = (Vec::new(), None, 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                start.attributes().for_each(|attribute| {
                    quick_xml::escape::unescape(&attribute.unwrap().value).unwrap();
                });
                depth += 1;
                open = (start.name().0 == name).then(String::new);
            }
            Event::Text(part) => {
                let part = part.xml10_content();
                open.iter_mut().for_each(|text| text.push_str(&part));
            }
            Event::GeneralRef(reference) => {
                let reference = format!("&{};", &*reference);
                let char = quick_xml::escape::unescape(&reference).unwrap();
                open.iter_mut().for_each(|text| text.push_str(&char));
            }
            Event::End(_) => {
                depth -= 1;
                found.extend(open.take());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    found
}

/// What an HTML parser makes of a text: a `<` that opens no tag is only that.
fn as_html(text: &str) -> String {
    let mut markup = String::new();
    for (at, part) in text.split('<').enumerate() {
        let opens =
            part.starts_with(|char: char| char.is_ascii_alphabetic() || "/!?".contains(char));
        markup.push_str(if at == 0 {
            ""
        } else if opens {
            "<"
        } else {
            "&lt;"
        });
        markup.push_str(part);
    }
    Html::sanitized(markup).text()
}

fn no_nulls(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Array(values) => values.iter().all(no_nulls),
        serde_json::Value::Object(fields) => fields.values().all(no_nulls),
        _ => true,
    }
}

proptest! {
    #[test]
    fn any_text_in_any_field_leaves_well_formed_and_the_same(
        article in words(), title in text(), description in prop::option::of(text()),
        name_others in any::<bool>(), archive in any::<bool>(),
    ) {
        let mut output = sample::output();
        (output.title, output.description, output.name_others) = (title, description, name_others);
        let site = sample::site();
        let part = if archive {
            Part::archive(crate::model::ArticleId(9))
        } else {
            Part::Search { words: output.title.clone() }
        };
        let articles = [article];
        let rendered = |format| render_part(&output, &site, &articles, format, &part).bytes;
        let item = Item::new(&output, &site, &part, &articles[0]);

        let atom = rendered(Format::Atom);
        prop_assert_eq!(&read_back(&atom, "title")[1], &item.headline);
        prop_assert_eq!(&read_back(&atom, "id")[1], &item.id);
        prop_assert!(url::Url::parse(&item.id).is_ok());
        if let Some(content) = &item.content {
            prop_assert_eq!(&read_back(&atom, "content")[0], content);
        }

        let rss = rendered(Format::Rss);
        prop_assert_eq!(read_back(&rss, "guid"), vec![item.id.clone()]);
        prop_assert_eq!(&read_back(&rss, "dc:creator"), &item.authors);
        if let Some(title) = &item.title {
            // A reader that takes the title for HTML sees it, too.
            let folded = title.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(as_html(&read_back(&rss, "title")[1]), folded);
        }

        let json: serde_json::Value = serde_json::from_slice(&rendered(Format::Json)).unwrap();
        prop_assert!(no_nulls(&json));
        let entry = &json["items"][0];
        prop_assert_eq!(entry["id"].as_str(), Some(item.id.as_str()));
        prop_assert_eq!(entry["title"].as_str(), item.title.as_deref());
        prop_assert!(entry["content_html"].is_string() || entry["content_text"].is_string());
    }
}
