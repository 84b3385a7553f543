/* Filters, sorting, searching and copying. Without it the page shows everything; it loads and stores nothing. */
"use strict";
(() => {
  const all = (css, from = document) => Array.from(from.querySelectorAll(css));
  const one = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en-US");

  for (const part of all("[data-needs-script]")) part.hidden = false;
  for (const form of all("form")) form.addEventListener("submit", (event) => event.preventDefault());

  /* Findings by severity, owner and rule. */
  const filters = one("filters");
  const showFindings = () => {
    const wanted = (name) => new Set(all(`input[name=${name}]:checked`, filters).map((box) => box.value));
    const kinds = wanted("kind"), owners = wanted("owner"), rule = one("rule").value;
    const narrowed = rule !== "" || all("input[type=checkbox]:not(:checked)", filters).length > 0;
    let shown = 0, total = 0;
    for (const finding of all(".finding")) {
      const data = finding.dataset;
      finding.hidden = !(kinds.has(data.kind) && owners.has(data.owner) && (rule === "" || rule === data.rule));
      total += Number(data.count);
      if (!finding.hidden) shown += Number(data.count);
    }
    for (const group of all("[data-group]")) group.hidden = !group.querySelector(".finding:not([hidden])");
    const messages = all("article.message");
    let away = 0;
    for (const message of messages) {
      message.hidden = narrowed && messages.length > 1 && !message.querySelector(".finding:not([hidden])");
      if (message.hidden) away += 1;
    }
    const without = away ? `; ${number(away)} ${away === 1 ? "message" : "messages"} without such findings hidden` : "";
    one("told").textContent = `${number(shown)} of ${number(total)} ${total === 1 ? "finding" : "findings"} shown${without}`;
  };
  if (filters) {
    filters.addEventListener("change", showFindings);
    filters.addEventListener("reset", () => setTimeout(showFindings));
    showFindings();
  }

  /* The table of messages. */
  const table = one("messages");
  if (table) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row, at) => ({
      row, at, verdict: Number(row.dataset.verdict), found: Number(row.dataset.found),
      name: row.cells[1].textContent.toLowerCase(),
    }));
    const compare = {
      verdict: (a, b) => a.verdict - b.verdict || b.found - a.found,
      name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
      found: (a, b) => b.found - a.found,
    };
    const more = one("more");
    let limit = more ? rows.filter((each) => !each.row.classList.contains("later")).length : Infinity;
    const list = () => {
      const words = one("search").value.toLowerCase().split(/\s+/).filter(Boolean), verdict = one("verdict").value;
      let shown = 0;
      for (const each of rows) {
        each.row.hidden = !((verdict === "" || Number(verdict) === each.verdict) && words.every((word) => each.name.includes(word)));
        if (!each.row.hidden) shown += 1;
        each.row.classList.toggle("later", shown > limit);
      }
      if (more) more.hidden = shown <= limit;
      const listed = shown > limit ? `, the first ${number(limit)} listed` : "";
      one("listed").textContent = `${number(shown)} of ${number(rows.length)} messages match${listed}`;
    };
    const sort = (button) => {
      const head = button.closest("th"), down = head.getAttribute("aria-sort") === "ascending";
      for (const other of all("thead th", table)) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const by = compare[button.dataset.sort];
      rows.sort((a, b) => (down ? -by(a, b) : by(a, b)) || a.at - b.at);
      const sorted = document.createDocumentFragment();
      for (const each of rows) sorted.append(each.row);
      body.append(sorted);
      list();
    };
    for (const button of all("button[data-sort]", table)) {
      button.disabled = false;
      button.addEventListener("click", () => sort(button));
    }
    let waiting = 0;
    one("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(list, 120); });
    one("verdict").addEventListener("change", list);
    if (more) more.addEventListener("click", () => { limit = Infinity; list(); one("search").focus(); });
    list();
  }

  /* Copying; the button says that it happened. */
  const copied = async (target) => {
    try {
      await navigator.clipboard.writeText(target.textContent);
      return true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(target);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return document.execCommand("copy");
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const done = await copied(one(button.dataset.copy));
    button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  });

  /* A link to a message opens it, and paper has no lids. */
  const reach = () => {
    const target = location.hash.length > 1 && one(decodeURIComponent(location.hash.slice(1)));
    const lid = target && target.querySelector(":scope > details");
    if (!lid) return;
    target.hidden = false;
    lid.open = true;
    lid.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView();
  };
  addEventListener("hashchange", reach);
  reach();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const lid of closed) lid.open = true;
  });
  addEventListener("afterprint", () => { for (const lid of closed) lid.open = false; });
})();
