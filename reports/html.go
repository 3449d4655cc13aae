package reports

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
)

//go:embed assets/page.tmpl
var pageTemplate string

//go:embed assets/report.css
var layoutCSS string

//go:embed assets/report.js
var reportScript string

// page is what the template "page" prints.
type page struct {
	Title      string
	Style      template.CSS
	Script     template.JS
	StyleHash  string
	ScriptHash string
	Sections   []filled
	Foot       string
}

// filled is a section with its content.
type filled struct {
	ID, Name string
	Plain    bool // without heading: the first screen
	content
}

// content is what a section's function makes of a view. Title says the
// finding, Lead in one sentence how to read it.
type content struct {
	Title string
	Lead  string
	Parts []part
}

// part is one piece of a section; Kind names the template that prints Data.
type part struct {
	Kind string
	Data any
}

func paragraph(text string) part { return part{"text", text} }
func subtitle(text string) part  { return part{"subtitle", text} }
func note(text string) part      { return part{"note", text} }

// ErrNoRun says that a document has no run to report on.
var ErrNoRun = errors.New("the document has no run")

// WriteHTML writes the report as one HTML file that needs nothing else: its
// content policy forbids every request, and allows only the style and script
// whose hashes it names. It stays below 1 MB whatever the run's length.
func WriteHTML(w io.Writer, doc *Document) error {
	if doc == nil || doc.Run == nil {
		return fmt.Errorf("write report: %w", ErrNoRun)
	}
	v := newView(doc)
	p := page{Title: documentTitle(v), Foot: foot(v)}
	for _, s := range sections() {
		if c := s.fill(v); c != nil {
			p.Sections = append(p.Sections, filled{ID: s.id, Name: s.name, Plain: s.plain, content: *c})
		}
	}
	p.linkSections()
	return writePage(w, &p)
}

// linkSections fills the contents with the sections that are there.
func (p *page) linkSections() {
	var links []link
	for _, s := range p.Sections {
		if !s.Plain {
			links = append(links, link{s.ID, s.Name})
		}
	}
	for i := range p.Sections {
		if p.Sections[i].ID == contentsID {
			p.Sections[i].Parts = []part{{"nav", links}}
		}
	}
}

// writePage adds style and script to p and prints it.
func writePage(w io.Writer, p *page) error {
	css := stylesheet(layoutCSS)
	p.Style, p.StyleHash = template.CSS(css), hash(css)
	p.Script, p.ScriptHash = template.JS(reportScript), hash(reportScript)
	t, err := template.New("").Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse the page's template: %w", err)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	if err := t.ExecuteTemplate(b, "page", p); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// table is a table of texts. Cells of a sortable one carry the number behind
// the text.
type table struct {
	Label    string // for screen readers
	Caption  string
	Summary  string // makes it folded, under this line
	Class    string
	Sortable bool
	Columns  []column
	Rows     [][]cell
	Foot     [][]cell
}

type column struct {
	Title  string
	Number bool
	Help   string
}

type cell struct {
	Text  string
	Class string
	Sort  string
	Help  string
	Head  bool
}

func (t *table) part() part { return part{"table", t} }

func words(title string) column  { return column{Title: title} }
func number(title string) column { return column{Title: title, Number: true} }

func rowHead(s string) cell { return cell{Text: s, Head: true} }
func plain(s string) cell   { return cell{Text: s} }

// figure is a right-aligned cell that sorts by v.
func figure(v float64, s string) cell {
	return cell{Text: s, Class: "num", Sort: sortKey(v)}
}
