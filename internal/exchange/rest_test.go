package exchange

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"carry"
)

const tinyNow = "2025-02-03T10:30Z"

func TestKlinesFollowTheDocumentedRules(t *testing.T) {
	now := at(t, tinyNow)
	facts := TinyFacts()
	s := open(t, facts, now, Options{})
	ms := func(text string) int64 { return int64(at(t, text)) }
	ask := func(query string, args ...any) []carry.Time {
		t.Helper()
		return opens(s.spot("/api/v3/klines?interval=1h&symbol=AAAUSDT&" + fmt.Sprintf(query, args...)).rows(t))
	}
	between := func(from, to string) []carry.Time {
		var out []carry.Time
		rows, _ := facts.Klines(Series{SpotKlines, "AAAUSDT"}, at(t, from), at(t, to), 0)
		for _, r := range rows {
			out = append(out, r.At)
		}
		return out
	}
	for _, c := range []struct {
		rule string
		got  []carry.Time
		want []carry.Time
	}{
		{"startTime: the oldest from there", ask("startTime=%d&limit=3", ms("2024-12-01T00:00")), between("2024-12-01", "2024-12-01T03:00")},
		{"startTime in the middle of a bar selects the next one", ask("startTime=%d&limit=1", ms("2024-12-01T00:00")+1), between("2024-12-01T01:00", "2024-12-01T02:00")},
		{"endTime: the newest up to it, ascending", ask("endTime=%d&limit=2", ms("2024-12-01T05:30")), between("2024-12-01T04:00", "2024-12-01T06:00")},
		{"both ends are inclusive by open time", ask("startTime=%d&endTime=%d", ms("2024-12-01T05:00"), ms("2024-12-01T07:00")), between("2024-12-01T05:00", "2024-12-01T08:00")},
		{"neither: the newest, with the bar under way", ask("limit=2"), between("2025-02-03T09:00", "2025-02-03T11:00")},
		{"a pause is a gap, not an error", ask("startTime=%d&endTime=%d", ms("2024-12-10T02:00"), ms("2024-12-10T08:00")), []carry.Time{at(t, "2024-12-10T02:00"), at(t, "2024-12-10T08:00")}},
		{"nothing in the window", ask("startTime=%d&endTime=%d", ms("2024-12-10T03:00"), ms("2024-12-10T07:00")), []carry.Time{}},
		{"microseconds are taken", ask("startTime=%d000&limit=1", ms("2025-01-02T00:00")), between("2025-01-02", "2025-01-02T01:00")},
		{"start after end on spot: nothing", ask("startTime=%d&endTime=%d", ms("2025-01-02"), ms("2025-01-01")), []carry.Time{}},
		{"500 by default", ask("startTime=0"), between("2024-11-20", "2024-12-31T00:00")[:500]},
		{"1000 at most on spot", ask("startTime=0&limit=5000"), between("2024-11-20", "2025-02-03")[:1000]},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %d rows %v, want %d rows %v", c.rule, len(c.got), ends(c.got), len(c.want), ends(c.want))
		}
	}
	if n := len(s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&startTime=0&limit=9999").rows(t)); n != 1500 {
		t.Errorf("futures gave %d rows, want 1500 at most", n)
	}
	if n := len(s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&startTime=0").rows(t)); n != 500 {
		t.Errorf("futures gave %d rows, want 500 by default", n)
	}
	if n := len(s.spot("/api/v3/klines?symbol=AAAUSDT&interval=4h").rows(t)); n != 0 {
		t.Errorf("an interval without facts gave %d rows", n)
	}
}

// ends shortens a list of times in a message.
func ends(v []carry.Time) []carry.Time {
	if len(v) <= 4 {
		return v
	}
	return []carry.Time{v[0], v[1], v[len(v)-2], v[len(v)-1]}
}

func TestKlineRowsCarryTheFacts(t *testing.T) {
	facts := TinyFacts()
	s := open(t, facts, at(t, tinyNow), Options{})
	for kind, path := range map[Kind]string{
		SpotKlines: "/api/v3/klines?symbol=", PerpKlines: "/fapi/v1/klines?symbol=", MarkKlines: "/fapi/v1/markPriceKlines?symbol=",
		IndexKlines: "/fapi/v1/indexPriceKlines?pair=", PremiumKlines: "/fapi/v1/premiumIndexKlines?symbol=",
	} {
		base := s.URLs().Futures
		if kind == SpotKlines {
			base = s.URLs().Spot
		}
		got := s.ask(fmt.Sprintf("%s%sAAAUSDT&interval=1h&limit=40&startTime=%d", base, path, at(t, "2024-12-01"))).rows(t)
		want, _ := facts.Klines(Series{kind, "AAAUSDT"}, at(t, "2024-12-01"), at(t, tinyNow), 40)
		if len(got) != 40 {
			t.Fatalf("%s: %d rows", path, len(got))
		}
		for i, k := range want {
			row := []any{float64(k.At), k.Open, k.High, k.Low, k.Close, k.Volume, float64(k.At + carry.Hour - 1), k.Quote, float64(k.Trades), k.TakerVolume, k.TakerQuote, "0"}
			if !reflect.DeepEqual(got[i], row) {
				t.Fatalf("%s row %d:\n got %v\nwant %v", path, i, got[i], row)
			}
		}
	}
}

func TestAnUnfinishedBarShowsOnlyItsBeginning(t *testing.T) {
	now := at(t, tinyNow)
	s := open(t, TinyFacts(), now, Options{})
	last := func() []any {
		rows := s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=1").rows(t)
		return rows[len(rows)-1]
	}
	row := last()
	if row[0] != float64(now.Floor(carry.Hour)) || row[6].(float64) < float64(now) {
		t.Fatalf("the last bar %v is not the one under way at %s", row, now)
	}
	if row[1] != row[4] || row[8] != 0.0 {
		t.Errorf("an unfinished bar tells its end: %v", row)
	}
	s.clock.Set(now.Floor(carry.Hour) + carry.Hour - 1)
	if again := last(); again[1] != again[4] {
		t.Errorf("a bar was finished in its last millisecond: %v", again)
	}
	s.clock.Set(now.Floor(carry.Hour) + carry.Hour)
	if rows := s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=2").rows(t); rows[0][1] == rows[0][4] || rows[0][0] != row[0] {
		t.Errorf("a bar that is over does not show its end: %v", rows[0])
	}
}

func TestAReusedTickerTellsOnlyThePresentContract(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{})
	first := opens(s.futures("/fapi/v1/klines?symbol=BBBUSDT&interval=1h&startTime=0&limit=1").rows(t))[0]
	if want := at(t, "2024-12-23"); first != want {
		t.Errorf("klines of a reused ticker begin %s, want %s", first, want)
	}
	var f []struct{ FundingTime carry.Time }
	s.futures("/fapi/v1/fundingRate?symbol=BBBUSDT&startTime=0&limit=1").into(t, &f)
	if len(f) != 1 || f[0].FundingTime < at(t, "2024-12-23") {
		t.Errorf("funding of a reused ticker: %v", f)
	}
	s.clock.Set(at(t, "2023-01-01"))
	if n := len(s.futures("/fapi/v1/klines?symbol=BBBUSDT&interval=1h&startTime=0&limit=1500").rows(t)); n != 46*24+9 {
		t.Errorf("before the ticker was reused the old contract's %d bars are there, got %d", 46*24+9, n)
	}
}

func TestFundingRate(t *testing.T) {
	facts := TinyFacts()
	now := at(t, tinyNow)
	s := open(t, facts, now, Options{})
	type row struct {
		Symbol      string
		FundingTime carry.Time
		FundingRate string
		MarkPrice   *string
		RateType    string
	}
	ask := func(query string, args ...any) []row {
		t.Helper()
		var out []row
		s.futures("/fapi/v1/fundingRate?"+fmt.Sprintf(query, args...)).into(t, &out)
		return out
	}
	all, _ := facts.Funding("AAAUSDT", 0, now+1, 0)
	got := ask("symbol=AAAUSDT&startTime=0&limit=1000")
	if len(got) != len(all) {
		t.Fatalf("%d rows, want %d", len(got), len(all))
	}
	jitter, unmarked := false, false
	for i, r := range got {
		if r.FundingTime != all[i].At || r.FundingRate != all[i].Rate || r.MarkPrice == nil || *r.MarkPrice != all[i].Mark {
			t.Fatalf("row %d: %+v, want %+v", i, r, all[i])
		}
		jitter = jitter || r.FundingTime%carry.Minute != 0
		unmarked = unmarked || *r.MarkPrice == ""
	}
	if !jitter || !unmarked {
		t.Errorf("no jitter (%t) or no row without a mark price (%t)", jitter, unmarked)
	}
	page := ask("symbol=AAAUSDT&startTime=%d&endTime=%d", all[3].At, all[5].At)
	if len(page) != 3 || page[0].FundingTime != all[3].At || page[2].FundingTime != all[5].At {
		t.Errorf("startTime and endTime are inclusive: %v", page)
	}
	if page = ask("symbol=AAAUSDT&startTime=%d&limit=2", all[3].At+1); len(page) != 2 || page[0].FundingTime != all[4].At {
		t.Errorf("next = last + 1 repeats or skips: %v", page)
	}
	if page = ask("symbol=AAAUSDT"); len(page) != 100 || page[99].FundingTime != all[len(all)-1].At {
		t.Errorf("without times: %d rows, want the most recent 100", len(page))
	}
	page = ask("startTime=%d&limit=1000", at(t, "2025-01-01"))
	seen := map[string]int{}
	for i, r := range page {
		seen[r.Symbol]++
		if i > 0 && r.FundingTime < page[i-1].FundingTime {
			t.Fatalf("all symbols: row %d out of order", i)
		}
	}
	if seen["AAAUSDT"] == 0 || seen["BBBUSDT"] == 0 {
		t.Errorf("all symbols: %v", seen)
	}
	if page[0].RateType != "" {
		t.Errorf("rateType before 2026-07-24: %q", page[0].RateType)
	}
	b := appendFunding(nil, []namedFunding{{"X", Funding{At: rateTypeSince, Rate: "0.1"}}})
	if !strings.Contains(string(b), `"rateType":"Regular"`) {
		t.Errorf("no rateType from 2026-07-24 on: %s", b)
	}
}

func TestErrorsAreWordedAsBinanceWordsThem(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{})
	for _, c := range []struct {
		futures      bool
		path         string
		status, code int
		msg          string
	}{
		{false, "/api/v3/klines?symbol=NOPE&interval=1h", 400, -1121, "Invalid symbol."},
		{true, "/fapi/v1/klines?symbol=NOPE&interval=1h", 400, -1121, "Invalid symbol."},
		{true, "/fapi/v1/fundingRate?symbol=NOPE", 400, -1121, "Invalid symbol."},
		{true, "/fapi/v1/premiumIndex?symbol=NOPE", 400, -1121, "Invalid symbol."},
		{false, "/api/v3/klines?interval=1h", 400, -1102, "'symbol' was not sent"},
		{true, "/fapi/v1/indexPriceKlines?symbol=AAAUSDT&interval=1h", 400, -1102, "'pair' was not sent"},
		{false, "/api/v3/klines?symbol=AAAUSDT", 400, -1102, "'interval' was not sent"},
		{false, "/api/v3/klines?symbol=AAAUSDT&interval=7h", 400, -1120, "Invalid interval."},
		{true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1s", 400, -1120, "Invalid interval."},
		{false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&limit=-1", 400, -1100, "Illegal characters found in parameter 'limit'"},
		{false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&limit=", 400, -1105, "Parameter 'limit' was empty."},
		{false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&limit=0", 400, -1130, "'limit' is not valid"},
		{false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&startTime=yesterday", 400, -1100, "'startTime'"},
		{false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&colour=red", 400, -1104, "read '2' parameter(s) but was sent '3'"},
		{false, "/api/v3/klines?symbol=AAAUSDT&symbol=BBBUSDT&interval=1h", 400, -1101, "Duplicate"},
		{true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&startTime=5&endTime=4", 400, -1023, "Start time is greater"},
		{false, "/api/v3/exchangeInfo?symbol=NOPE", 400, -1121, "Invalid symbol."},
		{false, "/api/v3/exchangeInfo?symbol=AAAUSDT&symbols=[]", 400, -1128, "Combination"},
		{false, "/api/v3/exchangeInfo?symbols=AAAUSDT", 400, -1100, "'symbols'"},
		{true, "/fapi/v1/allForceOrders", 404, -5000, "Path /fapi/v1/allForceOrders, Method GET is invalid"},
		{true, "/api/v3/klines", 404, -5000, "is invalid"},
	} {
		base := s.URLs().Spot
		if c.futures {
			base = s.URLs().Futures
		}
		t.Run(c.path, func(t *testing.T) { s.ask(base+c.path).refused(t, c.status, c.code, c.msg) })
	}
	for _, path := range []string{"/api/v1/klines", "/api/v3/userDataStream", "/wapi/v3/systemStatus.html", "/"} {
		if r := s.spot(path); r.status != 404 {
			t.Errorf("retired %s: status %d, want 404", path, r.status)
		}
	}
	if n := len(s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&colour=red&limit=3").rows(t)); n != 3 {
		t.Errorf("futures ignore what they do not know; got %d rows", n)
	}
}

func TestTimeAndInfo(t *testing.T) {
	now := at(t, tinyNow)
	s := open(t, TinyFacts(), now, Options{Limits: Limits{FuturesWeight: 1234}})
	for _, r := range []reply{s.spot("/api/v3/time"), s.futures("/fapi/v1/time")} {
		var v struct{ ServerTime carry.Time }
		r.into(t, &v)
		if v.ServerTime != now {
			t.Errorf("server time %s, want %s", v.ServerTime, now)
		}
	}
	type info struct {
		RateLimits []struct {
			RateLimitType string
			Limit         int
		}
		Symbols []struct {
			Symbol, Status            string
			OnboardDate, DeliveryDate carry.Time
			Filters                   []map[string]any
		}
	}
	var f info
	s.futures("/fapi/v1/exchangeInfo").into(t, &f)
	if f.RateLimits[0].Limit != 1234 || f.RateLimits[0].RateLimitType != "REQUEST_WEIGHT" {
		t.Errorf("the limits that hold are not those that are told: %+v", f.RateLimits)
	}
	if len(f.Symbols) != 2 || f.Symbols[1].OnboardDate != at(t, "2024-12-23") || f.Symbols[1].Status != "TRADING" || f.Symbols[0].DeliveryDate != neverDelivered {
		t.Errorf("symbols: %+v", f.Symbols)
	}
	var sp info
	s.spot("/api/v3/exchangeInfo?symbols="+url.QueryEscape(`["AAAUSDT"]`)).into(t, &sp)
	if len(sp.Symbols) != 1 || sp.Symbols[0].Symbol != "AAAUSDT" {
		t.Errorf("one symbol asked for: %+v", sp.Symbols)
	}
	tick := func() any {
		var v info
		s.futures("/fapi/v1/exchangeInfo").into(t, &v)
		return v.Symbols[0].Filters[0]["tickSize"]
	}
	if got := tick(); got != "0.00100000" {
		t.Errorf("tick %v after the change of rules", got)
	}
	s.clock.Set(at(t, "2025-01-01"))
	if got := tick(); got != "0.00010000" {
		t.Errorf("tick %v before the change of rules", got)
	}
	s.clock.Set(at(t, "2022-07-06"))
	f = info{}
	s.futures("/fapi/v1/exchangeInfo").into(t, &f)
	if len(f.Symbols) != 1 || f.Symbols[0].Status != "SETTLING" || f.Symbols[0].DeliveryDate != at(t, "2022-07-05T09:00") {
		t.Errorf("after its delivery, before others were listed: %+v", f.Symbols)
	}
	sp = info{}
	s.spot("/api/v3/exchangeInfo").into(t, &sp)
	if len(sp.Symbols) != 1 || sp.Symbols[0].Status != "BREAK" {
		t.Errorf("spot after its end: %+v", sp.Symbols)
	}
	for moment, want := range map[string]string{"2022-07-05T08:59:59Z": "TRADING", "2022-07-05T09:00Z": "SETTLING", "2024-12-22T23:59:59Z": "SETTLING", "2024-12-23": "TRADING"} {
		s.clock.Set(at(t, moment))
		f = info{}
		s.futures("/fapi/v1/exchangeInfo").into(t, &f)
		if last := f.Symbols[len(f.Symbols)-1]; last.Symbol != "BBBUSDT" || last.Status != want {
			t.Errorf("at %s: %+v, want %s", moment, last, want)
		}
	}
	s.clock.Set(at(t, "2024-12-23"))
	if n := len(s.futures("/fapi/v1/klines?symbol=BBBUSDT&interval=1h&startTime=0").rows(t)); n != 1 {
		t.Errorf("in the first moment of a reused ticker there are %d bars, want its own first", n)
	}
	s.clock.Set(at(t, "2022-06-01"))
	f = info{}
	s.futures("/fapi/v1/exchangeInfo").into(t, &f)
	if f.Symbols[0].DeliveryDate != neverDelivered {
		t.Errorf("a delivery is told a month ahead: %+v", f.Symbols)
	}
	if n := len(s.futures("/fapi/v1/klines?symbol=BBBUSDT&interval=1h&endTime=9999999999999").rows(t)); n != 12*24+1 {
		t.Errorf("%d bars before the clock's now, want %d", n, 12*24+1)
	}
}

func TestPremiumIndex(t *testing.T) {
	now := at(t, "2025-01-09T22:15Z")
	s := open(t, TinyFacts(), now, Options{})
	var one map[string]any
	s.futures("/fapi/v1/premiumIndex?symbol=AAAUSDT").into(t, &one)
	rows := s.futures("/fapi/v1/markPriceKlines?symbol=AAAUSDT&interval=1h&limit=1").rows(t)
	if one["markPrice"] != rows[0][1] || one["nextFundingTime"] != float64(at(t, "2025-01-10")) {
		t.Errorf("premium index %v, mark's bar %v", one, rows[0])
	}
	s.clock.Set(at(t, "2025-01-10T05:00Z"))
	s.futures("/fapi/v1/premiumIndex?symbol=AAAUSDT").into(t, &one)
	if one["nextFundingTime"] != float64(at(t, "2025-01-10T08:00Z")) {
		t.Errorf("every four hours since 2025-01-10, next at %v", one["nextFundingTime"])
	}
	var many []map[string]any
	s.futures("/fapi/v1/premiumIndex").into(t, &many)
	if len(many) != 2 {
		t.Errorf("%d symbols", len(many))
	}
}
