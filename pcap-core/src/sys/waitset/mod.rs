//! A descriptor that is readable when one of several descriptors is, or when a time has passed. An event loop only has
//! to watch this one, and needs no timer.
//!
//! Event loops wait for *readable*. Some of them overlook errors of a descriptor, for example that its interface was
//! removed. An error of a descriptor also makes the set readable.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "epoll.rs"]
mod system;

#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd"
))]
#[path = "kqueue.rs"]
mod system;

#[cfg(windows)]
#[path = "windows.rs"]
mod system;

pub(crate) use system::WaitSet;

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::sys::{Until, platform};
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    fn is_ready(set: &WaitSet, within: Duration) -> bool {
        let fd = set.as_raw_fd();
        let ready = platform::wait(None, Some((fd, Until::Readable)), Some(within));
        ready.unwrap().descriptor
    }

    const LONG: Duration = Duration::from_secs(10);

    /// Reads all available bytes.
    fn drain(stream: &mut UnixStream) {
        stream.set_nonblocking(true).unwrap();
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).is_ok() {}
    }

    #[test]
    fn a_set_is_readable_when_one_of_its_descriptors_is() {
        for which in 0..2 {
            let (mut a, far_a) = UnixStream::pair().unwrap();
            let (mut b, far_b) = UnixStream::pair().unwrap();
            let set = WaitSet::new([Some(far_a.as_raw_fd()), Some(far_b.as_raw_fd())]).unwrap();
            assert!(!is_ready(&set, Duration::ZERO));
            [&mut a, &mut b][which].write_all(b"x").unwrap();
            assert!(is_ready(&set, LONG));
        }
    }

    #[test]
    fn a_set_is_readable_when_a_descriptor_is_writable() {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let set = WaitSet::new([None, None]).unwrap();
        set.add_writable(near.as_raw_fd()).unwrap();
        assert!(is_ready(&set, LONG));
        while (&near).write(&[0; 4096]).is_ok() {}
        assert!(!is_ready(&set, Duration::ZERO));
        drain(&mut far);
        assert!(is_ready(&set, LONG));
    }

    #[test]
    fn a_descriptor_that_was_closed_is_no_longer_waited_for() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let set = WaitSet::new([Some(far.as_raw_fd()), None]).unwrap();
        near.write_all(b"x").unwrap();
        assert!(is_ready(&set, LONG));
        drop(far);
        assert!(!is_ready(&set, Duration::ZERO));
    }

    #[test]
    fn a_time_makes_it_readable_until_another_is_set() {
        let set = WaitSet::new([None, None]).unwrap();
        set.arm(None).unwrap();
        let start = Instant::now();
        set.arm(Some(Duration::from_millis(20))).unwrap();
        assert!(is_ready(&set, LONG));
        assert!(start.elapsed() >= Duration::from_millis(20));
        set.arm(Some(LONG)).unwrap();
        assert!(!is_ready(&set, Duration::ZERO));
        set.arm(Some(Duration::ZERO)).unwrap();
        assert!(is_ready(&set, LONG), "no time is at once, and not never");
        set.arm(None).unwrap();
        assert!(!is_ready(&set, Duration::from_millis(5)));
    }
}
