package reports

import (
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// ErrSweepAxes says that a sweep of more than two axes has no picture.
var ErrSweepAxes = errors.New("a heat map needs one or two axes")

// WriteHeatmap writes a sweep over one or two axes as a PNG: one tile for each
// combination in viridis, its net yearly return written in it, and a frame
// around those that beat every baseline. A sweep over one axis is one row.
func WriteHeatmap(w io.Writer, t *SweepTable) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("draw sweep: %w", err)
	}
	if len(t.Axes) > 2 || t.Rows != nil {
		return fmt.Errorf("draw sweep: %w", ErrSweepAxes)
	}
	down, across := SweepAxis{Values: []string{""}}, t.Axes[0]
	if len(t.Axes) == 2 {
		down, across = t.Axes[0], t.Axes[1]
	}
	height := vg.Length(150+max(64, min(44*len(down.Values), 900))) * px
	c := newCanvas(height)
	h := &heatmap{t: t, down: down, across: across, sheet: &sheet{all: draw.New(c)}}
	h.draw(height)
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(w); err != nil {
		return fmt.Errorf("write heat map: %w", err)
	}
	return nil
}

type heatmap struct {
	*sheet
	t            *SweepTable
	down, across SweepAxis
}

func (h *heatmap) draw(height vg.Length) {
	h.heading(height)
	left, top := 100*px, height-100*px
	rows, cols := len(h.down.Values), len(h.across.Values)
	tileW := (pngWidth - left - 16*px) / vg.Length(cols)
	tileH := (top - 42*px) / vg.Length(rows)
	soft := fontStyle(8.5, false, light.soft)
	axes := "→ " + h.across.Name
	if h.down.Name != "" {
		axes = "↓ " + h.down.Name + "   " + axes
	}
	h.write(16*px, top+28*px, axes, soft)
	for c, v := range h.across.Values {
		h.centred(left+tileW*(vg.Length(c)+0.5), top+9*px, tileW-2*px, v, soft)
	}
	low, high := h.t.netSpan()
	hurdle, ok := h.t.bar()
	for r, name := range h.down.Values {
		y := top - tileH*vg.Length(r+1)
		h.write(16*px, y+tileH/2-3*px, shorten(name, 14), soft)
		for c := range cols {
			x := h.t.Net[r*cols+c]
			tile := vg.Rectangle{Min: vg.Point{X: left + tileW*vg.Length(c) + px, Y: y + px}, Max: vg.Point{X: left + tileW*vg.Length(c+1) - px, Y: y + tileH - px}}
			h.tile(tile, x, low, high, ok && x > hurdle.Net)
		}
	}
	h.foot()
}

func (h *heatmap) heading(height vg.Length) {
	sentences := h.t.Verdict()
	size := vg.Length(13)
	for fontStyle(size, true, light.ink).Width(drawable(sentences[0])) > pngWidth-32*px && size > 8 {
		size -= 0.5
	}
	h.write(16*px, height-26*px, sentences[0], fontStyle(size, true, light.ink))
	lead := "Net a year on capital, percent; framed: beats every baseline."
	for _, b := range h.t.Baselines {
		lead += "  " + b.Name + " " + percent(b.Net, 1)
	}
	h.write(16*px, height-46*px, shorten(lead, 120), fontStyle(9, false, light.soft))
}

// tile draws one combination.
func (h *heatmap) tile(r vg.Rectangle, x, low, high float64, framed bool) {
	if math.IsNaN(finite(x)) {
		h.centred((r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2-3*px, r.Max.X-r.Min.X, "failed", fontStyle(8, false, light.soft))
		return
	}
	step := shade(x, low, high)
	corners := []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
	h.all.FillPolygon(colour(viridis[step]), corners)
	if framed {
		h.all.StrokeLines(draw.LineStyle{Color: colour(light.ink), Width: 2 * px}, append(corners, r.Min))
	}
	ink := "#ffffff"
	if step >= darkInkFrom {
		ink = "#111111"
	}
	h.centred((r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2-3*px, r.Max.X-r.Min.X-2*px, signed(x*100, 1), fontStyle(9.5, true, ink))
}

// centred writes label around x if it fits into width.
func (h *heatmap) centred(x, y, width vg.Length, label string, style draw.TextStyle) {
	w := style.Width(drawable(label))
	if w > width {
		return
	}
	h.write(x-w/2, y, label, style)
}

func (h *heatmap) foot() {
	foot := longDate(h.t.From) + " – " + longDate(h.t.To) + "  ·  " + orMissing(h.t.Source)
	if h.t.Generated {
		foot = "GENERATED MARKET, not history  ·  " + foot
	}
	h.write(16*px, 10*px, shorten(foot, 130), fontStyle(7.5, false, light.soft))
}
