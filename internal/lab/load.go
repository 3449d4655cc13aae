package lab

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"carry"
)

// ErrNoRun says that a folder does not hold a run's results.
var ErrNoRun = errors.New("no run's results")

// LoadRun reads a run's result.json and equity.csv back from its folder.
func LoadRun(dir string) (*carry.Result, error) {
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoRun)
	}
	if err != nil {
		return nil, err
	}
	var doc struct {
		Run *carry.Result `json:"run"`
	}
	if err := json.Unmarshal(text, &doc); err != nil || doc.Run == nil {
		return nil, fmt.Errorf("%s: result.json is not a run's: %w", dir, errors.Join(err, ErrNoRun))
	}
	f, err := os.Open(filepath.Join(dir, "equity.csv"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w (a run with --result-only has no curve)", dir, err)
	}
	defer f.Close()
	if doc.Run.Curve, err = readCurve(bufio.NewReaderSize(f, 1<<16)); err != nil {
		return nil, fmt.Errorf("%s/equity.csv: %w", dir, err)
	}
	return doc.Run, nil
}

// readCurve reads the run's own columns of equity.csv.
func readCurve(r io.Reader) (carry.Curve, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	var out carry.Curve
	header, err := c.Read()
	if err != nil {
		return out, err
	}
	if len(header) < 5 || header[0] != "time_ms" || header[1] != "equity_usdt" {
		return out, errors.New("its first line is not that of a run")
	}
	last := carry.Time(0)
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		ms, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			return out, err
		}
		at := carry.Time(ms)
		switch n := len(out.Equity); {
		case n == 0:
			out.Start = at
		case n == 1:
			out.Step = at - out.Start
		case at-last != out.Step:
			return out, fmt.Errorf("sample %d is not %d ms after the one before", n, out.Step)
		}
		last = at
		for k, to := range []*[]float64{&out.Equity, &out.Notional} {
			x, err := strconv.ParseFloat(row[1+k], 64)
			if err != nil {
				return out, err
			}
			*to = append(*to, x)
		}
	}
	if out.Step <= 0 {
		return out, errors.New("it has fewer than two samples")
	}
	return out, nil
}
