// collector.js PORT FILE: receives traces by OTLP/gRPC, and appends them to a file as they arrive.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http2";

const [port, file] = process.argv.slice(2);
const NO_COMPRESSION_AND_LENGTH = Buffer.alloc(5);

const server = createServer();
server.on("stream", async (stream) => {
  const request = [];
  for await (const chunk of stream) request.push(chunk);
  appendFileSync(file, Buffer.concat([...request, Buffer.from("\n")]));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(NO_COMPRESSION_AND_LENGTH);
});
server.listen(Number(port), "127.0.0.1");
