package reports

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"io"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// PNG charts are 760 × 430 points at two pixels each. pngColumns is about the
// number of pixels that a curve gets.
const (
	pngWidth   = 760 * vg.Inch / 96
	pngHeight  = 430 * vg.Inch / 96
	pngDPI     = 192
	pngColumns = 1200
	px         = vg.Inch / 96
)

// WritePNGs draws the run's charts into dir and returns the names of the files
// written: equity.png, drawdown.png, attribution.png and leverage.png. A chart
// for which the run has fewer than two samples is left out. A file is either
// whole or not there.
func WritePNGs(dir string, doc *Document) ([]string, error) {
	if doc == nil || doc.Run == nil {
		return nil, fmt.Errorf("write charts: %w", ErrNoRun)
	}
	v := newView(doc)
	// One canvas serves all charts: it is the largest thing a run's end holds.
	canvas := newCanvas(pngHeight)
	return writeCharts(dir, ".png", func(draw func(*view, vg.CanvasSizer) error) (io.WriterTo, error) {
		imagedraw.Draw(canvas.Image(), canvas.Image().Bounds(), image.White, image.Point{}, imagedraw.Src)
		return vgimg.PngCanvas{Canvas: canvas}, draw(v, canvas)
	})
}

// WriteSVGs is WritePNGs as scalable drawings, which stay sharp in print and can be
// edited: equity.svg and the others.
func WriteSVGs(dir string, doc *Document) ([]string, error) {
	if doc == nil || doc.Run == nil {
		return nil, fmt.Errorf("write charts: %w", ErrNoRun)
	}
	v := newView(doc)
	return writeCharts(dir, ".svg", func(draw func(*view, vg.CanvasSizer) error) (io.WriterTo, error) {
		c := vgsvg.NewWith(vgsvg.UseWH(pngWidth, pngHeight))
		c.SetColor(color.White)
		c.Fill(vg.Rectangle{Max: vg.Point{X: pngWidth, Y: pngHeight}}.Path())
		return c, draw(v, c)
	})
}

// writeCharts lets paper draw every chart of a run and writes it.
func writeCharts(dir, ext string, paper func(draw func(*view, vg.CanvasSizer) error) (io.WriterTo, error)) ([]string, error) {
	var names []string
	for _, f := range [...]struct {
		name string
		draw func(*view, vg.CanvasSizer) error
	}{{"equity", equityChart}, {"drawdown", drawdownChart}, {"attribution", attributionChart}, {"leverage", leverageChart}} {
		name := f.name + ext
		c, err := paper(f.draw)
		if errors.Is(err, errNothing) {
			continue
		}
		if err != nil {
			return names, fmt.Errorf("draw %s: %w", name, err)
		}
		if err := writeChart(filepath.Join(dir, name), c); err != nil {
			return names, err
		}
		names = append(names, name)
	}
	return names, nil
}

// errNothing says that a chart has nothing to show.
var errNothing = errors.New("nothing to draw")

func writeChart(path string, c io.WriterTo) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".chart-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // gone already after the rename
	if _, err := c.WriteTo(tmp); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), tmp.Close())
	}
	if err := tmp.Chmod(0o644); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func newCanvas(height vg.Length) *vgimg.Canvas {
	return vgimg.NewWith(vgimg.UseWH(pngWidth, height), vgimg.UseDPI(pngDPI), vgimg.UseBackgroundColor(color.White))
}

// sheet is a chart in the report's style: a title that says the finding, a line
// under it, and the inputs' hash at the foot.
type sheet struct {
	all  draw.Canvas
	body draw.Canvas // what is left for charts
}

func newSheet(c vg.CanvasSizer, v *view, title, lead string) *sheet {
	all := draw.New(c)
	s := &sheet{all: all}
	size := vg.Length(15)
	for fontStyle(size, true, light.ink).Width(drawable(title)) > pngWidth-32*px && size > 9 {
		size -= 0.5
	}
	top := all.Max.Y - 18*px
	s.write(16*px, top-8*px, title, fontStyle(size, true, light.ink))
	s.write(16*px, top-30*px, lead, fontStyle(9.5, false, light.soft))
	foot := spanDates(v.run) + "  ·  " + orMissing(v.run.Manifest.Source) + "  ·  tape " + shorten(orMissing(v.run.Manifest.TapeHash), 13)
	if v.run.Manifest.Generated {
		foot = "GENERATED MARKET, not history  ·  " + foot
	}
	s.write(16*px, all.Min.Y+10*px, shorten(foot, 130), fontStyle(7.5, false, light.soft))
	s.body = draw.Crop(all, 12*px, -16*px, 24*px, -62*px)
	return s
}

func (s *sheet) write(x, y vg.Length, label string, style draw.TextStyle) {
	s.all.FillText(style, vg.Point{X: x, Y: y}, drawable(label))
}

// fontStyle is Liberation Sans, which gonum/plot embeds.
func fontStyle(size vg.Length, bold bool, hex string) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = 3 // bold, as golang.org/x/image/font counts
	}
	return draw.TextStyle{Color: colour(hex), Font: f, Handler: text.Plain{Fonts: font.DefaultCache}}
}

// ticker gives gonum/plot ticks that were made elsewhere.
type ticker []plot.Tick

// Ticks implements plot.Ticker.
func (t ticker) Ticks(_, _ float64) []plot.Tick { return t }

func tickerOf(ticks []tick) ticker {
	out := make(ticker, len(ticks))
	for i, t := range ticks {
		out[i] = plot.Tick{Value: t.At, Label: drawable(t.Label)}
	}
	return out
}

// basePlot has our axes: labels without lines, a light horizontal grid, times
// along x.
func basePlot(v *view, low, high float64, u unit) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = float64(v.run.From), float64(v.run.To), low, high
	for _, a := range [...]*plot.Axis{&p.X, &p.Y} {
		a.LineStyle.Width, a.Tick.LineStyle.Width, a.Tick.Length, a.Padding = 0, 0, 5*px, 0
		style := fontStyle(9, false, light.soft)
		a.Tick.Label.Font, a.Tick.Label.Color, a.Tick.Label.Handler = style.Font, style.Color, style.Handler
	}
	p.X.Tick.Marker = tickerOf(timeTicks(v.run.From, v.run.To, 12))
	p.Y.Tick.Marker = tickerOf(labelTicks(valueTicks(low, high, 5), u))
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: colour(light.rule), Width: 0.75 * px}
	p.Add(grid)
	return p
}

// addLine draws a decimated curve, broken at gaps.
func addLine(p *plot.Plot, pts []point, style draw.LineStyle) {
	var run plotter.XYs
	flush := func() {
		if len(run) > 1 {
			p.Add(&plotter.Line{XYs: run, LineStyle: style})
		}
		run = nil
	}
	for _, pt := range pts {
		if math.IsNaN(pt.value) {
			flush()
			continue
		}
		run = append(run, plotter.XY{X: float64(pt.at), Y: pt.value})
	}
	flush()
}

// addArea fills between a curve and zero. plotter.Line's own fill ends at the
// axis's minimum, which turns drawdowns inside out.
func addArea(p *plot.Plot, pts []point, fill color.Color) {
	var run plotter.XYs
	flush := func() {
		if len(run) > 1 {
			run = append(run, plotter.XY{X: run[len(run)-1].X}, plotter.XY{X: run[0].X})
			p.Add(&plotter.Polygon{XYs: []plotter.XYs{run}, Color: fill})
		}
		run = nil
	}
	for _, pt := range pts {
		if math.IsNaN(pt.value) {
			flush()
			continue
		}
		run = append(run, plotter.XY{X: float64(pt.at), Y: pt.value})
	}
	flush()
}

// seriesStyle is the line of the i-th curve of a comparison.
func seriesStyle(i int) draw.LineStyle {
	if i >= seriesStyles {
		i = 1 + (i-1)%(seriesStyles-1)
	}
	s := draw.LineStyle{Color: colour(light.series[i]), Width: 1.3 * px}
	if i == 0 {
		s.Width = 2.2 * px
	}
	for _, d := range dashes[i] {
		s.Dashes = append(s.Dashes, vg.Length(d)*px)
	}
	return s
}
