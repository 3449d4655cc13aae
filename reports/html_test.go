package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestLook(t *testing.T) {
	dir := os.Getenv("REPORTS_LOOK")
	if dir == "" {
		t.Skip("set REPORTS_LOOK to a folder to look at the pages")
	}
	doc := invent(5, 1)
	var b bytes.Buffer
	if err := WriteHTML(&b, doc); err != nil {
		t.Fatal(err)
	}
	t.Log(b.Len())
	if err := os.WriteFile(filepath.Join(dir, "report.html"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := WritePNGs(dir, doc); err != nil {
		t.Fatal(err)
	}
}
