package exchange

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/internal/testenv"
)

// npmClients is the folder of the scripts and of the packages they use, which
// `make foreign-clients` installs as package-lock.json pins them.
var npmClients = filepath.Join("testdata", "foreign")

// seen is what a script saw by name, decoded.
type seen struct {
	t      *testing.T
	script string
	by     map[string]any
}

// runNpm lets a script go through the whole cycle. Bars pass when it asks for
// them; in between the exchange's time stands.
func (s *served) runNpm(script string) seen {
	s.t.Helper()
	testenv.Long(s.t, "foreign-clients")
	node := testenv.Tool(s.t, "apt-get install nodejs npm", "node", "nodejs")
	testenv.Folder(s.t, filepath.Join(npmClients, "node_modules"), "the npm packages ccxt and binance", "make foreign-clients installs them, as package-lock.json pins them")
	task, err := json.Marshal(map[string]any{"url": s.server.URLs().All, "key": testKey, "secret": testSecret,
		"spot": s.coin.Coin + "/USDT", "linear": s.coin.Coin + "/USDT:USDT", "spotID": s.coin.SpotSymbol, "linearID": s.coin.PerpSymbol,
		"qty": json.Number(s.quantity(120)), "price": s.trading.market.SpotLast[0]})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, script)
	cmd.Dir = npmClients
	cmd.Env = []string{"FOREIGN_TASK=" + string(task), "PATH=" + os.Getenv("PATH"), "NO_PROXY=127.0.0.1"}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		s.t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	saw := seen{s.t, script, map[string]any{}}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if bars, ok := strings.CutPrefix(lines.Text(), "pass "); ok {
			s.passBars(ctx, bars)
			fmt.Fprintln(in, "passed")
			continue
		}
		saw.line(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("%s: %v\n%s", script, err, stderr.String())
	}
	return saw
}

func (s *served) passBars(ctx context.Context, bars string) {
	n, err := strconv.Atoi(bars)
	for end := s.trading.Now() + carry.Time(n)*carry.Hour; err == nil && s.trading.Now() < end; {
		_, err = s.trading.pass(ctx)
	}
	if err != nil {
		s.t.Errorf("pass %s bars: %v", bars, err)
	}
}

// line takes one line of a script: saw, NAME and JSON, or failed, NAME and why.
func (s seen) line(text string) {
	s.t.Helper()
	word, rest, _ := strings.Cut(text, "\t")
	name, value, ok := strings.Cut(rest, "\t")
	switch {
	case !ok:
		s.t.Errorf("%s says %q", s.script, text)
	case word == "failed":
		s.t.Errorf("%s: %s: %.1500s", s.script, name, value)
	default:
		var v any
		d := json.NewDecoder(strings.NewReader(value))
		d.UseNumber()
		if err := d.Decode(&v); err != nil && value != "undefined" {
			s.t.Errorf("%s: %s: %v", s.script, name, err)
		}
		s.by[name] = v
	}
}

// at follows a path into what was seen; nil where it leads nowhere.
func (s seen) at(name, path string) any {
	v := s.by[name]
	for _, step := range strings.Fields(path) {
		switch here := v.(type) {
		case map[string]any:
			v = here[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < -len(here) || i >= len(here) {
				return nil
			}
			v = here[(i+len(here))%len(here)]
		default:
			return nil
		}
	}
	return v
}

// truth is one comparison: what the client understood against what the exchange
// knows. Numbers agree to nine digits, as a client's floats do.
type truth struct {
	name, path string
	want       any
}

func (s seen) compare(list []truth) {
	s.t.Helper()
	for _, w := range list {
		got := s.at(w.name, w.path)
		if want, ok := w.want.(float64); ok {
			x, err := strconv.ParseFloat(fmt.Sprint(got), 64)
			if err == nil && math.Abs(x-want) <= 1e-9*math.Max(1, math.Abs(want)) {
				continue
			}
		} else if fmt.Sprint(got) == fmt.Sprint(w.want) {
			continue
		}
		s.t.Errorf("%s: %s [%s] is %v, the exchange knows %v", s.script, w.name, w.path, got, w.want)
	}
}

// before is what the exchange knew when the script began.
type before struct {
	predicted, mark, ask, perpLast float64
	spotClose, rate                string
}

func (s *served) before() before {
	s.t.Helper()
	m := s.trading.market
	rows, err := s.trading.facts.Klines(Series{SpotKlines, s.coin.SpotSymbol}, 0, m.At, -1)
	paid, err2 := s.trading.facts.Funding(s.coin.PerpSymbol, 0, m.At, -1)
	if err != nil || err2 != nil || len(rows) != 1 || len(paid) != 1 {
		s.t.Fatal(err, err2, len(rows), len(paid))
	}
	return before{float64(m.Predicted[0]), m.Mark[0], m.Ask(carry.Spot, 0), m.PerpLast[0], rows[0].Close, paid[0].Rate}
}

// known is the exchange's own figures of an order.
func (s *served) known(m Market, client string) (executed, average float64) {
	s.t.Helper()
	o := s.trading.orders.named(m, client)
	if o == nil {
		s.t.Fatalf("no order %s arrived", client)
	}
	executed = s.coin.QtyFloat(o.executed)
	quote, _ := o.quote.Decimal(16).Float64()
	return executed, quote / executed
}

// aftermath is what the exchange knows when the script has ended.
type aftermath struct {
	spotUSDT, perpUSDT, coins, contracts, entry, mark, free, paid float64
	transfer                                                      int64
}

func (s *served) after() aftermath {
	s.t.Helper()
	x := s.trading.Exchange()
	spot, perp, coins, contracts := x.Balances()
	a := aftermath{spotUSDT: spot.Float(), perpUSDT: perp.Float(), contracts: s.coin.QtyFloat(contracts[0]), free: x.Withdrawable().Float()}
	a.coins, _ = coins[0].Decimal(8).Float64()
	cost, _ := x.EntryCost(0).Decimal(16).Float64()
	a.entry, a.mark = cost/a.contracts, s.trading.market.Mark[0]
	for _, in := range s.trading.incomes {
		if in.kind == "FUNDING_FEE" && in.pair == 0 {
			a.paid += in.amount.Float()
		}
	}
	if n := len(s.trading.transfers); n != 1 {
		s.t.Fatalf("%d transfers were made, want one", n)
	}
	a.transfer = s.trading.transfers[0].id
	if a.paid == 0 || a.contracts >= 0 || a.coins <= 0 {
		s.t.Fatalf("the script left the account as %+v", a)
	}
	return a
}

// ccxt, which nobody here wrote, does the whole cycle: rules, klines, funding,
// orders of every kind, queries, cancels, a transfer, balances, positions,
// streams of the market and of the account. What it understood is what the
// exchange knows.
func TestCcxtDoesTheWholeCycle(t *testing.T) {
	s := serve(t, nil)
	b := s.before()
	saw := s.runNpm("ccxt.mjs")
	if t.Failed() {
		return
	}
	a := s.after()
	short, shortAt := s.known(FuturesMarket, "ccxt-short")
	long, longAt := s.known(SpotMarket, "ccxt-long")
	heard, _ := s.known(FuturesMarket, "ccxt-heard")
	rules := s.trading.rules[0]
	fees := s.trading.opt.Account.Fees.At(s.trading.Now())
	saw.compare([]truth{
		{"rules spot", "id", s.coin.SpotSymbol}, {"rules spot", "active", true}, {"rules spot", "precision price", rules.Legs[carry.Spot].Tick.Float()},
		{"rules linear", "precision price", rules.Legs[carry.Perp].Tick.Float()}, {"rules linear", "limits cost min", rules.Legs[carry.Perp].MinNotional.Float()},
		{"klines spot", "-2 4", number64(b.spotClose)}, {"ticker", s.coin.Coin + "/USDT ask", b.ask}, {"last", s.coin.Coin + "/USDT:USDT price", b.perpLast},
		{"funding", "-1 fundingRate", number64(b.rate)}, {"predicted", "fundingRate", round8(b.predicted)}, {"predicted", "markPrice", round8(b.mark)},
		{"brackets", "0 maintenanceMarginRate", rules.Brackets[0].MMR}, {"brackets", "1 minNotional", rules.Brackets[0].Cap},
		{"mode", "hedged", false}, {"leverage", "leverage", 3}, {"fees spot", "taker", fees.SpotTaker}, {"fees linear", "maker", fees.PerpMaker},
		{"short", "status", "closed"}, {"short", "filled", short}, {"short", "average", shortAt}, {"long", "status", "closed"}, {"long", "filled", long}, {"long", "average", longAt},
		{"by cost", "status", "closed"}, {"fill or kill", "status", "closed"}, {"killed", "status", "expired"}, {"killed", "filled", 0.0}, {"now or never", "status", "closed"},
		{"rest", "status", "open"}, {"query", "clientOrderId", "ccxt-rest"}, {"by name", "clientOrderId", "ccxt-rest"}, {"open", "0 clientOrderId", "ccxt-rest"}, {"open", "1", nil},
		{"cancel", "status", "canceled"}, {"none open", "0", nil}, {"orders", "0 clientOrderId", "ccxt-short"}, {"trades linear", "0 price", shortAt}, {"trades spot", "0 amount", long},
		{"refused too much", "kind", "InsufficientFunds"}, {"refused nothing to reduce", "code", -2022}, {"refused gone", "code", -2011},
		{"refused never there", "code", -2013}, {"refused would take", "code", -5022},
		{"heard orders", "0 0 clientOrderId", "ccxt-heard"}, {"heard orders", "1 0 clientOrderId", "ccxt-heard"}, {"heard position", "0 side", "short"},
		{"heard mark", "symbol", s.coin.Coin + "/USDT:USDT"}, {"heard linear bar", "0 5", s.volume()},
		{"transfer", "id", a.transfer}, {"transfers", "0 status", "ok"}, {"transfers", "0 amount", 100.0},
		{"balance spot", "USDT", a.spotUSDT}, {"balance spot", s.coin.Coin, a.coins}, {"balance linear", "free", a.free},
		{"positions", "0 contracts", -a.contracts}, {"positions", "0 entryPrice", a.entry},
		{"positions", "0 info initialMargin", -round8(a.contracts * a.mark / 3)}, {"positions", "0 maintenanceMargin", -round8(a.contracts * a.mark * rules.Brackets[0].MMR)}, {"paid", "0 amount", a.paid},
	})
	if cost := number64(fmt.Sprint(saw.at("by cost", "cost"))); cost > 50 || cost < 49.5 {
		t.Errorf("for 50 USDT it bought for %v", cost)
	}
	if heard == 0 {
		t.Error("nothing was filled while the streams were heard")
	}
}

// So does the npm package binance, written by others again.
func TestNpmBinanceDoesTheWholeCycle(t *testing.T) {
	s := serve(t, nil)
	b := s.before()
	saw := s.runNpm("binance.mjs")
	if t.Failed() {
		return
	}
	a := s.after()
	short, shortAt := s.known(FuturesMarket, "npm-short")
	long, _ := s.known(SpotMarket, "npm-long")
	rules := s.trading.rules[0]
	fees := s.trading.opt.Account.Fees.At(s.trading.Now())
	saw.compare([]truth{
		{"rules spot", "filters 0 tickSize", rules.Legs[carry.Spot].Tick.Float()}, {"rules linear", "filters 0 tickSize", rules.Legs[carry.Perp].Tick.Float()},
		{"rules linear", "status", "TRADING"}, {"klines spot", "-2 4", b.spotClose}, {"last", "price", b.perpLast}, {"ticker", "askPrice", b.ask},
		{"funding", "-1 fundingRate", b.rate}, {"predicted", "lastFundingRate", round8(b.predicted)}, {"brackets", "0 brackets 0 maintMarginRatio", rules.Brackets[0].MMR},
		{"key", "enableWithdrawals", false}, {"key", "permitsUniversalTransfer", true}, {"mode", "dualSidePosition", false}, {"assets", "multiAssetsMargin", false},
		{"leverage", "leverage", 3}, {"fees spot", "0 takerCommission", fees.SpotTaker}, {"fees linear", "takerCommissionRate", fees.PerpTaker}, {"refused margin type", "code", -4046},
		{"short", "status", "FILLED"}, {"short", "executedQty", short}, {"short", "avgPrice", shortAt}, {"long", "executedQty", long}, {"long", "fills 0 commissionAsset", s.coin.Coin},
		{"by cost", "origQuoteOrderQty", 50.0}, {"by cost", "status", "FILLED"}, {"fill or kill", "status", "FILLED"}, {"refused killed", "code", -5021},
		{"rest", "status", "NEW"}, {"query", "status", "NEW"}, {"open", "1", nil}, {"cancel", "status", "CANCELED"}, {"rest linear", "status", "NEW"},
		{"cancel all", "code", 200}, {"none open", "0", nil}, {"dead man", "countdownTime", 60000}, {"orders", "0 clientOrderId", "npm-long"},
		{"trades linear", "0 price", shortAt}, {"trades spot", "0 qty", long},
		{"refused too much", "code", -2019}, {"refused too fine", "code", -4023}, {"refused never there", "code", -2013},
		{"heard executionReport", "c", "npm-heard"}, {"heard outboundAccountPosition", "B 0 a", "USDT"}, {"heard ORDER_TRADE_UPDATE", "o c", "npm-heard"},
		{"heard ACCOUNT_UPDATE", "a P 0 s", s.coin.PerpSymbol}, {"heard kline main", "s", s.coin.SpotSymbol}, {"heard kline usdmMarket", "s", s.coin.PerpSymbol},
		{"heard bookTicker main", "s", s.coin.SpotSymbol}, {"heard bookTicker usdmPublic", "s", s.coin.PerpSymbol}, {"heard array of markPriceUpdate", "0 s", s.coin.PerpSymbol},
		{"transfer", "tranId", a.transfer}, {"transfers", "rows 0 status", "CONFIRMED"}, {"balance spot", "0 free", a.spotUSDT}, {"balance spot", "1 free", a.coins},
		{"balance linear", "balance", a.perpUSDT}, {"balance linear", "maxWithdrawAmount", a.free}, {"account linear", "0 walletBalance", a.perpUSDT},
		{"positions", "0 positionAmt", a.contracts}, {"positions", "0 entryPrice", a.entry}, {"paid", "0 income", a.paid},
	})
}

// volume is the perpetual's volume of the bar in which the streams were heard.
func (s *served) volume() float64 {
	for i, v := range s.trading.facts.pairs[0].perp[4] {
		if s.trading.facts.start+carry.Time(i)*s.trading.facts.step == s.from {
			return v
		}
	}
	return math.NaN()
}

func number64(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

func round8(x float64) float64 { return number64(number(x)) }
