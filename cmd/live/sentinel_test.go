package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"carry/internal/panel"
)

// answers DOOR FILE asks a session's dashboard everything, with its token and
// without, and writes headers and bodies to a file.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answers door file")
	}
	door, err := panel.ReadDoor(ts.MkAbs(args[0]))
	ts.Check(err)
	client := &http.Client{Timeout: 15 * time.Second}
	var out bytes.Buffer
	for _, path := range []string{"/", "/healthz", "/metrics", "/api/state", "/api/nothing"} {
		for _, token := range []string{door.Token, "wrong"} {
			r, err := http.NewRequest(http.MethodGet, door.URL+path, nil)
			ts.Check(err)
			r.Header.Set("Authorization", "Bearer "+token)
			resp, err := client.Do(r)
			ts.Check(err)
			body, err := io.ReadAll(resp.Body)
			ts.Check(err)
			ts.Check(resp.Body.Close())
			fmt.Fprintf(&out, "%s %s\n%v\n%s\n", path, resp.Status, resp.Header, body)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o600))
}

// nowhere TEXT... demands that no file of the script's folder has one of the texts,
// as it is or within what is compressed; ! nowhere that each is somewhere.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	searched, found := 0, map[string]string{}
	err := filepath.WalkDir(ts.MkAbs("."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, piece := range append(unpacked(text), text) {
			searched += len(piece)
			for _, secret := range args {
				if bytes.Contains(piece, []byte(secret)) {
					found[secret] = filepath.Base(path)
				}
			}
		}
		return nil
	})
	ts.Check(err)
	for _, secret := range args {
		if file, is := found[secret]; is != neg {
			ts.Fatalf("%s is in %q", secret, file)
		}
	}
	ts.Logf("%d bytes searched for %s", searched, strings.Join(args, ", "))
}

// unpacked are the stretches that a decompressor can read behind the byte that
// begins a journal's compressed record.
func unpacked(text []byte) (out [][]byte) {
	if !bytes.HasPrefix(text, []byte("SQLite format 3")) {
		return nil
	}
	for k := range text {
		if text[k] != 2 {
			continue
		}
		piece, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(text[k+1:])), 1<<16))
		if err == nil && len(piece) > 600 {
			out = append(out, piece)
		}
	}
	return out
}
