//! Packets of two link types fit into pcapng, and not into one classic savefile.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::live::in_netns;
use crate::common::{Record, path_arg, record, run_program, savefile, write_file};
use pcap_core::pcapng::{Interface, PcapngDumper};
use pcap_core::{Linktype, Packet, Timestamp};

/// Creates a pcapng file with packets of two link types: Ethernet, raw IP, and Ethernet again.
fn mixed(folder: &Path) -> (PathBuf, Record) {
    let ethernet = record(1, 0, vec![2; 60]);
    let mut dumper = PcapngDumper::new(Vec::new());
    let mut write = |linktype, secs, data: &[u8]| {
        let interface = dumper.add_interface(&Interface::new(linktype)).unwrap();
        let packet = Packet::new(Timestamp::new(secs, 0), data.len() as u32, data);
        dumper.write(interface, packet).unwrap();
    };
    write(Linktype::ETHERNET, 1, &ethernet.2);
    write(Linktype::RAW, 2, &[0x45; 40]);
    write(Linktype::ETHERNET, 3, &ethernet.2);
    let bytes: Vec<u8> = dumper.into_writer().unwrap();
    (write_file(folder, "mixed.pcapng", &bytes), ethernet)
}

/// Returns the records of a savefile without its header, which contains the snaplen.
fn records(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()[24..].to_vec()
}

#[test]
fn a_second_link_type_does_not_fit_into_a_classic_savefile() {
    let folder = tempfile::tempdir().unwrap();
    let (input, ethernet) = mixed(folder.path());
    let expected = savefile(false, true, 1, &[ethernet])[24..].to_vec();
    let out = folder.path().join("out.pcap");
    let part = folder.path().join("part");
    let parts = folder.path().join("part-00000.pcap");
    let (input, out) = (path_arg(&input), out.as_path());
    for (words, written) in [
        (vec!["filter", input, path_arg(out)], out),
        (vec!["recode", "-q", input, path_arg(out)], out),
        (vec!["merge", "-q", "-w", path_arg(out), input], out),
        (
            vec!["merge", "-q", "--append", "-w", path_arg(out), input],
            out,
        ),
        (
            vec![
                "split",
                "-q",
                "--format",
                "pcap",
                "--packets",
                "9",
                "-o",
                path_arg(&part),
                input,
            ],
            &parts,
        ),
    ] {
        let ran = run_program(words[0], &words[1..]);
        assert_eq!(ran.status, Some(1), "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(input), "{words:?}: {}", ran.stderr);
        assert_eq!(records(written), expected, "{words:?}");
        fs::remove_file(written).unwrap();
    }
    // The packets of a flow have one link type.
    let words = ["--format", "pcap", "--flow", "-o", path_arg(&part), input];
    let ran = run_program("split", &words);
    assert_eq!((ran.status, ran.lines().len()), (Some(0), 2));
    let ran = run_program("read", &["--raw", input]);
    assert_eq!(
        (ran.status, ran.lines().len()),
        (Some(0), 3),
        "{}",
        ran.stderr
    );
}

#[test]
fn merge_rejects_a_second_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, linktype: u32| {
        let packets = [record(1, 0, vec![0x45; 60])];
        write_file(
            folder.path(),
            name,
            &savefile(false, false, linktype, &packets),
        )
    };
    // Pairs of similar link types: Linux cooked, loopback, Ethernet and raw IP, and two kinds of raw IP.
    let out = folder.path().join("out.pcap");
    for (first, second) in [(113, 276), (0, 108), (1, 101), (101, 228)] {
        let (a, b) = (of("a.pcap", first), of("b.pcap", second));
        for more in [&[][..], &["--append"], &["--max-open", "2"]] {
            let words = [
                &[
                    "-w",
                    path_arg(&out),
                    path_arg(&a),
                    path_arg(&a),
                    path_arg(&b),
                ],
                more,
            ]
            .concat();
            let ran = run_program("merge", &words);
            assert_eq!(ran.status, Some(1), "{words:?}: {}", ran.stderr);
            for path in [&a, &b] {
                assert!(
                    ran.stderr.contains(path_arg(path)),
                    "{words:?}: {}",
                    ran.stderr
                );
            }
            assert!(!out.exists(), "{words:?}");
        }
    }
}

/// The advice names a program, and following it helps.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn programs_for_one_link_type_name_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let (input, _) = mixed(folder.path());
    let output = folder.path().join("ethernet.pcap");
    let words = ["-q", "--skip", "--linktype", "ETHERNET"];
    let paths = [path_arg(&input), path_arg(&output)];
    run_program("recode", &[&words[..], &paths].concat()).success_output();
    let advice = "found 101 at interface 1; `pcap-recode --skip --linktype ETHERNET`, or another type, \
                  converts the packets to one\n";
    let is_helpful = |name: &str, options: &[&str]| {
        let ran = run_program(name, &[options, &[path_arg(&input), "greater 1"]].concat());
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.ends_with(advice), "{}", ran.stderr);
        run_program(name, &[options, &[path_arg(&output), "greater 1"]].concat()).success_output();
    };
    is_helpful("bpf", &["--run"]);
    is_helpful("bpf", &["--match"]);
    in_netns(|| {
        let options = ["-q", "-i", "lo", "--fast"];
        let ran = run_program("replay", &[&options[..], &[path_arg(&input)]].concat());
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.ends_with(advice), "{}", ran.stderr);
        run_program("replay", &[&options[..], &[path_arg(&output)]].concat()).success_output();
    });
}
