//! The counters of a daemon, which have 32 bits and wrap around.

use pcap_core::remote::Options;
use pcap_core::{Linktype, Stats};

use crate::protocol::{STATS, accept, answer, daemon, start, wait_for_close};

/// The daemon's counters are libpcap's: libpcap passes them on.
// Shows: libpcap/statistics-32-bits-wide, parity/statistics-wrap-32-bits
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn counters_that_wrap_around_go_on() {
    const MAX: u32 = u32::MAX;
    // What the daemon has received and dropped, and what its interface has dropped.
    let sent = [
        [0, 0, 0],
        [3_000_000_000, 5, 7],
        [MAX, MAX - 1, 2_000_000_000],
        [0, MAX, 4_000_000_000],
        [9, 0, 4],
        [MAX - 1, 0, 4],
        [4, 2, 5],
    ];
    let (source, daemon) = daemon(move |listener| {
        let mut control = accept(&listener, Linktype::ETHERNET);
        let _data = start(&mut control);
        for [received, dropped, if_dropped] in sent {
            let counters = [received, if_dropped, dropped, 0].map(u32::to_be_bytes);
            answer(&mut control, STATS, counters.as_flattened());
        }
        wait_for_close(&mut control);
    });
    let mut capture = Options::new(source).own_packets(true).open().unwrap();
    capture.try_next_packet().unwrap();
    let wrap = 1_u64 << 32;
    let expected = [
        (0, 0, 0),
        (3_000_000_000, 5, 7),
        (wrap - 1, wrap - 2, 2_000_000_000),
        (wrap, wrap - 1, 4_000_000_000),
        (wrap + 9, wrap, wrap + 4),
        (2 * wrap - 2, wrap, wrap + 4),
        (2 * wrap + 4, wrap + 2, wrap + 5),
    ];
    for expected in expected {
        let Stats {
            received,
            dropped,
            if_dropped,
            ..
        } = capture.stats().unwrap();
        assert_eq!((received, dropped, if_dropped), expected);
    }
    drop(capture);
    daemon.join().unwrap();
}
