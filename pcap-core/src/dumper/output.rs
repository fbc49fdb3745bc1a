//! Buffered output to a file or a user's writer. Bytes are written in large pieces and kept until the sink accepts
//! them.

use std::any::{Any, type_name};
use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::sys::{clock, platform};

/// The size of the buffer, in bytes.
const BUFFER: usize = 256 * 1024;

/// The name of an open file in errors.
pub(crate) const THE_SAVEFILE: &str = "the savefile";
/// The name of a user's writer in errors.
pub(crate) const THE_WRITER: &str = "the writer";

/// A sink, and the bytes that it has not accepted yet.
///
/// A write error loses nothing: unwritten bytes stay in the buffer, and the next attempt starts with them. `drop` tries
/// once more and ignores errors.
pub(crate) struct Output {
    sink: Option<Sink>,
    name: String,
    /// The bytes that the sink has not accepted yet, at the start, and room for more. Never shorter than [`BUFFER`].
    buffer: Vec<u8>,
    /// The number of bytes that the sink has not accepted yet.
    filled: usize,
    /// The number of bytes above which [`append`](Self::append) takes its slow path. It is 0 while there is a time
    /// limit, so that every call checks the clock.
    limit: usize,
    /// The time limit for bytes in the buffer, in nanoseconds.
    bound: Option<u64>,
    /// The deadline of the bytes in the buffer, by the coarse clock.
    due: Option<u64>,
    /// Bytes that the sink has accepted, including the previous content of an appended file.
    written: u64,
    /// A call of the user's writer is in progress. If this is still set on drop, the writer panicked.
    writing: bool,
}

enum Sink {
    File(File),
    Writer(Box<dyn Writer>),
}

/// A user's writer that can be converted back into its type.
trait Writer: Write + Send {
    fn as_write(&mut self) -> &mut dyn Write;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<W: Write + Send + 'static> Writer for W {
    fn as_write(&mut self) -> &mut dyn Write {
        self
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Sink::File(file) => file,
            // `**`, because the box itself implements `Writer`, too.
            Sink::Writer(writer) => (**writer).as_write(),
        }
    }

    fn is<W: 'static>(&self) -> bool {
        match self {
            Sink::File(file) => (file as &dyn Any).is::<W>(),
            Sink::Writer(writer) => (**writer).as_any().is::<W>(),
        }
    }

    fn into_object<W: 'static>(self) -> Option<W> {
        let any: Box<dyn Any> = match self {
            Sink::File(file) => Box::new(file),
            Sink::Writer(writer) => writer.into_any(),
        };
        any.downcast().ok().map(|object| *object)
    }
}

/// The bytes at the start of the buffer that the sink has accepted. `drop` removes them from the buffer.
struct Taken<'a> {
    buffer: &'a mut [u8],
    filled: &'a mut usize,
    written: &'a mut u64,
    length: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.written += self.length as u64;
        self.buffer.copy_within(self.length..*self.filled, 0);
        *self.filled -= self.length;
    }
}

impl Output {
    /// Creates or truncates a file at a path; `-` is standard output.
    pub(crate) fn create(path: &Path) -> Result<Output> {
        let name = path.display().to_string();
        let file = if path.as_os_str() == "-" {
            platform::stdout()
        } else {
            File::create(path)
        };
        match file {
            Ok(file) => Ok(Output::new(Sink::File(file), name, 0)),
            Err(e) => Err(Error::io("create", name, e)),
        }
    }

    /// Wraps an open file. `length` is the length of the savefile before the current position.
    pub(crate) fn file(file: File, name: String, length: u64) -> Output {
        Output::new(Sink::File(file), name, length)
    }

    /// Wraps any writer.
    pub(crate) fn writer<W: Write + Send + 'static>(writer: W, name: String) -> Output {
        Output::new(Sink::Writer(Box::new(writer)), name, 0)
    }

    fn new(sink: Sink, name: String, written: u64) -> Output {
        Output {
            sink: Some(sink),
            name,
            // The allocator has zeroed memory, so this writes nothing.
            buffer: vec![0; BUFFER],
            filled: 0,
            limit: BUFFER,
            bound: None,
            due: None,
            written,
            writing: false,
        }
    }

    /// Returns the name of the output in errors.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Creates the error of a rejected packet.
    pub(crate) fn refuse(&self, text: impl Into<String>) -> Error {
        Error::cannot(ErrorKind::InvalidArgument, "write", self.name.clone(), text)
    }

    /// Appends this many bytes to the buffer, and returns them. The caller must overwrite all of them. After an error,
    /// nothing was appended.
    #[inline]
    pub(crate) fn append(&mut self, length: usize) -> Result<&mut [u8]> {
        self.reserve(length)?;
        let start = self.filled;
        self.filled += length;
        Ok(&mut self.buffer[start..self.filled])
    }

    /// Appends bytes to the buffer. After an error, nothing was appended.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.append(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Makes room in the buffer for this many bytes, so that [`keep`](Self::keep) can append them.
    #[inline]
    pub(crate) fn reserve(&mut self, length: usize) -> Result<()> {
        if self.filled + length > self.limit {
            self.make_room(length)?;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, length: usize) -> Result<()> {
        if let Some(bound) = self.bound {
            let now = clock::coarse();
            self.flush_if_due_at(now)?;
            self.due = self.due.or(Some(now.saturating_add(bound)));
        }
        if self.filled + length > BUFFER {
            self.drain()?;
        }
        self.grow(length);
        Ok(())
    }

    /// Makes the buffer long enough for this many bytes more.
    fn grow(&mut self, length: usize) {
        let needed = self.filled + length;
        self.buffer.resize(needed.max(self.buffer.len()), 0);
    }

    /// Writes as much of the buffer as the sink accepts now. The rest stays, and the next write reports the error.
    pub(crate) fn offer(&mut self) {
        let _ = self.flush();
    }

    /// Sets the time limit for bytes in the buffer.
    pub(crate) fn flush_within(&mut self, bound: Duration) {
        self.bound = u64::try_from(bound.as_nanos()).ok();
        self.due = self
            .bound
            .map(|bound| clock::coarse().saturating_add(bound));
        self.limit = if self.bound.is_some() { 0 } else { BUFFER };
    }

    /// Flushes if the time limit has passed.
    pub(crate) fn flush_if_due(&mut self) -> Result<()> {
        match self.due {
            Some(_) => self.flush_if_due_at(clock::coarse()),
            None => Ok(()),
        }
    }

    fn flush_if_due_at(&mut self, now: u64) -> Result<()> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(());
        }
        match self.flush() {
            // A non-blocking sink accepts nothing now: the bytes stay in the buffer.
            Err(error) if error.kind() == ErrorKind::Io(io::ErrorKind::WouldBlock) => Ok(()),
            other => other,
        }
    }

    /// Appends bytes to the buffer without writing it, however long it gets.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.grow(bytes.len());
        self.buffer[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// Returns the number of bytes of the savefile, including those in the buffer.
    pub(crate) fn position(&self) -> u64 {
        self.written + self.filled as u64
    }

    /// Writes the buffer. Bytes that the sink does not accept stay in it.
    #[cold]
    fn drain(&mut self) -> Result<()> {
        let drained = self.try_drain();
        drained.map_err(|e| Error::io("write", self.name.clone(), e))
    }

    fn try_drain(&mut self) -> io::Result<()> {
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        // Accepted bytes are removed from the buffer even if the sink's next write panics.
        let mut taken = Taken {
            buffer: &mut self.buffer,
            filled: &mut self.filled,
            written: &mut self.written,
            length: 0,
        };
        self.writing = true;
        let result = loop {
            let rest = &taken.buffer[taken.length..*taken.filled];
            if rest.is_empty() {
                break Ok(());
            }
            match sink.writer().write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) if n > rest.len() => {
                    break Err(io::Error::other(
                        "the writer reported more bytes than it was given",
                    ));
                }
                Ok(n) => taken.length += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        drop(taken);
        self.writing = false;
        result
    }

    /// Writes the buffer and flushes the sink.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let flushed = self.try_flush();
        flushed.map_err(|e| Error::io("write", self.name.clone(), e))
    }

    fn try_flush(&mut self) -> io::Result<()> {
        self.try_drain()?;
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        self.writing = true;
        let result = sink.writer().flush();
        self.writing = false;
        result?;
        self.due = None;
        Ok(())
    }

    /// Writes the buffer, then closes the file or drops the writer.
    pub(crate) fn close(mut self) -> Result<()> {
        let flushed = self.flush();
        let closed = match self.sink.take() {
            Some(Sink::File(file)) => platform::close(file),
            Some(Sink::Writer(_)) | None => Ok(()),
        };
        flushed?;
        closed.map_err(|e| Error::io("close", self.name.clone(), e))
    }

    /// Writes the buffer and returns the sink's object if it is a `W`; otherwise returns `self`.
    pub(crate) fn into_object<W: 'static>(mut self) -> Result<W, (Error, Box<Output>)> {
        if !self.sink.as_ref().is_some_and(Sink::is::<W>) {
            return Err((self.wrong_type_error::<W>(), Box::new(self)));
        }
        if let Err(error) = self.flush() {
            return Err((error, Box::new(self)));
        }
        let object = self.sink.take().and_then(Sink::into_object);
        object.ok_or_else(|| (self.wrong_type_error::<W>(), Box::new(self)))
    }

    fn wrong_type_error<W>(&self) -> Error {
        let is = match &self.sink {
            Some(Sink::File(_)) => "a `std::fs::File`",
            Some(Sink::Writer(_)) | None => "another type",
        };
        Error::cannot(
            ErrorKind::InvalidArgument,
            "return",
            self.name.clone(),
            format!("expected `{}`, found {is}", type_name::<W>()),
        )
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Do not call a writer again after it has panicked.
        if self.writing {
            return;
        }
        // An error cannot be reported here; `close` does that. So the error is not formatted, which may run the user's
        // code.
        if !std::thread::panicking() {
            drop(self.try_flush());
        } else if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(self.try_flush()))) {
            // A second panic would abort the process, and so would one in the drop of its payload.
            std::mem::forget(panic);
        }
    }
}
