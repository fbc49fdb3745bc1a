//! Single calls: `cargo bench --bench micro` in `pcap-core/benches`, optionally with a part of a name.

use std::hint::black_box;
use std::io::{Cursor, sink};
use std::time::SystemTime;

use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};
use pcap_core::{Capture, Dlt, Filter, Linktype, Packet, Precision, Timestamp};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const FILTERS: [&str; 3] = ["tcp port 80", "host 10.0.0.2", "ip6 or (udp and port 53)"];
const LENGTHS: [usize; 3] = [64, 800, 1514];
const PACKETS: u32 = 10_000;

fn main() {
    divan::main();
}

/// Returns a TCP segment from 10.0.0.1 to port 80 of 10.0.0.2, padded to this length.
fn frame(length: usize) -> Vec<u8> {
    let mut frame = vec![0; length];
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14..24].copy_from_slice(&[0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6]);
    frame[26..34].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    frame[34..38].copy_from_slice(&[0x80, 1, 0, 80]);
    frame
}

/// Returns a savefile of such packets.
fn savefile(length: usize) -> Vec<u8> {
    let dead = Capture::dead(Linktype::ETHERNET).expect("a dead capture");
    let mut dumper = dead.dump_to(Vec::new()).expect("a dumper");
    let frame = frame(length);
    for n in 0..PACKETS {
        let time = Timestamp::new(1_700_000_000, n.into());
        dumper.write(Packet::whole(time, &frame)).expect("written");
    }
    dumper.into_writer().expect("the bytes")
}

#[divan::bench(args = FILTERS)]
fn filter_compile(bencher: Bencher<'_, '_>, filter: &str) {
    bencher.bench(|| Filter::compile(Dlt::EN10MB, black_box(filter)));
}

#[divan::bench(args = FILTERS)]
fn filter_matches(bencher: Bencher<'_, '_>, filter: &str) {
    let frame = frame(64);
    let filter = Filter::compile(Dlt::EN10MB, filter);
    let filter = filter.expect("it compiles");
    bencher.bench(|| filter.matches(black_box(&frame)));
}

#[divan::bench]
fn timestamp_from_micros(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Timestamp::from_micros(black_box(1_700_000_000), black_box(123_456)));
}

#[divan::bench]
fn timestamp_to_system_time(bencher: Bencher<'_, '_>) {
    let time = Timestamp::new(1_700_000_000, 123_456_789);
    bencher.bench(|| SystemTime::try_from(black_box(time)));
}

#[divan::bench]
fn timestamp_from_system_time(bencher: Bencher<'_, '_>) {
    let time = SystemTime::now();
    bencher.bench(|| Timestamp::from(black_box(time)));
}

#[divan::bench]
fn timestamp_to_text(bencher: Bencher<'_, '_>) {
    let time = Timestamp::new(1_700_000_000, 123_456_789);
    bencher.bench(|| black_box(time).to_string());
}

#[divan::bench(args = LENGTHS)]
fn packet_to_owned(bencher: Bencher<'_, '_>, length: usize) {
    let frame = frame(length);
    let packet = Packet::new(Timestamp::EPOCH, length as u32, &frame);
    let bencher = bencher.counter(BytesCount::new(length));
    bencher.bench(|| black_box(packet).to_owned());
}

/// Includes opening.
#[divan::bench(args = LENGTHS)]
fn read_10000_from_memory_for_each(bencher: Bencher<'_, '_>, length: usize) {
    let bytes: &'static [u8] = savefile(length).leak();
    bencher.counter(ItemsCount::new(PACKETS)).bench(|| {
        let mut capture = Capture::from_reader(Cursor::new(bytes)).expect("a savefile");
        let mut sum = 0_u64;
        let done = capture.for_each(|packet| sum += u64::from(packet.wire_len()));
        assert_eq!(done.expect("read").packets(), PACKETS.into());
        sum
    });
}

/// Includes opening.
#[divan::bench(args = LENGTHS)]
fn read_10000_from_memory_next_packet(bencher: Bencher<'_, '_>, length: usize) {
    let bytes: &'static [u8] = savefile(length).leak();
    bencher.counter(ItemsCount::new(PACKETS)).bench(|| {
        let mut capture = Capture::from_reader(Cursor::new(bytes)).expect("a savefile");
        let mut sum = 0_u64;
        while let Some(packet) = capture.next_packet().expect("read") {
            sum += u64::from(packet.wire_len());
        }
        sum
    });
}

/// Includes opening, and the growth of the vector.
#[divan::bench(args = LENGTHS)]
fn write_10000_to_memory(bencher: Bencher<'_, '_>, length: usize) {
    bencher
        .counter(ItemsCount::new(PACKETS))
        .bench(|| savefile(black_box(length)));
}

/// Writes one packet, to a writer that costs nothing.
#[divan::bench(args = LENGTHS)]
fn dumper_write(bencher: Bencher<'_, '_>, length: usize) {
    let dead = Capture::dead_with(Dlt::EN10MB, 0, Precision::Micro).expect("a dead capture");
    let mut dumper = dead.dump_to(sink()).expect("a dumper");
    let frame = frame(length);
    let time = Timestamp::new(1_700_000_000, 123_456_000);
    let bencher = bencher.counter(BytesCount::new(length));
    bencher.bench_local(|| {
        dumper
            .write(Packet::whole(black_box(time), black_box(&frame)))
            .expect("written")
    });
}
