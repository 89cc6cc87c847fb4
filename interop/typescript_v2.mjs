// The story by the TypeScript SDK 2.x: typescript_v2.mjs ERA DOOR TARGET, ERA legacy or auto. Prints what happened as JSON.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { tell } from "./story.mjs";

const [, , era, door, target] = process.argv;
const told = JSON.parse(target);
const ways = {
  stdio: () => new StdioClientTransport(told),
  http: () => new StreamableHTTPClientTransport(new URL(told.url)),
  sse: () => new SSEClientTransport(new URL(told.url)),
};
const asked = [];
const client = new Client(
  { name: "interop", version: "1" },
  { capabilities: { elicitation: {} }, versionNegotiation: { mode: era } },
);
client.setRequestHandler("elicitation/create", (request) => {
  asked.push(request.params.message);
  return { action: "accept", content: { confirm: true } };
});
await client.connect(ways[door]());
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const results = await tell((params) => client.callTool(params));
const version = client.getNegotiatedProtocolVersion();
await client.close();
process.stdout.write(JSON.stringify({ version, tools, results, asked }));
