// An answer as bytes, before it leaves.

export type Answer = { status: number; headers: Record<string, string>; body: Buffer };
