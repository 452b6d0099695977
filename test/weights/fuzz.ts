// Checkpoints with bytes changed at random, and what may become of them: they are read, or refused in a sentence that names the
// file. All else is a fault: another error, a read beyond the file, more memory than the file's size and 64 MiB, or more time.
import { random4 } from '../../src/data/random.ts';
import { openCheckpoint } from '../../src/weights/checkpoint.ts';
import { encoderKeys } from '../../src/weights/keys.ts';
import type { ByteSource } from '../../src/weights/source.ts';

/** Beyond a file's own size. */
const MOST_BYTES = 2 ** 26;
const MOST_SECONDS = 2;

/** What a number stands for of a file: up to four bytes changed, or the end cut off, or both. The same at each call. */
export function damaged(bytes: Uint8Array, number: number): Uint8Array {
  const [kind, length] = random4(number, bytes.length, 0, 0);
  const copy = kind % 4 === 0 ? bytes.slice(0, length % (bytes.length + 1)) : bytes.slice();
  if (kind % 4 === 0 && kind % 8 !== 0) return copy;
  for (let flip = 0; flip <= (kind >>> 8) % 4 && copy.length > 0; flip++) {
    const [place, value] = random4(number, bytes.length, 1, flip);
    copy[place % copy.length] = value & 255;
  }
  return copy;
}

/** Reads all that there is, and tells what is wrong with how it goes; undefined where nothing is. */
export async function fault(bytes: Uint8Array, memory: () => number = () => 0): Promise<string | undefined> {
  const name = 'the fuzzed file';
  const source: ByteSource = {
    ...{ name, size: bytes.length },
    async read(from, length) {
      if (!(Number.isSafeInteger(from) && Number.isSafeInteger(length) && from >= 0 && length >= 0))
        throw new TypeError(`reads ${length} bytes from ${from}`);
      if (from + length > bytes.length) throw new TypeError(`reads ${length} bytes from ${from} of ${bytes.length}`);
      return bytes.subarray(from, from + length);
    },
  };
  const [began, before] = [performance.now(), memory()];
  let more = 0;
  try {
    const { tensors } = await openCheckpoint(source);
    more = memory() - before;
    for (const tensor of tensors.values()) {
      await tensor.read().catch((error) => {
        if (isFault(error, name)) throw error;
      });
      more = Math.max(more, memory() - before);
    }
    encoderKeys(tensors.keys(), name);
  } catch (error) {
    if (isFault(error, name)) return String((error as Error)?.stack ?? error);
  }
  more = Math.max(more, memory() - before);
  const seconds = (performance.now() - began) / 1000;
  if (more > bytes.length + MOST_BYTES) return `it takes ${(more / 2 ** 20).toFixed(0)} MiB`;
  if (seconds > MOST_SECONDS) return `it takes ${seconds.toFixed(1)} s`;
  return undefined;
}

/** A refusal is an error of our own that names the file. */
const isFault = (error: unknown, name: string): boolean =>
  !(error instanceof Error && error.constructor === Error && error.message.includes(name));
