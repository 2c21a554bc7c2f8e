// A plan whose patterns take as long as a plan may.

const choices = ["{a*,b}", "{c*,d}", "{e*,f}", "{g*,h}", "{i*,j}", "{k*,l}"].join("");

function patterns(name: string): readonly string[] {
  return Array.from({ length: 100 }, (_, turn) => `"**/${name}${turn}${choices}/x"`);
}

export const costlyPlan = `version: 1
exempt: [${patterns("e").join(", ")}]
pipelines:
  shop:
    branches: [main]
    paths: ["**", ${patterns("p").slice(1).join(", ")}]
    verify:
      engine: local
      stages: [{ name: test, run: "true" }]
`;
