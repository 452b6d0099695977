import { open } from 'node:fs/promises';
import { explained } from '../files.node.ts';
import type { TrainEvent } from '../train/events.ts';

/**
 * Passes events through and writes each as a line of JSON, so that a training that is stopped leaves its log. A
 * checkpoint's line tells its epoch alone.
 * @param path the file, in a folder that is there; what was in the file is lost.
 * @param head the first line: what the run is.
 */
export async function* logEvents(
  events: AsyncIterable<TrainEvent>,
  path: string,
  head: object,
): AsyncGenerator<TrainEvent> {
  const refusal = `The log ${path} cannot be written`;
  const file = await explained(refusal, () => open(path, 'w'));
  const append = (line: object) => explained(refusal, () => file.appendFile(`${JSON.stringify(line)}\n`));
  try {
    await append(head);
    for await (const event of events) {
      // JSON leaves out functions, and with them how to read a checkpoint's weights. What is under way is for eyes alone.
      if (event.type !== 'evaluating') await append(event);
      yield event;
    }
  } finally {
    await file.close();
  }
}
