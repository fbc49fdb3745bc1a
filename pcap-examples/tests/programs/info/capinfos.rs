//! Every number that capinfos also has.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::files::{create, size};
use super::{describe, values};
use crate::common::{path_arg, run, tool};

/// Returns what capinfos prints. Of a truncated savefile, it describes the beginning and fails.
fn capinfos(options: &[&str], path: &Path) -> String {
    let ran = run(tool("capinfos").args(options).arg(path_arg(path)));
    assert!(
        matches!(ran.status, Some(0 | 1)),
        "{}: {}",
        path.display(),
        ran.stderr
    );
    ran.text().to_owned()
}

/// Returns the values of capinfos by the names of its columns.
fn columns(path: &Path) -> BTreeMap<String, String> {
    let text = capinfos(&["-T", "-m", "-Q", "-S"], path);
    let mut lines = text.lines().map(values);
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    // Without the values of a second section, which have no names.
    names.into_iter().zip(values).collect()
}

/// Returns a member as the text that capinfos prints for the same value.
fn text(value: &Value, unknown: &str) -> String {
    match value {
        Value::Null => unknown.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn all_values_are_those_of_capinfos() {
    let folder = tempfile::tempdir().unwrap();
    let files = create(folder.path());
    assert!(files.len() >= 10, "{}", files.len());
    for path in &files {
        let (ours, theirs) = (describe(path), columns(path));
        let check = |name: &str, expected: String| {
            assert_eq!(theirs[name], expected, "{name} of {}", path.display());
        };
        let kind = match (ours["format"].as_str(), ours["variant"].as_str()) {
            (Some("pcap"), None) => "pcap",
            (Some("pcap"), Some("nanosecond")) => "nsecpcap",
            (Some("pcap"), Some("modified")) => "modpcap",
            (Some("pcapng"), None) => "pcapng",
            other => panic!("{other:?}"),
        };
        check("File type", kind.to_owned());
        let inferred = &ours["inferred_snaplen"];
        check(
            "Packet size limit min (inferred)",
            text(&inferred["min"], "n/a"),
        );
        check(
            "Packet size limit max (inferred)",
            text(&inferred["max"], "n/a"),
        );
        // Of pcapng, capinfos has no value.
        if ours["format"] == "pcap" {
            check("Packet size limit", text(&ours["snaplen"], ""));
        }
        check("Number of packets", text(&ours["packets"], ""));
        check("File size (bytes)", text(&ours["file_size"], ""));
        assert_eq!(ours["file_size"], size(path));
        check("SHA256", text(&ours["sha256"], ""));
        check("SHA1", text(&ours["sha1"], ""));
        check("Data size (bytes)", text(&ours["bytes"], ""));
        let order = match ours["strict_time_order"].as_bool() {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        };
        check("Strict time order", order.to_owned());
        let first_section = &ours["sections"][0];
        check("Capture hardware", text(&first_section["hardware"], ""));
        check("Capture oper-sys", text(&first_section["os"], ""));
        check(
            "Capture application",
            text(&first_section["application"], ""),
        );
        check("Capture comment", text(&first_section["comments"][0], ""));
        compare_times(path, &ours, &theirs);
        compare_rates(path, &ours, &theirs);
    }
}

/// Compares the times, of which capinfos prints as many decimals as the savefile has.
fn compare_times(path: &Path, ours: &Value, theirs: &BTreeMap<String, String>) {
    for (name, member) in [
        ("Capture duration (seconds)", "duration"),
        ("Start time", "earliest"),
        ("End time", "latest"),
    ] {
        let (theirs, ours) = (&theirs[name], &ours[member]);
        let name = format!("{name} of {}", path.display());
        if theirs == "n/a" {
            continue;
        }
        let Some(ours) = ours.as_str() else {
            // Of no packets, capinfos prints zeros.
            assert_eq!(theirs.trim_matches(['0', '.']), "", "{name}");
            continue;
        };
        assert_eq!(Some(theirs.as_str()), ours.get(..theirs.len()), "{name}");
        let rest = ours[theirs.len()..].trim_start_matches(['.', '0']);
        assert_eq!(rest, "", "{name}: {theirs} {ours}");
    }
}

/// Compares the averages, of which capinfos prints two decimals. It computes with the times since 1970, whose rounding
/// errors of up to a quarter of a microsecond are those of its results.
fn compare_rates(path: &Path, ours: &Value, theirs: &BTreeMap<String, String>) {
    let has_custom_blocks = ours["custom_blocks"] != 0;
    let duration: f64 = ours["duration"].as_str().unwrap_or("0").parse().unwrap();
    for (name, member, is_rate) in [
        ("Average packet size (bytes)", "average_len", false),
        ("Average packet rate (packets/sec)", "pps", true),
        ("Data byte rate (bytes/sec)", "bytes_per_second", true),
        ("Data bit rate (bits/sec)", "bits_per_second", true),
    ] {
        let (theirs, ours) = (&theirs[name], ours[member].as_f64());
        let name = format!("{name} of {}", path.display());
        if theirs == "n/a" {
            // capinfos counts custom blocks as packets without a time.
            assert!(ours.is_none() || has_custom_blocks, "{name}: {ours:?}");
            continue;
        }
        let theirs: f64 = theirs.parse().expect(&name);
        let ours = ours.unwrap_or(0.0);
        let error = if is_rate && duration > 0.0 {
            theirs * 5e-7 / duration
        } else {
            0.0
        };
        let difference = (theirs - ours).abs();
        assert!(
            difference <= 0.005 + 1e-9 + error,
            "{name}: {theirs} {ours}"
        );
    }
}

/// Returns the interfaces as capinfos describes them: a map of labels for each.
fn interfaces(text: &str) -> Vec<BTreeMap<String, String>> {
    // Files of several sections have each interface once per section.
    let parts = text.split("Interface #").skip(1);
    let labels = |part: &str| {
        part.lines()
            .filter_map(|line| line.trim().split_once(" = "))
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .collect()
    };
    parts.map(labels).collect()
}

#[test]
fn interfaces_and_blocks_are_those_of_capinfos() {
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for path in create(folder.path()) {
        let ours = describe(&path);
        // capinfos counts the packets of several sections for the interfaces of the first.
        if ours["sections"].as_array().map(Vec::len) != Some(1) {
            continue;
        }
        let path = &path;
        let text = capinfos(&["-M", "-I", "-n", "-D"], path);
        let theirs = interfaces(&text);
        let ours_interfaces = ours["interfaces"].as_array().unwrap();
        assert_eq!(ours_interfaces.len(), theirs.len(), "{text}");
        for (ours, theirs) in ours_interfaces.iter().zip(&theirs) {
            compare_interface(path, ours, theirs);
            compared += 1;
        }
        for (label, member) in [
            ("Number of resolved IPv4 addresses in file: ", "ipv4_names"),
            ("Number of resolved IPv6 addresses in file: ", "ipv6_names"),
            ("Number of decryption secrets in file: ", "secrets"),
        ] {
            let mut lines = text.lines();
            let theirs = lines
                .find_map(|line| line.strip_prefix(label))
                .unwrap_or("0");
            assert_eq!(theirs.trim(), ours[member].to_string(), "{label}: {text}");
        }
    }
    assert!(compared > 20, "{compared}");
}

fn compare_interface(path: &Path, ours: &Value, theirs: &BTreeMap<String, String>) {
    let blocks = &ours["statistics"]["blocks"];
    for (label, value) in [
        ("Name", &ours["name"]),
        ("Description", &ours["description"]),
        ("Hardware", &ours["hardware"]),
        ("Operating system", &ours["os"]),
        ("Filter string", &ours["filter"]),
        ("Speed", &ours["speed"]),
        ("FCS length", &ours["fcs_len"]),
        ("Number of stat entries", blocks),
        ("Number of packets", &ours["packets"]),
    ] {
        let expected = theirs.get(label).map_or("", String::as_str);
        assert_eq!(expected, text(value, ""), "{label} of {}", path.display());
    }
    assert_eq!(theirs["Capture length"], ours["snaplen"].to_string());
    let ticks: f64 = theirs["Time ticks per second"].parse().unwrap();
    let resolution = ours["resolution"].as_str().unwrap();
    let (base, digits) = resolution.trim_end_matches(" s").split_once("^-").unwrap();
    let expected = f64::powi(base.parse().unwrap(), digits.parse().unwrap());
    assert_eq!(ticks, expected, "{resolution}");
    let linktype = match ours["linktype"].as_str().unwrap() {
        "EN10MB" => "ether",
        "RAW" => "rawip",
        other => panic!("{other}"),
    };
    assert!(
        theirs["Encapsulation"].contains(&format!("- {linktype})")),
        "{theirs:?}"
    );
}

#[test]
fn the_numbers_of_packets_by_link_type_are_those_of_capinfos() {
    let folder = tempfile::tempdir().unwrap();
    let files = create(folder.path());
    let mixed = files.iter().find(|path| path.ends_with("mixed.pcapng"));
    let mixed = mixed.unwrap();
    let text = capinfos(&["-E"], mixed);
    let ours = describe(mixed);
    let linktypes = ours["linktypes"].as_array().unwrap();
    assert_eq!(linktypes.len(), 2, "{ours}");
    for linktype in linktypes {
        let name = match linktype["linktype"].as_str() {
            Some("EN10MB") => "Ethernet",
            _ => "Raw IP",
        };
        let line = format!("{name} ({})", linktype["packets"]);
        assert!(text.contains(&line), "{line}: {text}");
    }
}
