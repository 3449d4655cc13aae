package exchange

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carry/internal/testenv"
)

// shape describes a JSON value: objects by names, lists by their first element,
// values by type.
func shape(path string, v any, into map[string]string) {
	switch x := v.(type) {
	case map[string]any:
		into[path] = "object"
		for k, e := range x {
			shape(path+"."+k, e, into)
		}
	case []any:
		into[path] = "list"
		if len(x) == 0 {
			return
		}
		if _, scalar := x[0].(map[string]any); scalar {
			shape(path+"[]", x[0], into)
			return
		}
		for i, e := range x {
			shape(fmt.Sprintf("%s[%d]", path, i), e, into)
		}
	case string:
		into[path] = "string"
	case float64:
		into[path] = "number"
	case bool:
		into[path] = "bool"
	default:
		into[path] = "null"
	}
}

// TestShapesAreThoseOfRecordedMessages compares the names and types of all
// fields with messages that others recorded or copied from the documentation.
func TestShapesAreThoseOfRecordedMessages(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "fixtures", "binance")
	s := open(t, TinyFacts(), at(t, tinyNow), Options{Keys: map[string]string{"k": "s"}})
	u := s.URLs()
	sign := func(q string) string { return q + "&signature=" + Sign("s", q) }
	one := "symbol=AAAUSDT&interval=1h&limit=1"
	for _, c := range []struct {
		fixture, url string
		// extra: fields that the fixture has and the server has not, or that
		// differ between the documents.
		except []string
	}{
		{"jkorf_binance_net/Spot/ExchangeData/GetServerTime.json", u.Spot + "/api/v3/time", nil},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetServerTime.json", u.Futures + "/fapi/v1/time", nil},
		{"jkorf_binance_net/Spot/ExchangeData/GetKlines.json", u.Spot + "/api/v3/klines?" + one, nil},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetKlines.json", u.Futures + "/fapi/v1/klines?" + one, nil},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetMarkPriceKlines.json", u.Futures + "/fapi/v1/markPriceKlines?" + one, nil},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetIndexPriceKlines.json", u.Futures + "/fapi/v1/indexPriceKlines?pair=AAAUSDT&interval=1h&limit=1", nil},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetFundingRates.json", u.Futures + "/fapi/v1/fundingRate?symbol=AAAUSDT&limit=1", nil},
		{"nautilus_trader/http_responses/http_futures_market_funding_rate.json", u.Futures + "/fapi/v1/fundingRate?symbol=AAAUSDT&limit=1", []string{"[].markPrice"}},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetFundingInfo.json", u.Futures + "/fapi/v1/fundingInfo", nil},
		{"jkorf_binance_net/UsdFutures/ExchangeData/GetMarkPrice.json", u.Futures + "/fapi/v1/premiumIndex?symbol=AAAUSDT", nil},
		{"jkorf_binance_net/UsdFutures/Account/GetBrackets.json", u.Futures + "/fapi/v1/leverageBracket?" + sign(fmt.Sprintf("symbol=AAAUSDT&timestamp=%d", at(t, tinyNow))), []string{"[].notionalCoef"}},
		{"recorded_fapi_leverageBracket_2024-10-24.json", u.Futures + "/fapi/v1/leverageBracket?" + sign(fmt.Sprintf("timestamp=%d", at(t, tinyNow))), nil},
	} {
		t.Run(filepath.Base(c.fixture), func(t *testing.T) {
			want, got := map[string]string{}, map[string]string{}
			shape("", fixture(t, filepath.Join(dir, c.fixture)), want)
			req := reply{}
			if strings.Contains(c.url, "signature") {
				req = s.send2(t, "GET", strings.TrimPrefix(c.url, u.Futures), "k")
			} else {
				req = s.ask(c.url)
			}
			var v any
			req.into(t, &v)
			shape("", v, got)
			compareShapes(t, want, got, c.except)
		})
	}
}

// compareShapes reports every difference that is not excepted.
func compareShapes(t *testing.T, want, got map[string]string, except []string) {
	t.Helper()
	for _, k := range sortedKeys(want) {
		if got[k] != want[k] && !slices.Contains(except, k) {
			t.Errorf("%s is %q, in the fixture %q", k, got[k], want[k])
		}
	}
	for _, k := range sortedKeys(got) {
		if want[k] == "" && !slices.Contains(except, k) {
			t.Errorf("%s is not in the fixture", k)
		}
	}
}

func fixture(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Response any `json:"response"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f.Response
}

// TestExchangeInfoHasTheFieldsOfRecordings holds each symbol's fields and the
// filters of all kinds against recordings of exchangeInfo: whatever we send is
// there, with the same type.
func TestExchangeInfoHasTheFieldsOfRecordings(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "data", "exchange_info")
	s := open(t, TinyFacts(), at(t, tinyNow), Options{})
	for file, url := range map[string]string{
		"spot_2024-09-08.json": s.URLs().Spot + "/api/v3/exchangeInfo",
		"fapi_2024-10-20.json": s.URLs().Futures + "/fapi/v1/exchangeInfo",
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var recorded, ours map[string]any
		if err := json.Unmarshal(text, &recorded); err != nil {
			t.Fatal(err)
		}
		s.ask(url).into(t, &ours)
		want, got := map[string]string{}, map[string]string{}
		infoShape(recorded, want)
		infoShape(ours, got)
		for _, k := range sortedKeys(got) {
			if want[k] != got[k] {
				t.Errorf("%s: %s is %q, recorded %q", file, k, got[k], want[k])
			}
		}
		for _, k := range sortedKeys(want) {
			if got[k] == "" && !strings.Contains(k, "TRAILING") && !strings.Contains(k, "POSITION") && !strings.Contains(k, "underlyingSubType") && !strings.Contains(k, "MAX_NUM_ALGO") {
				t.Errorf("%s: %s is missing", file, k)
			}
		}
	}
}

// infoShape is the shape of the top, of a limit, and of the first symbol with
// its filters by type.
func infoShape(info map[string]any, into map[string]string) {
	symbol := info["symbols"].([]any)[0].(map[string]any)
	for _, f := range symbol["filters"].([]any) {
		m := f.(map[string]any)
		shape("filter "+m["filterType"].(string), m, into)
	}
	for k, v := range symbol {
		if k != "filters" && k != "orderTypes" && k != "permissions" {
			shape("symbol."+k, v, into)
		}
	}
	for k, v := range info {
		if k != "symbols" && k != "rateLimits" {
			shape("top."+k, v, into)
		}
	}
	shape("limit", info["rateLimits"].([]any)[0], into)
	for k, v := range into {
		if strings.HasPrefix(k, "top.assets[]") && v != "" && k != "top.assets[]" && !strings.Contains(k, ".") {
			delete(into, k)
		}
	}
}
