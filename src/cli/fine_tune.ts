import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Augmentation } from '../data/augment.ts';
import { createDataset, type Dataset } from '../data/dataset.ts';
import type { LoadedData } from '../data/load.node.ts';
import { stratifiedSubset } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import type { Method, MethodConfig } from '../methods/method.ts';
import { createModel, type Model, type ModelOptions } from '../nn/model.ts';
import { sgd } from '../optim/sgd.ts';
import { collect, type Run } from '../report/data.ts';
import { createEvaluator } from '../train/evaluate.ts';
import type { TrainEvent } from '../train/events.ts';
import { train } from '../train/trainer.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { loadState } from '../weights/state_dict.ts';
import { logEvents } from './log.node.ts';
import { showProgress } from './progress.ts';

/** All that decides a fine-tuning run, but for method, data and weights. */
export interface Settings extends MethodConfig {
  readonly arch: ModelOptions['arch'];
  readonly encoder: NonNullable<ModelOptions['encoder']>;
  readonly projector: NonNullable<ModelOptions['projector']>;
  readonly batch: number;
  readonly accumulate: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly seed: number;
  readonly augmentation: Augmentation;
  readonly evaluateEvery: number;
}
