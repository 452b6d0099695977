import type { Command } from 'commander';
import { createDataset } from '../data/dataset.ts';
import { embeddedFolder, loadDataset } from '../data/load.node.ts';
import { createModel } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { createEvaluator } from '../train/evaluate.ts';
import { guarded } from './errors.ts';
import { encoderOf, loadParts, readWeights } from './weights.ts';

interface EvalOptions {
  readonly weights: string;
  readonly data?: string;
}

export function addEval(program: Command, request: typeof requestDevice): void {
  program
    .command('eval')
    .description('score a checkpoint on test images: top-1 accuracy (with a classifier) and S_Dbw of its features')
    .requiredOption('--weights <file>', 'safetensors checkpoint of this program')
    .option('--data <folder>', 'four IDX files, as of Fashion-MNIST (default: the embedded images)')
    .action(guarded((options: EvalOptions) => evaluate(options, request)));
}

async function evaluate({ weights: path, data: folder }: EvalOptions, request: typeof requestDevice): Promise<void> {
  const weights = await readWeights(path);
  const encoder = encoderOf(weights);
  if (!encoder) throw new Error(`${path} does not say which encoder it holds; only checkpoints of this program do.`);
  const { train, test } = await loadDataset(folder ?? embeddedFolder());
  const classifier = weights.tensors.get('classifier.weight');
  const classes = classifier?.shape[0];
  if (classes !== undefined && classes !== test.classes.length)
    throw new Error(`${path} classifies ${classes} classes, but ${test.name} has ${test.classes.length}.`);
  const device = await request();
  console.error(device.description);
  const model = createModel({ ...encoder, classes, seed: 0 });
  loadParts(device, model, weights, ['encoder', 'classifier']);
  const data = createDataset(device.target, test, createDataset(device.target, train));
  const { scores } = await (await createEvaluator(device, model, data))();
  if (scores.top1 !== undefined) console.log(`top-1  ${scores.top1.toFixed(2)} %`);
  const { s_dbw } = scores;
  console.log(
    s_dbw
      ? `S_Dbw  ${s_dbw.score.toFixed(4)} = Scat ${s_dbw.scat.toFixed(4)} + Dens_bw ${s_dbw.dens_bw.toFixed(4)}`
      : 'S_Dbw  undefined: two classes are empty around their centre',
  );
}
