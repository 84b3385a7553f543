/* The page: gives files or texts to the service, follows the job, shows its report. It stores nothing but the
   token, for as long as the tab lives. Everything that strangers wrote is set as text, never as HTML. */
"use strict";
(() => {
  const one = (id) => document.getElementById(id);
  const SECTIONS = ["door", "give", "work", "result"];
  const LINK_SECONDS = 3600, SHARED_SECONDS = 7 * 86400;
  let token = sessionStorage.getItem("mmscheck-token") || "";
  let me = null, job = null, round = 0;
  let given = null; // what was handed over last, to be mended: [part, content, name]
  let mended = null; // where the mended message is, to be checked once its files are on their host

  const show = (name) => {
    for (const each of SECTIONS) one(each).hidden = each !== name;
  };
  const number = (value, word) => `${value.toLocaleString("en-US")} ${word}${value === 1 ? "" : "s"}`;

  /* One request; a problem becomes an Error with the service's own words. */
  const ask = async (path, given = {}) => {
    const headers = new Headers(given.headers || {});
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let answer;
    try {
      answer = await fetch(path, { ...given, headers });
    } catch {
      throw new Error("The service cannot be reached. Is it running?");
    }
    if (answer.status === 401) {
      lock("That token is not known.");
      throw new Error("A token is needed.");
    }
    if ((answer.headers.get("Content-Type") || "").startsWith("application/problem+json")) {
      const problem = await answer.json();
      const later = answer.headers.get("Retry-After");
      const told = [problem.title + ".", problem.detail, ...(problem.errors || [])].filter(Boolean).join(" ");
      throw new Error(later ? `${told} Try again in ${later} s.` : told);
    }
    return answer;
  };
  const json = async (path, body) => {
    const headers = { "Content-Type": "application/json" };
    return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };

  /* Who asks. */
  const lock = (fault) => {
    const had = token !== "";
    token = "";
    sessionStorage.removeItem("mmscheck-token");
    one("token-fault").textContent = had ? fault : "";
    show("door");
    one("token").focus();
  };
  const begin = async () => {
    try {
      me = await (await ask("/v1/me")).json();
    } catch (error) {
      if (!one("door").hidden) return;
      show("give");
      one("give-fault").textContent = error.message;
      return;
    }
    one("who").textContent = token ? `As ${me.name}. ` : "";
    one("who").hidden = !token;
    show("give");
  };
  one("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    token = one("token").value.trim();
    one("token").value = "";
    sessionStorage.setItem("mmscheck-token", token);
    begin();
  });

  /* What is given. */
  const isDocument = (name) => /\.(xml|json)$/i.test(name);
  const start = async (path, given, doing = "Checking") => {
    const mine = ++round;
    one("give-fault").textContent = "";
    one("work-title").textContent = doing;
    one("work-told").textContent = "Handing it over …";
    one("bar").removeAttribute("value");
    show("work");
    try {
      const headers = { ...(given.headers || {}), Prefer: "respond-async" };
      const taken = await (await ask(path, { ...given, method: "POST", headers })).json();
      job = taken;
      await follow(taken, mine);
    } catch (error) {
      if (mine !== round || !one("door").hidden) return;
      show("give");
      one("give-fault").textContent = error.message;
      one("give-fault").scrollIntoView({ block: "nearest" });
    }
  };
  const formOf = (parts) => {
    const form = new FormData();
    for (const [part, content, name] of parts) form.append(part, content, name);
    return form;
  };
  const giveFiles = (files) => {
    const useful = files.filter((each) => !each.name.split("/").pop().startsWith("."));
    if (!useful.length) {
      one("give-fault").textContent = "There is no file in it.";
      return;
    }
    const alone = useful.every((each) => isDocument(each.name));
    const offline = !alone || document.querySelector("input[name=how]:checked").value === "lint";
    mended = null;
    given = useful.map((each) => [isDocument(each.name) ? "document" : "file", each.file, each.name]);
    start(offline ? "/v1/lint" : "/v1/check", { body: formOf(given) });
  };
  one("paste-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = one("paste").value.trim();
    if (!text) {
      one("give-fault").textContent = "Paste a message or a URL first.";
      one("paste").focus();
      return;
    }
    const how = document.querySelector("input[name=how]:checked").value;
    const urls = text.split(/\s+/).every((each) => /^https?:\/\/\S+$/i.test(each)) ? text.split(/\s+/) : null;
    const body = urls ? { urls } : { document: one("paste").value, source: "pasted message" };
    const headers = { "Content-Type": "application/json" };
    mended = null;
    given = urls ? null : [["document", new Blob([one("paste").value]), "pasted message.xml"]];
    start(urls ? "/v1/check" : `/v1/${how}`, { headers, body: JSON.stringify(body) });
  });
  for (const [button, input] of [["pick-files", "files"], ["pick-folder", "folder"]]) {
    one(button).addEventListener("click", () => one(input).click());
    one(input).addEventListener("change", () => {
      const files = Array.from(one(input).files, (file) => ({ file, name: file.webkitRelativePath || file.name }));
      one(input).value = "";
      if (files.length) giveFiles(files);
    });
  }

  /* Dropping: folders are walked. */
  const walked = async (entry, path = "") => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      return [{ file, name: path + entry.name }];
    }
    const reader = entry.createReader(), found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) break;
      for (const each of some) found.push(...(await walked(each, `${path}${entry.name}/`)));
    }
    return found;
  };
  const drop = one("drop");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.toggle("over", !one("give").hidden);
  });
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (one("give").hidden) return;
    const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const plain = Array.from(event.dataTransfer.files, (file) => ({ file, name: file.name }));
    const text = event.dataTransfer.getData("text/plain");
    try {
      const files = (await Promise.all(entries.filter(Boolean).map((each) => walked(each)))).flat();
      if (files.length || plain.length) giveFiles(files.length ? files : plain);
      else if (text) one("paste").value = text;
    } catch {
      one("give-fault").textContent = "The browser could not read what was dropped.";
    }
  });

  /* Following a job: the events of the service, read from the stream so that the token goes with the request. */
  const follow = async (taken, mine) => {
    for (let tries = 0; ; tries++) {
      try {
        await events(taken, mine);
      } catch (error) {
        if (tries > 4 || mine !== round) throw error;
        await new Promise((done) => setTimeout(done, 1000));
      }
      if (mine !== round) return;
      const now = await (await ask(`/v1/jobs/${taken.id}`)).json();
      if (now.state === "done" || now.state === "failed") {
        await finish(now, mine);
        return;
      }
    }
  };
  const events = async (taken, mine) => {
    const stream = (await ask(taken.events)).body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await stream.read();
      if (done || mine !== round) {
        stream.cancel();
        return;
      }
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) tell(part);
    }
  };
  const tell = (part) => {
    const lines = Object.fromEntries(part.split("\n").map((line) => line.split(/: (.*)/s)).filter((pair) => pair[0]));
    if (!lines.data) return;
    const progress = JSON.parse(lines.data), bar = one("bar");
    if (lines.event === "queued") one("work-told").textContent = "Waiting for a turn …";
    else if (progress.total) {
      one("work-told").textContent = `${progress.done} of ${number(progress.total, "file")} looked at`;
      bar.max = progress.total;
      bar.value = progress.done;
    } else one("work-told").textContent = "At work …";
  };

  /* The report. */
  const WORDS = {
    "permit": ["good", "Permitted", "Every rule that guards the gate has passed."],
    "pass-offline": ["good", "Nothing stands in the way so far", "Judged without the network; this permits nothing yet. Once the files are where their URLs lead, check the message alone."],
    "pass-media": ["good", "Nothing stands in the way", "These files can be part of a message."],
    "deny": ["bad", "Not ready to go out", "The report below says what to mend, and how."],
  };
  const MENDED = {
    "all": ["good", "Mended", "Each file was judged again by the same rules before it was kept: see before and after."],
    "some": ["bad", "Not all of it could be mended", "The report below says what is left, why, and who can mend it. That is not among the files."],
  };
  const HOSTED = "Judged without the network; this permits nothing yet. Put the mended files where their URLs lead, then check them there.";
  const finish = async (ended, mine) => {
    job = ended;
    if (ended.state === "failed" && !ended.outcome) {
      throw new Error(`${ended.problem.title}. ${ended.problem.detail}`);
    }
    const link = await json(`/v1/checks/${ended.id}/share`, { seconds: LINK_SECONDS });
    if (mine !== round) return;
    const undecided = ended.outcome.verdict === "deny" && ended.outcome.exit_code === 3;
    const fix = ended.kind === "fix";
    if (fix) mended = given.some(([part]) => part === "document") ? ended.report : null;
    const [kind, title, told] = fix ? MENDED[ended.outcome.exit_code === 0 ? "all" : "some"] : undecided
      ? ["", "Not ready to go out: something could not be decided", "The report below says what, and why."]
      : WORDS[ended.outcome.verdict];
    one("banner").className = kind;
    one("verdict").textContent = title;
    const wait = mended && !fix && ended.outcome.verdict === "pass-offline";
    one("verdict-told").textContent = wait ? HOSTED : told;
    one("share-told").textContent = "";
    one("approve-told").textContent = "";
    one("after-fault").textContent = "";
    one("mend").hidden = fix || !given || ended.outcome.exit_code === 0 || !me.rights.includes("fix");
    one("mend").className = one("download").className = "main";
    one("again").className = fix || !one("mend").hidden ? "" : "main";
    one("download").hidden = one("recheck").hidden = !fix;
    one("hosted").hidden = !mended || ended.outcome.verdict === "permit";
    one("hosted").className = mended && !fix ? "main" : "";
    if (mended && !fix) one("again").className = "";
    one("approve-form").hidden = !(me.rights.includes("approve") && ended.outcome.content && ended.outcome.verdict === "permit");
    one("report").src = link.path;
    one("whole").href = link.path;
    show("result");
    one("verdict").focus();
  };
  one("mend").addEventListener("click", () => start("/v1/fix", { body: formOf(given) }, "Mending"));
  one("recheck").addEventListener("click", () => {
    given = null;
    start(`${job.report}/check`, {});
  });
  one("hosted").addEventListener("click", () => {
    given = null;
    start(`${mended}/check?hosted=yes`, {});
  });
  one("download").addEventListener("click", async () => {
    try {
      const url = URL.createObjectURL(await (await ask(`${job.report}/files`)).blob());
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = "mended.zip";
      anchor.click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    } catch (error) {
      one("after-fault").textContent = error.message;
    }
  });
  one("share").addEventListener("click", async () => {
    try {
      const link = await json(`/v1/checks/${job.id}/share`, { seconds: SHARED_SECONDS });
      const url = new URL(link.path, location.href).href;
      const until = new Date(link.expires).toLocaleString();
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.textContent = url;
      one("share-told").replaceChildren(anchor, ` shows this report to whoever has it, until ${until}.`);
      if (navigator.clipboard) await navigator.clipboard.writeText(url).then(() => one("share-told").append(" Copied."), () => {});
    } catch (error) {
      one("share-told").textContent = error.message;
    }
  });
  one("approve-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const made = await json("/v1/approvals", { content: job.outcome.content, name: one("name").value });
      one("approve-told").textContent = `Approved by ${made.name}, ${new Date(made.at).toLocaleString()}.`;
    } catch (error) {
      one("approve-told").textContent = error.message;
    }
  });
  const back = () => {
    round += 1;
    job = null;
    one("report").removeAttribute("src");
    show("give");
    one("paste").focus();
  };
  one("again").addEventListener("click", back);
  one("leave").addEventListener("click", back);

  begin();
})();
