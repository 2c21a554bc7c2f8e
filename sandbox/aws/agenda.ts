// What is due at a time: actions that end by themselves, approvals that nobody gave.
import type { Clock } from "../github/clock.ts";

export type Agenda = {
  /** Done by the first `elapse` that comes after that time. */
  at(due: number, task: () => void): void;
  /** Done at that time by the clock. */
  after(ms: number, task: () => void): void;
  /** Does everything whose time has come, in the order of the times. */
  elapse(): void;
};

export function createAgenda(clock: Clock): Agenda {
  const tasks: { due: number; task: () => void }[] = [];
  const elapse = () => {
    for (;;) {
      tasks.sort((a, b) => a.due - b.due);
      const first = tasks[0];
      if (!first || first.due > clock.now()) return;
      tasks.shift();
      first.task();
    }
  };
  return {
    at: (due, task) => tasks.push({ due, task }),
    after(ms, task) {
      tasks.push({ due: clock.now() + ms, task });
      void clock.sleep(ms).then(elapse);
    },
    elapse,
  };
}
