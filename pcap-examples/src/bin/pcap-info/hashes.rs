//! Hashes files as they are, without decompressing them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use pcap_examples::savefile_source::Observer;
use pcap_examples::{files, hex, signals};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The size of each read, in bytes.
const CHUNK_SIZE: usize = 256 * 1024;

/// The hashes of a file, in hexadecimal.
pub(crate) struct Hashes {
    pub(crate) sha256: String,
    pub(crate) sha1: String,
}

/// Hashes that are being computed.
pub(crate) enum Hashing {
    /// Those of a file, which a thread reads.
    File(JoinHandle<io::Result<Option<Hashes>>>),
    /// Those of a file that was read already.
    Done(io::Result<Option<Hashes>>),
    /// Those of a stream, which arrive at its end.
    Stream(Receiver<Hashes>),
}

impl Hashing {
    /// Starts to hash a file. If it is a stream, such as a pipe, the observer must see its bytes. The path `-` means
    /// standard input.
    pub(crate) fn start(path: &Path) -> (Hashing, Option<Observer>) {
        let file = match path == Path::new("-") {
            true => {
                // The savefile is read from the same descriptor, which has one position.
                let stdin = files::stdin().filter(files::is_regular);
                if let Some(file) = stdin {
                    return (Hashing::Done(hash_and_rewind(file)), None);
                }
                None
            }
            // Opening a FIFO would wait for its other end, and take its data.
            false if path.is_file() => File::open(path).ok(),
            false => None,
        };
        match file {
            Some(file) => {
                let started = thread::Builder::new().spawn(move || hash(file));
                let hashing = started.map_or_else(|e| Hashing::Done(Err(e)), Hashing::File);
                (hashing, None)
            }
            None => {
                let (hashing, observer) = of_stream();
                (hashing, Some(observer))
            }
        }
    }

    /// Waits for the hashes. Returns `None` after a signal, and for a stream that was not read to its end.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub(crate) fn finish(self, is_read_to_end: bool) -> io::Result<Option<Hashes>> {
        match self {
            Hashing::File(thread) => thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the thread has panicked"))),
            Hashing::Done(hashes) => hashes,
            // Reading ahead may have reached the end, which must not change what is printed.
            Hashing::Stream(_) if !is_read_to_end => Ok(None),
            // The thread that has read the end of the stream has sent the hashes before.
            Hashing::Stream(hashes) => Ok(hashes.try_recv().ok()),
        }
    }
}

/// Returns the hashes of a stream, and the observer that must see its bytes.
fn of_stream() -> (Hashing, Observer) {
    let (sender, hashes) = channel();
    let mut hasher = Some(Hasher::default());
    let observer = move |bytes: &[u8]| {
        if !bytes.is_empty() {
            if let Some(hasher) = &mut hasher {
                hasher.update(bytes);
            }
        } else if let Some(hasher) = hasher.take() {
            // Sending fails if nobody waits for the hashes any more.
            let _ = sender.send(hasher.finish());
        }
    };
    (Hashing::Stream(hashes), Box::new(observer))
}

/// Hashes the rest of a file, and restores its position.
fn hash_and_rewind(mut file: File) -> io::Result<Option<Hashes>> {
    let position = file.stream_position()?;
    let hashes = hash(&file);
    file.seek(SeekFrom::Start(position))?;
    hashes
}

/// Hashes a file. Returns `None` if the program must end.
fn hash(mut file: impl Read) -> io::Result<Option<Hashes>> {
    let mut hasher = Hasher::default();
    let mut chunk = vec![0; CHUNK_SIZE];
    loop {
        if signals::end_requested().is_some() {
            return Ok(None);
        }
        match file.read(&mut chunk) {
            Ok(0) => return Ok(Some(hasher.finish())),
            Ok(length) => hasher.update(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Computes both hashes in one pass.
#[derive(Default)]
struct Hasher {
    sha256: Sha256,
    sha1: Sha1,
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sha1.update(bytes);
    }

    fn finish(self) -> Hashes {
        let digits = |hash: &[u8]| {
            let mut digits = Vec::new();
            hex::push(&mut digits, hash);
            String::from_utf8_lossy(&digits).into_owned()
        };
        Hashes {
            sha256: digits(&self.sha256.finalize()),
            sha1: digits(&self.sha1.finalize()),
        }
    }
}
