import type { Command } from 'commander';
import type { ImageSource } from '../data/image_source.ts';
import { createModel } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { intervalOf } from '../report/ranking.ts';
import { createEvaluator } from '../train/evaluate.ts';
import { guarded } from './errors.ts';
import { addDataOptions, type DataOptions, onDevice, withData } from './load_data.ts';
import { showEvaluation } from './progress.ts';
import { noTuned, useTuned } from './tune.ts';
import { cardOf, checkChannels, headIn, loadParts, type ModelCard, readWeights, type Weights } from './weights.ts';

/** Images that are scored at once. */
const BATCH = 64;

interface EvalOptions extends DataOptions {
  readonly weights: string;
  readonly tuned: boolean;
}

export function addEval(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('eval')
    .description('score a checkpoint on test images: top-1 accuracy (with a classifier) and S_Dbw of its features')
    .requiredOption('--weights <file>', 'safetensors checkpoint of this program');
  addDataOptions(command)
    .addOption(noTuned())
    .action(guarded((options: EvalOptions) => evaluate(options, request)));
}

async function evaluate(options: EvalOptions, request: typeof requestDevice): Promise<void> {
  const weights = await readWeights(options.weights);
  const card = cardOf(weights);
  if (!card?.statistics)
    throw new Error(
      `${options.weights} does not say which encoder it holds and how its images were normalised; only checkpoints of this program do.`,
    );
  await withData(options, Math.max(0, ...(card.image_size ?? [])), ({ test }) =>
    score(weights, card, test, options, request),
  );
}

async function score(
  weights: Weights,
  card: ModelCard,
  test: ImageSource,
  { tuned, stream }: EvalOptions,
  request: typeof requestDevice,
): Promise<void> {
  const { path } = weights;
  checkChannels(path, card, test);
  const { classes, head } = headIn(weights);
  const images = classes === undefined ? test : inOrderOf(classNames(path, card, classes), test, path);
  const device = await request();
  console.error(device.description);
  await useTuned(device, { tuned });
  const model = createModel({ ...card, classes, head, seed: 0 });
  console.error(await loadParts(device, model, weights, ['encoder', 'classifier']));
  const data = await onDevice(device, images, { batch: BATCH, stream, statistics: card.statistics });
  const view = { ...card.view, ...(card.image_size && { size: card.image_size }) };
  const evaluator = await createEvaluator(device, model, data, { batch: BATCH, view });
  const { scores } = await showEvaluation(evaluator, { stream: process.stderr });
  const { length: tested } = test.labels;
  if (scores.top1 !== undefined) {
    const interval = intervalOf(scores.top1, tested).map((end) => end.toFixed(1));
    console.log(
      `top-1  ${scores.top1.toFixed(2)} % of ${tested.toLocaleString('en')} images (95 % interval ${interval.join('–')}, Wilson)`,
    );
  }
  const { s_dbw } = scores;
  console.log(
    s_dbw
      ? `S_Dbw  ${s_dbw.score.toFixed(4)} = Scat ${s_dbw.scat.toFixed(4)} + Dens_bw ${s_dbw.dens_bw.toFixed(4)}`
      : scores.s_dbw_undefined,
  );
}

function classNames(path: string, { classes }: ModelCard, count: number): readonly string[] {
  if (classes?.length === count) return classes;
  throw new Error(
    `${path} classifies ${count} classes, but names ${classes?.length ?? 'none'} of them; only checkpoints of this program can be evaluated.`,
  );
}

/** The images with labels that count the checkpoint's classes: by their names, in whichever order the data have them. */
function inOrderOf(classes: readonly string[], images: ImageSource, path: string): ImageSource {
  const places = images.classes.map((name) => {
    const place = classes.indexOf(name);
    if (place >= 0) return place;
    throw new Error(
      `${images.name} has the class "${name}", which ${path} does not know; its classes are ${classes.join(', ')}.`,
    );
  });
  return { ...images, classes, labels: images.labels.map((label) => places[label] as number) };
}
