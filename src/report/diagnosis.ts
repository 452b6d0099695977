// What an adapter offers, what follows from what it lacks, and what its kernels give: for people, and for a bug report.
import type { SelfTested } from '../conformance/self_test.ts';
import { type Device, mebibytes } from '../gpu/device.ts';
import { fasterThan } from '../gpu/faster.ts';
import type { TargetLimits } from '../gpu/kernel/target.ts';
import { markdownLines } from './markdown.ts';

/** A feature or limit, and what follows from it. */
export interface Found {
  readonly name: string;
  readonly value: string;
  /** Empty where nothing is missing. */
  readonly consequence: string;
}

/** All that is known of a device, as plain data. */
export interface Diagnosis {
  /** ISO 8601. */
  readonly date: string;
  /** Program and runtime with their versions. */
  readonly runtime: string;
  readonly adapter: {
    readonly name: string;
    /** Which kernels it gets: those for processors (software drivers) or those for GPUs. */
    readonly kind: 'cpu' | 'gpu';
    /** Why it was taken; empty where nobody said. */
    readonly why: string;
    /** What WebGPU says of it, where that is not empty. */
    readonly info: Readonly<Record<string, string>>;
    /** Lanes of a subgroup where the adapter fixes their number, else 0. */
    readonly subgroupSize: number;
  };
  /** Names of all adapters that were found, where the runtime tells. */
  readonly found: readonly string[];
  /** Sentences on what would be faster here, and how to get it. */
  readonly faster: readonly string[];
  readonly features: readonly Found[];
  readonly limits: readonly Found[];
  readonly selfTest: readonly SelfTested[];
}

/** What kernels can use, and what follows where it is missing. */
const FEATURES: Readonly<Record<string, string>> = {
  subgroups:
    'matrix products and convolutions take kernels without them, which on a processor are several times slower',
  'timestamp-query':
    'dispatches are timed by the clock, each submitted alone, so that short ones cannot be told apart; a run itself loses nothing',
  'shader-f16': 'nothing: all kernels compute in f32',
};

/** Limits with the least that loses nothing, and what follows below that. */
const LIMITS: readonly {
  readonly name: keyof TargetLimits;
  readonly least: number;
  readonly bytes?: true;
  readonly consequence: string;
}[] = [
  {
    ...{ name: 'maxStorageBufferBindingSize', least: 2 ** 30, bytes: true },
    consequence:
      'no tensor may be larger: large images and vision transformers need smaller batches (--batch, --accumulate)',
  },
  {
    ...{ name: 'maxBufferSize', least: 2 ** 30, bytes: true },
    consequence: 'images that do not fit one buffer are brought batch by batch',
  },
  {
    ...{ name: 'maxComputeInvocationsPerWorkgroup', least: 256 },
    consequence: 'tilings with more invocations are left out',
  },
  {
    ...{ name: 'maxComputeWorkgroupStorageSize', least: 16384 },
    consequence: 'kernels with tiles in workgroup memory do not compile',
  },
  { ...{ name: 'maxComputeWorkgroupsPerDimension', least: 65535 }, consequence: 'grids are folded sooner' },
];

/**
 * What a device offers and what it lacks. `runtime` names the program and its runtime, `found` the adapters beside it, `selfTest`
 * has what came of its kernels.
 */
export function diagnose(
  { gpu, target, why }: Device,
  { runtime, found = [], selfTest = [] }: Pick<Diagnosis, 'runtime'> & Partial<Pick<Diagnosis, 'found' | 'selfTest'>>,
): Diagnosis {
  // Older runtimes do not tell what adapter a device is of.
  const { vendor, architecture, device, description } = gpu.adapterInfo ?? {};
  const info = Object.entries({ vendor, architecture, device, description });
  return {
    date: new Date().toISOString(),
    runtime,
    adapter: {
      ...{ name: target.name, kind: target.kind, why, subgroupSize: target.subgroupSize },
      info: Object.fromEntries(info.filter((entry): entry is [string, string] => Boolean(entry[1]))),
    },
    found,
    faster: fasterThan(target, found),
    features: Object.entries(FEATURES).map(([name, consequence]) => {
      const isThere = target.features.has(name);
      return { name, value: isThere ? 'yes' : 'no', consequence: isThere ? '' : consequence };
    }),
    limits: LIMITS.map(({ name, least, bytes, consequence }) => {
      const value = target.limits[name];
      return {
        name,
        value: bytes ? mebibytes(value) : value.toLocaleString('en'),
        consequence: value < least ? consequence : '',
      };
    }),
    selfTest,
  };
}

/** What is known of an adapter beside its name, each under a name of its own; nothing that is empty. */
export function adapterFacts({ name, why, kind, subgroupSize, info }: Diagnosis['adapter']): [string, string][] {
  const facts: [string, string][] = [
    ['taken because', why],
    ['kernels for', kind === 'cpu' ? 'a processor (software driver)' : 'a GPU'],
    ['subgroups', subgroupSize > 0 ? `${subgroupSize} lanes` : ''],
    ...Object.entries(info).filter(([, value]) => value !== name),
  ];
  return facts.filter(([, value]) => value);
}

/** A diagnosis as Markdown, to be read or pasted into a bug report. */
export function diagnosisMarkdown(diagnosis: Diagnosis): string {
  const { adapter, date, runtime, found, faster, features, limits, selfTest } = diagnosis;
  const items = [
    ['adapter', adapter.name],
    ...adapterFacts(adapter),
    ['adapters found', found.join('; ')],
    ['faster', faster.join(' ')],
  ];
  return [
    `# ${adapter.name}, in ${runtime}`,
    '',
    ...items.filter(([, value]) => value).map(([name, value]) => `- ${name}: ${value}`),
    `- date: ${date}`,
    ...['', '## What it offers', ''],
    ...tableOf('feature or limit', [...features, ...limits]),
    ...(selfTest.length > 0 ? ['', '## Kernels, held to float64', '', ...testLines(selfTest)] : []),
    '',
  ].join('\n');
}

const tableOf = (heading: string, rows: readonly Found[]): string[] =>
  markdownLines(
    [heading, 'here', 'what follows'],
    rows.map(({ name, value, consequence }) => [name, value, consequence || '–']),
    { isText: true },
  );

function testLines(tested: readonly SelfTested[]): string[] {
  const checks = tested.reduce((sum, own) => sum + own.checks, 0);
  const wrong = tested.flatMap(({ failures }) => failures);
  return [
    `${checks - wrong.length} of ${checks} checks passed.`,
    '',
    ...markdownLines(
      ['op', 'candidates', 'checks', 'failed'],
      tested.map((own) => [own.op, own.candidates.join(', '), String(own.checks), String(own.failures.length)]),
      { isText: true },
    ),
    ...(wrong.length > 0 ? ['', ...wrong.map((failure) => `- ${failure.replaceAll('\n', ' ')}`)] : []),
  ];
}
