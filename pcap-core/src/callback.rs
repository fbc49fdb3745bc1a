//! The only caller of `pcap_dispatch`. Passes each packet to a closure, counts the packets, stops if the closure
//! requests it, and carries a panic of the closure across libpcap's stack frames.

use std::any::Any;
use std::ffi::c_int;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::handle::{Clock, Handle};
use crate::packet::Packet;
use crate::sys;

/// The maximum number of packets of one dispatch. Under load, an unlimited dispatch would run for seconds, and delay
/// breaks, deadlines and statistics.
pub(crate) const MAX_SLICE: u32 = 1024;

/// The result of one `pcap_dispatch`.
#[derive(Debug)]
pub(crate) struct Dispatched {
    /// The number of packets passed to the closure.
    pub(crate) packets: u32,
    /// Whether the closure requested to stop.
    pub(crate) stopped: bool,
    /// libpcap's status. It may be an error, or a break, after packets were delivered.
    pub(crate) status: c_int,
}

struct Context<'a, F> {
    closure: &'a mut F,
    pcap: *mut sys::pcap_t,
    clock: Clock,
    /// The number of calls for packets; negative once the closure must not be called again.
    calls: i32,
    /// The number of packets passed to the closure until it requested to stop, if it has.
    stopped_after: Option<u32>,
    panic: Option<Box<dyn Any + Send>>,
    /// Whether a message contained less of its packet than it stated.
    #[cfg(feature = "remote")]
    is_short: bool,
}

type Callback = unsafe extern "C" fn(*mut sys::u_char, *const sys::pcap_pkthdr, *const sys::u_char);

/// The status of a dispatch that ended at a message that contains less of its packet than it states.
#[cfg(feature = "remote")]
pub(crate) const SHORT: c_int = c_int::MIN;

/// Runs one `pcap_dispatch` of at most `max` packets, 1 to [`MAX_SLICE`].
///
/// Only the latch decides whether there is a break. If libpcap reports a break without packets while none is pending,
/// the report is about an earlier break, and the dispatch is repeated. If libpcap itself waits in each read, it gets a
/// break beforehand, so that the read ends.
///
/// # Panics
///
/// Resumes a panic of the closure.
#[inline]
pub(crate) fn dispatch<F>(handle: &mut Handle, max: u32, closure: &mut F) -> Dispatched
where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    dispatch_by(handle, max, closure, trampoline::<F>)
}

/// Runs one `pcap_dispatch` of a remote capture, for one packet. libpcap before 1.10.7 delivers a packet whose message
/// contains less of it than it states, with old bytes of its buffer at the end (CVE-2026-18238). This ends with
/// [`SHORT`] instead.
#[cfg(feature = "remote")]
pub(crate) fn dispatch_remote<F>(handle: &mut Handle, closure: &mut F) -> Dispatched
where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    match handle.checks_messages {
        true => dispatch_by(handle, 1, closure, whole_message::<F>),
        false => dispatch(handle, 1, closure),
    }
}

#[inline]
fn dispatch_by<F>(handle: &mut Handle, max: u32, closure: &mut F, callback: Callback) -> Dispatched
where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    if handle.waits_briefly {
        // Makes libpcap end the read at its next check for a break, with or without a packet.
        // SAFETY: the handle is open.
        unsafe { sys::pcap_breakloop(handle.as_ptr()) };
        return dispatch_once(handle, max, closure, callback);
    }
    loop {
        let done = dispatch_once(handle, max, closure, callback);
        let broken = done.status == sys::PCAP_ERROR_BREAK;
        let late = broken && !handle.breaker().is_pending_in_libpcap();
        if !late || done.packets > 0 {
            return done;
        }
    }
}

#[inline]
fn dispatch_once<F>(
    handle: &mut Handle,
    max: u32,
    closure: &mut F,
    callback: Callback,
) -> Dispatched
where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    let mut context = Context {
        closure,
        pcap: handle.as_ptr(),
        clock: handle.clock,
        calls: 0,
        stopped_after: None,
        panic: None,
        #[cfg(feature = "remote")]
        is_short: false,
    };
    let max = max.clamp(1, MAX_SLICE) as c_int;
    let user: *mut Context<'_, F> = &mut context;
    sys::platform::clear_errno();
    // SAFETY: the handle is open and, by `&mut`, ours; the callback is one for this type of
    // closure, and the context outlives the call.
    let status = unsafe { sys::pcap_dispatch(handle.as_ptr(), max, Some(callback), user.cast()) };
    let packets = context.stopped_after.unwrap_or(context.calls as u32);
    handle.handed += u64::from(packets);
    if let Some(panic) = context.panic {
        resume_unwind(panic);
    }
    #[cfg(feature = "remote")]
    let status = if context.is_short { SHORT } else { status };
    Dispatched {
        packets,
        stopped: context.stopped_after.is_some(),
        status,
    }
}

/// Starts a remote capture without reading from it: libpcap starts it in the first read, and
/// notices the pending break before it waits. Returns libpcap's status:
/// [`PCAP_ERROR_BREAK`](sys::PCAP_ERROR_BREAK) if the capture has started.
#[cfg(feature = "remote")]
pub(crate) fn start(handle: &mut Handle) -> c_int {
    unsafe extern "C" fn none(
        _: *mut sys::u_char,
        _: *const sys::pcap_pkthdr,
        _: *const sys::u_char,
    ) {
    }
    // SAFETY: the handle is open.
    unsafe { sys::pcap_breakloop(handle.as_ptr()) };
    // SAFETY: the handle is open and, by `&mut`, ours; the callback uses none of its arguments.
    unsafe { sys::pcap_dispatch(handle.as_ptr(), 1, Some(none), std::ptr::null_mut()) }
}

/// Returns the bytes of an empty packet, for which libpcap may pass no pointer.
#[cold]
fn nothing() -> &'static [u8] {
    &[]
}

/// Passes on a packet that has more bytes than it may have.
///
/// # Safety
///
/// As for [`trampoline`], which calls this.
#[cold]
#[inline(never)] // else the common case would have to save registers
unsafe fn truncated<F>(user: *mut sys::u_char, header: &sys::pcap_pkthdr, data: *const sys::u_char)
where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    // SAFETY: as in `trampoline`.
    let context = unsafe { &mut *user.cast::<Context<'_, F>>() };
    context.calls -= 1;
    let mut shorter = *header;
    shorter.caplen = context.clock.longest;
    // SAFETY: the caller's promise, which fewer bytes do not break.
    unsafe { trampoline::<F>(user, &shorter, data) };
}

/// # Safety
///
/// Only libpcap calls this, inside [`dispatch`], with its context and a packet.
unsafe extern "C" fn trampoline<F>(
    user: *mut sys::u_char,
    header: *const sys::pcap_pkthdr,
    data: *const sys::u_char,
) where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    // SAFETY: `dispatch` passed it, and holds no reference to it while libpcap runs.
    let context = unsafe { &mut *user.cast::<Context<'_, F>>() };
    context.calls += 1;
    if context.calls < 0 {
        // On every existing kind of capture, libpcap stops at once after pcap_breakloop. Should a new kind not do so,
        // the closure must not run again.
        return;
    }
    // SAFETY: libpcap passes a valid header.
    let header = unsafe { &*header };
    if header.caplen > context.clock.longest {
        // SAFETY: the caller's promise.
        return unsafe { truncated::<F>(user, header, data) };
    }
    let header = context.clock.header(header);
    let data = if data.is_null() {
        nothing()
    } else {
        // SAFETY: libpcap passes `caplen` bytes, valid during this call; the closure's signature
        // prevents borrows of them from escaping.
        unsafe { std::slice::from_raw_parts(data, header.caplen() as usize) }
    };
    let closure = &mut *context.closure;
    let flow = catch_unwind(AssertUnwindSafe(|| {
        closure(Packet::from_parts(header, data))
    }));
    match flow {
        Ok(ControlFlow::Continue(())) => return,
        Ok(ControlFlow::Break(())) => {}
        Err(panic) => context.panic = Some(panic),
    }
    context.stopped_after = Some(context.calls as u32);
    context.calls = i32::MIN;
    // SAFETY: the handle is open, and this thread is inside its pcap_dispatch.
    unsafe { sys::pcap_breakloop(context.pcap) };
}

/// Passes on a packet of a remote capture, unless its message contains less of it than it states.
///
/// # Safety
///
/// As for [`trampoline`], with a remote capture of libpcap 1.10.0 to 1.10.6.
#[cfg(feature = "remote")]
unsafe extern "C" fn whole_message<F>(
    user: *mut sys::u_char,
    header: *const sys::pcap_pkthdr,
    data: *const sys::u_char,
) where
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    /// The length of a packet's header in a message.
    const HEADER: u32 = 20;
    // In libpcap's buffer, the packet follows this header, and that the message's header, which ends with the length of
    // what follows it, in the native byte order.
    // SAFETY: the buffer begins 28 bytes before the packet.
    let length = unsafe { data.sub(HEADER as usize + 4) };
    // SAFETY: as above.
    let length = unsafe { length.cast::<u32>().read_unaligned() };
    // SAFETY: libpcap passes a valid header.
    let caplen = unsafe { (*header).caplen };
    if length
        .checked_sub(HEADER)
        .is_some_and(|sent| caplen <= sent)
    {
        // SAFETY: the caller's promise.
        return unsafe { trampoline::<F>(user, header, data) };
    }
    // SAFETY: as in `trampoline`.
    unsafe { (*user.cast::<Context<'_, F>>()).is_short = true };
}
