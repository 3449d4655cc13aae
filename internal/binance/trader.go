package binance

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	spotapi "github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/futures"

	"carry"
	"carry/internal/binance/wire"
)

// trader sends what must not be sent twice: orders, cancellations, transfers
// and settings, each in one attempt. go-binance forms and signs the requests;
// what came back is read by this package from the bytes, since that library
// takes an empty answer for an order (docs/adr/0010-go-binance.md).
type trader struct {
	mu      sync.Mutex // the libraries' time offsets are plain fields
	clock   Clock
	offset  func() carry.Time // the server's clock minus ours
	gates   [hostCount]*gate  // closed by 429 and 418, for what is asked for too
	spot    *spotapi.Client
	futures *futures.Client
	keys    *Keys
}

// String hides the keys that the libraries' clients hold.
func (*trader) String() string { return "trader" }

// GoString hides them from %#v.
func (*trader) GoString() string { return "trader" }

// attempt is what is known of one request that was sent.
type attempt struct {
	status  int  // 0: no answer
	written bool // it may have reached the exchange
	held    bool // it was not sent: the exchange told us to stop for a while
	retry   carry.Time
	body    []byte
	err     error // redacted; nil with an answer
}

type attemptKey struct{}

// answerMax bounds the answers to orders and the like.
const answerMax = 1 << 20

// tap is the RoundTripper under go-binance: it keeps what the library hides.
type tap struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper. The whole body is read here, so that
// a broken one is an answer that never came.
func (t *tap) RoundTrip(req *http.Request) (*http.Response, error) {
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errors.New("a request without its record")
	}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { a.written = true }}
	resp, err := t.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	if err == nil && len(body) > answerMax {
		err = errBodyTooLarge
	}
	if err != nil {
		return nil, err
	}
	a.status, a.body = resp.StatusCode, body
	switch a.status {
	case http.StatusTooManyRequests:
		a.retry = retryAfter(resp.Header, limitedWait)
	case http.StatusTeapot:
		a.retry = retryAfter(resp.Header, bannedWait)
	}
	return &http.Response{Status: resp.Status, StatusCode: resp.StatusCode, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header: resp.Header, Body: http.NoBody, Request: req}, nil
}

// sendTimeout bounds one attempt: the exchange's own limit is ten seconds.
const sendTimeout = 12 * time.Second

func newTrader(u URLs, keys *Keys, clock Clock, offset func() carry.Time, gates [hostCount]*gate, transport http.RoundTripper) *trader {
	client := &http.Client{Transport: &tap{transport}, Timeout: sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t := &trader{keys: keys, clock: clock, offset: offset, gates: gates, spot: spotapi.NewClient(keys.key, keys.secret), futures: futures.NewClient(keys.key, keys.secret)}
	t.spot.HTTPClient, t.spot.BaseURL = client, u.Spot
	t.futures.HTTPClient, t.futures.BaseURL = client, u.Futures
	return t
}

// try makes one attempt, unless the host told us to stop for a while. What the
// library makes of the answer is not looked at.
func (t *trader) try(ctx context.Context, h host, send func(ctx context.Context) error) *attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	offset := time.Now().UnixMilli() - int64(t.clock.Now()+t.offset())
	t.spot.TimeOffset, t.futures.TimeOffset = offset, offset
	a := &attempt{held: !t.gates[h].open()}
	if a.held {
		return a
	}
	if err := send(context.WithValue(ctx, attemptKey{}, a)); err != nil && a.status == 0 {
		a.err = redact(err)
	}
	if a.retry > 0 {
		t.gates[h].close(t.clock.Now() + a.retry)
	}
	return a
}

// orderRequest is one order as it goes out.
type orderRequest struct {
	market     wire.Market
	symbol     string
	client     string
	side       carry.Side
	qty, limit string // limit "" for a market order
	life       carry.Life
	reduceOnly bool
}

// order places an order.
func (t *trader) order(ctx context.Context, o *orderRequest) *attempt {
	return t.try(ctx, hostOf(o.market), func(ctx context.Context) error {
		if o.market == wire.Futures {
			s := t.futures.NewCreateOrderService().Symbol(o.symbol).Side(futures.SideType(sideText(o.side))).Type(futures.OrderTypeMarket).
				Quantity(o.qty).NewClientOrderID(o.client).NewOrderResponseType(futures.NewOrderRespTypeRESULT)
			if o.reduceOnly {
				s.ReduceOnly(true)
			}
			if o.limit != "" {
				lives := [...]futures.TimeInForceType{carry.IOC: futures.TimeInForceTypeIOC, carry.GTC: futures.TimeInForceTypeGTC, carry.PostOnly: futures.TimeInForceTypeGTX,
					carry.FOK: futures.TimeInForceTypeFOK}
				s.Type(futures.OrderTypeLimit).TimeInForce(lives[o.life]).Price(o.limit)
			}
			_, err := s.Do(ctx, futures.WithRecvWindow(recvWindow))
			return err
		}
		s := t.spot.NewCreateOrderService().Symbol(o.symbol).Side(spotapi.SideType(sideText(o.side))).Type(spotapi.OrderTypeMarket).
			Quantity(o.qty).NewClientOrderID(o.client).NewOrderRespType(spotapi.NewOrderRespTypeFULL)
		switch {
		case o.limit != "" && o.life == carry.PostOnly:
			s.Type(spotapi.OrderTypeLimitMaker).Price(o.limit)
		case o.limit != "":
			lives := [...]spotapi.TimeInForceType{carry.IOC: spotapi.TimeInForceTypeIOC, carry.GTC: spotapi.TimeInForceTypeGTC, carry.FOK: spotapi.TimeInForceTypeFOK}
			s.Type(spotapi.OrderTypeLimit).TimeInForce(lives[o.life]).Price(o.limit)
		}
		_, err := s.Do(ctx, spotapi.WithRecvWindow(recvWindow))
		return err
	})
}

func hostOf(m wire.Market) host {
	if m == wire.Futures {
		return hostFutures
	}
	return hostSpot
}

// cancel withdraws an order.
func (t *trader) cancel(ctx context.Context, m wire.Market, symbol, client string) *attempt {
	return t.try(ctx, hostOf(m), func(ctx context.Context) error {
		if m == wire.Futures {
			_, err := t.futures.NewCancelOrderService().Symbol(symbol).OrigClientOrderID(client).Do(ctx, futures.WithRecvWindow(recvWindow))
			return err
		}
		_, err := t.spot.NewCancelOrderService().Symbol(symbol).OrigClientOrderID(client).Do(ctx, spotapi.WithRecvWindow(recvWindow))
		return err
	})
}

// transfer moves USDT out of a wallet into the other.
func (t *trader) transfer(ctx context.Context, from carry.Wallet, amount carry.Amount) *attempt {
	return t.try(ctx, hostSpot, func(ctx context.Context) error {
		_, err := t.spot.NewUserUniversalTransferService().Type(transferType(from)).Asset("USDT").Amount(amount.String()).Do(ctx)
		return err
	})
}

func transferType(from carry.Wallet) spotapi.UserUniversalTransferType {
	if from == carry.PerpWallet {
		return spotapi.UserUniversalTransferTypeUmFuturesToMain
	}
	return spotapi.UserUniversalTransferTypeMainToUmFutures
}

// leverage sets the exchange's leverage of a symbol.
func (t *trader) leverage(ctx context.Context, symbol string, x int) *attempt {
	return t.try(ctx, hostFutures, func(ctx context.Context) error {
		_, err := t.futures.NewChangeLeverageService().Symbol(symbol).Leverage(x).Do(ctx)
		return err
	})
}

// listen asks for the futures' listen key, or keeps it alive.
func (t *trader) listen(ctx context.Context, keep string) *attempt {
	return t.try(ctx, hostFutures, func(ctx context.Context) error {
		if keep != "" {
			return t.futures.NewKeepaliveUserStreamService().ListenKey(keep).Do(ctx)
		}
		_, err := t.futures.NewStartUserStreamService().Do(ctx)
		return err
	})
}

func sideText(s carry.Side) string {
	if s == carry.Buy {
		return "BUY"
	}
	return "SELL"
}
