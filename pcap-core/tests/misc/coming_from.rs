//! The pages for users of other bindings: each item they link to is used here, in the stated phase and with the stated
//! arguments. What needs a device is only compiled.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use pcap_core::pcapng::{PcapngDumper, Reader};
use pcap_core::{
    Activated, Active, Address, AnyCapture, BreakHandle, Capture, CompileOptions, CookedHeader,
    Device, DeviceAddress, Direction, Dlt, Done, Dumper, End, Error, ErrorKind, Filter, Inactive,
    Insn, Linktype, MacAddr, Next, Offline, Packet, PacketOwned, Precision, Readable, Result,
    SavefileFormat, SendQueue, Stats, Stop, Timestamp, TstampType, Version, WarningKind,
};

/// Options before activation.
#[allow(dead_code)]
fn options() -> Result<Capture<Inactive>> {
    let device = Device::default_device()?;
    let capture: Capture<Inactive> = Capture::from_device(&device);
    let capture = capture.snaplen(0).promisc(true).rfmon(false);
    let capture = capture.timeout(Duration::from_millis(100)).nonblock(false);
    let capture = capture.immediate_mode(true).buffer_size(1 << 20);
    let capture = capture.precision(Precision::Nano).filter("tcp");
    let capture = capture.direction(Direction::In).datalink(Dlt::EN10MB);
    let clocks: Vec<TstampType> = capture.tstamp_types()?;
    let named: Option<TstampType> = TstampType::from_name("adapter");
    let _: bool = capture.can_set_rfmon()?;
    let clock = named.or(clocks.first().copied()).expect("a clock");
    Ok(capture.tstamp_type(clock))
}

/// Uses an active capture, from activation to closing.
#[allow(dead_code)]
fn live() -> Result<()> {
    let options = options()?;
    let mut capture: Capture<Active> = options.activate()?;
    let _: Capture<Active> = options.activate_best_effort()?;
    let _: Capture<Active> = Capture::open_live("eth0", 0, true, Duration::ZERO)?;
    for warning in capture.warnings() {
        assert_ne!(warning.kind(), WarningKind::OnlyBlocking);
    }
    let handle: BreakHandle = capture.break_handle();
    handle.breakloop();
    capture.set_nonblock(true);
    capture.set_filter("udp")?;
    capture.set_filter(("udp", CompileOptions::new().optimize(false)))?;
    capture.set_direction(Direction::InOut)?;
    capture.set_datalink(Dlt::EN10MB)?;
    let _: (bool, Vec<Dlt>) = (capture.is_nonblock(), capture.datalinks()?);
    let _: (Option<Duration>, Option<bool>) = (capture.timeout(), capture.is_promisc());
    let _ = (capture.selectable_fd(), capture.required_select_timeout());
    let _: usize = capture.inject(&[0xff; 60])?;
    let mut queue = SendQueue::new();
    queue.push(&[0xff; 60])?;
    let _: usize = capture.inject_queue(&queue)?;
    let Stats {
        received,
        dropped,
        if_dropped,
        ..
    } = capture.stats()?;
    let _: (u64, u64, u64) = (received, dropped, if_dropped);
    let any: AnyCapture = capture.into();
    let _: (Option<&Capture<Active>>, Option<Stats>) = (any.as_active(), any.stats()?);
    let _: Stats = options.activate()?.close()?;
    Ok(())
}

/// Writes a savefile of five packets, with each call that writes.
fn write(folder: &Path) -> Result<std::path::PathBuf> {
    let path = folder.join("a.pcap");
    let dead = Capture::dead(Linktype::ETHERNET)?;
    let mut dumper: Dumper = dead.dump(&path)?;
    assert_eq!(
        (dumper.datalink(), dumper.snaplen()),
        (Dlt::EN10MB, 262_144)
    );
    assert_eq!(dumper.name(), path.to_str().unwrap());
    dumper.flush_within(Duration::from_secs(1));
    dumper.write(Packet::new(SystemTime::now(), 1514, &[0; 60]))?;
    let owned = Packet::whole(Timestamp::now(), &[0; 60]).into_owned();
    dumper.write(&owned)?;
    dumper.write_now(&[0; 60])?;
    dumper.flush_if_due()?;
    dumper.flush()?;
    dumper.close()?;
    let mut dumper = dead.dump_append(&path)?;
    dumper.write_now(&[0; 60])?;
    dumper.close()?;
    let mut dumper = dead.dump_append(&path)?;
    dumper.write_now(&[0; 60])?;
    dumper.close()?;
    let micro = Capture::dead_with(Dlt::EN10MB, 65_535, Precision::Micro)?;
    micro
        .dump_open_file(File::create(folder.join("b.pcap")).unwrap())?
        .close()?;
    dead.dump_to(Vec::new())?.close()?;
    let written: Vec<u8> = PcapngDumper::new(Vec::new()).into_writer()?;
    assert!(
        Reader::from_reader(std::io::Cursor::new(written))?
            .next_block()?
            .is_some()
    );
    Ok(path)
}

/// Calls what generic code and [`AnyCapture`] have.
fn generic<S: Readable + Activated>(capture: &Capture<S>) -> Dlt {
    capture.datalink()
}

#[test]
fn savefile_rows_are_true() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path())?;
    let open = || Capture::from_file(&path);

    let mut capture: Capture<Offline> = open()?;
    assert_eq!(generic(&capture), Dlt::EN10MB);
    assert_eq!(
        (capture.linktype(), capture.precision()),
        (Linktype::ETHERNET, Precision::Nano)
    );
    assert_eq!(
        (capture.format_version(), capture.is_swapped()),
        ((2, 4), false)
    );
    assert!(matches!(capture.savefile_format(), SavefileFormat::Pcap));
    assert_eq!(
        (capture.snaplen(), capture.name()),
        (262_144, path.to_str().unwrap())
    );
    capture.mix_linktypes()?;
    let packet = capture.next_packet()?.expect("a packet");
    assert_eq!(
        (packet.caplen(), packet.wire_len(), packet.data().len()),
        (60, 1514, 60)
    );
    assert!(packet.timestamp() > Timestamp::EPOCH);
    let kept: PacketOwned = packet.into_owned();
    assert_eq!(kept.as_ref().len(), 60);
    let Next::Packet(_) = capture.next_packet_timeout(Duration::ZERO)? else {
        panic!("no packet")
    };
    assert!(matches!(
        capture.try_next_packet()?.map(Packet::into_owned),
        Next::Packet(_)
    ));
    let done: Done = capture.dispatch_up_to(1, |_| ())?;
    assert_eq!((done.packets(), done.stop()), (1, Stop::Count));
    assert_eq!(capture.dispatch(|_| ())?.stop(), Stop::End(End::Eof));
    assert_eq!(capture.ended(), Some(End::Eof));
    assert_ne!(Stop::Empty, Stop::End(End::Break));
    // The pitfall: a loop over `Ok` never ends.
    assert!(matches!(capture.next_packet(), Ok(None)));
    assert!(matches!(capture.next_packet(), Ok(None)));
    assert_eq!(capture.try_next_packet()?, Next::End(End::Eof));
    assert_ne!(capture.try_next_packet()?, Next::Timeout);

    assert_eq!(open()?.for_each(|_| ())?.packets(), 5);
    assert_eq!(open()?.for_each_up_to(2, |_| ())?.packets(), 2);
    assert_eq!(open()?.try_for_each(|_| Ok::<(), Error>(()))?.packets(), 5);
    assert_eq!(open()?.packets().count(), 5);
    assert_eq!(open()?.packets_with(|packet| packet.caplen()).count(), 5);
    assert_eq!(open()?.into_packets().count(), 5);
    assert_eq!(
        open()?.into_packets_with(|packet| packet.caplen()).count(),
        5
    );
    assert_eq!(open()?.into_iter().count(), 5);
    assert_eq!(
        Capture::from_open_file(File::open(&path).unwrap())?
            .into_iter()
            .count(),
        5
    );
    assert_eq!(
        Capture::from_reader(File::open(&path).unwrap())?
            .into_iter()
            .count(),
        5
    );

    let any: AnyCapture = open()?.into();
    assert!(any.as_active().is_none() && any.as_savefile().is_some());
    assert_eq!((any.stats()?, generic(&any)), (None, Dlt::EN10MB));
    Ok(())
}

#[test]
fn filter_rows_are_true() -> Result<()> {
    let options = CompileOptions::new()
        .optimize(false)
        .snaplen(96)
        .netmask(Ipv4Addr::new(255, 255, 255, 0));
    let filter: Filter = options.compile(Dlt::EN10MB, "ip broadcast")?;
    assert_eq!(filter.expression(), Some("ip broadcast"));
    let unknown = options.netmask(Ipv4Addr::BROADCAST);
    assert!(unknown.compile(Dlt::EN10MB, "ip broadcast").is_err());
    let filter = Capture::dead(Dlt::RAW)?.compile("udp")?;
    let packet = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17];
    assert_eq!(
        (filter.matches(&packet), filter.run(&packet, 10)),
        (true, 262_144)
    );
    assert!(filter.matches_packet(Packet::whole(Timestamp::EPOCH, &packet)));
    let instructions: &[Insn] = filter.instructions();
    assert_eq!(
        Filter::from_instructions(Dlt::RAW, instructions)?.instructions(),
        instructions
    );
    let count = instructions.len().to_string();
    assert!(filter.to_decimal_listing().starts_with(&count));
    assert!(filter.to_bytecode().starts_with(&format!("{count},")));
    let error = Filter::compile(Linktype::ETHERNET, "tcp prot 80").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert_eq!(
        (error.operation(), error.object()),
        (Some("compile"), Some("tcp prot 80"))
    );
    assert!(error.text().contains("syntax error"));
    let error = Error::new(ErrorKind::Disappeared, "the interface disappeared");
    for other in [
        ErrorKind::Break,
        ErrorKind::FilterTooLong,
        ErrorKind::InterfaceNotUp,
        ErrorKind::InvalidArgument,
        ErrorKind::Io(std::io::ErrorKind::Other),
        ErrorKind::NoSuchDevice,
        ErrorKind::Other,
        ErrorKind::PermissionDenied,
        ErrorKind::RfmonNotSupported,
        ErrorKind::SavefileBad,
        ErrorKind::SavefileTruncated,
    ] {
        assert_ne!(error.kind(), other);
    }
    Ok(())
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user cannot list devices")]
fn rows_of_values_are_true() -> Result<()> {
    // The two numberings of link types.
    assert_eq!(
        (Dlt::from(Linktype::RAW), Linktype::RAW.value()),
        (Dlt::RAW, 101)
    );
    assert_eq!(Dlt::from_name("EN10MB"), Some(Dlt::EN10MB));
    assert_eq!(Dlt::new(1).name().as_deref(), Some("EN10MB"));
    assert!(Dlt::EN10MB.description().is_some());
    // Times.
    let time = Timestamp::from_micros(7, 1);
    assert_eq!((time.secs(), time.subsec_micros()), (7, 1));
    let time = Timestamp::from_secs_f64(time.as_secs_f64()).expect("a time");
    assert_eq!(time.rounded(Precision::Micro), Timestamp::from_micros(7, 1));
    assert_eq!(
        Timestamp::EPOCH.saturating_duration_since(time),
        Duration::ZERO
    );
    // Addresses.
    let mut address = DeviceAddress::new(IpAddr::from([10, 0, 0, 1]));
    address.broadcast = Some(IpAddr::from([10, 0, 0, 255]).into());
    assert_eq!(address.address.ip(), Some(IpAddr::from([10, 0, 0, 1])));
    assert_eq!(Address::from(MacAddr::new([2; 6])).ip(), None);
    let cooked = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0, 0x45];
    let header = CookedHeader::new(Dlt::LINUX_SLL, &cooked).expect("a header");
    assert_eq!(
        (header.protocol(), header.interface_index()),
        (0x0800, None)
    );
    let _: Version = pcap_core::version();
    for device in Device::list()? {
        let found = Device::find(device.name())?;
        let _ = (found.description(), found.index(), found.net_and_mask());
        let _ = (
            found.is_up(),
            found.connection_status(),
            found.mac_address(),
        );
        // The pitfall: hardware addresses are in `addresses`.
        assert!(device.ip_addresses().count() <= device.addresses().len());
    }
    Ok(())
}

/// Returns the last identifier of each link into the crate.
fn links(text: &str) -> Vec<String> {
    let links = text.split("](crate::").skip(1);
    let links = links.map(|rest| rest.split_once(')').expect("a link").0);
    links
        .map(|link| {
            let path = link.trim_end_matches('(');
            let is_path = path
                .bytes()
                .all(|b| b == b'_' || b == b':' || b.is_ascii_alphanumeric());
            assert!(is_path, "`{link}` is no path");
            path.rsplit("::").next().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn each_linked_item_is_used_in_this_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("tests/misc/coming_from.rs")).unwrap();
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let words = code.split(|c: char| c != '_' && !c.is_alphanumeric());
    let mut known: BTreeSet<&str> = words.collect();
    // Pages.
    known.extend(["coming_from", "gopacket", "pcap", "porting"]);
    let docs = root.join("docs");
    let pages = fs::read_dir(docs.join("coming-from")).unwrap();
    let pages = pages.map(|entry| entry.unwrap().path());
    let mut count = 0;
    for page in pages.chain([docs.join("porting.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for name in links(&text) {
            assert!(
                known.contains(name.as_str()),
                "{name} of {}",
                page.display()
            );
            count += 1;
        }
    }
    assert!(count > 300, "{count} links");
    for page in ["libpcap.md", "parity.md", "platforms.md"] {
        links(&fs::read_to_string(docs.join(page)).unwrap());
    }
}
