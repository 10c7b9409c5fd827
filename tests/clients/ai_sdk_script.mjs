// Runs with the AI SDK's own packages (PACKAGES): four providers, streaming, and one loop with a tool.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [url, key, path] = process.argv.slice(2);
const packages = createRequire(`${process.env.PACKAGES}/x.js`);
const load = (name) => import(pathToFileURL(packages.resolve(name)));
const { generateText, stepCountIs, streamText, tool } = await load("ai");
const { createAnthropic } = await load("@ai-sdk/anthropic");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createOpenAICompatible } = await load("@ai-sdk/openai-compatible");
const { z } = await load("zod");

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
const compatible = { name: "routerd", baseURL: `${url}/v1`, apiKey: key };
const models = {
  compatible: createOpenAICompatible(compatible)("auto"),
  "openai chat": openai.chat("auto"),
  "openai responses": openai.responses("auto"),
  anthropic: createAnthropic({ baseURL: `${url}/v1`, apiKey: key })("auto"),
};
const tools = {
  read_file: tool({
    description: "Read a file.",
    inputSchema: z.object({ path: z.string() }),
    execute: ({ path }) => readFileSync(path, "utf-8"),
  }),
};
const prompt = `what stands in ${path}?`;
for (const [name, model] of Object.entries(models)) {
  let streamed = "";
  for await (const piece of streamText({ model, prompt: "hi" }).textStream) streamed += piece;
  const whole = await generateText({ model, prompt, tools, stopWhen: stepCountIs(4) });
  const loop = streamText({ model, prompt, tools, stopWhen: stepCountIs(4) });
  let told = "";
  for await (const piece of loop.textStream) told += piece;
  console.log(name, "|", streamed, "|", whole.text, "|", told);
  if (!whole.text.includes("apples") || !told.includes("apples")) process.exitCode = 1;
}
