package crawl

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"archive/zip"

	"carry"
	"carry/data"
	"carry/internal/testenv"
)

// speedFile is a month's archive, made as the exchange makes them.
type speedFile struct {
	key  string
	zip  []byte
	sum  string
	rows int
}

// speedFiles are months of hourly bars of several symbols with invented prices
// of realistic length, and the same rows as CSV for the sqlite3 shell.
func speedFiles(t testing.TB, symbols, months int) (files []speedFile, csv []byte) {
	t.Helper()
	var all bytes.Buffer
	state := uint64(1)
	for s := range symbols {
		price := 100 + 900*float64(s)
		month := monthOf(1577836800000)
		for range months {
			name := fmt.Sprintf("C%02dUSDT-1h-%s", s, month.From.UTC().Format("2006-01"))
			var text bytes.Buffer
			rows := 0
			for at := month.From; at < month.To; at += carry.Hour {
				state = state*6364136223846793005 + 1442695040888963407
				next := math.Round(price*(1+float64(int64(state>>33)%2001-1000)/1e5)*100) / 100
				volume := float64(state>>40) / 1000
				high, low := max(price, next)+0.37, min(price, next)-0.41
				fmt.Fprintf(&text, "%d,%.2f,%.2f,%.2f,%.2f,%.3f,%d,%.5f,%d,%.3f,%.5f,0\n", int64(at), price, high, low, next, volume,
					int64(at+carry.Hour-1), volume*price, state>>50, volume/2, volume*price/2)
				fmt.Fprintf(&all, "%d,%d,%.2f,%.2f,%.2f,%.2f,%.3f,%.5f\n", s+1, int64(at), price, high, low, next, volume, volume*price)
				price = next
				rows++
			}
			var packed bytes.Buffer
			zw := zip.NewWriter(&packed)
			w, err := zw.Create(name + ".csv")
			if err == nil {
				_, err = w.Write(text.Bytes())
			}
			if err == nil {
				err = zw.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(packed.Bytes())
			key := fmt.Sprintf("data/spot/monthly/klines/C%02dUSDT/1h/%s.zip", s, name)
			files = append(files, speedFile{key, packed.Bytes(), hex.EncodeToString(sum[:]), rows})
			month = monthOf(month.To)
		}
	}
	return files, all.Bytes()
}

func cpu(who int) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// storeFiles does everything between a downloaded file and its transaction.
func storeFiles(t testing.TB, s *data.Store, files []speedFile) (rows int) {
	t.Helper()
	for i := range files {
		file := &files[i]
		sum := sha256.Sum256(file.zip)
		if hex.EncodeToString(sum[:]) != file.sum {
			t.Fatal("checksum")
		}
		symbol, _, _ := strings.Cut(path.Base(file.key), "-")
		span, _ := fileSpan(file.key, symbol+"-1h-")
		f := &fetcher{run: &run{}, s: &Series{Name: data.Series{Kind: data.KindSpot, Symbol: symbol, Step: carry.Hour}}}
		chunk := &data.Chunk{Series: f.s.Name, Source: file.key, SHA256: file.sum, File: &data.ArchiveFile{Key: file.key, SHA256: file.sum, Part: span}}
		if err := f.parse(&File{Key: file.key, Span: span, Part: span}, file.zip, chunk); err != nil {
			t.Fatal(err)
		}
		rep, err := s.Put(t.Context(), chunk)
		if err != nil {
			t.Fatal(err)
		}
		rows += rep.New
	}
	return rows
}

// Checksum, unpacking, parsing, checking and storing of archive rows take at
// most twice the processor time of the sqlite3 shell, which does nothing but
// import the same rows into the same schema.
func TestArchiveRowsAgainstTheShell(t *testing.T) {
	testenv.Long(t, "crawl-speed")
	shell := testenv.Tool(t, "apt-get install sqlite3", "sqlite3")
	files, csv := speedFiles(t, 10, 36)
	var ours, theirs []float64
	for range 3 {
		dir := t.TempDir()
		s, err := data.Open(filepath.Join(dir, "ours.db"))
		if err != nil {
			t.Fatal(err)
		}
		began := cpu(syscall.RUSAGE_SELF)
		rows := storeFiles(t, s, files)
		ours = append(ours, float64(rows)/(cpu(syscall.RUSAGE_SELF)-began).Seconds())
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		empty := filepath.Join(dir, "theirs.db")
		if s, err = data.Open(empty); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		text := filepath.Join(dir, "rows.csv")
		if err := os.WriteFile(text, csv, 0o644); err != nil {
			t.Fatal(err)
		}
		setup := ""
		for i := range 10 {
			setup += fmt.Sprintf("INSERT INTO series VALUES (%d, 'spot', 'C%02dUSDT', 3600000);", i+1, i)
		}
		cmd := exec.Command(shell, empty, setup, ".import --csv "+text+" kline", "SELECT count(*) FROM kline")
		out, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(rows) {
			t.Fatalf("%v: %s, want %d rows", err, out, rows)
		}
		theirs = append(theirs, float64(rows)/(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()).Seconds())
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	t.Logf("rows per second of processor time: %.0f, the shell %.0f", ours[1], theirs[1])
	testenv.Figure(t, "crawl: archive rows per CPU second, against sqlite3 .import", ours[1]/theirs[1], "x", "≥ 0.5", ours[1] >= theirs[1]/2)
	if ours[1] < theirs[1]/2 {
		t.Errorf("%.2f of the shell's rate, want at least a half", ours[1]/theirs[1])
	}
}

// BenchmarkArchiveRows is the processor's work on one month's file.
func BenchmarkArchiveRows(b *testing.B) {
	files, _ := speedFiles(b, 1, 36)
	rows := 0
	for b.Loop() {
		b.StopTimer()
		s, err := data.Open(filepath.Join(b.TempDir(), "carry.db"))
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		rows += storeFiles(b, s, files)
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
