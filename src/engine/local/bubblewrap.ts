// The command line that starts a stage's command in namespaces of its own, by bubblewrap.

import { inside, type Visible } from "./visible.ts";
import type { Workspace } from "./workspace.ts";

export interface Programs {
  readonly bwrap: string;
  readonly prlimit: string;
  /** Where Interlock runs as root: what takes root away from the command. Null where it does not. */
  readonly asRoot: {
    readonly unshare: string;
    readonly setpriv: string;
    readonly chown: string;
    readonly user: number;
    /** A folder that any user may reach, and that holds none of the folders that are shown. */
    readonly mountpoint: string;
  } | null;
}

export interface Bounds {
  readonly processes: number;
  readonly memory_bytes: number;
  readonly file_bytes: number;
  readonly open_files: number;
}

export interface BubblewrapOrder {
  readonly run: string;
  readonly workspace: Workspace;
  readonly visible: Visible;
  readonly network: "none" | "shared";
  readonly bounds: Bounds;
  readonly programs: Programs;
}

/** Program and arguments. The file descriptors 3 and 4 are those of `isolated.ts`. */
export function bubblewrapLine(order: BubblewrapOrder): readonly [string, ...string[]] {
  const { visible, workspace, programs } = order;
  const { asRoot } = programs;
  const own = [
    ...visible.own,
    workspace.tree,
    workspace.home,
    workspace.temporary,
    workspace.shared,
  ];
  // What only root can reach is mounted where the command's user reaches it, before root is given up.
  const reached = (path: string) =>
    asRoot === null ? path : `${asRoot.mountpoint}/${own.indexOf(path)}`;
  const hidden =
    asRoot === null
      ? [
          ...visible.hiddenFolders.flatMap((path) => ["--tmpfs", path, "--remount-ro", path]),
          ...visible.hiddenFiles.flatMap((path) => ["--ro-bind", "/dev/null", path]),
        ]
      : [];
  const line: [string, ...string[]] = [
    programs.bwrap,
    ...namespaces(order.network),
    ...visible.folders.flatMap((path) => ["--ro-bind", path, path]),
    ...hidden,
    ...["--proc", "/proc", "--dev", "/dev"],
    ...["--bind", reached(workspace.shared), "/dev/shm"],
    ...["--bind", reached(workspace.tree), inside.tree],
    ...["--bind", reached(workspace.home), inside.home],
    ...["--bind", reached(workspace.temporary), inside.temporary],
    // Last: an Interlock that was installed below /tmp has its Node.js there.
    ...visible.own.flatMap((path) => ["--ro-bind", reached(path), path]),
    ...visible.links.flatMap(({ path, target }) => ["--symlink", target, path]),
    // Both are in memory, which nobody would count.
    ...["--remount-ro", "/dev", "--remount-ro", "/"],
    ...["--chdir", inside.tree, "--info-fd", "4", "--"],
    ...watched(order),
  ];
  if (asRoot === null) return line;
  return [
    asRoot.unshare,
    ...["--mount", "--propagation", "private", "--", "/bin/sh", "-euc", mounting, "sh"],
    ...[asRoot.mountpoint, ...lengthFirst(own)],
    ...lengthFirst(visible.hiddenFolders),
    ...lengthFirst(visible.hiddenFiles),
    ...[asRoot.setpriv, "--reuid", `${asRoot.user}`, "--regid", `${asRoot.user}`],
    ...["--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs", "--"],
    ...line,
  ];
}

function namespaces(network: "none" | "shared"): readonly string[] {
  return [
    ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ...(network === "none" ? ["--unshare-net"] : []),
    "--unshare-cgroup-try",
    // Who could make another user namespace could mount there, beyond every limit.
    "--disable-userns",
    ...["--die-with-parent", "--new-session", "--hostname", "interlock"],
  ];
}

/**
 * Says that everything is in place, waits until Interlock knows of it too, and lives until Interlock
 * has heard of the command's end: when it ends, the kernel ends whatever is left.
 * The machine's killer of last resort, where memory is short, is told to begin with the command.
 */
function watched({ run, bounds, programs }: BubblewrapOrder): readonly string[] {
  const script = [
    'trap ":" TERM',
    "echo ready >&3",
    "read -r _ <&3 || exit 125",
    "echo 1000 > /proc/self/oom_score_adj || exit 125",
    // What the shell itself says of a command that a signal ended is no output of the command.
    "exec 5>&2 2>/dev/null",
    // Interlock comes first where both want the processor.
    'command -p nice -n 10 "$@" 2>&5 5>&- 3<&-',
    'echo "exit $?" >&3',
    "read -r _ <&3",
    "exit 0",
  ].join("\n");
  const { processes, memory_bytes, file_bytes, open_files } = bounds;
  return [
    ...["/bin/sh", "-c", script, "sh"],
    programs.prlimit,
    `--nproc=${processes}:${processes}`,
    `--data=${memory_bytes}:${memory_bytes}`,
    `--fsize=${file_bytes}:${file_bytes}`,
    `--nofile=${open_files}:${open_files}`,
    ...["--core=0:0", "--", "/bin/sh", "-e", "-c", run],
  ];
}

/** Takes a mountpoint and three lists, each with its length in front: what is mounted there, and what is hidden. */
const mounting = `
mountpoint=$1; count=$2; shift 2
command -p mount -t tmpfs -o mode=0755,size=1m interlock "$mountpoint"
index=0
while [ $index -lt $count ]; do
  if [ -d "$1" ]; then command -p mkdir "$mountpoint/$index"; else : > "$mountpoint/$index"; fi
  command -p mount --bind -- "$1" "$mountpoint/$index"
  shift; index=$((index + 1))
done
count=$1; shift
while [ $count -gt 0 ]; do
  command -p mount -t tmpfs -o mode=0755,size=4k,ro interlock "$1"
  shift; count=$((count - 1))
done
count=$1; shift
while [ $count -gt 0 ]; do
  command -p mount --bind /dev/null "$1"
  shift; count=$((count - 1))
done
exec "$@"
`;

function lengthFirst(list: readonly string[]): readonly string[] {
  return [String(list.length), ...list];
}
