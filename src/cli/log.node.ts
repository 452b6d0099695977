import { open, readFile } from 'node:fs/promises';
import { codeOf, explained } from '../files.node.ts';
import type { TrainEvent } from '../train/events.ts';

/** Told for eyes alone, or for whoever saves. */
const UNLOGGED: readonly TrainEvent['type'][] = ['preparing', 'evaluating', 'checkpoint'];

/**
 * Passes events through and writes each as a line of JSON, so that a training that is stopped leaves its log. A run that goes on
 * adds to it, with a `start` that says from where: what was told before of what lies behind that is void.
 * @param path the file, in a folder that is there.
 * @param head the first line, where there is no log yet: what the run is.
 */
export async function* logEvents(
  events: AsyncIterable<TrainEvent>,
  path: string,
  head: object,
): AsyncGenerator<TrainEvent> {
  const refusal = `The log ${path} cannot be written`;
  const file = await explained(refusal, () => open(path, 'a+'));
  const append = (line: object) => explained(refusal, () => file.appendFile(`${JSON.stringify(line)}\n`));
  try {
    // A program that was killed leaves half a line.
    const written = (await file.stat()).isFile() ? await file.readFile('utf8') : '';
    const whole = written.lastIndexOf('\n') + 1;
    if (whole < written.length)
      await explained(refusal, () => file.truncate(Buffer.byteLength(written.slice(0, whole))));
    if (whole === 0) await append(head);
    for await (const event of events) {
      // JSON leaves out functions.
      if (!UNLOGGED.includes(event.type)) await append(event);
      // The state that it names may be the only one left after a power cut.
      if (event.type === 'saved') await explained(refusal, () => file.datasync());
      yield event;
    }
  } finally {
    await file.close();
  }
}

/** What a run's log says: what the run is, and what was told of it. Undefined where there is no log. */
export async function readLog(
  path: string,
): Promise<{ head: Record<string, unknown>; events: TrainEvent[] } | undefined> {
  const text = await explained(`The log ${path} cannot be read`, () =>
    readFile(path, 'utf8').catch((error) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    }),
  );
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd();
  if (lines === '') return undefined;
  const [head, ...events] = lines.split('\n').map((line, index) => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new Error(`The log ${path} is damaged: line ${index + 1} is no JSON.`, { cause });
    }
  });
  return { head, events };
}
