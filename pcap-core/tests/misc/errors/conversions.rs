//! Each fallible call under anyhow and in a box.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::time::{Duration, SystemTime};

#[cfg(all(target_os = "linux", feature = "tokio"))]
use pcap_core::Active;
use pcap_core::{
    Capture, CompileOptions, Direction, Dlt, Endpoint, Error, ErrorKind, Filter, FilterTerm, Insn,
    Linktype, MacAddr, Packet, Precision, SavefileFormat, SendQueue, Timestamp, TstampType,
};

use super::{Lonely, ethernet};
#[cfg(target_os = "linux")]
use crate::support;
use crate::support::files;

const IO_NOT_FOUND: ErrorKind = ErrorKind::Io(io::ErrorKind::NotFound);

const UNSUPPORTED: ErrorKind = ErrorKind::Unsupported;

fn no_right_or_no_device(name: &str) -> ErrorKind {
    Capture::from_device(name).activate().unwrap_err().kind()
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user cannot list devices")]
fn calls_without_a_device_under_anyhow() {
    let other = ErrorKind::Io(io::ErrorKind::Other);
    let lonely = || Lonely(Cell::new(1));
    let folder = tempfile::tempdir().unwrap();
    let bad = files::file(folder.path(), "bad", b"no savefile");
    let missing = folder.path().join("no/such/file");

    // Captures.
    let device = no_right_or_no_device("no-such-device");
    fails!(device, Capture::from_device("no-such-device").activate());
    fails!(
        device,
        Capture::from_device("no-such-device").activate_best_effort()
    );
    fails!(
        device,
        Capture::open_live("no-such-device", 0, false, Duration::ZERO)
    );
    fails!(
        ErrorKind::InvalidArgument,
        Capture::from_device("a\0b").tstamp_types()
    );
    fails!(
        ErrorKind::InvalidArgument,
        Capture::from_device("a\0b").can_set_rfmon()
    );
    fails!(ErrorKind::NoSuchDevice, pcap_core::Device::find("a\0b"));
    fails!(IO_NOT_FOUND, Capture::from_file(&missing));
    fails!(ErrorKind::SavefileBad, Capture::from_file(&bad));
    fails!(
        ErrorKind::SavefileBad,
        Capture::from_open_file(File::open(&bad).unwrap())
    );
    fails!(other, Capture::from_reader(lonely()));
    let boxed = || -> Box<dyn Read + Send> { Box::new(lonely()) };
    fails!(other, Capture::from_reader(boxed()));
    let truncated = || {
        let mut bytes = files::pings(3);
        bytes.pop();
        let mut capture = files::try_open(bytes).unwrap();
        assert!(capture.next_packet().is_ok());
        assert!(capture.next_packet().is_ok());
        capture
    };
    let cut = ErrorKind::SavefileTruncated;
    fails!(cut, truncated().next_packet());
    fails!(cut, truncated().advance());
    fails!(cut, truncated().try_next_packet());
    fails!(cut, truncated().next_packet_timeout(Duration::ZERO));
    fails!(cut, truncated().for_each(|_| ()));
    fails!(cut, truncated().for_each_up_to(9, |_| ()));
    fails!(cut, truncated().dispatch_up_to(9, |_| ()));
    fails!(
        cut,
        truncated().try_for_each(|_| std::ops::ControlFlow::<()>::Continue(()))
    );
    fails!(cut, truncated().dispatch(|_| ()));
    fails!(
        cut,
        truncated().try_dispatch(|_| std::ops::ControlFlow::<()>::Continue(()))
    );
    fails!(cut, truncated().packets().next().unwrap());
    fails!(cut, truncated().packets_with(|_| ()).next().unwrap());
    fails!(cut, truncated().into_packets().next().unwrap());
    fails!(cut, truncated().into_packets_with(|_| ()).next().unwrap());
    fails!(UNSUPPORTED, truncated().follow(true));
    fails!(ErrorKind::FilterSyntax, truncated().set_filter("tcp prot"));
    let filter = Filter::compile(Dlt::RAW, "ip").unwrap();
    fails!(ErrorKind::LinktypeMismatch, truncated().set_filter(&filter));

    // Filters.
    let options = CompileOptions::new();
    fails!(
        ErrorKind::FilterSyntax,
        options.compile(Dlt::EN10MB, "tcp prot")
    );
    fails!(
        ErrorKind::FilterSyntax,
        options.compile_for(&ethernet(), "tcp prot")
    );
    fails!(
        ErrorKind::FilterInvalid,
        Filter::from_instructions(Dlt::EN10MB, &[])
    );
    fails!(
        ErrorKind::FilterInvalid,
        Filter::from_listing(Dlt::EN10MB, "rubbish")
    );
    fails!(
        UNSUPPORTED,
        Filter::any_of(Dlt::USB_LINUX, ["1.2.3.4".parse::<FilterTerm>().unwrap()])
    );

    // Texts.
    let argument = ErrorKind::InvalidArgument;
    fails!(argument, "x".parse::<FilterTerm>());
    fails!(argument, "x".parse::<Endpoint>());
    fails!(ErrorKind::FilterInvalid, "x".parse::<Insn>());
    fails!(argument, "x".parse::<Linktype>());
    fails!(argument, "x".parse::<Dlt>());
    fails!(argument, "x".parse::<MacAddr>());
    fails!(argument, "x".parse::<Direction>());
    fails!(argument, "x".parse::<Precision>());
    fails!(argument, "x".parse::<SavefileFormat>());
    fails!(argument, "x".parse::<Timestamp>());
    fails!(argument, Timestamp::from_rfc3339("x"));
    fails!(argument, "x".parse::<TstampType>());
    // Some systems' clocks can represent all times.
    let _ = |time| -> anyhow::Result<SystemTime> { Ok(Timestamp::try_into(time)?) };
    if SystemTime::try_from(Timestamp::new(i64::MIN, 0)).is_err() {
        fails!(argument, SystemTime::try_from(Timestamp::new(i64::MIN, 0)));
    }

    // Savefiles that are written.
    fails!(IO_NOT_FOUND, ethernet().dump(&missing));
    fails!(IO_NOT_FOUND, ethernet().dump_append(&missing));
    fails!(ErrorKind::SavefileTruncated, ethernet().dump_append(&bad));
    let nothing = || Capture::dead(Dlt::new(65_536)).unwrap();
    fails!(
        UNSUPPORTED,
        nothing().dump_open_file(tempfile::tempfile().unwrap())
    );
    fails!(UNSUPPORTED, nothing().dump_to(lonely()));
    fails!(
        argument,
        ethernet()
            .dump_to(Vec::new())
            .unwrap()
            .into_writer::<File>()
    );
    let packet = Packet::new(Timestamp::new(-1, 0), 3, b"abc");
    fails!(
        argument,
        ethernet().dump_to(Vec::new()).unwrap().write(packet)
    );

    fails!(argument, SendQueue::new().push(b""));
    fails!(argument, SendQueue::new().push_all([b""]));
    fails!(IO_NOT_FOUND, pcap_core::lookup::ethers(&missing));
}

#[test]
#[cfg(unix)]
fn failed_writes_under_anyhow() {
    let full = ErrorKind::Io(io::ErrorKind::StorageFull);
    let dumper = || {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let file = io::BufWriter::new(file);
        let mut dumper = ethernet().dump_to(file).unwrap();
        dumper.write_now(b"abc").unwrap();
        dumper
    };
    fails!(full, dumper().flush());
    fails!(full, dumper().close());
    fails!(full, dumper().into_writer::<io::BufWriter<File>>());
}

#[test]
fn pcapng_works_under_anyhow() {
    use pcap_core::pcapng::{Interface, PcapngDumper, Section};
    let argument = ErrorKind::InvalidArgument;
    let nul = || Section::new().with_os("a\0b");
    let dumper = || PcapngDumper::new(Vec::new());
    let missing = "/no/such/folder/a.pcapng";
    fails!(IO_NOT_FOUND, PcapngDumper::create(missing));
    fails!(argument, nul().dump(missing));
    let file = || tempfile::tempfile().unwrap();
    fails!(argument, nul().dump_open_file(file()));
    fails!(argument, nul().dump_to(Lonely(Cell::new(1))));
    let interface = Interface::new(Linktype::ETHERNET);
    let foreign = dumper().add_interface(&interface).unwrap();
    fails!(
        argument,
        dumper().add_interface(&interface.clone().with_name("\0"))
    );
    fails!(
        argument,
        dumper().write(foreign, Packet::whole(Timestamp::now(), b"abc"))
    );
    let packet = Packet::new(Timestamp::EPOCH, 3, b"abc");
    fails!(argument, dumper().write(foreign, packet));
    let record = pcap_core::pcapng::Record::new(packet);
    fails!(argument, dumper().write_record(foreign, &record));
    let stats = pcap_core::Stats::default();
    fails!(argument, dumper().write_statistics(foreign, None, &stats));
    fails!(argument, dumper().into_writer::<File>());
}

#[test]
#[cfg(feature = "remote")]
fn remote_sources_under_anyhow() {
    use pcap_core::remote::Source;
    let long = || "x".repeat(2000);
    let refused = Source::local(long()).unwrap_err().kind();
    fails!(refused, Source::local(long()));
    fails!(refused, Source::file(long()));
    fails!(refused, Source::remote("host", None, long()));
    fails!(refused, Source::local("a").unwrap().with_device(long()));
    fails!(
        refused,
        format!("rpcap://host/{}", long()).parse::<Source>()
    );
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
#[cfg(feature = "tokio")]
fn awaiting_works_under_anyhow() {
    let ended = || {
        let mut bytes = files::pings(1);
        bytes.pop();
        files::try_open(bytes).unwrap().into_tokio().unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let cut = ErrorKind::SavefileTruncated;
    fails!(cut, runtime.block_on(ended().next_packet()));
    fails!(cut, runtime.block_on(ended().advance()));
    // It compiles, and is returned: a live capture outside of a runtime.
    #[cfg(target_os = "linux")]
    if let Some(_net) = support::Netns::new() {
        let lo = || Capture::from_device("any").activate().unwrap();
        fails!(ErrorKind::Io(io::ErrorKind::Other), lo().into_tokio());
        let error = lo().into_tokio().unwrap_err();
        assert!(error.take::<Capture<Active>>().is_some());
    }
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
#[cfg(target_os = "linux")]
fn calls_with_a_device_under_anyhow() {
    use pcap_core::os::linux::{Fanout, FanoutMode, SenderExt, SocketFilterExt};
    let Some(_net) = support::Netns::new() else {
        return;
    };
    let any = || Capture::from_device("any").activate().unwrap();
    let other = any().inject(&[0; 60]).unwrap_err().kind();
    fails!(other, any().inject(&[0; 60]));
    let mut queue = SendQueue::new();
    queue.push(&[0; 60]).unwrap();
    fails!(other, any().inject_queue(&queue));
    fails!(other, any().inject_queue_range(&queue, ..));
    fails!(
        ErrorKind::InvalidArgument,
        any().inject_queue_range(&queue, 7..)
    );
    fails!(UNSUPPORTED, any().sender());
    fails!(ErrorKind::FilterSyntax, any().set_filter("tcp prot"));
    fails!(
        any().set_datalink(Dlt::USB_LINUX).unwrap_err().kind(),
        any().set_datalink(Dlt::USB_LINUX)
    );

    let group = || {
        Fanout::new(FanoutMode::Hash)
            .activate(&Capture::from_device("lo"), 2)
            .unwrap()
    };
    let options = Capture::from_device("lo");
    fails!(
        ErrorKind::InvalidArgument,
        Fanout::new(FanoutMode::Hash).activate(&options, 0)
    );
    let syntax = ErrorKind::FilterSyntax;
    fails!(
        syntax,
        group().for_each(|_, capture| capture.set_filter("tcp prot"))
    );
    fails!(
        syntax,
        group()
            .run(|_, capture| capture.set_filter("tcp prot"))
            .into_result()
    );
    // A closure may return other errors, not only those of the standard library.
    let failed = || -> anyhow::Result<()> {
        group().for_each(|_, capture| -> anyhow::Result<()> {
            capture.set_filter("tcp prot")?;
            Ok(())
        })?;
        Ok(())
    };
    let error = failed().unwrap_err();
    assert_eq!(error.downcast_ref::<Error>().unwrap().kind(), syntax);

    let filter = Filter::compile(Dlt::RAW, "ip").unwrap();
    let no_socket = || tempfile::tempfile().unwrap();
    let kind = no_socket().attach_filter(&filter).unwrap_err().kind();
    fails!(kind, no_socket().attach_filter(&filter));
}
