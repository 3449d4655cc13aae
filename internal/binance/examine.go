package binance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/coder/websocket"

	"carry"
	"carry/internal/binance/wire"
)

// Finding is one thing that was looked at before anything is traded.
type Finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// ExamineOptions say what is wanted of an account.
type ExamineOptions struct {
	Streams LiveURLs
	Pairs   []carry.Pair
	// LeverageX is what will be set at the exchange, or as much of it as a bracket
	// allows; it must be at least LeastX.
	LeverageX, LeastX float64
	// ClockMax is how far the exchange's clock may be from ours; 0: a second.
	ClockMax carry.Time
}

// Examine looks at everything that a session needs of the exchange, the key and the
// account. It reads only, and what it cannot read it finds not to be in order.
func (c *Client) Examine(ctx context.Context, o ExamineOptions) []Finding {
	var out []Finding
	look := func(what, good string, f func(context.Context) (problem string, err error)) {
		problem, err := f(ctx)
		if err != nil {
			problem = redact(err).Error()
		}
		if problem == "" {
			out = append(out, Finding{what, true, good})
			return
		}
		out = append(out, Finding{what, false, problem})
	}
	look("endpoints", "REST and streams of both markets answer", func(ctx context.Context) (string, error) { return c.endpoints(ctx, o.Streams) })
	offset := carry.Time(0)
	look("clock", "", func(ctx context.Context) (problem string, err error) {
		offset, problem, err = c.clockProblem(ctx, o.ClockMax)
		return problem, err
	})
	if last := &out[len(out)-1]; last.OK {
		last.Detail = fmt.Sprintf("%d ms from the exchange's", offset)
	}
	if !c.HasKeys() {
		return append(out, Finding{"key", false, "there is none: " + EnvKey + " and " + EnvSecret + " in the environment, or --keys FILE (mode 0600)"})
	}
	look("key", "reads, trades, moves between the wallets; no withdrawals; bound to an address", c.KeyProblem)
	look("one-way mode", "on", c.hedgeMode)
	look("single-asset mode", "on", c.multiAssets)
	look("margin mode", "cross, every contract", func(ctx context.Context) (string, error) { return c.marginProblem(ctx, o.Pairs) })
	look("rules and leverage", fmt.Sprintf("%d pairs with filters and brackets; at least %gx is allowed", len(o.Pairs), o.LeastX),
		func(ctx context.Context) (string, error) { return c.rulesProblem(ctx, &o) })
	return out
}

// endpoints connects to everything that a session connects to.
func (c *Client) endpoints(ctx context.Context, s LiveURLs) (string, error) {
	for _, m := range [...]wire.Market{wire.Spot, wire.Futures} {
		if _, _, _, err := c.ExchangeInfo(ctx, m); err != nil {
			return "", err
		}
	}
	dial := &http.Client{Transport: c.o.Transport}
	for _, u := range [...]string{s.Spot + "/stream", s.SpotAPI + "/ws-api/v3", s.Futures + "/public/stream", s.Futures + "/market/stream"} {
		one, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, resp, err := websocket.Dial(one, u, &websocket.DialOptions{HTTPClient: dial})
		cancel()
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		if err != nil {
			return fmt.Sprintf("no stream at %s: %v", u, redact(err)), nil
		}
		_ = conn.CloseNow() // it was only to see that it opens
	}
	return "", nil
}

// clockProblem measures how far the exchange's clock is from ours, half way through
// a request.
func (c *Client) clockProblem(ctx context.Context, most carry.Time) (offset carry.Time, problem string, err error) {
	if most == 0 {
		most = carry.Second
	}
	before := c.Now()
	server, err := c.ServerTime(ctx)
	if err != nil {
		return 0, "", err
	}
	offset = server - (before+c.Now())/2
	if max(offset, -offset) > most {
		problem = fmt.Sprintf("%d ms from the exchange's: set this machine's clock (NTP)", offset)
	}
	return offset, problem, nil
}

// read is a signed GET without parameters.
func (c *Client) read(ctx context.Context, h host, path string, weight int, use func([]byte) error) error {
	r := c.signed(h, path, "", weight)
	return c.get(ctx, r, func(body []byte) error {
		if err := notAnError(r, body); err != nil {
			return err
		}
		return use(body)
	})
}

// KeyProblem asks what the key may do and says why that is not as it should be; ""
// where it is.
func (c *Client) KeyProblem(ctx context.Context) (string, error) {
	var r wire.Restrictions
	err := c.read(ctx, hostSpot, "/sapi/v1/account/apiRestrictions", 1, func(body []byte) (err error) {
		r, err = wire.DecodeRestrictions(body)
		return err
	})
	if err != nil {
		return "", err
	}
	return KeyProblem(r), nil
}

func (c *Client) hedgeMode(ctx context.Context) (string, error) {
	on, err := c.modeOn(ctx, "/fapi/v1/positionSide/dual", "dualSidePosition")
	return problemIf(on, "the futures account is in hedge mode; set it to one-way mode"), err
}

func (c *Client) multiAssets(ctx context.Context) (string, error) {
	on, err := c.modeOn(ctx, "/fapi/v1/multiAssetsMargin", "multiAssetsMargin")
	return problemIf(on, "the futures account is in multi-assets mode; set it to single-asset mode"), err
}

func problemIf(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// modeOn reads one switch of the futures account.
func (c *Client) modeOn(ctx context.Context, path, field string) (on bool, err error) {
	err = c.read(ctx, hostFutures, path, 30, func(body []byte) error {
		var fields map[string]bool
		if json.Unmarshal(body, &fields) != nil {
			return fmt.Errorf("%w: %s", wire.ErrFormat, path)
		}
		value, told := fields[field]
		if !told {
			return fmt.Errorf("%w: no %s", wire.ErrFormat, field)
		}
		on = value
		return nil
	})
	return on, err
}

// marginProblem names a contract whose margin is isolated.
func (c *Client) marginProblem(ctx context.Context, pairs []carry.Pair) (problem string, err error) {
	err = c.read(ctx, hostFutures, "/fapi/v1/symbolConfig", 5, func(body []byte) error {
		var rows []struct {
			Symbol string `json:"symbol"`
			Margin string `json:"marginType"`
		}
		if json.Unmarshal(body, &rows) != nil {
			return fmt.Errorf("%w: symbolConfig", wire.ErrFormat)
		}
		mode := map[string]string{}
		for _, r := range rows {
			mode[r.Symbol] = r.Margin
		}
		for i := range pairs {
			switch symbol := pairs[i].PerpSymbol; mode[symbol] {
			case "CROSSED":
			case "":
				problem = "the exchange does not tell the margin mode of " + symbol
			default:
				problem = fmt.Sprintf("%s is %s; set it to cross", symbol, mode[symbol])
			}
			if problem != "" {
				return nil
			}
		}
		return nil
	})
	return problem, err
}

// rulesProblem reads filters and brackets of every pair as a session does.
func (c *Client) rulesProblem(ctx context.Context, o *ExamineOptions) (string, error) {
	var rules [2]map[string]wire.SymbolRules
	for m := range rules {
		_, raw, _, err := c.ExchangeInfo(ctx, wire.Market(m))
		if err != nil {
			return "", err
		}
		if rules[m], err = wire.DecodeRules(raw, wire.Market(m)); err != nil {
			return "", err
		}
	}
	ladders, _, err := c.Brackets(ctx)
	if err != nil {
		return "", err
	}
	for i := range o.Pairs {
		p := &o.Pairs[i]
		spot, ok1 := rules[wire.Spot][p.SpotSymbol]
		perp, ok2 := rules[wire.Futures][p.PerpSymbol]
		if !ok1 || !ok2 {
			return p.Coin + " is not listed on both markets", nil
		}
		k := slices.IndexFunc(ladders, func(l wire.Ladder) bool { return l.Symbol == p.PerpSymbol })
		if k < 0 || len(ladders[k].Brackets) == 0 {
			return p.PerpSymbol + " has no brackets", nil
		}
		if most := ladders[k].Brackets[0].MaxLeverage; most < o.LeastX {
			return fmt.Sprintf("%s allows %gx, and the settings need %gx", p.PerpSymbol, most, o.LeastX), nil
		}
		if _, err := rulesOf(int32(i), p, &spot, &perp, ladders[k].Brackets); err != nil {
			return "", err
		}
	}
	return "", nil
}
