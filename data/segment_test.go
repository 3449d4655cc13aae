package data

import (
	"fmt"
	"math"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// drawBars draws a week of one series: any subset of hours, prices on a grid of
// some power of ten or arbitrary floats, volumes likewise.
func drawBars(t *rapid.T) *segBars {
	var b segBars
	dp := rapid.IntRange(0, 9).Draw(t, "dp")
	wild := rapid.SampledFrom([]string{"none", "none", "none", "price", "volume", "order"}).Draw(t, "wild")
	full := rapid.Bool().Draw(t, "full")
	price := rapid.Int64Range(1, 1e12).Draw(t, "first")
	x := func(i int64) float64 { return float64(i) / pow10f[dp] }
	for r := range weekBars {
		if !full && rapid.IntRange(0, 9).Draw(t, "there") == 0 {
			continue
		}
		o := max(1, price+rapid.Int64Range(-50, 50).Draw(t, "gap"))
		c := max(1, o+rapid.Int64Range(-9000, 9000).Draw(t, "move"))
		up, down := rapid.Int64Range(0, 500).Draw(t, "up"), rapid.Int64Range(0, 500).Draw(t, "down")
		v := float64(rapid.Int64Range(0, 1e11).Draw(t, "volume")) / 1000
		price = c
		open, high, low, cl := x(o), x(max(o, c)+up), x(max(1, min(o, c)-down)), x(c)
		switch wild {
		case "price":
			open = rapid.Float64().Draw(t, "wild price")
		case "volume":
			v = rapid.Float64().Draw(t, "wild volume")
		case "order":
			high, low = low, high
		}
		b.add(r, open, high, low, cl, v)
	}
	if b.n == 0 {
		b.add(0, 1, 1, 1, 1, 1)
	}
	return &b
}

func sameBars(a, b *segBars, form int) error {
	if a.n != b.n {
		return fmt.Errorf("%d bars, want %d", a.n, b.n)
	}
	for i := range a.n {
		if a.row[i] != b.row[i] {
			return fmt.Errorf("bar %d is in row %d, want %d", i, a.row[i], b.row[i])
		}
		for _, c := range formCols[form] {
			if math.Float64bits(a.col[c][i]) != math.Float64bits(b.col[c][i]) {
				return fmt.Errorf("bar %d column %d is %v, want %v", i, c, a.col[c][i], b.col[c][i])
			}
		}
	}
	return nil
}

// What goes in comes out, to the last bit, whatever the values; and packing is
// a function of the values alone.
func TestSegmentRestoresEveryBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBars(t)
		form := rapid.SampledFrom([]int{formBars, formMark, formPremium}).Draw(t, "form")
		var p packer
		seg, err := p.pack(nil, form, b)
		if err != nil {
			t.Fatal(err)
		}
		var u unpacker
		var back segBars
		if err := u.unpack(seg, form, &back); err != nil {
			t.Fatal(err)
		}
		if err := sameBars(&back, b, form); err != nil {
			t.Fatal(err)
		}
		again, err := p.pack([]byte("before"), form, b)
		if err != nil || string(again[6:]) != string(seg) {
			t.Fatalf("packed differently the second time (%v)", err)
		}
	})
}

// A damaged segment is an error or other values, never a crash.
func TestDamagedSegmentDoesNotPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p packer
		seg, err := p.pack(nil, formBars, drawBars(t))
		if err != nil {
			t.Fatal(err)
		}
		switch rapid.IntRange(0, 2).Draw(t, "damage") {
		case 0:
			seg = seg[:rapid.IntRange(0, len(seg)-1).Draw(t, "cut")]
			if (new(unpacker)).unpack(seg, formBars, new(segBars)) == nil {
				t.Fatal("a cut segment was accepted")
			}
		case 1:
			seg[rapid.IntRange(0, segHeader).Draw(t, "header byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		default:
			seg[rapid.IntRange(0, len(seg)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		}
		_ = (new(unpacker)).unpack(seg, formBars, new(segBars)) // any result but a panic
	})
}

// Prices with tick sizes take the integer path, and the float64 of a decimal
// text survives it: 0.1+0.2 style neighbours would not.
func TestPricesOnATickAreIntegers(t *testing.T) {
	var b segBars
	for r := range weekBars {
		p := float64(7195_36581933+int64(r)*12_345) / 1e8
		b.add(r, p, p, p, p, float64(r)/1000)
	}
	var p packer
	seg, err := p.pack(nil, formBars, &b)
	if err != nil {
		t.Fatal(err)
	}
	if seg[1] != 8 || seg[2] != 3 {
		t.Errorf("decimals %d and %d, want 8 and 3", seg[1], seg[2])
	}
	if perBar := float64(len(seg)) / float64(weekBars); perBar > 8 {
		t.Errorf("%.1f bytes a bar", perBar)
	}
	b.col[colClose][5] = math.Nextafter(b.col[colClose][5], 0)
	b.col[colLow][5] = b.col[colClose][5]
	if seg, err = p.pack(nil, formBars, &b); err != nil {
		t.Fatal(err)
	}
	if seg[1] != rawDp {
		t.Error("a value off the grid was put on it")
	}
}

func TestBitsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(0, maxWidth).Draw(t, "width")
		vs := rapid.SliceOfN(rapid.Uint64Range(0, 1<<width-1), 1, 200).Draw(t, "values")
		packed := appendBits(nil, vs, width)
		if len(packed) != packedLen(len(vs), width) {
			t.Fatalf("%d bytes, want %d", len(packed), packedLen(len(vs), width))
		}
		back := make([]uint64, len(vs))
		unpackBits(back, append(packed, make([]byte, segPad)...), width)
		for i := range vs {
			if back[i] != vs[i] {
				t.Fatalf("value %d: %d became %d", i, vs[i], back[i])
			}
		}
	})
}

func TestZigzag(t *testing.T) {
	for v, want := range map[int64]uint64{0: 0, -1: 1, 1: 2, -2: 3, math.MinInt64: math.MaxUint64} {
		if got := zigzag(v); got != want || unzigzag(got) != v {
			t.Errorf("zigzag(%d) = %d, want %d", v, got, want)
		}
	}
}

// The statistics of a whole week's part need no unpacking.
func TestStatOfAWholeWeeksPart(t *testing.T) {
	var b segBars
	b.n, b.full = weekBars, true
	for r := range b.row {
		b.row[r] = uint8(r)
	}
	start := 100 * carry.Week
	rapid.Check(t, func(t *rapid.T) {
		from := start + carry.Time(rapid.IntRange(0, weekBars).Draw(t, "from"))*carry.Hour
		to := start + carry.Time(rapid.IntRange(0, weekBars).Draw(t, "to"))*carry.Hour
		if got, want := wholeStat(from, to), statBars(&b, start, from, to); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}
