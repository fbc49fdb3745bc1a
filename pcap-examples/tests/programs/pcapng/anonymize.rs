//! `pcap-recode --anonymize` on pcapng savefiles: what tells of people and systems is removed.

use std::fs;

use super::bytes::{Ng, Order, blocks};
use super::{SECOND, UDP, ethernet, succeed};
use crate::common::{path_arg, write_file};

/// In every part of the savefile that must not remain.
const SECRET: &[u8] = b"hidden";

#[test]
fn names_comments_secrets_and_unknown_parts_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let key = write_file(folder.path(), "key", &[7; 32]);
    let output = folder.path().join("out.pcapng");
    for order in [Order::Little, Order::Big] {
        let mut ng = Ng::new(order);
        let texts = [(1, SECRET), (2, SECRET), (3, SECRET), (4, SECRET)];
        ng.section(-1, &texts);
        let speed = ng.u64(1000);
        let interface = [
            (2, SECRET),
            (3, SECRET),
            (4, &[10, 0, 0, 1, 255, 0, 0, 0][..]),
            (8, &speed),
            (9, &[9]),
            (11, b"\0hidden"),
            (15, SECRET),
            (2988, b"\0\0\0\0hidden"),
        ];
        ng.interface(1, 0, &interface);
        ng.names(&[10, 0, 0, 1], "hidden");
        ng.secrets(SECRET);
        let (flags, drops) = (ng.u32(1), ng.u64(3));
        let frame = ethernet(UDP);
        let options = [
            (1, SECRET),
            (2, &flags[..]),
            (3, b"\x02hidden"),
            (4, &drops),
            (2989, b"\0\0\0\0hidden"),
        ];
        ng.packet(0, SECOND, &frame, &options);
        ng.custom(true, SECRET);
        ng.block(
            9,
            b"__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hidden\n",
        );
        ng.block(0x0bad_f00d, SECRET);
        let received = ng.u64(5);
        ng.statistics(0, SECOND, &[(1, SECRET), (4, &received)]);
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);

        let words = [
            "--anonymize",
            path_arg(&key),
            "--comment",
            "1:public",
            "--capture-comment",
            "own",
        ];
        succeed(
            "recode",
            &[&words[..], &[path_arg(&input), path_arg(&output)]].concat(),
        );
        let bytes = fs::read(&output).unwrap();
        let contains = |text: &[u8]| bytes.windows(text.len()).any(|found| found == text);
        assert!(!contains(SECRET));
        assert!(contains(b"public") && contains(b"own"));
        let found = blocks(&bytes);
        let kinds: Vec<_> = found.iter().map(|block| block.kind).collect();
        assert_eq!(kinds, [0x0a0d_0d0a, 1, 6, 5]);
        // What tells nothing of people stays.
        let mut expected = Ng::new(order);
        expected.section(-1, &[]);
        expected.interface(1, 0, &[(8, &speed), (9, &[9])]);
        expected.statistics(0, SECOND, &[(4, &received)]);
        let expected = blocks(&expected.bytes);
        assert_eq!([&found[1], &found[3]], [&expected[1], &expected[2]]);
        assert!(!contains(&frame[26..34]));
    }
}
