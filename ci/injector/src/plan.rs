//! Which faults are made, and by which worker.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Options;
use crate::calls;
use crate::drivers::Driver;
use crate::fault::Fault;
use crate::judge::{Expected, Verdict};
use crate::known::List;
use crate::worker::{LIMIT, LONG_LIMIT, Run, Worker};

/// Every how many faults one is made with `--quick`.
pub(crate) const QUICK: usize = 120;

/// The number of runs without faults, which must have the same result.
const RUNS: usize = 3;

/// The maximum number of allocations of a driver that fail. They are evenly distributed.
const MOST_ALLOCATIONS: u64 = 4000;

/// The maximum number of findings to print per driver.
const PRINTED: u64 = 12;

/// Numbers of runs by their results.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) injected: u64,
    pub(crate) unharmed: u64,
    pub(crate) errors: u64,
    pub(crate) out_of_memory: u64,
    pub(crate) tolerated: u64,
    pub(crate) known: u64,
    pub(crate) bad: u64,
    not_reached: u64,
}

/// What a worker does next.
enum Job {
    /// Finds out what can fail in this driver.
    Plan(usize),
    /// Makes a fault in a driver.
    Fault(usize, Arc<Expected>, Fault),
}

/// The state of a driver.
struct Progress {
    left: usize,
    points: (u64, u64),
    tally: Tally,
    began: Instant,
}

/// What the workers share.
struct Shared<'a> {
    options: &'a Options,
    drivers: &'a [Driver],
    known: &'a List,
    tolerated: &'a List,
    state: Mutex<State>,
}

struct State {
    jobs: VecDeque<Job>,
    planning: usize,
    progress: Vec<Progress>,
    error: Option<String>,
}

/// Makes all faults in all drivers.
///
/// # Errors
///
/// If a driver cannot run.
pub(crate) fn run(
    options: &Options,
    drivers: &[Driver],
    known: &List,
    tolerated: &List,
) -> Result<Tally, String> {
    let progress = |_: &Driver| Progress {
        left: 0,
        points: (0, 0),
        tally: Tally::default(),
        began: Instant::now(),
    };
    let shared = Shared {
        options,
        drivers,
        known,
        tolerated,
        state: Mutex::new(State {
            jobs: (0..drivers.len()).map(Job::Plan).collect(),
            planning: drivers.len(),
            progress: drivers.iter().map(progress).collect(),
            error: None,
        }),
    };
    println!(
        "{:26} {:>5} {:>6} {:>7} {:>7} {:>6} {:>6} {:>4} {:>5} {:>4} {:>5}",
        "", "calls", "alloc", "faults", "same", "error", "oom", "toler", "known", "bad", "s"
    );
    std::thread::scope(|scope| {
        for number in 0..options.jobs {
            let shared = &shared;
            scope.spawn(move || {
                if let Err(error) = work(shared, number) {
                    shared.lock().error.get_or_insert(error);
                }
            });
        }
    });
    let mut state = shared.lock();
    if let Some(error) = state.error.take() {
        return Err(error);
    }
    let mut total = Tally::default();
    for progress in &state.progress {
        total.add(&progress.tally);
    }
    Ok(total)
}

/// Does one job after another.
fn work(shared: &Shared<'_>, number: usize) -> Result<(), String> {
    let worker = Worker::new(
        shared.options.folder.join(format!("worker-{number}")),
        shared.options.places.clone(),
    )?;
    loop {
        let job = {
            let mut state = shared.lock();
            if state.error.is_some() || (state.jobs.is_empty() && state.planning == 0) {
                return Ok(());
            }
            state.jobs.pop_front()
        };
        match job {
            Some(Job::Plan(index)) => shared.plan(&worker, index)?,
            Some(Job::Fault(index, expected, fault)) => {
                shared.fault(&worker, index, &expected, fault)?
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

impl Shared<'_> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a driver without faults, and adds all faults to the jobs. A driver that fails is a bad result.
    fn plan(&self, worker: &Worker, index: usize) -> Result<(), String> {
        let driver = &self.drivers[index];
        let runs: Vec<Run> = (0..RUNS)
            .map(|_| worker.run(driver, Fault::None, LONG_LIMIT))
            .collect::<Result<_, _>>()?;
        let expected = match Expected::new(driver, &runs) {
            Ok(expected) => Arc::new(expected),
            Err(text) => {
                println!("{text}");
                let mut state = self.lock();
                state.planning -= 1;
                state.progress[index].tally.bad += 1;
                return Ok(());
            }
        };
        let last = &runs[RUNS - 1];
        let points = (
            last.trace
                .calls
                .values()
                .map(|count| u64::from(*count))
                .sum(),
            last.report.calls,
        );
        let faults = match self.options.fault {
            Some(fault) => vec![fault],
            None => faults(last)
                .into_iter()
                .step_by(self.options.stride)
                .collect(),
        };
        let mut state = self.lock();
        state.planning -= 1;
        state.progress[index].left = faults.len();
        state.progress[index].points = points;
        state.progress[index].began = Instant::now();
        // At the front, so that one driver is finished before the next begins.
        for fault in faults.into_iter().rev() {
            state
                .jobs
                .push_front(Job::Fault(index, Arc::clone(&expected), fault));
        }
        Ok(())
    }

    /// Makes a fault, and counts its result.
    fn fault(
        &self,
        worker: &Worker,
        index: usize,
        expected: &Expected,
        fault: Fault,
    ) -> Result<(), String> {
        let driver = &self.drivers[index];
        let mut run = worker.run(driver, fault, LIMIT)?;
        if run.hung {
            run = worker.run(driver, fault, LONG_LIMIT)?;
        }
        let verdict = expected.judge(driver, fault, &run);
        let finding = finding(driver, fault, &run, &verdict);
        if self.options.verbose {
            println!("{finding}");
            if self.options.fault.is_some() {
                println!("{}\n{}", String::from_utf8_lossy(&run.stdout), run.stderr);
            }
        }
        let mut state = self.lock();
        let progress = &mut state.progress[index];
        let tally = &mut progress.tally;
        tally.injected += u64::from(verdict != Verdict::NotReached);
        match verdict {
            Verdict::NotReached => tally.not_reached += 1,
            Verdict::Unharmed => tally.unharmed += 1,
            Verdict::Error => tally.errors += 1,
            Verdict::OutOfMemory => tally.out_of_memory += 1,
            Verdict::Bad(_) if self.tolerated.has(&finding) => tally.tolerated += 1,
            Verdict::Bad(_) if self.known.has(&finding) => tally.known += 1,
            Verdict::Bad(_) => {
                tally.bad += 1;
                if tally.bad <= PRINTED && !self.options.verbose {
                    println!("{finding}");
                }
            }
        }
        progress.left -= 1;
        if progress.left == 0 {
            println!("{}", progress.line(driver));
        }
        Ok(())
    }
}

impl Progress {
    fn line(&self, driver: &Driver) -> String {
        let Tally {
            injected,
            unharmed,
            errors,
            out_of_memory,
            tolerated,
            known,
            bad,
            ..
        } = self.tally;
        format!(
            "{:26} {:>5} {:>6} {injected:>7} {unharmed:>7} {errors:>6} {out_of_memory:>6} {tolerated:>4} {known:>5} {bad:>4} {:>5}",
            driver.name,
            self.points.0,
            self.points.1,
            self.began.elapsed().as_secs(),
        )
    }
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.injected += other.injected;
        self.unharmed += other.unharmed;
        self.errors += other.errors;
        self.out_of_memory += other.out_of_memory;
        self.tolerated += other.tolerated;
        self.known += other.known;
        self.bad += other.bad;
        self.not_reached += other.not_reached;
    }
}

/// Returns all faults of a program that made these calls.
fn faults(run: &Run) -> Vec<Fault> {
    let mut faults = vec![];
    for (&number, &count) in &run.trace.calls {
        for nth in 1..=count {
            for &failure in calls::failures(number) {
                faults.push(Fault::Call {
                    number,
                    nth,
                    failure,
                    lasting: false,
                });
                if calls::lasts(failure) {
                    faults.push(Fault::Call {
                        number,
                        nth,
                        failure,
                        lasting: true,
                    });
                }
            }
        }
    }
    // A program that makes many allocations makes most of them in loops.
    let step = usize::try_from(run.report.calls / MOST_ALLOCATIONS + 1).unwrap_or(1);
    for nth in (1..=run.report.calls).step_by(step) {
        faults.push(Fault::Allocation {
            nth,
            lasting: false,
        });
        faults.push(Fault::Allocation { nth, lasting: true });
    }
    faults
}

/// Describes a run in one line.
fn finding(driver: &Driver, fault: Fault, run: &Run, verdict: &Verdict) -> String {
    let mut text = format!("{}: {fault}", driver.name);
    if !run.trace.object.is_empty() {
        let _ = write!(text, " ({})", run.trace.object);
    }
    if run.report.failed > 0 {
        let owner = ["the program", "libpcap", "another library"];
        let owner = owner[usize::try_from(run.report.failed_owner).unwrap_or(2).min(2)];
        let _ = write!(
            text,
            " ({} bytes for {owner} at {:#x})",
            run.report.failed_bytes, run.report.failed_offset
        );
    }
    let verdict = match verdict {
        Verdict::NotReached => "not reached",
        Verdict::Unharmed => "without effect",
        Verdict::Error => run.stderr.trim().lines().next_back().unwrap_or("fails"),
        Verdict::OutOfMemory => "out of memory",
        Verdict::Bad(bad) => bad,
    };
    let _ = write!(text, ": {verdict}");
    text
}
