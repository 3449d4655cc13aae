package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carry"
)

// render is a document's page, or the test fails.
func render(t *testing.T, doc *Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, doc); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestLook leaves pages and charts in a folder for a person to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("REPORTS_LOOK")
	if dir == "" {
		t.Skip("set REPORTS_LOOK to a folder to look at the pages")
	}
	doc := invent(5, 1)
	write := func(name string, f func(io.Writer) error) {
		t.Helper()
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, b.Len())
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("report.html", func(w io.Writer) error { return WriteHTML(w, doc) })
	write("summary.txt", func(w io.Writer) error { return WriteSummary(w, doc) })
	write("sweep.html", func(w io.Writer) error { return WriteSweepHTML(w, inventSweep(2)) })
	write("sweep.png", func(w io.Writer) error { return WriteHeatmap(w, inventSweep(2)) })
	write("sweep1.html", func(w io.Writer) error { return WriteSweepHTML(w, inventSweep(1)) })
	write("sweep1.png", func(w io.Writer) error { return WriteHeatmap(w, inventSweep(1)) })
	short := invent(1, 3)
	short.Run.Manifest.Generated = true
	cutRun(short, 3*carry.Day)
	write("short.html", func(w io.Writer) error { return WriteHTML(w, short) })
	write("short.txt", func(w io.Writer) error { return WriteSummary(w, short) })
	if _, err := WritePNGs(dir, doc); err != nil {
		t.Fatal(err)
	}
}

// cutRun shortens a document to its first span.
func cutRun(doc *Document, span carry.Time) {
	for _, r := range append([]*carry.Result{doc.Run}, doc.Baselines...) {
		n := int(span/r.Curve.Step) + 1
		r.To = r.From + span
		r.Curve.Equity, r.Curve.Leverage = r.Curve.Equity[:n], r.Curve.Leverage[:n]
		r.Curve.LiquidationUp, r.Curve.Notional = r.Curve.LiquidationUp[:n], r.Curve.Notional[:n]
		r.Final = r.Curve.Equity[n-1]
		r.Years = nil
		r.Attribution = inventAttribution(r.Final - r.Capital)
		inventYears(r)
		r.Coins, r.Trips = nil, nil
	}
}

func TestPolicyNamesExactlyItsStyleAndScript(t *testing.T) {
	page := render(t, invent(2, 1))
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy is %q", policy)
	}
	for _, tag := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%d elements <%s>, want 1", len(found), tag)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("policy %q does not allow its own %s (%s)", policy, tag, want)
		}
	}
}

func TestPageNeedsNothingFromOutside(t *testing.T) {
	page := render(t, invent(2, 1))
	for what, pattern := range map[string]string{
		"an address":       `(?i)(https?:)?//[a-z]+\.`,
		"an event handler": `(?i)<[^>]*\son[a-z]+\s*=`,
		"an inline style":  `(?i)<[^>]*\sstyle\s*=`,
		"an import":        `(?i)@import|url\(`,
		"a source":         `(?i)<[^>]*\ssrc\s*=`,
		"a frame or form":  `(?i)<(iframe|object|embed|form)\b`,
	} {
		// The name of SVG's vocabulary is an address that nobody visits.
		if at := regexp.MustCompile(pattern).FindString(strings.ReplaceAll(page, "http://www.w3.org/2000/svg", "")); at != "" {
			t.Errorf("the page has %s: %q", what, at)
		}
	}
}

func TestFiveYearsStaySmallAndQuick(t *testing.T) {
	doc := invent(5, 1)
	var best time.Duration = time.Hour
	size := 0
	for range 3 {
		var b bytes.Buffer
		start := time.Now()
		if err := WriteHTML(&b, doc); err != nil {
			t.Fatal(err)
		}
		best, size = min(best, time.Since(start)), b.Len()
	}
	t.Logf("%d bytes in %v", size, best)
	if size > 1<<20 {
		t.Errorf("the page has %d bytes, more than 1 MB", size)
	}
	if best > time.Second {
		t.Errorf("took %v; 0.3 s is meant, 1 s is allowed for busy machines", best)
	}
}

func TestSameDocumentSamePage(t *testing.T) {
	once := render(t, invent(2, 1))
	if again := render(t, invent(2, 1)); again != once {
		t.Error("two pages of the same document differ")
	}
}

func TestSectionsComeInOrderAndAreLinked(t *testing.T) {
	doc := invent(2, 1)
	doc.Twin = doc.Run
	page := render(t, doc)
	at := -1
	for _, s := range sections() {
		i := strings.Index(page, `<section id="`+s.id+`"`)
		if i <= at {
			t.Errorf("section %s is missing or out of order", s.id)
		}
		at = i
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Errorf("the contents link to %q, which is not there", m[1])
		}
	}
}

func TestSectionsWithoutContentAreLeftOut(t *testing.T) {
	page := render(t, &Document{Run: &carry.Result{}})
	for _, id := range []string{"coverage", "parameters", "coins", "years", "months", "prediction", "drawdown", "leverage"} {
		if strings.Contains(page, `id="`+id+`"`) || strings.Contains(page, `href="#`+id+`"`) {
			t.Errorf("section %s is shown though the run has nothing for it", id)
		}
	}
	if !strings.Contains(page, "there is nothing to judge") {
		t.Error("the verdict on nothing is not honest")
	}
}

// TestScriptRunsUnderItsPolicy asks a real browser, named by REPORTS_BROWSER.
func TestScriptRunsUnderItsPolicy(t *testing.T) {
	browser := os.Getenv("REPORTS_BROWSER")
	if browser == "" {
		t.Skip("set REPORTS_BROWSER to chromium's path")
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(render(t, invent(2, 1))), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(browser, "--headless=new", "--no-sandbox", "--disable-background-networking", "--enable-logging=stderr", "--dump-dom", "file://"+path)
	cmd.Stderr = &log
	dom, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{`id="theme"`, `aria-sort="none"`} {
		if !bytes.Contains(dom, []byte(made)) {
			t.Errorf("the script did not make %s", made)
		}
	}
	if strings.Contains(log.String(), "Content Security Policy") || strings.Contains(log.String(), "Uncaught") {
		t.Errorf("the browser complains: %s", log.String())
	}
}

func TestHostileNamesStayText(t *testing.T) {
	doc := invent(1, 1)
	evil := `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	doc.Run.Name, doc.Baselines[0].Name = evil, evil
	doc.Run.Coins[0].Coin, doc.Run.Trips[0].Coin, doc.Run.Happenings[0].Coin = evil, evil, evil
	doc.Run.Happenings[0].Text, doc.Run.Happenings[1].Code = evil, evil
	doc.Run.Warnings[0].Text, doc.Run.Assumptions[0], doc.Run.NotIncluded[0] = evil, evil, evil
	doc.Run.Manifest.Command, doc.Run.Manifest.Source, doc.Run.Manifest.TapeHash = evil, evil, evil
	doc.Run.Params[0].Value, doc.Run.Params[0].Doc, doc.Run.Strategy, doc.Now = evil, evil, evil, evil
	doc.Run.Coins[1].Coin = "币安人生"
	page := render(t, doc)
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d script elements, want 1", n)
	}
	if strings.Contains(page, "<img") {
		t.Error("a name became an element")
	}
	if !strings.Contains(page, "币安人生") {
		t.Error("a coin with Chinese letters is missing")
	}
	if _, err := WritePNGs(t.TempDir(), doc); err != nil {
		t.Error(err)
	}
}

func TestGeneratedMarketIsLoud(t *testing.T) {
	doc := invent(1, 1)
	if strings.Contains(render(t, doc), "GENERATED MARKET, not history") {
		t.Error("real data are called generated")
	}
	doc.Run.Manifest.Generated = true
	page := render(t, doc)
	banner := strings.Index(page, "GENERATED MARKET, not history")
	if banner < 0 || banner > strings.Index(page, "<h1>") || !strings.Contains(page, "crawl import DIR") {
		t.Error("the banner is not the first thing, or does not say how to get history")
	}
}

func TestBooksThatDoNotCloseAreLoud(t *testing.T) {
	doc := invent(1, 1)
	doc.Run.Residual = "-0.00000001"
	if !strings.Contains(render(t, doc), "The books do NOT close") {
		t.Error("a residual is not on the first screen")
	}
}

// degenerate are runs with little or nothing in them; each must give a whole
// page, charts without an error, and a summary.
func degenerate() map[string]*Document {
	nan, inf := math.NaN(), math.Inf(1)
	docs := map[string]*Document{
		"empty":        {Run: &carry.Result{}},
		"one sample":   {Run: &carry.Result{Capital: 1000, Final: 1000, From: 0, To: carry.Day, Curve: carry.Curve{Step: carry.Hour, Equity: []float64{1000}}}},
		"nil baseline": {Run: invent(1, 2).Run, Baselines: []*carry.Result{nil, {}}},
		"no baseline":  {Run: invent(1, 2).Run},
	}
	short := invent(1, 4)
	cutRun(short, 3*carry.Day)
	docs["three days"] = short
	hour := invent(1, 4)
	cutRun(hour, carry.Hour)
	docs["one hour"] = hour
	lost := invent(2, 5)
	for i := range lost.Run.Curve.Equity {
		if i > 5000 {
			lost.Run.Curve.Equity[i] = -200
		}
	}
	lost.Run.Final, lost.Run.Counts.Liquidations = -200, 12
	docs["negative equity"] = lost
	odd := invent(2, 6)
	for i := range odd.Run.Curve.LiquidationUp {
		odd.Run.Curve.LiquidationUp[i], odd.Run.Curve.Leverage[i] = inf, nan
		if i%50 == 0 {
			odd.Run.Curve.Equity[i] = nan
		}
	}
	odd.Run.Extremes = carry.Extremes{NearestLiquidation: inf, MaxLeverage: nan}
	odd.Run.Attribution = carry.Attribution{FundingReceived: nan, Basis: inf, Total: nan}
	odd.Run.Coins[0].FundingByYear = nil
	odd.Run.Coins[1].Attribution.Total = nan
	odd.Run.Trips[0].EntryPremium, odd.Run.Trips[1].ExitPremium = nan, inf
	odd.Run.Years[0].Return, odd.Run.Years[0].Attribution.Total = nan, nan
	odd.Run.Prediction = carry.Prediction{N: 1, Correlation: nan, MeanAbsErr: inf, SignAgree: nan}
	docs["not a number"] = odd
	flat := invent(1, 7)
	for i := range flat.Run.Curve.Equity {
		flat.Run.Curve.Equity[i] = 50000
	}
	flat.Run.Final, flat.Run.Trips, flat.Run.Coins = 50000, nil, nil
	docs["nothing happened"] = flat
	back := invent(1, 8)
	back.Run.From, back.Run.To = back.Run.To, back.Run.From
	docs["time backwards"] = back
	stepless := invent(1, 9)
	stepless.Run.Curve.Step = 0
	docs["no step"] = stepless
	return docs
}

func TestDegenerateRuns(t *testing.T) {
	for name, doc := range degenerate() {
		t.Run(name, func(t *testing.T) {
			page := render(t, doc)
			if !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
				t.Error("the page is not whole")
			}
			for _, bad := range []string{"NaN", "+Inf", "-Inf", "−0.0<", "−0.0 ", "−0 ", "%!", "ZgotmplZ", "&lt;nil"} {
				body := page[strings.Index(page, "<body>"):strings.Index(page, "<script>")]
				if i := strings.Index(body, bad); i >= 0 {
					t.Errorf("the page says %q: …%s…", bad, body[max(0, i-80):i+20])
				}
			}
			if _, err := WritePNGs(t.TempDir(), doc); err != nil {
				t.Error(err)
			}
			var b bytes.Buffer
			if err := WriteSummary(&b, doc); err != nil {
				t.Error(err)
			}
			checkScreen(t, b.String())
		})
	}
}

func TestNoRunIsAnError(t *testing.T) {
	for _, doc := range []*Document{nil, {}} {
		if err := WriteHTML(io.Discard, doc); err == nil {
			t.Error("WriteHTML accepts a document without a run")
		}
		if err := WriteSummary(io.Discard, doc); err == nil {
			t.Error("WriteSummary accepts a document without a run")
		}
		if _, err := WritePNGs(t.TempDir(), doc); err == nil {
			t.Error("WritePNGs accepts a document without a run")
		}
	}
}

// TestPathHoldsTheExtremes reads a chart's path back as the script does.
func TestPathHoldsTheExtremes(t *testing.T) {
	doc := invent(5, 1)
	plan := &chartPlan{unit: unitGrowth, from: doc.Run.From, to: doc.Run.To, class: seriesClass, lines: []line{growthLine(doc.Run)}}
	c := plan.chart()
	low, high := math.Inf(1), math.Inf(-1)
	for _, e := range doc.Run.Curve.Equity {
		low, high = math.Min(low, e/50000), math.Max(high, e/50000)
	}
	y, least, most, x := 0, math.MaxInt, math.MinInt, 0
	for i, s := range regexp.MustCompile(`-?\d+`).FindAllString(c.Series[0].Path, -1) {
		n := atoi(t, s)
		if i%2 == 0 {
			x += n
			continue
		}
		y += n
		least, most = min(least, y), max(most, y)
	}
	if x != chartUnits {
		t.Errorf("the path ends at %d of %d", x, chartUnits)
	}
	want := func(v float64) float64 { return (high - v) / (high - low) }
	span := float64(most - least)
	if math.Abs(span/chartUnits-1/1.1) > 0.001 {
		t.Errorf("lowest and highest sample span %v of the chart, want 1/1.1", span/chartUnits)
	}
	if last := want(doc.Run.Final / 50000); math.Abs(float64(y-least)/span-last) > 0.001 {
		t.Errorf("the last point is at %v, want %v", float64(y-least)/span, last)
	}
}
