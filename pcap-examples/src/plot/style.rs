//! The colors and fonts of plots.
//!
//! A page that shows plots has [`stylesheet`] once and may set the custom properties again after it. A drawing that is a
//! file of its own contains it.

use std::fmt::Write as _;

/// A custom property, and its value on a light and on a dark background.
type Color = (&'static str, &'static str, &'static str);

/// The colors. Those of series differ in lightness as well as in hue, and those of levels only become darker or lighter,
/// so that they can be told apart without seeing hues.
const COLORS: [Color; 18] = [
    ("background", "#ffffff", "#12171f"),
    ("text", "#1b2433", "#e4e9f1"),
    ("muted", "#566174", "#9ba7b9"),
    ("grid", "#e4e8ef", "#252d3a"),
    ("axis", "#98a3b5", "#56627a"),
    ("track", "#f1f4f8", "#1b222d"),
    ("series-1", "#1f66c9", "#5a9ff5"),
    ("series-2", "#e08a1e", "#f6b659"),
    ("series-3", "#0b7a66", "#33c1a1"),
    ("series-4", "#b5408f", "#ee86c5"),
    ("level-0", "#f1f4f8", "#1b222d"),
    ("level-1", "#cfe1f8", "#1c3760"),
    ("level-2", "#a6c9f1", "#234e8a"),
    ("level-3", "#77abe7", "#2f69b5"),
    ("level-4", "#4889d8", "#4a88d8"),
    ("level-5", "#2667bd", "#7aadef"),
    ("level-6", "#154a91", "#adcff8"),
    ("level-7", "#0a2d62", "#e2efff"),
];

/// What has which color: a class, a property and the color.
const RULES: [(&str, &str, &str); 25] = [
    (".background", "fill", "background"),
    ("text", "fill", "text"),
    (".muted", "fill", "muted"),
    (".grid", "stroke", "grid"),
    (".axis", "stroke", "axis"),
    (".branch", "stroke", "axis"),
    (".track", "fill", "track"),
    (".s1", "fill", "series-1"),
    (".s2", "fill", "series-2"),
    (".s3", "fill", "series-3"),
    (".s4", "fill", "series-4"),
    (".l1", "stroke", "series-1"),
    (".l2", "stroke", "series-2"),
    (".l3", "stroke", "series-3"),
    (".l4", "stroke", "series-4"),
    (".v0", "fill", "level-0"),
    (".v1", "fill", "level-1"),
    (".v2", "fill", "level-2"),
    (".v3", "fill", "level-3"),
    (".v4", "fill", "level-4"),
    (".v5", "fill", "level-5"),
    (".v6", "fill", "level-6"),
    (".v7", "fill", "level-7"),
    (".over", "stroke", "background"),
    (".cursor:hover", "fill", "text"),
];

/// What is not a color.
const SHAPES: &str = "\
.plot text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;\
font-variant-numeric:tabular-nums}
.plot .title{font-size:15px;font-weight:600}
.plot .mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:11.5px;\
white-space:pre}
.plot .small{font-size:11px}
.plot .over{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}
.plot .cells{shape-rendering:crispEdges}
.plot .grid,.plot .axis{stroke-width:1;shape-rendering:crispEdges}
.plot .branch{fill:none;stroke-width:1;shape-rendering:crispEdges}
.plot .area{fill-opacity:.16;stroke:none}
.plot .curve{fill:none;stroke-width:1.75;stroke-linejoin:round}
.plot .cursor{fill-opacity:0}
.plot .cursor:hover{fill-opacity:.08}
.plot .bar:hover{fill-opacity:.82}
";

/// The number of colors for series.
pub(super) const SERIES: usize = 4;

/// The number of colors for levels, without that of nothing.
pub(super) const LEVELS: usize = 7;

/// Returns the stylesheet of plots: the default values of the custom properties, on light and dark screens and on paper,
/// and what uses them.
#[must_use]
pub fn stylesheet() -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    for (name, on_light, on_dark) in COLORS {
        // Writing to memory cannot fail.
        let _ = write!(light, "--plot-{name}:{on_light};");
        let _ = write!(dark, "--plot-{name}:{on_dark};");
    }
    let mut style = format!(
        ":root{{color-scheme:light dark;{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n\
         @media print{{:root{{color-scheme:light;{light}}}}}\n"
    );
    style += SHAPES;
    for (class, property, color) in RULES {
        let fallback = COLORS.iter().find(|(name, ..)| *name == color);
        // Viewers that do not know custom properties take the first value.
        let fallback = fallback.map_or("", |(_, light, _)| light);
        let _ = writeln!(
            style,
            ".plot {class}{{{property}:{fallback};{property}:var(--plot-{color})}}"
        );
    }
    // Browsers print backgrounds only on request.
    style + "@media print{.plot{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n"
}
