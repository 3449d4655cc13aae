package lab

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carry/data"
	"carry/internal/exchange"
	"carry/internal/panel"
	"carry/reports"
)

// search is all that a session wrote, printed and answered, by where.
type search struct {
	mu    sync.Mutex
	texts map[string][]byte
}

func (s *search) add(where string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[where] = append(append(s.texts[where], text...), '\n')
}

// files takes in every file of a folder, and what is compressed in it.
func (s *search) files(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		s.add("file "+filepath.Base(path), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// finds lists where a secret is, as it is, in base64 or in hex.
func (s *search) finds(secret string) (where []string) {
	forms := [][]byte{[]byte(secret), []byte(base64.StdEncoding.EncodeToString([]byte(secret))[:len(secret)]), []byte(hex.EncodeToString([]byte(secret)))}
	for name, text := range s.texts {
		for _, f := range forms {
			if n := bytes.Count(text, f); n > 0 {
				where = append(where, fmt.Sprintf("%s (%d times)", name, n))
			}
		}
	}
	return where
}

func (s *search) size() (n int) {
	for _, text := range s.texts {
		n += len(text)
	}
	return n
}

// No secret leaves a session, whatever goes wrong in it: not the API key, not its
// secret, not a signature, not the addresses and tokens of the alarms' channels, and
// the dashboard's token is in its own file alone. Searched are all files, the
// journal's records unpacked, the log, all answers of the dashboard, what the
// alarms' receivers were told, and the report.
func TestNoSecretLeavesASession(t *testing.T) {
	if testing.Short() {
		t.Skip("plays days of a market")
	}
	t.Parallel()
	seen := &search{texts: map[string][]byte{}}
	var asked atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen.add("body of an alarm", body)
		if asked.Add(1) < 5 {
			w.WriteHeader(http.StatusInternalServerError) // and what came of it is logged
		}
	}))
	defer receiver.Close()
	const hookSecret, botSecret = "SENTINELhook7c1d", "SENTINELbot44e0"
	wires, err := panel.LoadWires("", func(name string) string {
		return map[string]string{panel.EnvWebhook: receiver.URL + "/" + hookSecret, panel.EnvTelegramURL: receiver.URL, panel.EnvTelegramToken: botSecret,
			panel.EnvTelegramChat: "1", panel.EnvWatchdog: receiver.URL + "/" + hookSecret, panel.EnvWatchdogEvery: "0.1"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	log := func(text string) { seen.add("log", []byte(text)) }
	spec := watchedSpec(t, 5, 3)
	s := &session{t: t, dir: t.TempDir(), over: make(chan error, 1)}
	o := &OperateOptions{Mode: "REHEARSAL", Dashboard: "127.0.0.1:0", DoorFile: filepath.Join(s.dir, "j.db.panel"), Limits: panel.DefaultAlarmLimits(),
		Channels: wires.Channels, Watchdog: wires.Watchdog, Log: log, BarWait: 15 * time.Millisecond}
	ready := make(chan bool, 1)
	o.Ready = func(url, _ string) { log("dashboard: " + url); ready <- true }
	go func() {
		_, err := Rehearse(context.Background(), spec, RehearseOptions{Operate: o, JournalFile: s.journal(), Log: log, Faults: manyFaults()})
		s.over <- err
	}()
	<-ready
	door, err := panel.ReadDoor(o.DoorFile)
	if err != nil {
		t.Fatal(err)
	}
	for alive := true; alive; {
		for _, path := range []string{"/", "/healthz", "/metrics", "/api/state", "/api/nothing"} {
			alive = seen.ask(door, "GET", path, path != "/") && alive
		}
		seen.ask(door, "POST", "/api/alarm-test", true)
		seen.ask(door, "POST", "/api/kill", false) // refused
		time.Sleep(50 * time.Millisecond)
	}
	if err := <-s.over; err != nil {
		log(err.Error())
		t.Logf("the session ended: %v", err)
	}
	s.unpack(seen)
	live, err := ReadSession(context.Background(), s.journal(), "live report j.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteHTML(io.MultiWriter(seen.writer("report")), &reports.Document{Run: live.Run}); err != nil {
		t.Fatal(err)
	}
	seen.files(t, s.dir)
	for what, secret := range map[string]string{"key": loopbackKey, "secret": loopbackSecret, "webhook": hookSecret, "bot": botSecret, "token": door.Token} {
		if where := seen.finds(secret); len(where) > 0 {
			t.Errorf("the %s is in %s", what, strings.Join(where, ", "))
		}
	}
	if where := seen.finds("signature="); len(where) > 0 {
		t.Errorf("a signature is in %s", strings.Join(where, ", "))
	}
	// The search itself must be able to find: what is there on purpose is found.
	for _, planted := range []string{"QUABO", "webhook", "alarm-sent"} {
		if len(seen.finds(planted)) == 0 {
			t.Errorf("%q is not found, so nothing is", planted)
		}
	}
	t.Logf("%d places, %d bytes searched: 0 bytes of secrets", len(seen.texts), seen.size())
}

// manyFaults let what is answered, told and connected go wrong now and then.
func manyFaults() (f exchange.TradeFaults) {
	f.Seed = 5
	for _, kind := range []exchange.TradeFaultKind{exchange.OrderAnswerLost, exchange.OrderUnknown, exchange.OrderTimeout, exchange.OrderHidden, exchange.OrderEmpty,
		exchange.OrderPage, exchange.TransferAnswerLost, exchange.EventTwice, exchange.StreamsDrop, exchange.ListenKeyGone} {
		rule := exchange.TradeFaultRule{Kind: kind, Nth: 3, Prob: 0.1, Times: 3}
		if kind == exchange.StreamsDrop || kind == exchange.ListenKeyGone {
			rule.Prob, rule.Times = 0.02, 1
		}
		f.Rules = append(f.Rules, rule)
	}
	return f
}

// ask keeps what the dashboard answers, headers too; false where nobody answers.
func (s *search) ask(d panel.Door, method, path string, token bool) bool {
	r, err := http.NewRequest(method, d.URL+path, nil)
	if err != nil {
		return false
	}
	if token {
		r.Header.Set("Authorization", "Bearer "+d.Token)
	}
	client := &http.Client{Timeout: 15 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return false
	}
	s.add("answer "+path, append([]byte(fmt.Sprint(resp.Header)), body...))
	return true
}

// writer keeps what is written.
func (s *search) writer(where string) io.Writer { return &searched{s, where} }

type searched struct {
	s     *search
	where string
}

// Write implements io.Writer.
func (w *searched) Write(p []byte) (int, error) {
	w.s.add(w.where, p)
	return len(p), nil
}

// unpack takes in the journal's records as they were before they were compressed:
// every stretch of the file that a decompressor can read, and the session's text.
func (s *session) unpack(into *search) {
	s.t.Helper()
	records := 0
	err := data.ReadJournal(context.Background(), s.journal(), func(d *data.Session) error {
		into.add("session", []byte(fmt.Sprintf("%+v", *d)))
		return nil
	}, func(r *data.JournalRecord) error {
		records++
		into.add("records", []byte(fmt.Sprintf("%+v %+v", r.Event, r.Command)))
		return nil
	})
	if err != nil || records == 0 {
		s.t.Fatalf("%d records, %v", records, err)
	}
	raw, err := os.ReadFile(s.journal())
	if err != nil {
		s.t.Fatal(err)
	}
	for k := range raw {
		if raw[k] != 2 { // a compressed record begins so
			continue
		}
		text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw[k+1:])), 1<<16))
		if err == nil && len(text) > 600 {
			into.add("records unpacked", text)
		}
	}
}
