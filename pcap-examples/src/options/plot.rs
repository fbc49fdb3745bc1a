//! The option `--plot`: a picture to write.

use std::path::PathBuf;

use crate::value_parsers::to_output_path;

/// The value of `--plot`: `PLOT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlotArg {
    /// What the picture shows.
    pub name: PlotName,
    /// The file.
    pub path: PathBuf,
    /// The format of the file.
    pub format: PictureFormat,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotName {
    /// Bits and packets per second over time.
    Rates,
    /// The bytes of protocols, as a tree.
    Protocols,
    /// The conversations with the most bytes.
    Conversations,
    /// The endpoints with the most bytes.
    Endpoints,
    /// The packets by length.
    Lengths,
    /// The bytes of hosts over time.
    Hosts,
}

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// Lines and text.
    Svg,
    /// Pixels.
    Png,
}

impl PlotArg {
    /// Parses the text.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if there is no such plot, or if the extension is not that of a picture.
    pub fn parse(text: &str) -> Result<PlotArg, String> {
        let (name, path) = text
            .split_once('=')
            .filter(|(_, path)| !path.is_empty())
            .ok_or_else(|| format!("expected PLOT=FILE, found `{text}`"))?;
        let name = match name {
            "rates" => PlotName::Rates,
            "protocols" => PlotName::Protocols,
            "conversations" | "conv" => PlotName::Conversations,
            "endpoints" => PlotName::Endpoints,
            "lengths" => PlotName::Lengths,
            "hosts" => PlotName::Hosts,
            _ => {
                return Err(format!(
                    "expected rates, protocols, conversations, endpoints, lengths or hosts, found `{name}`"
                ));
            }
        };
        let path = to_output_path(path.into());
        let extension = path.extension().and_then(|extension| extension.to_str());
        let format = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => PictureFormat::Svg,
            Some("png") => PictureFormat::Png,
            _ => {
                let path = path.display();
                return Err(format!(
                    "expected a file with the extension .svg or .png, found `{path}`"
                ));
            }
        };
        Ok(PlotArg { name, path, format })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_a_name_and_a_file() {
        let parse = |text: &str| PlotArg::parse(text).map(|arg| (arg.name, arg.path, arg.format));
        assert_eq!(
            parse("rates=a=b.svg"),
            Ok((PlotName::Rates, "a=b.svg".into(), PictureFormat::Svg))
        );
        assert_eq!(
            parse("hosts=x.PNG"),
            Ok((PlotName::Hosts, "x.PNG".into(), PictureFormat::Png))
        );
        for text in [
            "",
            "rates",
            "rates=",
            "rate=a.svg",
            "rates=a.gif",
            "rates=svg",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
