//! More kinds of copies and of look-alikes: what publishers' systems do to one text, and
//! texts that a machine or a habit made alike.

use url::Url;

use crate::{
    river::{Maker, entry, first_words, html},
    texts::{DOES, FORMS, Story, WHAT, WHERE, WHO, WHY},
};

/// The feeds of this file, by number.
const TRANSLATED: usize = 18;
const PROXY: usize = 19;
const SYNDICATE: usize = 20;
const SHORTENED: usize = 21;
const SHUFFLED: usize = 22;
const TEASERS: usize = 23;
const MARKUP: usize = 24;
const BRIEFS: usize = 25;
const SHOWS: [usize; 2] = [26, 27];
const DESKS: [usize; 2] = [28, 29];

impl Maker {
    /// One text as other systems carry it.
    pub fn more_copies(&mut self, story: &Story, number: usize, hour: i64) {
        let home = format!("https://www.marlow.example/2026/{}", story.slug);
        let slug = story.slug;
        let paragraphs: Vec<&str> = story.text.lines().collect();
        let mut proxied = entry(&format!("https://proxy.example/~r/{slug}"), story.title, "");
        proxied.original_url = Url::parse(&format!("http://marlow.example/2026/{slug}/")).ok();
        self.tell(PROXY, number, "behind a proxy", hour + 2, proxied);

        let mut syndicated =
            entry(&format!("https://cdn.example/x/{slug}"), story.other_title, &html(story.text));
        syndicated.guid = home;
        self.tell(SYNDICATE, number, "guid of the original", hour + 3, syndicated);

        let mut shortened = paragraphs.clone();
        if shortened.len() > 2 {
            shortened.remove(1);
        }
        let text = html(&shortened.join("\n"));
        let url = format!("https://short.example/{slug}");
        self.tell(
            SHORTENED,
            number,
            "paragraph dropped",
            hour + 4,
            entry(&url, story.title, &text),
        );

        let mut shuffled = paragraphs.clone();
        shuffled.reverse();
        let text = html(&shuffled.join("\n"));
        let url = format!("https://shuffle.example/{slug}");
        let shuffled = entry(&url, story.other_title, &text);
        self.tell(SHUFFLED, number, "paragraphs in another order", hour + 6, shuffled);

        let url = format!("https://teasers.example/{slug}");
        let text = format!("<p>{} [&#8230;]</p>", first_words(story.text, 48));
        self.tell(
            TEASERS,
            number,
            "teaser, other headline",
            hour + 7,
            entry(&url, story.other_title, &text),
        );

        let url = format!("https://markup.example/{slug}");
        let title = format!("“{}”!", story.title.to_uppercase());
        let text = format!(
            "<div><p><img src=\"https://markup.example/{slug}.jpg\" alt=\"\">By Ann Lee</p><p>{}</p>\
             <script>track()</script><p><a href=\"https://markup.example/more\">Read more</a></p></div>",
            story.text.replace('\n', "</p><p>&nbsp;</p><p>").replace('\'', "&rsquo;")
        );
        self.tell(MARKUP, number, "other markup", hour + 8, entry(&url, &title, &text));

        let first = paragraphs.first().copied().unwrap_or_default();
        let url = format!("https://briefs.example/{slug}");
        let text = format!("<p>OSTVIK (PA) — {first}</p>");
        self.tell(BRIEFS, number, "first paragraph", hour + 9, entry(&url, story.title, &text));
    }

    /// Reports of one event, and titles that come again.
    pub fn events(&mut self, story: &Story, hour: i64) {
        let slug = story.slug;
        let own = self.story();
        let background = story.text.lines().next_back().unwrap_or_default();
        let own_words = if first_words(story.text, 20).split_whitespace().nth(8).is_some() {
            self.babble(6)
        } else {
            // As many of the same script: what counts is the share.
            story.text.chars().rev().filter(|c| *c != '\n').collect()
        };
        let url = format!("https://desk.example/own-{slug}");
        let title = format!("Our reporter on the spot: {}", self.headline());
        let text = html(&format!("{own_words}\n{background}"));
        self.tell(DESKS[0], own, "shared background", hour + 10, entry(&url, &title, &text));

        let title = self.headline();
        for desk in DESKS {
            let (same_title, text) = (self.story(), html(&self.babble(5)));
            let url = format!("https://desk{desk}.example/same-{slug}");
            let told = entry(&url, &title, &text);
            self.tell(desk, same_title, "same title, other report", hour + 11, told);
        }

        let title = self.headline();
        for (times, show) in (0..).zip(SHOWS) {
            let again = self.story();
            let url = format!("https://show{show}.example/again-{slug}");
            let told = entry(&url, &title, "");
            self.tell(show, again, "headline days later", hour + 24 * 5 * times, told);
        }
    }

    /// A headline that nothing else has.
    fn headline(&mut self) -> String {
        let sentence = self.babble(1);
        let number = self.story();
        format!("{} at gate {}", first_words(&sentence, 9), WHO[number % WHO.len()])
    }

    /// Sentences that share little with others of their kind.
    pub fn babble(&mut self, sentences: usize) -> String {
        let mut text = String::new();
        for _ in 0..sentences {
            for words in [WHO, DOES, WHAT, WHERE, WHY] {
                text.push_str(words[self.dice.roll(words.len())]);
                text.push(' ');
            }
        }
        text
    }

    /// What machines, shows and desks repeat.
    pub fn machines(&mut self) {
        for number in 0..12 {
            let hour = 30 + number as i64 * 4;
            let pair = number % 2;
            let host = ["one", "two"][pair];
            let [first, second, third] = [self.babble(1), self.babble(2), self.babble(3)];
            let [title, other_title] = [self.headline(), self.headline()];
            let other_text = self.babble(1);

            let show_notes = "<p>This show is made by the Attic network. Our theme is played by the Lime Street band, our editor is Noor, and our producers are Pim and Ida. If you like what you hear, tell a friend, leave a rating wherever you listen, and become a member for shows without advertising. Thanks to our partner, the maker of very good mattresses, where listeners get a tenth off with the code ATTIC.</p>";
            let show = self.story();
            self.tell(
                SHOWS[pair],
                show,
                "show notes",
                hour,
                entry(
                    &format!("https://attic.example/{host}/{number}"),
                    &format!("{}: {}", number / 2 + 11, title),
                    &format!("<p>{first}.</p>{show_notes}"),
                ),
            );

            let quake = self.story();
            let place =
                ["Harwick", "Inverley", "Dunmere", "Corran", "Ostvik", "Hochfeld"][number % 6];
            let (strength, depth) = (30 + self.dice.roll(40), 3 + self.dice.roll(90));
            self.tell(
                DESKS[pair],
                quake,
                "form: quake",
                hour + 1,
                entry(
                    &format!("https://quakes-{host}.example/{number}"),
                    &format!("M {}.{} - {} km N of {place}", strength / 10, strength % 10, depth + 2),
                    &format!("<p>An earthquake of magnitude {}.{} struck {} km north of {place} at a depth of {depth} km. Nobody was reported hurt. Did you feel it? Tell us about it on our page, and find out what to do in an earthquake.</p>", strength / 10, strength % 10, depth + 2),
                ),
            );

            let appointment = self.story();
            let firm = ["Aldridge Steel", "Castellan Bank", "Dovecote Paper", "Elmsworth Rail"]
                [number % 4];
            let person = [
                "Ruth Okafor",
                "Jan Verhoeven",
                "Mei Tanaka",
                "Carla Mendes",
                "Piotr Zielinski",
                "Aoife Brennan",
            ][number % 6];
            self.tell(
                DESKS[pair],
                appointment,
                "form: appointment",
                hour + 2,
                entry(
                    &format!("https://press-{host}.example/{number}"),
                    &format!("{firm} names {person} as its new head of operations"),
                    &format!("<p>{firm}, a leading company of its industry, today announced that {person} will join it as head of operations with immediate effect. {person} brings more than twenty years of experience to the role and will lead the next phase of growth.</p><p>\"We are delighted to welcome {person} to the team at this exciting moment,\" said the chief executive of {firm}. \"I look forward to working with such talented colleagues,\" {person} said.</p>"),
                ),
            );

            let live = self.story();
            self.tell(
                DESKS[pair],
                live,
                "live page",
                hour + 3,
                entry(
                    &format!("https://live-{host}.example/{number}"),
                    &format!("Live: {title}"),
                    &format!("<p>Welcome to our live coverage, which we update all day with the latest news, reactions and pictures from our reporters. Send us your questions and we shall try to answer as many of them as we can before we close for the night.</p>{}", html(&third)),
                ),
            );

            let short = self.story();
            let mut remark = entry(
                &format!("https://short-{host}.example/@a/{number}"),
                "",
                &format!(
                    "<p>Good morning from {place}! Coffee first, then the long way to work.</p>"
                ),
            );
            remark.title = None;
            self.tell(DESKS[pair], short, "short post", hour + 4, remark);

            let empty = self.story();
            let mut nothing = entry(&format!("https://empty-{host}.example/{number}"), "", "");
            nothing.title = None;
            self.tell(SHOWS[pair], empty, "empty", hour + 5, nothing);

            let picture = self.story();
            self.tell(
                SHOWS[pair],
                picture,
                "same picture",
                hour + 6,
                entry(
                    &format!("https://pictures-{host}.example/{number}"),
                    &format!("Pictured: {second}"),
                    "<figure><img src=\"https://pictures.example/logo.png\" alt=\"Our logo\"><figcaption>A picture of our building on a sunny day in spring, taken by our photographer.</figcaption></figure>",
                ),
            );

            let cased = self.story();
            let code: String =
                (0..6).map(|bit| if number >> bit & 1 == 0 { 'a' } else { 'A' }).collect();
            self.tell(
                SHOWS[pair],
                cased,
                "case of the path",
                hour + 7,
                entry(&format!("https://clips.example/v/{code}"), &format!("Clip: {first}"), ""),
            );

            let change = self.story();
            self.tell(
                DESKS[pair],
                change,
                "changelog",
                hour + 8,
                entry(
                    &format!("https://code.example/{host}/log#v2.{number}"),
                    &format!("widget 2.{number}"),
                    &format!("<ul><li>Fixed a crash when the cache is full.</li><li>Updated the translations.</li><li>Raised the minimum version of the toolkit to 1.{number}.</li><li>Thanks to everybody who reported problems.</li></ul>"),
                ),
            );

            let collides = self.story();
            let mut new_blog = entry(
                &format!("https://blog-{host}.example/p/{number}"),
                &format!("New here: {other_title}"),
                &html(&other_text),
            );
            new_blog.guid = format!("https://example.com/?p={}", number / 2);
            self.tell(SHOWS[pair], collides, "guid of two feeds", hour + 9, new_blog);
        }
        for (number, form) in FORMS.iter().enumerate() {
            for round in 0..6 {
                let story = self.story();
                let name = form.names[round % form.names.len()];
                let mut text = form.text.replace('@', name);
                while let Some(at) = text.find('#') {
                    text.replace_range(at..=at, &format!("{}", 11 + self.dice.roll(88)));
                }
                let pair = round % 2;
                let url = format!("https://form{number}-{pair}.example/{round}");
                let title = form.title.replace('@', name);
                let hour = 40 + round as i64 * 5 + number as i64;
                self.tell(DESKS[pair], story, "form: languages", hour, entry(&url, &title, &text));
            }
        }
    }

    /// One text in two languages is two articles.
    pub fn translation(&mut self, slug: &str, title: &str, text: &str) {
        let story = self.story();
        let url = format!("https://translated.example/{slug}");
        self.tell(TRANSLATED, story, "translation", 60, entry(&url, title, &html(text)));
    }
}
