// Tries once whether isolation holds: a command runs in it that does what it must not be able to do.

import { readlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bounds } from "./bubblewrap.ts";
import { runCommand } from "./command.ts";
import type { Isolation } from "./launch.ts";
import type { LocalLimits } from "./limits.ts";
import { openTail } from "./tail.ts";
import { removeTree } from "./tree.ts";
import { createWorkspace, workspaceOf } from "./workspace.ts";

export interface ProbeOrder {
  readonly folder: string;
  readonly network: "none" | "shared";
  readonly limits: LocalLimits;
  /** With bounds that are small enough to be tried. */
  readonly isolationWith: (less: Partial<Bounds>) => Isolation;
}

/** Null where it holds; else a sentence that says what does not. */
export async function probe(order: ProbeOrder): Promise<string | null> {
  const { folder, limits, network, isolationWith } = order;
  const isolation = isolationWith({ processes: 24, file_bytes: 64 * 1024 });
  const workspace = workspaceOf(folder, `probe ${process.pid}`);
  const tail = openTail(limits);
  try {
    await createWorkspace(workspace, "probe");
    const secret = join(workspace.root, "secret");
    await writeFile(secret, "secret");
    await isolation.prepare(workspace);
    const exit = await runCommand({
      launch: isolation.launch(workspace, attempts({ network, secret })),
      scratch: workspace.root,
      home: workspace.home,
      environment: { PATH: isolation.inside.path, HOME: isolation.inside.home },
      signal: AbortSignal.timeout(limits.probe_ms),
      grace_ms: () => 0,
      drain_ms: limits.drain_ms,
      print: (chunk) => tail.write(chunk),
      started: async () => {},
    });
    const said = tail.text().trim();
    if (exit.kind === "code" && exit.code === 0 && said.endsWith("isolated")) return null;
    return sentence(exit.kind === "code" ? said : tail.text());
  } finally {
    await isolation.cgroupOf(workspace)?.remove();
    await removeTree(workspace.root);
  }
}

/** Each attempt that succeeds, and each right that is missing, is one line of output. */
function attempts({ network, secret }: { network: "none" | "shared"; secret: string }): string {
  const apart = ["user", "pid", "ipc", "uts", "mnt", ...(network === "none" ? ["net"] : [])];
  const namespaces = apart.map(
    (name) =>
      `[ "$(readlink /proc/self/ns/${name})" != "${namespaceOf(name)}" ] || echo "The ${name} namespace is Interlock's own."`,
  );
  return `
${namespaces.join("\n")}
if cat ${quoted(secret)} 2>/dev/null; then echo "Files of Interlock can be read."; fi
for place in / /usr /etc /dev; do
  if (true > "$place/interlock-probe") 2>/dev/null; then echo "$place can be written to."; fi
done
for place in . "$HOME" /tmp /dev/shm; do
  (true > "$place/probe") 2>/dev/null || echo "$place cannot be written to."
done
if unshare --user true 2>/dev/null; then echo "More user namespaces can be made."; fi
if (dd if=/dev/zero of=large bs=1024 count=65 2>/dev/null); then echo "The limit on a file's size does not hold."; fi
if (i=0; while [ $i -lt 32 ]; do sleep 60 & i=$((i + 1)); done) 2>/dev/null; then
  echo "The limit on processes does not hold."
fi
echo isolated
`;
}

function namespaceOf(name: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${name}`);
  } catch {
    return "";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function sentence(said: string): string {
  const lines = said.split("\n").filter((line) => line !== "isolated" && line !== "");
  return lines.length === 0
    ? "A command could not be run in it, and nothing was said."
    : lines.slice(0, 5).join(" ");
}
