//! Turns plots into PNG files.

use super::{Chromium, View};
use crate::exit::{Failure, Outcome};
use crate::plot::Drawing;

/// How a plot is turned into a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// The pixels per CSS pixel: 2 for sharp text on today's screens.
    pub scale: f64,
    /// Light text on a dark background.
    pub dark: bool,
}

/// Returns a plot as a PNG file. Its width and height are those of the drawing times the scale.
///
/// # Errors
///
/// Returns an error if Chromium is missing, which says what to install, or does not work.
pub fn to_png(drawing: &Drawing, picture: Picture) -> Outcome<Vec<u8>> {
    let (width, height) = (drawing.width(), drawing.height());
    if !(0.1..=8.0).contains(&picture.scale) {
        return Err(Failure::Text(format!(
            "cannot draw PNG: expected a scale of 0.1 to 8, found {}",
            picture.scale
        )));
    }
    let most = f64::from(width.max(height)) * picture.scale;
    if most > MOST_PIXELS {
        return Err(Failure::Text(format!(
            "cannot draw PNG: expected at most {MOST_PIXELS} pixels in width and height, found {most:.0}; SVG has no limit"
        )));
    }
    let mut chromium = Chromium::start()?;
    chromium.set_view(View {
        width,
        height,
        scale: picture.scale,
        dark: picture.dark,
        print: false,
    })?;
    let svg = drawing.to_file();
    let svg = svg.split_once("?>").map_or(svg.as_str(), |(_, svg)| svg);
    let style = "html,body{margin:0}svg{display:block}";
    chromium.show(&format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"/><style>{style}</style>{svg}"
    ))?;
    chromium.picture(false)
}

/// Chromium draws no larger pictures.
const MOST_PIXELS: f64 = 16_384.0;
