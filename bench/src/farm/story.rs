//! The text of a story: titles and a few kilobytes of HTML as publishers write it.
//!
//! Everything follows from the seed and the story's number, so that a copy in another feed and
//! a later round need nothing kept.

use std::fmt::Write as _;

use super::{random::Random, words::Vocabulary};

/// How a telling of a story differs from the first one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Telling {
    /// In each thousand words, so many were replaced by an editor.
    pub edited_permille: u16,
    /// The headline is another desk's.
    pub other_title: bool,
    /// Paragraphs that were added later.
    pub updates: u16,
}

#[derive(Debug)]
pub struct Stories {
    seed: u64,
    html_bytes: usize,
    words: Vocabulary,
}

impl Stories {
    /// `html_bytes`: the mean length of a story.
    pub fn new(seed: u64, html_bytes: usize) -> Self {
        Self { seed, html_bytes, words: Vocabulary::new(seed) }
    }

    pub fn title(&self, story: u64, telling: Telling) -> String {
        let mut random = Random::of(&[self.seed, story, 2 + u64::from(telling.other_title)]);
        let count = random.between(4, 10);
        let mut title = String::new();
        for at in 0..count {
            let common = at % 3 == 2;
            let word =
                if common { self.words.word(&mut random) } else { self.words.telling(&mut random) };
            push_word(&mut title, word, at == 0);
        }
        title
    }

    /// For an address: the first words of the title, in ASCII.
    pub fn slug(&self, story: u64) -> String {
        let title = self.title(story, Telling::default()).to_lowercase().replace('é', "e");
        let words: Vec<&str> = title.split(' ').take(5).collect();
        format!("{}-{story}", words.join("-"))
    }

    pub fn author(&self, story: u64) -> String {
        let mut random = Random::of(&[self.seed, story % 400, 4]);
        let mut name = String::new();
        push_word(&mut name, self.words.telling(&mut random), true);
        name.push(' ');
        let mut family = String::new();
        push_word(&mut family, self.words.telling(&mut random), true);
        name + &family
    }

    pub fn tag(&self, story: u64, nth: u64) -> String {
        let mut random = Random::of(&[self.seed, story % 150 + nth, 5]);
        self.words.telling(&mut random).to_owned()
    }

    pub fn html(&self, story: u64, telling: Telling) -> String {
        let mut text = Random::of(&[self.seed, story, 6]);
        let length = (self.html_bytes as f64 * (0.3 + 1.4 * text.share())) as usize;
        let mut pen = Pen {
            words: &self.words,
            text,
            editor: Random::of(&[self.seed, story, 7]),
            edited_permille: u64::from(telling.edited_permille),
            html: String::with_capacity(length + 1024),
        };
        pen.paragraph();
        while pen.html.len() < length {
            pen.block(story);
        }
        if story.is_multiple_of(3) {
            let _ = write!(
                pen.html,
                "<p class=\"share\"><a href=\"https://share.example/?u={story}\" rel=\"nofollow\" \
                 onclick=\"return go()\">Share</a> <img src=\"https://stats.example/p.gif?{story}\" \
                 width=\"1\" height=\"1\" alt=\"\"></p>"
            );
        }
        for update in 0..telling.updates {
            pen.text = Random::of(&[self.seed, story, 8, u64::from(update)]);
            pen.html.push_str("<h4>Update</h4>");
            pen.paragraph();
        }
        pen.html
    }

    pub fn summary(&self, story: u64) -> String {
        let mut random = Random::of(&[self.seed, story, 6]);
        let _length = random.share();
        let mut text = String::new();
        for at in 0..24 {
            push_word(&mut text, self.words.word(&mut random), at == 0);
        }
        text + "…"
    }
}

struct Pen<'a> {
    words: &'a Vocabulary,
    text: Random,
    editor: Random,
    edited_permille: u64,
    html: String,
}

impl Pen<'_> {
    fn block(&mut self, story: u64) {
        match self.text.between(0, 99) {
            0..=71 => self.paragraph(),
            72..=79 => {
                self.html.push_str("<ul>\n");
                for _ in 0..self.text.between(3, 6) {
                    self.html.push_str("<li>");
                    self.sentence(4, 14);
                    self.html.push_str("</li>\n");
                }
                self.html.push_str("</ul>\n");
            }
            80..=87 => {
                self.html.push_str("<blockquote><p>&#8220;");
                self.sentence(15, 40);
                self.html.push_str(".&#8221;</p></blockquote>\n");
            }
            88..=94 => {
                let number = self.text.between(1, 9_999);
                let _ = write!(
                    self.html,
                    "<figure><img src=\"https://img.example/{story}/{number}-1024x683.jpg\" \
                     srcset=\"https://img.example/{story}/{number}-300x200.jpg 300w\" width=\"1024\" \
                     height=\"683\" class=\"wp-image-{number}\" alt=\""
                );
                self.words(3, 8);
                self.html.push_str("\" loading=\"lazy\"><figcaption>");
                self.sentence(5, 12);
                self.html.push_str("</figcaption></figure>\n");
            }
            _ => {
                self.html.push_str("<h3 style=\"margin: 0\">");
                self.sentence(2, 6);
                self.html.push_str("</h3>\n");
            }
        }
    }

    fn paragraph(&mut self) {
        self.html.push_str("<p>");
        for sentence in 0..self.text.between(2, 5) {
            if sentence > 0 {
                self.html.push(' ');
            }
            self.sentence(5, 12);
            match self.text.between(0, 9) {
                0 | 1 => {
                    let (site, page) = (self.text.between(1, 900), self.text.between(1, 90_000));
                    let _ = write!(
                        self.html,
                        " <a href=\"https://site{site}.example/{page}?a=1&amp;b=2\">"
                    );
                    self.words(1, 4);
                    self.html.push_str("</a>");
                }
                2 => {
                    self.html.push_str(" <em>");
                    self.words(1, 3);
                    self.html.push_str("</em>");
                }
                3 => {
                    self.html.push_str(" <strong>");
                    self.words(1, 2);
                    self.html.push_str("</strong> &amp; ");
                    self.words(1, 3);
                }
                4 => self.html.push_str(", it’s said,"),
                _ => {}
            }
            self.html.push(' ');
            self.words(3, 8);
            self.html.push('.');
        }
        self.html.push_str("</p>\n");
    }

    fn words(&mut self, low: usize, high: usize) {
        self.run(low, high, false);
    }

    fn sentence(&mut self, low: usize, high: usize) {
        self.run(low, high, true);
    }

    fn run(&mut self, low: usize, high: usize, capital: bool) {
        let count = self.text.between(low, high);
        for at in 0..count {
            let mut word = self.words.word(&mut self.text);
            if self.edited_permille > 0 && self.editor.next() % 1000 < self.edited_permille {
                word = self.words.telling(&mut self.editor);
            }
            if at > 0 {
                self.html.push(' ');
            }
            push_capital(&mut self.html, word, at == 0 && capital);
        }
    }
}

fn push_word(text: &mut String, word: &str, capital: bool) {
    if !text.is_empty() {
        text.push(' ');
    }
    push_capital(text, word, capital);
}

fn push_capital(text: &mut String, word: &str, capital: bool) {
    let mut letters = word.chars();
    if capital && let Some(first) = letters.next() {
        text.extend(first.to_uppercase());
    }
    text.push_str(letters.as_str());
}
