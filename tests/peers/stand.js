// A server that serves what it is given and verifies nothing, so that a refusal is the client's own: stand.js DIR...
// Prints two ports on 127.0.0.1 for each DIR, one-way and mutual (TLS 1.3, a client certificate is asked for), or 0 where
// no server can serve its files. Speaks gRPC as far as "unimplemented". Ends when standard input does.
const crypto = require("node:crypto");
const fs = require("node:fs");
const http2 = require("node:http2");

// Whatever Milvus makes of the form of the file: that is another question.
function certificates(file) {
  const block = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END/g;
  const blocks = [...fs.readFileSync(file, "latin1").matchAll(block)];
  if (blocks.length === 0) throw new Error("no certificate");
  return blocks.map(([, base64]) => `-----BEGIN CERTIFICATE-----\n${base64.trim()}\n-----END CERTIFICATE-----\n`);
}

function key(file) {
  const text = fs.readFileSync(file, "latin1");
  return crypto.createPrivateKey(text.slice(text.indexOf("-----BEGIN"))).export({ type: "pkcs8", format: "pem" });
}

function listen(directory, mutual) {
  let server;
  try {
    const chain = certificates(`${directory}/server.pem`);
    const own = key(`${directory}/server.key`);
    if (!new crypto.X509Certificate(chain[0]).checkPrivateKey(crypto.createPrivateKey(own))) return Promise.resolve(0);
    server = http2.createSecureServer({
      cert: chain.join(""),
      key: own,
      ciphers: "DEFAULT:@SECLEVEL=0",
      allowHTTP1: true,
      ...(mutual ? { requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.3" } : {}),
    });
  } catch {
    return Promise.resolve(0);
  }
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
  });
  server.on("tlsClientError", () => {});
  server.on("sessionError", () => {});
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

async function main() {
  for (const directory of process.argv.slice(2)) {
    console.log(await listen(directory, false), await listen(directory, true));
  }
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

main();
