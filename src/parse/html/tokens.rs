//! HTML's own tokenizer, kept from what makes it slow.
//!
//! In: any text, and who takes the tokens. Out: that taker when all is read, or
//! [`TooHeavy`]. The tokenizer compares each attribute with all before it in its tag, so a
//! tag that grows without end is refused while it grows.

use std::cell::Cell;

use html5ever::{
    TokenizerResult,
    buffer_queue::BufferQueue,
    tendril::StrTendril,
    tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};

/// One tag that is larger, or has more attributes, than any honest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooHeavy;

/// Gives the tokens of `html` to `sink`, and gives it back.
pub(crate) fn run<S: TokenSink<Handle = ()>>(html: &str, sink: S) -> Result<S, TooHeavy> {
    let sink = Counted { inner: sink, tokens: Cell::new(0) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let mut silence = Silence::default();
    for piece in pieces(html) {
        input.push_back(StrTendril::from_slice(piece));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        silence.after(piece, tokenizer.sink.tokens.get())?;
    }
    tokenizer.end();
    Ok(tokenizer.sink.inner)
}

/// How long the tokenizer has taken in text without giving a token: a tag that grows.
#[derive(Debug, Default)]
struct Silence {
    tokens: u64,
    bytes: usize,
    separators: usize,
}

impl Silence {
    fn after(&mut self, piece: &str, tokens: u64) -> Result<(), TooHeavy> {
        let mut growing = piece;
        if tokens != self.tokens {
            *self = Self { tokens, ..Self::default() };
            // The piece may end in the middle of a tag: what it holds counts for that one.
            growing = piece.rsplit_once('<').map_or(piece, |(_, tail)| tail);
        }
        self.bytes += growing.len();
        let separates = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"');
        self.separators += growing.bytes().filter(separates).count();
        let heavy = self.bytes > MAX_TAG_BYTES || self.separators > MAX_SEPARATORS;
        if heavy { Err(TooHeavy) } else { Ok(()) }
    }
}

/// Counts the tokens that pass.
struct Counted<S> {
    inner: S,
    tokens: Cell<u64>,
}

impl<S: TokenSink> TokenSink for Counted<S> {
    type Handle = S::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<S::Handle> {
        if !matches!(token, Token::ParseError(_)) {
            self.tokens.set(self.tokens.get() + 1);
        }
        self.inner.process_token(token, line)
    }

    fn end(&self) {
        self.inner.end();
    }
}

/// Pieces of at most [`PIECE_BYTES`], cut between characters.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut at = rest.len().min(PIECE_BYTES);
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, tail) = rest.split_at(at);
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// One tag.
const MAX_TAG_BYTES: usize = 64 * 1024;
/// Spaces, slashes and quotes within one tag, which are more than its attributes.
const MAX_SEPARATORS: usize = 4000;
/// How often the tokenizer is asked whether it still gives tokens.
const PIECE_BYTES: usize = 4 * 1024;
