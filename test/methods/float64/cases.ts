// The methods as the engine is told them, and the same in float64.
import * as engine from '../../../src/methods/index.ts';
import type { Method, MethodConfig } from '../../../src/methods/method.ts';
import { assert } from '../../harness.ts';
import {
  afterInitialization,
  bss,
  ceTuning,
  delta,
  l2Sp,
  type Method64,
  mAndM,
  noisyTune,
  rifle,
  scl,
} from './methods.ts';
import { biTuning, coreTuning } from './mixing.ts';
import type { Values } from './network.ts';
import { channelWeights, type Given, type Settings } from './trainer.ts';

/** No value is a default of the engine's. */
export const common: MethodConfig = {
  epochs: 3,
  alpha: 0.34,
  lambda: 0.2,
  temperature: 0.4,
  variant: 'paper',
  label_smoothing: 0,
};

export interface Case {
  readonly name: string;
  readonly method: Method;
  readonly options: Partial<MethodConfig>;
  readonly reference: (passes: readonly Given[], round: Settings['round']) => Method64;
  /** What the engine's random numbers may make of the values before an epoch. */
  readonly drawn?: (epoch: number, found: Values, begun: Values) => void;
  /** What some of its terms take for constant though they depend on it. */
  readonly constant?: 'classifier' | 'all';
}
const contrast = { temperature: 0.4, form: 'paper' } as const;
export const cases: readonly Case[] = [
  { name: 'CE-Tuning', method: engine.ceTuning, options: {}, reference: () => ceTuning() },
  {
    ...{ name: 'SL-CE-Tuning', method: engine.slCeTuning, options: { label_smoothing: 0.1 } },
    reference: () => ceTuning(0.1),
  },
  {
    ...{ name: 'L2-SP', method: engine.l2Sp, options: { lambda: 0.3, head_decay: 0.2 } },
    reference: () => l2Sp(0.3, 0.2, 'all'),
  },
  {
    ...{ name: 'M&M', method: engine.mAndM, options: { alpha: 0, lambda: 0.7, margin: 1.3 } },
    reference: () => mAndM({ weight: 0.7, margin: 1.3, first: false }),
  },
  {
    ...{ name: 'M&M in two stages', method: engine.mAndM, options: { alpha: 0.34, margin: 1.3 } },
    reference: () => mAndM({ weight: 0, margin: 1.3, first: true }),
  },
  {
    ...{ name: 'DELTA', method: engine.delta, options: { lambda: 0.02, head_decay: 0.2 } },
    reference: (passes, round) => delta(0.02, 0.2, (values) => channelWeights(values, passes, round)),
  },
  {
    ...{ name: 'DELTA of equal channels', method: engine.delta },
    options: { lambda: 0.02, head_decay: 0.2, channels: 'equal' },
    reference: () => delta(0.02, 0.2),
  },
  {
    ...{ name: 'BSS', method: engine.bss, options: { lambda: 0.05, singular_values: 3 } },
    reference: () => bss(0.05, 3),
  },
  {
    ...{ name: 'RIFLE', method: engine.rifle, options: { reinitializations: 2, classifier_rate: 'cyclic' } },
    reference: () => rifle('cyclic'),
    drawn: checkRenewed,
  },
  {
    ...{ name: 'Bi-Tuning', method: engine.biTuning },
    options: { lambda: 0.6, temperature: 0.2, queue_length: 5, key_momentum: 0.75 },
    reference: () => biTuning(0.6, 0.2, 0.75),
    constant: 'classifier',
  },
  { name: 'SCL', method: engine.scl, options: {}, reference: () => scl(0.2, contrast) },
  {
    ...{ name: 'Core-Tuning', method: engine.coreTuning, options: { lambda: 0.3, temperature: 0.2 } },
    reference: () => coreTuning(0.3, 0.2, false),
  },
  {
    ...{ name: 'Core-Tuning as released', method: engine.coreTuning },
    options: { lambda: 0.4, temperature: 0.2, official_quirks: true },
    reference: () => coreTuning(0.4, 0.2, true),
    constant: 'all',
  },
  {
    ...{ name: 'Noisy-Tune', method: engine.noisyTune, options: { noise: 0.4 } },
    reference: () => noisyTune(0.2, contrast),
    drawn: (epoch, ...values) => checkNoise(epoch === 0 ? 0.4 : 0, ...values),
  },
  {
    ...{ name: 'COIN', method: engine.coin, options: {} },
    reference: () => afterInitialization(scl(0.2, contrast), contrast),
  },
  {
    ...{ name: 'COIN as released', method: engine.coin, options: { variant: 'official' } },
    reference: () => {
      const official = { ...contrast, form: 'official' } as const;
      return afterInitialization(scl(0.2, official), official);
    },
  },
  {
    ...{ name: "COIN's first stage and L2-SP", method: engine.withInitialization(engine.l2Sp) },
    options: { lambda: 0.3, head_decay: 0.2, held: 'weights', coin_alpha: 0.34, coin_temperature: 0.25 },
    reference: () => afterInitialization(l2Sp(0.3, 0.2, 'weights'), { ...contrast, temperature: 0.25 }),
  },
];

const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** A classifier of 32 features is uniform in ±1/√32 before each epoch but the first. */
function checkRenewed(epoch: number, found: Values, begun: Values): void {
  const [before, after] = [found, begun].map((values) => values.get('classifier.weight') as Float64Array);
  if (epoch === 0) {
    assert.equal(after, before);
    return;
  }
  const bound = 1 / Math.sqrt(32);
  assert.ok(largest(after!) <= bound && largest(after!) > 0.9 * bound);
  const sum = after!.reduce((total, value, i) => total + value * before![i]!, 0);
  assert.ok(Math.abs(sum) < (after!.length * bound * bound) / 4, 'the new classifier is like the old one');
}

/** Each of the encoder's tensors has moved by up to half the width in its own deviations. */
function checkNoise(width: number, found: Values, begun: Values): void {
  for (const [name, own] of found) {
    const count = own.length;
    const mean = own.reduce((sum, value) => sum + value, 0) / count;
    const deviation = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
    const isHit = name.startsWith('encoder.') && !name.includes('running_');
    const bound = isHit ? (width / 2) * deviation : 0;
    const moved = largest(begun.get(name)!.map((value, i) => value - own[i]!));
    assert.ok(moved <= bound + 2 ** -22 && moved >= (count > 30 ? 0.9 * bound : 0), `${name} has moved by ${moved}`);
  }
}
