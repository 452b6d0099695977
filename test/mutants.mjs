// Puts faults into the sources, one at a time, and tells whether the test that should notice one does:
//   npm run mutants [-- WORDS]             those whose description, file or test has all of these words
//   npm run mutants -- --list augment      those of test/mutants/augment.ts
//   npm run mutants -- --jobs 2            so many at a time
import { parseArgs } from 'node:util';
import { judge, listedMutants } from './mutants/judge.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string', default: '1' }, list: { type: 'string' } },
});
const words = positionals.flatMap((argument) => argument.split(/\s+/));
const chosen = (await listedMutants()).filter(({ what, file, test, list }) => {
  const about = `${what} ${file} ${test.file} ${test.name}`.toLowerCase();
  return (!values.list || list === values.list) && words.every((word) => about.includes(word.toLowerCase()));
});
const start = performance.now();
const { killed, survived, wrong } = await judge(chosen, console.log, { jobs: Number(values.jobs) });
if (wrong > 0) console.log(`${wrong} could not be judged`);
if (chosen.length === 0) console.log('no mutant is chosen by these words');
const minutes = (performance.now() - start) / 60_000;
console.log(`${killed} killed, ${survived} survived, in ${minutes.toFixed(1)} min`);
process.exitCode = survived + wrong > 0 || killed === 0 ? 1 : 0;
