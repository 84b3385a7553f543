// The host asked for chooses the way of serving media; names between at signs are filled in as in nginx.conf.
const fs = require("fs");
const path = require("path");
const express = require("express");
const compression = require("compression");
const FOLDER = "@scratch@/files/media";

function app(host, set_up) {
  const own = express();
  set_up(own);
  return (req, res, next) => (req.hostname === host ? own(req, res, next) : next());
}
const all = express();
all.use(app("static.express.example", (own) => own.use("/media", express.static(FOLDER))));
all.use(app("gzip.express.example", (own) => {
  const app = own;
  process.chdir("@scratch@/files");
  @gzip.express.example@
}));
all.use(app("pipe.express.example", (own) => own.get("/media/:name", async (req, res) => {
  const file = path.join(FOLDER, path.basename(req.params.name));
  res.type(path.extname(file));
  @pipe.express.example@
  fs.createReadStream(file).pipe(res);
})));
all.use(app("untyped.express.example", (own) => own.get("/media/:name", (req, res) => {
  const file = path.join(FOLDER, path.basename(req.params.name));
  @untyped.express.example@
  res.send(fs.readFileSync(file));
})));
all.use(app("moved.express.example", (own) => {
  own.use("/media", express.static(FOLDER));
  own.get("/:name", (req, res) => res.redirect(`/media/${req.params.name}`));
}));
all.get("/", (req, res) => res.send("ready"));
all.listen(@port-express@, "127.0.0.1");
