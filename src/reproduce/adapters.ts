// On which adapters an experiment's cells were trained: floating-point results differ between them.
import { list } from '../report/summary.ts';
import type { Outcome } from './cell.ts';
import type { Plan } from './plan.ts';
import type { Table } from './table.ts';

/** A row an adapter, where there are several. */
export function adapterTable({ entries, experiment, rows }: Plan, outcomes: ReadonlyMap<string, Outcome>): Table[] {
  const adapterOf = (hash: string) => outcomes.get(hash)?.adapter;
  const adapters = [...new Set(entries.flatMap(({ hash }) => adapterOf(hash) ?? []))].sort();
  if (adapters.length < 2) return [];
  return [
    {
      title: 'Where the cells were trained',
      head: ['adapter', 'cells', 'workers', 'which'],
      rows: adapters.map((adapter) => {
        const own = entries.filter(({ hash }) => adapterOf(hash) === adapter);
        const labels = [...new Set(own.map(({ row }) => row))];
        const seedsOf = (label: string) => {
          const seeds = [...new Set(own.filter(({ row }) => row === label).map(({ seed }) => seed))];
          return `${label} (${seeds.length > 1 ? 'seeds' : 'seed'} ${seeds.join(', ')})`;
        };
        const workers = new Set(own.flatMap(({ hash }) => outcomes.get(hash)?.worker ?? []));
        return [
          adapter,
          `${new Set(own.map(({ hash }) => hash)).size}`,
          workers.size > 0 ? list([...workers].sort()) : 'this program',
          labels.map(seedsOf).join('; '),
        ];
      }),
      notes: [crossings()],
      isText: true,
    },
  ];

  /** How many comparisons are between runs of different adapters. */
  function crossings(): string {
    const compared = entries.flatMap((entry) => {
      const against = rows.find(({ label }) => label === entry.row)?.against ?? experiment.against;
      const other = entries.find(
        ({ row, dataSet, seed }) => row === against && dataSet === entry.dataSet && seed === entry.seed,
      );
      const [one, two] = [adapterOf(entry.hash), other && adapterOf(other.hash)];
      return other === undefined || other === entry || !one || !two ? [] : [one !== two];
    });
    const crossed = compared.filter(Boolean).length;
    return `Equal cells give equal bits on one adapter, and nearly equal ones on two: ${crossed} of ${compared.length} differences are between runs of different adapters.`;
  }
}
