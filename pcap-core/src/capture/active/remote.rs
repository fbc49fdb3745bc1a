//! Reading packets from a device of another host.
//!
//! libpcap's handles for these reject non-blocking mode and report no descriptor; their reads wait with `select`, for
//! half the packet-buffer timeout. So this file determines the socket of the packets when libpcap opens it, at the
//! first read, and polls it before each read: then a read does not wait. If the socket is unknown, reads wait inside
//! libpcap.

use std::ops::ControlFlow;
use std::ptr::NonNull;
use std::time::Duration;

use crate::callback::{self, Dispatched};
use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::active::filtering::{FilterLocation, Set};
use crate::capture::active::vlan::Untagged;
use crate::capture::wait::{Waiter, Waiting};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::handle::{Clock, Handle};
use crate::packet::Packet;
use crate::sys::platform::{self, RawFd};
use crate::sys::{self, Until};
use crate::timestamp::Precision;

/// The maximum number of instructions that a daemon, and the kernel behind it, accepts.
const MOST_INSTRUCTIONS: usize = 4096;

/// The state of a remote capture.
#[derive(Debug)]
pub(crate) struct Remote {
    /// Whether libpcap decrypts: packets may then be available although the socket is not readable.
    tls: bool,
    /// Whether the daemon skips the packets of this capture's own connection.
    leaves_out_own: bool,
    state: State,
    /// Whether the last read found a packet: another one may have been decrypted with it.
    more: bool,
}

#[derive(Debug)]
enum State {
    /// Opened; the daemon starts to capture at the first read.
    Opened,
    Started {
        /// The socket of the packets, if it is known.
        data: Option<RawFd>,
        /// Whether the daemon has an expression that libpcap combined with skipping own packets.
        filters_there: bool,
    },
    /// Over: each call returns this error.
    Broken(Error),
}

impl Remote {
    pub(crate) fn new(tls: bool, leaves_out_own: bool) -> Remote {
        Remote {
            tls,
            leaves_out_own,
            state: State::Opened,
            more: false,
        }
    }

    /// Fails if the capture is over.
    pub(super) fn check(&self) -> Result<()> {
        match &self.state {
            State::Broken(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Returns whether libpcap waits in each read.
    pub(super) fn only_blocks(&self) -> bool {
        matches!(self.state, State::Started { data: None, .. })
    }

    /// Returns whether libpcap may hold a packet that the socket does not report.
    pub(super) fn may_hold_more(&self) -> bool {
        self.tls && self.more
    }

    /// Returns whether to read, after this many packets of the same call.
    fn may_read(&self, handle: &Handle, came: u32) -> Result<bool> {
        let State::Started { data, .. } = self.state else {
            return Ok(false);
        };
        let Some(fd) = data else {
            // A read waits, so do not read while there are packets to deliver.
            return Ok(came == 0);
        };
        if came == 0 && self.may_hold_more() {
            return Ok(true);
        }
        let ready = platform::wait(None, Some((fd, Until::Readable)), Some(Duration::ZERO))
            .map_err(|e| Error::io("wait on", handle.name.clone(), e))?;
        Ok(ready.descriptor)
    }
}

impl Capture<Active> {
    /// Creates a capture from the handle that `pcap_open` opened.
    ///
    /// # Safety
    ///
    /// `pcap` is a remote handle that was not read from, and nobody else's.
    pub(crate) unsafe fn from_remote(
        pcap: NonNull<sys::pcap_t>,
        wake: platform::Wake,
        name: String,
        timeout: Duration,
        remote: Remote,
        secret: String,
    ) -> Capture<Active> {
        let mut clock = Clock::of(Precision::Micro);
        // SAFETY: the handle is open.
        let snaplen = unsafe { sys::pcap_snapshot(pcap.as_ptr()) };
        // libpcap's buffer has this size, and its check lets twenty more bytes through.
        clock.longest = u32::try_from(snaplen).unwrap_or(0);
        // SAFETY: the caller's promise.
        let mut handle = unsafe { Handle::new(pcap, Some(wake), clock, name, false) };
        handle.asks_a_daemon(secret);
        let mut active = Active::new(handle, Precision::Micro, timeout, Vec::new());
        active.remote = Some(remote);
        Capture::new(active)
    }
}

impl Active {
    /// Reads up to `max` packets that are there, one by one: after the last one libpcap would wait for another.
    pub(super) fn dispatch_remote<F>(&mut self, max: u32, closure: &mut F) -> Result<Dispatched>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        self.start_remote()?;
        let mut set = self.set.as_mut().filter(|set| set.by_bytes);
        let mut all = Dispatched {
            packets: 0,
            stopped: false,
            status: 0,
        };
        for came in 0..max {
            let Some(remote) = &mut self.remote else {
                break;
            };
            let breaks = self.handle.breaker().is_pending();
            if breaks || all.stopped || !remote.may_read(&self.handle, came)? {
                break;
            }
            let one = callback::dispatch(&mut self.handle, 1, &mut |packet| {
                if !set.as_mut().is_none_or(|set| set.either_matches(packet)) {
                    return ControlFlow::Continue(());
                }
                all.packets += 1;
                closure(packet)
            });
            remote.more = one.packets > 0;
            all.stopped = one.stopped;
            if one.status < 0 && one.status != sys::PCAP_ERROR_BREAK {
                let text = self.handle.geterr();
                let error = Error::remote("read from", &self.handle.name, &text);
                remote.state = State::Broken(error.clone());
                return Err(error);
            }
            if one.packets == 0 {
                break;
            }
        }
        Ok(all)
    }

    /// Makes the daemon start to capture, unless it has.
    fn start_remote(&mut self) -> Result<()> {
        let Some(remote) = &mut self.remote else {
            return Ok(());
        };
        remote.check()?;
        if !matches!(remote.state, State::Opened) {
            return Ok(());
        }
        if self.set.is_none() {
            // Without a filter libpcap sends one whose length it does not announce.
            self.handle.set_filter(None)?;
        }
        let mut filters_there = false;
        if remote.leaves_out_own {
            // libpcap extends the expression that it compiled last, without a netmask.
            let usable = |f: &&Filter| f.options().netmask.is_none() && fits(f);
            let filter = self.set.as_ref().map(|set| &set.filter).filter(usable);
            let expression = filter.and_then(Filter::expression).unwrap_or("");
            filters_there = !expression.is_empty();
            self.handle
                .compile(expression, false, CompileOptions::new())?;
        }
        let before = platform::sockets::Sockets::now();
        let status = callback::start(&mut self.handle);
        let since = platform::sockets::Sockets::now().since(&before);
        let name = &self.handle.name;
        if status < 0 && status != sys::PCAP_ERROR_BREAK {
            let error = Error::remote("start", name, &self.handle.geterr());
            // libpcap has closed its sockets, and would close their numbers again.
            self.handle.abandon();
            remote.state = State::Broken(error.clone());
            return Err(error);
        }
        // libpcap's `select` would write beyond its set.
        if let Some(socket) = since
            .iter()
            .find(|socket| socket.fd >= platform::sockets::TOO_HIGH)
        {
            let text = format!(
                "too many open files: its socket has descriptor {}, and libpcap only supports descriptors \
                 below {}",
                socket.fd,
                platform::sockets::TOO_HIGH
            );
            let kind = ErrorKind::Unsupported;
            let error = Error::cannot(kind, "start", name.clone(), text);
            remote.state = State::Broken(error.clone());
            return Err(error);
        }
        let data = platform::sockets::only(&since);
        if let Some(fd) = data {
            platform::close_on_exec(fd);
            self.waiter = Waiter::new(Waiting::Descriptor(fd), self.timeout);
        }
        remote.state = State::Started {
            data,
            filters_there,
        };
        Ok(())
    }

    /// Creates the error of an operation that remote captures do not support.
    pub(super) fn not_remote(&self, operation: &'static str, why: &str) -> Error {
        let kind = ErrorKind::Unsupported;
        Error::cannot(kind, operation, self.handle.name.clone(), why)
    }

    /// Installs a filter at the daemon and in this process. Packets on their way were not judged by it, and libpcap
    /// itself creates a filter that skips the capture's own packets.
    pub(super) fn install_remote(&mut self, source: &FilterSource<'_>) -> Result<()> {
        let Some(remote) = &self.remote else {
            return Ok(());
        };
        remote.check()?;
        let filter = self.handle.filter(source, false, None)?;
        let refuse = |why: &str| Err(self.not_remote("set a filter on", why));
        let here = filter.runs_on_bytes();
        if !here && (remote.leaves_out_own || !fits(&filter)) {
            return refuse("it depends on data that is not in the packet");
        }
        match remote.state {
            State::Started { filters_there, .. } if remote.leaves_out_own => {
                if filters_there {
                    return refuse(
                        "a filter replaces the one that excludes this capture's own packets; set it before the first \
                         read, or include the capture's own packets",
                    );
                }
            }
            _ => self.handle.set_filter(fits(&filter).then_some(&filter))?,
        }
        let untagged = Untagged::elsewhere(self.handle.datalink());
        let mut set = Set::new(filter, FilterLocation::Remote, untagged);
        if here {
            self.batch
                .retain_unread(|packet| set.either_matches(packet));
        }
        self.set = Some(set);
        Ok(())
    }
}

/// Returns whether the daemon accepts a filter.
fn fits(filter: &Filter) -> bool {
    filter.instructions().len() <= MOST_INSTRUCTIONS
}
