package panel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/internal/book"
)

// desk is a dashboard over a board that has seen nothing, and what was asked.
type desk struct {
	*Server
	board *Board
	asked chan Request
}

func serve(t *testing.T, token string) *desk {
	t.Helper()
	pairs := []carry.Pair{{Coin: "BTC", Mult: 1}, {Coin: "ETH", Mult: 1}}
	d := &desk{board: NewBoard(BoardOptions{Pairs: pairs, Book: book.New(pairs), Title: Title{Mode: "TEST"}}), asked: make(chan Request, 9)}
	var err error
	d.Server, err = NewServer(ServerOptions{Listen: "127.0.0.1:0", Board: d.board, Pairs: pairs, Token: token, Theme: ":root{--ink:#000}",
		Ask: func(_ context.Context, r Request) error { d.asked <- r; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// call makes a request as change would have it, and returns status and body.
func (d *desk) call(t *testing.T, method, path, body string, change func(r *http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, d.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := &http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// Whoever does not name this machine, comes from another site's page or has not
// the token gets nothing and moves nothing.
func TestTheDashboardRefuses(t *testing.T) {
	const token = "0123456789abcdef"
	d := serve(t, token)
	bearer := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	host := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Host = name; r.Header.Set("Authorization", "Bearer "+token) }
	}
	origin := func(value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Origin", value)
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	refused := 0
	for _, e := range []struct {
		what, method, path string
		change             func(*http.Request)
		want               int
	}{
		{"no token", "GET", "/api/state", nil, 401},
		{"a wrong token", "GET", "/api/state", bearer("Bearer 0123456789abcdee"), 401},
		{"a part of the token", "GET", "/api/state", bearer("Bearer 0123456789abcde"), 401},
		{"another scheme", "GET", "/api/state", bearer("Basic " + token), 401},
		{"the token in the address", "GET", "/api/state?token=" + token, nil, 401},
		{"the token", "GET", "/api/state", bearer("Bearer " + token), 200},
		{"figures without it", "GET", "/metrics", nil, 401},
		{"figures with it", "GET", "/metrics", bearer("Bearer " + token), 200},
		{"an action without it", "POST", "/api/kill", nil, 401},
		{"an action by GET", "GET", "/api/kill", bearer("Bearer " + token), 405},
		{"the page needs none", "GET", "/", nil, 200},
		{"life needs none", "GET", "/healthz", nil, 200},
		{"another page", "GET", "/etc/passwd", bearer("Bearer " + token), 404},
		{"a foreign host", "GET", "/api/state", host("evil.example"), 421},
		{"a foreign host for the page", "GET", "/", host("evil.example:80"), 421},
		{"a foreign host for life", "GET", "/healthz", host("evil.example"), 421},
		{"a host that only begins like ours", "GET", "/", host("127.0.0.1.evil.example"), 421},
		{"another machine", "GET", "/", host("192.168.0.7:8790"), 421},
		{"this machine by name", "GET", "/api/state", host("localhost:8790"), 200},
		{"this machine, another port", "GET", "/api/state", host("127.0.0.1:9"), 200},
		{"this machine, IPv6", "GET", "/api/state", host("[::1]:8790"), 200},
		{"another site's page", "POST", "/api/kill", origin("https://evil.example"), 403},
		{"another port's page", "POST", "/api/kill", origin("http://127.0.0.1:1"), 403},
		{"a page of nowhere", "POST", "/api/kill", origin("null"), 403},
		{"our own page", "POST", "/api/pause", origin(d.URL()), 200},
		{"an action that is none", "POST", "/api/buy", bearer("Bearer " + token), 404},
	} {
		resp, body := d.call(t, e.method, e.path, "{}", e.change)
		if resp.StatusCode != e.want {
			t.Errorf("%s: HTTP %d %q, want %d", e.what, resp.StatusCode, body, e.want)
		}
		if c := resp.StatusCode; c == 401 || c == 403 || c == 421 {
			refused++
		}
		if strings.Contains(body, token) {
			t.Errorf("%s: the token is in the answer", e.what)
		}
		if p := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'; ") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: policy %q", e.what, p)
		}
	}
	if len(d.asked) != 1 || (<-d.asked).Code != carry.CodePause {
		t.Error("a refused action moved something")
	}
	if got := d.refused.Load(); got != int64(refused) {
		t.Errorf("%d refusals were counted, %d made", got, refused)
	}
	for _, address := range []string{"0.0.0.0:0", ":0", "192.168.0.7:0", "example.com:0", "127.0.0.1"} {
		if s, err := NewServer(ServerOptions{Listen: address, Board: d.board, Token: token}); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("it listens on %q (%v)", address, err)
			_ = s.Close()
		}
	}
	if _, err := NewServer(ServerOptions{Listen: "127.0.0.1:0", Board: d.board}); err == nil {
		t.Error("it serves without a token")
	}
}

// The page's policy names the very style and script that are in it, and nothing in
// the page would need more.
func TestThePolicyIsThePages(t *testing.T) {
	page, policy := makePage(":root{--ink:#000}")
	text := string(page)
	for _, part := range []struct{ name, open, close string }{{"script-src", "<script>", "</script>"}, {"style-src", "<style>", "</style>"}} {
		if strings.Count(text, part.open) != 1 {
			t.Fatalf("%d of %s", strings.Count(text, part.open), part.open)
		}
		_, rest, _ := strings.Cut(text, part.open)
		inside, _, _ := strings.Cut(rest, part.close)
		if want := part.name + " 'sha256-" + digest(inside) + "'"; !strings.Contains(policy, want) || len(inside) < 1000 {
			t.Errorf("the policy %q does not name the page's %s", policy, part.name)
		}
	}
	for _, bad := range []string{` style="`, ` onclick`, `javascript:`, `http://`, `https://`, `innerHTML`, `eval(`} {
		at := strings.Index(strings.Replace(text, "http://www.w3.org/2000/svg", "", 1), bad)
		if at >= 0 {
			t.Errorf("the page has %q", bad)
		}
	}
	// What the script looks for by name is in the page.
	for _, m := range regexp.MustCompile(`\$\("([a-z]+)"\)`).FindAllStringSubmatch(pageScript, -1) {
		if strings.Count(text, `id="`+m[1]+`"`) != 1 {
			t.Errorf("the script looks for %q, which is in the page %d times", m[1], strings.Count(text, `id="`+m[1]+`"`))
		}
	}
}

// Actions carry what they need, and nothing else is taken.
func TestActions(t *testing.T) {
	d := serve(t, "t")
	for _, e := range []struct {
		path, body string
		want       int
		asks       Request
	}{
		{"kill", "", 200, Request{Code: carry.CodeKill, Pair: -1}},
		{"close-all", "{}", 200, Request{Code: carry.CodeCloseAll, Pair: -1}},
		{"close", `{"coin":"ETH"}`, 200, Request{Code: carry.CodeOperatorClose, Pair: 1}},
		{"close", `{"coin":"eth"}`, 400, Request{}},
		{"close", ``, 400, Request{}},
		{"withdraw", `{"amount":"12.5"}`, 200, Request{Code: carry.CodeWithdraw, Pair: -1, Amount: 1_250_000_000}},
		{"withdraw", `{"amount":"-1"}`, 400, Request{}},
		{"withdraw", `{"amount":"NaN"}`, 400, Request{}},
		{"withdraw", `{"amount":"1e300"}`, 400, Request{}},
		{"resume", `{"force":true}`, 400, Request{}},
		{"resume", `[]`, 400, Request{}},
		{"reread-rules", `{}`, 200, Request{Code: carry.CodeRereadRules, Pair: -1}},
		{"deposit", `{"amount":"500"}`, 200, Request{Code: carry.CodeDeposit, Pair: -1, Amount: 500 * carry.Unit}},
		{"deposit", `{"amount":"much"}`, 400, Request{}},
		{"alarm-test", `{}`, 200, Request{Code: carry.CodeAlarmTest, Pair: -1}},
	} {
		resp, body := d.call(t, "POST", "/api/"+e.path, e.body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer t") })
		var a Answer
		if err := json.Unmarshal([]byte(body), &a); err != nil || resp.StatusCode != e.want || a.Done != (e.want == 200) || a.Done == (a.Error != "") {
			t.Errorf("%s %s: HTTP %d %s", e.path, e.body, resp.StatusCode, body)
		}
		if e.want == 200 {
			if got := <-d.asked; got != e.asks {
				t.Errorf("%s %s asks %+v, want %+v", e.path, e.body, got, e.asks)
			}
		}
	}
	if len(d.asked) > 0 {
		t.Errorf("%d actions too many", len(d.asked))
	}
}

// The door's file is its owner's alone, and one that others could read or that
// points elsewhere is not believed.
func TestTheDoorsFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j.db.panel")
	want := Door{URL: "http://127.0.0.1:8790", Token: NewToken(), PID: 7}
	for range 2 { // an older one is replaced
		if err := WriteDoor(path, want); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if got, err := ReadDoor(path); err != nil || got != want || len(got.Token) != 32 {
		t.Fatalf("%+v, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
	if another := NewToken(); another == want.Token {
		t.Error("two tokens are equal")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadDoor(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("others may read it: %v", err)
	}
	for _, text := range []string{"", "{}", `{"url":"http://evil.example","token":"x"}`, `{"url":"http://127.0.0.1:1","token":""}`} {
		if err := os.WriteFile(filepath.Join(dir, "bad"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Dial(filepath.Join(dir, "bad")); err == nil {
			t.Errorf("%q is believed", text)
		}
	}
	if _, err := Dial(filepath.Join(dir, "none")); !errors.Is(err, ErrNoDoor) {
		t.Errorf("without a file: %v", err)
	}
}
