"use strict";
// Turns the replay's days. Everything else on the page is there without it. Text goes in as text, never as HTML.
(async () => {
  const find = (id) => document.getElementById(id);
  const trouble = (text) => { find("trouble").textContent = text; find("trouble").hidden = false; };
  if (!("DecompressionStream" in window)) {
    trouble("This browser is too old to unpack the other days; `restock explain` tells them too.");
    return;
  }
  const report = JSON.parse(find("report-data").textContent);
  const bytes = Uint8Array.from(atob(find("replay-data").textContent.trim()), (c) => c.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const data = JSON.parse(await new Response(inflated).text());
  const names = report.chain.nodes.map((node) => node.name);
  const [slider, nodes, products] = ["day", "node", "product"].map(find);
  const boxes = [...document.querySelectorAll(".map .node")];
  const group = (value) => {
    const digits = Math.abs(value) < 100 ? value.toFixed(2) : Math.round(Math.abs(value)).toString();
    return Math.abs(value) < 100 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, " ");
  };
  const SVG = document.querySelector("svg").namespaceURI;
  // A word of a command line, so that what is copied from the page can't be another command.
  const word = (text) => (/^[\w.,:\/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const svg = (name, attributes, parent, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };

  // The stockpoint's level, what it aimed at and what it ordered, some weeks around the day.
  const LEFT = 44, TOP = 22, BOTTOM = 150, AROUND = 45;
  const course = (stockpoint, day) => {
    // As wide as its place, so that letters keep their size on a telephone.
    const WIDTH = Math.min(640, Math.max(330, find("course").clientWidth)), RIGHT = WIDTH - 8;
    const last = data.dates.length - 1;
    const from = Math.max(0, Math.min(day - AROUND, last - 2 * AROUND)), to = Math.min(last, from + 2 * AROUND);
    const days = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const all = days.flatMap((d) => [stockpoint.inventory_level[d], stockpoint.level[d] ?? 0, stockpoint.order[d], 0]);
    const low = Math.min(...all), high = Math.max(...all, low + 1);
    const x = (d) => LEFT + ((d - from) / Math.max(1, to - from)) * (RIGHT - LEFT);
    const y = (v) => BOTTOM - ((v - low) / (high - low)) * (BOTTOM - TOP);
    const root = document.createElementNS(SVG, "svg");
    root.setAttribute("viewBox", `0 0 ${WIDTH} 186`);
    root.setAttribute("role", "img");
    root.setAttribute("aria-label", "Inventory level, level aimed at and orders around the day");
    svg("text", { x: 2, y: 12, class: "unit" }, root, "units");
    for (const value of new Set([low, 0, high])) {
      if (value !== 0 && Math.abs(y(value) - y(0)) < 12) continue;
      svg("line", { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value), class: value === 0 ? "axis" : "grid" }, root);
      svg("text", { x: LEFT - 5, y: y(value) + 3.5, "text-anchor": "end" }, root, String(Math.round(value)));
    }
    for (const d of days) {
      const order = stockpoint.order[d];
      if (order > 0) svg("rect", { x: x(d) - 2, width: 4, y: y(order), height: y(0) - y(order), class: "bar c4" }, root);
      if (data.dates[d].endsWith("-01")) svg("text", { x: x(d), y: BOTTOM + 15, "text-anchor": "middle" }, root, data.dates[d]);
    }
    const aims = days.filter((d) => stockpoint.level[d] !== null);
    const points = (list, of) => list.map((d) => `${x(d).toFixed(1)},${y(of[d]).toFixed(1)}`).join(" ");
    svg("polyline", { points: points(aims, stockpoint.level), class: "line c1 dashed" }, root);
    svg("polyline", { points: points(days, stockpoint.inventory_level), class: "line c0" }, root);
    svg("line", { x1: x(day), x2: x(day), y1: TOP - 4, y2: BOTTOM, class: "axis" }, root);
    const keys = [["inventory level", "line c0"], ["level aimed at", "line c1 dashed"], ["order", "bar c4"]];
    keys.forEach(([name, kind], i) => {
      const at = 4 + ((WIDTH - 10) / 3) * i;
      if (kind.startsWith("bar")) svg("rect", { x: at + 8, width: 5, y: 170, height: 10, class: kind }, root);
      else svg("line", { x1: at, x2: at + 22, y1: 175, y2: 175, class: kind }, root);
      svg("text", { x: at + 28, y: 179 }, root, name);
    });
    root.addEventListener("click", (event) => {
      const box = root.getBoundingClientRect();
      const share = (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (RIGHT - LEFT);
      slider.value = Math.round(from + share * (to - from));
      show();
    });
    return root;
  };

  const why = (text, node) => {
    const list = find("why");
    list.replaceChildren();
    const lines = text === "" ? [`              ${names[node]} decides every ${report.chain.nodes[node].review_days} days, not on this one`] : text.split("\n");
    for (const line of lines) {
      const [about, said] = [document.createElement("dt"), document.createElement("dd")];
      [about.textContent, said.textContent] = [line.slice(0, 14).trim(), line.slice(14).trim()];
      list.append(about, said);
    }
  };

  const show = () => {
    const [day, node, product] = [slider, nodes, products].map((input) => Number(input.value));
    const stockpoint = data.stockpoints[product][node];
    const notes = (day < data.warmup_days ? ", warm-up" : "") + (data.disrupted[day] ? ", disrupted" : "");
    find("date").textContent = `${data.dates[day]} (day ${day}${notes})`;
    slider.setAttribute("aria-valuetext", find("date").textContent);
    for (const box of boxes) {
      const n = Number(box.dataset.node);
      box.setAttribute("aria-pressed", String(n === node));
      for (const text of box.querySelectorAll("[data-what]")) {
        const value = data.nodes[n][text.dataset.what][day];
        text.textContent = text.dataset.what === "owed" ? String(value) : group(value);
      }
    }
    find("whose").textContent = `${names[node]}, ${data.products[product]}, ${data.dates[day]} (day ${day})`;
    find("course").replaceChildren(course(stockpoint, day));
    why(stockpoint.why[day], node);
    find("command").textContent =
      `restock explain --run ${word(report.origin.run)} --node ${word(names[node])} --product ${word(data.products[product])} --day ${day}`;
  };
  const choose = (node) => { nodes.value = node; show(); };
  const turn = (by) => { slider.value = Number(slider.value) + by; show(); };
  for (const input of [slider, nodes, products]) input.addEventListener("input", show);
  find("before").addEventListener("click", () => turn(-1));
  find("after").addEventListener("click", () => turn(1));
  for (const box of boxes) {
    box.addEventListener("click", () => choose(box.dataset.node));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(box.dataset.node); }
    });
  }
  find("controls").hidden = false;
  show();
})();
