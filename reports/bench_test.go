package reports

import (
	"io"
	"testing"
)

func BenchmarkWriteHTMLOfFiveYears(b *testing.B) {
	doc := invent(5, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteHTML(io.Discard, doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWritePNGsOfFiveYears(b *testing.B) {
	doc, dir := invent(5, 1), b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := WritePNGs(dir, doc); err != nil {
			b.Fatal(err)
		}
	}
}
