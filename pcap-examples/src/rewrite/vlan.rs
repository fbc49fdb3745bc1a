//! VLAN tags: adding, changing and removing them.

/// The Ethernet types of VLAN tags.
pub(super) const TYPES: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The length of a tag.
pub(super) const LENGTH: usize = 4;
/// The offset of the first tag in an Ethernet frame.
pub(super) const FIRST: usize = 12;

/// A VLAN tag. Fields that are `None` stay as they are, or get their default in a new tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTag {
    id: u16,
    priority: Option<u16>,
    dei: Option<bool>,
    ether_type: Option<u16>,
}

impl VlanTag {
    /// Parses `ID`, and optionally `,priority=0-7`, `,dei=0|1` and `,type=TYPE`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<VlanTag, String> {
        let mut parts = text.split(',');
        let id = parse_id(parts.next().unwrap_or_default())?;
        let mut tag = VlanTag {
            id,
            priority: None,
            dei: None,
            ether_type: None,
        };
        for part in parts {
            match part.split_once('=') {
                Some(("priority", value)) => {
                    let number = value.parse().ok().filter(|&number| number <= 7);
                    let message = || format!("expected a priority from 0 to 7, found `{value}`");
                    tag.priority = Some(number.ok_or_else(message)?);
                }
                Some(("dei", "0")) => tag.dei = Some(false),
                Some(("dei", "1")) => tag.dei = Some(true),
                Some(("type", value)) => tag.ether_type = Some(parse_type(value)?),
                _ => {
                    return Err(format!(
                        "expected `priority=N`, `dei=0`, `dei=1` or `type=TYPE`, found `{part}`"
                    ));
                }
            }
        }
        Ok(tag)
    }

    /// Returns the bytes of a new tag: the type and the control field.
    fn new_bytes(self) -> [u8; LENGTH] {
        self.changed([0x81, 0, 0, 0])
    }

    /// Returns the bytes of a tag that gets the fields of this one.
    pub(super) fn changed(self, old: [u8; LENGTH]) -> [u8; LENGTH] {
        let [a, b, c, d] = old;
        let control = u16::from_be_bytes([c, d]);
        let priority = self.priority.unwrap_or(control >> 13);
        let dei = self
            .dei
            .map_or(control & 0x1000, |dei| u16::from(dei) << 12);
        let [a, b] = self.ether_type.map_or([a, b], u16::to_be_bytes);
        let [c, d] = (priority << 13 | dei | self.id).to_be_bytes();
        [a, b, c, d]
    }
}

/// Changes VLAN tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanRule {
    /// The number of the tags to change, at any depth; `None` means the outermost tag.
    old: Option<u16>,
    pub(super) new: VlanTag,
}

impl VlanRule {
    /// Parses `OLD=TAG` or `TAG`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<VlanRule, String> {
        // Fields of the tag also have equals signs.
        let head = text.split(',').next().unwrap_or_default();
        let (old, new) = match head.split_once('=') {
            Some((old, _)) => (Some(parse_id(old)?), &text[old.len() + 1..]),
            None => (None, text),
        };
        let new = VlanTag::parse(new)?;
        Ok(VlanRule { old, new })
    }

    pub(super) fn applies(&self, control: u16, is_outermost: bool) -> bool {
        self.old.map_or(is_outermost, |old| old == control & 0xfff)
    }
}

/// How many tags to remove from each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanRemoval(usize);

impl VlanRemoval {
    /// Parses a number or `all`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<VlanRemoval, String> {
        match (text, text.parse()) {
            ("all", _) => Ok(VlanRemoval(usize::MAX)),
            (_, Ok(number @ 1..)) => Ok(VlanRemoval(number)),
            _ => Err("expected `all` or a number of at least 1".to_owned()),
        }
    }

    /// Removes the outermost tags of an Ethernet frame. Returns their length on the wire.
    pub(super) fn apply(self, frame: &mut Vec<u8>) -> usize {
        let is_tag = |frame: &[u8]| match frame.get(FIRST..FIRST + 2) {
            Some(&[a, b]) => TYPES.contains(&u16::from_be_bytes([a, b])),
            _ => false,
        };
        let mut removed = 0;
        while removed < self.0 && is_tag(frame) {
            let end = frame.len().min(FIRST + LENGTH);
            frame.drain(FIRST..end);
            removed += 1;
        }
        removed * LENGTH
    }
}

/// Adds tags to an Ethernet frame, the outermost first. Returns their length: 0 if the frame is too short.
pub(super) fn add(tags: &[VlanTag], frame: &mut Vec<u8>) -> usize {
    if frame.len() < FIRST {
        return 0;
    }
    let bytes = tags.iter().flat_map(|tag| tag.new_bytes());
    frame.splice(FIRST..FIRST, bytes);
    tags.len() * LENGTH
}

fn parse_id(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|&number| number <= 4095);
    number.ok_or_else(|| format!("expected a VLAN number from 0 to 4095, found `{text}`"))
}

fn parse_type(text: &str) -> Result<u16, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let number = u16::from_str_radix(digits, 16).ok();
    number
        .filter(|number| TYPES.contains(number))
        .ok_or_else(|| format!("expected the type 0x8100, 0x88a8 or 0x9100, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_added_and_removed_outermost_first() {
        let tags =
            ["5", "7,priority=3,dei=1,type=0x88a8"].map(|text| VlanTag::parse(text).unwrap());
        let original: Vec<u8> = (0..20).collect();
        let mut frame = original.clone();
        assert_eq!(add(&tags, &mut frame), 8);
        assert_eq!(frame[..12], original[..12]);
        assert_eq!(frame[12..20], [0x81, 0, 0, 5, 0x88, 0xa8, 0x70, 7]);
        let mut one = frame.clone();
        assert_eq!(VlanRemoval::parse("1").unwrap().apply(&mut one), 4);
        assert_eq!(one[12..16], [0x88, 0xa8, 0x70, 7]);
        assert_eq!(VlanRemoval::parse("all").unwrap().apply(&mut frame), 8);
        assert_eq!(frame, original);
        // A truncated tag was whole on the wire.
        let mut short = one[..13].to_vec();
        assert_eq!(VlanRemoval(1).apply(&mut short), 0);
        let mut short = one[..15].to_vec();
        assert_eq!((VlanRemoval(1).apply(&mut short), short.len()), (4, 12));
        assert_eq!(add(&tags, &mut vec![0; 11]), 0);
    }

    #[test]
    fn a_changed_tag_keeps_what_is_not_given() {
        let change = |text: &str, old| VlanRule::parse(text).unwrap().new.changed(old);
        assert_eq!(change("9", [0x88, 0xa8, 0xb0, 7]), [0x88, 0xa8, 0xb0, 9]);
        assert_eq!(
            change("7=9,dei=0,priority=0", [0x81, 0, 0xb0, 7]),
            [0x81, 0, 0, 9]
        );
        let rule = VlanRule::parse("7=9,type=88a8").unwrap();
        assert!(rule.applies(0xb007, false) && !rule.applies(8, true));
        for text in [
            "",
            "4096",
            "x=1",
            "1=",
            "1,priority=8",
            "1,dei=2",
            "1,type=0x800",
            "1,x",
        ] {
            assert!(VlanRule::parse(text).is_err(), "{text}");
        }
        for text in ["0", "-1", ""] {
            assert!(VlanRemoval::parse(text).is_err(), "{text}");
        }
    }
}
