// How long a training will take, from what it has taken so far.
import type { TrainEvent } from '../train/events.ts';

export interface Forecast {
  /** Milliseconds since the first event. */
  readonly spent: number;
  /** Milliseconds that are left, and how many of them are evaluation. */
  readonly left: number;
  readonly evaluation: number;
}

/**
 * Follows a training. The returned function takes its events with the milliseconds at which they come, and gives a forecast
 * from the first steps on: what is left takes as long a step as this stage's so far, and an evaluation as long as the last one.
 */
export function forecaster(): (event: TrainEvent, now: number) => Forecast | undefined {
  let began: number | undefined;
  let steps = { all: 0, ofEpoch: 0, done: 0, ofStage: 0, time: 0 };
  const evaluations = { all: 0, done: 0, time: 0 };
  let step: number | undefined;
  /** When what is timed at present began. */
  let since = 0;
  let evaluating: number | undefined;

  const advance = (done: number, now: number) => {
    steps = { ...steps, done, ofStage: steps.ofStage + done - steps.done, time: steps.time + now - since };
    since = now;
    if (steps.ofStage > 0) step = steps.time / steps.ofStage;
  };

  return (event, now) => {
    began ??= now;
    switch (event.type) {
      case 'start':
        steps = { ...steps, all: event.epochs * event.stepsPerEpoch, ofEpoch: event.stepsPerEpoch };
        steps.done = event.from ? event.from.epoch * event.stepsPerEpoch + event.from.index : 0;
        evaluations.all = event.evaluations;
        break;
      case 'stage':
        steps = { ...steps, ofStage: 0, time: 0 };
        since = now;
        break;
      case 'preparing':
        since = now;
        break;
      case 'step':
        advance(event.step + 1, now);
        break;
      case 'epoch':
        advance((event.epoch + 1) * steps.ofEpoch, now);
        break;
      case 'evaluating':
        evaluating ??= now;
        break;
      case 'evaluation':
        evaluations.done += 1;
        evaluations.time = now - (evaluating ?? now);
        evaluating = undefined;
        since = now;
        break;
    }
    if (step === undefined) return undefined;
    const underway = evaluating === undefined ? 0 : Math.min(now - evaluating, evaluations.time);
    const evaluation = Math.max(0, (evaluations.all - evaluations.done) * evaluations.time - underway);
    return { spent: now - began, evaluation, left: (steps.all - steps.done) * step + evaluation };
  };
}
