//! Reads every document that is anything like a feed, however it is broken.
//!
//! In: decoded text. Out: a [`RawFeed`], or why there is no feed in it. quick-xml finds the
//! tokens, with its strictness switched off; where a token makes no sense it is cut short and
//! reading starts again behind it. Elements are kept on a stack of our own, so that a missing
//! or superfluous end tag costs nothing but itself. An entry is extracted as soon as it ends
//! and its nodes are forgotten, so memory is that of the largest entry.

mod builder;
mod entities;
pub(super) mod names;
mod tokens;
pub(super) mod tree;

use super::{
    ParseError,
    extract::{Context, Found},
};
use builder::Builder;
pub(super) use builder::MAX_ENTRIES;
use tokens::{Token, Tokens};

/// Reads a document that begins at its root, or before it.
pub(super) fn read(text: &str, context: &Context<'_>) -> Result<Found, ParseError> {
    let Some(start) = tokens::find_root(text) else {
        return Err(ParseError::NotAFeed { reason: tokens::what_it_is(text) });
    };
    let (junk, text) = text.split_at_checked(start).unwrap_or(("", text));
    let mut builder = Builder::new(text, context);
    if !tokens::is_prologue(junk) {
        builder.repair("junk before the root element skipped");
    }
    builder.prologue(junk);
    feed_tokens(text, &mut builder);
    builder.finish()
}

/// Reads what stands before the first entry, of a document in good order: `open` elements are
/// open at its end. `None` where it is not in good order after all.
pub(super) fn read_head(head: &str, open: usize, context: &Context<'_>) -> Option<Found> {
    let (prologue, text) = head.split_at_checked(tokens::find_root(head)?)?;
    let mut builder = Builder::new(text, context);
    if !tokens::is_prologue(prologue) {
        return None;
    }
    feed_tokens(text, &mut builder);
    if !builder.is_in_order(open) {
        return None;
    }
    let mut found = builder.finish().ok()?;
    found.repairs.clear();
    Some(found)
}

fn feed_tokens<'d>(text: &'d str, builder: &mut Builder<'d, '_>) {
    let mut tokens = Tokens::new(text);
    while !builder.is_full()
        && let Some(token) = tokens.next()
    {
        match token {
            Token::Start { name, attributes, empty } => builder.start(name, attributes, empty),
            Token::End { name } => builder.end(name),
            Token::Text(text) => builder.text(text),
            Token::Reference(name) => builder.reference(name),
            Token::Verbatim(text) => builder.verbatim(text),
            Token::Doctype(text) => builder.doctype(text),
        }
    }
    for repair in tokens.repairs() {
        builder.repair(repair);
    }
}

/// A text with its HTML references resolved.
pub(super) fn decode_references(text: &str) -> String {
    entities::Entities::default().decode(text).into_owned()
}
