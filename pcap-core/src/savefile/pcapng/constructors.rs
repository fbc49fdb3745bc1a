//! New blocks that hold no packet with a time.

use std::net::IpAddr;

use crate::error::{Error, ErrorKind, Result};
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::{BlockBuf, Kind};

/// # New blocks
impl BlockBuf {
    /// Creates a decryption secrets block. Its type is, for example, `0x544c_534b` (`TLSK`) for a TLS key log.
    ///
    /// # Panics
    ///
    /// Panics if the secrets have 4 GiB or more.
    #[must_use]
    #[inline]
    pub fn secrets(secrets_type: u32, secrets: &[u8]) -> BlockBuf {
        let length = u32::try_from(secrets.len()).unwrap_or(u32::MAX);
        let mut body = [secrets_type, length].map(u32::to_ne_bytes).concat();
        body.extend(secrets);
        BlockBuf::of_kind(Kind::SECRETS, &body, ByteOrder::Native)
    }

    /// Creates a custom block, which begins with the private enterprise number of an organization. Programs that edit
    /// files keep the block if `is_copyable` is true, and remove it otherwise.
    ///
    /// # Panics
    ///
    /// Panics if the data have 4 GiB or more.
    #[must_use]
    #[inline]
    pub fn custom(enterprise: u32, data: &[u8], is_copyable: bool) -> BlockBuf {
        let kind = match is_copyable {
            true => Kind::CUSTOM,
            false => Kind::CUSTOM_UNCOPIED,
        };
        let body = [&enterprise.to_ne_bytes()[..], data].concat();
        BlockBuf::of_kind(kind, &body, ByteOrder::Native)
    }

    /// Creates a simple packet block: a packet of the first interface of its section, without a time and options. The
    /// data must have as many bytes as the snaplen of that interface allows, at most `wire_len`, because the block does
    /// not state their number.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Block, BlockBuf, Interface, PcapngDumper, Reader};
    /// use pcap_core::Linktype;
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// dumper.add_interface(&Interface::new(Linktype::ETHERNET).with_snaplen(4))?;
    /// dumper.write_block(&BlockBuf::simple_packet(1514, b"data"))?;
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    ///
    /// let mut reader = Reader::from_reader(std::io::Cursor::new(bytes))?;
    /// while let Some(block) = reader.next_block()? {
    ///     let Block::Packet(packet) = block else { continue };
    ///     assert_eq!((packet.data(), packet.wire_len(), packet.timestamp()), (&b"data"[..], 1514, None));
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn simple_packet(wire_len: u32, data: &[u8]) -> BlockBuf {
        let body = [&wire_len.to_ne_bytes()[..], data].concat();
        BlockBuf::of_kind(Kind::SIMPLE_PACKET, &body, ByteOrder::Native)
    }

    /// Creates a name resolution block with a name for each address.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a name is empty, is longer than 65 518 bytes or contains a
    ///   NUL byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::BlockBuf;
    ///
    /// let names = BlockBuf::names([([192, 0, 2, 1], "example.org"), ([192, 0, 2, 2], "example.net")])?;
    /// assert_eq!(names.as_raw().block_type(), 4);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn names<'n, A: Into<IpAddr>>(
        names: impl IntoIterator<Item = (A, &'n str)>,
    ) -> Result<BlockBuf> {
        const LONGEST: usize = u16::MAX as usize - 17;
        let mut body = Vec::new();
        for (address, name) in names {
            if name.is_empty() || name.len() > LONGEST || name.as_bytes().contains(&0) {
                let text = format!("expected 1 to {LONGEST} bytes and no NUL byte");
                let object = "a name of an address".to_owned();
                return Err(Error::cannot(
                    ErrorKind::InvalidArgument,
                    "write",
                    object,
                    text,
                ));
            }
            let (kind, address) = match address.into() {
                IpAddr::V4(address) => (1_u16, address.octets().to_vec()),
                IpAddr::V6(address) => (2, address.octets().to_vec()),
            };
            let value = [&address, name.as_bytes(), &[0]].concat();
            body.extend_from_slice(&kind.to_ne_bytes());
            body.extend_from_slice(&(value.len() as u16).to_ne_bytes());
            body.extend(&value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        body.extend_from_slice(&[0; 4]);
        Ok(BlockBuf::of_kind(Kind::NAMES, &body, ByteOrder::Native))
    }

    /// Creates a block with an entry of a systemd journal, in the journal's export format.
    ///
    /// # Panics
    ///
    /// Panics if the entry has 4 GiB or more.
    #[must_use]
    #[inline]
    pub fn journal(entry: &[u8]) -> BlockBuf {
        BlockBuf::of_kind(Kind::JOURNAL, entry, ByteOrder::Native)
    }
}
