//! OPML 2.0 out.
//!
//! In: subscriptions. Out: a list that every reader imports: `text` on each outline,
//! `type="rss"` whatever the format is, a folder for each first tag, all tags as `category`.
//! Credentials never leave.

use std::fmt::Write;

use super::Subscription;
use crate::model::redacted;

/// The list as a document. Same subscriptions, same bytes: it carries no date of its own.
pub fn write(title: &str, subscriptions: &[Subscription]) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n");
    let _ = writeln!(out, "  <head>\n    <title>{}</title>\n  </head>\n  <body>", Escaped(title));
    let mut folders: Vec<(&str, Vec<&Subscription>)> = Vec::new();
    for subscription in subscriptions {
        let Some(tag) = subscription.tags.first() else {
            outline(&mut out, "    ", subscription);
            continue;
        };
        match folders.iter_mut().find(|(folder, _)| folder == tag) {
            Some((_, inside)) => inside.push(subscription),
            None => folders.push((tag, vec![subscription])),
        }
    }
    for (folder, inside) in folders {
        let name = Escaped(folder);
        let _ = writeln!(out, "    <outline text=\"{name}\" title=\"{name}\">");
        for subscription in inside {
            outline(&mut out, "      ", subscription);
        }
        out.push_str("    </outline>\n");
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

// Writing to a string never fails.
fn outline(out: &mut String, indent: &str, subscription: &Subscription) {
    let url = redacted(&subscription.url);
    let title = subscription.title.as_deref().filter(|title| !title.is_empty());
    let title = Escaped(title.unwrap_or(url.as_str()));
    let _ = write!(out, "{indent}<outline text=\"{title}\" title=\"{title}\" type=\"rss\"");
    let _ = write!(out, " xmlUrl=\"{}\"", Escaped(url.as_str()));
    if let Some(home_page) = &subscription.home_page {
        let _ = write!(out, " htmlUrl=\"{}\"", Escaped(redacted(home_page).as_str()));
    }
    if !subscription.tags.is_empty() {
        let categories: Vec<String> = subscription
            .tags
            .iter()
            .map(|tag| format!("/{}", tag.replace(['/', ','], " ")))
            .collect();
        let _ = write!(out, " category=\"{}\"", Escaped(&categories.join(",")));
    }
    out.push_str("/>\n");
}

/// Text for an attribute or an element; what XML 1.0 cannot say (section 2.2) left out.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\t' | '\n' | '\r' => out.write_char(' ')?,
                '\u{FFFE}' | '\u{FFFF}' => {}
                letter if letter.is_control() => {}
                letter => out.write_char(letter)?,
            }
        }
        Ok(())
    }
}
