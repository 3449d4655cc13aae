package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
)

// sane holds what no accepted kline may be.
func sane(t *testing.T, rows []Kline) {
	for _, k := range rows {
		for _, x := range []float64{k.Open, k.High, k.Low, k.Close, k.Volume, k.QuoteVolume} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("%v was accepted: %+v", x, k)
			}
		}
		if k.At < firstTime || k.At >= lastTime || k.High < k.Low || k.Volume < 0 {
			t.Fatalf("accepted %+v", k)
		}
	}
}

// FuzzKlines holds the own scanner against encoding/json: what it accepts is
// JSON with the same cells.
func FuzzKlines(f *testing.F) {
	f.Add([]byte(messages[0].body))
	f.Add([]byte(`[]`))
	f.Add([]byte(`[[1499040000000,"1","1","1","1","0",1499644799999,"0",0,"0","0","0"],[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := DecodeKlines(nil, body)
		if err != nil {
			return
		}
		sane(t, rows)
		var cells [][]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&cells); err != nil || len(cells) != len(rows) {
			t.Fatalf("accepted what is not such JSON: %v, %d rows: %q", err, len(rows), body)
		}
		for i, c := range cells {
			for col, got := range map[int]float64{1: rows[i].Open, 2: rows[i].High, 3: rows[i].Low, 4: rows[i].Close, 5: rows[i].Volume, 7: rows[i].QuoteVolume} {
				want, err := strconv.ParseFloat(c[col].(string), 64)
				if err != nil || want != got {
					t.Fatalf("cell %v became %v", c[col], got)
				}
			}
		}
	})
}

func FuzzKlineFile(f *testing.F) {
	f.Add([]byte("1735689600000,2,3,1,2,10,1735693199999,20,308,5,10,0\n"))
	f.Add([]byte(klineHeader + "\n1735693200000000,2,3,1,2,10,1735696799999999,20,308,5,10,0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := ReadKlines(nil, bytes.NewReader(text), 100)
		if err == nil {
			sane(t, rows)
		}
	})
}

func FuzzFundingFile(f *testing.F) {
	f.Add([]byte(fundingHeader + "\n1735689600011,8,-0.00012345\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := ReadFunding(nil, bytes.NewReader(text), 100)
		if err != nil {
			return
		}
		for _, r := range rows {
			if r.At < firstTime || !(r.Hours > 0) {
				t.Fatalf("accepted %+v", r)
			}
		}
	})
}

// FuzzMessages throws anything at the decoders of objects: they must not panic,
// and accept nothing without a name or time.
func FuzzMessages(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte(m.body))
	}
	f.Add([]byte(`{"code":-1003,"msg":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if rows, err := DecodeFundingRates(nil, body); err == nil {
			for _, r := range rows {
				if r.At < firstTime {
					t.Fatalf("accepted %+v", r)
				}
			}
		}
		_, _ = DecodeFundingInfo(body)
		if ladders, err := DecodeBrackets(body); err == nil {
			for _, l := range ladders {
				if len(l.Brackets) == 0 {
					t.Fatal("accepted an empty ladder")
				}
			}
		}
		for _, m := range []Market{Spot, Futures} {
			if info, err := DecodeExchangeInfo(body, m); err == nil && info.ServerTime < firstTime {
				t.Fatalf("accepted %+v", info)
			}
		}
		DecodeError(body)
		_, _ = DecodeServerTime(body)
	})
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := DecodeListing(text)
		if err != nil {
			return
		}
		for _, o := range l.Objects {
			if o.Key == "" || o.ETag == "" || o.Size < 0 {
				t.Fatalf("accepted %+v", o)
			}
		}
	})
}

// FuzzNumbers holds the short way against strconv.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"0", "-0.00", "0.00000001", "123456789012345678", "9007199254740993", "1e-7", "1.", ".5", "+1", "NaN", "0x1p-2", "1_000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseFloat([]byte(s))
		want, err := strconv.ParseFloat(s, 64)
		if !ok {
			return
		}
		if err != nil || want != got || strings.ContainsAny(s, "xXpP_nN") {
			t.Fatalf("%q: %v, strconv %v %v", s, got, want, err)
		}
	})
}
