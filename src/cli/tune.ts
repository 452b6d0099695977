import type { Device } from '../gpu/device.ts';
import { recall, remember } from '../gpu/tune/memory.ts';
import { fileStore } from '../gpu/tune/store.node.ts';
import { type Tuned, tune } from '../gpu/tune/tune.ts';
import { alignColumns } from '../report/align.ts';
import type { Choose, Tape } from '../tape/tape.ts';

export const TUNE_HELP =
  "measure the candidates for this program's own shapes, and remember the fastest of each for this adapter";

/** Seconds after which tuning ends with what was measured: on software drivers compiling takes most of it. */
const BUDGET = 60;

/** Takes what is remembered for this adapter, measures what is missing, says what that changes, and remembers it. */
export async function tuneFor(device: Device, title: string, record: (choose: Choose) => Tape): Promise<void> {
  const store = fileStore();
  const complain = (sentence: string | undefined) => sentence && console.error(sentence);
  complain(await recall(device, store));
  const known = device.measured.size;
  const started = performance.now();
  const tuned = await tune(device, record, { seconds: BUDGET });
  console.error(tuningReport(title, tuned, { known, seconds: (performance.now() - started) / 1000 }));
  if (tuned.length > 0) complain(await remember(device, store));
}

export function tuningReport(
  title: string,
  tuned: readonly Tuned[],
  { known, seconds }: { known: number; seconds: number },
): string {
  if (tuned.length === 0)
    return `tuning, ${title}: nothing to measure${known > 0 ? `; ${known} choices are remembered` : ''}`;
  const changed = tuned.filter(({ best, plain }) => best !== plain);
  const sum = (times: readonly number[]) => times.reduce((total, time) => total + time, 0);
  const [before, after] = [sum(tuned.map(({ plainTime }) => plainTime)), sum(tuned.map(({ bestTime }) => bestTime))];
  const leftOut = sum(tuned.map((own) => own.leftOut));
  const short = leftOut > 0 ? `, ${leftOut} ways left out for lack of time` : '';
  const head = `tuning, ${title}: ${tuned.length} problems measured in ${seconds.toFixed(0)} s${short}, ${changed.length} better done in another way`;
  if (changed.length === 0) return `${head}: nothing to gain (${before.toFixed(2)} ms of a step)`;
  const rows = changed.map(({ key, plain, best, plainTime, bestTime }) => [
    `  ${key}`,
    `${plain} → ${best}`,
    `${plainTime.toFixed(2)} → ${bestTime.toFixed(2)} ms`,
  ]);
  return [
    `${head}: ${before.toFixed(2)} → ${after.toFixed(2)} ms of a step (${((100 * (before - after)) / before).toFixed(1)} % less)`,
    ...alignColumns(rows),
  ].join('\n');
}
