//! The devices of Linux's netfilter, `nflog` and `nfqueue`. Activating one takes its packets away from all other
//! readers, even if only for a moment. So invalid options are rejected before activation.

use crate::capture::active::send;
use crate::capture::options::Options;
use crate::direction::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::FilterSource;
use crate::linktype::Dlt;

/// Returns the link types of a netfilter device, the default first.
fn datalinks(name: &str) -> Option<&'static [Dlt]> {
    let (kind, rest) = match (name.strip_prefix("nflog"), name.strip_prefix("nfqueue")) {
        (Some(rest), _) => (&[Dlt::NFLOG, Dlt::IPV4][..], rest),
        (_, Some(rest)) => (&[Dlt::IPV4][..], rest),
        (None, None) => return None,
    };
    (rest.is_empty() || rest.starts_with(':')).then_some(kind)
}

/// Fails if the device is a netfilter device that would reject one of the options after activation.
pub(super) fn check(name: &str, options: &Options) -> Result<()> {
    let Some(datalinks) = datalinks(name) else {
        return Ok(());
    };
    let error = |kind, operation, text| Error::cannot(kind, operation, name.to_owned(), text);
    let datalink = options.datalink.unwrap_or(datalinks[0]);
    if !datalinks.contains(&datalink) {
        let text = format!("{datalink} is not one of the link types of this device");
        return Err(error(ErrorKind::Other, "set the link type of", text));
    }
    let unsupported = ErrorKind::Unsupported;
    if options.direction != Direction::InOut {
        let text = "setting the direction is not supported on this device".to_owned();
        return Err(error(unsupported, "set the direction of", text));
    }
    if options.qdisc_bypass {
        return Err(send::cannot_bypass(name.to_owned()));
    }
    match &options.filter {
        Some(FilterSource::Expression(expression, compile)) => {
            compile.compile(datalink, expression)?;
        }
        Some(FilterSource::Compiled(filter)) if filter.datalink() != datalink => {
            let text = format!(
                "the filter was compiled for link type {}, the capture has {datalink}",
                filter.datalink()
            );
            return Err(error(ErrorKind::LinktypeMismatch, "set a filter on", text));
        }
        _ => {}
    }
    Ok(())
}
