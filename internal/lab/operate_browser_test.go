//go:build browser

package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"carry/internal/panel"
	"carry/internal/testenv"
)

// watchedPage is a browser's tab that remembers what it did that it must not.
type watchedPage struct {
	t    *testing.T
	ctx  context.Context
	base string
	mu   sync.Mutex
	bad  []string
}

// openBrowser is one headless Chromium with one tab.
func openBrowser(t *testing.T, base string) *watchedPage {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(testenv.Browser(t)), chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.WindowSize(1180, 1300))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	p := &watchedPage{t: t, ctx: ctx, base: base}
	err := chromedp.Listen(ctx, func(ev any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			p.bad = append(p.bad, "exception: "+e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			p.bad = append(p.bad, fmt.Sprintf("console: %s", e.Type))
		case *log.EventEntryAdded:
			p.bad = append(p.bad, fmt.Sprintf("log: %s %s", e.Entry.Level, e.Entry.Text))
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, p.base) && !strings.HasPrefix(u, "data:") {
				p.bad = append(p.bad, "request: "+u)
			}
			if strings.Contains(e.Request.URL, "#") {
				p.bad = append(p.bad, "the token is part of a request's address")
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []func() error{
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
	} {
		if err := e(); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *watchedPage) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *watchedPage) text(script string) string {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// until waits for a script to say true.
func (p *watchedPage) until(what, script string) {
	p.t.Helper()
	for range 200 {
		if p.text(`String(!!(`+script+`))`) == "true" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.photograph("panel-failed")
	p.t.Fatalf("never seen: %s (state %q, said %q)", what, p.text(`document.getElementById("state").textContent`), p.text(`document.getElementById("said").textContent`))
}

// click presses what a person would press.
func (p *watchedPage) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *watchedPage) photograph(name string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatal(err)
	}
	if len(png) < 20_000 {
		p.t.Errorf("%s: a picture of %d bytes shows nothing", name, len(png))
	}
	if dir := os.Getenv("BROWSER_OUT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// screen sets size and theme.
func (p *watchedPage) screen(width, height int64, phone bool, theme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: phone})
	if err == nil {
		_, err = chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// fits demands that nothing is wider than the screen.
func (p *watchedPage) fits(width int) {
	p.t.Helper()
	if wide := p.text(`String(document.documentElement.scrollWidth)`); wide != fmt.Sprint(width) {
		p.t.Errorf("on a screen of %d the page is %s wide", width, wide)
	}
	small := p.text(`[...document.querySelectorAll(".acts button")].filter(b => b.getBoundingClientRect().height < 38).map(b => b.id).join(" ")`)
	if small != "" {
		p.t.Errorf("too small for a thumb: %s", small)
	}
}

// TestDashboardInABrowser uses the dashboard of a running session as a person
// would: at a desk and on a phone, light and dark, by mouse and by keyboard.
// Nothing is asked of anybody else, nothing complains. With BROWSER_OUT it leaves
// photographs there.
func TestDashboardInABrowser(t *testing.T) {
	spec := watchedSpec(t, 12, 25)
	ready := make(chan [2]string, 1)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() {
		_, err := Rehearse(ctx, spec, RehearseOptions{Operate: &OperateOptions{Mode: "REHEARSAL", Dashboard: "127.0.0.1:0", BarWait: 70 * time.Millisecond,
			Limits: panel.DefaultAlarmLimits(), Ready: func(url, withToken string) { ready <- [2]string{url, withToken} }}})
		over <- err
	}()
	defer func() {
		stop()
		<-over
	}()
	var at [2]string
	select {
	case at = <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	p := openBrowser(t, at[0])
	p.screen(1180, 1300, false, "light")
	_, token, _ := strings.Cut(at[1], "#")

	// Without a token nothing shows; a wrong one is refused in words.
	p.do(chromedp.Navigate(at[0]))
	p.until("the question for a token", `!document.getElementById("door").hidden && document.getElementById("all").hidden`)
	p.do(chromedp.SendKeys(chromedp.CSS("#token"), token+"\r"))
	p.until("pairs that are held", `document.querySelectorAll("#held tr").length >= 5`)
	if leak := p.text(`document.documentElement.outerHTML.includes("` + token + `") || location.href.includes("` + token + `") ? "yes" : ""`); leak != "" {
		t.Error("the token stands in the page")
	}
	p.until("a curve", `document.querySelectorAll("#curve path").length == 2`)
	p.until("running", `document.getElementById("state").textContent == "RUNNING"`)
	before := p.text(`document.getElementById("when").textContent`)
	p.until("time goes on", `document.getElementById("when").textContent != "`+before+`"`)
	p.fits(1180)
	p.photograph("panel-light")
	p.screen(1180, 1300, false, "dark")
	p.photograph("panel-dark")
	p.screen(390, 844, true, "light")
	p.fits(390)
	p.photograph("panel-phone")
	p.screen(390, 844, true, "dark")
	p.photograph("panel-phone-dark")

	// Pause by touch; close one pair by keyboard, thinking twice; resume.
	p.click("#pause")
	p.until("paused", `document.getElementById("state").textContent == "PAUSED"`)
	p.screen(1180, 1300, false, "light")
	coin := p.text(`document.querySelector("#held button").dataset.coin`)
	p.text(`document.querySelector("#held button").focus(), ""`)
	p.do(chromedp.KeyEvent("\r"))
	p.until("the question", `document.getElementById("sure").open && document.activeElement.id == "no"`)
	p.do(chromedp.KeyEvent("\u001b"))
	p.until("no question", `!document.getElementById("sure").open`)
	p.text(`[...document.querySelectorAll("#held button")].find(b => b.dataset.coin == "` + coin + `").click(), ""`)
	p.until("the question about "+coin, `document.getElementById("sureh").textContent == "Close `+coin+`?"`)
	p.click("#yes")
	p.until("closed", `![...document.querySelectorAll("#held button")].some(b => b.dataset.coin == "`+coin+`")`)
	p.until("an alarm about it", `document.getElementById("alarms").textContent.includes("is being closed")`)
	p.click("#pause")
	p.until("resumed", `document.getElementById("state").textContent == "RUNNING"`)

	// Kill, and see it said everywhere.
	p.click("#kill")
	p.until("the question", `document.getElementById("sure").open`)
	p.photograph("panel-kill")
	p.click("#yes")
	p.until("killed", `document.getElementById("state").textContent == "KILLED" && !document.getElementById("banner").hidden`)
	if p.text(`String(document.getElementById("kill").disabled && document.getElementById("pause").disabled)`) != "true" {
		t.Error("killed, it can be killed or paused again")
	}
	p.photograph("panel-killed")

	// Reloaded in the same tab the page remembers; with the session gone it says so.
	p.do(chromedp.Navigate(at[0] + "/"))
	p.until("killed after a reload", `document.getElementById("state").textContent == "KILLED"`)
	p.mu.Lock()
	if len(p.bad) > 0 {
		t.Errorf("%d complaints:\n%s", len(p.bad), strings.Join(p.bad, "\n"))
	}
	p.mu.Unlock()
	stop()
	p.until("no answer", `["NO ANSWER", "ENDED"].includes(document.getElementById("state").textContent)`)
}
