// What operators ask of the store while Interlock runs or stands still. Reads only.

import type { AuditEntry, AuditQuestion } from "./audit.ts";

/** A subject as a person names it: upper and lower case of owner and name do not count. */
export type SubjectName =
  | {
      readonly kind: "pull";
      readonly owner: string;
      readonly name: string;
      readonly number: number;
    }
  | {
      readonly kind: "commit";
      readonly owner: string;
      readonly name: string;
      /** Lower case; the whole SHA or its beginning, of at least 7 digits. */
      readonly sha: string;
      /** Null for every branch that it landed on. */
      readonly branch: string | null;
    };

/** Finds subjects by what people call them. */
export interface Lookup {
  /** Keys of all that it can mean, those that something last happened to first. */
  subjects(name: SubjectName): Promise<readonly string[]>;
  /** As GitHub writes it; null where no such repository is known. */
  repository(owner: string, name: string): Promise<string | null>;
}

/** `nothing`: there is nothing to explain, and `why` is a sentence. */
export type Explained =
  | { readonly kind: "explained"; readonly text: string }
  | { readonly kind: "nothing"; readonly why: string };

/** What a running Interlock answers to the commands of its operator. */
export interface Inquiry {
  explain(name: SubjectName): Promise<Explained>;
  /** Oldest first. */
  audit(question: AuditQuestion): AsyncIterable<AuditEntry>;
}
