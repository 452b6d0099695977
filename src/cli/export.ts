import { existsSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { type Command, Option } from 'commander';
import { version } from '../../package.json';
import { explained, writeWhole } from '../files.node.ts';
import { onnxModel } from '../onnx/model.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { guarded } from './errors.ts';
import { cardMetadata, cardOf, readWeights } from './weights.ts';

interface ExportOptions {
  readonly weights: string;
  readonly format: 'onnx';
  readonly out?: string;
  readonly overwrite?: boolean;
}

/** Where a checkpoint does not say it. */
const USUAL_SIZE = [224, 224] as const;

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write a model for other programs: images with values in 0 to 1 to features and logits')
    .requiredOption('--weights <file>', 'checkpoint with an encoder, and a classifier or none')
    .addOption(new Option('--format <kind>', 'of the file').choices(['onnx']).default('onnx'))
    .option('--out <file>', 'file to write (default: beside the checkpoint, with its name)')
    .option('--overwrite', 'replace the file to write where there is one')
    .action(guarded(exportModel));
}

async function exportModel({
  weights: path,
  format,
  out = beside(path, format),
  overwrite,
}: ExportOptions): Promise<void> {
  if (existsSync(out) && !overwrite) throw new Error(`${out} is there already; take another --out, or --overwrite.`);
  const weights = await readWeights(path);
  const card = cardOf(weights);
  if (!card) throw new Error(`${path} holds no encoder that is known; see "coin inspect ${path}".`);
  const { arch, encoder, statistics, image_size: size = USUAL_SIZE } = card;
  const { channels } = encoder;
  if (channels === undefined) throw new Error(`${path} does not say of how many channels its images are.`);
  const pieces = onnxModel({
    ...{ arch, encoder, channels, size, statistics },
    tensors: weights.tensors as ReadonlyMap<string, HostTensor>,
    metadata: cardMetadata(card),
    producer: ['coin-webgpu', version],
  });
  const all = async function* () {
    yield* pieces;
  };
  await explained(`${out} cannot be written`, () => writeWhole(out, all()));
  const values = statistics ? 'values in 0 to 1' : 'normalised values';
  console.log(`${arch} is in ${out}: images [n, ${channels}, ${size.join(', ')}] with ${values}.`);
}

const beside = (path: string, format: string): string => join(dirname(path), `${parse(path).name}.${format}`);
