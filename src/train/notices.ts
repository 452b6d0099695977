import { batchSizes, drawnBatches } from '../data/sampler.ts';
import type { Stage } from '../methods/method.ts';
import type { TrainConfig } from './config.ts';

/** What a user should know of the batches before they are trained on, a sentence each. Throws where no batch has a pair. */
export function* notices(config: TrainConfig, stages: readonly Stage[]): Generator<string> {
  const { method, indices, batch } = config;
  const sizes = batchSizes(indices.length, batch, config);
  if (sizes.length === 0)
    throw new Error(
      `${indices.length} images make no whole batch of ${batch}, and short ones are left out (drop_last); take a smaller batch.`,
    );
  if (sizes.at(-1) === batch + 1)
    yield `${indices.length} images in batches of ${batch} leave one over, which joins the last batch`;
  const planned = stages.at(-1)?.epochs[1] ?? 0;
  if (planned < config.options.epochs)
    yield `of ${config.options.epochs} epochs ${planned} are trained: ${method.title} divides them into equal periods`;
  const contrastive = stages.find(({ pairs }) => pairs);
  if (!contrastive) return;
  if (config.augmentation.mix)
    yield `images are not mixed in ${contrastive.name}, whose contrastive loss needs pairs of one class`;
  if (batch < 2 || indices.length < 2)
    throw new Error(
      `${method.name}: a batch of 1 image has no pairs for the contrastive loss (${contrastive.name}); it wants batches of at least 2, and rather 64.`,
    );
  if (contrastive.pairs === 'labels') yield* lonelyAnchors(config, contrastive);
}

/**
 * Tells what share of the anchors of a stage's first epoch is without any positive, where that is above a half or where a
 * batch has no pair at all. Other epochs are drawn in the same way.
 */
function* lonelyAnchors(config: TrainConfig, { name, epochs: [epoch] }: Stage): Generator<string> {
  const { indices, batch, data } = config;
  const batches = drawnBatches(indices, data.labels, epoch, config);
  const alone = batches.map((chosen) => withoutPositive(Array.from(chosen, (index) => data.labels[index] as number)));
  const images = batches.reduce((sum, { length }) => sum + length, 0);
  const share = alone.reduce((sum, count) => sum + count, 0) / images;
  const empty = batches.filter(({ length }, index) => alone[index] === length).length;
  if (share <= 0.5 && empty === 0) return;
  const pairless = empty > 0 ? `, and ${empty} of ${batches.length} batches have no pair at all` : '';
  yield `in ${name}, ${(100 * share).toFixed(0)} % of the images have no other image of their class in their batch of ${batch}${pairless}: the contrastive loss learns nothing from these; take larger batches, or put images of a class together (per_class)`;
}

/** How many labels occur once. */
function withoutPositive(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].filter((count) => count === 1).length;
}
