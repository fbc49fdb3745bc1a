//! Compresses data while it is written.

use std::fmt;
use std::io::{self, Write};

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use super::{Compression, CompressionFormat};

/// A writer that compresses what is written to it, and writes it to another writer.
///
/// Flushing makes all data so far readable, even if the compressed file ends there.
pub struct Compressor<W: Write>(Box<Encoder<W>>);

enum Encoder<W: Write> {
    Gzip(GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Lz4(FrameEncoder<W>),
}

impl<W: Write> Compressor<W> {
    /// Creates a compressor.
    ///
    /// # Errors
    ///
    /// Returns an error if memory is exhausted.
    pub fn new(output: W, compression: Compression) -> io::Result<Compressor<W>> {
        let encoder = match (compression.format, compression.level) {
            (CompressionFormat::Gzip, level) => {
                let level = level.map(|level| flate2::Compression::new(level.into()));
                Encoder::Gzip(GzEncoder::new(output, level.unwrap_or_default()))
            }
            (CompressionFormat::Zstd, level) => {
                let level = level.map_or(zstd::DEFAULT_COMPRESSION_LEVEL, i32::from);
                let mut encoder = zstd::stream::write::Encoder::new(output, level)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
            (CompressionFormat::Lz4, _) => {
                let frame = FrameInfo::new()
                    .block_size(BlockSize::Max64KB)
                    .block_mode(BlockMode::Independent)
                    .content_checksum(true);
                Encoder::Lz4(FrameEncoder::with_frame_info(frame, output))
            }
        };
        Ok(Compressor(Box::new(encoder)))
    }

    /// Returns the other writer.
    pub fn get_ref(&self) -> &W {
        match &*self.0 {
            Encoder::Gzip(encoder) => encoder.get_ref(),
            Encoder::Zstd(encoder) => encoder.get_ref(),
            Encoder::Lz4(encoder) => encoder.get_ref(),
        }
    }

    /// Returns the other writer, mutably.
    pub fn get_mut(&mut self) -> &mut W {
        match &mut *self.0 {
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
            Encoder::Lz4(encoder) => encoder.get_mut(),
        }
    }

    /// Completes the compressed data, and returns the other writer.
    ///
    /// # Errors
    ///
    /// Returns the errors of the other writer.
    pub fn finish(self) -> io::Result<W> {
        match *self.0 {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
            Encoder::Lz4(encoder) => Ok(encoder.finish()?),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0 {
            Encoder::Gzip(encoder) => encoder.write(bytes),
            Encoder::Zstd(encoder) => encoder.write(bytes),
            Encoder::Lz4(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.0 {
            Encoder::Gzip(encoder) => encoder.flush(),
            Encoder::Zstd(encoder) => encoder.flush(),
            Encoder::Lz4(encoder) => encoder.flush(),
        }
    }
}

impl<W: Write> fmt::Debug for Compressor<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}
