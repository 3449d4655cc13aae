package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"carry"
	"carry/data"
)

//go:embed coverage.html
var coveragePage string

// The map's measures, in pixels.
const (
	mapLeft   = 150
	mapTop    = 34
	cellWidth = 10
	cellHigh  = 9
	coinPad   = 6
)

// coverageMap is what the page shows.
type coverageMap struct {
	Path, From, To string
	Coins, Series  int
	Rows           string
	Missing        string
	Width, Height  int
	Years          []mapLabel
	Names, Lines   []mapLabel // of coins, of kinds
	Cells          []mapCell
}

type mapLabel struct {
	X, Y int
	Text string
}

type mapCell struct {
	X, Y, W int
	Class   string // one of five shades
	Tip     string
}

// shade is the class of a month: whole, nearly, most, little, nothing.
func shade(m data.MonthCoverage) string {
	frac := 1.0
	if m.Expected > 0 {
		frac = float64(m.Rows) / float64(m.Expected)
	}
	switch {
	case m.Rows >= m.Expected:
		return "f4"
	case frac >= 0.99:
		return "f3"
	case frac >= 0.8:
		return "f2"
	case m.Rows > 0:
		return "f1"
	}
	return "f0"
}

// drawCoverage lays the months out: a block of lines per coin, one line per
// kind.
func drawCoverage(path string, list []data.SeriesCoverage) *coverageMap {
	m := &coverageMap{Path: filepath.Base(path), Series: len(list)}
	if len(list) == 0 {
		return m
	}
	first, last := list[0].First, list[0].Last
	rows, missing := 0, 0
	for i := range list {
		first, last = min(first, list[i].First), max(last, list[i].Last)
	}
	start := first.UTC()
	column := func(t carry.Time) int {
		u := t.UTC()
		return (u.Year()-start.Year())*12 + int(u.Month()) - int(start.Month())
	}
	y, coin := mapTop, ""
	for i := range list {
		s := &list[i]
		if s.Coin != coin {
			if coin != "" {
				y += coinPad
			}
			coin = s.Coin
			m.Coins++
			m.Names = append(m.Names, mapLabel{mapLeft - 58, y + cellHigh - 1, clip(coin, 14)})
		}
		m.Lines = append(m.Lines, mapLabel{mapLeft - 6, y + cellHigh - 1, s.Kind})
		for _, c := range s.Months {
			rows += c.Rows
			missing += c.Expected - c.Rows
			tip := fmt.Sprintf("%s %s, %s: %s of %s rows", s.Kind, s.Symbol, c.Month.UTC().Format("January 2006"), grouped(c.Rows), grouped(c.Expected))
			m.Cells = append(m.Cells, mapCell{mapLeft + column(c.Month)*cellWidth, y, cellWidth - 1, shade(c), tip})
		}
		y += cellHigh + 1
	}
	columns := column(last) + 1
	for c := range columns {
		if month := (int(start.Month()) - 1 + c) % 12; month == 0 || c == 0 {
			m.Years = append(m.Years, mapLabel{mapLeft + c*cellWidth, mapTop - 12, fmt.Sprint(start.Year() + (int(start.Month())-1+c)/12)})
		}
	}
	if len(m.Years) > 1 && m.Years[1].X-m.Years[0].X < 30 {
		m.Years = slices.Delete(m.Years, 0, 1)
	}
	m.Width, m.Height = mapLeft+columns*cellWidth+20, y+14
	m.From, m.To = first.Date(), last.Date()
	m.Rows, m.Missing = grouped(rows), grouped(missing)
	return m
}

// writeCoverage makes the page; nothing is left behind when that fails.
func writeCoverage(file, db string, list []data.SeriesCoverage) (err error) {
	page, err := template.New("coverage").Parse(coveragePage)
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	var b strings.Builder
	if err := page.Execute(&b, drawCoverage(db, list)); err != nil {
		return fmt.Errorf("make page: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".coverage-*")
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	_, err = f.WriteString(b.String())
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file, err), os.Remove(f.Name()))
	}
	return nil
}
