// The story by the TypeScript SDK 1.x: typescript_v1.mjs ERA DOOR TARGET. Prints what happened as JSON.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { tell } from "./story.mjs";

const [, , , door, target] = process.argv;
const told = JSON.parse(target);
const ways = {
  stdio: () => new StdioClientTransport(told),
  http: () => new StreamableHTTPClientTransport(new URL(told.url)),
  sse: () => new SSEClientTransport(new URL(told.url)),
};
const asked = [];
const client = new Client({ name: "interop", version: "1" }, { capabilities: { elicitation: {} } });
client.setRequestHandler(ElicitRequestSchema, (request) => {
  asked.push(request.params.message);
  return { action: "accept", content: { confirm: true } };
});
const transport = ways[door]();
let version;
const toldTo = transport.setProtocolVersion?.bind(transport);
transport.setProtocolVersion = (found) => {
  version = found;
  toldTo?.(found);
};
await client.connect(transport);
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const results = await tell((params) => client.callTool(params));
await client.close();
process.stdout.write(JSON.stringify({ version, tools, results, asked }));
