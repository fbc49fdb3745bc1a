//! The options for printing packets as JSON.

use clap::Args;

use crate::json::PacketField;

/// How to print packets as JSON.
#[derive(Args, Clone, Debug, Default)]
pub struct JsonOptions {
    /// Print JSON instead of text, one object per line (see below)
    #[arg(long)]
    pub json: bool,
    /// Print only these members of packets, in this order, such as `time,source,destination_port`
    #[arg(
        long,
        value_name = "NAMES",
        requires = "json",
        value_enum,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    fields: Vec<PacketField>,
    /// Add the bytes after the last known header to each packet, in hexadecimal
    #[arg(long, requires = "json", conflicts_with = "fields")]
    payload: bool,
    /// Add all captured bytes to each packet, in hexadecimal
    #[arg(long, requires = "json", conflicts_with = "fields")]
    data: bool,
}

impl JsonOptions {
    /// Returns the members to print of each packet.
    #[must_use]
    pub fn packet_fields(&self) -> Vec<PacketField> {
        let mut fields = Vec::new();
        // A member that is named twice is printed once.
        for &field in &self.fields {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        if fields.is_empty() {
            fields = PacketField::defaults();
            fields.extend(self.payload.then_some(PacketField::Payload));
            fields.extend(self.data.then_some(PacketField::Data));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        json: JsonOptions,
    }

    fn fields(words: &[&str]) -> Result<Vec<PacketField>, String> {
        let line = ["program", "--json"].iter().chain(words);
        let parsed = Words::try_parse_from(line).map_err(|error| error.to_string())?;
        Ok(parsed.json.packet_fields())
    }

    #[test]
    fn members_are_selected_in_order() {
        use PacketField::{Data, DestinationPort, Payload, Time};
        assert_eq!(
            fields(&["--fields", "destination_port,data,time,data"]).unwrap(),
            [DestinationPort, Data, Time]
        );
        let all = fields(&[]).unwrap();
        assert!(!all.contains(&Data) && !all.contains(&Payload));
        assert_eq!(fields(&["--data"]).unwrap(), [&all[..], &[Data]].concat());
        assert_eq!(fields(&["--payload"]).unwrap().last(), Some(&Payload));
    }

    #[test]
    fn unknown_names_are_rejected_with_the_known_ones() {
        let error = fields(&["--fields", "time,sorce"]).unwrap_err();
        for part in [
            "'sorce'",
            "destination_port",
            "tip: a similar value exists: 'source'",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(fields(&["--fields", "time", "--data"]).is_err());
        assert!(Words::try_parse_from(["program", "--data"]).is_err());
    }
}
