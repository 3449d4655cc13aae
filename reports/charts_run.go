package reports

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// domainOf is the span of finite values of several decimated curves, with room
// around it; with zero it includes 0.
func domainOf(curves [][]point, zero bool) (low, high float64, err error) {
	low, high, n := math.Inf(1), math.Inf(-1), 0
	for _, pts := range curves {
		for _, pt := range pts {
			if !math.IsNaN(pt.value) {
				low, high = math.Min(low, pt.value), math.Max(high, pt.value)
				n++
			}
		}
	}
	if n < 2 {
		return 0, 0, errNothing
	}
	plan := chartPlan{withZero: zero}
	low, high = plan.domain(low, high)
	return low, high, nil
}

func equityChart(v *view, c vg.CanvasSizer) error {
	lines := []line{growthLine(v.run)}
	for _, b := range v.base {
		lines = append(lines, growthLine(b))
	}
	curves := make([][]point, len(lines))
	for i, l := range lines {
		curves[i] = decimate(l, pngColumns/2)
	}
	low, high, err := domainOf(curves, false)
	if err != nil || v.span <= 0 {
		return errNothing
	}
	s := newSheet(c, v, equityTitle(v), "Growth of 1 on all capital, idle cash included, after costs.")
	p := basePlot(v, low, high, unitGrowth)
	for i := len(curves) - 1; i >= 0; i-- {
		addLine(p, curves[i], seriesStyle(i))
	}
	body := draw.Crop(s.body, 0, -112*px, 0, 0)
	p.Draw(body)
	s.nameEnds(p, body, lines, curves)
	return nil
}

// nameEnds writes each curve's name and last value beside its right end.
func (s *sheet) nameEnds(p *plot.Plot, body draw.Canvas, lines []line, curves [][]point) {
	area := p.DataCanvas(body)
	type end struct {
		at float64
		i  int
	}
	var ends []end
	for i, pts := range curves {
		for k := len(pts) - 1; k >= 0; k-- {
			if !math.IsNaN(pts[k].value) {
				ends = append(ends, end{-float64(area.Y(p.Y.Norm(pts[k].value))), i})
				break
			}
		}
	}
	for i := 1; i < len(ends); i++ { // insertion sort: a handful, stable
		for k := i; k > 0 && ends[k].at < ends[k-1].at; k-- {
			ends[k], ends[k-1] = ends[k-1], ends[k]
		}
	}
	ys := make([]float64, len(ends))
	for i, e := range ends {
		ys[i] = e.at
	}
	spread(ys, float64(27*px), -float64(area.Max.Y), -float64(area.Min.Y)-float64(10*px))
	for i, e := range ends {
		style := fontStyle(9, true, light.series[min(e.i, seriesStyles-1)])
		y := -vg.Length(ys[i])
		s.write(area.Max.X+8*px, y, shorten(lines[e.i].name, 16), style)
		last := lines[e.i].value(lines[e.i].n - 1)
		s.write(area.Max.X+8*px, y-12*px, unitGrowth.value(last), fontStyle(8.5, false, light.soft))
	}
}

func drawdownChart(v *view, c vg.CanvasSizer) error {
	pts := decimate(fallLine(v.run), pngColumns/2)
	low, _, err := domainOf([][]point{pts}, true)
	if err != nil || v.span <= 0 {
		return errNothing
	}
	s := newSheet(c, v, drawdownTitle(v.m.Fall), "Fall from the last peak at every sample; low on "+longDate(v.m.Fall.LowAt)+", under water "+
		share(v.m.UnderFrac, 0)+" of days, at most "+spanWords(v.m.UnderLong)+" in a row.")
	p := basePlot(v, math.Min(low, -0.0005), 0, unitPercent)
	fill := faint(light.loss, 50)
	addArea(p, pts, fill)
	addLine(p, pts, draw.LineStyle{Color: colour(light.loss), Width: 1.4 * px})
	p.Draw(s.body)
	return nil
}

func leverageChart(v *view, c vg.CanvasSizer) error {
	lev := decimate(columnLine(v.run, "used leverage", v.run.Curve.Leverage), pngColumns/2)
	low, high, err := domainOf([][]point{lev}, true)
	if err != nil || v.span <= 0 {
		return errNothing
	}
	s := newSheet(c, v, leverageTitle(v), "Above: used leverage, shorts at mark over the futures wallet. Below: rise of all coins to liquidation, cut off at "+percent(distanceCeiling, 0)+".")
	upper := basePlot(v, low, high, unitTimes)
	addLine(upper, lev, draw.LineStyle{Color: colour(light.gain), Width: 1.3 * px})
	far := decimate(cutOff(columnLine(v.run, "", v.run.Curve.LiquidationUp), distanceCeiling), pngColumns/2)
	low, high, err = domainOf([][]point{far}, true)
	if err != nil {
		upper.Draw(s.body)
		return nil
	}
	lower := basePlot(v, low, high, unitPercent)
	addLine(lower, far, draw.LineStyle{Color: colour(light.loss), Width: 1.3 * px})
	tiles := plot.Align([][]*plot.Plot{{upper}, {lower}}, draw.Tiles{Rows: 2, Cols: 1, PadY: 14 * px}, s.body)
	upper.Draw(tiles[0][0])
	lower.Draw(tiles[1][0])
	return nil
}

// cutOff limits a curve from above.
func cutOff(l line, most float64) line {
	of := l.value
	l.value = func(i int) float64 {
		if x := of(i); x < most || math.IsNaN(x) || math.IsInf(x, 0) {
			return x
		}
		return most
	}
	return l
}

func attributionChart(v *view, canvas vg.CanvasSizer) error {
	a := &v.run.Attribution
	type column struct {
		name     string
		from, to float64
		hex      string
	}
	var cols []column
	at, low, high := 0.0, 0.0, 0.0
	for i, part := range attributionParts() {
		x := finiteOr(part.value(a), 0)
		if i >= 6 && x == 0 {
			continue
		}
		c := column{part.name, at, at + x, light.gain}
		if x < 0 {
			c.hex = light.loss
		}
		cols = append(cols, c)
		at += x
		low, high = math.Min(low, at), math.Max(high, at)
	}
	total := finiteOr(a.Total, 0)
	cols = append(cols, column{"Change of equity", 0, total, light.total})
	low, high = math.Min(low, total), math.Max(high, total)
	if high == low {
		return errNothing
	}
	s := newSheet(canvas, v, attributionTitle(v), "In USDT and as a share of the starting capital. The bars add up; unexplained: "+orMissing(v.run.Residual)+" USDT.")
	p := basePlot(v, low-(high-low)*0.02, high+(high-low)*0.12, unitGrowth)
	p.X.Min, p.X.Max = -0.5, float64(len(cols))-0.5
	p.HideAxes()
	p.Add(&plotter.Line{XYs: plotter.XYs{{X: p.X.Min}, {X: p.X.Max}}, LineStyle: draw.LineStyle{Color: colour(light.soft), Width: px}})
	for i, c := range cols {
		x := float64(i)
		p.Add(&plotter.Polygon{XYs: []plotter.XYs{{{X: x - 0.36, Y: c.from}, {X: x + 0.36, Y: c.from}, {X: x + 0.36, Y: c.to}, {X: x - 0.36, Y: c.to}}},
			Color: colour(c.hex)})
		if i+1 < len(cols) {
			p.Add(&plotter.Line{XYs: plotter.XYs{{X: x + 0.36, Y: c.to}, {X: x + 0.64, Y: c.to}},
				LineStyle: draw.LineStyle{Color: colour(light.soft), Width: 0.75 * px, Dashes: []vg.Length{2 * px, 2 * px}}})
		}
	}
	body := draw.Crop(s.body, 0, 0, 34*px, 0)
	p.Draw(body)
	area := p.DataCanvas(body)
	for i, c := range cols {
		x := area.X(p.X.Norm(float64(i) - 0.36))
		y := area.Y(p.Y.Norm(math.Max(c.from, c.to)))
		s.write(x, y+17*px, money(c.to-c.from), fontStyle(9, true, light.ink))
		s.write(x, y+6*px, shareOf(c.to-c.from, v.run.Capital), fontStyle(8, false, light.soft))
		for k, word := range wrap(c.name, 11) {
			s.write(x, area.Min.Y-vg.Length(14+12*k)*px, word, fontStyle(8.5, false, light.soft))
		}
	}
	return nil
}
