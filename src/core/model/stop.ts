// Why an execution is stopped: a closed list of reasons, and the sentence that people read.

export type StopReason =
  | "head_moved"
  | "plan_changed"
  | "not_in_plan"
  | "deadline_passed"
  | "pull_closed"
  | "landing_gone"
  | `person:${string}`;

/** Asked for by a person, and so nothing that starts again by itself. */
export function isPersons(reason: string | null): reason is `person:${string}` {
  return reason?.startsWith("person:") ?? false;
}

export function stopSentence(reason: StopReason): string {
  switch (reason) {
    case "head_moved":
      return "a newer commit is the head now";
    case "plan_changed":
      return "the plan changed, so it runs again by the new one";
    case "not_in_plan":
      return "no pipeline of the plan asks for it any more";
    case "deadline_passed":
      return "its deadline has passed";
    case "pull_closed":
      return "the pull request was closed";
    case "landing_gone":
      return "its branch has left the commit behind";
    default:
      return `${reason.slice("person:".length)} asked for it`;
  }
}
