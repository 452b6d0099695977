import type { Command } from 'commander';
import { explained } from '../files.node.ts';
import { alignColumns } from '../report/align.ts';
import { showShape } from '../tape/tensor.ts';
import { type Checkpoint, openCheckpoint } from '../weights/checkpoint.ts';
import { arrayType, elementCount, isDType, type StoredTensor } from '../weights/host-tensor.ts';
import { groupNames } from '../weights/load_table.ts';
import { fileSource } from '../weights/source.node.ts';
import { guarded } from './errors.ts';
import { cardOf, ownNames } from './weights.ts';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('list the tensors of a checkpoint (safetensors or of PyTorch), and what of it is an encoder')
    .argument('<file>', 'checkpoint; of its values nothing is read')
    .option('--json', 'print it all as JSON')
    .action(
      guarded(async (path: string, { json }: { json?: boolean }) => {
        const source = await explained(`The checkpoint ${path} cannot be read`, () => fileSource(path));
        try {
          const checkpoint = await openCheckpoint(source);
          console.log(json ? asJson(checkpoint, source.size) : asText(checkpoint, path, source.size));
        } finally {
          await source.close();
        }
      }),
    );
}

/** What a tensor's values take; unknown for element types that are not read. */
const bytesOf = ({ dtype, shape }: StoredTensor): number | undefined =>
  isDType(dtype) ? elementCount(shape) * arrayType(dtype).BYTES_PER_ELEMENT : undefined;

function asJson({ format, tensors, metadata }: Checkpoint, size: number): string {
  const list = [...tensors].map(([name, tensor]) => ({
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    bytes: bytesOf(tensor),
  }));
  return JSON.stringify({ format, size, metadata, tensors: list }, undefined, 2);
}

function asText({ format, tensors, metadata }: Checkpoint, path: string, size: number): string {
  const list = [...tensors];
  const rows = list.map(([name, tensor]) => [
    printable(name),
    tensor.dtype,
    showShape(tensor.shape),
    sizeOf(bytesOf(tensor) ?? Number.NaN),
  ]);
  const total = list.reduce((sum, [, tensor]) => sum + (bytesOf(tensor) ?? 0), 0);
  const elements = list.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
  const dtypes = [...new Set(list.map(([, { dtype }]) => dtype))].sort().join(', ');
  return [
    ...alignColumns([['tensor', 'type', 'shape', 'size'], ...rows]),
    '',
    `${printable(path)}: ${format}, ${sizeOf(size)}`,
    `${list.length} tensors of ${dtypes}, ${elements.toLocaleString('en')} elements, ${sizeOf(total)}`,
    ...encoderLines(tensors, path, metadata),
    ...Object.entries(metadata).map(([key, value]) => `metadata ${printable(key)}: ${shortened(printable(value))}`),
  ].join('\n');
}

/** What a model would take of the file. */
function encoderLines(
  stored: ReadonlyMap<string, StoredTensor>,
  path: string,
  metadata: Readonly<Record<string, string>>,
): string[] {
  try {
    const { tensors, keys } = ownNames(stored, path);
    if (keys.size === 0) return ['encoder: none of a known kind'];
    const card = cardOf({ path, metadata, tensors });
    const { width, stem, channels, image_size } = card?.encoder ?? {};
    const parts = [
      card?.arch ?? 'of no known architecture',
      ...(width !== undefined ? [`width ${width}`] : []),
      ...(stem !== undefined ? [`stem ${stem}`] : []),
      ...(channels !== undefined ? [`${channels} channels`] : []),
      ...(image_size ? [`${image_size.join('×')} px`] : []),
    ];
    const what = parts.join(', ');
    const beside = [...stored.keys()].filter((key) => ![...keys.values()].includes(key));
    return [
      `encoder: ${what}; ${keys.size} tensors, ${printable(groupNames([...keys.values()]))}`,
      ...(beside.length > 0 ? [`beside it: ${printable(groupNames(beside))}`] : []),
    ];
  } catch (error) {
    return [`encoder: ${(error as Error).message}`];
  }
}

/** Names and texts of a file that anyone may have made: what would move a terminal's cursor is shown by its number. */
const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

const shortened = (text: string): string =>
  text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;

function sizeOf(bytes: number): string {
  if (Number.isNaN(bytes)) return 'unknown';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}
