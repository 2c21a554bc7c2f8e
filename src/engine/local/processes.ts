// Which processes belong to a run, told apart from strangers that got the same id, and their end.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A mark that no other process has: where it runs and when it started. Null where there is no such process.
 * A process id alone is given to a stranger after a while.
 */
export function markOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const started = statOf(pid)?.[startTimeField];
    return started === undefined ? null : `${boot}/${readlinkSync("/proc/self/ns/pid")}/${started}`;
  } catch {
    return markWithoutProc(pid);
  }
}

function markWithoutProc(pid: number): string | null {
  try {
    const printed = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return printed.trim() === "" ? null : printed.trim();
  } catch {
    return null;
  }
}

/** False where the group is gone. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** Whether anything that can still run is in the group; what is dead and not yet reaped does not count. */
export function groupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  const states = statesOf(group);
  return states.length === 0 || states.some(({ state }) => isAlive(state));
}

/** The ids of what can still run in the group. Empty where this machine has no /proc. */
export function membersOf(group: number): readonly number[] {
  return statesOf(group).flatMap(({ pid, state }) => (isAlive(state) ? [pid] : []));
}

/** False for a process that is gone, or dead and not yet reaped. */
export function isRunning(pid: number): boolean {
  const state = statOf(pid)?.[stateField];
  return state !== undefined && isAlive(state);
}

/** The process, the one that started it, and so on. */
export function lineOf(pid: number): readonly number[] {
  const line: number[] = [];
  for (let next = pid; next > 0; next = Number(statOf(next)?.[parentField] ?? 0)) line.push(next);
  return line;
}

function statesOf(group: number): readonly { readonly pid: number; readonly state: string }[] {
  return pids().flatMap((pid) => {
    const stat = statOf(pid);
    return stat?.[groupField] === String(group) ? [{ pid, state: stat[stateField] ?? "" }] : [];
  });
}

const isAlive = (state: string): boolean => state !== "Z" && state !== "X";

/**
 * Kills the group and, where /proc tells the environment, whatever else was started with this home:
 * a process that left the group keeps its environment unless it takes care to lose it.
 */
export async function killAll(group: number | null, home: string): Promise<void> {
  if (group !== null) signalGroup(group, "SIGKILL");
  // What is killed may have forked a moment before, so that a few rounds are needed.
  for (let round = 0; round < 5; round += 1) {
    const suspects = pids()
      .map((pid) => ({ pid, was: startedWith(home, pid) }))
      .filter(({ was }) => was !== "no");
    if (suspects.length === 0) return;
    for (const { pid, was } of suspects) if (was === "yes") kill(pid);
    await sleep(2);
  }
}

/** `unclear`: a process has no environment for the moment in which it turns into another program. */
function startedWith(home: string, pid: number): "yes" | "no" | "unclear" {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    if (environment.split("\0").includes(`HOME=${home}`)) return "yes";
    return environment === "" && runsProgram(pid) ? "unclear" : "no";
  } catch {
    // It is gone, or another user's.
    return "no";
  }
}

/** Neither dead and not yet reaped, nor a thread of the kernel. */
function runsProgram(pid: number): boolean {
  const stat = statOf(pid);
  if (stat === null || !isAlive(stat[stateField] ?? "")) return false;
  return (Number(stat[flagsField]) & kernelThread) === 0;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** Every process that this one may see. Empty where this machine has no /proc. */
export function pids(): readonly number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

/** The fields of /proc/<pid>/stat after the name, which may hold blanks and brackets itself. See proc_pid_stat(5). */
function statOf(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

// Fields 3, 4, 5, 9 and 22 of the manual, which counts from 1 and begins with the id and the name.
const stateField = 0;
const parentField = 1;
const groupField = 2;
const flagsField = 6;
const startTimeField = 19;

/** PF_KTHREAD of Linux's sched.h. */
const kernelThread = 0x00200000;
