//! Where the packets of a capture go: printed lines, savefiles, and further outputs.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pcap_core::pcapng::Section;
use pcap_core::{Active, Capture, Device, Packet, SavefileFormat, Stats};
use pcap_examples::background_writer::{BackgroundWriter, Totals, WrittenTotals};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::format_dumper::SavefileHead;
use pcap_examples::interface_names::InterfaceNames;
use pcap_examples::options::device::ChosenDevice;
use pcap_examples::output_format::OutputFormat;
use pcap_examples::packet_line::PacketLines;
use pcap_examples::packet_printer::PacketPrinter;
use pcap_examples::packet_sink::PacketSink;
use pcap_examples::rotation::names::insert_number;
use pcap_examples::rotation::{Output, Rotation};
use pcap_examples::savefile_writer::Buffering;
use pcap_examples::statistics::OutputCounts;

use crate::also::{self, Also};
use crate::args::{Args, NAME};
use crate::source;

/// The outputs of a capture, or of one of its threads.
pub(crate) struct Outputs {
    main: PacketSink,
    also: Vec<Also>,
}

/// What the outputs are created for: the devices with their captures, and the number of the thread, from 1.
pub(crate) struct Purpose<'a> {
    pub(crate) devices: &'a [ChosenDevice],
    pub(crate) captures: &'a [Capture<Active>],
    /// `None` if there is only one thread.
    pub(crate) thread: Option<u64>,
    /// How the savefile of -w changes.
    pub(crate) rotation: &'a Rotation,
    /// The formatter of packet lines. Copies of it share the numbers of packets.
    pub(crate) lines: &'a PacketLines,
}

impl Outputs {
    /// Creates the outputs. Each thread writes its own savefiles. Creates none if another one cannot be created.
    pub(crate) fn create(args: &Args, purpose: &Purpose<'_>) -> Outcome<Outputs> {
        let known = Device::list().unwrap_or_default();
        let prepare = |path: &Path| PreparedSavefile::new(args, path, purpose, &known);
        let savefile = args.write.as_deref().map(prepare).transpose()?;
        let prepared = args.also.iter().map(|arg| {
            let filters = purpose.captures.iter().zip(purpose.devices);
            let filters = filters.map(|(capture, device)| {
                also::compile(capture, &arg.expression, device.compile_options)
            });
            let filters = filters.collect::<Outcome<Vec<_>>>()?;
            Ok((arg, filters, prepare(&arg.path)?))
        });
        let prepared = prepared.collect::<Outcome<Vec<_>>>()?;

        let create =
            |savefile: PreparedSavefile, rotation: Rotation| savefile.create(args, rotation);
        let savefile = savefile.map(|savefile| create(savefile, purpose.rotation.clone()));
        let savefile = savefile.transpose()?;
        let printer = args.is_printing().then(|| printer(args, purpose));
        let main = PacketSink::new(printer, savefile)
            .output(args.display.output().line_buffered(args.packet_buffered));
        let also = prepared.into_iter().map(|(arg, filters, savefile)| {
            let path = savefile.path.clone();
            let output = create(savefile, purpose.rotation.of_further_output())?;
            Ok(Also::new(arg, &path, filters, output))
        });
        let also = also.collect::<Outcome<Vec<_>>>()?;
        Ok(Outputs { main, also })
    }

    /// Writes and prints a packet of the interface with this number. After an error, only counts packets.
    #[inline]
    pub(crate) fn write(&mut self, interface: usize, packet: Packet<'_>) -> Outcome {
        let written = self.main.write(interface, packet);
        // The capture ends with the first output.
        if !matches!(written, Ok(false)) {
            for also in &mut self.also {
                also.write(interface, packet);
            }
        }
        written.map(drop)
    }

    /// Returns an output whose queue is full, if there is one.
    #[inline]
    pub(crate) fn full(&self) -> Option<&BackgroundWriter> {
        let also = self.also.iter().filter_map(Also::background_writer);
        let mut all = self.main.background_writers().chain(also);
        all.find(|output| !output.has_room())
    }

    pub(crate) fn tick(&mut self, now: Instant) -> Outcome {
        self.also.iter_mut().for_each(|also| also.tick(now));
        self.main.tick(now)
    }

    pub(crate) fn flush_dumper(&mut self) -> Outcome {
        self.also.iter_mut().for_each(Also::flush_dumper);
        self.main.flush_dumper()
    }

    pub(crate) fn request_flush(&mut self) -> Outcome {
        self.also.iter_mut().for_each(Also::request_flush);
        self.main.request_flush()
    }

    pub(crate) fn set_statistics(&mut self, interface: usize, stats: Stats) {
        for also in &mut self.also {
            also.set_statistics(interface, stats);
        }
        self.main.set_statistics(interface, stats);
    }

    pub(crate) fn close(&mut self) -> Outcome {
        let mut outcome = self.main.close();
        for also in &mut self.also {
            outcome = exit::both(outcome, also.close());
        }
        outcome
    }

    /// Returns whether the savefiles are complete, so that the capture must end.
    pub(crate) fn must_end(&self) -> bool {
        self.main.must_end() || self.also.iter().any(Also::must_end)
    }

    pub(crate) fn has_failed_before_end(&self) -> bool {
        self.main.has_failed_before_end()
    }

    pub(crate) fn received(&self) -> Totals {
        self.main.received()
    }

    pub(crate) fn written(&self) -> WrittenTotals {
        self.main.written()
    }

    pub(crate) fn counts(&self) -> Vec<OutputCounts> {
        self.also.iter().map(Also::counts).collect()
    }

    /// Returns the path of the current savefile.
    pub(crate) fn current_path(&self) -> Option<&Path> {
        self.main.savefile().and_then(Output::current_path)
    }
}

/// What is known of a savefile before it is created.
struct PreparedSavefile {
    path: PathBuf,
    format: OutputFormat,
    head: SavefileHead,
}

impl PreparedSavefile {
    fn new(args: &Args, path: &Path, purpose: &Purpose<'_>, known: &[Device]) -> Outcome<Self> {
        let path = match purpose.thread {
            Some(number) => insert_number(path, number),
            None => path.to_owned(),
        };
        let format = OutputFormat::of_path(&path)?
            .with(args.format)
            .for_capture();
        // Only pcapng can hold interfaces.
        let default = match purpose.captures {
            [_] => SavefileFormat::Pcap,
            _ => SavefileFormat::Pcapng,
        };
        let head = match format.format_for(default) {
            SavefileFormat::Pcapng => {
                let sources = purpose.devices.iter().zip(purpose.captures);
                let interfaces =
                    sources.map(|(device, capture)| source::interface(device, capture, known));
                let application = format!("{NAME} {}", env!("CARGO_PKG_VERSION"));
                let section = Section::new()
                    .with_os(source::operating_system())
                    .with_application(application);
                SavefileHead::pcapng(section, interfaces.collect())
            }
            _ => classic_head(&path, purpose)?,
        };
        Ok(PreparedSavefile { path, format, head })
    }

    fn create(self, args: &Args, rotation: Rotation) -> Outcome<Output> {
        let mut savefile = Output::create(&self.path, self.format, self.head, rotation)?;
        if args.packet_buffered {
            savefile.set_buffering(Buffering::None);
        }
        Ok(savefile)
    }
}

/// Returns the head of a classic savefile, which has one link type and the largest snaplen.
fn classic_head(path: &Path, purpose: &Purpose<'_>) -> Outcome<SavefileHead> {
    let mut captures = purpose.captures.iter();
    let first = captures.next().map(|capture| capture.datalink());
    for capture in captures {
        if Some(capture.datalink()) != first {
            let (path, name) = (path.display(), capture.name());
            let (found, expected) = (capture.datalink(), first.unwrap_or(capture.datalink()));
            return Err(Failure::Text(format!(
                "cannot write `{path}`: expected the link type {expected} for all devices, found \
                 {found} for `{name}`; a name that ends in `.pcapng` means a savefile for several \
                 link types"
            )));
        }
    }
    let longest = purpose
        .captures
        .iter()
        .max_by_key(|capture| capture.snaplen());
    match longest {
        Some(capture) => SavefileHead::pcap(capture),
        None => Err(Failure::Text("cannot capture without a device".to_owned())),
    }
}

/// Creates the printer for packets. The lines contain the interface if there are several.
fn printer(args: &Args, purpose: &Purpose<'_>) -> PacketPrinter {
    let mut names = InterfaceNames::of_this_system();
    if let [_, _, ..] = purpose.devices {
        let sources = purpose.devices.iter();
        names = names.with_sources(sources.map(|device| device.display_name().into()).collect());
    }
    let linktypes = purpose
        .captures
        .iter()
        .map(|capture| capture.datalink())
        .collect();
    PacketPrinter::new(args.form(), &purpose.captures[0])
        .linktypes(linktypes)
        .lines(purpose.lines.clone())
        .json_fields(args.json.packet_fields())
        .interfaces(names)
}
