// What an isolated command sees of this machine besides its own folders: programs and what they need, read-only.

import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where a command finds the folders of its workspace. They are the same in every run. */
export const inside = {
  tree: "/workspace",
  home: "/home/stage",
  temporary: "/tmp",
} as const;

export interface Visible {
  /** Shown under the same path, read-only. */
  readonly folders: readonly string[];
  /** As `folders`, but outside of what every user may reach: bound one by one. */
  readonly own: readonly string[];
  readonly links: readonly Link[];
  /** Below one of the folders, and hidden all the same. */
  readonly hiddenFolders: readonly string[];
  readonly hiddenFiles: readonly string[];
  /** Holds the `node` that runs Interlock; first in the command's PATH. */
  readonly nodeFolder: string;
}

interface Link {
  readonly path: string;
  readonly target: string;
}

export interface VisibleOrder {
  /** More folders that commands may read, as the operator named them. */
  readonly folders: readonly string[];
  /** Files and folders with secrets. What does not exist hides nothing. */
  readonly secrets: readonly string[];
  /** The program that runs Interlock. */
  readonly node: string;
}

/** Or a sentence that says which folder cannot be shown. */
export async function findVisible(order: VisibleOrder): Promise<Visible | string> {
  const secrets = (await Promise.all(order.secrets.map(real))).filter((path) => path !== null);
  const own: string[] = [];
  for (const folder of order.folders) {
    const path = await real(folder);
    if (path === null || !(await stat(path)).isDirectory())
      return `The folder ${folder} of INTERLOCK_LOCAL_FOLDERS is not there.`;
    const secret = secrets.find((one) => isWithin(one, path) || isWithin(path, one));
    if (secret !== undefined)
      return `The folder ${folder} of INTERLOCK_LOCAL_FOLDERS would show ${secret} to every command.`;
    if (covered.some((place) => isWithin(path, place)))
      return `The folder ${folder} of INTERLOCK_LOCAL_FOLDERS would lie under a folder of the command's own.`;
    own.push(path);
  }
  const folders = ["/usr"];
  const links: Link[] = [];
  for (const path of ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]) {
    const status = await lstat(path).catch(() => null);
    if (status?.isSymbolicLink()) links.push({ path, target: await readlink(path) });
    else if (status?.isDirectory()) folders.push(path);
  }
  for (const name of configuration) {
    const path = join("/etc", name);
    // A link leads to what is bound in its place, wherever that lies.
    if ((await stat(path).catch(() => null)) !== null) folders.push(path);
  }
  const node = await findNode(order.node, [...folders, ...own]);
  const hidden = secrets.filter((one) => folders.some((folder) => isWithin(one, folder)));
  const areFolders = await Promise.all(
    hidden.map(async (path) => (await stat(path)).isDirectory()),
  );
  return {
    folders,
    own: [...own, ...node.own],
    links: [...links, ...node.links],
    hiddenFolders: hidden.filter((_, index) => areFolders[index]),
    hiddenFiles: hidden.filter((_, index) => !areFolders[index]),
    nodeFolder: dirname(order.node),
  };
}

/** Where a command finds something else than what this machine has there. */
const covered = ["/dev", "/proc", ...Object.values(inside)];

/** What programs read below /etc. Left out is what can hold a password or a token, such as `npmrc` and `gitconfig`. */
const configuration = [
  "alternatives",
  "ca-certificates",
  "ca-certificates.conf",
  "crypto-policies",
  "debian_version",
  "fonts",
  "group",
  "host.conf",
  "hosts",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "passwd",
  "pki/ca-trust",
  "pki/tls/certs",
  "protocols",
  "resolv.conf",
  "services",
  "ssl/cert.pem",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
];

/** A Node.js in a place of its own comes with its npm, and with nothing else of that place. */
async function findNode(
  program: string,
  shown: readonly string[],
): Promise<{ readonly own: readonly string[]; readonly links: readonly Link[] }> {
  if (shown.some((folder) => isWithin(program, folder))) return { own: [], links: [] };
  const own = [program];
  const links: Link[] = [];
  const folder = dirname(program);
  for (const [module, names] of [
    ["npm", ["npm", "npx"]],
    ["corepack", ["corepack"]],
  ] as const) {
    const path = join(folder, "..", "lib", "node_modules", module);
    if ((await real(path)) !== path) continue;
    own.push(path);
    for (const name of names) {
      const target = await readlink(join(folder, name)).catch(() => null);
      if (target !== null) links.push({ path: join(folder, name), target });
    }
  }
  return { own, links };
}

async function real(path: string): Promise<string | null> {
  return await realpath(path).catch(() => null);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
