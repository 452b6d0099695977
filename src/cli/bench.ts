import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { selectCases } from '../bench/cases.ts';
import { notesFor } from '../bench/notes.ts';
import { markdown, merge, type Report, toJson } from '../bench/report.ts';
import { type BenchOptions, type ProfiledReport, runBench } from '../bench/run_bench.ts';
import { CANDIDATES } from '../bench/variants.ts';
import { explained, makeFolder, writeWhole } from '../files.node.ts';
import type { Profile } from '../gpu/program/profile.ts';
import { guarded } from './errors.ts';
import type { Host } from './host.ts';
import { number, positive, positiveInteger, refuseIdle } from './options.ts';
import { listenForInterruption } from './signals.node.ts';
import { writeTrace } from './trace.node.ts';

interface Options extends Omit<BenchOptions, 'pattern' | 'pytorch' | 'profile'> {
  json?: string;
  save?: boolean;
  note?: string;
  pytorch?: string;
  list?: boolean;
  profile?: string | true;
}

/** Prints the cases' rows. An interrupt ends a run after the case at hand, so that what was measured until then is reported. */
async function run({ request, name }: Host, options: BenchOptions): Promise<ProfiledReport> {
  const interruption = listenForInterruption();
  try {
    const device = await request();
    return await runBench(device, options, name(), console.log, interruption.signal);
  } finally {
    interruption.close();
  }
}

/** What the program was built from, where the build put it. */
const commit = process.env.COMMIT;

/** Where `--profile` writes unless told. */
const TRACE = 'bench.trace.json';

export function addBench(program: Command, host: Host): void {
  const bench = program
    .command('bench')
    .description('time every kernel candidate of every op, interleaved, and check what was timed')
    .argument('[pattern]', 'only benchmarks with all of these words, for example "conv dgrad" or "resnet50 224px"')
    .option('--all', 'also the cases that are not usual, and those that take long', false)
    .addOption(number('--batch <n>', 'images in a batch of layers (default: by adapter)', positiveInteger))
    .addOption(
      new Option(
        '--candidates <which>',
        'also other kernels, or all of their tilings (default: by how much is run)',
      ).choices(CANDIDATES),
    )
    .addOption(number('--rounds <n>', 'samples of each candidate', positiveInteger, 7))
    .addOption(number('--limit <s>', 'leave out candidates that are expected to take longer', positive, 3))
    .option('--pytorch <file>', 'what bench/pytorch.py wrote: adds how many times faster than PyTorch')
    .option('--json <file>', 'also write the measurements')
    .option('--save', 'add the measurements to bench/results/DATE-ADAPTER.json and .md')
    .option('--note <text>', 'a sentence for the saved tables, for example what else the machine did')
    .option('--profile [file]', `also time each dispatch of the default and write a trace (default: ${TRACE})`)
    .option(
      '--list',
      'print the cases as JSON, for bench/pytorch.py; on which adapter they would run decides the batch',
    )
    .action(
      guarded(
        async (pattern: string | undefined, { json, save, note, pytorch, list, profile, ...options }: Options) => {
          if (list) return printCases(host, pattern, options);
          const times = pytorch === undefined ? undefined : await readJson(pytorch);
          const wanted = { ...options, pattern, pytorch: times, profile: profile !== undefined };
          const { profiles = [], ...measured } = await run(host, wanted);
          const report = { ...measured, ...(commit && { commit }), ...(note && { note }) };
          if (profiles.length > 0)
            console.log(await writeTrace(typeof profile === 'string' ? profile : TRACE, joined(profiles), 'bench'));
          if (json) await write(json, toJson(report));
          if (save) await add(report);
          const wrong = report.rows.filter(({ correct }) => !correct);
          if (report.failed.length > 0)
            throw new Error(`${report.failed.length} could not be run: ${report.failed.join(', ')}.`);
          if (wrong.length > 0) throw new Error(`${wrong.length} of ${report.rows.length} results are wrong.`);
        },
      ),
    );
  refuseIdle(bench, {
    idle: { list: ['candidates', 'rounds', 'limit', 'pytorch', 'json', 'save', 'note', 'profile'] },
    needs: { note: 'save' },
  });
}

/** Runs of several programs as one profile: their times are of one clock. */
const joined = (profiles: readonly Profile[]): Profile => ({
  clock: profiles[0]?.clock ?? 'wall clock',
  dispatches: profiles.flatMap(({ dispatches }) => dispatches),
  host: profiles.flatMap(({ host }) => host),
});

async function printCases(
  { request }: Host,
  pattern: string | undefined,
  { all, batch }: Pick<BenchOptions, 'all' | 'batch'>,
) {
  const { kind } = (await request()).target;
  const cases = selectCases(pattern, { kind, batch, all });
  const told = cases.map(({ name, inputs, problem, torch }) => ({ name, inputs, ...(torch ?? problem) }));
  console.log(JSON.stringify(told, null, 1));
}

async function add(report: Report): Promise<void> {
  const device = report.adapter
    .replace(/ \(LLVM.*/, '')
    .replace(/\W+/g, '-')
    .toLowerCase();
  const place = report.runtime.startsWith('Node') ? '' : `-${report.runtime.split(' ')[0]?.toLowerCase()}`;
  const file = join('bench/results', `${report.date.slice(0, 10)}-${device}${place}`);
  const earlier = await earlierReport(`${file}.json`);
  const merged = earlier ? merge(earlier, report) : report;
  await write(`${file}.json`, toJson(merged));
  await write(`${file}.md`, markdown(merged, notesFor(merged.adapter)));
  console.error(`written: ${file}.json and .md`);
}

/** What the day's file holds already. One that cannot be read is set aside: neither it nor what was measured is lost. */
async function earlierReport(file: string): Promise<Report | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return (await readJson(file)) as Report;
  } catch (error) {
    await rename(file, `${file}.unreadable`);
    console.error(`${(error as Error).message} It is ${file}.unreadable now.`);
    return undefined;
  }
}

const write = (file: string, text: string): Promise<void> =>
  explained(`The measurements ${file} cannot be written`, async () => {
    await makeFolder(dirname(file));
    await writeWhole(file, text);
  });

async function readJson(file: string) {
  const text = await explained(`${file} cannot be read`, () => readFile(file, 'utf8'));
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON.`);
  }
}
