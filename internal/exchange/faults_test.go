package exchange

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"carry"
)

const (
	zipPath  = "data/futures/um/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip"
	spotPath = "data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12.zip"
	fundPath = "data/futures/um/monthly/fundingRate/AAAUSDT/AAAUSDT-fundingRate-2025-01.zip"
	oldPath  = "data/futures/um/monthly/klines/BBBUSDT/1h/BBBUSDT-1h-2022-07.zip"
	klinesQ  = "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=200&startTime=1735689600000"
	fundingQ = "/fapi/v1/fundingRate?symbol=AAAUSDT&startTime=1735689600000&limit=100"
)

// faultTrial asks for something with a fault and without, and says whether what
// came is what the fault is called.
type faultTrial struct {
	kind  FaultKind
	rule  FaultRule
	url   func(URLs) string
	check func(t *testing.T, s *shop, sound, got reply, err error)
}

func zipURL(u URLs) string     { return u.Archive + "/" + zipPath }
func spotZipURL(u URLs) string { return u.Archive + "/" + spotPath }
func fundURL(u URLs) string    { return u.Archive + "/" + fundPath }
func oldURL(u URLs) string     { return u.Archive + "/" + oldPath }
func sumURL(u URLs) string     { return u.Archive + "/" + zipPath + ".CHECKSUM" }
func klinesURL(u URLs) string  { return u.Futures + klinesQ }
func rateURL(u URLs) string    { return u.Futures + fundingQ }

// status demands a status and the beginning of a body.
func status(want int, body string) func(*testing.T, *shop, reply, reply, error) {
	return func(t *testing.T, _ *shop, _, got reply, err error) {
		if err != nil || got.status != want || !bytes.HasPrefix(got.body, []byte(body)) || body == "" && len(got.body) > 0 {
			t.Errorf("got %d %.60q %v, want %d %q", got.status, got.body, err, want, body)
		}
	}
}

// answerTrials are faults in the place of an answer.
func answerTrials() []faultTrial {
	after := func(want int, seconds string) func(*testing.T, *shop, reply, reply, error) {
		return func(t *testing.T, s *shop, _, got reply, err error) {
			if got.status != want || got.header.Get("Retry-After") != seconds {
				t.Errorf("got %d, Retry-After %q, %v", got.status, got.header.Get("Retry-After"), err)
			}
			if r := s.ask(klinesURL(s.URLs())); r.status != want {
				t.Errorf("a client that goes on gets %d", r.status)
			}
			n, _ := strconv.Atoi(seconds)
			s.clock.Advance(time.Duration(n) * time.Second)
			if r := s.ask(klinesURL(s.URLs())); r.status != 200 {
				t.Errorf("a client that waited gets %d", r.status)
			}
		}
	}
	once := FaultRule{Times: 1}
	return []faultTrial{
		{Fault429, FaultRule{Times: 1, RetryAfter: 7 * time.Second}, klinesURL, after(429, "7")},
		{Fault418, once, klinesURL, after(418, "120")},
		{Fault500, once, klinesURL, status(500, `{"code":-1000`)},
		{Fault502, once, klinesURL, status(502, "bad gateway")},
		{Fault503, once, klinesURL, status(503, `{"code":-1,`)},
		{Fault504, once, klinesURL, status(504, "")},
		{FaultHTML200, once, klinesURL, status(200, "<html>")},
		{FaultHTML502, once, zipURL, status(502, "<html>")},
		{FaultJSON200, once, klinesURL, status(200, `{"code":-1001`)},
		{FaultEmptyBody, once, klinesURL, status(200, "")},
		{FaultEmptyPage, once, klinesURL, status(200, "[]")},
		{FaultRedirect, once, klinesURL, func(t *testing.T, s *shop, _, got reply, _ error) {
			if got.status != 302 || !strings.HasPrefix(got.header.Get("Location"), s.URLs().Archive) {
				t.Errorf("%d to %q", got.status, got.header.Get("Location"))
			}
		}},
		{FaultReset, once, klinesURL, func(t *testing.T, _ *shop, _, _ reply, err error) {
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("no reset: %v", err)
			}
		}},
		{FaultHang, once, klinesURL, func(t *testing.T, _ *shop, _, _ reply, err error) {
			var late net.Error
			if !errors.As(err, &late) || !late.Timeout() {
				t.Errorf("no hang: %v", err)
			}
		}},
	}
}

// transferTrials are faults on the way.
func transferTrials() []faultTrial {
	out := []faultTrial{
		{FaultTruncated, FaultRule{}, zipURL, func(t *testing.T, _ *shop, sound, got reply, err error) {
			if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(got.body, sound.body[:len(sound.body)/2]) {
				t.Errorf("%d of %d bytes, %v", len(got.body), len(sound.body), err)
			}
		}},
		{FaultDrip, FaultRule{}, klinesURL, func(t *testing.T, s *shop, sound, got reply, err error) {
			if err != nil || !bytes.Equal(got.body, sound.body) {
				t.Errorf("a dripping answer must come whole: %d of %d bytes, %v", len(got.body), len(sound.body), err)
			}
		}},
		{FaultWrongChecksum, FaultRule{}, sumURL, func(t *testing.T, _ *shop, sound, got reply, _ error) {
			if bytes.Equal(got.body, sound.body) || len(got.body) != len(sound.body) || !bytes.Equal(got.body[64:], sound.body[64:]) {
				t.Errorf("%q", got.body)
			}
		}},
		{FaultMissingChecksum, FaultRule{}, sumURL, status(404, "<?xml")},
		{FaultWrongContent, FaultRule{}, zipURL, func(t *testing.T, _ *shop, _, got reply, _ error) {
			if name, _ := unzip(t, got.body); name != "BBBUSDT-1h-2025-01.csv" {
				t.Errorf("entry %s", name)
			}
		}},
	}
	for kind, part := range map[FaultKind]zipPart{FaultCutLocal: partLocal, FaultCutName: partName, FaultCutData: partData,
		FaultCutDescriptor: partDescriptor, FaultCutCentral: partCentral, FaultCutEnd: partEnd} {
		out = append(out, faultTrial{kind, FaultRule{}, zipURL, func(t *testing.T, _ *shop, sound, got reply, err error) {
			if err != nil || got.status != 200 || len(got.body) >= len(sound.body) || !bytes.HasPrefix(sound.body, got.body) {
				t.Fatalf("status %d, %d of %d bytes, %v", got.status, len(got.body), len(sound.body), err)
			}
			if where := partAt(t, sound.body, len(got.body)); where != part {
				t.Errorf("cut at %d of %d: in part %d, want %d", len(got.body), len(sound.body), where, part)
			}
		}})
	}
	return out
}

// partAt tells in which part of a zip an offset lies, by the signatures of the
// format alone.
func partAt(t *testing.T, body []byte, at int) zipPart {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := z.File[0].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	descriptor := bytes.LastIndex(body, []byte("PK\x07\x08"))
	central := bytes.LastIndex(body, []byte("PK\x01\x02"))
	end := bytes.LastIndex(body, []byte("PK\x05\x06"))
	switch {
	case at > end:
		return partEnd
	case at > central:
		return partCentral
	case at > descriptor:
		return partDescriptor
	case at > int(data):
		return partData
	case at > 30:
		return partName
	}
	return partLocal
}

// lines is what a file's entry holds.
func (r reply) lines(t *testing.T) []string {
	t.Helper()
	_, l := unzip(t, r.body)
	return l
}

// rowTrials are faults of content that a reader of rows must see.
func rowTrials() []faultTrial {
	each := func(url func(URLs) string, kind FaultKind, rule FaultRule, check func(t *testing.T, sound, got []string)) faultTrial {
		return faultTrial{kind, rule, url, func(t *testing.T, _ *shop, sound, got reply, err error) {
			if err != nil || got.status != 200 {
				t.Fatalf("%d %v", got.status, err)
			}
			check(t, rowsOf(t, sound), rowsOf(t, got))
		}}
	}
	missing := func(t *testing.T, sound, got []string) {
		if len(got) != len(sound)-48 {
			t.Errorf("%d of %d rows, want 48 less", len(got), len(sound))
		}
	}
	twice := func(t *testing.T, sound, got []string) {
		if len(got) <= len(sound) || !slices.Equal(slices.Compact(slices.Clone(got)), sound) {
			t.Errorf("%d rows, without repetition %d, want %d", len(got), len(slices.Compact(slices.Clone(got))), len(sound))
		}
	}
	mixed := func(t *testing.T, sound, got []string) {
		if slices.Equal(sound, got) || !slices.Equal(sorted(sound), sorted(got)) {
			t.Error("not the same rows in another order")
		}
	}
	cell := func(wants ...string) func(t *testing.T, sound, got []string) {
		return func(t *testing.T, sound, got []string) {
			n := 0
			for i := range sound {
				if got[i] != sound[i] {
					n++
					plain := strings.ReplaceAll(got[i], `"`, "") + "\n"
					if !slices.ContainsFunc(wants, func(w string) bool { return strings.Contains(plain, w) }) {
						t.Errorf("row %q", got[i])
					}
				}
			}
			if n != 1 {
				t.Errorf("%d rows differ, want 1", n)
			}
		}
	}
	var out []faultTrial
	for _, u := range []func(URLs) string{zipURL, klinesURL} {
		out = append(out, each(u, FaultMissingDays, FaultRule{}, missing))
	}
	for _, u := range []func(URLs) string{zipURL, fundURL, klinesURL, rateURL} {
		if u(URLs{}) != rateURL(URLs{}) { // a page keeps to its limit
			out = append(out, each(u, FaultDuplicateRows, FaultRule{}, twice))
		}
		out = append(out, each(u, FaultReorderedRows, FaultRule{}, mixed), each(u, FaultNaNCell, FaultRule{}, cell("NaN")), each(u, FaultEmptyCell, FaultRule{}, cell(",,", ",\n", "Rate:,")))
	}
	return out
}

// rowsOf are an answer's rows as text, without a header row.
func rowsOf(t *testing.T, r reply) []string {
	t.Helper()
	if bytes.HasPrefix(r.body, []byte("PK")) {
		l := r.lines(t)
		if l[0][0] > '9' {
			l = l[1:]
		}
		return l
	}
	var raw []json.RawMessage
	r.into(t, &raw)
	out := make([]string, len(raw))
	for i := range raw {
		out[i] = string(raw[i])
	}
	return out
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// fileTrials are faults of a file's form, with a checksum that fits.
func fileTrials() []faultTrial {
	entry := func(kind FaultKind, check func(t *testing.T, sound reply, files []*zip.File)) faultTrial {
		return faultTrial{kind, FaultRule{}, zipURL, func(t *testing.T, _ *shop, sound, got reply, _ error) {
			z, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
			if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
				t.Fatal(err)
			}
			check(t, sound, z.File)
		}}
	}
	name := func(want string) func(*testing.T, reply, []*zip.File) {
		return func(t *testing.T, _ reply, files []*zip.File) {
			if files[0].Name != want {
				t.Errorf("entry %q, want %q", files[0].Name, want)
			}
		}
	}
	text := func(kind FaultKind, url func(URLs) string, check func(t *testing.T, sound, got []string)) faultTrial {
		return faultTrial{kind, FaultRule{}, url, func(t *testing.T, _ *shop, sound, got reply, _ error) { check(t, sound.lines(t), got.lines(t)) }}
	}
	const csv = "AAAUSDT-1h-2025-01.csv"
	return []faultTrial{
		entry(FaultPathParent, name("../"+csv)), entry(FaultPathAbsolute, name("/tmp/"+csv)), entry(FaultPathBackslash, name(`..\`+csv)),
		entry(FaultTwoEntries, func(t *testing.T, _ reply, f []*zip.File) {
			if len(f) != 2 {
				t.Errorf("%d entries", len(f))
			}
		}),
		entry(FaultSymlink, func(t *testing.T, _ reply, f []*zip.File) {
			if f[0].Mode()&fs.ModeSymlink == 0 {
				t.Errorf("mode %v", f[0].Mode())
			}
		}),
		entry(FaultZipBomb, func(t *testing.T, _ reply, f []*zip.File) {
			if ratio := f[0].UncompressedSize64 / f[0].CompressedSize64; ratio < 200 || f[0].UncompressedSize64 < 32<<20 {
				t.Errorf("ratio %d, %d bytes", ratio, f[0].UncompressedSize64)
			}
		}),
		text(FaultHeaderFlipped, zipURL, func(t *testing.T, sound, got []string) {
			if !slices.Equal(got, sound[1:]) {
				t.Errorf("first line %q", got[0])
			}
		}),
		text(FaultHeaderFlipped, spotZipURL, func(t *testing.T, sound, got []string) {
			if !slices.Equal(got[1:], sound) || !strings.HasPrefix(got[0], "open_time") {
				t.Errorf("first line %q", got[0])
			}
		}),
		text(FaultHeaderRepeated, fundURL, func(t *testing.T, sound, got []string) {
			if n := strings.Count(strings.Join(got, "\n"), "calc_time"); n != 2 || len(got) != len(sound)+1 {
				t.Errorf("%d header rows", n)
			}
		}),
		text(FaultMicrosFlipped, spotZipURL, func(t *testing.T, sound, got []string) {
			if want, _, _ := strings.Cut(sound[0], ","); !strings.HasPrefix(got[0], want+"000,") {
				t.Errorf("%q, was %q", got[0], sound[0])
			}
		}),
		text(FaultMicrosMixed, spotZipURL, func(t *testing.T, _, got []string) {
			a, _, _ := strings.Cut(got[0], ",")
			b, _, _ := strings.Cut(got[1], ",")
			if len(a) != 13 || len(b) != 16 {
				t.Errorf("%s, %s", a, b)
			}
		}),
		text(FaultTickerReuse, oldURL, func(t *testing.T, sound, got []string) {
			if len(got) != len(sound)+417 || !slices.Equal(got[:len(sound)], sound) || !strings.Contains(got[len(sound)], ",0.0001,") {
				t.Errorf("%d rows, were %d", len(got), len(sound))
			}
		}),
		{FaultRepublished, FaultRule{At: 1741700000000}, zipURL, func(t *testing.T, s *shop, sound, got reply, _ error) {
			s.clock.Set(1741700000000)
			after := s.ask(zipURL(s.URLs()))
			if bytes.Equal(sound.body, got.body) || !bytes.Equal(after.body, sound.body) {
				t.Error("before the moment it differs, after it is sound")
			}
			if after.header.Get("ETag") == got.header.Get("ETag") || after.header.Get("Last-Modified") == got.header.Get("Last-Modified") {
				t.Error("nothing tells that the file changed")
			}
		}},
	}
}

// otherTrials are those of funding and the listing.
func otherTrials() []faultTrial {
	const change carry.Time = 1736899200000 // 2025-01-15
	var out []faultTrial
	for _, u := range []func(URLs) string{fundURL, rateURL} {
		out = append(out,
			faultTrial{FaultIntervalChange, FaultRule{At: change}, u, func(t *testing.T, _ *shop, sound, got reply, _ error) {
				a, b := stamps(t, sound), stamps(t, got)
				early, late := func(v []carry.Time) (n, m int) {
					for _, at := range v {
						if at < change+2*carry.Hour {
							n++
						} else {
							m++
						}
					}
					return n, m
				}, 0
				n1, m1 := early(a)
				n2, m2 := early(b)
				if late = 2 * m1; n1 != n2 || m2 < late-2 && len(b) < 100 {
					t.Errorf("before %d and %d rows, after %d and %d", n1, n2, m1, m2)
				}
				if !slices.IsSorted(b) {
					t.Error("out of order")
				}
			}},
			faultTrial{FaultFundingJitter, FaultRule{}, u, func(t *testing.T, _ *shop, sound, got reply, _ error) {
				a, b := stamps(t, sound), stamps(t, got)
				moved := 0
				for i := range b {
					if b[i].Slot() != a[i].Slot() {
						t.Fatalf("row %d moved from %s to %s", i, a[i], b[i])
					}
					if d := b[i] - b[i].Slot(); d > 20 || d < 0 {
						moved++
					}
				}
				if moved < len(a)/2 {
					t.Errorf("%d of %d stamps jitter", moved, len(a))
				}
			}})
	}
	days := func(marker string) func(URLs) string {
		return func(u URLs) string {
			return u.Listing + "?delimiter=/&max-keys=10&prefix=data/spot/daily/klines/AAAUSDT/1h/" + marker
		}
	}
	return append(out,
		faultTrial{FaultListRepeated, FaultRule{}, days("&marker=data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12-01.zip"), func(t *testing.T, s *shop, sound, got reply, _ error) {
			first := s.ask(days("")(s.URLs()))
			key := []byte("<Key>data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2024-11-20.zip</Key>")
			if bytes.Contains(sound.body, key) || !bytes.Contains(got.body, key) || !bytes.Contains(first.body, key) {
				t.Errorf("not the first page again: %.400s", got.body)
			}
		}},
		faultTrial{FaultListNoMarker, FaultRule{}, days(""), func(t *testing.T, _ *shop, sound, got reply, _ error) {
			marker, truncated := []byte("<NextMarker>"), []byte("<IsTruncated>true")
			if !bytes.Contains(sound.body, marker) || bytes.Contains(got.body, marker) || !bytes.Contains(got.body, truncated) {
				t.Errorf("%.400s", got.body)
			}
		}})
}

// stamps are the times of funding rows.
func stamps(t *testing.T, r reply) []carry.Time {
	t.Helper()
	var out []carry.Time
	for _, line := range rowsOf(t, r) {
		line = strings.TrimPrefix(line, `{"symbol":"AAAUSDT","fundingTime":`)
		text, _, _ := strings.Cut(line, ",")
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, carry.Time(v))
	}
	return out
}

func TestFaultsAreWhatTheyAreCalled(t *testing.T) {
	trials := slices.Concat(answerTrials(), transferTrials(), rowTrials(), fileTrials(), otherTrials())
	tried := map[FaultKind]bool{}
	now := at(t, "2025-03-10T10:00Z")
	good := open(t, TinyFacts(), now, Options{Limits: Limits{FuturesWeight: 1 << 20}})
	for _, tr := range trials {
		tried[tr.kind] = true
		url := tr.url(URLs{})
		t.Run(string(tr.kind)+" "+url[:strings.IndexAny(url, "?")+1], func(t *testing.T) {
			rule := tr.rule
			rule.Kind = tr.kind
			s := open(t, TinyFacts(), now, Options{Faults: Faults{Seed: 7, Rules: []FaultRule{rule}}, DripPause: time.Millisecond})
			sound, err := good.try(tr.url(good.URLs()))
			if err != nil || sound.status != 200 {
				t.Fatalf("without a fault: %d %v", sound.status, err)
			}
			if tr.kind == FaultHang {
				s.http.Timeout = 200 * time.Millisecond
			}
			got, err := s.try(tr.url(s.URLs()))
			if n := s.Stats().Faults[tr.kind]; n != 1 {
				t.Errorf("counted %d times, want 1", n)
			}
			if faultStage(tr.kind) == stageRows || faultStage(tr.kind) == stageFile {
				if strings.Contains(url, ".zip") {
					sum := s.ask(tr.url(s.URLs()) + ".CHECKSUM")
					if want := fmt.Sprintf("%x", sha256.Sum256(got.body)); string(sum.body[:64]) != want {
						t.Error("the checksum does not fit the content")
					}
				}
			}
			tr.check(t, s, sound, got, err)
		})
	}
	for _, k := range FaultKinds() {
		if !tried[k] {
			t.Errorf("nobody tried %s", k)
		}
	}
}

func faultStage(kind FaultKind) stage {
	for _, k := range faultKinds {
		if k.kind == kind {
			return k.stage
		}
	}
	return 0
}
