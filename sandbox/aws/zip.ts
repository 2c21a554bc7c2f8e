// Writes zip files: artifacts of pipelines are nothing else.
import { crc32, deflateRawSync } from "node:zlib";

/** Files by path. Times are fixed, so that the same files give the same bytes. */
export function zip(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const entry = entryOf(path, Buffer.from(content));
    const local = Buffer.concat([word(0x04034b50), entry.header, half(0), entry.name]);
    parts.push(local, entry.packed);
    directory.push(
      word(0x02014b50),
      half(made_by),
      entry.header,
      // No extra field, comment, or further disk; a plain file.
      ...[0, 0, 0, 0].map(half),
      word(0),
      word(offset),
      entry.name,
    );
    offset += local.length + entry.packed.length;
  }
  const listing = Buffer.concat(directory);
  const count = Object.keys(files).length;
  const end = [word(0x06054b50), half(0), half(0), half(count), half(count)];
  return Buffer.concat([...parts, listing, ...end, word(listing.length), word(offset), half(0)]);
}

/** Version 2.0 of the format, made on Unix. */
const version = 20;
const made_by = (3 << 8) | version;
/** Names are UTF-8. */
const flags = 1 << 11;
const deflated = 8;
/** The first of January 2025. */
const date = ((2025 - 1980) << 9) | (1 << 5) | 1;

function entryOf(path: string, content: Buffer) {
  const packed = deflateRawSync(content);
  const name = Buffer.from(path, "utf8");
  const header = Buffer.concat([
    ...[version, flags, deflated, 0, date].map(half),
    word(crc32(content)),
    word(packed.length),
    word(content.length),
    half(name.length),
  ]);
  return { name, packed, header };
}

function half(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16LE(value);
  return out;
}

function word(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}
