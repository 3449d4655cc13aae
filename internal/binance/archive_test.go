package binance

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"carry/internal/binance/wire"
)

// packed makes an archive of entries, name and text in turn.
func packed(t testing.TB, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		f, err := w.Create(entries[i])
		if err == nil {
			_, err = io.WriteString(f, entries[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const zipKey = "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"

// An archive that is cut anywhere, or one bit of which is flipped, either gives
// the text that was packed or is refused: nothing else ever comes out.
func TestADamagedArchiveGivesItsTextOrNothing(t *testing.T) {
	text := strings.Repeat("1704067200000,42283.58,42554.57,42261.02,42475.23,1271.68,1704070799999,53957248,47134,682.57,28957416,0\n", 40)
	whole := packed(t, "BTCUSDT-1h-2024-01.csv", text)
	read := func(body []byte) (string, error) {
		r, err := OpenZip(zipKey, body)
		if err != nil {
			return "", err
		}
		defer r.Close()
		out, err := io.ReadAll(r)
		return string(out), err
	}
	if got, err := read(whole); err != nil || got != text {
		t.Fatalf("%v", err)
	}
	check := func(what string, at int, body []byte) {
		got, err := read(body)
		if err == nil && got != text {
			t.Fatalf("%s at %d of %d: other text, and no error", what, at, len(whole))
		}
		if err != nil && !errors.Is(err, ErrArchive) {
			t.Fatalf("%s at %d: %v", what, at, err)
		}
	}
	for n := range whole {
		check("cut", n, whole[:n])
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[n] ^= 1 << bit
			check("bit flipped", n, flipped)
		}
	}
}

func FuzzOpenZip(f *testing.F) {
	f.Add(packed(f, "BTCUSDT-1h-2024-01.csv", "1,2,3\n"))
	f.Add(packed(f, "../x.csv", "1"))
	f.Add(packed(f, "BTCUSDT-1h-2024-01.csv", strings.Repeat("0", 1<<20)))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := OpenZip(zipKey, body)
		if err != nil {
			if !errors.Is(err, ErrArchive) {
				t.Fatal(err)
			}
			return
		}
		defer r.Close()
		n, err := io.Copy(io.Discard, r)
		if n > ratioMax*int64(len(body)) {
			t.Fatalf("%d bytes unpack to %d", len(body), n)
		}
		if err != nil && !errors.Is(err, ErrArchive) {
			t.Fatal(err)
		}
	})
}

func FuzzChecksum(f *testing.F) {
	sum := strings.Repeat("0a", 32)
	f.Add([]byte(sum + "  a.zip\n"))
	f.Add([]byte(sum + " *a.zip"))
	f.Add([]byte(sum + "  b.zip"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parseChecksum(body, "a.zip")
		if err != nil {
			if !errors.Is(err, wire.ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		if len(got) != 64 || strings.Trim(got, "0123456789abcdef") != "" || !strings.Contains(strings.ToLower(string(body)), got) {
			t.Fatalf("%q gave %q", body, got)
		}
	})
}

// Each part of a checksum is needed.
func TestChecksumsThatAreNone(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for _, text := range []string{"", sum, "a.zip", "  a.zip", sum + "  b.zip", sum[1:] + "  a.zip", sum + "0  a.zip", "null  a.zip", strings.Repeat("zz", 32) + "  a.zip", sum + "  a.zip " + sum} {
		if got, err := parseChecksum([]byte(text), "a.zip"); !errors.Is(err, wire.ErrFormat) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
