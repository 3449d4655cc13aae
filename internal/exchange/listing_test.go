package exchange

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// listed is a page of the listing as a client reads it.
type listed struct {
	XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name        string
	Prefix      string
	Marker      string
	NextMarker  *string
	MaxKeys     int
	IsTruncated bool
	Contents    []struct {
		Key, LastModified, ETag string
		Size                    int
	}
	CommonPrefixes []struct{ Prefix string }
}

func (s *shop) page(prefix, delimiter, marker, max string) listed {
	s.t.Helper()
	v := url.Values{}
	for name, value := range map[string]string{"prefix": prefix, "delimiter": delimiter, "marker": marker, "max-keys": max} {
		if value != "" {
			v.Set(name, value)
		}
	}
	r := s.ask(s.URLs().Listing + "?" + v.Encode())
	var b listed
	if err := xml.Unmarshal(r.body, &b); err != nil || r.status != 200 {
		s.t.Fatalf("status %d: %v: %.300s", r.status, err, r.body)
	}
	return b
}

// crawlList pages through a listing as the rules say.
func (s *shop) crawlList(prefix, delimiter, max string) (keys, prefixes []string, pages int) {
	s.t.Helper()
	for marker := ""; ; {
		b := s.page(prefix, delimiter, marker, max)
		pages++
		for _, c := range b.Contents {
			keys = append(keys, c.Key)
		}
		for _, p := range b.CommonPrefixes {
			prefixes = append(prefixes, p.Prefix)
		}
		if !b.IsTruncated {
			return keys, prefixes, pages
		}
		if (b.NextMarker != nil) != (delimiter != "") {
			s.t.Fatalf("NextMarker comes with a delimiter and only then: %v", b.NextMarker)
		}
		if marker = ""; b.NextMarker != nil {
			marker = *b.NextMarker
		} else {
			marker = b.Contents[len(b.Contents)-1].Key
		}
		if pages > 10_000 {
			s.t.Fatal("the listing has no end")
		}
	}
}

// allKeys are all keys by brute force.
func allKeys(t *testing.T, s *shop) []string {
	t.Helper()
	var out []string
	a := s.archive
	for i := range a.leaves {
		for day := at(t, "2022-01-01"); day < at(t, "2025-04-01"); day += 86400_000 {
			f := a.leaves[i].period(day)
			if f.from != day {
				continue
			}
			if ok, err := a.exists(&f, s.now()); err != nil {
				t.Fatal(err)
			} else if ok {
				out = append(out, f.key(), f.key()+".CHECKSUM")
			}
		}
	}
	sort.Strings(out)
	return out
}

func TestListingIsS3s(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-03-10"), Options{})
	all := allKeys(t, s)
	if len(all) < 1500 {
		t.Fatalf("only %d keys: too few for a test of pages", len(all))
	}
	t.Run("everything, in pages of at most 1000", func(t *testing.T) {
		keys, prefixes, pages := s.crawlList("", "", "5000")
		if !slices.Equal(keys, all) || prefixes != nil {
			t.Fatalf("%d keys, want %d; %v", len(keys), len(all), prefixes)
		}
		if want := (len(all) + 999) / 1000; pages != want {
			t.Errorf("%d pages, want %d", pages, want)
		}
	})
	t.Run("symbols of a market", func(t *testing.T) {
		for _, max := range []string{"", "1"} {
			keys, prefixes, _ := s.crawlList("data/futures/um/monthly/klines/", "/", max)
			want := []string{"data/futures/um/monthly/klines/AAAUSDT/", "data/futures/um/monthly/klines/BBBUSDT/"}
			if keys != nil || !reflect.DeepEqual(prefixes, want) {
				t.Errorf("max %q: keys %v, prefixes %v", max, keys, prefixes)
			}
		}
	})
	t.Run("any prefix, delimiter and page size", func(t *testing.T) {
		for _, prefix := range []string{"", "data/", "data/spot", "data/spot/daily/klines/AAAUSDT/1h/", "data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12",
			"data/futures/um/monthly/fundingRate/", "data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-", "data/futures/um/m", "nothing", "data/spot/daily/klines/AAAUSDT/1h/AAAUSDT-1h-2024-12-03.zip.C"} {
			for _, delimiter := range []string{"", "/", "-", ".", ".zip", ".zip."} {
				wantKeys, wantPrefixes := bruteList(all, prefix, delimiter)
				for _, max := range []string{"1", "3", "7", "1000"} {
					if n, _ := strconv.Atoi(max); len(wantKeys)+len(wantPrefixes) > 150*n {
						continue // thousands of pages
					}
					keys, prefixes, _ := s.crawlList(prefix, delimiter, max)
					if !slices.Equal(keys, wantKeys) || !slices.Equal(prefixes, wantPrefixes) {
						t.Fatalf("prefix %q delimiter %q max %s: %d keys %v, want %d keys %v", prefix, delimiter, max, len(keys), prefixes, len(wantKeys), wantPrefixes)
					}
				}
			}
		}
	})
}

// bruteList filters and groups all keys as S3 defines it.
func bruteList(all []string, prefix, delimiter string) (keys, prefixes []string) {
	for _, k := range all {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			g := prefix + rest[:i+len(delimiter)]
			if len(prefixes) == 0 || prefixes[len(prefixes)-1] != g {
				prefixes = append(prefixes, g)
			}
			continue
		}
		keys = append(keys, k)
	}
	return keys, prefixes
}

func TestListingTellsTheTruth(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-03-10"), Options{})
	b := s.page("data/spot/monthly/klines/AAAUSDT/1h/", "/", "", "")
	if b.Name != "data.binance.vision" || b.MaxKeys != 1000 || len(b.Contents) != 8 {
		t.Fatalf("%+v", b)
	}
	for _, c := range b.Contents {
		r := s.file(c.Key)
		if len(r.body) != c.Size || r.header.Get("ETag") != c.ETag {
			t.Errorf("%s: listed %d bytes %s, served %d bytes %s", c.Key, c.Size, c.ETag, len(r.body), r.header.Get("ETag"))
		}
	}
	s.clock.Set(at(t, "2025-01-05"))
	if n := len(s.page("data/spot/monthly/klines/AAAUSDT/1h/", "/", "", "").Contents); n != 2 {
		t.Errorf("before the first Monday of January %d keys, want 2", n)
	}
	if r := s.ask(s.URLs().Listing + "?max-keys=many"); r.status != 400 || !bytes.Contains(r.body, []byte("InvalidArgument")) {
		t.Errorf("max-keys=many: %d %s", r.status, r.body)
	}
	if b := s.page("data/", "", "", "0"); len(b.Contents) != 0 {
		t.Errorf("max-keys=0: %d keys", len(b.Contents))
	}
	if r := s.ask(strings.TrimSuffix(s.URLs().Listing, listingPath) + "/other-bucket"); r.status != 404 {
		t.Errorf("another listed: %d", r.status)
	}
	if got := fmt.Sprint(s.Stats().Requests["listing"]); got == "0" {
		t.Error("the listing was not counted")
	}
}
