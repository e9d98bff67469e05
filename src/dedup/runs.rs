//! Where runs of ASCII letters and digits begin and end in a text.
//!
//! In: bytes. Out: places. The bytes are told apart 64 at a time, a bit a byte, so that the
//! length of a word costs no branch that the processor would have to guess.

/// A text's bytes by kind: those of one block at a time.
pub(super) struct Runs<'t> {
    bytes: &'t [u8],
    /// Where the block begins.
    begin: usize,
    plain: u64,
    digits: u64,
    /// Bytes of other characters.
    foreign: u64,
}

/// A run of ASCII letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// One past its last byte.
    pub end: usize,
    pub has_digits: bool,
}

impl<'t> Runs<'t> {
    pub fn of(bytes: &'t [u8]) -> Self {
        let mut runs = Self { bytes, begin: 0, plain: 0, digits: 0, foreign: 0 };
        runs.read(0);
        runs
    }

    /// Where the next byte is that is an ASCII letter or digit or of another character.
    pub fn next(&mut self, from: usize) -> Option<usize> {
        let mut at = from;
        while at < self.bytes.len() {
            let place = self.place(at);
            let ahead = (self.plain | self.foreign) >> place;
            if ahead != 0 {
                return Some(at + ahead.trailing_zeros() as usize);
            }
            at = self.begin + BLOCK;
        }
        None
    }

    /// The run that begins here; an empty one where none does.
    pub fn run(&mut self, from: usize) -> Run {
        let mut run = Run { end: from, has_digits: false };
        while run.end < self.bytes.len() {
            let place = self.place(run.end);
            let length = (self.plain >> place).trailing_ones();
            run.has_digits |= (self.digits >> place).trailing_zeros() < length;
            run.end += length as usize;
            if place + length < u64::BITS {
                break;
            }
        }
        run
    }

    /// Reads the block of a byte, if it is not read yet; the answer is the byte's place in it.
    fn place(&mut self, at: usize) -> u32 {
        if at / BLOCK != self.begin / BLOCK {
            self.read(at / BLOCK * BLOCK);
        }
        (at % BLOCK) as u32
    }

    fn read(&mut self, begin: usize) {
        let rest = self.bytes.get(begin..).unwrap_or_default();
        (self.begin, self.plain, self.digits, self.foreign) = (begin, 0, 0, 0);
        let mut read = |number: usize, eight: [u8; 8]| {
            let kinds = Kinds::of(u64::from_le_bytes(eight));
            let place = number * 8;
            self.plain |= bits(kinds.letters | kinds.digits) << place;
            self.digits |= bits(kinds.digits) << place;
            self.foreign |= bits(kinds.foreign) << place;
        };
        match rest.first_chunk::<BLOCK>() {
            Some(block) => {
                let (eights, _) = block.as_chunks::<8>();
                eights.iter().enumerate().for_each(|(number, eight)| read(number, *eight));
            }
            None => {
                for (number, chunk) in rest.chunks(8).enumerate() {
                    let mut eight = [0; 8];
                    eight.iter_mut().zip(chunk).for_each(|(place, byte)| *place = *byte);
                    read(number, eight);
                }
            }
        }
    }
}

/// A bit for each byte.
const BLOCK: usize = u64::BITS as usize;

/// Eight bytes by kind: the high bit of each byte that is of it.
struct Kinds {
    letters: u64,
    digits: u64,
    foreign: u64,
}

impl Kinds {
    fn of(eight: u64) -> Self {
        const HIGH: u64 = each(0x80);
        // Of seven bits each, so that no sum reaches into the byte above.
        let low = eight & !HIGH;
        // Whether each byte is at least as high: the sum's high bit.
        let from = |bytes: u64, least: u8| bytes + each(0x80 - least);
        let within = |bytes: u64, least, last: u8| from(bytes, least) & !from(bytes, last + 1);
        let ascii = HIGH & !eight;
        Self {
            letters: within(low | each(0x20), b'a', b'z') & ascii,
            digits: within(low, b'0', b'9') & ascii,
            foreign: eight & HIGH,
        }
    }
}

const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bits of eight bytes, side by side.
fn bits(high: u64) -> u64 {
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_where_a_byte_after_the_other_would_find_them(
            bytes in prop::collection::vec(
                prop_oneof![3 => any::<u8>(), 6 => Just(b'z'), 4 => Just(b'7'), 4 => Just(b' ')],
                0..200,
            ),
            long in 0..150_usize,
        ) {
            let bytes = [vec![b'A'; long], bytes].concat();
            let mut runs = Runs::of(&bytes);
            for at in 0..=bytes.len() + 1 {
                let rest = bytes.get(at..).unwrap_or_default();
                let next = rest.iter().position(|it| it.is_ascii_alphanumeric() || !it.is_ascii());
                prop_assert_eq!(runs.next(at), next.map(|next| at + next));
                let length = rest.iter().take_while(|it| it.is_ascii_alphanumeric()).count();
                let has_digits = rest.iter().take(length).any(u8::is_ascii_digit);
                prop_assert_eq!(runs.run(at), Run { end: at + length, has_digits });
            }
        }
    }
}
