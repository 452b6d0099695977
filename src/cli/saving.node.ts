// When a run's state is saved, and what a run leaves that is interrupted.
import type { TrainEvent } from '../train/events.ts';
import { Interrupted } from '../train/interrupted.ts';
import type { RunState } from '../train/run_state.ts';
import type { Often } from './options.ts';
import type { Interruption } from './signals.node.ts';
import type { States } from './states.node.ts';

export interface SavingOptions {
  readonly every: Often;
  readonly states: States;
  readonly interruption: Interruption;
  /** Writes the model of a state for use. Returns its path. */
  readonly saveModel: (state: RunState) => Promise<string>;
}

type Checkpoint = Extract<TrainEvent, { type: 'checkpoint' }>;

/**
 * Passes events on and saves the run: now and then, at the end, and when the user interrupts, which ends it after the step that
 * runs. Each state that is written is told, and only then are older ones removed.
 */
export async function* saving(
  events: AsyncIterable<TrainEvent>,
  {
    every: { steps = Infinity, epochs = Infinity, seconds = Infinity },
    states,
    interruption,
    saveModel,
  }: SavingOptions,
): AsyncGenerator<TrainEvent> {
  let isTrained = false;
  let last = { step: 0, epoch: 0, time: performance.now() };
  /** The moment that still is as it was. */
  let now: Checkpoint | undefined;
  const isDue = ({ step, epoch, final }: Checkpoint) =>
    final ||
    step - last.step >= steps ||
    epoch - last.epoch >= epochs ||
    performance.now() - last.time >= 1000 * seconds;
  for await (const event of events) {
    if (event.type === 'start') {
      const { epoch, index } = event.from ?? { epoch: 0, index: 0 };
      last = { ...last, epoch, step: epoch * event.stepsPerEpoch + index };
      await states.prune(last.step);
    }
    if (event.type === 'step') {
      isTrained = true;
      now = undefined;
    }
    if (event.type === 'checkpoint') now = event;
    yield event;
    const isInterrupted = interruption.signal.aborted && event.type !== 'end';
    if (now && (isInterrupted || (event.type === 'checkpoint' && isDue(event)))) {
      const state = await now.capture();
      const file = await states.write(state, now.step);
      const model = now.final || isInterrupted ? await saveModel(state) : undefined;
      yield { type: 'saved', step: now.step, file };
      await states.prune(now.step);
      if (isInterrupted)
        throw new Interrupted(
          `Interrupted after ${now.epoch} epochs; the model so far is in ${model}, and --resume goes on.`,
        );
      last = { step: now.step, epoch: now.epoch, time: performance.now() };
    }
    if (isInterrupted && !isTrained)
      throw new Interrupted('Interrupted before the first step, so there is no model to save.');
  }
}
