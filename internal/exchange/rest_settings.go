package exchange

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"carry"
)

// notSimulated is the answer for what this exchange does not do.
func notSimulated() answer {
	return (&refusal{400, -4084, "Method is not allowed currently. Coming soon."}).answer()
}

// setLeverage answers POST leverage. It is remembered and told; what may be
// opened is bounded by the simulated account's own setting.
func setLeverage(t *Trading, q *query) answer {
	i, r := t.pairIn(q)
	if r != nil {
		return r.answer()
	}
	v, _, r := q.integer("leverage")
	if r != nil || v < 1 || v > 125 {
		return (&refusal{400, -4028, "Leverage " + strconv.FormatInt(v, 10) + " is not valid"}).answer()
	}
	if t.faults.pick(leverageBusy) != "" {
		return (&refusal{503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes."}).answer()
	}
	symbol := t.symbol(FuturesMarket, i)
	t.leverage[symbol] = int(v)
	return asJSON(object{{"leverage", v}, {"maxNotionalValue", "1000000"}, {"symbol", symbol}})
}

// setMarginType answers POST marginType: all is cross.
func setMarginType(t *Trading, q *query) answer {
	if _, r := t.pairIn(q); r != nil {
		return r.answer()
	}
	kind, r := q.must("marginType")
	if r != nil {
		return r.answer()
	}
	if kind == "CROSSED" {
		return (&refusal{400, -4046, "No need to change margin type."}).answer()
	}
	return notSimulated()
}

func positionMode(t *Trading, _ *query) answer {
	return asJSON(object{{"dualSidePosition", t.opt.Setup.Hedge || t.spoilSettings(hedgeMode)}})
}

// symbolConfig answers GET symbolConfig: margin mode and leverage of each contract.
func symbolConfig(t *Trading, q *query) answer {
	name, _ := q.get("symbol")
	list := []object{}
	mode := "CROSSED"
	if t.opt.Setup.Isolated {
		mode = "ISOLATED"
	}
	for i := range t.info.Pairs {
		if symbol := t.info.Pairs[i].PerpSymbol; name == "" || symbol == name {
			list = append(list, object{{"symbol", symbol}, {"marginType", mode}, {"isAutoAddMargin", false},
				{"leverage", t.leverageOf(symbol)}, {"maxNotionalValue", "1000000"}})
		}
	}
	return asJSON(list)
}

func setPositionMode(_ *Trading, q *query) answer {
	if v, _ := q.get("dualSidePosition"); strings.EqualFold(v, "false") {
		return (&refusal{400, -4059, "No need to change position side."}).answer()
	}
	return notSimulated()
}

func multiAssets(t *Trading, _ *query) answer {
	return asJSON(object{{"multiAssetsMargin", t.opt.Setup.MultiAssets || t.spoilSettings(multiAssetsMode)}})
}

// startListening answers POST listenKey: the key that lives, or a new one.
func startListening(t *Trading, q *query) answer {
	if t.keys.refuse > 0 {
		t.keys.refuse--
		return (&refusal{503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes."}).answer()
	}
	if t.keys.key == "" {
		n := t.next()
		text := Sign(strconv.FormatInt(n, 10), "listen key") // 64 characters, as production's
		t.keys.key = text
		t.hub.mu.Lock()
		t.hub.valid = text
		t.hub.mu.Unlock()
	}
	t.keys.until = q.now + listenKeyLife
	return asJSON(object{{"listenKey", t.keys.key}})
}

// keepListening answers PUT listenKey.
func keepListening(t *Trading, q *query) answer {
	if t.keys.forgotten {
		t.keys.forgotten, t.keys.key = false, ""
		t.hub.mu.Lock()
		t.hub.valid = ""
		t.hub.mu.Unlock()
	}
	if t.keys.key == "" {
		return (&refusal{400, -1125, "This listenKey does not exist."}).answer()
	}
	t.keys.until = q.now + listenKeyLife
	return asJSON(object{{"listenKey", t.keys.key}})
}

// stopListening answers DELETE listenKey.
func stopListening(t *Trading, _ *query) answer {
	t.keys.key = ""
	t.hub.mu.Lock()
	t.hub.valid = ""
	t.hub.mu.Unlock()
	return empty(nil, nil)
}

// authorizeParams checks a signed request of the WebSocket API: the signature
// is over its parameters in alphabetical order.
func (s *Server) authorizeParams(raw json.RawMessage) *refusal {
	var values map[string]any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&values) != nil {
		return &refusal{400, -1102, "Mandatory parameter 'apiKey' was not sent, was empty/null, or malformed."}
	}
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	sort.Strings(names)
	q := &query{now: s.now(), market: SpotMarket, pace: s.opt.Trading.clock.pace()}
	var signed []string
	for _, n := range names {
		text := ""
		switch v := values[n].(type) {
		case string:
			text = v
		case json.Number:
			text = v.String()
		}
		if n == "apiKey" {
			q.apiKey = text
		}
		q.params = append(q.params, param{n, text})
		if n != "signature" {
			signed = append(signed, n+"="+text)
		}
	}
	q.rawQuery = strings.Join(signed, "&")
	return q.authorize(s.opt.Keys)
}

// stepAnswer is what POST /loopback/v1/step tells.
type stepAnswer struct {
	Now   carry.Time `json:"now"`
	Event string     `json:"event"` // what happened; "" after the end
	Ended bool       `json:"ended"`
}
