package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every column of the archive's files: without it, empty, null, or no number,
// the file is an error and never a zero.
func TestEveryColumnIsMandatoryAndTyped(t *testing.T) {
	files := []struct {
		name, row string
		read      func(text string) error
	}{
		{"klines", "1735689600000,2,3,1,2,10,1735693199999,20,308,5,10,0", func(text string) error {
			_, err := ReadKlines(nil, strings.NewReader(text), 9)
			return err
		}},
		{"fundingRate", "1735689600011,8,-0.00012345", func(text string) error {
			_, err := ReadFunding(nil, strings.NewReader(text), 9)
			return err
		}},
	}
	for _, f := range files {
		if err := f.read(f.row + "\n"); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		cells := strings.Split(f.row, ",")
		for i := range cells {
			for _, with := range []string{"", "null", "x", "NaN", "Inf", "0x10", "1_0", " ", `"1"`, "1e400"} {
				changed := slices.Clone(cells)
				changed[i] = with
				check(t, f.read, fmt.Sprintf("%s: column %d is %q", f.name, i+1, with), strings.Join(changed, ",")+"\n")
			}
			check(t, f.read, fmt.Sprintf("%s: column %d removed", f.name, i+1), strings.Join(slices.Delete(slices.Clone(cells), i, i+1), ",")+"\n")
			check(t, f.read, fmt.Sprintf("%s: column %d twice", f.name, i+1), strings.Join(slices.Insert(slices.Clone(cells), i, cells[i]), ",")+"\n")
		}
	}
}

func check(t *testing.T, read func(string) error, what, text string) {
	t.Helper()
	if err := read(text); !errors.Is(err, ErrFormat) {
		t.Errorf("%s: %v", what, err)
	}
}

// Every element of a listing that is read: without it, empty, or of another
// kind, the page is an error.
func TestEveryElementOfAListingIsMandatory(t *testing.T) {
	const page = `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>` +
		`<Contents><Key>a/1.zip</Key><ETag>"e1"</ETag><Size>7</Size></Contents><CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>`
	read := func(text string) error {
		_, err := DecodeListing([]byte(text))
		return err
	}
	if err := read(page); err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct{ element, value string }{{"IsTruncated", "false"}, {"Key", "a/1.zip"}, {"ETag", `"e1"`}, {"Size", "7"}, {"Prefix", "a/b/"}} {
		whole := "<" + e.element + ">" + e.value + "</" + e.element + ">"
		check(t, read, "without "+e.element, strings.Replace(page, whole, "", 1))
		check(t, read, "empty "+e.element, strings.Replace(page, whole, "<"+e.element+"></"+e.element+">", 1))
		check(t, read, "another name for "+e.element, strings.ReplaceAll(strings.ReplaceAll(page, "<"+e.element+">", "<X>"), "</"+e.element+">", "</X>"))
	}
	for _, size := range []string{"-7", "7.5", "x", "null", "99999999999999999999"} {
		check(t, read, "Size "+size, strings.Replace(page, ">7<", ">"+size+"<", 1))
	}
	for _, truncated := range []string{"maybe", "1", "null"} {
		check(t, read, "IsTruncated "+truncated, strings.Replace(page, ">false<", ">"+truncated+"<", 1))
	}
}
