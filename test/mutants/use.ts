// Faults of what a checkpoint is used for.
import { noticedBy } from './mutant.ts';

const ENCODERS = 'src/onnx/encoders.ts';

export const mutants = [
  ...noticedBy(
    'onnx.node.test.ts',
    'resnet',
    ['the stride is in the first convolution of a bottleneck', ENCODERS, '[1, stride, 1]', '[stride, 1, 1]'],
    ['the first pooling is left out', ENCODERS, 'if (pool) x =', 'if (false) x ='],
    ['images are not normalised', 'src/onnx/model.ts', 'const normalised = statistics', 'const normalised = false'],
  ),
  ...noticedBy(
    'onnx.node.test.ts',
    'vit',
    ['the class token is averaged with the patches', ENCODERS, '...from(1)]', '...from(0)]'],
    ['attention is not scaled', ENCODERS, '1 / Math.sqrt(dim / heads)', '1'],
  ),
  ...noticedBy(
    'cli/predict.node.test.ts',
    '',
    ['all classes are as probable', 'src/train/inference.ts', 'Math.exp(value - largest)', '1'],
    ['a batch repeats its first image', 'src/train/inference.ts', 'i < count ? i : 0', '0'],
    ['an image that cannot be read is left out in silence', 'src/cli/predict.ts', 'bad++;', ''],
    ['rows of npy are told as columns', 'src/weights/npy.ts', "'fortran_order': False", "'fortran_order': True"],
  ),
  ...noticedBy('cli/weights.node.test.ts', '', [
    'the architecture is not told by the tensors',
    'src/weights/recognize.ts',
    'missing.length + misshapen.length === 0',
    'false',
  ]),
  ...noticedBy(
    'weights/safetensors.test.ts',
    'nearest',
    ['bfloat16 is cut off and not rounded', 'src/weights/host-tensor.ts', 'bits + 0x7fff +', 'bits + 0 +'],
    ['halves are rounded up', 'src/weights/host-tensor.ts', 'rest === 0.5 && floor % 2 === 1', 'rest === 0.5'],
  ),
];
