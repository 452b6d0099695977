// ZIP archives: those that PyTorch writes, whose entries are stored and not compressed, and those of data sets, which may
// deflate them; with Zip64 where they are large. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT describes the
// format; offsets and sizes are taken from the central directory, since PyTorch leaves them out of the entries' own headers.
import { inflate } from '../bytes.ts';
import type { ByteSource } from './source.ts';

/** An entry of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** In bytes, uncompressed. */
  readonly size: number;
  /** Whether it is a symbolic link, whose bytes are the path that it leads to. */
  readonly isLink: boolean;
  /** Bytes from `from` on, `length` of them, all within the entry, which has to be stored. */
  read(from: number, length: number): Promise<Uint8Array>;
  /** All of its bytes, stored or deflated. Throws in one sentence when they are not those that the directory promises. */
  content(): Promise<Uint8Array>;
}

const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR64 = 0x07064b50;
const LOCATOR64_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const DIRECTORY = 0x02014b50;
const DIRECTORY_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
/** The extra field that holds what does not fit into 32 bits. */
const EXTRA64 = 1;
const TOO_LARGE = 0xffffffff;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
/** The kind of file in a mode of Unix, which is the upper half of an entry's external attributes. */
const KIND_OF_FILE = 0xf000;
const LINK = 0xa000;
/** A gzip file's beginning, without a name or a time. */
const GZIP_HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/**
 * The entries of an archive by name, from its directory alone; an entry's own header is read and checked with its bytes.
 * Throws one sentence that names the file where it is truncated, contradicts itself, or has an entry twice.
 */
export async function readZip(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const refuse = (why: string) => new Error(`${source.name} is damaged or truncated: ${why}.`);
  const { count, offset, size } = await findDirectory(source, refuse);
  const bytes = await source.read(offset, size);
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_BYTES > size || view.getUint32(at, true) !== DIRECTORY)
      throw refuse(`its directory names ${count} entries and has ${i}`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + DIRECTORY_BYTES + nameLength + extraLength + view.getUint16(at + 32, true);
    if (end > size) throw refuse('its directory ends within an entry');
    const extraAt = at + DIRECTORY_BYTES + nameLength;
    const name = new TextDecoder().decode(bytes.subarray(at + DIRECTORY_BYTES, extraAt));
    if (entries.has(name)) throw refuse(`it has the entry "${name}" twice`);
    const wide = wideFields(view, extraAt, extraLength);
    const field = (place: number) => {
      const value = view.getUint32(at + place, true);
      if (value !== TOO_LARGE) return value;
      const next = wide.shift();
      if (next === undefined) throw refuse(`the entry "${name}" lacks its size or place`);
      return next;
    };
    // In this order, of which a Zip64 field has only what is too large.
    const stored = { full: field(24), compressed: field(20), header: field(42) };
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const isLink = ((view.getUint32(at + 38, true) >>> 16) & KIND_OF_FILE) === LINK;
    const crc = view.getUint32(at + 16, true);
    entries.set(name, entryOf(source, { name, ...stored, flags, method, crc, isLink, limit: offset }));
    at = end;
  }
  if (at !== size) throw refuse(`its directory has more than the ${count} entries that it names`);
  return entries;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Refuse = (why: string) => Error;

async function findDirectory(
  source: ByteSource,
  refuse: Refuse,
): Promise<{ count: number; offset: number; size: number }> {
  const tailLength = Math.min(source.size, END_BYTES + LONGEST_COMMENT);
  const tailAt = source.size - tailLength;
  const tail = viewOf(await source.read(tailAt, tailLength));
  let at = tailLength - END_BYTES;
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === tailLength)
  )
    at--;
  if (at < 0) throw refuse('an archive ends with its directory, and this one does not');
  let end = tailAt + at;
  const disks = tail.getUint16(at + 4, true) + tail.getUint16(at + 6, true);
  let [here, count] = [tail.getUint16(at + 8, true), tail.getUint16(at + 10, true)];
  let [size, offset] = [tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  // PyTorch writes the wide record also where its numbers fit into the narrow one.
  const locator =
    end >= LOCATOR64_BYTES ? viewOf(await source.read(end - LOCATOR64_BYTES, LOCATOR64_BYTES)) : undefined;
  if (locator?.getUint32(0, true) === LOCATOR64) {
    const place = Number(locator.getBigUint64(8, true));
    if (!(place <= end - LOCATOR64_BYTES - END64_BYTES)) throw refuse('its directory has no place');
    const wide = viewOf(await source.read(place, END64_BYTES));
    if (wide.getUint32(0, true) !== END64) throw refuse('its directory has no place');
    end = place;
    [here, count] = [Number(wide.getBigUint64(24, true)), Number(wide.getBigUint64(32, true))];
    [size, offset] = [Number(wide.getBigUint64(40, true)), Number(wide.getBigUint64(48, true))];
  }
  if (disks !== 0 || here !== count) throw refuse('it is a part of an archive in several files');
  if (!(offset + size === end)) throw refuse('its directory is not where it should be');
  if (count * DIRECTORY_BYTES > size) throw refuse(`its directory is too short for ${count} entries`);
  return { count, offset, size };
}

/** The 64-bit numbers of an entry, of those that do not fit into its 32-bit fields. */
function wideFields(view: DataView, from: number, length: number): number[] {
  for (let at = from; at + 4 <= from + length; ) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === EXTRA64 && at + 4 + size <= from + length)
      return Array.from({ length: Math.min(3, size >> 3) }, (_, i) => Number(view.getBigUint64(at + 4 + 8 * i, true)));
    at += 4 + size;
  }
  return [];
}

function entryOf(
  source: ByteSource,
  entry: {
    name: string;
    full: number;
    compressed: number;
    header: number;
    flags: number;
    method: number;
    crc: number;
    isLink: boolean;
    /** Where the directory begins, which no entry may reach. */
    limit: number;
  },
): ZipEntry {
  const { name, full, compressed, header, method, limit } = entry;
  const refuse = (why: string) => new Error(`${source.name} is damaged: its entry "${name}" ${why}.`);
  let located: Promise<number> | undefined;
  const locate = async (): Promise<number> => {
    if ((entry.flags & 1) !== 0) throw new Error(`${source.name} is encrypted, and cannot be read.`);
    if (!(header + LOCAL_BYTES <= limit)) throw refuse('begins beyond the end');
    const local = viewOf(await source.read(header, LOCAL_BYTES));
    if (local.getUint32(0, true) !== LOCAL) throw refuse('does not begin where the directory says');
    const start = header + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
    if (!(start + compressed <= limit)) throw refuse(`has ${compressed} bytes, which go beyond the end`);
    return start;
  };
  const start = () => {
    located ??= locate();
    return located;
  };
  return {
    name,
    size: full,
    isLink: entry.isLink,
    async read(from, length) {
      if (method !== STORED || compressed !== full)
        throw new Error(`${source.name} is compressed, which PyTorch's files are not; unpack it, or save it again.`);
      const at = await start();
      if (from + length > full) throw refuse(`has ${full} bytes, but ${from + length} are needed`);
      return source.read(at + from, length);
    },
    async content() {
      const bytes = await source.read(await start(), compressed);
      if (method === STORED && compressed === full) return bytes;
      if (method !== DEFLATED)
        throw new Error(
          `${source.name} has the entry "${name}" compressed by the method ${method}, and only deflated ones are read; pack it again.`,
        );
      try {
        return await unpack(bytes, full, entry.crc);
      } catch (cause) {
        throw new Error(refuse('does not unpack to what the directory promises').message, { cause });
      }
    },
  };
}

/**
 * What was deflated to these bytes. They are given as a gzip file, which every runtime unpacks and whose end holds the
 * checksum. Throws where size or checksum are others.
 */
async function unpack(bytes: Uint8Array, size: number, crc: number): Promise<Uint8Array> {
  const file = new Uint8Array(GZIP_HEADER.length + bytes.length + 8);
  file.set(GZIP_HEADER);
  file.set(bytes, GZIP_HEADER.length);
  const end = new DataView(file.buffer, file.length - 8);
  end.setUint32(0, crc, true);
  end.setUint32(4, size % 2 ** 32, true);
  return inflate(file, 'gzip', size);
}
