// What a look does is logged with the delivery that made it necessary.

import { expect, test } from "vitest";
import { worlds } from "../world/world.ts";

const open = worlds();

test("every line of a look names its delivery, and that of a later one by the clock names none", async () => {
  const w = await open();
  const lines: { readonly fields: object; readonly message: string }[] = [];
  w.tell = (fields, message) => lines.push({ fields, message });
  w.openPull();
  await w.settle();
  const looked = lines.filter(({ message }) => message === "Looked");
  expect(looked.length).toBeGreaterThan(0);
  const started = lines.filter(({ message }) => message === "Started an execution");
  expect(started).toHaveLength(1);
  const delivery = expect.stringMatching(/^[0-9a-f-]{36}$/);
  for (const { fields } of [...looked.slice(0, 1), ...started])
    expect(fields).toMatchObject({ delivery });

  lines.length = 0;
  await w.advance("3h");
  const later = lines.filter(({ message }) => message === "Looked");
  expect(later.length).toBeGreaterThan(0);
  for (const { fields } of later) expect(fields).not.toHaveProperty("delivery");
});
