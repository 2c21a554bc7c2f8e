// A certificate of our own for the messages of topics, since Node can read certificates but not make them.
import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";

export type Certificate = { key: KeyObject; pem: string };

/** Whose key signs: the one whose certificate SNS shows, or somebody else's. */
export type Signer = "sns" | "stranger";

/** Signed by itself, for the name that AWS's have. */
export function certificateOf(signer: Signer): Certificate {
  const there = made.get(signer);
  if (there) return there;
  const certificate = makeCertificate("sns.amazonaws.com");
  made.set(signer, certificate);
  return certificate;
}

// Making a key takes a noticeable part of a second, and no test depends on which it is.
const made = new Map<Signer, Certificate>();

function makeCertificate(commonName: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const algorithm = sequence(sha256WithRsa, tagged(0x05, Buffer.alloc(0)));
  const name = sequence(tagged(0x31, sequence(common_name, tagged(0x0c, Buffer.from(commonName)))));
  const content = sequence(
    tagged(0xa0, integer(2)),
    integer(1),
    algorithm,
    name,
    sequence(time("20200101000000Z"), time("20991231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = createSign("RSA-SHA256").update(content).sign(privateKey);
  const whole = sequence(
    content,
    algorithm,
    tagged(0x03, Buffer.concat([Buffer.of(0), signature])),
  );
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  const pem = ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  return { key: privateKey, pem };
}

/** Object identifiers 1.2.840.113549.1.1.11 and 2.5.4.3, in DER. */
const sha256WithRsa = Buffer.from("06092a864886f70d01010b", "hex");
const common_name = Buffer.from("0603550403", "hex");

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.of(value));
}

function time(text: string): Buffer {
  return tagged(0x18, Buffer.from(text));
}

function tagged(tag: number, content: Buffer): Buffer {
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, size >> 8, size & 0xff), content]);
}
