import type { DispatchInfo } from '../gpu/program/dispatch_info.ts';
import type { Profile } from '../gpu/program/profile.ts';
import type { ProgramMemory } from '../gpu/program/program.ts';
import type { Preparation } from '../methods/method.ts';
import type { SDbw } from '../metrics/s_dbw.ts';
import type { Contrast } from './contrast.ts';
import type { Place, RunState } from './run_state.ts';

/** What a run of the trainer tells, in order. Progress bars, logs and reports are made from these alone. */
export type TrainEvent =
  | {
      readonly type: 'start';
      readonly method: string;
      readonly epochs: number;
      /** Micro-batches of an epoch. */
      readonly stepsPerEpoch: number;
      readonly images: number;
      readonly parameters: number;
      readonly adapter: string;
      /** How many evaluations there will be from here on, the one before training included. */
      readonly evaluations: number;
      /** Where it goes on; absent at the beginning. All that was told before of what lies behind this place is void. */
      readonly from?: Pick<Place, 'epoch' | 'index' | 'evaluated'>;
    }
  | {
      /** Something that a user should know of this run, in a sentence; before the first step. */
      readonly type: 'notice';
      readonly message: string;
    }
  | {
      readonly type: 'stage';
      readonly stage: string;
      readonly epoch: number;
      /** Of one step of a full batch. */
      readonly dispatches: number;
      readonly describe: () => DispatchInfo[];
      /** Bytes that a step of a full batch uses. */
      readonly memory: ProgramMemory;
    }
  /** How far a method is with what it does before an epoch, where that takes long. */
  | ({ readonly type: 'preparing'; readonly stage: string; readonly epoch: number } & Preparation)
  | {
      /** A micro-batch of a stage that was timed dispatch by dispatch, where that was asked for. */
      readonly type: 'profile';
      readonly stage: string;
      readonly profile: Profile;
    }
  | {
      readonly type: 'step';
      readonly epoch: number;
      /** Counts micro-batches over the whole run, from 0. */
      readonly step: number;
      readonly lr: number;
      /** The total and each term of the stage's loss. */
      readonly losses: Readonly<Record<string, number>>;
      /** Of the micro-batches since the last event of this kind; absent where no loss is contrastive. */
      readonly contrast?: Contrast;
      readonly imagesPerSecond: number;
      /** The share of the time that steps waited for images, where these are brought to the GPU batch by batch. */
      readonly waiting?: number;
    }
  | {
      readonly type: 'epoch';
      readonly epoch: number;
      readonly stage: string;
      readonly lr: number;
      /** Means over the epoch's images. */
      readonly losses: Readonly<Record<string, number>>;
      /** Of its batches; absent where no loss is contrastive. */
      readonly contrast?: Contrast;
      /** Of training so far, evaluations not counted. */
      readonly seconds: number;
    }
  /** So many test images of an evaluation are done: at its beginning, and now and then while it goes on. */
  | ({ readonly type: 'evaluating'; readonly epoch: number } & EvaluationProgress)
  | ({ readonly type: 'evaluation' /** Epochs trained so far. */; readonly epoch: number } & Scores)
  | {
      /** A moment at which the run can be saved: now, and until the next step is told. */
      readonly type: 'checkpoint';
      /** Epochs done, and micro-batches done over the whole run. */
      readonly epoch: number;
      readonly step: number;
      /** Whether there is nothing left to do. */
      readonly final: boolean;
      /** Reads the run's whole state from the device. */
      readonly capture: () => Promise<RunState>;
    }
  | {
      /** The run's state is in this file, in the run's folder; told by whoever saves. */
      readonly type: 'saved';
      readonly step: number;
      readonly file: string;
    }
  | { readonly type: 'end'; readonly seconds: number };

/** How many images of a test set are done. */
export interface EvaluationProgress {
  readonly images: number;
  readonly of: number;
}

/** How well a model does on a test set. */
export interface Scores {
  /** Percent of images whose largest logit is their class; absent for a model without classifier. */
  readonly top1?: number;
  /** Percent of images whose class is among the five largest logits; absent where there are no more classes than that. */
  readonly top5?: number;
  /** The mean over the classes of the percentage of their images that is right: each class counts alike. */
  readonly mean_per_class?: number;
  /** The expected calibration error in percent: how far the probability of an answer is from how often such answers are right. */
  readonly ece?: number;
  /** Percent of images that their nearest neighbours among labelled images put into their class; absent without those. */
  readonly knn?: number;
  /** Of the encoder's features; absent where S_Dbw is undefined. */
  readonly s_dbw?: SDbw;
  /** Why it is undefined: a sentence. */
  readonly s_dbw_undefined?: string;
}
