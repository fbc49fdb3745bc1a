//! The error type: with `?` in programs that return other error types, with the object that is returned, and on the
//! terminal.

/// Evaluates an expression with `?` in functions of both types.
macro_rules! fails {
    ($kind:expr, $result:expr) => {{
        let anyhow = || -> anyhow::Result<()> {
            let _ = $result?;
            Ok(())
        };
        let boxed = || -> Result<(), crate::errors::Boxed> {
            let _ = $result?;
            Ok(())
        };
        crate::errors::check(anyhow().unwrap_err(), boxed().unwrap_err(), $kind);
    }};
}

mod conversions;
#[cfg(all(target_os = "linux", not(emulated)))] // no packet sockets in qemu-user
mod kinds;
mod objects;
mod text;

use std::cell::Cell;
use std::error::Error as StdError;
use std::io::{self, Read, Write};

use pcap_core::{Capture, Dlt, Error, ErrorKind};

type Boxed = Box<dyn StdError + Send + Sync>;

/// Checks that an error's line has no control characters, and repeats nothing.
fn check_text(error: &Error) {
    let line = error.to_string();
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}');
    assert!(!line.contains(steers), "{line:?}");
    assert!(!error.text().contains(steers), "{line:?}");
    assert!(!error.text().is_empty(), "{line:?}");
    assert_eq!(line.matches(error.text()).count(), 1, "{line}");
    assert_eq!(format!("{error:?}"), line);
    let parts = format!("{error:#?}");
    assert!(parts.starts_with("Error {\n    kind: "), "{parts}");
}

/// Checks an error as a program gets it that returns these types.
fn check(anyhow: anyhow::Error, boxed: Boxed, kind: ErrorKind) {
    let error = anyhow
        .downcast_ref::<Error>()
        .expect("anyhow cannot downcast it");
    assert_eq!(error.kind(), kind, "{error}");
    check_text(error);
    let line = error.to_string();
    // The whole chain, and what `main` prints.
    assert_eq!(format!("{anyhow:#}"), line);
    let debug = format!("{anyhow:?}");
    assert_eq!(debug.matches(error.text()).count(), 1, "{debug}");

    let error = boxed
        .downcast_ref::<Error>()
        .expect("the box cannot be downcast");
    assert_eq!(error.kind(), kind, "{error}");
    // Another call has failed, perhaps in another thread.
    assert_eq!(format!("{boxed:?}"), error.to_string());
    assert_eq!(error.help().is_some(), kind == ErrorKind::PermissionDenied);
}

fn ethernet() -> Capture<pcap_core::Dead> {
    Capture::dead(Dlt::EN10MB).unwrap()
}

/// A reader and writer that is not `Sync`, and that fails.
struct Lonely(Cell<u32>);

impl Read for Lonely {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the tape is torn"))
    }
}

impl Write for Lonely {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("the tape is torn"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
