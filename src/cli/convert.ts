import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { explained, writeWhole } from '../files.node.ts';
import { openCheckpoint } from '../weights/checkpoint.ts';
import { convertFloat, type FloatType, isDType, isFloatType, type StoredTensor } from '../weights/host-tensor.ts';
import { type LateTensor, safetensorsPieces } from '../weights/safetensors.ts';
import { fileSource } from '../weights/source.node.ts';
import { guarded } from './errors.ts';
import { cardMetadata, cardOf, ownNames } from './weights.ts';

interface ConvertOptions {
  readonly out: string;
  readonly encoder?: boolean;
  readonly dtype?: FloatType;
  readonly overwrite?: boolean;
}

export function addConvert(program: Command): void {
  program
    .command('convert')
    .description('write the tensors of a checkpoint (of PyTorch or safetensors) as safetensors')
    .argument('<file>', 'checkpoint')
    .requiredOption('--out <file>', 'safetensors file to write')
    .option('--encoder', 'write the encoder alone, under the names that this program and its metadata give it')
    .addOption(
      new Option('--dtype <type>', 'type of all real numbers (default: as they are)').choices([
        'F32',
        'F16',
        'BF16',
        'F64',
      ]),
    )
    .option('--overwrite', 'replace the file to write where there is one')
    .action(guarded(convert));
}

async function convert(path: string, { out, encoder, dtype, overwrite }: ConvertOptions): Promise<void> {
  if (existsSync(out) && !overwrite) throw new Error(`${out} is there already; take another --out, or --overwrite.`);
  const source = await explained(`The checkpoint ${path} cannot be read`, () => fileSource(path));
  try {
    const { tensors: stored, metadata } = await openCheckpoint(source);
    const chosen = encoder ? encoderOf(stored, path, metadata) : { tensors: stored, metadata };
    const late = new Map([...chosen.tensors].map(([name, tensor]) => [name, converted(name, tensor, path, dtype)]));
    await explained(`${out} cannot be written`, () =>
      writeWhole(out, safetensorsPieces(late, { format: 'pt', ...chosen.metadata })),
    );
    console.log(`${late.size} of ${stored.size} tensors are in ${out}.`);
  } finally {
    await source.close();
  }
}

/** The encoder's tensors under this program's names, and what is known of it. */
function encoderOf(
  stored: ReadonlyMap<string, StoredTensor>,
  path: string,
  metadata: Readonly<Record<string, string>>,
): { tensors: ReadonlyMap<string, StoredTensor>; metadata: Readonly<Record<string, string>> } {
  const { tensors, keys } = ownNames(stored, path);
  const own = [...tensors].filter(([name]) => keys.has(name) && !name.endsWith('.num_batches_tracked'));
  if (own.length === 0)
    throw new Error(`${path} holds no tensor of an encoder that is known; see "coin inspect ${path}".`);
  const { classes: _, ...card } = cardOf({ path, metadata, tensors }) ?? {};
  return { tensors: new Map(own), metadata: 'arch' in card ? cardMetadata(card) : {} };
}

function converted(name: string, { dtype, shape, read }: StoredTensor, path: string, wanted?: FloatType): LateTensor {
  if (!isDType(dtype)) throw new Error(`${path}: ${name} has the element type ${dtype}, which is not read.`);
  const to = wanted && isFloatType(dtype) ? wanted : undefined;
  return {
    ...{ dtype: to ?? dtype, shape: [...shape] },
    read: async () => (to ? convertFloat(await read(), to) : read()),
  };
}
