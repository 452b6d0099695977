/** How a shape of one's own is told. */
export const OWN_SHAPES = [
  'matmul [1,197,63]x[63,129]',
  'linear [3,197] 65->131',
  'conv 3x3 s1 p1 N3 C5 31x31 K7',
  'layer_norm [3,197,65]',
  'batch_norm [3,17,17,65]',
  'attention [2,3,197,65]',
  'map 65537',
] as const;
