//! Content codings undone as the bytes come (RFC 9110 8.4.1): gzip, deflate, br, zstd.
//!
//! Each step writes what the caller has made room for and a bounded number of bytes more, so
//! that it can hold its limit against a bomb. A stream that ends early is told from a whole one:
//! what is missing would otherwise look like entries that were taken down.

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, Operation};

use crate::model::FetchError;

/// A coding that is being undone.
pub(super) struct Decoder {
    coding: Coding,
    /// The first bytes, until they tell what the coding really is.
    head: Vec<u8>,
    stream: Option<Stream>,
}

/// What `Content-Encoding` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

enum Stream {
    Identity,
    Gzip {
        inflate: Decompress,
        /// This member is whole; another may follow (RFC 1952 2.2).
        ended: bool,
    },
    Deflate {
        inflate: Decompress,
        ended: bool,
    },
    Brotli {
        state: Box<Brotli>,
        ended: bool,
    },
    Zstd {
        decoder: ZstdDecoder<'static>,
        ended: bool,
    },
    /// What comes after the end of the stream is ignored.
    Over,
}

type Brotli =
    BrotliState<brotli::enc::StandardAlloc, brotli::enc::StandardAlloc, brotli::enc::StandardAlloc>;

impl Decoder {
    /// For the value of `Content-Encoding`. More than one coding is refused: nobody honest
    /// stacks them, and each layer multiplies what a bomb can do.
    pub(super) fn new(content_encoding: &str) -> Result<Self, FetchError> {
        let mut codings = content_encoding
            .split(',')
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity");
        let first = codings.next();
        if codings.next().is_some() {
            return Err(bad(content_encoding));
        }
        let coding = match first.as_deref() {
            None => Coding::Identity,
            Some("gzip" | "x-gzip") => Coding::Gzip,
            Some("deflate") => Coding::Deflate,
            Some("br") => Coding::Brotli,
            Some("zstd") => Coding::Zstd,
            Some(_) => return Err(bad(content_encoding)),
        };
        Ok(Self { coding, head: Vec::new(), stream: None })
    }

    /// Whether the body's length is the document's.
    pub(super) fn is_identity(&self) -> bool {
        self.coding == Coding::Identity
    }

    /// Takes from `input`, adds to `out` what it has room for and at most [`STEP_BYTES`] more;
    /// whether to call again before there is more input.
    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, FetchError> {
        if self.stream.is_none() {
            self.head.extend_from_slice(input);
            *input = &[];
            if self.head.len() < ENOUGH_TO_TELL {
                return Ok(false);
            }
            self.begin()?;
        }
        if !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            let mut rest = head.as_slice();
            let more = self.decode(&mut rest, out)?;
            self.head = rest.to_vec();
            return Ok(more || !self.head.is_empty());
        }
        let more = self.decode(input, out)?;
        Ok(more || !input.is_empty())
    }

    /// The body is over: was the stream?
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), FetchError> {
        if self.stream.is_none() {
            self.begin()?;
            let head = std::mem::take(&mut self.head);
            let mut rest = head.as_slice();
            while self.decode(&mut rest, out)? || !rest.is_empty() {}
        }
        match self.stream {
            // An empty body is an empty document in any coding.
            None | Some(Stream::Identity | Stream::Over) => Ok(()),
            Some(Stream::Gzip { ended: true, .. }) => Ok(()),
            Some(Stream::Gzip { ended: false, .. }) => Err(cut("gzip")),
            Some(Stream::Deflate { ended: true, .. }) => Ok(()),
            Some(Stream::Deflate { ended: false, .. }) => Err(cut("deflate")),
            Some(Stream::Brotli { ended: true, .. }) => Ok(()),
            Some(Stream::Brotli { ended: false, .. }) => Err(cut("br")),
            Some(Stream::Zstd { ended: true, .. }) => Ok(()),
            Some(Stream::Zstd { ended: false, .. }) => Err(cut("zstd")),
        }
    }

    /// Chooses by the first bytes, since some servers name a coding that they did not use,
    /// or use one that they did not name.
    fn begin(&mut self) -> Result<(), FetchError> {
        let gzipped = self.head.starts_with(&GZIP_MAGIC);
        let plain = self
            .head
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_none_or(|byte| matches!(byte, b'<' | b'{' | 0xef));
        let stream = match self.coding {
            _ if self.head.is_empty() => Stream::Identity,
            Coding::Identity | Coding::Deflate | Coding::Gzip if gzipped => gzip(),
            Coding::Identity => Stream::Identity,
            Coding::Gzip if plain => Stream::Identity,
            Coding::Gzip => return Err(bad("gzip")),
            Coding::Deflate => {
                // "deflate" means zlib, and many send it raw (RFC 9110 8.4.1.2).
                let zlib = is_zlib(&self.head);
                Stream::Deflate { inflate: Decompress::new(zlib), ended: false }
            }
            Coding::Brotli => {
                let alloc = brotli::enc::StandardAlloc::default;
                let state = Box::new(BrotliState::new(alloc(), alloc(), alloc()));
                Stream::Brotli { state, ended: false }
            }
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(|_| bad("zstd"))?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
                    .map_err(|_| bad("zstd"))?;
                Stream::Zstd { decoder, ended: false }
            }
        };
        self.stream = Some(stream);
        Ok(())
    }

    /// One step of the stream; whether it has more to give for the input it took.
    fn decode(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, FetchError> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let mut buffer = [0_u8; STEP_BUFFER];
        let (read, written, more) = match stream {
            Stream::Over => {
                *input = &[];
                return Ok(false);
            }
            Stream::Identity => {
                let (now, later) = input.split_at_checked(STEP_BYTES).unwrap_or((input, &[]));
                out.extend_from_slice(now);
                *input = later;
                return Ok(false);
            }
            Stream::Gzip { ended: true, .. } => {
                if !input.is_empty() {
                    // Padding after the last member is common.
                    let another = matches!(*input, [0x1f] | [0x1f, 0x8b, ..]);
                    *stream = if another { gzip() } else { Stream::Over };
                }
                return Ok(false);
            }
            Stream::Gzip { inflate, ended } => return gunzip(inflate, ended, input, out),
            Stream::Deflate { inflate, ended } => {
                let (read, written) = (inflate.total_in(), inflate.total_out());
                let status = inflate
                    .decompress(input, &mut buffer, FlushDecompress::None)
                    .map_err(|_| bad("deflate"))?;
                *ended = status == Status::StreamEnd;
                let read = usize::try_from(inflate.total_in() - read).unwrap_or(0);
                let written = usize::try_from(inflate.total_out() - written).unwrap_or(0);
                (read, written, written == buffer.len() && !*ended)
            }
            Stream::Brotli { state, ended } => {
                let (mut unread, mut read) = (input.len(), 0);
                let (mut room, mut written, mut total) = (buffer.len(), 0, 0);
                let result = BrotliDecompressStream(
                    &mut unread,
                    &mut read,
                    input,
                    &mut room,
                    &mut written,
                    &mut buffer,
                    &mut total,
                    state,
                );
                match result {
                    BrotliResult::ResultFailure => return Err(bad("br")),
                    BrotliResult::ResultSuccess => *ended = true,
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                }
                (read, written, matches!(result, BrotliResult::NeedsMoreOutput))
            }
            Stream::Zstd { decoder, ended } => {
                let status = decoder.run_on_buffers(input, &mut buffer).map_err(|_| bad("zstd"))?;
                // Between two frames the stream may end.
                if status.bytes_read > 0 || status.bytes_written > 0 {
                    *ended = status.remaining == 0;
                }
                let full = status.bytes_written == buffer.len();
                (status.bytes_read, status.bytes_written, full && !*ended)
            }
        };
        out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        *input = input.get(read..).unwrap_or_default();
        let ended = matches!(
            stream,
            Stream::Deflate { ended: true, .. } | Stream::Brotli { ended: true, .. }
        );
        if ended {
            *stream = Stream::Over;
        } else if read == 0 && written == 0 && !input.is_empty() {
            return Err(bad("stuck stream"));
        }
        Ok(more)
    }
}

/// Straight into `out`: most feeds come like this.
fn gunzip(
    inflate: &mut Decompress,
    ended: &mut bool,
    input: &mut &[u8],
    out: &mut Vec<u8>,
) -> Result<bool, FetchError> {
    if out.capacity() - out.len() < STEP_BUFFER {
        out.reserve_exact(STEP_BYTES);
    }
    let (read, length) = (inflate.total_in(), out.len());
    let status =
        inflate.decompress_vec(input, out, FlushDecompress::None).map_err(|_| bad("gzip"))?;
    let read = usize::try_from(inflate.total_in() - read).unwrap_or(0);
    *input = input.get(read..).unwrap_or_default();
    *ended = status == Status::StreamEnd;
    if !*ended && read == 0 && out.len() == length && !input.is_empty() {
        return Err(bad("stuck stream"));
    }
    Ok(!*ended && out.len() == out.capacity())
}

fn gzip() -> Stream {
    Stream::Gzip { inflate: Decompress::new_gzip(WINDOW_BITS), ended: false }
}

/// RFC 1950 2.2: the method is 8, and the two bytes are a multiple of 31.
fn is_zlib(head: &[u8]) -> bool {
    match head {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

fn bad(coding: &str) -> FetchError {
    // The text is the server's.
    let coding: String = coding.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    FetchError::BadCoding { coding }
}

fn cut(coding: &str) -> FetchError {
    FetchError::Incomplete { reason: format!("the {coding} stream ends early") }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that tell the codings apart.
const ENOUGH_TO_TELL: usize = 2;

const STEP_BUFFER: usize = 16 * 1024;

/// The largest window of deflate: 32 KiB (RFC 1951 2).
const WINDOW_BITS: u8 = 15;

/// The most that one step adds.
pub(super) const STEP_BYTES: usize = 64 * 1024;

/// 8 MiB, the most that a window may be on the web (RFC 9659 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// How much of a coding's name goes into an error.
const MAX_NAME: usize = 60;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn decode(coding: &str, bytes: &[u8], piece: usize) -> Result<Vec<u8>, FetchError> {
        let mut decoder = Decoder::new(coding)?;
        let mut out = Vec::new();
        for mut input in bytes.chunks(piece) {
            while decoder.step(&mut input, &mut out)? {}
        }
        decoder.finish(&mut out)?;
        Ok(out)
    }

    fn text() -> Vec<u8> {
        (0..20_000).flat_map(|n| format!("<entry>{n}</entry>").into_bytes()).collect()
    }

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(text: &[u8]) -> Vec<u8> {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn br(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let params = brotli::enc::BrotliEncoderParams { quality: 3, ..Default::default() };
        brotli::BrotliCompress(&mut &text[..], &mut out, &params).unwrap();
        out
    }

    fn zst(text: &[u8]) -> Vec<u8> {
        zstd::bulk::compress(text, 1).unwrap()
    }

    type Encode = fn(&[u8]) -> Vec<u8>;
    const CODINGS: [(&str, Encode); 6] = [
        ("gzip", gz),
        ("x-gzip", gz),
        ("deflate", zlib),
        ("deflate", raw_deflate),
        ("br", br),
        ("Zstd", zst),
    ];

    #[test]
    fn each_coding_is_undone_in_pieces_of_any_size() {
        for (coding, encode) in CODINGS {
            for piece in [1, 7, 4096, 1 << 20] {
                assert!(
                    decode(coding, &encode(&text()), piece).unwrap() == text(),
                    "{coding} {piece}"
                );
            }
        }
    }

    #[test]
    fn a_stream_that_ends_early_is_told_from_a_whole_one() {
        for (coding, encode) in CODINGS {
            let whole = encode(&text());
            for cut in [1, 4, whole.len() / 2] {
                let error = decode(coding, &whole[..whole.len() - cut], 1000).unwrap_err();
                assert!(matches!(error, FetchError::Incomplete { .. }), "{coding}: {error}");
            }
        }
    }

    #[test]
    fn gzip_that_nobody_named_is_undone_and_plain_text_named_gzip_is_read() {
        assert!(decode("", &gz(&text()), 1000).unwrap() == text());
        assert!(decode("gzip", &text(), 1000).unwrap() == text());
        assert!(decode("gzip", b"\xff\xfenoise", 1000).is_err());
    }

    #[test]
    fn gzip_members_are_joined_and_padding_is_ignored() {
        let mut two = gz(b"<one/>");
        two.extend(gz(b"<two/>"));
        two.extend([0; 40]);
        assert_eq!(decode("gzip", &two, 3).unwrap(), b"<one/><two/>");
        assert_eq!(decode("gzip", &two, 1000).unwrap(), b"<one/><two/>");
    }

    #[test]
    fn an_empty_body_is_an_empty_document() {
        for (coding, _) in CODINGS {
            assert_eq!(decode(coding, b"", 1).unwrap(), b"");
        }
    }

    #[test]
    fn stacked_and_unknown_codings_are_named() {
        for coding in ["gzip, gzip", "br,gzip", "compress", "aws-chunked"] {
            let error = decode(coding, b"", 1).unwrap_err();
            assert_eq!(error, FetchError::BadCoding { coding: coding.to_owned() });
        }
        assert_eq!(decode("identity", b"<a/>", 9).unwrap(), b"<a/>");
    }

    #[test]
    fn no_step_writes_more_than_a_step() {
        let bomb = vec![b' '; 16 << 20];
        for (coding, encode) in CODINGS {
            let packed = encode(&bomb);
            let mut decoder = Decoder::new(coding).unwrap();
            let mut input = packed.as_slice();
            let mut out = Vec::new();
            let mut before = 0;
            while decoder.step(&mut input, &mut out).unwrap() {
                assert!(out.len() - before <= 1 << 20, "{coding}");
                before = out.len();
            }
        }
    }

    #[test]
    fn noise_is_an_error_in_each_coding() {
        let noise: Vec<u8> =
            (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (coding, _) in CODINGS {
            assert!(decode(coding, &noise, 100).is_err(), "{coding}");
        }
    }
}
