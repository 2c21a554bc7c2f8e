// The settings of the App: its id, key and webhook secrets. No value that may be secret is ever printed.

import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";

/** Null where none is set: the program does not start then. */
export type AppSettings = {
  readonly id: number;
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** Accepted too, while the secret is changed; null where there is none. */
  readonly previousWebhookSecret: string | null;
} | null;

export type Environment = Readonly<Record<string, string | undefined>>;

/** An App is whole or absent: half of one is a mistake. */
export function readApp(env: Environment, problems: string[]): AppSettings {
  const id = env.APP_ID?.trim() ?? "";
  const inline = env.PRIVATE_KEY?.trim() ?? "";
  const file = env.PRIVATE_KEY_PATH?.trim() ?? "";
  const webhookSecret = env.WEBHOOK_SECRET?.trim() ?? "";
  if (id === "" && inline === "" && file === "" && webhookSecret === "") return null;

  if (id === "") problems.push("APP_ID is missing: set it to the id of the GitHub App.");
  else if (!/^[1-9]\d{0,15}$/.test(id)) problems.push("APP_ID must be a number.");
  const previous = env.WEBHOOK_SECRET_PREVIOUS?.trim() ?? "";
  if (webhookSecret === "")
    problems.push("WEBHOOK_SECRET is missing: without it anybody could send webhooks.");
  else readSecret("WEBHOOK_SECRET", webhookSecret, problems);
  if (previous !== "") readSecret("WEBHOOK_SECRET_PREVIOUS", previous, problems);
  if (inline !== "" && file !== "")
    problems.push("PRIVATE_KEY and PRIVATE_KEY_PATH are both set: keep one of them.");
  const privateKey = inline !== "" ? inline : readKeyFile(file, problems);
  const pem = privateKey === null ? null : pemOf(privateKey);
  if (privateKey !== null && pem === null)
    problems.push("The private key is not a PEM file: it must begin with -----BEGIN.");
  if (pem !== null) readKey(pem, problems);
  return {
    id: Number(id),
    privateKey: pem ?? "",
    webhookSecret,
    previousWebhookSecret: previous === "" ? null : previous,
  };
}

/** Anyone who sees one delivery can try secrets against its signature for as long as they like. */
function readSecret(name: string, secret: string, problems: string[]): void {
  if (secret === "development")
    problems.push(`${name} must not be "development": everybody knows that one.`);
  else if (secret.length < 16)
    problems.push(`${name} must have at least 16 characters: a shorter one can be guessed.`);
}

function readKeyFile(file: string, problems: string[]): string | null {
  if (file === "") {
    problems.push("PRIVATE_KEY is missing: set it, or PRIVATE_KEY_PATH to the file that holds it.");
    return null;
  }
  if (pemOf(file) !== null) {
    problems.push("PRIVATE_KEY_PATH holds a key itself: set PRIVATE_KEY to it instead.");
    return null;
  }
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    problems.push(`PRIVATE_KEY_PATH: the file ${file} cannot be read (${code}).`);
    return null;
  }
}

/** As it is, with `\n` written out, or as base64: the three ways in which people store keys. */
function pemOf(text: string): string | null {
  const candidates = [
    text,
    text.replaceAll("\\n", "\n"),
    Buffer.from(text, "base64").toString("utf8"),
  ];
  const pem = candidates.find((candidate) =>
    /^"?-----BEGIN [A-Z ]+-----\r?\n/.test(candidate.trim()),
  );
  return pem?.trim().replace(/^"|"$/g, "") ?? null;
}

/** GitHub's own keys are RSA of 2,048 bits. */
function readKey(pem: string, problems: string[]): void {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    if (asymmetricKeyType !== "rsa")
      problems.push("The private key must be an RSA key, as GitHub makes them.");
    else if (bits < 2048)
      problems.push(`The private key must have at least 2,048 bits; it has ${bits}.`);
  } catch {
    problems.push("The private key cannot be read: it is cut, or no private RSA key.");
  }
}
