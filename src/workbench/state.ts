// What a workbench shows, as text for the part of an address behind its #: JSON, deflated, in base64url.

/** What a shared address opens. */
export interface State {
  readonly kernel: string;
  /** A benchmark's name; the usual one unless given. */
  readonly bench?: string;
  /** Whole texts of the modules that were edited, by path. */
  readonly edits?: Readonly<Record<string, string>>;
}

/** Base64url text of a state. */
export async function encodeState(state: State): Promise<string> {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(state)), new CompressionStream('deflate-raw'));
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The state of such a text. Throws, in one sentence, where it is none. */
export async function decodeState(text: string): Promise<State> {
  let state: unknown;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const json = await through(bytes, new DecompressionStream('deflate-raw'), MOST_BYTES);
    state = JSON.parse(new TextDecoder().decode(json));
  } catch {
    state = undefined;
  }
  if (!isState(state)) throw new Error('The address holds no state of the workbench: it was cut off or changed.');
  return state;
}

/** All modules together have a third of it: what unpacks to more was not made here. */
const MOST_BYTES = 2 ** 20;

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
  most = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    length += next.value.length;
    if (length > most) {
      await reader.cancel();
      throw new Error('This unpacks to too much.');
    }
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function isState(value: unknown): value is State {
  const { kernel, bench, edits = {} } = Object(value) as Record<string, unknown>;
  const isText = (own: unknown) => typeof own === 'string';
  const isTexts = typeof edits === 'object' && edits !== null && Object.values(edits).every(isText);
  return isText(kernel) && (bench === undefined || isText(bench)) && isTexts;
}
