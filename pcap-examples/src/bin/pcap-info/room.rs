//! Limits the memory for what is kept of a savefile, which may be endless.

/// The bytes that may be kept of each kind of thing: of sections with interfaces, and of comments of packets.
const LIMIT: usize = 16 << 20;
/// The bytes that a kept thing needs in addition to its text.
const OVERHEAD: usize = 512;

/// Things that are kept up to a limit, and counted beyond it.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
    omitted: u64,
}

impl Default for Room {
    fn default() -> Room {
        Room {
            left: LIMIT,
            omitted: 0,
        }
    }
}

impl Room {
    /// Returns whether a thing with this number of bytes may be kept, and counts it otherwise. Once one may not, no
    /// other may, so that those that are kept are the first ones.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let needed = bytes.saturating_add(OVERHEAD);
        let fits = needed <= self.left;
        self.left = if fits { self.left - needed } else { 0 };
        self.omitted += u64::from(!fits);
        fits
    }

    /// Returns the number of things that are not kept.
    pub(crate) fn omitted(&self) -> u64 {
        self.omitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_things_are_kept() {
        let mut room = Room::default();
        let kept = (0..1000).filter(|_| room.take(65_535)).count();
        assert!((200..256).contains(&kept), "{kept}");
        assert!(!room.take(0));
        assert_eq!(room.omitted(), 1001 - kept as u64);
    }
}
