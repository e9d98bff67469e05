//! Looking for bytes or numbers of a kind, many at a time.
//!
//! In: a row of them, and a question that is asked of each. Out: where the first one is that it
//! is true of. The question should be a few comparisons without a branch, so that the compiler
//! asks it of whole registers: nearly every text of a feed holds none of what is looked for.

/// Where the first one is that `wanted` says yes to.
pub fn position<T: Copy>(all: &[T], wanted: impl Fn(T) -> bool + Copy) -> Option<usize> {
    let (chunks, rest) = all.as_chunks::<CHUNK>();
    for (number, chunk) in chunks.iter().enumerate() {
        if any(chunk, wanted) {
            let at = chunk.iter().position(|one| wanted(*one))?;
            return Some(number * CHUNK + at);
        }
    }
    // The end once more, with what stands before it: most ends hold nothing, either.
    if all.last_chunk::<CHUNK>().is_some_and(|end| !any(end, wanted)) {
        return None;
    }
    let at = rest.iter().position(|one| wanted(*one))?;
    Some(all.len() - rest.len() + at)
}

fn any<T: Copy>(chunk: &[T; CHUNK], wanted: impl Fn(T) -> bool) -> bool {
    chunk.iter().fold(false, |any, one| any | wanted(*one))
}

/// Of bytes, two registers of the smallest kind that has them.
const CHUNK: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_where_a_byte_after_the_other_would_find_it(
            bytes in prop::collection::vec(0..40_u8, 0..120), least in 30..41_u8
        ) {
            let expected = bytes.iter().position(|byte| *byte >= least);
            prop_assert_eq!(position(&bytes, |byte| byte >= least), expected);
        }
    }
}
