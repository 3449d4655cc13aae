package reports

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carry"
)

// inventSweep is a made-up grid over one to three axes with one failed run.
func inventSweep(axes int) *SweepTable {
	all := []SweepAxis{{"openRateMinFrac", []string{"0.00005", "0.0001", "0.00015", "0.0002", "0.0003"}},
		{"closeRateMaxFrac", []string{"-0.004", "-0.003", "-0.002", "-0.001", "0", "0.0001"}}, {"coinsTargetN", []string{"5", "10"}}}
	t := &SweepTable{Axes: all[:axes], From: monthStart(2020, 12), To: monthStart(2025, 6), Source: "Binance, 22 coins", Command: "backtest sweep",
		Baselines: []SweepBaseline{{"hold BTC+ETH", 0.071}, {"cash", 0.024}}}
	n := 1
	for _, a := range t.Axes {
		n *= len(a.Values)
	}
	for i := range n {
		t.Net = append(t.Net, 0.09-0.004*math.Pow(float64(i%6)-2.5, 2)-0.01*float64(i/6))
	}
	t.Net[n-1] = math.NaN()
	t.Columns = []SweepColumn{{Name: "Worst fall", Percent: true, Values: make([]float64, n)}}
	return t
}

func TestSweepSaysWhatBeatsWhat(t *testing.T) {
	sweep := inventSweep(2)
	beat := 0
	for _, x := range sweep.Net {
		if x > 0.071 {
			beat++
		}
	}
	all := ascii(strings.Join(sweep.Verdict(), " "))
	if want := fixedInt(uint64(beat)) + " of 30 combinations beat hold BTC+ETH"; !strings.Contains(all, want) || !strings.Contains(all, "1 failed.") {
		t.Errorf("the verdict does not say %q: %s", want, all)
	}
	if strings.Contains(all, "Nothing here beats") {
		t.Errorf("something does beat holding: %s", all)
	}
	sweep.Baselines[0].Net = 0.5
	if all := strings.Join(sweep.Verdict(), " "); !strings.HasPrefix(all, "Nothing here beats hold BTC+ETH") {
		t.Errorf("nothing beats holding, but: %s", all)
	}
}

func TestSweepPages(t *testing.T) {
	for axes := 1; axes <= 3; axes++ {
		sweep := inventSweep(axes)
		sweep.Baselines[0].Name = "<b>hold</b>"
		var b bytes.Buffer
		if err := WriteSweepHTML(&b, sweep); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		if strings.Contains(page, "<b>hold") || !strings.Contains(page, "&lt;b&gt;hold") {
			t.Error("a baseline's name is not escaped")
		}
		if n := strings.Count(page, "<tr>"); n < len(sweep.Net)+len(sweep.Baselines) {
			t.Errorf("%d axes: %d rows for %d combinations", axes, n, len(sweep.Net))
		}
		if !strings.Contains(page, `id="map"`) || strings.Contains(page, `id="axes"`) != (axes > 2) {
			t.Errorf("%d axes: the pictures are not those of so many", axes)
		}
	}
}

func TestSweepRowsNameTheirCombination(t *testing.T) {
	sweep := inventSweep(3)
	if got := sweep.name(0); got != "openRateMinFrac 0.00005, closeRateMaxFrac -0.004, coinsTargetN 5" {
		t.Error(got)
	}
	if got := sweep.name(1*12 + 2*2 + 1); got != "openRateMinFrac 0.0001, closeRateMaxFrac -0.002, coinsTargetN 10" {
		t.Error(got)
	}
}

func TestSweepOfTheWrongShapeIsRefused(t *testing.T) {
	sweep := inventSweep(2)
	sweep.Net = sweep.Net[1:]
	if err := WriteSweepHTML(io.Discard, sweep); !errors.Is(err, ErrSweepShape) {
		t.Errorf("error %v", err)
	}
	if err := WriteHeatmap(io.Discard, &SweepTable{}); !errors.Is(err, ErrSweepShape) {
		t.Errorf("error %v", err)
	}
	if err := WriteHeatmap(io.Discard, inventSweep(3)); !errors.Is(err, ErrSweepAxes) {
		t.Errorf("error %v", err)
	}
	failed := inventSweep(2)
	for i := range failed.Net {
		failed.Net[i] = math.NaN()
	}
	if err := WriteHeatmap(io.Discard, failed); err != nil {
		t.Error(err)
	}
}

func TestPNGsAreWholePictures(t *testing.T) {
	dir := t.TempDir()
	names, err := WritePNGs(dir, invent(2, 1))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(names, " ") != "equity.png drawdown.png attribution.png leverage.png" {
		t.Errorf("files %v", names)
	}
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		colours := map[[3]uint32]bool{}
		for y := 0; y < img.Bounds().Dy(); y += 3 {
			for x := 0; x < img.Bounds().Dx(); x += 3 {
				r, g, b, _ := img.At(x, y).RGBA()
				colours[[3]uint32{r, g, b}] = true
			}
		}
		if img.Bounds().Dx() != 1520 || len(colours) < 10 {
			t.Errorf("%s: %v, %d colours", name, img.Bounds(), len(colours))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".chart-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := WritePNGs(filepath.Join(dir, "missing"), &Document{Run: invent(1, 1).Run}); err == nil {
		t.Error("a folder that is not there is no error")
	}
	if names, err := WritePNGs(dir, &Document{Run: &carry.Result{}}); err != nil || len(names) != 0 {
		t.Errorf("an empty run draws %v, %v", names, err)
	}
}

// The drawings are well-formed, need nothing from outside, and tell the same
// finding as the picture of that name, in text that can be searched.
func TestSVGsAreWholeDrawings(t *testing.T) {
	dir := t.TempDir()
	doc := invent(2, 1)
	names, err := WriteSVGs(dir, doc)
	if err != nil || strings.Join(names, " ") != "equity.svg drawdown.svg attribution.svg leverage.svg" {
		t.Fatalf("files %v, %v", names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		links := 0
		for dec := xml.NewDecoder(bytes.NewReader(text)); ; {
			tok, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			switch x := tok.(type) {
			case xml.CharData:
				words = append(words, strings.TrimSpace(string(x)))
			case xml.StartElement:
				for _, a := range x.Attr {
					if a.Name.Local == "href" || a.Name.Local == "src" {
						links++
					}
				}
			}
		}
		if said := strings.Join(words, " "); links > 0 || !strings.Contains(said, "tape") || len(said) < 80 {
			t.Errorf("%s: %d links, says %q", name, links, said)
		}
	}
	if again, err := WriteSVGs(t.TempDir(), nil); !errors.Is(err, ErrNoRun) || again != nil {
		t.Errorf("%v, %v", again, err)
	}
}
