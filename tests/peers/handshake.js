// One TLS connection on loopback by Node: handshake.js DIR TRUST NAME one-way|mutual
// Exit code 0 if both sides accept, 3 with the reason if one refuses.
const fs = require("node:fs");
const tls = require("node:tls");

const [directory, trust, name, mode] = process.argv.slice(2);
const read = (file) => fs.readFileSync(`${directory}/${file}`);
const mutual = mode === "mutual";

function end(code, reason) {
  if (reason) console.log(reason);
  process.exit(code);
}

const server = tls.createServer({
  cert: read("server.pem"),
  key: read("server.key"),
  ...(mutual ? { ca: read("ca.pem"), requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" } : {}),
});
server.on("secureConnection", (socket) => socket.end("accepted"));
server.on("tlsClientError", (error) => end(3, error.code || error.message));
server.listen(0, "127.0.0.1", () => {
  const client = tls.connect({
    host: "127.0.0.1",
    port: server.address().port,
    servername: name,
    ca: read(trust),
    ...(mutual ? { cert: read("client.pem"), key: read("client.key") } : {}),
  });
  // The server looks at the client's certificate after the client's handshake is complete: wait for its word.
  client.on("data", (data) => end(data.toString() === "accepted" ? 0 : 1));
  client.on("error", (error) => end(3, error.code || error.message));
});
setTimeout(() => end(1, "no answer in 10 seconds"), 10000);
