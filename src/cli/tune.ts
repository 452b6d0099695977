import { type Command, Option } from 'commander';
import { type Comparison, inWords } from '../bench/comparison.ts';
import { busyNote, measureRoofs } from '../bench/roofs.ts';
import { compareSteps, keepIfFaster } from '../bench/whole_step.ts';
import type { Device } from '../gpu/device.ts';
import { recall, remember } from '../gpu/tune/memory.ts';
import { fileStore } from '../gpu/tune/store.node.ts';
import { type Tuned, tune } from '../gpu/tune/tune.ts';
import { alignColumns } from '../report/align.ts';
import type { Choose, Tape } from '../tape/tape.ts';

export interface TuneOptions {
  readonly tune?: boolean | undefined;
  readonly tuned: boolean;
}

export const noTuned = (): Option => new Option('--no-tuned', 'do not use what --tune has measured before');

export const addTuneOptions = (command: Command): Command =>
  command
    .option(
      '--tune',
      "measure the candidates for this program's own shapes, and remember for this adapter what makes the whole step faster",
    )
    .addOption(noTuned());

/** Seconds after which tuning ends with what was measured: on software drivers compiling takes most of it. */
const BUDGET = 60;

const complain = (sentence: string | undefined) => sentence && console.error(sentence);

/** Takes what is remembered for this adapter and says so; says also where the machine is too busy to measure more. */
export async function useTuned(device: Device, options: TuneOptions): Promise<void> {
  if (options.tune && !options.tuned)
    throw new Error('--tune adds to what was measured before, so it cannot go with --no-tuned.');
  if (options.tuned) {
    complain(await recall(device, fileStore()));
    const known = device.measured.size;
    if (known > 0)
      console.error(
        `kernels: as --tune measured them before, where one of ${known} problems occurs (--no-tuned for none)`,
      );
  }
  if (options.tune) complain(busyNote(await measureRoofs(device)));
}

/** Measures what is missing for this adapter, keeps it where the whole step gains, says what that changes, and remembers it. */
export async function tuneFor(device: Device, title: string, record: (choose: Choose) => Tape): Promise<void> {
  const known = device.measured.size;
  const started = performance.now();
  const tuned = await tune(device, record, { seconds: BUDGET });
  const changed = tuned.filter(({ best, plain }) => best !== plain);
  const step = changed.length > 0 ? await compareSteps(device, record, changed) : undefined;
  const isKept = step !== undefined && keepIfFaster(device, changed, step);
  const seconds = (performance.now() - started) / 1000;
  console.error(tuningReport(title, tuned, { known, seconds, ...(step && { step, isKept }) }));
  if (tuned.length > 0) complain(await remember(device, fileStore()));
}

export function tuningReport(
  title: string,
  tuned: readonly Tuned[],
  { known, seconds, step, isKept }: { known: number; seconds: number; step?: Comparison; isKept?: boolean },
): string {
  if (tuned.length === 0)
    return `tuning, ${title}: nothing to measure${known > 0 ? `; ${known} choices are remembered` : ''}`;
  const changed = tuned.filter(({ best, plain }) => best !== plain);
  const leftOut = tuned.reduce((sum, own) => sum + own.leftOut, 0);
  const short = leftOut > 0 ? `, ${leftOut} ways left out for lack of time` : '';
  const head = `tuning, ${title}: ${tuned.length} problems measured in ${seconds.toFixed(0)} s${short}, ${changed.length} faster in another way`;
  if (!step) return `${head}: nothing to gain`;
  const whole = `the whole step: ${inWords(step)}, ${step.before.toPrecision(3)} → ${step.after.toPrecision(3)} ms`;
  if (!isKept) return `${head}; ${whole}, so none is kept`;
  const rows = changed.map(({ key, plain, best, plainTime, bestTime }) => [
    `  ${key}`,
    `${plain} → ${best}`,
    `${plainTime.toFixed(2)} → ${bestTime.toFixed(2)} ms`,
  ]);
  return [`${head}; ${whole}, so they are kept`, ...alignColumns(rows)].join('\n');
}
