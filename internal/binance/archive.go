package binance

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"carry/internal/binance/wire"
)

// Caps on archives; real ones of hourly bars unpack to a hundred kilobytes.
const (
	zipBytesMax      = 64 << 20
	unpackedBytesMax = 512 << 20
	ratioMax         = 200 // unpacked / packed
	checksumBytesMax = 4 << 10
	listingBytesMax  = 8 << 20
	// pagesMax bounds a listing that never ends: a million files.
	pagesMax = 1000
)

// List returns the files and folders directly below a prefix, which ends with
// a slash: data/spot/monthly/klines/BTCUSDT/1h/. after skips what comes at or
// before it in the order of bytes; empty lists everything.
func (c *Client) List(ctx context.Context, prefix, after string) ([]wire.Object, []string, error) {
	var objects []wire.Object
	var folders []string
	marker := after
	for range pagesMax {
		q := url.Values{"delimiter": {"/"}, "prefix": {prefix}}
		if marker != "" {
			q.Set("marker", marker)
		}
		r := &request{host: hostListing, query: q.Encode(), bodyMax: listingBytesMax}
		var page *wire.Listing
		err := c.get(ctx, r, func(body []byte) (err error) {
			if page, err = wire.DecodeListing(body); err != nil {
				return err
			}
			return onward(page, marker)
		})
		if err != nil {
			return nil, nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, o := range page.Objects {
			if strings.HasPrefix(o.Key, prefix) {
				objects = append(objects, o)
			}
		}
		for _, f := range page.Prefixes {
			if strings.HasPrefix(f, prefix) {
				folders = append(folders, f)
			}
		}
		// Nothing after a marker is the end, whatever the page says of itself.
		if !page.Truncated || page.Next == "" {
			return objects, folders, nil
		}
		marker = page.Next
	}
	return nil, nil, fmt.Errorf("list %s: %w: more than %d pages", prefix, wire.ErrFormat, pagesMax)
}

// onward refuses a page that does not come after its marker.
func onward(page *wire.Listing, marker string) error {
	switch {
	case page.Truncated && page.Next != "" && page.Next <= marker,
		len(page.Objects) > 0 && page.Objects[0].Key <= marker,
		len(page.Prefixes) > 0 && page.Prefixes[0] <= marker:
		return fmt.Errorf("%w: the page after %q goes back", wire.ErrFormat, marker)
	case page.Truncated && page.Next == "" && marker == "":
		return fmt.Errorf("%w: an empty page of a listing that goes on", wire.ErrFormat)
	}
	return nil
}

// Checksum fetches the SHA-256 (hexadecimal) that the archive publishes for a
// file beside it.
func (c *Client) Checksum(ctx context.Context, key string) (string, error) {
	r := &request{host: hostArchive, path: escaped(key + ".CHECKSUM"), bodyMax: checksumBytesMax}
	sum := ""
	err := c.get(ctx, r, func(body []byte) (err error) {
		sum, err = parseChecksum(body, path.Base(key))
		return err
	})
	return sum, err
}

// escaped is a key as the path of a URL; symbols may be in any script.
func escaped(key string) string { return (&url.URL{Path: "/" + key}).EscapedPath() }

// parseChecksum reads "<sha256>  <file name>".
func parseChecksum(body []byte, name string) (string, error) {
	f := strings.Fields(string(body))
	if len(f) != 2 || strings.TrimPrefix(f[1], "*") != name || len(f[0]) != 64 {
		return "", fmt.Errorf("%w: not a checksum of %s", wire.ErrFormat, name)
	}
	if _, err := hex.DecodeString(f[0]); err != nil {
		return "", fmt.Errorf("%w: not a checksum of %s", wire.ErrFormat, name)
	}
	return strings.ToLower(f[0]), nil
}

// Zip fetches a file of the archive and compares its SHA-256 with sum before
// anything looks into it. A mismatch is downloaded again once; then it is
// ErrChecksum, with the sum that was found.
func (c *Client) Zip(ctx context.Context, key, sum string) (body []byte, err error) {
	r := &request{host: hostArchive, path: escaped(key), bodyMax: zipBytesMax}
	found := ""
	for attempt := range 2 {
		err := c.get(ctx, r, func(b []byte) error {
			body = b
			return nil
		})
		if err != nil {
			return nil, err
		}
		got := sha256.Sum256(body)
		if found = hex.EncodeToString(got[:]); found == sum {
			return body, nil
		}
		if attempt == 0 {
			c.o.Log(fmt.Sprintf("%s: checksum differs; downloading it again", path.Base(key)))
		}
	}
	return nil, fmt.Errorf("%s: %w: published %.12s…, downloaded %.12s… twice", path.Base(key), ErrChecksum, sum, found)
}

// OpenZip returns a reader of the single CSV file that an archive of this key
// must hold. It refuses other names, paths, several entries, anything but a
// plain file, and what unpacks to more than the caps; nothing is written to
// disk.
func OpenZip(key string, body []byte) (io.ReadCloser, error) {
	base := path.Base(key)
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w: %s", base, ErrArchive, fmt.Sprintf(format, args...))
	}
	zr, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, refuse("%v", err)
	}
	if len(zr.File) != 1 {
		return nil, refuse("%d entries, want one", len(zr.File))
	}
	f := zr.File[0]
	if want := strings.TrimSuffix(base, ".zip") + ".csv"; f.Name != want {
		return nil, refuse("entry %q, want %q", clipName(f.Name), want)
	}
	if !f.Mode().IsRegular() {
		return nil, refuse("the entry is not a plain file")
	}
	limit := min(unpackedBytesMax, int64(ratioMax)*int64(len(body)))
	if f.UncompressedSize64 > uint64(limit) {
		return nil, refuse("%d bytes unpack to %d", len(body), f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, refuse("%v", err)
	}
	// The declared size may lie.
	return &entryReader{ReadCloser: r, left: limit, refuse: refuse}, nil
}

func clipName(s string) string { return s[:min(len(s), 60)] }

// entryReader bounds an entry and names its errors.
type entryReader struct {
	io.ReadCloser
	left   int64
	refuse func(format string, args ...any) error
}

// Read implements io.Reader.
func (e *entryReader) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if e.left -= int64(n); e.left < 0 {
		return 0, e.refuse("it unpacks to more than it may")
	}
	if err != nil && err != io.EOF {
		return n, e.refuse("%v", err)
	}
	return n, err
}
