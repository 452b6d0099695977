import { palette } from './palette.ts';

const variables = ({ methods, classes }: ReturnType<typeof palette>) =>
  [
    ...methods.map((value, i) => `--method-${i}:${value};`),
    ...classes.map((value, i) => `--class-${i}:${value};`),
  ].join('');

/** The style sheet of the page of a report with so many classes. */
export const styleFor = (classes: number): string => `
:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --plot: #fdfdfb; --ink: #1c1e21; --muted: #5b6068; --grid: #ebebe6; --axis: #c9c9c2;
  --rule: #dcdcd5; --tint: #f3f2ec; --faint: #e4e4de; --tooltip: #ffffff; --link: #0063a0; --right: #0072b2; --wrong: #d55e00; --wrong-ink: #a84a00;
  ${variables(palette('light', classes))}
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --plot: #16181b; --ink: #e8e8e4; --muted: #a3a8b0; --grid: #25282d; --axis: #454a52;
    --rule: #33373d; --tint: #1f2226; --faint: #2c3036; --tooltip: #22262b; --link: #7fc1f5; --right: #58b0f0; --wrong: #ff8b4d; --wrong-ink: #ff9a63;
    ${variables(palette('dark', classes))}
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 75rem; padding: clamp(1.5rem, 5vw, 4rem) clamp(1rem, 4vw, 2.5rem) 5rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif;
}
h1, h2, .lead { font-family: Charter, 'Bitstream Charter', 'Sitka Text', Cambria, Georgia, 'DejaVu Serif', serif; text-wrap: balance; }
h1 { font-size: clamp(1.7rem, 1.2rem + 2.4vw, 2.6rem); line-height: 1.15; letter-spacing: -0.01em; margin: 0 0 .4rem; font-weight: 600; }
h2 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .35rem; font-weight: 600; }
h3 { font-size: .95rem; margin: 0 0 .3rem; font-weight: 600; }
p { margin: 0 0 .8rem; max-width: 46rem; }
section, details { margin-top: clamp(2.2rem, 5vw, 3.5rem); }
.meta, .note, .subtitle { color: var(--muted); font-size: .9rem; }
.lead { font-size: clamp(1.08rem, 1rem + .4vw, 1.25rem); line-height: 1.5; margin: 1.2rem 0 0; text-wrap: pretty; }
.wide { position: relative; overflow-x: auto; margin: .8rem 0; }
.wide:focus-visible, button:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums lining-nums; }
th, td { padding: .5rem .6rem .5rem 1.6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--paper); }
thead th { font-size: .88rem; font-weight: 600; border-bottom: 1px solid var(--ink); vertical-align: bottom; }
thead th + th { width: 11.5%; }
thead small { font-weight: 400; color: var(--muted); }
tbody th { font-weight: 500; }
svg.arrow { width: .6em; height: .7em; margin-left: .3em; fill: none; stroke: currentColor; stroke-width: 1.3; }
td small { display: block; color: var(--muted); font-weight: 400; font-size: .78rem; line-height: 1.2; }
.wide.cut { mask-image: linear-gradient(to right, #000 calc(100% - 4rem), transparent); }
.hint { color: var(--muted); font-size: .9rem; margin-top: -.4rem; text-align: right; }
.reference > * { color: var(--muted); font-weight: 400; }
.best { font-weight: 700; }
.best > span:first-child::after { content: ''; display: inline-block; width: .42em; height: .42em; margin: 0 -.75em .12em .33em; border-radius: 50%; background: var(--method-2); }
.key { display: inline-block; width: .42em; height: .42em; margin: 0 .1em .12em .25em; border-radius: 50%; background: var(--method-2); }
.tall { max-height: 34rem; overflow-y: auto; width: fit-content; max-width: 100%; border-bottom: 1px solid var(--rule); }
.tall thead th { position: sticky; top: 0; z-index: 1; background: var(--paper); }
.tall thead th:first-child { z-index: 2; }
.shares { width: auto; min-width: min(100%, 40rem); font-size: .92rem; }
.shares th, .shares td, .pairs th, .pairs td { padding: .25rem .3rem .25rem 1.1rem; }
.shares th:first-child, .pairs th:first-child { padding-left: 0; }
.shares thead th + th, .pairs thead th + th, .confusion thead th + th { width: auto; }
.shares td.bar { min-width: 10rem; background: linear-gradient(to right, color-mix(in srgb, var(--paint) 45%, transparent) var(--share), transparent 0) no-repeat; background-size: calc(100% - 4.6rem) 62%; background-position: 1.1rem center; }
.shares small, .pairs small { display: inline; font-size: .85em; }
.pairs { width: auto; font-size: .92rem; }
th.text, td.text { text-align: left; }
.sheet thead th { white-space: normal; width: auto; min-width: 5rem; }
.sheet td.text { white-space: normal; min-width: 5rem; }
.sheet td.text:last-child { min-width: 9rem; }
.confusion { width: auto; border-collapse: separate; border-spacing: 1px; font-size: .74rem; line-height: 1.15; }
.confusion td { padding: 0; width: 1.75rem; min-width: 1.6rem; height: 1.75rem; text-align: center; border: 0; background: var(--tint); }
.confusion td.right { background: color-mix(in srgb, var(--right) min(55%, 60% * var(--share)), var(--paper)); }
.confusion td.wrong { background: color-mix(in srgb, var(--wrong) min(58%, 95% * var(--share)), var(--paper)); }
.confusion th { padding: 0 .35rem 0 0; border: 0; font-size: .78rem; font-weight: 400; }
.confusion thead th { padding: 0 0 .3rem; height: 1px; text-align: center; }
.confusion thead th > span:not(.hidden) { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9rem; overflow: hidden; text-overflow: ellipsis; text-align: left; }
.confusion tbody th { max-width: 9rem; overflow: hidden; text-overflow: ellipsis; }
.both { white-space: nowrap; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; vertical-align: -.05em; }
.swatch.right { background: var(--right); }
.swatch.wrong { background: var(--wrong); }
.matrices { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21.5rem), max-content)); gap: 1.6rem 1.5rem; }
.pictures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
.matrix { position: relative; width: 100%; max-width: 46rem; aspect-ratio: 1; }
.matrix canvas { display: block; width: 100%; height: 100%; touch-action: pan-y; }
.matrix canvas:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.4rem, 1fr)); gap: 1.1rem .9rem; padding: 0; margin: .8rem 0 1.6rem; list-style: none; font-size: .82rem; line-height: 1.3; }
.mistakes svg { display: block; width: 100%; max-width: 7rem; image-rendering: pixelated; background: var(--tint); border: 1px solid var(--rule); margin-bottom: .3rem; overflow: hidden; }
.mistakes p { margin: 0; overflow-wrap: anywhere; }
.mistakes .wrong { color: var(--wrong-ink); font-weight: 600; }
.mistakes small { font-weight: 400; }
summary h3 { display: inline; }
section details { margin-top: 1.2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: 0; margin: .7rem 0 1rem; list-style: none; font-size: .92rem; }
.legend li { display: flex; align-items: center; gap: .5rem; }
.legend svg { flex: none; }
.classes { gap: .3rem .35rem; margin-left: -.5rem; }
.planes { display: flex; gap: .35rem; margin: .7rem 0 0 -.55rem; font-size: .92rem; }
.classes button, .planes button {
  display: flex; align-items: center; gap: .35rem; padding: .15rem .55rem; font: inherit; color: inherit;
  background: none; border: 1px solid transparent; border-radius: 1rem; cursor: pointer;
}
.classes button:disabled, .planes button:disabled { cursor: auto; }
.classes button:enabled:hover, .planes button:enabled:hover { background: var(--tint); }
.classes button[aria-pressed='true'], .planes button[aria-pressed='true'] { background: var(--tint); border-color: var(--axis); }
.grid { display: grid; gap: 2rem clamp(1.2rem, 3vw, 2.5rem); }
.scores { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.losses { grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); margin-top: 2rem; }
.scatters { grid-template-columns: repeat(auto-fit, minmax(min(100%, 15.5rem), 1fr)); gap: 1.4rem 1.2rem; }
.card {
  position: absolute; z-index: 1; pointer-events: none; padding: .5rem .6rem; text-align: center; font-size: .85rem;
  line-height: 1.3; background: var(--tooltip); border: 1px solid var(--axis); border-radius: 4px; width: max-content; max-width: 11rem;
}
.card canvas { display: block; margin: 0 auto .35rem; image-rendering: pixelated; }
.card p { margin: 0; }
.card .wrong { font-weight: 600; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem; margin-bottom: .35rem; }
.curve { position: relative; height: 20rem; }
.losses .curve { height: 16rem; }
.square { position: relative; aspect-ratio: 1; border: 1px solid var(--rule); border-radius: 3px; width: 100%; }
.scatters figure { max-width: 30rem; }
dl { margin: .8rem 0 0; display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .55rem 1.5rem; max-width: 80ch; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.settings { grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 0 2.5rem; max-width: none; font-variant-numeric: tabular-nums; }
.settings div { display: flex; justify-content: space-between; gap: 1rem; padding: .35rem 0; border-bottom: 1px solid var(--rule); }
.settings dt { font-weight: 400; color: var(--muted); }
.settings dd { text-align: right; }
summary { cursor: pointer; }
summary h2 { display: inline; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 36rem) {
  dl:not(.settings) { grid-template-columns: 1fr; gap: 0; }
  dl:not(.settings) dd { margin-bottom: .8rem; }
  th, td { padding: .5rem .35rem .5rem .9rem; }
  .curve { height: 17rem; }
  .sheet tbody th { white-space: normal; min-width: 6.5rem; max-width: 8.5rem; }
  .sheet th, .sheet td { padding-left: .6rem; }
  .sheet th:first-child { padding-left: 0; }
  .shares tbody th { white-space: normal; min-width: 6.5rem; max-width: 9rem; }
  .shares td.bar { min-width: 8rem; }
  .shares th, .shares td { padding-left: .6rem; }
  .shares th:first-child { padding-left: 0; }
}
@media print {
  body { padding: 0; }
  figure, tr { break-inside: avoid; }
}
`;
