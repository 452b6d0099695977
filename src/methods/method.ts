import type { Device } from '../gpu/device.ts';
import type { Model, ModelOptions } from '../nn/model.ts';
import type { SupConVariant } from '../ops/sup_con.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import type { HostTensor } from '../weights/host-tensor.ts';

/** Hyper-parameters that methods share; a method reads those it knows. */
export interface MethodConfig {
  /** Epochs N of the whole fine-tuning, both stages. */
  readonly epochs: number;
  /** The share of epochs that a method in two stages (COIN, M&M) gives to its first, in [0, 1]. */
  readonly alpha: number;
  /** The weight of what a method adds to the cross-entropy: λ of SCL, η of BSS and Core-Tuning, α of L2-SP and DELTA. */
  readonly lambda: number;
  /** The temperature τ of the contrastive loss. */
  readonly temperature: number;
  readonly variant: SupConVariant;
  readonly label_smoothing: number;
  /** Negative keys that MoCo holds, 65,536 unless given; keys of each class that Bi-Tuning holds, 40 unless given. */
  readonly queue_length?: number;
  /** The momentum of the key encoder of MoCo and Bi-Tuning, 0 to 1; 0.999 unless given. */
  readonly key_momentum?: number;
  /** Parts of MoCo's batches that are normalised each by itself, as on so many GPUs; 8 unless given. */
  readonly batch_norm_groups?: number;
  /** The share of patches that MAE's encoder does not see, from 0 to below 1; 0.75 unless given. */
  readonly mask_ratio?: number;
  /** Whether MAE predicts patches less their mean and over their deviation; yes unless given. */
  readonly norm_pix?: boolean;
  /** Channels (512 unless given), blocks (8) and heads (16) of MAE's decoder. */
  readonly decoder_dim?: number;
  readonly decoder_depth?: number;
  readonly decoder_heads?: number;
  /** The share of epochs that COIN's first stage takes before another method, and its temperature; 0.3 unless given. */
  readonly coin_alpha?: number;
  readonly coin_temperature?: number;
  /** The weight β of half the classifier's squared norm, with which L2-SP and DELTA replace weight decay; 0.01 unless given. */
  readonly head_decay?: number;
  /** Which parameters L2-SP holds: all, unless given, or those of two dimensions and more alone. */
  readonly held?: 'all' | 'weights';
  /** How much closer than another class's a partner must be in M&M's triplets, in squares of distances; 2.1 unless given. */
  readonly margin?: number;
  /** Whether DELTA learns what channels weigh, as it does unless given, or all weigh alike. */
  readonly channels?: 'learned' | 'equal';
  /** How many of the smallest singular values BSS shrinks; 1 unless given. */
  readonly singular_values?: number;
  /** Whether Core-Tuning does what its released code does, in place of what its paper says. */
  readonly official_quirks?: boolean;
  /** How often RIFLE makes the classifier anew; 2 unless given. */
  readonly reinitializations?: number;
  /** Whether RIFLE's classifier has the learning rate of all else, as it has unless given, or half a cosine in each period. */
  readonly classifier_rate?: 'same' | 'cyclic';
  /** The width of Noisy-Tune's noise in deviations of each tensor; 0.15 unless given. */
  readonly noise?: number;
}

/** What a loss may use of one training step. Parts are recorded when first asked for, so unused heads cost nothing. */
export interface Step {
  readonly tape: Tape;
  /** Augmented images [n, h, w, c]. */
  readonly images: Tensor;
  /** Class indices, i32 [n]. */
  readonly labels: Tensor;
  /** Probabilities of the classes, f32 [n, classes], where augmentation mixes images. */
  readonly targets?: Tensor;
  /** Which image of the data set each row shows, i32 [n]: views of one image share it. */
  readonly instances: Tensor;
  /** The encoder's output [n, dim]. */
  features(): Tensor;
  /** The encoder's output for other images, such as one of several views, in the mode in which it is trained. */
  encode(images: Tensor): Tensor;
  /** The projector's output before normalisation [n, p]. */
  projected(): Tensor;
  /** The classifier's output [n, classes]. */
  logits(): Tensor;
  /** Seed and step, u32 [2], of which random numbers on the GPU are made. */
  counter(): Tensor;
  /**
   * Has it told how well features z [n, p] find those of their label, i32 [n] or more, among the others or among `keys` of the same
   * labels; see `contrast`. Once in a step, and without effect where nobody wants to know.
   */
  watch(z: Tensor, labels: Tensor, keys?: Tensor): void;
  /** Has something recorded behind the backward pass, which may still read what it changes: new keys of a queue, say. */
  afterBackward(record: () => void): void;
}

/** The training images as a stage's steps see them, in whole micro-batches, for what a method does between epochs. */
export interface Batches {
  /** Records the views of a micro-batch, once a tape. */
  record(tape: Tape): Pick<Step, 'images' | 'labels'>;
  /** The micro-batches of a pass over all images, each pass in an order of its own. */
  of(pass: number): Uint32Array<ArrayBuffer>[];
  /** What a program with such views is given for a micro-batch; `step` fixes how images are augmented. */
  inputs(
    device: Device,
    images: Uint32Array<ArrayBuffer>,
    step: number,
  ): Promise<Record<string, Uint32Array<ArrayBuffer>>>;
}

/** A term of a stage's loss: a tensor of shape [1] and its weight. */
export interface LossTerm {
  readonly loss: Tensor;
  readonly weight: number;
}

/** How far something is that a method does before an epoch and that can take long. */
export interface Preparation {
  /** "channels weighed": what is counted, and what becomes of it. */
  readonly what: string;
  readonly done: number;
  readonly of: number;
}

/** A range of epochs with one loss. Each stage is one program over the same parameters. */
export interface Stage {
  readonly name: string;
  /** The first epoch and the one after the last; empty stages are skipped. */
  readonly epochs: readonly [from: number, to: number];
  /** The terms by the names under which they are reported. */
  readonly loss: (step: Step) => Record<string, LossTerm>;
  /** What two rows of a batch must share to be a positive pair, where the loss is contrastive. */
  readonly pairs?: 'labels' | 'instances';
  /** Runs before each epoch of the stage, for what changes between epochs (re-initialised heads, refreshed queues). */
  readonly beforeEpoch?: (
    epoch: number,
    device: Device,
    batches: Batches,
    tell: (preparation: Preparation) => void,
  ) => Promise<void>;
  /** The learning rate of a parameter, where it is not the one `lr` of the epoch; `peak` is what `lr` begins with. */
  readonly rate?: (
    parameter: string,
    at: { readonly epoch: number; readonly lr: number; readonly peak: number },
  ) => number;
  /** Recorded behind each update of the weights: averages of them. */
  readonly afterUpdate?: (tape: Tape) => void;
  /**
   * The lasting tensors, by name, that the stage's steps change beside the model's own (a key encoder's, a queue and its pointer):
   * they are saved with the run and restored where it goes on, after all stages are made. Stages that share one name it alike.
   */
  readonly state?: ReadonlyMap<string, Tensor>;
}

/** What a method may add to before training: more encoders, queues, heads, or noise on the weights. */
export type MethodModel = Pick<Model, 'options' | 'store' | 'encoder' | 'projector' | 'classifier' | 'reconstruct'>;

/** The model's tensors under PyTorch's names and layouts, averages where they are kept, and a stage's `state` as it is on the device, behind `training.method.`. */
export interface RunTensors {
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

/** A method of fine-tuning or pre-training: which stages it trains in, and what it adds to the model. */
export interface Method {
  readonly name: string;
  readonly title: string;
  /** Whether a projector is trained beside the classifier. */
  readonly projector: boolean;
  /** Whether there is a classifier; unless given there is. Pre-training goes without. */
  readonly classifier?: boolean;
  /** Makes the model, where that is another than `createModel`'s. Throws where the method cannot train it. */
  create?(options: ModelOptions, config: MethodConfig): Model;
  /** How the method's heads differ from COIN's: a classifier without bias, a projector of two layers. */
  readonly heads?: Pick<ModelOptions, 'head' | 'projector'>;
  /** Its authors' values of settings that other methods have other values of. */
  readonly defaults?: Partial<MethodConfig>;
  /** Whether it holds the weights by terms of its own, in place of the optimizer's weight decay. */
  readonly replacesDecay?: boolean;
  /** Independently augmented views of each image in a batch; 1 unless given. The views stand one after the other. */
  readonly views?: number;
  stages(config: MethodConfig, model: MethodModel): readonly Stage[];
  /**
   * The tensors of a checkpoint, from what a run's state holds, where they are more than the model under its own names: under those
   * that the method's authors gave them.
   */
  checkpoint?(state: RunTensors, model: MethodModel): Map<string, HostTensor>;
  /** The settings that decide what these stages are and compute; all others have no effect. */
  settings(config: MethodConfig): readonly (keyof MethodConfig)[];
}
