// The host asked for chooses the way of serving media; names between at signs are filled in as in nginx.conf.
const fs = require("fs");
const http = require("http");
const path = require("path");
const TYPES = {
  ".jpg": "image/jpeg", ".wav": "audio/wav", ".vcf": "text/vcard", ".ics": "text/calendar",
  ".pkpass": "application/vnd.apple.pkpass",
};
http.createServer((req, res) => {
  const file = path.join("@scratch@/files/media", path.basename(req.url.split("?")[0]));
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) return res.end("ready");
  const type = TYPES[path.extname(file)] || "application/octet-stream";
  const host = (req.headers.host || "").split(":")[0];
  if (host === "end.node.example") {
    const buffer = fs.readFileSync(file);
    res.writeHead(200, { "Content-Type": type });
    return res.end(buffer);
  }
  if (host === "untyped.node.example") {
    res.setHeader("Content-Length", fs.statSync(file).size);
    @untyped.node.example@
  } else {
    res.setHeader("Content-Type", type);
    @pipe.node.example@
  }
  fs.createReadStream(file).pipe(res);
}).listen(@port-node@, "127.0.0.1");
