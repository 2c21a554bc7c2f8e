// `npm run explain`: what the last look at a subject saw and decided.

import type { Command } from "./command.ts";
import { storeSettings, withInquiry } from "./opened.ts";
import { readSubjectName, subjectForms } from "./subject-name.ts";
import { Misused } from "./words.ts";

export const explainCommand: Command = {
  name: "explain",
  call: "npm run explain",
  usage: "-- OWNER/NAME#12",
  says: "Prints what was last seen of a pull request or commit, and what was decided.",
  more: `The subject is ${subjectForms}.
The beginning of the SHA is enough, and the branch may be left out. The address of
a pull request or a commit in the browser serves as well.`,
  word: "subject",
  async run({ environment, print, warn }, { word }) {
    if (word === null)
      throw new Misused(`npm run explain needs a subject: npm run explain -- ${subjectForms}.`);
    const name = readSubjectName(word);
    if (name === null)
      throw new Misused(`“${word}” names no subject. A subject is ${subjectForms}.`);
    const explained = await withInquiry(storeSettings(environment, warn), (inquiry) =>
      inquiry.explain(name),
    );
    if (explained.kind === "nothing") throw new Error(explained.why);
    print(explained.text);
  },
};
