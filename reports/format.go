package reports

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"carry"
)

// Typographic characters of HTML and PNG. ascii maps them for the terminal.
const (
	minus   = "\u2212"
	thinGap = "\u202f" // between groups of three digits
	noBreak = "\u00a0" // before % and units
	missing = "n/a"
)

// fixed writes v with dp decimals, a real minus sign, groups of three digits
// and never a negative zero.
func fixed(v float64, dp int) string {
	switch {
	case math.IsNaN(v):
		return missing
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return minus + "∞"
	}
	digits := magnitude(v, dp)
	if v < 0 && strings.ContainsAny(digits, "123456789") {
		return minus + digits
	}
	return digits
}

// signed is fixed with a plus sign before what is above zero.
func signed(v float64, dp int) string {
	s := fixed(v, dp)
	if v > 0 && strings.ContainsAny(s, "123456789∞") {
		return "+" + s
	}
	return s
}

func magnitude(v float64, dp int) string {
	a := math.Abs(v)
	if a >= 1e15 {
		return strconv.FormatFloat(a, 'g', 4, 64)
	}
	return groupThousands(strconv.FormatFloat(a, 'f', dp, 64))
}

func groupThousands(s string) string {
	whole, frac, hasFrac := strings.Cut(s, ".")
	if len(whole) > 3 {
		var b strings.Builder
		for i, c := range whole {
			if i > 0 && (len(whole)-i)%3 == 0 {
				b.WriteString(thinGap)
			}
			b.WriteRune(c)
		}
		whole = b.String()
	}
	if hasFrac {
		return whole + "." + frac
	}
	return whole
}

// percent writes a fraction as a signed percentage: +10.3 %.
func percent(frac float64, dp int) string {
	if math.IsNaN(frac) {
		return missing
	}
	return signed(frac*100, dp) + noBreak + "%"
}

// share writes a fraction that has no direction as a percentage: 10.3 %.
func share(frac float64, dp int) string {
	if math.IsNaN(frac) {
		return missing
	}
	return fixed(frac*100, dp) + noBreak + "%"
}

// money writes signed USDT without decimals from 1000 on, with two below.
func money(v float64) string { return signed(v, moneyDecimals(v)) }

// amount is money without a plus sign, for stocks as against flows.
func amount(v float64) string { return fixed(v, moneyDecimals(v)) }

func moneyDecimals(v float64) int {
	if math.Abs(v) >= 1000 {
		return 0
	}
	return 2
}

// basisPoints writes a fraction as signed basis points.
func basisPoints(frac float64) string {
	if math.IsNaN(frac) {
		return missing
	}
	return signed(frac*1e4, 1) + noBreak + "bp"
}

// times writes a leverage: 2.03×.
func times(v float64) string {
	if math.IsNaN(v) {
		return missing
	}
	return fixed(v, 2) + "×"
}

// longDate writes 7 Feb 2022.
func longDate(t carry.Time) string { return t.UTC().Format("2 Jan 2006") }

// minuteOf writes 2021-05-19 16:00.
func minuteOf(t carry.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// monthOf writes May 2021.
func monthOf(t carry.Time) string { return t.UTC().Format("January 2006") }

// fixedInt writes a whole number without groups, as names and seeds are.
func fixedInt(n uint64) string { return strconv.FormatUint(n, 10) }

// count writes n things: "1 trip", "3 trips".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fixed(float64(n), 0) + " " + many
}

// spanWords writes a length of time in the unit a person would choose.
func spanWords(d carry.Time) string {
	switch {
	case d < 2*carry.Day:
		return count(int(d/carry.Hour), "hour", "hours")
	case d < 2*365*carry.Day:
		return count(int(d/carry.Day), "day", "days")
	}
	return fixed(float64(d)/float64(365*carry.Day), 1) + " years"
}

// listWords joins names as in a sentence: "a, b and c".
func listWords(names []string, last string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}

// asciiOf are the characters this package writes on purpose, for a terminal
// that may know nothing but ASCII.
var asciiOf = map[rune]string{
	'\u2212': "-", '\u2013': "-", '\u202f': ",", '\u00a0': " ", '\u2009': " ", '×': "x", '∞': "inf",
	'→': "->", '…': "...", '·': "-", '≤': "<=", '≥': ">=", '“': `"`, '”': `"`, '’': "'", '√': "sqrt", 'Σ': "sum",
}

// ascii maps s to printable ASCII. Letters that have no ASCII form and control
// characters, which could steer a terminal, become a question mark.
func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= ' ' && r < unicode.MaxASCII:
			b.WriteRune(r)
		case asciiOf[r] != "":
			b.WriteString(asciiOf[r])
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// drawable maps s to what Liberation Sans can draw in one line of a PNG.
func drawable(s string) string {
	return strings.NewReplacer(thinGap, "\u2009", noBreak, " ", "\n", " ", "\t", " ").Replace(s)
}

// wrap breaks s into lines of at most width runes; longer words are cut.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for len([]rune(word)) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			r := []rune(word)
			lines, word = append(lines, string(r[:width])), string(r[width:])
		}
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
