package exchange

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"carry"
)

func TestArchiveFilesHoldTheFacts(t *testing.T) {
	facts := TinyFacts()
	s := open(t, facts, at(t, "2025-03-10"), Options{})
	for _, c := range []struct {
		path       string
		kind       Kind
		symbol     string
		from, to   string
		header, us bool
	}{
		{"data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12.zip", SpotKlines, "AAAUSDT", "2024-12", "2025-01", false, false},
		{"data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip", SpotKlines, "AAAUSDT", "2025-01", "2025-02", false, true},
		{"data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12-31.zip", SpotKlines, "AAAUSDT", "2024-12-31", "2025-01", false, false},
		{"data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01-01.zip", SpotKlines, "AAAUSDT", "2025-01-01", "2025-01-02", false, true},
		{"data/futures/um/monthly/klines/BBBUSDT/1h/BBBUSDT-1h-2022-05.zip", PerpKlines, "BBBUSDT", "2022-05", "2022-06", false, false},
		{"data/futures/um/monthly/klines/BBBUSDT/1h/BBBUSDT-1h-2022-06.zip", PerpKlines, "BBBUSDT", "2022-06", "2022-07", true, false},
		{"data/futures/um/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01-01.zip", PerpKlines, "AAAUSDT", "2025-01-01", "2025-01-02", true, false},
		{"data/futures/um/monthly/markPriceKlines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip", MarkKlines, "AAAUSDT", "2025-01", "2025-02", true, false},
		{"data/futures/um/monthly/indexPriceKlines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip", IndexKlines, "AAAUSDT", "2025-01", "2025-02", true, false},
		{"data/futures/um/daily/premiumIndexKlines/AAAUSDT/1h/AAAUSDT-1h-2025-01-05.zip", PremiumKlines, "AAAUSDT", "2025-01-05", "2025-01-06", true, false},
		{"data/futures/um/monthly/klines/BBBUSDT/1h/BBBUSDT-1h-2022-07.zip", PerpKlines, "BBBUSDT", "2022-07", "2022-08", true, false},
	} {
		name, lines := unzip(t, s.file(c.path).body)
		if want := c.path[strings.LastIndexByte(c.path, '/')+1 : len(c.path)-4]; name != want+".csv" {
			t.Errorf("%s: entry %s", c.path, name)
		}
		if c.header {
			if lines[0] != "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore" {
				t.Errorf("%s: header %q", c.path, lines[0])
			}
			lines = lines[1:]
		}
		rows, _ := facts.Klines(Series{c.kind, c.symbol}, at(t, c.from), at(t, c.to), 0)
		if len(lines) != len(rows) || len(rows) == 0 {
			t.Fatalf("%s: %d lines, %d facts", c.path, len(lines), len(rows))
		}
		for i, k := range rows {
			open, shut := fmt.Sprint(int64(k.At)), fmt.Sprint(int64(k.At+carry.Hour-1))
			if c.us {
				open, shut = open+"000", shut+"999"
			}
			want := strings.Join([]string{open, k.Open, k.High, k.Low, k.Close, k.Volume, shut, k.Quote, fmt.Sprint(k.Trades), k.TakerVolume, k.TakerQuote, "0"}, ",")
			if lines[i] != want {
				t.Fatalf("%s line %d:\n got %s\nwant %s", c.path, i+1, lines[i], want)
			}
		}
	}
}

func TestFundingFiles(t *testing.T) {
	facts := TinyFacts()
	s := open(t, facts, at(t, "2025-03-10"), Options{})
	_, lines := unzip(t, s.file("data/futures/um/monthly/fundingRate/AAAUSDT/AAAUSDT-fundingRate-2025-01.zip").body)
	rows, _ := facts.Funding("AAAUSDT", at(t, "2025-01"), at(t, "2025-02"), 0)
	if lines[0] != "calc_time,funding_interval_hours,last_funding_rate" || len(lines) != len(rows)+1 {
		t.Fatalf("header %q, %d lines for %d rows", lines[0], len(lines), len(rows))
	}
	for i, f := range rows {
		if want := fmt.Sprintf("%d,%d,%s", f.At, f.IntervalH, f.Rate); lines[i+1] != want {
			t.Errorf("line %d: %s, want %s", i+2, lines[i+1], want)
		}
	}
	if r := s.file("data/futures/um/daily/fundingRate/AAAUSDT/AAAUSDT-fundingRate-2025-01-01.zip"); r.status != 404 {
		t.Errorf("daily funding files do not exist; got %d", r.status)
	}
}

func TestChecksumsFit(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-03-10"), Options{})
	const path = "data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip"
	body := s.file(path).body
	want := fmt.Sprintf("%x  AAAUSDT-1h-2025-01.zip\n", sha256.Sum256(body))
	if got := string(s.file(path + ".CHECKSUM").body); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFilesAppearWhenBinancePublishesThem(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-01-01"), Options{})
	const (
		month = "data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12.zip"
		day   = "data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12-31.zip"
	)
	for _, c := range []struct {
		now, path string
		status    int
	}{
		{"2024-12-31T23:59:59Z", day, 404},
		{"2025-01-01", day, 200}, // the next day
		{"2025-01-01", month, 404},
		{"2025-01-05T23:59:59Z", month, 404},
		{"2025-01-06", month, 200}, // the first Monday of January 2025
	} {
		s.clock.Set(at(t, strings.Replace(c.now, ":59:59Z", ":59Z", 1)))
		for _, suffix := range []string{"", ".CHECKSUM"} {
			if r := s.file(c.path + suffix); r.status != c.status {
				t.Errorf("at %s: %s%s: %d, want %d", c.now, c.path, suffix, r.status, c.status)
			}
		}
	}
	for month, want := range map[string]string{"2024-06": "2024-07-01", "2024-08": "2024-09-02", "2024-11": "2024-12-02", "2021-07": "2021-08-02"} {
		l := leaf{monthly: true}
		f := l.period(at(t, month))
		if got := f.published(); got != at(t, want) {
			t.Errorf("%s is published %s, want %s", month, got, want)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-03-10"), Options{})
	for _, path := range []string{
		"data/spot/monthly/klines/NOPEUSDT/1h/NOPEUSDT-1h-2024-12.zip",
		"data/spot/monthly/klines/AAAUSDT/1h/BBBUSDT-1h-2024-12.zip",
		"data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2019-12.zip",
		"data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2024-13.zip",
		"data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12.zip.sha256",
		"data/spot/monthly/klines/AAAUSDT/4h/AAAUSDT-4h-2024-12.zip",
		"data/futures/um/monthly/klines/BBBUSDT/1h/BBBUSDT-1h-2023-06.zip", // between two contracts
		"", "data/../etc/passwd",
	} {
		r := s.file(path)
		if r.status != 404 {
			t.Errorf("%s: status %d", path, r.status)
		}
	}
	if r := s.file("data/none&.zip"); !bytes.Contains(r.body, []byte("<Code>NoSuchKey</Code>")) || !bytes.Contains(r.body, []byte("none&amp;.zip")) {
		t.Errorf("body: %s", r.body)
	}
}

func TestZipsAreTheSameBytesEachTime(t *testing.T) {
	paths := []string{
		"data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip",
		"data/futures/um/monthly/fundingRate/AAAUSDT/AAAUSDT-fundingRate-2025-01.zip",
		"data/futures/um/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01-01.zip",
	}
	one := open(t, TinyFacts(), at(t, "2025-03-10"), Options{})
	other := open(t, TinyFacts(), at(t, "2025-06-10"), Options{CacheBytes: 1}) // later, and nothing fits its cache
	for _, p := range paths {
		a, b, c := one.file(p), other.file(p), other.file(p)
		if !bytes.Equal(a.body, b.body) || !bytes.Equal(b.body, c.body) {
			t.Errorf("%s differs", p)
		}
		if a.header.Get("ETag") == "" || a.header.Get("ETag") != b.header.Get("ETag") || a.header.Get("Last-Modified") != b.header.Get("Last-Modified") {
			t.Errorf("%s: header %v, %v", p, a.header, b.header)
		}
	}
}

func TestFilesAreServedInRangesAndOnConditions(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-03-10"), Options{})
	url := s.URLs().Archive + "/data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip"
	whole := s.ask(url)
	ask := func(name, value string) reply {
		req, _ := http.NewRequest("GET", url, nil)
		req.Header.Set(name, value)
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(resp.Body); err != nil {
			t.Fatal(err)
		}
		return reply{resp.StatusCode, resp.Header, b.Bytes()}
	}
	if r := ask("If-None-Match", whole.header.Get("ETag")); r.status != 304 || len(r.body) != 0 {
		t.Errorf("unchanged: status %d, %d bytes", r.status, len(r.body))
	}
	if r := ask("Range", "bytes=100-"); r.status != 206 || !bytes.Equal(r.body, whole.body[100:]) {
		t.Errorf("rest of a file: status %d, %d bytes", r.status, len(r.body))
	}
	if n, _ := strconv.Atoi(whole.header.Get("Content-Length")); n != len(whole.body) {
		t.Errorf("length %d, body %d", n, len(whole.body))
	}
}
