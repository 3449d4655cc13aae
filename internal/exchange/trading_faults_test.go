package exchange

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carry/internal/testenv"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the table of docs/FAULTS.md")

// The table is whole: names once, a place in the catalogue, what comes, what is
// right and when it comes; at least sixty kinds of at least sixty faults of the
// catalogue.
func TestTheTableOfTradeFaults(t *testing.T) {
	place := regexp.MustCompile(`^[NXUCRHTMD]\d{1,2}( [NXUCRHTMD]\d{1,2})*$`)
	seen, ids := map[TradeFaultKind]bool{}, map[string]bool{}
	for _, f := range TradeFaultTable() {
		if f.Kind == "" || seen[f.Kind] || f.Comes == "" || f.Right == 0 || !place.MatchString(f.Catalogue) || f.Rule.Nth < 1 || !(f.Rule.Prob > 0) {
			t.Errorf("%+v", f)
		}
		seen[f.Kind] = true
		for _, id := range strings.Fields(f.Catalogue) {
			ids[id] = true
		}
	}
	if len(seen) < 60 {
		t.Errorf("%d kinds", len(seen))
	}
	t.Logf("%d kinds of %d faults of the catalogue", len(seen), len(ids))
}

// A schedule is the seed's: the same orders are hit again, others by another seed.
func TestASeedIsASchedule(t *testing.T) {
	hits := func(seed uint64) (out []int) {
		b, err := newTradeFaultBook(TradeFaults{Seed: seed, Rules: []TradeFaultRule{{Kind: OrderLost, Nth: 3, Prob: 0.3, Times: 20}}})
		if err != nil {
			t.Fatal(err)
		}
		for k := range 200 {
			if b.pickOf(orderFaults[:], &order{}) != nil {
				out = append(out, k)
			}
		}
		return out
	}
	a, b, c := fmt.Sprint(hits(1)), fmt.Sprint(hits(1)), fmt.Sprint(hits(2))
	if a != b || a == c || len(hits(1)) != 20 || hits(1)[0] < 2 {
		t.Errorf("seed 1: %s and %s, seed 2: %s", a, b, c)
	}
	if _, err := newTradeFaultBook(TradeFaults{Rules: []TradeFaultRule{{Kind: "no-such"}}}); err == nil {
		t.Error("a kind that is not there was taken")
	}
}

// The table stands in the document as it is.
func TestTheDocumentListsTradeFaults(t *testing.T) {
	path := filepath.Join(testenv.Root(t), "docs", "FAULTS.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- trade faults -->\n", "<!-- end -->\n"
	head, rest, ok1 := strings.Cut(string(text), begin)
	have, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	var want strings.Builder
	subject := ""
	for _, f := range TradeFaultTable() {
		if f.Subject != subject {
			subject = f.Subject
			fmt.Fprintf(&want, "\n### %s\n\n| kind | what comes | a right client | catalogue |\n| --- | --- | --- | --- |\n", strings.ToUpper(subject[:1])+subject[1:])
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", f.Kind, f.Comes, f.Right, f.Catalogue)
	}
	want.WriteString("\n")
	if *rewrite {
		if err := os.WriteFile(path, []byte(head+begin+want.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != want.String() {
		t.Errorf("%s is not the table; go test ./internal/exchange -run %s -rewrite", path, t.Name())
	}
}
