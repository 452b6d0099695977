import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { selectCases } from '../../bench/cases.ts';
import { type Measurement, measure } from '../../bench/run.ts';
import type { Device } from '../gpu/device.ts';
import { requestDevice } from '../node.ts';
import { guarded } from './errors.ts';
import { number, positiveInteger } from './options.ts';

interface Options {
  rounds: number;
  json?: string | true;
}

/** Milliseconds that one candidate of a case may take: slow ones get fewer samples. */
const BUDGET = 2000;

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('time every kernel candidate of every op, interleaved, and check what was timed')
    .argument('[pattern]', 'only benchmarks whose name has all of these words, for example "conv dgrad"')
    .addOption(number('--rounds <n>', 'samples of each candidate', positiveInteger, 7))
    .option('--json [file]', 'also write the measurements (default: bench/results/DATE-ADAPTER.json)')
    .action(
      guarded(async (pattern: string | undefined, { rounds, json }: Options) => {
        const cases = selectCases(pattern);
        const device = await requestDevice();
        console.log(device.description);
        printRow(columns.map(({ heading }) => heading));
        const all: Measurement[] = [];
        for (const bench of cases) {
          const measured = await measure(device, bench, { rounds, budget: BUDGET });
          for (const measurement of measured) printRow(columns.map(({ value }) => value(measurement)));
          all.push(...measured);
        }
        if (json) await save(json === true ? defaultFile(device) : json, device, all);
        const wrong = all.filter(({ correct }) => !correct);
        if (wrong.length > 0)
          throw new Error(`${wrong.length} of ${all.length} results differ from the plain kernel's.`);
      }),
    );
}

interface Column {
  readonly heading: string;
  /** Negative for text, which is aligned to the left. */
  readonly width: number;
  readonly value: (measurement: Measurement) => string;
}

const columns: readonly Column[] = [
  { heading: 'case', width: -44, value: (m) => m.case },
  { heading: 'candidate', width: -16, value: (m) => m.candidate },
  { heading: 'kernel', width: -32, value: (m) => m.kernel },
  { heading: 'ms', width: 9, value: (m) => m.median.toPrecision(4) },
  { heading: '±%', width: 5, value: (m) => ((100 * m.spread) / m.median).toFixed(0) },
  { heading: 'samples', width: 8, value: (m) => String(m.samples) },
  { heading: 'GFLOP/s', width: 9, value: (m) => m.gflops.toPrecision(3) },
  { heading: 'GB/s', width: 8, value: (m) => m.gigabytes.toPrecision(3) },
  { heading: 'compile ms', width: 11, value: (m) => m.compile?.toFixed(0) ?? 'known' },
  {
    heading: 'error',
    width: 9,
    value: (m) => (m.correct ? m.error.toExponential(0) : `WRONG ${m.error.toPrecision(2)}`),
  },
];

function printRow(cells: readonly string[]): void {
  const padded = cells.map((cell, index) => {
    const width = columns[index]?.width ?? 0;
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  console.log(padded.join(' ').trimEnd());
}

function defaultFile({ target }: Device): string {
  const date = new Date().toISOString().slice(0, 10);
  return join('bench/results', `${date}-${target.name.replace(/\W+/g, '-').toLowerCase()}.json`);
}

async function save(
  file: string,
  { description, target }: Device,
  measurements: readonly Measurement[],
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const content = { adapter: target.name, description, date: new Date().toISOString(), measurements };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
  console.error(`written: ${file}`);
}
