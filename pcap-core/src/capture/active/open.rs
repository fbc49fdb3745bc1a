//! Opens a device for capturing.

use std::time::Duration;

use crate::capture::active::counting::Sampling;
use crate::capture::active::filtering::NotSet;
use crate::capture::active::send_state::SendState;
use crate::capture::active::setup::{Checked, Created};
use crate::capture::active::socket_filter::SocketFilter;
use crate::capture::active::{Active, dry_run, netfilter, netmask};
use crate::capture::live::LiveHandle;
use crate::capture::options::{self, Lengths, Options};
use crate::capture::wait::Waiting;
use crate::device::DeviceName;
use crate::direction::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::handle::{Clock, Handle};
use crate::linktype::Dlt;
use crate::sys::linux::packet_socket;
use crate::sys::{self, platform};
use crate::timestamp::Precision;
use crate::warning::{Warning, WarningKind};

impl Active {
    /// Opens a device. With `best_effort`, an option that fails on the open device is skipped with a warning.
    pub(crate) fn open(
        device: &DeviceName,
        options: &Options,
        best_effort: bool,
    ) -> Result<Active> {
        let is_interface = packet_socket::is_interface(&device.to_cstring()?);
        let lengths = |whole| Lengths::new(options, is_interface, whole);
        if is_interface && !best_effort {
            dry_run::check(device, options)?;
        }
        let open = |lengths| Active::open_with(device, options, lengths, best_effort);
        let opened = match open(lengths(false)) {
            // Only the open device reveals this.
            Err(NotSet::TooShort(_)) if lengths(true) != lengths(false) => open(lengths(true)),
            opened => opened,
        };
        Ok(opened?)
    }

    fn open_with(
        device: &DeviceName,
        options: &Options,
        lengths: Lengths,
        best_effort: bool,
    ) -> Result<Active, NotSet> {
        let checked = Checked::new(options, lengths, &device.to_text())?;
        if !best_effort {
            netfilter::check(&device.to_text(), options)?;
        }
        let created = Created::new(device)?;
        let precision = created.apply(options, &checked)?;
        let wake = platform::Wake::new().map_err(|e| Error::io("activate", device.to_text(), e))?;
        let (pcap, warning) = created.activate(options)?;
        let clock = Clock::of(precision);
        // SAFETY: the handle is open and activated, and nothing else uses it.
        let handle =
            unsafe { Handle::new(pcap, Some(wake), clock, device.to_text(), options.rfmon) };
        let mut active = Active::new(handle, precision, options.timeout);
        if let Some(warning) = warning {
            active.live.warnings.insert(0, warning);
        }
        active.live.requested = Some((options.timeout, options.promisc));
        active.live.nonblock = options.nonblock;
        active.immediate = options.immediate_mode;
        active.adopt_socket(lengths)?;
        active.netmask = netmask(device);
        if let Some(datalink) = options.datalink {
            let done = active.set_datalink(datalink);
            active.warn_of(done, best_effort)?;
        }
        if options.direction != Direction::InOut {
            let done = active.set_direction(options.direction);
            active.warn_of(done, best_effort)?;
        }
        if options.qdisc_bypass {
            let done = active.bypass_qdisc();
            active.warn_of(done, best_effort)?;
        }
        let done = match &options.filter {
            Some(filter) => match active.install(filter.clone()) {
                Err(NotSet::TooShort(error)) if lengths.captured < options::whole(true) => {
                    return Err(NotSet::TooShort(error));
                }
                done => done.map_err(Error::from),
            },
            None => Ok(()),
        };
        active.warn_of(done, best_effort)?;
        if active.set.is_none() {
            active.install_none()?;
        }
        active.bind_socket(options.protocol.unwrap_or(packet_socket::ALL))?;
        Ok(active)
    }

    /// Takes control of which packets enter the buffer, if libpcap captures through a packet socket. The socket has
    /// received nothing so far, and receives nothing until [`bind_socket`](Self::bind_socket).
    fn adopt_socket(&mut self, lengths: Lengths) -> Result<()> {
        let description = match self.fileno() {
            Some(socket) => packet_socket::describe(socket)
                .map_err(|e| Error::io("activate", self.live.handle.name.clone(), e))?,
            None => None,
        };
        let Some(description) = description else {
            self.live.handle.clock.longest = lengths.delivered;
            return Ok(());
        };
        // No packet socket has this link type. Before 1.10.5, libpcap ignores some errors while it determines the type,
        // which then stays 0.
        if self.live.handle.datalink() == Dlt::NULL {
            let why = self.live.warnings.first().map_or("", Warning::text);
            let text = format!("libpcap has not determined the link type: {why}");
            let name = self.live.handle.name.clone();
            return Err(Error::cannot(ErrorKind::Other, "activate", name, text));
        }
        // libpcap requires space for one byte after the longest cooked header.
        const LEAST_COOKED: u32 = 21;
        let snaplen = match description.cooked {
            true => lengths.delivered.max(LEAST_COOKED),
            false => lengths.delivered,
        };
        let captured = self.live.handle.captured();
        self.live.handle.snaplen = Some(snaplen);
        self.live.handle.clock.longest = snaplen;
        self.socket_filter = Some(SocketFilter::new(description, snaplen, captured));
        Ok(())
    }

    /// Turns the error of an option into a warning, if the capture may ignore the option.
    fn warn_of(&mut self, done: Result<()>, best_effort: bool) -> Result<()> {
        match done {
            Err(error) if best_effort => {
                let warning = Warning::new(WarningKind::OptionSkipped, error.to_string());
                self.live.warnings.push(warning);
                Ok(())
            }
            other => other,
        }
    }

    /// Makes an activated handle non-blocking, and determines how it waits.
    pub(super) fn new(mut handle: Handle, precision: Precision, timeout: Duration) -> Active {
        let mut warning = None;
        let mut errbuf = sys::ErrBuf::new();
        // SAFETY: the handle is open and activated.
        let status = unsafe { sys::pcap_setnonblock(handle.as_ptr(), 1, errbuf.as_mut_ptr()) };
        let waiting = if status < 0 {
            // D-Bus captures, for example, wait inside libpcap.
            warning = Some(Warning::new(WarningKind::OnlyBlocking, errbuf.text()));
            // D-Bus checks for a break ten times a second, after each wait. Others check before they read, and would
            // then read nothing.
            handle.waits_briefly = handle.datalink() == Dlt::DBUS;
            match handle.waits_briefly {
                true => Waiting::Briefly,
                false => Waiting::InLibpcap,
            }
        } else {
            // SAFETY: as above.
            match unsafe { platform::selectable(handle.as_ptr()) } {
                Some(fd) => Waiting::Descriptor(fd),
                None => Waiting::Timer,
            }
        };
        let mut live = LiveHandle::new(handle, waiting, precision, timeout);
        if let Some(warning) = warning {
            live.warnings.push(warning);
        }
        Active {
            live,
            vanished: None,
            failed: None,
            set: None,
            socket_filter: None,
            immediate: false,
            netmask: None,
            started: false,
            emptied: false,
            sampling: Sampling::new(),
            sending: SendState::default(),
        }
    }
}
