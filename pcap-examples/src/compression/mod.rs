//! Compression of savefiles: gzip, zstd and lz4.

mod compressed_input;
mod compressor;
mod decompressor;
mod format;
mod setting;

#[cfg(test)]
mod tests;

pub use self::compressor::Compressor;
pub use self::decompressor::Decompressor;
pub use self::format::{CompressionFormat, MAX_MAGIC_LENGTH, Recognized};
pub use self::setting::{CompressArg, Compression};
