use proptest::prelude::*;
use url::Url;

use super::{clean, text, title};
use crate::model::{Html, RawText, TextKind};

fn raw(text: &str, kind: TextKind) -> RawText {
    RawText { text: text.into(), kind, base: Url::parse("https://example.org/blog/").ok() }
}

fn html(markup: &str) -> String {
    clean(&raw(markup, TextKind::Html)).map_or_else(String::new, |it| it.html.into_string())
}

fn unsaid(markup: &str) -> String {
    clean(&raw(markup, TextKind::Unsaid)).map_or_else(String::new, |it| it.html.into_string())
}

#[test]
fn markup_is_made_harmless() {
    for (markup, expected) in [
        ("safe<script>evil()</script> text", "safe text"),
        (
            "<img src=x.png onerror=evil()>",
            "<img src=\"https://example.org/blog/x.png\" loading=\"lazy\">",
        ),
        (
            "<a href=/x style='color:red' id=top>y</a>",
            "<a href=\"https://example.org/x\" rel=\"noopener noreferrer nofollow\">y</a>",
        ),
        ("<svg><style><img title='</style>x<g onload=evil()>", "x"),
        (
            "<math><mtext><table><mglyph><style><img src=x onerror=evil()></style>",
            "<table></table>",
        ),
        ("x<iframe srcdoc='<script>evil()</script>'></iframe>y", "xy"),
        ("<form action=javascript:x><button>y</button></form>", "y"),
        ("a &lt; b &amp; c", "a &lt; b &amp; c"),
    ] {
        assert_eq!(html(markup), expected, "{markup}");
    }
}

#[test]
fn plain_text_means_itself() {
    let cleaned = clean(&raw("a <b> & c", TextKind::Plain)).unwrap();
    assert_eq!(cleaned.html.as_str(), "a &lt;b&gt; &amp; c");
}

#[test]
fn a_description_without_tags_is_text_with_entities() {
    assert_eq!(unsaid("if a < b && c"), "if a &lt; b &amp;&amp; c");
    assert_eq!(unsaid("AT&amp;T &#8220;x&#8221;"), "AT&amp;T \u{201C}x\u{201D}");
    assert_eq!(unsaid("one<br>two"), "one<br>two");
    assert_eq!(unsaid("Vec<u8> is"), "Vec&lt;u8&gt; is");
}

#[test]
fn a_title_is_plain_text_in_one_line() {
    for (text, kind, expected) in [
        ("a < b", TextKind::Html, "a < b"),
        ("a < b", TextKind::Unsaid, "a < b"),
        ("a <b>c</b>", TextKind::Plain, "a <b>c</b>"),
        ("a <b>c</b>\n d", TextKind::Unsaid, "a c d"),
        ("AT&amp;T", TextKind::Unsaid, "AT&T"),
        ("AT&amp;T", TextKind::Plain, "AT&amp;T"),
        ("The &lt;b&gt; tag", TextKind::Unsaid, "The <b> tag"),
        ("How the <script> tag works", TextKind::Unsaid, "How the <script> tag works"),
        ("<div>safe<script>x</script> text</div>", TextKind::Html, "safe text"),
        ("bell\u{7} and \u{1b}[31mred", TextKind::Plain, "bell and [31mred"),
    ] {
        assert_eq!(title(&raw(text, kind)), expected, "{text}");
    }
}

#[test]
fn text_parts_words_at_blocks_and_decodes_entities() {
    let html = Html::sanitized("<p>one</p><ul><li>t<b>w</b>o &amp; &lt;3</li></ul>");
    assert_eq!(text(&html), "one two & <3");
}

#[test]
fn hostile_markup_ends_and_keeps_its_words() {
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=1")).collect();
    let fonts: String = (0..20_000).map(|n| format!("<font size={n}><p>")).collect();
    let bold: String = (0..20_000).map(|n| format!("<div><b title={n}></div>")).collect();
    for (name, markup) in [
        ("deep", "<div>".repeat(100_000)),
        ("attributes", format!("<p{attributes}>")),
        ("fonts", fonts),
        ("unclosed formatting", bold),
        ("misnested", "<b><i><a>".repeat(60_000) + &"<p>".repeat(20_000)),
        ("fostered", format!("<table>{}", "<br>x".repeat(100_000))),
        ("tables", "<table>".repeat(100_000)),
        ("cells", format!("<table>{}", "<td>".repeat(200_000))),
        ("paragraphs", "<p>".repeat(300_000)),
        ("end tags", "<div>".repeat(200) + &"</p></b></x>".repeat(50_000)),
        ("comments", "<!--".repeat(200_000)),
        ("quotes", "<a b='\"".repeat(100_000)),
        ("selects", "<select><option>".repeat(50_000)),
        ("lists", "<ul><li>".repeat(50_000)),
        ("svg", "<svg><g>".repeat(50_000)),
    ] {
        // Quadratic time would be minutes.
        let cleaned = clean(&raw(&format!("before {markup} after"), TextKind::Html)).unwrap();
        assert!(text(&cleaned.html).starts_with("before"), "{name}");
    }
}

#[test]
fn what_is_too_long_is_kept_as_bounded_plain_text() {
    let cleaned = clean(&raw(&"<p>word</p>".repeat(200_000), TextKind::Html)).unwrap();
    assert!(cleaned.repair.is_some());
    assert!(cleaned.html.as_str().starts_with("word word"));
    assert!(!cleaned.html.as_str().contains('<'));
}

#[test]
fn line_ends_right_behind_pre_go_at_once() {
    let cell = "<table><tbody><tr><td><pre>a\n\nb</pre></td></tr></tbody></table>";
    assert_eq!(html("<table><td><pre>\n\u{4}\n\na\n\nb</pre></table>"), cell);
    assert_eq!(html(cell), cell);
    assert_eq!(html("<pre>\n\na</pre><pre>b</pre>"), "<pre>a</pre><pre>b</pre>");
}

#[test]
fn what_the_gate_moves_is_written_anew_until_it_stays() {
    for (markup, expected) in [
        // Rows and cells get what they stand in; nothing moves.
        (
            "<table><tr><td>a<tr><td>b</table>",
            "<table><tbody><tr><td>a</td></tr><tr><td>b</td></tr></tbody></table>",
        ),
        ("<table><td>a", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        // Out of the table, and then out of the heading around it.
        ("<h1>a<table><h2>b", "<h1>a</h1><h2>b</h2><table></table>"),
    ] {
        assert_eq!(html(markup), expected, "{markup}");
        assert_eq!(html(expected), expected);
    }
    assert_eq!(html("a&nbsp;b</i>"), "a&nbsp;b");
    assert_eq!(html("a&nbsp;b"), "a&nbsp;b");
}

#[test]
fn no_control_character_gets_through_markup() {
    assert_eq!(html("<p>a\u{1c}b&#28;c\u{4}</p>"), "<p>abc</p>");
    assert_eq!(html("<\u{1c}\u{4}"), html(&html("<\u{1c}\u{4}")));
}

#[test]
fn the_seeds_of_the_fuzzer_come_out_harmless_and_stable() {
    for seed in std::fs::read_dir("fuzz/seeds/html").into_iter().flatten().flatten() {
        let once = html(&std::fs::read_to_string(seed.path()).unwrap());
        assert!(!once.contains("<script") && !once.contains("<svg") && !once.contains("<style"));
        assert_eq!(html(&once), once.trim());
    }
}

proptest! {
    #[test]
    fn whatever_comes_the_outcome_is_stable_under_another_cleaning(
        markup in "(<(/)?(a|b|p|h1|h2|pre|div|table|caption|col|tbody|td|tr|li|ul|dd|rt|svg|style|script|math|title|select)( (href|src|title)=(x|'y\"|\"<p>\"))?>?|[a-z <>&;\"'=!-]{1,6}){0,24}"
    ) {
        let once = html(&markup);
        prop_assert_eq!(html(&once), once.trim());
    }

    #[test]
    fn no_text_panics(markup in any::<String>()) {
        let _ = html(&markup);
        let _ = title(&raw(&markup, TextKind::Unsaid));
        let _ = unsaid(&markup);
    }
}
