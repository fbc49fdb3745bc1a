//! The members of the JSON of a packet.

use clap::ValueEnum;

/// A member of the JSON of a packet. The order is that of the members if none are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
#[allow(missing_docs)] // `pcap-examples/schema` describes them.
pub enum PacketField {
    Schema,
    Type,
    Time,
    Caplen,
    Len,
    Linktype,
    InterfaceIndex,
    Section,
    InterfaceId,
    Interface,
    Direction,
    PacketType,
    HardwareType,
    Reception,
    PacketFlags,
    Dropped,
    PacketId,
    Queue,
    Process,
    Thread,
    LinkErrors,
    Comments,
    Vlans,
    Mpls,
    Pppoe,
    Tunnels,
    Protocol,
    Application,
    SourceMac,
    DestinationMac,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Ttl,
    Flags,
    Sequence,
    Acknowledgment,
    Window,
    PayloadLen,
    Fragment,
    Info,
    Dns,
    Tls,
    Payload,
    Data,
}

impl PacketField {
    /// Returns whether the member is only printed if it is requested, because it makes the line long.
    #[must_use]
    pub fn is_on_request(self) -> bool {
        matches!(self, PacketField::Payload | PacketField::Data)
    }

    /// Returns the members that are printed if none are selected.
    #[must_use]
    pub fn defaults() -> Vec<PacketField> {
        let all = PacketField::value_variants().iter().copied();
        all.filter(|field| !field.is_on_request()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_schema_and_the_help_describe_all_members() {
        let schema = include_str!("../../schema/v1.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let described = schema["$defs"]["selected_packet"]["properties"].as_object();
        let mut described: Vec<&str> = described.unwrap().keys().map(String::as_str).collect();
        let variants = PacketField::value_variants();
        let names: Vec<String> = variants
            .iter()
            .filter_map(|field| Some(field.to_possible_value()?.get_name().to_owned()))
            .collect();
        for name in &names {
            let words = crate::json::HELP.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            assert!(words.clone().any(|word| word == name), "{name}");
        }
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        described.sort_unstable();
        names.sort_unstable();
        assert_eq!(described, names);
        assert_eq!(schema["$defs"]["schema"]["const"], crate::json::SCHEMA);
    }
}
