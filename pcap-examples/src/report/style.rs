//! The stylesheet of a report, which follows that of its plots.

/// The page uses the colors of the plots, and some more for its own parts.
pub(super) const STYLE: &str = "\
:root{--page:#f5f7fa;--card:var(--plot-background);--border:#dfe4ec;--link:#1c5fbb;--warning:#9a5b00;\
--warning-background:#fff6e5;--shadow:0 1px 2px rgb(20 30 50/.06);--edge:rgb(20 30 50/.16)}
@media (prefers-color-scheme:dark){:root{--page:#0b0f15;--border:#252d3a;--link:#79b2ff;--warning:#f6c36b;\
--warning-background:#2b2210;--shadow:none;--edge:rgb(0 0 0/.55)}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:28px 20px 40px;max-width:920px;background:var(--page);color:var(--plot-text);\
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
h1{margin:0;font-size:26px;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:40px 0 12px;font-size:19px;line-height:1.3;overflow-wrap:anywhere}
p{margin:0 0 12px;overflow-wrap:anywhere}
.subtitle,footer,.note,caption,dt,small,.none{color:var(--plot-muted)}
.subtitle{margin:4px 0 0}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;margin:16px 0 0;padding:0;list-style:none}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:3px}
a:focus-visible,.box:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:10px;margin:20px 0 0}
.facts div,figure,.box{background:var(--card);border:1px solid var(--border);border-radius:10px;box-shadow:var(--shadow)}
.facts div{padding:10px 14px}
dt{font-size:12.5px}
dd{margin:0;font-size:19px;font-weight:600;line-height:1.35;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
dd.long{font-size:15px;line-height:1.6}
small{display:block;font-size:12.5px;font-weight:400}
figure{margin:0 0 16px;padding:4px}
.plot{display:block;width:100%;height:auto}
.narrow{display:none;max-width:520px;margin:0 auto}
.box{margin:0 0 16px;overflow:auto;max-height:560px;\
background:linear-gradient(to right,var(--card) 20px,transparent 50px) local,\
linear-gradient(to left,var(--card) 20px,transparent 50px) right local,\
linear-gradient(to right,var(--edge),transparent 14px),linear-gradient(to left,var(--edge),transparent 14px) right,\
var(--card)}
table{width:100%;border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums}
caption{padding:12px 14px 8px;overflow-wrap:anywhere;text-align:left;font-weight:600;color:var(--plot-text);font-size:15px}
th,td{padding:5px 14px;text-align:left;vertical-align:baseline;border-top:1px solid var(--plot-grid);font-weight:400;\
white-space:nowrap}
thead th{position:sticky;top:0;background:var(--card);box-shadow:0 1px var(--border);color:var(--plot-muted);font-size:12.5px;border-top:0;white-space:normal;vertical-align:bottom}
tbody th bdi{white-space:pre}
tbody .host bdi{white-space:pre-wrap}
tbody .host span{white-space:nowrap}
tbody tr:hover{background:var(--plot-track)}
.number{text-align:right}
td i{margin-left:.2em;font-style:normal}
tbody .host{max-width:48ch;white-space:normal;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12.5px}
.note{margin-top:-8px;font-size:13.5px}
.warning{padding:9px 14px;border-left:3px solid var(--warning);border-radius:4px;background:var(--warning-background)}
footer{margin-top:40px;font-size:13px}
@media (max-width:699px){
body{padding:18px 12px 28px}
h1{font-size:22px}
.facts{grid-template-columns:repeat(auto-fill,minmax(138px,1fr));gap:8px}
dd{font-size:17px}
dd.long{font-size:14px}
.box{max-height:75vh}
.wide{display:none}
.narrow{display:block}
figure{padding:2px}
th,td{padding:6px 10px}
caption{padding-left:10px}
}
@media print{
:root{--page:#fff;--card:#fff;--border:#cfd6e0;--link:#1b2433;--warning:#9a5b00;--warning-background:#fff6e5;\
--shadow:none}
@page{margin:14mm}
body{max-width:none;padding:0;font-size:10.5pt}
nav{display:none}
.wide{display:block}
.narrow{display:none}
h2{break-after:avoid}
figure,tr,.facts div,.warning{break-inside:avoid}
.facts{grid-template-columns:repeat(4,1fr)}
.box{overflow:visible;max-height:none;border-radius:0;background:none}
thead th{position:static}
table{font-size:7.5pt}
thead th{font-size:7pt}
caption{padding:10px 3px 6px}
thead{display:table-header-group}
th,td{padding:3px 3px;white-space:normal;overflow-wrap:anywhere}
dd{font-size:13pt}
dd.long{font-size:9.5pt}
.number,thead th{overflow-wrap:normal}
.many thead th{overflow-wrap:anywhere}
td.number{white-space:nowrap}
.number bdi{white-space:normal}
tbody th bdi{white-space:pre-wrap}
tbody .host{max-width:none;font-size:7pt}
}
";
