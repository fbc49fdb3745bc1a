//! Converts times to nanoseconds and back.

use pcap_core::Timestamp;

/// The number of nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// Returns the nanoseconds since the epoch. Times before the year 1678 and after 2262 become the first or last time that
/// can be expressed.
#[inline]
pub(super) fn of(time: Timestamp) -> i64 {
    time.secs()
        .saturating_mul(SECOND)
        .saturating_add(i64::from(time.subsec_nanos()))
}

/// Returns the time at these nanoseconds since the epoch.
pub(super) fn to_time(nanos: i64) -> Timestamp {
    Timestamp::new(nanos.div_euclid(SECOND), nanos.rem_euclid(SECOND))
}
