// The whole cycle by the npm package binance, spot and USDⓈ-M.
import { DefaultLogger, MainClient, USDMClient, WebsocketClient } from 'binance';
import { pass, run, saw, task, tried, within } from './talk.mjs';

const settings = { api_key: task.key, api_secret: task.secret, baseUrl: task.url, disableTimeSync: true, recvWindow: 5000 };
const spot = new MainClient(settings);
const linear = new USDMClient(settings);

const quiet = Object.fromEntries(Object.keys(DefaultLogger).map((k) => [k, () => {}]));
const ws = new WebsocketClient({ api_key: task.key, api_secret: task.secret, wsUrl: task.url.replace('http', 'ws'), restOptions: settings, authPrivateConnectionsOnConnect: false, authPrivateRequestsIndividually: true }, quiet);

// clock sets the clients' clocks: the exchange's stands between two bars. The
// package would ask Binance itself for the time.
async function clock() {
  const { serverTime } = await spot.get('api/v3/time');
  for (const c of [spot, linear]) c.setTimeOffset(serverTime - Date.now());
  return serverTime;
}

const clocked = (what, call) => tried(what, async () => (await clock(), call()));

async function refused(what, call) {
  try {
    await clock();
    saw(`refused ${what}`, { result: await call() });
  } catch (e) {
    saw(`refused ${what}`, { code: e.code ?? null, text: e.message });
  }
}

async function rules() {
  const of = (info, id) => info.symbols.find((s) => s.symbol === id);
  await tried('rules spot', async () => of(await spot.getExchangeInfo({ symbol: task.spotID }), task.spotID));
  await tried('rules linear', async () => of(await linear.getExchangeInfo(), task.linearID));
  await tried('klines spot', () => spot.getKlines({ symbol: task.spotID, interval: '1h', limit: 5 }));
  await tried('klines linear', () => linear.getKlines({ symbol: task.linearID, interval: '1h', limit: 5 }));
  await tried('last', () => linear.getSymbolPriceTickerV2({ symbol: task.linearID }));
  await tried('ticker', () => spot.getSymbolOrderBookTicker({ symbol: task.spotID }));
  await tried('funding', () => linear.getFundingRateHistory({ symbol: task.linearID, limit: 3 }));
  await tried('predicted', () => linear.getMarkPrice({ symbol: task.linearID }));
  await clocked('brackets', () => linear.getNotionalAndLeverageBrackets({ symbol: task.linearID }));
  await clocked('key', () => spot.getApiKeyPermissions());
  await clocked('mode', () => linear.getCurrentPositionMode());
  await clocked('assets', () => linear.getMultiAssetsMode());
  await clocked('leverage', () => linear.setLeverage({ symbol: task.linearID, leverage: 3 }));
  await clocked('fees spot', () => spot.getTradeFee({ symbol: task.spotID }));
  await clocked('fees linear', () => linear.getAccountCommissionRate({ symbol: task.linearID }));
  await refused('margin type', () => linear.setMarginType({ symbol: task.linearID, marginType: 'CROSSED' }));
}

async function trade() {
  const { qty } = task;
  const at = (factor, digits) => (task.price * factor).toFixed(digits);
  const perp = (more) => linear.submitNewOrder({ symbol: task.linearID, side: 'SELL', type: 'MARKET', quantity: qty, ...more });
  const coin = (more) => spot.submitNewOrder({ symbol: task.spotID, side: 'BUY', type: 'MARKET', quantity: qty, ...more });
  await clocked('short', () => perp({ newClientOrderId: 'npm-short', newOrderRespType: 'RESULT' }));
  await clocked('long', () => coin({ newClientOrderId: 'npm-long', newOrderRespType: 'FULL' }));
  await clocked('by cost', () => spot.submitNewOrder({ symbol: task.spotID, side: 'BUY', type: 'MARKET', quoteOrderQty: 50 }));
  await clocked('fill or kill', () => perp({ type: 'LIMIT', timeInForce: 'FOK', price: at(0.99, 1) }));
  await refused('killed', () => perp({ type: 'LIMIT', timeInForce: 'FOK', price: at(1.03, 1) }));
  const rest = await clocked('rest', () => coin({ type: 'LIMIT', timeInForce: 'GTC', price: at(0.96, 2) }));
  await clocked('query', () => spot.getOrder({ symbol: task.spotID, orderId: rest.orderId }));
  await clocked('by name', () => spot.getOrder({ symbol: task.spotID, origClientOrderId: rest.clientOrderId }));
  await clocked('open', () => spot.getOpenOrders({ symbol: task.spotID }));
  await clocked('cancel', () => spot.cancelOrder({ symbol: task.spotID, orderId: rest.orderId }));
  await clocked('rest linear', () => perp({ type: 'LIMIT', timeInForce: 'GTX', price: at(1.04, 1) }));
  await clocked('cancel all', () => linear.cancelAllOpenOrders({ symbol: task.linearID }));
  await clocked('none open', () => linear.getAllOpenOrders({ symbol: task.linearID }));
  await clocked('dead man', () => linear.setCancelOrdersOnTimeout({ symbol: task.linearID, countdownTime: 60_000 }));
  await clocked('orders', () => spot.getAllOrders({ symbol: task.spotID }));
  await clocked('trades linear', () => linear.getAccountTrades({ symbol: task.linearID }));
  await clocked('trades spot', () => spot.getAccountTradeList({ symbol: task.spotID }));
  await refused('too much', () => perp({ quantity: qty * 1000 }));
  await refused('too fine', () => perp({ quantity: qty + 0.00001 }));
  await refused('never there', () => linear.getOrder({ symbol: task.linearID, orderId: 1 }));
}

async function account() {
  await clocked('transfer', () => spot.submitUniversalTransfer({ type: 'MAIN_UMFUTURE', asset: 'USDT', amount: 100 }));
  await clocked('transfers', () => spot.getUniversalTransferHistory({ type: 'MAIN_UMFUTURE' }));
  await clocked('balance spot', async () => (await spot.getAccountInformation()).balances);
  await clocked('balance linear', async () => (await linear.getBalanceV3()).find((b) => b.asset === 'USDT'));
  await clocked('account linear', async () => (await linear.getAccountInformationV3()).assets);
  await clocked('paid', () => linear.getIncomeHistory({ symbol: task.linearID, incomeType: 'FUNDING_FEE' }));
  await clocked('positions', () => linear.getPositionsV3({ symbol: task.linearID }));
}

// streams hears the market and what happens to the account.
async function streams() {
  const heard = {};
  const wanted = {};
  const coming = (what) => within(what, (wanted[what] ??= new Promise((r) => (heard[what] = r))));
  const take = (data) => {
    const e = data.event ?? data.data ?? data; // of the account, of a combined stream, raw
    const what = Array.isArray(e) ? `array of ${e[0].e}` : e.e;
    const known = what === 'kline' || what === 'bookTicker' ? `${what} ${data.wsKey}` : what;
    if (known && wanted[known] === undefined) wanted[known] = Promise.resolve(e);
    heard[known]?.(e);
  };
  ws.on('message', take);
  ws.on('exception', (e) => console.error(e));
  const lower = task.linearID.toLowerCase();
  ws.subscribe([`${task.spotID.toLowerCase()}@kline_1h`, `${task.spotID.toLowerCase()}@bookTicker`], 'main');
  ws.subscribe([`${lower}@bookTicker`], 'usdmPublic');
  ws.subscribe([`${lower}@kline_1h`, '!markPrice@arr@1s'], 'usdmMarket');
  const now = await clock();
  await tried('subscribed', () => within('user data', ws.sendWSAPIRequest('mainWSAPI', 'userDataStream.subscribe.signature', { timestamp: now })));
  await within('futures user data', ws.subscribeUsdFuturesUserDataStream());
  await new Promise((r) => setTimeout(r, 500)); // a subscription to the market is not waited for
  await clock();
  await spot.submitNewOrder({ symbol: task.spotID, side: 'BUY', type: 'MARKET', quantity: task.qty, newClientOrderId: 'npm-heard' });
  await clock();
  await linear.submitNewOrder({ symbol: task.linearID, side: 'SELL', type: 'MARKET', quantity: task.qty, newClientOrderId: 'npm-heard' });
  for (const what of ['executionReport', 'outboundAccountPosition', 'ORDER_TRADE_UPDATE', 'ACCOUNT_UPDATE']) {
    await tried(`heard ${what}`, () => coming(what));
  }
  await pass(1);
  for (const what of ['kline main', 'kline usdmMarket', 'bookTicker main', 'bookTicker usdmPublic', 'array of markPriceUpdate']) {
    await tried(`heard ${what}`, () => coming(what));
  }
}

run(async () => {
  await rules();
  await trade();
  await streams();
  await pass(9); // over a settlement
  await account();
});
