//! Ethernet frames as on a busy network, the same in every run: about half TCP, a quarter UDP, some IPv6, a few of
//! ICMP and ARP, between sixteen hosts. Only the fields that filters test are set.
//!
//! May import: nothing of this program.

/// The longest frame.
const LONGEST: usize = 1514;

/// The lengths of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// 64 bytes.
    Small,
    /// 60 to 1514 bytes, 800 on average: half are short, half are long.
    Mixed,
}

/// Generates frames one after the other.
pub(crate) struct Frames {
    size: Size,
    random: u32,
    number: u32,
    frame: [u8; LONGEST],
}

impl Frames {
    pub(crate) fn new(size: Size) -> Frames {
        let mut frame = [0; LONGEST];
        for (n, byte) in frame.iter_mut().enumerate() {
            *byte = (n * 167) as u8;
        }
        Frames {
            size,
            random: 0x9e37_79b9,
            number: 0,
            frame,
        }
    }

    /// Returns the next frame.
    pub(crate) fn next(&mut self) -> &[u8] {
        let random = self.draw();
        let length = match self.size {
            Size::Small => 64,
            Size::Mixed if random & 1 == 0 => 60 + random / 2 % 80,
            Size::Mixed => 1514 - random / 2 % 20,
        } as usize;
        self.headers();
        self.frame[length - 1] = self.number as u8;
        self.number += 1;
        &self.frame[..length]
    }

    /// Returns the first frames, for repeated use.
    pub(crate) fn samples(size: Size) -> Vec<Vec<u8>> {
        let mut frames = Frames::new(size);
        (0..1024).map(|_| frames.next().to_vec()).collect()
    }

    /// Returns the next number of a xorshift generator.
    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }

    fn headers(&mut self) {
        const PORTS: [u16; 8] = [443, 443, 443, 80, 80, 22, 25, 8080];
        let [kind, hosts, ports] = [self.draw() % 100, self.draw(), self.draw()];
        let [from, to] = [hosts as u8 % 16, (hosts >> 8) as u8 % 16];
        let server = PORTS[ports as usize % 8];
        let port = 32768 + (ports >> 8) as u16 % 28000;
        let (ethertype, protocol, server) = match kind {
            0..52 => (0x0800, 6, server),
            52..70 => (0x0800, 17, 443),
            70..80 => (0x0800, 17, 53),
            80..91 => (0x86dd, 6, server),
            91..95 => (0x86dd, 17, 53),
            95..98 => (0x0800, 1, 0x0800),
            _ => (0x0806_u16, 0, 0),
        };
        // Half go to the server, half come from it.
        let [source, target] = if hosts & 0x1_0000 == 0 {
            [port, server]
        } else {
            [server, port]
        };
        let header = &mut self.frame;
        header[..6].copy_from_slice(&[2, 0, 0, 0, 0, to]);
        header[6..12].copy_from_slice(&[2, 0, 0, 0, 0, from]);
        header[12..14].copy_from_slice(&ethertype.to_be_bytes());
        let transport = match ethertype {
            0x0800 => {
                header[14..26]
                    .copy_from_slice(&[0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
                header[26..30].copy_from_slice(&[10, 0, 0, from]);
                header[30..34].copy_from_slice(&[10, 0, 0, to]);
                34
            }
            0x86dd => {
                header[14..22].copy_from_slice(&[0x60, 0, 0, 0, 0, 6, protocol, 64]);
                for (start, host) in [(22, from), (38, to)] {
                    header[start..start + 16].fill(0);
                    header[start] = 0xfd;
                    header[start + 15] = host;
                }
                54
            }
            _ => {
                header[14..22].copy_from_slice(&[0, 1, 8, 0, 6, 4, 0, 1]);
                header[28..32].copy_from_slice(&[10, 0, 0, from]);
                header[38..42].copy_from_slice(&[10, 0, 0, to]);
                return;
            }
        };
        header[transport..transport + 2].copy_from_slice(&source.to_be_bytes());
        header[transport + 2..transport + 4].copy_from_slice(&target.to_be_bytes());
    }
}

/// Returns a TCP SYN from 10.0.0.1 to port 80 of 10.0.0.2.
pub(crate) fn syn() -> Vec<u8> {
    let mut frame = vec![0; 60];
    frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
    frame[14..34].copy_from_slice(&[
        0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0x26, 0xcc, 10, 0, 0, 1, 10, 0, 0, 2,
    ]);
    frame[34..48].copy_from_slice(&[0x80, 1, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2]);
    frame
}
