//! Windows: a thread that waits for events, and wakes the task. No event loop there waits for handles of others.

use std::io;
use std::os::windows::io::AsHandle;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::sys::platform::{self, OwnedFd, RawFd, Wake};

/// See the module. The thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct WaitSet {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Has the thread look at the state.
    changed: Wake,
    /// The events, by handles of our own: those they were made from may be closed, and their numbers be others'.
    events: Vec<OwnedFd>,
}

#[derive(Debug, Default)]
struct State {
    /// Whom to wake. Only while there is one are the events waited for.
    waker: Option<Waker>,
    until: Option<Instant>,
    /// What came and was not told yet.
    ready: Option<io::Result<()>>,
    over: bool,
}

impl WaitSet {
    /// Of these handles, which stay the caller's.
    pub(crate) fn new(fds: [Option<RawFd>; 2]) -> io::Result<WaitSet> {
        let own = |fd| {
            // SAFETY: the caller has it open, for this call at least.
            let handle = unsafe { platform::borrow(fd) };
            handle.as_handle().try_clone_to_owned()
        };
        let events: io::Result<Vec<OwnedFd>> = fds.into_iter().flatten().map(own).collect();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Wake::new()?,
            events: events?,
        });
        std::thread::Builder::new()
            .name("pcap-wait".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run()
            })?;
        Ok(WaitSet { shared })
    }

    /// No handle reports here that it is writable: the time has to be set.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn add_writable(&self, _: RawFd) -> io::Result<()> {
        Ok(())
    }

    /// From now on the set is ready when this time has passed, from now; a time that was set before does not count any
    /// more.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn arm(&self, time: Option<Duration>) -> io::Result<()> {
        let mut state = self.shared.state();
        state.until = time.and_then(|time| Instant::now().checked_add(time));
        if state.waker.is_some() {
            self.shared.changed.wake();
        }
        Ok(())
    }

    /// Ready, once, when an event came or the time has passed since it was ready last; until then the task is woken for
    /// it.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.state();
        if let Some(ready) = state.ready.take() {
            return Poll::Ready(ready);
        }
        let older = match &mut state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            waker => waker.replace(cx.waker().clone()),
        };
        drop(state);
        self.shared.changed.wake();
        // Not while the state is locked: what that does is the runtime's affair.
        drop(older);
        Poll::Pending
    }
}

impl Drop for WaitSet {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.shared.state();
            state.over = true;
            state.waker.take()
        };
        // The end of the thread is not waited for: it may be inside a waker, which may want what whoever drops this has
        // locked, or drop this itself.
        self.shared.changed.wake();
        drop(waker);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread does.
    fn run(&self) {
        loop {
            self.changed.drain();
            let (waits, left) = {
                let state = self.state();
                if state.over {
                    return;
                }
                let left = state
                    .until
                    .map(|until| until.saturating_duration_since(Instant::now()));
                (state.waker.is_some(), left)
            };
            let came = match waits {
                true => self.wait(left),
                false => platform::wait(Some(&self.changed), None, None).map(|_| false),
            };
            let told = match came {
                Ok(false) => continue,
                Ok(true) => Ok(()),
                Err(error) => Err(error),
            };
            let failed = told.is_err();
            let waker = {
                let mut state = self.state();
                state.ready = Some(told);
                state.waker.take()
            };
            if let Some(waker) = waker {
                // Who panics there is told of it by the panic's text; the thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
            if failed {
                // Each time that it is asked it is told anew, without a thread that turns in circles.
                let _ = platform::wait(Some(&self.changed), None, None);
            }
        }
    }

    /// Waits for the events, and whether one came or the time is over; false for a change of the state.
    fn wait(&self, left: Option<Duration>) -> io::Result<bool> {
        let descriptors: Vec<RawFd> = self.events.iter().map(platform::raw).collect();
        let ready = platform::wait_many(Some(&self.changed), &descriptors, left)?;
        let over = left.is_some() && !ready.wake;
        Ok(ready.descriptor || over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::task::Wake as TaskWake;

    struct Told(mpsc::Sender<()>);

    impl TaskWake for Told {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    /// Whether a task is woken in that time, or need not wait.
    fn is_told(set: &WaitSet, within: Duration) -> bool {
        let (told, heard) = mpsc::channel();
        let waker = Waker::from(Arc::new(Told(told)));
        let mut cx = Context::from_waker(&waker);
        set.poll(&mut cx).is_ready()
            || heard.recv_timeout(within).is_ok() && set.poll(&mut cx).is_ready()
    }

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn a_task_is_woken_when_one_of_the_events_is_set() {
        for which in 0..2 {
            let events = [Wake::new().unwrap(), Wake::new().unwrap()];
            let set = WaitSet::new([Some(events[0].fd()), Some(events[1].fd())]).unwrap();
            assert!(!is_told(&set, Duration::from_millis(20)));
            events[which].wake();
            assert!(is_told(&set, LONG));
        }
    }

    /// Holds the last of a set, as a waker holds the last of a task whose runtime is gone.
    struct Last(Mutex<Option<WaitSet>>, mpsc::Sender<()>);

    impl TaskWake for Last {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
            self.1.send(()).unwrap();
            panic!("a waker that panics, as it should here");
        }
    }

    #[test]
    fn a_waker_may_drop_the_set_and_panic() {
        let event = Wake::new().unwrap();
        let (told, heard) = mpsc::channel();
        let last = Arc::new(Last(Mutex::default(), told));
        let set = WaitSet::new([Some(event.fd()), None]).unwrap();
        let waker = Waker::from(Arc::clone(&last));
        assert!(set.poll(&mut Context::from_waker(&waker)).is_pending());
        let shared = Arc::downgrade(&set.shared);
        *last.0.lock().unwrap() = Some(set);
        event.wake();
        heard.recv_timeout(LONG).unwrap();
        let end = Instant::now() + LONG;
        while shared.upgrade().is_some() {
            assert!(Instant::now() < end, "the thread is left behind");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_waker_that_panics_is_the_last_of_nothing() {
        let event = Wake::new().unwrap();
        let set = WaitSet::new([Some(event.fd()), None]).unwrap();
        let (told, heard) = mpsc::channel();
        let waker = Waker::from(Arc::new(Last(Mutex::default(), told)));
        assert!(set.poll(&mut Context::from_waker(&waker)).is_pending());
        event.wake();
        heard.recv_timeout(LONG).unwrap();
        assert!(is_told(&set, LONG));
        event.drain();
        assert!(!is_told(&set, Duration::from_millis(20)));
        event.wake();
        assert!(is_told(&set, LONG));
    }

    #[test]
    fn a_closed_handle_is_not_waited_for_by_its_number() {
        let event = Wake::new().unwrap();
        let set = WaitSet::new([Some(event.fd()), None]).unwrap();
        drop(event);
        assert!(!is_told(&set, Duration::from_millis(20)));
    }

    #[test]
    fn a_time_wakes_until_another_is_set() {
        let set = WaitSet::new([None, None]).unwrap();
        let start = Instant::now();
        set.arm(Some(Duration::from_millis(20))).unwrap();
        assert!(is_told(&set, LONG));
        assert!(start.elapsed() >= Duration::from_millis(20));
        set.arm(Some(LONG)).unwrap();
        assert!(!is_told(&set, Duration::from_millis(20)));
        set.arm(Some(Duration::ZERO)).unwrap();
        assert!(is_told(&set, LONG), "no time is at once, and not never");
        set.arm(None).unwrap();
        assert!(!is_told(&set, Duration::from_millis(20)));
    }
}
