package exchange

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"carry"
)

// listingMax is the most keys and common prefixes on a page.
const listingMax = 1000

// page is a page of the listing while it is made.
type page struct {
	prefix, marker, delimiter string
	max                       int

	keys      []listedKey
	prefixes  []string
	truncated bool
	last      string // the last key or common prefix listed
}

type listedKey struct {
	key      string
	size     int
	etag     string
	modified carry.Time
}

// xmlEscape writes text into XML; a buffer never fails.
func xmlEscape(b *bytes.Buffer, text string) { _ = xml.EscapeText(b, []byte(text)) }

// list answers GET /data.binance.vision?delimiter=&prefix=&marker=&max-keys=,
// the first version of S3's listing.
func (s *Server) list(path, rawQuery string, now carry.Time) (answer, string) {
	if strings.TrimSuffix(path, "/") != listingPath {
		return noSuchKey(strings.TrimPrefix(path, "/")), "unknown"
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return badListing("InvalidURI", "Couldn't parse the specified URI."), "listing"
	}
	p := page{prefix: values.Get("prefix"), marker: values.Get("marker"), delimiter: values.Get("delimiter"), max: listingMax}
	if text := values.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return badListing("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647"), "listing"
		}
		p.max = min(n, listingMax)
	}
	repeated, markerless := s.faults.listing(rawQuery, p.marker != "", p.delimiter != "")
	asked := p.marker
	if repeated {
		p.marker = ""
	}
	if err := s.archive.fill(&p, now); err != nil {
		return broken(err), "listing"
	}
	if repeated && asked != "" {
		p.marker, p.truncated, p.last = asked, true, asked
	}
	return answer{status: 200, mime: "application/xml", body: p.xml(markerless)}, "listing"
}

func badListing(code, msg string) answer {
	return answer{status: 400, mime: "application/xml", body: fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, msg)}
}

// fill lists keys after the marker in order of bytes. Leaves are disjoint and
// in order, so their keys one after another are too.
func (a *archive) fill(p *page, now carry.Time) error {
	if p.max == 0 {
		return nil
	}
	first := sort.Search(len(a.leaves), func(i int) bool {
		f := a.leaves[i].folder
		return f >= p.prefix || strings.HasPrefix(p.prefix, f)
	})
	for i := first; i < len(a.leaves) && !p.truncated; i++ {
		l := &a.leaves[i]
		if !strings.HasPrefix(l.folder, p.prefix) && !strings.HasPrefix(p.prefix, l.folder) {
			if l.folder > p.prefix {
				return nil
			}
			continue
		}
		if l.folder < p.marker && !strings.HasPrefix(p.marker, l.folder) {
			continue // all its keys are before the marker
		}
		if group, ok := p.group(l.folder); ok {
			// The whole leaf falls into one common prefix: one key is enough.
			if p.passed(group) || p.holds(group) {
				continue
			}
		}
		if err := a.fillLeaf(p, l, a.spans[i], now); err != nil {
			return err
		}
	}
	return nil
}

// group is the common prefix of a key, if the delimiter follows the prefix.
func (p *page) group(key string) (string, bool) {
	if p.delimiter == "" || len(key) <= len(p.prefix) {
		return "", false
	}
	rest := key[len(p.prefix):]
	n := strings.Index(rest, p.delimiter)
	if n < 0 {
		return "", false
	}
	return p.prefix + rest[:n+len(p.delimiter)], true
}

// passed tells whether a common prefix was told on an earlier page.
func (p *page) passed(group string) bool {
	return p.marker != "" && (group == p.marker || group < p.marker && !strings.HasPrefix(p.marker, group))
}

// holds tells whether the common prefix is on this page already.
func (p *page) holds(group string) bool {
	return len(p.prefixes) > 0 && p.prefixes[len(p.prefixes)-1] == group
}

// fillLeaf lists the files of a leaf.
func (a *archive) fillLeaf(p *page, l *leaf, s span, now carry.Time) error {
	if !s.ok {
		return nil
	}
	for at := s.first; ; {
		f := l.period(at)
		if f.from > s.last || f.published() > now {
			return nil
		}
		at = f.to
		key := f.key()
		if key+".CHECKSUM" <= p.marker || !strings.HasPrefix(key, p.prefix) && !strings.HasPrefix(key+".CHECKSUM", p.prefix) {
			continue
		}
		there, err := a.exists(&f, now)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		for _, suffix := range [...]string{"", ".CHECKSUM"} {
			if !p.offer(key + suffix) {
				continue
			}
			m, err := a.meta(&f, now)
			if err != nil {
				return err
			}
			k := listedKey{key + suffix, m.size, m.md5, a.faults.modified(&f, now)}
			if suffix != "" {
				k.size, k.etag = len(checksumText(&f, m)), checksumTag(m)
			}
			p.add(k)
		}
		if group, ok := p.group(key); p.truncated || ok && len(group) <= len(l.folder) {
			return nil // the other files are in the same common prefix
		}
	}
}

// offer takes a key into its common prefix, if it has one; true if it is to be
// listed by itself.
func (p *page) offer(key string) bool {
	if !strings.HasPrefix(key, p.prefix) {
		return false
	}
	group, ok := p.group(key)
	if !ok {
		return key > p.marker
	}
	if !p.passed(group) && !p.holds(group) && key > p.marker && p.room() {
		p.prefixes, p.last = append(p.prefixes, group), group
	}
	return false
}

// room tells whether the page takes one more; if not, it is truncated.
func (p *page) room() bool {
	if len(p.keys)+len(p.prefixes) < p.max {
		return true
	}
	p.truncated = true
	return false
}

// add lists a key that was found wanted.
func (p *page) add(k listedKey) {
	if p.room() {
		p.keys, p.last = append(p.keys, k), k.key
	}
}

// xml writes the page. NextMarker comes only with a delimiter, as in S3's first
// version: otherwise the last key is the marker.
func (p *page) xml(markerless bool) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>data.binance.vision</Name>")
	element := func(name, text string) {
		b.WriteString("<" + name + ">")
		xmlEscape(&b, text)
		b.WriteString("</" + name + ">")
	}
	element("Prefix", p.prefix)
	element("Marker", p.marker)
	if p.truncated && p.delimiter != "" && !markerless {
		element("NextMarker", p.last)
	}
	element("MaxKeys", strconv.Itoa(p.max))
	if p.delimiter != "" {
		element("Delimiter", p.delimiter)
	}
	element("IsTruncated", strconv.FormatBool(p.truncated || markerless))
	for _, k := range p.keys {
		b.WriteString("<Contents>")
		element("Key", k.key)
		element("LastModified", k.modified.ISO())
		element("ETag", `"`+k.etag+`"`)
		element("Size", strconv.Itoa(k.size))
		element("StorageClass", "STANDARD")
		b.WriteString("</Contents>")
	}
	for _, g := range p.prefixes {
		b.WriteString("<CommonPrefixes>")
		element("Prefix", g)
		b.WriteString("</CommonPrefixes>")
	}
	b.WriteString("</ListBucketResult>")
	return b.Bytes()
}
