import { type Comparison, ratioOf } from './summary.ts';

export function printHeading(own: string, peers: readonly string[]): void {
  print(
    'case',
    [own, ...peers].map((name) => `${name} ms`),
    peers.map((name) => `× ${name}`),
  );
}

export function printRow(comparison: Comparison, own: string, peers: readonly string[]): void {
  const { name, medians, first } = comparison;
  const time = (engine: string) => {
    const median = medians[engine];
    if (median === undefined) return '–';
    const start = first[engine];
    return median.toPrecision(4) + (start === undefined ? '' : ` [${start.toFixed(0)}]`);
  };
  print(
    name,
    [own, ...peers].map(time),
    peers.map((peer) => (medians[peer] === undefined ? '–' : ratioOf(comparison, own, peer).toFixed(2))),
  );
}

function print(name: string, times: readonly string[], ratios: readonly string[]): void {
  const cells = [...times.map((time) => time.padStart(16)), ...ratios.map((ratio) => ratio.padStart(8))];
  console.log([name.padEnd(42), ...cells].join(' '));
}
