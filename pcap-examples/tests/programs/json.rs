//! Tests of the JSON of all programs: every line matches the schema, which permits no other members.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::frames::{ETHERNET, SLL, SLL2, all_prefixes, cooked, devices, fields, tunnels};
use crate::common::{Record, path_arg, record, run_program, sample_packets, savefile, write_file};
use crate::pcapng::two_sections;

/// Validates lines against a definition of the schema, and returns their values.
pub(crate) fn validate(definition: &str, lines: &str) -> Vec<Value> {
    let schema = include_str!("../../schema/v1.json");
    let mut schema: Value = serde_json::from_str(schema).expect("JSON");
    let members = schema.as_object_mut().expect("an object");
    members.remove("anyOf");
    members.insert("$ref".to_owned(), format!("#/$defs/{definition}").into());
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let values = lines.lines().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{definition}: {errors:?} in {line}");
        value
    });
    values.collect()
}

pub(crate) fn sample_file(folder: &Path) -> PathBuf {
    let bytes = savefile(false, false, ETHERNET, &sample_packets());
    write_file(folder, "a.pcap", &bytes)
}

#[test]
fn the_schema_is_valid_and_rejects_other_members() {
    let schema = include_str!("../../schema/v1.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut packet = json!({"schema": 1, "type": "packet", "caplen": 1, "len": 1,
        "linktype": "EN10MB", "protocol": "EN10MB"});
    assert!(validator.is_valid(&packet));
    packet["other"] = 1.into();
    assert!(!validator.is_valid(&packet));
    assert!(!validator.is_valid(&json!({"schema": 2, "type": "packet"})));
}

#[test]
fn packets_of_all_kinds_match_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let frames = fields().into_iter().map(|(data, _)| data);
    let frames = frames.chain(tunnels().into_iter().map(|(_, data)| data));
    let mut ethernet: Vec<Record> = frames.flat_map(|data| all_prefixes(&data)).collect();
    ethernet.extend(sample_packets());
    let mut files = vec![(ETHERNET, ethernet)];
    for version in 0..2 {
        let packets = devices().into_iter().map(|(hardware, protocol, rest, _)| {
            record(
                0,
                0,
                cooked(4, hardware, protocol, &rest)[version].1.clone(),
            )
        });
        files.push(([SLL, SLL2][version], packets.collect()));
    }
    for (linktype, packets) in files {
        let bytes = savefile(false, false, linktype, &packets);
        let path = write_file(folder.path(), "a.pcap", &bytes);
        let options = ["--json", "--payload", "--data", path_arg(&path)];
        let lines = run_program("read", &options).success_output();
        let values = validate("packet", &lines);
        assert_eq!(values.len(), packets.len());
        for (value, packet) in values.iter().zip(&packets) {
            let (data, payload) = (value["data"].as_str(), value["payload"].as_str());
            assert_eq!(data.unwrap().len(), 2 * packet.2.len());
            assert!(data.unwrap().contains(payload.unwrap()), "{value}");
        }
    }
    let (path, _) = two_sections(folder.path());
    let lines = run_program("read", &["--json", path_arg(&path)]).success_output();
    let values = validate("packet", &lines);
    for member in [
        "interface_id",
        "dropped",
        "comments",
        "packet_flags",
        "packet_id",
        "section",
    ] {
        let has = |value: &Value| !value[member].is_null();
        assert!(values.iter().any(has), "{member}");
    }
}

#[test]
fn contents_are_members() {
    let folder = tempfile::tempdir().unwrap();
    let mut query =
        b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x07example\x03com\0\0\x01\0\x01".to_vec();
    query.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07");
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .udp(53, 40000)
        .write(&mut frame, &query)
        .unwrap();
    let bytes = savefile(false, false, ETHERNET, &[record(0, 0, frame)]);
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let lines = run_program("read", &["--json", path_arg(&path)]).success_output();
    let value = &validate("packet", &lines)[0];
    assert_eq!(
        value["dns"],
        json!({"id": 4660, "operation": 0, "response": true, "code": 0, "code_name": "NoError",
            "questions": [{"name": "example.com", "type": "A"}],
            "answers": [{"name": "example.com", "type": "A", "data": "192.0.2.7"}]})
    );
    assert_eq!(value["info"], "4660 A? example.com: A 192.0.2.7");
    for (member, expected) in [
        ("application", json!("DNS")),
        ("protocol", json!("UDP")),
        ("source_mac", json!("02:02:02:02:02:02")),
        ("ttl", json!(64)),
        ("payload_len", json!(query.len())),
        ("payload", Value::Null),
        ("data", Value::Null),
    ] {
        assert_eq!(value[member], expected, "{member}");
    }
}

#[test]
fn fields_select_members_and_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    let read = |names| run_program("read", &["--json", "--fields", names, path_arg(&path)]);
    let lines = read("destination_port,time,info").success_output();
    validate("selected_packet", &lines);
    let first = "{\"destination_port\":53,\"time\":\"1700000000.000000000\"}";
    assert_eq!(lines.lines().next(), Some(first));
    let wrong = read("time,sorce");
    assert_eq!(wrong.status, Some(2));
    for part in ["'sorce'", "destination_port", "'source'"] {
        assert!(wrong.stderr.contains(part), "{}", wrong.stderr);
    }
    let without_json = run_program("read", &["--fields", "time", path_arg(&path)]);
    assert_eq!(without_json.status, Some(2), "{}", without_json.stderr);
}

#[test]
fn summaries_match_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let input = sample_file(folder.path());
    let input = path_arg(&input);
    let output = folder.path().join("out.pcap");
    let output = path_arg(&output);
    let summary = |definition: &str, program: &str, options: &[&str]| {
        let ran = run_program(program, options);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        validate(definition, ran.text()).remove(0)
    };
    let value = summary(
        "filter_summary",
        "filter",
        &["--json", "-f", "udp", input, output],
    );
    assert_eq!((&value["read"], &value["written"]), (&8.into(), &3.into()));
    let options = ["--json", "-y", "RAW", "-s", "60", input, output];
    let value = summary("recode_summary", "recode", &options);
    assert_eq!(value["written"], 8);
    let value = summary("file", "merge", &["--json", "-w", output, input, input]);
    assert_eq!(value["packets"], 16);
    validate("info", run_program("info", &["--json", input]).text());
    let (sections, _) = two_sections(folder.path());
    let ran = run_program("info", &["--json", path_arg(&sections)]);
    let described = validate("info", ran.text());
    assert_eq!(described[0]["sections"].as_array().map(Vec::len), Some(2));
    let prefix = folder.path().join("part");
    let options = ["--json", "--flow", "-o", path_arg(&prefix), input];
    let listed = run_program("split", &options);
    let (files, last) = listed.text().trim_end().rsplit_once('\n').unwrap();
    assert!(validate("file", files).len() > 1);
    validate("split_summary", last);
    // With a savefile on standard output, the summary is on standard error.
    let ran = run_program("filter", &["--json", input, "-"]);
    assert_eq!(ran.stdout, fs::read(input).unwrap());
    validate("filter_summary", ran.stderr.lines().last().unwrap());
}

/// The numbers are those of the text.
#[test]
fn filters_match_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path());
    let input = path_arg(&path);
    let printed = |words: &[&str]| run_program("bpf", words).success_output().to_owned();
    let filter = validate("filter", &printed(&["--json", "-s", "96", "udp port 53"])).remove(0);
    assert_eq!(filter["expression"], "udp port 53");
    assert_eq!(
        (&filter["linktype"], &filter["snaplen"]),
        (&"EN10MB".into(), &96.into())
    );
    let instructions = filter["instructions"].as_array().unwrap();
    let numbers = instructions.iter().map(|insn| {
        let numbers = ["code", "jt", "jf", "k"].map(|name| insn[name].to_string());
        numbers.join(" ")
    });
    let decimal = printed(&["-ddd", "-s", "96", "udp port 53"]);
    assert_eq!(
        numbers.collect::<Vec<_>>(),
        decimal.lines().skip(1).collect::<Vec<_>>()
    );
    assert_eq!(instructions[0]["text"], "ldh [12]");

    let results = validate(
        "filter_result",
        &printed(&["--json", "--run", input, "udp"]),
    );
    let values = results.iter().map(|result| result["value"].to_string());
    let plain = printed(&["--run", input, "udp"]);
    assert_eq!(
        values.collect::<Vec<_>>(),
        plain.lines().collect::<Vec<_>>()
    );
    assert_eq!(results.last().unwrap()["number"], 8);

    let summary = validate(
        "match_summary",
        &printed(&["--json", "--match", input, "udp"]),
    )
    .remove(0);
    assert_eq!(
        (&summary["read"], &summary["matched"]),
        (&8.into(), &3.into())
    );
    for option in ["-d", "--bytecode"] {
        let ran = run_program("bpf", &["--json", option, "udp"]);
        assert_eq!(ran.status, Some(2), "{option}");
    }
}

#[cfg(all(target_os = "linux", not(emulated)))]
#[test]
fn live_output_matches_the_schema() {
    use crate::common::live::{Running, Sender, in_netns, ip};

    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let input = sample_file(folder.path());
        ip("link add left type veth peer name right");
        ip("link set left arp off up");
        ip("link set right arp off up");
        let listed = run_program("devices", &["--json", "-L", "-J"]).success_output();
        assert!(validate("device", &listed).len() >= 3);
        let options = [
            "--json",
            "-q",
            "--fast",
            "--cut",
            "-i",
            "left",
            path_arg(&input),
        ];
        let sent = run_program("replay", &options).success_output();
        assert_eq!(validate("replay_summary", &sent)[0]["packets"], 8);

        let mut command = crate::common::program("capture");
        let status_file = folder.path().join("status");
        command.args(["-i", "lo", "-i", "right", "--json", "-c", "4"]);
        command.args(["--status-file", path_arg(&status_file)]);
        let also = folder.path().join("also.pcapng");
        command.args(["--also", &format!("udp={}", path_arg(&also)), "udp"]);
        let running = Running::start(&mut command);
        Sender::new().send(4, 10);
        let (status, stdout, stderr) = running.end();
        assert!(status.success(), "{stderr}");
        let (packets, last) = stdout.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(validate("packet", packets).len(), 4);
        let statistics = validate("statistics", last).remove(0);
        assert_eq!(statistics["packets"], 4);
        for member in ["interfaces", "outputs"] {
            assert!(statistics[member].is_array(), "{statistics}");
        }
        let status = validate("status", &fs::read_to_string(status_file).unwrap());
        assert_eq!(status[0]["state"], "ended");
    });
}
