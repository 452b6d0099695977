import { charts } from '../../src/report/charts.ts';
import { embed, renderReport } from '../../src/report/report.ts';
import { summary } from '../../src/report/summary.ts';
import { assert, suite } from '../harness.ts';
import { blobs, madeUp } from './made-up.ts';

const test = suite('report');

test('the page has every method, class and setting, and loads nothing', () => {
  const data = madeUp();
  const page = renderReport(data);
  for (const { title } of data.runs) assert.ok(page.includes(`<th scope="row">${title}</th>`), title);
  for (const name of data.classes) assert.ok(page.includes(`</svg>${name}</button>`), name);
  for (const name of Object.keys(data.settings)) assert.ok(page.includes(`<dt>${name}</dt>`), name);
  assert.not.match(page, /\b(?:src|href)="(?!data:|#)/);
  assert.not.match(page, /@import|url\(/);
  assert.ok(page.length < 600_000, `${page.length} characters`);
});

test('many points do not make the page large', () => {
  assert.ok(renderReport(madeUp({ points: 10_000 })).length < 600_000);
});

test('embedded JSON cannot end its script element, and stays the same value', () => {
  const value = { name: '</script><!-- <script> & "quotes"' };
  assert.not.match(embed(value), /</);
  assert.equal(JSON.parse(embed(value)), value);
});

/** Of the first class half is taken for the second, all else is right; and three mistakes. */
const answered = () => ({
  confusion: Array.from({ length: 10 }, (_, y) =>
    Array.from({ length: 10 }, (_, x) => (y === 0 ? (x < 2 ? 50 : 0) : x === y ? 20 : 0)),
  ),
  mistakes: [7, 3, 9].map((image, i) => ({ image, label: 0, prediction: 1, confidence: 0.9 - i / 10 })),
});

/** How many classes are named so, each with as many images. */
const manyClasses = (n: number) => ({
  classes: Array.from({ length: n }, (_, i) => `class ${i}`),
  confusion: Array.from({ length: n }, (_, y) => Array.from({ length: n }, (_, x) => (x === y ? 9 : x === 0 ? 1 : 0))),
});

test('each class is told, the least recognised first, and what is taken for what', () => {
  const data = madeUp();
  const [run] = data.runs;
  const page = renderReport({ ...data, runs: [{ ...run!, ...answered() }] });
  const rows = [...page.matchAll(/<tr><th scope="row">(\w+)<\/th><td>(\d+)<\/td><td class="bar"[^>]*>([\d.]+)<\/td>/g)];
  assert.equal(
    rows.slice(0, 2).map(([, ...cells]) => cells),
    [
      ['airplane', '100', '50.0'],
      ['automobile', '20', '100.0'],
    ],
  );
  assert.match(page, /<td class="text">automobile <small>50\.0 %<\/small>/);
  assert.match(
    page,
    /<tr><th scope="row">airplane<\/th><td class="right"[^>]*>50<\/td><td class="wrong"[^>]*>50<\/td><td><\/td>/,
  );
  assert.not.match(page, /<canvas id="confusion/);
  // Seeds of a method are counted together.
  const two = renderReport({ ...data, runs: [0, 1].map((seed) => ({ ...run!, ...answered(), seed })) });
  assert.match(two, /<td class="right"[^>]*>100<\/td><td class="wrong"[^>]*>100<\/td>/);
});

test('a matrix of many classes is a picture, of which the most frequent confusions are listed', () => {
  const data = madeUp();
  const { classes, confusion } = manyClasses(200);
  const runs = [{ ...data.runs[0]!, confusion }];
  const page = renderReport({ ...data, classes, runs });
  assert.match(page, /<canvas id="confusion-0" role="img" tabindex="0" aria-label="CE-Tuning: confusion matrix of 200/);
  assert.match(page, /1800 of 1999 test images/);
  assert.not.match(page, /<table class="confusion"/);
  assert.match(page, /<tr><th scope="row">class 1<\/th><td class="text">class 0<\/td><td>1 <small>of 10<\/small>/);
  const { counts } = charts({ ...data, classes, runs }).confusions[0]!;
  assert.equal(counts.slice(0, 9), [0, 0, 9, 1, 0, 1, 1, 1, 9]);
  assert.is(counts.length, 3 * 399);
  assert.ok(page.length < 600_000, `${page.length} characters`);
});

test('a mistake is shown by its own picture', () => {
  const data = madeUp();
  const mistaken = { url: 'data:image/png;base64,AAAA', columns: 2, width: 8, height: 6, images: [9, 3, 7] };
  const page = renderReport({ ...data, runs: [{ ...data.runs[0]!, ...answered() }], mistaken });
  const shown = [...page.matchAll(/viewBox="([\d ]+)" role="img" aria-label="test image (\d+)"/g)];
  assert.equal(
    shown.map(([, box, image]) => [image, box]),
    [
      ['7', '0 6 8 6'],
      ['3', '8 0 8 6'],
      ['9', '0 0 8 6'],
    ],
  );
  assert.match(page, /<p>airplane<\/p><p class="wrong">automobile <small>90\.0 %<\/small>/);
  assert.match(page, /<image id="mistaken" href="data:image\/png;base64,AAAA" width="16" height="12"\/>/);
});

test('k-NN is drawn from the beginning, and how well features find each other where a loss is contrastive', () => {
  const data = madeUp();
  const runs = data.runs.map((run) => ({
    ...run,
    evaluations: run.evaluations.map((told) => ({ ...told, knn: 60 })),
    losses: run.losses.map((row) =>
      'sup_con' in row.losses ? { ...row, contrast: { alone: 0, top1: 80, alignment: 1, uniformity: -2 } } : row,
    ),
  }));
  const { scores, contrasts } = charts({ ...data, runs });
  const knn = scores.find(({ title }) => title === 'k-NN accuracy')!;
  assert.equal(
    knn.lines.map(({ points }) => points[0]![0]),
    [0, 0, 0],
  );
  // There are no images without positives to show.
  assert.equal(
    contrasts.map(({ title, lines }) => `${title}: ${lines.map(({ method }) => method)}`),
    ['Contrastive top-1: 1,2', 'Alignment: 1,2', 'Uniformity: 1,2'],
  );
  assert.equal(contrasts[0]!.lines[0]!.points[0], [1, 80]);
});

test('names are text, never markup', () => {
  const data = madeUp();
  const evil = '</script><img src=x>&"';
  const page = renderReport({
    ...data,
    title: evil,
    adapter: evil,
    created: evil,
    classes: data.classes.map(() => evil),
    settings: { [evil]: evil, checkpoint: evil },
    runs: data.runs.map((run, i) => ({
      ...run,
      ...(i === 0 && answered()),
      title: evil,
      features: { ...blobs(4, 1, 1), planes: [{ name: evil, points: blobs(4, 1, 1).planes[0]!.points }] },
      losses: run.losses.map((row) => ({ ...row, stage: evil })),
    })),
    mistaken: { url: 'data:,', columns: 2, width: 8, height: 8, images: [7, 3, 9] },
  });
  assert.not.match(page, /<img/);
  assert.is(page.match(/<\/script>/g)!.length, 2);
});

test('a page without curves, features or settings is whole', () => {
  const { before: _, ...data } = madeUp();
  const runs = data.runs.map(({ features: __, ...run }) => ({ ...run, losses: [], evaluations: [] }));
  const page = renderReport({ ...data, runs, settings: {} });
  const markup = page.slice(page.indexOf('<body>'), page.lastIndexOf('<script>'));
  assert.not.match(markup, /<canvas|undefined|NaN/);
  assert.match(page, /<table/);
  assert.match(renderReport({ ...data, runs: [] }), /No run was made/);
});

test('charts: a line a method, the total interrupted where its terms change', () => {
  const { methods, scores, losses, switches, scatters } = charts(madeUp());
  assert.equal(methods, ['CE-Tuning', 'SCL', 'COIN']);
  assert.equal(
    [...scores, ...losses].map(({ title, lines }) => `${title}: ${lines.length}`),
    ['Top-1 accuracy: 3', 'S_Dbw: 3', 'Total loss: 3', 'Cross-entropy: 3', 'Supervised contrastive loss: 2'],
  );
  assert.equal(switches, [
    {
      method: 2,
      epoch: 6,
      texts: ['COIN: second stage', 'COIN'],
      changes: ['from contrastive initialization to fine-tuning'],
    },
  ]);
  const total = losses[0]!.lines[2]!.points;
  assert.equal(
    total.filter(([, value]) => value === null).map(([epoch]) => epoch),
    [6.5],
  );
  assert.equal(
    scatters.map(({ title, subtitle }) => `${title}: ${subtitle}`.replace(/\d+$/, '…')),
    ['Checkpoint: S_Dbw 1.…', 'CE-Tuning: S_Dbw 1.…', 'SCL: S_Dbw 0.…', 'COIN: S_Dbw 0.…'],
  );
});

test('charts: methods that switch after the same epoch have one line, others their own', () => {
  const data = madeUp();
  const [, scl, coin] = data.runs;
  const switched = [6, 9, 6].map((stageSwitch, i) => ({ ...coin!, title: `COIN ${i}`, stageSwitch }));
  const { switches } = charts({ ...data, runs: [scl!, ...switched] });
  assert.equal(
    switches.map(({ epoch, method, texts }) => [epoch, method, ...texts]),
    [
      [6, undefined, 'second stage of 2 methods', '2 methods'],
      [9, 2, 'COIN 1: second stage', 'COIN 1'],
    ],
  );
});

test('charts: seeds are drawn as their mean', () => {
  const data = madeUp({ seeds: [0, 1], epochs: 4 });
  const runs = data.runs.map((run) => ({ ...run, evaluations: [{ epoch: 4, top1: run.seed === 0 ? 70 : 80 }] }));
  assert.equal(charts({ ...data, runs }).scores[0]!.lines[0]!.points, [[4, 75]]);
});

test('charts: labels stay with their points when there are too many', () => {
  const features = blobs(9000, 0, 1);
  const { scatters } = charts({ ...madeUp(), before: { features } });
  const [points = []] = scatters[0]!.planes;
  const { labels } = scatters[0]!;
  assert.ok(points.length < 2000);
  const places = new Set(points.map((point, i) => `${point} ${labels[i]}`));
  assert.is(places.size, 10);
});

test('the summary tells the winner, the runner-up and the conditions', () => {
  const text = summary(madeUp()).replaceAll('\u00a0', ' ');
  assert.match(
    text,
    /^COIN has the highest top-1 accuracy: \d\d\.\d\d %, followed by SCL with \d\d\.\d\d %, which these test images do not tell apart \(95 % intervals meet\)\. It also has the lowest, hence best, S_Dbw: 0\.\d{3}, followed by SCL with 0\.\d{3}\./,
  );
  assert.match(text, /from the checkpoint moco-resnet18 for 30 epochs, with seed 0, on NVIDIA/);
});

test('the summary tells ties and unequal conditions', () => {
  const { before: _, ...data } = madeUp();
  const [ce, scl, coin] = data.runs;
  const tied = [ce!, { ...scl!, top1: 80, s_dbw: 0.5, epochs: 20 }, { ...coin!, top1: 80 }];
  const text = summary({ ...data, runs: tied, settings: {} });
  assert.match(
    text,
    /^SCL and COIN share the highest top-1 accuracy: .* SCL has the lowest, hence best, S_Dbw: 0\.500/,
  );
  assert.match(text, /Epochs differ between runs \(20 to 30\)/);
  assert.not.match(text, /checkpoint/);
});

test('a single method is no comparison, three are one', () => {
  const data = madeUp({ seeds: [0, 1] });
  const heading = (titles: string[]) =>
    /<h2 id="scores">(.*?)<\/h2>/.exec(
      renderReport({ ...data, runs: data.runs.filter(({ title }) => titles.includes(title)) }),
    )?.[1];
  assert.is(heading(['COIN']), 'Scores');
  assert.is(heading(['COIN', 'SCL']), 'Comparison');
});

test('accuracies are drawn from the first epoch that trains the classifier, and end with their interval', () => {
  const [{ lines }] = charts(madeUp()).scores as [ReturnType<typeof charts>['scores'][number]];
  // COIN trains its classifier from the seventh epoch on, the others from the first.
  assert.equal(
    lines.map(({ points }) => points[0]![0]),
    [1, 1, 7],
  );
  for (const { points, interval } of lines) {
    const last = points.at(-1)![1]!;
    assert.ok(interval![0] < last && last < interval![1] && interval![1] - interval![0] < 5);
  }
  const { tested: _, ...unknown } = madeUp();
  assert.ok(charts(unknown).scores[0]!.lines.every(({ interval }) => interval === undefined));
});

test('a page begins with its figure, and has it once', () => {
  const headings = (figure?: 'curves' | 'features') =>
    [
      ...renderReport(madeUp(), { figure, sections: ['<h2 id="own">'] }).matchAll(/<h2 id="(own|training|features)"/g),
    ].map(([, id]) => id);
  assert.equal(headings(), ['own', 'training', 'features']);
  assert.equal(headings('features'), ['features', 'own', 'training']);
  assert.equal(headings('curves'), ['training', 'own', 'features']);
});

test('plots show the planes that all of them have', () => {
  const data = madeUp({ points: 30 });
  const alone = (name: string) => ({
    ...blobs(30, 1, 1),
    planes: blobs(30, 1, 1).planes.filter((one) => one.name === name),
  });
  assert.equal(charts(data).planes, ['UMAP', 'PCA']);
  const { planes, scatters } = charts({ ...data, before: { features: alone('PCA') } });
  assert.equal(planes, ['PCA']);
  const pca = data.runs[0]!.features!.planes[1]!.points;
  for (const [i, [x]] of scatters[1]!.planes[0]!.entries())
    assert.ok(Math.abs(x - pca[scatters[1]!.images[i]!]![0]) < 0.01);
});

test('a point knows its image and what it was taken for', () => {
  const data = madeUp({ points: 3000 });
  const { scatters } = charts(data);
  const { labels, predictions } = data.runs[0]!.features!;
  const [before, first] = scatters;
  assert.is(before!.predictions, undefined);
  for (const [i, image] of first!.images.entries()) {
    assert.is(first!.labels[i], labels[image]);
    assert.is(first!.predictions![i], predictions![image]);
  }
  const thumbnails = { url: 'data:image/png;base64,AAAA', columns: 25, width: 8, height: 8 };
  assert.match(
    renderReport({ ...data, thumbnails }),
    /<img id="thumbnails" src="data:image\/png;base64,AAAA" alt="" hidden>/,
  );
  assert.not.match(renderReport(data), /<img/);
});

test('the summary of one run ranks nothing', () => {
  const data = madeUp();
  const text = summary({ ...data, runs: data.runs.slice(2) });
  assert.match(text, /^COIN reaches a top-1 accuracy of .* and an S_Dbw of .*\. The run trained/);
});
