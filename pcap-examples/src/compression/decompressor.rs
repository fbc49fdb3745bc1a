//! Decompresses data while it is read.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};
use std::mem;

use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;

use super::compressed_input::CompressedInput;
use super::format::is_skippable_frame;
use super::{CompressionFormat, MAX_MAGIC_LENGTH, Recognized};

/// The length of the header of a skippable frame, in bytes.
const SKIPPABLE_HEADER: usize = 8;

/// A reader that decompresses the data of another reader.
///
/// The data may consist of several frames, which gzip calls members. Skippable frames are skipped. Like gzip itself, the
/// decompressor ignores zero bytes after the last frame, which pad tapes and preallocated files. Any other data there is
/// an error. A read returns as soon as it has data, and waits for no more.
pub struct Decompressor<R: Read> {
    state: State<R>,
    /// The format of the last frame.
    format: CompressionFormat,
}

enum State<R: Read> {
    Gzip(Box<GzDecoder<CompressedInput<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, CompressedInput<R>>>),
    Lz4(Box<FrameDecoder<CompressedInput<R>>>),
    /// At the start of a frame, or behind the last one.
    Between(CompressedInput<R>),
    /// After the last byte, and after an error.
    End,
}

impl<R: Read> Decompressor<R> {
    /// Decompresses data of this format, which begins with its magic number.
    pub fn new(reader: R, format: CompressionFormat) -> Decompressor<R> {
        Decompressor {
            state: State::Between(CompressedInput::new(reader)),
            format,
        }
    }

    /// Begins the next frame. Returns `false` if there is none.
    fn begin_frame(&mut self) -> io::Result<bool> {
        let State::Between(mut input) = mem::replace(&mut self.state, State::End) else {
            return Ok(false);
        };
        loop {
            let start = input.peek(MAX_MAGIC_LENGTH)?;
            if is_skippable_frame(start) {
                skip_frame(&mut input)?;
                continue;
            }
            let Some(Recognized::Supported(format)) = Recognized::from_magic(start) else {
                return skip_zeros(&mut input, self.format).map(|()| false);
            };
            self.format = format;
            self.state = match format {
                CompressionFormat::Gzip => State::Gzip(Box::new(GzDecoder::new(input))),
                CompressionFormat::Zstd => {
                    let decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                    State::Zstd(Box::new(decoder.single_frame()))
                }
                CompressionFormat::Lz4 => State::Lz4(Box::new(FrameDecoder::new(input))),
            };
            return Ok(true);
        }
    }

    /// Ends a frame that was read completely.
    fn end_frame(&mut self) -> io::Result<()> {
        let input = match mem::replace(&mut self.state, State::End) {
            State::Gzip(decoder) => decoder.into_inner(),
            State::Zstd(decoder) => decoder.finish(),
            State::Lz4(decoder) => {
                let input = decoder.into_inner();
                // At the end of a frame, the decoder does not read on.
                if input.has_ended() {
                    return Err(truncated(input.position(), self.format));
                }
                input
            }
            State::Between(input) => input,
            State::End => return Ok(()),
        };
        self.state = State::Between(input);
        Ok(())
    }

    /// Returns the number of compressed bytes that were consumed.
    fn position(&self) -> u64 {
        match &self.state {
            State::Gzip(decoder) => decoder.get_ref().position(),
            State::Zstd(decoder) => decoder.get_ref().position(),
            State::Lz4(decoder) => decoder.get_ref().position(),
            State::Between(input) => input.position(),
            State::End => 0,
        }
    }

    /// Adds the position to an error of a decoder. Errors of the system remain as they are.
    #[cold]
    fn describe(&self, error: io::Error) -> io::Error {
        let position = self.position();
        match error.kind() {
            _ if error.raw_os_error().is_some() => error,
            ErrorKind::UnexpectedEof => truncated(position, self.format),
            _ => {
                let format = self.format;
                let text = format!("expected valid {format} data before byte {position}: {error}");
                io::Error::new(ErrorKind::InvalidData, text)
            }
        }
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = match &mut self.state {
                State::Gzip(decoder) => decoder.read(buffer),
                State::Zstd(decoder) => decoder.read(buffer),
                State::Lz4(decoder) => decoder.read(buffer),
                State::Between(_) => match self.begin_frame()? {
                    true => continue,
                    false => return Ok(0),
                },
                State::End => return Ok(0),
            };
            match read {
                Ok(0) => self.end_frame()?,
                Ok(length) => return Ok(length),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    let error = self.describe(e);
                    self.state = State::End;
                    return Err(error);
                }
            }
        }
    }
}

impl<R: Read> fmt::Debug for Decompressor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

/// Skips a skippable frame.
fn skip_frame<R: Read>(input: &mut CompressedInput<R>) -> io::Result<()> {
    let header = input.peek(SKIPPABLE_HEADER)?;
    let Some(&[a, b, c, d]) = header.get(4..SKIPPABLE_HEADER) else {
        return Err(truncated(input.position(), CompressionFormat::Zstd));
    };
    let mut left = SKIPPABLE_HEADER as u64 + u64::from(u32::from_le_bytes([a, b, c, d]));
    while left > 0 {
        let available = input.fill_buf()?.len() as u64;
        if available == 0 {
            return Err(truncated(input.position(), CompressionFormat::Zstd));
        }
        let skipped = available.min(left);
        input.consume(skipped as usize);
        left -= skipped;
    }
    Ok(())
}

/// Skips zeros up to the end of the data.
fn skip_zeros<R: Read>(
    input: &mut CompressedInput<R>,
    format: CompressionFormat,
) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let has_other = zeros < bytes.len();
        input.consume(zeros);
        if has_other {
            let position = input.position();
            let text = format!(
                "expected zeros or another {format} frame after the compressed data, found other data at byte \
                 {position}"
            );
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
    }
}

#[cold]
fn truncated(position: u64, format: CompressionFormat) -> io::Error {
    let text = format!("expected more {format} data, found the end of the file at byte {position}");
    io::Error::new(ErrorKind::UnexpectedEof, text)
}
