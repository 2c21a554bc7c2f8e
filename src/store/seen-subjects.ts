// Collects what several events in a row said about subjects.

import type { Subject, SubjectHint } from "../core/model/event.ts";
import { subjectKey } from "../core/model/event.ts";

/** A subject with what several hints in a row said about it. */
export interface Seen {
  readonly key: string;
  readonly subject: Subject;
  readonly head: string | null;
  readonly before: string | null;
  /** For a commit: whether it is told to have landed, rather than being spoken of. */
  readonly landed: boolean;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The delivery that told of it last; null for what none told. */
  readonly delivery: string | null;
}

/** Collects hints in the order in which they came; a later hint replaces an earlier one. */
export class SeenSubjects {
  readonly #byKey = new Map<string, Seen>();

  add(hint: SubjectHint, at: number, delivery = ""): void {
    const key = subjectKey(hint.subject);
    const earlier = this.#byKey.get(key);
    this.#byKey.set(key, {
      key,
      subject: hint.subject,
      head:
        hint.head ?? earlier?.head ?? (hint.subject.kind === "commit" ? hint.subject.sha : null),
      before: hint.before ?? earlier?.before ?? null,
      landed: hint.head !== null || (earlier?.landed ?? false),
      firstAt: earlier?.firstAt ?? at,
      lastAt: at,
      delivery: delivery === "" ? (earlier?.delivery ?? null) : delivery,
    });
  }

  headOf(key: string): string | null {
    return this.#byKey.get(key)?.head ?? null;
  }

  all(): readonly Seen[] {
    return [...this.#byKey.values()];
  }
}
