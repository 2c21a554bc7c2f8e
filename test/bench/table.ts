// The figures as a Markdown table, each with its aim.

import type { Anonymous } from "./anonymous.ts";
import { type Calls, type ReleaseCalls, type SweepCalls, total } from "./calls.ts";
import { type GateTimes, stores, type Times } from "./gate.ts";
import type { Counted } from "./github.ts";
import type { Intake, receivers } from "./intake.ts";
import type { NoticeTimes } from "./notice.ts";
import type { Requests } from "./requests.ts";
import type { Size } from "./scene.ts";
import type { Shuffled } from "./shuffle.ts";

interface Figures {
  readonly size: Size;
  readonly intake: Readonly<Record<(typeof receivers)[number], Intake>>;
  readonly gates: { readonly postgres: GateTimes; readonly pglite: GateTimes };
  readonly requests: Requests;
  readonly notifications: NoticeTimes;
  readonly release: ReleaseCalls;
  readonly sweep: SweepCalls;
  readonly shuffled: Shuffled;
  readonly anonymous: Anonymous;
}

interface Row {
  readonly what: string;
  readonly figure: string;
  readonly aim: string;
  readonly met: "yes" | "no" | "";
}

export function table(figures: Figures): string {
  const { size, intake, gates, requests, anonymous } = figures;
  const memory = `resident memory after ${number(size.memory)} deliveries`;
  const rows = [
    plain("deliveries per second, bare server (HMAC, parse)", speed(intake.bare)),
    plain("deliveries per second, stock Probot, empty handler", speed(intake.stock)),
    ...(["postgres", "pglite"] as const).flatMap((store) => [
      plain(`deliveries per second, Interlock on ${names[store]}`, speed(intake[store])),
      aimed({
        what: `– to stock Probot`,
        value: intake[store].ratio,
        least: store === "postgres" ? 0.5 : 0.3,
        digits: 2,
      }),
      aimed({ what: "– p99 of the answer", value: intake[store].p99, below: 100, unit: " ms" }),
    ]),
    ...(["postgres", "pglite"] as const).flatMap((store) => {
      const { idle, spread, single } = gates[store];
      const name = names[store];
      return [
        aimed({
          what: `delivery to gate on ${name}, idle, p50`,
          value: idle.p50,
          below: 50,
          unit: " ms",
        }),
        plain("– p99", `${number(idle.p99)} ms`),
        plain(
          "– burst of 500 pull requests, five installations",
          `${spread.gates} gates, ${quantiles(spread)}`,
        ),
        plain(
          "– burst of 500 pull requests, one installation",
          `${single.gates} gates within ${single.seconds} s, ${quantiles(single)}; at most ${single.points} points in a minute`,
        ),
      ];
    }),
    count("GitHub requests, open to green, two stages", requests.open, 10),
    count("GitHub requests, a further push to green", requests.push, 7),
    count("GitHub requests, a doubled delivery", requests.doubled, 0),
    aimed({
      what: `${memory}, PostgreSQL`,
      value: intake.postgres.residentMb,
      below: 250,
      unit: " MB",
    }),
    plain(`${memory}, PGlite`, `${number(intake.pglite.residentMb)} MB`),
    plain(`${memory}, stock Probot`, `${number(intake.stock.residentMb)} MB`),
    aimed({
      what: `resident memory above rest, ${anonymous.connections} anonymous connections that send ${number(anonymous.sentMb)} MB, PostgreSQL`,
      value: anonymous.mostMb,
      below: 100,
      unit: " MB",
    }),
    plain("– afterwards", `${number(anonymous.staysMb)} MB`),
    ...awsRows(figures),
  ];
  return [
    "| what | figure | aim | met |",
    "|---|---|---|---|",
    ...rows.map(({ what, figure, aim, met }) => `| ${what} | ${figure} | ${aim} | ${met} |`),
  ].join("\n");
}

function awsRows({ notifications, release, sweep, shuffled }: Figures): readonly Row[] {
  const { events, executions, end, orderedS, shuffledS } = shuffled;
  return [
    calls(`AWS calls, a release of ${release.stages} stages by events`, release.byEvents, 12),
    calls(`– looks once a minute while nobody tells, ${release.minutes} minutes`, release.between),
    calls(
      `AWS calls a minute, ${sweep.executions} running executions of ${sweep.pipelines} pipelines, no events`,
      each(sweep.still, sweep.minutes),
      30,
    ),
    calls("– from a restart until all are known again", sweep.restart),
    ...stores.flatMap((store) => [
      aimed({
        what: `SNS message to check on ${names[store]}, idle, p50`,
        value: notifications[store].p50,
        below: 50,
        unit: " ms",
      }),
      plain("– p99", `${number(notifications[store].p99)} ms`),
    ]),
    {
      what: `${number(events)} events of ${executions} executions, doubled and shuffled`,
      figure: `the end is ${end === "equal" ? "the same" : "another"} as in order; ${number(orderedS)} s in order, ${number(shuffledS)} s so`,
      aim: "the same",
      met: end === "equal" ? "yes" : "no",
    },
  ];
}

const names = { postgres: "PostgreSQL", pglite: "PGlite" } as const;

function plain(what: string, figure: string): Row {
  return { what, figure, aim: "", met: "" };
}

function aimed(row: {
  readonly what: string;
  readonly value: number;
  readonly least?: number;
  readonly below?: number;
  readonly unit?: string;
  readonly digits?: number;
}): Row {
  const { what, value, least, below, unit = "", digits = 0 } = row;
  const met = (least === undefined || value >= least) && (below === undefined || value < below);
  return {
    what,
    figure: `${number(value, digits)}${unit}`,
    aim: least === undefined ? `< ${below}${unit}` : `≥ ${least}${unit}`,
    met: met ? "yes" : "no",
  };
}

function calls(what: string, calls: Calls, most?: number): Row {
  const all = Math.round(10 * total(calls)) / 10;
  const kinds = Object.entries(calls).map(([name, times]) => `${times} ${name.split(":")[1]}`);
  return {
    what,
    figure: kinds.length === 0 ? `${all}` : `${all} (${kinds.join(", ")})`,
    aim: most === undefined ? "" : `≤ ${most}`,
    met: most === undefined ? "" : all <= most ? "yes" : "no",
  };
}

/** On average. */
function each(calls: Calls, minutes: number): Calls {
  return Object.fromEntries(
    Object.entries(calls).map(([name, times]) => [name, Math.round((10 * times) / minutes) / 10]),
  );
}

function count(what: string, { counted, notModified, byRoute }: Counted, most: number): Row {
  const routes = Object.entries(byRoute).map(([route, times]) => `${times} ${route}`);
  return {
    what,
    figure: `${counted}${notModified === 0 ? "" : `, and ${notModified} answered 304`}${
      routes.length === 0 ? "" : ` (${routes.join(", ")})`
    }`,
    aim: `≤ ${most}`,
    met: counted <= most ? "yes" : "no",
  };
}

function speed({ perSecond, p50, p99 }: Intake): string {
  return `${number(perSecond)}, answer p50 ${number(p50, 1)} ms, p99 ${number(p99, 1)} ms`;
}

function quantiles({ p50, p99 }: Times): string {
  return `p50 ${seconds(p50)}, p99 ${seconds(p99)}`;
}

function seconds(ms: number): string {
  return `${number(ms / 1000, 1)} s`;
}

function number(value: number, digits = 0): string {
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
