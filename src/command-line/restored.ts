// `npm run restored`, after the database was restored from a backup and before the next start.

import type { Command } from "./command.ts";
import { storeSettings, withStore } from "./opened.ts";

export const restoredCommand: Command = {
  name: "restored",
  call: "npm run restored",
  usage: "",
  says: "Notes that the database was restored from a backup, before the next start.",
  more: "",
  async run({ environment, print, warn }) {
    await withStore(storeSettings(environment, warn), ({ store }) => store.renewGeneration());
    print("The restore is noted: new attempts have keys that no engine has seen.");
  },
};
