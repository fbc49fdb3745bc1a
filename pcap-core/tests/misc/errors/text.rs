//! The text of errors.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read};

use super::{check_text, ethernet};
use pcap_core::{
    Capture, Direction, Dlt, Endpoint, Error, ErrorKind, Filter, FilterTerm, Insn, Linktype,
    MacAddr, Precision, SavefileFormat, Timestamp, TstampType,
};

#[test]
fn an_error_chain_repeats_nothing() {
    #[derive(Debug)]
    struct Torn(io::Error);
    impl fmt::Display for Torn {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the tape is torn")
        }
    }
    impl StdError for Torn {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }
    struct Tape;
    impl Read for Tape {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other(Torn(io::Error::other("a mouse"))))
        }
    }
    let error = anyhow::Error::from(Capture::from_reader(Tape).unwrap_err());
    let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
    assert_eq!(
        chain,
        ["cannot read `the reader`: the tape is torn", "a mouse"]
    );
    // The reader's own error is inside.
    let error = error.downcast_ref::<Error>().unwrap();
    let own = error.io_error().unwrap().get_ref().unwrap();
    assert!(own.is::<Torn>());

    let error = Capture::from_file("/no/such/file").unwrap_err();
    assert!(error.source().is_none());
    assert_eq!(error.io_error().unwrap().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_program_makes_errors_of_its_own() {
    let error = Error::new(ErrorKind::Disappeared, "the \u{1b}[31minterface\n");
    assert_eq!(error.kind(), ErrorKind::Disappeared);
    assert_eq!(error.to_string(), "the \\u{1b}[31minterface");
    assert_eq!((error.operation(), error.object()), (None, None));
    check_text(&error);
    let error = Error::new(ErrorKind::PermissionDenied, String::from("no"));
    assert_eq!(error.to_string(), format!("no; {}", error.help().unwrap()));
}

/// A `main` that returns the error prints its `Debug` form.
#[test]
fn main_prints_a_line_to_read() {
    let main = || -> Result<(), Box<dyn StdError>> {
        Capture::from_file("/no/such/file")?;
        Ok(())
    };
    let printed = format!("Error: {:?}", main().unwrap_err());
    let start = "Error: cannot open `/no/such/file`: ";
    assert!(printed.starts_with(start), "{printed}");
    assert!(!printed.contains("Error("), "{printed}");
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let hostile = [
        "\u{1b}[2J",
        "\u{1b}]0;title\u{7}",
        "\u{9b}31m",
        "a\nb\r",
        "\u{202e}x",
    ];
    let mut errors = Vec::new();
    for text in hostile {
        let compile = |expression: String| Filter::compile(Dlt::EN10MB, &expression);
        // What libpcap repeats in its message. Names are looked up, so this one must not exist.
        for before in [
            "port \\",
            "ip proto \\",
            "ether proto \\",
            "",
            "udp port ",
            "ether host ",
        ] {
            errors.extend(compile(format!("{before}{text}")).err());
        }
        let name = text.replace('/', "");
        errors.push(Capture::from_device(name.as_str()).activate().unwrap_err());
        errors.push(Capture::from_file(format!("/no/such/{name}")).unwrap_err());
        errors.push(ethernet().dump(format!("/no/such/{name}")).unwrap_err());
        errors.push(text.parse::<FilterTerm>().unwrap_err());
        errors.push(text.parse::<Endpoint>().unwrap_err());
        errors.push(text.parse::<Insn>().unwrap_err());
        errors.push(text.parse::<Linktype>().unwrap_err());
        errors.push(text.parse::<Dlt>().unwrap_err());
        errors.push(text.parse::<MacAddr>().unwrap_err());
        errors.push(text.parse::<Direction>().unwrap_err());
        errors.push(text.parse::<Precision>().unwrap_err());
        errors.push(text.parse::<SavefileFormat>().unwrap_err());
        errors.push(text.parse::<Timestamp>().unwrap_err());
        errors.push(Timestamp::from_rfc3339(text).unwrap_err());
        errors.push(text.parse::<TstampType>().unwrap_err());
        errors.push(Filter::from_listing(Dlt::EN10MB, text).unwrap_err());
        struct Says(String);
        impl Read for Says {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other(self.0.clone()))
            }
        }
        errors.push(Capture::from_reader(Says(text.to_owned())).unwrap_err());
        #[cfg(feature = "remote")]
        errors.extend(text.parse::<pcap_core::remote::Source>().err());
    }
    assert!(errors.len() > 60);
    errors.iter().for_each(check_text);
    // Escaped, not removed; quotes and backslashes are unchanged.
    let error = Filter::compile(Dlt::EN10MB, "port \\\u{1b}[2J");
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("\\\\u{1b}[2J") && text.contains('\''),
        "{text}"
    );
}
