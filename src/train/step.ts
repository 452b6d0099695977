import type { Augmentation } from '../data/augment/description.ts';
import type { LossTerm, Stage, Step } from '../methods/method.ts';
import type { Model } from '../nn/model.ts';
import { contrast } from '../ops/contrast.ts';
import { gradients } from '../ops/gradients.ts';
import { weightedSum } from '../ops/reduce.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';

/** How a stage's images are augmented: pairs have to be of one class, so that they are not mixed where its loss is contrastive. */
export function augmentationOf({ pairs }: Stage, augmentation: Augmentation): Augmentation {
  const { mix, ...unmixed } = augmentation;
  return pairs ? unmixed : augmentation;
}

/** A batch on the tape; see `Step`. */
export interface Batch {
  readonly images: Tensor;
  readonly labels: Tensor;
  readonly instances: Tensor;
  readonly targets?: Tensor;
}

/** The output that says how well the features of a batch find each other, see `contrast`. */
export const CONTRAST = 'contrast';

/**
 * Records one training step's forward and backward pass under a stage's loss. Returns the gradients of what the stage
 * trains, by parameter. With `watch` a contrastive loss leaves the output `CONTRAST`.
 */
export function recordStep(
  tape: Tape,
  model: Model,
  stage: Stage,
  batch: Batch,
  { watch = false }: { watch?: boolean } = {},
): Map<Tensor, Tensor> {
  const behind: (() => void)[] = [];
  const watched: Step['watch'] = (...rows) => tape.output(CONTRAST, contrast(tape, ...rows));
  const found = gradients(tape, recordLoss(tape, model, stage, batch, behind, watch ? watched : () => {}));
  for (const record of behind) record();
  return found;
}

/**
 * Records the forward pass alone, and leaves in `behind` what comes after a backward pass. The total and each term of the loss
 * become outputs `loss.total`, `loss.NAME`.
 */
export function recordLoss(
  tape: Tape,
  model: Model,
  stage: Stage,
  batch: Batch,
  behind: (() => void)[] = [],
  watch: Step['watch'] = () => {},
): Tensor {
  const terms = stage.loss({ ...lazyStep(tape, model, batch, behind), watch });
  const list: LossTerm[] = Object.values(terms);
  const total = weightedSum(
    tape,
    list.map(({ loss, weight }) => [loss, weight]),
  );
  tape.output('loss.total', total);
  for (const [name, { loss }] of Object.entries(terms)) tape.output(`loss.${name}`, loss);
  return total;
}

function lazyStep(
  tape: Tape,
  { store, encoder, projector, classifier }: Model,
  batch: Batch,
  behind: (() => void)[],
): Omit<Step, 'watch'> {
  // An encoder that is frozen as a whole keeps its statistics too: a linear probe's features are those of evaluation.
  const isTrained = store.arena.chunks.some(({ parameters }) =>
    parameters.some(({ label, requiresGrad }) => requiresGrad && label.startsWith('encoder.')),
  );
  const encode = (images: Tensor) => encoder.forward(tape, images, isTrained);
  const features = once(() => encode(batch.images));
  const head = (name: string, module: Model['projector']) =>
    once(() => {
      if (!module) throw new Error(`The loss needs a ${name}, but the model has none.`);
      return module(tape, features(), true);
    });
  return {
    tape,
    ...batch,
    features,
    encode,
    projected: head('projector', projector),
    logits: head('classifier', classifier),
    counter() {
      const counter = tape.inputs.get('counter');
      if (!counter)
        throw new Error('The loss draws random numbers, but the tape has no input counter of seed and step.');
      return counter;
    },
    afterBackward: (record) => behind.push(record),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
