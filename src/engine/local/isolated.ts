// A command in namespaces of its own: how Interlock hears of it, and how all of it is ended.

import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "../../core/model/limit.ts";
import type { Launch } from "./hold.ts";
import { type CommandExit, codeOf, exitOf, type Hold, type ProcessGroup } from "./hold.ts";
import { isRunning, markOf, membersOf, signalGroup } from "./processes.ts";

/**
 * The child is bubblewrap. Its first process inside leads the group that the command begins in, and
 * when it ends, the kernel ends everything that was ever started inside, wherever it went.
 */
export function holdIsolated(child: ChildProcess, confine: Launch["confine"]): Hold {
  const talk = child.stdio[3] as (Readable & Writable) | null;
  const information = child.stdio[4] as Readable | null;
  let first: ProcessGroup | null = null;
  const { promise: found, resolve: find } = Promise.withResolvers<ProcessGroup | null>();
  const { promise: said, resolve: say } = Promise.withResolvers<CommandExit>();
  let ready = false;
  let code: number | null = null;

  const killFirst = () => {
    if (first !== null && markOf(first.group) === first.startedAt)
      signalGroup(first.group, "SIGKILL");
  };
  /** Begins the command when both have been told. */
  const begin = () => {
    if (!ready || first === null) return;
    const group = first;
    confine(membersOf(group.group)).then(
      () => {
        find(group);
        talk?.write("go\n");
      },
      (error: unknown) => {
        say({ kind: "unstartable", why: `its limits could not be set: ${codeOf(error)}` });
      },
    );
  };
  // A command can take hold of the shell that watches it. More than a few words is its doing.
  const flooded = () => child.kill("SIGKILL");
  onLines({ stream: information, flooded }, (line) => {
    const pid = Number(/"child-pid": (\d+)/.exec(line)?.[1]);
    const startedAt = first === null && pid > 0 ? markOf(pid) : null;
    if (startedAt === null) return;
    first = { group: pid, startedAt };
    begin();
  });
  onLines({ stream: talk, flooded }, (line) => {
    if (line === "ready") {
      ready = true;
      begin();
    }
    const exit = /^exit (\d{1,3})$/.exec(line)?.[1];
    if (exit === undefined) return;
    code ??= Number(exit);
    say({ kind: "code", code });
  });
  const exited = exitOf(child).then((exit) => {
    find(null);
    say(withoutWord(exit, ready));
  });

  return {
    ended: said,
    found,
    signal(signal) {
      if (first !== null && signal === "SIGTERM") signalGroup(first.group, signal);
      else {
        killFirst();
        child.kill("SIGKILL");
      }
    },
    // The first process and the one that watches the command stay until they are told to go.
    alive: () => first !== null && membersOf(first.group).length > 2,
    async endAll() {
      killFirst();
      child.kill("SIGKILL");
      talk?.destroy();
      information?.destroy();
      await exited;
      // The kernel lets go of the first process when all others are gone.
      while (first !== null && isRunning(first.group) && markOf(first.group) === first.startedAt)
        await sleep(2);
    },
  };
}

/** The command's end was not told: it is no success, whatever bubblewrap says. */
function withoutWord(exit: CommandExit, ready: boolean): CommandExit {
  if (exit.kind === "unstartable") return exit;
  if (!ready) return { kind: "unstartable", why: "its isolation could not be made" };
  return exit.kind === "signal" ? exit : { kind: "signal", signal: "the kernel or itself" };
}

interface Talk {
  readonly stream: Readable | null;
  readonly flooded: () => void;
}

function onLines({ stream, flooded }: Talk, take: (line: string) => void): void {
  let rest = "";
  let chars = 0;
  stream?.setEncoding("utf8");
  stream?.on("data", (text: string) => {
    chars += text.length;
    if (chars > limit.local.word_chars) {
      stream.destroy();
      flooded();
      return;
    }
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
  stream?.on("error", () => null);
}
