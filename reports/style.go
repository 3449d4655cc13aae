package reports

import (
	"image/color"
	"strings"
)

// palette is one theme. Gain and loss are Okabe and Ito's blue and vermillion
// (orange in the dark), which people with any colour vision tell apart; red and
// green are not used, and no meaning hangs on colour alone.
type palette struct {
	page, panel, ink, soft, rule string
	gain, loss, total, warn      string
	series                       [seriesStyles]string
	heat                         [heatLevels]string // alpha of gain or loss behind text
}

const (
	seriesStyles = 6
	heatLevels   = 5
)

var light = palette{
	page: "#ffffff", panel: "#f6f8fa", ink: "#17202e", soft: "#566070", rule: "#e1e5ea",
	gain: "#0072b2", loss: "#d55e00", total: "#4a5361", warn: "#d55e00",
	series: [seriesStyles]string{"#0072b2", "#d55e00", "#a8548a", "#5f6a78", "#8a6d00", "#17202e"},
	heat:   [heatLevels]string{".08", ".18", ".30", ".44", ".60"},
}

var dark = palette{
	page: "#11151c", panel: "#191f28", ink: "#e8ebf0", soft: "#a0a9b6", rule: "#2b323d",
	gain: "#56b4e9", loss: "#e69f00", total: "#98a2b1", warn: "#e69f00",
	series: [seriesStyles]string{"#56b4e9", "#e69f00", "#d58fb8", "#98a2b1", "#f0e442", "#e8ebf0"},
	heat:   [heatLevels]string{".10", ".19", ".29", ".40", ".52"},
}

// dashes tell the series apart without colour, in units of the line's pixels.
var dashes = [seriesStyles][]float64{nil, nil, {6, 3}, {2, 3}, {9, 3, 2, 3}, {1, 2}}

// viridis in eleven steps, from matplotlib's table (CC0): equal steps look
// equal, also in grey.
var viridis = [...]string{"#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"}

// darkInkFrom is the first step of viridis on which black reads better than
// white.
const darkInkFrom = 5

// fontStack is the page's; PNGs use Liberation Sans, which gonum/plot carries.
const fontStack = `system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif`

// variables are the theme as CSS custom properties.
func (p *palette) variables() string {
	var b strings.Builder
	set := func(name, value string) { b.WriteString("--" + name + ":" + value + ";") }
	set("page", p.page)
	set("panel", p.panel)
	set("ink", p.ink)
	set("soft", p.soft)
	set("rule", p.rule)
	set("gain", p.gain)
	set("loss", p.loss)
	set("total", p.total)
	set("warn", p.warn)
	for i, c := range p.series {
		set("s"+string(rune('0'+i)), c)
	}
	for i, alpha := range p.heat {
		level := string(rune('1' + i))
		set("p"+level, rgba(p.gain, alpha))
		set("n"+level, rgba(p.loss, alpha))
	}
	return b.String()
}

// stylesheet is the whole CSS of a page: both themes and the layout.
func stylesheet(layout string) string {
	return ":root{color-scheme:light;" + light.variables() + "}\n" +
		"@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;" + dark.variables() + "}}\n" +
		"@media screen{:root[data-theme=dark]{color-scheme:dark;" + dark.variables() + "}}\n" +
		"body{font-family:" + fontStack + "}\n" + seriesRules() + viridisRules() + layout
}

func seriesRules() string {
	var b strings.Builder
	for i := range seriesStyles {
		n := string(rune('0' + i))
		b.WriteString(".s" + n + "{--c:var(--s" + n + ")}")
		if len(dashes[i]) > 0 {
			b.WriteString(".s" + n + " line,path.s" + n + "{stroke-dasharray:")
			for k, d := range dashes[i] {
				if k > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(fixed(d, 0))
			}
			b.WriteString("}")
		}
	}
	return b.String() + "\n"
}

func viridisRules() string {
	var b strings.Builder
	for i, c := range viridis {
		ink := "#fff"
		if i >= darkInkFrom {
			ink = "#111"
		}
		b.WriteString(".v" + fixed(float64(i), 0) + "{background:" + c + ";color:" + ink + "}")
	}
	return b.String() + "\n"
}

func rgba(hex, alpha string) string {
	c := colour(hex)
	return "rgba(" + fixed(float64(c.R), 0) + "," + fixed(float64(c.G), 0) + "," + fixed(float64(c.B), 0) + "," + alpha + ")"
}

// colour reads #rrggbb of this file's tables.
func colour(hex string) color.NRGBA {
	digit := func(i int) uint8 { return uint8(strings.IndexByte("0123456789abcdef", hex[i])) }
	return color.NRGBA{R: digit(1)<<4 | digit(2), G: digit(3)<<4 | digit(4), B: digit(5)<<4 | digit(6), A: 255}
}

// faint is a colour with alpha of 255.
func faint(hex string, alpha uint8) color.NRGBA {
	c := colour(hex)
	c.A = alpha
	return c
}

// Theme is the look of every page of this program, without a layout: both
// themes' colours as CSS custom properties, and the font.
func Theme() string { return stylesheet("") }
