// Colours and shapes of classes and methods, for both colour schemes.
//
// Neighbours among the ten class colours stay apart (0.11 in OKLab) for normal sight and under full protanopia,
// deuteranopia and tritanopia (Machado, Oliveira and Fernandes, 2009), and stand out from either background. Shapes
// repeat what colours say.

interface Scheme {
  readonly classes: readonly string[];
  readonly methods: readonly string[];
}

export const light: Scheme = {
  classes: [
    '#338ac9',
    '#e9ae00',
    '#9a2a15',
    '#a3a29a',
    '#832db6',
    '#93777b',
    '#b45c0e',
    '#d87f38',
    '#415a6e',
    '#4db9e7',
  ],
  methods: ['#0072b2', '#d55e00', '#00806a', '#a8467f', '#a87a00', '#4a5560'],
};

export const dark: Scheme = {
  classes: [
    '#5691d6',
    '#ffc318',
    '#9e5155',
    '#adb69c',
    '#893ae2',
    '#9d8987',
    '#d25f00',
    '#ed901c',
    '#44709e',
    '#4ac2f9',
  ],
  methods: ['#58b0f0', '#ff8b4d', '#35c9a5', '#e793c3', '#e8b93c', '#b4bec8'],
};

/** Names are those of Chart.js; paths fit a box from -5 to 5. */
export const shapes = [
  { name: 'circle', path: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z' },
  { name: 'triangle', path: 'M0-4.6L4.4 3.4H-4.4z' },
  { name: 'rect', path: 'M-3.6-3.6h7.2v7.2h-7.2z' },
  { name: 'rectRot', path: 'M0-4.8L4.8 0L0 4.8L-4.8 0z' },
] as const;

/** Lengths of strokes and gaps, by method. */
export const dashes: readonly (readonly number[])[] = [[2, 3], [7, 3], [], [9, 3, 2, 3], [14, 4], [4, 4]];

/** Which colour and which shape the i-th class has; after ten classes colours come back with another shape. */
export const classStyle = (i: number) => ({
  color: i % light.classes.length,
  shape: shapes[(i + Math.floor(i / light.classes.length)) % shapes.length]!,
});

/** Which colour, shape and dashes the i-th method has. */
export const methodStyle = (i: number) => ({
  color: i % light.methods.length,
  shape: shapes[i % shapes.length]!,
  dash: dashes[i % dashes.length]!,
});
