// Who GitHub says that we are.

/** What an installation has not been given; an entry such as `checks: write` or `the event push`. */
export interface Gaps {
  readonly id: number;
  readonly account: string;
  readonly missing: readonly string[];
}

/**
 * `refused`: the settings do not fit, and `why` is a sentence that names them. `unreachable`: GitHub could not
 * be asked, which says nothing of the settings.
 */
export type Introduced =
  | {
      readonly kind: "known";
      readonly app: string;
      /** What the App itself does not ask its owners for. */
      readonly missing: readonly string[];
      readonly installations: readonly Gaps[];
      readonly suspended: number;
      /** By how much this machine's clock is ahead of GitHub's, in seconds; null where GitHub did not tell. */
      readonly ahead_s: number | null;
    }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "unreachable"; readonly why: string };

/** Asks GitHub who the App is and where it is installed. Never rejects. */
export type Introduce = () => Promise<Introduced>;
