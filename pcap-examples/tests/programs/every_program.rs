//! Each program in each situation: a table that must have a row for every program.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::live::{Running, Sender, in_netns, on_small_disk};
use crate::common::process::{Lines, Process, wait_until};
use crate::common::{path_arg, program, record, run, run_into_broken_pipe, savefile, write_file};
use pcap_examples::program::NAMES;

/// The arguments of a program in a situation. `IN` is a savefile of two megabytes, `OUT` and `PREFIX` are outputs.
type Arguments = &'static [&'static str];

/// What a program does in the situations. `Err` is the reason why a situation does not exist.
struct Row {
    /// Prints on standard output.
    prints: Result<Arguments, &'static str>,
    /// Writes a savefile to `OUT`.
    writes: Result<Arguments, &'static str>,
    /// Waits for a signal, and its status after SIGINT; `None` if the signal may end it.
    waits: Result<(Arguments, Option<i32>), &'static str>,
    /// Uses the loopback device, and what it prints on standard output or error.
    live: Result<(Arguments, &'static str), &'static str>,
}

const NO_SAVEFILE: &str = "writes no savefile";
const NO_DEVICE: &str = "uses no device";

/// Returns the row of a program.
fn row(name: &str) -> Row {
    match name {
        "pcap-bpf" => Row {
            prints: Ok(&["tcp port 80"]),
            writes: Err(NO_SAVEFILE),
            waits: Ok((&["-F", "-"], None)),
            live: Err(NO_DEVICE),
        },
        "pcap-capture" => Row {
            prints: Ok(&["--help"]),
            writes: Err("live tests fill the disk"),
            waits: Ok((&["-i", "lo"], Some(0))),
            live: Ok((&["-i", "lo", "-c", "3", "udp"], "3 packets captured")),
        },
        "pcap-demo" => Row {
            prints: Ok(&[]),
            writes: Err("its savefile is small"),
            waits: Err("ends after a second"),
            live: Ok((&[], "lo")),
        },
        "pcap-devices" => Row {
            prints: Ok(&[]),
            writes: Err(NO_SAVEFILE),
            waits: Err("does not wait"),
            live: Ok((&[], "lo")),
        },
        "pcap-filter" => Row {
            prints: Err("prints only on standard error"),
            writes: Ok(&["IN", "OUT"]),
            waits: Ok((&["-", "OUT"], Some(1))),
            live: Err(NO_DEVICE),
        },
        "pcap-info" => Row {
            prints: Ok(&["IN"]),
            writes: Err(NO_SAVEFILE),
            waits: Ok((&["-"], Some(1))),
            live: Err(NO_DEVICE),
        },
        "pcap-merge" => Row {
            prints: Ok(&["--json", "IN", "-w", "/dev/null"]),
            writes: Ok(&["IN", "-w", "OUT"]),
            waits: Ok((&["-", "-w", "OUT"], Some(1))),
            live: Err(NO_DEVICE),
        },
        "pcap-read" => Row {
            prints: Ok(&["IN"]),
            writes: Err(NO_SAVEFILE),
            waits: Ok((&["-"], Some(1))),
            live: Err(NO_DEVICE),
        },
        "pcap-recode" => Row {
            prints: Ok(&["--json", "IN", "/dev/null"]),
            writes: Ok(&["IN", "OUT"]),
            waits: Ok((&["-", "OUT"], Some(1))),
            live: Err(NO_DEVICE),
        },
        "pcap-replay" => Row {
            prints: Ok(&["--json", "--fast", "-c", "5", "-i", "lo", "IN"]),
            writes: Err(NO_SAVEFILE),
            waits: Ok((&["-i", "lo", "IN"], Some(0))),
            live: Ok((&["-i", "lo", "--fast", "-c", "3", "IN"], "3 packets sent")),
        },
        "pcap-split" => Row {
            prints: Ok(&["--force", "--packets", "5000", "-o", "PREFIX", "IN"]),
            writes: Ok(&["--packets", "100000", "--digits", "1", "-o", "OUT", "IN"]),
            waits: Ok((
                &["--force", "--packets", "5000", "-o", "PREFIX", "-"],
                Some(1),
            )),
            live: Err(NO_DEVICE),
        },
        "pcap-stats" => Row {
            prints: Ok(&["IN"]),
            writes: Err(NO_SAVEFILE),
            waits: Ok((&["-i", "lo"], Some(0))),
            live: Ok((&["-i", "lo", "-c", "3", "udp"], "3 packets captured")),
        },
        "pcap-top" => Row {
            prints: Ok(&["--json", "-r", "IN"]),
            writes: Err(NO_SAVEFILE),
            waits: Ok((&["--json", "-i", "lo"], Some(0))),
            live: Ok((
                &["--json", "-i", "lo", "--duration", "0.1"],
                "\"type\":\"top\"",
            )),
        },
        other => panic!("{other} has no row: add its command lines"),
    }
}

/// Returns the command for the arguments of a row.
fn command(name: &str, arguments: Arguments, folder: &Path, output: &str) -> Command {
    let mut command = program(name.strip_prefix("pcap-").expect("the prefix"));
    let (input, prefix) = (folder.join("in.pcap"), folder.join("part"));
    command.args(arguments.iter().map(|&word| match word {
        "IN" => path_arg(&input),
        "PREFIX" => path_arg(&prefix),
        "OUT" => output,
        word => word,
    }));
    command
}

/// Calls a function for each program, in a network namespace, with a folder that contains the input.
fn each_program(test: impl Fn(&str, &Row, &Path) + Sync) {
    in_netns(|| {
        for name in NAMES {
            let folder = tempfile::tempdir().unwrap();
            let packets: Vec<_> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
            write_file(
                folder.path(),
                "in.pcap",
                &savefile(false, false, 1, &packets),
            );
            test(name, &row(name), folder.path());
        }
    });
}

#[test]
fn help_has_80_columns() {
    for name in NAMES {
        let short = name.strip_prefix("pcap-").unwrap();
        for option in ["-h", "--help"] {
            // Without a terminal, and on a wide one.
            let mut command = program(short);
            let help = run(command.arg(option).env("COLUMNS", "200")).success_output();
            let wide: Vec<_> = help
                .lines()
                .filter(|line| line.chars().count() > 80)
                .collect();
            assert!(wide.is_empty(), "{name} {option}: {wide:#?}");
            assert!(
                help.contains(&format!("\nUsage: {name} "))
                    || help.contains(&format!("\nUsage: {name}\n"))
            );
        }
    }
}

#[test]
fn pipes_receive_plain_text() {
    each_program(|name, row, folder| {
        let Ok(arguments) = row.prints else { return };
        let ran = run(&mut command(name, arguments, folder, ""));
        assert_eq!(ran.status, Some(0), "{name}: {}", ran.stderr);
        assert!(!ran.stdout.is_empty(), "{name}");
        let plain = |text: &str| !text.contains(['\u{1b}', '\r', '\u{8}']);
        assert!(plain(ran.text()) && plain(&ran.stderr), "{name}: {ran:?}");
    });
}

/// It is an error only for a program that writes a savefile.
#[test]
fn a_closed_pipe_ends_the_program() {
    each_program(|name, row, folder| {
        if let Ok(arguments) = row.prints {
            let ran = run_into_broken_pipe(&mut command(name, arguments, folder, ""));
            assert_eq!(ran.status, Some(0), "{name}: {}", ran.stderr);
            assert!(!ran.stderr.contains("cannot"), "{name}: {}", ran.stderr);
        }
        if let (Ok(arguments), false) = (row.writes, name == "pcap-split") {
            let ran = run_into_broken_pipe(&mut command(name, arguments, folder, "-"));
            assert_eq!(ran.status, Some(1), "{name}: {}", ran.stderr);
            assert!(ran.stderr.contains("Broken pipe"), "{name}: {}", ran.stderr);
        }
    });
}

#[test]
fn a_full_disk_is_an_error() {
    const FULL: &str = "No space left on device";
    each_program(|name, row, folder| {
        if let Ok(arguments) = row.prints {
            let full = fs::File::create("/dev/full").unwrap();
            let mut command = command(name, arguments, folder, "");
            let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
            let output = child.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name}: {stderr}");
            assert!(stderr.contains(FULL), "{name}: {stderr}");
        }
        if let Ok(arguments) = row.writes {
            let (status, stderr, packets) = on_small_disk(folder, |path| {
                let command = command(name, arguments, folder, path);
                if name != "pcap-split" {
                    return command;
                }
                // The name of a part has a number.
                let mut shell = Command::new("sh");
                let script = "path=$1; shift; \"$@\"; status=$?; mv \"${path%.pcap}-0.pcap\" \"$path\"; exit $status";
                shell.args(["-c", script, "sh", path]);
                shell.arg(command.get_program()).args(command.get_args());
                shell
            });
            assert_eq!(status, 1, "{name}: {stderr}");
            assert!(stderr.contains(FULL), "{name}: {stderr}");
            assert!(
                (1000..20_000).contains(&packets),
                "{name}: {packets} packets"
            );
        }
    });
}

#[test]
fn an_interrupt_ends_the_program() {
    each_program(|name, row, folder| {
        let Ok((arguments, status)) = row.waits else {
            return;
        };
        let output = folder.join("out.pcap");
        let mut command = command(name, arguments, folder, path_arg(&output));
        let (ended, stderr) = if row.live.is_ok() {
            let running = Running::start_saying(&mut command, " on ");
            running.signal(libc::SIGINT);
            let (status, _, stderr) = running.end();
            (status.code(), stderr)
        } else {
            let mut process = Process::piped(&mut command);
            process.wait_until_handles(libc::SIGINT);
            // The header and one packet. Without them, there would be no output to complete.
            let input = fs::read(folder.join("in.pcap")).unwrap();
            let stdin = process.child().stdin.as_mut().unwrap();
            stdin.write_all(&input[..24 + 16 + 100]).unwrap();
            match name {
                "pcap-bpf" => {}
                "pcap-info" => {
                    // It prints nothing before the end of its input, unless it is asked.
                    let lines = Lines::of(&mut process);
                    let ask = || process.signal(libc::SIGUSR1);
                    lines.until(ask, |line| line == "1 packet read");
                }
                "pcap-read" => {
                    let stdout = process.child().stdout.as_mut().unwrap();
                    stdout.read_exact(&mut [0]).unwrap();
                }
                _ => wait_until("there is an output", || {
                    let created = |name: &str| folder.join(name).exists();
                    created("out.pcap") || created("part-00000.pcap")
                }),
            }
            process.signal(libc::SIGINT);
            // Its input stays open.
            let ran = process.end_unread();
            (ran.status, ran.stderr)
        };
        assert_eq!(ended, status, "{name}: {stderr}");
    });
}

/// Root without capabilities can read and write files, but not capture.
#[test]
fn only_devices_require_privileges() {
    each_program(|name, row, folder| {
        let without = |arguments| {
            let output = folder.join("out.pcap");
            let command = command(name, arguments, folder, path_arg(&output));
            let mut setpriv = Command::new("setpriv");
            setpriv.args(["--bounding-set", "-all", "--inh-caps", "-all"]);
            run(setpriv.arg(command.get_program()).args(command.get_args()))
        };
        let (arguments, status, needs) = match name {
            // It generates packets instead.
            "pcap-demo" => (&[][..], 0, true),
            "pcap-capture" | "pcap-replay" | "pcap-top" => {
                (row.live.expect("its arguments").0, 1, true)
            }
            _ => (row.prints.or(row.writes).expect("its arguments"), 0, false),
        };
        let ran = without(arguments);
        assert_eq!(ran.status, Some(status), "{name}: {}", ran.stderr);
        let text = ran.text().to_owned() + &ran.stderr;
        assert_eq!(text.contains("cap_net_raw"), needs, "{name}: {text}");
    });
}

#[test]
fn the_loopback_device_works() {
    each_program(|name, row, folder| {
        let Ok((arguments, printed)) = row.live else {
            return;
        };
        let mut command = command(name, arguments, folder, "");
        let (status, text) = if ["pcap-capture", "pcap-stats"].contains(&name) {
            let running = Running::start(&mut command);
            Sender::new().send(3, 64);
            let (status, stdout, stderr) = running.end();
            (status.code(), stdout + &stderr)
        } else {
            let ran = run(&mut command);
            (ran.status, ran.text().to_owned() + &ran.stderr)
        };
        assert_eq!(status, Some(0), "{name}: {text}");
        assert!(text.contains(printed), "{name}: {text}");
    });
}
