import type { Run } from './data.ts';

/** Columns that every run has; those of some and the losses follow. */
const COLUMNS = ['epoch', 'stage', 'lr', 'seconds', 'top1', 's_dbw', 'scat', 'dens_bw'] as const;
const SOMETIMES = ['top5', 'mean_per_class', 'ece', 'knn'] as const;
const CONTRAST = ['alone', 'top1', 'alignment', 'uniformity'] as const;

/**
 * A run as a table, a row an epoch that was trained and one for the evaluation before; `epoch` counts those done. A cell is empty
 * where there is nothing to tell.
 */
export function csv({ losses, evaluations }: Pick<Run, 'losses' | 'evaluations'>): string {
  const names = [...new Set(losses.flatMap((told) => Object.keys(told.losses)))];
  const some = SOMETIMES.filter((name) => evaluations.some((told) => told[name] !== undefined));
  const contrasts = losses.some(({ contrast }) => contrast) ? CONTRAST : [];
  const epochs = [...new Set([...losses.map(({ epoch }) => epoch + 1), ...evaluations.map(({ epoch }) => epoch)])];
  const rows = epochs
    .sort((a, b) => a - b)
    .map((epoch) => {
      const trained = losses.find((told) => told.epoch === epoch - 1);
      const row: Record<string, unknown> = { ...trained, ...evaluations.find((told) => told.epoch === epoch), epoch };
      return [
        ...[...COLUMNS, ...some].map((name) => row[name]),
        ...contrasts.map((name) => trained?.contrast?.[name]),
        ...names.map((name) => trained?.losses[name]),
      ];
    });
  const heads = [...COLUMNS, ...some, ...contrasts.map((name) => `contrast_${name}`)];
  return [[...heads, ...names.map((name) => `loss_${name}`)], ...rows]
    .map((cells) => `${cells.map((cell) => quoted(`${cell ?? ''}`)).join(',')}\n`)
    .join('');
}

/** RFC 4180. */
const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
