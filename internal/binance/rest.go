package binance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"

	"carry"
	"carry/internal/binance/wire"
)

// statusError describes an answer that is not 200.
func statusError(r *request, status int, body []byte) error {
	e := &StatusError{Host: r.host.String(), Path: r.path, Status: status}
	if b, ok := wire.DecodeError(body); ok {
		e.Code, e.Msg = b.Code, b.Msg
	}
	return e
}

// notAnError refuses a body that is an error although the status was 200.
func notAnError(r *request, body []byte) error {
	if b, ok := wire.DecodeError(body); ok {
		return &StatusError{Host: r.host.String(), Path: r.path, Status: 200, Code: b.Code, Msg: b.Msg}
	}
	return nil
}

// Kind is a kind of klines.
type Kind uint8

// The kinds of klines.
const (
	SpotKlines Kind = iota
	PerpKlines
	MarkKlines
	PremiumKlines
)

var klinePaths = [...]string{"/api/v3/klines", "/fapi/v1/klines", "/fapi/v1/markPriceKlines", "/fapi/v1/premiumIndexKlines"}

// Page sizes: on futures the weight of klines goes by the limit in steps, and
// 499 rows for weight 2 are the most rows for a weight (binance.md §1.2). On
// spot every limit weighs 2.
const (
	spotPage    = 1000
	futuresPage = 499
	smallPage   = 99 // weight 1
	fundingPage = 1000
)

// PageRows is how many klines one request of a kind brings at most.
func (k Kind) PageRows() int {
	if k == SpotKlines {
		return spotPage
	}
	return futuresPage
}

// Weight is what a request of n rows costs.
func (k Kind) Weight(n int) int {
	if k != SpotKlines && n <= smallPage {
		return 1
	}
	return 2
}

// FundingPageRows is how many settlements one request brings at most.
const FundingPageRows = fundingPage

// Answer tells where rows came from.
type Answer struct {
	Source string // GET path?query of a public endpoint
	SHA256 string // of the body, hexadecimal
}

func answer(r *request, body []byte) Answer {
	sum := sha256.Sum256(body)
	return Answer{"GET " + r.path + "?" + r.query, hex.EncodeToString(sum[:])}
}

func (k Kind) host() host {
	if k == SpotKlines {
		return hostSpot
	}
	return hostFutures
}

// Klines asks for up to n (≤ PageRows) klines from an open time on, oldest
// first. dst is reused. The last one may be unfinished.
func (c *Client) Klines(ctx context.Context, dst []wire.Kline, k Kind, symbol, interval string, from carry.Time, n int) ([]wire.Kline, Answer, error) {
	q := url.Values{"symbol": {symbol}, "interval": {interval}, "startTime": {ms(from)}, "limit": {strconv.Itoa(n)}}
	rows, a, err := c.klines(ctx, dst, k, q, n)
	if err == nil && len(rows) > 0 && rows[0].At < from {
		err = fmt.Errorf("%s %s: %w: asked from %s, got %s", k.host(), klinePaths[k], wire.ErrFormat, from, rows[0].At)
	}
	return rows, a, err
}

// LastKline asks for the newest kline that opens before a time; false when
// there is none.
func (c *Client) LastKline(ctx context.Context, k Kind, symbol, interval string, before carry.Time) (wire.Kline, bool, error) {
	q := url.Values{"symbol": {symbol}, "interval": {interval}, "endTime": {ms(before - 1)}, "limit": {"1"}}
	rows, _, err := c.klines(ctx, nil, k, q, 1)
	if err != nil || len(rows) == 0 {
		return wire.Kline{}, false, err
	}
	return rows[0], true, nil
}

func (c *Client) klines(ctx context.Context, dst []wire.Kline, k Kind, q url.Values, n int) (rows []wire.Kline, a Answer, err error) {
	h := k.host()
	r := &request{host: h, path: klinePaths[k], query: q.Encode(), weight: k.Weight(n), limiter: c.weight[h], bodyMax: restBodyMax}
	err = c.get(ctx, r, func(body []byte) error {
		if err := notAnError(r, body); err != nil {
			return err
		}
		if rows, err = wire.DecodeKlines(dst, body); err != nil {
			return err
		}
		if len(rows) > n {
			return fmt.Errorf("%w: %d rows where %d were asked for", wire.ErrFormat, len(rows), n)
		}
		a = answer(r, body)
		return nil
	})
	return rows, a, err
}

func ms(t carry.Time) string { return strconv.FormatInt(int64(t), 10) }

// Funding asks for up to FundingPageRows settlements stamped at or after from,
// oldest first. dst is reused.
func (c *Client) Funding(ctx context.Context, dst []wire.FundingRate, symbol string, from carry.Time) ([]wire.FundingRate, Answer, error) {
	q := url.Values{"symbol": {symbol}, "startTime": {ms(from)}, "limit": {strconv.Itoa(fundingPage)}}
	r := &request{host: hostFutures, path: "/fapi/v1/fundingRate", query: q.Encode(), weight: 1, limiter: c.bucket, bodyMax: restBodyMax}
	var rows []wire.FundingRate
	var a Answer
	err := c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		if rows, err = wire.DecodeFundingRates(dst, body); err != nil {
			return err
		}
		for i := range rows {
			if rows[i].Symbol != symbol {
				return fmt.Errorf("%w: a row of another symbol", wire.ErrFormat)
			}
		}
		if len(rows) > 0 && rows[0].At < from || len(rows) > fundingPage {
			return fmt.Errorf("%w: rows that were not asked for", wire.ErrFormat)
		}
		a = answer(r, body)
		return nil
	})
	return rows, a, err
}

// FundingInfo asks for the adjusted caps, floors and intervals.
func (c *Client) FundingInfo(ctx context.Context) ([]wire.FundingInfo, Answer, error) {
	r := &request{host: hostFutures, path: "/fapi/v1/fundingInfo", weight: 1, limiter: c.bucket, bodyMax: restBodyMax}
	var rows []wire.FundingInfo
	var a Answer
	err := c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		rows, err = wire.DecodeFundingInfo(body)
		a = answer(r, body)
		return err
	})
	return rows, a, err
}

// ExchangeInfo asks for a market's symbols and limits, obeys the limits from
// then on, and returns the raw answer beside what was read of it.
func (c *Client) ExchangeInfo(ctx context.Context, market wire.Market) (*wire.ExchangeInfo, []byte, Answer, error) {
	r := &request{host: hostSpot, path: "/api/v3/exchangeInfo", weight: 20, limiter: c.weight[hostSpot], bodyMax: restBodyMax}
	if market == wire.Futures {
		r.host, r.path, r.weight, r.limiter = hostFutures, "/fapi/v1/exchangeInfo", 1, c.weight[hostFutures]
	}
	var info *wire.ExchangeInfo
	var raw []byte
	err := c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		info, err = wire.DecodeExchangeInfo(body, market)
		raw = body
		return err
	})
	if err != nil {
		return nil, nil, Answer{}, err
	}
	c.obey(r.host, info)
	return info, raw, answer(r, raw), nil
}

// obey sets a host's budget to what it publishes.
func (c *Client) obey(h host, info *wire.ExchangeInfo) {
	for _, l := range info.Limits {
		if l.Kind == "REQUEST_WEIGHT" {
			c.weight[h].set(reserve(l.Limit), l.Window)
		}
	}
	if h == hostFutures {
		c.offset.Store(int64(info.ServerTime - c.Now()))
	}
}

// Limit is the weight that is spent per minute on a market at most.
func (c *Client) Limit(market wire.Market) int {
	l := c.weight[market]
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(carry.Time(l.limit) * carry.Minute / l.window)
}

// Brackets asks for all leverage brackets; it needs keys.
func (c *Client) Brackets(ctx context.Context) ([]wire.Ladder, Answer, error) {
	if c.o.Keys == nil {
		return nil, Answer{}, fmt.Errorf("%w: leverageBracket needs them", ErrKeys)
	}
	r := &request{host: hostFutures, path: "/fapi/v1/leverageBracket", weight: 1, limiter: c.weight[hostFutures], bodyMax: restBodyMax, sign: true}
	var rows []wire.Ladder
	var a Answer
	err := c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		rows, err = wire.DecodeBrackets(body)
		a = answer(r, body)
		return err
	})
	return rows, a, err
}
