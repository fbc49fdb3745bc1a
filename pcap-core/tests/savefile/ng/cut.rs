//! Files that end too early: whole blocks are read, and a copy of them is a good file.

use pcap_core::ErrorKind;
use pcap_core::pcapng::PcapngDumper;

use crate::support::contents::open;
use crate::support::ng::{Case, random, valid};

/// Cuts a file after each of some lengths, and checks what is read. Returns the copies.
fn cut(case: &Case, lengths: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
    let blocks = &case.expected.blocks;
    let mut copies = Vec::new();
    for length in lengths {
        let mut reader = open(&case.bytes[..length]);
        let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "copy");
        let error = loop {
            match reader.next_block() {
                Ok(Some(block)) => dumper.write_block(block).unwrap(),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let whole = blocks
            .iter()
            .map(|block| (block.offset + block.length) as usize);
        let whole = whole.take_while(|end| *end <= length).last().unwrap_or(0);
        let bytes: Vec<u8> = dumper.into_writer().unwrap();
        assert!(
            bytes == case.bytes[..whole],
            "{} cut to {length}",
            case.name
        );
        match error {
            None => assert_eq!(whole, length, "{}", case.name),
            Some(error) => {
                assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{}", case.name);
                let rest = length - whole;
                let text = match length {
                    0 => "cannot read `f`: the file is empty".to_owned(),
                    _ => format!(
                        "cannot read `f`: the block at byte {whole} is truncated after {rest} bytes"
                    ),
                };
                assert_eq!(error.to_string(), text, "{}", case.name);
            }
        }
        copies.push(bytes);
    }
    copies.dedup();
    copies
}

/// Returns files in which every kind of block occurs.
fn files() -> Vec<Case> {
    let names = ["all blocks together, little", "all blocks together, big"];
    let all = valid()
        .into_iter()
        .filter(|case| names.contains(&case.name.as_str()));
    all.chain((1..=4).map(random)).collect()
}

#[test]
fn a_file_cut_at_any_byte_yields_whole_blocks() {
    let files = files();
    assert_eq!(files.len(), 6);
    for case in files {
        let most = case.bytes.len().min(6000);
        let copies = cut(&case, 0..=most);
        assert!(copies.len() > 2, "{}", case.name);
    }
}

/// libpcap and tshark read the copies of cut files to their ends.
#[cfg(unix)]
#[test]
fn copying_repairs_cut_files() {
    use crate::support::ng::oracle::{capinfos, capinfos_errors, libpcap};
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    let mut expected = Vec::new();
    let files = files();
    for case in &files[..2] {
        for bytes in cut(case, 0..case.bytes.len()) {
            let length = bytes.len() as u64;
            let packets = case.expected.packets_within(length).len();
            let read = libpcap(&bytes);
            if packets > 0 {
                assert_eq!(read.error, None, "{length}");
                assert_eq!(read.packets.len(), packets);
            }
            if !bytes.is_empty() {
                let path = folder.path().join(format!("{}.pcapng", paths.len()));
                std::fs::write(&path, bytes).unwrap();
                paths.push(path);
                expected.push((case, length, packets));
            }
        }
    }
    assert_eq!(capinfos_errors(&paths), "");
    for (info, (case, length, packets)) in capinfos(&paths).iter().zip(expected) {
        let counted = info.number("Number of packets");
        assert_eq!(counted, packets, "{} of {length}", case.name);
    }
}
