// What GitHub refused is asked for again where an installation has got its permissions back.

import { subjectKey } from "../core/model/event.ts";
import type { Forgiving } from "../ports/github.ts";
import type { Ports } from "./ports.ts";

/** In this process; the others ask again by themselves, within half a day. */
export async function regain(
  { store }: Pick<Ports, "store">,
  github: Forgiving,
  installation: number,
): Promise<void> {
  github.forgive(installation);
  for (const repository of await store.repositories()) {
    if (repository.installation !== installation) continue;
    await store.wake(
      (await store.openSubjects(repository)).map(({ subject }) => subjectKey(subject)),
    );
  }
}
