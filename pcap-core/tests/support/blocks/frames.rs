//! Packets as an input says: written, edited, and as blocks.

use pcap_core::pcapng::{BlockBuf, InterfaceId, PacketFlags, Record};
use pcap_core::{Direction, Packet, Timestamp};

use super::super::choices::Choices;
use super::super::ng::{Frame, Idb, Opt, Order, Value, Verdict, code, epb, pb, spb};
use super::written::Written;

/// Returns the ticks of a time at an interface, if 64 bits count them.
pub(super) fn ticks(interface: &Idb, seconds: i64, nanos: u32) -> Option<u64> {
    let per_second = i128::from(interface.per_second()?);
    let seconds = i128::from(seconds) - i128::from(interface.tsoffset());
    let fraction = i128::from(nanos) * per_second / 1_000_000_000;
    let ticks = seconds.checked_mul(per_second)? + fraction;
    // Seconds before the offset have no ticks, even if the fraction would make up for them.
    (seconds >= 0).then(|| u64::try_from(ticks).ok())?
}

/// Returns a time that an interface may be able to represent.
pub(super) fn time(interface: &Idb, choices: &mut Choices<'_>) -> (i64, u32) {
    let number = choices.u64();
    let per_second = interface.per_second().unwrap_or(1);
    let seconds = (number / per_second) as i64;
    let offset = match choices.below(4) {
        0 => 0,
        _ => interface.tsoffset(),
    };
    (seconds.wrapping_add(offset), choices.u32() % 1_000_000_000)
}

/// Returns an option of a packet.
fn option(choices: &mut Choices<'_>) -> Opt {
    let bytes = choices.bytes(20);
    let number = choices.u64();
    match choices.below(9) {
        0 => Opt::packetid(number),
        1 => Opt::queue(number as u32),
        2 => Opt::hash(number as u8, &bytes),
        3 => Opt::verdict(Verdict::Tc(number)),
        4 => Opt::verdict(Verdict::Xdp(number)),
        5 => Opt::verdict(Verdict::Hardware(bytes)),
        6 => Opt::process(number as u32, (number >> 32) as u32),
        7 => Opt::custom(code::CUSTOM[number as usize % 4], number as u32, &bytes),
        _ => Opt::comment("again"),
    }
}

/// Writes a packet, with or without options.
pub(super) fn record(file: &mut Written, choices: &mut Choices<'_>) {
    if let Some(old) = file.old.last() {
        let packet = Packet::whole(Timestamp::new(0, 0), b"old");
        assert!(file.dumper.write(*old, packet).is_err());
    }
    if file.interfaces.is_empty() {
        return;
    }
    let number = choices.below(file.interfaces.len());
    let (id, interface) = file.interfaces[number].clone();
    let data = choices.bytes(80);
    let (seconds, nanos) = time(&interface, choices);
    let wire_len = choices.u32();
    let packet = Packet::new(Timestamp::new(seconds, nanos.into()), wire_len, &data);
    let mut frame = epb(&data)
        .on(number as u32)
        .len(wire_len.max(data.len() as u32));
    let mut record = Record::new(packet);
    let text = choices.text();
    if choices.is_so() {
        record = record.comment(&text);
        frame = frame.opt(Opt::comment(&text));
    }
    if choices.is_so() {
        let flags = choices.u32();
        record = record
            .flags(PacketFlags::from_bits(flags))
            .direction(Direction::Out);
        frame = frame.opt(Opt::flags(flags & !3 | 2));
    }
    if choices.is_so() {
        let drops = choices.u64();
        record = record.dropped(drops);
        frame = frame.opt(Opt::dropcount(drops));
    }
    let more: Vec<Opt> = (0..choices.below(4)).map(|_| option(choices)).collect();
    let values: Vec<_> = more
        .iter()
        .map(|o| (o.code, o.value.bytes(file.order)))
        .collect();
    let options: Vec<(u16, &[u8])> = values.iter().map(|(c, v)| (*c, &v[..])).collect();
    record = record.options(&options);
    frame = frame.opts(more);
    let ticks = ticks(&interface, seconds, nanos);
    let fits = interface.snaplen == 0 || data.len() <= interface.snaplen as usize;
    let written = file.dumper.write_record(id, &record);
    let Some(ticks) = ticks.filter(|_| fits) else {
        assert!(written.is_err());
        return;
    };
    written.expect("a good packet");
    file.model(|model| model.packet(frame.at(ticks)));
}

/// Returns the block of a frame, as one that can be edited.
fn buffer(frame: &Frame, order: Order, file: &Written) -> BlockBuf {
    let block = frame.block(order);
    let bytes = block.bytes(order);
    let body = &bytes[8..bytes.len() - 4];
    let buffer = BlockBuf::with_endian(block.kind, body, file.endian());
    assert_eq!(buffer.as_raw().bytes(), bytes);
    buffer
}

/// Writes a simple or an obsolete packet.
pub(super) fn block(file: &mut Written, choices: &mut Choices<'_>) {
    let Some((_, first)) = file.interfaces.first() else {
        return;
    };
    let snaplen = match first.snaplen {
        0 => usize::MAX,
        snaplen => snaplen as usize,
    };
    let mut data = choices.bytes(60);
    let frame = if choices.is_so() {
        // A simple packet is cut to the snaplen, and only to that.
        let length = data.len() as u32;
        data.truncate(snaplen);
        spb(&data).len(length)
    } else {
        let number = choices.below(file.interfaces.len());
        let drops = choices.u64() as u16;
        let frame = pb(drops, &data).on(number as u32).at(choices.u64());
        frame.opts((0..choices.below(2)).map(|_| Opt::flags(choices.u32())))
    };
    let block = buffer(&frame, file.order, file);
    file.put(&block);
    file.model(|model| model.packet(frame));
}

/// Returns an identifier that is not that of the file's dumper.
fn foreign(file: &Written) -> Option<InterfaceId> {
    file.old.first().copied()
}

/// Edits a packet's block as the generator's frame is changed, and writes it.
pub(super) fn edited(file: &mut Written, choices: &mut Choices<'_>) {
    if file.interfaces.is_empty() {
        return;
    }
    assert!(foreign(file).is_none_or(|id| file.interfaces.iter().all(|known| known.0 != id)));
    let mut frame = epb(choices.bytes(30)).at(choices.u64());
    frame = frame.opts((0..choices.below(4)).map(|_| option(choices)));
    if choices.is_so() {
        frame = frame.opt(Opt::flags(choices.u32()));
    }
    let mut block = buffer(&frame, file.order, file);
    for _ in 0..choices.below(5) {
        // The option that ends the others stays.
        frame.odd.only_end |= !frame.options.is_empty();
        match choices.below(6) {
            0 => {
                frame.interface = choices.below(file.interfaces.len()) as u32;
                block.set_interface(frame.interface).expect("a packet");
            }
            1 => {
                frame.ticks = choices.u64();
                block.set_ticks(frame.ticks).expect("a packet");
            }
            2 => {
                frame.data = choices.bytes(40);
                frame.len = Some(choices.u32());
                block
                    .set_data(&frame.data, frame.stated_len())
                    .expect("a packet");
                frame.options.retain(|option| option.code != code::HASH);
                let flags = frame
                    .options
                    .iter_mut()
                    .find(|option| option.code == code::FLAGS);
                if let Some(Value::U32(flags)) = flags.map(|option| &mut option.value) {
                    *flags &= !0x7e0;
                }
            }
            3 => {
                let text = choices.text();
                block.add_comment(&text).expect("a packet");
                frame.options.push(Opt::comment(text));
            }
            4 => {
                let code = choices.pick(&[1, 2, 3, 5, 6, 7, 8, 2988]);
                let count = block.remove_options(code);
                let before = frame.options.len();
                frame.options.retain(|option| option.code != code);
                assert_eq!(count, before - frame.options.len());
            }
            _ => set(&mut block, &mut frame, option(choices), file.order),
        }
    }
    let other = match file.endian() {
        pcap_core::pcapng::Endian::Little => pcap_core::pcapng::Endian::Big,
        pcap_core::pcapng::Endian::Big => pcap_core::pcapng::Endian::Little,
    };
    let (swapped, left_out) = block.to_endian(other).expect("a packet");
    let (back, _) = swapped.to_endian(file.endian()).expect("a packet");
    assert_eq!((&back, left_out), (&block, Vec::new()));
    file.put(&block);
    file.model(|model| model.packet(frame));
}

/// Sets an option: in the place of the first one if the length is the same, else at the end.
fn set(block: &mut BlockBuf, frame: &mut Frame, option: Opt, order: Order) {
    let value = option.value.bytes(order);
    block.set_option(option.code, &value).expect("a packet");
    let first = frame
        .options
        .iter()
        .position(|known| known.code == option.code);
    let place = first.filter(|at| frame.options[*at].value.bytes(order).len() == value.len());
    let code = option.code;
    match place {
        Some(at) => {
            let mut number = 0;
            frame.options[at] = option;
            frame.options.retain(|known| {
                number += 1;
                known.code != code || number == at + 1
            });
        }
        None => {
            frame.options.retain(|known| known.code != code);
            frame.options.push(option);
        }
    }
}
