// Asks yaml-language-server about one document: its diagnostics, and completions at marked places.
//   node yaml_ls.mjs SERVER SCHEMA DOCUMENT [LINE:COLUMN ...]
// Prints {"diagnostics": [...], "completions": [[label, ...], ...]}. Talks LSP over stdio, no package.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [server, schema, document, ...places] = process.argv.slice(2);
const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();
let next = 1;
let diagnosed;
const diagnostics = new Promise((done) => (diagnosed = done));
const settings = {
  yaml: { schemas: { [pathToFileURL(resolve(schema)).href]: "*" }, validate: true, completion: true, hover: true,
    schemaStore: { enable: false }, kubernetesCRDStore: { enable: false } },
};

function send(message) {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
function ask(method, params) {
  const id = next++;
  send({ id, method, params });
  return new Promise((done) => waiting.set(id, done));
}
function receive(message) {
  if (message.method === "textDocument/publishDiagnostics") diagnosed(message.params.diagnostics);
  else if (message.method === "workspace/configuration")
    send({ id: message.id, result: message.params.items.map((one) => settings[one.section] ?? {}) });
  else if (message.method && message.id !== undefined) send({ id: message.id, result: null });
  else if (waiting.has(message.id)) waiting.get(message.id)(message.result);
}
let rest = Buffer.alloc(0);
child.stdout.on("data", (data) => {
  rest = Buffer.concat([rest, data]);
  for (;;) {
    const head = rest.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(rest.subarray(0, head).toString())[1]);
    if (rest.length < head + 4 + length) return;
    receive(JSON.parse(rest.subarray(head + 4, head + 4 + length).toString()));
    rest = rest.subarray(head + 4 + length);
  }
});

const uri = pathToFileURL(resolve(document)).href;
const capabilities = {
  workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } },
  textDocument: { completion: { completionItem: { snippetSupport: true } } },
};
await ask("initialize", { processId: process.pid, rootUri: null, capabilities, workspaceFolders: null });
send({ method: "initialized", params: {} });
send({ method: "workspace/didChangeConfiguration", params: { settings } });
await new Promise((done) => setTimeout(done, 500));
const text = readFileSync(document, "utf8");
send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
const found = await diagnostics;
const completions = [];
for (const place of places) {
  const [line, character] = place.split(":").map(Number);
  const list = await ask("textDocument/completion", { textDocument: { uri }, position: { line, character } });
  completions.push((list.items ?? list).map((item) => item.label));
}
console.log(JSON.stringify({ diagnostics: found.map((one) => ({ line: one.range.start.line, message: one.message })), completions }));
child.kill();
