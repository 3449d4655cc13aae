package reports

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"carry"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkScreen holds a summary against the terminal it is meant for.
func checkScreen(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 42 {
		t.Errorf("%d lines do not fit one screen", len(lines))
	}
	for _, l := range lines {
		if len(l) > 80 {
			t.Errorf("line of %d columns: %q", len(l), l)
		}
		for _, r := range l {
			if r < ' ' || r > '~' {
				t.Errorf("%q in %q is not ASCII", r, l)
			}
		}
		if strings.HasSuffix(l, " ") {
			t.Errorf("blank at the end of %q", l)
		}
	}
}

func TestSummaryGolden(t *testing.T) {
	docs := map[string]*Document{"five_years": invent(5, 1), "generated": invent(3, 2)}
	docs["generated"].Run.Manifest.Generated = true
	short := invent(1, 3)
	cutRun(short, 3*carry.Day)
	docs["three_days"] = short
	docs["empty"] = &Document{Run: &carry.Result{}}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteSummary(&b, doc); err != nil {
				t.Fatal(err)
			}
			checkScreen(t, b.String())
			path := filepath.Join("testdata", "summary_"+name+".txt")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (make it with -update)", err)
			}
			if b.String() != string(want) {
				t.Errorf("the summary changed (go test -update accepts it):\n%s\nwant:\n%s", b.String(), want)
			}
		})
	}
}

func TestSummaryOfManyThingsFits(t *testing.T) {
	doc := invent(12, 1)
	for range 20 {
		doc.Run.Warnings = append(doc.Run.Warnings, carry.Warning{Code: "long", Text: strings.Repeat("a very long warning ", 30)})
		doc.Baselines = append(doc.Baselines, doc.Baselines[0])
	}
	doc.Run.Coins[0].Coin = "\x1b[2J币"
	var b bytes.Buffer
	if err := WriteSummary(&b, doc); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(b.String(), "\n") {
		if len(l) > 80 {
			t.Errorf("line of %d columns: %q", len(l), l)
		}
	}
	for _, want := range []string{"and 17 more warnings in the report", "more baselines in the report", "(the last 8 of 13 years)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the summary does not say %q", want)
		}
	}
}

func TestNumbersAreWrittenForReaders(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{fixed(-0.04, 1), "0.0"}, {fixed(-0.05001, 1), "−0.1"}, {fixed(math.Copysign(0, -1), 2), "0.00"},
		{fixed(1234567.891, 2), "1\u202f234\u202f567.89"}, {fixed(999.999, 1), "1\u202f000.0"}, {fixed(math.NaN(), 1), "n/a"},
		{signed(0.01, 1), "0.0"}, {signed(0.06, 1), "+0.1"}, {signed(math.Inf(1), 1), "+∞"}, {signed(math.Inf(-1), 1), "−∞"},
		{percent(0.1032, 1), "+10.3\u00a0%"}, {share(0.5, 0), "50\u00a0%"}, {basisPoints(-0.00046), "−4.6\u00a0bp"},
		{money(999.994), "+999.99"}, {money(-1234.5), "−1\u202f234"}, {times(2.034), "2.03×"}, {fixed(1e200, 1), "1e+200"},
		{ascii("−1\u202f234.5\u00a0% → 2×"), "-1,234.5 % -> 2x"}, {ascii("a\x1b[31m币\n"), "a?[31m? "},
		{count(1, "trip", "trips"), "1 trip"}, {count(1200, "trip", "trips"), "1\u202f200 trips"}, {spanWords(36 * carry.Hour), "36 hours"},
		{spanWords(40 * carry.Day), "40 days"}, {spanWords(912 * carry.Day), "2.5 years"}, {listWords([]string{"a", "b", "c"}, "or"), "a, b or c"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWrapKeepsEveryWord(t *testing.T) {
	text := "one two three " + strings.Repeat("x", 33) + " four"
	lines := wrap(text, 10)
	for _, l := range lines {
		if len(l) > 10 {
			t.Errorf("%q is too long", l)
		}
	}
	if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
		t.Errorf("letters were lost: %q", got)
	}
}

func TestVerdictDoesNotFlatter(t *testing.T) {
	says := func(doc *Document, want string) {
		t.Helper()
		if all := ascii(strings.Join(newView(doc).verdict, " ")); !strings.Contains(all, want) {
			t.Errorf("the verdict does not say %q: %s", want, all)
		}
	}
	doc := invent(5, 1)
	says(doc, "of the profit fell in 2021.")
	says(doc, "Since 2022 it made")
	doc.Run, doc.Baselines[0] = doc.Baselines[2], doc.Run // cash against the strategy
	doc.Baselines[0].Name = "the strategy"
	says(doc, "has NOT beaten the strategy")
	lost := degenerate()["negative equity"]
	says(lost, "lost the whole account")
	says(lost, "LIQUIDATED 12 positions")
	says(degenerate()["three days"], "too short a span for a yearly figure")
	says(degenerate()["nothing happened"], "never fell below an earlier peak")
	tie := invent(2, 1)
	tie.Baselines = []*carry.Result{tie.Run}
	says(tie, "has NOT beaten")
	luck := invent(2, 1)
	for i := range luck.Run.Curve.Equity { // swings by a tenth around nothing
		luck.Run.Curve.Equity[i] = 50000 * (1 + 0.1*math.Sin(float64(i)/300))
	}
	luck.Run.Final = 50100
	says(luck, "chance alone could have made this")
}

func TestRegimeIsTheTimeAfterTheBestYear(t *testing.T) {
	doc := invent(5, 1)
	if v := newView(doc); v.regime != monthStart(2022, 1) {
		t.Errorf("the best year is 2021, but the regime starts %v", v.regime)
	}
	for i := range doc.Run.Years {
		doc.Run.Years[i].Attribution.Total = float64(i)
	}
	if v := newView(doc); v.regime != doc.Run.To-365*carry.Day {
		t.Errorf("the last year is the best, but the regime starts %v", v.regime)
	}
	if v := newView(invent(1, 1)); v.regime != 0 {
		t.Errorf("one year has no second regime, got %v", v.regime)
	}
}

func TestMonthsMultiplyToTheTotal(t *testing.T) {
	run := invent(5, 4).Run
	growth := 1.0
	months := MonthlyReturns(run)
	for _, m := range months {
		growth *= 1 + m.Return
	}
	if want := run.Final / run.Capital; math.Abs(growth-want) > 1e-9 {
		t.Errorf("months make %v, the run made %v", growth, want)
	}
	if len(months) != 60 || months[0].Partial || !months[59].Partial {
		t.Errorf("%d months; first partial %v, last partial %v", len(months), months[0].Partial, months[len(months)-1].Partial)
	}
}
