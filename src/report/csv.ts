import type { Run } from './data.ts';

/** Columns that every run has; the losses follow. */
const COLUMNS = ['epoch', 'stage', 'lr', 'seconds', 'top1', 's_dbw', 'scat', 'dens_bw'] as const;

/**
 * A run as a table, a row an epoch that was trained and one for the evaluation before; `epoch` counts those done. A cell is empty
 * where there is nothing to tell.
 */
export function csv({ losses, evaluations }: Pick<Run, 'losses' | 'evaluations'>): string {
  const names = [...new Set(losses.flatMap((told) => Object.keys(told.losses)))];
  const epochs = [...new Set([...losses.map(({ epoch }) => epoch + 1), ...evaluations.map(({ epoch }) => epoch)])];
  const rows = epochs
    .sort((a, b) => a - b)
    .map((epoch) => {
      const trained = losses.find((told) => told.epoch === epoch - 1);
      const row: Record<string, unknown> = { ...trained, ...evaluations.find((told) => told.epoch === epoch), epoch };
      return [...COLUMNS.map((name) => row[name]), ...names.map((name) => trained?.losses[name])];
    });
  return [[...COLUMNS, ...names.map((name) => `loss_${name}`)], ...rows]
    .map((cells) => `${cells.map((cell) => quoted(`${cell ?? ''}`)).join(',')}\n`)
    .join('');
}

/** RFC 4180. */
const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
