import { openCheckpoint } from '../weights/checkpoint.ts';
import { type HostTensor, toFloat32 } from '../weights/host-tensor.ts';
import { encoderKeys } from '../weights/keys.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { bytesSource } from '../weights/source.ts';

/** Files beside each other, by name. */
export interface Files {
  readonly names: readonly string[];
  read(name: string): Promise<Uint8Array>;
}

const EXPECTED = '.expected.safetensors';

/** The files of a folder of checkpoints that are to be read or refused; the others say what they hold. None of another folder. */
export const checkpointsOf = (names: readonly string[]): string[] =>
  names.some((name) => name.endsWith(EXPECTED)) ? names.filter((name) => !name.endsWith(EXPECTED)) : [];

/**
 * Reads a checkpoint as the trainer does and tells what is wrong, a line each. A file `refuse_*` must be refused in a sentence
 * that names it; `either_*` may be refused so; all else must hold, to the bit, what the `.expected.safetensors` of its name says,
 * and of an encoder what `.encoder.expected.safetensors` says.
 */
export async function checkCheckpoint(name: string, files: Files): Promise<string[]> {
  const stem = name.replace(/_(zip|legacy)\..*$|\.safetensors$/, '');
  const expectations = async (suffix: string): Promise<ReadonlyMap<string, HostTensor> | undefined> => {
    // A legacy file may differ from the archive of the same name.
    const own = [`${name.replace(/_zip\..*$|\.\w+$/, '')}${suffix}`, `${stem}${suffix}`];
    const file = own.find((candidate) => files.names.includes(candidate));
    return file === undefined ? undefined : readSafetensors(await files.read(file), file).tensors;
  };
  const got = new Map<string, HostTensor>();
  try {
    const { tensors } = await openCheckpoint(bytesSource(await files.read(name), name));
    for (const [key, tensor] of tensors) got.set(key, await tensor.read());
  } catch (error) {
    const { message } = error as Error;
    if (!/^(refuse|either)_/.test(name)) return [`refused: ${message}`];
    return message.includes(name) ? [] : [`refused without its name: ${message}`];
  }
  if (name.startsWith('refuse_')) return [`read, with ${[...got.keys()].join(', ')}`];

  const want = await expectations(EXPECTED);
  if (!want) return ['nothing says what it holds'];
  const failures = compareTensors(got, want);
  const encoder = await expectations(`.encoder${EXPECTED}`);
  if (!encoder) return failures;
  const keys = encoderKeys(got.keys(), name);
  const found = new Map([...keys].map(([bare, key]) => [bare, got.get(key) as HostTensor]));
  const extra = [...found.keys()].filter((key) => !encoder.has(key));
  return [
    ...failures,
    ...compareTensors(found, encoder).map((failure) => `encoder: ${failure}`),
    ...extra.map((key) => `encoder: ${key} is none of its tensors`),
  ];
}

function compareTensors(got: ReadonlyMap<string, HostTensor>, want: ReadonlyMap<string, HostTensor>): string[] {
  return [...want].flatMap(([key, tensor]) => {
    const found = got.get(key);
    if (!found) return [`${key} is missing`];
    // Some expectations hold all types as F32, and a scalar with the shape [1].
    const sameType = found.dtype === tensor.dtype;
    if (sameType && `${found.shape}` !== `${tensor.shape}` && tensor.shape.join() !== '1')
      return [`${key} has the shape [${found.shape}] and not [${tensor.shape}]`];
    const [a, b] = sameType ? [bytesOf(found), bytesOf(tensor)] : [toFloat32(found), toFloat32(tensor)];
    const same = a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
    return same ? [] : [`${key} has other values`];
  });
}

const bytesOf = ({ data }: HostTensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
