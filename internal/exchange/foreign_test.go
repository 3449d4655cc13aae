package exchange

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	spotapi "github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/common"
	"github.com/adshao/go-binance/v2/futures"
	"github.com/coder/websocket"

	"carry"
	"carry/sim"
)

const testKey, testSecret = "foreign-key", "foreign-secret"

// served is a loopback exchange whose time stands between instants, and clients
// of a library that was not written for it.
type served struct {
	t       *testing.T
	trading *Trading
	server  *Server
	spot    *spotapi.Client
	futures *futures.Client
	coin    carry.Pair
	from    carry.Time // the instant at which clients came
}

func serve(t *testing.T, change func(*TradingOptions)) *served {
	t.Helper()
	s := serveEarly(t, change)
	if _, err := s.trading.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.from = s.trading.Now()
	s.clock()
	return s
}

// serveEarly serves an exchange before its first instant.
func serveEarly(t *testing.T, change func(*TradingOptions)) *served {
	t.Helper()
	o := sim.MarketOptions{Seed: 5, Coins: 3, From: 1609459200000, To: 1609459200000 + 20*carry.Day, NoListings: true, NoDelistings: true, NoOutages: true, NoEpisodes: true}
	tape := func() carry.Tape {
		m, err := sim.NewMarket(o)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	facts, err := NewMarketFacts(tape())
	if err != nil {
		t.Fatal(err)
	}
	account := sim.DefaultOptions()
	account.FuturesUSDT = 4_000 * carry.Unit
	opt := TradingOptions{Quotes: sim.QuoteModels{Spread: sim.DefaultSpread}, Account: account, From: o.From + 10*carry.Day}
	if change != nil {
		change(&opt)
	}
	s := &served{t: t}
	if s.trading, err = NewTrading(context.Background(), facts, tape(), opt); err != nil {
		t.Fatal(err)
	}
	if s.server, err = New(facts, Options{Trading: s.trading, Keys: map[string]string{testKey: testSecret}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.server.Close() })
	s.coin = s.trading.info.Pairs[0]
	s.spot, s.futures = spotapi.NewClient(testKey, testSecret), futures.NewClient(testKey, testSecret)
	client := &http.Client{Timeout: 20 * time.Second}
	s.spot.BaseURL, s.futures.BaseURL = s.server.URLs().All, s.server.URLs().All
	s.spot.HTTPClient, s.futures.HTTPClient = client, client
	return s
}

// clock sets the clients' clocks to the exchange's.
func (s *served) clock() {
	s.spot.TimeOffset = time.Now().UnixMilli() - int64(s.trading.Now())
	s.futures.TimeOffset = s.spot.TimeOffset
}

// A client that nobody here wrote does the whole cycle: rules, order, query,
// trades, balances, positions, transfer, cancel.
func TestForeignClientTrades(t *testing.T) {
	s := serve(t, nil)
	ctx := context.Background()
	info, err := s.futures.NewExchangeInfoService().Do(ctx)
	if err != nil || len(info.Symbols) != 3 {
		t.Fatalf("rules: %v, %d symbols", err, len(info.Symbols))
	}
	q := s.quantity(300)
	short, err := s.futures.NewCreateOrderService().Symbol(s.coin.PerpSymbol).Side(futures.SideTypeSell).Type(futures.OrderTypeMarket).
		Quantity(q).NewClientOrderID("first-1").NewOrderResponseType(futures.NewOrderRespTypeRESULT).Do(ctx)
	if err != nil || short.Status != futures.OrderStatusTypeFilled || short.ExecutedQuantity == "" || short.AvgPrice == "" {
		t.Fatalf("short: %v %+v", err, short)
	}
	s.clock()
	long, err := s.spot.NewCreateOrderService().Symbol(s.coin.SpotSymbol).Side(spotapi.SideTypeBuy).Type(spotapi.OrderTypeMarket).Quantity(q).Do(ctx)
	if err != nil || long.Status != spotapi.OrderStatusTypeFilled || len(long.Fills) != 1 || long.Fills[0].CommissionAsset != s.coin.Coin {
		t.Fatalf("long: %v %+v", err, long)
	}
	s.clock()
	back, err := s.futures.NewGetOrderService().Symbol(s.coin.PerpSymbol).OrigClientOrderID("first-1").Do(ctx)
	if err != nil || back.OrderID != short.OrderID {
		t.Fatalf("query: %v %+v", err, back)
	}
	trades, err := s.futures.NewListAccountTradeService().Symbol(s.coin.PerpSymbol).Do(ctx)
	if err != nil || len(trades) != 1 || trades[0].OrderID != short.OrderID {
		t.Fatalf("trades: %v %d", err, len(trades))
	}
	positions, err := s.futures.NewGetPositionRiskV3Service().Do(ctx)
	if err != nil || len(positions) != 1 || positions[0].PositionAmt != "-"+short.ExecutedQuantity {
		t.Fatalf("positions: %v %+v", err, positions)
	}
	account, err := s.spot.NewGetAccountService().Do(ctx)
	if err != nil || len(account.Balances) == 0 {
		t.Fatalf("account: %v", err)
	}
	moved, err := s.spot.NewUserUniversalTransferService().Type(spotapi.UserUniversalTransferTypeMainToUmFutures).Asset("USDT").Amount("100").Do(ctx)
	if err != nil || moved.ID == 0 {
		t.Fatalf("transfer: %v", err)
	}
	s.clock()
	s.rests(ctx, q)
	s.refuses(ctx, q)
	if limited := s.server.Stats().Limited; limited != 0 {
		t.Errorf("%d answers by the limits", limited)
	}
}

// quantity is worth about so many USDT, in lots of both legs.
func (s *served) quantity(usdt float64) string {
	r := s.trading.rules[0]
	lot := max(r.Legs[0].Lot(), r.Legs[1].Lot())
	q := s.coin.QtyFloor(usdt / s.trading.market.SpotLast[0])
	return qtyText(&s.coin, q-q%lot)
}

// rests places a bid far below, finds it among the open orders and cancels it.
func (s *served) rests(ctx context.Context, q string) {
	s.t.Helper()
	r := s.trading.rules[0]
	price := r.Legs[carry.Spot].TickDown(s.trading.market.SpotLast[0] * 0.9).String()
	bid, err := s.spot.NewCreateOrderService().Symbol(s.coin.SpotSymbol).Side(spotapi.SideTypeBuy).Type(spotapi.OrderTypeLimit).
		TimeInForce(spotapi.TimeInForceTypeGTC).Quantity(q).Price(price).NewClientOrderID("rest-1").Do(ctx)
	if err != nil || bid.Status != spotapi.OrderStatusTypeNew {
		s.t.Fatalf("bid: %v %+v", err, bid)
	}
	s.clock()
	open, err := s.spot.NewListOpenOrdersService().Symbol(s.coin.SpotSymbol).Do(ctx)
	if err != nil || len(open) != 1 || open[0].ClientOrderID != "rest-1" {
		s.t.Fatalf("open orders: %v %+v", err, open)
	}
	gone, err := s.spot.NewCancelOrderService().Symbol(s.coin.SpotSymbol).OrigClientOrderID("rest-1").Do(ctx)
	if err != nil || gone.Status != spotapi.OrderStatusTypeCanceled {
		s.t.Fatalf("cancel: %v %+v", err, gone)
	}
	s.clock()
}

// refuses checks that refusals have Binance's numbers.
func (s *served) refuses(ctx context.Context, q string) {
	s.t.Helper()
	want := func(what string, err error, code int64) {
		s.t.Helper()
		var e *common.APIError
		if !errors.As(err, &e) || e.Code != code {
			s.t.Errorf("%s: %v, want %d", what, err, code)
		}
		s.clock()
	}
	perp := func() *futures.CreateOrderService {
		return s.futures.NewCreateOrderService().Symbol(s.coin.PerpSymbol).Side(futures.SideTypeSell).Type(futures.OrderTypeMarket)
	}
	_, err := perp().Quantity(s.quantity(60_000)).Do(ctx)
	want("a short that no margin carries", err, -2019)
	_, err = perp().Quantity(q).ReduceOnly(true).Do(ctx)
	want("a sale that reduces nothing", err, -2022)
	_, err = s.spot.NewCreateOrderService().Symbol(s.coin.SpotSymbol).Side(spotapi.SideTypeBuy).Type(spotapi.OrderTypeMarket).Quantity(s.quantity(50_000)).Do(ctx)
	want("coins for more USDT than there are", err, -2010)
	_, err = s.futures.NewGetOrderService().Symbol(s.coin.PerpSymbol).OrigClientOrderID("never").Do(ctx)
	want("an order that is not there", err, -2013)
	_, err = perp().Symbol("NOSUCHUSDT").Quantity(q).Do(ctx)
	want("a symbol that is not there", err, -1121)
	s.futures.SecretKey = "another"
	_, err = perp().Quantity(q).Do(ctx)
	want("another secret", err, -1022)
	s.futures.SecretKey = testSecret
	s.futures.TimeOffset += 10_000
	_, err = perp().Quantity(q).Do(ctx)
	want("a clock ten seconds behind", err, -1021)
}

// The account's streams tell a fill and both wallets; a stream asked for at the
// wrong place is silent, as in production.
func TestStreamsTellAndAreSilent(t *testing.T) {
	s := serve(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	key, err := s.futures.NewStartUserStreamService().Do(ctx)
	if err != nil || len(key) != 64 {
		t.Fatalf("listen key %q: %v", key, err)
	}
	ws := "ws" + strings.TrimPrefix(s.server.URLs().All, "http")
	name := strings.ToLower(s.coin.PerpSymbol)
	heard := map[string]*listener{}
	for _, path := range []string{"/private/ws/" + key, "/private/ws?listenKey=" + key, "/private/stream?listenKey=" + key, "/public/ws/" + name + "@bookTicker",
		"/market/stream?streams=" + name + "@markPrice@1s", "/public/ws/" + name + "@markPrice@1s", "/market/ws/" + name + "@bookTicker", "/private/ws?listenKey=wrong"} {
		heard[path] = listen(ctx, t, ws+path)
	}
	if _, err := s.futures.NewCreateOrderService().Symbol(s.coin.PerpSymbol).Side(futures.SideTypeSell).Type(futures.OrderTypeMarket).Quantity(s.quantity(300)).Do(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.trading.pass(ctx); err != nil {
		t.Fatal(err)
	}
	for path, l := range heard {
		want := []string{"ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"}
		switch {
		case strings.HasPrefix(path, "/public/ws/"+name+"@mark"), strings.HasPrefix(path, "/market/ws/"+name+"@book"), strings.HasSuffix(path, "wrong"):
			want = nil
		case strings.Contains(path, "@bookTicker"):
			want = []string{"bookTicker"}
		case strings.Contains(path, "@markPrice"):
			want = []string{"markPriceUpdate"}
		}
		text := l.until(want)
		if want == nil && text != "" {
			t.Errorf("%s: not silent: %s", path, text)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %s in %.200q", path, w, text)
			}
		}
	}
}

// listener keeps what a socket says.
type listener struct {
	mu   sync.Mutex
	text strings.Builder
}

func listen(ctx context.Context, t *testing.T, url string) *listener {
	t.Helper()
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	l := &listener{}
	go func() {
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				return
			}
			l.mu.Lock()
			l.text.Write(data)
			l.mu.Unlock()
		}
	}()
	return l
}

// until waits until all words were heard, or a moment where silence is wanted.
func (l *listener) until(words []string) string {
	for range 200 {
		l.mu.Lock()
		text := l.text.String()
		l.mu.Unlock()
		all := len(words) > 0
		for _, w := range words {
			all = all && strings.Contains(text, w)
		}
		if all {
			return text
		}
		time.Sleep(5 * time.Millisecond)
		if words == nil && text != "" {
			return text
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
