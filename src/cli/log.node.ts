import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TrainEvent } from '../train/events.ts';
import { reason } from './errors.ts';

/**
 * Passes events through and writes each as a line of JSON, so that a training that is stopped leaves its log. A
 * checkpoint's line tells its epoch alone.
 * @param head the first line: what the run is.
 * @param path the file; its folder is made, and what was in the file is lost.
 */
export async function* logEvents(
  events: AsyncIterable<TrainEvent>,
  path: string,
  head: object,
): AsyncGenerator<TrainEvent> {
  const file = await explained(path, () => openFile(path));
  const append = (line: object) => explained(path, () => file.appendFile(`${JSON.stringify(line)}\n`));
  try {
    await append(head);
    for await (const event of events) {
      // JSON leaves out functions, and with them how to read a checkpoint's weights.
      await append(event);
      yield event;
    }
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  return open(path, 'w');
}

/** Errors of the file system as one sentence. */
async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new Error(`The log ${path} cannot be written: ${reason(error)}.`, { cause: error });
  }
}
