import type { Device } from '../device.ts';
import { digest } from '../kernel/generated/modules.ts';
import type { TextStore } from './store.ts';

/** Of what is remembered; another one is not read. */
const FORMAT = 2;

interface Remembered {
  readonly format: typeof FORMAT;
  readonly adapter: string;
  /** By op and problem. */
  readonly choices: Readonly<Record<string, string>>;
}

/**
 * Takes what was measured before on this adapter with these kernels into `device.measured`. Returns a sentence where
 * what is remembered cannot be used; it is then as if nothing were.
 */
export async function recall(device: Device, store: TextStore): Promise<string | undefined> {
  const name = await nameFor(device);
  try {
    const text = await store.read(name);
    if (text === undefined) return undefined;
    for (const [key, choice] of Object.entries(parse(text).choices)) device.measured.set(key, choice);
    return undefined;
  } catch (error) {
    return `What was measured before is not used: ${store.place(name)} ${(error as Error).message}.`;
  }
}

/** Writes all of `device.measured` down. Returns a sentence where that is not possible. */
export async function remember(device: Device, store: TextStore): Promise<string | undefined> {
  const name = await nameFor(device);
  const choices = Object.fromEntries([...device.measured].sort(([a], [b]) => (a < b ? -1 : 1)));
  const content: Remembered = { format: FORMAT, adapter: device.target.name, choices };
  try {
    await store.write(name, `${JSON.stringify(content, null, 1)}\n`);
    return undefined;
  } catch (error) {
    return `What was measured is not kept: ${store.place(name)} ${(error as Error).message}.`;
  }
}

function parse(text: string): Remembered {
  let content: Partial<Remembered> | null;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error('is no JSON');
  }
  const { format, choices } = content ?? {};
  if (format !== FORMAT) throw new Error(`has not the format ${FORMAT}`);
  if (
    typeof choices !== 'object' ||
    choices === null ||
    Object.values(choices).some((name) => typeof name !== 'string')
  )
    throw new Error('has no choices by name');
  return content as Remembered;
}

/** One for each adapter and state of the kernels: an edited kernel is measured anew. */
async function nameFor({ target, library }: Device): Promise<string> {
  const { kind, name, subgroupSize, limits, features } = target;
  const identity = JSON.stringify([
    FORMAT,
    kind,
    name,
    subgroupSize,
    limits,
    [...features].sort(),
    digest,
    library.edited,
  ]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(identity));
  const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `tuned-${hex.slice(0, 16)}.json`;
}
