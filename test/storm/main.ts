// `npm run storm -- --storms 200 --replicas 2 --seed 1`: storms over replicas, by number, on a PostgreSQL of their own.

import { parseArgs } from "node:util";
import { startServer } from "../store/server.ts";
import { runStorms } from "./storm.ts";

const { values } = parseArgs({
  options: {
    storms: { type: "string", default: "20" },
    replicas: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
  },
});
const server = await startServer();
const report = await runStorms({
  databaseUrl: server.url("postgres"),
  replicas: values.replicas === "2" ? 2 : 3,
  storms: Number(values.storms),
  seed: Number(values.seed),
  tell: console.log,
});
await server.stop();
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.problems.length === 0 ? 0 : 1;
