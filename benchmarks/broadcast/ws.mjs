// Node's `ws`, as its own example of a broadcast does it; without compression.
import { createServer } from "node:net";
import { createRequire } from "node:module";

const { WebSocketServer, WebSocket } = createRequire(process.argv[2] + "/")("ws");
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, backlog: 2048 });
server.on("connection", (client) => client.on("error", () => {}));

let waiting = Buffer.alloc(0);
const feed = createServer((line) =>
  line.on("data", (data) => {
    waiting = Buffer.concat([waiting, data]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE(0)) {
      const size = waiting.readUInt32BE(0);
      const text = waiting.subarray(4, 4 + size);
      for (const client of server.clients)
        if (client.readyState === WebSocket.OPEN) client.send(text, { binary: false });
      waiting = waiting.subarray(4 + size);
    }
  }),
);
server.on("listening", () =>
  feed.listen(0, "127.0.0.1", () => console.log(server.address().port, feed.address().port)),
);
