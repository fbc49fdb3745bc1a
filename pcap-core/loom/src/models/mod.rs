//! The models. Each has at most three threads.

mod breaks;
mod handles;
mod senders;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::breakloop::Breaker;

/// Runs a model in all orders, or in those with at most this number of preemptions: each interrupts a thread that could
/// go on. `LOOM_MAX_PREEMPTIONS` changes the number.
fn check(name: &str, most: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 100_000;
    builder.preemption_bound = builder.preemption_bound.or(most);
    let bound = builder.preemption_bound;
    let executions = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&executions);
    let start = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let bound = bound.map_or_else(|| "any number of".to_owned(), |bound| bound.to_string());
    // After the name of the test.
    println!(
        "\nmodel `{name}`: {} executions, {bound} preemptions, {:.1} s",
        executions.load(Ordering::Relaxed),
        start.elapsed().as_secs_f64()
    );
}

/// Reads until a break, as the calls of a capture do.
fn read_until_break(breaker: &Breaker) {
    while !breaker.take() {
        breaker.wait(None, None).unwrap();
    }
}
