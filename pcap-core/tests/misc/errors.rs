//! The error type: with `?` in programs that return other error types, with the object that is returned, and on the
//! terminal.

#[cfg(target_os = "linux")]
use crate::support;
use crate::support::files;

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[cfg(all(target_os = "linux", feature = "tokio"))]
use pcap_core::Active;
use pcap_core::{
    Capture, CompileOptions, Direction, Dlt, Dumper, Endpoint, Error, ErrorKind, Filter,
    FilterTerm, Insn, Linktype, MacAddr, Packet, SendQueue, Timestamp, TstampType,
};

type Boxed = Box<dyn StdError + Send + Sync>;

/// Checks that an error's line has no control characters, and repeats nothing.
fn check_text(error: &Error) {
    let line = error.to_string();
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}');
    assert!(!line.contains(steers), "{line:?}");
    assert!(!error.text().contains(steers), "{line:?}");
    assert!(!error.text().is_empty(), "{line:?}");
    assert_eq!(line.matches(error.text()).count(), 1, "{line}");
    assert_eq!(format!("{error:?}"), line);
    let parts = format!("{error:#?}");
    assert!(parts.starts_with("Error {\n    kind: "), "{parts}");
}

/// Checks an error as a program gets it that returns these types.
fn check(anyhow: anyhow::Error, boxed: Boxed, kind: ErrorKind) {
    let error = anyhow
        .downcast_ref::<Error>()
        .expect("anyhow cannot downcast it");
    assert_eq!(error.kind(), kind, "{error}");
    check_text(error);
    let line = error.to_string();
    // The whole chain, and what `main` prints.
    assert_eq!(format!("{anyhow:#}"), line);
    let debug = format!("{anyhow:?}");
    assert_eq!(debug.matches(error.text()).count(), 1, "{debug}");

    let error = boxed
        .downcast_ref::<Error>()
        .expect("the box cannot be downcast");
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(format!("{boxed:?}"), line);
    assert_eq!(error.help().is_some(), kind == ErrorKind::PermissionDenied);
}

/// Evaluates an expression with `?` in functions of both types.
macro_rules! fails {
    ($kind:expr, $result:expr) => {{
        let anyhow = || -> anyhow::Result<()> {
            let _ = $result?;
            Ok(())
        };
        let boxed = || -> Result<(), Boxed> {
            let _ = $result?;
            Ok(())
        };
        check(anyhow().unwrap_err(), boxed().unwrap_err(), $kind);
    }};
}

const IO_NOT_FOUND: ErrorKind = ErrorKind::Io(io::ErrorKind::NotFound);
const UNSUPPORTED: ErrorKind = ErrorKind::Unsupported;

fn no_right_or_no_device(name: &str) -> ErrorKind {
    Capture::from_device(name).activate().unwrap_err().kind()
}

fn ethernet() -> Capture<pcap_core::Dead> {
    Capture::dead(Dlt::EN10MB).unwrap()
}

/// A reader and writer that is not `Sync`, and that fails.
struct Lonely(Cell<u32>);

impl Read for Lonely {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the tape is torn"))
    }
}

impl Write for Lonely {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("the tape is torn"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
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
    fails!(cut, truncated().packets().next().unwrap());
    fails!(cut, truncated().packets_with(|_| ()).next().unwrap());
    fails!(cut, truncated().into_packets().next().unwrap());
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
#[cfg(feature = "pcapng")]
fn pcapng_works_under_anyhow() {
    use pcap_core::pcapng::{Interface, PcapngDumper, Section};
    let argument = ErrorKind::InvalidArgument;
    let nul = || Section::new().os("a\0b");
    let dumper = || PcapngDumper::new(Vec::new());
    let missing = "/no/such/folder/a.pcapng";
    fails!(IO_NOT_FOUND, PcapngDumper::create(missing));
    fails!(argument, nul().create(missing));
    let file = || tempfile::tempfile().unwrap();
    fails!(argument, nul().to_open_file(file()));
    fails!(argument, nul().to_writer(Lonely(Cell::new(1))));
    let interface = Interface::new(Linktype::ETHERNET);
    let foreign = dumper().add_interface(&interface).unwrap();
    fails!(
        argument,
        dumper().add_interface(&interface.clone().name("\0"))
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

/// The numbers are in the error, which prints them once.
#[test]
#[cfg(target_os = "linux")]
fn a_queue_that_fails_says_what_was_sent() {
    let Some(net) = support::Netns::new() else {
        return;
    };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut queue = SendQueue::new();
    queue
        .push_all([vec![0xff; 60], vec![0xff; 60], vec![0xff; 3000]])
        .unwrap();
    let send = || -> anyhow::Result<usize> { Ok(left.inject_queue(&queue)?) };
    let error = send().unwrap_err();
    let text = "; 2 packets sent, stopped at packet 2 of the queue";
    assert_eq!(format!("{error:?}").matches(text).count(), 1, "{error:?}");
    let error = error.downcast_ref::<Error>().unwrap();
    let unsent = error.unsent().unwrap();
    assert_eq!(
        (unsent.index(), unsent.packets(), unsent.bytes()),
        (2, 2, 120)
    );
    assert_eq!(unsent.kind(), error.kind());
    assert_eq!(error.to_string(), format!("{}{text}", unsent.error()));
    assert!(unsent.error().unsent().is_none());
}

#[test]
fn an_error_chain_repeats_nothing() {
    #[derive(Debug)]
    struct Torn(io::Error);
    impl fmt::Display for Torn {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the tape is torn")
        }
    }
    impl StdError for Torn {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }
    struct Tape;
    impl Read for Tape {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other(Torn(io::Error::other("a mouse"))))
        }
    }
    let error = anyhow::Error::from(Capture::from_reader(Tape).unwrap_err());
    let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
    assert_eq!(
        chain,
        ["cannot read `the reader`: the tape is torn", "a mouse"]
    );
    // The reader's own error is inside.
    let error = error.downcast_ref::<Error>().unwrap();
    let own = error.io_error().unwrap().get_ref().unwrap();
    assert!(own.is::<Torn>());

    let error = Capture::from_file("/no/such/file").unwrap_err();
    assert!(error.source().is_none());
    assert_eq!(error.io_error().unwrap().kind(), io::ErrorKind::NotFound);
}

#[test]
fn the_object_is_taken_once_and_by_its_type() {
    fn all<T: Send + Sync + Clone + 'static>(_: &T) {}
    let error = Capture::from_reader(Lonely(Cell::new(7))).unwrap_err();
    all(&error);
    assert!(error.take::<File>().is_none());
    let clone = error.clone();
    assert_eq!(clone.take::<Lonely>().unwrap().0.get(), 7);
    assert!(error.take::<Lonely>().is_none() && clone.take::<Lonely>().is_none());

    // Also inside anyhow's error.
    let open = || -> anyhow::Result<()> {
        Capture::from_reader(Lonely(Cell::new(8)))?;
        Ok(())
    };
    let error = open().unwrap_err();
    let reader: Option<Lonely> = error.downcast_ref::<Error>().unwrap().take();
    assert_eq!(reader.unwrap().0.get(), 8);

    let mut dumper = ethernet().dump_to(Vec::new()).unwrap();
    dumper.write_now(b"abc").unwrap();
    let error = dumper.into_writer::<File>().unwrap_err();
    let dumper: Dumper = error.take().unwrap();
    assert_eq!(dumper.into_writer::<Vec<u8>>().unwrap().len(), 24 + 16 + 3);
}

#[test]
fn an_object_not_taken_goes_with_its_error() {
    struct Counted(#[allow(dead_code)] Arc<()>);
    impl Read for Counted {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }
    let count = Arc::new(());
    let error = Capture::from_reader(Counted(Arc::clone(&count))).unwrap_err();
    let clone = error.clone();
    drop(error);
    assert_eq!(Arc::strong_count(&count), 2);
    drop(clone);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn a_program_makes_errors_of_its_own() {
    let error = Error::new(ErrorKind::Disappeared, "the \u{1b}[31minterface\n");
    assert_eq!(error.kind(), ErrorKind::Disappeared);
    assert_eq!(error.to_string(), "the \\u{1b}[31minterface");
    assert_eq!((error.operation(), error.object()), (None, None));
    check_text(&error);
    let error = Error::new(ErrorKind::PermissionDenied, String::from("no"));
    assert_eq!(error.to_string(), format!("no; {}", error.help().unwrap()));
}

/// A `main` that returns the error prints its `Debug` form.
#[test]
fn main_prints_a_line_to_read() {
    let main = || -> Result<(), Box<dyn StdError>> {
        Capture::from_file("/no/such/file")?;
        Ok(())
    };
    let printed = format!("Error: {:?}", main().unwrap_err());
    let start = "Error: cannot open `/no/such/file`: ";
    assert!(printed.starts_with(start), "{printed}");
    assert!(!printed.contains("Error("), "{printed}");
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let hostile = [
        "\u{1b}[2J",
        "\u{1b}]0;title\u{7}",
        "\u{9b}31m",
        "a\nb\r",
        "\u{202e}x",
    ];
    let mut errors = Vec::new();
    for text in hostile {
        let compile = |expression: String| Filter::compile(Dlt::EN10MB, &expression);
        // What libpcap repeats in its message. Names are looked up, so this one must not exist.
        for before in [
            "port \\",
            "ip proto \\",
            "ether proto \\",
            "",
            "udp port ",
            "ether host ",
        ] {
            errors.extend(compile(format!("{before}{text}")).err());
        }
        let name = text.replace('/', "");
        errors.push(Capture::from_device(name.as_str()).activate().unwrap_err());
        errors.push(Capture::from_file(format!("/no/such/{name}")).unwrap_err());
        errors.push(ethernet().dump(format!("/no/such/{name}")).unwrap_err());
        errors.push(text.parse::<FilterTerm>().unwrap_err());
        errors.push(text.parse::<Endpoint>().unwrap_err());
        errors.push(text.parse::<Insn>().unwrap_err());
        errors.push(text.parse::<Linktype>().unwrap_err());
        errors.push(text.parse::<Dlt>().unwrap_err());
        errors.push(text.parse::<MacAddr>().unwrap_err());
        errors.push(text.parse::<Direction>().unwrap_err());
        errors.push(text.parse::<TstampType>().unwrap_err());
        errors.push(Filter::from_listing(Dlt::EN10MB, text).unwrap_err());
        struct Says(String);
        impl Read for Says {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other(self.0.clone()))
            }
        }
        errors.push(Capture::from_reader(Says(text.to_owned())).unwrap_err());
        #[cfg(feature = "remote")]
        errors.extend(text.parse::<pcap_core::remote::Source>().err());
    }
    assert!(errors.len() > 60);
    errors.iter().for_each(check_text);
    // Escaped, not removed; quotes and backslashes are unchanged.
    let error = Filter::compile(Dlt::EN10MB, "port \\\u{1b}[2J");
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("\\\\u{1b}[2J") && text.contains('\''),
        "{text}"
    );
}
