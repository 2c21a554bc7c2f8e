// Reads what a process used, and puts many figures into one.

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Resident memory in MB. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Waits until these processes have next to nothing left to do, so that the next measurement is alone. */
export async function idle(pids: readonly number[]): Promise<void> {
  const step_ms = 250;
  let before = await ticks(pids);
  for (let waited = 0; waited < 15_000; waited += step_ms) {
    await sleep(step_ms);
    const now = await ticks(pids);
    // Ticks of 10 ms: less than a tenth of a core.
    if (now - before <= 2) return;
    before = now;
  }
}

async function ticks(pids: readonly number[]): Promise<number> {
  const used = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8");
      // The name in parentheses may contain spaces; user and system time are fields 14 and 15.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(fields[11]) + Number(fields[12]);
    }),
  );
  return used.reduce((sum, one) => sum + one, 0);
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
