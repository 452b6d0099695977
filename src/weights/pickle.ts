// A reader of Python's pickles that executes nothing: objects that a pickle would construct by calling what it names become
// inert values, unless the caller knows that name. It has the opcodes that PyTorch and NumPy write, of protocols 2 to 5
// (https://github.com/python/cpython/blob/main/Lib/pickletools.py describes them); INST, OBJ, EXT and text are refused.

/** A tuple; lists are arrays, dicts maps and sets sets. */
export interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly unknown[];
}

/** A name such as `torch._utils._rebuild_tensor_v2`, to which nothing corresponds here. */
export interface Global {
  readonly kind: 'global';
  readonly name: string;
}

/** What would have been made by calling something, which was not called. */
export interface Inert {
  readonly kind: 'inert';
  /** The name of what would have been called. */
  readonly of: string;
}

export interface Handlers {
  /** What a persistent id stands for. */
  persistent(id: unknown): unknown;
  /** The result of a call that is known to be harmless; undefined for all others. */
  call(name: string, args: readonly unknown[]): unknown;
  /** Gives an object that `call` made its state. Without it, objects need none. */
  build?(object: unknown, state: unknown): void;
  /** A string of Python 2, which is bytes; a text in Latin-1 unless given. */
  bytes?(bytes: Uint8Array): unknown;
  /** What the file should be, for errors; "checkpoint" unless given. */
  readonly wanted?: string;
}

/** Bounds on what a small file may ask for: values pushed and remembered, and containers made. */
const MOST_VALUES = 2 ** 20;
const MOST_CONTAINERS = 2 ** 18;

export const isTuple = (value: unknown): value is Tuple => kindOf(value) === 'tuple';
export const isGlobal = (value: unknown): value is Global => kindOf(value) === 'global';
export const isInert = (value: unknown): value is Inert => kindOf(value) === 'inert';

export function kindOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : undefined;
}

/**
 * Reads the pickle that begins at `from`. Returns its value and where it ends.
 * Throws one sentence that names the file, with the byte, where it is damaged, has an opcode that is not allowed, or is larger
 * than any checkpoint.
 */
export function readPickle(
  bytes: Uint8Array,
  from: number,
  name: string,
  handlers: Handlers,
): { readonly value: unknown; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true });
  const latin = new TextDecoder('latin1');
  const string = handlers.bytes ?? ((bytes: Uint8Array): unknown => latin.decode(bytes));
  const stack: unknown[] = [];
  const marks: number[] = [];
  const memo = new Map<number, unknown>();
  let at = from;
  let opcode = from;
  let containers = 0;

  const refuse = (why: string) =>
    new Error(`${name} is damaged or no ${handlers.wanted ?? 'checkpoint'}: its pickle ${why} at byte ${opcode}.`);
  const skip = (length: number): number => {
    if (!(length >= 0) || length > bytes.length - at) throw refuse(`wants ${length} bytes beyond its end`);
    at += length;
    return at - length;
  };
  const u8 = () => view.getUint8(skip(1));
  const u16 = () => view.getUint16(skip(2), true);
  const u32 = () => view.getUint32(skip(4), true);
  const i32 = () => view.getInt32(skip(4), true);
  const u64 = () => Number(view.getBigUint64(skip(8), true));
  const slice = (length: number): Uint8Array => {
    const start = skip(length);
    return bytes.subarray(start, start + length);
  };
  const unicode = (length: number): string => {
    const encoded = slice(length);
    try {
      return text.decode(encoded);
    } catch {
      throw refuse('has a text that is no UTF-8');
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw refuse('has a name without end');
    const value = unicode(end - at);
    at = end + 1;
    return value;
  };
  /** A little-endian integer in two's complement. */
  const long = (length: number): number | bigint => {
    const digits = slice(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i] as number);
    if (length > 0 && (digits[length - 1] as number) > 127) value -= 1n << BigInt(8 * length);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  };

  const push = (value: unknown): void => {
    if (stack.length >= MOST_VALUES) throw refuse(`holds more than ${MOST_VALUES} values`);
    stack.push(value);
  };
  const made = <T>(value: T): T => {
    if (++containers > MOST_CONTAINERS) throw refuse(`makes more than ${MOST_CONTAINERS} objects`);
    return value;
  };
  const peek = (): unknown => {
    if (stack.length <= (marks.at(-1) ?? 0)) throw refuse('takes a value that is not there');
    return stack.at(-1);
  };
  const pop = (): unknown => {
    const value = peek();
    stack.pop();
    return value;
  };
  const popMark = (): unknown[] => {
    const mark = marks.pop();
    if (mark === undefined) throw refuse('closes what it did not open');
    return stack.splice(mark);
  };
  const tuple = (items: unknown[]) => push(made({ kind: 'tuple', items } satisfies Tuple));
  const remember = (index: number) => {
    if (memo.size >= MOST_VALUES) throw refuse(`remembers more than ${MOST_VALUES} values`);
    memo.set(index, peek());
  };
  const recall = (index: number) => {
    if (!memo.has(index)) throw refuse(`recalls the value ${index}, which it did not remember`);
    push(memo.get(index));
  };
  const call = (callee: unknown, args: unknown) => {
    if (!isTuple(args)) throw refuse('calls something without a tuple of arguments');
    const result = isGlobal(callee) ? handlers.call(callee.name, args.items) : undefined;
    const of = isGlobal(callee) ? callee.name : isInert(callee) ? callee.of : 'a value';
    push(result ?? made({ kind: 'inert', of } satisfies Inert));
  };
  const append = (items: unknown[]) => {
    const list = peek();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (!isInert(list)) throw refuse('appends to what is no list');
  };
  const setItems = (items: unknown[]) => {
    const dict = peek();
    if (items.length % 2 === 1) throw refuse('has a key without a value');
    if (dict instanceof Map) for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
    else if (!isInert(dict)) throw refuse('sets an item of what is no dict');
  };

  for (;;) {
    opcode = at;
    const code = u8();
    switch (String.fromCharCode(code)) {
      case '\x80': {
        const protocol = u8();
        if (protocol < 2 || protocol > 5) throw refuse(`has the protocol ${protocol}, and 2 to 5 are read`);
        break;
      }
      case '.': {
        const value = pop();
        if (stack.length > 0 || marks.length > 0) throw refuse('ends with values left over');
        return { value, end: at };
      }
      case '(':
        if (marks.length >= MOST_VALUES) throw refuse(`opens more than ${MOST_VALUES} brackets`);
        marks.push(stack.length);
        break;
      case '0':
        pop();
        break;
      case '1':
        popMark();
        break;
      case '2':
        push(peek());
        break;
      case 'N':
        push(null);
        break;
      case '\x88':
        push(true);
        break;
      case '\x89':
        push(false);
        break;
      case 'K':
        push(u8());
        break;
      case 'M':
        push(u16());
        break;
      case 'J':
        push(i32());
        break;
      case '\x8a':
        push(long(u8()));
        break;
      case '\x8b':
        push(long(i32()));
        break;
      case 'G':
        push(view.getFloat64(skip(8)));
        break;
      case 'X':
        push(unicode(u32()));
        break;
      case '\x8c':
        push(unicode(u8()));
        break;
      case '\x8d':
        push(unicode(u64()));
        break;
      // Strings of Python 2, which are bytes.
      case 'U':
        push(string(slice(u8())));
        break;
      case 'T':
        push(string(slice(i32())));
        break;
      case 'C':
        push(slice(u8()));
        break;
      case 'B':
        push(slice(u32()));
        break;
      case '\x8e':
        push(slice(u64()));
        break;
      case ')':
        tuple([]);
        break;
      case '\x85':
        tuple([pop()]);
        break;
      case '\x86': {
        const second = pop();
        tuple([pop(), second]);
        break;
      }
      case '\x87': {
        const [third, second] = [pop(), pop()];
        tuple([pop(), second, third]);
        break;
      }
      case 't':
        tuple(popMark());
        break;
      case ']':
        push(made([]));
        break;
      case 'l':
        push(made(popMark()));
        break;
      case '}':
        push(made(new Map()));
        break;
      case 'd': {
        const items = popMark();
        push(made(new Map()));
        setItems(items);
        break;
      }
      case '\x8f':
        push(made(new Set()));
        break;
      case '\x91':
        push(made(new Set(popMark())));
        break;
      case 'a':
        append([pop()]);
        break;
      case 'e':
        append(popMark());
        break;
      case 's': {
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 'u':
        setItems(popMark());
        break;
      case '\x90': {
        const items = popMark();
        const set = peek();
        if (set instanceof Set) for (const item of items) set.add(item);
        else if (!isInert(set)) throw refuse('adds to what is no set');
        break;
      }
      case 'q':
        remember(u8());
        break;
      case 'r':
        remember(u32());
        break;
      case '\x94':
        remember(memo.size);
        break;
      case 'h':
        recall(u8());
        break;
      case 'j':
        recall(u32());
        break;
      case 'c': {
        const module = line();
        push(made({ kind: 'global', name: `${module}.${line()}` } satisfies Global));
        break;
      }
      case '\x93': {
        const [member, module] = [pop(), pop()];
        if (typeof member !== 'string' || typeof module !== 'string') throw refuse('names what is no text');
        push(made({ kind: 'global', name: `${module}.${member}` } satisfies Global));
        break;
      }
      case 'R':
      case '\x81': {
        const args = pop();
        call(pop(), args);
        break;
      }
      case '\x92': {
        const [, args] = [pop(), pop()];
        call(pop(), args);
        break;
      }
      case 'b': {
        const state = pop();
        handlers.build?.(peek(), state);
        break;
      }
      case 'Q':
        push(handlers.persistent(pop()));
        break;
      case '\x95':
        skip(8);
        break;
      default:
        throw refuse(`has the opcode 0x${code.toString(16).padStart(2, '0')}, which is not allowed,`);
    }
  }
}
