//! Pages that everybody can read: on a telephone and at a desk, in the light and in the dark,
//! with eyes, ears or fingers. Headless Chromium measures what it shows.

use std::fs;

use serde_json::json;

use crate::{
    browser::{Browser, RIVER, WIDTHS},
    world::{World, has_tool},
};

/// Articles with all that a page shows: people, pictures, sound, headings, tables, no title.
const NEWS: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour News</title>
<link>https://harbour.example.org/</link><description>News</description>
<item><title>New ferry enters service</title><link>https://harbour.example.org/ferry</link><category>Boats</category>
<author>ada@example.org (Ada)</author><pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>
<description>&lt;h4&gt;Timetable&lt;/h4&gt;&lt;p&gt;Two &lt;a href="https://a.example/"&gt;ferries&lt;/a&gt;.&lt;/p&gt;&lt;table&gt;&lt;tr&gt;&lt;th&gt;Day&lt;/th&gt;&lt;td&gt;08:00&lt;/td&gt;&lt;/tr&gt;&lt;/table&gt;&lt;h2&gt;Fares&lt;/h2&gt;&lt;img src="https://harbour.example.org/a.png"&gt;&lt;blockquote&gt;Cheap&lt;/blockquote&gt;</description></item>
<item><description>&lt;p&gt;Back from the sea.&lt;/p&gt;</description><pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate></item>
<item><title>Listen to the waves</title><link>https://harbour.example.org/cast</link><pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate>
<enclosure url="https://harbour.example.org/5.mp3" type="audio/mpeg" length="12345678"/></item>
<item><title>See the waves</title><link>https://harbour.example.org/film</link><pubDate>Sun, 22 Nov 2026 06:00:00 GMT</pubDate>
<enclosure url="https://harbour.example.org/5.mp4" type="video/mp4" length="12345678"/></item></channel></rss>"#;

#[test]
fn pages_can_be_read_by_everybody() {
    if !has_tool("chromium") {
        return;
    }
    let world = World::new()
        .with("[[output]]\nname = \"all\"\ndescription = \"All of it\"\n[[output]]\nname = \"few\"\nlimit = 1")
        .with("[[feed]]\nurl = \"file:news.xml\"\nname = \"news\"\ntags = [\"sea\"]")
        .feed("wire", "file:wire.xml")
        .feed("dead", "file:nowhere.xml");
    fs::write(world.folder().join("news.xml"), NEWS).unwrap();
    fs::write(world.folder().join("wire.xml"), NEWS.replace("Harbour News", "Wire & Sons"))
        .unwrap();
    world.ok(&["fetch"]);
    let articles = world.json(&["articles", "--json"]);
    let slugs =
        articles.as_array().unwrap().iter().map(|article| article["slug"].as_str().unwrap());
    let daemon = world.daemon();
    let mut pages: Vec<String> =
        ["/", "/few", "/?tag=sea", "/status", "/search", "/search?q=ferry", "/search?q=nothing"]
            .map(String::from)
            .to_vec();
    pages.extend(slugs.map(|slug| format!("/article/{slug}")));
    let mut browser = Browser::start(&world, daemon.address.port());
    for page in &pages {
        browser.look_at(&format!("{RIVER}{page}"));
        for (width, scheme) in WIDTHS.iter().flat_map(|width| [(width, "light"), (width, "dark")]) {
            browser.width(*width);
            let pointer = if *width < 600 { "coarse" } else { "fine" };
            let features = json!([
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "pointer", "value": pointer },
            ]);
            browser.ask("Emulation.setEmulatedMedia", &json!({ "features": features }));
            let found = browser.evaluate(FAULTS);
            let faults: Vec<String> = serde_json::from_value(found).unwrap();
            assert!(faults.is_empty(), "{page} at {width}, {scheme}: {faults:#?}");
        }
    }
    // The watch itself.
    browser.evaluate(SPOILED);
    let found = browser.evaluate(FAULTS).to_string();
    for fault in [
        "contrast",
        "level",
        "without alt",
        "without a name",
        "small",
        "without a label",
        "wide",
        "twice",
    ] {
        assert!(found.contains(fault), "{fault} is not among {found}");
    }
    browser.close();
    daemon.stop();
}

/// WCAG 2.2, as far as a program can tell: 1.1.1, 1.3.1, 1.4.3, 1.4.10, 2.5.8, 4.1.2.
const FAULTS: &str = r#"(() => {
  const faults = new Set();
  const words = node => node.outerHTML.slice(0, 120);
  const light = color => {
    const [r, g, b] = color.map(part => part / 255).map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const parts = color => color.match(/[\d.]+/g).map(Number);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const color = parts(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.getBoundingClientRect().width) continue;
    const [dark, bright] = [light(parts(getComputedStyle(node).color).slice(0, 3)), light(ground(node))].sort((a, b) => a - b);
    if ((bright + .05) / (dark + .05) < 4.5) faults.add('too little contrast: ' + words(node));
  }
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) faults.add('a level is left out before ' + words(heading));
    level = next;
  }
  for (const one of ['h1', 'main', 'title', 'meta[name=viewport]', 'html[lang]', 'body > header', 'body > footer']) {
    if (document.querySelectorAll(one).length !== 1) faults.add('not one ' + one);
  }
  for (const node of document.querySelectorAll('img:not([alt])')) faults.add('picture without alt: ' + words(node));
  for (const node of document.querySelectorAll('nav, aside, audio, video')) if (!node.ariaLabel) faults.add('without a name: ' + words(node));
  for (const node of document.querySelectorAll('input')) if (!node.labels.length && !node.ariaLabel) faults.add('without a label: ' + words(node));
  for (const node of document.querySelectorAll('time')) if (!node.dateTime) faults.add('time without its time: ' + words(node));
  for (const node of document.querySelectorAll('[id]')) if (document.querySelectorAll('#' + CSS.escape(node.id)).length > 1) faults.add('an id twice: ' + node.id);
  for (const node of document.querySelectorAll('a, button, summary, input')) {
    const { height, width } = node.getBoundingClientRect();
    if (node.localName !== 'input' && !node.textContent.trim() && !node.ariaLabel) faults.add('without a name: ' + words(node));
    // A link within a line of text is as high as the line.
    const within = getComputedStyle(node).display === 'inline' && node.closest('p, .prose, li');
    if (width && !within && node.className !== 'skip' && height < 24) faults.add('too small: ' + words(node));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.add('too wide');
  return [...faults];
})()"#;

// The policy of the page forbids style attributes; scripts of a debugger may set styles.
const SPOILED: &str = r#"document.querySelector('main').innerHTML += '<h1>a</h1><h5>b</h5><p data-as="color:#888;background:#777">grey</p>' +
  '<img src=x><a href="/"></a><button data-as="height:9px;padding:0;border:0">x</button><input data-as="width:3000px;max-width:none"><i id=main></i>';
  document.querySelectorAll('[data-as]').forEach(node => node.style.cssText = node.dataset.as)"#;
