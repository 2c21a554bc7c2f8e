// Measures the detectors of anomalies on made-up and on real metrics, with Kayenta's judge beside them: one table.
// `--runs=N` deployments a row (1,000), `--only=TEXT` the rows whose names hold it.

import { judgeCounts, observeCounts, startCount } from "../../src/core/detect/count.ts";
import { judgeValues, observeValues, startValues } from "../../src/core/detect/value.ts";
import { type Noise, noises, type Random, randomOf } from "./detect-noise.ts";
import { measureQuiet } from "./detect-quiet.ts";
import {
  alarm,
  type Counts,
  type Found,
  findByCounts,
  findByKayenta,
  findByRanks,
  minute,
  ratesOf,
} from "./detect-run.ts";

const runs = Number(option("runs") ?? 1_000);
const only = option("only") ?? "";
/** Run r of a row has the seed `first_seed` + r; all rows have the same. */
const first_seed = 20_261_127;
const points = 60;

interface Row {
  readonly name: string;
  readonly aim: Aim;
  readonly ours: (random: Random) => Found;
  readonly kayenta: ((random: Random) => Found) | null;
}

interface Aim {
  /** Minutes, counted from the beginning of the fault. */
  readonly from?: number;
  readonly median?: number;
  readonly share?: number;
  readonly false_alarms?: true;
}

const quiet: Aim = { false_alarms: true };

const rows: readonly Row[] = [
  valueRow("no change, normal", noises.normal, 1, quiet),
  valueRow("no change, lognormal", noises.lognormal, 1, quiet),
  valueRow("no change, heavy-tailed (t, 3 degrees)", noises["heavy-tailed"], 1, quiet),
  valueRow("no change, daily cycle ±20 %", noises["daily cycle"], 1, quiet),
  valueRow("no change, AR(1) 0.3", noises["AR(1) 0.3"], 1, quiet),
  valueRow("no change, AR(1) 0.7", noises["AR(1) 0.7"], 1, quiet),
  valueRow("no change, tied values", noises["tied values"], 1, quiet),
  valueRow("no change, mostly 0", noises["mostly 0"], 1, quiet),
  valueRow("no change, AR(1) 0.9 (no aim)", noises["AR(1) 0.9"], 1, {}),
  countRow("no change, errors 0.1 %", "before", [0.001, 0.001], quiet),
  countRow("no change, errors 0.1 %", "same_time", [0.001, 0.001], quiet),
  countRow("no change, errors 1 %", "before", [0.01, 0.01], quiet),
  countRow("no change, errors 1 %", "same_time", [0.01, 0.01], quiet),
  countRow("no change, errors 1 % in bursts", "before", [0.01, 0.01], quiet, { bursts: 6 }),
  countRow("errors 0.1 → 0.5 %", "before", [0.001, 0.005], { share: 0.99, median: 18 }),
  countRow("errors 0.1 → 0.5 %", "same_time", [0.001, 0.005], { share: 0.99, median: 18 }),
  countRow("errors 1 → 3 %", "before", [0.01, 0.03], { median: 6 }),
  countRow("errors 1 → 3 %", "same_time", [0.01, 0.03], { median: 6 }),
  countRow("errors 1 → 3 % from minute 30 (no aim)", "before", [0.01, 0.03], { from: 30 }),
  valueRow("latency +10 % (no aim)", noises.normal, 1.1, {}),
  valueRow("latency +25 %", noises.normal, 1.25, { median: 14 }),
  valueRow("latency +50 %", noises.normal, 1.5, { median: 6 }),
  valueRow("latency +100 % (no aim)", noises.normal, 2, {}),
  valueRow("latency +50 % from minute 30", noises.normal, 1.5, {
    from: 30,
    share: 0.99,
    median: 5,
  }),
  valueRow("latency +50 %, AR(1) 0.7", noises["AR(1) 0.7"], 1.5, { share: 0.95 }),
];

function valueRow(name: string, noise: Noise, times: number, aim: Aim): Row {
  const make = (random: Random) => {
    const values = noise(random, 2 * points);
    return {
      control: values.slice(0, points),
      bake: values.slice(points).map((value, at) => (at < (aim.from ?? 0) ? value : value * times)),
    };
  };
  return {
    name,
    aim,
    ours: (random) => findByRanks(make(random)),
    kayenta: (random) => findByKayenta(make(random), 5),
  };
}

function countRow(
  name: string,
  control: "before" | "same_time",
  [usual, fault]: readonly [number, number],
  aim: Aim,
  { bursts = 1 } = {},
): Row {
  const requests = 200;
  const count = (random: Random, rate: number) => ({
    requests,
    // Bursts come together: the counts vary so many times more than single errors would.
    errors: Math.min(requests, bursts * random.poisson((requests * rate) / bursts)),
  });
  const make = (random: Random): Counts => ({
    control: Array.from({ length: points }, () => count(random, usual)),
    bake: Array.from({ length: points }, (_, at) => ({
      ...count(random, at < (aim.from ?? 0) ? usual : fault),
      control: count(random, usual),
    })),
  });
  return {
    name: `${name}, control ${control === "before" ? "before" : "at the same time"}`,
    aim,
    ours: (random) => findByCounts(make(random), control),
    kayenta: control === "before" ? (random) => findByKayenta(ratesOf(make(random)), 5) : null,
  };
}

interface Result {
  readonly share: number;
  readonly median: number | null;
  readonly late: number | null;
}

function measure(find: (random: Random) => Found, from: number): Result {
  const found: number[] = [];
  for (let run = 0; run < runs; run++) {
    const at = find(randomOf(first_seed + run));
    if (at !== null) found.push(at);
  }
  found.sort((a, b) => a - b);
  const after = (share: number) => {
    const at = found[Math.floor(share * found.length)];
    return at === undefined ? null : at - from;
  };
  return { share: found.length / runs, median: after(0.5), late: after(0.9) };
}

function show({ share, median, late }: Result): string {
  return `${(100 * share).toFixed(1)} %${median === null ? "" : `, ${median} / ${late}`}`;
}

/** Whether the result reaches the aim, and the aim in words. */
function holds({ share, median }: Result, aim: Aim): readonly [string, string] {
  const most = 1 / alarm + 2 * Math.sqrt((0.01 * 0.99) / runs);
  const parts: (readonly [boolean, string])[] = [];
  if (aim.false_alarms) parts.push([share <= most, `≤ ${(100 * most).toFixed(2)} %`]);
  if (aim.share !== undefined) parts.push([share >= aim.share, `≥ ${100 * aim.share} %`]);
  if (aim.median !== undefined)
    parts.push([median !== null && median <= aim.median, `median ≤ ${aim.median}`]);
  if (parts.length === 0) return ["", ""];
  return [parts.every(([held]) => held) ? "yes" : "NO", parts.map(([, text]) => text).join(", ")];
}

function printRows(): void {
  console.log(
    `${runs} deployments a row, seeds ${first_seed} to ${first_seed + runs - 1}; ${points} minutes of control, ${points} of bake, a point and a look each minute; Kayenta looks every 5 minutes.`,
  );
  console.log("Found in share, median / 90th percentile of the minutes since the fault began.\n");
  console.log("| case | Interlock | Kayenta | aim | reached |\n| --- | --- | --- | --- | --- |");
  for (const { name, aim, ours, kayenta } of rows.filter((row) => row.name.includes(only))) {
    const from = aim.from ?? 0;
    const result = measure(ours, from);
    const [held, text] = holds(result, aim);
    const other = kayenta === null ? "" : show(measure(kayenta, from));
    console.log(`| ${name} | ${show(result)} | ${other} | ${text} | ${held} |`);
  }
}

function printQuiet(): void {
  console.log(
    "\nReal CloudWatch metrics in quiet times (17 series of five-minute points), cut into a bake of an hour and its control; alarms of a look at each point. Faults are added to every third bake, in standard deviations of its control; found within 3 points at limit 100, and at the calibrated limit within 3 points / the hour.\n",
  );
  console.log(
    "| control | pairs | limit 100 | calibrated | Kayenta | aim | reached | +3 sd | +10 sd |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  );
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  for (const hours of [2, 6, 12]) {
    const { pairs, nominal, calibrated, kayenta, found } = measureQuiet(hours);
    const faults = Object.values(found).map(
      ({ nominal, three, hour }) =>
        `${[nominal, three, hour].map((share) => (100 * share).toFixed(0)).join(" / ")} %`,
    );
    console.log(
      `| ${hours} h | ${pairs} | ${percent(nominal)} | ${percent(calibrated)} | ${percent(kayenta)} | ≤ 2 % | ${calibrated <= 0.02 ? "yes" : "NO"} | ${faults.join(" | ")} |`,
    );
  }
}

/** A minute of 1,000 metrics: the state from JSON, a point into it, a verdict, and back to JSON. */
function printCost(): void {
  const random = randomOf(first_seed);
  const from = points * minute;
  const at = from + points * minute;
  const values = Array.from({ length: 500 }, () => {
    const made = noises["AR(1) 0.7"](random, 2 * points).map((value, index) => ({
      at: index * minute,
      value,
    }));
    const state = startValues({
      worse: "higher",
      period_ms: minute,
      from,
      bake_points: 2 * points,
      control: made,
    });
    if (state === null) throw new Error("there is a control");
    return JSON.stringify(observeValues(state, made.slice(points), at));
  });
  const counts = Array.from({ length: 500 }, () => {
    const made = Array.from({ length: 2 * points }, (_, index) => ({
      at: index * minute,
      errors: random.poisson(2),
      requests: 200,
    }));
    const state = startCount({
      worse: "higher",
      period_ms: minute,
      from,
      bake_points: 2 * points,
      before: made.slice(0, points),
      control: "before",
    });
    if (state === null) throw new Error("there is a control");
    return JSON.stringify(observeCounts(state, made.slice(points), at));
  });
  const times = Array.from({ length: 20 }, () => {
    const started = process.threadCpuUsage();
    for (const json of values) {
      const state = observeValues(JSON.parse(json), [{ at, value: 1 }], at + minute);
      judgeValues(state, { limit: alarm, now: at + minute, data: "complete" });
      JSON.stringify(state);
    }
    for (const json of counts) {
      const state = observeCounts(
        JSON.parse(json),
        [{ at, errors: 2, requests: 200 }],
        at + minute,
      );
      judgeCounts(state, { limit: alarm, now: at + minute, minimum: 100, data: "complete" });
      JSON.stringify(state);
    }
    const { user, system } = process.threadCpuUsage(started);
    return (user + system) / 1_000;
  }).sort((a, b) => a - b);
  const size = (all: readonly string[]) => Math.max(...all.map((json) => Buffer.byteLength(json)));
  console.log(
    `\n1,000 metrics judged in ${(times[10] ?? 0).toFixed(0)} ms of processor time (median of 20; aim: under 100). State: values ${size(values)} bytes, counts ${size(counts)} bytes (aim: under 4,096).`,
  );
}

function option(name: string): string | undefined {
  return process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}

printRows();
if (only === "") printQuiet();
if (only === "") printCost();
