// Checks a request as AWS does before it looks at anything else, with the same sentences.
import { type Refusal, refuse } from "./refusal.ts";

export type Shape<T> = {
  /** Only for the types. */
  readonly infer?: T;
  check(value: unknown, at: string, found: Found): void;
};

type Found = { malformed: string[]; invalid: string[] };
type Optional<T> = Shape<T> & { readonly isOptional: true };
export type Input<S> = S extends Shape<infer T> ? T : never;

type Members = Readonly<Record<string, Shape<unknown>>>;
type Struct<M extends Members> = {
  [K in keyof M as M[K] extends Optional<unknown> ? never : K]: Input<M[K]>;
} & { [K in keyof M as M[K] extends Optional<unknown> ? K : never]?: Input<M[K]> | undefined };

/** The request itself where it fits; else what AWS answers. Unknown members are let through, as AWS does. */
export function accept<T>(shape: Shape<T>, value: unknown): { input: T } | Refusal {
  const found: Found = { malformed: [], invalid: [] };
  shape.check(value, "", found);
  const [malformed] = found.malformed;
  if (malformed !== undefined) return refuse("SerializationException", malformed);
  const count = found.invalid.length;
  if (count === 0) return { input: value as T };
  const errors = count === 1 ? "1 validation error" : `${count} validation errors`;
  return refuse("ValidationException", `${errors} detected: ${found.invalid.join("; ")}`);
}

export function struct<M extends Members>(members: M): Shape<Struct<M>> {
  return {
    check(value, at, found) {
      if (!isRecord(value)) return wrongType(found);
      for (const [name, member] of Object.entries(members)) {
        const place = at === "" ? name : `${at}.${name}`;
        if (value[name] !== undefined) member.check(value[name], place, found);
        else if (!("isOptional" in member)) violate(found, place, "Member must not be null");
      }
    },
  };
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { ...shape, isOptional: true };
}

type Size = { min?: number; max?: number };

export function text(limits: Size & { pattern?: RegExp } = {}): Shape<string> {
  return {
    check(value, at, found) {
      if (typeof value !== "string") return wrongType(found);
      if (limits.pattern && !whole(limits.pattern).test(value))
        violate(
          found,
          at,
          `Member must satisfy regular expression pattern: ${limits.pattern.source}`,
        );
      length(value.length, limits, at, found);
    },
  };
}

export function oneOf<const V extends string>(...values: readonly V[]): Shape<V> {
  return {
    check(value, at, found) {
      if (typeof value !== "string") return wrongType(found);
      if (!values.some((v) => v === value))
        violate(found, at, `Member must satisfy enum value set: [${values.join(", ")}]`);
    },
  };
}

export function integer(limits: Size = {}): Shape<number> {
  return {
    check(value, at, found) {
      if (typeof value !== "number" || !Number.isInteger(value)) return wrongType(found);
      if (limits.min !== undefined && value < limits.min)
        violate(found, at, `Member must have value greater than or equal to ${limits.min}`);
      if (limits.max !== undefined && value > limits.max)
        violate(found, at, `Member must have value less than or equal to ${limits.max}`);
    },
  };
}

export function flag(): Shape<boolean> {
  return {
    check(value, _, found) {
      if (typeof value !== "boolean") wrongType(found);
    },
  };
}

export function list<T>(item: Shape<T>, limits: Size = {}): Shape<T[]> {
  return {
    check(value, at, found) {
      if (!Array.isArray(value)) return wrongType(found);
      length(value.length, limits, at, found);
      for (const [i, entry] of value.entries()) item.check(entry, `${at}.${i + 1}.member`, found);
    },
  };
}

export function map<T>(item: Shape<T>): Shape<Record<string, T>> {
  return {
    check(value, at, found) {
      if (!isRecord(value)) return wrongType(found);
      for (const [key, entry] of Object.entries(value)) item.check(entry, `${at}.${key}`, found);
    },
  };
}

function length(actual: number, { min, max }: Size, at: string, found: Found): void {
  if (min !== undefined && actual < min)
    violate(found, at, `Member must have length greater than or equal to ${min}`);
  if (max !== undefined && actual > max)
    violate(found, at, `Member must have length less than or equal to ${max}`);
}

// CodePipeline does not repeat the value, which may be long or secret.
function violate(found: Found, at: string, constraint: string): void {
  found.invalid.push(`Value at '${at}' failed to satisfy constraint: ${constraint}`);
}

function wrongType(found: Found): void {
  found.malformed.push("Unexpected value type in payload");
}

// AWS's patterns describe the whole value, whether they are anchored or not.
function whole(pattern: RegExp): RegExp {
  return new RegExp(`^(?:${pattern.source})$`, "s");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
