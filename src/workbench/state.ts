// What a workbench shows, as text for the part of an address behind its #: JSON, deflated, in base64url.
import { deflate, inflate } from '../bytes.ts';

/** What a shared address opens. */
export interface State {
  readonly kernel: string;
  /** A benchmark's name; the usual one unless given. */
  readonly bench?: string;
  /** Whole texts of the modules that were edited, by path. */
  readonly edits?: Readonly<Record<string, string>>;
  /** The kernel's constants in place of what its op chooses. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** Base64url text of a state. */
export async function encodeState(state: State): Promise<string> {
  const bytes = await deflate(new TextEncoder().encode(JSON.stringify(state)), 'deflate-raw');
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The state of such a text. Throws, in one sentence, where it is none. */
export async function decodeState(text: string): Promise<State> {
  let state: unknown;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const json = await inflate(bytes, 'deflate-raw', MOST_BYTES);
    state = JSON.parse(new TextDecoder().decode(json));
  } catch {
    state = undefined;
  }
  if (!isState(state)) throw new Error('The address holds no state of the workbench: it was cut off or changed.');
  return state;
}

/** All modules together have a third of it: what unpacks to more was not made here. */
const MOST_BYTES = 2 ** 20;

function isState(value: unknown): value is State {
  const { kernel, bench, edits = {}, constants = {} } = Object(value) as Record<string, unknown>;
  const isText = (own: unknown) => typeof own === 'string';
  const hasOnly = (own: unknown, test: (value: unknown) => boolean) =>
    typeof own === 'object' && own !== null && Object.values(own).every(test);
  return (
    isText(kernel) &&
    (bench === undefined || isText(bench)) &&
    hasOnly(edits, isText) &&
    hasOnly(constants, Number.isFinite)
  );
}
