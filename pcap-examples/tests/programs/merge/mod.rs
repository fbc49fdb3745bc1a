//! Tests of `pcap-merge`, compared with mergecap, and with savefiles that the tests merge or that `pcap-split` split.

mod blocks;
mod changes;
mod inputs;
mod order;
mod pcapng;
mod signals_and_errors;
mod whole_blocks;

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{
    path_arg, program, read_tool_savefile, record, run, run_tool, savefile, write_file,
};

/// Creates savefiles whose packets have these times, in milliseconds, and distinct bytes.
fn files(folder: &Path, nano: bool, times: &[&[u32]]) -> Vec<PathBuf> {
    let packet = |file: usize, n: usize, time: u32| {
        let data = [[file as u8; 20], [n as u8; 20]].concat();
        record(time / 1000, time % 1000 * 1_000_000, data)
    };
    let each = times.iter().enumerate().map(|(index, times)| {
        let packets = times
            .iter()
            .enumerate()
            .map(|(n, &time)| packet(index, n, time));
        let bytes = savefile(false, nano, 1, &packets.collect::<Vec<_>>());
        write_file(folder, &format!("in{index:04}.pcap"), &bytes)
    });
    each.collect()
}

/// Merges inputs, and returns the bytes of the output.
fn merge(folder: &Path, options: &[&str], inputs: &[PathBuf]) -> Vec<u8> {
    let output = folder.join("ours.pcap");
    let mut command = program("merge");
    command.args(options).args(["-q", "-w", path_arg(&output)]);
    assert_eq!(run(command.args(inputs)).success_output(), "");
    fs::read(output).unwrap()
}

/// Returns the savefile that mergecap writes for the same inputs. Among equal times, mergecap puts packets of the last
/// input first.
fn mergecap(folder: &Path, options: &[&str], inputs: &[PathBuf]) -> Vec<u8> {
    let output = folder.join("mergecap.pcap");
    let inputs = inputs.iter().map(|path| path_arg(path));
    let options = [options, &["-w", path_arg(&output)]].concat();
    run_tool(
        "mergecap",
        &options.into_iter().chain(inputs).collect::<Vec<_>>(),
    );
    read_tool_savefile(&output)
}

/// Returns a pcapng file whose packets have these times, in microseconds, relative to an offset in seconds.
fn shifted_pcapng(offset: i64, times: &[u64]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let section = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    let mut bytes = block(0x0a0d_0d0a, &[&section[..], &[0xff; 8]].concat());
    let options = [&[14, 0, 8, 0][..], &offset.to_le_bytes(), &[0; 4]].concat();
    bytes.extend(block(
        1,
        &[&[1, 0, 0, 0, 0xff, 0xff, 0, 0], &options[..]].concat(),
    ));
    for time in times {
        let (high, low) = ((time >> 32) as u32, *time as u32);
        let fields = [0, high, low, 60, 60].map(u32::to_le_bytes).concat();
        bytes.extend(block(6, &[&fields[..], &[2; 60]].concat()));
    }
    bytes
}
