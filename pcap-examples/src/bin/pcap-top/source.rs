//! The sources of packets, as the threads that read them and the one that shows them see them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pcap_core::{BreakHandle, CompileOptions, Dlt, Timestamp};
use pcap_examples::background_writer::Totals;
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::traffic::TrafficLimits;

use crate::counter::Counter;

/// What a source does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It delivers packets.
    Running,
    /// The whole savefile was read.
    AtEnd,
    /// It has failed, for this reason.
    Failed(String),
}

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A device.
    Device,
    /// A savefile that is read to its end.
    Savefile,
    /// A savefile that grows.
    GrowingSavefile,
}

/// What is known of a source.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) state: State,
    /// The packets that were read.
    pub(crate) received: Totals,
    /// The counts of libpcap, if the source is a device.
    pub(crate) interface: Option<InterfaceCounts>,
    /// The filter in effect.
    pub(crate) filter: String,
    /// The link types, for which filters are compiled.
    pub(crate) linktypes: Vec<Dlt>,
    /// Whether it is a savefile that can be read again.
    pub(crate) is_repeatable: bool,
    /// Whether its thread has ended, and answers no requests any more.
    pub(crate) is_closed: bool,
}

impl Status {
    /// Returns the error, if the source has failed.
    pub(crate) fn error(&self) -> Option<&str> {
        match &self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// A change of the filter, and its outcome.
#[derive(Debug, Default)]
struct Edit {
    requested: Option<String>,
    outcome: Option<Result<(), String>>,
}

/// A source of packets.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name of the device, or the path of the savefile.
    pub(crate) name: String,
    pub(crate) counter: Counter,
    /// How to compile filters.
    pub(crate) compile_options: CompileOptions,
    /// Whether it is a device.
    pub(crate) is_device: bool,
    /// Whether it is a device, or a savefile that grows: packets arrive now.
    pub(crate) is_live: bool,
    status: Mutex<Status>,
    edit: Mutex<Edit>,
    is_edited: AtomicBool,
    must_find: AtomicBool,
    must_end: AtomicBool,
    handle: Mutex<Option<BreakHandle>>,
}

impl Source {
    pub(crate) fn new(
        number: usize,
        name: String,
        filter: (&str, CompileOptions),
        kind: Kind,
        limits: TrafficLimits,
    ) -> Arc<Source> {
        Arc::new(Source {
            name,
            counter: Counter::new(number, limits),
            compile_options: filter.1,
            is_device: kind == Kind::Device,
            is_live: kind != Kind::Savefile,
            status: Mutex::new(Status {
                state: State::Running,
                received: Totals::default(),
                interface: None,
                filter: filter.0.to_owned(),
                linktypes: Vec::new(),
                is_repeatable: false,
                is_closed: false,
            }),
            edit: Mutex::default(),
            is_edited: AtomicBool::new(false),
            must_find: AtomicBool::new(false),
            must_end: AtomicBool::new(false),
            handle: Mutex::default(),
        })
    }

    /// Returns what is known of the source.
    pub(crate) fn status(&self) -> Status {
        self.lock_status().clone()
    }

    /// Changes what is known of the source.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock_status());
    }

    fn lock_status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what interrupts the thread that reads.
    pub(crate) fn set_handle(&self, handle: BreakHandle) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        if self.must_end() {
            self.interrupt();
        }
    }

    fn interrupt(&self) {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        handle.iter().for_each(BreakHandle::breakloop);
    }

    /// Makes the thread that reads end.
    pub(crate) fn end(&self) {
        self.must_end.store(true, Ordering::Relaxed);
        self.interrupt();
    }

    /// Returns whether the thread that reads must end.
    #[inline]
    pub(crate) fn must_end(&self) -> bool {
        self.must_end.load(Ordering::Relaxed)
    }

    /// Requests another filter. [`edited`](Self::edited) returns the outcome.
    pub(crate) fn request_filter(&self, expression: &str) {
        let mut edit = self.lock_edit();
        edit.outcome = None;
        edit.requested = Some(expression.to_owned());
        drop(edit);
        self.is_edited.store(true, Ordering::Release);
        self.interrupt();
    }

    /// Returns whether [`take_request`](Self::take_request) has a filter.
    #[inline]
    pub(crate) fn is_edited(&self) -> bool {
        self.is_edited.load(Ordering::Relaxed)
    }

    /// Returns the requested filter, in the thread that reads.
    pub(crate) fn take_request(&self) -> Option<String> {
        match self.is_edited.swap(false, Ordering::Acquire) {
            true => self.lock_edit().requested.take(),
            false => None,
        }
    }

    /// Requests that a savefile that was read to its end is searched for the packets of the wanted conversation.
    pub(crate) fn request_find(&self) {
        self.must_find.store(true, Ordering::Release);
    }

    /// Returns whether the savefile must be searched, once for each request.
    pub(crate) fn take_find(&self) -> bool {
        self.must_find.swap(false, Ordering::Acquire)
    }

    /// Sets the outcome of a request.
    pub(crate) fn answer(&self, expression: &str, outcome: Result<(), String>) {
        if outcome.is_ok() {
            self.update(|status| expression.clone_into(&mut status.filter));
        }
        self.lock_edit().outcome = Some(outcome);
    }

    /// Returns the outcome of the last request, once.
    pub(crate) fn edited(&self) -> Option<Result<(), String>> {
        self.lock_edit().outcome.take()
    }

    fn lock_edit(&self) -> MutexGuard<'_, Edit> {
        self.edit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the current second.
pub(crate) fn current_second() -> i64 {
    Timestamp::now().secs()
}
