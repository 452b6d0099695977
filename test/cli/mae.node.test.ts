import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sincosPositions } from '../../src/nn/positions.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';
import { readmeCommand } from './readme_command.ts';

const test = suite('masked autoencoders on the command line');

let folder = '';
let data = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  data = await writeCorners(join(folder, 'data'));
});
test.after(() => rm(folder, { recursive: true }));

const linesOf = async (path: string): Promise<Record<string, unknown>[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What a log says of the features of an encoder before so many epochs are trained. */
const scoreAt = (lines: readonly Record<string, unknown>[], epoch: number): unknown =>
  lines.find((line) => line.type === 'evaluation' && line.epoch === epoch)?.s_dbw;

test(
  "an encoder is pre-trained by MAE's recipe under MAE's names, goes on with the same bits, and is fine-tuned from where it was scored",
  async () => {
    const out = join(folder, 'run');
    const { code, stdout, stderr } = await coinHere(
      ...(await readmeCommand('--method mae', { DIR: data, 'runs/mae': out })),
      ...['--epochs', '2', '--batch', '9', '--save-every', '2steps', '--keep', '9', '--decoder-depth', '1'],
    );
    assert.is(code, 0, stderr);
    assert.match(stderr, /^training views: random resized crop .*\(bicubic\), flip in 50 %$/m);
    assert.match(stdout, /k-NN \(%\)/);
    const [head, ...lines] = await linesOf(join(out, 'mae.jsonl'));
    const { settings } = head as { settings: Record<string, unknown> };
    // PRETRAIN.md of https://github.com/facebookresearch/mae: 1.5e-4 for 256 images, 40 of 800 epochs to warm up.
    const own = ['optimizer', 'betas', 'weight_decay', 'decay', 'mask_ratio', 'norm_pix', 'drop_last', 'schedule'];
    assert.equal(
      own.map((name) => settings[name]),
      [
        ...['adamw', [0.9, 0.95], 0.05, 'matrices', 0.75, true, true],
        { shape: 'warmup_cosine', changes: 'step', warmup_epochs: 0.1, floor: 0 },
      ],
    );
    assert.is(settings.lr, (1.5e-4 * 9) / 256);

    const path = join(out, 'mae.safetensors');
    const { tensors } = readSafetensors(new Uint8Array(await readFile(path)), path);
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
    assert.equal(
      [
        'cls_token',
        'pos_embed',
        'mask_token',
        'decoder_pos_embed',
        'patch_embed.proj.weight',
        'decoder_pred.weight',
      ].map((name) => shapes[name]),
      [
        [1, 1, 96],
        [1, 5, 96],
        [1, 1, 64],
        [1, 5, 64],
        [96, 1, 4, 4],
        [16, 64],
      ],
    );
    const known =
      /^(cls_token|pos_embed|mask_token|decoder_pos_embed|(patch_embed\.proj|(decoder_)?norm|decoder_(embed|pred)|(blocks\.[0-3]|decoder_blocks\.0)\.(norm[12]|attn\.(qkv|proj)|mlp\.fc[12]))\.(weight|bias))$/;
    assert.equal(
      [...tensors.keys()].filter((name) => !known.test(name)),
      [],
    );
    assert.equal(tensors.get('pos_embed')!.data, sincosPositions(96, [2, 2]));
    const inspected = await coinHere('inspect', path);
    assert.match(inspected.stdout, /^encoder: vit_mini_patch4, 1 channels, 8×8 px; 54 tensors/m);
    assert.match(inspected.stdout, /^beside it: .*decoder/m);

    // As if it had been killed after its second of six steps.
    const broken = join(folder, 'broken');
    await cp(out, broken, { recursive: true });
    for (const name of await readdir(broken))
      if (/^(mae|mae-step-0000000[3-9])\.safetensors$/.test(name)) await rm(join(broken, name));
    const saved = lines.findIndex(({ type, step }) => type === 'saved' && step === 2);
    assert.ok(saved > 0);
    const kept = [head, ...lines.slice(0, saved + 1)].map((line) => `${JSON.stringify(line)}\n`);
    await writeFile(join(broken, 'mae.jsonl'), kept.join(''));
    const resumed = await coinHere('pretrain', '--resume', broken);
    assert.is(resumed.code, 0, resumed.stderr);
    assert.equal(await readFile(join(broken, 'mae.safetensors')), await readFile(path));

    const tuned = join(folder, 'tuned');
    const train = await coinHere(
      ...(await readmeCommand('runs/mae/mae.safetensors', { DIR: data, 'runs/mae/mae.safetensors': path })),
      ...['--method', 'ce-tuning', '--steps', '1', '--batch', '9', '--accumulate', '1', '--out', tuned],
    );
    assert.is(train.code, 0, train.stderr);
    const scores = scoreAt(lines, 2);
    assert.ok(scores !== undefined && scores !== scoreAt(lines, 0));
    assert.equal(scoreAt(await linesOf(join(tuned, 'ce-tuning.jsonl')), 0), scores);
  },
  { seconds: 300 },
);

for (const [more, told] of [
  [
    ['--arch', 'resnet8'],
    /^error: MAE hides patches of a vision transformer, and a resnet8 has none; take --arch vit_/m,
  ],
  [['--queue', '8'], /^error: --queue has no effect: MAE does not read it; leave it out\.$/m],
  [['--momentum', '0.5'], /^error: --momentum has no effect: AdamW does not read it; leave it out\.$/m],
  [['--drop-path', '0.1'], /^error: --drop-path has no effect: MAE does not read it; leave it out\.$/m],
  [['--decoder-heads', '3'], /^error: transformerBlock: 64 channels cannot be cut into 3 heads\.$/m],
  [['--mask-ratio', '0.9'], /^error: random_masking: .* a mask of 0\.9 leaves no token/m],
  [['--warmup', '3'], /^error: --warmup 3 is longer than the whole run, which has 2 epochs\.$/m],
  [['--min-lr', '1'], /^error: --min-lr 1 is above --lr \S+, from which the rate falls\.$/m],
] as const)
  test(`${more.join(' ')} is refused in one sentence, before there is a folder`, async () => {
    const { code, stderr } = await coinHere(
      ...['pretrain', '--method', 'mae', '--data', data, '--epochs', '2', '--batch', '9'],
      ...[...more, '--out', join(folder, 'refused')],
    );
    assert.is(code, 1);
    assert.match(stderr, told);
    assert.equal((await readdir(folder)).includes('refused'), false);
  });

test.run();
