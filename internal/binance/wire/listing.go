package wire

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
)

// Listing is one page of the archive's listing (S3 ListObjects).
type Listing struct {
	Objects  []Object
	Prefixes []string // folders, when asked with a delimiter
	// Truncated says that more comes after Next.
	Truncated bool
	Next      string
}

// Object is one file of the archive.
type Object struct {
	Key  string
	ETag string // changes when the file is published again
	Size int64
}

// listingXML keeps numbers as text: encoding/xml takes an empty element for a zero.
type listingXML struct {
	XMLName   xml.Name `xml:"ListBucketResult"`
	Truncated string   `xml:"IsTruncated"`
	Next      string   `xml:"NextMarker"`
	Contents  []struct {
		Key  *string `xml:"Key"`
		ETag *string `xml:"ETag"`
		Size string  `xml:"Size"`
	} `xml:"Contents"`
	Folders []struct {
		Prefix *string `xml:"Prefix"`
	} `xml:"CommonPrefixes"`
}

// DecodeListing reads a page of https://s3-ap-northeast-1.amazonaws.com/data.binance.vision.
// NextMarker is sent only with a delimiter; without one the last name is the
// next page's marker.
func DecodeListing(body []byte) (*Listing, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = true
	var x listingXML
	if err := d.Decode(&x); err != nil {
		return nil, formatError("listing: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, formatError("listing: text after the end")
	}
	if x.Truncated != "true" && x.Truncated != "false" {
		return nil, formatError("listing: IsTruncated %q", clip([]byte(x.Truncated)))
	}
	l := &Listing{}
	last := ""
	for i, c := range x.Contents {
		size, err := strconv.ParseInt(c.Size, 10, 64)
		if c.Key == nil || *c.Key == "" || c.ETag == nil || *c.ETag == "" || err != nil || size < 0 {
			return nil, formatError("listing: file %d lacks Key, ETag or Size", i+1)
		}
		if *c.Key <= last {
			return nil, formatError("listing: keys do not ascend at %q", clip([]byte(*c.Key)))
		}
		last = *c.Key
		l.Objects = append(l.Objects, Object{*c.Key, *c.ETag, size})
	}
	for i, f := range x.Folders {
		if f.Prefix == nil || *f.Prefix == "" {
			return nil, formatError("listing: folder %d has no Prefix", i+1)
		}
		l.Prefixes = append(l.Prefixes, *f.Prefix)
	}
	if l.Truncated = x.Truncated == "true"; l.Truncated {
		l.Next = x.Next
		if n := len(l.Prefixes); l.Next == "" && n > 0 {
			last = max(last, l.Prefixes[n-1])
		}
		if l.Next == "" {
			l.Next = last
		}
	}
	return l, nil
}
