package data

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file of bill rates is dated facts: it is read whole or not at all, and a
// corrected one replaces what it corrects.
func TestBillRatesAreDatedFacts(t *testing.T) {
	s := emptyStore(t)
	file := filepath.Join(t.TempDir(), "bills.csv")
	put := func(text string) (rows, changed int, err error) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return s.ImportBills(t.Context(), file)
	}
	if rows, changed, err := put("date,rate\n2021-01-04,0.0009\n2022-06-01,0.0115\n"); rows != 2 || changed != 2 || err != nil {
		t.Fatal(rows, changed, err)
	}
	// In percent, with a holiday, and one day corrected.
	if rows, changed, err := put("observation_date,DTB3\n2021-01-04,0.09\n2022-06-01,1.20\n2022-06-02,\n2022-06-03,.\n2022-06-06,1.25\n"); rows != 3 || changed != 2 || err != nil {
		t.Fatal(rows, changed, err)
	}
	list, err := s.BillRates(t.Context())
	if err != nil || len(list) != 3 || list[1].Frac != 0.012 || list[2].From.Date() != "2022-06-06" {
		t.Fatal(list, err)
	}
	for _, text := range []string{"", "date,rate\n", "date,rate\n2021-01-04\n", "date,rate\n2021-01-04,\n", "date,rate\n2021-01-04,null\n", "date,rate\n2021-01-04,NaN\n",
		"date,rate\n2021-1-4,0.01\n", "date,rate\n,0.01\n", "date,rate\n2021-01-04,5.3\n", "date,rate\n2021-01-05,0.01\n2021-01-04,0.01\n",
		"rate,date\n0.01,2021-01-04\n", "date,rate\n2021-01-04,0.01,1\n", "date,rate\n2021-01-04,0.01"} {
		var bad *FileError
		if _, _, err := put(text); !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if again, err := s.BillRates(t.Context()); err != nil || len(again) != 3 {
		t.Errorf("a refused file left something: %v %v", again, err)
	}
}

func FuzzBills(f *testing.F) {
	f.Add("date,rate\n2021-01-04,0.0009\n")
	f.Add("DATE,DTB3\n2021-01-04,0.09\n2021-01-05,.\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := parseBills(&source{path: "bills.csv", text: []byte(text)})
		if err != nil {
			return
		}
		for i, r := range rows {
			if !(r.rate > -0.1 && r.rate < 0.5) || len(r.date) != 10 || !strings.Contains(text, r.date) || i > 0 && r.date <= rows[i-1].date {
				t.Fatalf("%q gave %v", text, rows)
			}
		}
	})
}
