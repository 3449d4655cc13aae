package panel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carry"
)

// listener is a server that fails as often as it is told and remembers the rest.
type listener struct {
	*httptest.Server
	fails atomic.Int64
	mu    sync.Mutex
	got   []string // path and body
}

func listen(t *testing.T, fails int64) *listener {
	l := &listener{}
	l.fails.Store(fails)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if l.fails.Add(-1) >= 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		l.mu.Lock()
		l.got = append(l.got, r.Method+" "+r.URL.Path+" "+string(body))
		l.mu.Unlock()
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.got...)
}

var thunder = Alarm{N: 3, At: 1612540800000, Level: Urgent, Code: carry.CodeEmergency, Word: "emergency", Coin: "BTC", Text: "it thunders"}

// An alarm reaches a webhook and a Telegram-compatible server although both fail
// at first, and each says what became of it.
func TestAlarmsArriveAfterFailures(t *testing.T) {
	hook, gram := listen(t, 2), listen(t, 1)
	w, err := LoadWires("", func(name string) string {
		return map[string]string{EnvWebhook: hook.URL + "/hook", EnvTelegramURL: gram.URL + "/", EnvTelegramToken: "12:ab", EnvTelegramChat: "-7"}[name]
	})
	if err != nil || len(w.Channels) != 2 || w.Watchdog != nil {
		t.Fatalf("%+v, %v", w, err)
	}
	d := NewDispatcher(w.Channels...)
	d.First = time.Millisecond
	told := make(chan string, 9)
	d.Done = func(a *Alarm, channel string, err error) {
		if err != nil || a.N != 3 {
			t.Errorf("%s: alarm %d, %v", channel, a.N, err)
		}
		told <- channel
	}
	d.Start()
	d.Raise(thunder)
	if a, b := <-told, <-told; a == b {
		t.Errorf("%s twice", a)
	}
	d.Close(time.Second)
	if got := hook.all(); len(got) != 1 || !strings.HasPrefix(got[0], "POST /hook {") {
		t.Fatalf("the webhook got %q", got)
	}
	var body map[string]any
	_, text, _ := strings.Cut(hook.all()[0], "/hook ")
	if err := json.Unmarshal([]byte(text), &body); err != nil || body["level"] != "urgent" || body["code"] != "emergency" || body["coin"] != "BTC" ||
		body["line"] != "2021-02-05 16:00 urgent BTC: it thunders (emergency)" {
		t.Errorf("the webhook got %s", text)
	}
	if got := gram.all(); len(got) != 1 || got[0] != `POST /bot12:ab/sendMessage {"chat_id":"-7","text":"2021-02-05 16:00 urgent BTC: it thunders (emergency)"}` {
		t.Errorf("the bot got %q", got)
	}
}

// Errors of channels tell neither address nor token.
func TestErrorsOfChannelsTellNoSecret(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	elsewhere := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/SENTINELtarget", http.StatusFound))
	defer elsewhere.Close()
	dead.Close()
	for _, base := range []string{dead.URL, elsewhere.URL, "http://127.0.0.1:1"} {
		hook, err1 := NewWebhook(base + "/SENTINELpath?key=SENTINELkey")
		gram, err2 := NewTelegram(base, "SENTINELtoken", "SENTINELchat")
		dog, err3 := NewWatchdog(base+"/SENTINELping", time.Second)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{hook.Send(t.Context(), &thunder), gram.Send(t.Context(), &thunder), dog.sign(t.Context())} {
			if err == nil || strings.Contains(err.Error(), "SENTINEL") {
				t.Errorf("%s: %v", base, err)
			}
		}
	}
	for _, bad := range []string{"", "SENTINEL", "ftp://SENTINEL/", "http://", "http://a b/SENTINEL", "http://[SENTINEL"} {
		if _, err := NewWebhook(bad); err == nil || strings.Contains(err.Error(), "SENTINEL") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// stuck is a channel that takes nothing until it is let go.
type stuck struct{ free chan bool }

func (stuck) Name() string { return "stuck" }

func (s stuck) Send(ctx context.Context, _ *Alarm) error {
	select {
	case <-s.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// However many alarms there are and however slow a channel is, raising one never
// waits; what does not fit in is told as lost. Of the same kind one leaves in ten
// minutes, and the next says how many were held back; urgent ones all leave.
func TestRaisingNeverWaits(t *testing.T) {
	slow := stuck{make(chan bool)}
	d := NewDispatcher(slow)
	var lost, sent atomic.Int64
	d.Done = func(_ *Alarm, _ string, err error) {
		if err != nil {
			lost.Add(1)
		} else {
			sent.Add(1)
		}
	}
	d.Start()
	begun := time.Now()
	for range 1000 {
		d.Raise(thunder)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("raising 1000 alarms took %v", took)
	}
	if n := lost.Load(); n < 1000-queueMax-1 || n > 1000-queueMax {
		t.Errorf("%d were lost at once", n)
	}
	close(slow.free)
	d.Close(5 * time.Second)
	if lost.Load()+sent.Load() != 1000 {
		t.Errorf("%d lost and %d sent of 1000", lost.Load(), sent.Load())
	}
}

func TestTheSameAlarmIsHeldBack(t *testing.T) {
	hook := listen(t, 0)
	c, err := NewWebhook(hook.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDispatcher(c)
	d.Start()
	mild, other := thunder, thunder
	mild.Level, other.Level, other.Coin = Warn, Warn, "ETH"
	for range 5 {
		d.Raise(mild)
	}
	d.Raise(other)
	d.Raise(thunder)
	d.Close(5 * time.Second)
	got := hook.all()
	if len(got) != 3 || !strings.Contains(got[2], "4 more of these") {
		t.Errorf("%d arrived: %q", len(got), got)
	}
}

// At the end what waits is sent for a while, and not for ever.
func TestTheDispatcherEnds(t *testing.T) {
	d := NewDispatcher(stuck{make(chan bool)})
	lost := 0
	d.Done = func(_ *Alarm, _ string, err error) {
		if err != nil {
			lost++
		}
	}
	d.Start()
	d.Raise(thunder)
	d.Raise(thunder)
	begun := time.Now()
	d.Close(50 * time.Millisecond)
	if took := time.Since(begun); took > 5*time.Second || lost != 2 {
		t.Errorf("it took %v, %d were told lost", took, lost)
	}
}

// The watchdog is told while the loop lives, and not when it does not.
func TestTheWatchdogHearsOfALivingLoopOnly(t *testing.T) {
	dog := listen(t, 1)
	w, err := NewWatchdog(dog.URL+"/ping", 5*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var idle atomic.Int64
	said := make(chan string, 9)
	w.Idle = func() time.Duration { return time.Duration(idle.Load()) }
	w.Log = func(text string) { said <- text }
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan bool)
	go func() { w.Run(ctx); close(over) }()
	if text := <-said; !strings.Contains(text, "HTTP 502") {
		t.Errorf("of a failure it says %q", text)
	}
	if text := <-said; !strings.Contains(text, "again") {
		t.Errorf("afterwards it says %q", text)
	}
	idle.Store(int64(time.Hour))
	time.Sleep(20 * time.Millisecond) // one may be under way
	n := len(dog.all())
	time.Sleep(50 * time.Millisecond)
	if now := len(dog.all()); n == 0 || now != n {
		t.Errorf("%d signs of life before, %d after the loop stood still", n, now-n)
	}
	idle.Store(0)
	time.Sleep(50 * time.Millisecond)
	if len(dog.all()) == n {
		t.Error("no sign of life once it moves again")
	}
	stop()
	<-over
}

// Where alarms go is a secret: the file must be private, and no error tells what
// stands in it.
func TestTheFileOfWires(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alarms")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	none := func(string) string { t.Error("the environment is asked although a file is named"); return "" }
	write("# mine\n\nCARRY_ALARM_WEBHOOK=https://example.com/SENTINEL\nCARRY_WATCHDOG_URL=https://example.com/w\nCARRY_WATCHDOG_EVERYS=5\n", 0o600)
	w, err := LoadWires(path, none)
	if err != nil || len(w.Channels) != 1 || w.Watchdog == nil || w.Watchdog.every != 5*time.Second {
		t.Fatalf("%+v, %v", w, err)
	}
	for _, e := range []struct {
		text string
		mode os.FileMode
	}{{"CARRY_ALARM_WEBHOOK=https://SENTINEL/\n", 0o640}, {"SENTINEL\n", 0o600}, {"OTHER=SENTINEL\n", 0o600}, {"CARRY_ALARM_WEBHOOK=SENTINEL\n", 0o600},
		{"CARRY_TELEGRAM_TOKEN=SENTINEL\n", 0o600}, {"CARRY_TELEGRAM_CHAT=SENTINEL\n", 0o600}, {"CARRY_WATCHDOG_URL=SENTINEL\n", 0o600},
		{"CARRY_WATCHDOG_URL=https://SENTINEL/\nCARRY_WATCHDOG_EVERYS=SENTINEL\n", 0o600}, {strings.Repeat("SENTINEL", 20_000), 0o600}} {
		write(e.text, e.mode)
		if _, err := LoadWires(path, none); err == nil || strings.Contains(err.Error(), "SENTINEL") {
			t.Errorf("%.40q with mode %o: %v", e.text, e.mode, err)
		}
	}
	if w, err := LoadWires("", func(string) string { return "" }); err != nil || w.Channels != nil || w.Watchdog != nil {
		t.Errorf("of nothing: %+v, %v", w, err)
	}
}
