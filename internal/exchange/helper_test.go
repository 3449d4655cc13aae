package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carry"
)

// at reads a time in a test's table.
func at(t testing.TB, s string) carry.Time {
	t.Helper()
	v, err := carry.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shop is a server with a clock that stands still, and a client.
type shop struct {
	t testing.TB
	*Server
	clock *ManualClock
	http  *http.Client
}

// open starts a server for a test.
func open(t testing.TB, facts Facts, now carry.Time, opt Options) *shop {
	t.Helper()
	clock := NewManualClock(now)
	opt.Clock = clock
	s, err := New(facts, opt)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		h.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &shop{t, s, clock, h}
}

// reply is an answer as a client got it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask gets a URL; the connection must hold.
func (s *shop) ask(url string) reply {
	s.t.Helper()
	r, err := s.try(url)
	if err != nil {
		s.t.Fatalf("GET %s: %v", url, err)
	}
	return r
}

func (s *shop) try(url string) (reply, error) {
	resp, err := s.http.Get(url)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, body}, err
}

func (s *shop) spot(path string) reply    { s.t.Helper(); return s.ask(s.URLs().Spot + path) }
func (s *shop) futures(path string) reply { s.t.Helper(); return s.ask(s.URLs().Futures + path) }
func (s *shop) file(path string) reply    { s.t.Helper(); return s.ask(s.URLs().Archive + "/" + path) }

// into decodes a JSON answer of status 200.
func (r reply) into(t testing.TB, v any) {
	t.Helper()
	if r.status != 200 {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("decode: %v: %.200s", err, r.body)
	}
}

// rows decodes klines.
func (r reply) rows(t testing.TB) [][]any {
	t.Helper()
	var rows [][]any
	r.into(t, &rows)
	return rows
}

// opens are the rows' open times.
func opens(rows [][]any) []carry.Time {
	out := make([]carry.Time, len(rows))
	for i, r := range rows {
		out[i] = carry.Time(r[0].(float64))
	}
	return out
}

// refused demands an error as Binance words it.
func (r reply) refused(t testing.TB, status, code int, msg string) {
	t.Helper()
	var e struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if err := json.Unmarshal(r.body, &e); err != nil {
		t.Fatalf("no JSON error: %v: %.200s", err, r.body)
	}
	if r.status != status || e.Code != code || !strings.Contains(e.Msg, msg) {
		t.Errorf("got %d %d %q, want %d %d %q", r.status, e.Code, e.Msg, status, code, msg)
	}
}

// unzip reads the only entry of a zip.
func unzip(t testing.TB, body []byte) (name string, lines []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatalf("open zip: %v", err)
	}
	if len(z.File) != 1 {
		t.Fatalf("%d entries", len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return z.File[0].Name, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
