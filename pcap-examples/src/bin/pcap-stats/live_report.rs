//! Reports the counts of a running capture: on SIGUSR1, on the terminal, and at its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::progress::StatusLine;
use pcap_examples::traffic::Totals;
use pcap_examples::{counted, signals, stderr};

/// How long to wait until the threads of broken captures have reported.
const REPORT_PAUSE: Duration = Duration::from_millis(150);
/// How often the program checks whether the capture has ended while it shows the status line.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The counts of the devices, which their threads set several times per second.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveReport(Arc<Mutex<Vec<(Totals, InterfaceCounts)>>>);

impl LiveReport {
    pub(crate) fn new(devices: usize) -> LiveReport {
        LiveReport(Arc::new(Mutex::new(vec![Default::default(); devices])))
    }

    /// Sets the counts of a device.
    pub(crate) fn set(&self, device: usize, totals: Totals, interface: &InterfaceCounts) {
        self.lock()[device] = (totals, interface.clone());
    }

    /// Prints the counts on SIGUSR1. Packets may wait in the kernel's buffer for up to `timeout`.
    pub(crate) fn answer_signals(&self, captures: Vec<BreakHandle>, timeout: Duration) {
        let report = self.clone();
        signals::on_report(move || {
            thread::sleep(timeout);
            captures.iter().for_each(BreakHandle::breakloop);
            thread::sleep(REPORT_PAUSE);
            report.print();
        });
    }

    /// Shows a status line until all threads have ended.
    pub(crate) fn show_until_end<T>(
        &self,
        line: &mut StatusLine,
        threads: &[ScopedJoinHandle<'_, T>],
    ) {
        while !threads.iter().all(ScopedJoinHandle::is_finished) {
            thread::sleep(POLL_INTERVAL);
            let now = Instant::now();
            if line.is_due(now) {
                let (totals, interface) = self.sum();
                line.show(now, totals.packets, totals.bytes, interface.lost());
            }
        }
        line.clear();
    }

    /// Prints how many packets were captured and lost.
    pub(crate) fn print(&self) {
        let (totals, total) = self.sum();
        let (packets, bytes) = (
            counted::packets(totals.packets),
            counted::bytes(totals.bytes),
        );
        stderr::print_line(format_args!("{packets} captured, {bytes}"));
        if total.stats.is_some() {
            stderr::print_line(&total);
        }
        let devices = self.lock();
        if devices.len() > 1 {
            for (_, interface) in devices.iter().filter(|(_, one)| one.stats.is_some()) {
                stderr::print_line(format_args!("{}: {interface}", interface.name));
            }
        }
    }

    /// Returns sentences about packets that are missing in the counts.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let devices = self.lock();
        let lost = devices.iter().filter(|(_, interface)| interface.lost() > 0);
        lost.map(|(_, interface)| {
            let packets = counted::packets(interface.lost());
            format!(
                "{packets} of {} were dropped before they were counted.",
                interface.name
            )
        })
        .collect()
    }

    fn sum(&self) -> (Totals, InterfaceCounts) {
        let mut sum = (Totals::default(), InterfaceCounts::default());
        for (totals, interface) in self.lock().iter() {
            sum.0 += *totals;
            sum.1.add(interface);
        }
        sum
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Totals, InterfaceCounts)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
