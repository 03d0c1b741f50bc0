# SPDX-License-Identifier: MIT
"""How a report looks: on a screen, light or dark, and on paper. Nothing is loaded from anywhere."""

STYLE = """
:root { color-scheme: light dark;
  --page: #f6f4ef; --card: #fffdf8; --ink: #23211d; --soft: #6b665c; --line: #e0dbcf; --mark: #efeadd;
  --done: #2f7d5b; --open: #a8b3bd; --work: #2f6f9f; --bad: #b5472f; --skip: #8a7fa8; --accent: #8a5a1f; }
@media (prefers-color-scheme: dark) { :root {
  --page: #191816; --card: #22211e; --ink: #ece8df; --soft: #a39d90; --line: #3a3731; --mark: #2c2a26;
  --done: #5fb58c; --open: #6f7a84; --work: #6aaad8; --bad: #e07a61; --skip: #a99ccb; --accent: #d9a25c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1, h2, h3 { font-family: Georgia, "Noto Serif", "DejaVu Serif", serif; font-weight: 600; line-height: 1.2;
  text-wrap: balance; }
h1 { font-size: 2.1rem; margin: 0 0 .25rem; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .9rem; }
h3 { font-size: 1.05rem; margin: 0 0 .35rem; }
p { margin: 0 0 .75rem; }
.soft, caption, footer { color: var(--soft); }
.small, footer { font-size: .875rem; }
header { border-bottom: 3px double var(--line); padding-bottom: 1.1rem; margin-bottom: 1.5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .9rem; margin: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; }
.tile dt { color: var(--soft); font-size: .875rem; }
.tile dd { margin: .1rem 0 0; font-size: 1.7rem; font-weight: 650; line-height: 1.15; }
.tile dd small { display: block; margin-top: .2rem; font-size: .8125rem; font-weight: 400;
  color: var(--soft); line-height: 1.35; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.2rem;
  margin: 0 0 1rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.pair > .card { margin: 0; }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 11px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0;
  border-bottom: 1px solid var(--line); }

td:not(.n):not(.when) { min-width: 8.5rem; }
th { overflow-wrap: normal; font-weight: 600; color: var(--soft); font-size: .8125rem; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
.n { text-align: right; white-space: nowrap; }
.n + td:not(.n), .n + th:not(.n) { padding-left: 1rem; }
td.n:last-child, th.n:last-child { padding-right: 0; }
.when { white-space: nowrap; }
.by { color: var(--soft); font-size: .8125rem; }
.key { display: inline-block; width: .75em; height: .75em; border-radius: .2em; margin-right: .45em; }
.done { background: var(--done); fill: var(--done); } .open { background: var(--open); fill: var(--open); }
.work { background: var(--work); fill: var(--work); } .bad { background: var(--bad); fill: var(--bad); }
.skip { background: var(--skip); fill: var(--skip); } .accent { background: var(--accent); fill: var(--accent); }
.rest { fill: var(--mark); background: var(--mark); } .axis { stroke: var(--line); }
.cause { border-left: 4px solid var(--bad); }
.fix { background: var(--mark); border-radius: .4rem; padding: .5rem .75rem; }
.good { border-left: 4px solid var(--done); }
code { font: .875em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--mark);
  border-radius: .3em; padding: .05em .35em; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .9rem; }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --mark: #eee;
    --done: #2f7d5b; --open: #a8b3bd; --work: #2f6f9f; --bad: #b5472f; --skip: #8a7fa8; --accent: #8a5a1f; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  .card, .tile, tr, svg { break-inside: avoid; } h2, h3 { break-after: avoid; } thead { display: table-header-group; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
