// From a run's settings to its model and to how that is trained.
import { augment } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import type { Method } from '../methods/method.ts';
import { createModel, isViT, type Model, type ModelOptions } from '../nn/model.ts';
import { freeze } from '../nn/store.ts';
import { VITS } from '../nn/vit.ts';
import { adamw } from '../optim/adamw.ts';
import { decayMatrices, layerDecay } from '../optim/layer_decay.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { sgd } from '../optim/sgd.ts';
import { createTape } from '../tape/tape.ts';
import type { TrainConfig } from '../train/config.ts';
import { augmentationOf, recordStep } from '../train/step.ts';
import { rehearse } from '../train/trainer.ts';
import type { Settings } from './setup.ts';
import { tuneFor } from './tune.ts';
import { checkParts, type Weights } from './weights.ts';

/** What is trained, by which method, on which images and from where. */
export interface Recipe {
  readonly method: Method;
  readonly settings: Settings;
  readonly data: Dataset;
  /** Of the data's images, those that are trained on. */
  readonly indices: Uint32Array;
  /** The encoder to start from; random values where absent. With `partial`, what matches of it. */
  readonly weights?: Weights | undefined;
  readonly partial?: boolean | undefined;
}

/** The model that a run trains, with its first values. Throws where its settings make none. */
export function modelFor({ method, settings, data }: Recipe): Model {
  const { arch, encoder, seed, freeze: frozen = [] } = settings;
  const options: ModelOptions = {
    ...{ arch, seed, encoder: { ...encoder, channels: data.channels }, ...method.heads },
    projector: method.projector ? { ...method.heads?.projector, ...settings.projector } : undefined,
    classes: method.classifier === false ? undefined : data.classes.length,
  };
  const model = method.create?.(options, settings) ?? createModel(options);
  freeze(model.store, frozen);
  return model;
}

/** All that decides how that model is trained. */
export function configFor(options: Recipe, model: Model): TrainConfig {
  const { method, settings, data, indices } = options;
  const { ema } = settings;
  return {
    ...settings,
    ...{ method, model, data, indices },
    options: settings,
    optimizer: optimizerOf(settings, model),
    average: ema === undefined ? undefined : { model: modelFor(options), decay: ema },
  };
}

/** Refuses, before a file is written, what could not be trained: another model's weights, parts or sizes that are none. */
export async function checkRun({ target }: Device, options: Recipe): Promise<void> {
  const model = modelFor(options);
  const { weights, partial = false } = options;
  if (weights) await checkParts(model, weights, ['encoder'], { partial });
  rehearse(target, configFor(options, model));
}

/** Measures the candidates of each stage's full micro-batch on a model that is not needed afterwards. */
export async function tuneStages(device: Device, options: Recipe, model: Model): Promise<void> {
  const { method, settings, data, indices } = options;
  const images = (method.views ?? 1) * Math.min(settings.batch, indices.length);
  for (const stage of method.stages(settings, model).filter(({ epochs: [from, to] }) => from < to))
    await tuneFor(device, `${method.title}, ${stage.name}`, (choose) => {
      const tape = createTape(device.target, { candidates: choose });
      recordStep(tape, model, stage, augment(tape, data, images, augmentationOf(stage, settings.augmentation)));
      return tape;
    });
}

function optimizerOf(
  { arch, optimizer, momentum, nesterov = true, betas, weight_decay, layer_decay, decay }: Settings,
  { store: { arena } }: Model,
): Optimizer {
  const groups =
    layer_decay !== undefined && isViT(arch)
      ? layerDecay({ depth: VITS[arch].depth, layer_decay, weight_decay })
      : decay === 'matrices' && decayMatrices(weight_decay);
  const options = { weight_decay, ...(groups && { groups }) };
  if (optimizer === 'adamw') return adamw(arena, { ...options, ...(betas && { betas }) });
  return sgd(arena, { ...options, momentum, nesterov: nesterov && momentum > 0 });
}
