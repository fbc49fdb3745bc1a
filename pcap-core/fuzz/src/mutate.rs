//! How each target changes inputs, so that they stay plausible.

use std::sync::LazyLock;

use libfuzzer_sys::fuzzer_mutate;

use crate::support::damage::{damage, seeds};
use crate::support::differential::PLAN;
use crate::support::ng;
use crate::support::random::Random;
use crate::support::words::WORDS;
use crate::targets::append;

/// Valid savefiles of every kind, to start from.
static SAVEFILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds);

/// Short pcapng files of every kind, to start from.
static PCAPNG: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files = ng::corpus().into_iter().map(|case| case.bytes);
    files.filter(|bytes| bytes.len() < 1500).collect()
});

/// Replaces an input, as far as there is room.
fn replace(data: &mut [u8], max_size: usize, new: &[u8]) -> usize {
    let length = new.len().min(max_size);
    data[..length].copy_from_slice(&new[..length]);
    length
}

/// Changes a plan of eight bytes, or the savefile after it.
pub fn savefiles(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(u64::from(seed) << 1);
    if size < PLAN || max_size < PLAN {
        return fuzzer_mutate(data, size, max_size);
    }
    let new = match random.below(12) {
        // Another plan for the same savefile.
        0 | 1 => {
            data[random.below(PLAN)] = random.next() as u8;
            return size;
        }
        2 => [&data[..PLAN], &SAVEFILES[random.below(SAVEFILES.len())]].concat(),
        // Change the fields of a savefile.
        3..=6 => {
            let mut bytes = data[PLAN..size].to_vec();
            damage(&mut random, &mut bytes);
            [&data[..PLAN], &bytes].concat()
        }
        _ => return fuzzer_mutate(data, size, max_size),
    };
    replace(data, max_size, &new)
}

/// Changes the byte that selects how to read, or the pcapng file after it.
pub fn pcapng_read(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(u64::from(seed) << 1);
    if size < 2 {
        return fuzzer_mutate(data, size, max_size);
    }
    let new = match random.below(12) {
        // Another way to read the same file.
        0 => {
            data[0] = random.next() as u8;
            return size;
        }
        1 => [&data[..1], &PCAPNG[random.below(PCAPNG.len())]].concat(),
        2 => [&data[..1], &ng::random(seed.into()).bytes].concat(),
        // Another file after this one.
        3 => [&data[..size], &PCAPNG[random.below(PCAPNG.len())]].concat(),
        4..=7 => [&data[..1], &ng::damage(seed.into(), &data[1..size])].concat(),
        _ => return fuzzer_mutate(data, size, max_size),
    };
    replace(data, max_size, &new)
}

/// Changes some decisions, or all from somewhere on.
fn decisions(data: &mut [u8], size: usize, max_size: usize, seed: u32, most: usize) -> usize {
    let mut random = Random::new(u64::from(seed) << 1);
    if random.below(8) > 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let start = random.below(size + 1);
    let count = 1 + random.below(most);
    let new = random.bytes(count);
    let end = max_size.min(start + new.len());
    data[start..end].copy_from_slice(&new[..end - start]);
    end
}

/// Changes decisions of what to write.
pub fn pcapng_write(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    decisions(data, size, max_size, seed, 400)
}

/// Changes the decisions from which a program and a packet follow.
pub fn programs(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    decisions(data, size, max_size, seed, 120)
}

/// Changes decisions of what to call.
pub fn sequences(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    decisions(data, size, max_size, seed, 80)
}

/// Changes decisions of what to do with a file.
pub fn changing(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    decisions(data, size, max_size, seed, 120)
}

/// Changes decisions of the terms of a list.
pub fn any_of(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    decisions(data, size, max_size, seed, 120)
}

/// Changes decisions of what a daemon answers.
pub fn daemon(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    decisions(data, size, max_size, seed, 120)
}

/// Changes a plan of four bytes, or the file after it.
pub fn append(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(u64::from(seed) << 1);
    if size < append::PLAN || max_size < append::PLAN {
        return fuzzer_mutate(data, size, max_size);
    }
    let (plan, file) = data[..size].split_at(append::PLAN);
    let new = match random.below(12) {
        0 | 1 => {
            data[random.below(append::PLAN)] = random.next() as u8;
            return size;
        }
        2 => [plan, &SAVEFILES[random.below(SAVEFILES.len())]].concat(),
        3 => [plan, &PCAPNG[random.below(PCAPNG.len())]].concat(),
        4 => [plan, &ng::random(seed.into()).bytes].concat(),
        5 => [plan, &ng::damage(seed.into(), file)].concat(),
        6 | 7 => {
            let mut bytes = file.to_vec();
            damage(&mut random, &mut bytes);
            [plan, &bytes].concat()
        }
        // Only a part, as after a crash.
        8 => return append::PLAN + random.below(size - append::PLAN + 1),
        _ => return fuzzer_mutate(data, size, max_size),
    };
    replace(data, max_size, &new)
}

/// Inserts one of some words into a text, replaces what is there, or removes a part.
fn text(
    (data, size, max_size): (&mut [u8], usize, usize),
    seed: u32,
    start: usize,
    words: &[&str],
) -> usize {
    let mut random = Random::new(u64::from(seed) << 1);
    if size < start || random.one_in(3) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut new = data[..size].to_vec();
    let at = start + random.below(size - start + 1);
    let removed = if random.one_in(2) {
        0
    } else {
        random.below(size - at + 1).min(20)
    };
    let word = if random.one_in(4) {
        ""
    } else {
        words[random.below(words.len())]
    };
    new.splice(at..at + removed, word.bytes());
    replace(data, max_size, &new)
}

/// Changes the listing of a program.
pub fn listings(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    const WORDS: [&str; 16] = [
        "1,6 0 0 1",
        "2,48 0 0 9,6 0 0 0",
        "{ 0x6, 0, 0, 0x00040000 },",
        "{ 0x30, 0, 0, 0x9 },\n",
        "\n",
        ",",
        "0",
        " ",
        "0x",
        "3\n128 0 0 0\n37 0 1 100\n6 0 0 0",
        "6 0 0 0",
        "4294967295",
        "255",
        "\r\n",
        "}",
        "21 0 1 6",
    ];
    text((data, size, max_size), seed, 0, &WORDS)
}

/// Changes a source string.
pub fn sources(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    const WORDS: [&str; 14] = [
        "rpcap://",
        "rpcaps://",
        "file://",
        "[::1]",
        "[",
        "]",
        ":2002",
        ":",
        "/",
        "host",
        "@",
        "eth0",
        "RPCAP://",
        "%",
    ];
    text((data, size, max_size), seed, 0, &WORDS)
}

/// Changes numbers of words, or a text.
pub fn expressions(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if size > 2 && data[1] & 1 == 1 {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        return text((data, size, max_size), seed, 2, &words);
    }
    decisions(data, size, max_size, seed, 12)
}

/// Changes JSON.
pub fn serialized(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    const WORDS: [&str; 25] = [
        r#"{"dlt":1,"instructions":[{"code":6,"jt":0,"jf":0,"k":1}]}"#,
        r#"{"code":40,"jt":0,"jf":0,"k":12},"#,
        r#"{"code":96,"jt":0,"jf":0,"k":3},"#,
        r#"{"code":48,"jt":0,"jf":0,"k":4294963244},"#,
        r#"{"code":21,"jt":0,"jf":1,"k":2048},"#,
        r#""expression":"arp","#,
        r#""options":{"snaplen":96,"optimize":true,"netmask":"255.0.0.0"},"#,
        r#""plain":[{"code":6,"jt":0,"jf":0,"k":1}],"#,
        r#"{"secs":1,"nanos":5,"caplen":3,"wire_len":1514}"#,
        r#"{"header":{"secs":1,"nanos":5,"caplen":3,"wire_len":3},"data":[0,127,255]}"#,
        r#"{"received":1,"dropped":0,"if_dropped":0,"discarded":7}"#,
        r#"{"secs":-1,"nanos":5}"#,
        r#""02:00:5e:00:00:ff""#,
        r#""src 10.0.0.0/8""#,
        r#""6000-6063""#,
        r#""[::1]:80""#,
        r#""Micro""#,
        "4294967295",
        "-1",
        "0",
        "null",
        "{",
        "}",
        ",",
        "\"",
    ];
    text((data, size, max_size), seed, 1, &WORDS)
}
