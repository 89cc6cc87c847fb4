// The calls that every client makes; `call` gives {isError, structuredContent, content} for a tool and its arguments.
import { readFileSync } from "node:fs";

const STORY = JSON.parse(readFileSync(new URL("story.json", import.meta.url), "utf8"));

function filled(args, results) {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (typeof value !== "string" || !value.startsWith("$")) return [name, value];
      const [step, field] = value.slice(1).split(".");
      return [name, results[step].structured[field]];
    }),
  );
}

export async function tell(call) {
  const results = {};
  for (const step of STORY) {
    const result = await call({ name: step.tool, arguments: filled(step.arguments, results) });
    const text = result.content.map((one) => one.text ?? "").join("");
    results[step.name] = { error: result.isError ?? false, structured: result.structuredContent, text };
  }
  return results;
}
