//! Two texts laid side by side, word by word.
//!
//! In: their words, and the places of runs that both have once. Out: an [`Alignment`]: the
//! words that match in order, and the *slots*: places inside shared wording where a figure
//! or a name was exchanged. A form filled in anew has slots; an edited copy has few.

use super::words::Word;

/// Pairs of matching word numbers, rising in both texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Alignment(Vec<(usize, usize)>);

impl Alignment {
    /// `places` are begins of shared runs of `length` words.
    pub fn of(a: &[Word], b: &[Word], places: &[(u32, u32)], length: usize) -> Self {
        let mut places = places.to_vec();
        places.sort_unstable();
        let mut pairs: Vec<(usize, usize)> = Vec::with_capacity(a.len().min(b.len()));
        let mut end = (0_usize, 0_usize);
        for &(at, bt) in rising(&places).iter() {
            let (at, bt) = (at as usize, bt as usize);
            // Runs overlap: what of this one was matched already is passed over.
            let done = end.0.saturating_sub(at).max(end.1.saturating_sub(bt));
            if done >= length {
                continue;
            }
            fill(a, b, end, (at + done, bt + done), &mut pairs);
            pairs.extend((done..length).map(|step| (at + step, bt + step)));
            end = (at + length, bt + length);
        }
        fill(a, b, end, (a.len(), b.len()), &mut pairs);
        Self(pairs)
    }

    /// Words that match.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The stretch of the second text that the first is laid along: first and last match.
    pub fn stretch(&self) -> Option<(usize, usize)> {
        Some((self.0.first()?.1, self.0.last()?.1))
    }

    /// Exchanged pieces of at most `longest` words on each side that fill a form: each side
    /// has a figure, number word or name that the other has not. Between matches of fewer than
    /// `firm` words nothing was exchanged: those match by chance.
    pub fn slots<'a>(
        &self,
        a: &'a [Word],
        b: &'a [Word],
        longest: usize,
        firm: usize,
    ) -> Vec<Slot<'a>> {
        let ends = [(a.len(), b.len())];
        let mut before = (0_usize, 0_usize);
        let mut slots = Vec::new();
        let firm_runs = self.firm(firm);
        let is_firm = |number: usize| firm_runs.get(number).copied().unwrap_or(true);
        for (number, &(at, bt)) in self.0.iter().chain(&ends).enumerate() {
            let pieces = (a.get(before.0..at), b.get(before.1..bt));
            if let (Some(piece), Some(piece_there)) = pieces
                && piece.len().max(piece_there.len()) <= longest
                && is_firm(number)
                && number.checked_sub(1).is_none_or(is_firm)
                && let Some(one) = filling(piece, piece_there)
                && let Some(other) = filling(piece_there, piece)
            {
                slots.push(Slot { one, other, pieces: (piece, piece_there), at: before });
            }
            before = (at + 1, bt + 1);
        }
        slots
    }

    /// Which matches are in a run of at least `length` words without a gap.
    fn firm(&self, length: usize) -> Vec<bool> {
        let follows = |a: &(usize, usize), b: &(usize, usize)| *b == (a.0 + 1, a.1 + 1);
        let runs = self.0.chunk_by(follows);
        runs.flat_map(|run| std::iter::repeat_n(run.len() >= length, run.len())).collect()
    }
}

/// What stands at one place of a form in one text and in the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a> {
    /// The first word on each side that the other side has not.
    pub one: Word,
    pub other: Word,
    /// All that was exchanged, and where each side's begins.
    pub pieces: (&'a [Word], &'a [Word]),
    pub at: (usize, usize),
}

/// A word of `piece` that fills a form and is not in `other`. One lone character of a script
/// without spaces is no name.
fn filling(piece: &[Word], other: &[Word]) -> Option<Word> {
    let foreign = || {
        piece
            .iter()
            .filter(|word| word.fills_a_form())
            .filter(|word| !other.iter().any(|there| there.hash == word.hash))
    };
    let first = foreign().next()?;
    let is_lone = first.is_unspaced() && foreign().count() == 1 && !foreign().any(|w| w.counts());
    (!is_lone).then_some(*first)
}

/// The longest rising run of places (both texts in order): sorted by the first already.
fn rising(places: &[(u32, u32)]) -> Vec<(u32, u32)> {
    // Patience sorting: `piles` holds the index of the lowest top of each length.
    let mut piles: Vec<usize> = Vec::new();
    let mut below: Vec<Option<usize>> = Vec::with_capacity(places.len());
    let second = |index: &usize| places.get(*index).map_or(0, |place| place.1);
    for (index, place) in places.iter().enumerate() {
        let pile = piles.partition_point(|top| second(top) < place.1);
        below.push(pile.checked_sub(1).and_then(|under| piles.get(under).copied()));
        match piles.get_mut(pile) {
            Some(top) => *top = index,
            None => piles.push(index),
        }
    }
    let mut run = Vec::with_capacity(piles.len());
    let mut next = piles.last().copied();
    while let Some(index) = next {
        run.extend(places.get(index));
        next = below.get(index).copied().flatten();
    }
    run.reverse();
    run
}

/// Matches the words between two shared runs: from both ends, and what is left by the
/// longest common subsequence where that is small enough.
fn fill(
    a: &[Word],
    b: &[Word],
    from: (usize, usize),
    to: (usize, usize),
    pairs: &mut Vec<(usize, usize)>,
) {
    let (Some(one), Some(other)) = (a.get(from.0..to.0), b.get(from.1..to.1)) else { return };
    let same = |pair: &(&Word, &Word)| pair.0.hash == pair.1.hash;
    let head = one.iter().zip(other).take_while(same).count();
    pairs.extend((0..head).map(|step| (from.0 + step, from.1 + step)));
    let (Some(one), Some(other)) = (one.get(head..), other.get(head..)) else { return };
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(same).count();
    let (one_rest, other_rest) = (one.len() - tail, other.len() - tail);
    if let (Some(one), Some(other)) = (one.get(..one_rest), other.get(..other_rest)) {
        let begin = (from.0 + head, from.1 + head);
        // Before the first shared run or behind the last, one text may be far longer: only
        // its words nearest to the shared wording can belong to the other's.
        let reach = 2 * one.len().min(other.len()) + REACH;
        let at_begin = from == (0, 0) && to != (a.len(), b.len());
        let (one, skipped) = nearest(one, reach, at_begin);
        let (other, skipped_there) = nearest(other, reach, at_begin);
        if one.len() * other.len() <= MOST_CELLS {
            subsequence(one, other, (begin.0 + skipped, begin.1 + skipped_there), pairs);
        }
    }
    pairs.extend((0..tail).rev().map(|step| (to.0 - 1 - step, to.1 - 1 - step)));
}

/// The `reach` words at the end or the begin of `piece`, and how many stand before them.
fn nearest(piece: &[Word], reach: usize, at_end: bool) -> (&[Word], usize) {
    let skipped = if at_end { piece.len().saturating_sub(reach) } else { 0 };
    let rest = piece.get(skipped..).unwrap_or_default();
    (rest.get(..reach).unwrap_or(rest), skipped)
}

/// Words looked at beyond twice the shorter piece.
const REACH: usize = 16;

/// Cells of the table for one gap: 64 by 64 words. What is longer is a different passage.
const MOST_CELLS: usize = 4_096;

/// The longest common subsequence of two short pieces, by the usual table.
fn subsequence(a: &[Word], b: &[Word], from: (usize, usize), pairs: &mut Vec<(usize, usize)>) {
    if a.is_empty() || b.is_empty() {
        return;
    }
    let width = b.len() + 1;
    // Row `i`, column `j`: the length for what follows word `i` of the one, `j` of the other.
    let mut table = vec![0_u16; (a.len() + 1) * width];
    let cell = |table: &[u16], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, one) in a.iter().enumerate().rev() {
        for (j, other) in b.iter().enumerate().rev() {
            let length = if one.hash == other.hash {
                cell(&table, i + 1, j + 1) + 1
            } else {
                cell(&table, i + 1, j).max(cell(&table, i, j + 1))
            };
            if let Some(slot) = table.get_mut(i * width + j) {
                *slot = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while let (Some(one), Some(other)) = (a.get(i), b.get(j)) {
        if one.hash == other.hash {
            pairs.push((from.0 + i, from.1 + j));
            (i, j) = (i + 1, j + 1);
        } else if cell(&table, i + 1, j) >= cell(&table, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::words::Words;

    fn aligned(a: &str, b: &str) -> (usize, usize) {
        let (a, b) = (Words::of(a), Words::of(b));
        let alignment = Alignment::of(a.list(), b.list(), &[], 4);
        (alignment.len(), alignment.slots(a.list(), b.list(), 5, 1).len())
    }

    #[test]
    fn an_exchanged_name_is_a_slot_and_an_exchanged_common_word_is_not() {
        assert_eq!(aligned("shares of Acme rose today", "shares of Bolt rose today"), (4, 1));
        assert_eq!(aligned("shares of Acme rose today", "shares of Acme fell today"), (4, 0));
        assert_eq!(aligned("it cost 5 then", "it cost 7 then"), (3, 1));
        assert_eq!(aligned("it cost 5 then", "it cost then"), (3, 0));
    }

    #[test]
    fn shared_runs_anchor_the_texts_wherever_they_stand() {
        let a = Words::of("x one two three four y five six seven eight z");
        let b = Words::of("one two three four q five six seven eight");
        let alignment = Alignment::of(a.list(), b.list(), &[(1, 0), (6, 5)], 4);
        assert_eq!(alignment.len(), 8);
        assert_eq!(alignment.stretch(), Some((0, 8)));
    }

    #[test]
    fn places_out_of_order_do_not_break_the_order() {
        assert_eq!(rising(&[(0, 5), (1, 0), (2, 6), (3, 1), (4, 2)]), [(1, 0), (3, 1), (4, 2)]);
    }
}
