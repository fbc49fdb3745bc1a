//! Savefiles of all kinds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{
    Record, gzip, path_arg, record, run_tool, sample_packets, sample_packets_nano, savefile,
    write_file,
};
use crate::pcapng::bytes::{Ng, Order};
use crate::pcapng::{SECOND, UDP, ethernet, two_sections};

/// Creates savefiles of all kinds.
pub(super) fn create(folder: &Path) -> Vec<PathBuf> {
    let write = |name: &str, bytes: &[u8]| write_file(folder, name, bytes);
    let micro = savefile(false, false, 1, &sample_packets());
    let mut disordered = sample_packets();
    disordered.swap(3, 6);
    let mut files = vec![
        write("micro.pcap", &micro),
        write("swapped.pcap", &savefile(true, false, 1, &sample_packets())),
        write(
            "nano.pcap",
            &savefile(false, true, 1, &sample_packets_nano()),
        ),
        write("modified.pcap", &modified(&sample_packets())),
        write("raw.pcap", &savefile(false, false, 101, &ip_packets())),
        write("disordered.pcap", &savefile(false, true, 1, &disordered)),
        write("empty.pcap", &micro[..24]),
        write(
            "one.pcap",
            &savefile(false, false, 1, &sample_packets()[..1]),
        ),
        write("cut.pcap", &micro[..micro.len() - 1]),
        write("compressed.pcap.gz", &gzip(&micro)),
        write("blocks.pcapng", &blocks(Order::Little).bytes),
        write("blocks-be.pcapng", &blocks(Order::Big).bytes),
        write("resolutions.pcapng", &resolutions().bytes),
        write("without-time.pcapng", &without_time().bytes),
        two_sections(folder).0,
    ];
    for (name, tool, options) in [
        ("compressed.zst", "zstd", &["-o"][..]),
        ("compressed.lz4", "lz4", &[]),
    ] {
        let path = folder.join(name);
        let words = [&["-q", path_arg(&files[0])], options, &[path_arg(&path)]].concat();
        run_tool(tool, &words);
        files.push(path);
    }
    let edited = |name: &str, options: &[&str]| {
        let path = folder.join(name);
        let from_and_to = [path_arg(&files[0]), path_arg(&path)];
        run_tool("editcap", &[options, &from_and_to].concat());
        path
    };
    let snapped = edited("snapped.pcap", &["-F", "pcap", "-s", "40"]);
    let commented = edited(
        "commented.pcapng",
        &["-a", "2:look here", "--capture-comment", "in the lab"],
    );
    let mixed = folder.join("mixed.pcapng");
    let merged = [
        "-w",
        path_arg(&mixed),
        path_arg(&files[0]),
        path_arg(&files[4]),
    ];
    run_tool("mergecap", &merged);
    files.extend([snapped, commented, mixed]);
    files
}

/// Returns a savefile of the old variant that Linux distributions once had. Its packets have a longer header.
fn modified(packets: &[Record]) -> Vec<u8> {
    let mut bytes = 0xa1b2_cd34_u32.to_ne_bytes().to_vec();
    bytes.extend(&savefile(false, false, 1, &[])[4..]);
    for packet in packets {
        let plain = savefile(false, false, 1, std::slice::from_ref(packet));
        bytes.extend(&plain[24..40]);
        bytes.extend([0; 8]);
        bytes.extend(&plain[40..]);
    }
    bytes
}

/// Returns packets that begin with an IP header.
fn ip_packets() -> Vec<Record> {
    let ip = |data: &[u8]| data[14..].to_vec();
    (0..4)
        .map(|n| record(1_700_000_010 + n, n * 1000, ip(&ethernet(UDP))))
        .collect()
}

/// Returns a section with every kind of block about which capinfos prints something.
fn blocks(order: Order) -> Ng {
    let mut ng = Ng::new(order);
    ng.section(
        -1,
        &[
            (2, b"a machine"),
            (3, b"a system"),
            (4, b"a program"),
            (1, b"the first\x1b[31m comment"),
        ],
    );
    let speed = ng.u64(1_000_000_000);
    ng.interface(
        1,
        96,
        &[
            (2, b"eth0"),
            (3, b"the left one"),
            (8, &speed),
            (9, &[9]),
            (11, b"\0udp port 53"),
            (12, b"an OS"),
            (13, &[4]),
            (15, b"a card"),
        ],
    );
    ng.interface(1, 0, &[(2, b"eth1")]);
    ng.names(&[192, 0, 2, 1], "left");
    ng.names(&[192, 0, 2, 2], "right");
    ng.secrets(b"CLIENT_RANDOM 00 00\n");
    let dropped = ng.u64(7);
    ng.packet(0, SECOND * 1000 + 1, &ethernet(UDP), &[]);
    ng.packet(
        1,
        SECOND + 2_500_000,
        &ethernet(UDP),
        &[(1, b"a packet"), (4, &dropped)],
    );
    ng.packet(0, (SECOND + 1_000_000) * 1000, &ethernet(6), &[]);
    let counts = [ng.u64(10), ng.u64(1), ng.u64(9), ng.u64(2), ng.u64(8)];
    let [received, if_dropped, accepted, os_dropped, delivered] = &counts;
    ng.statistics(0, SECOND * 1000, &[(4, &ng.u64(5))]);
    ng.statistics(
        0,
        (SECOND + 3_000_000) * 1000,
        &[
            (4, received),
            (5, if_dropped),
            (6, accepted),
            (7, os_dropped),
            (8, delivered),
        ],
    );
    ng
}

/// Returns a section whose interfaces have milliseconds, and powers of two with an offset.
fn resolutions() -> Ng {
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[(9, &[3])]);
    let offset = ng.u64(1_700_000_000);
    ng.interface(1, 0, &[(9, &[0x80 | 10]), (14, &offset)]);
    ng.packet(0, 1_700_000_000_250, &ethernet(UDP), &[]);
    ng.packet(1, 3 << 10 | 512, &ethernet(UDP), &[]);
    ng
}

/// Returns a section in which a packet has no time.
fn without_time() -> Ng {
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    let data = ethernet(UDP);
    let padded = [&data[..], &[0; 2]].concat();
    ng.simple_packet(data.len() as u32, &padded);
    ng.packet(0, SECOND + 5, &ethernet(UDP), &[]);
    ng
}

/// Returns the size of a file.
pub(super) fn size(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").len()
}
