//! A wait set for Windows: a thread that waits for events and wakes the task, because event loops on Windows cannot
//! wait for arbitrary handles.

use std::io;
use std::os::windows::io::AsHandle;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::sys::platform::{self, OwnedFd, RawFd, Wake};

/// The wait set: see the parent module. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct WaitSet {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Makes the thread check the state.
    changed: Wake,
    /// Duplicated handles of the events, because the originals may be closed and their numbers reused.
    events: Vec<OwnedFd>,
}

#[derive(Debug, Default)]
struct State {
    /// The task to wake. The thread waits for the events only while a task is set.
    waker: Option<Waker>,
    until: Option<Instant>,
    /// The result that has not been returned yet.
    ready: Option<io::Result<()>>,
    over: bool,
}

impl WaitSet {
    /// Creates a set of these handles, which the caller still owns.
    pub(crate) fn new(fds: [Option<RawFd>; 2]) -> io::Result<WaitSet> {
        let own = |fd| {
            // SAFETY: the caller keeps the handle open, at least during this call.
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

    /// Does nothing: no handle on Windows reports that it is writable, so the caller must set a time.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn add_writable(&self, _: RawFd) -> io::Result<()> {
        Ok(())
    }

    /// Makes the set ready after this time, and replaces an earlier time. `None` means never.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn arm(&self, time: Option<Duration>) -> io::Result<()> {
        let mut state = self.shared.lock_state();
        state.until = time.and_then(|time| Instant::now().checked_add(time));
        if state.waker.is_some() {
            self.shared.changed.wake();
        }
        Ok(())
    }

    /// Returns `Ready` once if an event was signaled, or the time has passed, since the last call that returned
    /// `Ready`. Otherwise registers the task to be woken.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.lock_state();
        if let Some(ready) = state.ready.take() {
            return Poll::Ready(ready);
        }
        let older = match &mut state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            waker => waker.replace(cx.waker().clone()),
        };
        drop(state);
        self.shared.changed.wake();
        // Drop the waker only after the state is unlocked, because that runs code of the runtime.
        drop(older);
        Poll::Pending
    }
}

impl Drop for WaitSet {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.shared.lock_state();
            state.over = true;
            state.waker.take()
        };
        // Do not wait for the thread to end: it may be inside a waker, which may need a lock that the caller has, or
        // may drop this set itself.
        self.shared.changed.wake();
        drop(waker);
    }
}

impl Shared {
    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the thread.
    fn run(&self) {
        loop {
            self.changed.drain();
            let (waits, left) = {
                let state = self.lock_state();
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
                let mut state = self.lock_state();
                state.ready = Some(told);
                state.waker.take()
            };
            if let Some(waker) = waker {
                // The panic of the waker has been printed. The thread continues.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
            if failed {
                // Report the error again at each poll, without a busy loop.
                let _ = platform::wait(Some(&self.changed), None, None);
            }
        }
    }

    /// Waits for the events. Returns `true` if one was signaled or the time has passed, and `false` if the state has
    /// changed.
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

    /// Returns whether a task is woken within that time, or does not have to wait.
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

    /// Has the last reference to a set, as a waker can have the last one to a task whose runtime has shut down.
    struct Last(Mutex<Option<WaitSet>>, mpsc::Sender<()>);

    impl TaskWake for Last {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
            self.1.send(()).unwrap();
            panic!("this waker panics on purpose");
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
            assert!(Instant::now() < end, "the thread has not ended");
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
