// Deliveries per second and how long an answer takes, next to a bare server and stock Probot; and memory.

import type { Receiver } from "./bare.ts";
import type { Answered, LoadFunctions } from "./load.ts";
import { idle, median, percentile, residentMb } from "./measure.ts";
import type { Place } from "./payload.ts";
import { startProgram } from "./program.ts";
import { type Helper, startHelper } from "./remote.ts";
import type { Bench } from "./scene.ts";

export interface Intake {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** To stock Probot, in the same rounds. */
  readonly ratio: number;
  readonly residentMb: number;
}

export const receivers = ["bare", "stock", "postgres", "pglite"] as const;

interface Target {
  readonly name: (typeof receivers)[number];
  readonly pid: number;
  readonly port: number;
  readonly place: Place;
}

/** Rounds go round all of them, so that whatever else the machine does meets each alike. */
export async function measureIntake(
  bench: Bench,
): Promise<Readonly<Record<(typeof receivers)[number], Intake>>> {
  const { output, folder, size } = bench;
  const load = startHelper<LoadFunctions>("./load.ts", output);
  const programs = {
    postgres: await startProgram({
      name: "intake-postgres",
      databaseUrl: await bench.newDatabase(),
      localEngine: "off",
      folder,
      output,
    }),
    pglite: await startProgram({
      name: "intake-pglite",
      databaseUrl: null,
      localEngine: "off",
      folder,
      output,
    }),
  };
  const targets: Target[] = [];
  const pulls = { owner: "acme", count: 500 };
  const places = {
    postgres: await programs.postgres.github.call.pulls(pulls),
    pglite: await programs.pglite.github.call.pulls(pulls),
  };
  for (const name of ["bare", "stock"] as const) {
    const { pid, call } = startHelper<Receiver>(`./${name}.ts`, output);
    targets.push({ name, pid, port: await call.listen(), place: places.postgres });
  }
  for (const name of ["postgres", "pglite"] as const) {
    const { pid, port } = programs[name];
    targets.push({ name, pid, port, place: places[name] });
  }
  const everybody = [
    ...targets.map(({ pid }) => pid),
    programs.postgres.github.pid,
    programs.pglite.github.pid,
  ];

  const rounds = new Map<string, Answered[]>();
  const memory = new Map<string, number>();
  for (const target of targets) {
    await deliver(load, target, { count: size.memory, seconds: 60 });
    await idle(everybody);
    memory.set(target.name, await residentMb(target.pid));
    rounds.set(target.name, []);
  }
  for (let round = 0; round < size.rounds; round++)
    for (const target of targets) {
      rounds
        .get(target.name)
        ?.push(await deliver(load, target, { count: 50_000, seconds: size.round_s }));
      await idle(everybody);
    }
  await Promise.all([programs.postgres.stop(), programs.pglite.stop()]);

  const rates = (name: string) => (rounds.get(name) ?? []).map(rateOf);
  const stock = rates("stock");
  const intakeOf = (name: (typeof receivers)[number]): Intake => {
    const took = (rounds.get(name) ?? []).flatMap((answered) => answered.took);
    return {
      perSecond: median(rates(name)),
      p50: percentile(took, 0.5),
      p99: percentile(took, 0.99),
      ratio: median(rates(name).map((rate, round) => rate / (stock[round] ?? Number.NaN))),
      residentMb: memory.get(name) ?? Number.NaN,
    };
  };
  return {
    bare: intakeOf("bare"),
    stock: intakeOf("stock"),
    postgres: intakeOf("postgres"),
    pglite: intakeOf("pglite"),
  };
}

async function deliver(
  load: Helper<LoadFunctions>,
  target: Target,
  within: { readonly count: number; readonly seconds: number },
): Promise<Answered> {
  await load.call.aim(target.place);
  const answered = await load.call.deliver({
    ...within,
    port: target.port,
    connections: 32,
    from: 0,
  });
  if (answered.refused > 0)
    throw new Error(`${target.name} refused ${answered.refused} deliveries`);
  return answered;
}

function rateOf({ took, seconds }: Answered): number {
  return took.length / seconds;
}
