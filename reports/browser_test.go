//go:build browser

package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"carry"
	"carry/internal/testenv"
)

// browserPages are the three kinds of pages, as large as they get.
func browserPages(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	doc := invent(5, 8)
	doc.Twin = invent(5, 8).Run
	sweep := inventSweep(2)
	contest := inventContest(1, len(sweep.Net), 800, 0)
	judged, err := Judge(contest)
	if err != nil {
		t.Fatal(err)
	}
	sweep.Contest, sweep.Judgement = contest, judged
	sweep.Walk = &Walk{Kind: "rolling", Embargo: 40 * carry.Day, Start: sweep.From + 400*carry.Day, Daily: contest.Trials[0].Daily[400:],
		Holds: []Contestant{{Name: "hold all", Daily: contest.Holds[0].Daily[400:]}},
		Parts: []WalkPart{{InFrom: sweep.From, InTo: sweep.From + 360*carry.Day, OutFrom: sweep.From + 400*carry.Day, OutTo: sweep.From + 800*carry.Day, Name: "set 3", In: 0.1, Out: 0.02, Hold: 0.05}}}
	other := invent(5, 8).Run
	other.Curve.Equity = slices.Clone(other.Curve.Equity)
	for i := range other.Curve.Equity {
		other.Curve.Equity[i] *= 1 + 0.02*math.Sin(float64(i)/3000)
	}
	out := map[string]string{}
	for name, write := range map[string]func(io.Writer) error{
		"report": func(w io.Writer) error { return WriteHTML(w, doc) },
		"sweep":  func(w io.Writer) error { return WriteSweepHTML(w, sweep) },
		"compare": func(w io.Writer) error {
			return WriteCompareHTML(w, &Comparison{Runs: []*carry.Result{doc.Run, other}, Names: []string{"default", "other"}})
		},
	} {
		path := filepath.Join(dir, name+".html")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		out[name] = path
	}
	return out
}

// complaints are what a page did that it must not.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

// watch listens for console messages, exceptions and requests.
func (c *complaints) watch(ctx context.Context, page string) error {
	return chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			c.add("exception: %s", e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			c.add("console: %s", e.Type)
		case *log.EventEntryAdded:
			c.add("log: %s %s", e.Entry.Level, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; u != page && !strings.HasPrefix(u, "data:") {
				c.add("request: %s", u)
			}
		}
	})
}

// startBrowser is one headless Chromium for the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(testenv.Browser(t)), chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.WindowSize(1100, 1400))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	return ctx
}

// TestPagesInABrowser opens each kind of page in a headless Chromium, light and
// dark, and uses it: nothing is requested, nothing complains, charts zoom and
// move their cursors together, by mouse and by keyboard, tables sort. With
// BROWSER_OUT it leaves photographs there for a person to look at.
func TestPagesInABrowser(t *testing.T) {
	pages := browserPages(t)
	ctx := startBrowser(t)
	for _, name := range []string{"report", "sweep", "compare"} {
		t.Run(name, func(t *testing.T) {
			tab, end := chromedp.NewContext(ctx)
			defer end()
			url := "file://" + pages[name]
			c := &complaints{}
			if err := c.watch(tab, url); err != nil {
				t.Fatal(err)
			}
			_, errNetwork := chromedp.Call(tab, network.Enable, network.EnableParams{})
			_, errLog := chromedp.Call(tab, log.Enable, cdp.Empty{})
			if err := errors.Join(errNetwork, errLog); err != nil {
				t.Fatal(err)
			}
			backgrounds := map[string]string{}
			for _, theme := range []string{"light", "dark"} {
				_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
				if err != nil {
					t.Fatal(err)
				}
				if err := chromedp.Do(tab, chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS("main"))); err != nil {
					t.Fatal(err)
				}
				background, err := chromedp.Run(tab, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
				if err != nil {
					t.Fatal(err)
				}
				backgrounds[theme] = background
				photograph(t, tab, name+"-"+theme)
			}
			if backgrounds["light"] == backgrounds["dark"] {
				t.Errorf("both themes have the background %s", backgrounds["light"])
			}
			useCharts(t, tab, name != "sweep")
			sortTables(t, tab)
			c.mu.Lock()
			defer c.mu.Unlock()
			if len(c.list) > 0 {
				t.Errorf("%d complaints:\n%s", len(c.list), strings.Join(c.list, "\n"))
			}
		})
	}
}

// photograph keeps the whole page as a picture where BROWSER_OUT says.
func photograph(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if len(png) < 50_000 {
		t.Errorf("%s: a picture of %d bytes shows nothing", name, len(png))
	}
	if dir := os.Getenv("BROWSER_OUT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// views are the windows of all charts; equal ones have zoomed together.
const views = `[...document.querySelectorAll("figure.chart .data")].map(e => e.getAttribute("viewBox").split(" ").filter((_, i) => i % 2 == 0).join(" "))`

// useCharts drags, looks at the cursors, and does the same with the keyboard.
func useCharts(t *testing.T, ctx context.Context, many bool) {
	t.Helper()
	before := evaluate[[]string](t, ctx, views)
	if len(before) == 0 || many && len(before) < 3 {
		t.Fatalf("%d charts", len(before))
	}
	drag := func(a, b float64) string {
		return fmt.Sprintf(`(() => { const e = document.querySelector("figure.chart .canvas"), r = e.getBoundingClientRect(), y = r.top + r.height / 2;
			e.setPointerCapture = () => {};
			const at = (type, f) => e.dispatchEvent(new PointerEvent(type, {bubbles: true, button: 0, pointerId: 1, clientX: r.left + f * r.width, clientY: y}));
			at("pointerdown", %g); at("pointermove", %g); at("pointerup", %g); return true; })()`, a, b, b)
	}
	evaluate[bool](t, ctx, drag(0.3, 0.6))
	zoomed := evaluate[[]string](t, ctx, views)
	for i := range zoomed {
		if zoomed[i] == before[i] || zoomed[i] != zoomed[0] {
			t.Errorf("after a drag chart %d shows %s, the first %s, before %s", i, zoomed[i], zoomed[0], before[i])
		}
	}
	cursors := evaluate[[]string](t, ctx, `[...document.querySelectorAll("figure.chart.live .when")].map(e => e.textContent)`)
	if len(cursors) != len(before) || strings.TrimSpace(cursors[0]) == "" || slices.ContainsFunc(cursors, func(s string) bool { return s != cursors[0] }) {
		t.Errorf("%d charts, cursors at %q", len(before), cursors)
	}
	evaluate[bool](t, ctx, `document.querySelector("figure.chart .canvas").dispatchEvent(new MouseEvent("dblclick", {bubbles: true})), true`)
	if back := evaluate[[]string](t, ctx, views); !slices.Equal(back, before) {
		t.Errorf("a double click leaves %v", back)
	}
	evaluate[bool](t, ctx, `document.querySelector("figure.chart").focus(), true`)
	if err := chromedp.Do(ctx, chromedp.KeyEvent("+"), chromedp.KeyEvent("+")); err != nil {
		t.Fatal(err)
	}
	keyed := evaluate[[]string](t, ctx, views)
	if slices.Equal(keyed, before) || keyed[0] != keyed[len(keyed)-1] {
		t.Errorf("the key + leaves %v", keyed)
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent("\u001b")); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// sortTables presses every heading of every sortable table and holds the order
// against the figures.
func sortTables(t *testing.T, ctx context.Context) {
	t.Helper()
	tables := evaluate[int](t, ctx, `document.querySelectorAll("table.sortable").length`)
	bad := evaluate[[]string](t, ctx, `(() => {
		const bad = [];
		for (const t of document.querySelectorAll("table.sortable")) t.querySelectorAll("thead th").forEach((th, i) => {
			for (let press = 0; press < 2; press++) {
				th.querySelector("button").click();
				const down = th.getAttribute("aria-sort") === "descending";
				const num = th.classList.contains("num");
				const keys = [...t.tBodies[0].rows].map(r => num ? parseFloat(r.cells[i].dataset.v) : r.cells[i].textContent).filter(k => !num || !isNaN(k));
				for (let k = 1; k < keys.length; k++) if (down ? keys[k] > keys[k - 1] : keys[k] < keys[k - 1]) { bad.push(th.textContent + " " + keys[k - 1] + " " + keys[k]); break; }
			}
		});
		return bad; })()`)
	if tables == 0 || len(bad) > 0 {
		t.Errorf("%d sortable tables, out of order: %v", tables, bad)
	}
}

// A page that complains and asks the network must be caught, or the test above
// proves nothing.
func TestABadPageIsCaught(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.html")
	bad := `<main>x</main><img src="http://127.0.0.1:9/x.png"><script>console.error("no"); throw new Error("bad")</script>`
	if err := os.WriteFile(path, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx := startBrowser(t)
	c := &complaints{}
	if err := c.watch(ctx, "file://"+path); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+path), chromedp.WaitReady(chromedp.CSS("main"))); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all := strings.Join(c.list, "\n")
	for _, want := range []string{"exception: ", "console: error", "request: http://127.0.0.1:9/x.png"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q among the complaints:\n%s", want, all)
		}
	}
}
