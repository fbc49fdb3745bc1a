//! Waits of the block reader, for pipes and for readers that a program provides.

use std::io::{self, Cursor, Read};
use std::time::Duration;

use pcap_core::pcapng::{Block, Reader};
use pcap_core::{End, ErrorKind, Next};

use crate::support::files::{Order, Pcapng, ping, pings_ng};

/// A reader that returns an error before each few bytes.
struct Failing(Cursor<Vec<u8>>, io::ErrorKind, bool);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(self.1.into());
        }
        let most = buffer.len().min(20);
        self.0.read(&mut buffer[..most])
    }
}

/// Counts the blocks up to the end.
fn count(reader: &mut Reader) -> pcap_core::Result<usize> {
    let mut blocks = 0;
    while reader.advance()? {
        blocks += 1;
    }
    Ok(blocks)
}

#[test]
fn interrupted_reads_are_repeated() {
    let bytes = Cursor::new(pings_ng(3));
    let failing = Failing(bytes, io::ErrorKind::Interrupted, false);
    let mut reader = Reader::from_reader(failing).unwrap();
    assert_eq!(count(&mut reader).unwrap(), 5);
}

/// A program's reader cannot be waited for.
#[test]
fn a_reader_that_would_block_is_an_error() {
    let bytes = Cursor::new(pings_ng(3));
    let failing = Failing(bytes, io::ErrorKind::WouldBlock, false);
    let error = match Reader::from_reader(failing) {
        Ok(mut reader) => count(&mut reader).unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::WouldBlock));
}

/// A look at a reader reads as often as is needed.
#[test]
fn a_look_at_a_reader_finds_each_block() {
    struct Slow(Cursor<Vec<u8>>);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(10_000);
            self.0.read(&mut buffer[..most])
        }
    }
    let file = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
    let file = (0..20).fold(file, |file, n| {
        file.block(0xbad, &vec![7; 100_000])
            .packet(0, n, 98, &ping(n as u16))
    });
    let mut reader = Reader::from_reader(Slow(Cursor::new(file.bytes()))).unwrap();
    let mut packets = 0;
    loop {
        match reader.try_next_block().unwrap() {
            Next::Packet(Block::Packet(_)) => packets += 1,
            Next::Packet(_) => {}
            Next::Timeout => panic!("after {packets} packets"),
            Next::End(end) => {
                assert_eq!(end, End::Eof);
                break;
            }
        }
    }
    assert_eq!(packets, 20);
}

#[cfg(unix)]
#[test]
fn waiting_takes_no_processor_time() {
    use crate::support::cpu::cpu_time;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let (end, mut other) = UnixStream::pair().unwrap();
    let bytes = pings_ng(1);
    io::Write::write_all(&mut other, &bytes).unwrap();
    let mut reader = Reader::from_open_file(OwnedFd::from(end).into()).unwrap();
    for _ in 0..3 {
        assert!(matches!(reader.try_next_block(), Ok(Next::Packet(_))));
    }
    let before = cpu_time();
    let wait = Duration::from_millis(300);
    assert!(matches!(reader.next_block_timeout(wait), Ok(Next::Timeout)));
    let took = cpu_time() - before;
    assert!(took < wait / 3, "{took:?}");
}
