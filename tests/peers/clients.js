// What Node says of sets: clients.js, with a line "NAME DIR ONE-WAY-PORT MUTUAL-PORT" on standard input for each.
// For each of them two lines, one-way and mutual: "accepted", "absent", or why it is refused.
const fs = require("node:fs");
const net = require("node:net");
const tls = require("node:tls");

function shake(name, directory, port, mutual) {
  return new Promise((resolve) => {
    const end = (socket, said) => {
      socket?.destroy();
      resolve(said.replace(/\s+/g, " "));
    };
    let socket;
    try {
      const read = (file) => fs.readFileSync(`${directory}/${file}`);
      socket = tls.connect({
        host: "127.0.0.1",
        port,
        ALPNProtocols: ["h2"],
        servername: net.isIP(name) ? "" : name,
        // As grpc-js does with grpc.ssl_target_name_override.
        checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
        ca: read("ca.pem"),
        ...(mutual ? { cert: read("client.pem"), key: read("client.key") } : {}),
      });
    } catch (error) {
      return end(undefined, error.message);
    }
    socket.setTimeout(10000, () => end(socket, "no answer in 10 seconds"));
    socket.on("secureConnect", () => end(socket, "accepted"));
    socket.on("error", (error) => end(socket, error.message));
  });
}

async function main() {
  for (const line of fs.readFileSync(0, "utf8").split("\n").filter((line) => line)) {
    const [name, directory, ...ports] = line.split(" ");
    const isThere = ["pem", "key"].some((end) => fs.existsSync(`${directory}/client.${end}`));
    for (const mutual of [false, true]) {
      const port = Number(ports[mutual ? 1 : 0]);
      console.log(port === 0 || (mutual && !isThere) ? "absent" : await shake(name, directory, port, mutual));
    }
  }
}

main();
