"use strict";
(() => {
const $ = (s, e = document) => [...e.querySelectorAll(s)];

// Theme: the button overrides what the system prefers.
const top = document.querySelector(".top");
if (top) {
  const b = document.createElement("button");
  const dark = () => (document.documentElement.dataset.theme ||
    (matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { b.textContent = dark() ? "Light" : "Dark"; };
  b.id = "theme"; b.type = "button"; b.setAttribute("aria-label", "Switch between light and dark");
  b.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  name(); top.append(b);
}

// Sortable tables: a button in each heading; numbers by data-v, texts by text.
for (const t of $("table.sortable")) $("thead th", t).forEach((th, i) => {
  const b = document.createElement("button");
  b.type = "button"; b.append(...th.childNodes); th.append(b); th.setAttribute("aria-sort", "none");
  b.addEventListener("click", () => {
    const num = th.classList.contains("num");
    const down = th.ariaSort === "none" ? num : th.ariaSort === "ascending";
    const key = r => num ? parseFloat(r.cells[i].dataset.v) : r.cells[i].textContent;
    const bad = k => num && isNaN(k);
    const rows = [...t.tBodies[0].rows].map(r => [key(r), r]);
    rows.sort(([a], [b]) => bad(a) || bad(b) ? bad(a) - bad(b) : (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
    t.tBodies[0].append(...rows.map(r => r[1]));
    $("thead th", t).forEach(x => x.setAttribute("aria-sort", "none"));
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
  });
});

// Charts over time share one window [a, b] and one cursor, as shares of the span.
const NS = "http://www.w3.org/2000/svg", MINUS = "\u2212", NB = "\u00a0", W = 10000, DAY = 864e5;
const fmt = (v, d) => (v < 0 && +v.toFixed(d) !== 0 ? MINUS : "") + Math.abs(v).toFixed(d);
const plus = (v, d) => (v > 0 && +v.toFixed(d) !== 0 ? "+" : "") + fmt(v, d);
const units = {
  growth: [v => fmt(v, 3), (v, d) => fmt(v, Math.max(1, d)), 1],
  percent: [v => plus(v * 100, 2) + NB + "%", (v, d) => plus(v * 100, d) + NB + "%", 100],
  times: [v => fmt(v, 2) + "×", (v, d) => fmt(v, d) + "×", 1],
};
const el = (name, attrs, label) => {
  const e = document.createElementNS(NS, name);
  for (const k in attrs) e.setAttribute(k, attrs[k]);
  if (label) e.textContent = label;
  return e;
};
const nice = x => { const u = 10 ** Math.floor(Math.log10(x)); return u * [1, 2, 2.5, 5, 10].find(m => m * u >= x * (1 - 1e-9)); };
const decimals = s => { let d = 0; while (d < 8 && Math.abs(s * 10 ** d - Math.round(s * 10 ** d)) > 1e-6 * s * 10 ** d) d++; return d; };

// A path is "Mx yl dx dy dx dy…": its points are the data.
const points = d => d.split("M").slice(1).flatMap(run => {
  const n = run.match(/-?\d+/g).map(Number), out = [];
  for (let i = 0, x = 0, y = 0; i + 1 < n.length; i += 2) out.push([x += n[i], y += n[i + 1]]);
  out.push(null);
  return out;
});

const charts = $("figure.chart").map(fig => {
  const q = s => fig.querySelector(s), d = fig.dataset;
  const c = {fig, q, t0: +d.t0, t1: +d.t1, y0: +d.y0, y1: +d.y1, zero: d.zero, unit: units[d.unit], h: +q(".canvas").getAttribute("height")};
  c.series = $(".key", fig).map(k => {
    const s = [...k.classList].find(x => x !== "key"), out = k.querySelector("output");
    const p = q("path.line." + s);
    return {s, out, last: out.textContent, name: k.textContent.slice(0, -out.textContent.length), d: p ? p.getAttribute("d") : ""};
  });
  c.keep = $(".yaxis,.grid,.ends,.xaxis", fig).map(e => [e, [...e.childNodes]]);
  return c;
});
const load = s => s.p || (s.p = points(s.d));
const valueOf = (c, y) => c.y0 + (1 - y / W) * (c.y1 - c.y0);
const near = (c, s, x) => {
  const p = load(s); let best = null, gap = Infinity;
  for (const q of p) if (q && Math.abs(q[0] - x) < gap) { gap = Math.abs(q[0] - x); best = q; }
  return best && gap < W / 20 ? valueOf(c, best[1]) : NaN;
};

let a = 0, b = 1, at = null;
function reset() {
  a = 0; b = 1;
  for (const c of charts) { c.q(".data").setAttribute("viewBox", `0 0 ${W} ${W}`); for (const [e, n] of c.keep) e.replaceChildren(...n); }
  mark();
}
function timeTicks(t0, t1, n) {
  const out = [], span = t1 - t0, put = (t, s) => { if (t >= t0 && t <= t1) out.push([t, s]); };
  const month = [1, 3, 6, 12].find(m => span / (m * 30 * DAY) <= n);
  if (span > 60 * DAY && month) {
    for (let y = new Date(t0).getUTCFullYear(), m = 0; ; m += month) {
      const t = Date.UTC(y, m, 1); if (t > t1) return out;
      const d = new Date(t); put(t, d.getUTCMonth() ? d.toLocaleString("en", {month: "short", year: out.length ? undefined : "numeric", timeZone: "UTC"}) : "" + d.getUTCFullYear());
    }
  }
  const step = [1 / 24, 1 / 8, 1 / 4, 1 / 2, 1, 2, 5, 10, 20].map(x => x * DAY).find(x => span / x <= n) || 30 * DAY;
  for (let t = Math.ceil(t0 / step) * step; t <= t1; t += step) put(t, t % DAY ? new Date(t).toISOString().slice(11, 16) :
    new Date(t).toLocaleString("en-GB", {day: "numeric", month: "short", year: out.length ? undefined : "numeric", timeZone: "UTC"}));
  return out;
}
function draw() {
  if (a <= 0 && b >= 1) return reset();
  for (const c of charts) {
    let lo = Infinity, hi = -Infinity;
    for (const s of c.series) for (const p of load(s)) if (p && p[0] >= a * W && p[0] <= b * W) { const v = valueOf(c, p[1]); lo = Math.min(lo, v); hi = Math.max(hi, v); }
    if (lo > hi) { lo = c.y0; hi = c.y1; }
    if (c.zero) hi = 0;
    const pad = (hi - lo || Math.abs(hi) * .01 || .01) * .06;
    lo -= pad; if (!c.zero) hi += pad;
    const py = v => (1 - (v - c.y0) / (c.y1 - c.y0)) * W, px = v => (1 - (v - lo) / (hi - lo)) * c.h;
    c.q(".data").setAttribute("viewBox", `${a * W} ${py(hi)} ${(b - a) * W} ${py(lo) - py(hi)}`);
    const k = c.unit[2], step = nice((hi - lo) * k / 5), ys = [], grid = [];
    for (let i = Math.ceil(lo * k / step); i * step <= hi * k; i++) {
      const v = i * step / k, y = px(v);
      ys.push(el("text", {x: 46, y, dy: ".35em"}, c.unit[1](v, decimals(step))));
      grid.push(el("line", {x1: 0, x2: "100%", y1: y, y2: y, class: i ? "" : "zero"}));
    }
    c.q(".yaxis").replaceChildren(...ys); c.q(".grid").replaceChildren(...grid);
    const t0 = c.t0 + a * (c.t1 - c.t0), t1 = c.t0 + b * (c.t1 - c.t0);
    c.q(".xaxis").replaceChildren(...timeTicks(t0, t1, c.q(".canvas").clientWidth / 75).map(([t, s]) =>
      el("text", {x: (t - t0) / (t1 - t0) * 100 + "%", y: 17}, s)));
    const ends = c.q(".ends");
    const last = c.series.map(s => [px(near(c, s, b * W)), s]).filter(e => isFinite(e[0])).sort((p, q) => p[0] - q[0]);
    last.forEach((e, i) => { if (i) e[0] = Math.max(e[0], last[i - 1][0] + 15); });
    ends.replaceChildren(...last.map(([y, s]) => el("text", {class: s.s, x: 8, y, dy: ".35em"}, c.series.length > 1 ? s.name : c.unit[0](near(c, s, b * W)))));
  }
  mark();
}
function mark() {
  for (const c of charts) {
    const on = at !== null && at >= a && at <= b;
    c.fig.classList.toggle("live", on);
    const x = on ? (at - a) / (b - a) * 100 + "%" : 0, line = c.q(".cursor");
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    const t = on && new Date(c.t0 + at * (c.t1 - c.t0));
    c.q(".when").textContent = on ? t.toLocaleString("en-GB", {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"}) + " " + t.toISOString().slice(11, 13) + " h UTC" : "";
    for (const s of c.series) { const v = on ? near(c, s, at * W) : NaN; s.out.textContent = on ? (isFinite(v) ? c.unit[0](v) : "n/a") : s.last; }
  }
}
const zoom = (p, q) => { if (q - p > 1e-4) { a = Math.max(0, p); b = Math.min(1, q); draw(); } };
for (const c of charts) {
  const area = c.q(".canvas"), brush = c.q(".brush");
  const pos = e => { const r = area.getBoundingClientRect(); return Math.min(1, Math.max(0, (e.clientX - r.left) / r.width)); };
  let from = null;
  const end = () => { from = null; brush.style.visibility = "hidden"; };
  area.addEventListener("pointerdown", e => { if (e.button === 0) { from = pos(e); area.setPointerCapture(e.pointerId); } });
  area.addEventListener("pointermove", e => {
    const x = pos(e);
    at = a + x * (b - a); mark();
    if (from === null) return;
    brush.style.visibility = "visible";
    brush.setAttribute("x", Math.min(from, x) * 100 + "%"); brush.setAttribute("width", Math.abs(x - from) * 100 + "%");
  });
  area.addEventListener("pointerup", e => {
    if (from === null) return;
    const p = Math.min(from, pos(e)), q = Math.max(from, pos(e)), w = b - a;
    end();
    if (q - p > .015) zoom(a + p * w, a + q * w);
  });
  area.addEventListener("pointercancel", end);
  area.addEventListener("pointerleave", () => { if (from === null) { at = null; mark(); } });
  area.addEventListener("dblclick", reset);
  c.fig.addEventListener("blur", () => { at = null; mark(); });
  c.fig.addEventListener("keydown", e => {
    const w = b - a, x = at === null ? (a + b) / 2 : at, step = e.key === "ArrowLeft" ? -1 : 1;
    const slide = d => { const m = Math.min(1 - b, Math.max(-a, d)); a += m; b += m; draw(); };
    if (e.key === "ArrowLeft" || e.key === "ArrowRight") {
      if (e.shiftKey) slide(step * w / 4);
      else { at = Math.min(b, Math.max(a, x + step * w / 100)); mark(); }
    } else if (e.key === "+" || e.key === "=") zoom(Math.max(a, x - w / 4), Math.min(b, x + w / 4));
    else if (e.key === "-") zoom(x - w, x + w);
    else if (e.key === "Escape" || e.key === "0") { at = null; reset(); }
    else return;
    e.preventDefault();
  });
}
})();
