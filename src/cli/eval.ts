import { basename, relative } from 'node:path';
import type { Command } from 'commander';
import type { ImageSource } from '../data/image_source.ts';
import type { OpenedDataset } from '../data/load.node.ts';
import type { Device } from '../gpu/device.ts';
import { methods, pretrainMethods } from '../methods/index.ts';
import { linearProbe } from '../metrics/linear_probe.ts';
import { createModel } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { classTable } from '../report/class_table.ts';
import { flatten, type Run } from '../report/data.ts';
import { intervalOf } from '../report/ranking.ts';
import { createEvaluator, type Evaluation } from '../train/evaluate.ts';
import { guarded } from './errors.ts';
import { addDataOptions, type DataOptions, onDevice, withData } from './load_data.ts';
import { refuseIdle } from './options.ts';
import { showEvaluation } from './progress.ts';
import { reportData, withFinal, writeReport } from './report.ts';
import { type FolderOptions, inRunFolder } from './run_folder.node.ts';
import type { Settings } from './setup.ts';
import { noTuned, useTuned } from './tune.ts';
import { cardOf, checkChannels, headIn, loadParts, type ModelCard, readWeights, type Weights } from './weights.ts';

/** Images that are scored at once. */
const BATCH = 64;

interface EvalOptions extends DataOptions, Pick<FolderOptions, 'out' | 'overwrite'> {
  readonly weights: string;
  readonly probe?: boolean;
  readonly tuned: boolean;
}

export function addEval(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('eval')
    .description(
      'score a checkpoint on test images: accuracies, calibration and each class (with a classifier), and S_Dbw of its features',
    )
    .requiredOption('--weights <file>', 'safetensors checkpoint of this program');
  addDataOptions(command)
    .option(
      '--probe',
      'also score the features as they are, without the classifier: by a linear one that is trained on those of the training images, and by their nearest neighbours',
    )
    .option('--out <folder>', 'write report.html and results.json there')
    .option('--overwrite', 'replace the run that the folder holds')
    .addOption(noTuned())
    .action(
      guarded((options: EvalOptions) => {
        const { out, overwrite } = options;
        if (out === undefined) return evaluate(options, request);
        return inRunFolder('eval', { out, ...(overwrite && { overwrite }) }, async (folder) => {
          await evaluate(options, request, async (...report) => {
            await folder.begin();
            return writeReport(folder.path, ...report);
          });
        });
      }),
    );
  refuseIdle(command, { needs: { overwrite: 'out' } });
}

type Write = (
  ...report: [report: Parameters<typeof writeReport>[1], test: ImageSource]
) => ReturnType<typeof writeReport>;

async function evaluate(options: EvalOptions, request: typeof requestDevice, write?: Write): Promise<void> {
  const weights = await readWeights(options.weights);
  const card = cardOf(weights);
  if (!card?.statistics)
    throw new Error(
      `${options.weights} does not say which encoder it holds and how its images were normalised; only checkpoints of this program do.`,
    );
  await withData(options, Math.max(0, ...(card.image_size ?? [])), (images) =>
    score(weights, card, images, options, request, write),
  );
}

async function score(
  weights: Weights,
  card: ModelCard,
  { train, test }: OpenedDataset,
  { tuned, stream, probe }: EvalOptions,
  request: typeof requestDevice,
  write?: Write,
): Promise<void> {
  const { path } = weights;
  checkChannels(path, card, test);
  const { classes: count, head } = headIn(weights);
  const ordered = (images: ImageSource) =>
    count === undefined ? images : inOrderOf(classNames(path, card, count), images, path);
  const images = ordered(test);
  const known = probe ? ordered(train) : undefined;
  const device = await request();
  console.error(device.description);
  await useTuned(device, { tuned });
  const model = createModel({ ...card, classes: count, head, seed: 0 });
  console.error(await loadParts(device, model, weights, ['encoder', 'classifier']));
  const prepared = (source: ImageSource) =>
    onDevice(device, source, { batch: BATCH, stream, statistics: card.statistics });
  const view = { ...card.view, ...(card.image_size && { size: card.image_size }) };
  const bank = known && { data: await prepared(known) };
  const evaluator = await createEvaluator(device, model, await prepared(images), { batch: BATCH, view, bank });
  const evaluation = await showEvaluation(evaluator, { stream: process.stderr });
  const probed = await probeOf(device, evaluation, images.classes.length);
  const run = withFinal(
    { ...runOf(weights, path), ...flatten(evaluation.scores), ...(probed && { probe: 100 * probed.accuracy }) },
    evaluation,
  );
  const settings = weights.metadata.settings;
  const written = await write?.(
    {
      ...(await reportData(device, {
        title: `${basename(path)} on ${test.name}`,
        ...(settings !== undefined && { settings: JSON.parse(settings) as Settings }),
        ...{ checkpoint: path, test: images, classes: images.classes },
      })),
      runs: [run],
    },
    images,
  );
  for (const line of linesOf(run, images.labels.length)) console.log(line);
  if (run.confusion)
    console.log(
      `\n${classTable(images.classes, run.confusion, written ? relative('', written.page) : '--out FOLDER writes a report of all')}`,
    );
  if (written) console.log(`\nreport: ${relative('', written.page)}, numbers: ${relative('', written.numbers)}`);
}

const probeOf = async (device: Device, { bank, ...test }: Evaluation, classes: number) =>
  bank && (await linearProbe(device, bank, test, { classes }));

/** The run that a checkpoint is of, as far as it says. */
function runOf({ metadata }: Weights, path: string): Run {
  const { method = 'checkpoint', epoch = '0', settings = '{}' } = metadata;
  const { alpha = 0, seed = 0 } = JSON.parse(settings) as Partial<Settings>;
  const title = [...methods, ...pretrainMethods].find(({ name }) => name === method)?.title ?? basename(path);
  return {
    ...{ method, title, seed, epochs: Number(epoch), losses: [], evaluations: [] },
    alpha: method === 'coin' ? alpha : 0,
  };
}

/** The scores, a line each. */
function linesOf({ top1, top5, mean_per_class, ece, knn, probe, ...scores }: Run, tested: number): string[] {
  const share = (name: string, percent: number) => {
    const interval = intervalOf(percent, tested).map((end) => end.toFixed(1));
    return `${name}  ${percent.toFixed(2)} % of ${tested.toLocaleString('en')} images (95 % interval ${interval.join('–')}, Wilson)`;
  };
  const { s_dbw, scat, dens_bw, s_dbw_undefined } = scores;
  return [
    ...(top1 === undefined ? [] : [share('top-1', top1)]),
    ...(top5 === undefined ? [] : [share('top-5', top5)]),
    ...(mean_per_class === undefined ? [] : [`mean of the classes  ${mean_per_class.toFixed(2)} %`]),
    ...(ece === undefined ? [] : [`expected calibration error  ${ece.toFixed(2)} %`]),
    ...(probe === undefined ? [] : [share('linear probe', probe)]),
    ...(knn === undefined ? [] : [share('k-NN', knn)]),
    s_dbw === undefined
      ? (s_dbw_undefined ?? '')
      : `S_Dbw  ${s_dbw.toFixed(4)} = Scat ${scat?.toFixed(4)} + Dens_bw ${dens_bw?.toFixed(4)}`,
  ];
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
