// What holds a kernel that stays below half of an adapter's roof: a sentence a kernel, for the tables of results.

const SWIFTSHADER_LOADS =
  'Each vec4 that is loaded costs four guarded scalar loads of some 40 instructions in all, more than the multiply-adds that it feeds, and a tile that reuses it more often spills its sums from 16 registers of 4 lanes.';
const SWIFTSHADER_SUMS =
  'A third to half of its time are multiply-adds and broadcasts, which fetch most sums and operands from the stack, since there are 16 registers of 4 lanes; without any load it would be only 1.05 to 1.2 times as fast. With 16 columns, indices, masks and stores are for half as many multiply-adds.';
const LLVMPIPE_LOADS =
  'A load whose address differs between lanes costs about 10 instructions a lane and number, sums are blended with the execution mask at every step, and tiles that reuse a load more often take seconds to compile.';
const ROWS =
  'An invocation walks a row by itself, once for its sums and again for the result: what is counted as one read is several.';
const OPERANDS =
  'It loads several operands and computes with each number, where the copy that it is held to has one load and one store.';
const EXPONENTIALS = 'An exponential for each of the n² similarities weighs more than the memory it moves.';
const SMALL =
  'It has too little to do for the workgroups that it takes: starting them weighs more than the memory it moves.';

const gemms = (body: 'subgroup' | 'register', why: string): Record<string, string> =>
  Object.fromEntries(
    ['matmul/', 'conv2d/forward_', 'conv2d/dgrad_', 'conv2d/wgrad_'].flatMap((op) =>
      ['', '_scalar', '_image'].map((reads) => [`${op}${body}${reads}`, why]),
    ),
  );

const SHARED: Readonly<Record<string, string>> = {
  'attention/forward':
    'An invocation walks all keys for its own query, so that each key is loaded once a query rather than once a tile.',
  'attention/backward_q':
    'An invocation walks all keys for its own query, so that each key is loaded once a query rather than once a tile.',
  'attention/backward_kv':
    'An invocation walks all queries for its own key, so that each query is loaded once a key rather than once a tile.',
  'augment/resample':
    'Its time goes into weights and single bytes picked from words, of which every pixel of a crop is read by several.',
  'batch_norm/backward_input': OPERANDS,
  'batch_norm/backward_sums': OPERANDS,
  'batch_norm/normalize': OPERANDS,
  'batch_norm/statistics': OPERANDS,
  'elementwise/gelu':
    'The exponential and the rational approximation of the error function weigh more than the memory it moves.',
  'elementwise/gelu_backward':
    'The exponential and the rational approximation of the error function weigh more than the memory it moves.',
  'elementwise/add': OPERANDS,
  'elementwise/scale': SMALL,
  'layer_norm/forward': ROWS,
  'layer_norm/backward_input': ROWS,
  'layer_norm/backward_sums': OPERANDS,
  'l2_normalize/forward': ROWS,
  'l2_normalize/backward': ROWS,
  'max_pool2d/forward':
    'Nine guarded loads and comparisons for each number written: computing, not memory, takes the time.',
  'max_pool2d/backward':
    'Each input looks at up to four windows for the place of their maxima: indices, not memory, take the time.',
  'optimizer/sgd': OPERANDS,
  'optimizer/adamw': 'A square root and a division a parameter weigh as much as the seven numbers it moves.',
  'reduce/affine_gradients': SMALL,
  'reduce/sum_partials': SMALL,
  'softmax/forward_scalar': ROWS,
  'softmax/backward_scalar': ROWS,
  'sup_con/combine': 'One workgroup merges all rows, and the rest of the adapter waits: little work, but on one core.',
  'sup_con/normalize': ROWS,
  'sup_con/normalize_backward': ROWS,
  'sup_con/statistics': EXPONENTIALS,
  'sup_con/weights': EXPONENTIALS,
};

/** By a word of the adapter's name and by kernel. */
const NOTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  swiftshader: { ...SHARED, ...gemms('subgroup', SWIFTSHADER_SUMS), ...gemms('register', SWIFTSHADER_LOADS) },
  llvmpipe: {
    ...SHARED,
    ...gemms('subgroup', LLVMPIPE_LOADS),
    ...gemms('register', LLVMPIPE_LOADS),
    'matmul/transpose':
      'Of its reads and its writes only one can follow memory; the others meet a new cache line each time.',
  },
};

export const notesFor = (adapter: string): Readonly<Record<string, string>> =>
  Object.entries(NOTES).find(([word]) => adapter.toLowerCase().includes(word))?.[1] ?? {};
