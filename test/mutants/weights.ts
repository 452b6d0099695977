// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
// Faults of what reads checkpoints.
import { noticedBy } from './mutant.ts';

const PICKLE = 'src/weights/pickle.ts';
const TORCH = 'src/weights/torch.ts';
const ZIP = 'src/weights/zip.ts';

export const mutants = [
  ...noticedBy(
    'weights/pickle.test.ts',
    '',
    ['what is on the stack below a mark is taken', PICKLE, 'stack.length <= (marks.at(-1) ?? 0)', 'stack.length === 0'],
    ['negative integers are large', PICKLE, 'value -= 1n <<', 'value -= 0n <<'],
  ),
  ...noticedBy(
    'weights/checkpoints.node.test.ts',
    '',
    ['a pickle may end before its text', PICKLE, 'length > bytes.length - at', 'false'],
    ['strides are not looked at', TORCH, 'isContiguous(shape, strides) ?', 'true ?'],
    ['a tensor may reach beyond its storage', TORCH, 'end * itemsize > storage.size', 'false'],
    ['a part of a storage begins with it', TORCH, 'offset: offset * itemsize, size: length', 'offset: 0, size: length'],
    ['an expanded tensor may be of any size', TORCH, 'count * itemsize > source.size + SLACK', 'false'],
    ['an entry may stand twice', ZIP, 'if (entries.has(name))', 'if (false)'],
    ['a compressed entry is read as it is', ZIP, 'if (method !== STORED || compressed !== full)', 'if (false)'],
    ['wide sizes are not read', ZIP, '=== LOCATOR64)', '=== END64)'],
    ['DataParallel is no wrapper', 'src/weights/keys.ts', "['module', ", '['],
    ["a transformer's position embedding is no encoder's", 'src/weights/keys.ts', '|pos_embed', ''],
  ),
  ...noticedBy(
    'weights/fuzz.node.test.ts',
    '',
    ['the directory may end within an entry', ZIP, 'if (end > size)', 'if (false)'],
    ['a tensor may begin beyond its file', TORCH, 'end * itemsize > storage.size)', 'false)'],
  ),
  ...noticedBy('weights/shown.test.ts', '', [
    'a number that no JSON holds has no end',
    'src/weights/shown.ts',
    "typeof value === 'bigint'",
    'false',
  ]),
  ...noticedBy(
    'gpu/device.test.ts',
    'first value',
    [
      'a first value overwrites what was written',
      'src/gpu/device.ts',
      'unfilled.set(chunk, waiting.filter(isApart))',
      'unfilled.set(chunk, waiting)',
    ],
    [
      'a first value that is overwritten in part is lost',
      'src/gpu/device.ts',
      '!isApart(part) && !isCovered(part)',
      'false',
    ],
  ),
  ...noticedBy(
    'weights/checkpoints.node.test.ts',
    '',
    ['big-endian numbers of archives are read', TORCH, ".trim() !== 'little')", ".trim() === 'none')"],
    ['big-endian numbers of old files are read', TORCH, "system.get('little_endian') === false)", 'false)'],
    [
      'another model goes before the state dict',
      TORCH,
      "root.get('state_dict') ?? modelOf(root) ?? root",
      "modelOf(root) ?? root.get('state_dict') ?? root",
    ],
    ['a part of a storage may end beyond it', TORCH, 'offset + length > count', 'false'],
    ['sparse tensors are passed over', TORCH, 'else if (isInert(value) && /', 'else if (false && /'],
    ['a storage may have two types', TORCH, 'known.dtype !== dtype || known.size !== storage.size', 'false'],
    ['old storages may be shorter than their tensors say', TORCH, 'count < 0n || size !== known.size', 'count < 0n'],
  ),
  ...noticedBy(
    'weights/pickle.test.ts',
    '',
    ['what is left on the stack does not matter', PICKLE, 'stack.length > 0 || marks.length > 0', 'false'],
    ['a pickle may make any number of objects', PICKLE, '++containers > MOST_CONTAINERS', 'false'],
    ['keyword arguments are arguments', PICKLE, 'const [, args] = [pop(), pop()];', 'const [args] = [pop(), pop()];'],
  ),
];
