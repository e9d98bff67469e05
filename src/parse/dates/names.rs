//! Names of months, zones and halves of the day.
//!
//! In: a word in lower case without accents (as `tokens` makes it). Out: what it names.

use chrono::{Datelike, NaiveDate, Weekday};

use super::Half;

/// The month, 1 to 12, that a word of some twenty languages names in full or abbreviated.
///
/// Each entry is a stem; the longest that the word starts with wins ("cervenec", July,
/// before "cerven", June).
pub(super) fn month(word: &str) -> Option<u32> {
    let mut best: Option<(usize, u32)> = None;
    for (month, stems) in (1..).zip(STEMS) {
        for stem in *stems {
            if word.starts_with(stem) && best.is_none_or(|(length, _)| stem.len() > length) {
                best = Some((stem.len(), month));
            }
        }
    }
    best.map(|(_, month)| month)
}

pub(super) fn half_of_day(word: &str) -> Option<Half> {
    match word {
        "am" | "πμ" => Some(Half::Morning),
        "pm" | "μμ" => Some(Half::Afternoon),
        _ => None,
    }
}

/// A zone's distance from Greenwich.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// Seconds east.
    Fixed(i32),
    /// "ET": hours west in winter, one less while the United States keep summer time.
    American(i32),
}

impl Zone {
    pub(super) fn seconds_east(self, date: NaiveDate) -> i32 {
        match self {
            Self::Fixed(seconds) => seconds,
            Self::American(hours_west) => (i32::from(american_summer(date)) - hours_west) * 3600,
        }
    }
}

/// Second Sunday of March to first Sunday of November (Energy Policy Act of 2005), by the
/// day: nobody who writes "ET" means the hour of the change.
fn american_summer(date: NaiveDate) -> bool {
    let sunday =
        |month, nth| NaiveDate::from_weekday_of_month_opt(date.year(), month, Weekday::Sun, nth);
    match (sunday(3, 2), sunday(11, 1)) {
        (Some(start), Some(end)) => start <= date && date < end,
        _ => false,
    }
}

/// The zone that an abbreviation means most often in feeds.
///
/// The single letters of RFC 822 count as UTC but for "Z" itself being right, since they
/// were defined with the wrong sign (RFC 5322 section 4.3).
pub(super) fn zone(word: &str) -> Option<Zone> {
    let hours = |hours: i32| Some(Zone::Fixed(hours * 3600));
    let minutes = |minutes: i32| Some(Zone::Fixed(minutes * 60));
    match word {
        "z" | "utc" | "ut" | "gmt" | "wet" | "uct" | "zulu" => hours(0),
        "et" => Some(Zone::American(5)),
        "ct" => Some(Zone::American(6)),
        "mt" => Some(Zone::American(7)),
        "pt" => Some(Zone::American(8)),
        "at" => hours(-4),
        "est" => hours(-5),
        "edt" => hours(-4),
        "cst" => hours(-6),
        "cdt" => hours(-5),
        "mst" => hours(-7),
        "mdt" => hours(-6),
        "pst" => hours(-8),
        "pdt" => hours(-7),
        "akst" => hours(-9),
        "akdt" => hours(-8),
        "hst" | "hast" => hours(-10),
        "hdt" | "hadt" => hours(-9),
        "ast" => hours(-4),
        "adt" => hours(-3),
        "nst" => minutes(-210),
        "ndt" => minutes(-150),
        "west" | "bst" | "wat" => hours(1),
        "cet" | "met" | "mez" | "mewt" => hours(1),
        "cest" | "mest" | "mesz" | "cedt" => hours(2),
        "eet" | "cat" | "sast" => hours(2),
        "eest" | "eedt" | "trt" | "msk" | "eat" => hours(3),
        "msd" | "gst" | "azt" | "samt" => hours(4),
        "irst" => minutes(210),
        "pkt" | "uzt" | "yekt" => hours(5),
        "ist" => minutes(330),
        "npt" => minutes(345),
        "bdt" | "omst" | "almt" => hours(6),
        "ict" | "wib" | "krat" => hours(7),
        "hkt" | "sgt" | "pht" | "awst" | "myt" | "wita" | "irkt" => hours(8),
        "jst" | "kst" | "wit" | "yakt" => hours(9),
        "acst" => minutes(570),
        "acdt" => minutes(630),
        "aest" | "vlat" => hours(10),
        "aedt" => hours(11),
        "nzst" => hours(12),
        "nzdt" => hours(13),
        "brt" | "art" | "uyt" | "clst" => hours(-3),
        "brst" => hours(-2),
        "clt" | "bot" | "vet" => hours(-4),
        "cot" | "pet" => hours(-5),
        _ => None,
    }
}

/// Stems by month: English, German, French, Spanish, Italian, Portuguese, Catalan, Dutch,
/// Swedish, Danish, Norwegian, Finnish, Polish, Czech, Slovak, Hungarian, Romanian, Turkish,
/// Indonesian; Russian, Ukrainian, Bulgarian; Greek.
const STEMS: &[&[&str]] = &[
    &["jan", "gen", "ene", "sty", "led", "ian", "oca", "tammi", "янв", "яну", "січ", "ιαν"],
    &["feb", "fev", "lut", "uno", "sub", "helmi", "фев", "лют", "φεβ"],
    &["mar", "mrz", "mrt", "maart", "brez", "maalis", "мар", "бер", "μαρ"],
    &["apr", "avr", "abr", "kwi", "dub", "nis", "huhti", "апр", "кві", "απρ"],
    &["may", "mai", "maj", "mag", "mei", "kve", "touko", "мая", "маи", "трав", "μαι"],
    &[
        "jun", "juin", "giu", "cze", "cerven", "cervn", "cvn", "iun", "haz", "kesa", "июн", "юни",
        "черв", "ιουν",
    ],
    &[
        "jul", "juil", "lug", "lip", "cervenec", "cervenc", "cvc", "iul", "tem", "heina", "июл",
        "юли", "лип", "ιουλ",
    ],
    &["aug", "aou", "ago", "sie", "srp", "agu", "elo", "авг", "серп", "αυγ"],
    &["sep", "set", "wrz", "zar", "szept", "eyl", "syys", "сен", "септ", "вер", "σεπ"],
    &["oct", "okt", "ott", "out", "paz", "rij", "eki", "loka", "окт", "жов", "οκτ"],
    &["nov", "noi", "lis", "kas", "marras", "ноя", "ное", "лист", "νοε"],
    &["dec", "dez", "dic", "des", "gru", "pros", "ara", "joulu", "дек", "груд", "δεκ"],
];
