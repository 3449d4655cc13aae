package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"

	"carry"
)

// A segment is one series' bars of one week. Its bytes are, little endian:
//
//	0  form      1 o h l c v (spot, perp), 2 o h c (mark), 3 c (premium)
//	1  priceDp   prices are integers / 10^priceDp, or 255: raw float64s
//	2  volumeDp  the same for volumes
//	3  full      1 when no bar of the week is missing
//	4  count     uint16, bars present
//	6  first     int64, the first bar's first column as an integer
//	14 lowVolume int64, subtracted from every volume
//	22 widths    5 × uint8, bits per value of each column
//	27 bitmap    24 bytes, only when not full: bit r is bar r of the week
//	   columns   each packed with its width, padded to a whole byte
//	   8 zero bytes, so that every value can be read by one 64-bit load
//
// Columns are stored as differences that are small and mostly not negative:
// open − close before (zigzag), high − max(open, close), min(open, close) −
// low, close − open (zigzag), volume − lowVolume. Integers restore the exact
// float64: i / 10^dp, both exactly representable, is rounded correctly, which
// is how the decimal text was read in the first place. A series that no power
// of ten fits (or whose high is below its open) is kept as raw float64s.
const (
	segHeader = 27
	segBitmap = 24
	segPad    = 8
	rawDp     = 255
	maxDp     = 12
	weekBars  = int(carry.Week / carry.Hour)
)

// The forms of segments and the number of their columns.
const (
	formBars    = 1
	formMark    = 2
	formPremium = 3
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errSegment says that packed bytes do not make sense.
var errSegment = errors.New("packed block is damaged")

// segBars are a week's bars of one series in time order, missing ones left out.
// Columns that a form does not have are not touched.
type segBars struct {
	n    int
	full bool
	row  [weekBars]uint8 // hour of the week
	col  [5][weekBars]float64
}

// Columns of segBars.
const (
	colOpen = iota
	colHigh
	colLow
	colClose
	colVolume
)

// formCols are the columns that a form stores, in stored order.
var formCols = [...][]int{
	formBars: {colOpen, colHigh, colLow, colClose, colVolume}, formMark: {colOpen, colHigh, colClose}, formPremium: {colClose},
}

// add appends a bar.
func (b *segBars) add(row int, o, h, l, c, v float64) {
	i := b.n
	b.row[i] = uint8(row)
	b.col[colOpen][i], b.col[colHigh][i], b.col[colLow][i] = o, h, l
	b.col[colClose][i], b.col[colVolume][i] = c, v
	b.n++
}

// pow10f are the powers of ten that a float64 holds exactly.
var pow10f = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// toInt returns the integer whose quotient by 10^dp is x, bit for bit.
func toInt(x float64, dp int) (int64, bool) {
	y := float64(x * pow10f[dp])
	if !(y > -1<<52 && y < 1<<52) {
		return 0, false
	}
	i := int64(math.Floor(y + 0.5))
	return i, math.Float64bits(float64(i)/pow10f[dp]) == math.Float64bits(x)
}

// decimalsOf is the smallest power of ten that makes all columns integers, or
// rawDp.
func decimalsOf(cols ...[]float64) int {
	dp := 0
	for _, col := range cols {
		for _, x := range col {
			for {
				if _, ok := toInt(x, dp); ok {
					break
				}
				if dp++; dp > maxDp {
					return rawDp
				}
			}
		}
	}
	return fitAll(dp, cols)
}

// fitAll checks that the power of ten found for the longest value fits the
// others too, which fails only for values too large for it.
func fitAll(dp int, cols [][]float64) int {
	for _, col := range cols {
		for _, x := range col {
			if _, ok := toInt(x, dp); !ok {
				return rawDp
			}
		}
	}
	return dp
}

// packer turns bars into segments; it reuses its scratch.
type packer struct {
	ints [5][weekBars]int64
	vals [5][weekBars]uint64
	back segBars
	unp  unpacker
}

// pack appends b's segment to dst and proves that it unpacks to b, bit for bit.
func (p *packer) pack(dst []byte, form int, b *segBars) ([]byte, error) {
	if b.n == 0 || b.n > weekBars {
		return nil, fmt.Errorf("pack %d bars", b.n)
	}
	start := len(dst)
	dst = append(dst, make([]byte, segHeader)...)
	h := dst[start:]
	h[0] = byte(form)
	if b.n == weekBars {
		h[3] = 1
	}
	binary.LittleEndian.PutUint16(h[4:], uint16(b.n))
	p.integers(h, form, b)
	if h[3] == 0 {
		var bitmap [segBitmap]byte
		for _, r := range b.row[:b.n] {
			bitmap[r>>3] |= 1 << (r & 7)
		}
		dst = append(dst, bitmap[:]...)
	}
	for k, c := range formCols[form] {
		if dpOf(dst[start:], c) == rawDp {
			dst[start+22+k] = 64
			for _, x := range b.col[c][:b.n] {
				dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
			}
			continue
		}
		vs := p.vals[c][:b.n]
		width := widthOf(vs)
		dst[start+22+k] = byte(width)
		dst = appendBits(dst, vs, width)
	}
	dst = append(dst, make([]byte, segPad)...)
	return dst, p.verify(dst[start:], form, b)
}

// dpOf is the decimals byte that belongs to a column.
func dpOf(header []byte, col int) int {
	if col == colVolume {
		return int(header[2])
	}
	return int(header[1])
}

// integers fills p.vals and the header's decimals and bases.
func (p *packer) integers(h []byte, form int, b *segBars) {
	var prices [][]float64
	for _, c := range formCols[form] {
		if c != colVolume {
			prices = append(prices, b.col[c][:b.n])
		}
	}
	dp := decimalsOf(prices...)
	h[1] = byte(dp)
	if dp != rawDp && !p.prices(h, form, b, dp) {
		h[1] = rawDp
	}
	if form != formBars {
		return
	}
	vdp := decimalsOf(b.col[colVolume][:b.n])
	h[2] = byte(vdp)
	if vdp == rawDp {
		return
	}
	low := int64(math.MaxInt64)
	for i, x := range b.col[colVolume][:b.n] {
		p.ints[colVolume][i], _ = toInt(x, vdp)
		low = min(low, p.ints[colVolume][i])
	}
	binary.LittleEndian.PutUint64(h[14:], uint64(low))
	for i, v := range p.ints[colVolume][:b.n] {
		p.vals[colVolume][i] = uint64(v - low)
	}
}

// prices fills p.vals of the price columns; false when high and low do not
// enclose open and close.
func (p *packer) prices(h []byte, form int, b *segBars, dp int) bool {
	for _, c := range formCols[form] {
		if c == colVolume {
			continue
		}
		for i, x := range b.col[c][:b.n] {
			p.ints[c][i], _ = toInt(x, dp)
		}
	}
	open, cl := &p.ints[colOpen], &p.ints[colClose]
	if form == formPremium {
		open = cl
	}
	prev := open[0]
	binary.LittleEndian.PutUint64(h[6:], uint64(prev))
	for i := range b.n {
		o, c := open[i], cl[i]
		if form == formPremium {
			p.vals[colClose][i] = zigzag(c - prev)
			prev = c
			continue
		}
		p.vals[colOpen][i] = zigzag(o - prev)
		p.vals[colClose][i] = zigzag(c - o)
		up, down := p.ints[colHigh][i]-max(o, c), int64(0)
		if form == formBars {
			down = min(o, c) - p.ints[colLow][i]
		}
		if up < 0 || down < 0 {
			return false
		}
		p.vals[colHigh][i], p.vals[colLow][i] = uint64(up), uint64(down)
		prev = c
	}
	return true
}

// verify unpacks seg and compares with what went in.
func (p *packer) verify(seg []byte, form int, b *segBars) error {
	if err := p.unp.unpack(seg, form, &p.back); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if p.back.n != b.n {
		return fmt.Errorf("verify: %d bars became %d", b.n, p.back.n)
	}
	for i := range b.n {
		if p.back.row[i] != b.row[i] {
			return fmt.Errorf("verify: bar %d moved", i)
		}
		for _, c := range formCols[form] {
			if math.Float64bits(p.back.col[c][i]) != math.Float64bits(b.col[c][i]) {
				return fmt.Errorf("verify: %v became %v", b.col[c][i], p.back.col[c][i])
			}
		}
	}
	return nil
}

// unpacker restores segments; it reuses its scratch.
type unpacker struct {
	vals [5][weekBars]uint64
}

// unpack fills out from a segment of the wanted form.
func (u *unpacker) unpack(seg []byte, form int, out *segBars) error {
	if len(seg) < segHeader+segPad || int(seg[0]) != form || form < formBars || form > formPremium {
		return errSegment
	}
	n := int(binary.LittleEndian.Uint16(seg[4:]))
	if n == 0 || n > weekBars || (seg[3] == 1) != (n == weekBars) {
		return errSegment
	}
	body := seg[segHeader:]
	out.n, out.full = n, seg[3] == 1
	if out.full {
		for r := range out.row {
			out.row[r] = uint8(r)
		}
	} else {
		if len(body) < segBitmap || !out.rowsFrom(body[:segBitmap]) {
			return errSegment
		}
		body = body[segBitmap:]
	}
	for k, c := range formCols[form] {
		width, dp := int(seg[22+k]), dpOf(seg, c)
		size := packedLen(n, width)
		if len(body) < size+segPad || (dp == rawDp) != (width == 64) || (dp != rawDp && (width > maxWidth || dp > maxDp)) {
			return errSegment
		}
		if dp == rawDp {
			for i := range out.col[c][:n] {
				out.col[c][i] = math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:]))
			}
		} else {
			unpackBits(u.vals[c][:n], body, width)
		}
		body = body[size:]
	}
	if len(body) != segPad {
		return errSegment
	}
	u.floats(seg, form, out)
	return nil
}

// rowsFrom lists the set bits; false when their number is not n.
func (b *segBars) rowsFrom(bitmap []byte) bool {
	i := 0
	for w := 0; w < segBitmap; w += 8 {
		for word := binary.LittleEndian.Uint64(bitmap[w:]); word != 0; word &= word - 1 {
			r := w*8 + bits.TrailingZeros64(word)
			if r >= weekBars || i >= b.n {
				return false
			}
			b.row[i] = uint8(r)
			i++
		}
	}
	return i == b.n
}

// floats turns the unpacked differences into prices and volumes.
func (u *unpacker) floats(seg []byte, form int, out *segBars) {
	n := out.n
	first := int64(binary.LittleEndian.Uint64(seg[6:]))
	if dp := int(seg[1]); dp != rawDp {
		switch form {
		case formBars:
			u.barFloats(first, pow10f[dp], out)
		case formMark:
			u.markFloats(first, pow10f[dp], out)
		default:
			prev, div := first, pow10f[dp]
			for i, v := range u.vals[colClose][:n] {
				prev += unzigzag(v)
				out.col[colClose][i] = float64(prev) / div
			}
		}
	}
	if dp := int(seg[2]); form == formBars && dp != rawDp {
		low, div := int64(binary.LittleEndian.Uint64(seg[14:])), pow10f[dp]
		dst := out.col[colVolume][:n]
		for i, v := range u.vals[colVolume][:n] {
			dst[i] = float64(low+int64(v)) / div
		}
	}
}

func (u *unpacker) barFloats(prev int64, div float64, out *segBars) {
	n := out.n
	vo, vh, vl, vc := u.vals[colOpen][:n], u.vals[colHigh][:n], u.vals[colLow][:n], u.vals[colClose][:n]
	oo, oh, ol, oc := out.col[colOpen][:n], out.col[colHigh][:n], out.col[colLow][:n], out.col[colClose][:n]
	for i := range vo {
		o := prev + unzigzag(vo[i])
		c := o + unzigzag(vc[i])
		oo[i] = float64(o) / div
		oh[i] = float64(max(o, c)+int64(vh[i])) / div
		ol[i] = float64(min(o, c)-int64(vl[i])) / div
		oc[i] = float64(c) / div
		prev = c
	}
}

func (u *unpacker) markFloats(prev int64, div float64, out *segBars) {
	n := out.n
	vo, vh, vc := u.vals[colOpen][:n], u.vals[colHigh][:n], u.vals[colClose][:n]
	for i := range vo {
		o := prev + unzigzag(vo[i])
		c := o + unzigzag(vc[i])
		out.col[colOpen][i] = float64(o) / div
		out.col[colHigh][i] = float64(max(o, c)+int64(vh[i])) / div
		out.col[colClose][i] = float64(c) / div
		prev = c
	}
}
