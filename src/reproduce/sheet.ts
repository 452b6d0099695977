// A collected experiment for people, in tables and sentences that Markdown, HTML and the terminal have alike.
import { list } from '../report/summary.ts';
import type { Outcome } from './cell.ts';
import type { Collected } from './collect.ts';
import { conditionTable } from './condition_table.ts';
import { comparisonTable, mainTable } from './main_tables.ts';
import type { Plan } from './plan.ts';
import { signed, type Table } from './table.ts';

export interface Sheet {
  readonly title: string;
  readonly lead: readonly string[];
  readonly tables: readonly Table[];
}

export function sheetOf(
  plan: Plan,
  collected: Collected,
  outcomes: ReadonlyMap<string, Outcome>,
  more: readonly Table[] = [],
): Sheet {
  const { experiment, scale } = plan;
  return {
    title: `${experiment.title}, at the scale "${scale.name}"`,
    lead: [`The paper: ${experiment.claim}`, finding(plan, collected), ...state(plan, outcomes)],
    tables: [
      mainTable(plan, collected, outcomes),
      ...more,
      ...comparisonTable(plan, collected),
      conditionTable(plan, outcomes),
    ],
  };
}

/** What the comparison comes to, in a sentence or two. */
function finding({ experiment, seeds }: Plan, { columns, rows }: Collected): string {
  const column = columns.length - 1;
  const compared = rows.flatMap(({ label, places }) => {
    const { here, against } = places[column]?.comparison ?? {};
    return here ? [{ label, here, against }] : [];
  });
  if (compared.length === 0) return 'Nothing can be compared yet.';
  if (seeds.length === 1)
    return 'Here: with one seed no difference can be told from chance; give several (--seeds 0,1,2).';
  const beyond = compared
    .filter(({ here }) => here.isBeyondChance)
    .map(({ label, here, against }) => `${label} (${signed(here.mean, experiment.measure)} to ${against})`);
  const where = columns.length > 1 ? ' on average over the data sets' : '';
  return beyond.length === 0
    ? `Here: none of ${compared.length} differences${where} is larger than chance.`
    : `Here: of ${compared.length} differences${where} these are larger than chance: ${list(beyond)}.`;
}

/** What is not there yet. */
function state({ entries }: Plan, outcomes: ReadonlyMap<string, Outcome>): string[] {
  const hashes = new Set(entries.map(({ hash }) => hash));
  const done = [...hashes].filter((hash) => outcomes.has(hash)).length;
  return done === hashes.size
    ? []
    : [`${done} of ${hashes.size} cells are done; the same command goes on with the rest.`];
}
