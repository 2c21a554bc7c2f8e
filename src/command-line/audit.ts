// `npm run audit`: who had what done, as JSON lines.

import type { Command } from "./command.ts";
import { storeSettings, withInquiry } from "./opened.ts";
import { Misused } from "./words.ts";

export const auditCommand: Command = {
  name: "audit",
  call: "npm run audit",
  usage: "-- [OPTIONS]",
  says: "Prints who had what done and what became of it, as JSON lines, oldest first.",
  more: `  --since DATE              only from then on, such as 2026-11-27 or 2026-11-27T09:30Z
  --repository OWNER/NAME   only what concerns this repository`,
  options: { since: "value", repository: "value" },
  async run({ environment, print, warn }, { values }) {
    const since = values.since === undefined ? 0 : Date.parse(values.since);
    if (Number.isNaN(since)) throw new Misused("--since must be a date, such as 2026-11-27.");
    const repository = values.repository ?? null;
    if (repository !== null && !/^[\w-]+\/[\w.-]+$/.test(repository))
      throw new Misused("--repository must be OWNER/NAME, such as acme/shop.");
    await withInquiry(storeSettings(environment, warn), async ({ audit }) => {
      for await (const entry of audit({ since, repository })) print(JSON.stringify(entry));
    });
  },
};
