"""The evaluation report's style: on screen, in the dark, on paper."""

STYLE = (
    """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --paper: #fff; --tint: #f6f8fa;
  --good: 26, 127, 55; --bad: 207, 34, 46; --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117;
  --tint: #161b22; --good: 63, 185, 80; --bad: 248, 81, 73; --c0: #4493f8; --c1: #f0883e; --c2: #3fb950; --c3: #ab7df8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.9rem; margin: 0 0 .25rem; } h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.5rem 0 .4rem; font-size: 1.05rem; }
p { max-width: 46rem; } .id { color: var(--soft); margin-top: 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .5rem 0 1rem; font-size: .9rem; }
th, td { padding: .3rem .6rem; border: 1px solid var(--line); text-align: right; font-variant-numeric: tabular-nums; }
th[scope=row] { text-align: left; font-weight: 500; } thead th { background: var(--tint); text-align: left; vertical-align: bottom; }
.confusion { font-size: .78rem; } .confusion td { min-width: 2.2rem; }
.confusion thead th:not(:first-child) { height: 8.5rem; padding: .2rem; }
.confusion thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.few { color: var(--soft); }
.met, .missed { font-weight: 600; white-space: nowrap; } .met { color: rgb(var(--good)); } .missed { color: rgb(var(--bad)); }
"""
    + "".join(
        f".right.s{step} {{ background: rgba(var(--good), {0.09 * step:.2f}); }} "
        f".wrong.s{step} {{ background: rgba(var(--bad), {0.09 * step:.2f}); }}\n"
        for step in range(1, 10)
    )
    + """
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--c0); }
pre { overflow-x: auto; background: var(--tint); padding: .75rem; font-size: .8rem; line-height: 1.4; border-radius: 6px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
figure { margin: .5rem 0; max-width: 30rem; } .plot { width: 100%; height: auto; }
.plot text { fill: var(--soft); font-size: 11px; } .plot .name { fill: var(--ink); font-weight: 600; font-size: 12px; }
.grid { stroke: var(--line); stroke-width: 1; } .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
.mark { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 2; } .keys { list-style: none; padding: 0; margin: 0; display: flex; gap: 1rem; font-size: .8rem;
  flex-wrap: wrap; }
.key { display: inline-block; width: 1rem; height: 3px; vertical-align: middle; margin-right: .35rem; }
.line.l0, .dot.l0 { stroke: var(--c0); } .line.l1, .dot.l1 { stroke: var(--c1); stroke-dasharray: 6 2; }
.dot.l0 { fill: var(--c0); } .dot.l1 { fill: var(--c1); } .key.l0 { background: var(--c0); } .key.l1 { background: var(--c1); }
@media print { main { max-width: none; padding: 0; } body { font-size: 10pt; } section, figure, tr { break-inside: avoid-page; }
  section { break-inside: auto; } details > summary { color: inherit; } }
"""
)
