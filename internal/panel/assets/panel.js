"use strict";
(() => {
const $ = id => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";
let token = "", last = null, lastSeq = -1, movedAt = 0, failing = 0, pending = null, polls = 0;

// --- words and figures
const minus = s => s.replace("-", "−");
const num = (v, d) => v == null ? "–" : minus(new Intl.NumberFormat("en-US", {minimumFractionDigits: d, maximumFractionDigits: d}).format(v));
const usdt = v => num(v, v != null && Math.abs(v) >= 100000 ? 0 : 2);
const signed = v => v == null ? "–" : (v > 0 ? "+" : "") + usdt(v);
const pct = (v, d) => v == null ? "–" : num(v * 100, d) + " %";
const tone = v => v > 0 ? "gain" : v < 0 ? "loss" : "";
const two = n => String(n).padStart(2, "0");
const clock = ms => { const d = new Date(ms); return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()); };
const stamp = ms => { const d = new Date(ms); return d.getUTCFullYear() + "-" + two(d.getUTCMonth() + 1) + "-" + two(d.getUTCDate()) + " " + clock(ms) + (ms % 60000 ? ":" + two(d.getUTCSeconds()) : ""); };
const span = ms => { const m = Math.max(0, Math.round(ms / 60000)); return m >= 60 ? Math.floor(m / 60) + " h " + m % 60 + " min" : m + " min"; };

// --- the page is changed where it differs, so that focus and reading stay
const text = (e, s, cls) => { if (e.textContent !== s) e.textContent = s; if (cls !== undefined && e.className !== cls) e.className = cls; };
const attr = (e, k, v) => { if (e.getAttribute(k) !== String(v)) e.setAttribute(k, v); };
function children(parent, n, make) {
  while (parent.children.length > n) parent.lastElementChild.remove();
  while (parent.children.length < n) parent.append(make());
  return [...parent.children];
}
function row(cells) {
  const tr = document.createElement("tr"); tr.setAttribute("role", "row");
  cells.forEach((c, i) => { const e = document.createElement(i ? "td" : "th"); if (!i) { e.scope = "row"; e.setAttribute("role", "rowheader"); } else e.setAttribute("role", "cell"); tr.append(e); });
  return tr;
}
// rows fills a table's body; a cell is a text, or [text, class, label].
function rows(body, list) {
  children(body, list.length, () => row(list[0])).forEach((tr, r) => list[r].forEach((c, i) => {
    const [s, cls, label] = Array.isArray(c) ? c : [c];
    if (typeof s === "string") text(tr.cells[i], s, cls || "");
    if (label) attr(tr.cells[i], "data-l", label);
  }));
}
function svg(name, attrs) { const e = document.createElementNS(NS, name); for (const k in attrs) e.setAttribute(k, attrs[k]); return e; }

// --- parts of the page
function head(s, quiet) {
  text($("mode"), s.mode + " · " + s.strategy + "/" + s.preset);
  const st = s.state;
  let [word, cls] = ["RUNNING", "chip"];
  if (failing > 2) [word, cls] = ["NO ANSWER", "chip off"];
  else if (st.ended) [word, cls] = ["ENDED", "chip off"];
  else if (st.killed) [word, cls] = ["KILLED", "chip bad"];
  else if (st.paused) [word, cls] = ["PAUSED", "chip mid"];
  else if (st.halted) [word, cls] = ["HALT", "chip bad"];
  else if (s.warming) [word, cls] = ["WARMING UP", "chip off"];
  else if (st.pool && st.pool !== "NORMAL") [word, cls] = [st.pool, st.pool === "ALARM" ? "chip mid" : "chip bad"];
  text($("state"), word, cls);
  document.title = word + " · " + usdt(s.money.equity) + " · carry";
  let why = "";
  if (failing > 2) why = "The session does not answer. What is below is from " + stamp(s.at_ms) + ".";
  else if (st.ended) why = "The session has ended: " + st.ended + ".";
  else if (st.killed) why = "The kill switch is on: nothing is opened or transferred, nothing closed by rule. What is held stays hedged and is reduced where leverage is too high; what a person closes is closed.";
  else if (st.links_down) why = st.links_down + (st.links_down > 1 ? " connections are" : " connection is") + " down. Nothing is opened until all are up.";
  else if (st.paused) why = "Paused by a person: nothing is opened, nothing closed by rule. What is held stays hedged and is reduced where leverage is too high.";
  else if (st.halted) why = "HALT: repair and reduction only.";
  text($("banner"), why); $("banner").hidden = !why;
  $("all").classList.toggle("stale", failing > 2);
  const over = failing > 2 || !!st.ended;
  text($("pause"), st.paused && !st.killed ? "Resume" : "Pause");
  $("pause").disabled = over || st.killed; $("kill").disabled = over || st.killed; $("closeall").disabled = $("test").disabled = $("rules").disabled = over;
  text($("when"), "Market time " + stamp(s.at_ms) + " UTC, event " + num(s.seq, 0) + (quiet > 90 ? "; nothing new for " + span(quiet * 1000) : ""));
}

function tiles(s) {
  const m = s.money, l = s.leverage;
  text($("equity"), usdt(m.equity)); text($("equityaside"), "USDT; began with " + usdt(m.start) + (m.flows ? ", flows " + signed(m.flows) : ""));
  text($("profit"), signed(m.profit), tone(m.profit)); text($("day"), "today " + signed(m.day) + (m.adjust ? "; adjusted by " + signed(m.adjust) : ""));
  text($("used"), num(m.used, 2) + "×", l.alarm && m.used > l.alarm ? "warn" : "");
  text($("up"), m.liquidation_up == null ? "–" : "+" + pct(m.liquidation_up, 1), m.liquidation_up != null && m.liquidation_up < 0.15 ? "warn" : "");
  text($("notional"), usdt(m.notional)); text($("limit"), m.limit ? "USDT, " + num(100 * m.notional / m.limit, 0) + " % of " + usdt(m.limit) : "USDT");
  text($("next"), s.next_settlement_ms ? span(s.next_settlement_ms - s.at_ms) : "–"); text($("nextat"), s.next_settlement_ms ? "at " + clock(s.next_settlement_ms) + " UTC" : "");
  meter(m.used, l);
}
function meter(used, l) {
  const box = $("meter"), top = Math.min(l.emergency || 1e9, Math.max(l.reduce || 0, l.target * 1.5)) * 1.1;
  if (!l.target || !isFinite(top) || top > 100) { text(box, l.target ? "target " + num(l.target, 1) : ""); return; }
  const key = [used, l.target, l.alarm, l.reduce].join();
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const g = svg("svg", {viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": "target " + l.target + ", alarm " + l.alarm + ", reduction " + l.reduce});
  g.append(svg("rect", {class: "back", x: 0, y: 3, width: 100, height: 4}));
  g.append(svg("rect", {class: l.alarm && used > l.alarm ? "loss" : "gain", x: 0, y: 3, width: Math.min(100, 100 * (used || 0) / top), height: 4}));
  for (const v of [l.target, l.alarm, l.reduce]) if (v && v < top) g.append(svg("line", {x1: 100 * v / top, x2: 100 * v / top, y1: 0, y2: 10, "vector-effect": "non-scaling-stroke"}));
  box.replaceChildren(g, "target " + num(l.target, 1) + ", alarm " + num(l.alarm, 1) + ", cut at " + num(l.reduce, 1));
}

const isHeld = p => p.state !== "FLAT" && (p.contracts !== 0 || p.coins !== 0); // what is flat has dust at most
function pairs(s) {
  const all = s.pairs || [], held = all.filter(isHeld).sort((a, b) => b.value - a.value), rest = all.filter(p => !isHeld(p)).sort((a, b) => (b.rate8h ?? -9) - (a.rate8h ?? -9));
  text($("heldsays"), held.length ? held.length + " of " + all.length + ". Rates are predicted; profit is funding, basis, fees and slippage together." : "Nothing is held.");
  rows($("held"), held.map(p => [p.coin, [p.state + (p.why ? " (" + p.why + ")" : "") + (p.tradable ? "" : ", no market") + (p.orders ? ", " + p.orders + " on the way" : ""), "", "state"],
    [usdt(p.value), "num", "value"], [pct(p.rate8h, 4), "num " + (p.rate8h < 0 ? "loss" : ""), "rate, 8 h"], [clock(p.next_settlement_ms), "num", "settles"],
    [pct(p.open_premium, 3), "num", "to open"], [pct(p.close_premium, 3), "num", "to close"], [signed(p.funding), "num " + tone(p.funding), "funding"],
    [signed(p.profit), "num " + tone(p.profit), "profit"], [null, "act"]]));
  [...$("held").rows].forEach((tr, i) => {
    const td = tr.cells[9];
    if (!td.firstChild) { const b = document.createElement("button"); b.type = "button"; b.textContent = "Close…"; b.addEventListener("click", () => sure("close", b.dataset.coin)); td.append(b); td.className = "act"; }
    td.firstChild.dataset.coin = held[i].coin; attr(td.firstChild, "aria-label", "Close " + held[i].coin);
  });
  text($("otherssays"), rest.length + " pairs that are not held, by rate"); $("others").hidden = !rest.length;
  rows($("rest"), rest.map(p => [p.coin, [p.why || (p.tradable ? "–" : "no market"), "", "why not"], [pct(p.rate8h, 4), "num " + (p.rate8h < 0 ? "loss" : ""), "rate, 8 h"],
    [p.next_settlement_ms ? clock(p.next_settlement_ms) : "–", "num", "settles"], [pct(p.open_premium, 3), "num", "to open"], [p.profit ? signed(p.profit) : "–", "num " + tone(p.profit), "profit so far"]]));
}

const partNames = [["funding_received", "funding received"], ["funding_paid", "funding paid"], ["basis", "basis"], ["spot_fees", "spot fees"], ["perp_fees", "futures fees"], ["slippage", "slippage"], ["liquidation", "liquidation"], ["dust", "rounding"], ["total", "all"]];
function parts(s) {
  const a = s.attribution, list = partNames.filter(([k]) => a[k] || k === "total" || k === "funding_received");
  const low = Math.min(0, ...list.map(([k]) => a[k])), high = Math.max(0, ...list.map(([k]) => a[k])), size = high - low || 1, zero = -low / size * 100;
  children($("parts"), list.length, () => { const tr = row(["", "", ""]); tr.cells[2].append(svg("svg", {viewBox: "0 0 100 16", preserveAspectRatio: "none", "aria-hidden": "true"})); return tr; }).forEach((tr, i) => {
    const [k, name] = list[i], v = a[k];
    attr(tr, "class", k === "total" ? "sum" : "");
    text(tr.cells[0], name); text(tr.cells[1], signed(v), "num");
    const g = tr.cells[2].firstChild, w = Math.abs(v) / size * 100;
    g.replaceChildren(svg("rect", {class: k === "total" ? "total" : v < 0 ? "loss" : "gain", x: v < 0 ? zero - w : zero, y: 2, width: w, height: 12}), svg("line", {class: "zero", x1: zero, x2: zero, y1: 0, y2: 16, "vector-effect": "non-scaling-stroke"}));
  });
}

function curve(s) {
  const c = s.curve, n = (c.at_ms || []).length, key = n + " " + (c.at_ms || [])[n - 1];
  const box = $("curve");
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  if (n < 2) { text(box, "There is no curve yet."); return; }
  const W = 480, H = 190, L = 0, R = 84, top = 16, split = 128, low = 150;
  const x = i => L + (W - L - R) * (c.at_ms[i] - c.at_ms[0]) / (c.at_ms[n - 1] - c.at_ms[0] || 1);
  const line = (v, y0, y1, floor) => {
    const known = v.filter(u => u != null);
    let min = floor ?? Math.min(...known), max = Math.max(...known);
    if (max - min < 1e-9 * Math.abs(max)) max = min + Math.max(1e-9, Math.abs(max) * 1e-4);
    return v.map((u, i) => u == null ? "" : (i ? "L" : "M") + x(i).toFixed(1) + " " + (y1 - (y1 - y0) * (u - min) / (max - min)).toFixed(1)).join("").replace(/^L/, "M");
  };
  const g = svg("svg", {viewBox: "0 0 " + W + " " + H, role: "img", "aria-label": "Equity from " + usdt(c.equity[0]) + " to " + usdt(c.equity[n - 1]) + " USDT"});
  g.append(svg("line", {x1: L, x2: W - R, y1: split, y2: split}), svg("line", {x1: L, x2: W - R, y1: 172, y2: 172}));
  g.append(svg("path", {d: line(c.equity, top, split - 4)}), svg("path", {class: "used", d: line(c.used, low - 14, 172, 0)}));
  const label = (px, py, str, cls, anchor) => { const t = svg("text", {x: px, y: py, class: cls || "", "text-anchor": anchor || "start"}); t.textContent = str; g.append(t); };
  label(W - R + 6, top + 8, usdt(c.equity[n - 1]), "e"); label(W - R + 6, 168, num(c.used[n - 1], 2) + "×", "u");
  label(L, H - 3, stamp(c.at_ms[0]).slice(0, 10)); label(W - R, H - 3, stamp(c.at_ms[n - 1]).slice(0, 10), "", "end");
  box.replaceChildren(g);
}

function tables(s) {
  const m = s.money;
  rows($("wallets"), [["spot wallet", [usdt(m.spot), "num"], "USDT"], ["coins", [usdt(m.coins), "num"], "USDT at the last prices"], ["futures wallet", [usdt(m.futures), "num"], "USDT without unrealised profit"],
    ["margin", [usdt(m.margin), "num"], "USDT with it; " + usdt(m.maintenance) + " must stay"]]);
  const q = s.queue || [];
  text($("queuesays"), q.length ? "Were leverage too high, these would be cut, the first first." : "Nothing to reduce.");
  $("queue").parentElement.hidden = !q.length;
  rows($("queue"), q.map((l, i) => [(i + 1) + ". " + l.coin + (l.skipped ? " (no market)" : ""), [l.skipped ? "–" : pct(l.rate8h, 4), "num"], [l.skipped ? "–" : pct(l.close_premium, 3), "num"], [usdt(l.value), "num"]]));
  rows($("slices"), s.slices.map((l, i) => [i ? "close and reduce" : "open", [num(l.sent, 0), "num"], [num(l.filled, 0), "num"], [num(l.partly, 0), "num"], [num(l.missed, 0), "num"], [num(l.refused, 0), "num"],
    [pct(l.seen, 3), "num"], [pct(l.got, 3), "num"], [l.seen == null ? "–" : num((l.got - l.seen) * 1e4, 1), "num"]]));
}

function lines(list, items, empty) {
  if (!items.length) { if (list.dataset.none !== "1") { const li = document.createElement("li"); li.append(Object.assign(document.createElement("span"), {className: "none", textContent: empty})); list.replaceChildren(li); list.dataset.none = "1"; } return; }
  if (list.dataset.none === "1") { list.replaceChildren(); list.dataset.none = ""; }
  children(list, items.length, () => { const li = document.createElement("li"); li.append(document.createElement("time"), Object.assign(document.createElement("span"), {className: "tag"}), document.createElement("p")); return li; }).forEach((li, i) => {
    const l = items[i];
    if (li.className !== (l.cls || "")) li.className = l.cls || "";
    text(li.children[0], stamp(l.at)); text(li.children[1], l.tag); text(li.children[2], l.text);
  });
}

function show(s) {
  const quiet = (Date.now() - movedAt) / 1000;
  head(s, quiet); tiles(s); pairs(s); curve(s); parts(s); tables(s);
  lines($("alarms"), (s.alarms || []).slice(0, 20).map(a => ({at: a.at_ms, cls: a.level, tag: (a.coin ? a.coin + " " : "") + a.level, text: a.text + (a.sent ? " · sent by " + a.sent.join(", ") : "") + (a.lost ? " · NOT sent by " + a.lost.join(", ") : "")})), "None.");
  lines($("events"), (s.events || []).map(e => ({at: e.at_ms, tag: (e.coin ? e.coin + " " : "") + (e.code === "ok" ? "" : e.code), text: e.text})), "Nothing yet.");
  const n = s.counts;
  text($("foot"), s.program + " · " + s.source + " · started " + stamp(s.started_ms) + " UTC · " + [[n.commands, "commands"], [n.fills, "fills"], [n.fundings, "fundings"], [n.transfers, "transfers"], [n.unknown, "outcomes unknown at first"], [n.link_breaks, "connections lost"], [n.liquidations, "liquidations"]].map(([v, w]) => w + " " + num(v, 0)).join(", "));
}

// --- talking to the session
const ask = (path, body) => fetch(path, {method: body === undefined ? "GET" : "POST", body: body === undefined ? undefined : JSON.stringify(body), headers: {Authorization: "Bearer " + token}, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(15000)});
function door(why) { $("all").hidden = true; $("door").hidden = false; document.querySelector(".acts").hidden = true; text($("doorsays"), why); text($("state"), "no token", "chip off"); }

async function poll() {
  const mine = ++polls;
  try {
    const r = await ask("api/state");
    if (r.status === 401) { try { sessionStorage.removeItem("token"); } catch {} token = ""; door("This token is missing or wrong."); return; }
    if (!r.ok) throw new Error(r.status);
    const s = await r.json();
    failing = 0;
    if (s.seq !== lastSeq) { lastSeq = s.seq; movedAt = Date.now(); }
    last = s;
    $("door").hidden = true; $("all").hidden = false; document.querySelector(".acts").hidden = false;
    show(s);
  } catch (e) {
    failing++;
    if (last) head(last, 0); else text($("state"), "NO ANSWER", "chip off");
  }
  if (mine === polls) setTimeout(() => { if (mine === polls) poll(); }, document.hidden ? 10000 : failing > 2 ? 5000 : 1000);
}
async function act(name, body) {
  say("Asking…");
  try {
    const r = await ask("api/" + name, body || {}), a = await r.json();
    say(a.done ? "Done: the session took it." : "Not done: " + a.error);
  } catch { say("Not done: the session does not answer."); }
}
let sayTimer = 0;
function say(s) { text($("said"), s); clearTimeout(sayTimer); sayTimer = setTimeout(() => text($("said"), ""), 6000); }

const questions = {
  kill: () => ["Kill?", "From now on nothing is opened, nothing closed by rule and no money moved, until the program is started anew. What is held stays hedged and is reduced where leverage is too high. Closing by hand still works.", "Kill"],
  "close-all": () => ["Close everything?", "Both legs of every pair are sold and bought back, slice by slice. This costs fees and the premium of now.", "Close all"],
  close: coin => ["Close " + coin + "?", "Both legs of " + coin + " are closed, slice by slice.", "Close " + coin],
};
function sure(name, coin) {
  const [title, why, yes] = questions[name](coin);
  text($("sureh"), title); text($("suresays"), why); text($("yes"), yes);
  pending = [name, coin ? {coin} : {}];
  $("sure").showModal(); $("no").focus();
}
$("yes").addEventListener("click", () => { $("sure").close(); act(...pending); });
$("no").addEventListener("click", () => $("sure").close());
$("kill").addEventListener("click", () => sure("kill"));
$("closeall").addEventListener("click", () => sure("close-all"));
$("pause").addEventListener("click", () => act($("pause").textContent === "Resume" ? "resume" : "pause"));
$("test").addEventListener("click", () => act("alarm-test"));
$("rules").addEventListener("click", () => act("reread-rules"));
$("door").addEventListener("submit", e => { e.preventDefault(); enter($("token").value.trim()); $("token").value = ""; });

function enter(t) {
  token = t;
  try { sessionStorage.setItem("token", t); } catch {}
  poll();
}
function start() {
  let t = location.hash.slice(1);
  if (t) history.replaceState(null, "", location.pathname);
  if (!t) try { t = sessionStorage.getItem("token") || ""; } catch {}
  if (t) enter(t); else door("");
}
addEventListener("hashchange", start);
document.addEventListener("visibilitychange", () => { if (!document.hidden && token && failing) poll(); });
start();
})();
