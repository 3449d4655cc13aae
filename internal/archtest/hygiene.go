package archtest

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// fileBytesMax is the largest file that belongs into a repository of code.
const fileBytesMax = 1 << 20

// repoFiles lists what git tracks or would track. Outside a git checkout
// (a source archive) it lists every file, which may be more than was shipped.
func repoFiles(root string) ([]string, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var files []string
	for _, f := range strings.Split(string(out), "\x00") {
		if f != "" {
			files = append(files, f)
		}
	}
	return files, nil
}

// machinePath finds absolute paths of somebody's machine, and workplaceName
// names of tools that only one workplace has; both in halves, as this file is
// searched too.
var (
	machinePath   = regexp.MustCompile(`(^|[^A-Za-z0-9_./~-])/(wor` + `k|hom` + `e|roo` + `t|User` + `s)/`)
	workplaceName = regexp.MustCompile(`\bfar` + `m-[a-z]`)
	markdownLink  = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	anchorDrop    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// checkFile holds one file of the repository to its manners.
func checkFile(path string, text []byte) []violation {
	var out []violation
	if len(text) > fileBytesMax {
		out = append(out, violation{path, 1, fmt.Sprintf("file of %d bytes", len(text)), "generate it, or keep it outside the repository"})
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return out // a picture or an archive
	}
	for i, line := range strings.Split(string(text), "\n") {
		if machinePath.MatchString(line) {
			out = append(out, violation{path, i + 1, "absolute path of one machine", "a path relative to the module, or a temporary folder"})
		}
		if workplaceName.MatchString(line) {
			out = append(out, violation{path, i + 1, "name of a workplace's tool", "what the tool does, in plain words"})
		}
	}
	return out
}

// checkLinks finds links of a Markdown file that lead nowhere: to a missing
// file, or to a heading that a Markdown file lacks.
func checkLinks(root, path string, text []byte) []violation {
	var out []violation
	fenced := false
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		for _, m := range markdownLink.FindAllStringSubmatch(line, -1) {
			if what := brokenLink(root, path, text, m[1]); what != "" {
				out = append(out, violation{path, i + 1, what, "the right path, relative to the file"})
			}
		}
	}
	return out
}

func brokenLink(root, path string, text []byte, link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "unreadable link " + link
	}
	if u.Scheme != "" {
		return "" // the network is not asked
	}
	target := text
	if u.Path != "" {
		full := filepath.Join(root, filepath.Dir(path), filepath.FromSlash(u.Path))
		info, err := os.Stat(full)
		if err != nil {
			return "link to missing " + link
		}
		if info.IsDir() || filepath.Ext(full) != ".md" {
			return ""
		}
		if target, err = os.ReadFile(full); err != nil {
			return "link to unreadable " + link
		}
	}
	if u.Fragment != "" && !hasHeading(target, u.Fragment) {
		return "link to missing heading " + link
	}
	return ""
}

// hasHeading makes anchors as code hosts do: lower case, spaces to hyphens,
// punctuation dropped.
func hasHeading(text []byte, anchor string) bool {
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		h := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		if strings.ReplaceAll(anchorDrop.ReplaceAllString(h, ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}
