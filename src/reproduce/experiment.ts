// What an experiment is made of: tables and figures of the paper as data.
import type { Score } from '../report/ranking.ts';

/** Options of `coin train` by their names, without the dashes. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/** Every data set that an experiment may ask for, by the name of its folder. */
export const DATA_SETS = {
  imagenet20: 'ImageNet-20',
  cifar10: 'CIFAR-10',
  cifar100: 'CIFAR-100',
  dtd: 'DTD',
  cars: 'Stanford Cars',
  pets: 'Oxford-IIIT Pets',
  flowers: 'Oxford 102 Flowers',
  caltech101: 'Caltech-101',
  aircraft: 'FGVC-Aircraft',
  'fashion-mnist': 'Fashion-MNIST',
  embedded: 'Fashion-MNIST, a part',
} as const;
export type DataSet = keyof typeof DATA_SETS;

export const dataTitle = (dataSet: DataSet): string => DATA_SETS[dataSet];

/** The kinds of checkpoint that trainings start from. */
export type Start = 'self-supervised' | 'supervised' | 'mae';

/** A row of a table. */
export interface Row {
  readonly label: string;
  /** The paper's values in the order of the experiment's data sets; absent for what the paper does not have. */
  readonly paper?: readonly number[];
  /** The paper's mean of them, where there are several. */
  readonly average?: number;
  /** How it is trained; absent for what is only quoted. */
  readonly train?: { readonly settings: Settings; readonly start: Start };
  /** Whether it is what all rows start from, as it is before training. */
  readonly isStart?: boolean;
  /** The label of the row that it is compared with, where that is not the experiment's. */
  readonly against?: string;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What the paper shows by it, in a sentence. */
  readonly claim: string;
  /** What the rows are, as the head of their column. */
  readonly rowsAre: string;
  /** Those of the paper. */
  readonly dataSets: readonly DataSet[];
  readonly measure: Measure;
  /** The label of the row with which all others are compared. */
  readonly against?: string;
  readonly rows: (scale: Scale) => readonly Row[];
  /** What its page begins with, where it is a figure. */
  readonly figure?: 'curves' | 'features';
  /** Whose steps are timed, beside the paper's ratio of hours; the first is what all are divided by. */
  readonly timed?: ((scale: Scale) => readonly Timed[]) | undefined;
  /** The paper's values of COIN's measure before training, at the end of its first stage and at its own. */
  readonly falls?: { readonly before: number; readonly switch: number; readonly end: number };
  /** What of it is made where that is not all, in a sentence. */
  readonly part?: string;
  /** Conditions that its rows have for themselves, and which no line of conditions can tell. */
  readonly varied?: readonly Condition[];
  /** What is not as in the paper at any scale, in sentences. */
  readonly notes?: readonly string[];
}

/** A training's step, put together of the steps of its stages. */
export interface Timed {
  readonly label: string;
  /** Methods whose first stage has such steps, and their shares of the epochs; `coin` has SupCon alone. */
  readonly steps: readonly { readonly method: string; readonly share: number }[];
  /** Its hours over those of the first, where the paper tells them. */
  readonly paper?: number;
}

/** What a table's numbers are. */
export interface Measure extends Score {
  readonly heading: string;
  readonly unit?: string;
}

/** How large an experiment is: the paper's size, or what fits a machine that is not the paper's. */
export interface Scale {
  readonly name: 'smoke' | 'small' | 'paper';
  /** The data set that stands for all of the paper's; absent where they are the paper's. */
  readonly standIn?: DataSet;
  readonly seeds: readonly number[];
  /** Settings of every training. */
  readonly base: Settings;
  /** The form of SupCon. */
  readonly supCon: 'paper' | 'official';
  readonly epochs: number;
  /** COIN's usual share of first-stage epochs, and the shares that are tried. */
  readonly alpha: number;
  readonly alphas: readonly number[];
  /** Whether each of these shares is a row of its own wherever COIN is compared: none is known to be the best. */
  readonly everyAlpha?: boolean;
  /** Settings of a vision transformer in place of the checkpoint's encoder, where there is no checkpoint of one. */
  readonly transformer?: Settings;
  /** The conditions by name, told beside the paper's where they differ. */
  readonly conditions: Readonly<Record<Condition, string>>;
  /** What rows are at this scale that are not what they are called, by the checkpoint that they would need. */
  readonly inPlaceOf?: Partial<Record<Start, { readonly start?: Start; readonly note: string }>>;
}

export type Condition =
  | 'data'
  | 'network'
  | 'checkpoint'
  | 'views'
  | 'epochs'
  | 'batch'
  | 'learning rate'
  | 'SupCon'
  | 'α'
  | 'model'
  | 'seeds';
