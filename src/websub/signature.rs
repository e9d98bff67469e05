//! Whether a push is signed with the secret that only the hub and we know.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Checks an `X-Hub-Signature` (`METHOD=HEX`) over the raw body, in a time that tells
/// nothing of the right one. W3C WebSub section 7.1.
pub fn is_signed(field: Option<&str>, secret: &str, body: &[u8]) -> bool {
    let Some((method, hex)) = field.and_then(|field| field.trim().split_once('=')) else {
        return false;
    };
    let Some(signature) = bytes(hex) else { return false };
    match method.to_ascii_lowercase().as_str() {
        "sha1" => matches::<Hmac<Sha1>>(secret, body, &signature),
        "sha256" => matches::<Hmac<Sha256>>(secret, body, &signature),
        "sha384" => matches::<Hmac<Sha384>>(secret, body, &signature),
        "sha512" => matches::<Hmac<Sha512>>(secret, body, &signature),
        _ => false,
    }
}

fn matches<M: Mac + KeyInit>(secret: &str, body: &[u8], signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(secret.as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok()))
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 and RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const TEXT: &[u8] = b"what do ya want for nothing?";
    const SHA1: &str = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    const SHA256: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA384: &str = "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e\
        8e2240ca5e69e2c78b3239ecfab21649";
    const SHA512: &str = "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
        9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    #[test]
    fn each_method_is_understood_in_any_case() {
        for field in [SHA1, SHA256, SHA384, SHA512] {
            assert!(is_signed(Some(field), KEY, TEXT), "{field}");
            assert!(is_signed(Some(&field.to_uppercase()), KEY, TEXT), "{field}");
        }
    }

    #[test]
    fn another_body_key_or_method_is_not_signed() {
        assert!(!is_signed(Some(SHA256), KEY, b"what do ya want"));
        assert!(!is_signed(Some(SHA256), "other", TEXT));
        assert!(!is_signed(Some(&SHA256.replace("sha256", "sha512")), KEY, TEXT));
    }

    #[test]
    fn what_is_no_signature_signs_nothing() {
        let cut = SHA256.trim_end_matches('3');
        for field in ["", "sha256", "sha256=", "md5=00", "sha256=é", "sha256=0g", cut] {
            assert!(!is_signed(Some(field), KEY, TEXT), "{field}");
        }
        assert!(!is_signed(None, KEY, TEXT));
    }
}
