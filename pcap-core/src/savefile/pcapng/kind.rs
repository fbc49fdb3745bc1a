//! The types of blocks.

/// A block's type, which is the first number of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind(pub(crate) u32);

impl Kind {
    /// Begins a section. The same in both byte orders.
    pub(crate) const SECTION: Kind = Kind(0x0a0d_0d0a);
    pub(crate) const INTERFACE: Kind = Kind(1);
    /// The obsolete packet block.
    pub(crate) const PACKET: Kind = Kind(2);
    pub(crate) const SIMPLE_PACKET: Kind = Kind(3);
    pub(crate) const NAMES: Kind = Kind(4);
    pub(crate) const STATISTICS: Kind = Kind(5);
    pub(crate) const ENHANCED_PACKET: Kind = Kind(6);
    pub(crate) const JOURNAL: Kind = Kind(9);
    pub(crate) const SECRETS: Kind = Kind(10);
    /// A custom block that may be copied into other files.
    pub(crate) const CUSTOM: Kind = Kind(0xbad);
    /// A custom block that must not be copied into other files.
    pub(crate) const CUSTOM_UNCOPIED: Kind = Kind(0x4000_0bad);

    /// Returns whether the block holds a packet.
    #[inline]
    pub(crate) fn is_packet(self) -> bool {
        matches!(
            self,
            Kind::ENHANCED_PACKET | Kind::SIMPLE_PACKET | Kind::PACKET
        )
    }
}
