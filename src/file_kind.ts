// What a file is by its content, for sentences that say why it is not what was wanted.

export interface FileKind {
  /** With its article: "a zip archive". */
  readonly what: string;
  /** What to do to get what is in it, as the end of a sentence. */
  readonly remedy: string;
  readonly isImage?: boolean;
}

/** So many bytes of a file's beginning tell its kind. */
export const TELLING_BYTES = 1024;

const AS_SAFETENSORS = 'save its tensors with safetensors.torch.save_file in Python';
const AS_WEIGHTS = 'give it as --weights';
const DOWNLOAD_AGAIN = 'download it again';
const OTHER_FILE = 'name another file';

const kind = (what: string, remedy: string): FileKind => ({ what, remedy });
const archive = (what: string): FileKind => kind(what, 'unpack it');
const PYTORCH = kind("PyTorch's own kind of checkpoint (.pth)", AS_WEIGHTS);
const ZIP = archive('a zip archive');
const PICKLE = kind('a pickle of Python', AS_SAFETENSORS);
const COMPRESSED = archive('a compressed file');
const IMAGE = { ...kind('an image', OTHER_FILE), isImage: true };
const IDX = kind('an IDX file of images or labels', 'give the folder that it is in as --data');
const SAFETENSORS = kind('a safetensors checkpoint', AS_WEIGHTS);

/** Formats by text that stands at a place, in Latin-1; the first that fits counts. */
const SIGNATURES: readonly (readonly [at: number, text: string, kind: FileKind])[] = [
  [0, 'PK\x03\x04', ZIP],
  [0, 'PK\x05\x06', ZIP],
  [0, 'PK\x07\x08', ZIP],
  // A pickle of the number 0x1950a86a20f9469cfc6c, which PyTorch wrote before version 1.6.
  [0, '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19', PYTORCH],
  [0, '\x80\x02', PICKLE],
  [0, '\x80\x03', PICKLE],
  [0, '\x80\x04', PICKLE],
  [0, '\x80\x05', PICKLE],
  [0, '\x1f\x8b', kind('a gzip file', 'unpack it with gunzip')],
  [257, 'ustar', archive('a tar archive')],
  [0, '\xfd7zXZ\0', COMPRESSED],
  [0, 'BZh', COMPRESSED],
  [0, '\x28\xb5\x2f\xfd', COMPRESSED],
  [0, '7z\xbc\xaf\x27\x1c', COMPRESSED],
  [0, '\x89PNG\r\n\x1a\n', IMAGE],
  [0, '\xff\xd8\xff', IMAGE],
  [0, 'GIF8', IMAGE],
  [8, 'WEBP', IMAGE],
  [0, '\x93NUMPY', kind('an array of NumPy', AS_SAFETENSORS)],
  [0, '\x89HDF\r\n', kind('an HDF5 file', AS_SAFETENSORS)],
  // The sizes of images are below 2^24, and of a safetensors header below 2^32.
  [0, '\0\0\x08\x01\0', IDX],
  [0, '\0\0\x08\x03\0', IDX],
  [4, '\0\0\0\0{"', SAFETENSORS],
  [0, 'version https://git-lfs', kind('a pointer of Git LFS and not the file', 'get the file with "git lfs pull"')],
];

const TEXTS: readonly (readonly [pattern: RegExp, kind: FileKind])[] = [
  [/^\s*<(!doctype|html|head|\?xml)/i, kind('a web page, as of a failed download', DOWNLOAD_AGAIN)],
  [/^\s*[{[]/, kind('JSON', OTHER_FILE)],
  [/^/, kind('a text', OTHER_FILE)],
];

/** What a file with this beginning (`TELLING_BYTES` of it or more) is; undefined where that cannot be told. */
export function kindOf(bytes: Uint8Array): FileKind | undefined {
  if (bytes.length === 0) return kind('empty', DOWNLOAD_AGAIN);
  const beginning = String.fromCharCode(...bytes.subarray(0, TELLING_BYTES));
  // The first file of the zip archive that torch.save writes is NAME/data.pkl; its name stands at byte 30.
  if (beginning.startsWith('PK') && /^[^/]+\/data\.pkl/.test(beginning.slice(30))) return PYTORCH;
  const signed = SIGNATURES.find(([at, text]) => beginning.startsWith(text, at));
  if (signed) return signed[2];
  const text = textOf(bytes.subarray(0, TELLING_BYTES));
  return text === undefined ? undefined : TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** The text in UTF-8 that the bytes are the beginning of, or undefined. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
