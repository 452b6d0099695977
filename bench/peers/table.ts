import { type Comparison, ratioOf } from './summary.ts';

// A Markdown table, whose columns are also aligned in a terminal.

export function printHeading(own: string, peers: readonly string[]): void {
  print(
    'median ms [first run]',
    [own, ...peers],
    peers.map((name) => `× ${name}`),
  );
  console.log(`|${'-'.repeat(42)}|${'----------------:|'.repeat(1 + peers.length)}${'-------:|'.repeat(peers.length)}`);
}

export function printRow(comparison: Comparison, own: string, peers: readonly string[]): void {
  const { name, medians, first } = comparison;
  const times = [own, ...peers].map((engine) => `${figures(medians[engine])} [${first[engine]?.toFixed(0)}]`);
  const ratios = peers.map((peer) => ratioOf(comparison, own, peer).toFixed(2));
  print(name, times, ratios);
}

/** Three digits, without an exponent. */
const figures = (value = Number.NaN): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0));

function print(name: string, times: readonly string[], ratios: readonly string[]): void {
  const cells = [...times.map((time) => time.padStart(15)), ...ratios.map((ratio) => ratio.padStart(6))];
  console.log(`| ${[name.padEnd(40), ...cells].join(' | ')} |`);
}
