package docstest

import (
	"reflect"
	"strings"
	"testing"
)

const sample = "text\n" +
	"<!-- run real exit=3 -->\n```console\n$ crawl status\nno data\nhint: x\n$ crawl \\\n>   status\n```\n" +
	"<!-- table: echo a -->\n\na\n\n<!-- end -->\n" +
	"<!-- table real: echo \\\n  b -->\n<!-- end -->\n" +
	"```console\n$ not marked\n```\n"

func TestBlocksAreFound(t *testing.T) {
	lines := strings.Split(sample, "\n")
	got, err := parse(lines)
	if err != nil {
		t.Fatal(err)
	}
	want := []block{
		{line: 4, real: true, exit: 3, from: 3, to: 8, steps: []step{{"crawl status", "no data\nhint: x\n"}, {"crawl \\\n  status", ""}}},
		{line: 11, command: "echo a", from: 10, to: 13},
		{line: 17, real: true, command: "echo \\\n  b", from: 16, to: 16},
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	if back := session(got[0].steps); !reflect.DeepEqual(back, lines[3:8]) {
		t.Errorf("a session written back is %q", back)
	}
}

func TestMalformedMarksAreErrors(t *testing.T) {
	for _, text := range []string{
		"<!-- run -->\nno fence",
		"<!-- run reel -->\n```\n$ a\n```",
		"<!-- run -->\n```\n$ a",
		"<!-- run -->\n```\nno command\n```",
		"<!-- table: a -->\nno end",
		"<!-- table a -->\n<!-- end -->",
	} {
		if got, err := parse(strings.Split(text, "\n")); err == nil {
			t.Errorf("%q: no error, but %+v", text, got)
		}
	}
}
