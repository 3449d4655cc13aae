// The whole cycle by ccxt, spot and linear, currencies off.
import ccxt from 'ccxt';
import { pass, run, saw, task, tried, within } from './talk.mjs';

// client is an exchange of ccxt whose addresses are the loopback's.
function client() {
  const c = new ccxt.pro.binance({
    apiKey: task.key,
    secret: task.secret,
    enableRateLimit: false,
    options: {
      fetchCurrencies: false,
      fetchMargins: false,
      fetchMarkets: { types: ['spot', 'linear'] },
      recvWindow: 5000,
      watchBalance: { fetchBalanceSnapshot: false, awaitBalanceSnapshot: false },
      watchPositions: { fetchPositionsSnapshot: false, awaitPositionsSnapshot: false },
    },
  });
  const home = (text) =>
    text.replace(/^https:\/\/[^/]+/, task.url).replace(/^wss:\/\/[^/]+/, task.url.replace('http', 'ws'));
  const move = (tree) => {
    for (const k of Object.keys(tree)) {
      if (typeof tree[k] === 'string') tree[k] = home(tree[k]);
      else move(tree[k]);
    }
  };
  move(c.urls.api);
  // ccxt knows spot's streams by their host's name, stream.binance.com. A user's
  // name before the address looks the same to it.
  c.urls.api.ws.spot = c.urls.api.ws.spot.replace('//', '//stream@');
  return c;
}

// refused is the code with which the exchange refuses.
async function refused(what, call) {
  try {
    saw(`refused ${what}`, { result: await call() });
  } catch (e) {
    const found = /"code":(-?\d+)/.exec(e.message);
    saw(`refused ${what}`, { code: found ? Number(found[1]) : null, kind: e.constructor.name, text: e.message });
  }
}

// clock sets the client's clock: here the exchange's stands between two bars.
async function clock(c) {
  await c.loadTimeDifference();
  return c;
}

async function rules(c) {
  await c.loadMarkets();
  for (const [what, symbol] of [['spot', task.spot], ['linear', task.linear]]) {
    const m = c.market(symbol);
    saw(`rules ${what}`, {
      id: m.id, active: m.active, contractSize: m.contractSize, precision: m.precision, limits: m.limits, taker: m.taker, maker: m.maker,
    });
    await tried(`klines ${what}`, async () => c.fetchOHLCV(symbol, '1h', undefined, 5));
  }
  await tried('time', async () => c.fetchTime());
  await tried('ticker', async () => c.fetchBidsAsks([task.spot]));
  await tried('last', async () => c.fetchLastPrices([task.linear]));
  await tried('funding', async () => c.fetchFundingRateHistory(task.linear, undefined, 3));
  await tried('predicted', async () => c.fetchFundingRate(task.linear));
  await tried('intervals', async () => c.fetchFundingIntervals());
  await tried('brackets', async () => (await (await clock(c)).fetchLeverageTiers([task.linear]))[task.linear]);
}

async function settings(c) {
  await tried('mode', async () => (await clock(c)).fetchPositionMode(task.linear));
  await tried('set mode', async () => c.setPositionMode(false, task.linear).then(() => 'changed', (e) => e.message));
  await tried('set margin', async () => (await clock(c)).setMarginMode('cross', task.linear).then((r) => r.msg ?? r, (e) => e.message));
  await tried('leverage', async () => (await clock(c)).setLeverage(3, task.linear));
  await tried('fees spot', async () => (await clock(c)).fetchTradingFee(task.spot));
  await tried('fees linear', async () => (await clock(c)).fetchTradingFee(task.linear));
}

async function trade(c) {
  const { qty } = task;
  await tried('short', async () => (await clock(c)).createOrder(task.linear, 'market', 'sell', qty, undefined, { clientOrderId: 'ccxt-short' }));
  await tried('long', async () => (await clock(c)).createOrder(task.spot, 'market', 'buy', qty, undefined, { clientOrderId: 'ccxt-long' }));
  await tried('by cost', async () => (await clock(c)).createMarketBuyOrderWithCost(task.spot, 50));
  await tried('fill or kill', async () => (await clock(c)).createOrder(task.spot, 'limit', 'buy', qty, task.price * 1.01, { timeInForce: 'FOK' }));
  await tried('killed', async () => (await clock(c)).createOrder(task.spot, 'limit', 'buy', qty, task.price * 0.95, { timeInForce: 'FOK' }));
  await tried('now or never', async () => (await clock(c)).createOrder(task.linear, 'limit', 'sell', qty, task.price * 0.99, { timeInForce: 'IOC' }));
  const rest = await tried('rest', async () => (await clock(c)).createOrder(task.linear, 'limit', 'sell', qty, task.price * 1.04, { postOnly: true, clientOrderId: 'ccxt-rest' }));
  await tried('query', async () => (await clock(c)).fetchOrder(rest.id, task.linear));
  await tried('by name', async () => (await clock(c)).fetchOrder('', task.linear, { clientOrderId: 'ccxt-rest' }));
  await tried('open', async () => (await clock(c)).fetchOpenOrders(task.linear));
  await tried('cancel', async () => (await clock(c)).cancelOrder(rest.id, task.linear));
  await (await clock(c)).createOrder(task.linear, 'limit', 'sell', qty, task.price * 1.04, { clientOrderId: 'ccxt-rest-2' });
  await (await clock(c)).createOrder(task.spot, 'limit', 'buy', qty, task.price * 0.96, { clientOrderId: 'ccxt-rest-3' });
  await (await clock(c)).cancelAllOrders(task.linear);
  await (await clock(c)).cancelAllOrders(task.spot);
  await tried('none open', async () => [...(await (await clock(c)).fetchOpenOrders(task.linear)), ...(await (await clock(c)).fetchOpenOrders(task.spot))]);
  await tried('orders', async () => (await clock(c)).fetchOrders(task.linear));
  await tried('trades linear', async () => (await clock(c)).fetchMyTrades(task.linear));
  await tried('trades spot', async () => (await clock(c)).fetchMyTrades(task.spot));
  await refused('too much', async () => (await clock(c)).createOrder(task.spot, 'market', 'buy', qty * 1000));
  await refused('nothing to reduce', async () => (await clock(c)).createOrder(task.linear, 'market', 'sell', qty, undefined, { reduceOnly: true }));
  await refused('gone', async () => (await clock(c)).cancelOrder(rest.id, task.linear));
  await refused('never there', async () => (await clock(c)).fetchOrder('1', task.spot));
  await refused('would take', async () => (await clock(c)).createOrder(task.linear, 'limit', 'sell', qty, task.price * 0.99, { postOnly: true }));
}

async function account(c) {
  await tried('transfer', async () => (await clock(c)).transfer('USDT', 100, 'spot', 'linear'));
  await tried('transfers', async () => (await clock(c)).fetchTransfers('USDT'));
  await tried('balance spot', async () => (await (await clock(c)).fetchBalance({ type: 'spot' })).total);
  await tried('balance linear', async () => (await (await clock(c)).fetchBalance({ type: 'swap' })).USDT);
  await tried('positions', async () => (await clock(c)).fetchPositions([task.linear]));
  await tried('paid', async () => (await clock(c)).fetchFundingHistory(task.linear));
}

// streams hears the market and what happens to the account.
async function streams(c) {
  const market = {
    'spot bar': c.watchOHLCV(task.spot, '1h'),
    'linear bar': c.watchOHLCV(task.linear, '1h'),
    mark: c.watchMarkPrice(task.linear),
    'spot book': c.watchBidsAsks([task.spot]),
    'linear book': c.watchBidsAsks([task.linear]),
  };
  await clock(c);
  const orders = [c.watchOrders(task.spot), c.watchOrders(task.linear)];
  const balances = [c.watchBalance({ type: 'spot' }), c.watchBalance({ type: 'future' })];
  const positions = c.watchPositions([task.linear]);
  await new Promise((r) => setTimeout(r, 1500)); // ccxt does not tell when it has subscribed
  await (await clock(c)).createOrder(task.spot, 'market', 'buy', task.qty, undefined, { clientOrderId: 'ccxt-heard' });
  await (await clock(c)).createOrder(task.linear, 'market', 'sell', task.qty, undefined, { clientOrderId: 'ccxt-heard' });
  await tried('heard orders', async () => within('orders', Promise.all(orders)));
  await tried('heard balances', async () => (await within('balances', Promise.all(balances))).map((b) => b.USDT));
  await tried('heard position', async () => within('positions', positions));
  await pass(1);
  for (const [what, coming] of Object.entries(market)) await tried(`heard ${what}`, () => within(what, coming));
}

run(async () => {
  const c = client();
  await c.loadHttpProxyAgent(); // streams without TLS want it
  await clock(c);
  await rules(c);
  await settings(c);
  await trade(c);
  await streams(c);
  await pass(9); // over a settlement
  await account(c);
});
