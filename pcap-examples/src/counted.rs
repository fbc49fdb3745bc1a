//! Counts things in words: `1 packet`, `2 packets`.

use std::fmt::{self, Display};

/// A number of things, which is displayed with their name.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    count: u64,
    /// The name of one thing.
    one: &'static str,
    /// The name of several, or `None` if it only has an `s` more.
    many: Option<&'static str>,
}

impl Counted {
    /// Returns a number of things whose names are these.
    #[must_use]
    pub fn new(count: u64, one: &'static str, many: &'static str) -> Counted {
        Counted {
            count,
            one,
            many: Some(many),
        }
    }

    /// Returns the number.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the things that exist, joined by commas, or `None` if there are none.
    #[must_use]
    pub fn join(things: &[Counted]) -> Option<String> {
        let found = things.iter().filter(|thing| thing.count > 0);
        let found: Vec<String> = found.map(Counted::to_string).collect();
        (!found.is_empty()).then(|| found.join(", "))
    }
}

/// Returns a number of things whose name gets an `s` in the plural.
#[must_use]
pub fn counted(count: u64, one: &'static str) -> Counted {
    Counted {
        count,
        one,
        many: None,
    }
}

/// Returns a number of packets.
#[must_use]
pub fn packets(count: u64) -> Counted {
    counted(count, "packet")
}

/// Returns a number of bytes.
#[must_use]
pub fn bytes(count: u64) -> Counted {
    counted(count, "byte")
}

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counted { count, one, many } = self;
        match (count, many) {
            (1, _) => write!(f, "1 {one}"),
            (_, Some(many)) => write!(f, "{count} {many}"),
            (_, None) => write!(f, "{count} {one}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_thing_is_singular() {
        let texts = [0, 1, 2].map(|count| packets(count).to_string());
        assert_eq!(texts, ["0 packets", "1 packet", "2 packets"]);
        let boxes = |count| Counted::new(count, "box of names", "boxes of names");
        let joined = Counted::join(&[boxes(1), bytes(0), boxes(3)]);
        assert_eq!(joined.as_deref(), Some("1 box of names, 3 boxes of names"));
        assert_eq!(Counted::join(&[bytes(0)]), None);
    }
}
