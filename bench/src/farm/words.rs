//! A vocabulary in which few words are common and most are rare, as in every language (Zipf).

use super::random::Random;

#[derive(Debug)]
pub struct Vocabulary {
    words: Vec<String>,
    /// How much of all text the words up to this one are.
    cumulative: Vec<f64>,
}

impl Vocabulary {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::of(&[seed, 1]);
        let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).collect();
        let mut known: std::collections::HashSet<String> = words.iter().cloned().collect();
        while words.len() < SIZE {
            // What is said often is short. Where all short words are taken, it may be longer.
            let word = make(&mut random, words.len() > 3 * SIZE / 20);
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        let mut sum = 0.0;
        let weights: Vec<f64> = (0..SIZE).map(|rank| 1.0 / (rank as f64 + 2.7)).collect();
        let all: f64 = weights.iter().sum();
        let cumulative = weights
            .iter()
            .map(|weight| {
                sum += weight / all;
                sum
            })
            .collect();
        Self { words, cumulative }
    }

    /// A word as running text has it.
    pub fn word(&self, random: &mut Random) -> &str {
        let share = random.share();
        let at = self.cumulative.partition_point(|sum| *sum < share).min(SIZE - 1);
        &self.words[at]
    }

    /// A word that says something: for titles and tags.
    pub fn telling(&self, random: &mut Random) -> &str {
        let span = SIZE - TELLING;
        let rank = (random.share() * random.share() * span as f64) as usize;
        &self.words[TELLING + rank.min(span - 1)]
    }
}

fn make(random: &mut Random, rare: bool) -> String {
    let mut word = String::new();
    let syllables = if rare { [1, 2, 2, 2, 3, 3] } else { [1, 1, 1, 1, 2, 2] };
    for _ in 0..syllables[random.between(0, syllables.len() - 1)] {
        word.push_str(ONSETS[random.between(0, ONSETS.len() - 1)]);
        word.push_str(VOWELS[random.between(0, VOWELS.len() - 1)]);
    }
    let ends = if rare { &ENDS[..] } else { &ENDS[..SHORT_ENDS] };
    word.push_str(ends[random.between(0, ends.len() - 1)]);
    word
}

const SIZE: usize = 20_000;
/// Words before this rank are too common to say anything.
const TELLING: usize = 120;

const ONSETS: [&str; 24] = [
    "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "ch", "cl",
    "gr", "pl", "sh", "st", "th", "tr",
];
const VOWELS: [&str; 14] =
    ["a", "e", "i", "o", "u", "a", "e", "o", "i", "e", "ea", "ou", "ai", "é"];
const ENDS: [&str; 14] = ["", "", "", "", "n", "r", "s", "t", "d", "l", "ng", "nd", "ck", "tion"];
/// Of the ends, those that make no long word.
const SHORT_ENDS: usize = 13;

const COMMON: &str = "the of and to in a is that for it was on as with be by at this from are or \
    an have not but they which one you were all her she there would their we him been has when who \
    will no more if out so up said what its about than into them can only other time new some could \
    these two may first then do any like my now over such our man me even most made after also did \
    many off before must well back through years much where your way down should because long each \
    just state people those too mr how little good world make very year still see own work men day";
