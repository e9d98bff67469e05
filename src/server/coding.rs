//! Which content coding an answer takes: `Accept-Encoding` (RFC 9110 section 12.5.3).

use std::io::Write as _;

use bytes::Bytes;

/// A form that a document can be sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The best of the codings that the client takes; the smaller form where it does not
    /// care, and the document as it is where it takes none.
    pub fn accepted(accept_encoding: &str) -> Self {
        let mut brotli = None;
        let mut gzip = None;
        let mut identity = None;
        let mut any = None;
        for part in accept_encoding.split(',').take(MAX_CODINGS) {
            let mut parameters = part.split(';').map(str::trim);
            let name = parameters.next().unwrap_or_default().to_ascii_lowercase();
            let quality = quality(parameters);
            match name.as_str() {
                "br" => brotli = Some(quality),
                "gzip" | "x-gzip" => gzip = Some(quality),
                "identity" => identity = Some(quality),
                "*" => any = Some(quality),
                _ => {}
            }
        }
        let wish = |named: Option<u16>| named.or(any).unwrap_or(0);
        // Not named, the plain form is welcome, but less so than what is named.
        let identity = identity.unwrap_or(if any == Some(0) { 0 } else { 1 });
        let best =
            [(Self::Brotli, wish(brotli)), (Self::Gzip, wish(gzip)), (Self::Identity, identity)];
        let most = best.iter().map(|(_, wish)| *wish).max().unwrap_or(0);
        best.iter()
            .find(|(_, wish)| *wish == most && most > 0)
            .map_or(Self::Identity, |(coding, _)| *coding)
    }

    /// As in `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// What tells the tags of one document's forms apart.
    pub fn tag_ending(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }

    /// The document in this form. CPU work: milliseconds for a megabyte.
    pub fn code(self, plain: &Bytes) -> Bytes {
        match self {
            Self::Identity => plain.clone(),
            Self::Gzip => {
                let level = flate2::Compression::new(6);
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
                // Writing to memory does not fail; the plain form would still be right.
                let _ = writer.write_all(plain);
                writer.finish().unwrap_or_default().into()
            }
            Self::Brotli => {
                let mut coded = Vec::new();
                let mut writer =
                    brotli::CompressorWriter::new(&mut coded, 4096, BROTLI_QUALITY, 20);
                let _ = writer.write_all(plain);
                drop(writer);
                coded.into()
            }
        }
    }
}

/// The weight in thousandths; what cannot be read counts as a wish (RFC 9110 12.4.2).
fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    let mut weight = 1_000;
    for parameter in parameters {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if name.trim().eq_ignore_ascii_case("q") {
            let value: f32 = value.trim().parse().unwrap_or(1.0);
            let value = if value.is_finite() { value.clamp(0.0, 1.0) } else { 1.0 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            {
                weight = (value * 1_000.0) as u16;
            }
        }
    }
    weight
}

/// Longer lists come from no honest client.
const MAX_CODINGS: usize = 32;

/// Nearly as small as the best, at a tenth of the time.
const BROTLI_QUALITY: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_only_where_it_is_wanted() {
        for (header, wanted) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("gzip, deflate, br", Coding::Brotli),
            ("br;q=0, gzip", Coding::Gzip),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=0.0, *", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("br;q=0.2, gzip;q=0.9", Coding::Gzip),
            ("GZIP ; Q=1.0", Coding::Gzip),
            ("zstd, deflate", Coding::Identity),
            ("gzip;q=junk", Coding::Gzip),
            ("identity;q=0", Coding::Identity),
        ] {
            assert_eq!(Coding::accepted(header), wanted, "{header}");
        }
    }
}
