//! The key of an anonymization, and its file.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use crate::counted;
use crate::exit::{Failure, Outcome};
use crate::safe_files;

/// The length of a key.
const LENGTH: usize = 32;

/// A secret key. With the same key, addresses in several savefiles are anonymized in the same way.
#[derive(Clone)]
pub struct AnonymizationKey([u8; LENGTH]);

impl AnonymizationKey {
    /// Creates a key from its bytes.
    #[must_use]
    pub fn new(bytes: [u8; LENGTH]) -> AnonymizationKey {
        AnonymizationKey(bytes)
    }

    /// Reads a key from a file: 32 bytes, or 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is not a key.
    pub fn read(path: &Path) -> Outcome<AnonymizationKey> {
        let bytes = fs::read(path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => cannot("read", path, format!("{e}; --new-key creates it")),
            _ => cannot("read", path, e),
        })?;
        let text = bytes.trim_ascii();
        let mut key = [0; LENGTH];
        if bytes.len() == LENGTH {
            key.copy_from_slice(&bytes);
        } else if const_hex::decode_to_slice(text, &mut key).is_err() || text.len() != 2 * LENGTH {
            let found = counted::bytes(bytes.len() as u64);
            let why = format!("expected 32 bytes or 64 hexadecimal digits, found {found}");
            return Err(cannot("use", path, why));
        }
        Ok(AnonymizationKey(key))
    }

    /// Creates a random key, and a file of it that only its owner can read.
    ///
    /// # Errors
    ///
    /// Returns an error if the file exists or cannot be written. If it cannot be written, no file is left.
    pub fn create(path: &Path) -> Outcome<AnonymizationKey> {
        let mut key = [0; LENGTH];
        getrandom::fill(&mut key).map_err(|e| cannot("create", path, e))?;
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let created = safe_files::create_new(path, &mut options);
        let file = created.map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => {
                let why = "the file exists; without --new-key, its key is used";
                cannot("create", path, why)
            }
            _ => cannot("create", path, e),
        })?;
        let line = const_hex::encode(key) + "\n";
        let written = safe_files::write_new(file, path, line.as_bytes());
        written.map_err(|e| cannot("write", path, e))?;
        Ok(AnonymizationKey(key))
    }

    /// Returns the key of the cipher, and the seed of what Crypto-PAn adds to addresses.
    pub(super) fn halves(&self) -> ([u8; 16], [u8; 16]) {
        let half = |at: usize| std::array::from_fn(|index| self.0[at + index]);
        (half(0), half(16))
    }
}

fn cannot(operation: &str, path: &Path, why: impl fmt::Display) -> Failure {
    Failure::Text(format!(
        "cannot {operation} the key `{}`: {why}",
        path.display()
    ))
}

/// Shows nothing of the key.
impl fmt::Debug for AnonymizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnonymizationKey")
    }
}
