//! The savefiles that are read: made once, the same every time.

use std::path::{Path, PathBuf};

use pcap_core::{Capture, Dlt, Precision, Timestamp};

/// A savefile to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// 5 million packets of 64 bytes.
    Small,
    /// 1 million packets of 60 to 1514 bytes, 800 in the mean.
    Mixed,
}

impl Input {
    pub(crate) const ALL: [Input; 2] = [Input::Small, Input::Mixed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Input::Small => "5M x 64 B",
            Input::Mixed => "1M x 60-1514 B",
        }
    }

    fn packets(self) -> u32 {
        match self {
            Input::Small => 5_000_000,
            Input::Mixed => 1_000_000,
        }
    }

    /// The file, made if it is not there whole.
    pub(crate) fn file(self, folder: &Path, quick: bool) -> pcap_core::Result<PathBuf> {
        let packets = self.packets() / if quick { 100 } else { 1 };
        let kind = match self {
            Input::Small => "small",
            Input::Mixed => "mixed",
        };
        let path = folder.join(format!("{kind}-{packets}.pcap"));
        if path.exists() {
            return Ok(path);
        }
        let partial = folder.join(format!("{kind}-{packets}.partial"));
        let dead = Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro)?;
        let mut dumper = dead.dump(&partial)?;
        let mut data = vec![0xa5; 1514];
        let mut random = 0x9e37_79b9_u32;
        for n in 0..packets {
            // xorshift: the same lengths every time.
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            let length = match self {
                Input::Small => 64,
                // Half are large, so that the mean is about 800.
                Input::Mixed if random % 2 == 0 => 60 + random / 2 % 80,
                Input::Mixed => 1514 - random / 2 % 20,
            };
            data[0..4].copy_from_slice(&n.to_be_bytes());
            let time = Timestamp::from_micros(1_700_000_000, i64::from(n));
            dumper.write(time, None, &data[..length as usize])?;
        }
        dumper.close()?;
        if std::fs::rename(&partial, &path).is_err() {
            return Ok(partial);
        }
        Ok(path)
    }
}
