// Puts faults into the sources, one at a time, and tells whether the test that should notice one does:
//   npm run mutants [-- WORDS]    those whose description, file or test has all of these words
// The lists are in test/mutants/.
import { judge, listedMutants } from './mutants/judge.mjs';

const words = process.argv.slice(2).flatMap((argument) => argument.split(/\s+/));
const chosen = (await listedMutants()).filter(({ what, file, test }) => {
  const about = `${what} ${file} ${test.file} ${test.name}`.toLowerCase();
  return words.every((word) => about.includes(word.toLowerCase()));
});
const { killed, survived, wrong } = await judge(chosen, console.log);
if (wrong > 0) console.log(`${wrong} could not be judged`);
if (chosen.length === 0) console.log(`no mutant has all of: ${words.join(' ')}`);
console.log(`${killed} killed, ${survived} survived`);
process.exitCode = survived + wrong > 0 || killed === 0 ? 1 : 0;
