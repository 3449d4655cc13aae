package data

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

const goodBar = "1609459200000,28923.63,29031.34,28690.17,28995.13,2311.811445,66768830.34\n"

// Every kind of bad cell is refused with the line it stands on.
func TestBadBarsNameTheLine(t *testing.T) {
	second := func(line string) string { return headerBars + "\n" + goodBar + line + "\n" }
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"word":          {second("1609462800000,x,29470,28960.35,29409.99,5403.07,"), 3, `open "x" is not a number`},
		"empty":         {second("1609462800000,,29470,28960.35,29409.99,5403.07,"), 3, `open "" is not a number`},
		"nan":           {second("1609462800000,NaN,29470,28960.35,29409.99,5403.07,"), 3, `"NaN" is not a number`},
		"inf":           {second("1609462800000,28995.13,Inf,28960.35,29409.99,5403.07,"), 3, `"Inf" is not a number`},
		"overflow":      {second("1609462800000,28995.13,1e999,28960.35,29409.99,5403.07,"), 3, "not a number"},
		"hex":           {second("1609462800000,0x1p3,29470,28960.35,29409.99,5403.07,"), 3, "not a number"},
		"negative":      {second("1609462800000,-28995.13,29470,28960.35,29409.99,5403.07,"), 3, "must be positive"},
		"zero":          {second("1609462800000,28995.13,29470,0,29409.99,5403.07,"), 3, "must be positive"},
		"high":          {second("1609462800000,28995.13,29400,28960.35,29409.99,5403.07,"), 3, "do not enclose"},
		"low":           {second("1609462800000,28995.13,29470,28999,29409.99,5403.07,"), 3, "do not enclose"},
		"volume":        {second("1609462800000,28995.13,29470,28960.35,29409.99,-1,"), 3, "volume is negative"},
		"no volume":     {second("1609462800000,28995.13,29470,28960.35,29409.99,,"), 3, "volume"},
		"columns":       {second("1609462800000,28995.13,29470,28960.35,29409.99,5403.07"), 3, "6 columns, want 7"},
		"microseconds":  {second("1609462800000000,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "microseconds"},
		"seconds":       {second("1609462800,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "in seconds"},
		"year":          {second("16094628000000,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "between 2017 and 2100"},
		"fraction":      {second("1609462800000.0,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "whole number"},
		"off the hour":  {second("1609462860000,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "not on the hour"},
		"order":         {second("1609455600000,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "not in order"},
		"other twin":    {second("1609459200000,28995.13,29470,28960.35,29409.99,5403.07,"), 3, "twice with different values"},
		"blank line":    {second(""), 3, "1 columns"},
		"cut off":       {headerBars + "\n" + goodBar + "1609462800000,28995.13,29470,28960.35,29409.99,5403.07,12", 3, "cut off"},
		"header":        {"time,o,h,l,c,v,q\n" + goodBar, 1, "unknown header"},
		"no header":     {goodBar, 1, "unknown header"},
		"empty file":    {"", 1, "empty"},
		"header only":   {headerBars + "\n", 1, "no rows"},
		"quoted number": {second(`1609462800000,"28995.13",29470,28960.35,29409.99,5403.07,`), 3, "not a number"},
	} {
		_, err := parseBars(nil, &source{path: "spot/1h/BTCUSDT.csv", text: []byte(c.text)}, kindSpot)
		checkRefused(t, name, err, c.line, c.want)
	}
}

func checkRefused(t *testing.T, name string, err error, line int, want string) {
	t.Helper()
	var fe *FileError
	switch {
	case !errors.As(err, &fe) || !errors.Is(err, ErrRefused):
		t.Errorf("%s: error %v, want a FileError", name, err)
	case fe.Line != line || !strings.Contains(fe.What, want):
		t.Errorf("%s: %v, want line %d and %q", name, err, line, want)
	}
}

func TestGoodBars(t *testing.T) {
	text := headerBars + "\r\n" + goodBar + goodBar + "1609462800000,28995,29470,28960,29409.9,0,\n"
	bars, err := parseBars(nil, &source{path: "x", text: []byte(text)}, kindSpot)
	if err != nil || len(bars) != 2 {
		t.Fatalf("%d bars, %v; want 2: an identical twin is one bar", len(bars), err)
	}
	if bars[0].close != 28995.13 || bars[0].quote != 66768830.34 || !math.IsNaN(bars[1].quote) || bars[1].line != 4 {
		t.Errorf("read %+v", bars)
	}
	// The premium index may be negative, prices may not.
	text = headerMark + "\n1609459200000,-0.0001,0.0002,-0.0003,0\n"
	if _, err := parseBars(nil, &source{path: "x", text: []byte(text)}, kindPremium); err != nil {
		t.Error(err)
	}
	if _, err := parseBars(nil, &source{path: "x", text: []byte(text)}, kindMark); err == nil {
		t.Error("a negative mark price was accepted")
	}
}

func TestBadFundingNamesTheLine(t *testing.T) {
	second := func(line string) string { return headerFunding + "\n1609459200005,0.0001,,8\n" + line + "\n" }
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"word":         {second("1609488000000,high,,8"), 3, `rate: "high"`},
		"nan":          {second("1609488000000,NaN,,8"), 3, "rate"},
		"empty":        {second("1609488000000,,,8"), 3, "rate"},
		"too fine":     {second("1609488000000,0.000100001,,8"), 3, "more than eight decimals"},
		"percent":      {second("1609488000000,0.375,,8"), 3, "not percent"},
		"mark":         {second("1609488000000,0.0001,-5,8"), 3, "mark_price"},
		"interval":     {second("1609488000000,0.0001,,-8"), 3, "interval_hours"},
		"interval ms":  {second("1609488000000,0.0001,,28800000"), 3, "interval_hours"},
		"columns":      {second("1609488000000,0.0001,"), 3, "3 columns, want 4"},
		"order":        {second("1609430400000,0.0001,,8"), 3, "not in order"},
		"same slot":    {second("1609459200001,0.0002,,8"), 3, "twice with different values"},
		"seconds":      {second("1609488000,0.0001,,8"), 3, "in seconds"},
		"microseconds": {second("1609488000000000,0.0001,,8"), 3, "microseconds"},
	} {
		_, err := parseFunding(nil, &source{path: "funding/BTCUSDT.csv", text: []byte(c.text)})
		checkRefused(t, name, err, c.line, c.want)
	}
}

// Rates are integers whatever the notation, and stamps keep their jitter.
func TestGoodFunding(t *testing.T) {
	text := headerFunding + "\n1609459200047,1e-05,,\n1609487999960,-0.00375,29000.12345678,4\n"
	rows, err := parseFunding(nil, &source{path: "x", text: []byte(text)})
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	if rows[0].rate != 1000 || rows[0].slot != 1609459200000 || rows[0].at != 1609459200047 || rows[0].mark.Valid {
		t.Errorf("read %+v", rows[0])
	}
	if rows[1].rate != -375000 || rows[1].slot != 1609488000000 || rows[1].hours.Float64 != 4 || rows[1].mark.Float64 != 29000.12345678 {
		t.Errorf("read %+v", rows[1])
	}
}

// The quick number reader agrees with the standard library wherever it answers.
func TestParseDecimalIsTheNearestFloat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,12})?`).Draw(t, "text")
		got, ok := parseDecimal([]byte(s))
		want, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		if ok && got != want {
			t.Fatalf("%s read as %v, want %v", s, got, want)
		}
		if !ok && len(s) <= 15 {
			t.Fatalf("%s was left to the slow reader", s)
		}
	})
	for _, s := range []string{"", ".", "1.", ".5", "+1", "1e5", "1_0", "--1", "1.2.3", " 1"} {
		if _, ok := parseDecimal([]byte(s)); ok {
			t.Errorf("%q was read as plain decimal text", s)
		}
	}
}

// Three spellings of one ladder are one ladder; the figures are BTC's of
// 2024-10-24 as Binance gave them, cum included.
func TestBracketShapes(t *testing.T) {
	const short = `{"BTC/USDT": [[0.0, "0.004"], [50000.0, "0.005"], [600000, "0.0065"], [3000000, "0.01"], [12000000, "0.02"]]}`
	const older = `{"BTC/USDT": [
		{"tier":1,"notionalFloor":0,"notionalCap":50000,"maintenanceMarginRatio":0.004,"maxLeverage":125,"info":{"cum":"0.0"}},
		{"tier":2,"notionalFloor":50000,"notionalCap":600000,"maintenanceMarginRatio":0.005,"maxLeverage":100,"info":{"cum":"50.0"}},
		{"tier":3,"notionalFloor":600000,"notionalCap":3000000,"maintenanceMarginRatio":0.0065,"maxLeverage":75,"info":{"cum":"950.0"}},
		{"tier":4,"notionalFloor":3000000,"notionalCap":12000000,"maintenanceMarginRatio":0.01,"maxLeverage":50,"info":{"cum":"11450.0"}},
		{"tier":5,"notionalFloor":12000000,"notionalCap":70000000,"maintenanceMarginRatio":0.02,"maxLeverage":25,"info":{"cum":"131450.0"}}]}`
	newer := strings.NewReplacer("notionalFloor", "minNotional", "notionalCap", "maxNotional", "MarginRatio", "MarginRate",
		`"BTC/USDT"`, `"BTC/BUSD:BUSD": [], "BTC/USDT:USDT-240628": [], "BTC/USDT:USDT"`, `"131450.0"`, `131450.0`).Replace(older)
	wantCum := []float64{0, 50, 950, 11450, 131450}
	for name, text := range map[string]string{"short": short, "older": older, "newer": newer} {
		facts, err := parseBrackets(&source{path: "b.json", text: []byte(text)})
		if err != nil || len(facts) != 1 || facts[0].symbol != "BTCUSDT" {
			t.Fatalf("%s: %+v, %v", name, facts, err)
		}
		for i, b := range facts[0].brackets {
			if math.Abs(b.Cum-wantCum[i]) > 1e-6 || i < 4 && b.Cap != facts[0].brackets[i+1].Floor {
				t.Errorf("%s: bracket %d is %+v, want cum %v", name, i+1, b, wantCum[i])
			}
		}
		// At each border both brackets ask for the same margin.
		for _, b := range facts[0].brackets[1:] {
			below := carry.MaintenanceMargin(facts[0].brackets, math.Nextafter(b.Floor, 0))
			if at := carry.MaintenanceMargin(facts[0].brackets, b.Floor); math.Abs(at-below) > 1e-6 {
				t.Errorf("%s: margin jumps from %v to %v at %v", name, below, at, b.Floor)
			}
		}
	}
}

func TestBadBrackets(t *testing.T) {
	for text, want := range map[string]string{
		`{"BTC/USDT": [[0, "0.004"], [50000, "x"]]}`:                  "bracket 2",
		`{"BTC/USDT": [[0, "0.004", 3]]}`:                             "3 figures",
		`{"BTC/USDT": [[5, "0.004"]]}`:                                "begins at 5",
		`{"BTC/USDT": [[0, "0.004"], [0, "0.005"]]}`:                  "not above",
		`{"BTC/USDT": [[0, "0.01"], [10, "0.005"]]}`:                  "falls",
		`{"BTC/USDT": [[0, "-0.01"]]}`:                                "rate -0.01",
		`{"BTC/USDT": [[0, "NaN"]]}`:                                  "not a number",
		`{"BTC/USDT": []}`:                                            "no brackets",
		`{"BTC/USDT": [{"minNotional": 0}]}`:                          "missing",
		`{"BTC/BUSD": [[0, "0.01"]]}`:                                 "no USDT perpetuals",
		"{\n\"BTC/USDT\": [[0, \"0.01\"]\n":                           "b.json:3",
		`{"BTC/USDT": [[0, "0.01"]], "BTC/USDT:USDT": [[0, "0.01"]]}`: "twice",
		`{"BTC/USDT": [{"minNotional":0,"maxNotional":9,"maintenanceMarginRate":0.01,"info":{"cum":0}},
		{"minNotional":9,"maxNotional":90,"maintenanceMarginRate":0.02,"info":{"cum":7}}]}`: "cum 7",
		`{"BTC/USDT": [{"minNotional":0,"maxNotional":8,"maintenanceMarginRate":0.01,"info":{"cum":0}},
		{"minNotional":9,"maxNotional":90,"maintenanceMarginRate":0.02,"info":{"cum":0.09}}]}`: "next begins at 9",
	} {
		_, err := parseBrackets(&source{path: "b.json", text: []byte(text)})
		if err == nil || !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func infoText(at carry.Time, symbols string) string {
	return `{"serverTime": ` + strconv.FormatInt(int64(at), 10) + `, "symbols": [` + symbols + `]}`
}

const spotSymbol = `{"symbol":"AAAUSDT","status":"TRADING","quoteAsset":"USDT","filters":[
	{"filterType":"PRICE_FILTER","minPrice":"0.02000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},
	{"filterType":"LOT_SIZE","minQty":"0.00100000","maxQty":"9000.00000000","stepSize":"0.00100000"},
	{"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"129.84957276","stepSize":"0.00000000"},
	{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"4","askMultiplierDown":"0.3"},
	{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false}]}`

const perpSymbol = `{"symbol":"AAAUSDT","status":"TRADING","contractType":"PERPETUAL","quoteAsset":"USDT","onboardDate":1569398400000,
	"deliveryDate":4133404800000,"liquidationFee":"0.012500","filters":[
	{"filterType":"PRICE_FILTER","tickSize":"0.10"},
	{"filterType":"LOT_SIZE","minQty":"0.01","maxQty":"1000","stepSize":"0.01"},
	{"filterType":"MARKET_LOT_SIZE","minQty":"0.01","maxQty":"120","stepSize":"0.01"},
	{"filterType":"MIN_NOTIONAL","notional":"50"},
	{"filterType":"PERCENT_PRICE","multiplierUp":"1.0500","multiplierDown":"0.9500"}]}`

func TestExchangeInfo(t *testing.T) {
	at := monday + 5*carry.Hour
	facts, err := parseInfo(&source{path: "s.json", text: []byte(infoText(at, spotSymbol+`,{"symbol":"AAABTC","quoteAsset":"BTC"}`))}, monday, false)
	if err != nil || len(facts) != 1 {
		t.Fatal(facts, err)
	}
	want := ruleRow{from: at, recorded: at, tick: 0.01, step: 0.001, minQty: 0.001, maxQty: 9000, marketMax: 129.84957276,
		minNotional: 5, percentUp: 4, percentDown: 0.3,
		minPrice: 0.02, maxPrice: 1e6, maxNotional: 9e6, minOnMarket: true}
	if facts[0].row != want {
		t.Errorf("read %+v, want %+v", facts[0].row, want)
	}
	for text, want := range map[string]string{
		infoText(at+carry.Day, spotSymbol):                                       "date in the file's name",
		infoText(at, ""):                                                         "no USDT symbols",
		infoText(at, spotSymbol+","+spotSymbol):                                  "twice",
		infoText(at, strings.Replace(spotSymbol, "PRICE_FILTER", "X", 1)):        "PRICE_FILTER",
		infoText(at, strings.Replace(spotSymbol, `"0.00100000"`, `"-0.001"`, 1)): "negative",
		infoText(at, strings.Replace(spotSymbol, `"5.00000000"`, `"NaN"`, 1)):    "not a number",
		infoText(at, spotSymbol) + "x":                                           "bad JSON",
	} {
		if _, err := parseInfo(&source{path: "s.json", text: []byte(text)}, monday, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func FuzzBars(f *testing.F) {
	f.Add([]byte(headerBars + "\n" + goodBar))
	f.Add([]byte(headerMark + "\n1609459200000,1,2,0.5,1e0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range []string{kindSpot, kindMark, kindPremium} {
			bars, err := parseBars(nil, &source{path: "f", text: text}, kind)
			if err != nil && !errors.Is(err, ErrRefused) {
				t.Fatal("not a refusal: ", err)
			}
			for i, b := range bars {
				if !(b.low <= b.open && b.open <= b.high && b.low <= b.close && b.close <= b.high) || b.volume < 0 ||
					i > 0 && b.at <= bars[i-1].at || kind != kindPremium && b.low <= 0 {
					t.Fatalf("accepted %+v", b)
				}
			}
		}
	})
}

func FuzzFunding(f *testing.F) {
	f.Add([]byte(headerFunding + "\n1609459200047,1e-05,,\n1609488000000,-0.00375,29000.1,4\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := parseFunding(nil, &source{path: "f", text: text})
		if err != nil && !errors.Is(err, ErrRefused) {
			t.Fatal("not a refusal: ", err)
		}
		for i, r := range rows {
			if r.slot%carry.Minute != 0 || i > 0 && r.slot <= rows[i-1].slot || r.rate > maxRate || r.rate < -maxRate {
				t.Fatalf("accepted %+v", r)
			}
		}
	})
}

func FuzzBrackets(f *testing.F) {
	f.Add([]byte(`{"BTC/USDT": [[0.0, "0.004"], [50000.0, "0.005"]]}`))
	f.Add([]byte(`{"BTC/USDT:USDT": [{"minNotional":0,"maxNotional":null,"maintenanceMarginRate":"0.01","info":{"cum":0}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		facts, err := parseBrackets(&source{path: "f", text: text})
		if err != nil && !errors.Is(err, ErrRefused) {
			t.Fatal("not a refusal: ", err)
		}
		for _, fact := range facts {
			if err := checkLadder(fact.brackets); err != nil {
				t.Fatalf("accepted %+v: %v", fact, err)
			}
		}
	})
}

func FuzzInfo(f *testing.F) {
	f.Add([]byte(infoText(monday, spotSymbol)))
	f.Add([]byte(infoText(monday, perpSymbol)))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, perp := range []bool{false, true} {
			facts, err := parseInfo(&source{path: "f", text: text}, monday, perp)
			if err != nil && !errors.Is(err, ErrRefused) {
				t.Fatal("not a refusal: ", err)
			}
			for _, fact := range facts {
				if !(fact.row.tick > 0) || !(fact.row.step > 0) || fact.symbol == "" {
					t.Fatalf("accepted %+v", fact)
				}
			}
		}
	})
}
