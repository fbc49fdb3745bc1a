//! Writes pcapng savefiles with interfaces, comments and statistics.

/// The comment of a section, an interface or a packet.
pub(super) const COMMENT: u16 = 1;

/// A savefile with one section.
pub(super) struct Savefile(Vec<u8>);

/// An option of a block: its number and value.
pub(super) type BlockOption<'a> = (u16, &'a [u8]);

impl Savefile {
    /// Begins a section.
    pub(super) fn new(options: &[BlockOption<'_>]) -> Savefile {
        let mut file = Savefile(Vec::new());
        let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]);
        // The length of the section is unknown.
        body.extend([0xff; 8]);
        file.block(0x0a0d_0d0a, body, options);
        file
    }

    /// Describes an interface with nanoseconds.
    pub(super) fn interface(&mut self, linktype: u16, options: &[BlockOption<'_>]) {
        let mut body = linktype.to_le_bytes().to_vec();
        body.extend([0, 0]);
        body.extend(262_144_u32.to_le_bytes());
        let resolution: BlockOption<'_> = (9, &[9]);
        self.block(1, body, &[options, &[resolution]].concat());
    }

    /// Writes a packet.
    pub(super) fn packet(
        &mut self,
        interface: u32,
        time: u64,
        data: &[u8],
        options: &[BlockOption<'_>],
    ) {
        let length = data.len() as u32;
        let numbers = [interface, (time >> 32) as u32, time as u32, length, length];
        let mut body: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        body.extend(data);
        self.block(6, body, options);
    }

    /// Writes the statistics of an interface.
    pub(super) fn statistics(&mut self, interface: u32, time: u64, options: &[BlockOption<'_>]) {
        let numbers = [interface, (time >> 32) as u32, time as u32];
        let body = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.block(5, body, options);
    }

    /// Returns the bytes of the savefile.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn block(&mut self, kind: u32, mut body: Vec<u8>, options: &[BlockOption<'_>]) {
        pad(&mut body);
        for (number, value) in options {
            body.extend(number.to_le_bytes());
            body.extend((value.len() as u16).to_le_bytes());
            body.extend(*value);
            pad(&mut body);
        }
        if !options.is_empty() {
            body.extend([0; 4]);
        }
        let length = (body.len() as u32 + 12).to_le_bytes();
        self.0.extend(kind.to_le_bytes());
        self.0.extend(length);
        self.0.extend(body);
        self.0.extend(length);
    }
}

/// Pads to a multiple of four bytes.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
