// How the rows of tables are trained.
import { methods } from '../methods/index.ts';
import type { Row, Scale, Settings } from './experiment.ts';

/** What methods with SupCon share. */
const supCon = ({ supCon }: Scale): Settings => ({ 'sup-con': supCon, lambda: 0.1, temperature: 0.3 });

const WITH_SUP_CON = ['scl', 'noisy-tune', 'coin'];

/** A method with its authors' settings, from the checkpoint that it is for. */
export function recipe(method: string, scale: Scale, settings: Settings = {}): Required<Row>['train'] {
  return {
    settings: { method, ...(WITH_SUP_CON.includes(method) && supCon(scale)), ...settings },
    start: method === 'sl-ce-tuning' ? 'supervised' : 'self-supervised',
  };
}

/** COIN with a share of first-stage epochs, the scale's unless given; of 0 it is SCL, and the same training. */
export const coinRecipe = (scale: Scale, alpha = scale.alpha): Required<Row>['train'] =>
  alpha === 0 ? recipe('scl', scale) : recipe('coin', scale, { alpha });

/** COIN's rows: one, or one for each share that is tried where none is known to be the best. */
export function coinRows(scale: Scale, row: Omit<Row, 'train' | 'label'>): Row[] {
  const tried = scale.everyAlpha ? scale.alphas.filter((alpha) => alpha > 0) : [scale.alpha];
  return tried.map((alpha) => ({ ...row, label: `COIN, α = ${alpha}`, train: coinRecipe(scale, alpha) }));
}

/** COIN's first stage before another method. */
export const initialized = (method: string, scale: Scale): Row => ({
  label: `COIN + ${titleOf(method)}, α = ${scale.alpha}`,
  train: recipe(method, scale, { 'coin-alpha': scale.alpha, 'coin-temperature': 0.3, 'sup-con': scale.supCon }),
  against: titleOf(method),
});

export const titleOf = (name: string): string => methods.find((method) => method.name === name)?.title ?? name;
