//! The rows: what is measured, and what it is compared with.
//!
//! May import: nothing of this program.

/// Rows under one heading.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// How often each is measured, in turns; the medians count.
    pub(crate) rounds: usize,
    /// They mostly wait, so all run at once.
    pub(crate) together: bool,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) job: Job,
    /// What it is compared with.
    pub(crate) base: Option<Job>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Break a reader that sleeps.
    Break(Reader),
    /// Wait on this device that many milliseconds for packets that do not arrive.
    Deadline(Device, u64),
    /// Wait for packets that do not arrive.
    Idle(Reader),
    /// The same on an interface that is set down.
    Down(Reader),
    /// Read while another process sends as fast as it can.
    Flood(Reader),
    /// Read while another process sends this many packets per second.
    Paced(Reader),
    /// Read a buffer that is full.
    Drain(Reader),
}

/// How packets are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Next,
    ForEach,
    /// As `Next`, while another thread has an unused break handle.
    Held,
    /// With repeated deadlines.
    Deadlines,
    Tokio,
    AsyncIo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Veth,
    Lo,
    Any,
}

impl Job {
    /// Returns the name that tells a process what to do.
    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Reader::Next => "next_packet",
            Reader::ForEach => "for_each",
            Reader::Held => "next_packet, a handle held",
            Reader::Deadlines => "next_packet_timeout",
            Reader::Tokio => "tokio",
            Reader::AsyncIo => "async-io",
        }
    }
}

impl Group {
    /// Returns the measurements that its rows need, each once.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for job in self
            .rows
            .iter()
            .flat_map(|row| row.base.into_iter().chain([row.job]))
        {
            if !jobs.contains(&job) {
                jobs.push(job);
            }
        }
        jobs
    }

    /// Returns a group with a row for each of these readers.
    fn of(name: &'static str, rounds: usize, job: fn(Reader) -> Job, readers: &[Reader]) -> Group {
        let row = |&reader: &Reader| Row {
            name: reader.name().to_owned(),
            job: job(reader),
            base: None,
        };
        Group {
            name,
            rounds,
            together: false,
            rows: readers.iter().map(row).collect(),
        }
    }

    /// Compares all with the first.
    fn beside_the_first(mut self) -> Group {
        let first = self.rows[0].job;
        self.rows[1..]
            .iter_mut()
            .for_each(|row| row.base = Some(first));
        self
    }
}

pub(crate) fn groups() -> Vec<Group> {
    use Reader::{AsyncIo, Deadlines, ForEach, Held, Next, Tokio};
    let awaited = [Next, Tokio, AsyncIo];
    vec![
        Group::of(
            "break",
            1,
            Job::Break,
            &[Next, ForEach, Deadlines, Tokio, AsyncIo],
        ),
        deadlines(),
        idle(),
        Group::of("flood", 11, Job::Flood, &[Next, Held, Deadlines]).beside_the_first(),
        Group::of("paced", 1, Job::Paced, &awaited),
        Group::of("drain", 5, Job::Drain, &awaited).beside_the_first(),
    ]
}

fn deadlines() -> Group {
    let mut rows = Vec::new();
    for (name, device) in [
        ("veth", Device::Veth),
        ("lo", Device::Lo),
        ("any", Device::Any),
    ] {
        for millis in [1, 10, 100, 1000] {
            rows.push(Row {
                name: format!("{millis} ms on {name}"),
                job: Job::Deadline(device, millis),
                base: None,
            });
        }
    }
    Group {
        name: "deadline",
        rounds: 1,
        together: true,
        rows,
    }
}

fn idle() -> Group {
    let readers = [
        Reader::Next,
        Reader::Deadlines,
        Reader::Tokio,
        Reader::AsyncIo,
    ];
    let mut idle = Group::of("idle", 1, Job::Idle, &readers);
    for mut row in Group::of("", 1, Job::Down, &[Reader::Next, Reader::Tokio]).rows {
        row.name += ", interface down";
        idle.rows.push(row);
    }
    idle.together = true;
    idle
}

/// Returns the rows whose names contain one of these; all if there are none.
pub(crate) fn chosen(names: &[String]) -> Vec<Group> {
    let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let mut groups = groups();
    for Group { name, rows, .. } in &mut groups {
        rows.retain(|row| {
            let full = format!("{name}: {}", row.name);
            names.is_empty() || names.iter().any(|name| full.contains(name))
        });
    }
    groups.retain(|group| !group.rows.is_empty());
    groups
}
