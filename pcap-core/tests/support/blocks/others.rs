//! Blocks without packets as an input says.

use pcap_core::pcapng::BlockBuf;
use pcap_core::{Stats, Timestamp};

use super::super::choices::Choices;
use super::super::ng::{Block, Opt, code};
use super::frames::{ticks, time};
use super::written::Written;

/// Writes the statistics of an interface.
pub(super) fn statistics(file: &mut Written, choices: &mut Choices<'_>) {
    if file.interfaces.is_empty() {
        return;
    }
    let number = choices.below(file.interfaces.len());
    let (id, interface) = file.interfaces[number].clone();
    let (seconds, nanos) = time(&interface, choices);
    let ticks = ticks(&interface, seconds, nanos);
    let mut stats = Stats::default();
    stats.received = choices.u64();
    stats.dropped = choices.u64();
    stats.if_dropped = choices.u64();
    let time = Timestamp::new(seconds, nanos.into());
    let written = file.dumper.write_statistics(id, time, &stats);
    let Some(ticks) = ticks else {
        assert!(written.is_err());
        return;
    };
    written.expect("good statistics");
    let options = [
        Opt::time(code::ISB_ENDTIME, ticks),
        Opt::u64(code::ISB_IFRECV, stats.received),
        Opt::u64(code::ISB_IFDROP, stats.if_dropped),
        Opt::u64(code::ISB_OSDROP, stats.dropped),
    ];
    let order = file.order;
    file.model(|model| model.block(Block::isb(order, number as u32, ticks).opts(options)));
}

/// Writes another block, made in the byte order of this machine, and converted to that of the section.
pub(super) fn block(file: &mut Written, choices: &mut Choices<'_>) {
    let (order, endian) = (file.order, file.endian());
    let data = choices.bytes(30);
    let number = choices.u32();
    let mut is_open = false;
    let (mut block, mut model) = match choices.below(6) {
        0 => (
            BlockBuf::secrets(number, &data),
            Block::dsb(order, number, &data),
        ),
        1 => {
            let copy = choices.is_so();
            let model = Block::custom(order, copy, number, &data);
            (BlockBuf::custom(number, &data, copy), model)
        }
        2 => {
            let text = choices.text();
            (BlockBuf::journal(text.as_bytes()), Block::journal(&text))
        }
        3 | 4 => {
            let value = [&number.to_be_bytes()[..], b"name\0"].concat();
            let mut model = Block::nrb(order, &[(1, value), (2000, data)]);
            if choices.is_so() {
                // The last record is not required.
                model.body.truncate(model.body.len() - 4);
                is_open = true;
            }
            let block = BlockBuf::with_endian(4, &model.body, endian);
            (block, model)
        }
        _ => {
            let kind = 0x8000_0000 | number;
            let block = BlockBuf::with_endian(kind, &data, endian);
            file.put(&block);
            file.model(|file| file.block(Block::new(kind, data)));
            return;
        }
    };
    if block.options().is_some() && choices.is_so() {
        let text = choices.text();
        if is_open {
            // It is required before options.
            model.body.extend([0; 4]);
        }
        block.add_comment(&text).expect("options");
        model = model.opt(Opt::comment(text));
    }
    let (block, left_out) = block.to_endian(endian).expect("a known block");
    assert!(left_out.is_empty(), "{left_out:?}");
    file.put(&block);
    file.model(|file| file.block(model));
}
