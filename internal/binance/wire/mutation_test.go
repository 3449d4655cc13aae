package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// messages are whole ones of every kind, with the fields that may be absent.
var messages = []struct {
	name     string
	body     string
	decode   func(body []byte) error
	optional []string // paths that may be removed
	ignored  []string // paths that are not read at all
}{
	{"klines", `[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]]`,
		func(b []byte) error { _, err := DecodeKlines(nil, b); return err }, nil, nil},
	{"fundingRate", `[{"symbol":"BTCUSDT","fundingTime":1698768000018,"fundingRate":"0.00010000","markPrice":"34287.54619963","rateType":"Regular"}]`,
		func(b []byte) error { _, err := DecodeFundingRates(nil, b); return err }, []string{"0.markPrice", "0.rateType"}, nil},
	{"fundingInfo", `[{"symbol":"BLZUSDT","adjustedFundingRateCap":"0.02500000","adjustedFundingRateFloor":"-0.02500000","fundingIntervalHours":8,"disclaimer":false}]`,
		func(b []byte) error { _, err := DecodeFundingInfo(b); return err }, nil, []string{"0.disclaimer"}},
	{"leverageBracket", `[{"symbol":"ETHUSDT","brackets":[{"bracket":1,"initialLeverage":75,"notionalCap":10000,"notionalFloor":0,"maintMarginRatio":0.0065,"cum":0},{"bracket":2,"initialLeverage":50,"notionalCap":50000,"notionalFloor":10000,"maintMarginRatio":0.01,"cum":35}]}]`,
		func(b []byte) error { _, err := DecodeBrackets(b); return err }, []string{"0.brackets.1"}, nil},
	{"spot exchangeInfo", `{"serverTime":1600000000000,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"symbols":[{"symbol":"ETHUSDT","status":"TRADING","baseAsset":"ETH","quoteAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.0001","minQty":"0.0001","maxQty":"9000"},{"filterType":"MARKET_LOT_SIZE","stepSize":"0","maxQty":"1000"},{"filterType":"NOTIONAL","minNotional":"5"},{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"5","askMultiplierDown":"0.2"}]}]}`,
		func(b []byte) error { _, err := DecodeExchangeInfo(b, Spot); return err },
		[]string{"rateLimits.0", "symbols.0", "symbols.0.filters.2", "symbols.0.filters.3", "symbols.0.filters.4"}, nil},
	{"futures exchangeInfo", `{"serverTime":1600000000000,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400}],"symbols":[{"symbol":"ETHUSDT","status":"TRADING","baseAsset":"ETH","quoteAsset":"USDT","contractType":"PERPETUAL","onboardDate":1569398400000,"deliveryDate":4133404800000,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.001","minQty":"0.001","maxQty":"9000"},{"filterType":"MARKET_LOT_SIZE","stepSize":"0.001","maxQty":"1000"},{"filterType":"MIN_NOTIONAL","notional":"20"},{"filterType":"PERCENT_PRICE","multiplierUp":"1.05","multiplierDown":"0.95"}]}]}`,
		func(b []byte) error { _, err := DecodeExchangeInfo(b, Futures); return err },
		[]string{"rateLimits.0", "symbols.0", "symbols.0.filters.2", "symbols.0.filters.3", "symbols.0.filters.4"}, nil},
	{"time", `{"serverTime":1499827319559}`, func(b []byte) error { _, err := DecodeServerTime(b); return err }, nil, nil},
}

// paths lists every value within v.
func paths(v any, at string) []string {
	join := func(name string) string {
		if at == "" {
			return name
		}
		return at + "." + name
	}
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			out = append(append(out, join(name)), paths(x, join(name))...)
		}
	case []any:
		for i, x := range v {
			out = append(append(out, join(fmt.Sprint(i))), paths(x, join(fmt.Sprint(i)))...)
		}
	}
	return out
}

// change replaces the value at a path, or removes it when with is removed.
type removed struct{}

func change(v any, path string, with any) any {
	name, rest, deeper := strings.Cut(path, ".")
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = x
		}
		if deeper {
			out[name] = change(v[name], rest, with)
		} else if _, gone := with.(removed); gone {
			delete(out, name)
		} else {
			out[name] = with
		}
		return out
	case []any:
		var out []any
		for i, x := range v {
			switch {
			case fmt.Sprint(i) != name:
				out = append(out, x)
			case deeper:
				out = append(out, change(x, rest, with))
			default:
				if _, gone := with.(removed); !gone {
					out = append(out, with)
				}
			}
		}
		if out == nil {
			out = []any{}
		}
		return out
	}
	return v
}

func at(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var i int
			fmt.Sscan(name, &i)
			v = x[i]
		}
	}
	return v
}

// Every field of every message: without it, null, or of another type, the
// message is an error and never a zero.
func TestEveryFieldIsMandatoryAndTyped(t *testing.T) {
	tried := 0
	for _, m := range messages {
		if err := m.decode([]byte(m.body)); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		d := json.NewDecoder(strings.NewReader(m.body))
		d.UseNumber()
		var whole any
		if err := d.Decode(&whole); err != nil {
			t.Fatal(err)
		}
		in := func(list []string, p string) bool {
			for _, x := range list {
				if x == p {
					return true
				}
			}
			return false
		}
		for _, p := range paths(whole, "") {
			// A row that is left out is another, right message.
			rowless := !strings.Contains(p, ".") && p == "0"
			for _, with := range []any{removed{}, nil, retyped(at(whole, p)), map[string]any{}, "", "x", true, []any{"x"}, json.Number("-1"), json.Number("1.5")} {
				if _, gone := with.(removed); gone && (rowless || in(m.optional, p)) || in(m.ignored, p) {
					continue
				}
				if legal(m.name, p, with) {
					continue
				}
				text, err := json.Marshal(change(whole, p, with))
				if err != nil {
					t.Fatal(err)
				}
				tried++
				if err := m.decode(text); err == nil || !errors.Is(err, ErrFormat) {
					t.Errorf("%s: %s = %v: error %v\n%s", m.name, p, with, err, text)
				}
			}
		}
	}
	t.Logf("%d mutations", tried)
	if tried < 500 {
		t.Error("the table is too small")
	}
}

// retyped turns text into a number and the other way round.
func retyped(v any) any {
	switch v := v.(type) {
	case string:
		return json.Number("7")
	case json.Number:
		return v.String()
	}
	return "x"
}

// legal are mutations that give another right message.
func legal(name, path string, with any) bool {
	last := path[strings.LastIndex(path, ".")+1:]
	text, isText := with.(string)
	number, isNumber := with.(json.Number)
	if isText && text == "x" {
		switch last {
		case "symbol", "status", "baseAsset", "rateLimitType":
			return true // names are free
		case "quoteAsset", "contractType":
			return true // the symbol is then not wanted
		case "filterType":
			return strings.Contains(path, "filters.2") || strings.Contains(path, "filters.3") || strings.Contains(path, "filters.4")
		}
	}
	if isText && text == "" {
		return last == "markPrice" || last == "rateType" || last == "symbol" && (name == "fundingRate" || name == "fundingInfo" || name == "leverageBracket") ||
			last == "rateLimitType" || last == "contractType"
	}
	if isNumber && strings.HasPrefix(name, "leverageBracket") {
		// The caps of the last bracket and leverages are free within reason.
		return number == "1.5" && last == "initialLeverage"
	}
	return false
}

// Klines that contradict themselves or each other are refused.
func TestKlinesThatCannotBe(t *testing.T) {
	row := `[1499040000000,"2","3","1","2","10",1499043599999,"20",308,"5","10","0"]`
	later := strings.Replace(row, "1499040000000", "1499043600000", 1)
	later = strings.Replace(later, "1499043599999", "1499047199999", 1)
	for name, body := range map[string]string{
		"high below close": strings.Replace("["+row+"]", `"3"`, `"1.9"`, 1), "low above open": strings.Replace("["+row+"]", `"1"`, `"2.1"`, 1),
		"negative volume": strings.Replace("["+row+"]", `"10"`, `"-10"`, 1), "closes before it opens": strings.Replace("["+row+"]", "1499043599999", "1499030000000", 1),
		"twice": "[" + row + "," + row + "]", "backwards": "[" + later + "," + row + "]", "text after": "[" + row + "] x", "cut": "[" + row,
		"object": `{"code":-1121,"msg":"Invalid symbol."}`, "nothing": "", "NaN": strings.Replace("["+row+"]", `"3"`, `"NaN"`, 1),
		"hexadecimal": strings.Replace("["+row+"]", `"3"`, `"0x3"`, 1), "seconds": strings.Replace("["+row+"]", "1499040000000", "1499040000", 1),
	} {
		if rows, err := DecodeKlines(nil, []byte(body)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v %v", name, rows, err)
		}
	}
	rows, err := DecodeKlines(nil, []byte(" [ "+row+" ,\n"+later+" ] "))
	if err != nil || len(rows) != 2 || rows[1].At-rows[0].At != 3600000 {
		t.Error(rows, err)
	}
	if rows, err := DecodeKlines(nil, []byte("[]")); err != nil || len(rows) != 0 {
		t.Error(rows, err)
	}
}

// Archives: with or without header, in ms or µs row by row.
func TestArchiveRows(t *testing.T) {
	ms := "1735689600000,2,3,1,2,10,1735693199999,20,308,5,10,0\n"
	us := "1735693200000000,2,3,1,2,10,1735696799999999,20,308,5,10,0\n"
	for name, text := range map[string]string{"plain": ms + us, "header": klineHeader + "\n" + ms + us, "no last end": ms + strings.TrimSuffix(us, "\n"), "crlf": strings.ReplaceAll(ms+us, "\n", "\r\n")} {
		rows, err := ReadKlines(nil, strings.NewReader(text), 2)
		if err != nil || len(rows) != 2 || rows[0].At != 1735689600000 || rows[1].At != 1735693200000 || rows[1].CloseAt != 1735696799999 || rows[1].QuoteVolume != 20 {
			t.Errorf("%s: %v %v", name, rows, err)
		}
	}
	for name, text := range map[string]string{"unknown header": "time,open\n" + ms, "header in the middle": ms + klineHeader + "\n", "eleven columns": "1735689600000,2,3,1,2,10,1735693199999,20,308,5,10\n",
		"empty line": ms + "\n" + us, "empty cell": strings.Replace(ms, ",3,", ",,", 1), "half a microsecond": strings.Replace(us, "1735693200000000", "1735693200000500", 1),
		"long line": strings.Repeat("1", 5000) + "\n"} {
		if rows, err := ReadKlines(nil, strings.NewReader(text), 10); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v %v", name, rows, err)
		}
	}
	if _, err := ReadKlines(nil, strings.NewReader(ms+us), 1); !errors.Is(err, ErrTooManyRows) {
		t.Error(err)
	}
	f, err := ReadFunding(nil, strings.NewReader(fundingHeader+"\n1735689600011,8,-0.00012345\n"), 5)
	if err != nil || len(f) != 1 || f[0].Rate != -12345 || f[0].Hours != 8 || !math.IsNaN(f[0].Mark) {
		t.Error(f, err)
	}
	for _, row := range []string{"1735689600011,8,0.000123456", "1735689600011,0,0.0001", "1735689600011,,0.0001", "x,8,0.0001", "1735689600011,8", "1735689600011,8,1e400"} {
		if f, err := ReadFunding(nil, strings.NewReader(row+"\n"), 5); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v %v", row, f, err)
		}
	}
}

func TestListings(t *testing.T) {
	page := `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>data.binance.vision</Name><Prefix>a/</Prefix><Marker></Marker>%s<IsTruncated>%s</IsTruncated><Contents><Key>a/1.zip</Key><LastModified>2021-01-01T00:00:00.000Z</LastModified><ETag>"e1"</ETag><Size>7</Size></Contents><CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>`
	l, err := DecodeListing(fmt.Appendf(nil, page, "<NextMarker>a/b/</NextMarker>", "true"))
	if err != nil || l.Next != "a/b/" || len(l.Objects) != 1 || l.Objects[0] != (Object{"a/1.zip", `"e1"`, 7}) || l.Prefixes[0] != "a/b/" {
		t.Error(l, err)
	}
	if l, err := DecodeListing(fmt.Appendf(nil, page, "", "true")); err != nil || l.Next != "a/b/" {
		t.Error("without NextMarker the last name goes on:", l, err)
	}
	if l, err := DecodeListing(fmt.Appendf(nil, page, "", "false")); err != nil || l.Truncated {
		t.Error(l, err)
	}
	whole := fmt.Sprintf(page, "", "false")
	for _, part := range []string{"<IsTruncated>false</IsTruncated>", "<Key>a/1.zip</Key>", `<ETag>"e1"</ETag>`, "<Size>7</Size>", "<Prefix>a/b/</Prefix>"} {
		if l, err := DecodeListing([]byte(strings.Replace(whole, part, "", 1))); !errors.Is(err, ErrFormat) {
			t.Errorf("without %s: %v %v", part, l, err)
		}
	}
	for _, text := range []string{"", "<html></html>", whole[:200], strings.Replace(whole, "<Size>7", "<Size>x", 1), strings.Replace(whole, ">false<", ">maybe<", 1), whole + "x"} {
		if l, err := DecodeListing([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%.40s: %v %v", text, l, err)
		}
	}
}

func TestErrorBodies(t *testing.T) {
	if e, ok := DecodeError([]byte(` {"code":-1121,"msg":"Invalid symbol."}`)); !ok || e.Code != -1121 || e.Msg != "Invalid symbol." {
		t.Error(e, ok)
	}
	for _, text := range []string{"", "[]", "null", "<html>", `{"code":-1121}`, `{"code":"-1121","msg":"x"}`, `{"serverTime":1}`} {
		if e, ok := DecodeError([]byte(text)); ok {
			t.Errorf("%s: %v", text, e)
		}
	}
}
