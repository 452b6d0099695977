import type { TrainEvent } from '../train/events.ts';
import type { RunState } from '../train/run_state.ts';

/**
 * By which scores the model of a run is chosen: none, those on held-out training images, or, as the paper's code does, on the test
 * images. An encoder without classifier is scored by its nearest neighbours.
 */
export const SELECTIONS = ['last', 'best-val', 'best-test'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** The epochs that were done at the evaluation with the highest accuracy, the first of equals; undefined before any after training. */
export interface Best {
  readonly epoch: number;
  readonly accuracy: number;
}

/** Passes events on and saves the state of each evaluation that is better than all before it. */
export async function* keepBest(
  events: AsyncIterable<TrainEvent>,
  { before, save }: { before: readonly TrainEvent[]; save: (state: RunState) => Promise<void> },
): AsyncGenerator<TrainEvent> {
  const best = follower();
  for (const event of before) best.add(event);
  let isBetter = false;
  for await (const event of events) {
    if (best.add(event)) isBetter = true;
    if (event.type === 'checkpoint' && isBetter) {
      await save(await event.capture());
      isBetter = false;
    }
    yield event;
  }
}

/** The best evaluation that a run's events tell of. */
export function bestOf(events: Iterable<TrainEvent>): Best | undefined {
  const best = follower();
  for (const event of events) best.add(event);
  return best.best();
}

function follower() {
  let told: Best[] = [];
  const best = () =>
    told.reduce<Best | undefined>((max, next) => (max && max.accuracy >= next.accuracy ? max : next), undefined);
  return {
    best,
    /** Whether an event is an evaluation that is better than those before. */
    add(event: TrainEvent): boolean {
      if (event.type === 'start') told = told.filter(({ epoch }) => epoch <= (event.from?.evaluated ?? -1));
      if (event.type !== 'evaluation' || event.epoch === 0) return false;
      const accuracy = event.top1 ?? event.knn;
      if (accuracy === undefined) return false;
      const isBetter = accuracy > (best()?.accuracy ?? -1);
      told.push({ epoch: event.epoch, accuracy });
      return isBetter;
    },
  };
}
