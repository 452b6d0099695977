import { type Command, Option } from 'commander';
import { explained, writeWhole } from '../files.node.ts';
import { createModel } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { probabilities } from '../train/inference.ts';
import { guarded } from './errors.ts';
import { showImages } from './images.node.ts';
import { number, positiveInteger } from './options.ts';
import { cardOf, headIn, loadParts, readWeights, viewOf } from './weights.ts';

interface PredictOptions {
  readonly weights: string;
  readonly top: number;
  readonly format: keyof typeof FORMATS;
  readonly out?: string;
}

/** Of one image, the most probable class first. */
interface Prediction {
  readonly image: string;
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

const FORMATS = {
  text: (predictions: readonly Prediction[]) =>
    predictions
      .map(
        ({ image, classes }) =>
          `${image}  ${classes.map((own) => `${own.name} ${percent(own.probability)}`).join(', ')}\n`,
      )
      .join(''),
  csv: (predictions: readonly Prediction[]) =>
    [
      'image,class,probability',
      ...predictions.flatMap(({ image, classes }) =>
        classes.map(({ name, probability }) => [quoted(image), quoted(name), probability.toPrecision(7)].join(',')),
      ),
    ]
      .map((line) => `${line}\r\n`)
      .join(''),
  json: (predictions: readonly Prediction[]) => `${JSON.stringify(predictions, undefined, 2)}\n`,
};

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** As RFC 4180 has it. */
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export function addPredict(program: Command, request: typeof requestDevice): void {
  program
    .command('predict')
    .description('tell the classes of images, and how probable each is; all that is needed is the checkpoint')
    .argument('<image|folder...>', 'images, folders and archives with images')
    .requiredOption('--weights <file>', 'checkpoint that "coin train" wrote')
    .addOption(number('--top <n>', 'classes of each image, the most probable first', positiveInteger, 3))
    .addOption(new Option('--format <kind>', 'how to write them').choices(Object.keys(FORMATS)).default('text'))
    .option('--out <file>', 'file to write them to (default: print them)')
    .action(guarded((paths: string[], options: PredictOptions) => predict(paths, options, request)));
}

async function predict(
  paths: readonly string[],
  { weights: path, top, format, out }: PredictOptions,
  request: typeof requestDevice,
): Promise<void> {
  const weights = await readWeights(path);
  const card = cardOf(weights);
  const { classes: count, head } = headIn(weights);
  const { classes, statistics } = card ?? {};
  if (!card || !statistics || count === undefined || classes?.length !== count)
    throw new Error(
      `${path} does not say which classes it tells apart and how its images are prepared; give a checkpoint that "coin train" wrote.`,
    );
  const device = await request();
  console.error(device.description);
  const model = createModel({ ...card, classes: count, head, seed: 0 });
  await loadParts(device, model, weights, ['encoder', 'classifier']);
  const predictions: Prediction[] = [];
  let bad = 0;
  const options = { ...statistics, view: viewOf(path, card) };
  for await (const { paths: images, logits } of showImages(device, model, paths, options, (image, why) => {
    bad++;
    console.error(`${image} is left out: ${why}.`);
  })) {
    const rows = probabilities(logits as Float32Array, count).map(
      (row, i): Prediction => ({
        image: images[i] as string,
        classes: [...row]
          .map((probability, c) => ({ name: classes[c] as string, probability }))
          .sort((a, b) => b.probability - a.probability)
          .slice(0, top),
      }),
    );
    predictions.push(...rows);
    // Lines that stand by themselves come as soon as they are known.
    if (format === 'text' && out === undefined) process.stdout.write(FORMATS.text(rows));
  }
  if (out !== undefined)
    await explained(`${out} cannot be written`, () => writeWhole(out, FORMATS[format](predictions)));
  else if (format !== 'text') process.stdout.write(FORMATS[format](predictions));
  if (bad > 0) throw new Error(`${bad} of ${bad + predictions.length} images could not be read, as told above.`);
}
